"""Low-pass filters and structuring elements, whose sizes are shares of the face width."""

from __future__ import annotations

from typing import NamedTuple

import cv2
import numpy as np

LUMA = 0.299, 0.587, 0.114
"""Weights of R, G and B in the luma (ITU-R BT.601)."""

SHARP = 0.3
"""Standard deviation in pixels below which a weighted blur would change next to nothing and is left out."""

REDUCED = 1.5
"""A wide blur is done on a version so small that its standard deviation is still this many pixels there."""

LEAST_REDUCED = 4
"""Side in pixels below which no version is reduced to."""

LET_IN = 0.02
"""Share of the Gaussian that a mask must let in for its mean to be taken; with less the image stays in part."""


class Sigma(NamedTuple):
    """Standard deviation of a Gaussian: a ``share`` of the face width, but at least ``least`` pixels."""

    share: float
    least: float


def gaussian(image: np.ndarray, sigma: Sigma, width: float) -> np.ndarray:
    """Gaussian mean of an image at a face width in pixels."""
    return cv2.GaussianBlur(image, (0, 0), max(sigma.share * width, sigma.least))


def side(radius: float) -> int:
    """Side of a square that reaches ``radius`` pixels, at least one, beyond the pixel in its middle."""
    return 2 * max(round(radius), 1) + 1


def square(radius: float) -> np.ndarray:
    """A square structuring element that reaches ``radius`` pixels to every side."""
    return np.ones((side(radius), side(radius)), np.uint8)


def disc(radius: float) -> np.ndarray:
    """A round structuring element of ``radius`` pixels."""
    return cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (side(radius), side(radius)))


def luma(image: np.ndarray) -> np.ndarray:
    """The luma (rows, cols) of an image (rows, cols, 3) float32 in R, G, B."""
    return image @ np.array(LUMA, np.float32)


def flat_blur(image: np.ndarray, weight: np.ndarray, sigma: float) -> np.ndarray:
    """A low-pass with a flatter top and a steeper end than a Gaussian: 1 - (1 - g)^2 for the response g."""
    blur = _MaskedBlur(weight, sigma)
    once = blur(image)
    return once + blur(image - once)


def masked_blur(image: np.ndarray, weight: np.ndarray, sigma: float) -> np.ndarray:
    """Gaussian mean of an image (rows, cols, C) over the pixels that ``weight`` (rows, cols) lets in.

    Where next to nothing is let in, the image stays.  Wide blurs are done on a smaller version.
    """
    return _MaskedBlur(weight, sigma)(image)


class _MaskedBlur:
    """``masked_blur`` for images with the same mask and standard deviation."""

    def __init__(self, weight: np.ndarray, sigma: float) -> None:
        self._weight, self._sigma = weight, sigma
        below = _blur(weight, sigma) if sigma >= SHARP else weight
        self._share = np.minimum(below / LET_IN, 1)
        self._inverse = self._share / np.maximum(below, 1e-3)

    def __call__(self, image: np.ndarray) -> np.ndarray:
        if self._sigma < SHARP:
            return image
        mean = _blur(_times(image, self._weight), self._sigma).reshape(image.shape)
        mean = _times(mean, self._inverse)
        return mean if self._share.min() == 1 else mean + _times(image, 1 - self._share)


def _times(image: np.ndarray, factor: np.ndarray) -> np.ndarray:
    """Every channel of an image (rows, cols, C) times a map (rows, cols)."""
    channels: list[np.ndarray] = [factor] * image.shape[2]
    each = factor if len(channels) == 1 else cv2.merge(channels)
    return cv2.multiply(image, np.asarray(each)).reshape(image.shape)


def _blur(image: np.ndarray, sigma: float) -> np.ndarray:
    """Gaussian mean; a wide one on a version reduced by ``step``, whose reduction and enlargement blur as well."""
    step = int(sigma / REDUCED)
    size = image.shape[1] // max(step, 1), image.shape[0] // max(step, 1)
    if step < 2 or min(size) < LEAST_REDUCED:
        return cv2.GaussianBlur(image, (0, 0), sigma)
    small = cv2.resize(image, size, interpolation=cv2.INTER_AREA)
    small = cv2.GaussianBlur(small, (0, 0), np.sqrt((sigma / step) ** 2 - 0.25 * (1 - 1 / step**2)))
    return cv2.resize(small, image.shape[1::-1], interpolation=cv2.INTER_LINEAR)
