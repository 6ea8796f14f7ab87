"""How far every pixel is from the colour of a face's skin, in standard deviations.

The mean follows the light over the face; skin in the shade and shine are skin, and the texture of hair and beards
speaks against a pixel.
"""

from __future__ import annotations

from typing import NamedTuple

import cv2
import numpy as np

from beauty.curves import Range, smooth
from beauty.skin_colour import Appearance

SKIN, LEARNT = Range(2.5, 4.0), Range(2.0, 3.2)
"""Distance up to which a pixel is skin and from which it is none; and, stricter, for the skin round about."""

COLOURLESS = 5.0
"""Chroma below which a picture is as good as monochrome: shaded skin cannot be told from dark cloth there."""

SHINE, SHADE = 0.5, 0.55
"""Weights of a colour that is lighter than the skin, on the face, and of the lightness of a darker one, on the neck."""


class RoundAbout(NamedTuple):
    """The skin's colour round about a pixel."""

    sigma: float = 0.11  # standard deviation of its mean, in face widths
    smaller: int = 4  # how many times smaller it is computed ...
    least: float = 0.8  # ... with a standard deviation of at least so many pixels there
    ease: float = 0.02  # weight of the whole face's colour in the mean, which decides where no skin is near
    narrowed: float = 0.45  # covariance in times of the whole face's ...
    spread: tuple[float, float, float] = (12.0, 2.0, 2.0)  # ... and what is added to its variances for noise


class OtherLight(NamedTuple):
    """The same skin in another light: darker with its hue, or lighter and paler (``_shaded``)."""

    least: float = 1.4  # distance that it has in any case
    chroma: float = 4.0  # difference of chroma that adds one
    darkest: float = 0.6  # share of the lightness round about below which shade is not told from hair ...
    darker: float = 0.06  # ... and how much less adds one
    lightest: float = 0.6  # how much lighter than round about full shine is, a share ...
    paler: float = 0.6  # ... and the share of the chroma that it takes away
    grey: Range = Range(6.0, 12.0)  # chroma of the skin up to which it is not told at all, and from which it is ...
    unknown: float = 10.0  # ... and the distance that the former adds


ROUND_ABOUT, OTHER_LIGHT = RoundAbout(), OtherLight()

GLOBAL = 0.3
"""Weight of the squared distance from the whole face's colour beside that from the skin round about."""

HAIRY, ROUGH = 0.75, 1.6
"""Log roughness above the face's from which a pixel looks like hair, and the distance that one more unit adds."""

DARKEST, DARK_STEP, LEAST_LIGHT = 0.42, 0.04, 5.0
"""Skin in the shade keeps this share of the face's lightness, darker glasses and hair do not; how much less of it adds
one to the distance; and the lightness L* that the face has at least in this."""


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
    if np.hypot(*colour.mean[1:]) < COLOURLESS:
        neck = np.zeros_like(neck)
    wide = mahalanobis(_eased(lab - colour.mean.astype(np.float32), core, neck), colour.inverse)
    first = (core | neck) * (1 - smooth(np.sqrt(wide), *LEARNT))
    local = _local_mean(lab, first, colour.mean, ROUND_ABOUT.sigma * width)
    narrow = np.linalg.inv(np.linalg.inv(colour.inverse) * ROUND_ABOUT.narrowed + np.diag(ROUND_ABOUT.spread))
    near = mahalanobis(_eased(lab - local, core, neck), narrow)
    hairy = np.clip(rough - colour.texture - HAIRY, 0, None)
    black = np.clip(DARKEST - lab[..., 0] / max(float(colour.mean[0]), LEAST_LIGHT), 0, None) / DARK_STEP
    strict = np.sqrt(near + GLOBAL * wide)
    return np.where(face, np.minimum(strict, _shaded(lab, local, colour)), strict) + ROUGH * hairy + black


def _shaded(lab: np.ndarray, local: np.ndarray, colour: Appearance) -> np.ndarray:
    """Distance (rows, cols) from the skin round about in another light: darker with its hue, or lighter and paler.

    Shade scales all channels alike and shine adds white (the dichromatic model; Shafer, 1985).  What is darker than
    ``OTHER_LIGHT.darkest`` is not told from hair, and skin without colour not from anything.
    """
    ratio = lab[..., 0] / np.maximum(local[..., 0], LEAST_LIGHT)
    chroma = np.minimum(ratio, 1) - OTHER_LIGHT.paler * np.clip((ratio - 1) / OTHER_LIGHT.lightest, 0, 1)
    gap = np.hypot(*(lab[..., k] - chroma * local[..., k] for k in (1, 2)))
    grey = 1 - smooth(np.hypot(*colour.mean[1:]), *OTHER_LIGHT.grey)
    dark = np.clip(OTHER_LIGHT.darkest - ratio, 0, None) / OTHER_LIGHT.darker
    return OTHER_LIGHT.least + gap / OTHER_LIGHT.chroma + dark + OTHER_LIGHT.unknown * grey


def skin_probability(distance: np.ndarray) -> np.ndarray:
    """Probability of skin (rows, cols) by its distance alone."""
    return 1 - smooth(distance, *SKIN)


def _eased(gap: np.ndarray, core: np.ndarray, neck: np.ndarray) -> np.ndarray:
    """Colour differences (rows, cols, 3), halved for shine on the face and, in lightness, for shade on the neck."""
    lightness = gap[..., 0]
    shine, shade = core & (lightness > 0), neck & (lightness < 0)
    eased = gap * np.where(shine, np.float32(SHINE), np.float32(1))[..., None]
    eased[..., 0] *= np.where(shade, np.float32(SHADE), np.float32(1))
    return eased


def mahalanobis(gap: np.ndarray, inverse: np.ndarray) -> np.ndarray:
    """Squared Mahalanobis distance of colour differences (rows, cols, 3)."""
    return np.einsum("yxi,yxi->yx", gap @ inverse.astype(np.float32), gap)


def _local_mean(lab: np.ndarray, weight: np.ndarray, mean: np.ndarray, sigma: float) -> np.ndarray:
    """The weighted mean colour round every pixel, at a smaller size; ``mean`` where nothing is near."""
    shape = lab.shape[1::-1]
    small = (max(shape[0] // ROUND_ABOUT.smaller, 2), max(shape[1] // ROUND_ABOUT.smaller, 2))
    packed = np.dstack([lab * weight[..., None], weight])
    packed = cv2.resize(packed, small, interpolation=cv2.INTER_AREA)
    packed = cv2.GaussianBlur(packed, (0, 0), max(sigma / ROUND_ABOUT.smaller, ROUND_ABOUT.least))
    colour = (packed[..., :3] + ROUND_ABOUT.ease * mean.astype(np.float32)) / (packed[..., 3:] + ROUND_ABOUT.ease)
    return cv2.resize(colour, shape, interpolation=cv2.INTER_LINEAR)
