"""Demuxing of media files: selection of tracks, their packets and frames, and their timestamps."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import av
from av.error import FFmpegError
from av.stream import Disposition

from vision.files import check_readable, film_in_photo
from vision.types import MediaError

_BACK, _FORWARD = 0.5, 10.0
"""Timestamp steps of more seconds than this, backward or forward, begin a new recording in the same file."""

_MOVING = 4.0
"""Frames a second below which a track is taken for thumbnails or slides if there is another track."""

_JPEG = b"\xff\xd8\xff"


@dataclass
class Clock:
    """Makes a file's timestamps strictly increasing from 0; ``gap`` is the usual step in seconds.

    A frame without a timestamp follows its predecessor by ``gap``; first frames without one precede the first
    timestamp.  Timestamps that repeat or decrease slightly are moved to just after the latest.  A step back by more
    than half a second, or forward by more than ten, begins a new recording, which follows the previous by ``gap``.
    ``shift``: seconds added to the file's timestamps at present, None before the first frame.
    """

    gap: float
    last: float | None = None
    shift: float | None = None

    def tick(self, time: float | None) -> float:
        """The time of the next frame."""
        following = 0.0 if self.last is None else self.last + self.gap
        if time is not None and self._breaks(time):
            self.shift = following - time
        shown = following if time is None or self.shift is None else time + self.shift
        self.last = shown if self.last is None or shown > self.last else self.last + self.gap / 8
        return self.last

    def _breaks(self, time: float) -> bool:
        """Whether a new recording begins at ``time``."""
        if self.shift is None or self.last is None:
            return True
        return not -_BACK <= time + self.shift - self.last <= _FORWARD


@contextmanager
def opened(path: str | Path) -> Generator[Any, None, None]:
    """The open container of a media file, or of the video in a motion photo; raises ``MediaError``."""
    path = Path(path)
    check_readable(path)
    head = _head(path)
    if _is_webp(head):  # FFmpeg opens them and finds no frame
        raise MediaError(f"{path.name} is a WebP picture; animated ones are not read as videos, save it as MP4 or GIF.")
    start = film_in_photo(path.read_bytes()) if head[:3] == _JPEG else 0
    where = f"subfile,,start,{start},end,0,,:file:{path}" if start else f"file:{path}"
    try:
        container = av.open(where, metadata_errors="ignore")
    except (FFmpegError, OSError, ValueError) as error:
        raise MediaError(f"{path.name} {_not_a_video(head)}.") from error
    with container:
        yield container


def _head(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(32)


def _is_webp(head: bytes) -> bool:
    return head[:4] == b"RIFF" and head[8:12] == b"WEBP"


def _not_a_video(head: bytes) -> str:
    if head[:3] == _JPEG:
        return "is a photo and carries no film"
    return "is not a video that can be read, or it is incomplete"


def picture_stream(container: Any) -> Any | None:
    """The main video stream: among moving tracks the default one, else the largest; None without any."""
    streams = [s for s in container.streams.video if s.codec_context is not None and not _is_still(s)]
    return max(streams, key=_picture_rank, default=None)


def _is_still(stream: Any) -> bool:
    still = Disposition.attached_pic | Disposition.still_image | Disposition.timed_thumbnails
    return bool(stream.disposition & still)


def _picture_rank(stream: Any) -> tuple[bool, bool, int, int]:
    rate = usual_rate(stream)
    default = bool(stream.disposition & Disposition.default)
    return rate == 0 or rate >= _MOVING, default, stream.width * stream.height, -stream.index


def audio_stream(container: Any) -> Any | None:
    """The default audio track, else the first; None without any that can be decoded."""
    streams = [s for s in container.streams.audio if s.codec_context is not None and s.rate]
    return max(streams, key=lambda s: (bool(s.disposition & Disposition.default), -s.index), default=None)


def packets(container: Any, stream: Any) -> Iterator[Any]:
    """Packets of one track up to the end of the (possibly truncated) file; the last one is empty."""
    while True:
        try:
            yield from container.demux(stream)
            return
        except IndexError:  # a packet of a track that the file did not announce: PyAV stops there, the file goes on
            continue
        except FFmpegError:
            return


def frames(container: Any, stream: Any, lost: Callable[[], None] = lambda: None) -> Iterator[Any]:
    """Decoded frames of one track; a packet that cannot be decoded is skipped, and ``lost`` is called."""
    for packet in packets(container, stream):
        decoded: list[Any] = []
        try:
            decoded = packet.decode()
        except FFmpegError:
            lost()
        yield from decoded


def usual_rate(stream: Any) -> float:
    """Frames a second by the file's header, or 0."""
    return float(stream.average_rate or stream.guessed_rate or 0)


def usual_gap(stream: Any) -> float:
    """Seconds between two frames by the file's header, clipped to a plausible range."""
    return 1 / min(max(usual_rate(stream) or 30, 1), 240)


def origin(path: str | Path) -> float:
    """The file's timestamp of the first video frame in seconds; 0 without one."""
    with opened(path) as container:
        stream = picture_stream(container)
        if stream is None:
            return 0.0
        clock = Clock(usual_gap(stream))
        for frame in frames(container, stream):
            clock.tick(frame.time)
            if clock.shift is not None:
                return -clock.shift
    return 0.0
