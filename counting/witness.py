"""Whether the person's picture agrees with the jumps that joints have shown."""

from __future__ import annotations

import numpy as np

from counting.peaks import Jumps
from counting.signal import BodySignal
from counting.stride import TUNES, image_swing

TOLERANCE, LEAST_TOLERANCE = 0.1, 1.5
"""Share, and number of jumps, by which joints and picture may differ."""


def agrees(body: BodySignal, jumps: Jumps) -> bool:
    """Whether the picture swings as often as the joints say; True where it tells nothing."""
    part = slice(*np.searchsorted(body.times, [jumps.times[0], jumps.times[-1]]))
    image = body.image[:, part]
    if len(jumps.times) < 4 or not np.isfinite(image).all():
        return True
    rate = 1 / jumps.period / (2 if jumps.alternating else 1)
    waves = [image_swing(body.image, part, rate * tune)[part] for tune in TUNES]
    wave = max(waves, key=lambda wave: float(np.mean(np.abs(wave) ** 2)))
    cycles = abs(float(np.unwrap(np.angle(wave))[-1] - np.angle(wave[0]))) / (2 * np.pi)
    number = cycles * (2 if jumps.alternating else 1) + 1
    return abs(number - len(jumps.times)) <= max(LEAST_TOLERANCE, TOLERANCE * len(jumps.times))
