"""Image signal: periodic change of a person's thumbnails, for the rate and phase of a motion without joints.

Thumbnails are reduced to their lowest DCT coefficients, high-passed and projected on principal components, as is usual
for repetition counting from pixels (Panagiotakis et al., ICIP 2018).  The sign of a component is arbitrary.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import cast

import numpy as np
from scipy.fft import dctn
from scipy.interpolate import make_interp_spline

from counting.smoothing import Array, smooth
from vision.types import PoseTrack

COSINES = (8, 6)
"""DCT coefficients along height and width: details of an eighth of a body height."""

COMPONENTS = 6
"""Principal components that are kept: two per harmonic of the motion, for three harmonics."""


def image_signal(track: PoseTrack, grid: Array, longest: float, slow: float) -> Array:
    """Components (COMPONENTS, G) in grey levels over ``grid`` (G,), largest first; NaN in gaps over ``longest`` s.

    High-passed by subtracting a Gaussian mean with a standard deviation of ``slow`` samples of the grid.
    """
    seen = np.flatnonzero(track.thumbnails.any(axis=(1, 2)))
    if len(seen) < 4 or len(grid) < 2:
        return np.full((COMPONENTS, len(grid)), np.nan)
    shape = track.thumbnails.shape[1:]
    coefficients = np.concatenate(
        [
            np.asarray(dctn(part.astype(np.float32), axes=(1, 2), norm="ortho"))[:, : COSINES[0], : COSINES[1]]
            for part in np.array_split(track.thumbnails[seen], len(seen) // 2048 + 1)
        ]
    ).reshape(len(seen), -1) / np.sqrt(np.prod(shape))  # fmt: skip
    times = track.times[seen]
    spline = cast(Callable[[Array], Array], make_interp_spline(times, coefficients, k=3))
    line = spline(np.clip(grid, times[0], times[-1])).T
    after = np.clip(np.searchsorted(times, grid), 1, len(times) - 1)
    known = (times[after] - times[after - 1] <= longest) & (grid >= times[0]) & (grid <= times[-1])
    line = np.where(known, line, np.nan)
    return principal(line - smooth(line, slow), COMPONENTS)


def principal(signals: Array, count: int) -> Array:
    """The first ``count`` principal components (count, G) of signals (D, G); NaN stays NaN."""
    good = np.isfinite(signals).all(axis=0)
    centred = signals - signals[:, good].mean(axis=1, keepdims=True) if good.any() else signals
    _, axes = np.linalg.eigh(np.cov(centred[:, good]) if good.sum() > 1 else np.eye(len(signals)))
    return axes[:, ::-1][:, :count].T @ centred
