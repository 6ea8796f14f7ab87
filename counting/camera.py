"""How the camera moves: what the background does from frame to frame, with the people left out.

Small grey pictures of neighbouring frames are compared.  Corners beside the people are followed by optical flow
(Bouguet, pyramidal Lucas and Kanade, 2000), and RANSAC finds the shift, turn and zoom that most of them agree upon.
That is the camera only if they are the majority and lie all over the picture: no limb, shadow or mirror image of
somebody who jumps does.  Otherwise, and where there is nothing to see, the camera is taken to stand still.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, cast

import cv2
import numpy as np
from numpy.typing import NDArray

from vision.geometry import grow_box
from vision.types import Floats, Frame, Image

Grey = NDArray[np.uint8]

SIDE = 128
"""Longer side in pixels of the small pictures: in them a jump of a small person is still a quarter of a pixel."""

TAPS = 3
"""Samples that a small pixel is the mean of, in either direction: with fewer, fine patterns flicker as they move."""

CELL = 8
"""One corner is looked for in every square of so many small pixels, so that a busy part does not outvote the rest."""

WINDOW = 9
"""Small pixels across the patch that is followed: a cell and its border."""

DETAIL = 5
"""Small pixels across the patch that is searched for corners: where it is larger, a thing is found beside itself."""

TEXTURE = 1e-3
"""Smallest eigenvalue of a patch that is followed, in OpenCV's unit: a slope of one grey level per small pixel in
the direction in which least is seen."""

NEAR = 0.3
"""Small pixels within which a corner agrees with a motion: flow is not more precise than that where light changes."""

MAJORITY = 0.5
"""The corners that agree are at least this share of all that were followed, ..."""

FEWEST = 1 / 8
"""... at least this share of the cells of the picture, ..."""

SPREAD = 0.4
"""... and spread as widely as if they were strewn over this share of the picture.  Of a body, or a body and its
mirror image, it is less than a third; of what lies behind and beside people nearly 1."""

MARGIN = 1.25
"""Boxes of people are grown by so much, as for the pose network: arms, and a body that moves within an interval."""


class Camera:
    """Follows the background of a video; holds one small picture."""

    def __init__(self) -> None:
        self._last: Grey | None = None

    def forget(self) -> None:
        """Another scene follows."""
        self._last = None

    def steps(self, frames: Sequence[Frame], boxes: Floats) -> Floats:
        """How far the background at every person's place moved in every frame since the one before.

        ``boxes`` (P, T, 4) are where the P people are in the T frames, NaN where they are not seen; the answer is
        (P, T, 2) xy in pixels, measured at the middle of the box (of the picture where there is none).  0 where the
        motion is unknown, as in the first frame.
        """
        out = np.zeros((*boxes.shape[:2], 2), np.float32)
        for t, frame in enumerate(frames):
            now = _small(frame.image)
            scale = now.shape[1] / frame.image.shape[1]
            here = boxes[:, t] * scale
            back = None if self._last is None else _way_back(now, self._last, here)
            if back is not None:
                places = np.where(np.isfinite(here), here, [0, 0, *now.shape[::-1]]).reshape(-1, 2, 2).mean(axis=1)
                out[:, t] = (places - places @ back[:, :2].T - back[:, 2]) / scale
            self._last = now
        return out


def _small(image: Image) -> Grey:
    """The green channel with ``SIDE`` pixels on the longer side; only some of a large picture's pixels are read."""
    height, width = image.shape[:2]
    scale = SIDE / max(height, width)
    step = max(1, int(1 / (scale * TAPS)))
    size = max(1, round(width * scale)), max(1, round(height * scale))
    small = np.ascontiguousarray(image[::step, ::step, 1])
    return cast(Grey, cv2.resize(small, size, interpolation=cv2.INTER_AREA))


def _way_back(now: Grey, last: Grey, boxes: Floats) -> NDArray[np.float64] | None:
    """(2, 3) that takes the background of ``now`` to where it was in ``last``; None where that is unknown."""
    if now.shape != last.shape:
        return None
    here, cells = _corners(now, boxes)
    least = max(FEWEST * cells, 3)
    if len(here) < least:
        return None
    size = WINDOW, WINDOW
    there, found, _ = cv2.calcOpticalFlowPyrLK(
        now, last, here, here.copy(), winSize=size, maxLevel=1, minEigThreshold=TEXTURE
    )
    here, there = here[found[:, 0] > 0], there[found[:, 0] > 0]
    if len(here) < least:
        return None
    estimate = cv2.estimateAffinePartial2D(here, there, ransacReprojThreshold=NEAR)
    back, agree = cast(tuple[Any, NDArray[np.uint8]], estimate)  # the matrix may be None, unlike in OpenCV's stubs
    good = here[agree[:, 0] > 0]
    if back is None or len(good) < max(MAJORITY * len(here), least) or _spread(good, now) < SPREAD:
        return None
    return np.asarray(back, np.float64)


def _spread(points: Floats, picture: Grey) -> float:
    """1 for points (N, 2) that are strewn evenly over the picture, less for those that keep together."""
    deviation: Floats = points.std(axis=0)
    return float(12 * np.prod(deviation) / picture.size)


def _corners(grey: Grey, boxes: Floats) -> tuple[Floats, int]:
    """The best corner (N, 2) of every cell that does not lie in a box (P, 4), and the number of all cells."""
    corner = cv2.cornerMinEigenVal(grey, DETAIL)
    for x0, y0, x1, y1 in grow_box(boxes[np.isfinite(boxes[:, 0])], MARGIN).clip(0).astype(int):
        corner[y0 : y1 + 1, x0 : x1 + 1] = 0
    height, width = (n // CELL for n in grey.shape)
    cells = corner[: height * CELL, : width * CELL].reshape(height, CELL, width, CELL).swapaxes(1, 2)
    cells = cells.reshape(height * width, CELL * CELL)
    best = cells.argmax(axis=1)
    rows, columns = np.divmod(np.arange(len(cells)), max(width, 1))
    points = np.stack([columns * CELL + best % CELL, rows * CELL + best // CELL], axis=1).astype(np.float32)
    return points[cells.max(axis=1) > 0], len(cells)
