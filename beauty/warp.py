"""The shape controls as one smooth displacement field.

Every control is a closed formula in the face's own coordinates, as in Gustafsson's interactive
image warping (1993), but bounded: the field of the jaw ends a few percent of the face width beside
it, so that straight lines in the background stay straight.  The fields of all controls and faces
add up and the picture is resampled once.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import cv2
import numpy as np

from beauty.frame import MIDLINE, FaceFrame, Patch, face_frame, patch_for
from beauty.settings import BeautySettings
from vision.types import Faces, Floats

JAW, EYE, CHIN, NOSE, MOUTH = 0.104, 0.112, 0.045, 0.16, 0.14
"""Changes at full strength: jaw width, eye size, chin length (of the face width), nose and mouth width."""

STEEPEST = 0.63
"""The most that a field may fall per pixel beside the jaw; 1 - STEEPEST is the background's least Jacobian."""

JAW_CORNER = 9
"""The contour point (its mirror is 32 - 9) below which the neck's sides go straight down and follow the jaw softly."""

UNSURE = 0.006
"""The true edge of the face may lie this share of its width outside the points' contour; it moves along."""

LEAST_JACOBIAN = 0.33
FIELD_WIDTH = 220
"""Face width, in pixels, at which fields are computed before they are enlarged."""


@dataclass(frozen=True)
class Field:
    """A displacement (rows, cols, 2) float32 in picture pixels on the small version of ``patch``."""

    patch: Patch
    shift: Floats


def fields_of(
    shape_hw: tuple[int, int], faces: Faces, settings: BeautySettings, eye_shares: Floats | None = None
) -> list[Field]:
    """One field per face that lies in a picture of (H, W) pixels; empty when no shape control is set.

    ``eye_shares`` (N,) in [0, 1] weakens the eye enlarging of single faces.
    """
    if not settings.changes_shape:
        return []
    found = []
    shares = np.ones(len(faces)) if eye_shares is None else eye_shares
    for points, pose, share in zip(faces.points106, faces.pose, shares, strict=True):
        own = replace(settings, eyes=float(settings.eyes * share))
        if not np.isfinite(points).all() or not np.isfinite(pose).all():
            continue
        frame = face_frame(points, pose)
        patch = patch_for(frame, shape_hw, FIELD_WIDTH)
        if patch is not None:
            found.append(Field(patch, face_field(frame, patch, own, float(pose[1]))))
    return _without_folds(found)


def face_field(frame: FaceFrame, patch: Patch, settings: BeautySettings, yaw: float = 0.0) -> Floats:
    """Displacement d (rows, cols, 2) of one face, with output(x) = input(x + d), at the patch's small size."""
    xs, ys = patch.grid()
    dx, dy = np.meshgrid(xs - frame.origin[0], ys - frame.origin[1])
    u = (dx * frame.right[0] + dy * frame.right[1]).astype(np.float32)
    v = (dx * frame.down[0] + dy * frame.down[1]).astype(np.float32)
    local = frame.local(frame.points)
    total = np.zeros((*u.shape, 2), np.float32)
    if settings.slimming:
        total[..., 0] += _slimming(frame, local, u, v, patch, settings.slimming * _facing(yaw))
    if settings.eyes:
        for corners in ((66, 70), (75, 79)):
            total += _eye(local, corners, u, v, settings.eyes)
    if settings.nose:
        total[..., 0] += _nose(frame, local, u, v, settings.nose)
    if settings.mouth:
        total += _mouth(local, u, v, settings.mouth)
    if settings.chin:
        total[..., 1] += _chin(frame, local, u, v, settings.chin)
    turn = np.array([[*frame.right], [*frame.down]], np.float32)
    shift = _safe(total @ turn, patch.step)
    return _still_at_borders(shift)


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


def _smooth(x: np.ndarray, low: float, high: float) -> np.ndarray:
    """0 below ``low``, 1 above ``high``, smooth between (cubic)."""
    t = np.clip((x - low) / (high - low), 0, 1)
    return t * t * (3 - 2 * t)


_RAMP_SLOPE = 1.14


def _ramp(t: np.ndarray) -> np.ndarray:
    """1 below 0, 0 above 1, and nearly straight between with rounded ends: its slope is at most _RAMP_SLOPE."""
    t, e = np.clip(t, 0, 1), 0.12
    start, end = t * t / (2 * e), 1 - e - (1 - t) ** 2 / (2 * e)
    middle = t - e / 2
    return 1 - np.where(t < e, start, np.where(t > 1 - e, end, middle)) / (1 - e)


def _facing(yaw: float) -> float:
    """1 for a face towards the camera, falling to 0.35 for a profile, where the contour is no longer the jaw."""
    return float(1 - 0.65 * _smooth(np.array(abs(yaw)), 35, 75))


def _midline(local: np.ndarray, v: np.ndarray) -> np.ndarray:
    """u of the face's middle at heights v."""
    order = np.argsort(local[list(MIDLINE), 1])
    middle = local[list(MIDLINE)][order]
    return np.interp(v, middle[:, 1], middle[:, 0])


def _slimming(
    frame: FaceFrame, local: np.ndarray, u: np.ndarray, v: np.ndarray, patch: Patch, strength: float
) -> np.ndarray:
    """Sideways displacement that narrows cheeks and jaw towards the face's middle.

    The new contour is the old one moved by a share of its distance to the middle; the field is
    written in the output's coordinates, so that the new contour takes the old one's pixels exactly.
    """
    contour = local[:33]
    chin = max(float(local[16, 1]), 1.0)
    share = _share(contour[:, 1] / chin) * JAW * strength
    middle = _midline(local, contour[:, 1])
    new = contour.copy()
    new[:, 0] -= share * (contour[:, 0] - middle)
    distance = _inside_distance(frame, new, u, v, patch) + UNSURE * frame.width * _share(v / chin) ** 2
    part = _share(v / chin) * JAW * strength
    left, right = (
        np.interp(v, np.maximum.accumulate(side[:, 1]), side[:, 0])
        for side in (new[: JAW_CORNER + 1], new[: -JAW_CORNER - 2 : -1])
    )
    pull = part / (1 - part) * (np.clip(u, np.minimum(left, right), np.maximum(left, right)) - _midline(local, v))
    least = (0.04 + 0.08 * _smooth(v / chin, 0.65, 1.0)) * frame.width
    fall = np.maximum(np.abs(pull) * _RAMP_SLOPE / STEEPEST, least)
    inner = 0.3 + 0.7 * _ramp((distance - 0.07 * frame.width) / (0.25 * frame.width))
    return (pull * np.where(distance >= 0, inner, _ramp(-distance / fall))).astype(np.float32)


def _share(height: np.ndarray) -> np.ndarray:
    """Share of the slimming at a height, 0 at the eyes and 1 at the chin; the widest part moves little."""
    return _smooth(height, 0.14, 0.5) * (1 - _smooth(height, 0.85, 1.6))


def _inside_distance(frame: FaceFrame, contour: np.ndarray, u: np.ndarray, v: np.ndarray, patch: Patch) -> np.ndarray:
    """Distance in pixels to the contour (33, 2) local with the neck below it, positive inside; open at the top."""
    far = np.array([0.0, 2.0 * frame.width])
    left, right = contour[: JAW_CORNER + 1], contour[-JAW_CORNER - 1 :]
    closed = np.concatenate([left[:1] - far, left, left[-1:] + far, right[:1] + far, right, right[-1:] - far])
    finer = max(1, round(FIELD_WIDTH * patch.step / frame.width))
    corners = (patch.points(frame.pixels(closed)) + 0.5) * finer - 0.5
    pad = 8 * finer
    mask = np.zeros((u.shape[0] * finer + 2 * pad, u.shape[1] * finer + 2 * pad), np.uint8)
    cv2.fillPoly(mask, [np.round(16 * (corners + pad)).astype(np.int32)], 255, cv2.LINE_8, 4)
    both = [cv2.distanceTransform(m, cv2.DIST_L2, cv2.DIST_MASK_PRECISE) for m in (mask, 255 - mask)]
    distance = cv2.GaussianBlur(both[0] - both[1], (0, 0), 0.009 * frame.width * finer / patch.step)
    distance = cv2.resize(distance[pad:-pad, pad:-pad], u.shape[::-1], interpolation=cv2.INTER_AREA)
    return distance * (patch.step / finer)


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
    weight = -EYE * strength * _ramp((radius - 1.06) / 0.94)
    return np.stack([weight * (u - centre[0]), weight * (v - centre[1])], axis=-1).astype(np.float32)


def _larger_half(local: np.ndarray) -> float:
    """Half the width of the eye that is less foreshortened."""
    return float(max(np.linalg.norm(local[70] - local[66]), np.linalg.norm(local[79] - local[75]))) / 2


def _nose(frame: FaceFrame, local: np.ndarray, u: np.ndarray, v: np.ndarray, strength: float) -> np.ndarray:
    """Sideways displacement that narrows the wings of the nose."""
    centre = local[[57, 63]].mean(0)
    half = max(abs(float(local[63, 0] - local[57, 0])) / 2, 0.05 * frame.width)
    radius = np.sqrt(((u - centre[0]) / half) ** 2 + ((v - centre[1]) / (1.1 * half)) ** 2)
    return NOSE * strength * (u - centre[0]) * _ramp((radius - 0.8) / 1.0)


def _mouth(local: np.ndarray, u: np.ndarray, v: np.ndarray, strength: float) -> np.ndarray:
    """Magnification round the mouth (smaller for negative strengths)."""
    corners = local[[84, 90]]
    centre = corners.mean(0) * 0.5 + local[[87, 93]].mean(0) * 0.5
    half = max(float(np.linalg.norm(corners[1] - corners[0])) / 2, 1e-3)
    tall = max(0.7 * half, abs(float(local[93, 1] - local[87, 1])) / 2)
    radius = np.sqrt(((u - centre[0]) / half) ** 2 + ((v - centre[1]) / tall) ** 2)
    weight = -MOUTH * strength * _ramp((radius - 0.9) / 0.9)
    return np.stack([weight * (u - centre[0]), weight * (v - centre[1])], axis=-1).astype(np.float32)


def _chin(frame: FaceFrame, local: np.ndarray, u: np.ndarray, v: np.ndarray, strength: float) -> np.ndarray:
    """Displacement along the face that lengthens the chin (shortens it for negative strengths)."""
    tip, lip = local[16], float(local[93, 1])
    new = float(tip[1]) + CHIN * strength * frame.width
    rise = _smooth(v, lip, max(new, lip + 0.05 * frame.width))
    fall = _ramp((v - new) / (_RAMP_SLOPE * CHIN * frame.width / STEEPEST))
    side = 1 - _smooth(np.abs(u - tip[0]), 0.12 * frame.width, 0.42 * frame.width)
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


def _still_at_borders(shift: Floats) -> Floats:
    """The field with its outermost rim at rest, so that nothing jumps where the patch ends."""
    rows, cols = shift.shape[:2]
    edge = np.minimum.outer(
        np.minimum(np.arange(rows), np.arange(rows)[::-1]), np.minimum(np.arange(cols), np.arange(cols)[::-1])
    )
    return (shift * np.clip(edge / 8.0, 0, 1)[..., None]).astype(np.float32)


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
