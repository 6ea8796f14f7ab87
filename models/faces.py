"""The face finder: detector, upright crop, 106 points with refinement, head pose, confidence."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from models.detection import DetectorRunner
from models.runtime import RunNetwork
from vision.geometry import bounding_box, crop_matrix, grow_box, invert_affine, similarity, transform_points
from vision.layouts import FACE_MIRROR, FIVE_FROM_106
from vision.types import Faces, Floats, Image

SIDE = 96
"""Sides of the network's square input in pixels."""

MARGIN = 1.2
"""The network sees the tight box of the upright points, grown by this factor."""

PASSES = 2
"""Predictions per face, each on the tight box of the one before and averaged with that of the mirrored crop.

A third moves the mean error by less than .01 % of the outer-eye distance.
"""


def eye_angle(points: Floats) -> float:
    """Degrees by which the eye line of 106 points is tilted clockwise in the image."""
    left, right = points[66:74].mean(axis=0), points[75:83].mean(axis=0)
    return float(np.degrees(np.arctan2(right[1] - left[1], right[0] - left[0])))


def upright_matrix(
    points: Floats, degrees: float, stretch: Sequence[float] = (1, 1), shift: Sequence[float] = (0, 0)
) -> np.ndarray:
    """(2, 3) matrix to the network's crop: ``points`` turned upright, their tight box grown to fill the square.

    ``stretch`` and ``shift`` (in box sizes) disturb the box for training.
    """
    middle = points.mean(axis=0)
    turn = crop_matrix(np.concatenate([middle - 0.5, middle + 0.5]), (1, 1), degrees)
    box = grow_box(bounding_box(transform_points(points, turn)), MARGIN)
    size = box[2:] - box[:2]
    centre, half = (box[:2] + box[2:]) / 2 + np.asarray(shift) * size, np.asarray(stretch) * size / 2
    flat = crop_matrix(np.concatenate([centre - half, centre + half]).astype(np.float32), (SIDE, SIDE))
    return np.column_stack([flat[:, :2] @ turn[:, :2], flat[:, :2] @ turn[:, 2] + flat[:, 2]])


def _shrunk(image: Image, box: Floats) -> tuple[Image, Floats]:
    """The part of the image round a box, halved until the face is near the network's size; offset and scale.

    Sampling a large face directly would alias; averaging first costs little and keeps the points steady.
    """
    height, width = image.shape[:2]
    x0, y0 = (int(v) for v in np.clip(np.floor(box[:2]), 0, [width - 1, height - 1]))
    x1, y1 = (int(v) for v in np.clip(np.ceil(box[2:]) + 1, [x0 + 1, y0 + 1], [width, height]))
    part = image[y0:y1, x0:x1]
    scale = max(1, int(max(box[2:] - box[:2]) / (2.5 * SIDE)))
    if scale > 1:
        part = cv2.resize(part, (max(1, (x1 - x0) // scale), max(1, (y1 - y0) // scale)), interpolation=cv2.INTER_AREA)
    ratio = np.array([part.shape[1] / (x1 - x0), part.shape[0] / (y1 - y0)])
    to_part = np.column_stack([np.diag(ratio), (np.array([0.5 - x0, 0.5 - y0]) * ratio) - 0.5])
    return part, to_part  # type: ignore[return-value]


@dataclass(frozen=True)
class LandmarkRunner:
    """Image and five points per face -> 106 points, pose and confidence of each."""

    engine: RunNetwork
    mean_face: Floats

    def __call__(self, image: Image, five: Floats) -> tuple[Floats, Floats, Floats]:
        """``five`` (N, 5, 2) -> points (N, 106, 2), pose (N, 3) degrees, confidence (N,) in [0, 1]."""
        anchor = self.mean_face[list(FIVE_FROM_106)]
        points = np.stack([transform_points(self.mean_face, similarity(anchor, f)) for f in five])
        parts = [_shrunk(image, grow_box(bounding_box(p), 2.0)) for p in points]
        for _ in range(PASSES):
            angles = np.array([eye_angle(p) for p in points], np.float32)
            points, pose, confidence = self._predict(parts, points, angles)
        return points, pose, confidence

    def _predict(
        self, parts: list[tuple[Image, Floats]], points: Floats, angles: Floats
    ) -> tuple[Floats, Floats, Floats]:
        """One pass over all faces and their mirror images."""
        matrices = np.stack([upright_matrix(p, a) for p, a in zip(points, angles, strict=True)])
        crops = []
        for matrix, (part, to_part) in zip(matrices, parts, strict=True):
            back = invert_affine(to_part)
            direct = np.column_stack([matrix[:, :2] @ back[:, :2], matrix[:, :2] @ back[:, 2] + matrix[:, 2]])
            crops.append(
                cv2.warpAffine(part, direct, (SIDE, SIDE), flags=cv2.INTER_LINEAR, borderValue=(124, 117, 104))
            )
        batch = np.stack(crops)
        count = len(batch)
        found, pose, logit = self.engine(np.concatenate([batch, batch[:, :, ::-1]]))
        other = found[count:, FACE_MIRROR] * [-1, 1] + [SIDE - 1, 0]
        found = (found[:count] + other) / 2
        pose = (pose[:count] + pose[count:] * [1, -1, -1]) / 2
        logit = (logit[:count] + logit[count:]) / 2
        pose = pose + np.stack([np.zeros(count), np.zeros(count), angles], axis=1)
        return (
            transform_points(found, invert_affine(matrices)),
            pose.astype(np.float32),
            (1 / (1 + np.exp(-logit))).astype(np.float32),
        )


def distinct_faces(points: Floats, scores: Floats) -> list[int]:
    """Indices, best first, of faces (N, 106, 2) without the second, less sure sights of one face.

    Two sights are of one face where the middle of one lies inside the contour of the other; this the
    detector's boxes alone do not tell, for they may show different parts of it.
    """
    kept: list[int] = []
    for i in np.argsort(-scores, kind="stable").tolist():
        if not any(_inside(points[i], points[j]) or _inside(points[j], points[i]) for j in kept):
            kept.append(i)
    return kept


def _inside(one: Floats, other: Floats) -> bool:
    """Whether the middle of one face's inner points lies inside the other's contour."""
    return cv2.pointPolygonTest(other[:33], one[33:].mean(axis=0).tolist(), False) > 0


@dataclass(frozen=True)
class FaceFinder:
    """Image (H, W, 3) uint8 RGB -> ``Faces``, largest first, each once; an image without a face gives none.

    The score is the product of the detector's and the landmark network's confidence, so that a
    covered or a wrong face is recognisable; below ``threshold`` a face is dropped.
    """

    detect: DetectorRunner
    landmarks: LandmarkRunner
    threshold: float = 0.6

    def __call__(self, image: Image) -> Faces:
        found = self.detect(image)
        if len(found) == 0:
            return Faces.none()
        points, pose, confidence = self.landmarks(image, found.points)
        scores = found.scores * confidence
        sizes = np.prod(found.boxes[:, 2:] - found.boxes[:, :2], axis=1)
        order = [i for i in distinct_faces(points, scores) if scores[i] >= self.threshold]
        order.sort(key=lambda i: -sizes[i])
        return Faces(found.boxes, scores, found.points, points, pose)[order]
