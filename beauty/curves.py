"""The curves of which masks and fields are made, and the ranges over which they run."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

ROUNDED = 0.12
"""Share of ``ramp`` that each of its two rounded ends takes."""

RAMP_SLOPE = 1.14
"""The steepest fall of ``ramp``: 1 / (1 - ROUNDED), a little more."""


class Range(NamedTuple):
    """Where a soft step begins (0 up to ``low``) and is full (1 from ``high`` on), in the unit of what is compared."""

    low: float
    high: float

    def scaled(self, unit: float, start: float = 0.0) -> Range:
        """A range in face widths as one in pixels: from ``start``, with ``unit`` pixels a face width."""
        return Range(start + self.low * unit, start + self.high * unit)


def smooth(x: np.ndarray | float, low: float, high: float) -> np.ndarray:
    """0 below ``low``, 1 above ``high``, smooth between (cubic), float32."""
    t = np.clip((x - low) / max(high - low, 1e-6), 0, 1)
    return np.asarray(t * t * (3 - 2 * t), np.float32)


def linear(x: np.ndarray | float, start: float, end: float) -> np.ndarray:
    """0 at ``start``, 1 at ``end``, which may be the smaller one, straight between and constant beyond."""
    return np.clip((x - start) / (end - start), 0, 1)


def ramp(t: np.ndarray) -> np.ndarray:
    """1 below 0, 0 above 1, and nearly straight between with rounded ends."""
    t, e = np.clip(t, 0, 1), ROUNDED
    start, end = t * t / (2 * e), 1 - e - (1 - t) ** 2 / (2 * e)
    middle = t - e / 2
    return 1 - np.where(t < e, start, np.where(t > 1 - e, end, middle)) / (1 - e)
