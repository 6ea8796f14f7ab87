"""Models that need no weights: a face at a fixed place, and a bright figure on a dark wall whose joints are exact."""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from vision.layouts import FACE_LINES
from vision.types import Detections, Faces, Floats, Frame, Image
from vision.video import write_video
from webui.service import Loaders, Models

JUMPS_PER_SECOND = 2.0


def face_at(box: tuple[float, float, float, float]) -> Faces:
    """One upright face drawn with ellipses into a box (x0, y0, x1, y1)."""
    x0, y0, x1, y1 = box
    points = np.zeros((106, 2))
    for name, (cx, cy, rx, ry) in {
        "brow_left": (0.3, 0.33, 0.13, 0.02), "brow_right": (0.7, 0.33, 0.13, 0.02),
        "nose_side": (0.5, 0.6, 0.1, 0.05), "eye_left": (0.32, 0.42, 0.08, 0.03), "eye_right": (0.68, 0.42, 0.08, 0.03),
        "lips_outer": (0.5, 0.78, 0.15, 0.05), "lips_inner": (0.5, 0.78, 0.1, 0.02),
    }.items():  # fmt: skip
        line = list(dict.fromkeys(FACE_LINES[name]))
        turn = np.pi + np.linspace(0, 2 * np.pi, len(line), endpoint=False)
        points[line] = np.column_stack([cx + rx * np.cos(turn), cy + ry * np.sin(turn)])
    turn = np.linspace(np.pi, 0, 33)
    points[:33] = np.column_stack([0.5 + 0.5 * np.cos(turn), 0.35 + 0.65 * np.sin(turn)])
    points[51:55] = [[0.5, y] for y in (0.42, 0.48, 0.54, 0.6)]
    points[[74, 104]], points[[83, 105]] = (0.32, 0.42), (0.68, 0.42)
    points = points * [x1 - x0, y1 - y0] + [x0, y0]
    return Faces([box], [0.97], points[None, [104, 105, 54, 84, 90]], points[None], [[3.0, -12.0, 1.5]])


class FaceInTheMiddle:
    """One face in the middle of the upper half; none in a picture that is nearly black.  Counts its searches."""

    searches = 0

    def __call__(self, image: Image) -> Faces:
        self.searches += 1
        if image.mean() < 3:
            return Faces.none()
        height, width = image.shape[:2]
        return face_at((0.32 * width, 0.12 * height, 0.62 * width, 0.5 * height))

    def follow(self, image: Image, before: Faces) -> Faces:
        return before if image.mean() >= 3 else Faces.none()


find_face = FaceInTheMiddle()


def find_figure(image: Image) -> Detections:
    """The box of the bright pixels."""
    rows, columns = np.nonzero(image[..., 0] > 128)
    if len(rows) == 0:
        return Detections([], [])
    return Detections([[columns.min(), rows.min(), columns.max(), rows.max()]], [0.9])


class FigurePose:
    """Joints of the figure, read from its pixels; ``delay`` seconds for each picture and a counter of calls."""

    def __init__(self, delay: float = 0.0) -> None:
        self.delay, self.seen = delay, 0

    def __call__(self, images: Sequence[Image], boxes: Floats) -> Floats:
        self.seen += len(images)
        time.sleep(self.delay * len(images))
        return np.stack([self._joints(image) for image in images])

    def _joints(self, image: Image) -> Floats:
        shape = np.array(
            [[0, 0.05], [0.03, 0.03], [-0.03, 0.03], [0.06, 0.04], [-0.06, 0.04], [0.12, 0.2], [-0.12, 0.2],
             [0.18, 0.35], [-0.18, 0.35], [0.22, 0.5], [-0.22, 0.5], [0.08, 0.52], [-0.08, 0.52], [0.08, 0.75],
             [-0.08, 0.75], [0.08, 0.97], [-0.08, 0.97]]
        )  # fmt: skip
        box = find_figure(image).boxes
        if len(box) == 0:
            return np.zeros((17, 3), np.float32)
        x0, y0, x1, y1 = box[0]
        points = shape * (y1 - y0) + [(x0 + x1) / 2, y0]
        return np.column_stack([points, np.full(17, 0.9)]).astype(np.float32)


def fake_models(delay: float = 0.0) -> Models:
    """Models made of the functions above."""
    return Models(Loaders(lambda: find_face, lambda: find_figure, lambda: FigurePose(delay)))


def jumping_video(path: Path, seconds: float = 4.0, size_wh: tuple[int, int] = (320, 240)) -> Path:
    """A bright figure that jumps twice a second, 30 frames a second."""
    width, height = size_wh

    def frames():
        for i in range(round(seconds * 30)):
            image = np.full((height, width, 3), 30, np.uint8)
            phase = (i / 30 * JUMPS_PER_SECOND) % 1
            rise = round(0.08 * height * max(0.0, 1 - ((phase - 0.5) / 0.3) ** 2))
            image[height // 5 - rise : 9 * height // 10 - rise, width // 2 - 20 : width // 2 + 20] = 220
            yield Frame(image, i / 30)

    write_video(path, frames())
    return path


def wait_until(condition, seconds: float = 30.0) -> bool:
    """Whether a condition came true in time."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if condition():
            return True
        time.sleep(0.05)
    return False


def video_threads() -> int:
    """How many video jobs are running."""
    return sum(thread.name == "video" for thread in threading.enumerate())
