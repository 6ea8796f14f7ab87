"""Hands, hair, cloth and glasses drawn on faces."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
import skimage.data

from models import load_face_finder
from models.faces import eye_angle, upright_matrix
from tools.data.face_occlusion import cover, wear_glasses
from vision.geometry import transform_points


@pytest.fixture(scope="module")
def face() -> tuple[np.ndarray, np.ndarray]:
    image = skimage.data.astronaut()
    (points,) = load_face_finder("cpu")(image).points106
    matrix = upright_matrix(points, eye_angle(points))
    return cv2.warpAffine(image, matrix, (96, 96)), transform_points(points, matrix)


def test_covers_are_where_they_say_and_reach_the_contour_and_the_mouth(face: tuple[np.ndarray, np.ndarray]) -> None:
    view, points = face
    rng, touched = np.random.default_rng(0), np.zeros((96, 96))
    for _ in range(80):
        covered = view.copy()
        mask = cover(covered, points, rng)  # type: ignore[arg-type]
        changed = np.abs(covered.astype(int) - view).max(axis=2) > 3
        assert 0.005 < mask.mean() < 0.6
        assert changed[~cv2.dilate(mask.astype(np.uint8), np.ones((9, 9), np.uint8)).astype(bool)].mean() < 0.01
        touched += mask
    contour, mouth = (points[list(rows)].round().astype(int).clip(0, 95) for rows in (range(4, 29), range(84, 104)))
    assert touched[contour[:, 1], contour[:, 0]].mean() > 0.15 * 80
    assert touched[mouth[:, 1], mouth[:, 0]].mean() > 0.15 * 80


def test_drawn_glasses_lie_round_the_eyes(face: tuple[np.ndarray, np.ndarray]) -> None:
    view, points = face
    rng, mouth, dark = np.random.default_rng(0), points[84:104].round().astype(int), 0
    for _ in range(40):
        worn = view.copy()
        hidden = wear_glasses(worn, points, rng)  # type: ignore[arg-type]
        changed = np.abs(worn.astype(int) - view).max(axis=2) > 3
        assert changed[20:60].mean() > 0.01
        assert not changed[mouth[:, 1], mouth[:, 0]].any()
        dark += hidden.any()
    assert 4 < dark < 25
