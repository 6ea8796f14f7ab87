"""Exchanged and doubled joints are told apart and counted where labels tell."""

from __future__ import annotations

import numpy as np
import pytest

from tools.evaluate.side_swaps import pair_mistakes, side_figures


def standing(count: int) -> np.ndarray:
    """People (N, 17, 3) with a torso of 100 px whose left joints are at x 60 and right ones at x 20."""
    people = np.ones((count, 17, 3), np.float32)
    people[:, :, 0] = np.where(np.arange(17) % 2 == 1, 60, 20)
    people[:, :, 1] = (np.arange(17) + 1) // 2 * 20
    return people


TORSO = np.full(6, 100, np.float32)


def test_exchanged_and_doubled_ankles() -> None:
    labels = standing(6)
    labels[4, 16, 0] = 55  # nearer than a tenth of the torso, which tells nothing
    labels[5, 15, 2] = 0  # unknown
    found = labels.copy()
    found[1, [15, 16]] = found[1, [16, 15]]
    found[2, 16, 0] = 58  # both where the left one is
    found[3, [15, 16], 0] = [42, 38]  # near the middle, each on its own side
    found[4, [15, 16]] = found[4, [16, 15]]
    exchanged, doubled = pair_mistakes(found, labels, TORSO, (15, 16))
    assert exchanged.tolist() == [False, True, False, False]
    assert doubled.tolist() == [False, False, True, False]


def test_shares_per_source() -> None:
    labels = standing(6)
    found = labels.copy()
    found[0, [13, 14]] = found[0, [14, 13]]
    found[1, 15, 0] = 22
    labels[3:, 5:, 2] = 0
    rows = side_figures(found, labels, TORSO, np.array(["a"] * 3 + ["b"] * 3))
    assert rows["a: knees exchanged"] == pytest.approx(1 / 3)
    assert rows["a: ankles exchanged"] == 0
    assert rows["a: ankles doubled"] == pytest.approx(1 / 3)
    assert rows["a: hips exchanged"] == 0
    assert rows["a: knees and ankles exchanged or doubled"] == pytest.approx(2 / 6)
    assert not any(name.startswith("b") for name in rows)
