"""What a group of jumps looks like in numbers: the physics of the flight, the feet, the wrists and the rope.

No feature changes when a network swaps left and right.  Amplitudes are taken at the rate of the jumps, at half of it
(once a stride) and at twice, by Morlet wavelets; lengths are in body heights.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from counting.peaks import Jumps, concentration
from counting.rhythm import GRAVITY, wavelets
from counting.signal import RATE, BodySignal
from counting.smoothing import Array, smooth
from counting.style import Limbs

OFF_BEAT = (0.7, 1.4, 1.65)
"""Rates in units of the jumps' at which a wrist that turns a rope does not beat: its noise."""

LEAST = 1e-4
"""Amplitude in body heights that is added before a logarithm: a tenth of what keypoints are precise to."""

FLIGHT = (
    "turns", "log_rate", "log_number", "fall", "trunk_share", "feet_share", "stride_share", "log_gap", "image_share",
    "irregular", "travel", "leg_score", "log_pixels",
)  # fmt: skip
"""Features that tell a flight from noise and from exercises on the floor."""

ROPE = (
    "turns", "log_rate", "fall", "log_gap", "travel", "wrist_beat", "wrist_snr", "wrist_stride", "wrist_double",
    "wrist_height", "wrist_height_off", "wrist_out", "forearm", "wander", "hands_seen", "ring_snr", "ring_level",
)  # fmt: skip
"""Features that tell whether a rope is turned."""


@dataclass(frozen=True)
class Moving:
    """A person's signals: ``body``, ``limbs`` and ``energy`` (G,) of the picture above the head, in grey levels;
    ``leg_score`` median score of knees and ankles."""

    body: BodySignal
    limbs: Limbs
    energy: Array
    leg_score: float


def features(moving: Moving, jumps: Jumps) -> dict[str, float]:
    """Every feature of a group of jumps, NaN where nothing can be told."""
    body = moving.body
    when = (body.times >= jumps.times[0] - jumps.period) & (body.times <= jumps.times[-1] + jumps.period)
    rate = 1 / jumps.period
    return _flight(body, when, rate, jumps) | {"leg_score": moving.leg_score} | _rope(moving, when, rate)


def amplitude(values: Array, rate: float) -> float:
    """Median amplitude of a signal at a rate in Hz; NaN where it is not known."""
    known = np.isfinite(values)
    if known.sum() < 4:
        return float("nan")
    wave = wavelets(np.where(known, values - values[known].mean(), 0), np.array([rate]), every=1)[0]
    return float(np.median(np.abs(wave)))


def _flight(body: BodySignal, when: np.ndarray, rate: float, jumps: Jumps) -> dict[str, float]:
    trunk, apart, gap, lower = (v[when] for v in (body.trunk, body.apart, body.gap, body.lower))
    image, once, stride = body.image[:, when], np.array([rate]), np.array([rate / 2])
    seen = np.isfinite(image).any()
    gaps = np.diff(jumps.times) / jumps.period
    drift = smooth(body.x[when], 0.5 * RATE)
    return {
        "turns": float(jumps.turns),
        "log_rate": float(np.log(rate)),
        "log_number": float(np.log(len(jumps.times))),
        "fall": float(np.log((amplitude(trunk, rate) + LEAST) * (2 * np.pi * rate) ** 2 / GRAVITY)),
        "trunk_share": concentration(trunk[None], once),
        "feet_share": concentration(np.stack([lower, gap]), once),
        "stride_share": concentration(apart[None], stride),
        "log_gap": float(np.log(np.mean(gap) + LEAST)),
        "image_share": concentration(image, once) + concentration(image, stride) if seen else float("nan"),
        "irregular": float(np.std(gaps)) if len(gaps) > 1 else float("nan"),
        "travel": float(np.nanmedian(np.abs(np.gradient(drift)))) * RATE if np.isfinite(drift).any() else float("nan"),
        "log_pixels": float(np.log(np.median(body.size[when]))),
    }


def _rope(moving: Moving, when: np.ndarray, rate: float) -> dict[str, float]:
    limbs = moving.limbs
    places = [v[when] for v in (limbs.hands, limbs.hands_apart, limbs.spread / 2, limbs.hands_x)]

    def beat(times: float) -> float:
        return float(np.sqrt(np.nansum([amplitude(v, times * rate) ** 2 for v in places])))

    height, energy = limbs.hands[when] - limbs.hips[when], np.log(moving.energy[when] + 0.05)
    seen = float(np.isfinite(height).mean())
    once, noise = beat(1), float(np.mean([beat(k) for k in OFF_BEAT]))
    ring = [amplitude(energy, k * rate) for k in (1, 2)]
    off = float(np.mean([amplitude(energy, k * rate) for k in OFF_BEAT]))
    middle = float(np.nanmedian(height)) if seen else float("nan")
    out = {
        "wrist_beat": float(np.log(once + LEAST)),
        "wrist_snr": float(np.log((max(once, beat(2)) + LEAST) / (noise + LEAST))),
        "wrist_stride": float(np.log((beat(0.5) + LEAST) / (once + LEAST))),
        "wrist_double": float(np.log((beat(2) + LEAST) / (once + LEAST))),
        "wrist_height": middle,
        "wrist_height_off": abs(middle - 0.05),
        "wrist_out": float(np.nanmedian(limbs.hands_out[when])) if seen else float("nan"),
        "forearm": float(np.nanmedian(limbs.forearm[when])) if seen else float("nan"),
        "wander": float(np.log(np.nanstd(smooth(limbs.hands[when], 0.25 * RATE)) + LEAST)) if seen else float("nan"),
    }
    if seen < 0.3:
        out = dict.fromkeys(out, float("nan"))
    shown = bool(np.isfinite(energy).any() and moving.energy[when].any())
    return out | {
        "hands_seen": seen,
        "ring_snr": float(np.log((max(ring) + 0.02) / (off + 0.02))) if shown else float("nan"),
        "ring_level": float(np.log(np.nanmean(moving.energy[when]) + 0.02)) if shown else float("nan"),
    }
