"""Visibility of the 106 points from the head pose and the image border."""

from __future__ import annotations

import numpy as np

from vision.layouts import FACE_GROUPS, FACE_LEFT, FACE_MIRROR
from vision.types import Floats

HIDDEN = {"contour": (30, 50), "brow": (45, 70), "eye": (45, 65), "nose": (35, 60), "lips": (50, 75)}
"""Degrees of yaw at which a part of the far side begins to be occluded, and at which it is fully occluded."""

SIDES = np.zeros(106, int)
"""-1 for points of the image-left half of an upright face, 1 for the right, 0 for the middle."""
SIDES[list(FACE_LEFT)], SIDES[FACE_MIRROR[list(FACE_LEFT)]] = -1, 1


def _bounds() -> np.ndarray:
    """``HIDDEN`` for each point (106, 2)."""
    rows = np.zeros((106, 2))
    for group, points in FACE_GROUPS.items():
        rows[list(points)] = HIDDEN["eye" if group == "pupils" else group.split("_")[0]]
    return rows


BOUNDS = _bounds()


def seen_by_pose(pose: np.ndarray) -> Floats:
    """Visibility (..., 106) in [0, 1] by self-occlusion at a pose (..., 3); NaN where the yaw is unknown."""
    yaw = np.asarray(pose)[..., 1:2]
    far = (np.sign(yaw) == SIDES) & (SIDES != 0)  # the nose points to the image right: the right half is farther away
    gone = np.clip((np.abs(yaw) - BOUNDS[:, 0]) / (BOUNDS[:, 1] - BOUNDS[:, 0]), 0, 1)
    return np.where(np.isfinite(yaw), np.where(far, 1 - gone, 1), np.nan).astype(np.float32)


def inside_picture(points: Floats, shape: tuple[int, ...], pad: Floats | None = None) -> np.ndarray:
    """Which points (..., 2) lie in a picture (H, W), without the ``pad`` (4,) at its left, top, right and bottom."""
    left, top, right, bottom = np.zeros(4) if pad is None else pad
    low, high = np.array([left, top]) - 0.5, np.array([shape[1] - right, shape[0] - bottom]) - 0.5
    return np.asarray(((points >= low) & (points <= high)).all(axis=-1))
