"""Copies the audio of one video into another, in sync with the pictures."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from fractions import Fraction
from pathlib import Path
from typing import Any, cast

import av
import numpy as np
from av.error import FFmpegError

from vision import container
from vision.container import Clock, opened
from vision.types import MediaError

_BLOCK = 1024
"""Samples in a packet of AAC."""

_TOLERANCE = 0.05
"""Largest error in seconds of the audio's timing before silence is inserted or samples are dropped."""


class Audio:
    """Writes the default audio track of ``source`` into the open container ``output``, as AAC.

    Time 0 is the source's first picture.  AAC without errors is copied, everything else is encoded: gaps become
    silence, repeated and decreasing times are corrected, what cannot be decoded is skipped.  ``notes`` say in one
    sentence each what was lost.  A source without audio writes nothing and has no notes.
    """

    def __init__(self, source: str | Path, output: Any) -> None:
        self.notes: list[str] = []
        self._output, self._waiting, self._damaged = output, None, False
        self._packets: Iterator[Any] = iter(())
        self._closing = ExitStack()
        try:
            self._file = self._closing.enter_context(opened(source))
            stream = container.audio_stream(self._file)
            if stream is not None:
                whole = _is_whole_aac(source)
                begin = container.origin(source)
                self._packets = self._copied(stream, begin) if whole else self._encoded(stream, begin)
                self._waiting = next(self._packets, None)
        except (FFmpegError, MediaError, ValueError):
            self.leave_out()

    def close(self) -> None:
        """Close the source."""
        self._closing.close()

    def leave_out(self) -> None:
        """Stop writing audio and add a note."""
        self._waiting, self._packets = None, iter(())
        self.notes.append("The sound could not be kept.")

    def advance(self, until: float) -> None:
        """Write the audio up to the time ``until`` in seconds."""
        try:
            while self._waiting is not None and float(self._waiting.pts * self._waiting.time_base) <= until:
                self._output.mux_one(self._waiting)
                self._waiting = next(self._packets, None)
        except (FFmpegError, ValueError):
            self.leave_out()

    def _copied(self, stream: Any, begin: float) -> Iterator[Any]:
        """The unchanged packets from time 0 on."""
        target = self._output.add_stream_from_template(stream)
        shift = round(begin / stream.time_base)
        for packet in container.packets(self._file, stream):
            if packet.pts is not None and packet.pts >= shift and packet.size:
                packet.pts -= shift
                packet.dts = packet.pts
                packet.stream = target
                yield packet

    def _encoded(self, stream: Any, begin: float) -> Iterator[Any]:
        """AAC packets from time 0 on, without gaps."""
        rate = stream.rate if stream.rate in (44_100, 48_000) else 48_000
        layout = "mono" if stream.channels == 1 else "stereo"
        target = self._output.add_stream("aac", rate=rate, layout=layout)
        blocks = av.AudioResampler(format="fltp", layout=layout, rate=rate, frame_size=_BLOCK)
        written = 0
        for samples in self._in_step(stream, begin, rate, layout):
            for block in blocks.resample(samples):
                block.pts, block.time_base = written, Fraction(1, rate)
                written += block.samples
                yield from target.encode(block)
        yield from target.encode(None)

    def _in_step(self, stream: Any, begin: float, rate: int, layout: str) -> Iterator[Any]:
        """Decoded audio aligned with the file's times by inserted silence and dropped samples; None at the end.

        Each frame is placed by its time; see ``Clock`` for times that are missing or decrease.
        """
        clock, place, same = None, 0, _Same(rate, layout)
        for frame in container.frames(self._file, stream, self._lost):
            if clock is None:
                first = begin if frame.time is None else frame.time
                clock = Clock(frame.samples / frame.sample_rate, first - begin - 1e-9, -begin)
            error = round(clock.tick(frame.time) * rate) - place
            samples = same.samples(frame)
            if place == 0 or abs(error) > _TOLERANCE * rate:
                samples = _shifted(samples, error)
            place += samples.shape[1]
            if samples.shape[1]:
                yield _frame(samples, rate, layout)
        yield None

    def _lost(self) -> None:
        if not self._damaged:
            self._damaged = True
            self.notes.append("Parts of the sound are damaged and became silence.")


class _Same:
    """Resamples frames of any, also changing, sample format, rate and layout into one."""

    def __init__(self, rate: int, layout: str) -> None:
        self._rate, self._layout, self._key, self._resampler = rate, layout, None, cast(Any, None)

    def samples(self, frame: Any) -> np.ndarray:
        """(channels, samples) float32."""
        key = (frame.format.name, frame.layout.name, frame.sample_rate)
        if key != self._key:
            self._key = key
            self._resampler = av.AudioResampler(format="fltp", layout=self._layout, rate=self._rate)
        frame.pts = None
        pieces = [piece.to_ndarray() for piece in self._resampler.resample(frame)]
        channels = 1 if self._layout == "mono" else 2
        return np.concatenate(pieces, axis=1) if pieces else np.zeros((channels, 0), np.float32)


def _shifted(samples: np.ndarray, error: int) -> np.ndarray:
    """Samples with silence inserted in front where they are late, or with the first ones dropped where early."""
    return samples[:, -error:] if error < 0 else np.pad(samples, ((0, 0), (error, 0)))


def _frame(samples: np.ndarray, rate: int, layout: str) -> Any:
    frame = av.AudioFrame.from_ndarray(np.ascontiguousarray(samples), format="fltp", layout=layout)
    frame.sample_rate = rate
    return frame


def _is_whole_aac(source: str | Path) -> bool:
    """Whether the default audio is AAC with contiguous packets."""
    with opened(source) as file:
        stream = container.audio_stream(file)
        if stream is None or stream.codec_context.codec.canonical_name != "aac":
            return False
        due = None
        for packet in container.packets(file, stream):
            if not packet.size:
                continue
            if packet.pts is None or not packet.duration or packet.is_corrupt:
                return False
            if due is not None and abs(packet.pts - due) > packet.duration / 4 + 0.002 / stream.time_base:
                return False
            due = packet.pts + packet.duration
    return True
