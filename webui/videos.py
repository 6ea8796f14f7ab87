"""One visitor's video: the job that analyses, counts and draws it, and recounts with other settings."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from counting.pipeline import CountedVideo, count_jumps, count_video, render
from counting.report import SessionReport
from counting.settings import CountSettings
from vision.types import EstimatePose, FindPeople, Floats, Frame, MediaError, PoseTrack
from vision.video import VideoInfo, probe_video
from webui.jobs import Job
from webui.names import overlay_words
from webui.service import Limits
from webui.uploads import Upload

ANALYSE_SHARE = 0.85
"""Share of the analysis in the progress; drawing is the rest."""


class TooLongError(MediaError):
    """The video is longer than the limit."""


class TooLargeError(MediaError):
    """Frames have more pixels than the limit; ``megapixels``: their size."""

    def __init__(self, megapixels: float) -> None:
        super().__init__(f"frames have {megapixels:.1f} megapixels")
        self.megapixels = megapixels

    def __reduce__(self) -> tuple[Any, ...]:
        return TooLargeError, (self.megapixels,)


@dataclass(frozen=True, eq=False)
class VideoSession:
    """An analysed video: its path, its original name and the last count."""

    path: Path
    name: str
    counted: CountedVideo

    @property
    def tracks(self) -> tuple[PoseTrack, ...]:
        """The tracks of all people."""
        return self.counted.tracks

    @property
    def report(self) -> SessionReport:
        """The report of the last count."""
        return self.counted.report


@dataclass(frozen=True)
class Work:
    """Inputs of a job: the two model functions, the settings, the limits and the language of the result."""

    find_people: FindPeople
    estimate_pose: EstimatePose
    settings: CountSettings
    limits: Limits
    words: str = "en"


def check_video(path: Path, limits: Limits) -> VideoInfo:
    """The facts of a video; raises ``MediaError`` if it cannot be read or exceeds the limits."""
    info = probe_video(path)
    megapixels = info.width * info.height / 1e6
    if megapixels > limits.frame_megapixels:
        raise TooLargeError(megapixels)
    if info.duration > limits.video_seconds + 1:
        raise TooLongError("too long")
    return info


@dataclass
class PartialCount:
    """The largest person's track so far, collected during the analysis for a preliminary count."""

    poses: dict[float, tuple[float, Floats, Floats, Floats]] = field(default_factory=dict)

    def saw(self, pieces: Sequence[PoseTrack]) -> None:
        """Append the largest person's track in the latest search interval."""
        for piece in pieces:
            areas = np.prod(piece.boxes[:, 2:] - piece.boxes[:, :2], axis=1)
            rows = zip(piece.times.tolist(), areas, piece.boxes, piece.keypoints, piece.camera, strict=True)
            for when, area, *row in rows:
                if area > self.poses.get(when, (0.0,))[0]:
                    self.poses[when] = (area, *row)

    def track(self) -> PoseTrack:
        """The collected track."""
        times = sorted(self.poses)
        rows = [self.poses[t] for t in times]
        boxes, points, camera = (np.array([r[i] for r in rows], np.float32) for i in (1, 2, 3))
        return PoseTrack(np.array(times), points, boxes, camera)


class CountJob(Job):
    """Analysis and drawing of a video; ``result`` is set after success."""

    def __init__(self, source: Upload, target: Path, work: Work, stop: threading.Event | None = None) -> None:
        super().__init__(target, stop)
        self._source, self._work = source, work
        self._partial = PartialCount()
        self.result: VideoSession | None = None

    def count_so_far(self) -> int:
        """Jumps counted so far (of the largest person in the picture)."""
        track = self._partial.track()
        return count_jumps(track, self._work.settings).count if len(track) > 10 else 0

    def work(self) -> None:
        """Detect and track the people, count, and draw the result."""
        work, path = self._work, self._source.path
        info = check_video(path, work.limits)
        watch = partial(self._watched, info=info)
        counted = count_video(path, work.find_people, work.estimate_pose, work.settings, watch, self._followed)
        if counted.tracks:
            report, said = counted.report, overlay_words(work.words)
            notes = render(path, self.target, counted.tracks, report, self._drawn, counted.rotations, said)
            counted = replace(counted, report=replace(report, warnings=(*report.warnings, *notes)))
        self.result = VideoSession(path, self._source.name, counted)

    def _watched(self, frames: Iterable[Frame], info: VideoInfo) -> Iterator[Frame]:
        """Yield the frames while reporting progress and enforcing cancellation and the limit of length."""
        for frame in frames:
            self.stop_if_asked()
            if frame.time > self._work.limits.video_seconds + 1:
                raise TooLongError("too long")
            share = min(1.0, frame.time / info.duration) * ANALYSE_SHARE if info.duration > 0 else None
            self.note("analyse", share, frame.time)
            yield frame

    def _followed(self, pieces: Sequence[PoseTrack]) -> None:
        self.stop_if_asked()
        self._partial.saw(pieces)

    def _drawn(self, share: float) -> None:
        self.stop_if_asked()
        self.note("render", ANALYSE_SHARE + (1 - ANALYSE_SHARE) * min(1.0, share), self.progress.video_seconds)


def recount(session: VideoSession, settings: CountSettings) -> VideoSession:
    """Recount from the stored tracks, without reading the video."""
    return replace(session, counted=session.counted.recounted(settings))
