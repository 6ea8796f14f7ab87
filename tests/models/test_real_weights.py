"""The packaged weights on real pictures that Python packages ship."""

from __future__ import annotations

import json
from pathlib import Path

import cv2
import numpy as np
import pytest
import skimage.data
from matplotlib import cbook
from PIL import Image as PillowImage

from models import load_face_finder, load_person_finder, load_pose_estimator
from models.__main__ import main
from vision.geometry import crop_matrix, transform_points
from vision.layouts import FACE_MIRROR, FIVE_FROM_106
from vision.types import FindFaces, FindPeople, Image


@pytest.fixture(scope="module")
def find_faces() -> FindFaces:
    return load_face_finder("cpu")


@pytest.fixture(scope="module")
def find_people() -> FindPeople:
    return load_person_finder("cpu")


@pytest.fixture(scope="module")
def hopper() -> Image:
    with cbook.get_sample_data("grace_hopper.jpg") as file:
        return np.array(PillowImage.open(file).convert("RGB"))


@pytest.fixture(scope="module")
def astronaut() -> Image:
    return skimage.data.astronaut()


def test_grace_hopper_is_one_face_with_points_where_they_belong(find_faces: FindFaces, hopper: Image) -> None:
    faces = find_faces(hopper)
    assert len(faces) == 1
    assert faces.scores[0] > 0.5
    left_eye, right_eye, nose, mouth_left, mouth_right = faces.points106[0, list(FIVE_FROM_106)]
    assert left_eye[0] < nose[0] < right_eye[0], "left is the image's left"
    assert mouth_left[0] < mouth_right[0]
    assert max(left_eye[1], right_eye[1]) < nose[1] < min(mouth_left[1], mouth_right[1])
    np.testing.assert_allclose(left_eye, [215, 190], atol=25)
    assert np.abs(faces.pose[0]).max() < 35


def test_two_pictures_side_by_side_are_two_faces(find_faces: FindFaces, hopper: Image, astronaut: Image) -> None:
    both = np.hstack([hopper[:512], astronaut])
    faces = find_faces(both)
    assert len(faces) == 2
    areas = np.prod(faces.boxes[:, 2:] - faces.boxes[:, :2], axis=1)
    assert areas[0] >= areas[1], "largest first"


def test_small_faces_of_a_large_photo_are_found(find_faces: FindFaces, hopper: Image, astronaut: Image) -> None:
    group = np.full((960, 1280, 3), 160, np.uint8)
    portraits = [cv2.resize(p, (50, 60), interpolation=cv2.INTER_AREA) for p in (hopper, astronaut[:450, 40:400])]
    for i, (x, y) in enumerate((x, y) for y in range(100, 900, 200) for x in range(60, 1200, 220)):
        group[y : y + 60, x : x + 50] = portraits[i % 2]
    boxes = find_faces(group).boxes
    assert (i + 1) * 0.9 <= len(boxes) <= i + 1
    assert np.ptp(boxes[:, [0, 2]], axis=1).max() < 30


@pytest.mark.parametrize("degrees", [-30, 20])
def test_points_turn_with_the_picture(find_faces: FindFaces, astronaut: Image, degrees: float) -> None:
    upright = find_faces(astronaut)
    matrix = crop_matrix(np.array([0, 0, 512, 512], np.float32), (512, 512), degrees)
    turned = find_faces(cv2.warpAffine(astronaut, matrix, (512, 512)))  # type: ignore[arg-type]
    assert len(turned) == len(upright) == 1
    gap = np.linalg.norm(turned.points106[0] - transform_points(upright.points106[0], matrix), axis=1).mean()
    width = np.ptp(upright.points106[0, :, 0])
    assert gap < 0.04 * width
    assert turned.pose[0, 2] - upright.pose[0, 2] == pytest.approx(-degrees, abs=6)


def test_a_mirrored_picture_gives_mirrored_points_and_angles(find_faces: FindFaces, astronaut: Image) -> None:
    plain, mirrored = find_faces(astronaut), find_faces(np.ascontiguousarray(astronaut[:, ::-1]))
    back = mirrored.points106[0, FACE_MIRROR] * [-1, 1] + [511, 0]
    assert np.linalg.norm(back - plain.points106[0], axis=1).mean() < 0.02 * np.ptp(plain.points106[0, :, 0])
    np.testing.assert_allclose(mirrored.pose[0], plain.pose[0] * [1, -1, -1], atol=3)


@pytest.mark.parametrize("picture", ["coffee", "chelsea", "rocket"])
def test_things_and_animals_are_not_faces(find_faces: FindFaces, picture: str) -> None:
    assert len(find_faces(getattr(skimage.data, picture)())) == 0


@pytest.mark.parametrize("picture", ["coffee", "chelsea"])
def test_food_and_a_cat_are_not_people(find_people: FindPeople, picture: str) -> None:
    assert len(find_people(getattr(skimage.data, picture)())) == 0


def test_a_closer_look_finds_who_is_small_beside_who_is_large(find_people: FindPeople, astronaut: Image) -> None:
    crowd = np.full((1000, 1400, 3), 150, np.uint8)
    crowd[488:, :512] = astronaut
    crowd[300:364, 1100:1164] = cv2.resize(astronaut, (64, 64), interpolation=cv2.INTER_AREA)
    assert len(find_people(crowd)) == 2
    assert len(load_person_finder("cpu", multi_scale=False)(crowd)) == 1
    crowd[488:, :512] = 150
    assert len(load_person_finder("cpu", multi_scale=False)(crowd)) == 1


@pytest.mark.parametrize("shape", [(1, 1), (3, 900), (900, 3), (33, 47)])
def test_odd_pictures_give_empty_answers(
    find_faces: FindFaces, find_people: FindPeople, shape: tuple[int, int]
) -> None:
    blank = np.full((*shape, 3), 127, np.uint8)
    assert len(find_faces(blank)) == 0
    assert len(find_people(blank)) == 0


def test_the_astronaut_is_a_person_with_a_head_above_the_shoulders(find_people: FindPeople, astronaut: Image) -> None:
    people = find_people(astronaut)
    assert len(people) >= 1
    joints = load_pose_estimator("cpu")([astronaut], people.boxes[:1])[0]
    assert joints.shape == (17, 3)
    assert joints[0, 1] < joints[5, 1]
    assert joints[5, 0] > joints[6, 0], "her left shoulder is on the image's right"
    assert joints[[0, 5, 6], 2].min() > 0.3


def test_a_batch_gives_what_single_calls_give(find_people: FindPeople, astronaut: Image) -> None:
    estimate, box = load_pose_estimator("cpu"), find_people(astronaut).boxes[:1]
    small = cv2.resize(astronaut, (256, 256), interpolation=cv2.INTER_AREA)
    together = estimate([astronaut, small], np.concatenate([box, box / 2]))  # type: ignore[list-item]
    np.testing.assert_allclose(together[0], estimate([astronaut], box)[0], atol=0.05)
    assert estimate([], np.zeros((0, 4), np.float32)).shape == (0, 17, 3)
    with pytest.raises(ValueError, match="one box each"):
        estimate([astronaut], np.zeros((2, 4), np.float32))


def test_the_command_line_prints_json(capsys: pytest.CaptureFixture[str], tmp_path: Path, hopper: Image) -> None:
    path = tmp_path / "photo.png"
    PillowImage.fromarray(hopper).save(path)
    assert main(["face", str(path), "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert {k: len(v) for k, v in found.items()} == {"boxes": 1, "scores": 1, "points5": 1, "keypoints": 1, "poses": 1}
    assert np.shape(found["keypoints"]) == (1, 106, 2)
    PillowImage.fromarray(np.zeros((50, 50, 3), np.uint8)).save(path)
    assert main(["body", str(path), "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == {"boxes": [], "scores": [], "keypoints": [], "keypoint_scores": []}


def test_the_command_line_names_a_bad_file(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    assert main(["face", str(tmp_path / "none.jpg"), "--json"]) == 2
    assert "none.jpg" in capsys.readouterr().err
