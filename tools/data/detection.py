"""Training pictures for the detectors: real scenes, mosaics, and collages of single crops."""

from __future__ import annotations

import itertools
from dataclasses import dataclass, replace
from typing import cast

import cv2
import numpy as np

from tools.data.augment import change_colours, degrade
from tools.data.scenes import Scene
from vision.geometry import crop_matrix, grow_box, transform_points
from vision.layouts import FIVE_MIRROR
from vision.types import Floats, Image


@dataclass(frozen=True)
class Picture:
    """A training picture: ``image`` (S, S, 3) and its labels."""

    image: Image
    boxes: Floats
    points: Floats
    ignore: Floats


def _turned(boxes: Floats, matrix: np.ndarray) -> Floats:
    """Boxes of the ellipses inscribed in ``boxes`` under an affine map: the extent of a rotated head or body."""
    centre = transform_points((boxes[:, :2] + boxes[:, 2:]) / 2, matrix)
    half = (boxes[:, 2:] - boxes[:, :2]) / 2
    reach = np.sqrt((half**2) @ (matrix[:, :2] ** 2).T)
    return np.concatenate([centre - reach, centre + reach], axis=1).astype(np.float32)


def _cut(boxes: Floats, side: tuple[int, int]) -> tuple[Floats, Floats]:
    """Boxes clipped to (width, height), and the share of each that is left."""
    limit = np.array([*side, *side], np.float32) - 0.5
    clipped = np.clip(boxes, -0.5, limit)
    area = np.prod(boxes[:, 2:] - boxes[:, :2], axis=1)
    left = np.prod(np.clip(clipped[:, 2:] - clipped[:, :2], 0, None), axis=1)
    return clipped.astype(np.float32), left / np.maximum(area, 1e-6)


def _reduced(image: Image, matrix: np.ndarray) -> Image:
    """The image, blurred if the map shrinks it, so that linear sampling does not alias."""
    shrink = 1 / max(float(np.sqrt(abs(np.linalg.det(matrix[:, :2])))), 1e-3)
    return cast(Image, cv2.GaussianBlur(image, (0, 0), 0.35 * shrink) if shrink > 1.5 else image)


def place(scene: Scene, region: Floats, background: Image, degrees: float, flip: bool) -> Picture:
    """The ``region`` of a scene over a ``background`` tile; objects with less than half visible are ignored."""
    size_wh = (background.shape[1], background.shape[0])
    matrix = crop_matrix(region, size_wh, degrees)
    image = cv2.warpAffine(
        _reduced(scene.image, matrix), matrix, size_wh, background.copy(), cv2.INTER_LINEAR, cv2.BORDER_TRANSPARENT
    )
    boxes, points, ignore = scene.boxes, scene.points, scene.ignore
    moved = transform_points(points, matrix) if points.size else points
    boxes, ignore = _turned(boxes, matrix), _turned(ignore, matrix)
    if flip:
        image = np.ascontiguousarray(image[:, ::-1])
        boxes, ignore = (np.stack([size_wh[0] - 1 - b[:, 2], b[:, 1], size_wh[0] - 1 - b[:, 0], b[:, 3]], 1)
                         for b in (boxes, ignore))  # fmt: skip
        if moved.size:
            moved = np.stack([size_wh[0] - 1 - moved[..., 0], moved[..., 1]], axis=-1)[:, FIVE_MIRROR]
    clipped, share = _cut(boxes, size_wh)
    small = (clipped[:, 3] - clipped[:, 1]) < 7
    good = (share > 0.5) & ~small
    ignore = np.concatenate([_cut(ignore, size_wh)[0], clipped[~good & (share > 0.02)]])
    return Picture(image, clipped[good], moved[good], ignore)  # type: ignore[arg-type]  # OpenCV's types tell no dtype


@dataclass(frozen=True)
class Composer:
    """Makes training pictures of ``side`` pixels from scenes (sets that are drawn alike), crops and negatives."""

    scenes: list[list[Scene]]
    crops: list[Scene]
    negatives: list[Scene]
    side: int
    degrees: float
    smallest: float
    largest: float

    def _region(self, scene: Scene, wh: tuple[int, int], rng: np.random.Generator) -> Floats:
        """A region that shows one object of the scene at a random size, or without objects any part of it."""
        image_wh = np.array(scene.image.shape[1::-1])
        if len(scene.boxes) == 0:
            half = np.array(wh) * float(np.exp(rng.uniform(np.log(0.3), 0))) * min(image_wh / np.array(wh)) / 2
            centre = half + rng.uniform(0, 1, 2) * (image_wh - 2 * half)
        else:
            box = scene.boxes[int(rng.integers(len(scene.boxes)))]
            size = float(np.max(box[2:] - box[:2]))
            low, high = self.smallest, min(self.largest, 1.15 * min(wh))
            wanted = np.exp(rng.uniform(np.log(low), np.log(max(high, low * 1.5))))
            wanted = min(wanted, size * 4)
            half = np.array(wh) * size / wanted / 2
            room = np.maximum(half - (box[2:] - box[:2]) / 2, 0.1 * half)
            centre = (box[:2] + box[2:]) / 2 + rng.uniform(-1, 1, 2) * room
            outside = np.maximum(image_wh / 2 - half, 0)
            if rng.random() < 0.7 and not scene.alone:
                centre = image_wh / 2 + np.clip(centre - image_wh / 2, -outside, outside)
        return np.concatenate([centre - half, centre + half]).astype(np.float32)

    def _tile(self, wh: tuple[int, int], rng: np.random.Generator, crops: float) -> Picture:
        kind = rng.random()
        if kind < crops:
            scene = self.crops[int(rng.integers(len(self.crops)))]
        elif kind < crops + (1 - crops) * 0.35:
            scene = self.negatives[int(rng.integers(len(self.negatives)))]
        else:
            listed = self.scenes[int(rng.integers(len(self.scenes)))]
            scene = listed[int(rng.integers(len(listed)))]
        region = self._region(scene, wh, rng)
        if scene.alone:
            region = self._inside(region, scene, wh)
        degrees = float(rng.normal(0, self.degrees)) if rng.random() < 0.5 else 0.0
        return place(scene, region, self._background(wh, rng), degrees, bool(rng.random() < 0.5))

    def _background(self, wh: tuple[int, int], rng: np.random.Generator) -> Image:
        """Part of a negative picture, or a plain colour."""
        if rng.random() < 0.3:
            return np.full((wh[1], wh[0], 3), rng.integers(0, 256, 3), np.uint8)
        image = self.negatives[int(rng.integers(len(self.negatives)))].image
        return cast(Image, cv2.resize(image, wh, interpolation=cv2.INTER_AREA))

    @staticmethod
    def _inside(region: Floats, scene: Scene, wh: tuple[int, int]) -> Floats:
        """A region limited to the surroundings that a single crop has."""
        box = grow_box(scene.boxes[0], 1.5)
        wide = max(1.0, float((region[2] - region[0]) / max(box[2] - box[0], 1)))
        return grow_box(region, 1 / wide**0.7) if wide > 1 else region

    def _mosaic(self, rng: np.random.Generator, crops: float, count: int) -> Picture:
        """``count`` x ``count`` tiles with random borders."""

        def cuts() -> np.ndarray:
            even = np.linspace(0, self.side, count + 1)
            even[1:-1] += rng.uniform(-0.25, 0.25, count - 1) * self.side / count
            return even.round().astype(int)

        xs, ys = cuts(), cuts()
        image = np.zeros((self.side, self.side, 3), np.uint8)
        parts = []
        for x0, x1 in itertools.pairwise(xs):
            for y0, y1 in itertools.pairwise(ys):
                tile = self._tile((x1 - x0, y1 - y0), rng, crops)
                image[y0:y1, x0:x1] = tile.image
                corner = np.array([x0, y0], np.float32)
                twice = np.tile(corner, 2)
                parts.append((tile.boxes + twice, tile.points + corner, tile.ignore + twice))
        boxes, points, ignore = (np.concatenate(x) for x in zip(*parts, strict=True))
        return Picture(image, boxes, points, ignore)

    def picture(self, rng: np.random.Generator) -> Picture:
        """One augmented training picture."""
        kind = rng.random()
        if kind < 0.5:
            made = self._tile((self.side, self.side), rng, 0.2)
        elif kind < 0.85:
            made = self._mosaic(rng, 0.35, 2)
        else:
            made = self._mosaic(rng, 0.7, int(rng.integers(3, 5)))
        image = made.image
        if rng.random() < 0.8:
            image = change_colours(image, rng)
        if rng.random() < 0.2:
            image = degrade(image, rng)
        return replace(made, image=image)


def assign(picture: Picture, centres: Floats, strides: Floats) -> tuple[np.ndarray, np.ndarray]:
    """For every cell the index of its object (-1 none, -2 ignored), and its centre-ness weight.

    An object is assigned to the levels whose stride is between a tenth and a third of its size (the
    nearest level otherwise), in the cells near its centre; of overlapping objects the smaller one is taken.
    """
    owner = np.full(len(centres), -1)
    for box in picture.ignore:
        inside = np.all((centres >= box[:2]) & (centres <= box[2:]), axis=1)
        owner[inside] = -2
    sizes = np.sqrt(np.prod(np.maximum(picture.boxes[:, 2:] - picture.boxes[:, :2], 1), axis=1))
    for i in np.argsort(-sizes):
        box, best = picture.boxes[i], sizes[i] / 5
        gap = np.abs(np.log2(np.array([8, 16, 32]) / best))
        levels = np.array([8, 16, 32])[(gap < 0.75) | (gap == gap.min())]
        middle, half = (box[:2] + box[2:]) / 2, (box[2:] - box[:2]) / 2
        reach = np.minimum(np.maximum(0.35 * half, 0.55 * strides[:, None]), np.maximum(half, 0.55 * strides[:, None]))
        near = np.all(np.abs(centres - middle) <= np.minimum(reach, 1.6 * strides[:, None]), axis=1)
        owner[near & np.isin(strides, levels)] = i
    return owner, sizes
