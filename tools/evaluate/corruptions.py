"""Corruptions typical of phone videos, applied frame by frame, which should not change the count."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from typing import cast

import cv2
import numpy as np

from vision.types import Frame, Image

Frames = Iterable[Frame]


def _each(change: Callable[[Image, float], Image]) -> Callable[[Frames], Iterator[Frame]]:
    """A corruption of single pictures as a corruption of the clip."""

    def changed(frames: Frames) -> Iterator[Frame]:
        for frame in frames:
            yield Frame(change(frame.image, frame.time), frame.time)

    return changed


def _small(image: Image, _: float) -> Image:
    """240 lines, compressed hard."""
    scale = 240 / min(image.shape[:2])
    image = cv2.resize(image, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA) if scale < 1 else image  # type: ignore[assignment]  # OpenCV's types tell no dtype
    jpeg = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, 25])[1]
    return cast(Image, cv2.imdecode(jpeg, cv2.IMREAD_COLOR))


NOISE = np.random.default_rng(0).normal(0, 6, (997, 1000, 3)).astype(np.float32)
"""Sensor noise, shown from another corner in every frame."""


def _dark(image: Image, time: float) -> Image:
    """A third of the light, with the corresponding noise."""
    y, x = (int(v) for v in np.random.default_rng(int(time * 1e4)).integers(0, 900, 2))
    height, width = image.shape[:2]
    noise = np.take(np.take(NOISE, range(y, y + height), 0, mode="wrap"), range(x, x + width), 1, mode="wrap")
    return np.clip(image * np.float32(0.35) + noise, 0, 255).astype(np.uint8)


def _shaky(image: Image, time: float) -> Image:
    """A hand-held camera: slow pan, zoom by a tenth, shake of half a per cent at 3 Hz."""
    height, width = image.shape[:2]
    zoom = 1.1 + 0.1 * np.sin(0.7 * time)
    x = width * (0.05 * np.sin(0.9 * time) + 0.005 * np.sin(2 * np.pi * 3.1 * time))
    y = height * (0.03 * np.sin(0.6 * time) + 0.005 * np.sin(2 * np.pi * 2.7 * time))
    matrix = np.array([[zoom, 0, width / 2 * (1 - zoom) + x], [0, zoom, height / 2 * (1 - zoom) + y]])
    return cast(Image, cv2.warpAffine(image, matrix, (width, height), borderMode=cv2.BORDER_REPLICATE))


def _half_rate(frames: Frames) -> Iterator[Frame]:
    """Every second frame."""
    return islice(frames, 0, None, 2)


def _jumpy(frames: Frames) -> Iterator[Frame]:
    """Variable frame rate as of a phone: one frame in eight is lost."""
    rng = np.random.default_rng(0)
    return (frame for frame in frames if rng.random() > 1 / 8)


def _mirrored(image: Image, _: float) -> Image:
    return np.ascontiguousarray(image[:, ::-1])


def _cut(image: Image, _: float) -> Image:
    """The camera held too high: the lower third of the picture is missing."""
    return np.ascontiguousarray(image[: max(1, 2 * image.shape[0] // 3)])


CORRUPTIONS: dict[str, Callable[[Frames], Iterator[Frame]]] = {
    "small": _each(_small),
    "dark": _each(_dark),
    "shaky": _each(_shaky),
    "mirrored": _each(_mirrored),
    "half_rate": _half_rate,
    "jumpy": _jumpy,
    "cut": _each(_cut),
}
"""Half the rate is beyond what alternate feet allow when 30 frames a second become 15."""
