"""Where the 106 points say that the face, the ears, the neck and a beard are: soft masks of distances."""

from __future__ import annotations

from typing import NamedTuple, cast

import cv2
import numpy as np

from beauty.curves import Range, smooth
from beauty.frame import TRUSTED, FaceFrame
from beauty.points import BROWS, CHIN, CONTOUR, CONTOUR_ENDS, MOUTH_CORNERS, PROFILE, TEMPLES, WINGS
from vision.layouts import OUTER_EYES

SUBPIXEL, FARTHEST = 4, 2**24
"""Binary digits after the point with which polygons are drawn, and the most that a coordinate may be with them."""

HIDDEN = Range(0.3, 0.7)
"""Visibility of a contour point up to which it is drawn to the profile's line, and from which it stays."""

GRID, REACH, FAR_WEIGHT = 0.03, 2.2, 1e-4
"""Visibility between the points: spacing of the grid on which it is told, in face widths; standard deviation over which
a point tells it, in steps of the grid; weight of the mean of all points, which decides where none is near."""

FOREHEAD, ARC, ARC_POWER = 0.42, 15, 0.8
"""The highest that a forehead may reach above the brows, in face widths, and the arc over it: how many points it has
with its ends, and the power of the sine that is its height (1 is an ellipse; a forehead is fuller)."""


class Ears(NamedTuple):
    """Where the points allow ears; distances in face widths, heights growing downwards."""

    prior: float = 0.5  # probability of skin by the points alone: hair may cover them
    edge: Range = Range(-0.16, -0.06)  # distance to the outline, positive inside
    top: Range = Range(-0.12, 0.0)  # height from the middle of the eyes
    bottom: Range = Range(-0.05, 0.0)  # height from the corners of the mouth


class Neck(NamedTuple):
    """Where the points allow the neck; distances in face widths, heights growing downwards."""

    prior: float = 0.95
    top: Range = Range(0.0, 0.1)  # height from the corners of the mouth
    bottom: Range = Range(0.1, 0.42)  # height from the chin: collars
    half: tuple[float, float] = (0.98, 0.8)  # half width at the mouth, and from the chin down, in those of the face
    edge: Range = Range(-0.02, 0.05)  # distance beside that half width
    sides: Range = Range(0.5, 0.85)  # part of the half width over which hair and collars become likelier
    doubt: float = 0.55  # what they take off the prior at the sides


class BeardZone(NamedTuple):
    """Where the points allow a beard; distances in face widths, heights growing downwards."""

    below: Range = Range(-0.02, 0.06)  # height from the wings of the nose
    whiskers: Range = Range(0.25, 0.4)  # distance from the face's middle from which it grows from the eyes down
    edge: Range = Range(-0.2, -0.1)  # distance to the outline, positive inside: under the chin


EARS, NECK, BEARD = Ears(), Neck(), BeardZone()

FACE_EDGE, FACE_PRIOR = Range(-0.05, 0.01), 0.995
"""The face: distance to the outline in face widths, positive inside, for the true edge may lie outside the points'
contour; and the probability of skin by the points alone."""

FRINGE = -0.05
"""Height from the top of the brows above which a fringe may hang, in face widths."""


def distance(shape: tuple[int, int], polygon: np.ndarray) -> np.ndarray:
    """Distance (rows, cols) in pixels to a closed polygon (P, 2), positive inside."""
    mask = np.zeros(shape, np.uint8)
    fine = np.clip(np.round(np.asarray(polygon) * 2**SUBPIXEL), -FARTHEST, FARTHEST).astype(np.int32)
    cv2.fillPoly(mask, [fine], 255, cv2.LINE_8, SUBPIXEL)
    if mask.min() == 255:
        return np.full(shape, float(max(shape)), np.float32)
    if mask.max() == 0:
        return np.full(shape, -float(max(shape)), np.float32)
    inside, outside = (cv2.distanceTransform(m, cv2.DIST_L2, cv2.DIST_MASK_PRECISE) for m in (mask, 255 - mask))
    return inside - outside


def polygon_mask(shape: tuple[int, int], polygon: np.ndarray, edge: Range) -> np.ndarray:
    """A closed polygon (P, 2) as a soft mask (rows, cols) float32: ``edge`` is in pixels inside it, its low end < 0.

    It is computed in the polygon's surroundings alone (and two pixels more); beyond the low end it is 0 in any case.
    """
    mask = np.zeros(shape, np.float32)
    rows, cols = window(shape, polygon, 2 - edge.low)
    if mask[rows, cols].size:
        inside = distance(mask[rows, cols].shape, polygon - (cols.start, rows.start))
        mask[rows, cols] = smooth(inside, *edge)
    return mask


def window(shape: tuple[int, int], points: np.ndarray, margin: float) -> tuple[slice, slice]:
    """Rows and columns of the pixels within ``margin`` of the box round points (P, 2)."""
    first = np.clip(np.floor(points.min(axis=0) - margin), 0, shape[::-1]).astype(int)
    last = np.clip(np.ceil(points.max(axis=0) + margin) + 1, 0, shape[::-1]).astype(int)
    return slice(int(first[1]), int(last[1])), slice(int(first[0]), int(last[0]))


def silhouette(frame: FaceFrame) -> np.ndarray:
    """Local points (106, 2) with the hidden part of the contour drawn to the profile's line, where the face ends."""
    local = frame.local(frame.points)
    line = local[list(PROFILE)][np.argsort(local[list(PROFILE), 1])]
    hidden = 1 - smooth(frame.visible[CONTOUR], *HIDDEN)
    local[CONTOUR, 0] += hidden * (np.interp(local[CONTOUR, 1], line[:, 1], line[:, 0]) - local[CONTOUR, 0])
    return local


def visibility(shape: tuple[int, int], frame: FaceFrame) -> np.ndarray:
    """How surely the face can be seen (rows, cols) in [0, 1], from its points by normalised convolution."""
    if frame.visible.min() > TRUSTED.high:
        return np.ones(shape, np.float32)
    step = max(GRID * frame.width, 1.0)
    size = int(shape[0] / step) + 1, int(shape[1] / step) + 1
    at = np.rint(frame.points / step).astype(int)
    inside = ((at >= 0) & (at < (size[1], size[0]))).all(axis=1)
    known, seen = np.zeros(size, np.float32), np.zeros(size, np.float32)
    np.add.at(known, (at[inside, 1], at[inside, 0]), 1)
    np.add.at(seen, (at[inside, 1], at[inside, 0]), frame.visible[inside])
    blurred = [cv2.GaussianBlur(x, (0, 0), REACH) for x in (known, seen)]
    share = (blurred[1] + FAR_WEIGHT * float(frame.visible.mean())) / (blurred[0] + FAR_WEIGHT)
    matrix = np.array([[1 / step, 0, 0], [0, 1 / step, 0]])
    grown = cv2.warpAffine(
        share, matrix, shape[::-1], flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP, borderMode=cv2.BORDER_REPLICATE
    )
    return smooth(grown, *TRUSTED)


def face_outline(frame: FaceFrame) -> np.ndarray:
    """Contour (33, 2) closed by an arc over the forehead, as far up as a forehead may reach."""
    local = silhouette(frame)
    left, right = local[list(CONTOUR_ENDS)]
    top = float(local[BROWS, 1].min()) - FOREHEAD * frame.width
    angle = np.linspace(0, np.pi, ARC)[1:-1]
    middle, half = (left + right) / 2, (right[0] - left[0]) / 2
    up = (middle[1] - top) * np.sin(angle) ** ARC_POWER
    arc = np.stack([middle[0] + half * np.cos(angle), middle[1] - up], axis=1)
    return np.concatenate([frame.pixels(local[CONTOUR]), frame.pixels(arc)])


def prior(shape: tuple[int, int], frame: FaceFrame, inside: np.ndarray) -> np.ndarray:
    """How far the points alone allow skin: the face, softly the ears beside it and the neck below it."""
    w, local = frame.width, silhouette(frame)
    u, v = frame.grid(shape)
    mouth = float(local[list(MOUTH_CORNERS), 1].mean())
    middle = (local[CONTOUR_ENDS[0], 0] + local[CONTOUR_ENDS[1], 0]) / 2
    face = smooth(inside, *FACE_EDGE.scaled(w))
    ears = smooth(inside, *EARS.edge.scaled(w)) * smooth(v, *EARS.top.scaled(w))
    ears = ears * (1 - smooth(v, *EARS.bottom.scaled(w, mouth)))
    ears = ears * np.where(u < middle, *(frame.trust(rows) for rows in TEMPLES))
    neck = _neck(local, np.abs(u - middle), v, w)
    allowed = np.maximum.reduce([FACE_PRIOR * face, EARS.prior * ears, NECK.prior * neck])
    return (frame.sure * visibility(shape, frame) * allowed).astype(np.float32)


def _neck(local: np.ndarray, aside: np.ndarray, v: np.ndarray, width: float) -> np.ndarray:
    """Soft mask of the neck by the distance from its middle and the height of every pixel."""
    mouth, chin = float(local[list(MOUTH_CORNERS), 1].mean()), local[CHIN, 1]
    half = abs(float(local[CONTOUR_ENDS[1], 0] - local[CONTOUR_ENDS[0], 0])) / 2
    widths = [share * half for share in NECK.half]
    sides = cast(np.ndarray, np.interp(v, [mouth, max(float(chin), mouth + 1.0)], widths))
    below = (1 - smooth(v - chin, *NECK.bottom.scaled(width))) * smooth(v, *NECK.top.scaled(width, mouth))
    beside = 1 - smooth(aside - sides, *NECK.edge.scaled(width))
    return below * beside * (1 - NECK.doubt * smooth(aside / np.maximum(sides, 1), *NECK.sides))


def below_forehead(shape: tuple[int, int], frame: FaceFrame, lower: float = FRINGE) -> np.ndarray:
    """Where no fringe hangs as a rule: below the brows' top, moved down by ``lower`` face widths."""
    line = float(frame.local(frame.points[BROWS])[:, 1].min()) + lower * frame.width
    return frame.grid(shape)[1] > line


def beard_zone(shape: tuple[int, int], frame: FaceFrame, inside: np.ndarray) -> np.ndarray:
    """Where a beard may grow (rows, cols): below the nose, beside the ears from the eyes down, and under the chin."""
    w, local = frame.width, frame.local(frame.points)
    u, v = frame.grid(shape)
    eyes, nose = (float(local[list(rows), 1].mean()) for rows in (OUTER_EYES, WINGS))
    aside = np.abs(u - float(local[list(CONTOUR_ENDS), 0].mean()))
    beside = smooth(aside, *BEARD.whiskers.scaled(w)) * smooth(v, eyes, nose)
    below = smooth(v, *BEARD.below.scaled(w, nose))
    return np.maximum(below, beside) * smooth(inside, *BEARD.edge.scaled(w))
