"""Lightness and tint of a face: whitening that keeps the hue, and small make-up controls."""

from __future__ import annotations

from functools import cache
from typing import cast

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

# Dark circles.  Blurs are standard deviations in face widths.

CIRCLES, CIRCLES_HERE, CIRCLES_AROUND = 0.75, 0.02, 0.08
"""Part of the difference to the skin round about that full strength takes away, and the blurs of the place itself and
of the skin round about."""

CIRCLES_MASK, LEFT_OUT, LEFT_OUT_MASK = 1.6, 0.9, 1.5
"""What the mask under the eyes is multiplied by, so that its middle is full; and how much of it is left out of the skin
round about, with the same for this."""

CIRCLES_DARK, CIRCLES_LEAST, CIRCLES_MOST = (0.0, 4.0), (0, -5, -5), (12, 5, 5)
"""How much darker than round about a shadow begins and is full, and the least and the most that is added."""

# Eyes.

LID, LID_LIGHTNESS, LID_AROUND, LID_ROWS = Range(7.0, 13.0), 0.5, 0.06, 0.08
"""Distance from the skin round an eye below which it is a lid, and from which it is the eye; what the lightness counts
in it; the blur of the skin round about; and the rows above and below the eyes that are looked at, in face widths."""

EYE_LIFT, EYE_DARK, EYE_LIGHT = 9.0, (12.0, 52.0), (108.0, 78.0)
"""Lightness that full strength adds, less from the second lightness down to none at the first, so that lashes and
pupils stay dark, and less towards white, so that nothing is cut off."""

EYE_CRISP, EYE_FINE = 0.35, Sigma(0.01, 0.6)
"""How much of what is finer than this blur is added."""

EYE_WHITE, EYE_PALER = (45.0, 70.0), 0.35
"""Lightness over which the white of the eye begins, and how much of its colour, redness above all, it loses."""

# Teeth.

TOOTH_LIGHT, TOOTH_RED = (40.0, 60.0), (20.0, 10.0)
"""Lightness over which a tooth begins, and Lab's a over which tongue and gums end."""

TOOTH_LIFT, TOOTH_WHITE, TOOTH_PALER = 6.0, (104.0, 84.0), 0.6
"""Lightness that full strength adds, less towards white, and the part of its colour, yellow above all, that is lost."""


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
    rest = regions.skin * (1 - LEFT_OUT * np.clip(LEFT_OUT_MASK * regions.under_eyes, 0, 1))
    here = masked_blur(lab, regions.skin, CIRCLES_HERE * width)
    gap = masked_blur(lab, rest, CIRCLES_AROUND * width) - here
    darker = linear(gap[..., :1], *CIRCLES_DARK)
    gap = np.clip(gap, CIRCLES_LEAST, CIRCLES_MOST).astype(np.float32)
    return CIRCLES * gap * darker * np.clip(CIRCLES_MASK * regions.under_eyes, 0, 1)[..., None]


def _eyeballs(lab: np.ndarray, eyes: np.ndarray, skin: np.ndarray, width: float) -> np.ndarray:
    """Of the eyes' mask (rows, cols) what is not of the skin's colour: points may lie on lids, and eyes be closed."""
    used = np.flatnonzero(eyes.max(axis=1) > 0)
    if not len(used):
        return eyes
    margin = round(LID_ROWS * width)
    rows = slice(max(0, used[0] - margin), used[-1] + margin + 1)
    light, a, b = np.moveaxis(lab[rows] - masked_blur(lab[rows], skin[rows], LID_AROUND * width), -1, 0)
    result = eyes.copy()
    result[rows] *= smooth(np.sqrt(LID_LIGHTNESS**2 * light**2 + a**2 + b**2), *LID)
    return result


def _brighten_eyes(new: np.ndarray, lab: np.ndarray, mask: np.ndarray, width: float) -> None:
    """Lifts iris and white, a little crisper and less red; dark lashes and pupils stay dark."""
    light = lab[..., 0]
    crisp = light - gaussian(light, EYE_FINE, width)
    lift = EYE_LIFT * linear(light, *EYE_DARK) * linear(light, *EYE_LIGHT)
    new[..., 0] += mask * (lift + EYE_CRISP * crisp)
    white = mask * linear(light, *EYE_WHITE)
    new[..., 1:] *= (1 - EYE_PALER * white)[..., None]


def _whiten_teeth(new: np.ndarray, lab: np.ndarray, mask: np.ndarray) -> None:
    """Takes yellow out of what is light and not red inside the mouth, and lifts it a little."""
    light, red = lab[..., 0], lab[..., 1]
    tooth = mask * linear(light, *TOOTH_LIGHT) * linear(red, *TOOTH_RED)
    new[..., 0] += TOOTH_LIFT * tooth * linear(light, *TOOTH_WHITE)
    new[..., 1:] *= (1 - TOOTH_PALER * tooth)[..., None]
