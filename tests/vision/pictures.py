"""Pictures that tell which way up and which way round they are."""

from __future__ import annotations

import numpy as np

from vision.types import Image


def corners(width: int = 64, height: int = 48) -> Image:
    """Red top left, green top right, blue bottom left, grey bottom right."""
    image = np.zeros((height, width, 3), np.uint8)
    h, w = height // 2, width // 2
    image[:h, :w], image[:h, w:] = (220, 30, 30), (30, 200, 30)
    image[h:, :w], image[h:, w:] = (30, 30, 220), (128, 128, 128)
    return image
