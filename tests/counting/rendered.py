"""A drawn jumper, and "networks" that read the joints off the picture: the whole pipeline without weights.

Joint j of person p is a disc whose red is 10 j + 5 and whose green is 60 p + 60 on a black ground; blue is 200.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from vision.geometry import grow_box
from vision.types import Detections, Floats, Frame, Image, PoseTrack


def draw(people: Sequence[Floats], shape: tuple[int, int]) -> Image:
    """A picture (H, W, 3) of stick figures, each (17, 2) in pixels."""
    image = np.zeros((*shape, 3), np.uint8)
    rows, columns = np.ogrid[: shape[0], : shape[1]]
    for p, points in enumerate(people):
        for j, (x, y) in enumerate(points):
            x0, y0 = max(int(x) - 3, 0), max(int(y) - 3, 0)
            part = image[y0 : y0 + 8, x0 : x0 + 8]
            near = np.hypot(columns[:, x0 : x0 + 8] - x, rows[y0 : y0 + 8] - y) <= 2.2
            part[near] = (10 * j + 5, 60 * p + 60, 200)
    return image


def frames_of(tracks: Sequence[PoseTrack], shape: tuple[int, int]) -> Iterator[Frame]:
    """Frames of tracks that share their times."""
    for t, time in enumerate(tracks[0].times):
        yield Frame(draw([track.keypoints[t, :, :2] for track in tracks], shape), float(time))


def find_people(image: Image) -> Detections:
    """One box per green value."""
    boxes = []
    rows, columns = np.nonzero(image[..., 2] == 200)
    green = image[rows, columns, 1]
    for p in range(3):
        x, y = columns[green == 60 * p + 60], rows[green == 60 * p + 60]
        if len(x) > 20:
            boxes.append((x.min() - 5, y.min() - 5, x.max() + 5, y.max() + 5))
    return Detections(np.array(boxes, np.float32).reshape(-1, 4), np.full(len(boxes), 0.9, np.float32))


def estimate_pose(images: Sequence[Image], boxes: Floats) -> Floats:
    """Centres of the discs of the person who fills most of the box, enlarged by a quarter as for pose networks.

    The score is 0.9, or 0.05 for a missing disc.
    """
    return np.stack([_pose(image, box) for image, box in zip(images, boxes, strict=True)])


def _pose(image: Image, box: Floats) -> Floats:
    x0, y0, x1, y1 = (max(0, int(v)) for v in grow_box(box, 1.25))
    part = image[y0 : y1 + 1, x0 : x1 + 1]
    out = np.full((17, 3), 0.05, np.float32)
    out[:, :2] = box[:2]
    rows, columns = np.nonzero(part[..., 2] == 200)
    if not len(rows):
        return out
    joint, person = part[rows, columns, 0], part[rows, columns, 1]
    mine = person == np.bincount(person).argmax()
    for j in range(17):
        at = mine & (joint == 10 * j + 5)
        if at.any():
            out[j] = columns[at].mean() + x0, rows[at].mean() + y0, 0.9
    return out
