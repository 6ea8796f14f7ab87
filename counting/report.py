"""Reports on a person's jumps and on a whole video."""

from __future__ import annotations

import csv
import io
from collections import Counter
from dataclasses import dataclass, field, replace
from itertools import pairwise
from typing import Any

import numpy as np

from counting.settings import GRAVITY
from counting.smoothing import Array

BREAK, BREAK_PERIODS = 1.2, 2.5
"""Seconds without a jump from which there is a break, or periods between jumps if that is more."""

STREAK = 4
"""Fewest jumps before a break that may be a trip."""

ROPE = 0.5
"""Probability from which a rope is assumed to be turned."""

NO_ROPE = "no rope"
"""Label instead of the style where jumps without a rope are drawn."""

TRIP = 4.0
"""Longest break in seconds that is classified as a trip if jumping goes on after it."""


@dataclass(frozen=True)
class Part:
    """A segment of one style: ``start`` and ``stop`` in seconds, jumps, turns of the rope, jumps per minute."""

    start: float
    stop: float
    style: str
    count: int
    turns: int
    per_minute: float
    rope: float

    def to_dict(self) -> dict[str, Any]:
        """Values for JSON, rounded."""
        return {k: round(v, 2) if isinstance(v, float) else v for k, v in vars(self).items()}


@dataclass(frozen=True)
class JumpReport:
    """One person's jumps.

    ``apex_times`` (J,): seconds of each jump's apex (of a step: of the highest foot); ``confidence`` (J,) in [0, 1];
    ``airtime`` (J,): estimated seconds in the air; ``heights`` (J,): rise in body heights; both are NaN for steps of
    alternate feet (None in JSON, empty in CSV).  ``signal`` (G,) in body heights over ``times`` (G,).  ``coverage``:
    share of the time with usable keypoints; ``rope_confidence``: probability that a rope is turned; both in [0, 1].
    ``without_rope``: the segments without a rope; ``times_without_rope`` (K,): seconds of their jumps; ``count``,
    ``parts`` and ``apex_times`` exclude both unless ``CountSettings.without_rope`` is set.  All times are true times:
    seconds of the video times ``speed``.
    """

    count: int
    apex_times: Array
    confidence: Array
    heights: Array
    style: str
    parts: tuple[Part, ...]
    streaks: tuple[tuple[float, float, int], ...]
    breaks: tuple[tuple[float, float], ...]
    trips: tuple[float, ...]
    times: Array
    signal: Array
    coverage: float
    rope_confidence: float
    regularity: float
    height_cm: float = 0.0
    speed: float = 1.0
    feet_seen: float = 1.0
    without_rope: tuple[Part, ...] = ()
    times_without_rope: Array = field(default_factory=lambda: np.zeros(0))
    warnings: tuple[str, ...] = field(default=())

    @property
    def rope(self) -> bool:
        """Whether a rope is assumed to be turned."""
        return self.rope_confidence >= ROPE

    @property
    def count_without_rope(self) -> int:
        """Jumps without a rope."""
        return sum(part.count for part in self.without_rope)

    @property
    def shown(self) -> JumpReport:
        """The report to draw: this one, or without rope jumps one that counts the jumps without a rope."""
        if self.count or not self.without_rope:
            return self
        free = self.times_without_rope
        parts = tuple(replace(part, style=NO_ROPE) for part in self.without_rope)
        return replace(self, count=len(free), apex_times=free, style=NO_ROPE, parts=parts)

    @property
    def turns(self) -> int:
        """Turns of the rope: two for each double under, none for jumps without a rope."""
        return sum(p.turns for p in self.parts if p.rope >= ROPE)

    @property
    def jumping_seconds(self) -> float:
        """Time spent in streaks, one period counted for each jump."""
        return float(sum(p.count * 60 / p.per_minute for p in self.parts if p.per_minute > 0))

    @property
    def per_minute(self) -> float:
        """Mean jumps per minute while jumping, 0 without a jump."""
        return 60 * self.count / self.jumping_seconds if self.jumping_seconds > 0 else 0.0

    @property
    def longest_streak(self) -> int:
        """Most jumps without a break."""
        return max((n for _, _, n in self.streaks), default=0)

    @property
    def airtime(self) -> Array:
        """Seconds in the air (J,) from each jump's rise h: t = sqrt(8 h / g)."""
        return np.sqrt(8 * self.heights / GRAVITY)

    def rate_over_time(self, window: float = 4.0) -> tuple[Array, Array]:
        """Seconds (N,) once a second and jumps per minute (N,) within ``window`` seconds around them."""
        if not len(self.times):
            return np.zeros(0), np.zeros(0)
        at = np.arange(self.times[0], self.times[-1] + 1e-9, 1.0)
        inside = np.searchsorted(self.apex_times, at + window / 2) - np.searchsorted(self.apex_times, at - window / 2)
        span = np.minimum(at + window / 2, self.times[-1]) - np.maximum(at - window / 2, self.times[0])
        return at, 60 * inside / np.maximum(span, 1.0)

    def per_style(self) -> dict[str, int]:
        """Jumps of each style."""
        total: Counter[str] = Counter()
        for part in self.parts:
            total[part.style] += part.count
        return dict(total)

    def to_dict(self) -> dict[str, Any]:
        """Plain values for JSON, times and lengths rounded."""
        at, rate = self.rate_over_time()
        return {
            "count": self.count, "style": self.style, "styles": self.per_style(), "rope": self.rope,
            "rope_confidence": round(self.rope_confidence, 3), "turns": self.turns,
            "per_minute": round(self.per_minute, 1),
            "seconds": round(float(np.ptp(self.times)), 2) if len(self.times) else 0.0,
            "jumping_seconds": round(self.jumping_seconds, 2), "longest_streak": self.longest_streak,
            "apex_times": _rounded(self.apex_times), "confidence": _rounded(self.confidence, 2),
            "airtime": _rounded(self.airtime, 3), "heights": _rounded(self.heights, 4),
            "height_cm": _rounded(self.heights * self.height_cm, 1) if self.height_cm else None,
            "parts": [p.to_dict() for p in self.parts],
            "without_rope": {
                "count": self.count_without_rope, "apex_times": _rounded(self.times_without_rope),
                "parts": [p.to_dict() for p in self.without_rope],
            },
            "speed": self.speed,
            "streaks": [{"start": round(a, 2), "stop": round(b, 2), "count": n} for a, b, n in self.streaks],
            "breaks": [{"start": round(a, 2), "stop": round(b, 2)} for a, b in self.breaks],
            "trips": _rounded(np.array(self.trips), 2), "regularity": round(self.regularity, 3),
            "rate": {"times": _rounded(at, 1), "per_minute": _rounded(rate, 1)},
            "coverage": round(self.coverage, 3), "feet_seen": round(self.feet_seen, 3), "warnings": list(self.warnings),
        }  # fmt: skip


@dataclass(frozen=True)
class SessionReport:
    """A whole video: ``people`` in the order of the tracks, ``main`` the skipper's index or None, ``seconds``."""

    people: tuple[JumpReport, ...]
    main: int | None
    seconds: float
    warnings: tuple[str, ...] = field(default=())

    @property
    def skipper(self) -> JumpReport | None:
        """The main skipper's report."""
        return None if self.main is None else self.people[self.main]

    @property
    def count(self) -> int:
        """Jumps of the main skipper."""
        return self.skipper.count if self.skipper else 0

    def to_dict(self) -> dict[str, Any]:
        """The main skipper's values at the top, everyone's under ``people``."""
        nobody: dict[str, Any] = {"count": 0, "style": "none", "apex_times": [], "per_minute": 0.0}
        top = self.skipper.to_dict() if self.skipper else nobody
        top = top | {"seconds": round(self.seconds, 2), "main": self.main, "warnings": list(self.warnings)}
        return top | {"total": sum(p.count for p in self.people), "people": [p.to_dict() for p in self.people]}

    def to_csv(self) -> str:
        """One line per jump: person, number, seconds, style, confidence, rise in body heights, airtime."""
        out = io.StringIO()
        table = csv.writer(out, lineterminator="\n")
        table.writerow(["person", "jump", "seconds", "style", "confidence", "rise_body_heights", "airtime_seconds"])
        for person, report in enumerate(self.people):
            rows = zip(report.apex_times, report.confidence, report.heights, report.airtime, strict=True)
            for number, (time, sure, rise, air) in enumerate(rows, 1):
                flight = [f"{rise:.4f}", f"{air:.3f}"] if np.isfinite(rise) else ["", ""]
                table.writerow([person, number, f"{time:.3f}", style_at(report, float(time)), f"{sure:.2f}", *flight])
        return out.getvalue()


def style_at(report: JumpReport, time: float) -> str:
    """The style at a time, empty outside of all segments."""
    return next((p.style for p in report.parts if p.start - 1e-6 <= time <= p.stop + 1e-6), "")


def _rounded(values: Array, digits: int = 3) -> list[float | None]:
    """Numbers for JSON; None for NaN."""
    return [round(float(v), digits) if np.isfinite(v) else None for v in values]


def streaks_and_breaks(
    times: Array, periods: Array
) -> tuple[tuple[tuple[float, float, int], ...], tuple[tuple[float, float], ...], tuple[float, ...]]:
    """Streaks (start, stop, jumps), breaks (start, stop) between them and times of trips, in seconds.

    ``times`` (J,): seconds of the jumps; ``periods`` (J,): usual seconds between jumps around each of them.
    """
    if not len(times):
        return (), (), ()
    split = np.flatnonzero(np.diff(times) > np.maximum(BREAK, BREAK_PERIODS * periods[:-1])) + 1
    runs = np.split(times, split)
    breaks = tuple((float(a[-1]), float(b[0])) for a, b in pairwise(runs))
    long = [len(a) >= STREAK for a in runs]
    trips = tuple(a for (a, b), ran in zip(breaks, long, strict=False) if ran and b - a <= TRIP)
    return tuple((float(r[0]), float(r[-1]), len(r)) for r in runs), breaks, trips
