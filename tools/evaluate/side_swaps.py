"""Left-right errors: how often a network swaps the joints of a pair or predicts both at the same place."""

from __future__ import annotations

import numpy as np

from vision.types import Floats

PAIRS = {
    "shoulders": (5, 6),
    "elbows": (7, 8),
    "wrists": (9, 10),
    "hips": (11, 12),
    "knees": (13, 14),
    "ankles": (15, 16),
}
"""Left and right joint of each pair."""

MIN_DISTANCE = 0.1
"""Least distance of a pair's labels as a share of the torso; nearer pairs are left out."""


def pair_mistakes(found: Floats, labels: Floats, torso: Floats, pair: tuple[int, int]) -> tuple[np.ndarray, np.ndarray]:
    """For the M persons with both joints labelled and apart: whether they are exchanged (M,), and whether doubled (M,).

    Exchanged: the sum of both distances is smaller with the two joints swapped.  Doubled: not exchanged, but both
    joints are nearest to the same one of the two labels.  ``found`` and ``labels`` are (N, 17, 3), ``torso`` (N,).
    """
    a, b = pair
    apart = np.linalg.norm(labels[:, a, :2] - labels[:, b, :2], axis=1)
    rows = (labels[:, a, 2] > 0) & (labels[:, b, 2] > 0) & (apart >= MIN_DISTANCE * torso)
    mine, goal = found[rows][:, [a, b], :2], labels[rows][:, [a, b], :2]
    away = np.linalg.norm(mine[:, :, None] - goal[:, None], axis=3)  # (M, found, label)
    exchanged = away[:, 0, 1] + away[:, 1, 0] < away[:, 0, 0] + away[:, 1, 1]
    nearest = away[:, :, 1] < away[:, :, 0]
    return exchanged, (nearest[:, 0] == nearest[:, 1]) & ~exchanged


def leg_mistakes(found: Floats, labels: Floats, torso: Floats) -> np.ndarray:
    """Whether each pair of knees and of ankles that is labelled and apart (M,) is exchanged or doubled."""
    wrong = [np.logical_or(*pair_mistakes(found, labels, torso, PAIRS[name])) for name in ("knees", "ankles")]
    return np.concatenate(wrong)


def side_figures(found: Floats, labels: Floats, torso: Floats, sources: np.ndarray) -> dict[str, float]:
    """Per source and pair the shares of exchanged and of doubled joints, and for knees and ankles the share of either.

    Sources without a labelled pair have no row.
    """
    rows: dict[str, float] = {}
    for source in np.unique(sources):
        part = sources == source
        for name, pair in PAIRS.items():
            exchanged, doubled = pair_mistakes(found[part], labels[part], torso[part], pair)
            if len(exchanged):
                rows[f"{source}: {name} exchanged"] = float(exchanged.mean())
                rows[f"{source}: {name} doubled"] = float(doubled.mean())
        legs = leg_mistakes(found[part], labels[part], torso[part])
        if len(legs):
            rows[f"{source}: knees and ankles exchanged or doubled"] = float(legs.mean())
    return rows
