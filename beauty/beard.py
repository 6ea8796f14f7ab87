"""Where a beard grows: darker than the cheeks of its side and rougher than they are, on the lower face.

Shade is dark but smooth and pores are rough but light, so that both together tell hair; whether the
face has a beard at all is judged over the whole lower face, which keeps folds and single shadows out.
"""

from __future__ import annotations

from typing import cast

import cv2
import numpy as np

from beauty.curves import smooth
from beauty.frame import FaceFrame

CHEEKS = ((2, 4, 5, 57, 73, 66), (51, 57, 63), (30, 28, 27, 63, 80, 79))
"""Polygons of points on the left cheek, the nose and the right cheek, where next to no beard grows."""

BEARDED = 0.2, 0.34
"""Share of the lower face with signs of hair, between that of a shaven face and that of a beard."""


def hair_signs(
    lab: np.ndarray, rough: np.ndarray, core: np.ndarray, zone: np.ndarray, frame: FaceFrame
) -> tuple[np.ndarray, float]:
    """How much each pixel of ``zone`` looks like beard (rows, cols) in [0, 1], and the mean of it over the lower face.

    ``lab`` and ``rough`` are the picture's colour and log roughness, ``core`` the bool mask of the
    face proper, ``zone`` where the points let a beard grow.
    """
    w = frame.width
    light, usual = _cheeks(lab[..., 0], rough, core, frame)
    even = cv2.GaussianBlur(lab[..., 0], (0, 0), max(0.012 * w, 0.6))
    dark = 1 - even / np.maximum(light, 10)
    signs = zone * smooth(dark, 0.12, 0.35) * smooth(rough - usual, 0.0, 0.35)
    size = 2 * max(round(0.05 * w), 1) + 1
    near = cv2.blur(signs, (size, size)) / np.maximum(cv2.blur(zone, (size, size)), 0.05)
    inner = zone * core
    share = float((signs * inner).sum() / max(float(inner.sum()), 1.0))
    return zone * smooth(near, 0.2, 0.4) * smooth(dark, 0.08, 0.22), share


def beard(likely: np.ndarray, share: float) -> np.ndarray:
    """The mask (rows, cols) of the beard: nothing on a face with few signs of hair."""
    return likely * smooth(np.array(share), *BEARDED)


def _cheeks(lightness: np.ndarray, rough: np.ndarray, core: np.ndarray, frame: FaceFrame) -> tuple[np.ndarray, float]:
    """Lightness (rows, cols) of the cheeks, across the face from one to the other, and their usual roughness."""
    places, lights, textures = list[float](), list[float](), list[float]()
    for part in CHEEKS:
        polygon = frame.points[list(part)]
        filled = np.zeros(core.shape, np.uint8)
        cv2.fillPoly(filled, [np.round(polygon).astype(np.int32)], 1)
        here = core & (filled > 0)
        if here.sum() >= 10:
            places.append(float(frame.local(polygon)[:, 0].mean()))
            lights.append(float(np.median(lightness[here])))
            textures.append(float(np.median(rough[here])))
    if not places:
        return np.zeros_like(lightness), 0.0
    order = np.argsort(places)
    y, x = np.ogrid[: core.shape[0], : core.shape[1]]
    across = (x - frame.origin[0]) * frame.right[0] + (y - frame.origin[1]) * frame.right[1]
    light = cast(np.ndarray, np.interp(across, np.array(places)[order], np.array(lights)[order]))
    return light.astype(np.float32), float(np.median(textures))
