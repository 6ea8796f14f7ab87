"""Reconciliation of mesh labels and human labels of face points.

Most training labels come from a face mesh, whose lids, brows and lips differ by a few per cent of the eye distance
from human labels; where both are known, the difference is mostly a function of the face's shape and pose.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from vision.layouts import IBUG68_FROM_106, OUTER_EYES

INNER = np.array(IBUG68_FROM_106[17:])
"""Indices among the 106 points of the counterparts of the inner 51 of the 68 human points."""

COMPONENTS = 20
RIDGE = 0.01


def _frames(points: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Centres (N, 1, 2), and matrices (N, 2, 2) that make the outer-eye line horizontal and of length 1."""
    eyes = points[:, OUTER_EYES[1]] - points[:, OUTER_EYES[0]]
    along = eyes / np.square(eyes).sum(axis=1, keepdims=True)
    return points.mean(axis=1, keepdims=True), np.stack([along, along[:, ::-1] * [-1, 1]], axis=1)


def _canonical(points: np.ndarray) -> np.ndarray:
    """Points (N, 106, 2) as rows (N, 212), normalised for position, size and tilt."""
    centres, turns = _frames(points)
    return ((points - centres) @ turns.transpose(0, 2, 1)).reshape(len(points), -1)


@dataclass(frozen=True)
class HumanShift:
    """Offset (N, 51, 2) from inner mesh points to human points, from mesh points (N, 106, 2) and pose (N, 3).

    A ridge regression on the pose and the principal components of the shape.
    """

    mean: np.ndarray
    components: np.ndarray
    weights: np.ndarray

    @classmethod
    def learn(cls, points: np.ndarray, pose: np.ndarray, human: np.ndarray) -> HumanShift:
        """Fit to faces with mesh points (N, 106, 2) and inner human points (N, 51, 2)."""
        shapes = _canonical(points)
        mean = shapes.mean(axis=0)
        _, spread, components = np.linalg.svd(shapes - mean, full_matrices=False)
        basis = components[:COMPONENTS] / (spread[:COMPONENTS, None] / np.sqrt(len(shapes)))
        features = cls._features(shapes, mean, basis, pose)
        goal = ((human - points[:, INNER]) @ _frames(points)[1].transpose(0, 2, 1)).reshape(len(points), -1)
        square = features.T @ features + RIDGE * len(features) * np.eye(features.shape[1])
        return cls(mean, basis, np.linalg.solve(square, features.T @ goal))

    @staticmethod
    def _features(shapes: np.ndarray, mean: np.ndarray, basis: np.ndarray, pose: np.ndarray) -> np.ndarray:
        return np.column_stack([(shapes - mean) @ basis.T, pose / 15, np.ones(len(shapes))])

    def __call__(self, points: np.ndarray, pose: np.ndarray) -> np.ndarray:
        """Shifts (N, P, 2) in pixels for points (N, 106, 2) and poses (N, 3)."""
        features = self._features(_canonical(points), self.mean, self.components, pose)
        shift = (features @ self.weights).reshape(len(points), -1, 2)
        return shift @ np.linalg.inv(_frames(points)[1]).transpose(0, 2, 1)


def blended(points: np.ndarray, pose: np.ndarray, human: dict[int, np.ndarray], share: float) -> np.ndarray:
    """Points (N, 106, 2) with the inner ones moved by ``share`` of the offset from mesh labels to human labels.

    In rows with human points these are moved back by the remaining offset, so that they keep the human accuracy.
    ``human`` is (68, 2) by row.
    """
    if not human or not share:
        return points
    rows = np.array(list(human))
    truth = np.stack([human[i][17:] for i in rows])
    shift = HumanShift.learn(points[rows], pose[rows], truth)(points, pose)
    moved = points.copy()
    moved[:, INNER] += share * shift
    moved[rows[:, None], INNER] = truth - (1 - share) * shift[rows]
    return moved
