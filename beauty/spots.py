"""Freckles and moles, which smoothing leaves, and spots, which are healed with the skin round them."""

from __future__ import annotations

from typing import NamedTuple

import cv2
import numpy as np

from beauty.curves import Range, smooth
from beauty.filters import Sigma, disc, gaussian, masked_blur
from beauty.regions import Regions
from beauty.skin import FEWEST, sure_skin
from beauty.skin_colour import MAD_TO_SIGMA

REDNESS = 0.5
"""Weight of Lab's a beside the lightness in what makes a spot: pimples are red rather than dark."""

FEATHER = Sigma(0.003, 0.6)
"""Blur of the rim of a freckle that is left, and of a spot that is healed."""


class Freckle(NamedTuple):
    """What smoothing leaves as it is."""

    size: float = 0.005  # standard deviation of the filter that shows it, in face widths
    seen: Range = Range(0.5, 0.8)  # the same in pixels: a smaller one cannot be told from noise
    strong: Range = Range(1.8, 3.2)  # how round and dark it is, in times of the skin's usual: left in part, in full
    uneven: float = 0.15  # that usual at least, in the unit of the Hessian
    grown: float = 0.007  # how far it reaches beyond its middle, in face widths


class Spot(NamedTuple):
    """What is healed: small, compact, and darker or redder than the skin round it."""

    fine: float = 0.004  # standard deviations of the two filters whose difference shows it, in face widths
    coarse: float = 0.02
    contrast: float = 3.2  # in that difference, in times of the skin's unevenness ...
    uneven: float = 0.8  # ... which is at least this (L*)
    small: float = 0.0035  # radius from which it is seen ...
    large: float = 0.016  # ... and up to which it is a blemish, in face widths
    pixels: int = 3  # its pixels at least
    filled: float = 0.5  # part of the square of its length that it covers at least: a disc .79, folds and hairs less
    long: float = 1.8  # length at most, in times of its width (and a pixel)


class Healing(NamedTuple):
    """What is done to a spot."""

    grown: float = 0.004  # how far beyond its rim, in face widths
    around: float = 0.012  # standard deviation over which the skin round it is averaged, in face widths
    grain: Sigma = Sigma(0.002, 0.4)  # what is finer counts as grain and stays


FRECKLE, SPOT, HEALING = Freckle(), Spot(), Healing()


def freckles(lab: np.ndarray, skin: np.ndarray, width: float) -> np.ndarray:
    """How much each pixel of a picture in Lab (rows, cols, 3) is part of a freckle, mole or pimple, in [0, 1].

    Smoothing leaves them.  Such a blob is darker or redder than what lies round it on every side: the smaller
    eigenvalue of the Hessian is large (Lindeberg, IJCV 1998), as it is not on folds and the rims of shadows.
    """
    sure = sure_skin(skin, width)
    if sure.sum() < FEWEST:
        return np.zeros(skin.shape, np.float32)
    even = masked_blur(_dark_or_red(lab), skin, FRECKLE.size * width).reshape(skin.shape)
    dx, dy = (cv2.Sobel(even, cv2.CV_32F, *order) / 8 for order in ((1, 0), (0, 1)))
    xx, xy, yy = (cv2.Sobel(d, cv2.CV_32F, *o) / 8 for d, o in ((dx, (1, 0)), (dx, (0, 1)), (dy, (0, 1))))
    round_ = (-(xx + yy) / 2 - np.sqrt(np.square(xx - yy) / 4 + np.square(xy))) * (FRECKLE.size * width) ** 2
    usual = float(np.median(round_[sure]))
    spread = max(MAD_TO_SIGMA * float(np.median(np.abs(round_[sure] - usual))), FRECKLE.uneven)
    found = (
        smooth((round_ - usual) / spread, *FRECKLE.strong).astype(np.float32)
        * sure
        * smooth(FRECKLE.size * width, *FRECKLE.seen)
    )
    return gaussian(cv2.dilate(found, disc(FRECKLE.grown * width)), FEATHER, width)


def spot_change(small: np.ndarray, regions: Regions, width: float) -> np.ndarray:
    """The change (rows, cols, 3) float32 that heals small dark or red spots with the skin round them."""
    image = small.astype(np.float32)
    spots = find_spots(image, regions.skin, width)
    if not spots.any():
        return np.zeros_like(image)
    wide = cv2.dilate(spots.astype(np.uint8), disc(HEALING.grown * width))
    soft = gaussian(wide.astype(np.float32), FEATHER, width)
    around = masked_blur(image, regions.skin * (1 - soft), HEALING.around * width)
    return (around - gaussian(image, HEALING.grain, width)) * (soft * regions.skin)[..., None]


def find_spots(image: np.ndarray, skin: np.ndarray, width: float) -> np.ndarray:
    """Small, compact, isolated dark or red spots in the skin: a bool mask (rows, cols).

    A spot is a blob in the difference of two Gaussians (Lindeberg, IJCV 1998) that stands out from
    the skin's own unevenness; lines (folds, strands of hair) and rims
    of the mask are no spots.
    """
    lab = cv2.cvtColor(np.clip(image, 0, 255) / 255, cv2.COLOR_RGB2Lab)
    dark, sure = _dark_or_red(lab), sure_skin(skin, width)
    if sure.sum() < FEWEST:
        return np.zeros(skin.shape, bool)
    fine, coarse = (masked_blur(dark, skin, share * width) for share in (SPOT.fine, SPOT.coarse))
    blob = (fine - coarse).reshape(skin.shape)
    spread = MAD_TO_SIGMA * float(np.median(np.abs(blob[sure] - np.median(blob[sure]))))
    blobs = (blob > SPOT.contrast * max(spread, SPOT.uneven)) & sure
    count, labels, stats, _ = cv2.connectedComponentsWithStats(blobs.astype(np.uint8))
    area, across = stats[:, cv2.CC_STAT_AREA], stats[:, [cv2.CC_STAT_WIDTH, cv2.CC_STAT_HEIGHT]]
    least, most = (np.pi * (radius * width) ** 2 for radius in (SPOT.small, SPOT.large))
    long, short = across.max(axis=1), across.min(axis=1)
    round_ = (area > SPOT.filled * long**2) & (long < SPOT.long * short + 1)
    chosen = round_ & (area >= max(least, SPOT.pixels)) & (area <= most)
    chosen[0] = False
    return chosen[labels] if count > 1 else np.zeros(skin.shape, bool)


def _dark_or_red(lab: np.ndarray) -> np.ndarray:
    """How dark or red the pixels of a picture in Lab are, (rows, cols, 1) in units of L*."""
    return REDNESS * lab[..., 1:2] - lab[..., :1]
