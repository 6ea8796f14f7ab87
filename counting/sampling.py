"""In which frames a pose is estimated: as often as a person's motion asks for, the frames between are interpolated.

Whoever stands and waits has a pose every ``STILL_EVERY`` frames, whoever moves evenly ``RATE`` times a second, whoever
moves fast in every frame.  How somebody moves shows in the interval before; in the interval itself it is checked again,
and the frames that were left out are estimated where it does not hold.

Rest is judged by joints and by pictures, since fast steps look alike in every fourth frame.  Even motion needs no
pictures: where every second one of the estimated poses lies where the others say, the motion has nothing above a
quarter of ``RATE``, and the frames between, twice as close, lie closer still (the sampling theorem with room to spare).
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import Enum

import cv2
import numpy as np
from scipy.interpolate import CubicSpline

from vision.types import Floats, Frame, Image

STILL_EVERY = 4
"""Of somebody who rests every fourth frame is estimated: at 30 frames a second 7.5 times a second."""

RATE = 15.0
"""Poses a second of somebody who moves evenly, to the nearest whole number of frames: every second frame of 30."""

STILL = 0.02
"""Body heights within which every joint of a resting person stays: what keypoints of a still person jitter."""

OFF = 0.045
"""Body heights by which nine in ten joints may miss the line through the others in even motion: about three times what
keypoints jitter.  Of 24 labelled clips .03 to .06 changed one count in 21 by one, and left a quarter to a third out."""

SURE = 0.3
"""Score from which a joint takes part."""

LIMBS = np.array([5, 6, 9, 10, 11, 12, 13, 14, 15, 16])
"""Shoulders, wrists, hips, knees and ankles: what is counted from."""

CELLS = (24, 16)
"""Rows and columns of cells over the box in which pictures are compared: a foot is one or two cells large."""

CHANGE = 12.0
"""Grey levels (0 to 255) by which a cell may differ from the line between estimated frames: somebody who stands in a
handheld recording reached 5 to 9, the weakest steps and jumps 50 and more."""


class Motion(Enum):
    """How a person moved in an interval."""

    REST = "rest"
    EVEN = "even"
    FAST = "fast"


def motion_of(poses: Floats, times: np.ndarray, height: float) -> Motion:
    """How poses (T, 17, 3) at ``times`` (T,) seconds of a body of ``height`` pixels moved."""
    if joints_rest(poses, height):
        return Motion.REST
    known = known_rows(times, Motion.EVEN)
    if known.all() or not moves_evenly(poses[known], times[known], height):
        return Motion.FAST
    return Motion.EVEN


def holds(motion: Motion, poses: Floats, times: np.ndarray, height: float) -> bool:
    """Whether the estimated poses (K, 17, 3) of an interval are of the expected motion."""
    if motion is Motion.REST:
        return joints_rest(poses, height)
    return motion is Motion.EVEN and moves_evenly(poses, times, height)


def known_rows(times: np.ndarray, motion: Motion) -> np.ndarray:
    """(T,) which frames of an interval are estimated: every few as the motion asks for, and the first and the last."""
    known = np.arange(len(times)) % _every(times, motion) == 0
    known[-1:] = True
    return known


def _every(times: np.ndarray, motion: Motion) -> int:
    if motion is Motion.REST:
        return STILL_EVERY
    if motion is Motion.FAST or len(times) < 2:
        return 1
    return max(1, round(1 / (RATE * float(np.median(np.diff(times))))))


def joints_rest(poses: Floats, height: float) -> bool:
    """Whether every sure joint of poses (T, 17, 3) stays within ``STILL`` of a body of ``height`` pixels."""
    sure = poses[..., 2] >= SURE
    if not sure.any(axis=1).all():
        return False
    points = np.where(sure[..., None], poses[..., :2], np.nan)[:, sure.sum(axis=0) > 1]
    if not points.size:
        return False
    return bool(np.nanmax(np.nanmax(points, axis=0) - np.nanmin(points, axis=0)) <= STILL * height)


def moves_evenly(poses: Floats, times: np.ndarray, height: float) -> bool:
    """Whether every second one of poses (K, 17, 3), five at least, lies where a cubic through the others says."""
    if len(times) < 5:
        return False
    kept = np.arange(len(times)) % 2 == 0
    kept[-1] = True
    limbs = np.nan_to_num(poses[:, LIMBS])
    off = np.linalg.norm((between(limbs, times, kept) - limbs)[~kept, :, :2], axis=2)[limbs[~kept, :, 2] >= SURE]
    return bool(off.size and np.quantile(off, 0.9) <= OFF * height)


def pictures_rest(frames: Sequence[Frame], box: Floats) -> bool:
    """Whether what a box (4,) shows in the frames that are not estimated lies between what it shows in the others."""
    looks = np.stack([_cells(frame.image, box) for frame in frames])
    times = np.arange(len(frames), dtype=float)
    return bool(np.abs(looks - between(looks, times, known_rows(times, Motion.REST))).max(initial=0) <= CHANGE)


def _cells(image: Image, box: Floats) -> Floats:
    """Mean green (24, 16) of the cells of a box."""
    height, width = image.shape[:2]
    x0, y0 = (int(v) for v in np.clip(box[:2], 0, [width - 1, height - 1]))
    x1, y1 = (int(v) for v in np.clip(box[2:] + 1, [x0 + 1, y0 + 1], [width, height]))
    part = np.ascontiguousarray(image[y0:y1, x0:x1, 1])
    return cv2.resize(part, CELLS[::-1], interpolation=cv2.INTER_AREA).astype(np.float32)


def between(values: Floats, times: np.ndarray, known: np.ndarray) -> Floats:
    """Values (T, ...) at ``times`` with the rows that are not ``known`` on a cubic spline through those that are."""
    if known.all():
        return values
    out = values.copy()
    out[~known] = CubicSpline(times[known], values[known])(times[~known])
    return out


def filled(poses: Floats, times: np.ndarray, known: np.ndarray) -> Floats:
    """Poses (T, 17, 3) with the rows that are not ``known`` between the others; scores stay within theirs."""
    if known.all():
        return poses
    out = between(np.nan_to_num(poses), times, known)
    out[..., 2] = np.clip(out[..., 2], poses[known, :, 2].min(axis=0), poses[known, :, 2].max(axis=0))
    out[:, np.isnan(poses[known]).any(axis=(0, 2)), :2] = np.nan
    return out
