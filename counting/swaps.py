"""Swaps of left and right legs: which of two joints is which, frame by frame, so that both move smoothly."""

from __future__ import annotations

import numpy as np

from counting.smoothing import Array

LARGEST = 0.1
"""Acceleration in body heights per squared frame from which a joint's motion costs no more: it is lost, not swapped."""

CHANGE = 0.02
"""Cost of a change between swapped and not, in body heights per squared frame: the noise of the joints."""

CALM, TIMES = 0.25, 2.0
"""..., and at least so many times the acceleration that a quarter of the frames stay below: fast steps at few frames a
second accelerate as much as swaps."""

SWAPPED = 0.001
"""Cost of a frame that is swapped: of two consistent assignments the one with fewer swaps is taken."""


def correct_swaps(points: Array, sizes: Array, pairs: tuple[tuple[int, int], ...]) -> Array:
    """Points (T, J, 2) with swaps within ``pairs`` of joints corrected; ``sizes`` (T,) body heights in pixels.

    Of all assignments of the two positions to left and right, the one in which both joints accelerate least is taken
    (Viterbi path over swapped or not in three successive frames): legs that cross move on, swapped ones jump to and
    fro.
    """
    out = points.copy()
    for a, b in pairs:
        swapped = _path(points[:, a] / sizes[:, None], points[:, b] / sizes[:, None])
        out[swapped, a], out[swapped, b] = points[swapped, b], points[swapped, a]
    return out


def _path(a: Array, b: Array) -> np.ndarray:
    """Which frames (T,) are swapped, for two joints (T, 2) in body heights."""
    if len(a) < 3:
        return np.zeros(len(a), bool)
    both = np.stack([a, b], axis=1)
    costs = np.zeros((2, 2, len(a)))
    for first in (0, 1):
        for last in (0, 1):
            before, after = (both[:, ::-1] if s else both for s in (first, last))
            bend = np.linalg.norm(before[:-2] - 2 * both[1:-1] + after[2:], axis=2)
            costs[first, last, 2:] = np.nan_to_num(np.minimum(bend, LARGEST), nan=0.0).sum(axis=1)
    change = max(CHANGE, TIMES * float(np.quantile(costs[0, 0, 2:], CALM)))
    return _viterbi(costs[..., 2:].reshape(4, -1).tolist(), change)


def _viterbi(costs: list[list[float]], change: float) -> np.ndarray:
    """The cheapest states (T,).

    ``costs`` (4, T - 2) are for the first and the last of three frames differing from the middle one.  The four sums
    are those of the last two states; written out, since an hour has 100,000 frames.
    """
    s00, s01, s10, s11 = 0.0, change + SWAPPED, change + SWAPPED, 2 * SWAPPED
    back: list[tuple[bool, bool, bool, bool]] = []
    for c00, c01, c10, c11 in zip(*costs, strict=True):
        stay, leave = (s00 + c00, s10 + c10), (s00 + c01, s10 + c11)
        come, both = (s01 + c11, s11 + c01), (s01 + c10, s11 + c00)
        back.append((stay[1] < stay[0], leave[1] < leave[0], come[1] < come[0], both[1] < both[0]))
        s00, s01 = min(stay), min(leave) + change + SWAPPED
        s10, s11 = min(come) + change, min(both) + SWAPPED
    last = int(np.argmin([s00, s01, s10, s11]))
    states = [last % 2, last // 2]
    for choice in reversed(back):
        states.append(int(choice[2 * states[-1] + states[-2]]))
    return np.array(states[::-1], bool)
