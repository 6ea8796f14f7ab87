"""Segments of jumping: when, at which rate, and with the feet together or alternating.

A bank of Morlet wavelets (Torrence and Compo, BAMS 1998) measures the motion at every jump rate over about three jumps,
so the window adapts to the tempo.  Two kinds of motion are evidence of jumping:

* common: trunk and both feet rise and fall in phase, or trunk and one foot (hops on one leg).  Their in-phase amplitude
  times the squared angular rate is the acceleration of the body, which reaches free fall in a jump.  Squats move the
  trunk alone, and slowly; a bouncing upper body leaves the feet still.
* alternating: the feet move in antiphase at half the step rate, and the trunk does not move at that rate: it rises in
  every step.  A single swinging leg has no antiphase partner.  Fast steps are steps in the air; slow ones (walking,
  marching) count only if the trunk reaches free fall as well.

The Viterbi path (1967) through rate and kind over time gives the segments.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from counting.settings import GRAVITY, CountSettings
from counting.signal import BodySignal
from counting.smoothing import Array, smooth
from counting.spectrum import EVERY, RATE, RATES, wavelets

COMMON = (1.0, 4.6)
ALTERNATING = (2.2, 9.2)
"""Range in Hz of jumps (common motion) and of steps (alternating feet)."""

FAINT = 0.3
"""Amplitude in grey levels below which the image signal is noise."""

UNSEEN = 0.4
"""Factor on the evidence of a rate that is absent from the image signal: a shaking camera may hide it there."""

DOMINANT = 0.5
"""Power relative to the strongest rate from which a rate is present in the image signal."""


GAP_MEAN = 0.2
"""Seconds over which the distance of the feet is averaged (root mean square): a step or more."""

STEPS_ALONE = 3.4
"""Steps a second above which alternating feet need no free fall of the trunk to be steps in the air."""

STEEPNESS = 6
"""Exponent of the step rate in the evidence of the feet alone: at 3 steps a second it is still a half."""

BOUNCE = 4
"""Ratio of the feet's swing to the trunk's amplitude above which a motion is walking."""

FLIGHT_EVIDENCE = 2
"""Largest evidence from the trunk's acceleration alone, without the feet."""

EVIDENCE = (0.05, 8.0)
"""Range to which evidence is clipped before the logarithm, so that no single sample decides the path."""

CHANGE = 4.0
"""Cost of starting and of ending a segment, in log evidence summed over samples of 1/15 s: evidence e for 0.27 s."""

DRIFT = 0.6
"""Cost of a change of the rate by a tenth of an octave."""

SWITCH = 1.5
"""Cost of a change of the kind, in units of ``CHANGE``: less than ending and starting."""


@dataclass(frozen=True)
class Segment:
    """An interval with one kind of jumping.

    ``start`` and ``stop`` in samples; ``alternating``: alternating feet; per sample ``rate`` in Hz (jumps or steps) and
    ``size``, the amplitude in body heights.
    """

    start: int
    stop: int
    alternating: bool
    rate: Array
    size: Array


def find_segments(body: BodySignal, settings: CountSettings) -> list[Segment]:
    """The segments of jumping in temporal order."""
    if len(body.times) < RATE / 4:
        return []
    evidence, sizes = measure(body, settings)
    path = best_path(np.log(np.clip(evidence, *EVIDENCE)))
    return _continued(_segments(path, sizes, len(body.times)), body, settings.foot_lift)


def states() -> tuple[np.ndarray, Array]:
    """Bool (S,) alternating and (S,) jump rate in Hz of every state of the path."""
    together = RATES[(COMMON[0] <= RATES) & (COMMON[1] >= RATES)]
    alternating = 2 * RATES[(ALTERNATING[0] <= 2 * RATES) & (ALTERNATING[1] >= 2 * RATES)]
    return np.repeat([False, True], [len(together), len(alternating)]), np.concatenate([together, alternating])


def measure(body: BodySignal, settings: CountSettings) -> tuple[Array, Array]:
    """Evidence (S, N), with 1 as the threshold, and amplitude (S, N) in body heights of every state over time."""
    trunk, common, left, right = (wavelets(v) for v in (body.trunk, body.common, body.left, body.right))
    cross, antiphase = np.sqrt(np.clip(-np.real(left * right.conj()), 0, None)), np.abs(left - right) / 2
    gap = np.sqrt(2 * smooth(body.gap**2, GAP_MEAN * RATE)[::EVERY])
    fall = (2 * np.pi * RATES[:, None]) ** 2 / GRAVITY
    shown = image_power_ratio(body.image)
    evidence, sizes = list[Array](), list[Array]()
    for alternates, rate in zip(*states(), strict=True):
        i = int(np.abs(RATES - rate).argmin())
        half = int(np.abs(RATES - rate / 2).argmin())
        seen = shown[i]
        if alternates:
            seen = np.maximum(shown[i], shown[half])
            sure = antiphase[half] * power_ratio(cross[half], antiphase[half] - cross[half])
            quarter = int(np.abs(RATES - rate / 4).argmin())
            swapped = np.where(seen > DOMINANT, gap * power_ratio(antiphase[half], antiphase[quarter]), 0)
            size = np.maximum(sure, swapped)
            alone = (rate / STEPS_ALONE) ** STEEPNESS
            airborne = np.maximum(np.abs(trunk[i]) * fall[i] / settings.free_fall, alone)
            level = np.minimum(size / least_lift(settings.foot_lift, rate, body.reliable), airborne)
            level = level * power_ratio(np.maximum(cross[half], swapped), trunk[half])
        else:
            of_all = in_phase_amplitude(trunk[i], common[i]), power_ratio(common[i], cross[i])
            of_one = [
                (in_phase_amplitude(trunk[i], foot), power_ratio(trunk[i], foot - trunk[i]))
                for foot in (left[i], right[i])
            ]
            size, share = _best([of_all, *of_one])
            level = np.minimum(size * fall[i] / settings.free_fall, size / settings.noise_floor) * share
            flight = np.abs(trunk[i]) * fall[i]
            airborne = np.where(flight > 1, np.minimum(flight**2, FLIGHT_EVIDENCE), 0)
            level = np.maximum(level, airborne * power_ratio(trunk[i], cross[half]))
            size = np.maximum(size, np.where(flight > 1, np.abs(trunk[i]), 0))
            level = level * _slow_steps(cross[half], np.abs(trunk[i]), rate)
        evidence.append(level * np.clip(2 * seen, UNSEEN, 1))
        sizes.append(size)
    return np.array(evidence), np.array(sizes)


def image_power_ratio(image: Array) -> Array:
    """Power (R, N) of the image signal at every rate, relative to the strongest rate at each time; 1 where unknown."""
    if not np.isfinite(image).any():
        return np.ones((len(RATES), -(-image.shape[1] // EVERY)))
    power = np.sum([np.abs(wavelets(component)) ** 2 for component in image], axis=0)
    return (power + FAINT**2) / (power.max(axis=0) + FAINT**2)


def least_lift(foot_lift: float, rate: float, reliable: bool) -> float:
    """Least amplitude of alternating feet at ``rate`` steps a second: above ``STEPS_ALONE`` it falls with 1 / rate.

    Where the legs are not ``reliable`` it stays at ``foot_lift``, since less cannot be separated from noise.
    """
    return foot_lift * min(1.0, STEPS_ALONE / rate) if reliable else foot_lift


def in_phase_amplitude(one: np.ndarray, other: np.ndarray) -> Array:
    """Amplitude that two motions share: their in-phase part relative to the larger, never above the smaller."""
    return np.clip(np.real(one * other.conj()), 0, None) / np.maximum(np.maximum(np.abs(one), np.abs(other)), 1e-9)


def _best(pairs: list[tuple[Array, Array]]) -> tuple[Array, Array]:
    """Of pairs of size (N,) and share (N,), the one with the largest product at each time."""
    sizes, shares = (np.stack(column) for column in zip(*pairs, strict=True))
    best = (sizes * shares).argmax(axis=0)[None]
    return np.take_along_axis(sizes, best, 0)[0], np.take_along_axis(shares, best, 0)[0]


def power_ratio(wanted: np.ndarray, other: np.ndarray) -> Array:
    """Share in [0, 1] of the squared power of two motions that belongs to the wanted one."""
    a, b = np.abs(wanted) ** 2, np.abs(other) ** 2
    return a * a / np.maximum(a * a + b * b, 1e-20)


def _slow_steps(antiphase: Array, trunk: Array, rate: float) -> Array:
    """Factor in [0, 1] against walking: the feet swing in antiphase at half the rate far more than the trunk moves."""
    if rate >= STEPS_ALONE:
        return np.ones_like(antiphase)
    return np.clip(BOUNCE * trunk / np.maximum(antiphase, 1e-9), 0, 1) ** 2


def best_path(scores: Array, change: float = CHANGE, drift: float = DRIFT) -> np.ndarray:
    """Viterbi path (N,): the state over time, -1 for none; ``scores`` (S, N) are log evidence.

    ``change``: cost of starting or ending a segment; ``drift``: cost of a rate change by one state.
    """
    count, length = (int(n) for n in scores.shape)
    alternating, _ = states()
    blocked = np.flatnonzero(np.diff(alternating.astype(int)))  # no drift from one kind to the other
    cost, rest = np.full(count, -change), 0.0
    back = np.zeros((length, count), np.int16)
    rest_back = np.zeros(length, np.int16)
    here = np.arange(count)
    for n in range(length):
        best = int(cost.argmax())
        rest_back[n], new_rest = (best, cost[best] - change) if cost[best] - change > rest else (-1, rest)
        up, down = np.append(cost[1:], -np.inf) - drift, np.insert(cost[:-1], 0, -np.inf) - drift
        up[blocked], down[blocked + 1] = -np.inf, -np.inf
        ways = np.stack([cost, up, down, np.full(count, rest - change), np.full(count, cost[best] - SWITCH * change)])
        pick = ways.argmax(0)
        back[n] = np.choose(pick, [here, here + 1, here - 1, np.full(count, -1), np.full(count, best)])
        cost, rest = ways[pick, here] + scores[:, n], new_rest
    return _trace(cost, rest, back, rest_back)


def _trace(cost: Array, rest: float, back: np.ndarray, rest_back: np.ndarray) -> np.ndarray:
    state = int(cost.argmax()) if cost.max() > rest else -1
    path = np.full(len(back), -1)
    for n in range(len(back) - 1, -1, -1):
        path[n] = state
        state = int(back[n, state]) if state >= 0 else int(rest_back[n])
    return path


def _segments(path: np.ndarray, sizes: Array, length: int) -> list[Segment]:
    """Runs of one kind on the path, with rate and amplitude at every sample of the grid."""
    alternating, rates = states()
    kind = np.where(path < 0, -1, alternating[path].astype(int))
    edges = np.flatnonzero(np.diff(kind)) + 1
    found: list[Segment] = []
    for a, b in pairwise([0, *edges.tolist(), len(path)]):
        if kind[a] < 0:
            continue
        start, stop = a * EVERY, min(b * EVERY, length)
        samples, knots = np.arange(start, stop), np.arange(a, b) * EVERY
        rate = np.interp(samples, knots, rates[path[a:b]])
        size = np.interp(samples, knots, sizes[path[a:b], np.arange(a, b)])
        found.append(Segment(start, stop, bool(kind[a]), rate, size))
    return found


def _continued(found: list[Segment], body: BodySignal, foot_lift: float) -> list[Segment]:
    """Alternating segments extended for as long as the feet move at their rate, and joined across short gaps.

    One foot is enough for the extension, since the network may place both ankles on one foot.  Gaps shorter than a
    stride are closed.
    """
    grown: list[Segment] = []
    if not any(segment.alternating for segment in found):
        return found
    antiphase, seen = np.abs(wavelets(body.antiphase)), image_power_ratio(body.image) > DOMINANT
    gap = np.sqrt(2 * smooth(body.gap**2, GAP_MEAN * RATE)[::EVERY])
    swing = np.maximum(antiphase, np.where(seen & np.isfinite(body.image[0, ::EVERY]), gap, 0))
    for i, segment in enumerate(found):
        start = grown[-1].stop if grown else 0
        high = found[i + 1].start if i + 1 < len(found) else len(body.times)
        lift = least_lift(foot_lift, float(np.median(segment.rate)), body.reliable)
        longer = _longer(segment, start, high, swing, lift) if segment.alternating else segment
        before = grown[-1] if grown else None
        if (
            before
            and before.alternating
            and longer.alternating
            and longer.start - before.stop < 2 * RATE / longer.rate[0]
        ):
            hole = (0, longer.start - before.stop)
            rate = np.append(np.pad(before.rate, hole, mode="edge"), longer.rate)
            size = np.append(np.pad(before.size, hole, mode="edge"), longer.size)
            grown[-1] = Segment(before.start, longer.stop, True, rate, size)
        else:
            grown.append(longer)
    return grown


def _longer(segment: Segment, low: int, high: int, swing: Array, lift: float) -> Segment:
    """An alternating segment extended in samples [low, high) while ``swing`` (R, N) at its rate exceeds ``lift``."""
    sides: list[Array] = []
    for samples, rate in ((np.arange(segment.start - 1, low - 1, -1), segment.rate[0]),
                          (np.arange(segment.stop, high), segment.rate[-1])):  # fmt: skip
        size = swing[int(np.abs(np.log(2 * RATES / rate)).argmin()), samples // EVERY]
        lifted = np.append(size > lift, False)
        sides.append(size[: int(np.argmin(lifted))])
    first, last = sides
    rate = np.pad(segment.rate, (len(first), len(last)), mode="edge")
    size = np.concatenate([first[::-1], segment.size, last])
    return Segment(segment.start - len(first), segment.stop + len(last), True, rate, size)
