"""The data types of the project: validated, immutable containers of arrays.

Pixels are xy with integer centres (the top left pixel's centre is (0, 0)), boxes are
x0, y0, x1, y1, time is seconds in float64, angles are degrees.  An image is (H, W, 3) uint8 RGB.
Invalid input raises ``ValueError`` that names the field; a file that cannot be read or written
raises ``MediaError``.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, fields
from typing import Any, Protocol, Self, cast

import numpy as np
from numpy.typing import DTypeLike, NDArray

Image = NDArray[np.uint8]
Floats = NDArray[np.float32]
Times = NDArray[np.float64]


class MediaError(ValueError):
    """A photo or video file that cannot be read or written; the message is a sentence for a person."""


@dataclass(frozen=True)
class Frame:
    """One video frame: ``image`` (H, W, 3) uint8 RGB, upright, and its ``time`` in seconds."""

    image: Image
    time: float


def _rows(owner: object, name: str, shape: tuple[int, ...], rows: int | None, kind: DTypeLike = np.float32) -> int:
    """Coerce a field of a frozen dataclass to the type ``kind``, check its shape and return its length."""
    array: np.ndarray = np.asarray(getattr(owner, name), dtype=kind)
    if array.size == 0 and array.ndim != len(shape) + 1:
        array = array.reshape(0, *(max(n, 0) for n in shape))
    wanted = tuple("any" if n < 0 else n for n in shape)
    right = array.ndim == len(shape) + 1 and all(n < 0 or n == m for n, m in zip(shape, array.shape[1:], strict=True))
    if not right or (rows is not None and len(array) != rows):
        raise ValueError(f"{name} must have shape ({rows if rows is not None else 'N'}, *{wanted}), not {array.shape}")
    object.__setattr__(owner, name, array)
    return len(array)


class _Indexable:
    """Indexing with booleans, slices or integers, applied to every field."""

    boxes: Floats

    def __len__(self) -> int:
        return len(self.boxes)

    def __getitem__(self, index: Any) -> Self:
        rows: Any = [int(cast(int, index))] if isinstance(index, (int, np.integer)) else index
        return type(self)(**{f.name: getattr(self, f.name)[rows] for f in fields(cast(Any, self))})


@dataclass(frozen=True)
class Detections(_Indexable):
    """Output of a detector: ``boxes`` (N, 4), ``scores`` (N,) in [0, 1], ``points`` (N, P, 2) (P = 0 or 5)."""

    boxes: Floats
    scores: Floats
    points: Floats = field(default_factory=lambda: np.zeros((0, 0, 2), np.float32))

    def __post_init__(self) -> None:
        n = _rows(self, "boxes", (4,), None)
        _rows(self, "scores", (), n)
        if np.size(self.points) == 0:
            object.__setattr__(self, "points", np.zeros((n, 0, 2), np.float32))
        _rows(self, "points", (-1, 2), n)


@dataclass(frozen=True)
class Faces(_Indexable):
    """Faces of one image, largest first.

    ``boxes`` (N, 4) tight from forehead to chin; ``scores`` (N,) confidence in [0, 1];
    ``points5`` (N, 5, 2) image-left eye, image-right eye, nose tip, image-left and image-right
    mouth corner; ``points106`` (N, 106, 2) in the order of ``vision.layouts``;
    ``pose`` (N, 3) pitch (nose up +), yaw (nose to the image right +), roll (head tilted clockwise
    in the image +), degrees, R = Rz(roll) Ry(yaw) Rx(pitch); ``visible`` (N, 106) in [0, 1]: probability that each
    point is visible, 1 by default; ``glasses`` (N,) in [0, 1]: probability of glasses, NaN if unknown.
    """

    boxes: Floats
    scores: Floats
    points5: Floats
    points106: Floats
    pose: Floats
    visible: Floats = field(default_factory=lambda: np.zeros((0, 106), np.float32))
    glasses: Floats = field(default_factory=lambda: np.zeros(0, np.float32))

    def __post_init__(self) -> None:
        n = _rows(self, "boxes", (4,), None)
        _rows(self, "scores", (), n)
        _rows(self, "points5", (5, 2), n)
        _rows(self, "points106", (106, 2), n)
        _rows(self, "pose", (3,), n)
        if np.size(self.visible) == 0:
            object.__setattr__(self, "visible", np.ones((n, 106), np.float32))
        if np.size(self.glasses) == 0:
            object.__setattr__(self, "glasses", np.full(n, np.nan, np.float32))
        _rows(self, "visible", (106,), n)
        _rows(self, "glasses", (), n)

    @classmethod
    def none(cls) -> Self:
        """The faces of an image without a face."""
        empty = np.zeros(0, np.float32)
        return cls(empty, empty, empty, empty, empty)


@dataclass(frozen=True)
class PoseTrack(_Indexable):
    """One person through a video.

    ``times`` (T,) float64 seconds, strictly increasing; ``keypoints`` (T, 17, 3) float32 x, y,
    score in COCO order; ``boxes`` (T, 4) float32.  Where the person was not seen, x, y and box
    are NaN and the score is 0.  ``camera`` (T, 2) float32: motion of the background at the person's position since the
    previous frame in pixels; 0 by default (a static camera).  ``thumbnails`` (T, 32, 24) uint8: grey thumbnails of the
    body; ``energy`` (T,) float32: motion energy above the head (see ``counting.appearance``); both 0 by default.
    ``estimated`` (T,) bool: whether the keypoints were estimated in this frame or interpolated between frames
    (``counting.sampling``); True by default.
    """

    times: Times
    keypoints: Floats
    boxes: Floats
    camera: Floats = field(default_factory=lambda: np.zeros((0, 2), np.float32))
    thumbnails: NDArray[np.uint8] = field(default_factory=lambda: np.zeros((0, 32, 24), np.uint8))
    energy: Floats = field(default_factory=lambda: np.zeros(0, np.float32))
    estimated: NDArray[np.bool_] = field(default_factory=lambda: np.zeros(0, bool))

    def __post_init__(self) -> None:
        times = np.asarray(self.times, dtype=np.float64)
        if times.ndim != 1 or (len(times) > 1 and not np.all(np.diff(times) > 0)):
            raise ValueError("times must be one-dimensional and strictly increasing")
        object.__setattr__(self, "times", times)
        _rows(self, "keypoints", (17, 3), len(times))
        _rows(self, "boxes", (4,), len(times))
        for name, shape, kind in (
            ("camera", (2,), np.float32), ("thumbnails", (32, 24), np.uint8), ("energy", (), np.float32)
        ):  # fmt: skip
            if np.size(getattr(self, name)) == 0:
                object.__setattr__(self, name, np.zeros((len(times), *shape), kind))
            _rows(self, name, shape, len(times), kind)
        estimated = np.asarray(self.estimated, bool) if np.size(self.estimated) else np.ones(len(times), bool)
        if estimated.shape != times.shape:
            raise ValueError(f"estimated must have shape ({len(times)},), not {estimated.shape}")
        object.__setattr__(self, "estimated", estimated)


FindFaces = Callable[[Image], Faces]
FindPeople = Callable[[Image], Detections]
EstimatePose = Callable[[Sequence[Image], Floats], Floats]


class FollowingFinder(Protocol):
    """``FindFaces`` that can also track faces from one video frame to the next without detection."""

    def __call__(self, image: Image, /) -> Faces:
        """The faces of a picture."""
        ...

    def follow(self, image: Image, before: Faces, /) -> Faces:
        """The faces ``before`` of the previous frame, in their order, at their new positions; lost ones are missing."""
        ...
