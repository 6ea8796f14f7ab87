"""Hands at the jaw and hair or hoods over the cheeks, drawn on training faces: where outlines of faces are missed."""

from __future__ import annotations

import cv2
import numpy as np

from vision.types import Floats, Image

FINE = 4
"""Bits of the fractions in drawn coordinates."""


def cover(view: Image, points: Floats, rng: np.random.Generator) -> float:
    """Draw a hand or hair over a face with points (106, 2), in place; returns the covered share of the picture."""
    mask = np.zeros(view.shape[:2], np.uint8)
    side = bool(rng.random() < 0.5)
    paint = view.copy()
    if rng.random() < 0.5:
        _hand(paint, mask, points, side, rng)
    else:
        _hair(paint, mask, points, side, rng)
    soft = cv2.GaussianBlur(mask, (0, 0), rng.uniform(0.5, 1.0))[..., None] / 255
    view[:] = (view * (1 - soft) + cv2.GaussianBlur(paint, (0, 0), 0.6) * soft).round().astype(np.uint8)
    return float((mask > 127).mean())


def _colour(view: Image, point: Floats, rng: np.random.Generator) -> np.ndarray:
    """(3,) about the colour of the view near a point, lighter or darker."""
    x, y = np.clip(point.round().astype(int), 2, np.array(view.shape[1::-1]) - 3)
    near = view[y - 2 : y + 3, x - 2 : x + 3].reshape(-1, 3).mean(axis=0)
    return np.clip(near * rng.uniform(0.75, 1.15) + rng.normal(0, 4, 3), 0, 255)


def _capsule(paint: Image, mask: np.ndarray, ends: np.ndarray, radius: float, colour: np.ndarray) -> None:
    """A finger between two ends (2, 2), darker at its edge."""
    a, b = (tuple(int(v) for v in end * 2**FINE) for end in ends)
    for part, shade in ((1.0, 0.72), (0.75, 0.95), (0.4, 1.05)):
        wide = max(1, round(2 * radius * part))
        cv2.line(paint, a, b, np.clip(colour * shade, 0, 255).tolist(), wide, cv2.LINE_AA, FINE)
    cv2.line(mask, a, b, 255, max(1, round(2 * radius)), cv2.LINE_AA, FINE)


def _hand(paint: Image, mask: np.ndarray, points: Floats, left: bool, rng: np.random.Generator) -> None:
    """A palm below the jaw, and four fingers that reach up along the cheek or in front of the chin."""
    middle, width = points[51:66].mean(axis=0), float(np.ptp(points[:33, 0]))
    jaw = points[int(rng.integers(6, 16) if left else rng.integers(17, 27))]
    away = (jaw - middle) / max(float(np.linalg.norm(jaw - middle)), 1.0)
    colour = _colour(paint, (points[16] + points[57]) / 2, rng)
    palm = jaw + away * width * rng.uniform(0.05, 0.25)
    _capsule(paint, mask, np.stack([palm, palm + [0, width]]), width * rng.uniform(0.14, 0.22), colour)
    turn = np.deg2rad(rng.uniform(-35, 60) * (1 if left else -1))
    along = np.array([np.sin(turn), -np.cos(turn)])
    across = np.array([along[1], -along[0]])
    thick, length = width * rng.uniform(0.035, 0.055), width * rng.uniform(0.25, 0.6)
    for k in rng.permutation(4):
        start = palm + across * (k - 1.5) * 2.1 * thick
        _capsule(paint, mask, np.stack([start, start + along * length * rng.uniform(0.8, 1.1)]), thick, colour)


def _hair(paint: Image, mask: np.ndarray, points: Floats, left: bool, rng: np.random.Generator) -> None:
    """A curtain of hair or cloth from above the brow down over one edge of the cheek, with streaks."""
    rows = np.arange(0, int(rng.integers(8, 18))) if left else np.arange(32, 32 - int(rng.integers(8, 18)), -1)
    middle, width = points[51:66].mean(axis=0), float(np.ptp(points[:33, 0]))
    inner = points[rows] + (middle - points[rows]) * rng.uniform(0.0, 0.35)
    inner = inner + np.cumsum(rng.normal(0, 0.01 * width, inner.shape), axis=0)
    top = inner[:1] + [[0, -width]]
    out = np.array([[-width if left else width, 0]])
    shape = np.concatenate([top, inner, inner[-1:] + [[0, width * rng.uniform(0, 0.5)]]])
    outline = np.concatenate([shape, shape[::-1] + out]).round().astype(np.int32)
    cv2.fillPoly(mask, [outline], 255)
    beside = _colour(paint, points[rows[0]] + out[0] * 0.12, rng)
    colour = beside if rng.random() < 0.6 else np.array([1.0, 0.8, 0.65]) * rng.uniform(10, 200)
    streaks = cv2.GaussianBlur(rng.normal(0, 1, paint.shape[:2]), (0, 0), 0.7, sigmaY=6.0)
    texture = colour * (1 + rng.uniform(0, 1.2) * streaks[..., None])
    paint[mask > 0] = np.clip(texture, 0, 255)[mask > 0].astype(np.uint8)
