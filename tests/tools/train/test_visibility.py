"""The ridge regression of visibility and glasses."""

from __future__ import annotations

import numpy as np

from models.face_visibility import SIDES, inside_picture, seen_by_pose
from tools.train.visibility import Samples, VisibilityFit, fit_head
from vision.layouts import FACE_MIRROR


def test_the_head_answers_what_the_features_tell() -> None:
    rng = np.random.default_rng(0)
    features = rng.normal(3, 2, (900, 20)).astype(np.float32)
    seen = np.repeat(features[:, :1] > 3, 106, axis=1).astype(np.float32)
    seen[::5] = np.nan
    glasses = np.where(np.arange(900) % 3 == 0, np.nan, features[:, 1] > 4).astype(np.float32)
    config = VisibilityFit(ridge=1.0, ridge_glasses=1.0)
    head = fit_head(Samples(features, seen, glasses, np.ones(900, np.float32)), config)
    weight, bias = (head[f"visibility_head.2.{name}"].numpy() for name in ("weight", "bias"))
    logits = features @ weight.T + bias
    assert weight.shape == (107, 20)
    assert np.mean((logits[:, 0] > 0) == (features[:, 0] > 3)) > 0.95
    assert np.mean((logits[:, 106] > 0) == (features[:, 1] > 4)) > 0.93


def test_the_far_side_of_a_turned_head_is_hidden() -> None:
    right = seen_by_pose(np.array([0, 80, 0], np.float32))
    assert right[SIDES > 0].max() == 0
    assert right[SIDES <= 0].min() == 1
    np.testing.assert_array_equal(seen_by_pose(np.array([0, -80, 0], np.float32)), right[FACE_MIRROR])
    assert seen_by_pose(np.zeros(3)).min() == 1
    assert np.isnan(seen_by_pose(np.full(3, np.nan))).all()


def test_points_beyond_the_picture_are_not_inside() -> None:
    points = np.array([[0, 0], [9, 4], [-1, 2], [3, 5]], np.float32)
    assert inside_picture(points, (5, 10)).tolist() == [True, True, False, False]
    assert inside_picture(points, (5, 10), np.array([1, 0, 1, 0], np.float32)).tolist() == [False] * 4
