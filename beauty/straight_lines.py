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

REGULAR = 0.55, 0.78
"""Regularity of the edges' directions, likewise: leaves reach .3, hair .7, tiles .7, stripes 1."""

LEAST = 0.08
"""What is left of the narrowing beside many lines."""


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
    near &= cv2.dilate((skin > 0.15).astype(np.uint8), np.ones((size, size), np.uint8)) == 0
    sides = [near & (u < chin[0]), near & (u >= chin[0])]
    limits = [_lines(dx[side], dy[side]) if side.sum() > 50 else 0.0 for side in sides]
    return (1 - (1 - LEAST) * np.array(limits)).astype(np.float32)


def _lines(dx: np.ndarray, dy: np.ndarray) -> float:
    """How surely gradients (P,) are those of straight lines, in [0, 1]: many, and in one direction or across it."""
    size = np.hypot(dx, dy)
    weight = smooth(size, *STRONG)
    turned = ((dx + 1j * dy) / np.maximum(size, 1e-6)) ** 4
    regular = abs((weight * turned).sum()) / max(float(weight.sum()), 1e-6)
    return float(smooth(weight.mean(), *DENSE) * smooth(regular, *REGULAR))
