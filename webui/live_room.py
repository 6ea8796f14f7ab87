"""Places of live visitors, and the frames that their cameras send; no frame is kept."""

from __future__ import annotations

import io
import secrets
import struct
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np
from PIL import Image as Pillow

from vision.types import Frame, Image

MOST_FRAMES, MOST_PIXELS, MOST_BYTES = 12, 1_000_000, 300_000
"""Frames that wait, pixels and encoded bytes of one frame, at most."""

IDLE = 6.0
"""Seconds without a frame after which another visitor may take the place."""


class FullError(RuntimeError):
    """Others are live just now."""


class OverError(RuntimeError):
    """The session is unknown: it has ended, or the server was restarted."""


@dataclass(eq=False, kw_only=True)
class LiveSession:
    """What both live modes keep of a visitor: when something came last, and the ``last`` frame's time."""

    seen: float = 0.0
    last: float = -np.inf
    working: threading.Lock = field(default_factory=threading.Lock)

    def later(self, frames: Sequence[Frame]) -> list[Frame]:
        """The frames that are later than all before, in their order, of the size of the last one."""
        kept: list[Frame] = []
        for frame in sorted(frames, key=lambda f: f.time):
            if frame.time > (kept[-1].time if kept else self.last):
                kept.append(frame)
        return [frame for frame in kept if frame.image.shape == kept[-1].image.shape]


class LiveRoom:
    """The places of live visitors of both tabs: ``visitors`` at once, each for ``seconds`` at most."""

    def __init__(self, visitors: int, seconds: float, clock: Callable[[], float] = time.monotonic) -> None:
        self.visitors, self.seconds = visitors, seconds
        self._clock, self._lock = clock, threading.Lock()
        self._sessions: dict[str, LiveSession] = {}

    def enter(self, session: LiveSession) -> str:
        """Take a place; the session's unguessable name.  Raises ``FullError``."""
        with self._lock:
            now = self._clock()
            self._sessions = {k: s for k, s in self._sessions.items() if now - s.seen <= IDLE}
            if len(self._sessions) >= self.visitors:
                raise FullError
            session.seen = now
            self._sessions[key := secrets.token_hex(16)] = session
            return key

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


def frame_of(data: bytes) -> Frame:
    """A frame as it is sent: its time in seconds (float64, little endian) and a JPEG file; raises ``ValueError``."""
    if len(data) > MOST_BYTES:
        raise ValueError("a frame is too large")
    if len(data) <= 8 or not np.isfinite(when := struct.unpack("<d", data[:8])[0]):
        raise ValueError("a frame needs a time and a picture")
    return Frame(_decoded(data[8:]), when)


def _decoded(data: bytes) -> Image:
    try:
        with Pillow.open(io.BytesIO(data), formats=["JPEG"]) as picture:
            if picture.width * picture.height > MOST_PIXELS:
                raise ValueError("a frame has too many pixels")
            return np.asarray(picture.convert("RGB"))
    except OSError as error:
        raise ValueError("a frame is no picture") from error
