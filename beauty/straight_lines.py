"""How much the jaw may be narrowed beside straight lines, which would be seen to bend.

Narrowing uncovers background that has to come from beside the jaw.  Foliage, hair and plain walls hide that; stripes,
frames and tiles do not.  Where such lines stand close, the side is narrowed less.
"""

from __future__ import annotations

import cv2
import numpy as np

from beauty.curves import smooth
from beauty.frame import FaceFrame

BESIDE = 0.015, 0.2
"""Distance beside the contour, in face widths, in which a line would be bent or stands next to one that is."""

STRONG = 6.0, 14.0
"""Slope in grey levels per hundredth of the face width from which an edge counts, and counts in full."""

DENSE = 0.03, 0.09
"""Part of the place beside the jaw that shows edges, from which the narrowing is limited, and at which it is least."""

PARALLEL, CROSSED = (0.62, 0.76), (0.42, 0.53)
"""Part of the edges in the commonest direction or across it, likewise: for lines in one direction, as strands of hair
and the rims of clothes are too (.6), and for lines in both, which only things made by people are.  Noise has .23."""

BOTH = 0.15, 0.3
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
    w, chin = frame.width, frame.local(frame.points[16])
    even = cv2.GaussianBlur(grey.astype(np.float32), (0, 0), max(0.006 * w, 0.6))
    dx, dy = (cv2.Sobel(even, cv2.CV_32F, *order) * (0.01 * w / 8) for order in ((1, 0), (0, 1)))
    y, x = np.ogrid[: grey.shape[0], : grey.shape[1]]
    u = (x - frame.origin[0]) * frame.right[0] + (y - frame.origin[1]) * frame.right[1]
    v = (x - frame.origin[0]) * frame.down[0] + (y - frame.origin[1]) * frame.down[1]
    near = (-inside > BESIDE[0] * w) & (-inside < BESIDE[1] * w) & (v > 0.1 * chin[1]) & (v < 1.05 * chin[1])
    size = 2 * max(round(0.03 * w), 1) + 1
    sure = skin > 0.8
    near &= grey > DARK * float(np.median(grey[sure]) if sure.any() else 0)
    near &= cv2.dilate((skin > 0.15).astype(np.uint8), np.ones((size, size), np.uint8)) == 0
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
