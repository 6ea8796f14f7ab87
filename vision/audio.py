"""The sound of one video carried over into another."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from fractions import Fraction
from itertools import chain
from pathlib import Path
from typing import Any

import av
from av.error import FFmpegError, InvalidDataError

from vision.files import check_readable
from vision.types import MediaError

_KEPT_AS_IS = ("aac", "mp3")
"""Codecs that every player accepts in MP4; everything else becomes AAC."""


class Audio:
    """The sound of ``source`` on its way into the open container ``output``.

    Time 0 is the source's first picture.  A source without sound is silently nothing.  Raises
    ``MediaError`` when the source cannot be read.
    """

    def __init__(self, source: str | Path, output: Any) -> None:
        path = Path(source)
        check_readable(path)
        try:
            self._source: Any = av.open(str(path), metadata_errors="ignore")
        except (FFmpegError, OSError, ValueError) as error:
            raise MediaError(f"The sound of {path.name} cannot be read.") from error
        self._output = output
        self._waiting: Any = None
        self._packets = iter(())
        streams = [s for s in self._source.streams.audio if s.codec_context is not None and s.rate]
        if streams:
            kept = streams[0].codec_context.codec.canonical_name in _KEPT_AS_IS
            self._packets = self._copied(streams[0]) if kept else self._encoded(streams[0])
            self._waiting = next(self._packets, None)

    def close(self) -> None:
        """Close the source."""
        self._source.close()

    def advance(self, until: float) -> None:
        """Write the sound up to the time ``until`` in seconds."""
        while self._waiting is not None and float(self._waiting.pts * self._waiting.time_base) <= until:
            self._output.mux_one(self._waiting)
            self._waiting = next(self._packets, None)

    def _start(self) -> Fraction:
        """The time of the source's first picture, in seconds of its own clock."""
        for stream in self._source.streams.video:
            if stream.start_time is not None:
                return stream.start_time * stream.time_base
        return Fraction(0)

    def _copied(self, stream: Any) -> Iterator[Any]:
        """The packets as they are, from time 0 on."""
        target = self._output.add_stream_from_template(stream)
        shift = round(self._start() / stream.time_base)
        for packet in self._demuxed(stream):
            if packet.pts is not None and packet.pts >= shift:
                packet.pts -= shift
                packet.dts = packet.pts
                packet.stream = target
                yield packet

    def _encoded(self, stream: Any) -> Iterator[Any]:
        """The sound as AAC packets, from time 0 on, without gaps."""
        rate = stream.rate if stream.rate in (44_100, 48_000) else 48_000
        layout = "mono" if stream.channels == 1 else "stereo"
        target = self._output.add_stream("aac", rate=rate, layout=layout)
        resampler = av.AudioResampler(format="fltp", layout=layout, rate=rate, frame_size=1024)
        start, samples = float(self._start()), None
        for frame in chain(self._frames(stream), [None]):
            if frame is not None and frame.time is not None and frame.time < start:
                continue
            if samples is None:
                samples = 0 if frame is None or frame.time is None else round((frame.time - start) * rate)
            for piece in resampler.resample(frame):
                piece.pts, piece.time_base = samples, Fraction(1, rate)
                samples += piece.samples
                yield from target.encode(piece)
        yield from target.encode(None)

    def _demuxed(self, stream: Any) -> Iterator[Any]:
        with suppress(FFmpegError):
            yield from (packet for packet in self._source.demux(stream) if packet.size)

    def _frames(self, stream: Any) -> Iterator[Any]:
        for packet in self._demuxed(stream):
            with suppress(InvalidDataError):
                yield from packet.decode()
