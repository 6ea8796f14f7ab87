"""Whether glasses are worn, by the picture alone, for faces of which the network does not tell it."""

from __future__ import annotations

from typing import cast

import cv2
import numpy as np

from beauty.curves import Range, smooth
from beauty.filters import Sigma, gaussian
from beauty.frame import FaceFrame
from beauty.points import INNER_CORNERS, NOSE_ROOT

HEIGHTS, ASIDE = Range(-0.12, 0.09), 0.02
"""Where a bridge is looked for, in face widths: heights from the root of the nose, between the eyes, and how far to
either side of it."""

STEP, COLUMNS, RISE = 0.004, 5, 4
"""Distance of two samples along a column in face widths, number of columns, and samples over which the rim of a bridge
is crossed."""

EVEN, EDGE = Sigma(0.005, 0.6), Range(9.0, 18.0)
"""Blur of the lightness, finer than a bridge, and its change in L* from which there may be one, and from
which there is one."""


def glasses(lightness: np.ndarray, frame: FaceFrame) -> float:
    """Whether the bridge of a pair of glasses crosses the root of the nose: a strong edge over smooth skin."""
    w, local = frame.width, frame.local(frame.points)
    root = (local[NOSE_ROOT] + local[list(INNER_CORNERS)].mean(0)) / 2
    heights = np.arange(*HEIGHTS, STEP) * w + root[1]
    across = root[0] + np.linspace(-ASIDE, ASIDE, COLUMNS) * w
    grid = cast(tuple[np.ndarray, ...], np.meshgrid(across, heights))
    at = frame.pixels(np.stack(grid, axis=-1)).astype(np.float32)
    even = gaussian(lightness, EVEN, w)
    profile = cv2.remap(even, at[..., 0], at[..., 1], cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    steps = np.abs(profile[RISE:] - profile[:-RISE])
    return float(smooth(np.array(np.median(steps.max(axis=0))), *EDGE))
