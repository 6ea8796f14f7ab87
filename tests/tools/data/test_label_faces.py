"""Face boxes for person crops: what the detector finds, where the joints confirm it."""

from __future__ import annotations

import io
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
import skimage.data
from PIL import Image as PillowImage

from models import load_face_finder
from tools.data.body import CropSet
from tools.data.label_faces import head_view, label
from tools.data.scenes import Scene, outside_development
from vision.geometry import box_iou, crop_matrix, grow_box

EARS = np.array([[1.35, 0.1], [-1.35, 0.1]])
"""The astronaut's ears from the middle of the eyes, in eye distances."""


def jpeg(image: np.ndarray) -> bytes:
    buffer = io.BytesIO()
    PillowImage.fromarray(image).save(buffer, "JPEG", quality=95)
    return buffer.getvalue()


@pytest.fixture(scope="module")
def crops() -> CropSet:
    """The astronaut six times: as she is, without a face, and with the joints of somebody seen from behind."""
    image = np.asarray(PillowImage.fromarray(skimage.data.astronaut()[:, 64:448]).resize((216, 288)))
    (five,) = load_face_finder("cpu")(image).points5
    hidden = image.copy()
    hidden[:110, 40:180] = 127
    joints = np.ones((6, 17, 3), np.float32)
    middle, wide = five[:2].mean(axis=0), five[1, 0] - five[0, 0]
    joints[:, :3, :2] = five[[2, 1, 0]]
    joints[:, 3:5, :2] = middle + EARS * wide
    joints[:, 5:, :2] = middle + np.tile([[2.5 * wide, 3 * wide], [-2.5 * wide, 3 * wide]], (6, 1))
    joints[:, 11:, 1] += 4 * wide
    joints[4:, 1:5] = joints[4:, [2, 1, 4, 3]]
    pictures = [jpeg(i) for i in (image, image, hidden, hidden, image, image)]
    names, sources = np.array(list("abcdef")), np.array(["yoga", "sports_golf"] * 3)
    boxes = np.tile(np.array([[10, 10, 206, 280]], np.float32), (6, 1))
    return CropSet(pictures, names, sources, joints, boxes, np.zeros((6, 17), bool))


def test_a_face_is_labelled_where_it_is_found(crops: CropSet) -> None:
    faces = label(crops)["faces"]
    assert np.isfinite(faces[:, 0]).tolist() == [True, True, False, False, True, True]
    found = load_face_finder("cpu")(crops.image(0))
    assert box_iou(faces[:1], found.boxes).max() > 0.9


def test_joints_that_face_the_camera_stand_for_a_face_that_the_points_do_not_confirm(
    crops: CropSet, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tools.data.label_faces.CONFIRMED", 2.0)
    assert np.isfinite(label(crops)["faces"][:, 0]).tolist() == [True, True, False, False, False, False]


def test_a_face_seen_from_the_side_needs_the_lowest_score(crops: CropSet, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tools.data.label_faces.CONFIRMED", 2.0)
    monkeypatch.setattr("tools.data.label_faces.FACING", 2.0)
    keypoints = crops.keypoints.copy()
    keypoints[:3, 3:5, 0] = keypoints[:3, 0, None, 0] + 3 * abs(keypoints[:3, 1, None, 0] - keypoints[:3, 2, None, 0])
    turned = replace(crops, keypoints=keypoints)
    assert np.isfinite(label(turned)["faces"][:, 0]).tolist() == [True, True, False, False, False, False]


def test_what_may_be_a_face_is_ignored(crops: CropSet) -> None:
    rows = label(crops)["ignore"]
    assert (rows[:, 0] == 0).sum() == 0, "one person with a labelled face leaves nothing open"
    nose = crops.keypoints[2, 0, :2]
    (head,) = rows[rows[:, 0] == 2, 1:]
    assert np.all((head[:2] < nose) & (nose < head[2:]))
    assert (rows[:, 0] == 3).sum() == 3, "the head, and both sides of somebody who may have company"


def test_a_head_seen_from_behind_is_no_face_and_not_ignored(crops: CropSet) -> None:
    keypoints = crops.keypoints.copy()
    keypoints[2:4, 1:5] = keypoints[2:4, [2, 1, 4, 3]]
    rows = label(replace(crops, keypoints=keypoints))["ignore"]
    assert (rows[:, 0] == 2).sum() == 0
    assert (rows[:, 0] == 3).sum() == 2, "both sides of somebody who may have company"


def test_people_seen_from_behind_show_no_face_however_they_are_turned(crops: CropSet) -> None:
    for turn in (0, 1, 2, 3):
        joints = crops.keypoints.copy()
        spin = np.linalg.matrix_power(np.array([[0, -1], [1, 0]]), turn)
        joints[..., :2] = joints[..., :2] @ spin.T
        view = head_view(joints)
        assert view.facing.tolist() == [True] * 4 + [False] * 2
        assert view.behind.tolist() == [False] * 4 + [True] * 2
        assert not view.turned.any()


def test_a_nose_beside_the_ears_is_that_of_a_turned_head_and_missing_joints_tell_nothing(crops: CropSet) -> None:
    joints = crops.keypoints.copy()
    joints[:3, 3:5, 0] = joints[:3, 0, None, 0] + 20
    joints[3, 4, 2] = joints[5, 11, 2] = 0
    view = head_view(joints)
    assert view.turned.tolist() == [True] * 3 + [False] * 3
    assert (view.facing | view.behind).tolist() == [False] * 4 + [True, False]


def test_crops_of_development_scenes_are_left_out(crops: CropSet, monkeypatch: pytest.MonkeyPatch) -> None:
    box, picture = np.array([[150, 20, 330, 400]], np.float32), skimage.data.astronaut()
    cut = cv2.warpAffine(picture, crop_matrix(grow_box(box[0], 1.53, 0.75), (216, 288)), (216, 288))
    scene = Scene(picture, box, np.zeros((1, 0, 2)), np.zeros((0, 4)), "yoga", dev=True)  # type: ignore[arg-type]
    monkeypatch.setattr("tools.data.scenes.read_scenes", lambda _folder, _kind: [scene])
    pictures = [jpeg(cut), jpeg(np.ascontiguousarray(cut[:, ::-1])), jpeg(cut)]
    listed = replace(crops.where(np.arange(6) < 3), jpegs=pictures, sources=np.array(["yoga", "yoga", "ccp"]))
    assert outside_development(listed, Path("unused")).tolist() == [False, True, True]
