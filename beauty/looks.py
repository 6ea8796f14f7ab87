"""Style filters: curves of R, G and B and a colour mix over the whole picture."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

import cv2
import numpy as np

from beauty.filters import LUMA
from vision.types import Image


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
"""The filters by name, made by eye: 0 to 1 are black to white of each channel."""


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
    grey = np.tile(np.array(LUMA), (3, 1))
    mixed = look.saturation * np.eye(3) + (1 - look.saturation) * grey
    return (np.array(look.tint)[:, None] * mixed).astype(np.float32)
