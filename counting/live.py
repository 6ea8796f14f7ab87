"""Live counting: from timed keypoints to the count so far and the state shown to the skipper.

The rules are those of whole recordings (``counting.pipeline``), applied repeatedly to a sliding window.  Jumps older
than ``SETTLE`` are final; samples older than the window are dropped.
"""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np

from counting.classification import JUMPING, classify, signals_of
from counting.settings import CountSettings
from vision.types import PoseTrack

WINDOW = 12.0
"""Length of the sliding window in seconds: long enough for the features of a rhythm; 360 frames at 30 a second."""

SETTLE = 4.0
"""Age in seconds from which a jump is final: by then it is known whether it belongs to a rhythm."""

MIN_GAP = 0.5
"""Share of the period after a settled jump within which there is no other, so that it is not counted twice."""

EVERY = 0.25
"""Seconds between two counts of the window: one takes some 50 ms of one core."""

PAUSE = 2.5
"""Periods without a jump after which a streak ends."""

RECENT = 1.0
"""Seconds of the latest frames in which the person and the feet are looked for."""

SEEN = 0.5
"""Share of the recent frames in which they must be seen."""

ANKLES = [15, 16]
TRUNK = [5, 6, 11, 12]


@dataclass(frozen=True)
class LiveState:
    """State of the live count at ``time`` in seconds.

    ``count``: jumps so far; ``streak``: jumps of the current streak; ``per_minute``: its rate, 0 while nobody jumps;
    ``person`` and ``feet``: whether a person and both feet are in the picture.
    """

    time: float
    count: int
    streak: int
    per_minute: float
    person: bool
    feet: bool


@dataclass(frozen=True)
class _Jump:
    """A jump: ``time`` of its apex and ``period`` of the jumps around it, in seconds."""

    time: float
    period: float


class LiveCounter:
    """Counts one person's jumps live; keeps the last ``WINDOW`` seconds of keypoints.

    The count includes a jump within half a second of its landing and never decreases by more than one.  ``total`` is
    the unsmoothed count, which may decrease further; ``finish`` sets the count to it.
    """

    def __init__(self, settings: CountSettings = CountSettings()) -> None:  # noqa: B008
        self._settings = settings
        self._recent: PoseTrack | None = None
        self._counted_at = -np.inf
        self._last: _Jump | None = None
        self._settled = self._streak = self._highest = 0
        self._open: list[_Jump] = []

    def add(self, rows: PoseTrack) -> LiveState:
        """Append the person's track over the next frames (NaN where nobody is seen); recount every ``EVERY`` seconds.

        Rows that are not later than those before are ignored.
        """
        if self._recent is not None and len(self._recent):
            rows = appended(self._recent, rows[rows.times > self._recent.times[-1]])
        if not len(rows):
            return self.state
        now = float(rows.times[-1])
        self._recent = rows[rows.times > now - WINDOW]
        if now - self._counted_at >= EVERY:
            self._recount()
        return self.state

    def finish(self) -> LiveState:
        """Count the remaining frames and set the count to ``total``."""
        self._recount()
        self._highest = self.total
        return self.state

    @property
    def total(self) -> int:
        """Settled jumps plus those of the latest count of the window."""
        return self._settled + len(self._open)

    @property
    def state(self) -> LiveState:
        """The current state."""
        if self._recent is None or not len(self._recent):
            return LiveState(0.0, 0, 0, 0.0, person=False, feet=False)
        now = float(self._recent.times[-1])
        streak, period = self._running(now)
        count = max(self.total, self._highest - 1)
        rate = 60 / period if streak and period > 0 else 0.0
        return LiveState(now, count, streak, rate, *_in_sight(self._recent, self._settings.min_score))

    def _recount(self) -> None:
        """Count the window again and settle its old jumps."""
        if self._recent is None or len(self._recent) < 2:
            return
        self._counted_at = now = float(self._recent.times[-1])
        border = -np.inf if self._last is None else self._last.time + MIN_GAP * self._last.period
        jumps = [jump for jump in _jumps(self._recent, self._settings) if jump.time > border]
        for jump in jumps:
            if jump.time <= now - SETTLE:
                self._settle(jump)
        self._open = [jump for jump in jumps if jump.time > now - SETTLE]
        self._highest = max(self._highest, self.total)

    def _settle(self, jump: _Jump) -> None:
        self._streak = self._streak + 1 if self._last is not None and _goes_on(self._last, jump.time) else 1
        self._settled, self._last = self._settled + 1, jump

    def _running(self, now: float) -> tuple[int, float]:
        """Jumps of the current streak and the period of its latest jumps in seconds; 0 without a streak."""
        streak, last = self._streak, self._last
        for jump in self._open:
            streak = streak + 1 if last is not None and _goes_on(last, jump.time) else 1
            last = jump
        return (streak, last.period) if last is not None and _goes_on(last, now) else (0, 0.0)


def appended(a: PoseTrack, b: PoseTrack) -> PoseTrack:
    """Two consecutive tracks as one."""
    return PoseTrack(**{f.name: np.concatenate([getattr(a, f.name), getattr(b, f.name)]) for f in fields(PoseTrack)})


def _goes_on(last: _Jump, time: float) -> bool:
    return time - last.time <= PAUSE * last.period


def _jumps(track: PoseTrack, settings: CountSettings) -> list[_Jump]:
    """The counted jumps of a track in temporal order."""
    groups = [g for g in classify(signals_of(track, settings), settings) if g.flight >= JUMPING]
    counted = [g.jumps for g in groups if g.with_rope or settings.without_rope]
    return sorted((_Jump(float(t), j.period) for j in counted for t in j.times), key=lambda e: e.time)


def _in_sight(track: PoseTrack, least: float) -> tuple[bool, bool]:
    """Whether a person and both feet are seen in most of the recent frames."""
    scores = track.keypoints[track.times > track.times[-1] - RECENT][..., 2]
    person = (scores[:, TRUNK] >= least).sum(axis=1) >= 2
    feet = (scores[:, ANKLES] >= least).all(axis=1)
    return bool(person.mean() >= SEEN), bool(feet.mean() >= SEEN)
