"""One face is found once."""

from __future__ import annotations

import numpy as np

from models.faces import distinct_faces
from tests.beauty.portraits import POINTS


def test_a_face_seen_twice_is_one_and_neighbours_are_two() -> None:
    points = POINTS["hopper"]
    middle = points.mean(axis=0)
    inner = (middle + 0.6 * (points - middle) + [5, 30]).astype(np.float32)
    seen = np.stack([points, inner, points + np.array([120, 0], np.float32)])
    assert sorted(distinct_faces(seen, np.array([0.9, 0.8, 0.7]))) == [0, 2]
    assert distinct_faces(seen, np.array([0.5, 0.9, 0.8])) == [1, 2]
    assert distinct_faces(seen[:0], np.zeros(0)) == []
