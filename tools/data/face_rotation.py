"""Rotation of faces out of the picture plane, since turned heads are scarce among the training faces.

The mean 3D face is estimated from the labelled faces: their points under many known poses are projections of it
(structure from motion by alternating least squares, after Tomasi and Kanade, IJCV 1992).  A rotation moves each point
by the difference of the mean face's two projections, and warps the picture with the points.
"""

from __future__ import annotations

from typing import cast

import cv2
import numpy as np

from vision.types import Floats, Image

FARTHEST = 45.0
"""Largest yaw in degrees after a rotation: beyond, parts of the far side are occluded."""

GRID = 17
"""Nodes per side of the grid on which a warp is computed and interpolated linearly."""


def rotations(pose: np.ndarray) -> np.ndarray:
    """Rotations (N, 3, 3) of pitch, yaw, roll (N, 3) in degrees; x to the right, y down, z towards the viewer."""
    (cp, cy, cr), (sp, sy, sr) = np.cos(np.deg2rad(pose)).T, np.sin(np.deg2rad(pose)).T
    one, nil = np.ones(len(pose)), np.zeros(len(pose))

    def matrices(*rows: tuple[np.ndarray, ...]) -> np.ndarray:
        return np.stack([np.stack(row, axis=-1) for row in rows], axis=-2)

    roll = matrices((cr, -sr, nil), (sr, cr, nil), (nil, nil, one))
    yaw = matrices((cy, nil, sy), (nil, one, nil), (-sy, nil, cy))
    pitch = matrices((one, nil, nil), (nil, cp, -sp), (nil, sp, cp))
    return roll @ yaw @ pitch


def mean_face_3d(points: Floats, pose: Floats, rounds: int = 5) -> np.ndarray:
    """Mean face (106, 3) of unit size from points (N, 106, 2) with pose (N, 3), which are its scaled projections."""
    views = rotations(pose)[:, :2]
    flat = points - points.mean(axis=1, keepdims=True)
    flat = flat / np.sqrt(np.square(flat).mean(axis=(1, 2), keepdims=True))
    scale = np.ones(len(flat))
    mean_3d = np.zeros((106, 3))
    for _ in range(rounds):
        seen = views * scale[:, None, None]
        square = np.einsum("nij,nik->jk", seen, seen)
        mean_3d = np.linalg.solve(square, np.einsum("nij,npi->jp", seen, flat)).T
        shown = np.einsum("pj,nij->npi", mean_3d, views)
        scale = (shown * flat).sum(axis=(1, 2)) / np.square(shown).sum(axis=(1, 2))
    return mean_3d


def turned_points(points: Floats, pose: Floats, mean_3d: np.ndarray, new_pose: Floats) -> Floats:
    """Points (106, 2) of a face with ``pose`` (3,), rotated to ``new_pose``."""
    old, new = (mean_3d @ r[:2].T for r in rotations(np.stack([pose, new_pose])))
    flat = points - points.mean(axis=0)
    scale = (old * flat).sum() / np.square(old).sum()
    return (points + scale * (new - old)).astype(np.float32)


def turn_face(
    image: Image, points: Floats, weights: Floats, pose: Floats, mean_3d: np.ndarray, rng: np.random.Generator
) -> tuple[Image, Floats, Floats, Floats]:
    """A face rotated by some 20 degrees of yaw and 10 of pitch: image, points (106, 2), weights (106,) and pose (3,).

    The outline of the far cheek is uncertain, so its weights are halved.
    """
    new_pose = pose + rng.normal(0, (8, 16, 0)).clip(-25, 25).astype(np.float32)
    new_pose[1] = np.clip(new_pose[1], -max(FARTHEST, abs(pose[1])), max(FARTHEST, abs(pose[1])))
    goal = turned_points(points, pose, mean_3d, new_pose)
    far = np.arange(106) > 16 if new_pose[1] > 0 else np.arange(106) < 16
    guessed = far & (np.arange(106) < 33) & (abs(new_pose[1]) > 25)
    return warp_with(image, points, goal), goal, np.where(guessed, weights / 2, weights), new_pose  # type: ignore[return-value]  # NumPy's types lose the dtype


def _bending(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Kernel r^2 log r of thin-plate splines (Bookstein, PAMI 1989) between points (P, 2) and (Q, 2)."""
    square = np.square(a[:, None] - b[None]).sum(axis=2)
    return 0.5 * square * np.log(np.maximum(square, 1e-9))


def warp_with(image: Image, points: Floats, goal: Floats, stiff: float = 1e-3) -> Image:
    """The image warped by a thin-plate spline from ``points`` (P, 2) to ``goal`` (P, 2) with fixed corners."""
    height, width = image.shape[:2]
    size = np.array([width - 1, height - 1], np.float32)
    corners = np.array([[0, 0], [0.5, 0], [1, 0], [0, 0.5], [1, 0.5], [0, 1], [0.5, 1], [1, 1]]) * size
    target, source = (np.concatenate([p, corners]) / size for p in (goal, points))
    flat = np.column_stack([np.ones(len(target)), target])
    kernel = _bending(target, target) + stiff * np.eye(len(target))
    system = np.block([[kernel, flat], [flat.T, np.zeros((3, 3))]])
    weights = np.linalg.solve(system, np.concatenate([source, np.zeros((3, 2))]))
    y, x = np.mgrid[0 : 1 : GRID * 1j, 0 : 1 : GRID * 1j]
    nodes = np.stack([x, y], axis=-1).reshape(-1, 2)
    at = np.column_stack([_bending(nodes, target), np.ones(len(nodes)), nodes]) @ weights * size
    columns, rows = (_hats(n) for n in (width, height))
    dense = [(rows @ c.reshape(GRID, GRID) @ columns.T).astype(np.float32) for c in at.T]
    return cast(Image, cv2.remap(image, dense[0], dense[1], cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE))


def _hats(count: int) -> np.ndarray:
    """Linear interpolation weights (count, GRID) of the grid's nodes at evenly spaced pixels."""
    return np.clip(1 - np.abs(np.linspace(0, GRID - 1, count)[:, None] - np.arange(GRID)), 0, 1)
