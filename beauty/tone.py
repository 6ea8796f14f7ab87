"""Lightness, tint and style: whitening that keeps the hue, small make-up controls, named looks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import cast

import cv2
import numpy as np

from beauty.curves import smooth
from beauty.regions import Regions
from beauty.settings import BeautySettings
from beauty.skin import masked_blur
from vision.types import Image

LIGHTEN = 0.7
"""Curve of full whitening: a channel x in [0, 1] becomes (1 + c) x / (1 + c x)."""

VEIL = 0.13
"""Share of white that full whitening mixes into the lightest skin; dark skin gets next to none, it would turn grey."""


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
    return ((1 + c) / (1 + c * x) - 1).astype(np.float32), (VEIL * strength * x**3).astype(np.float32)


def tint_change(lab: np.ndarray, regions: Regions, width: float, settings: BeautySettings) -> np.ndarray:
    """The change (rows, cols, 3) in grey levels that the small colour controls ask for.

    ``lab`` (rows, cols, 3) float32 is the patch's small version, ``width`` the face width there.
    """
    new, paint = lab.copy(), _paint(regions)
    if settings.dark_circles:
        new += _under_eyes(lab, regions, width) * np.float32(settings.dark_circles)
    for mask, strength, shift in (
        (regions.skin, settings.rosiness, (0.0, 6.0, 1.5)),
        (regions.cheeks, settings.cheeks, (-1.5, 11.0, 2.5)),
        (regions.lips, settings.lips, (-3.0, 15.0, 3.0)),
    ):
        if strength:
            new += mask[..., None] * np.array(shift, np.float32) * np.float32(strength * paint)
    if settings.bright_eyes:
        eyes = _eyeballs(lab, regions.eyes, regions.skin, width)
        _brighten_eyes(new, lab, eyes * np.float32(settings.bright_eyes), width)
    if settings.teeth:
        _whiten_teeth(new, lab, regions.mouth * np.float32(settings.teeth))
    if new is lab or np.array_equal(new, lab):
        return np.zeros_like(lab)
    return 255 * (cv2.cvtColor(new, cv2.COLOR_Lab2RGB) - cv2.cvtColor(lab, cv2.COLOR_Lab2RGB))


def _paint(regions: Regions) -> float:
    """How much of a tint suits the picture: little in the dark, none where the skin has no colour (monochrome)."""
    light, a, b = regions.seen.mean
    return float(np.clip((np.hypot(a, b) - 2) / 10, 0, 1) * np.clip(light / 60, 0.3, 1))


def _under_eyes(lab: np.ndarray, regions: Regions, width: float) -> np.ndarray:
    """Brings the coarse colour under the eyes towards the skin round about, where it is darker."""
    rest = regions.skin * (1 - 0.9 * np.clip(1.5 * regions.under_eyes, 0, 1))
    here, around = masked_blur(lab, regions.skin, 0.02 * width), masked_blur(lab, rest, 0.08 * width)
    gap = around - here
    darker = np.clip(gap[..., :1] / 4, 0, 1)
    gap = np.clip(gap, (0, -5, -5), (12, 5, 5)).astype(np.float32)
    return 0.75 * gap * darker * np.clip(1.6 * regions.under_eyes, 0, 1)[..., None]


LIKE_SKIN = 7.0, 13.0
"""Distance from the skin round an eye, lightness counted half, below which it is a lid, from which it is the eye."""


def _eyeballs(lab: np.ndarray, eyes: np.ndarray, skin: np.ndarray, width: float) -> np.ndarray:
    """Of the eyes' mask (rows, cols) what is not of the skin's colour: points may lie on lids, and eyes be closed."""
    used = np.flatnonzero(eyes.max(axis=1) > 0)
    if not len(used):
        return eyes
    rows = slice(max(0, used[0] - round(0.08 * width)), used[-1] + round(0.08 * width) + 1)
    gap = lab[rows] - masked_blur(lab[rows], skin[rows], 0.06 * width)
    result = eyes.copy()
    result[rows] *= smooth(np.sqrt(0.25 * gap[..., 0] ** 2 + gap[..., 1] ** 2 + gap[..., 2] ** 2), *LIKE_SKIN)
    return result


def _brighten_eyes(new: np.ndarray, lab: np.ndarray, mask: np.ndarray, width: float) -> None:
    """Lifts iris and white, a little crisper and less red; dark lashes and pupils stay dark."""
    light = lab[..., 0]
    crisp = light - cv2.GaussianBlur(light, (0, 0), max(0.01 * width, 0.6))
    new[..., 0] += mask * (9 * np.clip((light - 12) / 40, 0, 1) * np.clip((108 - light) / 30, 0, 1) + 0.35 * crisp)
    white = mask * np.clip((light - 45) / 25, 0, 1)
    new[..., 1:] *= (1 - 0.35 * white)[..., None]


def _whiten_teeth(new: np.ndarray, lab: np.ndarray, mask: np.ndarray) -> None:
    """Takes yellow out of what is light and not red inside the mouth, and lifts it a little."""
    light, red = lab[..., 0], lab[..., 1]
    tooth = mask * np.clip((light - 40) / 20, 0, 1) * np.clip((20 - red) / 10, 0, 1)
    new[..., 0] += 6 * tooth * np.clip((104 - light) / 20, 0, 1)
    new[..., 1:] *= (1 - 0.6 * tooth)[..., None]


@dataclass(frozen=True)
class Look:
    """A style filter: a curve per channel through (input, output) points in [0, 1], then a colour mix.

    ``saturation`` scales the distance to grey; ``tint`` (3,) multiplies R, G, B after it.
    """

    red: Sequence[tuple[float, float]] = ((0, 0), (1, 1))
    green: Sequence[tuple[float, float]] = ((0, 0), (1, 1))
    blue: Sequence[tuple[float, float]] = ((0, 0), (1, 1))
    saturation: float = 1.0
    tint: tuple[float, float, float] = (1.0, 1.0, 1.0)


def _grey(
    *points: tuple[float, float], saturation: float = 1.0, tint: tuple[float, float, float] = (1.0, 1.0, 1.0)
) -> Look:
    """A look with the same curve for all channels."""
    return Look(points, points, points, saturation, tint)


_LOOKS = {
    "clear": _grey((0, 0), (0.25, 0.255), (0.6, 0.64), (1, 1), saturation=1.06),
    "warm": Look(
        ((0, 0.01), (0.5, 0.535), (1, 1)), ((0, 0), (0.5, 0.505), (1, 0.99)), ((0, 0), (0.5, 0.46), (1, 0.94)), 1.04
    ),
    "cool": Look(
        ((0, 0), (0.5, 0.475), (1, 0.97)), ((0, 0.005), (0.5, 0.505), (1, 1)), ((0, 0.02), (0.5, 0.54), (1, 1)), 0.97
    ),
    "film": Look(
        ((0, 0.045), (0.25, 0.235), (0.5, 0.525), (0.8, 0.85), (1, 0.975)),
        ((0, 0.04), (0.25, 0.24), (0.5, 0.51), (0.8, 0.83), (1, 0.965)),
        ((0, 0.065), (0.25, 0.255), (0.5, 0.485), (0.8, 0.78), (1, 0.92)),
        0.9,
    ),
    "vivid": _grey((0, 0), (0.25, 0.225), (0.75, 0.79), (1, 1), saturation=1.22),
    "soft": _grey((0, 0.03), (0.3, 0.34), (0.7, 0.73), (1, 0.99), saturation=0.95),
    "rose": Look(
        ((0, 0.02), (0.5, 0.54), (1, 1)), ((0, 0.01), (0.5, 0.495), (1, 0.985)), ((0, 0.025), (0.5, 0.515), (1, 0.99)),
        0.99,
    ),
    "sepia": _grey((0, 0.03), (0.5, 0.52), (1, 0.98), saturation=0.0, tint=(1.02, 0.96, 0.82)),
    "mono": _grey((0, 0), (0.25, 0.24), (0.7, 0.73), (1, 1), saturation=0.0),
    "noir": _grey((0, 0), (0.25, 0.16), (0.5, 0.49), (0.75, 0.83), (1, 1), saturation=0.0),
}  # fmt: skip


def apply_look(image: Image, name: str, degree: float) -> Image:
    """A picture (H, W, 3) uint8 in one of ``settings.LOOKS``, mixed with itself by ``degree`` in [0, 1]."""
    if name == "none" or degree <= 0:
        return image
    look = _LOOKS[name]
    table, mix = _table(name), _mix(look)
    styled = cv2.transform(cv2.LUT(image, table), mix)
    mixed = cv2.addWeighted(styled, degree, image, 1 - degree, 0.5, dtype=cv2.CV_32F)
    return np.clip(mixed, 0, 255, out=mixed).astype(np.uint8)


@cache
def _table(name: str) -> np.ndarray:
    """The curves of a look as a table (256, 1, 3) float32."""
    look, x = _LOOKS[name], np.arange(256) / 255
    channels = [255 * _curve(points, x) for points in (look.red, look.green, look.blue)]
    return np.stack(channels, axis=-1)[:, None].astype(np.float32)


def _curve(points: Sequence[tuple[float, float]], x: np.ndarray) -> np.ndarray:
    """A smooth monotone curve through points (Fritsch and Carlson, SIAM 1980, with mean slopes)."""
    px, py = np.array(points, np.float64).T
    slope = np.diff(py) / np.diff(px)
    inner = 2 * slope[:-1] * slope[1:] / np.maximum(slope[:-1] + slope[1:], 1e-9)
    tangent = np.concatenate([slope[:1], inner, slope[-1:]])
    k = np.clip(np.searchsorted(px, x, side="right") - 1, 0, len(slope) - 1)
    h = px[k + 1] - px[k]
    t = (x - px[k]) / h
    rise = (2 * t**3 - 3 * t**2 + 1) * py[k] + (3 * t**2 - 2 * t**3) * py[k + 1]
    return rise + (t**3 - 2 * t**2 + t) * h * tangent[k] + (t**3 - t**2) * h * tangent[k + 1]


def _mix(look: Look) -> np.ndarray:
    """The colour mix of a look as a matrix (3, 3)."""
    grey = np.tile(np.array([0.299, 0.587, 0.114]), (3, 1))
    mixed = look.saturation * np.eye(3) + (1 - look.saturation) * grey
    return (np.array(look.tint)[:, None] * mixed).astype(np.float32)
