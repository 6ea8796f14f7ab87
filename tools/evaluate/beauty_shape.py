"""Measures the retouching's shape controls, from the warp field, never from points that were found again."""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np

from beauty.frame import face_frame
from beauty.pipeline import warp_field
from beauty.points import LEFT_EYE, RIGHT_EYE
from beauty.settings import PRESETS, BeautySettings
from beauty.warp import fields_of, jacobian, move_points
from vision.types import Faces

OFF = PRESETS["off"]


def polygon_area(points: np.ndarray) -> float:
    """Area of a polygon (N, 2), by the shoelace formula."""
    x, y = points.T
    return abs(float(np.dot(x, np.roll(y, 1)) - np.dot(y, np.roll(x, 1)))) / 2


def shape_figures(shape: tuple[int, int], faces: Faces) -> dict[str, float]:
    """Displacement, stability, folds and bent lines of the warp, for the largest face.

    Lines are measured with this face's warp alone, since beside it a neighbour's cheek may move on purpose.
    """
    points, frame = faces.points106[0], face_frame(faces.points106[0], faces.pose[0])
    jaw, eyes = [], []
    for strength in np.linspace(0, 1, 5)[1:]:
        moved = move_points(points, fields_of(shape, faces, replace(OFF, slimming=float(strength))))
        jaw.append(np.mean([np.linalg.norm(moved[i] - moved[32 - i]) for i in range(6, 12)]))
        moved = move_points(points, fields_of(shape, faces, replace(OFF, eyes=float(strength))))
        rims = list(LEFT_EYE), list(RIGHT_EYE)
        eyes.append(np.mean([polygon_area(moved[rim]) / polygon_area(points[rim]) for rim in rims]))
    start = np.mean([np.linalg.norm(points[i] - points[32 - i]) for i in range(6, 12)])
    every = BeautySettings(eyes=1.0, slimming=1.0, chin=-1.0, nose=1.0, mouth=1.0)
    return {
        "jaw width": float(jaw[-1] / start - 1),
        "eye area": float(eyes[-1] - 1),
        "monotonic": float(bool(np.all(np.diff([start, *jaw]) < 0) and np.all(np.diff([1, *eyes]) > 0))),
        "least jacobian": float(jacobian(warp_field(shape, faces, every)).min()),
        "bent lines": bent_lines(
            warp_field(shape, faces[:1], replace(OFF, slimming=1.0)), frame.width, points, frame.right
        ),
    }


def bent_lines(field: np.ndarray, width: float, points: np.ndarray, right: np.ndarray) -> float:
    """Worst bend of straight lines 2 to 25 % of the face width beside the contour, per slimming of one side."""
    down = np.array([-right[1], right[0]])
    slimming = 0.05 * width
    worst = 0.0
    for side in (-1, 1):
        edge = points[int(np.argmax(side * (points[:33] @ right)))]
        for away in (0.02, 0.03, 0.05, 0.08, 0.12, 0.18, 0.25):
            along = np.linspace(-0.6, 1.2, 240)[:, None] * width
            line = (edge + side * away * width * right + along * down).astype(np.float32)
            shift = cv2.remap(field, line[:, :1].copy(), line[:, 1:].copy(), cv2.INTER_LINEAR)[:, 0] @ right
            worst = max(worst, float(np.ptp(shift)) / slimming)
    return worst
