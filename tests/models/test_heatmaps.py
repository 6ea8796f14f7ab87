"""Targets and decoding of heatmaps."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.heatmaps import _blurred_windows, decode_heatmaps, draw_targets


@settings(max_examples=40, deadline=None)
@given(st.floats(8, 39), st.floats(8, 55))
def test_a_drawn_point_is_read_back_to_a_twentieth_of_a_pixel(x: float, y: float) -> None:
    maps = draw_targets(np.array([[x, y]], np.float32), (48, 64))
    points, scores = decode_heatmaps(maps[None])
    np.testing.assert_allclose(points[0, 0], [x, y], atol=0.05)
    assert scores[0, 0] > 0.9


def test_points_at_the_border_stay_on_the_map() -> None:
    maps = draw_targets(np.array([[0.3, 63.2], [47, 0]], np.float32), (48, 64))
    points, _ = decode_heatmaps(maps[None])
    np.testing.assert_allclose(points[0], [[0, 63], [47, 0]], atol=0.5)


def test_a_point_outside_gives_an_empty_map_and_no_score() -> None:
    maps = draw_targets(np.array([[-3, 5]], np.float32), (48, 64))
    assert maps.max() == 0
    assert decode_heatmaps(maps[None])[1] == 0


def test_nobody_is_ordinary() -> None:
    points, scores = decode_heatmaps(np.zeros((0, 17, 64, 48), np.float32))
    assert points.shape == (0, 17, 2)
    assert scores.shape == (0, 17)


@pytest.mark.parametrize("count", [1, 3])
def test_batches_decode_like_single_maps(count: int) -> None:
    rng = np.random.default_rng(0)
    maps = np.stack([draw_targets(rng.uniform(5, 40, (17, 2)).astype(np.float32), (48, 64)) for _ in range(count)])
    together, _ = decode_heatmaps(maps)
    alone = np.concatenate([decode_heatmaps(m[None])[0] for m in maps])
    np.testing.assert_array_equal(together, alone)


@pytest.mark.parametrize("size_wh", [(32, 48), (48, 64), (12, 9)])
@pytest.mark.parametrize("kernel", [7, 11])
def test_the_windows_are_those_of_wholly_blurred_maps(size_wh: tuple[int, int], kernel: int) -> None:
    width, height = size_wh
    rng = np.random.default_rng(3)
    maps = rng.normal(0.2, 0.3, (2, 60, height, width)).astype(np.float32)
    row, column = rng.integers(2, height - 2, (2, 60)), rng.integers(2, width - 2, (2, 60))
    row[0, :4], column[0, :4] = (2, 2, height - 3, height - 3), (2, width - 3, 2, width - 3)
    windows = _blurred_windows(maps, row, column, kernel)
    for n, j in np.ndindex(2, 60):
        whole = cv2.GaussianBlur(maps[n, j], (kernel, kernel), 0)
        y, x = row[n, j], column[n, j]
        np.testing.assert_allclose(windows[n, j], whole[y - 2 : y + 3, x - 2 : x + 3], atol=1e-6)
