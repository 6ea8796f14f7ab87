"""Swapped legs are put right, legs that cross are left alone."""

import numpy as np
import pytest

from counting.pipeline import count_jumps
from counting.swaps import correct_swaps
from tests.counting import synthetic as syn
from tests.counting.synthetic import Clip, Corruption, film

SIZES = np.full(120, 100.0)


def legs(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Points (120, 2, 2) of two joints that mirror each other."""
    return np.stack([np.stack([200 + x, 300 + y], axis=1), np.stack([200 - x, 300 - y], axis=1)], axis=1)


@pytest.mark.parametrize("share", [0.05, 0.3])
def test_joints_that_are_swapped_at_random_are_put_right(share: float) -> None:
    phase = 2 * np.pi * 2.5 * np.arange(120) / 30
    truth = legs(np.full(120, 8.0), 6 * np.sin(phase))
    swapped = np.random.default_rng(3).random(120) < share
    points = np.where(swapped[:, None, None], truth[:, ::-1], truth)
    np.testing.assert_array_equal(correct_swaps(points, SIZES, ((0, 1),)), truth)


@pytest.mark.parametrize("fps", [15, 30, 60])
def test_legs_that_cross_are_left_alone(fps: int) -> None:
    phase = 2 * np.pi * 2.5 * np.arange(120) / fps
    truth = legs(20 * np.cos(phase), 6 * np.sin(phase))
    np.testing.assert_array_equal(correct_swaps(truth, SIZES, ((0, 1),)), truth)


def test_unseen_joints_and_short_tracks_pass() -> None:
    points = legs(np.full(120, 8.0), np.zeros(120))
    points[40:60] = np.nan
    np.testing.assert_array_equal(correct_swaps(points, SIZES, ((0, 1),)), points)
    assert correct_swaps(points[:2], SIZES[:2], ((0, 1),)).shape == (2, 2, 2)


@pytest.mark.parametrize("motion", [syn.steps(4.5), syn.jumps(2.0, "single leg")])
def test_swapped_legs_are_counted(motion) -> None:
    track = film(Clip([(1.0, syn.stand), (5.0, motion), (1.0, syn.stand)], corruption=Corruption(0.003)))
    right = count_jumps(track)
    swapped = np.random.default_rng(1).random(len(track)) < 0.25
    for a, b in ((13, 14), (15, 16)):
        track.keypoints[np.ix_(swapped, [a, b])] = track.keypoints[np.ix_(swapped, [b, a])]
    assert right.count > 8
    assert count_jumps(track).count == right.count
