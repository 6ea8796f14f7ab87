"""What the person's picture says about jumps that joints have shown, and about motion that is too slow for gravity."""

from __future__ import annotations

import numpy as np

from counting.peaks import TUNES, Jumps, image_swing
from counting.rhythm import DOMINANT, GRAVITY, IN_PHASE, image_share, in_phase
from counting.signal import BodySignal
from counting.spectrum import EVERY, RATE, RATES, wavelets

APART = 0.1
"""Share by which the numbers of joints and picture may differ; and always by one and a half."""

SLOWEST = (0.35, 1.9)
"""Rates in Hz at which slowed-down jumps are looked for."""

RISE = 0.015
"""Amplitude in body heights with which trunk and feet rise in common in slow motion: more than heels that are raised."""

LONG = 4.0
"""Periods that slow motion lasts before anything is said of it."""


def agrees(body: BodySignal, jumps: Jumps) -> bool:
    """Whether the picture swings as often as the joints say; True where it tells nothing."""
    part = slice(*np.searchsorted(body.times, [jumps.times[0], jumps.times[-1]]))
    image = body.image[:, part]
    if len(jumps.times) < 4 or not np.isfinite(image).all():
        return True
    rate = 1 / jumps.period / (2 if jumps.turns else 1)
    waves = [image_swing(body.image, part, rate * tune)[part] for tune in TUNES]
    wave = max(waves, key=lambda wave: float(np.mean(np.abs(wave) ** 2)))
    cycles = abs(float(np.unwrap(np.angle(wave))[-1] - np.angle(wave[0]))) / (2 * np.pi)
    number = cycles * (2 if jumps.turns else 1) + 1
    return abs(number - len(jumps.times)) <= max(1.5, APART * len(jumps.times))


def looks_slow(body: BodySignal) -> bool:
    """Whether trunk and feet rise and fall in common, regularly, and far too slowly for gravity."""
    if len(body.times) < RATE:
        return False
    trunk, lower = wavelets(body.trunk), wavelets(body.lower)
    common = in_phase(trunk, lower)
    fall = common * (2 * np.pi * RATES[:, None]) ** 2 / GRAVITY
    there = (common > RISE) & (common > IN_PHASE * np.abs(trunk)) & (fall < 0.5) & (image_share(body.image) > DOMINANT)
    there &= ((SLOWEST[0] < RATES) & (SLOWEST[1] > RATES))[:, None]
    seconds = there.sum(axis=1) * EVERY / RATE
    return bool((seconds * RATES > LONG).any())
