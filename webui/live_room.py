"""Live sessions without Gradio: who is let in, the frames that come, the person who is followed, the count.

No frame is kept: what stays of a session until its end are the joints, for the report.
"""

from __future__ import annotations

import base64
import binascii
import io
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from PIL import Image as Pillow

from counting.following import Follower
from counting.live import LiveCounter, LiveState, appended
from counting.settings import CountSettings
from vision.types import EstimatePose, FindPeople, Frame, Image, PoseTrack

MOST_FRAMES, MOST_PIXELS, MOST_BYTES = 12, 1_000_000, 400_000
"""Frames of one message, pixels and encoded characters of one frame, at most."""

IDLE = 6.0
"""Seconds without a frame after which another visitor may take the place."""


class FullError(RuntimeError):
    """Others are live just now."""


class OverError(RuntimeError):
    """The session is unknown: it has ended, or the server was restarted."""


@dataclass(eq=False)
class LiveSession:
    """One visitor's camera: who is followed, the count since it began, and the rows of the track since then."""

    settings: CountSettings
    follower: Follower
    counter: LiveCounter
    pieces: list[PoseTrack] = field(default_factory=list)
    begun: float | None = None
    seen: float = 0.0
    last: float = -np.inf
    working: threading.Lock = field(default_factory=threading.Lock)

    @classmethod
    def new(cls, settings: CountSettings) -> LiveSession:
        """A session that counts nothing before ``begin``."""
        return cls(settings, Follower(settings), LiveCounter(settings))

    def begin(self, settings: CountSettings, at: float) -> None:
        """From ``at`` seconds on jumps count; the person is followed on."""
        self.settings, self.counter, self.pieces = settings, LiveCounter(settings), []
        self.begun = at

    def later(self, frames: Sequence[Frame]) -> list[Frame]:
        """The frames that are later than all before, in their order, of the size of the last one."""
        kept: list[Frame] = []
        for frame in sorted(frames, key=lambda f: f.time):
            if frame.time > (kept[-1].time if kept else self.last):
                kept.append(frame)
        return [frame for frame in kept if frame.image.shape == kept[-1].image.shape]

    def took(self, follower: Follower, rows: PoseTrack) -> LiveState:
        """Take in what was seen in the frames."""
        self.follower, self.last = follower, float(rows.times[-1])
        if self.begun is not None:
            self.pieces.append(rows)
        return self.counter.add(rows)

    @property
    def seconds(self) -> float:
        """How long it has counted."""
        return max(self.last - self.begun, 0.0) if self.begun is not None else 0.0

    def track(self) -> PoseTrack | None:
        """What the person did since the count began, its times from 0; None where nobody was seen."""
        if not self.pieces or not any(np.isfinite(piece.boxes).any() for piece in self.pieces):
            return None
        whole = self.pieces[0]
        for piece in self.pieces[1:]:
            whole = appended(whole, piece)
        rows = {name: getattr(whole, name) for name in vars(whole)}
        return PoseTrack(**rows | {"times": whole.times - whole.times[0]})


class LiveRoom:
    """The places of live visitors: ``visitors`` at once, each for ``seconds`` of counting at most."""

    def __init__(self, visitors: int, seconds: float, clock: Callable[[], float] = time.monotonic) -> None:
        self.visitors, self.seconds = visitors, seconds
        self._clock, self._lock = clock, threading.Lock()
        self._sessions: dict[str, LiveSession] = {}

    def enter(self, key: str, settings: CountSettings) -> LiveSession:
        """A new session for a visitor; raises ``FullError``."""
        with self._lock:
            now = self._clock()
            self._sessions.pop(key, None)
            self._sessions = {k: s for k, s in self._sessions.items() if now - s.seen <= IDLE}
            if len(self._sessions) >= self.visitors:
                raise FullError
            session = self._sessions[key] = LiveSession.new(settings)
            session.seen = now
            return session

    def session(self, key: str) -> LiveSession:
        """A visitor's session, kept for a while longer; raises ``OverError``."""
        with self._lock:
            session = self._sessions.get(key)
            if session is None:
                raise OverError
            session.seen = self._clock()
            return session

    def leave(self, key: str) -> LiveSession | None:
        """Give the place back."""
        with self._lock:
            return self._sessions.pop(key, None)


def follow(
    follower: Follower, frames: Sequence[Frame], find_people: FindPeople, estimate_pose: EstimatePose
) -> tuple[Follower, PoseTrack]:
    """One step of a follower that may be in another process; it comes back with what it saw."""
    rows = follower.add(frames, find_people, estimate_pose)
    return follower, rows


def frames_of(message: Any) -> list[Frame]:
    """The frames of a message, a list of ``time`` in seconds and ``jpeg`` in Base64; raises ``ValueError``."""
    entries = message if isinstance(message, list) else []
    return [_frame(entry) for entry in entries[:MOST_FRAMES]]


def _frame(entry: Any) -> Frame:
    when, data = (entry.get(name) for name in ("time", "jpeg")) if isinstance(entry, Mapping) else (None, None)
    if not isinstance(when, (int, float)) or not np.isfinite(when) or not isinstance(data, str):
        raise ValueError("a frame needs a time and a picture")
    return Frame(_decoded(data), float(when))


def _decoded(data: str) -> Image:
    """The picture of a JPEG file in Base64."""
    if len(data) > MOST_BYTES:
        raise ValueError("a frame is too large")
    try:
        with Pillow.open(io.BytesIO(base64.b64decode(data, validate=True)), formats=["JPEG"]) as picture:
            if picture.width * picture.height > MOST_PIXELS:
                raise ValueError("a frame has too many pixels")
            return np.asarray(picture.convert("RGB"))
    except (OSError, binascii.Error) as error:
        raise ValueError("a frame is no picture") from error


def joints_of(rows: PoseTrack, frame: Frame, least: float) -> list[list[float] | None]:
    """The 17 joints of the last row in shares of the picture; None where a joint is not seen."""
    height, width = frame.image.shape[:2]
    return [
        [round(float(x) / width, 4), round(float(y) / height, 4)] if score >= least and np.isfinite(x) else None
        for x, y, score in rows.keypoints[-1]
    ]
