"""The closed-form fit of the points' last layer."""

from __future__ import annotations

import numpy as np
import pytest

from tools.train.last_layer import refitted

COUNT, FEATURES, POINTS = 900, 12, 3


@pytest.fixture
def layer() -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(1)
    return rng.normal(size=(2 * POINTS, FEATURES)), rng.normal(size=2 * POINTS)


@pytest.fixture
def features() -> np.ndarray:
    return np.random.default_rng(0).normal(3, 2, (COUNT, FEATURES)).astype(np.float32)


def answers(features: np.ndarray, weight: np.ndarray, bias: np.ndarray) -> np.ndarray:
    return (features @ weight.T + bias).reshape(len(features), POINTS, 2)


def test_the_labels_are_learnt_in_spite_of_gross_errors(layer, features) -> None:
    weight, bias = layer
    goal = answers(features, weight + 0.3, bias - 1)
    wrong = goal.copy()
    wrong[::20] += 300
    x = np.column_stack([features, np.ones(COUNT)])
    plain = x @ np.linalg.lstsq(x, wrong.reshape(COUNT, -1), rcond=None)[0]
    found = refitted(weight, bias, features, wrong, np.ones((COUNT, POINTS)), 1e-6)
    gap = np.abs(answers(features, *found) - goal).mean()
    assert gap < 0.2 * np.abs(plain.reshape(goal.shape) - goal).mean()


def test_labels_without_weight_are_ignored(layer, features) -> None:
    weight, bias = layer
    goal = answers(features, weight + 0.3, bias)
    known, weights = goal.copy(), np.ones((COUNT, POINTS))
    goal[500:, 1], weights[500:, 1] = -1e6, 0
    found = answers(features, *refitted(weight, bias, features, goal, weights, 1e-6))
    np.testing.assert_allclose(found, known, atol=1e-2)


def test_a_strong_ridge_moves_only_the_offset(layer, features) -> None:
    weight, bias = layer
    goal = answers(features, weight + 0.3, bias)
    stiff, moved = refitted(weight, bias, features, goal, np.ones((COUNT, POINTS)), 1e9)
    np.testing.assert_allclose(stiff, weight, atol=1e-5)
    assert np.all(moved > bias)


def test_a_layer_that_already_fits_stays(layer, features) -> None:
    weight, bias = layer
    found = refitted(weight, bias, features, answers(features, weight, bias), np.ones((COUNT, POINTS)), 0.1)
    np.testing.assert_allclose(found[0], weight, atol=1e-4)
    np.testing.assert_allclose(found[1], bias, atol=1e-3)
