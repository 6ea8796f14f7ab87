"""Boxes, affine matrices and points.  Pixel centres are whole numbers; boxes are x0, y0, x1, y1."""

from __future__ import annotations

from typing import Any, cast

import numpy as np

from vision.types import Floats


def box_iou(a: Floats, b: Floats) -> Floats:
    """Intersection over union of every box of ``a`` (N, 4) with every box of ``b`` (M, 4) -> (N, M)."""
    top = np.maximum(a[:, None, :2], b[None, :, :2])
    low = np.minimum(a[:, None, 2:], b[None, :, 2:])
    both = np.prod(np.clip(low - top, 0, None), axis=2)
    area_a, area_b = (np.prod(np.clip(x[:, 2:] - x[:, :2], 0, None), axis=1) for x in (a, b))
    return (both / np.maximum(area_a[:, None] + area_b[None] - both, 1e-9)).astype(np.float32)


def non_maximum_suppression(boxes: Floats, scores: Floats, threshold: float) -> np.ndarray:
    """Indices of the kept boxes, best score first; a box with IoU above ``threshold`` to a better one is dropped."""
    order = np.argsort(-scores, kind="stable")
    iou = box_iou(boxes[order], boxes[order])
    alive = np.ones(len(order), bool)
    for i in range(len(order)):
        if alive[i]:
            alive[i + 1 :] &= iou[i, i + 1 :] <= threshold
    return order[alive]


def grow_box(box: Floats, factor: float, aspect: float | None = None) -> Floats:
    """Boxes (..., 4) padded around their centre to ``aspect`` = width / height, then enlarged by ``factor``."""
    box = np.asarray(box, np.float32)
    centre, size = (box[..., :2] + box[..., 2:]) / 2, box[..., 2:] - box[..., :2]
    if aspect is not None:
        width = np.maximum(size[..., 0], size[..., 1] * aspect)
        size = np.stack([width, width / aspect], axis=-1)
    half = size * factor / 2
    return np.concatenate([centre - half, centre + half], axis=-1).astype(np.float32)


def bounding_box(points: Floats) -> Floats:
    """Tight boxes (..., 4) of points (..., P, 2)."""
    return np.concatenate([points.min(axis=-2), points.max(axis=-2)], axis=-1).astype(np.float32)


def crop_matrix(box: Floats, size_wh: tuple[int, int], degrees: float = 0.0) -> np.ndarray:
    """(2, 3) float64 matrix that maps image pixels to a crop of ``size_wh`` pixels.

    The crop shows ``box`` rotated by ``degrees`` about its centre: content that is tilted clockwise by ``degrees`` in
    the image is upright in the crop.  Where the aspects of box and crop differ, the content is stretched.  The outer
    edges (half a pixel beyond the pixel centres) coincide.
    """
    x0, y0, x1, y1 = (float(v) for v in box)
    angle = np.deg2rad(degrees)
    cos, sin = np.cos(angle), np.sin(angle)
    scale_x, scale_y = size_wh[0] / max(x1 - x0, 1e-6), size_wh[1] / max(y1 - y0, 1e-6)
    linear = np.array([[cos * scale_x, sin * scale_x], [-sin * scale_y, cos * scale_y]])
    centre = np.array([(x0 + x1) / 2, (y0 + y1) / 2])
    middle = np.array([(size_wh[0] - 1) / 2, (size_wh[1] - 1) / 2])
    return np.column_stack([linear, middle - linear @ centre])


def invert_affine(matrix: np.ndarray) -> np.ndarray:
    """Inverse of affine matrices (..., 2, 3)."""
    linear = np.linalg.inv(matrix[..., :2])
    return np.concatenate([linear, -linear @ matrix[..., 2:]], axis=-1)


def transform_points(points: np.ndarray, matrix: np.ndarray) -> Floats:
    """Points (..., P, 2) under affine matrices (..., 2, 3)."""
    moved = points @ np.swapaxes(matrix[..., :2], -1, -2) + matrix[..., None, :, 2]
    return moved.astype(np.float32)


def similarity(source: np.ndarray, target: np.ndarray) -> np.ndarray:
    """Least-squares similarity (2, 3) from points (P, 2) to points (P, 2); Umeyama, PAMI 1991."""
    a, b = source[:, 0] + 1j * source[:, 1], target[:, 0] + 1j * target[:, 1]
    a0, b0 = a - a.mean(), b - b.mean()
    turn = cast(Any, np.vdot(a0, b0)) / max(float(cast(Any, np.vdot(a0, a0)).real), 1e-12)
    shift = b.mean() - turn * a.mean()
    return np.array([[turn.real, -turn.imag, shift.real], [turn.imag, turn.real, shift.imag]])
