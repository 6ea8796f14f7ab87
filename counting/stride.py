"""The motion of feet that take turns, also where the network mixes them up."""

from __future__ import annotations

import numpy as np

from counting.rhythm import Segment
from counting.signal import BodySignal
from counting.smoothing import Array
from counting.spectrum import concentration, wavelets

MIXED_UP = 0.5
"""Feet whose difference has less than this share of its power at the rate of the strides are mixed up."""

TUNES = 2 ** np.linspace(-0.3, 0.3, 7)
"""The rate of a segment is known to a part of an octave; the picture tells it exactly."""


def stride(body: BodySignal, segment: Segment) -> Array:
    """The motion (G,) of feet in turns, a top or bottom per step: half of their difference, or where the network mixes
    them up, the component of the person's picture that swings once a stride, as large as the feet are apart.

    They are mixed up where less than half of the difference's power is at the rate of the strides.
    """
    part, rate = slice(segment.start, segment.stop), float(np.median(segment.rate)) / 2
    if _tuned(body.antiphase[part], rate) >= MIXED_UP or not np.isfinite(body.image[:, part]).any():
        return body.antiphase
    waves = (image_swing(body.image, part, rate * tune) for tune in TUNES)
    wave = max(waves, key=lambda wave: float(np.var(np.real(wave[part]))))
    size = np.abs(wave)
    line = np.where(
        size > np.median(size[part]) / 2, np.real(wave), 0
    )  # a wavelet has half its size where a motion ends
    axis = np.linalg.lstsq(np.nan_to_num(body.image[:, part]).T, line[part], rcond=None)[0]
    seen = axis @ np.nan_to_num(body.image[:, part])
    if _tuned(seen, rate) < MIXED_UP:
        return body.antiphase
    return line / max(float(np.median(size[part])), 1e-9) * float(np.sqrt(2 * np.mean(body.gap[part] ** 2)))


def _tuned(values: Array, rate: float) -> float:
    """Largest share of a signal's power at one rate near ``rate``."""
    return max(concentration(values[None], np.array([rate * tune])) for tune in TUNES)


def image_swing(image: Array, part: slice, rate: float) -> np.ndarray:
    """(G,) complex: the largest component, within ``part``, of what a picture's components (C, G) do at one rate."""
    waves = np.stack([wavelets(component, np.array([rate]), every=1)[0] for component in image])
    _, axes = np.linalg.eigh(np.cov(np.real(waves[:, part])))
    return axes[:, -1] @ waves
