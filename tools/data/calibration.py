"""Network inputs for the calibration of the 8-bit quantisation."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from models.detection import DETECTION, letterbox
from models.pose import crop_person
from tools.data.body import read_crops
from tools.data.scenes import read_scenes
from vision.types import Image


def _some(total: int, count: int, seed: int = 0) -> list[int]:
    """Different numbers below ``total``, at most ``count``."""
    return np.random.default_rng(seed).permutation(total)[:count].tolist()


def bodies(data: Path, count: int, size_wh: tuple[int, int]) -> Iterator[Image]:
    """Person crops for the pose network."""
    crops = read_crops(data / "body", "body_train")
    for i in _some(len(crops), count):
        yield crop_person(crops.image(i), crops.boxes[i], size_wh)[0]


def scenes(data: Path, count: int, kind: str) -> Iterator[Image]:
    """Scenes for a detector, at its coarse and fine scale."""
    known = [scene for scene in read_scenes(data / "body", kind) if not scene.dev]
    for n, i in enumerate(_some(len(known), count)):
        yield letterbox(known[i].image, DETECTION[kind].scales[n % 2])[0]
