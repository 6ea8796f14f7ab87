"""Person crops from custom data in COCO's format.

    DIR/annotations/*train*.json, *val*.json    or DIR/train.json, DIR/val.json
    DIR/images/...                              by ``file_name``; also in images/train2017, train2017 or DIR itself

Each file holds ``images`` (``id``, ``file_name``) and ``annotations`` (``image_id``, ``bbox`` as x, y, width, height,
``keypoints`` as 17 times x, y, visibility).  Crowds and persons without a labelled joint are left out.
``DataLayoutError`` names the file and the field.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from tqdm import tqdm

from models.pose import crop_person
from tools.data.article import DataLayoutError
from tools.data.body import CropSet, read_crops, read_packaged
from vision.geometry import transform_points
from vision.image import read_photo
from vision.types import Floats, Image

CROP_WH = (216, 288)
"""A crop is the box grown to 3:4, times 1.5, in this many pixels, like the packaged ones."""


def annotation_file(folder: Path, part: str) -> Path:
    """The file of ``train`` or ``val``, by its name; of several the only one with keypoints in its name."""
    home = folder / "annotations" if (folder / "annotations").is_dir() else folder
    found = sorted(p for p in home.glob("*.json") if part in p.stem)
    found = [p for p in found if "keypoints" in p.stem] or found
    if not found:
        raise DataLayoutError(f"{folder} needs a file annotations/*{part}*.json or {part}.json.")
    if len(found) > 1:
        raise DataLayoutError(f"{home} must hold one file for {part}, not {', '.join(p.name for p in found)}.")
    return found[0]


def _lists(path: Path) -> tuple[dict[Any, str], list[dict[str, Any]]]:
    """File names by image id, and the annotations."""
    try:
        table = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, json.JSONDecodeError) as error:
        raise DataLayoutError(f"{path} is not readable JSON: {error}.") from error
    for field in ("images", "annotations"):
        rows = table.get(field) if isinstance(table, dict) else None
        if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
            raise DataLayoutError(f"{path}: {field} must be a list of objects.")
    for i, row in enumerate(table["images"]):
        if not isinstance(row.get("file_name"), str) or not isinstance(row.get("id"), (int, str)):
            raise DataLayoutError(f"{path}: images[{i}] needs an id and a file_name.")
    return {row["id"]: row["file_name"] for row in table["images"]}, table["annotations"]


def _numbers(row: dict[str, Any], field: str, count: int, where: str) -> Floats:
    value = row.get(field)
    right = isinstance(value, list) and len(value) == count and all(isinstance(v, (int, float)) for v in value)
    array = np.array(value if right else [np.nan], np.float32)
    if not np.isfinite(array).all():
        raise DataLayoutError(f"{where}.{field} must be a list of {count} numbers.")
    return array


def _persons(path: Path) -> Iterator[tuple[str, Floats, Floats]]:
    """File name, box (4,) x0, y0, x1, y1 and joints (17, 3) x, y, visibility in picture pixels, picture by picture.

    In COCO the origin of boxes is the picture's corner, that of joints the first pixel's centre.
    """
    names, annotations = _lists(path)
    people = []
    for i, row in enumerate(annotations):
        where = f"{path}: annotations[{i}]"
        if row.get("image_id") not in names:
            raise DataLayoutError(f"{where}.image_id is {row.get('image_id')!r}, which no image has.")
        if row.get("iscrowd") or row.get("num_keypoints") == 0:
            continue
        joints = _numbers(row, "keypoints", 51, where).reshape(17, 3)
        x, y, width, height = _numbers(row, "bbox", 4, where)
        if width <= 0 or height <= 0:
            raise DataLayoutError(f"{where}.bbox must have a positive width and height.")
        if (joints[:, 2] > 0).any():
            box = np.array([x, y, x + width, y + height], np.float32) - 0.5
            people.append((names[row["image_id"]], box, joints))
    yield from sorted(people, key=lambda person: person[0])


def _picture(folder: Path, part: str, name: str) -> Path:
    """Where the picture of that name is."""
    homes = [folder / "images", *sorted(folder.glob(f"images/*{part}*")), *sorted(folder.glob(f"*{part}*")), folder]
    for home in homes:
        if (home / name).is_file():
            return home / name
    raise DataLayoutError(f"{folder} has no picture {name}; it should be in {folder / 'images'}.")


def _crop(image: Image, box: Floats, joints: Floats) -> tuple[bytes, Floats, Floats]:
    """JPEG of the crop; box (4,) and joints (17, 3) in its pixels, with weight 0 where unlabelled or outside it."""
    view, matrix = crop_person(image, box, CROP_WH, grow=1.5)
    points = transform_points(joints[:, :2], matrix)
    inside = np.all((points >= -0.5) & (points < np.array(CROP_WH) - 0.5), axis=1)
    weights = ((joints[:, 2] > 0) & inside).astype(np.float32)
    jpeg = cv2.imencode(".jpg", view[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, 90])[1].tobytes()
    return jpeg, transform_points(box.reshape(2, 2), matrix).reshape(4), np.column_stack([points, weights])


def read_coco(folder: Path, part: str) -> CropSet:
    """All persons of ``train`` or ``val``; their source is ``coco_train`` or ``coco_val``.

    Raises ``DataLayoutError`` and, for a picture that cannot be read, ``MediaError``.
    """
    path = annotation_file(folder, part)
    rows, last, image = [], "", np.zeros((1, 1, 3), np.uint8)
    for name, box, joints in tqdm(list(_persons(path)), desc=path.name, unit="person", disable=None):
        if name != last:
            last, image = name, read_photo(_picture(folder, part, name)).image
        rows.append((name, *_crop(image, box, joints)))
    if not rows:
        raise DataLayoutError(f"{path}: annotations holds no person with labelled keypoints.")
    names, jpegs, boxes, joints = zip(*rows, strict=True)
    keypoints = np.stack(joints).astype(np.float32)
    sources = np.full(len(rows), f"coco_{part}")
    return CropSet(list(jpegs), np.array(names), sources, keypoints, np.stack(boxes), keypoints[..., 2] > 0)


def read_set(folder: Path, stem: str, part: str) -> CropSet:
    """The packaged set ``stem``, or, where there is none, ``part`` of data in COCO's format."""
    return read_crops(folder, stem) if (folder / f"{stem}.npz").exists() else read_coco(folder, part)


def read_training(folder: Path) -> CropSet:
    """The packaged training sets of a folder, or, where there is none, its data in COCO's format."""
    return read_packaged(folder) if any(folder.glob("*_train.npz")) else read_coco(folder, "train")
