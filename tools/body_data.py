"""Person crops with 17 joints: reading the packaged sets, and turning a crop into a training sample."""

from __future__ import annotations

import tarfile
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from models.heatmaps import draw_targets
from vision.geometry import crop_matrix, grow_box, transform_points
from vision.layouts import JOINT_MIRROR
from vision.types import Floats, Image

MEAN = np.array([0.485, 0.456, 0.406], np.float32) * 255
STD = np.array([0.229, 0.224, 0.225], np.float32) * 255


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
    """A packaged set: ``stem.npz`` with the labels and ``stem.tar`` with the pictures."""
    table = np.load(folder / f"{stem}.npz", allow_pickle=False)
    files = read_tar(folder / f"{stem}.tar")
    points = table["keypoints"].astype(np.float32)
    gt = table["gt"] if "gt" in table else np.zeros(points.shape[:2], bool)
    names = table["name"]
    return CropSet([files[str(n)] for n in names], names, table["source"], points, table["box"].astype(np.float32), gt)


def crop_person(image: Image, box: Floats, size_wh: tuple[int, int], degrees: float = 0.0) -> tuple[Image, np.ndarray]:
    """The network's view of a person: the box grown to 3:4, times 1.25; the crop and its matrix."""
    region = grow_box(box, 1.25, aspect=size_wh[0] / size_wh[1])
    matrix = crop_matrix(region, size_wh, degrees)
    return cv2.warpAffine(image, matrix, size_wh, flags=cv2.INTER_LINEAR), matrix  # type: ignore[return-value]


@dataclass(frozen=True)
class Augmentation:
    """Strengths and probabilities of the random changes."""

    scale: float = 0.3
    shift: float = 0.08
    degrees: float = 30.0
    turn: float = 0.6
    half_body: float = 0.2
    occlude: float = 0.35
    degrade: float = 0.3
    colour: float = 0.8


def _half_body(keypoints: Floats, box: Floats, rng: np.random.Generator) -> Floats:
    """The box of the upper or lower joints, as when the picture cuts a person off."""
    rows = np.arange(0, 11) if rng.random() < 0.5 else np.arange(11, 17)
    known = keypoints[rows][keypoints[rows, 2] > 0, :2]
    if len(known) < 4:
        return box
    low, high = known.min(axis=0), known.max(axis=0)
    pad = 0.25 * max(float((high - low).max()), 20.0)
    return np.concatenate([low - pad, high + pad]).astype(np.float32)


def _colour(image: Image, rng: np.random.Generator) -> Image:
    """Gamma, contrast, brightness and colour cast by one lookup per channel; sometimes grey."""
    ramp = np.linspace(0, 1, 256)
    gamma, gain, lift = np.exp(rng.normal(0, 0.25)), np.exp(rng.normal(0, 0.2)), rng.normal(0, 0.06)
    cast = np.exp(rng.normal(0, 0.08, 3))
    tables = np.clip((ramp[:, None] ** gamma * gain + lift) * cast, 0, 1) * 255
    if rng.random() < 0.1:
        image = cv2.cvtColor(cv2.cvtColor(image, cv2.COLOR_RGB2GRAY), cv2.COLOR_GRAY2RGB)  # type: ignore[assignment]
    return cv2.LUT(image, tables.astype(np.uint8)[None])  # type: ignore[return-value]


def _degrade(image: Image, rng: np.random.Generator) -> Image:
    """One of: low resolution, motion blur, compression, noise."""
    height, width = image.shape[:2]
    kind = rng.integers(4)
    if kind == 0:
        factor = rng.uniform(0.2, 0.7)
        small = cv2.resize(image, None, fx=factor, fy=factor, interpolation=cv2.INTER_AREA)
        return cv2.resize(small, (width, height), interpolation=cv2.INTER_LINEAR)  # type: ignore[return-value]
    if kind == 1:
        length = int(rng.integers(3, 12))
        kernel = np.zeros((length, length), np.float32)
        angle, middle = rng.uniform(0, np.pi), (length - 1) / 2
        for t in np.linspace(-middle, middle, 2 * length):
            kernel[round(middle + t * np.sin(angle)), round(middle + t * np.cos(angle))] = 1
        return cv2.filter2D(image, -1, kernel / kernel.sum())  # type: ignore[return-value]
    if kind == 2:
        quality = [cv2.IMWRITE_JPEG_QUALITY, int(rng.integers(8, 50))]
        return cv2.imdecode(cv2.imencode(".jpg", image, quality)[1], cv2.IMREAD_COLOR)  # type: ignore[return-value]
    noise = rng.normal(0, rng.uniform(3, 18), image.shape)
    return np.clip(image + noise, 0, 255).astype(np.uint8)


def _occlude(image: Image, other: Image, rng: np.random.Generator) -> None:
    """One to three patches of another picture or of plain colour over the person."""
    height, width = image.shape[:2]
    for _ in range(rng.integers(1, 4)):
        h, w = (int(rng.uniform(0.08, 0.3) * n) for n in (height, width))
        y, x = rng.integers(0, height - h), rng.integers(0, width - w)
        if rng.random() < 0.7:
            v, u = rng.integers(0, other.shape[0] - h), rng.integers(0, other.shape[1] - w)
            image[y : y + h, x : x + w] = other[v : v + h, u : u + w]
        else:
            image[y : y + h, x : x + w] = rng.integers(0, 256, 3)


def make_sample(
    crops: CropSet, index: int, size_wh: tuple[int, int], augmentation: Augmentation | None, rng: np.random.Generator
) -> tuple[Image, Floats, Floats]:
    """Image (h, w, 3) uint8, heatmaps (17, h/4, w/4) and weights (17,), augmented unless told otherwise."""
    image, keypoints, box = crops.image(index), crops.keypoints[index].copy(), crops.boxes[index]
    degrees, mirrored = 0.0, False
    if augmentation is not None:
        if rng.random() < augmentation.half_body:
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
            _occlude(view, cv2.resize(crops.image(int(rng.integers(len(crops)))), size_wh), rng)  # type: ignore[arg-type]
        if rng.random() < augmentation.colour:
            view = _colour(view, rng)
        if rng.random() < augmentation.degrade:
            view = _degrade(view, rng)
    maps = draw_targets((points + 0.5) / 4 - 0.5, (size_wh[0] // 4, size_wh[1] // 4), sigma=2.0 * size_wh[1] / 256)
    return view, maps, weights


def normalise(images: np.ndarray) -> Floats:
    """Images (N, h, w, 3) uint8 RGB -> (N, 3, h, w) float32 with ImageNet's mean and deviation."""
    return np.ascontiguousarray(((images - MEAN) / STD).transpose(0, 3, 1, 2), dtype=np.float32)
