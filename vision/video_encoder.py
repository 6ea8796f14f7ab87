"""Writing videos as H.264 in MP4."""

from __future__ import annotations

from collections.abc import Generator, Iterable
from contextlib import contextmanager, suppress
from fractions import Fraction
from pathlib import Path
from typing import Any, Self, cast

import av
from av.error import FFmpegError

from vision.audio import Audio
from vision.files import check_readable, check_target, reason, replaced_at_end
from vision.planar import BT709, Planar, PlanarFrame
from vision.types import Frame, MediaError

_TICKS = 90_000
"""Ticks a second of the written video; every usual frame rate fits."""

CRF, PRESET, DETAILS = 25, "superfast", "weightp=0:b-adapt=0:scenecut=0"
"""Quality and preset of libx264, without adaptive B-frames, scene cuts and weighted prediction; see
``docs/performance.md``."""

VIDEO_SUFFIXES = (".mp4", ".m4v", ".mov")
"""Suffixes that a written video may have."""


def write_video(
    path: str | Path,
    frames: Iterable[Frame | PlanarFrame],
    *,
    audio_from: str | Path | None = None,
    crf: int = CRF,
    preset: str = PRESET,
    details: str = DETAILS,
) -> tuple[str, ...]:
    """Write H.264 (yuv420p, playable while it loads) with the frames' own times, atomically; returns audio notes.

    RGB frames are written in BT.709, planar ones in their own colours.  Odd sizes are padded to even ones.  The audio
    of ``audio_from`` stays in sync with that file's frames and ends with the last frame (see ``vision.audio``); errors
    in it become notes and never stop the writing.  All frames must have the first one's size.  Errors of ``frames``
    propagate.  Raises ``MediaError`` if there is no frame, for an unknown suffix and if writing fails.
    """
    path = Path(path)
    check_target(path, VIDEO_SUFFIXES)
    if audio_from is not None:
        check_readable(audio_from)
    iterator = iter(frames)
    first = next(iterator, None)
    if first is None:
        raise MediaError(f"{path.name} cannot be written: there are no frames.")
    codec = {"crf": str(crf), "preset": preset, "x264-params": details}
    with replaced_at_end(path) as draft, _Writer(path, draft, first, codec, audio_from) as writer:
        writer.add(first)
        for frame in iterator:
            writer.add(frame)
        writer.finish()
    return writer.notes


@contextmanager
def _writing(path: Path) -> Generator[None, None, None]:
    """Convert exceptions of the encoder and the file system into ``MediaError``."""
    try:
        yield
    except (FFmpegError, OSError) as error:
        raise MediaError(f"{path.name} cannot be written: {reason(error)}.") from error


class _Writer:
    """Writer of one MP4 file: pictures as they come, audio up to the time of the last picture."""

    def __init__(
        self, path: Path, draft: Path, first: Frame | PlanarFrame, codec: dict[str, str], audio_from: str | Path | None
    ) -> None:
        self._path, self._shape, self._last = path, first.image.shape, -1
        self._tags = first.image.tags if isinstance(first.image, Planar) else BT709
        self._audio: Audio | None = None
        with _writing(path):
            self._file = cast(Any, av).open(f"file:{draft}", "w", format="mp4", options={"movflags": "+faststart"})
            self._stream = self._video_stream(codec)
        if audio_from is not None:
            self._audio = Audio(audio_from, self._file)

    @property
    def notes(self) -> tuple[str, ...]:
        """Notes on audio that could not be kept."""
        return tuple(self._audio.notes) if self._audio is not None else ()

    def _video_stream(self, codec: dict[str, str]) -> Any:
        stream = self._file.add_stream("libx264", rate=30, options=codec)
        stream.height, stream.width = (n + n % 2 for n in self._shape[:2])
        stream.pix_fmt = "yuv420p"
        stream.codec_context.time_base = Fraction(1, _TICKS)
        context = stream.codec_context
        context.colorspace, context.color_primaries, context.color_trc = self._tags
        context.color_range = 1
        return stream

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        """Close the files; an error in the block takes precedence over errors in closing."""
        if self._audio is not None:
            self._audio.close()
        if kind is None:
            with _writing(self._path):
                self._file.close()
        else:
            with suppress(FFmpegError, OSError):
                self._file.close()

    def add(self, frame: Frame | PlanarFrame) -> None:
        """Encode one frame; raises ``ValueError`` for another size and for times that do not increase."""
        if frame.image.shape != self._shape:
            raise ValueError(f"every frame must have the shape {self._shape}, not {frame.image.shape}")
        ticks = round(frame.time * _TICKS)
        if ticks <= self._last:
            raise ValueError(f"frame times must be positive and increase, not {frame.time!r}")
        self._last = ticks
        with _writing(self._path):
            image = frame.image if isinstance(frame.image, Planar) else Planar.of(frame.image)
            picture = image.frame()
            picture.pts, picture.time_base = ticks, Fraction(1, _TICKS)
            self._file.mux(self._stream.encode(picture))
            if self._audio is not None:
                self._audio.advance(frame.time)

    def finish(self) -> None:
        """Flush the encoders."""
        with _writing(self._path):
            self._file.mux(self._stream.encode(None))
