"""Face crops with 106 points, pose and weights: reading the packaged sets, and making training samples."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import cv2
import numpy as np

from models.face_visibility import inside_picture, seen_by_pose
from models.faces import SIDE, eye_angle, upright_matrix
from tools.data.augment import change_colours, degrade, occlude
from tools.data.body import read_tar
from tools.data.face_labels import blended
from tools.data.face_occlusion import cover, wear_glasses
from tools.data.face_rotation import rotations, turn_face
from tools.data.scenes import Scene
from vision.geometry import crop_matrix, grow_box, similarity, transform_points
from vision.layouts import FACE_MIRROR, FIVE_FROM_106
from vision.types import Floats, Image


@dataclass(frozen=True)
class FaceSet:
    """Decoded crops with their labels.

    ``points`` (N, 106, 2); ``weights`` (N, 106); ``pose`` (N, 3), NaN where unknown; ``share`` (N,): sampling
    probability; ``human68``: the 68 human points by row; ``overlays``: pictures without a face; ``false_positives`` of
    a detector: (picture, box (4,)); ``mean_3d``: mean face (106, 3) for rotations out of the plane; ``pads`` (N, 4):
    the crops' pixels beyond the picture at left, top, right and bottom; ``glasses`` (N,): 1, 0, or NaN where unknown.
    """

    images: list[Image]
    sources: np.ndarray
    points: Floats
    weights: Floats
    pose: Floats
    share: Floats
    human68: dict[int, Floats]
    overlays: list[Image] = field(default_factory=list)
    false_positives: list[tuple[Image, Floats]] = field(default_factory=list)
    mean_3d: np.ndarray | None = None
    pads: Floats | None = None
    glasses: Floats | None = None

    def __len__(self) -> int:
        return len(self.images)


def read_faces(folder: Path, stem: str, human: float = 1.0) -> FaceSet:
    """A packaged set; the inner points are interpolated by ``human`` in [0, 1] from mesh labels to human labels."""
    table = np.load(folder / f"{stem}.npz", allow_pickle=False)
    files = read_tar(folder / f"{stem}.tar")
    decode = (cv2.imdecode(np.frombuffer(files[str(n)], np.uint8), cv2.IMREAD_COLOR_RGB) for n in table["name"])
    points = table["points106"].astype(np.float32)
    people = {int(i): p.astype(np.float32) for i, p in zip(table["human68_index"], table["human68"], strict=True)}
    share = table["quality"].astype(np.float32) * (1 + 2 * (np.abs(table["pose"][:, 1]) > 22))
    share[list(people)] *= 4
    weights, pose = table["visible"].astype(np.float32), table["pose"].astype(np.float32)
    points = blended(points, pose, people, human).astype(np.float32)
    return FaceSet(
        list(decode),  # type: ignore[arg-type]  # the bytes of pictures in an object array
        table["source"], points, weights, pose, share / share.sum(), people,
        pads=table["pad"].astype(np.float32), glasses=_glasses(folder, table["name"]),
    )  # fmt: skip


def _glasses(folder: Path, names: np.ndarray) -> Floats:
    """Labels of glasses (N,) from ``glasses.json`` (0 or 1 by name) beside the set, if there is one."""
    path = folder / "glasses.json"
    known = json.loads(path.read_text()) if path.is_file() else {}
    return np.array([known.get(str(name), np.nan) for name in names], np.float32)


PROFILE_SHARE = 0.2
"""Share of the faces that are sampled from profiles."""


def read_profiles(folder: Path, stem: str, mean_3d: np.ndarray) -> FaceSet:
    """A packaged set of profiles: 68 of the 106 points are known; the others are the mean face's, with weight 0."""
    table = np.load(folder / f"{stem}.npz", allow_pickle=False)
    files = read_tar(folder / f"{stem}.tar")
    decode = (cv2.imdecode(np.frombuffer(files[str(n)], np.uint8), cv2.IMREAD_COLOR_RGB) for n in table["name"])
    pose = table["pose"].astype(np.float32)
    points = np.stack([_completed(p, a, mean_3d) for p, a in zip(table["points106"], pose, strict=True)])
    known = np.isfinite(table["points106"]).all(axis=2)
    weights = np.where(known, np.maximum(2 * table["visible"], 0.1), 0).astype(np.float32)
    pose[np.abs(pose[:, 1]) > 70] *= [np.nan, 1, np.nan]
    share = table["quality"].astype(np.float32)
    return FaceSet(
        list(decode),  # type: ignore[arg-type]  # the bytes of pictures in an object array
        table["source"], points, weights, pose, share / share.sum(), {},
        pads=table["pad"].astype(np.float32), glasses=np.full(len(pose), np.nan, np.float32),
    )  # fmt: skip


def _completed(points: np.ndarray, pose: np.ndarray, mean_3d: np.ndarray) -> Floats:
    """Points (106, 2) whose missing ones come from the mean face (106, 3), fitted to the known ones."""
    shown = np.column_stack([mean_3d @ rotations(pose[None])[0, :2].T, np.ones(106)])
    known = np.asarray(np.isfinite(points).all(axis=1))
    fit = np.linalg.lstsq(shown[known], points[known], rcond=None)[0]
    return np.where(known[:, None], points, shown @ fit).astype(np.float32)


def joined(faces: FaceSet, more: FaceSet, share: float) -> FaceSet:
    """Both sets as one; the second is sampled with the given share."""
    return replace(
        faces,
        images=faces.images + more.images,
        **{
            name: np.concatenate([getattr(faces, name), getattr(more, name)])
            for name in ("sources", "points", "weights", "pose", "pads", "glasses")
        },
        share=np.concatenate([faces.share / faces.share.sum() * (1 - share), more.share / more.share.sum() * share]),
    )


@dataclass(frozen=True)
class FaceSample:
    """A training sample.

    Crop ``view`` (96, 96, 3) with points (106, 2) in its pixels, their weights (106,), pose (3,), and in [0, 1], NaN
    where unknown, confidence, visibility ``seen`` (106,) and ``glasses``.
    """

    view: Image
    points: Floats
    weights: Floats
    pose: Floats
    confidence: float
    seen: Floats
    glasses: float

    def goal(self) -> tuple[Floats | float, ...]:
        """The targets of the network's outputs."""
        return self.points, self.weights, self.pose, self.confidence, self.seen, self.glasses


def make_face(faces: FaceSet, index: int, rng: np.random.Generator, augment: bool = True) -> FaceSample:
    """The sample of one face, with ``augment`` randomly placed, lit and occluded."""
    image, points, weights, pose = faces.images[index], faces.points[index], faces.weights[index], faces.pose[index]
    if augment and faces.mean_3d is not None and np.abs(pose[1]) < FARTHEST and rng.random() < 0.3:
        image, points, weights, pose = turn_face(image, points, weights, pose, faces.mean_3d, rng)
    pose = pose.copy()
    seen = seen_by_pose(pose)
    if faces.pads is not None:
        seen = seen * inside_picture(points, image.shape[:2], faces.pads[index])
    worn = float("nan") if faces.glasses is None else float(faces.glasses[index])
    angle, stretch, shift = eye_angle(points), np.ones(2), np.zeros(2)
    if augment:
        wide = 2.5 if rng.random() < 0.3 else 1.0
        angle += rng.normal(0, 5 * wide)
        stretch = np.exp(rng.normal(0, 0.05 * wide, 2) + rng.normal(0.02, 0.03 * wide))
        shift = rng.normal(0, 0.025 * wide, 2)
    matrix = upright_matrix(points, angle, stretch.tolist(), shift.tolist())
    fill = rng.integers(0, 256, 3).tolist() if augment else (124, 117, 104)
    view = cv2.warpAffine(image, matrix, (SIDE, SIDE), flags=cv2.INTER_LINEAR, borderValue=fill)
    moved = transform_points(points, matrix)
    pose[2] -= angle
    if augment and rng.random() < 0.5:
        view = np.ascontiguousarray(view[:, ::-1])
        moved[:, 0] = SIDE - 1 - moved[:, 0]
        moved, weights, seen, pose[1:] = moved[FACE_MIRROR], weights[FACE_MIRROR], seen[FACE_MIRROR], -pose[1:]
    sample = FaceSample(view, moved, weights, pose, 1.0, seen, worn)  # type: ignore[arg-type]  # OpenCV's types tell no dtype
    return _disturbed(sample, faces, rng) if augment else sample


def _disturbed(sample: FaceSample, faces: FaceSet, rng: np.random.Generator) -> FaceSample:
    """The sample with synthetic glasses and occlusions, and with photometric augmentation."""
    view, points, worn = sample.view.copy(), sample.points, sample.glasses
    hidden = np.zeros(view.shape[:2], bool)
    if rng.random() < 0.12:
        hidden, worn = wear_glasses(view, points, rng), 1.0
    covered = np.zeros(view.shape[:2], bool)
    if rng.random() < 0.3:
        covered |= cover(view, points, rng)
    if rng.random() < 0.3:
        patches = faces.overlays or faces.images
        covered |= occlude(view, patches[int(rng.integers(len(patches)))], rng)
    if rng.random() < 0.8:
        view = change_colours(view, rng)
    if rng.random() < 0.3:
        view = degrade(view, rng)
    x, y = np.clip(np.rint(points), 0, SIDE - 1).astype(int).T
    seen = np.where((hidden | covered)[y, x], 0, sample.seen)
    eyes_covered = covered[y[66:84], x[66:84]].mean() > 0.5
    worn = float("nan") if eyes_covered else worn
    return replace(sample, view=view, confidence=1 - float(covered.mean()), seen=seen, glasses=worn)


FARTHEST = 30.0
"""Degrees of yaw up to which labelled faces are rotated further."""


SCENE_SHARE = 0.1
"""Share of the faces that are sampled from scenes, where only five points are known: more turned and small ones."""


def _five_points(scene: Scene, mean_face: Floats) -> Iterator[tuple[Image, Floats, Floats]]:
    """Crops (144, 144, 3) of a scene's faces with all five points: 106 points (the mean face's but five) and weights.

    Only the five have weight; the others determine the crop, as in the first pass of the face finder.
    """
    for box, five in zip(scene.boxes, scene.points, strict=True):
        if np.isfinite(five).all() and max(box[2:] - box[:2]) >= 20:
            matrix = crop_matrix(grow_box(box, 1.6, 1.0), (144, 144))
            crop = cv2.warpAffine(scene.image, matrix, (144, 144), borderValue=(124, 117, 104))
            rows, goal = list(FIVE_FROM_106), transform_points(five, matrix)
            points = transform_points(mean_face, similarity(mean_face[rows], goal))
            points[rows] = goal
            yield crop, points, np.isin(np.arange(106), rows).astype(np.float32)  # type: ignore[misc]  # OpenCV's types tell no dtype


def with_scenes(faces: FaceSet, scenes: Sequence[Scene], mean_face: Floats) -> FaceSet:
    """The faces, and those of scenes with five points, which are sampled with the share ``SCENE_SHARE``."""
    more = [face for scene in scenes for face in _five_points(scene, mean_face)]
    if not more:
        return faces
    images, points, weights = (list(column) for column in zip(*more, strict=True))
    rows = len(more)
    pads, glasses = faces.pads, faces.glasses
    return replace(
        faces,
        pads=None if pads is None else np.concatenate([pads, np.zeros((rows, 4), np.float32)]),
        glasses=None if glasses is None else np.concatenate([glasses, np.full(rows, np.nan, np.float32)]),
        images=faces.images + images,
        sources=np.concatenate([faces.sources, np.full(rows, "scene")]),
        points=np.concatenate([faces.points, points]),
        weights=np.concatenate([faces.weights, weights]),
        pose=np.concatenate([faces.pose, np.full((rows, 3), np.nan, np.float32)]),
        share=np.concatenate([faces.share * (1 - SCENE_SHARE), np.full(rows, SCENE_SHARE / rows, np.float32)]),
    )


def _nowhere(faces: FaceSet, rng: np.random.Generator) -> tuple[Image, np.ndarray]:
    """A picture without a face, and the matrix to a crop of a false positive or of a random place in it."""
    if faces.false_positives and rng.random() < 0.5:
        image, box = faces.false_positives[int(rng.integers(len(faces.false_positives)))]
        box = grow_box(box, float(np.exp(rng.normal(0, 0.15))))
        return image, crop_matrix(box, (SIDE, SIDE), rng.normal(0, 10))
    image = faces.overlays[int(rng.integers(len(faces.overlays)))]
    side = float(np.exp(rng.uniform(np.log(24), np.log(min(image.shape[:2])))))
    corner = rng.uniform(0, np.maximum(np.array(image.shape[1::-1]) - side, 1))
    box = np.concatenate([corner, corner + side * np.exp(rng.normal(0, 0.1, 2))]).astype(np.float32)
    return image, crop_matrix(box, (SIDE, SIDE), rng.normal(0, 20))


def make_mistake(faces: FaceSet, rng: np.random.Generator) -> Image:
    """A crop without a face, with a rotated or upside-down face, or with a misplaced one: confidence 0."""
    if faces.overlays and rng.random() < 0.6:
        image, matrix = _nowhere(faces, rng)
    else:
        index = int(rng.integers(len(faces)))
        image, points = faces.images[index], faces.points[index]
        if rng.random() < 0.6:
            stretch, shift, turn = np.exp(rng.normal(0, 0.1, 2)), rng.normal(0, 0.05, 2), rng.choice([90, 180, 270])
        else:
            stretch, turn = np.full(2, rng.choice([0.4, 0.5, 2.2, 2.8])), rng.normal(0, 20)
            shift = rng.choice([-0.5, 0.5, -0.7, 0.7], 2) if rng.random() < 0.6 else np.zeros(2)
        angle = eye_angle(points) + turn
        matrix = upright_matrix(points, angle, stretch.tolist(), shift.tolist())
    view = cv2.warpAffine(image, matrix, (SIDE, SIDE), flags=cv2.INTER_LINEAR, borderValue=(124, 117, 104))
    return change_colours(view, rng)  # type: ignore[arg-type]  # OpenCV's types tell no dtype
