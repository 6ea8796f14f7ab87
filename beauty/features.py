"""Where the 106 points say that the features of a face are: soft masks of eyes, brows, lips, nostrils and cheeks."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from beauty.curves import Range, smooth
from beauty.frame import FaceFrame
from beauty.outline import polygon_mask, window
from beauty.points import (
    CHIN,
    INNER_LIPS,
    LEFT_BROW,
    LEFT_EYE,
    NOSTRILS,
    OUTER_LIPS,
    RIGHT_BROW,
    RIGHT_EYE,
    WINGS,
)
from vision.layouts import OUTER_EYES

LASHES, HAIRS, RIM = Range(-0.04, -0.016), Range(-0.035, -0.014), Range(-0.032, -0.012)
"""Distance to the polygon of an eye, a brow and the lips (negative outside it), in face widths, at which the skin round
them begins to be left alone, and where it is in full: lashes reach furthest, and points lie a little inside."""

LEFT_ALONE: tuple[tuple[Sequence[int], Range], ...] = (
    (LEFT_EYE, LASHES), (RIGHT_EYE, LASHES), (LEFT_BROW, HAIRS), (RIGHT_BROW, HAIRS), (OUTER_LIPS, RIM),
)  # fmt: skip
"""The parts that the skin's mask leaves out, with their soft edges; the nostrils come on top."""

NOSTRIL = Range(0.012, 0.035)
"""Distance from a point of the nostrils, in face widths, up to which skin is left alone, and from which it is not."""

LIDS, MOUTH, LIPS = Range(-0.004, 0.012), Range(-0.006, 0.012), Range(-0.012, 0.012)
"""Soft edges of the eyes, the inside of the mouth and the lips, distances as above: lids and the rims of the teeth stay
as they are, and the colour of lips runs out softly to both sides of their rim."""


class Blob(NamedTuple):
    """A soft ellipse below a point: how far ``lower``, how ``wide`` and ``tall`` (half axes at 1/e), in face widths."""

    lower: float
    wide: float
    tall: float


UNDER_EYE, CHEEK = Blob(lower=0.085, wide=0.1, tall=0.055), Blob(lower=0.03, wide=0.12, tall=0.085)
"""The skin under an eye, below the middle of its rim, and a cheek, below the place that ``CHEEK_PLACE`` tells."""

CHEEK_PLACE = 0.35, 0.35, 0.3
"""Weights of the eye's outer corner, the wing of the nose and the jaw, between which the blush is thickest."""

JAWS = 4, 28
"""Points of the contour below the ears, the left and the right one; from there to the chin a cheek must be seen."""


def features(shape: tuple[int, int], frame: FaceFrame) -> np.ndarray:
    """1 where skin may be changed, 0 on eyes, brows, lips and nostrils, soft round them."""
    w, points = frame.width, frame.points
    taken = np.zeros(shape, np.float32)
    for part, edge in LEFT_ALONE:
        np.maximum(taken, polygon_mask(shape, points[list(part)], edge.scaled(w)), out=taken)
    rows, cols = window(shape, points[list(NOSTRILS)], NOSTRIL.high * w)
    y, x = np.ogrid[rows, cols]
    for px, py in points[list(NOSTRILS)]:
        near = 1 - smooth(np.hypot(x - px, y - py), *NOSTRIL.scaled(w))
        np.maximum(taken[rows, cols], near, out=taken[rows, cols])
    return 1 - taken


def parts(shape: tuple[int, int], frame: FaceFrame, skin: np.ndarray) -> dict[str, np.ndarray]:
    """Masks of the eyes, the lips, the inside of the mouth, the skin under the eyes and the cheeks."""

    def part(rows: Sequence[int], edge: Range) -> np.ndarray:
        return polygon_mask(shape, frame.points[list(rows)], edge.scaled(frame.width))

    eyes = np.maximum(*(frame.trust(eye) * part(eye, LIDS) for eye in (LEFT_EYE, RIGHT_EYE)))
    seen = frame.trust(OUTER_LIPS, INNER_LIPS)
    mouth = seen * part(INNER_LIPS, MOUTH)
    lips = seen * part(OUTER_LIPS, LIPS) * (1 - mouth)
    by_eye, by_wing, by_jaw = CHEEK_PLACE
    under, cheeks = np.zeros(shape, np.float32), np.zeros(shape, np.float32)
    for eye, outer, wing, jaw in zip((LEFT_EYE, RIGHT_EYE), OUTER_EYES, WINGS, JAWS, strict=True):
        ring, spots = frame.points[list(eye)].mean(0), frame.points[[outer, wing, jaw]]
        under = np.maximum(under, frame.trust(eye) * _blob(shape, frame, ring, UNDER_EYE))
        place = by_eye * spots[0] + by_wing * spots[1] + by_jaw * spots[2]
        seen = frame.trust(eye, range(min(jaw, CHIN), max(jaw, CHIN)))
        cheeks = np.maximum(cheeks, seen * _blob(shape, frame, place, CHEEK))
    return {"eyes": eyes, "lips": lips, "mouth": mouth, "under_eyes": under * skin, "cheeks": cheeks * skin}


def _blob(shape: tuple[int, int], frame: FaceFrame, place: np.ndarray, blob: Blob) -> np.ndarray:
    """A soft ellipse (rows, cols) in the face's axes below ``place`` (2,)."""
    w = frame.width
    u, v = frame.grid(shape, place + blob.lower * w * frame.down)
    return np.exp(-((u / (blob.wide * w)) ** 2) - (v / (blob.tall * w)) ** 2).astype(np.float32)
