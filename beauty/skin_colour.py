"""How a face looks, and how much every pixel looks like its skin.

A Gaussian in Lab whose mean follows the light over the face: no fixed colour bounds, so that any
skin tone and monochrome pictures work; the texture of hair and beards speaks against a pixel.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import cast

import cv2
import numpy as np

from beauty.curves import smooth
from beauty.frame import FaceFrame

TEMPORAL_SHARE = 0.2
"""Share of a new video frame in what is known of a face."""


DARKEST = 0.42
"""Skin in the shade keeps this share of the face's lightness; darker glasses and hair do not."""


SAMPLES = 20_000
"""Pixels of which the skin's colour is learnt at most."""


FOREIGN = 16.0, 24.0
"""Distance in Lab chroma from the skin's colours in any light, from which something may be no skin, and is none."""


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
    fine = lightness - cv2.GaussianBlur(lightness, (0, 0), max(0.006 * width, 0.8))
    return np.log(np.sqrt(cv2.GaussianBlur(fine * fine, (0, 0), max(0.012 * width, 1.2))) + 0.7)


def skin_colour(lab: np.ndarray, rough: np.ndarray, core: np.ndarray, frame: FaceFrame) -> Appearance:
    """Robust mean and covariance of the skin, started on cheeks and nose and grown over the face."""
    seed = np.zeros(lab.shape[:2], np.uint8)
    for part in ((1, 4, 7, 84, 57, 73, 66), (31, 28, 25, 90, 63, 80, 79), (51, 57, 63)):
        cv2.fillPoly(seed, [np.round(frame.points[list(part)]).astype(np.int32)], 1)
    start = (seed > 0) & core
    start = start if start.sum() >= 30 else core if core.any() else np.ones_like(core)
    mean = np.median(lab[start], axis=0).astype(np.float64)
    usual = float(np.median(rough[start]))
    chosen = lab[core if core.sum() >= 30 else start]
    chosen = chosen[:: -(-len(chosen) // SAMPLES)].astype(np.float64)
    chosen = chosen[foreign(chosen, mean) < 0.5]
    spread = 1.5 * np.median(np.abs(lab[start] - mean), axis=0) + (5, 3, 3)
    inverse = np.diag(1 / spread**2)
    for _ in range(4):
        gap = chosen - mean
        near = np.einsum("ni,ij,nj->n", gap, inverse, gap) < 7
        if near.sum() < 30:
            break
        mean = chosen[near].mean(axis=0)
        inverse = np.linalg.inv(1.4 * np.cov(chosen[near].T) + np.diag([16.0, 3.0, 3.0]))
    return Appearance(mean, inverse, usual)


def foreign(lab: np.ndarray, mean: np.ndarray) -> np.ndarray:
    """How surely colours (..., 3) are no skin in any light, in [0, 1]: paint, feathers, coloured frames.

    Their chroma lies off the line from grey through the skin's ``mean``, on which shade and shine lie; towards red half
    as far, for blemishes and lips do so too.
    """
    hue = mean[1:] / max(float(mean[1:] @ mean[1:]), 25.0)
    share = np.clip(lab[..., 1] * hue[0] + lab[..., 2] * hue[1], 0, 1.5)
    redder, yellower = lab[..., 1] - share * mean[1], lab[..., 2] - share * mean[2]
    return smooth(np.hypot(np.where(redder > 0, 0.5, 1) * redder, yellower), *FOREIGN)


def skin_distance(
    lab: np.ndarray,
    rough: np.ndarray,
    core: np.ndarray,
    neck: np.ndarray,
    face: np.ndarray,
    colour: Appearance,
    width: float,
) -> np.ndarray:
    """Distance (rows, cols) from the face's colour, from the skin's colour round about, and of hair's texture.

    Shine on the face and shade on the neck count half; ``core`` is where the skin round about is learned.  Inside the
    ``face``, a bool mask, skin may lie in any light; beside it that would let in walls of a similar colour.
    """
    if np.hypot(*colour.mean[1:]) < 5:
        neck = np.zeros_like(neck)  # without colour, shaded skin cannot be told from dark cloth
    wide = mahalanobis(_eased(lab - colour.mean.astype(np.float32), core, neck), colour.inverse)
    first = (core | neck) * (1 - smooth(np.sqrt(wide), 2.0, 3.2))
    local = _local_mean(lab, first, colour.mean, 0.11 * width)
    narrow = np.linalg.inv(np.linalg.inv(colour.inverse) * 0.45 + np.diag([12.0, 2.0, 2.0]))
    near = mahalanobis(_eased(lab - local, core, neck), narrow)
    hairy = np.clip(rough - colour.texture - 0.75, 0, None)
    black = np.clip(DARKEST - lab[..., 0] / max(float(colour.mean[0]), 5), 0, None) / 0.04
    strict = np.sqrt(near + 0.3 * wide)
    return np.where(face, np.minimum(strict, _shaded(lab, local, colour)), strict) + 1.6 * hairy + black


def _shaded(lab: np.ndarray, local: np.ndarray, colour: Appearance) -> np.ndarray:
    """Distance (rows, cols) from the skin round about in another light: darker with its hue, or lighter and paler.

    Shade scales all channels alike and shine adds white (the dichromatic model; Shafer, 1985).  What is darker than
    half is not told from hair, and skin without colour not from anything.
    """
    ratio = lab[..., 0] / np.maximum(local[..., 0], 5)
    chroma = np.minimum(ratio, 1) - 0.6 * np.clip((ratio - 1) / 0.6, 0, 1)
    gap = np.hypot(*(lab[..., k] - chroma * local[..., k] for k in (1, 2)))
    grey = 1 - smooth(np.hypot(*colour.mean[1:]), 6, 12)
    return 1.4 + gap / 4 + np.clip(0.6 - ratio, 0, None) / 0.06 + 10 * grey


def skin_probability(distance: np.ndarray) -> np.ndarray:
    """Probability of skin (rows, cols) by its distance alone."""
    return 1 - smooth(distance, 2.5, 4.0)


def _eased(gap: np.ndarray, core: np.ndarray, neck: np.ndarray) -> np.ndarray:
    """Colour differences (rows, cols, 3), halved for shine on the face and, in lightness, for shade on the neck."""
    lightness = gap[..., 0]
    shine, shade = core & (lightness > 0), neck & (lightness < 0)
    eased = gap * np.where(shine, np.float32(0.5), np.float32(1))[..., None]
    eased[..., 0] *= np.where(shade, np.float32(0.55), np.float32(1))
    return eased


def mahalanobis(gap: np.ndarray, inverse: np.ndarray) -> np.ndarray:
    """Squared Mahalanobis distance of colour differences (rows, cols, 3)."""
    return np.einsum("yxi,yxi->yx", gap @ inverse.astype(np.float32), gap)


def _local_mean(lab: np.ndarray, weight: np.ndarray, mean: np.ndarray, sigma: float) -> np.ndarray:
    """The weighted mean colour round every pixel, at a quarter of the size; ``mean`` where nothing is near."""
    shape = lab.shape[1::-1]
    small = (max(shape[0] // 4, 2), max(shape[1] // 4, 2))
    packed = np.dstack([lab * weight[..., None], weight])
    packed = cv2.GaussianBlur(cv2.resize(packed, small, interpolation=cv2.INTER_AREA), (0, 0), max(sigma / 4, 0.8))
    ease = 0.02
    colour = (packed[..., :3] + ease * mean.astype(np.float32)) / (packed[..., 3:] + ease)
    return cv2.resize(colour, shape, interpolation=cv2.INTER_LINEAR)


def glasses(lightness: np.ndarray, frame: FaceFrame) -> float:
    """Whether the bridge of a pair of glasses crosses the root of the nose: a strong edge over smooth skin."""
    w, local = frame.width, frame.local(frame.points)
    root = (local[51] + local[[70, 75]].mean(0)) / 2
    heights = np.arange(-0.12, 0.09, 0.004) * w + root[1]
    across = root[0] + np.linspace(-0.02, 0.02, 5) * w
    grid = cast(tuple[np.ndarray, ...], np.meshgrid(across, heights))
    at = frame.pixels(np.stack(grid, axis=-1)).astype(np.float32)
    even = cv2.GaussianBlur(lightness, (0, 0), max(0.005 * w, 0.6))
    profile = cv2.remap(even, at[..., 0], at[..., 1], cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    steps = np.abs(profile[4:] - profile[:-4])
    return float(smooth(np.array(np.median(steps.max(axis=0))), 9.0, 18.0))
