"""People who stand and wait: which frames need no pose of their own, since nothing in them has moved.

Judged twice: by the joints of the frames before, and by the pictures of the frames themselves.  Joints alone would
miss fast steps, which look alike in every fourth frame.
"""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np

from vision.types import Floats, Frame, Image

EVERY = 4
"""Of somebody who rests every fourth frame is estimated: at 30 frames a second 7.5 times a second."""

STILL = 0.02
"""Body heights within which every joint of a resting person stays: what keypoints of a still person jitter."""

SURE = 0.3
"""Score from which a joint takes part."""

CELLS = (24, 16)
"""Rows and columns of cells over the box in which pictures are compared: a foot is one or two cells large."""

CHANGE = 12.0
"""Grey levels (0 to 255) by which a cell may differ from the line between estimated frames: somebody who stands in a
handheld recording reached 5 to 9, the weakest steps and jumps 50 and more."""


def known_rows(count: int) -> np.ndarray:
    """(count,) whether a resting person's frame is estimated: every ``EVERY``-th, and the first and the last."""
    known = np.arange(count) % EVERY == 0
    known[-1:] = True
    return known


def joints_rest(poses: Floats, height: float) -> bool:
    """Whether every sure joint of poses (T, 17, 3) stays within ``STILL`` of a body of ``height`` pixels."""
    sure = poses[..., 2] >= SURE
    if not sure.any(axis=1).all():
        return False
    points = np.where(sure[..., None], poses[..., :2], np.nan)[:, sure.sum(axis=0) > 1]
    if not points.size:
        return False
    return bool(np.nanmax(np.nanmax(points, axis=0) - np.nanmin(points, axis=0)) <= STILL * height)


def pictures_rest(frames: Sequence[Frame], box: Floats) -> bool:
    """Whether what a box (4,) shows in the frames that are not estimated lies between what it shows in the others."""
    looks = np.stack([_cells(frame.image, box) for frame in frames])
    return bool(np.abs(looks - between(looks, known_rows(len(frames)))).max(initial=0) <= CHANGE)


def _cells(image: Image, box: Floats) -> Floats:
    """Mean green (24, 16) of the cells of a box."""
    height, width = image.shape[:2]
    x0, y0 = (int(v) for v in np.clip(box[:2], 0, [width - 1, height - 1]))
    x1, y1 = (int(v) for v in np.clip(box[2:] + 1, [x0 + 1, y0 + 1], [width, height]))
    part = np.ascontiguousarray(image[y0:y1, x0:x1, 1])
    return cv2.resize(part, CELLS[::-1], interpolation=cv2.INTER_AREA).astype(np.float32)


def between(values: Floats, known: np.ndarray) -> Floats:
    """Values (T, ...) with the rows that are not ``known`` on a straight line between those that are."""
    rows, out = np.flatnonzero(known), values.copy()
    for row in np.flatnonzero(~known):
        after = int(np.searchsorted(rows, row))
        a, b = rows[after - 1], rows[after]
        share = np.float32((row - a) / (b - a))
        out[row] = values[a] + (values[b] - values[a]) * share
    return out
