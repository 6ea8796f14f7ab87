"""Adaptive pose sampling: poses are estimated as often as the motion requires and interpolated in between.

Poses of a resting person are estimated in every ``STILL_EVERY``th frame, of smooth motion ``RATE`` times a second, of
fast motion in every frame.  The kind of motion is predicted from the previous interval and verified in the current one;
where the prediction fails, the remaining frames are estimated as well.

Rest is verified by joints and by pixels, since fast steps may look alike in every fourth frame.  Smooth motion is
verified by joints alone: if a spline through every second estimated pose predicts the others, the motion has nothing
above a quarter of ``RATE``, so that interpolation at ``RATE`` is safe (sampling theorem).
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import Enum

import cv2
import numpy as np
from scipy.interpolate import CubicSpline

from vision.types import Floats, Frame, Image

STILL_EVERY = 4
"""Frames per estimated pose of a resting person: 7.5 poses a second at 30 frames a second."""

RATE = 15.0
"""Poses a second of smooth motion, rounded to a whole number of frames: every second frame of 30."""

STILL = 0.02
"""Largest range in body heights of every joint of a resting person: the jitter of a still person's keypoints."""

SPLINE_ERROR = 0.045
"""Largest error in body heights, for nine in ten joints, of the spline in smooth motion: about three times the jitter
of keypoints.  On 24 labelled clips .03 to .06 changed one count in 21 by one, and left a quarter to a third out."""

SURE = 0.3
"""Score from which a joint is used."""

LIMBS = np.array([5, 6, 9, 10, 11, 12, 13, 14, 15, 16])
"""Shoulders, wrists, hips, knees and ankles: the joints that counting uses."""

CELLS = (24, 16)
"""Rows and columns of cells over the box whose grey levels are compared: a foot is one or two cells large."""

CHANGE = 12.0
"""Largest difference in grey levels (0 to 255) of a cell from the interpolation between estimated frames: a standing
person in a handheld recording reached 5 to 9, the weakest steps and jumps 50 and more."""


class Motion(Enum):
    """Kind of a person's motion in an interval."""

    REST = "rest"
    SMOOTH = "smooth"
    FAST = "fast"


def motion_of(poses: Floats, times: np.ndarray, height: float) -> Motion:
    """Kind of motion of poses (T, 17, 3) at ``times`` (T,) seconds of a body of ``height`` pixels."""
    if joints_rest(poses, height):
        return Motion.REST
    known = known_rows(times, Motion.SMOOTH)
    if known.all() or not moves_smoothly(poses[known], times[known], height):
        return Motion.FAST
    return Motion.SMOOTH


def holds(motion: Motion, poses: Floats, times: np.ndarray, height: float) -> bool:
    """Whether the estimated poses (K, 17, 3) of an interval confirm the predicted motion."""
    if motion is Motion.REST:
        return joints_rest(poses, height)
    return motion is Motion.SMOOTH and moves_smoothly(poses, times, height)


def known_rows(times: np.ndarray, motion: Motion) -> np.ndarray:
    """Which frames (T,) of an interval are estimated: every n-th for the motion, and always the first and the last."""
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
    """Whether every reliable joint of poses (T, 17, 3) stays within ``STILL`` for a body of ``height`` pixels."""
    sure = poses[..., 2] >= SURE
    if not sure.any(axis=1).all():
        return False
    points = np.where(sure[..., None], poses[..., :2], np.nan)[:, sure.sum(axis=0) > 1]
    if not points.size:
        return False
    return bool(np.nanmax(np.nanmax(points, axis=0) - np.nanmin(points, axis=0)) <= STILL * height)


def moves_smoothly(poses: Floats, times: np.ndarray, height: float) -> bool:
    """Whether a cubic spline through every second one of poses (K, 17, 3), five at least, predicts the others."""
    if len(times) < 5:
        return False
    kept = np.arange(len(times)) % 2 == 0
    kept[-1] = True
    limbs = np.nan_to_num(poses[:, LIMBS])
    off = np.linalg.norm((interpolated(limbs, times, kept) - limbs)[~kept, :, :2], axis=2)[limbs[~kept, :, 2] >= SURE]
    return bool(off.size and np.quantile(off, 0.9) <= SPLINE_ERROR * height)


def pixels_rest(frames: Sequence[Frame], box: Floats) -> bool:
    """Whether a box (4,) looks in the remaining frames as interpolated from the estimated ones."""
    looks = np.stack([_cells(frame.image, box) for frame in frames])
    times = np.arange(len(frames), dtype=float)
    return bool(np.abs(looks - interpolated(looks, times, known_rows(times, Motion.REST))).max(initial=0) <= CHANGE)


def _cells(image: Image, box: Floats) -> Floats:
    """Mean green (24, 16) of the cells of a box."""
    height, width = image.shape[:2]
    x0, y0 = (int(v) for v in np.clip(box[:2], 0, [width - 1, height - 1]))
    x1, y1 = (int(v) for v in np.clip(box[2:] + 1, [x0 + 1, y0 + 1], [width, height]))
    part = np.ascontiguousarray(image[y0:y1, x0:x1, 1])
    return cv2.resize(part, CELLS[::-1], interpolation=cv2.INTER_AREA).astype(np.float32)


def interpolated(values: Floats, times: np.ndarray, known: np.ndarray) -> Floats:
    """Values (T, ...) at ``times`` with the rows that are not ``known`` interpolated by a cubic spline."""
    if known.all():
        return values
    out = values.copy()
    out[~known] = CubicSpline(times[known], values[known])(times[~known])
    return out


def interpolated_poses(poses: Floats, times: np.ndarray, known: np.ndarray) -> Floats:
    """Poses (T, 17, 3) with the rows that are not ``known`` interpolated; scores stay in the range of the others."""
    if known.all():
        return poses
    out = interpolated(np.nan_to_num(poses), times, known)
    out[..., 2] = np.clip(out[..., 2], poses[known, :, 2].min(axis=0), poses[known, :, 2].max(axis=0))
    out[:, np.isnan(poses[known]).any(axis=(0, 2)), :2] = np.nan
    return out
