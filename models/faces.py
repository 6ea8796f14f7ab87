"""The face finder: detector, upright crop, 106 points with iterative refinement, head pose, confidence."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from typing import cast

import cv2
import numpy as np

from models.detection import DetectorRunner
from models.face_visibility import inside_picture, seen_by_pose
from models.runtime import RunNetwork
from vision.geometry import bounding_box, box_iou, crop_matrix, grow_box, invert_affine, similarity, transform_points
from vision.layouts import FACE_MIRROR, FIVE_FROM_106
from vision.types import Faces, Floats, Image

SIDE = 96
"""Side of the network's square input in pixels."""

MARGIN = 1.2
"""Factor by which the tight box of the upright points is enlarged for the network's crop."""

PASSES = 2
"""Predictions per face, each on the tight box of the previous one and averaged with that of the mirrored crop.

A third pass changes the mean error by less than .01 % of the outer-eye distance.
"""


def eye_angle(points: Floats) -> float:
    """Clockwise tilt in degrees of a face with 106 points in the image, by its eye line.

    For profiles, whose eye line is short, by the line from the eyes to the mouth.
    """
    left, right = points[66:74].mean(axis=0), points[75:83].mean(axis=0)
    eyes, tall = right - left, points[84:104].mean(axis=0) - (left + right) / 2
    by_height = np.array([tall[1], -tall[0]])
    size = np.linalg.norm(eyes) / max(float(np.linalg.norm(tall)), 1e-6)
    share = float(np.clip((size - 0.5) / 0.25, 0, 1))
    axis = eyes / max(float(np.linalg.norm(eyes)), 1e-6) * share
    axis = axis + by_height / max(float(np.linalg.norm(tall)), 1e-6) * (1 - share)
    return float(np.degrees(np.arctan2(axis[1], axis[0])))


def upright_matrix(
    points: Floats, degrees: float, stretch: Sequence[float] = (1, 1), shift: Sequence[float] = (0, 0)
) -> np.ndarray:
    """Matrix (2, 3) to the network's crop: ``points`` rotated upright, their enlarged tight box filling the square.

    ``stretch`` and ``shift`` (in box sizes) perturb the box for training.
    """
    middle = points.mean(axis=0)
    turn = crop_matrix(np.concatenate([middle - 0.5, middle + 0.5]), (1, 1), degrees)
    box = grow_box(bounding_box(transform_points(points, turn)), MARGIN)
    size = box[2:] - box[:2]
    centre, half = (box[:2] + box[2:]) / 2 + np.asarray(shift) * size, np.asarray(stretch) * size / 2
    flat = crop_matrix(np.concatenate([centre - half, centre + half]).astype(np.float32), (SIDE, SIDE))
    return np.column_stack([flat[:, :2] @ turn[:, :2], flat[:, :2] @ turn[:, 2] + flat[:, 2]])


def _shrunk(image: Image, box: Floats) -> tuple[Image, np.ndarray]:
    """The part of the image around a box, downsampled to near the network's input size, and the matrix to it.

    Sampling a large face directly would alias, which makes the points jitter.
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
    return cast(Image, part), to_part


@dataclass(frozen=True)
class Landmarks:
    """Output of the 106-point network for N faces.

    ``points`` (N, 106, 2), ``pose`` (N, 3) in degrees, and in [0, 1] ``confidence`` (N,), ``visible`` (N, 106) and
    ``glasses`` (N,); glasses are NaN where the network has no output for them.
    """

    points: Floats
    pose: Floats
    confidence: Floats
    visible: Floats
    glasses: Floats


@dataclass(frozen=True)
class LandmarkRunner:
    """Image and five points per face -> ``Landmarks``."""

    engine: RunNetwork
    mean_face: Floats

    def __call__(self, image: Image, five: Floats) -> Landmarks:
        """``five`` (N, 5, 2), N >= 1, at any roll."""
        anchor = self.mean_face[list(FIVE_FROM_106)]
        points = np.stack([transform_points(self.mean_face, similarity(anchor, f)) for f in five])
        parts = [_shrunk(image, grow_box(bounding_box(p), 2.0)) for p in points]
        found = self._predict(parts, points)
        for _ in range(PASSES - 1):
            found = self._predict(parts, found.points)
        return replace(found, visible=found.visible * inside_picture(found.points, image.shape[:2]))

    def follow(self, image: Image, before: Floats) -> Landmarks:
        """The landmarks from the points (N, 106, 2), N >= 1, of the previous video frame, in a single pass."""
        found = self._predict([_shrunk(image, grow_box(bounding_box(p), 2.0)) for p in before], before)
        return replace(found, visible=found.visible * inside_picture(found.points, image.shape[:2]))

    def _predict(self, parts: list[tuple[Image, np.ndarray]], points: Floats) -> Landmarks:
        """One pass over all faces and their mirror images."""
        angles = np.array([eye_angle(p) for p in points], np.float32)
        matrices = np.stack([upright_matrix(p, a) for p, a in zip(points, angles, strict=True)])
        crops: list[np.ndarray] = []
        for matrix, (part, to_part) in zip(matrices, parts, strict=True):
            back = invert_affine(to_part)
            direct = np.column_stack([matrix[:, :2] @ back[:, :2], matrix[:, :2] @ back[:, 2] + matrix[:, 2]])
            crops.append(
                cv2.warpAffine(part, direct, (SIDE, SIDE), flags=cv2.INTER_LINEAR, borderValue=(124, 117, 104))
            )
        batch = np.stack(crops)
        count = len(batch)
        found, pose, logit, *more = self.engine(np.concatenate([batch, batch[:, :, ::-1]]))
        other = found[count:, FACE_MIRROR] * [-1, 1] + [SIDE - 1, 0]
        found = (found[:count] + other) / 2
        pose = (pose[:count] + pose[count:] * [1, -1, -1]) / 2
        seen = sigmoid((more[0][:count] + more[0][count:, FACE_MIRROR]) / 2) if more else seen_by_pose(pose)
        glasses = sigmoid((more[1][:count] + more[1][count:]) / 2) if more else np.full(count, np.nan, np.float32)
        confidence = sigmoid((logit[:count] + logit[count:]) / 2)
        pose = pose + np.stack([np.zeros(count), np.zeros(count), angles], axis=1)
        pose[:, 2] = (pose[:, 2] + 180) % 360 - 180
        return Landmarks(
            transform_points(found, invert_affine(matrices)), pose.astype(np.float32), confidence, seen, glasses
        )


def sigmoid(logits: np.ndarray) -> Floats:
    """Logits to probabilities."""
    return (1 / (1 + np.exp(-logits))).astype(np.float32)


SAME = 0.4
"""IoU of two boxes from which they show one face."""


def distinct_faces(points: Floats, scores: Floats, boxes: Floats) -> list[int]:
    """Indices, best first, of faces (N, 106, 2) without duplicates.

    Two detections show one face if the centre of one lies inside the contour of the other or if their boxes (N, 4)
    overlap: boxes may cover different parts of a face, and points may lie beside it.
    """
    kept: list[int] = []
    overlap = box_iou(boxes, boxes)
    for i in np.argsort(-scores, kind="stable").tolist():
        same = (overlap[i, j] > SAME or _inside(points[i], points[j]) or _inside(points[j], points[i]) for j in kept)
        if not any(same):
            kept.append(i)
    return kept


def _inside(one: Floats, other: Floats) -> bool:
    """Whether the mean of one face's inner points lies inside the other's contour."""
    return cv2.pointPolygonTest(other[:33], one[33:].mean(axis=0).tolist(), False) > 0


SURE = 0.85
"""Score from which a face is reliably upright, so that rotated copies of the image are not searched."""

TURNS = (2, 1, 3)
"""Counterclockwise quarter turns of the image that are searched if no reliable face is found upright."""


TURNED = 0.75
"""Score threshold of a face in a rotated copy: four rotations give more false positives than one."""


def turned_back(points: Floats, turns: int, shape: tuple[int, ...]) -> Floats:
    """Points (..., 2) of ``np.rot90(image, turns)`` mapped back to the image (H, W, ...)."""
    x, y = points[..., 0], points[..., 1]
    last_x, last_y = shape[1] - 1, shape[0] - 1
    back = {0: (x, y), 1: (last_x - y, x), 2: (last_x - x, last_y - y), 3: (y, last_y - x)}[turns % 4]
    return np.stack(back, axis=-1).astype(np.float32)


@dataclass(frozen=True)
class FaceFinder:
    """Image (H, W, 3) uint8 RGB -> ``Faces``, largest first, without duplicates.

    The score is the product of the detector's and the landmark network's confidence, so that an occluded or false face
    has a low one; below ``threshold`` a face is dropped.  If no face is reliable, three rotated copies of the image are
    searched as well; of two detections of one face the better one is kept.
    """

    detect: DetectorRunner
    landmarks: LandmarkRunner
    threshold: float = 0.54

    def __call__(self, image: Image) -> Faces:
        """Faces in pixels of ``image``, largest first."""
        faces = self._rotated(image, 0)
        if not len(faces) or faces.scores.max() < SURE:
            turned = [self._rotated(image, turns) for turns in TURNS]
            views = [faces, *(view[view.scores >= TURNED] for view in turned)]
            rows = {f.name: np.concatenate([getattr(x, f.name) for x in views]) for f in fields(Faces)}
            faces = Faces(**rows)
        sizes = np.prod(faces.boxes[:, 2:] - faces.boxes[:, :2], axis=1)
        order = [
            i for i in distinct_faces(faces.points106, faces.scores, faces.boxes) if faces.scores[i] >= self.threshold
        ]
        return faces[sorted(order, key=lambda i: -sizes[i])]

    def follow(self, image: Image, before: Faces) -> Faces:
        """The faces ``before`` of the previous video frame, tracked without detection, in order; lost ones are missing.

        A score is the landmark network's confidence, at most that of the previous frame.
        """
        if not len(before):
            return before
        seen = self.landmarks.follow(image, before.points106)
        boxes = before.boxes + np.tile((seen.points - before.points106).mean(axis=1), 2)
        scores, five = np.minimum(before.scores, seen.confidence), seen.points[:, FIVE_FROM_106]
        faces = Faces(boxes, scores, five, seen.points, seen.pose, seen.visible, seen.glasses)
        kept = distinct_faces(seen.points, scores, boxes)
        return faces[sorted(i for i in kept if scores[i] >= self.threshold)]

    def _rotated(self, image: Image, turns: int) -> Faces:
        """Faces in a copy of the image rotated by quarter ``turns``, with duplicates, in pixels of the image."""
        found = self.detect(np.ascontiguousarray(np.rot90(image, turns)))
        if len(found) == 0:
            return Faces.none()
        corners = turned_back(found.boxes.reshape(-1, 2, 2), turns, image.shape)
        boxes, five = bounding_box(corners), turned_back(found.points, turns, image.shape)
        seen = self.landmarks(image, five)
        return Faces(boxes, found.scores * seen.confidence, five, seen.points, seen.pose, seen.visible, seen.glasses)
