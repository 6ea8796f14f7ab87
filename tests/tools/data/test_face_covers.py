"""Hands and hair drawn over the edges of faces."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
import skimage.data

from models import load_face_finder
from models.faces import eye_angle, upright_matrix
from tools.data.face_covers import cover
from vision.geometry import transform_points


@pytest.fixture(scope="module")
def face() -> tuple[np.ndarray, np.ndarray]:
    image = skimage.data.astronaut()
    (points,) = load_face_finder("cpu")(image).points106
    matrix = upright_matrix(points, eye_angle(points))
    return cv2.warpAffine(image, matrix, (96, 96)), transform_points(points, matrix)


def test_covers_lie_at_the_edge_of_the_face_and_leave_its_middle(face: tuple[np.ndarray, np.ndarray]) -> None:
    view, points = face
    rng, touched, middle = np.random.default_rng(0), np.zeros((96, 96)), points[54].round().astype(int)
    for _ in range(60):
        covered = view.copy()
        share = cover(covered, points, rng)  # type: ignore[arg-type]
        changed = np.abs(covered.astype(int) - view).max(axis=2) > 3
        assert 0.01 < share < 0.5
        assert 0.4 * share < changed.mean() < share + 0.15
        touched += changed
    left, right = (touched[middle[1] - 10 : middle[1] + 30, s].mean() for s in (slice(0, 48), slice(48, 96)))
    assert min(left, right) > 0.4 * max(left, right)
    assert touched[middle[1], middle[0]] < 0.2 * 60
    contour = points[4:29].round().astype(int).clip(0, 95)
    assert touched[contour[:, 1], contour[:, 0]].mean() > 0.15 * 60
