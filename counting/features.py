"""What a group of jumps looks like in numbers: the physics of the flight, the feet, the wrists and the rope.

No feature changes when a network swaps left and right.  Amplitudes are taken at the rate of the jumps, at half of it
(once a stride) and at twice, by Morlet wavelets; lengths are in body heights.
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
"""Added to ratios of powers before the logarithm: to that of the jumps and the noise, to that of stride and jump."""

HANDS_SEEN = 0.3
"""Share of the time in which hands must be seen to tell anything."""

FEWEST_BEATS = 4
"""Fewest jumps whose phase can be found again in wrists or above the head."""

RING_NOISE = 0.05
"""Grey levels that are added before the logarithm: less change above the head than that is nothing."""

BEATS = np.array([0.5, 1, 1.5, 2])
"""Rates per jump at which limbs and rope beat: once a stride, once and twice a jump, and what a stride adds."""

BETWEEN = np.arange(0.55, 2.9, 0.05)
"""Rates per jump among which the noise is measured, as far as they keep away from the beats."""

LOBE = (0.1, 0.2)
"""Least and largest half width of a beat's peak in rates per jump; two over the number of jumps between them."""

DRIFT_MEAN = 0.5
"""Seconds over which the place of the trunk is averaged before its speed is taken."""

HIGH = 0.9
"""Quantile of the height of the hands that tells how high they go."""

LEAST = 1e-4
"""Amplitude in body heights that is added before a logarithm: a tenth of what keypoints are precise to."""

FLIGHT = {
    "alternating": 0, "fall": 1, "rhythm_power_ratio": 1, "feet_power_ratio": 1, "irregular": -1, "leg_score": 1,
    "log_pixels": 1,
}  # fmt: skip
"""Features that tell a flight from noise and from exercises on the floor, and which way each may speak."""

ROPE = {
    "alternating": 0, "log_rate": 1, "wrist_snr": 1, "wrist_stride": -1, "hands_high": -1, "knee_lift": -1,
    "travel": -1, "ring_once": 1, "ring_stride": -1,
}  # fmt: skip
"""Features that tell whether a rope is turned, and which way each may speak."""


@dataclass(frozen=True)
class PersonSignals:
    """A person's signals: ``body``, ``limbs``, and at the ``times`` (T,) of the frames the motion ``energy`` (T,) above
    the head in grey levels; ``leg_score`` median score of knees and ankles.
    """

    body: BodySignal
    limbs: Limbs
    times: Array
    energy: Array
    leg_score: float


def features(signals: PersonSignals, jumps: Jumps) -> dict[str, float]:
    """Every feature of a group of jumps, NaN where nothing can be told."""
    body = signals.body
    when, rate = around(body.times, jumps), 1 / jumps.period
    return (
        _flight(body, when, rate, jumps)
        | {"leg_score": signals.leg_score}
        | _rope(signals, jumps, when)
        | _ring(signals, jumps)
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
    """Logarithm of the trunk's acceleration at a rate in free falls."""
    return float(np.log((amplitude(trunk, rate) + LEAST) * (2 * np.pi * rate) ** 2 / GRAVITY))


def _rope(signals: PersonSignals, jumps: Jumps, when: np.ndarray) -> dict[str, float]:
    limbs, times = signals.limbs, signals.body.times
    places = np.nan_to_num(np.stack([limbs.hands, limbs.hands_antiphase, limbs.hands_x, limbs.spread / 2]))
    _, once, double, noise = _beats(jumps.times, times, places)
    stride, *_ = _beats(jumps.times, times, places[:3])  # arms that cross in every second jump spread once a stride
    out = {
        "wrist_snr": float(np.log10(max(once, double) / noise + RATIO_NOISE[0])),
        "wrist_stride": float(np.log10(stride / (once + noise) + RATIO_NOISE[1])),
    }
    if len(jumps.times) < FEWEST_BEATS:
        out = dict.fromkeys(out, float("nan"))
    out |= {"hands_high": float(np.nanquantile(limbs.hands[when], HIGH)), "hands_seen": 1.0}
    if np.isfinite(limbs.hands[when]).mean() < HANDS_SEEN:
        out = dict.fromkeys(out, float("nan"))
    knees = limbs.knees[when]
    return out | {"knee_lift": float(np.log(np.nanmean(knees) + LEAST)) if np.isfinite(knees).any() else float("nan")}


def _ring(signals: PersonSignals, jumps: Jumps) -> dict[str, float]:
    """Power of the motion energy above the head once (or twice) a jump and once a stride, against other rates."""
    when = (signals.times >= jumps.times[0]) & (signals.times <= jumps.times[-1])
    if len(jumps.times) < FEWEST_BEATS or not signals.energy[when].any():
        return {"ring_once": float("nan"), "ring_stride": float("nan")}
    line = np.log(signals.energy + RING_NOISE)[None]
    stride, once, double, noise = _beats(jumps.times, signals.times, line)
    return {
        "ring_once": float(np.log10(max(once, double) / noise + RATIO_NOISE[0])),
        "ring_stride": float(np.log10(stride / (once + noise) + RATIO_NOISE[1])),
    }


def _beats(jumps: Array, times: Array, signals: Array) -> tuple[float, float, float, float]:
    """Power of signals (C, T) once a stride, once a jump, twice a jump, and the median of what lies between."""
    near = np.clip(2 / len(jumps), *LOBE) - 0.01
    between = BETWEEN[np.abs(BETWEEN[:, None] - BEATS).min(axis=1) > near]
    power = locked_power(jumps, times, signals, np.append(BEATS, between))
    return float(power[0]), float(power[1]), float(power[3]), float(np.median(power[4:])) + 1e-9
