"""Interpolation and filters for signals with missing values."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


def fill_gaps(times: Array, values: Array, grid: Array, longest: float) -> Array:
    """Values (T,) at ``times``, interpolated by a cubic spline at ``grid`` (G,).

    NaN inside gaps above ``longest`` seconds.  Linear interpolation would lose a third of the amplitude at four samples
    a period.
    """
    good = np.isfinite(values)
    if good.sum() < 4:
        return np.full(len(grid), np.nan)
    from scipy.interpolate import CubicSpline  # here, so that showing results does not load SciPy

    known, seen = times[good], values[good]
    out = CubicSpline(known, seen)(grid)
    after = np.clip(np.searchsorted(known, grid), 1, len(known) - 1)
    inside = known[after] - known[after - 1] <= longest
    exact = np.abs(grid[:, None] - known[[after - 1, after]].T).min(axis=1) < 1e-6
    return np.where((inside | exact) & (grid >= known[0] - 1e-6) & (grid <= known[-1] + 1e-6), out, np.nan)


def smooth(values: Array, sigma: float) -> Array:
    """Gaussian mean over the last axis with ``sigma`` in samples; NaN is ignored and stays NaN."""
    if sigma <= 0:
        return values
    from scipy.ndimage import gaussian_filter1d

    good = np.isfinite(values)
    total = gaussian_filter1d(np.where(good, values, 0.0), sigma, axis=-1, mode="nearest")
    weight = gaussian_filter1d(good.astype(float), sigma, axis=-1, mode="nearest")
    return np.where(good, total / np.maximum(weight, 1e-9), np.nan)


def one_euro(times: Array, points: Array, cutoff: float = 1.5, speed: float = 0.02) -> Array:
    """Points (T, ...) filtered by the one-euro filter (Casiez et al., CHI 2012); NaN restarts it.

    ``cutoff`` in Hz, ``speed`` (the paper's beta) in Hz per (unit per second).
    """
    out = np.array(points, dtype=np.float64)
    slope = np.zeros_like(out[0]) if len(out) else out
    for i in range(1, len(out)):
        step = max(times[i] - times[i - 1], 1e-3)
        last: Array = out[i - 1]
        here: Array = out[i]
        before = np.where(np.isfinite(last), last, here)
        fresh = np.nan_to_num((here - before) / step)
        slope = slope + (fresh - slope) * _low_pass_weight(step, 1.0)
        weight = _low_pass_weight(step, cutoff + speed * np.abs(slope))
        out[i] = before + (here - before) * weight
    return out


def _low_pass_weight(step: float, cutoff: float | Array) -> float | Array:
    """Weight of a new value in a first-order low-pass of ``cutoff`` Hz after ``step`` seconds."""
    pace = 2 * np.pi * cutoff * step
    return pace / (pace + 1)
