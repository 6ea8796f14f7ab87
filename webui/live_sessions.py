"""Sessions of live visitors, and decoding of the frames that their cameras send; no frame is stored."""

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
"""Largest number of queued frames, of pixels and of encoded bytes of one frame."""

IDLE = 6.0
"""Seconds without a frame after which a session's slot is free for another visitor."""


class FullError(RuntimeError):
    """All slots for live sessions are taken."""


class OverError(RuntimeError):
    """The session is unknown: it has ended, or the server was restarted."""


@dataclass(eq=False, kw_only=True)
class LiveSession:
    """State of a visitor in both live modes: ``seen``, time of the last message; ``last``, time of the last frame."""

    seen: float = 0.0
    last: float = -np.inf
    working: threading.Lock = field(default_factory=threading.Lock)

    def later(self, frames: Sequence[Frame]) -> list[Frame]:
        """The frames that are later than all previous ones, in order; only those of the size of the last one."""
        kept: list[Frame] = []
        for frame in sorted(frames, key=lambda f: f.time):
            if frame.time > (kept[-1].time if kept else self.last):
                kept.append(frame)
        return [frame for frame in kept if frame.image.shape == kept[-1].image.shape]


class LiveSessions:
    """The live sessions of both tabs: at most ``visitors`` at once, each for at most ``seconds``."""

    def __init__(self, visitors: int, seconds: float, clock: Callable[[], float] = time.monotonic) -> None:
        self.visitors, self.seconds = visitors, seconds
        self._clock, self._lock = clock, threading.Lock()
        self._sessions: dict[str, LiveSession] = {}

    def enter(self, session: LiveSession) -> str:
        """Register a session; returns its unguessable key.  Raises ``FullError``."""
        with self._lock:
            now = self._clock()
            self._sessions = {k: s for k, s in self._sessions.items() if now - s.seen <= IDLE}
            if len(self._sessions) >= self.visitors:
                raise FullError
            session.seen = now
            self._sessions[key := secrets.token_hex(16)] = session
            return key

    def session(self, key: str) -> LiveSession:
        """The session of a key, whose idle time is reset; raises ``OverError``."""
        with self._lock:
            session = self._sessions.get(key)
            if session is None:
                raise OverError
            session.seen = self._clock()
            return session

    def leave(self, key: str) -> LiveSession | None:
        """Remove a session and free its slot."""
        with self._lock:
            return self._sessions.pop(key, None)


def frame_of(data: bytes) -> Frame:
    """Decode a frame: its time in seconds (float64, little endian) and a JPEG file; raises ``ValueError``."""
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
