"""Videos from and to files: upright RGB frames with the times they really have."""

from __future__ import annotations

from collections.abc import Generator, Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any, Self, cast

import av
import cv2
import numpy as np
from av.error import FFmpegError, InvalidDataError
from av.stream import Disposition
from av.video.reformatter import Colorspace, VideoReformatter

from vision.files import check_readable, replaced_at_end
from vision.audio import Audio
from vision.types import Frame, Image, MediaError

_TICKS = 90_000
"""Ticks a second of the written video; every usual frame rate fits."""

CRF, PRESET, DETAILS = 25, "superfast", "weightp=0:b-adapt=0:scenecut=0"
"""Quality and effort of libx264, and no search for the kind of each picture; see ``docs/performance.md``."""

_SUFFIXES = (".mp4", ".m4v", ".mov")
_ROTATIONS = {90: cv2.ROTATE_90_COUNTERCLOCKWISE, 180: cv2.ROTATE_180, 270: cv2.ROTATE_90_CLOCKWISE}
_NO_LONGER = 2.0
"""A step back in time of more than this many seconds is a new recording in the same file, not a fault."""


@dataclass(frozen=True)
class VideoInfo:
    """Facts of a video file: ``width`` and ``height`` as shown (after ``rotation``, degrees counterclockwise),
    ``duration`` in seconds (0 if unknown), ``frames`` (an estimate, 0 if unknown), ``rate`` in frames a second."""

    path: Path
    width: int
    height: int
    rotation: int
    duration: float
    frames: int
    rate: float
    has_audio: bool


def probe_video(path: str | Path) -> VideoInfo:
    """Open a video, decode its first frame and tell its facts; raises ``MediaError`` as ``read_frames`` does."""
    path = Path(path)
    with _opened(path) as (container, stream):
        first = next(_decoded(container, stream, path))
        height, width = _upright(first, stream, VideoReformatter()).shape[:2]
        rate = _usual_rate(stream)
        duration = _duration(container, stream)
        frames = stream.frames or round(duration * rate)
        return VideoInfo(path, width, height, _turn(first), duration, frames, rate, bool(container.streams.audio))


def read_frames(path: str | Path) -> Generator[Frame, None, None]:
    """The frames of a video, upright, all of the first one's size, with strictly increasing times from 0.

    Times are the file's own (variable frame rates stay variable); missing, repeated and restarting
    times are repaired.  Damaged parts are skipped.  Closing the generator closes the file.  Raises
    ``MediaError`` when the file is missing, empty, no video, or has no frame that can be decoded.
    """
    path = Path(path)
    with _opened(path) as (container, stream):
        clock = _Clock(1 / min(max(_usual_rate(stream) or 30, 1), 240))
        size, converter = None, VideoReformatter()
        for decoded in _decoded(container, stream, path):
            image = _upright(decoded, stream, converter)
            size = size or image.shape[1::-1]
            if image.shape[1::-1] != size:
                image = cast(Image, cv2.resize(image, size, interpolation=cv2.INTER_AREA))
            yield Frame(image, clock.tick(decoded.time))


def write_video(
    path: str | Path,
    frames: Iterable[Frame],
    *,
    audio_from: str | Path | None = None,
    crf: int = CRF,
    preset: str = PRESET,
    details: str = DETAILS,
) -> None:
    """Write H.264 (yuv420p, playable while it loads) with the frames' own times; the file appears whole or not at all.

    Odd sizes are padded to even ones.  The sound of ``audio_from`` is kept in step with that file's
    frames, ends with the last frame written, and is re-encoded only where MP4 cannot hold it.  All
    frames must have the first one's size.  Errors raised by ``frames`` pass through.  Raises
    ``MediaError`` when there is no frame, for an unknown suffix and when writing fails.
    """
    path = Path(path)
    if path.suffix.lower() not in _SUFFIXES:
        raise MediaError(f"{path.name} cannot be written: its name must end in {', '.join(_SUFFIXES)}.")
    iterator = iter(frames)
    first = next(iterator, None)
    if first is None:
        raise MediaError(f"{path.name} cannot be written: there are no frames.")
    codec = {"crf": str(crf), "preset": preset, "x264-params": details}
    with replaced_at_end(path) as draft, _Writer(path, draft, first.image, codec, audio_from) as writer:
        writer.add(first)
        for frame in iterator:
            writer.add(frame)
        writer.finish()


@dataclass
class _Clock:
    """Strictly increasing times from 0 out of the file's times; ``gap`` is the usual step in seconds."""

    gap: float
    last: float | None = None
    shift: float = 0.0

    def tick(self, time: float | None) -> float:
        if self.last is None:
            self.shift = -(time or 0.0)
            self.last = 0.0
            return 0.0
        shown = self.last + self.gap if time is None else time + self.shift
        if shown < self.last - _NO_LONGER:
            self.shift += self.last + self.gap - shown
            shown = self.last + self.gap
        self.last = shown if shown > self.last else self.last + self.gap / 8
        return self.last


@contextmanager
def _opened(path: Path) -> Iterator[tuple[Any, Any]]:
    """The open container and its first moving-picture stream."""
    check_readable(path)
    try:
        container = av.open(str(path), metadata_errors="ignore")
    except (FFmpegError, OSError, ValueError) as error:
        raise MediaError(f"{path.name} is not a video that can be read, or it is incomplete.") from error
    with container:
        stream = _picture_stream(container)
        if stream is None:
            raise MediaError(f"{path.name} has no moving picture in it.")
        stream.thread_type = "AUTO"
        yield container, stream


def _picture_stream(container: Any) -> Any:
    """The first video stream that is no cover picture and that can be decoded."""
    for stream in container.streams.video:
        cover = stream.disposition & Disposition.attached_pic
        if not cover and stream.codec_context is not None:
            return stream
    return None


def _decoded(container: Any, stream: Any, path: Path) -> Iterator[av.VideoFrame]:
    """Decoded frames; damaged packets are skipped, a file without any frame raises ``MediaError``."""
    found = False
    for packet in _packets(container, stream):
        frames: list[av.VideoFrame] = []
        with suppress(InvalidDataError):
            frames = packet.decode()
        found = found or bool(frames)
        yield from frames
    if not found:
        raise MediaError(f"{path.name} has no frame that can be decoded.")


def _packets(container: Any, *streams: Any) -> Iterator[Any]:
    """Packets up to the end of the file or to where it is cut off."""
    with suppress(FFmpegError):
        yield from container.demux(*streams)


def _turn(frame: av.VideoFrame) -> int:
    """The display matrix's turn in degrees counterclockwise: 0, 90, 180 or 270."""
    return round(frame.rotation / 90) % 4 * 90


def _upright(frame: av.VideoFrame, stream: Any, converter: VideoReformatter) -> Image:
    """(H, W, 3) uint8 RGB as shown: square pixels, turned once; ``converter`` is kept from frame to frame."""
    image = converter.reformat(frame, format="rgb24", threads=1).to_ndarray()
    aspect = float(stream.sample_aspect_ratio or 1)
    if aspect != 1:
        size = (max(round(frame.width * aspect), 1), frame.height)
        image = cv2.resize(image, size, interpolation=cv2.INTER_LINEAR)
    turn = _turn(frame)
    return cast(Image, cv2.rotate(image, _ROTATIONS[turn]) if turn else image)


def _usual_rate(stream: Any) -> float:
    """Frames a second as the file tells it, or 0."""
    return float(stream.average_rate or stream.guessed_rate or 0)


def _duration(container: Any, stream: Any) -> float:
    """Seconds, or 0 where the file does not tell."""
    if stream.duration:
        return float(stream.duration * stream.time_base)
    return container.duration / av.time_base if container.duration else 0.0


@contextmanager
def _writing(path: Path) -> Iterator[None]:
    """Turn what the encoder and the file system raise into one sentence."""
    try:
        yield
    except (FFmpegError, OSError) as error:
        raise MediaError(f"{path.name} cannot be written: {str(error).rstrip('.')}.") from error


class _Writer:
    """One MP4 file being written: pictures as they come, sound up to the time of the last picture."""

    def __init__(
        self, path: Path, draft: Path, image: Image, codec: dict[str, str], audio_from: str | Path | None
    ) -> None:
        self._path, self._shape, self._last = path, image.shape, -1
        self._converter = VideoReformatter()
        self._audio: Audio | None = None
        with _writing(path):
            self._file = av.open(str(draft), "w", format="mp4", options={"movflags": "+faststart"})
            self._stream = self._video_stream(codec)
        try:
            if audio_from is not None:
                self._audio = Audio(audio_from, self._file)
        except BaseException as error:
            self.__exit__(type(error))
            raise

    def _video_stream(self, codec: dict[str, str]) -> Any:
        stream = cast(Any, self._file.add_stream("libx264", rate=30, options=codec))
        stream.height, stream.width = (n + n % 2 for n in self._shape[:2])
        stream.pix_fmt = "yuv420p"
        stream.codec_context.time_base = Fraction(1, _TICKS)
        context = stream.codec_context
        context.colorspace = context.color_primaries = context.color_trc = Colorspace.ITU709.value
        context.color_range = 1
        return stream

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        """Close the files; after an error that alone counts, not how the closing went."""
        if self._audio is not None:
            self._audio.close()
        if kind is None:
            with _writing(self._path):
                self._file.close()
        else:
            with suppress(FFmpegError, OSError):
                self._file.close()

    def add(self, frame: Frame) -> None:
        """Encode one frame; raises ``ValueError`` for another size and for times that do not increase."""
        if frame.image.shape != self._shape:
            raise ValueError(f"every frame must have the shape {self._shape}, not {frame.image.shape}")
        ticks = round(frame.time * _TICKS)
        if ticks <= self._last:
            raise ValueError(f"frame times must be positive and increase, not {frame.time!r}")
        self._last = ticks
        height, width = self._shape[:2]
        image = np.ascontiguousarray(frame.image)
        if height % 2 or width % 2:
            image = cv2.copyMakeBorder(image, 0, height % 2, 0, width % 2, cv2.BORDER_REPLICATE)
        with _writing(self._path):
            picture = av.VideoFrame.from_numpy_buffer(cast(Image, image), "rgb24")
            picture = self._converter.reformat(picture, format="yuv420p", dst_colorspace=Colorspace.ITU709, threads=1)
            picture.pts, picture.time_base = ticks, Fraction(1, _TICKS)
            self._file.mux(self._stream.encode(picture))
            if self._audio is not None:
                self._audio.advance(frame.time)

    def finish(self) -> None:
        """Encode what is still waiting."""
        with _writing(self._path):
            self._file.mux(self._stream.encode(None))
