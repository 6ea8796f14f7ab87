"""The field that narrows cheeks and jaw and lets the background stand still.

It is written in the coordinates of the result: the narrowed contour takes the old contour's pixels
exactly.  Outside it the field falls to nothing before the straight line beside the widest part of
the face.  A height at which that leaves too little room for its slope is narrowed less.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast

import cv2
import numpy as np

from beauty.curves import RAMP_SLOPE, Range, ramp, smooth
from beauty.filters import SHARP
from beauty.frame import FaceFrame
from beauty.points import CHIN, MIDLINE

JAW = 0.112
"""Change of the jaw's width at full strength."""

STEEPEST = 0.63
"""The most that the field may fall per pixel beside the jaw; 1 - STEEPEST is the background's least Jacobian."""

JAW_CORNER = 7
"""The contour point (its mirror is 32 - 7) below which the neck's sides go straight down and follow the jaw softly."""

UNSURE = 0.006
"""The true edge of the face may lie this share of its width outside the points' contour."""

BESIDE = 0.034
"""How far beside the widest part of the contour the background stands still, a share of the face width."""

JAWS = range(3, 14), range(19, 30)
"""The contour's points that a side's narrowing needs."""

HEIGHTS, SMOOTHED, LEAST_HALF = 512, 0.012, 0.05
"""Heights at which a side is told, evenly spaced; standard deviation over which its edge is smoothed; and the least
half width of a face there, both in face widths."""

SLIMMED, NECK = Range(0.14, 0.5), Range(0.85, 1.6)
"""Heights, 0 at the eyes and 1 at the chin, over which the narrowing grows, so that the widest part moves little, and
over which it ends on the neck."""

FALL, FALL_NECK, LOWER = 0.04, 0.08, Range(0.65, 1.0)
"""Over how much, in face widths, the field falls beside the contour at least, and how much more on the neck, which
follows softly; heights (as above) over which this is added."""

INNER, INNER_FROM, INNER_OVER = 0.3, 0.07, 0.25
"""Part of the move that is left in the middle of the face; from how far inside the contour it falls to that, and over
how much, in face widths: the cheek moves as a whole, nose and mouth keep their shape."""

FACING, PROFILE = Range(35, 75), 0.65
"""Yaw in degrees over which the contour stops to be the jaw, and what a profile loses of the slimming."""

LEFT, RIGHT = slice(0, JAW_CORNER + 1), slice(32, 31 - JAW_CORNER, -1)
"""The contour's points from each temple to the corner of the jaw."""


def slimming(
    frame: FaceFrame, u: np.ndarray, v: np.ndarray, strength: float, shares: Sequence[float] = (1.0, 1.0)
) -> np.ndarray:
    """Sideways displacement (rows, cols) at local ``u``, ``v`` that narrows the face towards its middle.

    ``shares`` are what the left and the right side get of the strength.
    """
    heights = np.linspace(float(v.min()), float(v.max()), HEIGHTS)
    at = ((v - heights[0]) * ((HEIGHTS - 1) / max(heights[-1] - heights[0], 1e-6))).astype(np.float32)
    each = [strength * frame.trust(rows) * share for rows, share in zip(JAWS, shares, strict=True)]
    tables = [_table(frame, side, heights, share) for side, share in zip((LEFT, RIGHT), each, strict=True)]
    sides = [_looked_up(table, at) for table in tables]
    on_left = u < sides[0][1]
    edge, middle, share, room = (cast(np.ndarray, np.where(on_left, a, b)) for a, b in zip(*sides, strict=True))
    inside = np.where(on_left, u - edge, edge - u)
    pull = share / (1 - share) * (np.where(inside > 0, u, edge) - middle)
    height = v / max(float(frame.local(frame.points[CHIN])[1]), 1.0)
    least = frame.width * (FALL + FALL_NECK * smooth(height, *LOWER))
    fall = np.maximum(np.abs(pull) * RAMP_SLOPE / STEEPEST, np.minimum(least, room + np.abs(pull)))
    inner = INNER + (1 - INNER) * ramp((inside - INNER_FROM * frame.width) / (INNER_OVER * frame.width))
    return (pull * np.where(inside >= 0, inner, ramp(-inside / fall))).astype(np.float32)


def facing(yaw: float) -> float:
    """1 for a face towards the camera, ``1 - PROFILE`` for a profile, where the contour is no longer the jaw."""
    return float(1 - PROFILE * smooth(np.array(abs(yaw)), *FACING))


def midline(local: np.ndarray, v: np.ndarray) -> np.ndarray:
    """u of the face's middle at heights v."""
    middle = local[list(MIDLINE)][np.argsort(local[list(MIDLINE), 1])]
    return np.interp(v, middle[:, 1], middle[:, 0])


def height_share(height: np.ndarray) -> np.ndarray:
    """Share of the slimming at a height, 0 at the eyes and 1 at the chin; the widest part moves little."""
    return smooth(height, *SLIMMED) * (1 - smooth(height, *NECK))


def _table(frame: FaceFrame, side: slice, v: np.ndarray, strength: float) -> np.ndarray:
    """A side of the face at heights ``v``: (1, heights, 4) new edge, middle, share of the move and room beside it.

    The room reaches from the old edge to the line beside the widest part of the face.
    """
    local, width = frame.local(frame.points), frame.width
    outwards = 1.0 if side is RIGHT else -1.0
    points = local[side]
    old = np.interp(v, np.maximum.accumulate(points[:, 1]), points[:, 0])
    old = _blurred(old, SMOOTHED * width / max(v[1] - v[0], 1e-6)) + outwards * UNSURE * width
    middle = midline(local, v)
    room = (outwards * points[:, 0]).max() + BESIDE * width - outwards * old
    half = np.maximum(outwards * (old - middle), LEAST_HALF * width)
    most = room / (RAMP_SLOPE / STEEPEST - 1) / half
    share = strength * np.minimum(JAW * height_share(v / max(float(local[CHIN, 1]), 1.0)), most)
    return np.stack([old - share * (old - middle), middle, share, room], axis=-1)[None].astype(np.float32)


def _blurred(values: np.ndarray, sigma: float) -> np.ndarray:
    """Values (n,) along a line, smoothed."""
    return cv2.GaussianBlur(values[None], (0, 0), max(sigma, SHARP), borderType=cv2.BORDER_REPLICATE)[0]


def _looked_up(table: np.ndarray, at: np.ndarray) -> Sequence[np.ndarray]:
    """The columns of a table (1, heights, 4) at positions (rows, cols)."""
    return cv2.split(cv2.remap(table, at, np.zeros_like(at), cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE))
