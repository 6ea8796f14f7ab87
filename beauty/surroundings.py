"""What lies round a face, and whether a pixel looks more like it than like the face's skin.

A wall of the skin's own colour cannot be told by the skin's colour alone.  The colours that occur where no skin can be
are grouped by place and colour; where both explain a pixel, what the points allow decides (Bayes' rule).
"""

from __future__ import annotations

from typing import NamedTuple

import cv2
import numpy as np

from beauty.curves import Range, smooth
from beauty.frame import FaceFrame
from beauty.skin_distance import mahalanobis

WORK_WIDTH = 150
"""Face width, in pixels, at which the surroundings are looked at: colours are told, not edges."""

PURE = 0.99
"""Part of a reduced pixel in which no skin may be for its colour to be grouped."""


class Grouping(NamedTuple):
    """How the colours round a face are grouped, by k-means."""

    groups: int = 10  # they begin as sectors round the face
    rounds: int = 8
    samples: int = 3000  # pixels that are grouped at most ...
    fewest: int = 200  # ... and at least
    fewest_each: int = 12  # pixels from which on a group has a covariance
    lightness: float = 0.7  # weight of the lightness beside the chroma: shade changes it
    place: float = 12.0  # weight of the place in face widths, in Lab units


GROUPING = Grouping()

NEAR = 0.22
"""Distance, in face widths, over which a group explains pixels beside it."""

UNEXPLAINED = 1e3
"""Squared distance where there is no group."""

MOST_LOG_ODDS = 12.0
"""Log odds that the colours give for or against skin at most."""

FOUND = Range(0.35, 0.8)
"""Posterior probability over which the mask begins and is full."""

FLOOR = np.diag([9.0, 2.0, 2.0])
"""Added to the covariance of a group's Lab colours: noise and shading."""


def posterior(
    lab: np.ndarray, skin_distance: np.ndarray, allowed: np.ndarray, outside: np.ndarray, frame: FaceFrame
) -> np.ndarray:
    """Probability of skin (rows, cols), given ``allowed``, that of the points alone, and the colours ``outside``.

    ``lab`` (rows, cols, 3) is the picture, ``skin_distance`` (rows, cols) the squared Mahalanobis distance to the
    skin's colour round about, ``outside`` a bool mask of where no skin can be.
    """
    step = max(1, round(frame.width / WORK_WIDTH))
    size = -(-lab.shape[1] // step), -(-lab.shape[0] // step)
    small, gap, chance = (cv2.resize(x, size, interpolation=cv2.INTER_AREA) for x in (lab, skin_distance, allowed))
    free = cv2.resize(outside.astype(np.float32), size, interpolation=cv2.INTER_AREA) > PURE
    other = _other_distance(small, free, frame.width / step, frame.origin / step)
    if other is None:
        return allowed
    odds = np.exp(np.clip((other - gap) / 2, -MOST_LOG_ODDS, MOST_LOG_ODDS)) * chance / np.maximum(1 - chance, 1e-3)
    found = smooth(odds / (1 + odds), *FOUND)
    return cv2.resize(found, lab.shape[1::-1], interpolation=cv2.INTER_LINEAR)


def _other_distance(lab: np.ndarray, free: np.ndarray, width: float, origin: np.ndarray) -> np.ndarray | None:
    """Squared distance (rows, cols) to the nearest group of the colours in ``free``; None where there are too few."""
    y, x = np.nonzero(free)
    if len(x) < GROUPING.fewest:
        return None
    some = slice(None, None, -(-len(x) // GROUPING.samples))
    y, x = y[some], x[some]
    colours, places = lab[y, x].astype(np.float32), np.column_stack([x, y]).astype(np.float32)
    sector = np.arctan2(y - origin[1], x - origin[0]) * (GROUPING.groups / (2 * np.pi))
    features = np.column_stack([colours * (GROUPING.lightness, 1, 1), places * (GROUPING.place / width)]).astype(
        np.float32
    )
    first = (np.floor(sector).astype(np.int32) % GROUPING.groups)[:, None]
    stop = (cv2.TERM_CRITERIA_MAX_ITER, GROUPING.rounds, 0)
    labels = cv2.kmeans(features, GROUPING.groups, first, stop, 1, cv2.KMEANS_USE_INITIAL_LABELS)[1][:, 0]
    best = np.full(lab.shape[:2], UNEXPLAINED, np.float32)
    for k in range(GROUPING.groups):
        mine = labels == k
        if mine.sum() >= GROUPING.fewest_each:
            best = np.minimum(best, _group_distance(lab, colours[mine], places[mine], width))
    return best


def _group_distance(lab: np.ndarray, colours: np.ndarray, places: np.ndarray, width: float) -> np.ndarray:
    """Squared distance (rows, cols) to one group: by colour, by place, and the more the wider its colours spread."""
    covariance = np.cov(colours.T) + FLOOR
    near = np.zeros(lab.shape[:2], np.uint8)
    near[places[:, 1].astype(int), places[:, 0].astype(int)] = 1
    away = cv2.distanceTransform(1 - near, cv2.DIST_L2, 3) / (NEAR * width)
    spread = float(np.linalg.slogdet(covariance)[1] - np.linalg.slogdet(FLOOR)[1])
    return mahalanobis(lab - colours.mean(axis=0), np.linalg.inv(covariance)) + away**2 + 0.5 * spread
