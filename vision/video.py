"""Videos from and to files: upright RGB frames in BT.709 with the file's own timestamps."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np

from vision import container
from vision.color import color_kind
from vision.container import Clock, opened
from vision.display import Display, deinterlaced, display_matrix, rotation_of
from vision.planar import Planar, PlanarFrame
from vision.rotation import Picture, Rotations
from vision.types import Frame, Image, MediaError
from vision.video_encoder import CRF, DETAILS, PRESET, VIDEO_SUFFIXES, write_video

__all__ = [
    "CRF",
    "DETAILS",
    "PRESET",
    "VIDEO_SUFFIXES",
    "PlanarFrame",
    "Rotations",
    "VideoInfo",
    "probe_video",
    "read_frames",
    "read_planar",
    "write_video",
]


@dataclass(frozen=True)
class VideoInfo:
    """Facts of a video file.

    ``width`` and ``height`` as shown (after ``rotation``, degrees counterclockwise), ``duration`` in seconds (0 if
    unknown), ``frames`` (an estimate, 0 if unknown), ``rate`` in frames a second.  ``notes`` on conversions of the
    picture while reading, one sentence each.
    """

    path: Path
    width: int
    height: int
    rotation: int
    duration: float
    frames: int
    rate: float
    has_audio: bool
    notes: tuple[str, ...] = ()


def probe_video(path: str | Path) -> VideoInfo:
    """The facts of a video, from its header and first frame; raises ``MediaError`` as ``read_frames`` does."""
    path = Path(path)
    with _opened(path) as (file, stream):
        first = next(_decoded(file, stream, path))
        height, width = Display(stream).image(first).shape[:2]
        rate = container.usual_rate(stream)
        duration = _duration(file, stream)
        count = stream.frames or round(duration * rate)
        turn, notes = rotation_of(display_matrix(first)), tuple(_notes(file, stream, first))
        return VideoInfo(path, width, height, turn, duration, count, rate, bool(file.streams.audio), notes)


def read_frames(path: str | Path, rotations: Rotations | None = None) -> Generator[Frame, None, None]:
    """The frames of a video as players show them, all of the first one's size, with strictly increasing times from 0.

    Times are the file's own (variable frame rates stay variable), see ``vision.container.Clock``.  Interlaced frames
    are deinterlaced, HDR and wide gamuts are converted to BT.709, ``rotations`` are applied, and a later frame of
    another shape is letterboxed.  Damaged parts are skipped.  Closing the generator closes the file.  Raises
    ``MediaError`` if the file is missing, empty, not a video, or has no decodable frame.
    """
    size = None
    for image, time in _shown(Path(path), rotations, Display.image):
        size = size or image.shape[1::-1]
        yield Frame(fitted(image, size), time)


def read_planar(path: str | Path, rotations: Rotations | None = None) -> Generator[PlanarFrame, None, None]:
    """The same frames as planes, for drawing and re-encoding, see ``vision.planar``.

    Odd sizes are padded to even ones.  Raises what ``read_frames`` raises.
    """
    first = None
    for image, time in _shown(Path(path), rotations, Display.planar):
        first = first or image
        if (image.shape, image.tags) != (first.shape, first.tags):
            image = Planar.of(fitted(image.rgb(), (first.width, first.height)), first.tags)
        yield PlanarFrame(image, time)


def _shown(
    path: Path, rotations: Rotations | None, show: Callable[[Display, av.VideoFrame], Picture]
) -> Generator[tuple[Picture, float], None, None]:
    """Every decoded frame converted by ``show``, upright, and its time."""
    with _opened(path) as (file, stream):
        clock, display = Clock(container.usual_gap(stream)), Display(stream)
        for decoded in deinterlaced(_decoded(file, stream, path), stream):
            image, time = show(display, decoded), clock.tick(decoded.time)
            yield (rotations.rotated(image, time) if rotations is not None else image), time


def fitted(image: Image, size_wh: tuple[int, int]) -> Image:
    """The image letterboxed to another size, with black bars."""
    width, height = size_wh
    if image.shape[1::-1] == size_wh:
        return image
    factor = min(width / image.shape[1], height / image.shape[0])
    inner = (max(round(image.shape[1] * factor), 1), max(round(image.shape[0] * factor), 1))
    left, top = (width - inner[0]) // 2, (height - inner[1]) // 2
    whole = np.zeros((height, width, 3), np.uint8)
    way = cv2.INTER_AREA if factor < 1 else cv2.INTER_LINEAR
    whole[top : top + inner[1], left : left + inner[0]] = cv2.resize(image, inner, interpolation=way)
    return whole


@contextmanager
def _opened(path: Path) -> Generator[tuple[Any, Any], None, None]:
    """The open container and its main video stream."""
    with opened(path) as file:
        stream = container.picture_stream(file)
        if stream is None:
            raise MediaError(f"{path.name} has no moving picture in it.")
        stream.thread_type = "AUTO"
        yield file, stream


def _decoded(file: Any, stream: Any, path: Path) -> Iterator[av.VideoFrame]:
    """Decoded frames; damaged packets are skipped, a file without any frame raises ``MediaError``."""
    found = False
    for frame in container.frames(file, stream):
        found = True
        yield frame
    if not found:
        raise MediaError(f"{path.name} has no frame that can be decoded.")


def _notes(file: Any, stream: Any, first: av.VideoFrame) -> Iterator[str]:
    kind = color_kind(first)
    if kind is not None:
        name = {"pq": "HDR (PQ)", "hlg": "HDR (HLG)"}.get(kind[0], "a wide gamut")
        yield f"The colours were converted from {name} to the standard range."
    if first.interlaced_frame:
        yield "The interlaced picture was deinterlaced."
    if stream.index != file.streams.video[0].index:
        yield f"The file has several pictures; track {stream.index + 1} was used."


def _duration(file: Any, stream: Any) -> float:
    """Duration in seconds, or 0 where the file does not contain it."""
    if stream.duration:
        return float(stream.duration * stream.time_base)
    return file.duration / av.time_base if file.duration else 0.0
