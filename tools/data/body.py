"""Person crops with 17 joints: reading the packaged sets, and turning a crop into a training sample."""

from __future__ import annotations

import tarfile
from dataclasses import asdict, dataclass
from pathlib import Path

import cv2
import numpy as np

from models.heatmaps import draw_targets
from models.pose import crop_person
from tools.data.augment import change_colours, darken, degrade, occlude
from vision.geometry import grow_box, transform_points
from vision.layouts import JOINT_MIRROR
from vision.types import Floats, Image


@dataclass(frozen=True)
class CropSet:
    """Encoded crops with labels: ``keypoints`` (N, 17, 3) x, y, weight; ``boxes`` (N, 4); ``gt`` (N, 17) human."""

    jpegs: list[bytes]
    names: np.ndarray
    sources: np.ndarray
    keypoints: Floats
    boxes: Floats
    gt: np.ndarray

    def __len__(self) -> int:
        return len(self.jpegs)

    def image(self, index: int) -> Image:
        return cv2.imdecode(np.frombuffer(self.jpegs[index], np.uint8), cv2.IMREAD_COLOR_RGB)  # type: ignore[return-value]

    def where(self, keep: np.ndarray) -> CropSet:
        rows = np.flatnonzero(keep)
        return CropSet(
            [self.jpegs[i] for i in rows],
            self.names[rows],
            self.sources[rows],
            self.keypoints[rows],
            self.boxes[rows],
            self.gt[rows],
        )

    def __add__(self, other: CropSet) -> CropSet:
        both = ((getattr(self, f), getattr(other, f)) for f in ("names", "sources", "keypoints", "boxes", "gt"))
        return CropSet(self.jpegs + other.jpegs, *(np.concatenate(pair) for pair in both))


def read_tar(path: Path) -> dict[str, bytes]:
    """The files of a tar archive by name."""
    with tarfile.open(path) as archive:
        return {m.name: archive.extractfile(m).read() for m in archive if m.isfile()}  # type: ignore[union-attr]


def read_crops(folder: Path, stem: str) -> CropSet:
    """A packaged set: ``stem.npz`` with the labels and ``stem.tar`` with the pictures (JPEG, WebP ...).

    Frames of clips that only their file names tell (``frame_``) get it before their source too, so that a rule about
    the beginnings of sources reaches all of them.
    """
    table = np.load(folder / f"{stem}.npz", allow_pickle=False)
    files = read_tar(folder / f"{stem}.tar")
    points = table["keypoints"].astype(np.float32)
    gt = table["gt"] if "gt" in table else np.zeros(points.shape[:2], bool)
    names, sources = table["name"].astype(str), table["source"].astype(str)
    frames = np.char.startswith(names, "frame_")
    sources = np.where(frames, np.char.add("frame_", sources), sources)
    return CropSet([files[n] for n in names], names, sources, points, table["box"].astype(np.float32), gt)


@dataclass(frozen=True)
class Augmentation:
    """Strengths and probabilities of the random changes."""

    scale: float = 0.3
    shift: float = 0.08
    degrees: float = 30.0
    turn: float = 0.6
    half_body: float = 0.35
    occlude: float = 0.35
    degrade: float = 0.3
    colour: float = 0.8
    person: float = 0.25
    cut: float = 0.12
    dark: float = 0.12

    def weakened(self, strength: float) -> Augmentation:
        """All strengths and probabilities times ``strength``."""
        return Augmentation(**{name: value * strength for name, value in asdict(self).items()})


PARTS = ((0, 7), (0, 11), (0, 13), (5, 17), (11, 17))
"""First and last joint (exclusive) of what is seen of people: head and shoulders, upper bodies, headless ones, legs."""


def _half_body(keypoints: Floats, box: Floats, rng: np.random.Generator) -> Floats:
    """The box of some neighbouring joints, as when the picture or another person cuts a person off."""
    rows = np.arange(*PARTS[int(rng.integers(len(PARTS)))])
    known = keypoints[rows][keypoints[rows, 2] > 0, :2]
    if len(known) < 4:
        return box
    low, high = known.min(axis=0), known.max(axis=0)
    pad = 0.25 * max(float((high - low).max()), 20.0)
    return np.concatenate([low - pad, high + pad]).astype(np.float32)


LIMBS = ((5, 7), (7, 9), (6, 8), (8, 10), (11, 13), (13, 15), (12, 14), (14, 16), (0, 5), (0, 6))
"""Bones of a silhouette beside the trunk; the last two are the neck."""


def silhouette(keypoints: Floats, size_wh: tuple[int, int]) -> np.ndarray:
    """Roughly the pixels of a person (h, w) bool: a polygon for the trunk, thick lines for limbs, a disc for the head."""
    mask = np.zeros(size_wh[::-1], np.uint8)
    points, known = np.round(np.nan_to_num(keypoints[:, :2])).astype(np.int32), keypoints[:, 2] > 0
    if not known[[5, 6, 11, 12]].all():
        return mask > 0
    torso = float(np.linalg.norm(points[[5, 6]].mean(axis=0) - points[[11, 12]].mean(axis=0)))
    thick = max(2, round(0.24 * torso))
    cv2.fillConvexPoly(mask, cv2.convexHull(points[[5, 6, 11, 12]]), 1)
    cv2.polylines(mask, [points[[5, 6, 12, 11]]], True, 1, thick)
    for a, b in LIMBS:
        if known[a] and known[b]:
            cv2.line(mask, points[a].tolist(), points[b].tolist(), 1, thick)
    if known[0]:
        cv2.circle(mask, points[0].tolist(), round(0.26 * torso), 1, -1)
    return mask > 0


def paste_person(view: Image, crops: CropSet, rng: np.random.Generator) -> None:
    """Somebody else's silhouette in front of a view, in place: beside the person, smaller or larger."""
    other = int(rng.integers(len(crops)))
    height, width = view.shape[:2]
    box = grow_box(crops.boxes[other], float(np.exp(rng.normal(0.1, 0.3))))
    side = rng.choice([-1, 1]) * rng.uniform(0.25, 0.6) * (box[2] - box[0])
    box = box + np.array([side, rng.normal(0, 0.15) * (box[3] - box[1])] * 2, np.float32)
    drawn, matrix = crop_person(crops.image(other), box, (width, height))
    keypoints = np.column_stack([transform_points(crops.keypoints[other, :, :2], matrix), crops.keypoints[other, :, 2]])
    mask = silhouette(keypoints, (width, height)).astype(np.float32)
    soft = cv2.GaussianBlur(mask, (0, 0), 1.0)[..., None]
    view[:] = (view * (1 - soft) + drawn * soft + 0.5).astype(np.uint8)


def cut_off(
    image: Image, keypoints: Floats, box: Floats, rng: np.random.Generator
) -> tuple[Image, Floats, Floats]:
    """A crop whose picture ends inside the person: black beyond a line, joints there unknown, the box up to it.

    Mostly the legs are cut off, then the sides, seldom the head.
    """
    side = int(rng.choice(4, p=[0.2, 0.08, 0.2, 0.52]))
    axis, share = side % 2, float(rng.uniform(0.1, 0.5 if side == 3 else 0.35))
    image, keypoints, box = image.copy(), keypoints.copy(), box.copy()
    length = box[axis + 2] - box[axis]
    if side < 2:
        line = box[axis] = box[axis] + share * length
        beyond = keypoints[:, axis] < line
    else:
        line = box[axis + 2] = box[axis + 2] - share * length
        beyond = keypoints[:, axis] > line
    keypoints[beyond, 2] = 0
    at = int(np.clip(round(float(line)), 0, image.shape[1 - axis]))
    part = slice(0, at) if side < 2 else slice(at, None)
    image[(slice(None), part) if axis == 0 else part] = 0
    return image, keypoints, box


def make_sample(
    crops: CropSet, index: int, size_wh: tuple[int, int], augmentation: Augmentation | None, rng: np.random.Generator
) -> tuple[Image, Floats, Floats]:
    """Image (h, w, 3) uint8, heatmaps (17, h/4, w/4) and weights (17,), augmented unless told otherwise."""
    image, keypoints, box = crops.image(index), crops.keypoints[index].copy(), crops.boxes[index]
    degrees, mirrored = 0.0, False
    if augmentation is not None:
        if rng.random() < augmentation.cut:
            image, keypoints, box = cut_off(image, keypoints, box, rng)
        elif rng.random() < augmentation.half_body:
            box = _half_body(keypoints, box, rng)
        size = box[2:] - box[:2]
        move = rng.normal(0, augmentation.shift, 2) * size
        box = grow_box(box + np.tile(move, 2).astype(np.float32), float(np.exp(rng.normal(0, augmentation.scale / 2))))
        if rng.random() < augmentation.turn:
            degrees = float(np.clip(rng.normal(0, augmentation.degrees / 1.5), -2 * augmentation.degrees, 60))
        mirrored = rng.random() < 0.5
    view, matrix = crop_person(image, box, size_wh, degrees)
    points, weights = transform_points(keypoints[:, :2], matrix), keypoints[:, 2].copy()
    if mirrored:
        view = np.ascontiguousarray(view[:, ::-1])
        points[:, 0] = size_wh[0] - 1 - points[:, 0]
        points, weights = points[JOINT_MIRROR], weights[JOINT_MIRROR]
    if augmentation is not None:
        if rng.random() < augmentation.occlude:
            occlude(view, crops.image(int(rng.integers(len(crops)))), rng)
        if rng.random() < augmentation.person:
            paste_person(view, crops, rng)
        if rng.random() < augmentation.dark:
            view = darken(view, rng)
        if rng.random() < augmentation.colour:
            view = change_colours(view, rng)
        if rng.random() < augmentation.degrade:
            view = degrade(view, rng)
    maps = draw_targets(
        ((points + 0.5) / 4 - 0.5).astype(np.float32), (size_wh[0] // 4, size_wh[1] // 4), sigma=2.0 * size_wh[1] / 256
    )
    return view, maps, weights
