"""One event per jump: turning points of the motion, with smoothing and hysteresis that adapt to the tempo."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from counting.rhythm import Segment
from counting.settings import GRAVITY, CountSettings
from counting.signal import BodySignal
from counting.smoothing import Array, smooth
from counting.spectrum import RATE
from counting.stride import stride

FOCUS = 0.12
"""Standard deviation of the smoothing in periods of the motion: it passes the first two harmonics."""

HYSTERESIS = 0.35
"""Hysteresis of a turning point as a share of the local swing."""

LEAD = 2.5
"""Periods before and after a segment in which its first and last jumps are searched."""

WHOLE = {False: 0.42, True: 0.3}
"""Least rise of the first and last jump of a segment as a share of the median rise, for common and alternating motion:
a step from rest has only half of the swing between two steps."""

LOOSE = 1.8
"""Largest distance in periods of the first and last jump of a segment from the next one."""

REBOUND = 0.3
"""A rebound (a bounce between two turns of the rope, feet on the floor) is a top whose rise of the trunk times rise of
the lower foot, each relative to the median of the higher half of the tops, is below this."""

REACH, NEAR = 0.75, 0.25
"""Periods around a top within which the lowest points are searched, and within which the top itself may lie."""

BORDER = 0.5
"""Periods after the last jump of a segment within which a jump of the next segment is the same one."""

TRUNK_SEEN = 0.75
"""Share of the time from the first to the last jump in which the trunk must be seen."""

HOLE = 0.4
"""Periods by which a gap may differ from three and still hide two steps."""

FULL_RISE = 0.7
"""Share of the local swing from which the rise of a jump gives full confidence."""

ALONE = 0.5
"""Timing error in periods that is assumed for a single jump, which has no neighbour."""

SINGLE_FLIGHT, SINGLE_RISE = 0.25, 0.05
"""Least seconds in the air and rise in body heights of a jump that counts without a rhythm; less is a stumble."""

MIN_SPACING = 0.45
"""Smallest distance of two jumps as a share of the period."""

FEWEST = {False: 3, True: 4}
"""Fewest jumps of common motion, and fewest alternating steps, that are a rhythm."""


@dataclass(frozen=True)
class Jumps:
    """Jumps of one segment.

    ``times`` (J,): seconds of the apex; ``swing`` (J,): rise in body heights; ``confidence`` (J,) in [0, 1];
    ``alternating``: alternating feet; ``period``: median seconds between jumps; ``motion`` (M,) from sample ``start``
    on: the signal whose turning points are counted, in body heights.
    """

    times: Array
    swing: Array
    confidence: Array
    alternating: bool
    period: float
    motion: Array
    start: int

    @property
    def heights(self) -> Array:
        """Rise of the body (J,) in body heights; NaN for alternating steps, whose swing is the lift of a foot."""
        return np.full_like(self.swing, np.nan) if self.alternating else self.swing


def find_jumps(body: BodySignal, segments: list[Segment], settings: CountSettings) -> list[Jumps]:
    """The jumps of every segment; a jump near the border of two segments belongs to the earlier one."""
    found: list[Jumps] = []
    for i, segment in enumerate(segments):
        low = segments[i - 1].stop if i else 0
        high = segments[i + 1].start if i + 1 < len(segments) else len(body.times)
        jumps = _jumps(body, segment, low, high, settings)
        if found and len(found[-1].times) and len(jumps.times):
            keep = jumps.times > found[-1].times[-1] + BORDER * jumps.period
            jumps = _pick(jumps, keep)
        if not _seen(body, jumps):
            continue
        if len(jumps.times) >= FEWEST[jumps.alternating] or _leaps(body, jumps):
            found.append(jumps)
    return found


def _seen(body: BodySignal, jumps: Jumps) -> bool:
    """Whether the body is seen nearly all the time from the first to the last jump."""
    if not len(jumps.times):
        return False
    first, last = jumps.times[0] - jumps.period, jumps.times[-1] + jumps.period
    when = (body.times >= first) & (body.times <= last)
    return float(np.isfinite(body.trunk[when]).mean()) >= TRUNK_SEEN


def _pick(jumps: Jumps, keep: np.ndarray) -> Jumps:
    return replace(jumps, times=jumps.times[keep], swing=jumps.swing[keep], confidence=jumps.confidence[keep])


def _jumps(body: BodySignal, segment: Segment, low: int, high: int, settings: CountSettings) -> Jumps:
    """Jumps of one segment and of the ``LEAD`` before and after it, within samples [low, high)."""
    cycle_rate = float(np.median(segment.rate)) / (2 if segment.alternating else 1)
    lead = int(LEAD * RATE / cycle_rate)
    start, stop = max(low, segment.start - lead), min(high, segment.stop + lead)
    motion = stride(body, segment) if segment.alternating else body.rise
    line = smooth(motion[start:stop], FOCUS * RATE / cycle_rate)
    swing = _local_swing(segment, start, stop, cycle_rate)
    swing = swing * np.exp(-((2 * np.pi * FOCUS) ** 2) / 2)  # gain of the smoothing at the cycle rate
    tops, bottoms = turning_points(line, HYSTERESIS * swing)
    at = np.sort(np.append(tops, bottoms)).astype(int) if segment.alternating else tops
    usual = RATE / np.interp(at + start, np.arange(segment.start, segment.stop), segment.rate)
    at = _spaced(line, at, MIN_SPACING * usual, segment.alternating)
    if not segment.alternating:
        at = at[~_rebounds(body, at + start, usual=RATE / cycle_rate)]
    rise = _rises(line, at, np.append(tops, bottoms))
    period = float(np.median(np.diff(at))) / RATE if len(at) > 1 else 1 / float(np.median(segment.rate))
    kept = _without_loose_ends(at / RATE, rise, period, WHOLE[segment.alternating])
    at, rise = at[kept], rise[kept]
    if segment.alternating:
        full = _completed(at, period * RATE)
        rise, at = np.interp(full, at, rise) if len(at) else rise, full
    sure = _confidence(rise, swing[at], at / RATE, period)
    return Jumps(body.times[start + at], rise, sure, segment.alternating, period, motion[start:stop], start)


def _local_swing(segment: Segment, start: int, stop: int, cycle_rate: float) -> Array:
    """Expected distance from bottom to top at samples [start, stop): twice the largest amplitude within a period.

    The largest, since the wavelets halve the amplitude at the ends of a segment.
    """
    reach = int(RATE / cycle_rate)
    size = np.pad(segment.size, (segment.start - start, stop - segment.stop), mode="edge")
    blocks = np.arange(0, len(size), max(reach // 2, 1))
    peak = np.array([size[max(0, b - reach) : b + reach + 1].max() for b in blocks])
    return 2 * np.interp(np.arange(len(size)), blocks, peak)


def turning_points(line: Array, hysteresis: Array) -> tuple[np.ndarray, np.ndarray]:
    """Indices of tops and bottoms of a line (G,), which returns by ``hysteresis`` (G,) on both sides of them.

    A top at the start counts only after a rise within the line; NaN is skipped.
    """
    tops: list[int] = []
    bottoms: list[int] = []
    rising: bool | None = None
    high = low = -1
    for i in map(int, np.flatnonzero(np.isfinite(line))):
        high = i if high < 0 or line[i] > line[high] else high
        low = i if low < 0 or line[i] < line[low] else low
        if rising is not False and line[high] - line[i] > hysteresis[high]:
            if rising:
                tops.append(high)
            rising, low = False, i
        elif rising is not True and line[i] - line[low] > hysteresis[low]:
            if rising is False:
                bottoms.append(low)
            rising, high = True, i
    return np.array(tops, int), np.array(bottoms, int)


def _without_loose_ends(times: Array, rise: Array, period: float, whole: float) -> slice:
    """The events without those at either end that are small or distant, which are noise."""
    if len(times) < 3:
        return slice(0, len(times))
    big = rise >= whole * np.median(rise)
    near = np.diff(times) <= LOOSE * period
    first, last = 0, len(times) - 1
    while first < last and not (big[first] and near[first]):
        first += 1
    while last > first and not (big[last] and near[last - 1]):
        last -= 1
    return slice(first, last + 1)


def _spaced(line: Array, at: np.ndarray, nearest: Array, alternating: bool) -> np.ndarray:
    """The events without those closer than ``nearest`` samples to another, smallest first.

    Of two tops the lower one is removed; of a top and a bottom both are (the feet were swapped for a moment).
    """
    at, nearest = at.copy(), nearest.copy()
    while len(at) > 1:
        close = np.flatnonzero(np.diff(at) < np.minimum(nearest[1:], nearest[:-1]))
        if not len(close):
            break
        size = np.abs(np.diff(line[at]))[close] if alternating else np.minimum(line[at][close], line[at][close + 1])
        i = int(close[size.argmin()])
        gone = [i, i + 1] if alternating else [i if line[at[i]] < line[at[i + 1]] else i + 1]
        at, nearest = np.delete(at, gone), np.delete(nearest, gone)
    return at


def _rebounds(body: BodySignal, at: np.ndarray, usual: float) -> np.ndarray:
    """Whether the tops (J,) at samples of the grid are rebounds; ``usual`` samples between tops."""
    rises = [_rise_around(line, at, usual) for line in (body.trunk, body.lower)]
    score = np.prod([rise / max(_upper_median(rise), 1e-9) for rise in rises], axis=0)
    return score < REBOUND


def _upper_median(values: Array) -> float:
    """Median of the higher half."""
    return float(np.median(values[values >= np.median(values)])) if len(values) else 0.0


def _rise_around(line: Array, at: np.ndarray, usual: float) -> Array:
    """Rise (J,) of a line (G,) at samples ``at``, never negative, 0 where unknown.

    Measured from the lowest points within ``REACH`` periods before and after; the smaller of both.
    """
    reach, near = int(REACH * usual), int(NEAR * usual)
    known = np.nan_to_num(np.pad(line, reach, constant_values=np.nan), nan=np.inf)
    windows = np.lib.stride_tricks.sliding_window_view(known, reach + 1)
    before, after = windows[at].min(axis=1), windows[at + reach].min(axis=1)
    tops = np.lib.stride_tricks.sliding_window_view(np.pad(line, near, constant_values=np.nan), 2 * near + 1)[at]
    top = np.where(np.isfinite(tops), tops, -np.inf).max(axis=1)
    rise = np.minimum(top - before, top - after)
    return np.where(np.isfinite(rise), np.maximum(rise, 0), 0)


def _completed(at: np.ndarray, usual: float) -> np.ndarray:
    """Steps with two more inserted in every gap of three periods: swapped feet hide a left and a right step together.

    A gap of three periods is half a second at most; a trip takes longer.
    """
    gaps = np.diff(at)
    holes = np.flatnonzero(np.abs(gaps / usual - 3) < HOLE)
    between = np.concatenate([at[holes] + gaps[holes] / 3, at[holes] + gaps[holes] * 2 / 3])
    return np.sort(np.concatenate([at, between.round()])).astype(int)


def _rises(line: Array, at: np.ndarray, turns: np.ndarray) -> Array:
    """Height difference of each event from the turning points (or ends) beside it, the smaller of both sides."""
    known = np.flatnonzero(np.isfinite(line))
    turns = np.unique(np.concatenate([turns, known[:1], known[-1:]])).astype(int)
    place = np.searchsorted(turns, at)
    before, after = turns[np.maximum(place - 1, 0)], turns[np.minimum(place + 1, len(turns) - 1)]
    return np.minimum(np.abs(line[at] - line[before]), np.abs(line[at] - line[after]))


def _confidence(rise: Array, swing: Array, times: Array, period: float) -> Array:
    """Confidence (J,): rise relative to the local swing, times a penalty for the timing error in periods."""
    if not len(rise):
        return np.zeros(0)
    size = np.clip(rise / np.maximum(FULL_RISE * swing, 1e-9), 0, 1)
    gaps = np.diff(times) / period
    off = np.minimum(np.append(np.inf, np.abs(gaps - 1)), np.append(np.abs(gaps - 1), np.inf))
    return size * np.exp(-np.where(np.isfinite(off), off, ALONE))


def _leaps(body: BodySignal, jumps: Jumps) -> bool:
    """Whether jumps without a rhythm count: they rise as in a flight of ``SINGLE_FLIGHT`` s, with both feet seen."""
    if jumps.alternating or not len(jumps.times):
        return False
    flight = GRAVITY * SINGLE_FLIGHT**2 / 8
    near = np.abs(body.times - jumps.times[:, None]) <= SINGLE_FLIGHT / 2
    return float(jumps.swing.min()) > max(SINGLE_RISE, flight) and bool(body.feet[near.any(axis=0)].all())
