"""Mesh labels moved towards human ones."""

from __future__ import annotations

import numpy as np
import pytest

from tools.data.face_labels import INNER, HumanShift, blended

COUNT = 120


@pytest.fixture(scope="module")
def faces() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Random faces turned, scaled and shifted; people put each inner point a fixed step along the eye line."""
    rng = np.random.default_rng(0)
    shapes = rng.normal(size=(106, 2)) + 0.1 * rng.normal(size=(COUNT, 106, 2))
    angles, sizes = rng.uniform(-0.8, 0.8, COUNT), rng.uniform(10, 60, COUNT)
    turns = np.stack([np.cos(angles), -np.sin(angles), np.sin(angles), np.cos(angles)], axis=1).reshape(-1, 2, 2)
    points = sizes[:, None, None] * shapes @ turns.transpose(0, 2, 1) + rng.uniform(0, 100, (COUNT, 1, 2))
    eyes = points[:, 79] - points[:, 66]
    return points, rng.normal(0, 10, (COUNT, 3)), points[:, INNER] + 0.05 * eyes[:, None]


def test_the_shift_follows_the_turn_and_the_size_of_a_face(faces) -> None:
    points, pose, human = faces
    shift = HumanShift.learn(points[:100], pose[:100], human[:100])(points[100:], pose[100:])
    error = np.linalg.norm(shift - (human - points[:, INNER])[100:], axis=2)
    step = np.linalg.norm(human - points[:, INNER], axis=2)[100:]
    assert (error < 0.15 * step).mean() > 0.95


def test_a_face_that_people_labelled_keeps_what_they_saw(faces) -> None:
    points, pose, human = faces
    truth = {i: np.concatenate([np.zeros((17, 2)), human[i]]) for i in range(100)}
    seen = np.array([30.0, -20.0])
    truth[7][17] += seen  # where this person's brow really is, as no rule could tell
    plain = dict(truth) | {7: truth[7] - np.eye(68)[17][:, None] * seen}
    moved = blended(points, pose, truth, 0.5)[7] - blended(points, pose, plain, 0.5)[7]
    assert np.linalg.norm(moved[INNER[0]] - seen) < 0.2 * np.linalg.norm(seen)
    whole = blended(points, pose, truth, 1.0)
    np.testing.assert_allclose(whole[7, INNER], truth[7][17:])


def test_without_human_labels_nothing_moves(faces) -> None:
    points, pose, _ = faces
    assert blended(points, pose, {}, 0.5) is points
