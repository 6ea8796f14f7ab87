"""Decoded frames as players show them: deinterlaced, in BT.709, with square pixels, upright."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, cast

import av
import cv2
import numpy as np
from av.error import FFmpegError
from av.filter import Graph
from av.sidedata.sidedata import Type
from av.video.reformatter import ColorRange, VideoReformatter

from vision.color import to_bt709
from vision.planar import Planar, planes_of
from vision.types import Image


def display_matrix(frame: av.VideoFrame) -> tuple[int, int, int, int]:
    """The frame's display matrix as signs (a, b, c, d): shown x = a x + c y, shown y = b x + d y."""
    sides: Any = frame.side_data
    data = next((s for s in sides if s.type == Type.DISPLAYMATRIX), None)
    if data is None:
        return 1, 0, 0, 1
    a, b, _, c, d = np.frombuffer(bytes(data), np.int32)[:5].tolist()
    if abs(a) + abs(d) >= abs(b) + abs(c):
        return (-1 if a < 0 else 1), 0, 0, (-1 if d < 0 else 1)
    return 0, (-1 if b < 0 else 1), (-1 if c < 0 else 1), 0


def rotation_of(matrix: tuple[int, int, int, int]) -> int:
    """Rotation of a display matrix in degrees counterclockwise: 0, 90, 180 or 270 (before any mirroring)."""
    a, b, _, d = matrix
    if a:
        return 180 if a < 0 and d < 0 else 0
    return 90 if b < 0 else 270


class Display:
    """Converts the decoded frames of one stream for display; reuses its converter and filters."""

    def __init__(self, stream: Any) -> None:
        self._aspect = float(stream.sample_aspect_ratio or 1)
        self._converter = VideoReformatter()
        self._colors: Any = None
        self._key: object = None
        self._rotation: object = None
        self._matrix = (1, 0, 0, 1)

    def image(self, frame: av.VideoFrame) -> Image:
        """(H, W, 3) uint8 RGB as shown."""
        image = self._rgb(frame)
        if self._aspect != 1:
            size = (max(round(frame.width * self._aspect), 1), frame.height)
            image = cv2.resize(image, size, interpolation=cv2.INTER_LINEAR)
        return upright(cast(Image, image), self._matrix_of(frame))

    def planar(self, frame: av.VideoFrame) -> Planar:
        """The image as planes: the decoded ones where they have 8 bits, limited range and SDR colours."""
        if not self._plain(frame):
            return Planar.of(self.image(frame))
        tags = int(frame.colorspace), int(frame.color_primaries), int(frame.color_trc)
        matrix = self._matrix_of(frame)
        planes = Planar.whole(*planes_of(frame), tags)
        return planes.mapped(lambda plane: upright(plane, matrix) if matrix != (1, 0, 0, 1) else plane.copy())

    def _plain(self, frame: av.VideoFrame) -> bool:
        """Whether the frame's planes need no conversion before drawing and encoding."""
        self._look_at_colors(frame)
        even = frame.format.name == "yuv420p" and frame.width % 2 == frame.height % 2 == 0
        return even and self._aspect == 1 and self._colors is None and frame.color_range != ColorRange.JPEG

    def _matrix_of(self, frame: av.VideoFrame) -> tuple[int, int, int, int]:
        """The frame's display matrix, read only where its rotation changes.

        Reading a frame's side data makes a reference cycle, so that only the garbage collector frees the frame.
        """
        if frame.rotation != self._rotation:
            self._rotation, self._matrix = frame.rotation, display_matrix(frame)
        return self._matrix

    def _look_at_colors(self, frame: av.VideoFrame) -> None:
        """Create the colour filter that frames of this kind need, if any."""
        key = (frame.color_trc, frame.color_primaries, frame.format.name, frame.width, frame.height)
        if key != self._key:
            self._key, self._colors = key, to_bt709(frame)

    def _rgb(self, frame: av.VideoFrame) -> Image:
        self._look_at_colors(frame)
        if self._colors is None:
            return cast(Image, self._converter.reformat(frame, format="rgb24", threads=1).to_ndarray())
        self._colors.push(frame)
        return cast(Image, self._colors.pull().to_ndarray())


def upright(image: Image, matrix: tuple[int, int, int, int]) -> Image:
    """The image rotated and mirrored by a display matrix."""
    a, b, c, d = matrix
    if (a, d) == (1, 1):
        return image
    if not a:
        image = cast(Image, cv2.transpose(image))
    across, down = (a or c) < 0, (d or b) < 0
    if not (across or down):
        return image
    return cast(Image, cv2.flip(image, -1 if across and down else int(across)))


def deinterlaced(frames: Iterator[av.VideoFrame], stream: Any) -> Iterator[av.VideoFrame]:
    """The frames, with interlaced ones deinterlaced by bwdif from the first one on."""
    graph: Any = None
    for frame in frames:
        if graph is None and not frame.interlaced_frame:
            yield frame
            continue
        if graph is None:
            graph = _bwdif(frame, stream)
        graph.push(frame)
        yield from _ready(graph)
    if graph is not None:
        graph.push(None)
        yield from _ready(graph)


def _bwdif(frame: av.VideoFrame, stream: Any) -> Any:
    graph = Graph()
    source = graph.add_buffer(
        width=frame.width, height=frame.height, format=frame.format, time_base=frame.time_base or stream.time_base
    )
    graph.link_nodes(source, graph.add("bwdif", "mode=send_frame:deint=interlaced"), graph.add("buffersink"))
    graph.configure()
    return graph


def _ready(graph: Any) -> Iterator[av.VideoFrame]:
    while True:
        try:
            yield graph.pull()
        except (FFmpegError, BlockingIOError, EOFError):
            return
