"""Counting while it happens: keypoints with their times go in, the count so far and what to tell the skipper come out.

The rules are those of whole recordings (``counting.pipeline``), applied again and again to the last seconds.  Jumps
that have become old are settled: they stay counted, and what is older than the window is forgotten.
"""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np

from counting.judging import JUMPING, judged, signals_of
from counting.settings import CountSettings
from vision.types import PoseTrack

WINDOW = 12.0
"""Seconds that are counted again: long enough for the features of a rhythm, and 360 frames to count again each time."""

SETTLE = 4.0
"""Seconds after which a jump stays counted: by then what follows it has told whether it belongs to a rhythm."""

MIN_GAP = 0.5
"""Share of the time between two jumps within which there is no other: a settled jump is not counted twice."""

EVERY = 0.25
"""Seconds between two counts of the window: one takes some 50 ms of one core."""

PAUSE = 2.5
"""A streak ends after so many times the usual time between its jumps."""

RECENT = 1.0
"""Seconds of the latest frames that tell whether the person and the feet are in the picture."""

SEEN = 0.5
"""Share of the recent frames in which they must be seen."""

ANKLES = [15, 16]
TRUNK = [5, 6, 11, 12]


@dataclass(frozen=True)
class LiveState:
    """What is known at ``time`` (seconds): jumps so far, jumps of the present ``streak``, their rate a minute (0 while
    nobody jumps), whether a person and both feet are in the picture.
    """

    time: float
    count: int
    streak: int
    per_minute: float
    person: bool
    feet: bool


@dataclass(frozen=True)
class _Jump:
    """A jump: its apex and the usual time between jumps there, in seconds."""

    time: float
    period: float


class LiveCounter:
    """Counts one person's jumps as they happen; holds the last ``WINDOW`` seconds of keypoints and no more.

    The count follows a landing within half a second and never goes back by more than one.  ``total`` is what the
    latest count of the window alone says: at the end it is the count of the recording.
    """

    def __init__(self, settings: CountSettings = CountSettings()) -> None:  # noqa: B008
        self._settings = settings
        self._recent: PoseTrack | None = None
        self._counted_at = -np.inf
        self._last: _Jump | None = None
        self._settled = self._streak = self._highest = 0
        self._open: list[_Jump] = []

    def add(self, rows: PoseTrack) -> LiveState:
        """Take in what the person did in the next frames (NaN where nobody was seen); count again every ``EVERY`` s.

        Rows that are not later than those before are left out.
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
        """Count what has not been counted yet; the count is ``total`` now."""
        self._recount()
        self._highest = self.total
        return self.state

    @property
    def total(self) -> int:
        """The count by the latest count of the window alone."""
        return self._settled + len(self._open)

    @property
    def state(self) -> LiveState:
        """What is known now."""
        if self._recent is None or not len(self._recent):
            return LiveState(0.0, 0, 0, 0.0, person=False, feet=False)
        now = float(self._recent.times[-1])
        streak, period = self._running(now)
        count = max(self.total, self._highest - 1)
        rate = 60 / period if streak and period > 0 else 0.0
        return LiveState(now, count, streak, rate, *_in_sight(self._recent, self._settings.min_score))

    def _recount(self) -> None:
        """Count again what is recent, and settle what is old."""
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
        """Jumps of the streak that goes on at ``now``, and the time between its latest jumps; 0 where there is none."""
        streak, last = self._streak, self._last
        for jump in self._open:
            streak = streak + 1 if last is not None and _goes_on(last, jump.time) else 1
            last = jump
        return (streak, last.period) if last is not None and _goes_on(last, now) else (0, 0.0)


def appended(a: PoseTrack, b: PoseTrack) -> PoseTrack:
    """One track of two that follow each other."""
    return PoseTrack(**{f.name: np.concatenate([getattr(a, f.name), getattr(b, f.name)]) for f in fields(PoseTrack)})


def _goes_on(last: _Jump, time: float) -> bool:
    return time - last.time <= PAUSE * last.period


def _jumps(track: PoseTrack, settings: CountSettings) -> list[_Jump]:
    """The jumps of a track that count, in their order."""
    groups = [g for g in judged(signals_of(track, settings), settings) if g.flight >= JUMPING]
    counted = [g.jumps for g in groups if g.with_rope or settings.without_rope]
    return sorted((_Jump(float(t), j.period) for j in counted for t in j.times), key=lambda e: e.time)


def _in_sight(track: PoseTrack, least: float) -> tuple[bool, bool]:
    """Whether a person and both feet are seen in most of the recent frames."""
    scores = track.keypoints[track.times > track.times[-1] - RECENT][..., 2]
    person = (scores[:, TRUNK] >= least).sum(axis=1) >= 2
    feet = (scores[:, ANKLES] >= least).all(axis=1)
    return bool(person.mean() >= SEEN), bool(feet.mean() >= SEEN)
