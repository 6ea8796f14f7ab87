"""Lightness and tint of a face: whitening that keeps the hue, and small make-up controls."""

from __future__ import annotations

from functools import cache
from typing import NamedTuple, cast

import cv2
import numpy as np

from beauty.curves import Range, linear, smooth
from beauty.filters import Sigma, gaussian, masked_blur
from beauty.regions import Regions
from beauty.settings import BeautySettings
from vision.types import Image

LIGHTEN = 0.7
"""Curve of full whitening: a channel x in [0, 1] becomes (1 + c) x / (1 + c x)."""

VEIL, VEIL_POWER = 0.13, 3
"""Share of white that full whitening mixes into the lightest skin, and the power of the lightness with which it fades:
dark skin gets next to none, it would turn grey."""

# What follows is in Lab units (L*, a, b) where nothing else is said, and chosen by eye: at full strength a control is
# to be seen at once and still to pass for make-up.

ROSINESS, BLUSH, LIP_TINT = (0.0, 6.0, 1.5), (-1.5, 11.0, 2.5), (-3.0, 15.0, 3.0)
"""What full strength adds to the skin, the cheeks and the lips."""

COLOURED, LIT, LEAST_LIT = (2.0, 12.0), 60.0, 0.3
"""Chroma of the skin over which tints begin and are full, for in a monochrome picture they would be the only colour;
lightness from which they are full, and their least share in the dark."""


class Circles(NamedTuple):
    """Dark circles under the eyes are brought to the skin round about; blurs are standard deviations in face widths."""

    strength: float = 0.75  # part of the difference that full strength takes away
    here: float = 0.02  # blur of the place itself
    around: float = 0.08  # blur of the skin round about
    mask: float = 1.6  # what the mask under the eyes is multiplied by, so that its middle is full
    left_out: float = 0.9  # how much of the place is left out of the skin round about ...
    left_out_mask: float = 1.5  # ... and what the mask is multiplied by for that
    darker: tuple[float, float] = (0.0, 4.0)  # how much darker than round about a shadow begins and is full
    least: tuple[int, int, int] = (0, -5, -5)  # the least and the most that is added
    most: tuple[int, int, int] = (12, 5, 5)


class Lid(NamedTuple):
    """What differs too little from the skin round an eye is a lid: points may lie on lids, and eyes be closed."""

    colour: Range = Range(7.0, 13.0)  # distance up to which it is a lid, and from which it is the eye
    lightness: float = 0.5  # what the lightness counts in that distance
    around: float = 0.06  # blur of the skin round about, in face widths
    rows: float = 0.08  # rows above and below the eyes that are looked at, in face widths


class Eye(NamedTuple):
    """Bright eyes."""

    lift: float = 9.0  # lightness that full strength adds ...
    dark: tuple[float, float] = (12.0, 52.0)  # ... from none to all: lashes and pupils stay dark ...
    light: tuple[float, float] = (108.0, 78.0)  # ... and the same towards white, so that nothing is cut off
    crisp: float = 0.35  # how much is added of what is finer than ...
    fine: Sigma = Sigma(0.01, 0.6)  # ... this blur
    white: tuple[float, float] = (45.0, 70.0)  # lightness over which the white of the eye begins ...
    paler: float = 0.35  # ... and the part of its colour, redness above all, that is lost


class Tooth(NamedTuple):
    """White teeth."""

    light: tuple[float, float] = (40.0, 60.0)  # lightness over which a tooth begins
    red: tuple[float, float] = (20.0, 10.0)  # Lab's a over which tongue and gums end
    lift: float = 6.0  # lightness that full strength adds ...
    white: tuple[float, float] = (104.0, 84.0)  # ... from none, towards white, to all
    paler: float = 0.6  # part of its colour, yellow above all, that is lost


CIRCLES, LID, EYE, TOOTH = Circles(), Lid(), Eye(), Tooth()


def lighten(strip: np.ndarray, rounded: Image, mask: np.ndarray, strength: float) -> np.ndarray:
    """Skin made lighter, (rows, cols, 3) float32 in grey levels; ``mask`` (rows, cols) in [0, 1].

    All channels of a pixel grow by the same factor, which keeps the hue; the factor follows a curve
    of the largest channel of ``rounded``, the strip in uint8, that ends at white, so that no channel is cut off.  Light
    skin, for which that leaves little room, also gets a little white.
    """
    red, green, blue = cv2.split(rounded)
    largest = cv2.max(cv2.max(red, green), blue)
    factors, veils = _curves(float(strength))
    veil = cv2.multiply(cv2.LUT(largest, veils), mask)
    factor = cast(np.ndarray, (1 - veil) * (1 + cv2.multiply(cv2.LUT(largest, factors), mask)))
    return strip * factor[..., None] + (255 * veil)[..., None]


@cache
def _curves(strength: float) -> tuple[np.ndarray, np.ndarray]:
    """By largest channel 0..255: what to add to 1 for the factor, and the share of white."""
    x = np.arange(256, dtype=np.float32) / 255
    c = LIGHTEN * strength
    return ((1 + c) / (1 + c * x) - 1).astype(np.float32), (VEIL * strength * x**VEIL_POWER).astype(np.float32)


def tint_change(lab: np.ndarray, regions: Regions, width: float, settings: BeautySettings) -> np.ndarray:
    """The change (rows, cols, 3) in grey levels that the small colour controls ask for.

    ``lab`` (rows, cols, 3) float32 is the patch's small version, ``width`` the face width there.
    """
    new, paint = lab.copy(), _paint(regions)
    if settings.dark_circles:
        new += _under_eyes(lab, regions, width) * np.float32(settings.dark_circles)
    for mask, strength, shift in (
        (regions.skin, settings.rosiness, ROSINESS),
        (regions.cheeks, settings.cheeks, BLUSH),
        (regions.lips, settings.lips, LIP_TINT),
    ):
        if strength:
            new += mask[..., None] * np.array(shift, np.float32) * np.float32(strength * paint)
    if settings.bright_eyes:
        eyes = _eyeballs(lab, regions.eyes, regions.skin, width)
        _brighten_eyes(new, lab, eyes * np.float32(settings.bright_eyes), width)
    if settings.teeth:
        _whiten_teeth(new, lab, regions.mouth * np.float32(settings.teeth))
    if np.array_equal(new, lab):
        return np.zeros_like(lab)
    return 255 * (cv2.cvtColor(new, cv2.COLOR_Lab2RGB) - cv2.cvtColor(lab, cv2.COLOR_Lab2RGB))


def _paint(regions: Regions) -> float:
    """How much of a tint suits the picture: little in the dark, none where the skin has no colour (monochrome)."""
    light, a, b = regions.seen.mean
    return float(linear(np.hypot(a, b), *COLOURED) * np.clip(light / LIT, LEAST_LIT, 1))


def _under_eyes(lab: np.ndarray, regions: Regions, width: float) -> np.ndarray:
    """Brings the coarse colour under the eyes towards the skin round about, where it is darker."""
    rest = regions.skin * (1 - CIRCLES.left_out * np.clip(CIRCLES.left_out_mask * regions.under_eyes, 0, 1))
    here = masked_blur(lab, regions.skin, CIRCLES.here * width)
    gap = masked_blur(lab, rest, CIRCLES.around * width) - here
    darker = linear(gap[..., :1], *CIRCLES.darker)
    gap = np.clip(gap, CIRCLES.least, CIRCLES.most).astype(np.float32)
    return CIRCLES.strength * gap * darker * np.clip(CIRCLES.mask * regions.under_eyes, 0, 1)[..., None]


def _eyeballs(lab: np.ndarray, eyes: np.ndarray, skin: np.ndarray, width: float) -> np.ndarray:
    """Of the eyes' mask (rows, cols) what is not of the skin's colour: points may lie on lids, and eyes be closed."""
    used = np.flatnonzero(eyes.max(axis=1) > 0)
    if not len(used):
        return eyes
    margin = round(LID.rows * width)
    rows = slice(max(0, used[0] - margin), used[-1] + margin + 1)
    light, a, b = np.moveaxis(lab[rows] - masked_blur(lab[rows], skin[rows], LID.around * width), -1, 0)
    result = eyes.copy()
    result[rows] *= smooth(np.sqrt(LID.lightness**2 * light**2 + a**2 + b**2), *LID.colour)
    return result


def _brighten_eyes(new: np.ndarray, lab: np.ndarray, mask: np.ndarray, width: float) -> None:
    """Lifts iris and white, a little crisper and less red; dark lashes and pupils stay dark."""
    light = lab[..., 0]
    crisp = light - gaussian(light, EYE.fine, width)
    lift = EYE.lift * linear(light, *EYE.dark) * linear(light, *EYE.light)
    new[..., 0] += mask * (lift + EYE.crisp * crisp)
    white = mask * linear(light, *EYE.white)
    new[..., 1:] *= (1 - EYE.paler * white)[..., None]


def _whiten_teeth(new: np.ndarray, lab: np.ndarray, mask: np.ndarray) -> None:
    """Takes yellow out of what is light and not red inside the mouth, and lifts it a little."""
    light, red = lab[..., 0], lab[..., 1]
    tooth = mask * linear(light, *TOOTH.light) * linear(red, *TOOTH.red)
    new[..., 0] += TOOTH.lift * tooth * linear(light, *TOOTH.white)
    new[..., 1:] *= (1 - TOOTH.paler * tooth)[..., None]
