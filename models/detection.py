"""Runner of the detectors: an image at one or more scales -> boxes, scores and points."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import cast

import cv2
import numpy as np

from models.runtime import RunNetwork
from vision.geometry import non_maximum_suppression
from vision.types import Detections, Floats, Image

STRIDES = (8, 16, 32)

LEAST = -2.2
"""Logit below which a cell is dropped: a score of .1."""


def decode(maps: list[Floats], least: float) -> tuple[Floats, Floats, Floats]:
    """Maps (1, 5 + 2P, H/s, W/s) of all levels -> boxes (K, 4), scores (K,) and points (K, P, 2) in input pixels.

    K is the number of cells with a logit above ``least``.
    """
    parts = [_decode_level(level[0], stride, least) for level, stride in zip(maps, STRIDES, strict=True)]
    boxes, scores, points = (np.concatenate(part).astype(np.float32) for part in zip(*parts, strict=True))
    return boxes, scores, points


def _decode_level(cells: Floats, stride: int, least: float) -> tuple[Floats, Floats, Floats]:
    """``decode`` for the cells of one level's map (5 + 2P, h, w)."""
    row, column = np.nonzero(cells[0] > least)
    found = cells[:, row, column].T
    centres = ((np.column_stack([column, row]) + 0.5) * stride - 0.5).astype(np.float32)
    reach = np.exp(np.clip(found[:, 1:5], -6, 6)) * np.float32(stride)
    boxes = np.concatenate([centres - reach[:, :2], centres + reach[:, 2:]], axis=1)
    points = found[:, 5:].reshape(len(found), (len(cells) - 5) // 2, 2) * np.float32(stride) + centres[:, None]
    return boxes, (1 / (1 + np.exp(-found[:, 0]))).astype(np.float32), points


def select(
    boxes: Floats, scores: Floats, points: Floats, threshold: float, overlap: float, most: int = 400
) -> Detections:
    """Detections above ``threshold`` after non-maximum suppression, best first, at most ``most``."""
    keep = np.flatnonzero(scores >= threshold)
    keep = keep[np.argsort(-scores[keep], kind="stable")[: 4 * most]]
    boxes, scores, points = boxes[keep], scores[keep], points[keep]
    order = non_maximum_suppression(boxes, scores, overlap)[:most]
    return Detections(boxes[order], scores[order], points[order])


def halved(image: Image, long_side: int) -> Image:
    """The image halved as long as its longer side stays at least ``long_side``, before the final resizing."""
    while max(image.shape[:2]) >= 2 * long_side and min(image.shape[:2]) >= 2:
        size = image.shape[1] // 2, image.shape[0] // 2
        image = cast(Image, cv2.resize(image, size, interpolation=cv2.INTER_AREA))
    return image


def letterbox(image: Image, long_side: int) -> tuple[Image, float]:
    """The image scaled so that its longer side is ``long_side``, padded below and right to multiples of 32."""
    height, width = image.shape[:2]
    scale = long_side / max(height, width)
    new_w, new_h = max(1, round(width * scale)), max(1, round(height * scale))
    image, way = halved(image, long_side), cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
    canvas = np.full((-(-new_h // 32) * 32, -(-new_w // 32) * 32, 3), 114, np.uint8)
    canvas[:new_h, :new_w] = cv2.resize(image, (new_w, new_h), interpolation=way)
    return canvas, scale


@dataclass(frozen=True)
class DetectionSettings:
    """Settings of a detector: scales (long sides in pixels), score threshold, and IoU threshold of the suppression.

    Images are enlarged at most to the first scale; a larger scale is used only for images of at least that size.
    Without ``multi_scale`` the next scale is used only if nothing was found.
    """

    scales: tuple[int, ...]
    threshold: float
    overlap: float
    multi_scale: bool = True


DETECTION = {"face": DetectionSettings((640, 256, 1280), 0.5, 0.4), "person": DetectionSettings((320, 640), 0.45, 0.45)}


@dataclass(frozen=True)
class DetectorRunner:
    """Image (H, W, 3) uint8 RGB -> ``Detections``, best first, over all scales."""

    engine: RunNetwork
    settings: DetectionSettings

    def with_threshold(self, threshold: float) -> DetectorRunner:
        """The same detector with another score threshold."""
        return replace(self, settings=replace(self.settings, threshold=threshold))

    def _at_scale(self, image: Image, side: int) -> tuple[Floats, Floats, Floats]:
        """Boxes (C, 4), scores (C,) and points (C, P, 2) of the cells above the threshold, in image pixels."""
        canvas, scale = letterbox(image, side)
        boxes, scores, points = decode(self.engine(canvas[None]), LEAST)

        def back(x: Floats) -> Floats:
            return ((x + 0.5) / scale - 0.5).astype(np.float32)

        return back(boxes), scores, back(points)

    def __call__(self, image: Image) -> Detections:
        """Boxes, scores and points in pixels of ``image``, best first."""
        settings = self.settings
        largest = max(*image.shape[:2], settings.scales[0])
        small, found_at = halved(image, max(settings.scales)), list[tuple[Floats, Floats, Floats]]()
        for side in (s for s in settings.scales if s <= largest):
            found_at.append(self._at_scale(small, side))
            if not settings.multi_scale and np.any(found_at[-1][1] >= settings.threshold):
                break
        boxes, scores, points = (np.concatenate(x) for x in zip(*found_at, strict=True))
        found = select(boxes, scores, points, settings.threshold, settings.overlap)
        size = np.array(image.shape[1::-1], np.float32)
        ratio = size / np.array(small.shape[1::-1], np.float32)
        boxes = np.clip((found.boxes + 0.5) * np.tile(ratio, 2) - 0.5, -0.5, np.tile(size, 2) - 0.5)
        points = (found.points + 0.5) * ratio - 0.5
        return Detections(boxes.astype(np.float32), found.scores, points.astype(np.float32))
