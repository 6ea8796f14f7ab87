"""Evening the skin by frequency separation, and healing of small spots.

All sizes are shares of the face width.  Between the pores (finer than 0.4 %) and the shape of the
face (coarser than 5 %) lies the band of blotches: it alone is weakened, less where it is so strong
that it is a fold or an edge, and not in freckles and moles, which only the healing takes away.
Everything is found at the patch's small size, which holds the band in full; the change is enlarged
and added to the photo, so that its pores are untouched.
"""

from __future__ import annotations

import cv2
import numpy as np

from beauty.curves import smooth
from beauty.regions import Regions

LUMA = np.array([0.299, 0.587, 0.114], np.float32)

PORES = 0.004
"""What is finer than this share of the face width (the standard deviation of a Gaussian) counts as pores."""

KEPT = 0.865
"""Share of the pores' contrast that full smoothing leaves, by a cautious estimate."""

FINER, COARSER = (0.0055, 0.007, 0.009, 0.012), 0.055
"""Standard deviations of the filters that bound the band, shares of the face width; the finer is found per face."""

EDGE = 9.0
"""A fold or an edge keeps half of its contrast where the band is so many times as strong as it usually is."""

UNEVEN = 7.0
"""The strength in grey levels that may be usual at most, so that a face full of wrinkles keeps them."""

FULL = 0.94
"""Share of the band that full smoothing takes away where the skin is even."""


SPOT = 3.2
"""Contrast of a blob, in times of the skin's unevenness, from which it is healed."""

BLOB, FRECKLE = 0.005, (1.8, 3.2)
"""Size of a freckle, a standard deviation and share of the face width, and how round and dark it is, in times of the
skin's usual, where smoothing begins to leave it, and where it does so in full."""


def finer_bound(small: np.ndarray, regions: Regions, width: float) -> float:
    """The least of the finer bounds, a share of the face width, at which full smoothing leaves the pores.

    A sharp face allows more than a blurred one, whose pores are but the end of its blotches.
    """
    light = (small.astype(np.float32) @ LUMA)[..., None]
    sure, coarse = _sure(regions.skin, width), masked_blur(light, regions.skin, COARSER * width)
    if sure.sum() < 50:
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


def freckles(lab: np.ndarray, skin: np.ndarray, width: float) -> np.ndarray:
    """How much each pixel of a picture in Lab (rows, cols, 3) is part of a freckle, mole or pimple, in [0, 1].

    Smoothing leaves them.  Such a blob is darker or redder than what lies round it on every side: the smaller
    eigenvalue of the Hessian is large (Lindeberg, IJCV 1998), as it is not on folds and the rims of shadows.
    """
    sure = _sure(skin, width)
    if sure.sum() < 50:
        return np.zeros(skin.shape, np.float32)
    even = masked_blur(0.5 * lab[..., 1:2] - lab[..., :1], skin, BLOB * width).reshape(skin.shape)
    dx, dy = (cv2.Sobel(even, cv2.CV_32F, *order) / 8 for order in ((1, 0), (0, 1)))
    xx, xy, yy = (cv2.Sobel(d, cv2.CV_32F, *o) / 8 for d, o in ((dx, (1, 0)), (dx, (0, 1)), (dy, (0, 1))))
    round_ = (-(xx + yy) / 2 - np.sqrt(np.square(xx - yy) / 4 + np.square(xy))) * (BLOB * width) ** 2
    usual = float(np.median(round_[sure]))
    spread = max(1.5 * float(np.median(np.abs(round_[sure] - usual))), 0.15)
    size = 2 * max(round(0.007 * width), 1) + 1
    found = smooth((round_ - usual) / spread, *FRECKLE).astype(np.float32) * sure * smooth(BLOB * width, 0.5, 0.8)
    wide = cv2.dilate(found, cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (size, size)))
    return cv2.GaussianBlur(wide, (0, 0), max(0.003 * width, 0.6))


def _removed(band: np.ndarray, skin: np.ndarray, width: float) -> np.ndarray:
    """What to take away of a band (rows, cols, 1 or 3): most of it, less where it is a fold or an edge."""
    strength = np.abs(band @ LUMA if band.shape[2] == 3 else band[..., 0])
    inside = skin > 0.8
    usual = min(float(np.median(strength[inside])) if inside.any() else 1.0, UNEVEN)
    heavy = cv2.GaussianBlur(strength, (0, 0), max(PORES * width, 0.5))
    keep = 1 / (1 + (heavy / max(EDGE * usual, 2.0)) ** 3)
    return FULL * band * (keep * _confident(skin))[..., None]


def _pores(light: np.ndarray, width: float) -> np.ndarray:
    return light - cv2.GaussianBlur(light, (0, 0), max(PORES * width, 0.3))


def flat_blur(image: np.ndarray, weight: np.ndarray, sigma: float) -> np.ndarray:
    """A low-pass with a flatter top and a steeper end than a Gaussian: 1 - (1 - g)^2 for the response g."""
    once = masked_blur(image, weight, sigma)
    return once + masked_blur(image - once, weight, sigma)


def masked_blur(image: np.ndarray, weight: np.ndarray, sigma: float) -> np.ndarray:
    """Gaussian mean of an image (rows, cols, C) over the pixels that ``weight`` (rows, cols) lets in.

    Where next to nothing is let in, the image stays.  Wide blurs are done on a smaller version.
    """
    if sigma < 0.3:
        return image
    above = _blur(_times(image, weight), sigma).reshape(image.shape)
    below = _blur(weight, sigma)
    share = np.minimum(below / 0.02, 1)
    above = _times(above, share / np.maximum(below, 1e-3))
    return above if share.min() == 1 else above + _times(image, 1 - share)


def _times(image: np.ndarray, factor: np.ndarray) -> np.ndarray:
    """Every channel of an image (rows, cols, C) times a map (rows, cols)."""
    channels: list[np.ndarray] = [factor] * image.shape[2]
    return cv2.multiply(image, cv2.merge(channels)).reshape(image.shape)


def _blur(image: np.ndarray, sigma: float) -> np.ndarray:
    """Gaussian mean; a wide one on a version reduced by ``step``, whose reduction and enlargement blur as well."""
    step = int(sigma / 1.5)
    size = image.shape[1] // max(step, 1), image.shape[0] // max(step, 1)
    if step < 2 or min(size) < 4:
        return cv2.GaussianBlur(image, (0, 0), sigma)
    small = cv2.resize(image, size, interpolation=cv2.INTER_AREA)
    small = cv2.GaussianBlur(small, (0, 0), np.sqrt((sigma / step) ** 2 - 0.25 * (1 - 1 / step**2)))
    return cv2.resize(small, image.shape[1::-1], interpolation=cv2.INTER_LINEAR)


def spot_change(small: np.ndarray, regions: Regions, width: float) -> np.ndarray:
    """The change (rows, cols, 3) float32 that heals small dark or red spots with the skin round them."""
    image = small.astype(np.float32)
    spots = find_spots(image, regions.skin, width)
    if not spots.any():
        return np.zeros_like(image)
    size = 2 * max(round(0.004 * width), 1) + 1
    wide = cv2.dilate(spots.astype(np.uint8), cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (size, size)))
    soft = cv2.GaussianBlur(wide.astype(np.float32), (0, 0), max(0.003 * width, 0.6))
    around = masked_blur(image, regions.skin * (1 - soft), 0.012 * width)
    return (around - cv2.GaussianBlur(image, (0, 0), max(0.002 * width, 0.4))) * (soft * regions.skin)[..., None]


def find_spots(image: np.ndarray, skin: np.ndarray, width: float) -> np.ndarray:
    """Small, compact, isolated dark or red spots in the skin: a bool mask (rows, cols).

    A spot is a blob in the difference of two Gaussians (Lindeberg, IJCV 1998) that stands out from
    the skin's own unevenness; lines (folds, strands of hair) and rims
    of the mask are no spots.
    """
    lab = cv2.cvtColor(np.clip(image, 0, 255) / 255, cv2.COLOR_RGB2Lab)
    dark = 0.5 * lab[..., 1:2] - lab[..., :1]
    blob = (masked_blur(dark, skin, 0.004 * width) - masked_blur(dark, skin, 0.02 * width)).reshape(skin.shape)
    sure = _sure(skin, width)
    if sure.sum() < 50:
        return np.zeros(skin.shape, bool)
    spread = 1.5 * float(np.median(np.abs(blob[sure] - np.median(blob[sure]))))
    count, labels, stats, _ = cv2.connectedComponentsWithStats(
        ((blob > SPOT * max(spread, 0.8)) & sure).astype(np.uint8)
    )
    area, across = stats[:, cv2.CC_STAT_AREA], stats[:, [cv2.CC_STAT_WIDTH, cv2.CC_STAT_HEIGHT]]
    least, most = np.pi * (0.0035 * width) ** 2, np.pi * (0.016 * width) ** 2
    round_ = (area > 0.5 * across.max(axis=1) ** 2) & (across.max(axis=1) < 1.8 * across.min(axis=1) + 1)
    chosen = round_ & (area >= max(least, 3)) & (area <= most)
    chosen[0] = False
    return chosen[labels] if count > 1 else np.zeros(skin.shape, bool)


def _sure(skin: np.ndarray, width: float) -> np.ndarray:
    """Where there is skin for certain, away from the mask's rim: a bool (rows, cols)."""
    return cv2.erode(skin, np.ones((2 * max(round(0.012 * width), 1) + 1,) * 2, np.uint8)) > 0.8


def _confident(mask: np.ndarray) -> np.ndarray:
    """The mask with its faint outskirts left out."""
    return np.clip((mask - 0.2) / 0.7, 0, 1)
