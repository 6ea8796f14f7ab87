"""One face is found once, whichever way up it is."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from models import load_face_finder
from models.faces import distinct_faces, turned_back
from tests.beauty.portraits import POINTS, portrait
from vision.geometry import transform_points


def test_a_face_seen_twice_is_one_and_neighbours_are_two() -> None:
    points = POINTS["hopper"]
    middle = points.mean(axis=0)
    inner = (middle + 0.6 * (points - middle) + [5, 30]).astype(np.float32)
    seen = np.stack([points, inner, points + np.array([120, 0], np.float32)])
    boxes = np.concatenate([seen.min(axis=1), seen.max(axis=1)], axis=1)
    assert sorted(distinct_faces(seen, np.array([0.9, 0.8, 0.7]), boxes)) == [0, 2]
    assert distinct_faces(seen, np.array([0.5, 0.9, 0.8]), boxes) == [1, 2]
    assert distinct_faces(seen[:0], np.zeros(0), boxes[:0]) == []


def test_points_beside_a_face_do_not_make_it_two() -> None:
    points = POINTS["hopper"]
    seen = np.stack([points, points + np.array([90, 0], np.float32)])
    boxes = np.repeat(np.concatenate([points.min(axis=0), points.max(axis=0)])[None], 2, axis=0)
    assert distinct_faces(seen, np.array([0.7, 0.9]), boxes) == [1]


@pytest.mark.parametrize("turns", [0, 1, 2, 3])
def test_points_of_a_turned_picture_go_back(turns: int) -> None:
    image = np.zeros((7, 11), np.uint8)
    image[2, 9] = 1
    (row,), (column,) = np.nonzero(np.rot90(image, turns))
    assert turned_back(np.array([column, row], np.float32), turns, image.shape).tolist() == [9, 2]


@pytest.mark.parametrize("roll", [0, 75, 135, 180, 240, 300])
def test_a_face_is_found_and_told_right_at_any_roll(roll: int) -> None:
    image, faces = portrait("astronaut")
    centre = faces.points106[0].mean(axis=0)
    turn = np.array([[np.cos(r := np.deg2rad(roll)), -np.sin(r)], [np.sin(r), np.cos(r)]])
    matrix = np.column_stack([turn, 256 - turn @ centre])
    turned = cv2.warpAffine(image, matrix, (512, 512), borderValue=(120, 130, 140))
    (found,) = load_face_finder("cpu")(turned)[:1].points106
    width = np.ptp(faces.points106[0, :33, 0])
    assert np.linalg.norm(found - transform_points(faces.points106[0], matrix), axis=1).mean() < 0.03 * width
    gap = load_face_finder("cpu")(turned).pose[0, 2] - roll
    assert abs((gap + 180) % 360 - 180) < 6


def test_cloth_before_the_mouth_hides_the_lips_and_not_the_eyes() -> None:
    image, faces = portrait("astronaut", 2)
    points = faces.points106[0]
    outline = np.concatenate([points[5:28], points[53:54]]).round().astype(np.int32)
    covered = cv2.fillPoly(image.copy(), [outline], (170, 195, 220))
    find = load_face_finder("cpu")
    lips, lids = list(range(84, 104)), [*range(66, 74), *range(75, 83)]
    bare, cloth = (find.landmarks(x, faces.points5).visible[0] for x in (image, covered))  # type: ignore[attr-defined]
    assert bare.min() > 0.5
    assert bare[lips].mean() > 0.85
    assert cloth[lips].mean() < 0.5
    assert cloth[lids].mean() > 0.8


def test_glasses_are_told_of_their_wearer_only() -> None:
    find = load_face_finder("cpu")
    assert find(portrait("hopper")[0]).glasses[0] > 0.45
    assert find(portrait("astronaut")[0]).glasses[0] < 0.25


def test_a_face_is_followed_into_the_next_frame_and_lost_where_there_is_none() -> None:
    image, faces = portrait("astronaut")
    find = load_face_finder("cpu")
    before = find(image)
    width = np.ptp(faces.points106[0, :33, 0])
    moved = np.roll(image, (5, 9), (0, 1))
    after = find.follow(moved, before)
    assert len(after) == len(before)
    assert np.linalg.norm(after.points106[0] - find(moved).points106[0], axis=1).mean() < 0.012 * width
    np.testing.assert_allclose(after.boxes[0] - before.boxes[0], [9, 5, 9, 5], atol=2)
    assert after.scores[0] <= before.scores[0]
    assert len(find.follow(np.full_like(image, 120), before)) == 0
    assert len(find.follow(image, before[:0])) == 0
