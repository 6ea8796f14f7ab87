"""Evening the skin by frequency separation.

All sizes are shares of the face width.  Between the pores (finer than 0.4 %) and the shape of the
face (coarser than 5 %) lies the band of blotches: it alone is weakened, less where it is so strong
that it is a fold or an edge, and not in freckles and moles (``spots.py``), which only the healing takes away.
Everything is found at the patch's small size, which holds the band in full; the change is enlarged
and added to the photo, so that its pores are untouched.
"""

from __future__ import annotations

import cv2
import numpy as np

from beauty.curves import Range, linear
from beauty.filters import Sigma, flat_blur, gaussian, luma, masked_blur, square
from beauty.regions import SURE, Regions

PORES = 0.004
"""What is finer than this share of the face width (the standard deviation of a Gaussian) counts as pores."""

FINEST, HEAVY = Sigma(PORES, 0.3), Sigma(PORES, 0.5)
"""Blurs that take the pores away, and that spread the strength of the band over neighbours: coarser in small faces."""

KEPT = 0.865
"""Share of the pores' contrast that full smoothing leaves, by a cautious estimate."""

FINER, COARSER = (0.0055, 0.007, 0.009, 0.012), 0.055
"""Standard deviations of the filters that bound the band, shares of the face width; the finer is found per face."""

EDGE, LEAST_EDGE, EDGE_POWER = 9.0, 2.0, 3
"""A fold or an edge keeps half of its contrast where the band is so many times as strong as it usually is, but so many
grey levels at least; the power with which it keeps more where it is stronger."""

UNEVEN, UNKNOWN = 7.0, 1.0
"""The strength in grey levels that may be usual at most, so that a face full of wrinkles keeps them, and the one that
is taken for usual where no skin is certain."""

FULL = 0.94
"""Share of the band that full smoothing takes away where the skin is even."""

CONFIDENT = Range(0.2, 0.9)
"""Value of the skin's mask over which smoothing begins and is full: its faint outskirts are left out."""

RIM, FEWEST = 0.012, 50
"""Skin for certain lies so many face widths inside the mask, away from its soft rim; with fewer pixels of it nothing is
measured."""


def finer_bound(small: np.ndarray, regions: Regions, width: float) -> float:
    """The least of the finer bounds, a share of the face width, at which full smoothing leaves the pores.

    A sharp face allows more than a blurred one, whose pores are but the end of its blotches.
    """
    light = luma(small.astype(np.float32))[..., None]
    sure, coarse = sure_skin(regions.skin, width), masked_blur(light, regions.skin, COARSER * width)
    if sure.sum() < FEWEST:
        return FINER[-1]
    removed = [_removed(flat_blur(light, regions.skin, share * width) - coarse, regions.skin, width) for share in FINER]
    before, *after = (_pores(x[..., 0], width)[sure].std() for x in (light, *(light - r for r in removed)))
    kept = np.maximum.accumulate(np.array(after) / max(float(before), 1e-6))
    return float(np.interp(KEPT, kept, FINER))


def blotch_band(small: np.ndarray, regions: Regions, width: float) -> np.ndarray:
    """What full smoothing takes away, (rows, cols, 3) float32 in grey levels of R, G, B.

    The blurs are weighted with the skin mask, so that hair, lips and background leave no halo.
    """
    image = small.astype(np.float32)
    coarse = masked_blur(image, regions.skin, COARSER * width)
    return _removed(flat_blur(image, regions.skin, regions.seen.finer * width) - coarse, regions.skin, width)


def _removed(band: np.ndarray, skin: np.ndarray, width: float) -> np.ndarray:
    """What to take away of a band (rows, cols, 1 or 3): most of it, less where it is a fold or an edge."""
    strength = np.abs(luma(band) if band.shape[2] == 3 else band[..., 0])
    inside = skin > SURE
    usual = min(float(np.median(strength[inside])) if inside.any() else UNKNOWN, UNEVEN)
    heavy = gaussian(strength, HEAVY, width)
    keep = 1 / (1 + (heavy / max(EDGE * usual, LEAST_EDGE)) ** EDGE_POWER)
    return FULL * band * (keep * linear(skin, *CONFIDENT))[..., None]


def _pores(light: np.ndarray, width: float) -> np.ndarray:
    return light - gaussian(light, FINEST, width)


def sure_skin(skin: np.ndarray, width: float) -> np.ndarray:
    """Where there is skin for certain, away from the mask's rim: a bool (rows, cols)."""
    return cv2.erode(skin, square(RIM * width)) > SURE
