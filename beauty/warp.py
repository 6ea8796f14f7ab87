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
from typing import cast

import cv2
import numpy as np

from beauty.curves import RAMP_SLOPE, ramp, smooth
from beauty.frame import FaceFrame, Patch, frame_of, patch_for, usable_faces
from beauty.settings import BeautySettings
from beauty.slimming import STEEPEST, facing, slimming
from vision.types import Faces, Floats

EYE, CHIN, NOSE, MOUTH = 0.112, 0.045, 0.16, 0.14
"""Changes at full strength: eye size, chin length (of the face width), nose and mouth width."""

NOSE_POINTS, LIPS, CHIN_POINTS = range(51, 66), range(84, 96), range(12, 21)

LEAST_JACOBIAN = 0.33
"""What no field falls below; below 0 the picture would fold."""

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
        for corners in ((66, 70), (75, 79)):
            trust = frame.trust(range(corners[0], corners[0] + 8))
            total += _eye(local, corners, u, v, settings.eyes * share.eyes * trust)
    if settings.nose:
        total[..., 0] += _nose(frame, local, u, v, settings.nose * frame.trust(NOSE_POINTS))
    if settings.mouth:
        total += _mouth(local, u, v, settings.mouth * frame.trust(LIPS))
    if settings.chin:
        total[..., 1] += _chin(frame, local, u, v, settings.chin * frame.trust(LIPS, CHIN_POINTS))
    turn = np.array([[*frame.right], [*frame.down]], np.float32)
    return _safe(_still_at_borders(total @ turn, patch, shape_hw), patch.step)


def move_points(points: np.ndarray, fields: Sequence[Field]) -> Floats:
    """Where points (P, 2) or (N, P, 2) of the input are found in the warped output (fixed-point iteration)."""
    points = np.asarray(points, np.float32)
    moved = points.copy()
    for _ in range(12):
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


def _eye(local: np.ndarray, corners: tuple[int, int], u: np.ndarray, v: np.ndarray, strength: float) -> np.ndarray:
    """Magnification round an eye: even over the eye itself, then falling to nothing below the brow."""
    ends = local[list(corners)]
    centre = ends.mean(0) * 0.5 + local[list(range(corners[0], corners[0] + 8))].mean(0) * 0.5
    half = max(float(np.linalg.norm(ends[1] - ends[0])) / 2, 1e-3)
    tall = max(half, 0.7 * _larger_half(local))
    axis = (ends[1] - ends[0]) / (2 * half)
    along, across = (
        (u - centre[0]) * axis[0] + (v - centre[1]) * axis[1],
        (v - centre[1]) * axis[0] - (u - centre[0]) * axis[1],
    )
    radius = np.sqrt((along / half) ** 2 + (across / (0.78 * tall)) ** 2)
    weight = -EYE * strength * ramp((radius - 1.06) / 0.94)
    return np.stack([weight * (u - centre[0]), weight * (v - centre[1])], axis=-1).astype(np.float32)


def _larger_half(local: np.ndarray) -> float:
    """Half the width of the eye that is less foreshortened."""
    return float(max(np.linalg.norm(local[70] - local[66]), np.linalg.norm(local[79] - local[75]))) / 2


def _nose(frame: FaceFrame, local: np.ndarray, u: np.ndarray, v: np.ndarray, strength: float) -> np.ndarray:
    """Sideways displacement that narrows the wings of the nose."""
    centre = local[[57, 63]].mean(0)
    half = max(abs(float(local[63, 0] - local[57, 0])) / 2, 0.05 * frame.width)
    radius = np.sqrt(((u - centre[0]) / half) ** 2 + ((v - centre[1]) / (1.1 * half)) ** 2)
    return NOSE * strength * (u - centre[0]) * ramp((radius - 0.8) / 1.0)


def _mouth(local: np.ndarray, u: np.ndarray, v: np.ndarray, strength: float) -> np.ndarray:
    """Magnification round the mouth (smaller for negative strengths)."""
    corners = local[[84, 90]]
    centre = corners.mean(0) * 0.5 + local[[87, 93]].mean(0) * 0.5
    half = max(float(np.linalg.norm(corners[1] - corners[0])) / 2, 1e-3)
    tall = max(0.7 * half, abs(float(local[93, 1] - local[87, 1])) / 2)
    radius = np.sqrt(((u - centre[0]) / half) ** 2 + ((v - centre[1]) / tall) ** 2)
    weight = -MOUTH * strength * ramp((radius - 0.9) / 0.9)
    return np.stack([weight * (u - centre[0]), weight * (v - centre[1])], axis=-1).astype(np.float32)


def _chin(frame: FaceFrame, local: np.ndarray, u: np.ndarray, v: np.ndarray, strength: float) -> np.ndarray:
    """Displacement along the face that lengthens the chin (shortens it for negative strengths)."""
    tip, lip = local[16], float(local[93, 1])
    new = float(tip[1]) + CHIN * strength * frame.width
    rise = smooth(v, lip, max(new, lip + 0.05 * frame.width))
    fall = ramp((v - new) / (RAMP_SLOPE * CHIN * frame.width / STEEPEST))
    side = 1 - smooth(np.abs(u - tip[0]), 0.12 * frame.width, 0.42 * frame.width)
    return -CHIN * strength * frame.width * side * np.where(v < new, rise, fall)


def jacobian(shift: Floats, step: float = 1.0) -> Floats:
    """Determinant (H, W) of the mapping x + d(x) for a field (H, W, 2) sampled every ``step`` pixels."""
    if min(shift.shape[:2]) < 2:
        return np.ones(shift.shape[:2], np.float32)
    dy, dx = (np.gradient(shift, step, axis=axis) for axis in (0, 1))
    return ((1 + dx[..., 0]) * (1 + dy[..., 1]) - dx[..., 1] * dy[..., 0]).astype(np.float32)


def _safe(shift: Floats, step: float) -> Floats:
    """The field, weakened where needed until it cannot fold (also for points that make no face)."""
    for _ in range(60):
        if not shift.size or float(jacobian(shift, step).min()) >= LEAST_JACOBIAN:
            return shift.astype(np.float32)
        shift = shift * 0.97
    return np.zeros_like(shift, dtype=np.float32)


def _still_at_borders(shift: Floats, patch: Patch, shape_hw: tuple[int, int]) -> Floats:
    """The field at rest on the rim of the patch, and more gently towards the borders of the picture."""
    xs, ys = patch.grid()
    rim, calm = 8.0 * patch.step, max(8.0 * patch.step, 4.0 * float(np.abs(shift).max(initial=0)))

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
        for _ in range(12 if near else 0):
            xs, ys = one.patch.grid()
            grid = np.stack(np.meshgrid(xs, ys), axis=-1).astype(np.float32)
            together = found[i].shift + _sample([found[j] for j in near], grid)
            if float(jacobian(together, one.patch.step).min()) >= LEAST_JACOBIAN:
                break
            for j in (i, *near):
                found[j] = replace(found[j], shift=found[j].shift * 0.9)
    return found
