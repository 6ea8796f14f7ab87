"""Faces that keep still from frame to frame of a video."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from typing import cast

import numpy as np

from beauty.frame import face_frame
from beauty.skin_colour import Appearance
from vision.geometry import box_iou
from vision.types import Faces, Floats

CUTOFF, SPEED = 1.2, 6.0
"""The one-euro filter: cut-off in Hz at rest, and what it gains in Hz per face width a second."""

VISIBLE = 0.3
"""Share of a new frame in what is known of the points' visibility and of glasses."""

SAME = 0.3
"""Overlap (IoU) of boxes in successive frames from which they show one face."""

SPEED_CUTOFF = 1.0
"""Cut-off in Hz of the low pass over the speed, as in the paper."""

HOLD = 0.3
"""Seconds that a face stays when it is not found."""


@dataclass(frozen=True)
class Followed:
    """The latest filtered state of a face.

    ``face`` is one row of ``Faces``, ``speed`` in face widths a second, ``time`` that of its frame, ``found`` the time
    of its last detection, ``seen`` the appearance of its skin.
    """

    face: Faces
    speed: float
    time: float
    found: float
    seen: Appearance | None = None


class TemporalFilter:
    """Joins the faces of successive frames and takes the trembling out of their points.

    The filter is the one-euro filter (Casiez, Roussel and Vogel, CHI 2012) with one cut-off for
    the whole face, from its median speed, so that the face keeps its shape.
    """

    def __init__(self) -> None:
        self._followed: list[Followed] = []

    def update(self, faces: Faces, time: float) -> Faces:
        """The filtered faces of the frame at ``time`` seconds; times must not go back."""
        waiting, now = list(self._followed), list[Followed]()
        for i in range(len(faces)):
            face, before = faces[i], _take_nearest(faces.boxes[i], waiting)
            now.append(Followed(face, 0.0, time, time) if before is None else _follow(before, face, time))
        held = [replace(f, time=time) for f in waiting if time - f.found <= HOLD]
        self._followed = now + held
        rows = [f.face for f in self._followed]
        return _joined(rows) if rows else Faces.none()

    @property
    def seen(self) -> list[Appearance | None]:
        """What the previous frame showed of the faces that ``update`` returned last, in their order."""
        return [f.seen for f in self._followed]

    def remember(self, index: int, seen: Appearance) -> None:
        """Keep what the frame showed of a face for the next one."""
        self._followed[index] = replace(self._followed[index], seen=seen)


def _take_nearest(box: Floats, waiting: list[Followed]) -> Followed | None:
    """Remove and return the followed face that overlaps the box most, if one does."""
    if not waiting:
        return None
    overlap = box_iou(box[None], np.concatenate([f.face.boxes for f in waiting]))[0]
    best = int(np.argmax(overlap))
    return waiting.pop(best) if overlap[best] > SAME else None


def _follow(before: Followed, face: Faces, time: float) -> Followed:
    """One step of the filter."""
    old, new = before.face.points106[0], face.points106[0]
    step = max(time - before.time, 1e-3)
    width = face_frame(new, face.pose[0]).width
    speed = float(np.median(np.linalg.norm(new - old, axis=1))) / width / step
    speed = before.speed + _low_pass_weight(SPEED_CUTOFF, step) * (speed - before.speed)
    weight = _low_pass_weight(CUTOFF + SPEED * speed, step)
    points, moved5, pose = (
        a + weight * (b - a)
        for a, b in ((old, new), (before.face.points5[0], face.points5[0]), (before.face.pose[0], face.pose[0]))
    )
    box = before.face.boxes[0] + weight * (face.boxes[0] - before.face.boxes[0])
    visible = before.face.visible + VISIBLE * (face.visible - before.face.visible)
    glasses = np.where(np.isfinite(before.face.glasses), before.face.glasses, face.glasses)
    glasses = glasses + VISIBLE * (face.glasses - glasses)
    moved = cast(tuple[Floats, Floats, Floats], (moved5[None], points[None], pose[None]))
    filtered = Faces(box[None], face.scores, *moved, cast(Floats, visible), cast(Floats, glasses))
    return Followed(filtered, speed, time, time, before.seen)


def _low_pass_weight(cutoff: float, step: float) -> float:
    """Weight of the new value in a first-order low-pass."""
    x = 2 * np.pi * cutoff * step
    return float(x / (x + 1))


def _joined(rows: list[Faces]) -> Faces:
    return Faces(**{f.name: np.concatenate([getattr(row, f.name) for row in rows]) for f in fields(Faces)})
