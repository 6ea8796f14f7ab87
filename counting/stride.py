"""The signal of alternating feet, also where the network swaps left and right."""

from __future__ import annotations

import numpy as np

from counting.rhythm import Segment
from counting.signal import BodySignal
from counting.smoothing import Array
from counting.spectrum import concentration, wavelets

MIXED_UP = 0.5
"""Share of the antiphase power at the stride rate below which left and right foot are swapped too often to be used."""

RATE_FACTORS = 2 ** np.linspace(-0.3, 0.3, 7)
"""Factors on the rate of a segment, which is known to a part of an octave, among which the strongest is taken."""


def stride(body: BodySignal, segment: Segment) -> Array:
    """The alternating motion (G,), with a top or bottom per step: the feet's antiphase motion, or the image signal.

    The image signal's component at the stride rate, scaled to the feet's distance, is used where less than
    ``MIXED_UP`` of the antiphase power is at the stride rate: there the network swaps left and right.
    """
    part, rate = slice(segment.start, segment.stop), float(np.median(segment.rate)) / 2
    if _peak_concentration(body.antiphase[part], rate) >= MIXED_UP or not np.isfinite(body.image[:, part]).any():
        return body.antiphase
    waves = (image_swing(body.image, part, rate * factor) for factor in RATE_FACTORS)
    wave = max(waves, key=lambda wave: float(np.var(np.real(wave[part]))))
    size = np.abs(wave)
    line = np.where(size > np.median(size[part]) / 2, np.real(wave), 0)  # half its size is where a motion ends
    axis = np.linalg.lstsq(np.nan_to_num(body.image[:, part]).T, line[part], rcond=None)[0]
    seen = axis @ np.nan_to_num(body.image[:, part])
    if _peak_concentration(seen, rate) < MIXED_UP:
        return body.antiphase
    return line / max(float(np.median(size[part])), 1e-9) * float(np.sqrt(2 * np.mean(body.gap[part] ** 2)))


def _peak_concentration(values: Array, rate: float) -> float:
    """Largest share of a signal's power at one rate near ``rate``."""
    return max(concentration(values[None], np.array([rate * factor])) for factor in RATE_FACTORS)


def image_swing(image: Array, part: slice, rate: float) -> np.ndarray:
    """First principal component (G,), complex, of an image signal (C, G) at one rate; fitted within ``part``."""
    waves = np.stack([wavelets(component, np.array([rate]), every=1)[0] for component in image])
    _, axes = np.linalg.eigh(np.cov(np.real(waves[:, part])))
    return axes[:, -1] @ waves
