"""The body runner: person boxes in batches of frames -> 17 joints each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from models.heatmaps import decode_heatmaps
from models.runtime import Engine
from vision.geometry import crop_matrix, grow_box, invert_affine, transform_points
from vision.types import Floats, Image

MEAN = np.array([0.485, 0.456, 0.406], np.float32) * 255
STD = np.array([0.229, 0.224, 0.225], np.float32) * 255


def crop_person(image: Image, box: Floats, size_wh: tuple[int, int], degrees: float = 0.0) -> tuple[Image, np.ndarray]:
    """The network's view of a person: the box grown to the input's aspect, times 1.25; the crop and its matrix."""
    region = grow_box(box, 1.25, aspect=size_wh[0] / size_wh[1])
    matrix = crop_matrix(region, size_wh, degrees)
    shrink = float((region[2] - region[0]) / size_wh[0])
    if shrink >= 2:
        image, matrix = _reduce(image, matrix, region, int(shrink))
        view = cv2.warpAffine(image, matrix, size_wh, flags=cv2.INTER_LINEAR)
        return view, crop_matrix(region, size_wh, degrees)  # type: ignore[return-value]
    return cv2.warpAffine(image, matrix, size_wh, flags=cv2.INTER_LINEAR), matrix  # type: ignore[return-value]


def _reduce(image: Image, matrix: np.ndarray, region: Floats, factor: int) -> tuple[Image, np.ndarray]:
    """Average a large person's surroundings by a whole factor before sampling, against aliasing."""
    height, width = image.shape[:2]
    margin = (region[2:] - region[:2]) * 0.25
    x0, y0 = (int(v) for v in np.clip(region[:2] - margin, 0, [width - factor, height - factor]))
    x1, y1 = (int(v) for v in np.clip(region[2:] + margin, [x0 + factor, y0 + factor], [width, height]))
    columns, rows = (x1 - x0) // factor, (y1 - y0) // factor
    part = image[y0 : y0 + rows * factor, x0 : x0 + columns * factor]
    small = cv2.resize(part, (columns, rows), interpolation=cv2.INTER_AREA)
    corner = np.array([x0, y0]) + (factor - 1) / 2
    return small, np.column_stack([matrix[:, :2] * factor, matrix[:, :2] @ corner + matrix[:, 2]])  # type: ignore[return-value]


def normalise(crops: np.ndarray) -> Floats:
    """Crops (N, h, w, 3) uint8 RGB -> (N, 3, h, w) float32 with ImageNet's mean and deviation."""
    return np.ascontiguousarray(((crops - MEAN) / STD).transpose(0, 3, 1, 2), dtype=np.float32)


@dataclass(frozen=True)
class PoseRunner:
    """(images, boxes (N, 4), one box per image) -> (N, 17, 3) x, y in image pixels and score in [0, 1].

    A score is the height of the joint's heatmap peak; a joint outside its picture has score 0.
    """

    engine: Engine
    size_wh: tuple[int, int]
    batch: int = 16

    def __call__(self, images: Sequence[Image], boxes: Floats) -> Floats:
        boxes = np.asarray(boxes, np.float32).reshape(-1, 4)
        if len(images) != len(boxes):
            raise ValueError(f"{len(images)} images need one box each, not {len(boxes)}")
        if not np.all(np.isfinite(boxes)):
            raise ValueError("boxes must be finite numbers")
        parts = [self._some(images[i : i + self.batch], boxes[i : i + self.batch])
                 for i in range(0, len(boxes), self.batch)]  # fmt: skip
        return np.concatenate(parts) if parts else np.zeros((0, 17, 3), np.float32)

    def _some(self, images: Sequence[Image], boxes: Floats) -> Floats:
        pairs = zip(images, boxes, strict=True)
        crops, matrices = zip(*(crop_person(image, box, self.size_wh) for image, box in pairs), strict=True)
        maps = self.engine(normalise(np.stack(crops)))[0].numpy()
        points, scores = decode_heatmaps(maps)
        points = transform_points(points * 4 + 1.5, invert_affine(np.stack(matrices)))
        limits = np.array([image.shape[1::-1] for image in images])[:, None]
        inside = np.all((points >= -0.5) & (points <= limits - 0.5), axis=2)
        return np.concatenate([points, (scores * inside)[..., None]], axis=2).astype(np.float32)
