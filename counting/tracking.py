"""From frames to tracks: people are detected at intervals, boxes are interpolated, poses run in full batches.

How often a person's pose is estimated depends on their motion (``counting.sampling``).  Frames are prefetched in a
thread and held for two search intervals: while the networks run on one, camera motion and appearance are recorded in
the one before, in another thread.  A cut ends all tracks; tracks that do not overlap in time are joined afterwards, so
that a skipper who leaves and comes back stays one person.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from counting.appearance import Appearance
from counting.camera import Camera
from counting.joining import join_tracks
from counting.people import Person, distinct, follow, record_images
from counting.settings import CountSettings
from vision.prefetch import Pool, prefetch, threads
from vision.types import EstimatePose, FindPeople, Floats, Frame, Image, PoseTrack

LARGEST = 1920
"""Longest side in pixels for tracking; larger frames are reduced by a whole factor, to bound memory and time."""

HELD_BYTES = 256 << 20
"""Memory in bytes that the frames of a search interval may take."""

AHEAD = 8
"""Prefetched frames at most while the networks run: most of a search interval at 30 frames a second."""

CUT = 45.0
"""Mean change in grey levels (0 to 255) of the frame's thumbnail from which there is a cut."""


@dataclass(frozen=True)
class _View:
    """A frame reduced by the whole factor ``scale``; ``cut``: it begins another scene."""

    frame: Frame
    scale: int
    cut: bool


def track_people(
    frames: Iterable[Frame],
    find_people: FindPeople,
    estimate_pose: EstimatePose,
    settings: CountSettings = CountSettings(),  # noqa: B008
    followed: Callable[[Sequence[PoseTrack]], None] | None = None,
) -> list[PoseTrack]:
    """Track everyone through a video; tracks longest first, an empty list without people.

    ``find_people``: image -> boxes; ``estimate_pose``: images and boxes (N, 4) -> (N, 17, 3).  ``followed`` is called
    for each search interval, one interval later, with everyone's track in it.  ``frames`` are read in a thread while
    the networks run.  Errors of the frame source, the networks and ``followed`` propagate.  Each track spans from the
    first to the last frame in which its person was seen.
    """
    alive: list[Person] = []
    done: list[Person] = []
    with prefetch(_views(frames), AHEAD) as views, threads(1) as pool:
        images = _ImageRecorder(pool, followed)
        for held, scale, after_cut in _intervals(views, settings.find_every):
            if after_cut:
                done, alive = done + alive, []
            found = distinct(find_people(held[-1].image))
            alive, lost = follow(alive, held, found, estimate_pose, settings, scale)
            done += lost
            images.record(alive + lost, held, scale, after_cut)
        images.finish()
    return join_tracks([p.track() for p in done + alive if len(p.times) > 1])


class _ImageRecorder:
    """Records camera motion and appearance in a thread, one interval at a time; then calls ``followed``."""

    def __init__(self, pool: Pool, followed: Callable[[Sequence[PoseTrack]], None] | None) -> None:
        self._pool, self._followed = pool, followed
        self._camera, self._appearance = Camera(), Appearance()
        self._wait: Callable[[], None] | None = None
        self._rows: list[tuple[Person, slice]] = []

    def record(self, people: list[Person], held: list[Frame], scale: float, after_cut: bool) -> None:
        """Wait for the last interval and start on this one."""
        self.finish()
        if after_cut:
            self._camera.forget()
            self._appearance.forget()
        self._rows = [(person, person.latest(len(held))) for person in people]
        running = self._pool.submit(record_images, self._camera, self._appearance, self._rows, held, scale)
        self._wait = running.result

    def finish(self) -> None:
        """Wait for the last interval; errors of the thread and of ``followed`` propagate."""
        if self._wait is None:
            return
        self._wait()
        self._wait = None
        if self._followed is not None:
            self._followed([person.track(rows) for person, rows in self._rows])


def _views(frames: Iterable[Frame]) -> Iterator[_View]:
    """Every frame reduced to ``LARGEST`` (the full one is released), and whether it begins a scene."""
    last = None
    for frame in frames:
        scale = max(1, -(-max(frame.image.shape[:2]) // LARGEST))
        thumb = _thumbnail(frame.image)
        cut = last is not None and (last.shape != thumb.shape or float(np.abs(thumb - last).mean()) > CUT)
        last = thumb
        small = frame if scale == 1 else Frame(frame.image[::scale, ::scale].copy(), frame.time)
        yield _View(small, scale, cut)


def _intervals(views: Iterable[_View], seconds: float) -> Iterator[tuple[list[Frame], float, bool]]:
    """Frames of one search interval, the factor by which they are reduced, and whether a cut came before."""
    held: list[Frame] = []
    scale, cut = 1, False
    for view in views:
        frame = view.frame
        full = bool(held) and (
            frame.time - held[0].time >= seconds or (len(held) + 1) * frame.image.nbytes > HELD_BYTES
        )
        if held and (view.cut or full):
            yield held, float(scale), cut
            held, cut = [], view.cut
        held.append(frame)
        scale = view.scale
    if held:
        yield held, float(scale), cut


def _thumbnail(image: Image) -> Floats:
    """About 32 x 32 samples of the green channel."""
    step = max(1, min(image.shape[:2]) // 32)
    return image[step // 2 :: step, step // 2 :: step, 1].astype(np.float32)
