"""Camera motion: the motion of the background from frame to frame, with people masked out.

Corners outside of people are tracked between small grey copies of consecutive frames by optical flow (Bouguet,
pyramidal Lucas and Kanade, 2000).  RANSAC finds the translation, rotation and zoom of most corners.  It is accepted as
camera motion only if its inliers are the majority and spread over the whole picture: a limb, shadow or mirror image of
a jumper does not.  Otherwise, and without corners, the camera is assumed to stand still.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, cast

import cv2
import numpy as np
from numpy.typing import NDArray

from vision.geometry import grow_box
from vision.types import Floats, Frame, Image

Grey = NDArray[np.uint8]

SIDE = 128
"""Longer side in pixels of the small copies: a jump of a small person is still a quarter of a pixel in them."""

TAPS = 3
"""Samples averaged per small pixel, in either direction: with fewer, fine patterns alias."""

CELL = 8
"""Side of a cell in small pixels; one corner per cell, so that a textured part does not outvote the rest."""

WINDOW = 9
"""Side in small pixels of the patch that is tracked: a cell and its border."""

DETAIL = 5
"""Block size of the corner detector in small pixels: larger blocks shift corners away from their object."""

TEXTURE = 1e-3
"""Smallest eigenvalue of a tracked patch, in OpenCV's unit: a gradient of one grey level per small pixel in the
direction of least texture."""

NEAR = 0.3
"""Inlier distance of RANSAC in small pixels: optical flow is not more precise where the light changes."""

MAJORITY = 0.5
"""Least share of inliers among the tracked corners."""

FEWEST = 1 / 8
"""Least number of inliers as a share of all cells of the picture."""

SPREAD = 0.4
"""Least spread of the inliers: variance relative to a uniform distribution over the picture.  A body, also with its
mirror image, has less than a third; the background behind and beside people nearly 1."""

MARGIN = 1.25
"""Factor by which boxes of people are enlarged, as for the pose network: for arms and for motion within an interval."""


class Camera:
    """Tracks the background of a video; keeps one small frame."""

    def __init__(self) -> None:
        self._last: Grey | None = None

    def forget(self) -> None:
        """Start a new scene."""
        self._last = None

    def steps(self, frames: Sequence[Frame], boxes: Floats) -> Floats:
        """Motion (P, T, 2) xy in pixels of the background at each person since the previous frame.

        ``boxes`` (P, T, 4) of P people in T frames, NaN where a person is not seen.  Measured at the centre of the box,
        without a box at the centre of the picture; 0 where the motion is unknown, as in the first frame.
        """
        out = np.zeros((*boxes.shape[:2], 2), np.float32)
        for t, frame in enumerate(frames):
            now = _small(frame.image)
            scale = now.shape[1] / frame.image.shape[1]
            here = boxes[:, t] * scale
            back = None if self._last is None else _way_back(now, self._last, here)
            if back is not None:
                places = np.where(np.isfinite(here), here, [0, 0, *now.shape[::-1]]).reshape(-1, 2, 2).mean(axis=1)
                out[:, t] = (places - places @ back[:, :2].T - back[:, 2]) / scale
            self._last = now
        return out


def _small(image: Image) -> Grey:
    """The green channel with ``SIDE`` pixels on the longer side; large pictures are subsampled first."""
    height, width = image.shape[:2]
    scale = SIDE / max(height, width)
    step = max(1, int(1 / (scale * TAPS)))
    size = max(1, round(width * scale)), max(1, round(height * scale))
    small = np.ascontiguousarray(image[::step, ::step, 1])
    return cast(Grey, cv2.resize(small, size, interpolation=cv2.INTER_AREA))


def _way_back(now: Grey, last: Grey, boxes: Floats) -> NDArray[np.float64] | None:
    """Affine matrix (2, 3) from the background of ``now`` to that of ``last``; None where unknown."""
    if now.shape != last.shape:
        return None
    here, cells = _corners(now, boxes)
    least = max(FEWEST * cells, 3)
    if len(here) < least:
        return None
    size = WINDOW, WINDOW
    there, found, _ = cv2.calcOpticalFlowPyrLK(
        now, last, here, here.copy(), winSize=size, maxLevel=1, minEigThreshold=TEXTURE
    )
    here, there = here[found[:, 0] > 0], there[found[:, 0] > 0]
    if len(here) < least:
        return None
    estimate = cv2.estimateAffinePartial2D(here, there, ransacReprojThreshold=NEAR)
    back, agree = cast(tuple[Any, NDArray[np.uint8]], estimate)  # the matrix may be None, unlike in OpenCV's stubs
    good = here[agree[:, 0] > 0]
    if back is None or len(good) < max(MAJORITY * len(here), least) or _spread(good, now) < SPREAD:
        return None
    return np.asarray(back, np.float64)


def _spread(points: Floats, picture: Grey) -> float:
    """Variance of points (N, 2) relative to a uniform distribution over the picture, which has 1."""
    deviation: Floats = points.std(axis=0)
    return float(12 * np.prod(deviation) / picture.size)


def _corners(grey: Grey, boxes: Floats) -> tuple[Floats, int]:
    """The best corner (N, 2) of every cell outside of the boxes (P, 4), and the number of all cells."""
    corner = cv2.cornerMinEigenVal(grey, DETAIL)
    for x0, y0, x1, y1 in grow_box(boxes[np.isfinite(boxes[:, 0])], MARGIN).clip(0).astype(int):
        corner[y0 : y1 + 1, x0 : x1 + 1] = 0
    height, width = (n // CELL for n in grey.shape)
    cells = corner[: height * CELL, : width * CELL].reshape(height, CELL, width, CELL).swapaxes(1, 2)
    cells = cells.reshape(height * width, CELL * CELL)
    best = cells.argmax(axis=1)
    rows, columns = np.divmod(np.arange(len(cells)), max(width, 1))
    points = np.stack([columns * CELL + best % CELL, rows * CELL + best // CELL], axis=1).astype(np.float32)
    return points[cells.max(axis=1) > 0], len(cells)
