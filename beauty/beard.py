"""Where a beard grows: darker than the cheeks of its side and rougher than they are, on the lower face.

Shade is dark but smooth and pores are rough but light, so that both together tell hair; whether the
face has a beard at all is judged over the whole lower face, which keeps folds and single shadows out.
"""

from __future__ import annotations

from typing import cast

import cv2
import numpy as np

from beauty.curves import Range, smooth
from beauty.filters import Sigma, gaussian, side
from beauty.frame import FaceFrame

CHEEKS = ((2, 4, 5, 57, 73, 66), (51, 57, 63), (30, 28, 27, 63, 80, 79))
"""Polygons of points on the left cheek, the nose and the right cheek, where next to no beard grows."""

FEWEST, LEAST_LIGHT = 10, 10.0
"""Pixels of such a polygon from which on it is looked at, and the lightness L* that its skin has at least."""

EVEN = Sigma(0.012, 0.6)
"""Blur of the lightness, coarser than single hairs."""

DARKER, ROUGHER = Range(0.12, 0.35), Range(0.0, 0.35)
"""Signs of hair: how much darker than the cheeks, in shares of their lightness, and how much rougher (log contrast)."""

ROUND_ABOUT, LEAST_ZONE = 0.05, 0.05
"""Half the side, in face widths, of the square over which signs are averaged, for hairs have gaps, and the part of it
that must be zone of the beard for the average to count in full."""

DENSE, DARK = Range(0.2, 0.4), Range(0.08, 0.22)
"""Signs round about from which a pixel is beard, if it is also so much darker than the cheeks itself."""

BEARDED = Range(0.2, 0.34)
"""Share of the lower face with signs of hair from which a face has a beard: shaven ones were seen to have up to .19,
stubble .26, beards .34 and more."""


def hair_signs(
    lab: np.ndarray, rough: np.ndarray, core: np.ndarray, zone: np.ndarray, frame: FaceFrame
) -> tuple[np.ndarray, float]:
    """How much each pixel of ``zone`` looks like beard (rows, cols) in [0, 1], and the mean of it over the lower face.

    ``lab`` and ``rough`` are the picture's colour and log roughness, ``core`` the bool mask of the
    face proper, ``zone`` where the points let a beard grow.
    """
    w = frame.width
    light, usual = _cheeks(lab[..., 0], rough, core, frame)
    dark = 1 - gaussian(lab[..., 0], EVEN, w) / np.maximum(light, LEAST_LIGHT)
    signs = zone * smooth(dark, *DARKER) * smooth(rough - usual, *ROUGHER)
    size = side(ROUND_ABOUT * w)
    near = cv2.blur(signs, (size, size)) / np.maximum(cv2.blur(zone, (size, size)), LEAST_ZONE)
    inner = zone * core
    share = float((signs * inner).sum() / max(float(inner.sum()), 1.0))
    return zone * smooth(near, *DENSE) * smooth(dark, *DARK), share


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
        if here.sum() >= FEWEST:
            places.append(float(frame.local(polygon)[:, 0].mean()))
            lights.append(float(np.median(lightness[here])))
            textures.append(float(np.median(rough[here])))
    if not places:
        return np.zeros_like(lightness), 0.0
    order = np.argsort(places)
    light = cast(np.ndarray, np.interp(frame.grid(core.shape)[0], np.array(places)[order], np.array(lights)[order]))
    return light.astype(np.float32), float(np.median(textures))
