"""One visitor's video: a job in a thread of its own that reports progress, counts as it goes and stops when asked."""

from __future__ import annotations

import logging
import os
import threading
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from counting.pipeline import count_jumps, count_people, render, track_people
from counting.report import SessionReport
from counting.settings import CountSettings
from vision.types import EstimatePose, FindPeople, Floats, Frame, MediaError, PoseTrack
from vision.video import VideoInfo, probe_video, read_frames
from webui.service import Limits

ANALYSE_SHARE = 0.85
"""The analysis' part of the whole work; drawing is the rest."""


PATIENCE = 15.0
"""Seconds after which a job that nobody looks at any more stops."""


class CancelledError(Exception):
    """The visitor pressed cancel or left."""


class TooLongError(MediaError):
    """The video is longer than the limit."""


class TooLargeError(MediaError):
    """Frames have more pixels than the limit; ``megapixels`` tells how many."""

    def __init__(self, megapixels: float) -> None:
        super().__init__(f"frames have {megapixels:.1f} megapixels")
        self.megapixels = megapixels


@dataclass(frozen=True, eq=False)
class VideoSession:
    """An analysed video: where it lies, what is known of it, its tracks and the last count."""

    path: Path
    info: VideoInfo
    tracks: tuple[PoseTrack, ...]
    report: SessionReport


@dataclass(frozen=True)
class Progress:
    """How far a job is: ``stage`` waiting, analyse or render; ``share`` of the whole in [0, 1] or None if unknown."""

    stage: str = "waiting"
    share: float | None = None
    seconds_left: float | None = None
    video_seconds: float = 0.0


@dataclass(frozen=True)
class Work:
    """What a job needs: the two model functions, the settings and the limits."""

    find_people: FindPeople
    estimate_pose: EstimatePose
    settings: CountSettings
    limits: Limits


def check_video(path: Path, limits: Limits) -> VideoInfo:
    """Look at a video's facts; raises ``MediaError`` when it cannot be read or is beyond the limits."""
    info = probe_video(path)
    megapixels = info.width * info.height / 1e6
    if megapixels > limits.frame_megapixels:
        raise TooLargeError(megapixels)
    if info.duration > limits.video_seconds + 1:
        raise TooLongError("too long")
    return info


@dataclass
class PartialCount:
    """The biggest person's joints so far, gathered while the video is looked at, for a count on the way."""

    poses: dict[float, tuple[float, Floats, Floats, Floats]] = field(default_factory=dict)

    def saw(self, pieces: Sequence[PoseTrack]) -> None:
        """Remember what the biggest person did in the latest search interval."""
        for piece in pieces:
            areas = np.prod(piece.boxes[:, 2:] - piece.boxes[:, :2], axis=1)
            rows = zip(piece.times.tolist(), areas, piece.boxes, piece.keypoints, piece.camera, strict=True)
            for when, area, *row in rows:
                if area > self.poses.get(when, (0.0,))[0]:
                    self.poses[when] = (area, *row)

    def track(self) -> PoseTrack:
        """One track of what was gathered."""
        times = sorted(self.poses)
        rows = [self.poses[t] for t in times]
        boxes, points, camera = (np.array([r[i] for r in rows], np.float32) for i in (1, 2, 3))
        return PoseTrack(np.array(times), points, boxes, camera)


class Job:
    """Analysis and drawing in a thread; ``progress`` and ``partial_count`` may be read from any other.

    The work ends with ``CancelledError`` within a search interval or a drawn frame of ``cancel``, or of ``stop``
    being set from outside.
    """

    def __init__(self, path: Path, target: Path, work: Work, stop: threading.Event | None = None) -> None:
        self._path, self.target, self._work = path, target, work
        self._stop = stop or threading.Event()
        self._partial = PartialCount()
        self._begin = self._looked = time.monotonic()
        self.progress = Progress()
        self.result: VideoSession | None = None
        self.error: BaseException | None = None
        self._thread = threading.Thread(target=self._run, name="video", daemon=True)

    def start(self) -> None:
        """Begin; call once."""
        self._thread.start()

    def cancel(self) -> None:
        """Ask the thread to stop; it does so within a search interval."""
        self._stop.set()

    def wait(self, seconds: float) -> bool:
        """Wait a while; True when the thread has ended.  A job that is not waited for stops after ``PATIENCE``."""
        self._looked = time.monotonic()
        self._thread.join(seconds)
        return not self._thread.is_alive()

    def partial_count(self) -> int:
        """Jumps counted so far (of the biggest person in the picture)."""
        track = self._partial.track()
        return count_jumps(track, self._work.settings).count if len(track) > 10 else 0

    def _run(self) -> None:
        be_nice()
        try:
            self.result = self._analyse()
        except BaseException as error:  # handed to the waiting thread, which raises it again
            self.error = error
            self.target.unlink(missing_ok=True)

    def _analyse(self) -> VideoSession:
        work = self._work
        info = check_video(self._path, work.limits)
        with closing(read_frames(self._path)) as frames:
            watched = self._watched(frames, info)
            tracks = track_people(watched, work.find_people, work.estimate_pose, work.settings, self._followed)
        report = count_people(tracks, work.settings, info.duration or None)
        if tracks:
            render(self._path, self.target, tracks, report, progress=self._drawn)
        return VideoSession(self._path, info, tuple(tracks), report)

    def _watched(self, frames: Iterable[Frame], info: VideoInfo) -> Iterator[Frame]:
        """Pass the frames on, note how far they are, stop when asked and hold the limit of length."""
        self._begin = time.monotonic()
        pictures = 0
        for frame in frames:
            pictures += 1
            self._stop_if_asked()
            if frame.time > self._work.limits.video_seconds + 1:
                raise TooLongError("too long")
            share = min(1.0, frame.time / info.duration) * ANALYSE_SHARE if info.duration > 0 else None
            self._note("analyse", share, frame.time)
            yield frame
        if pictures < 2:
            raise MediaError(f"{self._path.name} holds a single picture.")

    def _followed(self, pieces: Sequence[PoseTrack]) -> None:
        self._stop_if_asked()
        self._partial.saw(pieces)

    def _stop_if_asked(self) -> None:
        if self._stop.is_set() or time.monotonic() - self._looked > PATIENCE:
            raise CancelledError

    def _drawn(self, share: float) -> None:
        self._stop_if_asked()
        self._note("render", ANALYSE_SHARE + (1 - ANALYSE_SHARE) * min(1.0, share), self.progress.video_seconds)

    def _note(self, stage: str, share: float | None, video_seconds: float) -> None:
        spent = time.monotonic() - self._begin
        left = spent / share * (1 - share) if share and share > 0.02 and spent > 1 else None
        self.progress = Progress(stage, share, left, video_seconds)


class StopOnClose:
    """Follows a job until it ends; the job is cancelled when the follower is closed before."""

    def __init__(self, job: Job, *, every: float = 0.4, count_every: float = 2.5) -> None:
        self._job, self._every, self._count_every = job, every, count_every

    def __iter__(self) -> Iterator[tuple[Progress, int]]:
        """Yield the progress and the count so far; raises what the job raised."""
        job, count, counted, pause = self._job, 0, time.monotonic(), self._count_every
        job.start()
        try:
            while not job.wait(self._every):
                if job.progress.stage == "analyse" and time.monotonic() - counted > pause:
                    begin = time.monotonic()
                    count = self._count_so_far(count)
                    counted = time.monotonic()
                    pause = max(self._count_every, 10 * (counted - begin))
                yield job.progress, count
        finally:
            job.cancel()
        if job.error is not None:
            raise job.error

    def _count_so_far(self, last: int) -> int:
        try:
            return self._job.partial_count()
        except (ValueError, IndexError, RuntimeError):  # a half-filled track; the final count is not made from it
            logging.getLogger("studio").debug("no partial count")
            return last


def be_nice() -> None:
    """Let the threads that answer photos go first (Linux: the niceness belongs to the thread)."""
    if hasattr(os, "setpriority"):
        try:
            os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), 5)
        except OSError:
            return


def recount(session: VideoSession, settings: CountSettings) -> VideoSession:
    """Count again from the kept tracks, without looking at the video."""
    report = count_people(session.tracks, settings, session.info.duration or None)
    return VideoSession(session.path, session.info, session.tracks, report)
