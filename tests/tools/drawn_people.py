"""A tiny data set in COCO's format: stick figures drawn on plain pictures."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from PIL import Image as PillowImage

from tests.counting.synthetic import STANDING
from vision.layouts import BONES
from vision.types import Floats, Image


def figure(size: float, foot: tuple[float, float]) -> Floats:
    """Joints (17, 2) in pixels of a standing figure of ``size`` pixels whose feet are round ``foot``."""
    return (STANDING * [1, -1] * size + np.array(foot)).astype(np.float32)


def draw(shape: tuple[int, int], people: list[Floats]) -> Image:
    """Lines for bones and a red dot on each left ankle, on grey."""
    picture = np.full((*shape, 3), 120, np.uint8)
    for points in people:
        for a, b in BONES:
            ends = (tuple(int(v) for v in np.rint(points[j])) for j in (a, b))
            cv2.line(picture, *ends, (30, 200, 60), 3)  # type: ignore[call-overload]
        cv2.circle(picture, tuple(int(v) for v in np.rint(points[15])), 3, (250, 0, 0), -1)
    return picture


def annotation(image_id: int, points: Floats, **changes: Any) -> dict[str, Any]:
    """A person as COCO writes it: box from the picture's edge, joints from the first pixel's centre, all visible."""
    low, high = points.min(axis=0) - 6, points.max(axis=0) + 6
    joints = np.column_stack([points, np.full(17, 2)])
    row = {"image_id": image_id, "category_id": 1, "iscrowd": 0, "num_keypoints": 17,
           "bbox": [*(low + 0.5).tolist(), *(high - low).tolist()], "keypoints": joints.ravel().tolist()}  # fmt: skip
    return row | changes


def write(folder: Path, name: str, pictures: dict[str, Image], annotations: list[dict[str, Any]]) -> Path:
    """Pictures into ``folder/images`` and the annotations, whose image ids count the pictures, into ``folder/name``."""
    for file_name, picture in pictures.items():
        (folder / "images").mkdir(parents=True, exist_ok=True)
        PillowImage.fromarray(picture).save(folder / "images" / file_name)
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    images = [{"id": i, "file_name": file_name} for i, file_name in enumerate(pictures)]
    path.write_text(json.dumps({"images": images, "annotations": annotations}))
    return path


def small_set(folder: Path) -> Path:
    """Two pictures with three people to train on, one with one to judge by."""
    tall, near, far = figure(150, (100, 180)), figure(120, (60, 170)), figure(100, (200, 150))
    train = {"a.png": draw((200, 240), [tall]), "b.png": draw((200, 260), [near, far])}
    people = [annotation(0, tall), annotation(1, near), annotation(1, far)]
    write(folder, "annotations/person_keypoints_train.json", train, people)
    val = {"c.png": draw((200, 240), [tall + 5])}
    write(folder, "annotations/person_keypoints_val.json", val, [annotation(0, tall + 5)])
    return folder
