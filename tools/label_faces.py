"""Give the packaged person crops face boxes, so that the face detector can learn from them.

    python -m tools.label_faces --data DIR --out body_faces.npz

The packaged detector says how large a face is, and the head joints whether to believe it: what is found at the head
of a person who faces the camera is a face at a much lower score than elsewhere.
``DIR`` holds ``body_train`` and ``sports_train``; ``tools.train_detector`` takes the file with ``--body-faces``.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from tqdm import tqdm

from models.loading import face_finder
from tools.body_data import CropSet
from tools.scenes import SINGLE, read_people
from tools.script import run_script
from vision.geometry import bounding_box, grow_box
from vision.options import option
from vision.types import Detections, Floats

SURE, WITH_JOINTS = 0.5, 0.15
"""Least score of a face, and of one that the joints confirm."""


@dataclass(frozen=True)
class LabelFaces:
    """Where the crops are and where the labels go."""

    data: str = option("data/body", "folder of the packaged body crops")
    out: str = option("body_faces.npz", "file for the boxes")


def facing(joints: Floats) -> np.ndarray:
    """(N,) whether people (N, 17, 3) show their face: their left ear lies on the side where a viewer sees it.

    Seen from behind, the ears have changed sides with respect to the way from the shoulders to the hips.
    """
    ears, down = joints[:, 3, :2] - joints[:, 4, :2], joints[:, 11:13, :2].mean(1) - joints[:, 5:7, :2].mean(1)
    side = ears[:, 0] * down[:, 1] - ears[:, 1] * down[:, 0]
    head = np.linalg.norm(joints[:, :5, None, :2] - joints[:, None, :5, :2], axis=3).max(axis=(1, 2))
    known = np.all(joints[:, [3, 4, 5, 6, 11, 12], 2] > 0, axis=1)
    return known & (side > -0.2 * head * np.linalg.norm(down, axis=1))


def _at_head(found: Detections, joints: Floats) -> int | None:
    """Row of the best detection that holds most of the known ones of nose and eyes (3, 3), if any."""
    known = joints[joints[:, 2] > 0, :2]
    for i, box in enumerate(found.boxes):
        if len(known) and np.all((known > box[:2]) & (known < box[2:]), axis=1).mean() > 0.5:
            return i
    return None


def label(crops: CropSet) -> dict[str, np.ndarray]:
    """``faces`` (N, 4) with NaN where none is labelled, and ``ignore`` (M, 5): row and box of what may be one."""
    detect, seen = face_finder().detect.with_threshold(WITH_JOINTS), facing(crops.keypoints)
    faces, ignore = np.full((len(crops), 4), np.nan, np.float32), []
    for i in tqdm(range(len(crops)), mininterval=5.0):
        found = detect(crops.image(i))
        k = _at_head(found, crops.keypoints[i, :3])
        if k is not None and found.scores[k] >= (WITH_JOINTS if seen[i] else SURE):
            faces[i] = found.boxes[k]
        others = found.boxes[(found.scores >= SURE) & (np.arange(len(found)) != k)]
        ignore += [(i, *box) for box in _doubtful(crops, i, faces[i], others)]
    return {"faces": faces, "ignore": np.array(ignore, np.float32).reshape(-1, 5)}


def _doubtful(crops: CropSet, i: int, face: Floats, others: Floats) -> list[Floats]:
    """Boxes in which a face may be: the head without a label, what lies beside the person, ``others`` (K, 4)."""
    x0, y0, x1, y1 = crops.boxes[i]
    head = crops.keypoints[i, :5]
    known = head[head[:, 2] > 0, :2]
    boxes = []
    if np.isnan(face[0]):
        boxes.append(grow_box(bounding_box(known), 2.5, 1.0) if len(known) > 2 else [x0, y0, x1, 0.6 * y0 + 0.4 * y1])
    if not str(crops.sources[i]).startswith(SINGLE):
        boxes += [[0, 0, x0, 288], [x1, 0, 216, 288], *others]
    return [np.asarray(box, np.float32) for box in boxes]


def main(config: LabelFaces) -> None:
    """Label all packaged person crops, and say how many have a face."""
    crops = read_people(Path(config.data))
    table = label(crops)
    np.savez_compressed(config.out, name=crops.names, faces=table["faces"], ignore=table["ignore"])
    print(
        f"{np.isfinite(table['faces'][:, 0]).sum()} faces in {len(crops)} crops, {len(table['ignore'])} boxes ignored"
    )


if __name__ == "__main__":
    run_script(main, LabelFaces, __doc__)
