"""Photometric augmentation of a training picture, without geometric changes."""

from __future__ import annotations

import cv2
import numpy as np

from vision.types import Image


def change_colours(image: Image, rng: np.random.Generator) -> Image:
    """Gamma, contrast, brightness and colour cast by one lookup per channel; sometimes grey."""
    ramp = np.linspace(0, 1, 256)
    gamma, gain, lift = np.exp(rng.normal(0, 0.25)), np.exp(rng.normal(0, 0.2)), rng.normal(0, 0.06)
    cast = np.exp(rng.normal(0, 0.08, 3))
    tables = np.clip((ramp[:, None] ** gamma * gain + lift) * cast, 0, 1) * 255
    if rng.random() < 0.1:
        image = cv2.cvtColor(cv2.cvtColor(image, cv2.COLOR_RGB2GRAY), cv2.COLOR_GRAY2RGB)  # type: ignore[assignment]  # OpenCV's types tell no dtype
    return cv2.LUT(image, tables.astype(np.uint8)[None])  # type: ignore[return-value]  # OpenCV's types tell no dtype


def _motion(rng: np.random.Generator, longest: int) -> np.ndarray:
    """A straight motion kernel of random length and direction."""
    length = int(rng.integers(3, longest))
    kernel = np.zeros((length, length), np.float32)
    angle, middle = rng.uniform(0, np.pi), (length - 1) / 2
    for t in np.linspace(-middle, middle, 2 * length):
        kernel[round(middle + t * np.sin(angle)), round(middle + t * np.cos(angle))] = 1
    return kernel / kernel.sum()


def degrade(image: Image, rng: np.random.Generator) -> Image:
    """One of: low resolution, motion blur, compression, noise."""
    height, width = image.shape[:2]
    kind = rng.integers(4)
    if kind == 0:
        factor = rng.uniform(0.2, 0.7)
        small = cv2.resize(image, None, fx=factor, fy=factor, interpolation=cv2.INTER_AREA)
        return cv2.resize(small, (width, height), interpolation=cv2.INTER_LINEAR)  # type: ignore[return-value]  # OpenCV's types tell no dtype
    if kind == 1:
        return cv2.filter2D(image, -1, _motion(rng, max(4, height // 20)))  # type: ignore[return-value]  # OpenCV's types tell no dtype
    if kind == 2:
        quality = [cv2.IMWRITE_JPEG_QUALITY, int(rng.integers(8, 50))]
        return cv2.imdecode(cv2.imencode(".jpg", image, quality)[1], cv2.IMREAD_COLOR)  # type: ignore[return-value]  # OpenCV's types tell no dtype
    noise = rng.normal(0, rng.uniform(3, 18), image.shape)
    return np.clip(image + noise, 0, 255).astype(np.uint8)


def occlude(image: Image, other: Image, rng: np.random.Generator) -> np.ndarray:
    """One to three patches of ``other`` or of plain colour, in place; returns what is covered, a bool (H, W)."""
    height, width = image.shape[:2]
    other = cv2.resize(other, (width, height))  # type: ignore[assignment]  # OpenCV's types tell no dtype
    covered = np.zeros((height, width), bool)
    for _ in range(rng.integers(1, 4)):
        h, w = (int(rng.uniform(0.08, 0.35) * n) for n in (height, width))
        y, x = rng.integers(0, height - h), rng.integers(0, width - w)
        covered[y : y + h, x : x + w] = True
        if rng.random() < 0.7:
            v, u = rng.integers(0, height - h), rng.integers(0, width - w)
            image[y : y + h, x : x + w] = other[v : v + h, u : u + w]
        else:
            image[y : y + h, x : x + w] = rng.integers(0, 256, 3)
    return covered
