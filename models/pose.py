"""Runner of the pose network: person boxes in batches of frames -> 17 joints each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import cast

import cv2
import numpy as np

from models.heatmaps import decode_heatmaps
from models.runtime import RunNetwork
from vision.geometry import bounding_box, crop_matrix, grow_box, invert_affine, transform_points
from vision.layouts import JOINT_MIRROR
from vision.types import Floats, Image

MEAN = np.array([0.485, 0.456, 0.406], np.float32) * 255
STD = np.array([0.229, 0.224, 0.225], np.float32) * 255


CHANNELS_15 = np.array([0, -1, -1, -1, -1, 5, 2, 6, 3, 7, 4, 11, 8, 12, 9, 13, 10])
"""For each of COCO's joints the channel of ModelScope's 15-joint network, -1 for eyes and ears, which it lacks.

Its channels: 0 head, 1 neck, 2-4 right shoulder, elbow, wrist, 5-7 left ones, 8-10 right hip, knee, ankle, 11-13 left
ones, 14 pelvis; neck and pelvis are not among COCO's.  The published code contains only the skeleton and calls 2-4 and
8-10 left.  Its 3D pipeline uses them as the right limbs of Human3.6M, and in a published result they lie at the image
left of an upright person, so here they are the person's right.  Channel 0 is assumed to be the nose, since in that
result it lies a third of the trunk's length above the neck, too low for the top of the head.
"""


def crop_person(
    image: Image, box: Floats, size_wh: tuple[int, int], degrees: float = 0.0, grow: float = 1.25
) -> tuple[Image, np.ndarray]:
    """Crop of a person, and its matrix: the box padded to the input's aspect and enlarged by ``grow``."""
    region = grow_box(box, grow, aspect=size_wh[0] / size_wh[1])
    matrix = crop_matrix(region, size_wh, degrees)
    shrink = float((region[2] - region[0]) / size_wh[0])
    if shrink >= 2:
        image, matrix = _reduce(image, matrix, size_wh, int(shrink))
        view = cv2.warpAffine(image, matrix, size_wh, flags=cv2.INTER_LINEAR)
        return cast(Image, view), crop_matrix(region, size_wh, degrees)
    return cast(Image, cv2.warpAffine(image, matrix, size_wh, flags=cv2.INTER_LINEAR)), matrix


def _reduce(image: Image, matrix: np.ndarray, size_wh: tuple[int, int], factor: int) -> tuple[Image, np.ndarray]:
    """Downsample what a crop of a large person shows by a whole factor (area averaging) before sampling.

    Without it, sampling would alias.
    """
    height, width = image.shape[:2]
    corners = np.array([[0, 0], [1, 0], [0, 1], [1, 1]]) * size_wh - 0.5
    shown = bounding_box(transform_points(corners, invert_affine(matrix)))
    margin = 2 * factor  # a block for the interpolation, and one for the division into whole blocks
    x0, y0 = (int(v) for v in np.clip(shown[:2] - margin, 0, [width - factor, height - factor]))
    x1, y1 = (int(v) for v in np.clip(shown[2:] + margin, [x0 + factor, y0 + factor], [width, height]))
    columns, rows = (x1 - x0) // factor, (y1 - y0) // factor
    part = image[y0 : y0 + rows * factor, x0 : x0 + columns * factor]
    small = cast(Image, cv2.resize(part, (columns, rows), interpolation=cv2.INTER_AREA))
    corner = np.array([x0, y0]) + (factor - 1) / 2
    return small, np.column_stack([matrix[:, :2] * factor, matrix[:, :2] @ corner + matrix[:, 2]])


def crop_alone(image: Image, box: Floats, size_wh: tuple[int, int]) -> tuple[Image, np.ndarray]:
    """ModelScope's crop of a person, and its matrix: the box with 5 % of its width on every side, black outside."""
    height, width = image.shape[:2]
    margin = 0.05 * (box[2] - box[0])
    x0, y0 = (int(v) for v in np.clip(np.ceil(box[:2] - margin), 0, [width - 1, height - 1]))
    x1, y1 = (int(v) for v in np.clip(np.ceil(box[2:] + margin), [x0 + 1, y0 + 1], [width, height]))
    whole = np.array([-0.5, -0.5, x1 - x0 - 0.5, y1 - y0 - 0.5], np.float32)
    view, matrix = crop_person(image[y0:y1, x0:x1], whole, size_wh, grow=1.0)
    return view, np.column_stack([matrix[:, :2], matrix[:, 2] - matrix[:, :2] @ [x0, y0]])


@dataclass(frozen=True)
class PoseRunner:
    """(images, boxes (N, 4), one box per image) -> (N, 17, 3) x, y in image pixels and score in [0, 1].

    A score is the height of the joint's heatmap peak; a joint outside its picture has score 0.  ``batch`` crops of
    ``size_wh`` pixels run at once.  ``offset``: input coordinate of the first heatmap pixel, 1.5 (the centre of its
    four pixels) for networks trained here, 0 for published ones.  ``alone`` blackens the crop outside of the box.
    ``channels`` (17,): the network's channel of each joint, or -1 for a missing joint, which is NaN with score 0.
    ``mirrored`` averages the heatmaps with those of the mirrored crop; it needs 17 joints and an ``offset`` of 1.5.
    """

    engine: RunNetwork
    size_wh: tuple[int, int]
    batch: int = 16
    offset: float = 1.5
    alone: bool = False
    channels: np.ndarray | None = None
    mirrored: bool = False

    def __call__(self, images: Sequence[Image], boxes: Floats) -> Floats:
        """Images and a box (N, 4) for each -> joints (N, 17, 3) x, y, score; ``ValueError`` if their numbers differ."""
        boxes = np.asarray(boxes, np.float32).reshape(-1, 4)
        if len(images) != len(boxes):
            raise ValueError(f"{len(images)} images need one box each, not {len(boxes)}")
        if not np.all(np.isfinite(boxes)):
            raise ValueError("boxes must be finite numbers")
        parts = [slice(i, i + self.batch) for i in range(0, len(boxes), self.batch)]
        joints = [self._some(images[part], boxes[part]) for part in parts]
        return np.concatenate(joints) if joints else np.zeros((0, 17, 3), np.float32)

    def crop(self, image: Image, box: Floats) -> tuple[Image, np.ndarray]:
        """The network's input for a person, (h, w, 3) uint8, and the matrix (2, 3) from image to input pixels."""
        return (crop_alone if self.alone else crop_person)(image, box, self.size_wh)

    def _some(self, images: Sequence[Image], boxes: Floats) -> Floats:
        crops, matrices = zip(*map(self.crop, images, boxes), strict=True)
        batch = np.stack(crops)
        maps = self.engine(np.concatenate([batch, batch[:, :, ::-1]]) if self.mirrored else batch)[0]
        if self.mirrored:
            maps = np.float32(0.5) * (maps[: len(batch)] + maps[len(batch) :, JOINT_MIRROR, :, ::-1])
        points, scores = decode_heatmaps(maps)
        points = transform_points(points * 4 + self.offset, invert_affine(np.stack(matrices)))
        limits = np.array([image.shape[1::-1] for image in images])[:, None]
        inside = np.all((points >= -0.5) & (points <= limits - 0.5), axis=2)
        joints = np.concatenate([points, (scores * inside)[..., None]], axis=2).astype(np.float32)
        return joints if self.channels is None else _chosen(joints, self.channels)


def batch_for(size_wh: tuple[int, int], most: int = 16) -> int:
    """Batch size: ``most`` crops of 192 x 256 pixels, fewer larger ones, to stay below 1 GB."""
    return min(most, max(1, most * 192 * 256 // (size_wh[0] * size_wh[1])))


def our_pose_runner(engine: RunNetwork, size_wh: tuple[int, int], flip_test: bool) -> PoseRunner:
    """The runner of a network trained here; ``flip_test`` averages with the prediction for the mirrored crop."""
    return PoseRunner(engine, size_wh, batch_for(size_wh, 8 if flip_test else 16), mirrored=flip_test)


def _chosen(joints: Floats, channels: np.ndarray) -> Floats:
    """Joints (N, J, 3) in the order of ``channels``; NaN with score 0 where it is -1."""
    missing = np.array([np.nan, np.nan, 0], np.float32)
    return np.where((channels < 0)[:, None], missing, joints[:, channels]).astype(np.float32)
