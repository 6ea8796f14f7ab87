"""Planar YUV 4:2:0 pictures as video codecs store them: luma at full size, two chroma planes at half size.

A frame that is only drawn into and encoded again is not converted to RGB and back, which would cost more than decoding
it; pixels that are not drawn on keep their exact values.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, cast

import av
import cv2
import numpy as np
from av.video.reformatter import Colorspace, VideoReformatter

from vision.types import Floats, Image

Plane = np.ndarray

BT709 = (1, 1, 1)
"""Matrix, primaries and transfer of BT.709 (codes of ITU-T H.273)."""

_LUMA = {"bt709": (0.2126, 0.0722), "bt601": (0.299, 0.114)}
"""Luma coefficients of red and blue."""

_converter = VideoReformatter()


@dataclass(frozen=True)
class Planar:
    """A picture, or by slicing a region of one, in 8 bits of limited range (16 to 235) with 4:2:0 sampling.

    ``y`` (H, W), ``u`` and ``v`` (H/2, W/2) uint8 are the whole picture, H and W even; ``top``, ``left``, ``height``
    and ``width`` are the region.  ``tags``: codes of its matrix, primaries and transfer (ITU-T H.273).
    """

    y: Plane
    u: Plane
    v: Plane
    tags: tuple[int, int, int]
    top: int
    left: int
    height: int
    width: int

    @classmethod
    def whole(cls, y: Plane, u: Plane, v: Plane, tags: tuple[int, int, int]) -> Planar:
        """The picture made of three planes."""
        return cls(y, u, v, tags, 0, 0, *y.shape)

    @classmethod
    def of(cls, image: Image, tags: tuple[int, int, int] = BT709) -> Planar:
        """A picture (H, W, 3) uint8 RGB; odd sizes are padded to even ones."""
        height, width = image.shape[:2]
        image = np.ascontiguousarray(image)
        if height % 2 or width % 2:
            image = cast(Image, cv2.copyMakeBorder(image, 0, height % 2, 0, width % 2, cv2.BORDER_REPLICATE))
        picture = av.VideoFrame.from_numpy_buffer(image, "rgb24")
        matrix = Colorspace.ITU709 if tags[0] == BT709[0] else Colorspace.ITU601
        picture = _converter.reformat(picture, format="yuv420p", dst_colorspace=matrix, threads=1)
        return cls.whole(*planes_of(picture), tags)

    @property
    def shape(self) -> tuple[int, int, int]:
        """Shape (H, W, 3) of the region as an RGB picture."""
        return self.height, self.width, 3

    @property
    def size(self) -> int:
        """Pixels of the region."""
        return self.height * self.width

    def __getitem__(self, key: slice | tuple[slice, slice]) -> Planar:
        """A region by slices of rows and columns with step 1."""
        rows, columns = key if isinstance(key, tuple) else (key, slice(None))
        y0, y1, _ = rows.indices(self.height)
        x0, x1, _ = columns.indices(self.width)
        size = max(y1 - y0, 0), max(x1 - x0, 0)
        return Planar(self.y, self.u, self.v, self.tags, self.top + y0, self.left + x0, *size)

    def mapped(self, change: Callable[[Plane], Any]) -> Planar:
        """The whole picture with ``change`` (a rotation or mirroring) applied to every plane."""
        y, u, v = (np.ascontiguousarray(change(plane)) for plane in (self.y, self.u, self.v))
        return Planar.whole(y, u, v, self.tags)

    def rgb(self) -> Image:
        """The whole picture (H, W, 3) uint8 RGB."""
        matrix = Colorspace.ITU709 if self.tags[0] == BT709[0] else Colorspace.ITU601
        picture = _converter.reformat(self.frame(), format="rgb24", src_colorspace=matrix, threads=1)
        return cast(Image, picture.to_ndarray())

    def frame(self) -> av.VideoFrame:
        """The whole picture as a new frame for an encoder."""
        picture = av.VideoFrame(self.y.shape[1], self.y.shape[0], "yuv420p")
        for target, plane in zip(planes_of(picture), (self.y, self.u, self.v), strict=True):
            target[...] = plane
        return picture

    def blend(self, mask: Floats, colour: tuple[int, int, int]) -> None:
        """Alpha blend an RGB colour into the region, in place; ``mask`` (height, width) is its opacity in [0, 1]."""
        if not self.size:
            return
        bright, *differences = self._values(colour)
        _mix(self._luma(), mask, bright)
        top, left = self.top % 2, self.left % 2
        ends = (top + self.height) % 2, (left + self.width) % 2
        even = cv2.copyMakeBorder(np.asarray(mask, np.float32), top, ends[0], left, ends[1], cv2.BORDER_REPLICATE)
        small: Any = cv2.resize(even, (even.shape[1] // 2, even.shape[0] // 2), interpolation=cv2.INTER_AREA)
        for plane, value in zip(self._chroma(), differences, strict=True):
            _mix(plane, small, value)

    def draw(self, shape: Callable[[Plane, int, float], None], colour: tuple[int, int, int]) -> None:
        """Call ``shape`` to draw into each plane of a whole picture.

        Its arguments: the plane, the value of the RGB ``colour`` in it, and its size as a share of the picture's.
        """
        for plane, value, scale in zip((self.y, self.u, self.v), self._values(colour), (1.0, 0.5, 0.5), strict=True):
            shape(plane, value, scale)

    def _luma(self) -> Plane:
        return self.y[self.top : self.top + self.height, self.left : self.left + self.width]

    def _chroma(self) -> tuple[Plane, Plane]:
        rows = slice(self.top // 2, (self.top + self.height + 1) // 2)
        columns = slice(self.left // 2, (self.left + self.width + 1) // 2)
        return self.u[rows, columns], self.v[rows, columns]

    def _values(self, colour: tuple[int, int, int]) -> tuple[int, int, int]:
        """Y, U and V of an RGB colour (ITU-R BT.709 or BT.601)."""
        red, blue = _LUMA["bt709" if self.tags[0] == BT709[0] else "bt601"]
        r, g, b = (value / 255 for value in colour)
        luma = red * r + (1 - red - blue) * g + blue * b
        u, v = (b - luma) / (2 - 2 * blue), (r - luma) / (2 - 2 * red)
        return round(16 + 219 * luma), round(128 + 224 * u), round(128 + 224 * v)


@dataclass(frozen=True)
class PlanarFrame:
    """A frame of a video as planes, and its time in seconds from the first one."""

    image: Planar
    time: float


def planes_of(frame: av.VideoFrame) -> tuple[Plane, Plane, Plane]:
    """Views of the three planes of a frame in yuv420p."""
    planes: Any = frame.planes
    y, u, v = (np.frombuffer(p, np.uint8).reshape(p.height, p.line_size)[:, : p.width] for p in planes)
    return y, u, v


def _mix(plane: Plane, mask: Floats, value: int) -> None:
    """Alpha blend a value into a plane, in place."""
    ground = np.full(mask.shape, value, np.uint8)
    plane[...] = cv2.blendLinear(np.ascontiguousarray(plane), ground, 1 - mask, np.ascontiguousarray(mask))
