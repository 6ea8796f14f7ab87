"""How much the jaw may be narrowed beside straight lines, which would be seen to bend.

Narrowing uncovers background that has to come from beside the jaw.  Foliage, hair and plain walls hide that; stripes,
frames and tiles do not.  Where such lines stand close, the side is narrowed less.
"""

from __future__ import annotations

import cv2
import numpy as np

from beauty.curves import Range, smooth
from beauty.filters import Sigma, gaussian, square
from beauty.frame import FaceFrame
from beauty.points import CHIN
from beauty.regions import SURE

EVEN = Sigma(0.006, 0.6)
"""Blur of the grey level before its slope is taken: finer than the lines that are seen to bend."""

HEIGHTS = Range(0.1, 1.05)
"""Heights at which lines count, in shares of the way from the eyes to the chin: those of the narrowed jaw."""

SKIN, SKIN_RIM = 0.15, 0.03
"""Value of the skin's mask from which a pixel's edges do not count, nor those within so many face widths of it."""

BESIDE = Range(0.015, 0.2)
"""Distance beside the contour, in face widths, in which a line would be bent or stands next to one that is."""

STRONG, SLOPE_UNIT = Range(6.0, 14.0), 0.01
"""Slope in grey levels per hundredth of the face width from which an edge counts, and counts in full."""

DENSE = Range(0.03, 0.09)
"""Part of the place beside the jaw that shows edges, from which the narrowing is limited, and at which it is least."""

PARALLEL, CROSSED = Range(0.62, 0.76), Range(0.42, 0.53)
"""Part of the edges in the commonest direction or across it, likewise: for lines in one direction, as strands of hair
and the rims of clothes are too (.6), and for lines in both, which only things made by people are.  Noise has .23."""

BOTH = Range(0.15, 0.3)
"""Part of these edges in the rarer of the two directions, from which both count, and count in full."""

LEAST_PLACE = 0.02
"""Place beside a jaw, in squares of the face width, below which nothing is said of its lines."""

BINS, NEAR_BINS = 60, 3
"""Directions that are told apart in half a turn, and how many to either side still count as one."""

DARK = 0.35
"""What is darker than this share of the skin is hair or shadow, in which nobody sees a line bend."""

LEAST = 0.08
"""What is left of the narrowing beside many lines."""

UNLIKE = 0.5
"""How much more than the other side one may get, so that the face stays even."""


def jaw_shares(grey: np.ndarray, inside: np.ndarray, skin: np.ndarray, frame: FaceFrame) -> np.ndarray:
    """Share (2,) of the narrowing that the left and the right side get.

    ``grey`` (rows, cols) uint8 is the small picture, ``inside`` the distance (rows, cols) to the face's outline,
    ``skin`` (rows, cols) in [0, 1] its skin, whose own edges do not count.
    """
    w, chin = frame.width, frame.local(frame.points[CHIN])
    even, sure = gaussian(grey.astype(np.float32), EVEN, w), skin > SURE
    dx, dy = (cv2.Sobel(even, cv2.CV_32F, *order) * (SLOPE_UNIT * w / 8) for order in ((1, 0), (0, 1)))
    u, v = frame.grid(grey.shape)
    near = (-inside > BESIDE.low * w) & (-inside < BESIDE.high * w)
    near &= (v > HEIGHTS.low * chin[1]) & (v < HEIGHTS.high * chin[1])
    near &= grey > DARK * float(np.median(grey[sure]) if sure.any() else 0)
    near &= cv2.dilate((skin > SKIN).astype(np.uint8), square(SKIN_RIM * w)) == 0
    sides = [near & (u < chin[0]), near & (u >= chin[0])]
    limits = [_lines(dx[side], dy[side]) if side.sum() > LEAST_PLACE * w * w else 0.0 for side in sides]
    shares = 1 - (1 - LEAST) * np.array(limits)
    return np.minimum(shares, shares[::-1] + UNLIKE).astype(np.float32)


def _lines(dx: np.ndarray, dy: np.ndarray) -> float:
    """How surely gradients (P,) are those of straight lines, in [0, 1]: many, and in one direction or across it."""
    weight = smooth(np.hypot(dx, dy), *STRONG)
    half_turn = np.arctan2(dy, dx) / np.pi % 1
    counts = np.bincount((half_turn * BINS).astype(int) % BINS, weight, BINS) / max(float(weight.sum()), 1e-6)
    along = np.convolve(np.pad(counts, NEAR_BINS, mode="wrap"), np.ones(2 * NEAR_BINS + 1), "valid")
    across = np.roll(along, BINS // 2)
    best = int(np.argmax(along + across))
    regular = along[best] + across[best]
    both = smooth(min(along[best], across[best]) / max(regular, 1e-6), *BOTH)
    sure = (1 - both) * smooth(regular, *PARALLEL) + both * smooth(regular, *CROSSED)
    return float(smooth(weight.mean(), *DENSE) * sure)
