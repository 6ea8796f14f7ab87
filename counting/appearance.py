"""Appearance of a person over time: thumbnails of the body, and motion energy above the head.

Each tracked person has a window that follows the smoothed box.  From it every frame gives a grey thumbnail, whose
periodic change has the rate and phase of a motion even where the joints of the legs are swapped, and the mean change
since the previous frame above the head (motion energy, after Bobick and Davis, PAMI 2001).  A rope is too thin to be
detected, but it passes there once a turn.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import cast

import cv2
import numpy as np
from numpy.typing import NDArray

from vision.types import Floats, Frame, Image

Grey = NDArray[np.uint8]

WINDOW = (72, 96)
"""Width and height of the window in its own pixels."""

HEIGHT = 60
"""Height of the box in window pixels: a window is 1.2 box heights wide and 1.6 high."""

TOP = 22
"""Window rows above the box: a rope passes about a third of the body height above the head."""

THUMBNAIL = (24, 32)
"""Width and height of the thumbnails of the window: cells of a twentieth of a body height, 768 bytes."""

GLIDE = 1.0
"""Time constant in seconds of the window behind the box: slower than jumps, so that they stay visible in it."""

NOISE = 4.0
"""Change in grey levels that is sensor noise and is subtracted."""

STRONGEST = 36.0
"""Change in grey levels above the noise at which a pixel is clipped, so that a passer-by weighs no more than a rope."""

SEEN = 0.2
"""Score from which a joint is masked out."""

HEAD = 0.19
"""Radius in box heights of the head around the mean of its joints, which is masked out."""

ABOVE, ARM = 0.08, 0.12
"""Distances in box heights of the zone above the head from the head's joints, and from elbows and wrists."""


@dataclass(eq=False)
class Window:
    """The window of one person: ``middle`` xy and ``height`` of the smoothed box in pixels at ``time`` in seconds."""

    middle: NDArray[np.floating]
    height: float
    time: float

    def glide(self, box: Floats, time: float) -> None:
        """Move a part of the way to the box (4,); a NaN box is ignored."""
        if not np.isfinite(box[0]):
            return
        share = float(np.clip((time - self.time) / GLIDE, 0.0, 1.0))
        self.middle = self.middle + share * ((box[:2] + box[2:]) / 2 - self.middle)
        self.height += share * (max(float(box[3] - box[1]), 1.0) - self.height)
        self.time = time

    def matrix(self) -> NDArray[np.float64]:
        """(2, 3) from picture pixels to window pixels."""
        scale = HEIGHT / self.height
        x = WINDOW[0] / 2 - self.middle[0] * scale
        y = TOP + HEIGHT / 2 - self.middle[1] * scale
        return np.array([[scale, 0, x], [0, scale, y]])


class Appearance:
    """Computes thumbnails and motion energy of people; keeps one image pyramid and a window per person."""

    def __init__(self) -> None:
        self._last: list[Grey] = []
        self._windows: dict[int, Window] = {}

    def forget(self) -> None:
        """Start a new scene."""
        self._last = []
        self._windows = {}

    def add(
        self, frames: Sequence[Frame], people: Sequence[int], boxes: Floats, keypoints: Floats, camera: Floats
    ) -> tuple[NDArray[np.uint8], Floats]:
        """Thumbnails (P, T, 32, 24) and motion energy (P, T) above the head in grey levels.

        ``people`` are keys of the P people, ``boxes`` (P, T, 4), ``keypoints`` (P, T, 17, 3) and ``camera`` (P, T, 2)
        are in pixels of the T frames.  Where a person is not seen, and in the first frame of a scene, all is 0.
        """
        shape = boxes.shape[:2]
        thumbnails = np.zeros((*shape, *THUMBNAIL[::-1]), np.uint8)
        energy = np.zeros(shape, np.float32)
        self._windows = {key: self._windows[key] for key in people if key in self._windows}
        for t, frame in enumerate(frames):
            levels = _pyramid(frame.image)
            for p, key in enumerate(people):
                window = self._window(key, boxes[p, t], camera[p, t], frame.time)
                if window is None or not np.isfinite(boxes[p, t, 0]):
                    continue
                now = _cut(levels, window.matrix())
                thumbnails[p, t] = _thumbnail(now)
                if self._last and self._last[0].shape == levels[0].shape:
                    matrix = window.matrix()
                    matrix[:, 2] += matrix[:, :2] @ camera[p, t]
                    change = cv2.absdiff(now, _cut(self._last, matrix)).astype(np.float32)
                    energy[p, t] = _above(change, keypoints[p, t], window.matrix())
            self._last = levels
        return thumbnails, energy

    def _window(self, key: int, box: Floats, camera: Floats, time: float) -> Window | None:
        """The person's window at this time, moved with the background; None before the person is first seen."""
        window = self._windows.get(key)
        if window is None:
            if not np.isfinite(box[0]):
                return None
            window = Window((box[:2] + box[2:]) / 2, max(float(box[3] - box[1]), 1.0), time)
            self._windows[key] = window
        else:
            window.middle = window.middle + camera
        window.glide(box, time)
        return window


def _pyramid(image: Image) -> list[Grey]:
    """Image pyramid of the green channel: full, half, quarter ... size."""
    levels = [np.asarray(cv2.extractChannel(image, 1), np.uint8)]
    while min(levels[-1].shape) > 2 * WINDOW[1]:
        levels.append(np.asarray(cv2.pyrDown(levels[-1]), np.uint8))
    return levels


def _cut(levels: Sequence[Grey], matrix: NDArray[np.float64]) -> Grey:
    """The window resampled from the pyramid level nearest to its resolution."""
    level = int(np.clip(np.floor(-np.log2(matrix[0, 0])), 0, len(levels) - 1))
    scaled = matrix.copy()
    scaled[:, :2] *= 2**level
    part = cv2.warpAffine(levels[level], scaled, WINDOW, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    return cast(Grey, part)


def _thumbnail(window: Grey) -> Grey:
    return cast(Grey, cv2.resize(window, THUMBNAIL, interpolation=cv2.INTER_AREA))


def _above(change: Floats, pose: Floats, matrix: NDArray[np.float64]) -> float:
    """Mean change above the head, with head and arms masked out; 0 where no head is seen."""
    good = pose[:, 2] > SEEN
    head = np.flatnonzero(good[:7])
    if not len(head):
        return 0.0
    points = pose[:, :2] @ matrix[:, :2].T + matrix[:, 2]
    rows = np.arange(WINDOW[1])[:, None]
    free = np.repeat(rows < points[head, 1].min() - ABOVE * HEIGHT, WINDOW[0], axis=1).astype(np.uint8)
    parts = [(points[head[head < 5]].mean(axis=0) if (head < 5).any() else points[head].mean(axis=0), HEAD)]
    for point, radius in parts + [(points[j], ARM) for j in (7, 8, 9, 10) if good[j]]:
        cv2.circle(free, (round(float(point[0])), round(float(point[1]))), round(radius * HEIGHT), 0, -1)
    return float(np.clip(change[free > 0] - NOISE, 0, STRONGEST).mean()) if free.any() else 0.0
