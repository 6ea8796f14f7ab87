"""Faces turned out of the picture plane."""

from __future__ import annotations

import numpy as np
import pytest
import skimage.data

from tools.data.face_rotation import FARTHEST, mean_face_3d, rotations, turn_face, turned_points, warp_with


@pytest.fixture(scope="module")
def head() -> np.ndarray:
    """Any 3D head (106, 3), of unit size."""
    head = np.random.default_rng(0).normal(0, 1, (106, 3))
    head -= head.mean(axis=0)
    return head / np.sqrt(np.square(head[:, :2]).mean())


def seen(head: np.ndarray, pose: np.ndarray, scale: float = 40.0) -> np.ndarray:
    """Its points in a picture of 144 px."""
    return (scale * np.einsum("pj,nij->npi", head, rotations(pose)[:, :2]) + 72).astype(np.float32)


def test_signs_are_those_of_the_head_pose() -> None:
    nose = np.array([0.0, 0.0, 1.0])
    pitched, yawed, rolled = rotations(np.array([[20.0, 0, 0], [0, 20, 0], [0, 0, 20]]))
    assert (pitched @ nose)[1] < 0, "pitch raises the nose"
    assert (yawed @ nose)[0] > 0, "yaw takes it to the image right"
    assert (rolled @ [1.0, 0, 0])[1] > 0, "roll lowers the image-right eye"


def test_the_solid_face_comes_back_from_its_views(head: np.ndarray) -> None:
    rng = np.random.default_rng(1)
    pose = rng.normal(0, (10, 20, 10), (400, 3))
    found = mean_face_3d(seen(head, pose) * rng.uniform(0.5, 2, (400, 1, 1)), pose.astype(np.float32), rounds=20)
    ratio = np.linalg.norm(found) / np.linalg.norm(head)
    np.testing.assert_allclose(found, head * ratio, atol=0.02)


def test_turned_points_are_those_of_the_turned_head(head: np.ndarray) -> None:
    pose = np.array([[5.0, -10, 3], [12, 15, 3]])
    before, after = seen(head, pose)
    turned = turned_points(before, pose[0].astype(np.float32), head, pose[1].astype(np.float32))
    np.testing.assert_allclose(turned, after, atol=0.01)


def test_a_warp_takes_the_picture_where_the_points_go() -> None:
    image = np.zeros((144, 144, 3), np.uint8)
    image[66:75, 56:65] = 255
    points = np.array([[60, 70], [90, 70], [75, 95]], np.float32)
    goal = points + np.array([[6, -4], [0, 0], [0, 0]], np.float32)
    warped = warp_with(image, points, goal)
    y, x = np.nonzero(warped[..., 0] > 127)
    np.testing.assert_allclose([x.mean(), y.mean()], goal[0], atol=1.0)
    np.testing.assert_allclose(warp_with(image, points, points), image, atol=1)


def test_a_turned_face_keeps_its_roll_and_its_limits(head: np.ndarray) -> None:
    image = np.ascontiguousarray(skimage.data.astronaut()[:144, 150:294])
    weights, pose = np.ones(106, np.float32), np.array([0, 40, 7], np.float32)
    (points,) = seen(head, pose[None])
    rng = np.random.default_rng(0)
    turned = [turn_face(image, points, weights, pose, head, rng) for _ in range(30)]
    poses = np.stack([t[3] for t in turned])
    assert (poses[:, 2] == 7).all()
    assert poses[:, 1].max() == FARTHEST
    assert poses[:, 1].std() > 5
    for _, moved, new_weights, new_pose in turned:
        np.testing.assert_allclose(moved, turned_points(points, pose, head, new_pose))
        assert (new_weights[17:33] == 0.5).all() == (abs(new_pose[1]) > 25)
        assert (new_weights[33:] == 1).all()
