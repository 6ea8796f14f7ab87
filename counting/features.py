"""Features of a jump group: flight, feet, wrists and rope.

No feature changes when the pose network swaps left and right.  Amplitudes are measured by Morlet wavelets at the jump
rate, at half of it (the stride rate) and at twice the rate; lengths are in body heights.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from counting.peaks import Jumps
from counting.settings import GRAVITY
from counting.signal import BodySignal
from counting.smoothing import Array, smooth
from counting.spectrum import RATE, amplitude, concentration, locked_power
from counting.style import Limbs, around

RATIO_NOISE = (0.1, 0.01)
"""Added to power ratios before the logarithm: to jump over noise, and to stride over jump."""

HANDS_SEEN = 0.3
"""Share of the time in which the hands must be seen for their features to be known."""

FEWEST_JUMPS = 4
"""Fewest jumps whose phase-locked power can be measured in the wrists or above the head."""

OVERHEAD_NOISE = 0.05
"""Grey levels added before the logarithm: noise floor of the motion energy above the head."""

HARMONICS = np.array([0.5, 1, 1.5, 2])
"""Rates per jump of periodic limbs and rope: the stride rate and its second (the jump rate) to fourth harmonic."""

NOISE_RATES = np.arange(0.55, 2.9, 0.05)
"""Rates per jump at which noise is measured, except near ``HARMONICS``."""

LOBE = (0.1, 0.2)
"""Least and largest half width of a spectral peak in rates per jump; between them it is 2 / number of jumps."""

DRIFT_MEAN = 0.5
"""Seconds over which the position of the trunk is averaged before its speed is computed."""

HIGH = 0.9
"""Quantile of the hands' height that stands for how high they go."""

LEAST = 1e-4
"""Amplitude in body heights added before a logarithm: a tenth of the keypoints' precision."""

FLIGHT = {
    "alternating": 0, "fall": 1, "rhythm_power_ratio": 1, "feet_power_ratio": 1, "irregular": -1, "leg_score": 1,
    "log_pixels": 1,
}  # fmt: skip
"""Features that separate flight from noise and floor exercises, with the sign that each weight may have (0: either)."""

ROPE = {
    "alternating": 0, "log_rate": 1, "wrist_snr": 1, "wrist_stride": -1, "hands_high": -1, "knee_lift": -1,
    "travel": -1, "overhead_once": 1, "overhead_stride": -1,
}  # fmt: skip
"""Features that show whether a rope is turned, with the sign that each weight may have (0: either)."""


@dataclass(frozen=True)
class PersonSignals:
    """All signals of a person.

    ``body`` and ``limbs`` over the grid; motion ``energy`` (T,) above the head in grey levels at the ``times`` (T,) of
    the frames; ``leg_score``: median score of knees and ankles.
    """

    body: BodySignal
    limbs: Limbs
    times: Array
    energy: Array
    leg_score: float


def features(signals: PersonSignals, jumps: Jumps) -> dict[str, float]:
    """Every feature of a jump group, NaN where unknown."""
    body = signals.body
    when, rate = around(body.times, jumps), 1 / jumps.period
    return (
        _flight(body, when, rate, jumps)
        | {"leg_score": signals.leg_score}
        | _rope(signals, jumps, when)
        | _overhead(signals, jumps)
    )


def _flight(body: BodySignal, when: np.ndarray, rate: float, jumps: Jumps) -> dict[str, float]:
    trunk, antiphase, gap, lower = (v[when] for v in (body.trunk, body.antiphase, body.gap, body.lower))
    image, once, stride, double = body.image[:, when], np.array([rate]), np.array([rate / 2]), np.array([2 * rate])
    seen = np.isfinite(image).any()
    shown = concentration(image, once) + concentration(image, stride) if seen else float("nan")
    level = concentration(trunk[None], once) + concentration(trunk[None], double)
    gaps = np.diff(jumps.times) / jumps.period
    drift = smooth(body.x[when], DRIFT_MEAN * RATE)
    return {
        "alternating": float(jumps.alternating),
        "log_rate": float(np.log(rate)),
        "fall": max(_fall(trunk, rate), _fall(trunk, 2 * rate)),
        "rhythm_power_ratio": np.fmax(concentration(antiphase[None], stride), shown) if jumps.alternating else level,
        "feet_power_ratio": concentration(np.stack([lower, gap]), once) + concentration(np.stack([lower, gap]), double),
        "irregular": float(np.std(gaps)) if len(gaps) > 1 else float("nan"),
        "travel": float(np.nanmedian(np.abs(np.gradient(drift)))) * RATE if np.isfinite(drift).any() else float("nan"),
        "log_pixels": float(np.log(np.median(body.size[when]))),
    }


def _fall(trunk: Array, rate: float) -> float:
    """Logarithm of the trunk's acceleration at a rate, relative to free fall."""
    return float(np.log((amplitude(trunk, rate) + LEAST) * (2 * np.pi * rate) ** 2 / GRAVITY))


def _rope(signals: PersonSignals, jumps: Jumps, when: np.ndarray) -> dict[str, float]:
    limbs, times = signals.limbs, signals.body.times
    places = np.nan_to_num(np.stack([limbs.hands, limbs.hands_antiphase, limbs.hands_x, limbs.spread / 2]))
    _, once, double, noise = _phase_locked(jumps.times, times, places)
    # Without the spread: arms that cross in every second jump change it at the stride rate.
    stride, *_ = _phase_locked(jumps.times, times, places[:3])
    out = {
        "wrist_snr": float(np.log10(max(once, double) / noise + RATIO_NOISE[0])),
        "wrist_stride": float(np.log10(stride / (once + noise) + RATIO_NOISE[1])),
    }
    if len(jumps.times) < FEWEST_JUMPS:
        out = dict.fromkeys(out, float("nan"))
    hands, knees = limbs.hands[when], limbs.knees[when]
    if np.isfinite(hands).mean() >= HANDS_SEEN:
        out |= {"hands_high": float(np.nanquantile(hands, HIGH)), "hands_seen": 1.0}
    else:
        out = dict.fromkeys((*out, "hands_high", "hands_seen"), float("nan"))
    lift = float(np.nanmean(knees)) + LEAST if np.isfinite(knees).any() else 0.0
    return out | {"knee_lift": float(np.log(lift)) if lift > 0 else float("nan")}


def _overhead(signals: PersonSignals, jumps: Jumps) -> dict[str, float]:
    """Power of the motion energy above the head at the jump rate (or twice it) and the stride rate, against noise."""
    when = (signals.times >= jumps.times[0]) & (signals.times <= jumps.times[-1])
    if len(jumps.times) < FEWEST_JUMPS or not signals.energy[when].any():
        return {"overhead_once": float("nan"), "overhead_stride": float("nan")}
    line = np.log(signals.energy + OVERHEAD_NOISE)[None]
    stride, once, double, noise = _phase_locked(jumps.times, signals.times, line)
    return {
        "overhead_once": float(np.log10(max(once, double) / noise + RATIO_NOISE[0])),
        "overhead_stride": float(np.log10(stride / (once + noise) + RATIO_NOISE[1])),
    }


def _phase_locked(jumps: Array, times: Array, signals: Array) -> tuple[float, float, float, float]:
    """Phase-locked power of signals (C, T) at half the jump rate, at it, at twice it, and the median of the noise."""
    near = np.clip(2 / len(jumps), *LOBE) - 0.01
    between = NOISE_RATES[np.abs(NOISE_RATES[:, None] - HARMONICS).min(axis=1) > near]
    power = locked_power(jumps, times, signals, np.append(HARMONICS, between))
    return float(power[0]), float(power[1]), float(power[3]), float(np.median(power[4:])) + 1e-9
