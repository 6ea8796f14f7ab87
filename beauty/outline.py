"""Where the 106 points say that the face, its features, the ears and the neck are: soft masks of distances."""

from __future__ import annotations

from typing import cast

import cv2
import numpy as np

from beauty.curves import smooth
from beauty.frame import MIDLINE, TRUSTED, FaceFrame

LEFT_EYE, RIGHT_EYE = tuple(range(66, 74)), tuple(range(75, 83))
LEFT_BROW, RIGHT_BROW = tuple(range(33, 42)), tuple(range(42, 51))
OUTER_LIPS, INNER_LIPS = tuple(range(84, 96)), tuple(range(96, 104))
TEMPLES = tuple(range(6)), tuple(range(27, 33))
"""The contour beside the image-left and the image-right ear."""

NOSTRILS = (58, 59, 61, 62)


def distance(shape: tuple[int, int], polygon: np.ndarray) -> np.ndarray:
    """Distance (rows, cols) in pixels to a closed polygon (P, 2), positive inside."""
    mask = np.zeros(shape, np.uint8)
    fine = np.clip(np.round(np.asarray(polygon) * 16), -(2**24), 2**24).astype(np.int32)
    cv2.fillPoly(mask, [fine], 255, cv2.LINE_8, 4)
    if mask.min() == 255:
        return np.full(shape, float(max(shape)), np.float32)
    if mask.max() == 0:
        return np.full(shape, -float(max(shape)), np.float32)
    inside, outside = (cv2.distanceTransform(m, cv2.DIST_L2, cv2.DIST_MASK_PRECISE) for m in (mask, 255 - mask))
    return inside - outside


def polygon_mask(shape: tuple[int, int], polygon: np.ndarray, low: float, high: float) -> np.ndarray:
    """A closed polygon (P, 2) as a soft mask (rows, cols) float32: 0 up to the distance ``low`` < 0, 1 from ``high``.

    It is computed in the polygon's surroundings alone; beyond ``low`` it is 0 in any case.
    """
    mask = np.zeros(shape, np.float32)
    rows, cols = window(shape, polygon, 2 - low)
    if mask[rows, cols].size:
        inside = distance(mask[rows, cols].shape, polygon - (cols.start, rows.start))
        mask[rows, cols] = smooth(inside, low, high)
    return mask


def window(shape: tuple[int, int], points: np.ndarray, margin: float) -> tuple[slice, slice]:
    """Rows and columns of the pixels within ``margin`` of the box round points (P, 2)."""
    first = np.clip(np.floor(points.min(axis=0) - margin), 0, shape[::-1]).astype(int)
    last = np.clip(np.ceil(points.max(axis=0) + margin) + 1, 0, shape[::-1]).astype(int)
    return slice(int(first[1]), int(last[1])), slice(int(first[0]), int(last[0]))


PROFILE = (*MIDLINE, 52, 53, 54)
"""Points of the line on which the far side of a profile ends: forehead, nose, lips, chin."""


def silhouette(frame: FaceFrame) -> np.ndarray:
    """Local points (106, 2) with the hidden part of the contour drawn to the profile's line, where the face ends."""
    local = frame.local(frame.points)
    line = local[list(PROFILE)][np.argsort(local[list(PROFILE), 1])]
    hidden = 1 - smooth(frame.visible[:33], 0.3, 0.7)
    local[:33, 0] += hidden * (np.interp(local[:33, 1], line[:, 1], line[:, 0]) - local[:33, 0])
    return local


def visibility(shape: tuple[int, int], frame: FaceFrame) -> np.ndarray:
    """How surely the face can be seen (rows, cols) in [0, 1], from its points by normalised convolution."""
    if frame.visible.min() > TRUSTED[1]:
        return np.ones(shape, np.float32)
    step = max(0.03 * frame.width, 1.0)
    size = int(shape[0] / step) + 1, int(shape[1] / step) + 1
    at = np.rint(frame.points / step).astype(int)
    inside = ((at >= 0) & (at < (size[1], size[0]))).all(axis=1)
    known, seen = np.zeros(size, np.float32), np.zeros(size, np.float32)
    np.add.at(known, (at[inside, 1], at[inside, 0]), 1)
    np.add.at(seen, (at[inside, 1], at[inside, 0]), frame.visible[inside])
    blurred = [cv2.GaussianBlur(x, (0, 0), 2.2) for x in (known, seen)]
    share = (blurred[1] + 1e-4 * float(frame.visible.mean())) / (blurred[0] + 1e-4)
    matrix = np.array([[1 / step, 0, 0], [0, 1 / step, 0]])
    grown = cv2.warpAffine(
        share, matrix, shape[::-1], flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP, borderMode=cv2.BORDER_REPLICATE
    )
    return smooth(grown, *TRUSTED)


def face_outline(frame: FaceFrame) -> np.ndarray:
    """Contour (33, 2) closed by an arc over the forehead, as far up as a forehead may reach."""
    local = silhouette(frame)
    left, right = local[0], local[32]
    brow = float(local[33:51, 1].min())
    top = brow - 0.42 * frame.width
    angle = np.linspace(0, np.pi, 15)[1:-1]
    middle, half = (left + right) / 2, (right[0] - left[0]) / 2
    arc = np.stack([middle[0] + half * np.cos(angle), middle[1] - (middle[1] - top) * np.sin(angle) ** 0.8], axis=1)
    return np.concatenate([frame.pixels(local[:33]), frame.pixels(arc)])


def features(shape: tuple[int, int], frame: FaceFrame) -> np.ndarray:
    """1 where skin may be changed, 0 on eyes, brows, lips and nostrils, soft round them."""
    w, points = frame.width, frame.points
    taken = np.zeros(shape, np.float32)
    for part, near, far in (
        (LEFT_EYE, 0.016, 0.04), (RIGHT_EYE, 0.016, 0.04), (LEFT_BROW, 0.014, 0.035), (RIGHT_BROW, 0.014, 0.035),
        (OUTER_LIPS, 0.012, 0.032),
    ):  # fmt: skip
        np.maximum(taken, polygon_mask(shape, points[list(part)], -far * w, -near * w), out=taken)
    rows, cols = window(shape, points[list(NOSTRILS)], 0.035 * w)
    y, x = np.ogrid[rows, cols]
    for px, py in points[list(NOSTRILS)]:
        near = 1 - smooth(np.hypot(x - px, y - py), 0.012 * w, 0.035 * w)
        np.maximum(taken[rows, cols], near, out=taken[rows, cols])
    return 1 - taken


def prior(shape: tuple[int, int], frame: FaceFrame, inside: np.ndarray) -> np.ndarray:
    """How far the points alone allow skin: the face, softly the ears beside it and the neck below it."""
    w, local = frame.width, silhouette(frame)
    y, x = np.mgrid[: shape[0], : shape[1]].astype(np.float32)
    u = (x - frame.origin[0]) * frame.right[0] + (y - frame.origin[1]) * frame.right[1]
    v = (x - frame.origin[0]) * frame.down[0] + (y - frame.origin[1]) * frame.down[1]
    chin, mouth = local[16], float(local[[84, 90], 1].mean())
    face = smooth(inside, -0.05 * w, 0.01 * w)
    ears = smooth(inside, -0.16 * w, -0.06 * w) * smooth(v, -0.12 * w, 0.0) * (1 - smooth(v, mouth - 0.05 * w, mouth))
    sides = cast(np.ndarray, np.interp(v, *_jaw_rows(local)))
    below = (1 - smooth(v - chin[1], 0.1 * w, 0.42 * w)) * smooth(v, mouth, mouth + 0.1 * w)
    aside = np.abs(u - (local[0, 0] + local[32, 0]) / 2)
    neck = (
        below
        * (1 - smooth(aside - sides, -0.02 * w, 0.05 * w))
        * (1 - 0.55 * smooth(aside / np.maximum(sides, 1), 0.5, 0.85))
    )
    ears = ears * np.where(u < (local[0, 0] + local[32, 0]) / 2, *(frame.trust(rows) for rows in TEMPLES))
    allowed = np.maximum.reduce([0.995 * face, 0.5 * ears, 0.95 * neck])
    return (frame.sure * visibility(shape, frame) * allowed).astype(np.float32)


def below_forehead(shape: tuple[int, int], frame: FaceFrame, lower: float = -0.05) -> np.ndarray:
    """Where no fringe hangs as a rule: below the brows' top, moved down by ``lower`` face widths."""
    line = float(frame.local(frame.points[33:51])[:, 1].min()) + lower * frame.width
    y, x = np.ogrid[: shape[0], : shape[1]]
    return (x - frame.origin[0]) * frame.down[0] + (y - frame.origin[1]) * frame.down[1] > line


def beard_zone(shape: tuple[int, int], frame: FaceFrame, inside: np.ndarray) -> np.ndarray:
    """Where a beard may grow (rows, cols): below the nose, beside the ears from the eyes down, and under the chin."""
    w, local = frame.width, frame.local(frame.points)
    y, x = np.ogrid[: shape[0], : shape[1]]
    u = (x - frame.origin[0]) * frame.right[0] + (y - frame.origin[1]) * frame.right[1]
    v = (x - frame.origin[0]) * frame.down[0] + (y - frame.origin[1]) * frame.down[1]
    eyes, nose = float(local[[66, 79], 1].mean()), float(local[[57, 63], 1].mean())
    beside = smooth(np.abs(u - float(local[[0, 32], 0].mean())), 0.25 * w, 0.4 * w) * smooth(v, eyes, nose)
    below = smooth(v, nose - 0.02 * w, nose + 0.06 * w)
    return np.maximum(below, beside) * smooth(inside, -0.2 * w, -0.1 * w)


def _jaw_rows(local: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Half width of head and neck (2,) by height: the face at the mouth, less on the neck."""
    half = abs(float(local[32, 0] - local[0, 0])) / 2
    mouth, chin = float(local[[84, 90], 1].mean()), float(local[16, 1])
    return np.array([mouth, max(chin, mouth + 1.0)]), np.array([0.98 * half, 0.8 * half])


def parts(shape: tuple[int, int], frame: FaceFrame, skin: np.ndarray) -> dict[str, np.ndarray]:
    """Masks of the eyes, the lips, the inside of the mouth, the skin under the eyes and the cheeks."""
    w, points = frame.width, frame.points
    lids = [
        frame.trust(eye) * polygon_mask(shape, points[list(eye)], -0.004 * w, 0.012 * w)
        for eye in (LEFT_EYE, RIGHT_EYE)
    ]
    eyes, mouth_seen = np.maximum(*lids), frame.trust(OUTER_LIPS, INNER_LIPS)
    mouth = mouth_seen * polygon_mask(shape, points[list(INNER_LIPS)], -0.006 * w, 0.012 * w)
    lips = mouth_seen * polygon_mask(shape, points[list(OUTER_LIPS)], -0.012 * w, 0.012 * w) * (1 - mouth)
    y, x = np.mgrid[: shape[0], : shape[1]].astype(np.float32)
    under, cheeks = np.zeros(shape, np.float32), np.zeros(shape, np.float32)
    for eye, outer, wing, jaw in ((LEFT_EYE, 66, 57, 4), (RIGHT_EYE, 79, 63, 28)):
        ring = points[list(eye)]
        centre = ring.mean(0) + 0.085 * w * frame.down
        under = np.maximum(under, frame.trust(eye) * _blob(x, y, centre, frame, 0.1 * w, 0.055 * w))
        cheek = 0.35 * points[outer] + 0.35 * points[wing] + 0.3 * points[jaw] + 0.03 * w * frame.down
        seen = frame.trust(eye, range(min(jaw, 16), max(jaw, 16)))
        cheeks = np.maximum(cheeks, seen * _blob(x, y, cheek, frame, 0.12 * w, 0.085 * w))
    return {"eyes": eyes, "lips": lips, "mouth": mouth, "under_eyes": under * skin, "cheeks": cheeks * skin}


def _blob(x: np.ndarray, y: np.ndarray, centre: np.ndarray, frame: FaceFrame, wide: float, tall: float) -> np.ndarray:
    """A soft ellipse in the face's axes."""
    u = (x - centre[0]) * frame.right[0] + (y - centre[1]) * frame.right[1]
    v = (x - centre[0]) * frame.down[0] + (y - centre[1]) * frame.down[1]
    return np.exp(-((u / wide) ** 2) - (v / tall) ** 2).astype(np.float32)
