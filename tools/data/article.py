"""Fine-tuning data in the folder layout that ModelScope and EasyCV use for 106 face points.

    DIR/train/images/merge/NAME.png      faces
    DIR/train/images/overlay/*           pictures without a face: occluders and backgrounds (may be missing)
    DIR/train/infos/merge/NAME.json      labels ("info" is understood too)
    DIR/test/...                         the same, and a list file (*.txt) with one name or number a line

Two formats of the labels are read.  In one, ``face_infos[0].base_info`` has ``points_array`` and
``pitch``, ``yaw``, ``roll`` in degrees, -999 where unknown.  In the other, the file has the face box as
left, top, right and bottom, 106 points of two numbers and 106 visibilities; these are recognised by their
shape, whatever their names.  ``DataLayoutError`` names the file and the field.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

import cv2
import numpy as np

from tools.data.face import FaceSet
from vision.geometry import bounding_box, crop_matrix, grow_box, transform_points
from vision.image import read_photo
from vision.types import Floats, Image

SIDE = 192
"""Side in pixels of the stored square crops, which are 1.8 times as wide as the points' box."""

UNKNOWN = -999
PICTURES = (".png", ".jpg", ".jpeg", ".webp", ".bmp", ".tif", ".tiff")


class DataLayoutError(ValueError):
    """The folder or a label file is not as described; the message names the file and the field."""


def is_article_layout(folder: Path) -> bool:
    """Whether the folder holds ``train/images`` rather than the packaged arrays."""
    return (folder / "train").is_dir() or not (folder / "face_train.npz").exists()


def _folder(root: Path, *choices: str) -> Path:
    for choice in choices:
        if (root / choice).is_dir():
            return root / choice
    raise DataLayoutError(f"{root} needs a folder {' or '.join(choices)}.")


def _walk(value: Any) -> Iterator[Any]:
    """A value and all values inside it."""
    yield value
    inside = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    for item in inside:
        if isinstance(item, (dict, list)):
            yield from _walk(item)


def _array_of(value: Any, shape: tuple[int, ...]) -> Floats | None:
    """The value as float32 of a shape, flat lists too; None when it has another shape."""
    try:
        array = np.asarray(value, dtype=np.float32)
    except (ValueError, TypeError):
        return None
    return array.reshape(shape) if array.size == np.prod(shape) and array.ndim in (1, len(shape)) else None


def _base_info(label: dict[str, Any], path: Path) -> tuple[Floats, Floats, Floats]:
    infos = label["face_infos"]
    if label.get("face_count", 1) != 1 or not isinstance(infos, list) or len(infos) != 1:
        raise DataLayoutError(f"{path}: face_infos must hold exactly one face.")
    base = infos[0].get("base_info", {})
    points = _array_of(base.get("points_array"), (106, 2))
    if points is None:
        raise DataLayoutError(f"{path}: face_infos[0].base_info.points_array must be 106 points of two numbers.")
    angles = [base.get(name) for name in ("pitch", "yaw", "roll")]
    pose = np.array([np.nan if a is None or a == UNKNOWN else a for a in angles], np.float32)
    return points, np.all(points != UNKNOWN, axis=1).astype(np.float32), pose


def read_label(path: Path) -> tuple[Floats, Floats, Floats]:
    """Points (106, 2) in image pixels, weights (106,), pose (3,) with NaN where unknown."""
    try:
        label = json.loads(path.read_text())
    except (OSError, UnicodeDecodeError, json.JSONDecodeError) as error:
        raise DataLayoutError(f"{path} is not readable JSON: {error}.") from error
    if isinstance(label, dict) and "face_infos" in label:
        return _base_info(label, path)
    arrays = [v for v in _walk(label) if isinstance(v, list)]
    points = next((a for v in arrays if (a := _array_of(v, (106, 2))) is not None), None)
    if points is None:
        raise DataLayoutError(
            f"{path}: no list of 106 points of two numbers, nor face_infos[0].base_info.points_array."
        )
    every = np.ones(106, np.float32)
    visible = np.asarray(next((a for v in arrays if (a := _array_of(v, (106,))) is not None), every))
    known = np.all(points != UNKNOWN, axis=1)
    return points, np.clip(visible, 0, 1) * known, np.full(3, np.nan, np.float32)


def _crop(image: Image, points: Floats, weights: Floats) -> tuple[Image, Floats]:
    """A square round the known points, and the points in its pixels."""
    box = grow_box(bounding_box(points[weights > 0]), 1.8, aspect=1.0)
    matrix = crop_matrix(box, (SIDE, SIDE))
    way = cv2.INTER_AREA if box[2] - box[0] > SIDE else cv2.INTER_LINEAR
    if box[2] - box[0] > 2 * SIDE:
        image = cast(Image, cv2.GaussianBlur(image, (0, 0), 0.4 * float(box[2] - box[0]) / SIDE))
    crop = cv2.warpAffine(image, matrix, (SIDE, SIDE), flags=way, borderValue=(124, 117, 104))
    return crop, transform_points(points, matrix)  # type: ignore[return-value]  # OpenCV's types tell no dtype


def _listed(part: Path, images: Path) -> list[Path]:
    """The pictures that the list file names, or all."""
    every = {p.stem: p for p in sorted(images.iterdir()) if p.suffix.lower() in PICTURES}
    lists = sorted(part.glob("*.txt"))
    if not lists:
        return list(every.values())
    found = []
    for line in filter(None, (line.strip() for line in lists[0].read_text().splitlines())):
        stem = Path(line.split()[0]).stem
        stem = f"{int(stem):06d}" if stem not in every and stem.isdigit() else stem
        if stem not in every:
            raise DataLayoutError(f"{lists[0]} names {line}, which is not in {images}.")
        found.append(every[stem])
    return found


def read_part(folder: Path, part: str) -> FaceSet:
    """The faces of ``train`` or ``test``; raises ``DataLayoutError`` and ``MediaError``."""
    root = _folder(folder, part)
    images = _folder(root, "images/merge", "images", "merge")
    labels = _folder(root, "infos/merge", "info/merge", "infos", "info")
    rows = []
    for path in _listed(root, images):
        label = labels / f"{path.stem}.json"
        if not label.is_file():
            raise DataLayoutError(f"{path} has no label {label}.")
        points, weights, pose = read_label(label)
        if (weights > 0).sum() < 2:
            raise DataLayoutError(f"{label}: fewer than two points are visible.")
        crop, points = _crop(read_photo(path).image, points, weights)
        rows.append((crop, points, weights, pose))
    if not rows:
        raise DataLayoutError(f"{images} holds no pictures.")
    crops, *arrays = zip(*rows, strict=True)
    points, weights, pose = (np.stack(a) for a in arrays)
    overlay = root / "images" / "overlay"
    pictures = sorted(overlay.iterdir()) if overlay.is_dir() else []
    overlays = [read_photo(p).image for p in pictures if p.suffix.lower() in PICTURES]
    share = np.full(len(rows), 1 / len(rows))
    return FaceSet(list(crops), np.full(len(rows), part), points, weights, pose, share, {}, overlays)
