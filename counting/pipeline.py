"""From frames to tracks, from tracks to jumps, from jumps to the annotated video."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from counting.classifier import load_models
from counting.features import FEWEST_BEATS, Moving, features
from counting.overlay import Scene
from counting.peaks import Jumps, find_jumps
from counting.report import ROPE, JumpReport, Part, SessionReport, streaks_and_breaks
from counting.rhythm import find_segments
from counting.settings import CountSettings
from counting.signal import BodySignal, body_signal
from counting.smoothing import Array
from counting.style import limbs_of, style_of, turns_per_jump
from counting.tracking import track_people
from counting.witness import agrees
from vision.prefetch import prefetch
from vision.types import Frame, PoseTrack
from vision.video import Turns, probe_video, read_frames, write_video

__all__ = ["count_jumps", "count_people", "render", "track_people"]

AHEAD = 2
"""Frames that wait between decoding, drawing and encoding; at 4K a frame is 25 MB."""

JUMPING = 0.4
"""Probability of a flight from which a group is jumping: less than even, since rope jumps must also show a rope."""

DOUBT = 0.1
"""Distance of a rope's probability from the decision within which a warning says so."""

SLOWED = (0.5, 0.25)
"""Speeds of slow motion that are tried where nothing is counted."""

SURE, MANY = 0.55, 5
"""Probability of a flight and of a rope, and number of jumps, from which slow motion is told:"""

NO_PERSON = "No person was found in the video, so nothing was counted."


@dataclass(frozen=True)
class Group:
    """Jumps of one rhythm, judged: ``style``, ``turns`` of a rope per jump, and the probabilities of ``flight`` (it is
    jumping at all) and ``rope`` (one is turned); ``hands``: enough is seen to tell the latter."""

    jumps: Jumps
    style: str
    turns: int
    flight: float
    rope: float
    hands: bool

    @property
    def with_rope(self) -> bool:
        """Whether these are rope jumps; where nothing can be told, they are."""
        return self.rope >= ROPE or not self.hands


def count_jumps(track: PoseTrack, settings: CountSettings = CountSettings()) -> JumpReport:  # noqa: B008
    """Count the jumps of one person; an empty or motionless track gives a count of 0."""
    track = replace(track, times=track.times * settings.speed)
    moving = moving_of(track, settings)
    body = moving.body
    groups = [g for g in judged(moving, settings) if g.flight >= JUMPING]
    counted = [g for g in groups if g.with_rope or settings.without_rope]
    jumps = [g.jumps for g in counted]
    parts = tuple(_part(g) for g in counted)
    times = _joined([j.times for j in jumps])
    streaks, breaks, trips = streaks_and_breaks(times, _joined([np.full(len(j.times), j.period) for j in jumps]))
    report = JumpReport(
        count=len(times),
        apex_times=times,
        confidence=_joined([j.confidence for j in jumps]),
        heights=_joined([j.heights for j in jumps]),
        style=_main_style(parts),
        parts=parts,
        without_rope=tuple(_part(g) for g in groups if not g.with_rope),
        times_without_rope=_joined([g.jumps.times for g in groups if not g.with_rope]),
        streaks=streaks,
        breaks=breaks,
        trips=trips,
        times=body.times,
        signal=_shown(body, jumps or [g.jumps for g in groups]),
        coverage=_coverage(track, settings),
        rope_confidence=_weighted([g.rope for g in counted or groups], [len(g.jumps.times) for g in counted or groups]),
        regularity=_regularity(jumps),
        height_cm=settings.height_cm,
        speed=settings.speed,
        feet_seen=_feet_seen(body, times),
    )
    warnings = list(_warnings(report, moving, counted))
    if not groups:
        warnings += slow_motion(track, settings)
    return replace(report, warnings=tuple(warnings))


def judged(moving: Moving, settings: CountSettings) -> list[Group]:
    """The groups of jumps of a person with what the classifier says of each.

    Too few jumps to find their beat in the wrists are with a rope or without one as the person's other jumps are.
    """
    models, groups = load_models(), []
    for jumps in find_jumps(moving.body, find_segments(moving.body, settings), settings):
        values = features(moving, jumps)
        flight, rope = (models[name].probability(values) for name in ("flight", "rope"))
        hands = bool(np.isfinite(values["hands_seen"]))
        turns = turns_per_jump(moving.limbs, moving.body.times, jumps) if hands and rope >= ROPE else 1
        groups.append(Group(jumps, style_of(moving.body, moving.limbs, jumps, turns), turns, flight, rope, hands))
    told = [g for g in groups if g.flight >= JUMPING and len(g.jumps.times) >= FEWEST_BEATS]
    usual = _weighted([g.rope for g in told], [len(g.jumps.times) for g in told])
    return [replace(g, rope=usual) if told and len(g.jumps.times) < FEWEST_BEATS else g for g in groups]


def groups_of(track: PoseTrack, settings: CountSettings) -> list[tuple[Jumps, dict[str, float]]]:
    """Groups of jumps of a track before anything is decided about them, each with its features."""
    track = replace(track, times=track.times * settings.speed)
    moving = moving_of(track, settings)
    groups = find_jumps(moving.body, find_segments(moving.body, settings), settings)
    return [(jumps, features(moving, jumps)) for jumps in groups]


def moving_of(track: PoseTrack, settings: CountSettings) -> Moving:
    """All signals of a track."""
    body = body_signal(track, settings)
    legs = float(np.median(track.keypoints[:, 13:, 2])) if len(track) else 0.0
    return Moving(body, limbs_of(track, body, settings), track.times, track.energy.astype(float), legs)


def count_people(
    tracks: Sequence[PoseTrack],
    settings: CountSettings = CountSettings(),  # noqa: B008
    seconds: float | None = None,
) -> SessionReport:
    """Count everyone; the main skipper is the one who jumps most. ``seconds`` is the length of the video."""
    people = tuple(count_jumps(track, settings) for track in tracks)
    length = max((float(t.times[-1]) for t in tracks if len(t)), default=0.0) if seconds is None else seconds
    length *= settings.speed
    if not people:
        return SessionReport((), None, length, (NO_PERSON,))
    seen = [p.coverage * len(t) for p, t in zip(people, tracks, strict=True)]
    main = max(range(len(people)), key=lambda i: (people[i].count, people[i].count_without_rope, seen[i]))
    return SessionReport(people, main, length, people[main].warnings)


def render(
    source: str | Path,
    target: str | Path,
    tracks: Sequence[PoseTrack],
    report: SessionReport,
    progress: Callable[[float], None] | None = None,
    turns: Turns | None = None,
    words: Mapping[str, str] | None = None,
) -> tuple[str, ...]:
    """Write the source again with skeleton, counter and signal drawn in; ``progress`` gets shares of 1.

    ``turns`` as they were for ``track_people``; ``words`` are written instead of the English ones, see
    ``counting.overlay.Scene``.  Returns notes on what of the audio could not be kept.

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

    with prefetch(read_frames(source, turns), AHEAD) as decoded, prefetch(drawn(decoded), AHEAD) as pictures:
        return write_video(target, pictures, audio_from=source)


def _part(group: Group) -> Part:
    jumps, count = group.jumps, len(group.jumps.times)
    rate = 60 / jumps.period if jumps.period > 0 else 0.0
    start, stop = float(jumps.times[0]), float(jumps.times[-1])
    return Part(start, stop, group.style, count, group.turns * count, rate, group.rope)


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
    """1 minus the relative spread of the time between jumps, within each segment."""
    gaps = _joined([np.diff(j.times) / j.period for j in groups if len(j.times) > 2])
    return float(np.clip(1 - np.std(gaps[gaps < 2]), 0, 1)) if len(gaps) else 0.0


def _shown(body: BodySignal, groups: list[Jumps]) -> Array:
    """The motion that was counted: that of each group of jumps around it, else what trunk and feet do in common."""
    signal = body.rise.copy()
    for jumps in groups:
        low, high = np.searchsorted(body.times, [jumps.times[0] - jumps.period, jumps.times[-1] + jumps.period])
        low, high = max(int(low), jumps.start), min(int(high), jumps.start + len(jumps.motion))
        signal[low:high] = jumps.motion[low - jumps.start : high - jumps.start]
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


def _warnings(report: JumpReport, moving: Moving, counted: list[Group]) -> Iterator[str]:
    """What a person should know before trusting the report."""
    apart = sum(part.count for part in report.without_rope)
    if report.count and report.feet_seen < 0.5:
        yield "The feet are out of the picture most of the time, so jumps were counted from hips and shoulders."
    if report.coverage < 0.7:
        yield f"The person was seen in only {report.coverage:.0%} of the time; the count may be too low."
    if report.count and float(report.confidence.mean()) < 0.5:
        yield "The rhythm was hard to read; the count cannot be trusted."
    if report.count and not all(agrees(moving.body, g.jumps) for g in counted):
        yield "Joints and picture disagree about the rhythm, so the count is not sure."
    if any(not g.hands for g in counted):
        yield "The hands are not seen, so it is not sure whether a rope is turned."
    if any(g.hands and abs(g.rope - ROPE) < DOUBT for g in counted if g.with_rope):
        yield "It is not sure whether a rope is turned: neither wrists nor rope show it clearly."
    if apart:
        yield f"Jumps without a rope: {apart}. No turning wrists and no rope were seen."


def slow_motion(track: PoseTrack, settings: CountSettings) -> list[str]:
    """A sentence where the motion would be rope jumps if the video were slowed down; ``track`` shows none as it is.

    Alternating feet tell nothing, since walking and pedalling look like slow steps.
    """
    for speed in SLOWED:
        groups = judged(moving_of(replace(track, times=track.times * speed), settings), settings)
        sure = [g.jumps for g in groups if min(g.flight, g.rope) > SURE and g.hands]
        counts = [len(jumps.times) for jumps in sure if not jumps.alternating]
        if sum(counts) >= MANY:
            return [f"This looks like slow motion: at speed {speed:g} there would be {sum(counts)} jumps."]
    return []
