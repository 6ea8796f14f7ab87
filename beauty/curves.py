"""The two curves of which masks and fields are made."""

from __future__ import annotations

import numpy as np

RAMP_SLOPE = 1.14
"""The steepest fall of ``ramp``."""


def smooth(x: np.ndarray | float, low: float, high: float) -> np.ndarray:
    """0 below ``low``, 1 above ``high``, smooth between (cubic), float32."""
    t = np.clip((x - low) / max(high - low, 1e-6), 0, 1)
    return np.asarray(t * t * (3 - 2 * t), np.float32)


def ramp(t: np.ndarray) -> np.ndarray:
    """1 below 0, 0 above 1, and nearly straight between with rounded ends."""
    t, e = np.clip(t, 0, 1), 0.12
    start, end = t * t / (2 * e), 1 - e - (1 - t) ** 2 / (2 * e)
    middle = t - e / 2
    return 1 - np.where(t < e, start, np.where(t > 1 - e, end, middle)) / (1 - e)
