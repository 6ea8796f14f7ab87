"""The shape controls as one smooth displacement field.

Every control is a closed formula in the face's own coordinates, as in Gustafsson's interactive
image warping (1993), but bounded: the field of the jaw ends a few percent of the face width beside
it, so that straight lines in the background stay straight.  The fields of all controls and faces
add up and the picture is resampled once.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import NamedTuple, cast

import cv2
import numpy as np

from beauty.curves import RAMP_SLOPE, Range, ramp, smooth
from beauty.frame import FaceFrame, Patch, frame_of, patch_for, usable_faces
from beauty.points import (
    CHIN,
    LEFT_CORNERS,
    LEFT_EYE,
    LIP_MIDDLES,
    LOWER_LIP,
    MOUTH_CORNERS,
    NOSE,
    OUTER_LIPS,
    RIGHT_CORNERS,
    RIGHT_EYE,
    WINGS,
)
from beauty.settings import BeautySettings
from beauty.slimming import STEEPEST, facing, slimming
from vision.types import Faces, Floats

EYE_SIZE, NOSE_WIDTH, MOUTH_SIZE, CHIN_LENGTH = 0.112, 0.16, 0.14, 0.045
"""Changes at full strength, as shares (an eye gets 26 % more area); the length of the chin in face widths."""


class Zone(NamedTuple):
    """Ellipse in which a control acts.

    ``tall`` is its height per width, where the width is that of the eye, nose or mouth.  In units of its size, the
    control has full strength up to ``flat`` and decays to zero over ``fall``.
    """

    tall: float
    flat: float
    fall: float


EYE, NOSE_ZONE, MOUTH = Zone(0.78, 1.06, 0.94), Zone(1.1, 0.8, 1.0), Zone(0.7, 0.9, 0.9)
"""The eye itself is magnified evenly, and the fall ends below the brow."""

EYE_FORESHORTENED = 0.7
"""Width from which the height of an eye's zone is told, at least, in widths of the wider eye: the far eye of a turned
head is as tall as the near one."""

LEAST_NOSE = 0.05
"""Half width of a nose, at least, in face widths."""

CHIN_SIDE, LEAST_CHIN = Range(0.12, 0.42), 0.05
"""Distance from the middle over which the chin's move ends, and the height over which it grows from the lower lip to
the tip at least, in face widths."""

CHIN_SEEN = range(12, 21)
"""Points of the contour round the chin that must be seen."""

LEAST_JACOBIAN = 0.33
"""What no field falls below; below 0 the picture would fold."""

WEAKER, WEAKER_TIMES = 0.97, 60
"""What a field that would fold is multiplied by, again and again, and how often before it is given up (.16 is left)."""

TOGETHER, TOGETHER_TIMES = 0.9, 12
"""The same for fields of neighbouring faces that would fold together (.28 is left)."""

RIM, CALM = 8.0, 4.0
"""Over what a field comes to rest: pixels of its own at the rim of its patch, and at the border of the picture at least
so many times its largest shift, so that its slope there stays below .4 (``smooth`` rises by 1.5 at most)."""

ITERATIONS = 12
"""Rounds in which points are moved.  Each leaves at most 1 - LEAST_JACOBIAN of the error, all together .01 of it."""

FIELD_WIDTH = 220
"""Face width, in pixels, at which fields are computed before they are enlarged."""


@dataclass(frozen=True)
class Field:
    """A displacement (rows, cols, 2) float32 in picture pixels on the small version of ``patch``."""

    patch: Patch
    shift: Floats


@dataclass(frozen=True)
class Shares:
    """What a face gets of the shape controls' strength: its ``eyes``, and the left and right side of its ``jaw``."""

    eyes: float = 1.0
    jaw: tuple[float, float] = (1.0, 1.0)


def fields_of(
    shape_hw: tuple[int, int],
    faces: Faces,
    settings: BeautySettings,
    shares: Mapping[int, Shares] = MappingProxyType({}),
) -> list[Field]:
    """One field per face that lies in a picture of (H, W) pixels; empty when no shape control is set.

    ``shares`` weakens controls of single faces, by index.
    """
    if not settings.changes_shape:
        return []
    found: list[Field] = []
    for i in usable_faces(faces):
        frame = frame_of(faces, i)
        patch = patch_for(frame, shape_hw, FIELD_WIDTH)
        if patch is not None:
            share = shares.get(i, Shares())
            found.append(Field(patch, face_field(frame, patch, settings, float(faces.pose[i, 1]), shape_hw, share)))
    return _without_folds(found)


def face_field(
    frame: FaceFrame,
    patch: Patch,
    settings: BeautySettings,
    yaw: float,
    shape_hw: tuple[int, int],
    share: Shares = Shares(),
) -> Floats:
    """Displacement d (rows, cols, 2) of one face, with output(x) = input(x + d), at the patch's small size."""
    xs, ys = patch.grid()
    dx, dy = cast(tuple[Floats, Floats], np.meshgrid(xs - frame.origin[0], ys - frame.origin[1]))
    u = (dx * frame.right[0] + dy * frame.right[1]).astype(np.float32)
    v = (dx * frame.down[0] + dy * frame.down[1]).astype(np.float32)
    local = frame.local(frame.points)
    total = np.zeros((*u.shape, 2), np.float32)
    if settings.slimming:
        total[..., 0] += slimming(frame, u, v, settings.slimming * facing(yaw), share.jaw)
    if settings.eyes:
        for corners, rim in ((LEFT_CORNERS, LEFT_EYE), (RIGHT_CORNERS, RIGHT_EYE)):
            total += _eye(local, corners, rim, u, v, settings.eyes * share.eyes * frame.trust(rim))
    if settings.nose:
        total[..., 0] += _nose(frame, local, u, v, settings.nose * frame.trust(NOSE))
    if settings.mouth:
        total += _mouth(local, u, v, settings.mouth * frame.trust(OUTER_LIPS))
    if settings.chin:
        total[..., 1] += _chin(frame, local, u, v, settings.chin * frame.trust(OUTER_LIPS, CHIN_SEEN))
    turn = np.array([[*frame.right], [*frame.down]], np.float32)
    return _safe(_still_at_borders(total @ turn, patch, shape_hw), patch.step)


def move_points(points: np.ndarray, fields: Sequence[Field]) -> Floats:
    """Where points (P, 2) or (N, P, 2) of the input are found in the warped output (fixed-point iteration)."""
    points = np.asarray(points, np.float32)
    moved = points.copy()
    for _ in range(ITERATIONS):
        moved = points - _sample(fields, moved)
    return moved.astype(np.float32)


def _sample(fields: Sequence[Field], points: np.ndarray) -> Floats:
    """The sum of the fields at points (P, 2) or (A, B, 2)."""
    total = np.zeros(points.shape, np.float32)
    for one in fields:
        at = one.patch.points(points if points.ndim == 3 else points[:, None]).astype(np.float32)
        shift = cv2.remap(one.shift, at[..., 0], at[..., 1], cv2.INTER_LINEAR, borderMode=cv2.BORDER_CONSTANT)
        total += shift.reshape(points.shape)
    return total


def _eye(
    local: np.ndarray, corners: Sequence[int], rim: Sequence[int], u: np.ndarray, v: np.ndarray, strength: float
) -> np.ndarray:
    """Magnification round an eye: even over the eye itself, then falling to nothing below the brow."""
    ends = local[list(corners)]
    centre = ends.mean(0) * 0.5 + local[list(rim)].mean(0) * 0.5
    half = max(float(np.linalg.norm(ends[1] - ends[0])) / 2, 1e-3)
    tall = max(half, EYE_FORESHORTENED * _larger_half(local))
    axis = (ends[1] - ends[0]) / (2 * half)
    along, across = (
        (u - centre[0]) * axis[0] + (v - centre[1]) * axis[1],
        (v - centre[1]) * axis[0] - (u - centre[0]) * axis[1],
    )
    radius = np.sqrt((along / half) ** 2 + (across / (EYE.tall * tall)) ** 2)
    weight = -EYE_SIZE * strength * _inside(radius, EYE)
    return np.stack([weight * (u - centre[0]), weight * (v - centre[1])], axis=-1).astype(np.float32)


def _larger_half(local: np.ndarray) -> float:
    """Half the width of the eye that is less foreshortened."""
    eyes = (local[list(corners)] for corners in (LEFT_CORNERS, RIGHT_CORNERS))
    return float(max(np.linalg.norm(right - left) for left, right in eyes)) / 2


def _inside(radius: np.ndarray, zone: Zone) -> np.ndarray:
    """How much of a control acts at a radius in the zone's own measure."""
    return ramp((radius - zone.flat) / zone.fall)


def _nose(frame: FaceFrame, local: np.ndarray, u: np.ndarray, v: np.ndarray, strength: float) -> np.ndarray:
    """Sideways displacement that narrows the wings of the nose."""
    wings = local[list(WINGS)]
    centre = wings.mean(0)
    half = max(abs(float(wings[1, 0] - wings[0, 0])) / 2, LEAST_NOSE * frame.width)
    radius = np.sqrt(((u - centre[0]) / half) ** 2 + ((v - centre[1]) / (NOSE_ZONE.tall * half)) ** 2)
    return NOSE_WIDTH * strength * (u - centre[0]) * _inside(radius, NOSE_ZONE)


def _mouth(local: np.ndarray, u: np.ndarray, v: np.ndarray, strength: float) -> np.ndarray:
    """Magnification round the mouth (smaller for negative strengths)."""
    corners, middles = local[list(MOUTH_CORNERS)], local[list(LIP_MIDDLES)]
    centre = corners.mean(0) * 0.5 + middles.mean(0) * 0.5
    half = max(float(np.linalg.norm(corners[1] - corners[0])) / 2, 1e-3)
    tall = max(MOUTH.tall * half, abs(float(middles[1, 1] - middles[0, 1])) / 2)
    radius = np.sqrt(((u - centre[0]) / half) ** 2 + ((v - centre[1]) / tall) ** 2)
    weight = -MOUTH_SIZE * strength * _inside(radius, MOUTH)
    return np.stack([weight * (u - centre[0]), weight * (v - centre[1])], axis=-1).astype(np.float32)


def _chin(frame: FaceFrame, local: np.ndarray, u: np.ndarray, v: np.ndarray, strength: float) -> np.ndarray:
    """Displacement along the face that lengthens the chin (shortens it for negative strengths)."""
    tip, lip = local[CHIN], float(local[LOWER_LIP, 1])
    new = float(tip[1]) + CHIN_LENGTH * strength * frame.width
    rise = smooth(v, lip, max(new, lip + LEAST_CHIN * frame.width))
    fall = ramp((v - new) / (RAMP_SLOPE * CHIN_LENGTH * frame.width / STEEPEST))
    side = 1 - smooth(np.abs(u - tip[0]), *CHIN_SIDE.scaled(frame.width))
    return -CHIN_LENGTH * strength * frame.width * side * np.where(v < new, rise, fall)


def jacobian(shift: Floats, step: float = 1.0) -> Floats:
    """Determinant (H, W) of the mapping x + d(x) for a field (H, W, 2) sampled every ``step`` pixels."""
    if min(shift.shape[:2]) < 2:
        return np.ones(shift.shape[:2], np.float32)
    dy, dx = (np.gradient(shift, step, axis=axis) for axis in (0, 1))
    return ((1 + dx[..., 0]) * (1 + dy[..., 1]) - dx[..., 1] * dy[..., 0]).astype(np.float32)


def _safe(shift: Floats, step: float) -> Floats:
    """The field, weakened where needed until it cannot fold (also for points that make no face)."""
    for _ in range(WEAKER_TIMES):
        if not shift.size or float(jacobian(shift, step).min()) >= LEAST_JACOBIAN:
            return shift.astype(np.float32)
        shift = shift * WEAKER
    return np.zeros_like(shift, dtype=np.float32)


def _still_at_borders(shift: Floats, patch: Patch, shape_hw: tuple[int, int]) -> Floats:
    """The field at rest on the rim of the patch, and more gently towards the borders of the picture."""
    xs, ys = patch.grid()
    rim, calm = RIM * patch.step, max(RIM * patch.step, CALM * float(np.abs(shift).max(initial=0)))

    def rise(at: np.ndarray, start: int, end: int, last: int) -> np.ndarray:
        first, second = calm if start == 0 else rim, calm if end == last else rim
        return smooth(at - start, 0, first) * smooth(end - 1 - at, 0, second)

    across = rise(xs, patch.x0, patch.x0 + patch.width, shape_hw[1])
    along = rise(ys, patch.y0, patch.y0 + patch.height, shape_hw[0])
    return shift * np.outer(along, across)[..., None].astype(np.float32)


def _touching(a: Patch, b: Patch) -> bool:
    return abs(2 * (a.x0 - b.x0) + a.width - b.width) < a.width + b.width and (
        abs(2 * (a.y0 - b.y0) + a.height - b.height) < a.height + b.height
    )


def _without_folds(found: list[Field]) -> list[Field]:
    """Fields of neighbouring faces, weakened together where their sum would fold."""
    for i, one in enumerate(found):
        near = [j for j, other in enumerate(found) if j != i and _touching(one.patch, other.patch)]
        for _ in range(TOGETHER_TIMES if near else 0):
            xs, ys = one.patch.grid()
            grid = np.stack(np.meshgrid(xs, ys), axis=-1).astype(np.float32)
            together = found[i].shift + _sample([found[j] for j in near], grid)
            if float(jacobian(together, one.patch.step).min()) >= LEAST_JACOBIAN:
                break
            for j in (i, *near):
                found[j] = replace(found[j], shift=found[j].shift * TOGETHER)
    return found
