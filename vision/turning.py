"""Recordings that lie on their side without saying so: turned by what is seen in them."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, TypeVar, cast

import cv2

from vision.planar import Planar
from vision.types import Frame, Image

Picture = TypeVar("Picture", Image, Planar)

FindRotation = Callable[[Image], int | None]
"""How far a picture must be turned counterclockwise (0, 90 or 270 degrees); None where nothing tells."""

SAMPLES, EVERY = 5, 0.4
"""Most frames of a part of a video that are judged, and the seconds between them."""

AGREEING = 3
"""Judged frames that must agree before a part is turned; one is enough for leaving it."""

_TURNS = {90: cv2.ROTATE_90_COUNTERCLOCKWISE, 270: cv2.ROTATE_90_CLOCKWISE}


class Turns:
    """How the parts of a video are turned: found by ``find_rotation`` at the first reading, and the same at later ones.

    A part lasts as long as the shape of the decoded frames does.
    """

    def __init__(self, find_rotation: FindRotation | None = None, first: Iterable[Frame] = ()) -> None:
        """``first`` are frames of the beginning of the video; they are taken until they tell.  Without
        ``find_rotation`` nothing is turned.
        """
        self._find, self._parts, self._shape = find_rotation or _nothing, [(0.0, 0)], cast(object, None)
        self._part = _Part(self._find)
        for frame in first:
            self._parts[0] = (0.0, self._part.turn(frame.image, frame.time))
            if self._part.settled:
                break
        self._part.settled = True

    def __getstate__(self) -> dict[str, Any]:
        """Without ``find_rotation``, which may hold networks: what was found stays the same at later readings."""
        return vars(self) | {"_find": _nothing, "_part": _Part(_nothing, settled=True)}

    def turned(self, image: Picture, time: float) -> Picture:
        """The frame's image as it should be seen."""
        if time >= self._parts[-1][0]:
            self._watch(image, time)
        degrees = next(d for start, d in reversed(self._parts) if time >= start)
        return _rotated(image, degrees) if degrees else image

    def _watch(self, image: Image | Planar, time: float) -> None:
        """Begin a part where the shape changes, and judge its frames until they tell."""
        if self._shape is not None and self._shape != image.shape:
            self._part = _Part(self._find)
            self._parts.append((time, 0))
        self._shape = image.shape
        if not self._part.settled:
            degrees = self._part.turn(image.rgb() if isinstance(image, Planar) else image, time)
            if degrees != self._parts[-1][1]:
                self._parts.append((time, degrees))

    @property
    def notes(self) -> tuple[str, ...]:
        """A sentence where something was turned."""
        ways = {90: "to the left", 270: "to the right"}
        found = sorted({degrees for _, degrees in self._parts if degrees})
        return tuple(f"The picture lay on its side and was turned {ways[degrees]}." for degrees in found)


def _rotated(image: Picture, degrees: int) -> Picture:
    if isinstance(image, Planar):
        return image.mapped(lambda plane: cv2.rotate(plane, _TURNS[degrees]))
    return cast(Picture, cv2.rotate(image, _TURNS[degrees]))


def _nothing(_: Image) -> None:
    """A rotation that is never known."""


class _Part:
    """What the judged frames of one part of a video said."""

    def __init__(self, find_rotation: FindRotation, settled: bool = False) -> None:
        self._find, self._said, self._next, self.settled = find_rotation, list[int | None](), 0.0, settled

    def turn(self, image: Image, time: float) -> int:
        """The turn in degrees as far as is known."""
        if not self._said:
            self._next = time
        if not self.settled and time >= self._next - 1e-6:
            self._said.append(self._find(image))
            self._next = time + EVERY
            self.settled = self._said[-1] == 0 or self._agreed() > 0 or len(self._said) >= SAMPLES
        return 0 if 0 in self._said else self._agreed()

    def _agreed(self) -> int:
        return next((d for d in _TURNS if self._said.count(d) >= AGREEING), 0)
