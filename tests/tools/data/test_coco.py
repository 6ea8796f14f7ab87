"""Data in COCO's format becomes crops with joints where they were drawn; what is wrong is named."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from models.pose import crop_person
from tests.tools.drawn_people import annotation, draw, figure, small_set, write
from tools.data.article import DataLayoutError
from tools.data.coco import read_coco
from vision.types import Floats, MediaError

TALL = figure(150, (100, 180))


def _write(folder: Path, *annotations: dict[str, Any], people: list[Floats] | None = None) -> Path:
    return write(folder, "train.json", {"a.png": draw((200, 240), people or [TALL])}, list(annotations))


def test_crops_hold_the_persons_with_their_joints_in_place(tmp_path: Path) -> None:
    crops = read_coco(small_set(tmp_path), "train")
    assert len(crops) == 3
    assert crops.names.tolist() == ["a.png", "b.png", "b.png"]
    assert set(crops.sources) == {"coco_train"}
    assert crops.gt.all()
    for i in range(3):
        image = crops.image(i)
        assert image.shape == (288, 216, 3)
        x, y = np.rint(crops.keypoints[i, 15, :2]).astype(int)
        red, green, _ = image[y, x].astype(int)
        assert red - green > 120, "the red dot marks the left ankle, in RGB"
    # the box grown to 3:4 and by 1.5 fills the crop, so it takes two thirds of the height of a standing person
    np.testing.assert_allclose(crops.boxes[:, [1, 3]], [[47.5, 239.5]] * 3, atol=0.1)
    np.testing.assert_allclose(crops.boxes[:, [0, 2]].mean(axis=1), 107.5, atol=0.1)


def test_a_person_larger_than_the_crop_keeps_its_joints_in_place(tmp_path: Path) -> None:
    large = figure(900, (500, 950))
    write(tmp_path, "train.json", {"a.png": draw((1000, 1000), [large])}, [annotation(0, large)])
    crops = read_coco(tmp_path, "train")
    box = np.array([*(large.min(axis=0) - 6), *(large.max(axis=0) + 6)], np.float32)
    view, matrix = crop_person(draw((1000, 1000), [large]), box, (216, 288), grow=1.5)
    np.testing.assert_allclose(crops.keypoints[0, :, :2], large @ matrix[:, :2].T + matrix[:, 2], atol=0.01)
    assert np.abs(crops.image(0).astype(int) - view).mean() < 4


def test_unlabelled_joints_and_joints_outside_the_crop_have_no_weight(tmp_path: Path) -> None:
    row = annotation(0, TALL)
    row["keypoints"][0:3] = [0, 0, 0]
    row["keypoints"][3:6] = [*row["keypoints"][3:5], 1]
    row["keypoints"][48:51] = [100, 900, 2]
    _write(tmp_path, row)
    crops = read_coco(tmp_path, "train")
    weights = crops.keypoints[0, :, 2]
    assert weights[[0, 16]].tolist() == [0, 0]
    assert weights[1:16].min() == 1, "hidden but labelled joints count"
    assert crops.gt[0].tolist() == (weights > 0).tolist()


def test_crowds_and_persons_without_joints_are_left_out(tmp_path: Path) -> None:
    bare = {"keypoints": [0] * 51}
    rows = [annotation(0, TALL), annotation(0, TALL, iscrowd=1, keypoints={}), annotation(0, TALL, num_keypoints=0)]
    uncounted = annotation(0, TALL, **bare)
    uncounted.pop("num_keypoints")
    _write(tmp_path, *rows, uncounted)
    assert len(read_coco(tmp_path, "train")) == 1
    _write(tmp_path, uncounted)
    with pytest.raises(DataLayoutError, match=r"train\.json: annotations holds no person with labelled keypoints"):
        read_coco(tmp_path, "train")


@pytest.mark.parametrize("home", ["images", "images/train2017", "train2017", "."])
def test_pictures_are_found_where_coco_data_keeps_them(tmp_path: Path, home: str) -> None:
    _write(tmp_path, annotation(0, TALL))
    (tmp_path / home).mkdir(parents=True, exist_ok=True)
    (tmp_path / "images/a.png").rename(tmp_path / home / "a.png")
    assert len(read_coco(tmp_path, "train")) == 1


def test_of_coco_s_own_files_the_one_with_keypoints_is_read(tmp_path: Path) -> None:
    small_set(tmp_path)
    (tmp_path / "annotations/instances_train.json").write_text("{}")
    assert len(read_coco(tmp_path, "train")) == 3
    (tmp_path / "annotations/my_keypoints_train.json").write_text("{}")
    with pytest.raises(DataLayoutError, match="one file for train, not my_keypoints_train"):
        read_coco(tmp_path, "train")


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"keypoints": [1, 2, 2]}, r"annotations\[0\]\.keypoints must be a list of 51 numbers"),
        ({"keypoints": ["x"] * 51}, r"annotations\[0\]\.keypoints must be a list of 51 numbers"),
        ({"keypoints": [float("nan")] * 51}, r"annotations\[0\]\.keypoints must be a list of 51 numbers"),
        ({"bbox": None}, r"annotations\[0\]\.bbox must be a list of 4 numbers"),
        ({"bbox": [5, 5, 0, 10]}, r"annotations\[0\]\.bbox must have a positive width"),
        ({"image_id": 7}, r"annotations\[0\]\.image_id is 7"),
    ],
)
def test_a_wrong_field_is_named_with_its_file(tmp_path: Path, change: dict[str, Any], words: str) -> None:
    _write(tmp_path, annotation(0, TALL) | change)
    with pytest.raises(DataLayoutError, match=r"train\.json: " + words):
        read_coco(tmp_path, "train")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("{", "not readable JSON"),
        ("[]", "images must be a list"),
        ('{"images": [], "annotations": 3}', "annotations must be a list"),
        ('{"images": [{"id": 1}], "annotations": []}', r"images\[0\] needs an id and a file_name"),
    ],
)
def test_a_wrong_file_is_named(tmp_path: Path, text: str, words: str) -> None:
    (tmp_path / "train.json").write_text(text)
    with pytest.raises(DataLayoutError, match=r"train\.json.*" + words):
        read_coco(tmp_path, "train")


def test_a_missing_file_or_picture_is_named(tmp_path: Path) -> None:
    with pytest.raises(DataLayoutError, match=r"needs a file annotations/\*val\*\.json or val\.json"):
        read_coco(tmp_path, "val")
    path = _write(tmp_path, annotation(0, TALL))
    (tmp_path / "images/a.png").write_bytes(b"no picture")
    with pytest.raises(MediaError, match=r"a\.png"):
        read_coco(tmp_path, "train")
    table = json.loads(path.read_text())
    table["images"][0]["file_name"] = "gone.png"
    path.write_text(json.dumps(table))
    with pytest.raises(DataLayoutError, match=r"has no picture gone\.png"):
        read_coco(tmp_path, "train")
