"""Rotation of recordings whose orientation is not in their metadata, found from their content."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, TypeVar, cast

import cv2

from vision.planar import Planar
from vision.types import Frame, Image

Picture = TypeVar("Picture", Image, Planar)

FindRotation = Callable[[Image], int | None]
"""Counterclockwise rotation (0, 90 or 270 degrees) that makes a picture upright; None where unknown."""

SAMPLES, EVERY = 5, 0.4
"""Most frames of a section of a video that are examined, and the seconds between them."""

AGREEING = 3
"""Examined frames that must agree before a section is rotated; a single upright one decides against it."""

_TURNS = {90: cv2.ROTATE_90_COUNTERCLOCKWISE, 270: cv2.ROTATE_90_CLOCKWISE}


class Rotations:
    """Rotations of the sections of a video: found by ``find_rotation`` in the first reading, reused in later ones.

    A new section begins where the shape of the decoded frames changes.
    """

    def __init__(self, find_rotation: FindRotation | None = None, first: Iterable[Frame] = ()) -> None:
        """``first``: frames from the start of the video, used until its rotation is known.

        Without ``find_rotation`` nothing is rotated.
        """
        self._find, self._sections, self._shape = find_rotation or _unknown, [(0.0, 0)], cast(object, None)
        self._section = _Section(self._find)
        for frame in first:
            self._sections[0] = (0.0, self._section.rotation(frame.image, frame.time))
            if self._section.settled:
                break
        self._section.settled = True

    def __getstate__(self) -> dict[str, Any]:
        """Without ``find_rotation``, which may hold networks; the rotations that were found are kept."""
        return vars(self) | {"_find": _unknown, "_section": _Section(_unknown, settled=True)}

    def rotated(self, image: Picture, time: float) -> Picture:
        """The image of the frame at ``time`` in seconds, upright."""
        if time >= self._sections[-1][0]:
            self._examine(image, time)
        degrees = next(d for start, d in reversed(self._sections) if time >= start)
        return _rotated(image, degrees) if degrees else image

    def _examine(self, image: Image | Planar, time: float) -> None:
        """Begin a section where the shape changes, and examine its frames until its rotation is known."""
        if self._shape is not None and self._shape != image.shape:
            self._section = _Section(self._find)
            self._sections.append((time, 0))
        self._shape = image.shape
        if not self._section.settled:
            degrees = self._section.rotation(image.rgb() if isinstance(image, Planar) else image, time)
            if degrees != self._sections[-1][1]:
                self._sections.append((time, degrees))

    @property
    def notes(self) -> tuple[str, ...]:
        """One sentence for each rotation that was applied."""
        ways = {90: "to the left", 270: "to the right"}
        found = sorted({degrees for _, degrees in self._sections if degrees})
        return tuple(f"The picture lay on its side and was turned {ways[degrees]}." for degrees in found)


def _rotated(image: Picture, degrees: int) -> Picture:
    if isinstance(image, Planar):
        return image.mapped(lambda plane: cv2.rotate(plane, _TURNS[degrees]))
    return cast(Picture, cv2.rotate(image, _TURNS[degrees]))


def _unknown(_: Image) -> None:
    """A ``FindRotation`` whose answer is always unknown."""


class _Section:
    """Rotations that were found in the examined frames of one section of a video."""

    def __init__(self, find_rotation: FindRotation, settled: bool = False) -> None:
        self._find, self._answers, self._next, self.settled = find_rotation, list[int | None](), 0.0, settled

    def rotation(self, image: Image, time: float) -> int:
        """The rotation in degrees as far as is known, else 0."""
        if not self._answers:
            self._next = time
        if not self.settled and time >= self._next - 1e-6:
            self._answers.append(self._find(image))
            self._next = time + EVERY
            self.settled = self._answers[-1] == 0 or self._agreed() > 0 or len(self._answers) >= SAMPLES
        return 0 if 0 in self._answers else self._agreed()

    def _agreed(self) -> int:
        return next((d for d in _TURNS if self._answers.count(d) >= AGREEING), 0)
