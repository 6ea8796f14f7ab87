"""From frames to tracks, from tracks to jumps, from jumps to the annotated video."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from itertools import takewhile
from pathlib import Path

import numpy as np

from counting.agreement import agrees
from counting.classification import JUMPING, Group, classify, signals_of, slow_motion, weighted
from counting.features import PersonSignals
from counting.overlay import Scene
from counting.peaks import Jumps
from counting.posture import upright_rotation
from counting.report import ROPE, JumpReport, Part, SessionReport, streaks_and_breaks
from counting.settings import CountSettings
from counting.signal import BodySignal
from counting.smoothing import Array
from counting.tracking import track_people
from vision.prefetch import prefetch
from vision.types import EstimatePose, FindPeople, Frame, MediaError, PoseTrack
from vision.video import PlanarFrame, Rotations, probe_video, read_frames, read_planar, write_video

__all__ = ["count_jumps", "count_people", "count_video", "render", "track_people"]

AHEAD = 2
"""Frames queued between decoding, drawing and encoding; at 4K a frame is 25 MB."""

FEET_SEEN, COVERAGE, CONFIDENCE = 0.5, 0.7, 0.5
"""Share of jumps with the feet seen, share of frames with the person seen, and mean confidence of the jumps, below
which a warning is given."""

DOUBT = 0.1
"""Distance of the rope's probability from the threshold within which a warning is given."""

PAUSE = 2
"""Periods between two jumps from which they are a pause, which is left out of the regularity."""

BEGINNING = 2.0
"""Seconds at the start of a video in which its orientation is determined, from the first frame with a person."""

NO_PERSON = "No person was found in the video, so nothing was counted."


def count_jumps(track: PoseTrack, settings: CountSettings = CountSettings()) -> JumpReport:  # noqa: B008
    """Count the jumps of one person; an empty or motionless track gives a count of 0."""
    track = replace(track, times=track.times * settings.speed)
    signals = signals_of(track, settings)
    body = signals.body
    groups = [g for g in classify(signals, settings) if g.flight >= JUMPING]
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
        rope_confidence=weighted([g.rope for g in counted or groups], [len(g.jumps.times) for g in counted or groups]),
        regularity=_regularity(jumps),
        height_cm=settings.height_cm,
        speed=settings.speed,
        feet_seen=_feet_seen(body, times),
    )
    warnings = list(_warnings(report, signals, counted))
    if not groups:
        warnings += slow_motion(track, settings)
    return replace(report, warnings=tuple(warnings))


def count_people(
    tracks: Sequence[PoseTrack],
    settings: CountSettings = CountSettings(),  # noqa: B008
    seconds: float | None = None,
) -> SessionReport:
    """Count everyone's jumps; the main skipper is the one with most jumps.  ``seconds``: length of the video."""
    people = tuple(count_jumps(track, settings) for track in tracks)
    length = max((float(t.times[-1]) for t in tracks if len(t)), default=0.0) if seconds is None else seconds
    length *= settings.speed
    if not people:
        return SessionReport((), None, length, (NO_PERSON,))
    seen = [p.coverage * len(t) for p, t in zip(people, tracks, strict=True)]
    main = max(range(len(people)), key=lambda i: (people[i].count, people[i].count_without_rope, seen[i]))
    return SessionReport(people, main, length, people[main].warnings)


@dataclass(frozen=True)
class CountedVideo:
    """Result of counting a video.

    ``tracks`` of its people; ``report``; ``rotations`` of its frames; ``notes`` on reading it, which precede the
    report's warnings; ``seconds`` that were read.
    """

    tracks: tuple[PoseTrack, ...]
    report: SessionReport
    rotations: Rotations
    notes: tuple[str, ...]
    seconds: float

    def recounted(self, settings: CountSettings) -> CountedVideo:
        """The same tracks counted with other settings."""
        report = count_people(self.tracks, settings, self.seconds)
        return replace(self, report=replace(report, warnings=(*self.notes, *report.warnings)))


def count_video(
    path: Path,
    find_people: FindPeople,
    estimate_pose: EstimatePose,
    settings: CountSettings = CountSettings(),  # noqa: B008
    watch: Callable[[Iterable[Frame]], Iterable[Frame]] = iter,
    followed: Callable[[Sequence[PoseTrack]], None] | None = None,
) -> CountedVideo:
    """Read a video, rotate it upright, track its people and count their jumps.

    ``watch`` wraps the iterator of frames (for progress; an exception in it ends the work); ``followed`` is passed to
    ``track_people``.  Raises ``MediaError`` for a file that is not a video.
    """
    info = probe_video(path)
    with closing(read_frames(path)) as beginning:
        first = takewhile(lambda frame: frame.time < BEGINNING, beginning)
        rotations = Rotations(lambda image: upright_rotation(image, find_people, estimate_pose), first)
    seen = _Seen(path, rotations, 1 / info.rate if info.rate else 0.0)
    with closing(seen.frames()) as frames:
        tracks = tuple(track_people(watch(frames), find_people, estimate_pose, settings, followed))
    notes = (*info.notes, *rotations.notes)
    nothing = SessionReport((), None, seen.seconds)
    return CountedVideo(tracks, nothing, rotations, notes, seen.seconds).recounted(settings)


class _Seen:
    """Reads the frames of a video; ``seconds`` is the duration read so far."""

    def __init__(self, video: Path, rotations: Rotations, gap: float) -> None:
        self._video, self._rotations, self._gap, self.seconds = video, rotations, gap, 0.0

    def frames(self) -> Generator[Frame, None, None]:
        """The frames; raises ``MediaError`` for a single picture."""
        frame = None
        with closing(read_frames(self._video, self._rotations)) as frames:
            for frame in frames:
                self.seconds = frame.time + self._gap
                yield frame
        if frame is not None and frame.time == 0:
            raise MediaError(f"{self._video.name} holds a single picture, not a video.")


def render(
    source: str | Path,
    target: str | Path,
    tracks: Sequence[PoseTrack],
    report: SessionReport,
    progress: Callable[[float], None] | None = None,
    rotations: Rotations | None = None,
    words: Mapping[str, str] | None = None,
) -> tuple[str, ...]:
    """Write the source with skeleton, counter and signal drawn in; returns notes on audio that could not be kept.

    ``progress`` is called with a share in [0, 1]; an exception in it ends the work.  ``rotations``: those that the
    tracked frames had; ``words`` as for ``counting.overlay.Scene``.

    Frames stay in the codec's planes (``vision.planar``).  Decoding, drawing and encoding run in parallel.
    """
    length = max(probe_video(source).duration, 1e-6)
    scene = Scene(tracks, report, words)

    def drawn(frames: Iterable[PlanarFrame]) -> Iterator[PlanarFrame]:
        for frame in frames:
            if progress is not None:
                progress(min(frame.time / length, 1.0))
            scene.draw_on(frame.image, frame.time)
            yield frame

    with prefetch(read_planar(source, rotations), AHEAD) as decoded, prefetch(drawn(decoded), AHEAD) as pictures:
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


def _regularity(groups: list[Jumps]) -> float:
    """1 minus the relative standard deviation of the time between jumps within segments, in [0, 1]."""
    gaps = _joined([np.diff(j.times) / j.period for j in groups if len(j.times) > 2])
    return float(np.clip(1 - np.std(gaps[gaps < PAUSE]), 0, 1)) if len(gaps) else 0.0


def _shown(body: BodySignal, groups: list[Jumps]) -> Array:
    """The counted motion: that of each jump group at its time, elsewhere the common motion of trunk and feet."""
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


def _warnings(report: JumpReport, signals: PersonSignals, counted: list[Group]) -> Iterator[str]:
    """Warnings about the reliability of the report."""
    unroped = sum(part.count for part in report.without_rope)
    if report.count and report.feet_seen < FEET_SEEN:
        yield "The feet are out of the picture most of the time, so jumps were counted from hips and shoulders."
    if report.coverage < COVERAGE:
        yield f"The person was seen in only {report.coverage:.0%} of the time; the count may be too low."
    if report.count and float(report.confidence.mean()) < CONFIDENCE:
        yield "The rhythm was hard to read; the count cannot be trusted."
    if report.count and not all(agrees(signals.body, g.jumps) for g in counted):
        yield "Joints and picture disagree about the rhythm, so the count is not sure."
    if any(not g.hands_seen for g in counted):
        yield "The hands are not seen, so it is not sure whether a rope is turned."
    if any(g.hands_seen and abs(g.rope - ROPE) < DOUBT for g in counted if g.with_rope):
        yield "It is not sure whether a rope is turned: neither wrists nor rope show it clearly."
    if unroped:
        yield f"Jumps without a rope: {unroped}. No turning wrists and no rope were seen."
