"""A picture under displacement fields."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np

from beauty.warp import Field
from vision.types import Floats, Image

SAMPLED = 4
"""Pixels round the shifted ones that are cut out too: bicubic sampling needs two of them."""


def warped(image: Image, fields: Sequence[Field], pixels: int) -> Image:
    """The picture under the sum of the fields, sampled once (bicubic); untouched where the fields are 0.

    About ``pixels`` of it are worked on at once.
    """
    if not fields:
        return image
    result = image.copy()
    for field in fields:
        for first, last in field.patch.strips(pixels):
            rows, cols = field.patch.span(first, last)
            shift = _total(fields, rows, cols)
            reach = int(np.ceil(np.abs(shift).max())) + SAMPLED
            top, left = max(rows.start - reach, 0), max(cols.start - reach, 0)
            source = image[top : rows.stop + reach, left : cols.stop + reach]
            xs = np.arange(cols.start - left, cols.stop - left, dtype=np.float32)
            ys = np.arange(rows.start - top, rows.stop - top, dtype=np.float32)
            x, y = shift[..., 0] + xs, shift[..., 1] + ys[:, None]
            result[rows, cols] = cv2.remap(source, x, y, cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE)
    return result


def _total(fields: Sequence[Field], rows: slice, cols: slice) -> Floats:
    """The sum of the fields on a part of the picture."""
    total = np.zeros((rows.stop - rows.start, cols.stop - cols.start, 2), np.float32)
    for field in fields:
        patch = field.patch
        top, low = max(rows.start, patch.y0), min(rows.stop, patch.y0 + patch.height)
        left, right = max(cols.start, patch.x0), min(cols.stop, patch.x0 + patch.width)
        if top >= low or left >= right:
            continue
        first, last = (top - patch.y0) // patch.step, -(-(low - patch.y0) // patch.step)
        big = patch.enlarge(field.shift, first, last)
        above = top - patch.y0 - first * patch.step
        part = big[above : above + low - top, left - patch.x0 : right - patch.x0]
        total[top - rows.start : low - rows.start, left - cols.start : right - cols.start] += part
    return total
