"""The face's own coordinates, and the patch of the picture in which a face is worked on."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import NamedTuple

import cv2
import numpy as np

from beauty.curves import Range, linear, smooth
from beauty.points import CHIN, CONTOUR, EYES, INNER_BROWS, LEFT_EYE, RIGHT_EYE
from vision.types import Faces, Floats, Image

WORK_WIDTH = 450
"""Face width, in pixels, at which masks and bands are computed (0.4 % of it is 1.8 pixels)."""

TRUSTED = Range(0.5, 0.85)
"""Mean visibility of a part's points at which an effect on it begins, and from which it is full."""

CERTAIN = Range(0.5, 0.7)
"""Score of a face at which effects begin, and from which they are full."""

TURNED = Range(20.0, 40.0)
"""Yaw in degrees, to either side, over which the head's tilt passes from the eye line's to that of the pose."""

WIDE_AS_TALL = 0.8
"""Width of a face, at least, as a share of its height from brows to chin: a profile's contour is narrower."""

LEAST_WIDTH, LEAST_SIDE = 4.0, 4
"""Pixels: no face counts as narrower, so that sizes stay finite, and no patch with a shorter side is worked on."""


class Reach(NamedTuple):
    """What a face's patch takes in, in face widths: all that may change, and what the masks need to see."""

    aside: float = 0.6  # to either side of the middle between the eyes: ears, hair
    above: float = 0.75  # above that middle: forehead, hair
    below: float = 0.5  # below the chin: neck
    contour: float = 0.15  # round every point of the contour: ears of a turned head


REACH = Reach()


@dataclass(frozen=True)
class FaceFrame:
    """One face: ``points`` (106, 2) pixels, ``width`` pixels, ``right`` and ``down`` (2,) unit axes of the head.

    ``origin`` (2,) is the middle between the eyes.  Local coordinates are u along ``right`` and
    v along ``down``, in pixels.  ``visible`` (106,) tells how surely each point can be seen and ``sure`` how surely
    this is a face, both in [0, 1].
    """

    points: np.ndarray
    width: float
    origin: np.ndarray
    right: np.ndarray
    down: np.ndarray
    visible: np.ndarray = field(default_factory=lambda: np.ones(106))
    sure: float = 1.0

    def trust(self, *parts: Sequence[int]) -> float:
        """Strength in [0, 1] that an effect may have which needs all of these parts of the 106 points."""
        return self.sure * min(float(smooth(self.visible[list(rows)].mean(), *TRUSTED)) for rows in parts)

    def local(self, points: np.ndarray) -> np.ndarray:
        """Pixels (..., 2) to local u, v."""
        shifted = np.asarray(points, np.float64) - self.origin
        return np.stack([shifted @ self.right, shifted @ self.down], axis=-1)

    def grid(self, shape: tuple[int, int], origin: np.ndarray | None = None) -> tuple[np.ndarray, np.ndarray]:
        """Local u and v of every pixel of a picture (rows, cols), from the frame's origin or another point (2,)."""
        start = self.origin if origin is None else origin
        y, x = np.ogrid[: shape[0], : shape[1]]
        x, y = x - start[0], y - start[1]
        return x * self.right[0] + y * self.right[1], x * self.down[0] + y * self.down[1]

    def pixels(self, local: np.ndarray) -> np.ndarray:
        """Local u, v (..., 2) to pixels."""
        local = np.asarray(local, np.float64)
        return self.origin + local[..., :1] * self.right + local[..., 1:] * self.down


def frame_of(faces: Faces, index: int) -> FaceFrame:
    """The frame of one of the faces, with what is known of its points."""
    plain = face_frame(faces.points106[index], faces.pose[index])
    sure = float(smooth(faces.scores[index], *CERTAIN))
    return replace(plain, visible=faces.visible[index], sure=sure)


def face_frame(points: np.ndarray, pose: np.ndarray) -> FaceFrame:
    """Axes and size of a face from its points (106, 2) and its head pose (3,) in degrees.

    The tilt is that of the eye line while the face looks at the camera; a turned head's eye line
    is foreshortened and follows the pitch, so that its tilt is taken from the pose.
    """
    points = np.asarray(points, np.float64)
    eyes = points[list(RIGHT_EYE)].mean(0) - points[list(LEFT_EYE)].mean(0)
    by_eyes = np.arctan2(eyes[1], eyes[0])
    turned = linear(abs(float(pose[1])), *TURNED)
    gap = (np.deg2rad(float(pose[2])) - by_eyes + np.pi) % (2 * np.pi) - np.pi
    roll = by_eyes + turned * gap
    right, down = np.array([np.cos(roll), np.sin(roll)]), np.array([-np.sin(roll), np.cos(roll)])
    across = points[CONTOUR] @ right
    tall = (points[CHIN] - points[list(INNER_BROWS)].mean(0)) @ down
    width = max(float(np.ptp(across)), WIDE_AS_TALL * float(tall), LEAST_WIDTH)
    return FaceFrame(points, width, points[EYES].mean(0), right, down)


def usable_faces(faces: Faces) -> list[int]:
    """Indices of the faces that can be worked on: those with finite points and pose."""
    finite = np.isfinite(faces.points106).all(axis=(1, 2)) & np.isfinite(faces.pose).all(axis=1)
    return np.flatnonzero(finite).tolist()


def reach(frame: FaceFrame) -> Floats:
    """Box (4,) of everything that may change for a face: forehead, ears, neck."""
    w, contour, chin = frame.width, frame.points[CONTOUR], float(frame.local(frame.points[CHIN])[1])
    corners = [(u, v) for u in (-REACH.aside * w, REACH.aside * w) for v in (-REACH.above * w, chin + REACH.below * w)]
    margin = REACH.contour * w
    both = np.concatenate([frame.pixels(np.array(corners)), contour - margin, contour + margin])
    return np.concatenate([both.min(0), both.max(0)]).astype(np.float32)


@dataclass(frozen=True)
class Patch:
    """A part of the picture seen at 1 / ``step`` of its size.

    ``x0, y0`` the top left pixel, ``width, height`` its pixels in the picture, ``rows, cols`` the
    size of the small version, which covers the part and up to ``step`` - 1 pixels more.
    """

    x0: int
    y0: int
    width: int
    height: int
    step: int

    @property
    def rows(self) -> int:
        """Rows of the small version."""
        return -(-self.height // self.step)

    @property
    def cols(self) -> int:
        """Columns of the small version."""
        return -(-self.width // self.step)

    def points(self, points: np.ndarray) -> np.ndarray:
        """Picture pixels (..., 2) to pixels of the small version."""
        return (np.asarray(points) - (self.x0, self.y0) + 0.5) / self.step - 0.5

    def grid(self) -> tuple[np.ndarray, np.ndarray]:
        """Picture x (cols,) and y (rows,) of the small version's pixel centres."""
        middle = (self.step - 1) / 2
        return self.x0 + middle + self.step * np.arange(self.cols), self.y0 + middle + self.step * np.arange(self.rows)

    def reduce(self, image: Image) -> np.ndarray:
        """The small version of the picture's part, (rows, cols, 3) uint8, each pixel an area mean."""
        part = image[self.y0 : self.y0 + self.height, self.x0 : self.x0 + self.width]
        if self.step == 1:
            return part.copy()
        below, beside = self.rows * self.step - self.height, self.cols * self.step - self.width
        if below or beside:
            part = cv2.copyMakeBorder(part, 0, below, 0, beside, cv2.BORDER_REPLICATE)
        return cv2.resize(part, (self.cols, self.rows), interpolation=cv2.INTER_AREA)

    def strips(self, pixels: int) -> Iterator[tuple[int, int]]:
        """Row ranges of the small version that cover it, each of about ``pixels`` picture pixels."""
        count = max(1, pixels // (self.cols * self.step * self.step))
        for first in range(0, self.rows, count):
            yield first, min(first + count, self.rows)

    def span(self, first: int, last: int) -> tuple[slice, slice]:
        """The picture's pixels under the small version's rows ``first`` to ``last``."""
        top, low = first * self.step, min(last * self.step, self.height)
        return slice(self.y0 + top, self.y0 + low), slice(self.x0, self.x0 + self.width)

    def enlarge(self, small: np.ndarray, first: int, last: int) -> np.ndarray:
        """Rows ``first`` to ``last`` of a small map (rows, cols[, C]) at the picture's size, bilinear."""
        if self.step == 1:
            return small[first:last]
        above, below = min(first, 1), min(self.rows - last, 1)
        part = small[first - above : last + below]
        size = (self.cols * self.step, len(part) * self.step)
        big = cv2.resize(part, size, interpolation=cv2.INTER_LINEAR)
        height = min(last * self.step, self.height) - first * self.step
        return big[above * self.step : above * self.step + height, : self.width]


def patch_for(frame: FaceFrame, shape_hw: tuple[int, int], width: int = WORK_WIDTH) -> Patch | None:
    """The patch of a face in a picture of (H, W) pixels, or None when it lies outside."""
    x0, y0, x1, y1 = reach(frame)
    left, top = max(int(np.floor(x0)), 0), max(int(np.floor(y0)), 0)
    right, low = min(int(np.ceil(x1)) + 1, shape_hw[1]), min(int(np.ceil(y1)) + 1, shape_hw[0])
    if min(right - left, low - top) < LEAST_SIDE:
        return None
    return Patch(left, top, right - left, low - top, max(1, round(frame.width / width)))
