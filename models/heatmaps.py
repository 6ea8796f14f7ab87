"""Heatmaps of joints: Gaussian targets for training and sub-pixel decoding, in NumPy."""

from __future__ import annotations

import cv2
import numpy as np

from vision.types import Floats


def draw_targets(points: Floats, size_wh: tuple[int, int], sigma: float = 2.0) -> Floats:
    """Gaussian heatmaps (J, h, w) with peak 1 at ``points`` (J, 2) in heatmap pixels; zero for points outside."""
    width, height = size_wh
    dx = np.arange(width)[None] - points[:, :1]
    dy = np.arange(height)[None] - points[:, 1:]
    scale = -0.5 / sigma**2
    maps = np.exp(scale * dy**2)[:, :, None] * np.exp(scale * dx**2)[:, None, :]
    inside = np.all((points > -0.5) & (points < np.array([width, height]) - 0.5), axis=1)
    return (maps * inside[:, None, None]).astype(np.float32)


def _reflected(index: np.ndarray, size: int) -> np.ndarray:
    """Indices reflected at the ends as by OpenCV's default border (BORDER_REFLECT_101)."""
    inside = np.abs(index)
    return np.where(inside >= size, 2 * (size - 1) - inside, inside)


def _blurred_windows(maps: Floats, row: np.ndarray, column: np.ndarray, kernel: int) -> Floats:
    """Windows (N, J, 5, 5) around (row, column) (N, J) of the maps blurred by a Gaussian.

    The values equal those of a blur of the whole maps, computed from the support of the window alone.
    """
    reach = np.arange(-(kernel // 2) - 2, kernel // 2 + 3)
    rows = _reflected(row[..., None] + reach, maps.shape[2])
    columns = _reflected(column[..., None] + reach, maps.shape[3])
    n, j = np.ogrid[: maps.shape[0], : maps.shape[1]]
    windows = maps[n[..., None, None], j[..., None, None], rows[..., :, None], columns[..., None, :]]
    weights = cv2.getGaussianKernel(kernel, 0, cv2.CV_32F)[:, 0]
    band = np.stack([np.pad(weights, (i, 4 - i)) for i in range(5)])
    return np.asarray(band @ windows @ band.T, np.float32)


def decode_heatmaps(maps: Floats, kernel: int = 11) -> tuple[Floats, Floats]:
    """Peaks of ``maps`` (N, J, h, w) -> points (N, J, 2) in heatmap pixels and scores (N, J) in [0, 1].

    DARK (Zhang et al., CVPR 2020): blur, logarithm, one Newton step from the maximum, limited to one pixel; at the
    border the maximum itself is the result.  The score is the height of the unblurred peak.  The sides must be longer
    than half the odd ``kernel``.
    """
    count, joints, height, width = maps.shape
    if count == 0:
        return np.zeros((0, joints, 2), np.float32), np.zeros((0, joints), np.float32)
    flat = maps.reshape(count, joints, -1)
    best = flat.argmax(axis=2)
    scores = np.clip(np.take_along_axis(flat, best[..., None], axis=2)[..., 0], 0, 1)
    x, y = best % width, best // width
    row, column = np.clip(y, 2, height - 3), np.clip(x, 2, width - 3)
    logs = np.log(np.maximum(_blurred_windows(maps, row, column, kernel), 1e-6))

    def at(dy: int, dx: int) -> Floats:
        return logs[..., 2 + dy, 2 + dx]

    gx, gy = (at(0, 1) - at(0, -1)) / 2, (at(1, 0) - at(-1, 0)) / 2
    xx = (at(0, 2) - 2 * at(0, 0) + at(0, -2)) / 4
    yy = (at(2, 0) - 2 * at(0, 0) + at(-2, 0)) / 4
    xy = (at(1, 1) - at(1, -1) - at(-1, 1) + at(-1, -1)) / 4
    determinant = xx * yy - xy * xy
    good = (determinant > 1e-9) & (xx < 0) & (row == y) & (column == x)
    safe = np.where(good, determinant, 1.0)
    step = np.stack([-(yy * gx - xy * gy) / safe, -(xx * gy - xy * gx) / safe], axis=-1)
    points = np.stack([x, y], axis=-1) + np.where(good[..., None], np.clip(step, -1, 1), 0)
    return points.astype(np.float32), scores.astype(np.float32)
