"""How a face looks: the colour of its skin, learnt from the picture, and its texture.

A Gaussian in Lab, with no fixed colour bounds, so that any skin tone and monochrome pictures work.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from beauty.curves import Range, smooth
from beauty.filters import Sigma, gaussian
from beauty.frame import FaceFrame

TEMPORAL_SHARE = 0.2
"""Share of a new video frame in what is known of a face."""

MAD_TO_SIGMA = 1.5
"""Standard deviation of a Gaussian, roughly, in median absolute deviations."""

HAIR, ROUND_ABOUT, EVEN = Sigma(0.006, 0.8), Sigma(0.012, 1.2), 0.7
"""Roughness: what is finer than hairs, averaged round about, and what is added to it in L*, so that even skin and
noise differ little."""

# Learning the skin's colour.  Lab units, the lightness first.

SEEDS = (1, 4, 7, 84, 57, 73, 66), (31, 28, 25, 90, 63, 80, 79), (51, 57, 63)
"""Polygons of points on the cheeks and the nose, where the skin's colour is first looked for."""

SAMPLES, FEWEST = 20_000, 30
"""Pixels of which it is learnt at most and at least."""

START_SPREAD, SPREAD = (5, 3, 3), (16.0, 3.0, 3.0)
"""Added to the first standard deviations and to the later variances, for noise and shading: light varies most."""

ROUNDS, WITHIN, WIDENED = 4, 7, 1.4
"""Rounds in which it grows over the face; the squared Mahalanobis distance within which pixels are taken (.93 of a
Gaussian); and what their covariance, from which the tails were cut, is multiplied by."""

# Colours of no skin.

FOREIGN = Range(16.0, 24.0)
"""Distance in Lab chroma from the skin's colours in any light, from which something may be no skin, and is none."""

LIKELY_FOREIGN, REDDER, PALEST, BRIGHTEST = 0.5, 0.5, 25.0, 1.5
"""Likelihood from which a colour is not learnt from; weight of that distance towards red, for blemishes and lips are
redder than skin; squared chroma that the skin's hue has at least; chroma that skin in bright light has at most, in
times of the usual."""


@dataclass(frozen=True)
class Appearance:
    """How a face looks: its skin's ``mean`` (3,) and ``inverse`` covariance (3, 3) in Lab and usual log roughness.

    ``glasses`` is 0, or up to 1 when a frame crosses the nose; ``finer`` bounds the band of its blotches (``skin.py``);
    ``beard`` is the share of the lower face with signs of hair (``beard.py``).
    """

    mean: np.ndarray
    inverse: np.ndarray
    texture: float
    glasses: float = 0.0
    finer: float = 0.008
    beard: float = 0.0

    def mixed(self, other: Appearance, share: float) -> Appearance:
        """This look with ``share`` of another one (for steady masks in videos)."""
        return Appearance(
            self.mean + share * (other.mean - self.mean),
            self.inverse + share * (other.inverse - self.inverse),
            self.texture + share * (other.texture - self.texture),
            self.glasses + share * (other.glasses - self.glasses),
            self.finer + share * (other.finer - self.finer),
            self.beard + share * (other.beard - self.beard),
        )


def roughness(lightness: np.ndarray, width: float) -> np.ndarray:
    """Log of the local contrast at the scale of hairs."""
    fine = lightness - gaussian(lightness, HAIR, width)
    return np.log(np.sqrt(gaussian(fine * fine, ROUND_ABOUT, width)) + EVEN)


def skin_colour(lab: np.ndarray, rough: np.ndarray, core: np.ndarray, frame: FaceFrame) -> Appearance:
    """Robust mean and covariance of the skin, started on cheeks and nose and grown over the face."""
    seed = np.zeros(lab.shape[:2], np.uint8)
    for part in SEEDS:
        cv2.fillPoly(seed, [np.round(frame.points[list(part)]).astype(np.int32)], 1)
    start = (seed > 0) & core
    start = start if start.sum() >= FEWEST else core if core.any() else np.ones_like(core)
    mean = np.median(lab[start], axis=0).astype(np.float64)
    usual = float(np.median(rough[start]))
    chosen = lab[core if core.sum() >= FEWEST else start]
    chosen = chosen[:: -(-len(chosen) // SAMPLES)].astype(np.float64)
    chosen = chosen[foreign(chosen, mean) < LIKELY_FOREIGN]
    spread = MAD_TO_SIGMA * np.median(np.abs(lab[start] - mean), axis=0) + START_SPREAD
    inverse = np.diag(1 / spread**2)
    for _ in range(ROUNDS):
        gap = chosen - mean
        near = np.einsum("ni,ij,nj->n", gap, inverse, gap) < WITHIN
        if near.sum() < FEWEST:
            break
        mean = chosen[near].mean(axis=0)
        inverse = np.linalg.inv(WIDENED * np.cov(chosen[near].T) + np.diag(SPREAD))
    return Appearance(mean, inverse, usual)


def foreign(lab: np.ndarray, mean: np.ndarray) -> np.ndarray:
    """How surely colours (..., 3) are no skin in any light, in [0, 1]: paint, feathers, coloured frames.

    Their chroma lies off the line from grey through the skin's ``mean``, on which shade and shine lie; towards red half
    as far, for blemishes and lips do so too.
    """
    hue = mean[1:] / max(float(mean[1:] @ mean[1:]), PALEST)
    share = np.clip(lab[..., 1] * hue[0] + lab[..., 2] * hue[1], 0, BRIGHTEST)
    redder, yellower = lab[..., 1] - share * mean[1], lab[..., 2] - share * mean[2]
    return smooth(np.hypot(np.where(redder > 0, REDDER, 1) * redder, yellower), *FOREIGN)
