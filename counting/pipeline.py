"""From frames to tracks, from tracks to jumps, from jumps to the annotated video."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from counting.overlay import Scene
from counting.peaks import Jumps, find_jumps
from counting.report import JumpReport, Part, SessionReport, streaks_and_breaks
from counting.rhythm import find_stretches
from counting.settings import CountSettings
from counting.signal import BodySignal, body_signal
from counting.smoothing import Array
from counting.style import Manner, limbs_of, manner_of
from counting.tracking import track_people
from vision.pipelined import ahead
from vision.types import Frame, PoseTrack
from vision.video import probe_video, read_frames, write_video

__all__ = ["count_jumps", "count_people", "render", "track_people"]

AHEAD = 2
"""Frames that wait between decoding, drawing and encoding; at 4K a frame is 25 MB."""

NO_PERSON = "No person was found in the video, so nothing was counted."


def count_jumps(track: PoseTrack, settings: CountSettings = CountSettings()) -> JumpReport:  # noqa: B008
    """Count the jumps of one person; an empty or motionless track gives a count of 0."""
    body = body_signal(track, settings)
    groups = find_jumps(body, find_stretches(body, settings), settings)
    limbs = limbs_of(track, body, settings)
    manners = [manner_of(body, limbs, jumps) for jumps in groups]
    parts = tuple(_part(j, m) for j, m in zip(groups, manners, strict=True))
    times = _joined([j.times for j in groups])
    periods = _joined([np.full(len(j.times), j.period) for j in groups])
    streaks, breaks, trips = streaks_and_breaks(times, periods)
    report = JumpReport(
        count=len(times),
        apex_times=times,
        confidence=_joined([j.confidence for j in groups]),
        heights=_joined([j.heights for j in groups]),
        style=_main_style(parts),
        parts=parts,
        streaks=streaks,
        breaks=breaks,
        trips=trips,
        times=body.times,
        signal=_shown(body, groups),
        coverage=_coverage(track, settings),
        rope_confidence=_weighted([m.rope for m in manners], [len(j.times) for j in groups]),
        regularity=_regularity(groups),
        height_cm=settings.height_cm,
        feet_seen=_feet_seen(body, times),
    )
    return _with_warnings(report)


def count_people(
    tracks: Sequence[PoseTrack],
    settings: CountSettings = CountSettings(),  # noqa: B008
    seconds: float | None = None,
) -> SessionReport:
    """Count everyone; the main skipper is the one who jumps most. ``seconds`` is the length of the video."""
    people = tuple(count_jumps(track, settings) for track in tracks)
    length = max((float(t.times[-1]) for t in tracks if len(t)), default=0.0) if seconds is None else seconds
    if not people:
        return SessionReport((), None, length, (NO_PERSON,))
    seen = [p.coverage * len(t) for p, t in zip(people, tracks, strict=True)]
    main = max(range(len(people)), key=lambda i: (people[i].count, seen[i]))
    return SessionReport(people, main, length, people[main].warnings)


def render(
    source: str | Path,
    target: str | Path,
    tracks: Sequence[PoseTrack],
    report: SessionReport,
    progress: Callable[[float], None] | None = None,
    words: Mapping[str, str] | None = None,
) -> None:
    """Write the source again with skeleton, counter and signal drawn in; ``progress`` gets shares of 1.

    ``words`` are written instead of the English ones, see ``counting.overlay.Scene``.

    Decoding, drawing and encoding run side by side; ``progress`` is called where it is drawn, and what it raises
    ends all of them.
    """
    length = max(probe_video(source).duration, 1e-6)
    scene = Scene(tracks, report, words)

    def drawn(frames: Iterable[Frame]) -> Iterator[Frame]:
        for frame in frames:
            if progress is not None:
                progress(min(frame.time / length, 1.0))
            scene.draw_on(frame.image, frame.time)
            yield frame

    with ahead(read_frames(source), AHEAD) as decoded, ahead(drawn(decoded), AHEAD) as pictures:
        write_video(target, pictures, sound_from=source)


def _part(jumps: Jumps, manner: Manner) -> Part:
    count = len(jumps.times)
    rate = 60 / jumps.period if jumps.period > 0 else 0.0
    start, stop = float(jumps.times[0]), float(jumps.times[-1])
    return Part(start, stop, manner.style, count, manner.turns_per_jump * count, rate, manner.rope)


def _joined(rows: list[Array]) -> Array:
    return np.concatenate(rows) if rows else np.zeros(0)


def _main_style(parts: tuple[Part, ...]) -> str:
    total: dict[str, int] = {}
    for part in parts:
        total[part.style] = total.get(part.style, 0) + part.count
    return max(total, key=lambda s: total[s]) if total else "none"


def _weighted(values: list[float], weights: list[int]) -> float:
    return float(np.average(values, weights=weights)) if sum(weights) else 0.0


def _regularity(groups: list[Jumps]) -> float:
    """1 minus the relative spread of the time between jumps, within each stretch."""
    gaps = _joined([np.diff(j.times) / j.period for j in groups if len(j.times) > 2])
    return float(np.clip(1 - np.std(gaps[gaps < 2]), 0, 1)) if len(gaps) else 0.0


def _shown(body: BodySignal, groups: list[Jumps]) -> Array:
    """The motion that was counted: the feet's difference where they take turns, else the common motion."""
    signal = np.where(np.isfinite(body.both), (body.trunk + body.both) / 2, body.trunk)
    for jumps in groups:
        if jumps.turns:
            when = (body.times >= jumps.times[0] - jumps.period) & (body.times <= jumps.times[-1] + jumps.period)
            signal = np.where(when, body.apart, signal)
    return signal


def _coverage(track: PoseTrack, settings: CountSettings) -> float:
    """Share of the frames in which trunk and at least one leg are seen."""
    good = track.keypoints[..., 2] >= settings.min_score
    usable = good[:, (5, 6, 11, 12)].sum(1) >= 2
    usable &= good[:, (13, 14, 15, 16)].any(1)
    return float(usable.mean()) if len(usable) else 0.0


def _feet_seen(body: BodySignal, times: Array) -> float:
    """Share of the jumps during which both ankles are seen."""
    if not len(times):
        return 1.0
    return float(body.feet[np.clip(np.searchsorted(body.times, times), 0, len(body.feet) - 1)].mean())


def _with_warnings(report: JumpReport) -> JumpReport:
    said = []
    if report.count and report.feet_seen < 0.5:
        said.append("The feet are out of the picture most of the time, so jumps were counted from hips and shoulders.")
    if report.coverage < 0.7:
        said.append(f"The person was seen in only {report.coverage:.0%} of the time; the count may be too low.")
    if report.count and float(report.confidence.mean()) < 0.5:
        said.append("The rhythm was hard to read; the count cannot be trusted.")
    if report.count and not report.rope:
        said.append("These look like jumps without a rope: no turning wrists were seen beside the hips.")
    return replace(report, warnings=tuple(said))
