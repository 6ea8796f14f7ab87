"""How far every pixel is from the colour of a face's skin, in standard deviations.

The mean follows the light over the face; skin in the shade and shine are skin, and the texture of hair and beards
speaks against a pixel.
"""

from __future__ import annotations

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

LOCAL, LOCAL_EASE, LOCAL_SMALL, LOCAL_LEAST = 0.11, 0.02, 4, 0.8
"""The skin round about: standard deviation of its mean in face widths; weight of the face's colour in it, which decides
where no skin is near; how many times smaller it is computed; and the least standard deviation there in pixels."""

NARROWED, LOCAL_SPREAD = 0.45, (12.0, 2.0, 2.0)
"""Covariance round about in times of the whole face's, and what is added to it for noise."""

GLOBAL = 0.3
"""Weight of the squared distance from the whole face's colour beside that from the skin round about."""

HAIRY, ROUGH = 0.75, 1.6
"""Log roughness above the face's from which a pixel looks like hair, and the distance that one more unit adds."""

DARKEST, DARK_STEP, LEAST_LIGHT = 0.42, 0.04, 5.0
"""Skin in the shade keeps this share of the face's lightness, darker glasses and hair do not; how much less of it adds
one to the distance; and the lightness L* that the face has at least in this."""

# The same in another light: darker with the skin's hue, or lighter and paler (``_shaded``).

OTHER_LIGHT, CHROMA_STEP = 1.4, 4.0
"""Distance that another light adds in any case, and the difference of chroma that adds one more."""

SHADIEST, SHADE_STEP = 0.6, 0.06
"""Share of the lightness round about below which shade is not told from hair, and how much less adds one."""

SHINIEST, PALER = 0.6, 0.6
"""How much lighter than round about full shine is, and the chroma that it takes away, both as shares."""

GREY, GREY_STEP = Range(6.0, 12.0), 10.0
"""Chroma of the skin up to which another light is not told at all, and from which it is; the distance this adds."""


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
    local = _local_mean(lab, first, colour.mean, LOCAL * width)
    narrow = np.linalg.inv(np.linalg.inv(colour.inverse) * NARROWED + np.diag(LOCAL_SPREAD))
    near = mahalanobis(_eased(lab - local, core, neck), narrow)
    hairy = np.clip(rough - colour.texture - HAIRY, 0, None)
    black = np.clip(DARKEST - lab[..., 0] / max(float(colour.mean[0]), LEAST_LIGHT), 0, None) / DARK_STEP
    strict = np.sqrt(near + GLOBAL * wide)
    return np.where(face, np.minimum(strict, _shaded(lab, local, colour)), strict) + ROUGH * hairy + black


def _shaded(lab: np.ndarray, local: np.ndarray, colour: Appearance) -> np.ndarray:
    """Distance (rows, cols) from the skin round about in another light: darker with its hue, or lighter and paler.

    Shade scales all channels alike and shine adds white (the dichromatic model; Shafer, 1985).  What is darker than
    ``SHADIEST`` is not told from hair, and skin without colour not from anything.
    """
    ratio = lab[..., 0] / np.maximum(local[..., 0], LEAST_LIGHT)
    chroma = np.minimum(ratio, 1) - PALER * np.clip((ratio - 1) / SHINIEST, 0, 1)
    gap = np.hypot(*(lab[..., k] - chroma * local[..., k] for k in (1, 2)))
    grey = 1 - smooth(np.hypot(*colour.mean[1:]), *GREY)
    return OTHER_LIGHT + gap / CHROMA_STEP + np.clip(SHADIEST - ratio, 0, None) / SHADE_STEP + GREY_STEP * grey


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
    small = (max(shape[0] // LOCAL_SMALL, 2), max(shape[1] // LOCAL_SMALL, 2))
    packed = np.dstack([lab * weight[..., None], weight])
    packed = cv2.resize(packed, small, interpolation=cv2.INTER_AREA)
    packed = cv2.GaussianBlur(packed, (0, 0), max(sigma / LOCAL_SMALL, LOCAL_LEAST))
    colour = (packed[..., :3] + LOCAL_EASE * mean.astype(np.float32)) / (packed[..., 3:] + LOCAL_EASE)
    return cv2.resize(colour, shape, interpolation=cv2.INTER_LINEAR)
