"""Two free portraits from installed packages, with their 106 points, and pictures made of them."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path

import cv2
import numpy as np
from matplotlib import cbook
from PIL import Image as Pillow
from skimage import data

from vision.types import Faces

POINTS = {
    name: np.array(points, np.float32)
    for name, points in json.loads(Path(__file__).with_name("portraits.json").read_text()).items()
}


def faces_of(points: np.ndarray, pose: tuple[float, float, float] = (0, 0, 0)) -> Faces:
    """Faces with the given points (N, 106, 2), all with the same pose."""
    points = np.asarray(points, np.float32).reshape(-1, 106, 2)
    boxes = np.concatenate([points.min(axis=1), points.max(axis=1)], axis=1)
    return Faces(
        boxes,
        np.ones(len(points), np.float32),
        points[:, [104, 105, 54, 84, 90]],
        points,
        np.tile(np.array(pose, np.float32), (len(points), 1)),
    )


@cache
def _picture(name: str) -> np.ndarray:
    if name == "astronaut":
        return np.asarray(data.astronaut())
    with Pillow.open(str(cbook.get_sample_data("grace_hopper.jpg", asfileobj=False))) as picture:
        return np.asarray(picture.convert("RGB"))


def portrait(name: str, scale: float = 1.0) -> tuple[np.ndarray, Faces]:
    """A portrait ("astronaut" or "hopper"), enlarged and given a little grain, with its face."""
    image, points = _picture(name).copy(), POINTS[name]
    if scale != 1:
        image = cv2.resize(image, None, fx=scale, fy=scale, interpolation=cv2.INTER_CUBIC)
        grain = np.random.default_rng(0).normal(0, 3, image.shape[:2])[..., None]
        image = np.clip(np.rint(image + grain), 0, 255).astype(np.uint8)
    return image, faces_of((points + 0.5) * scale - 0.5)


def group() -> tuple[np.ndarray, Faces]:
    """Six faces in one picture."""
    tiles, points = [], []
    for row in range(2):
        line = []
        for col in range(3):
            image, faces = portrait(("astronaut", "hopper")[(row + col) % 2])
            line.append(image[:512, :512])
            points.append(faces.points106[0] + np.array([col * 512, row * 512], np.float32))
        tiles.append(np.hstack(line))
    return np.vstack(tiles), faces_of(np.array(points))
