"""Give the packaged person crops face boxes, so that the face detector can learn from them.

    python -m tools.label_faces --data DIR --out body_faces.npz

Five head joints tell whether and where a face is seen, the packaged detector how large its box is; where the
detector misses a face, a ridge regression from the joints, learned on the faces that it finds, gives the box.
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

SURE = 0.5
"""Detections from this score on are taken for faces; the regression learns from those at the head."""


@dataclass(frozen=True)
class LabelFaces:
    """Where the crops are and where the labels go."""

    data: str = option("data/body", "folder of the packaged body crops")
    out: str = option("body_faces.npz", "file for the boxes")


def _frame(heads: Floats) -> tuple[Floats, Floats]:
    """Heads (N, 5, 2): middle of nose and eyes (N, 2), and the largest distance of two joints (N,)."""
    gaps = np.linalg.norm(heads[:, :, None] - heads[:, None], axis=3)
    return heads[:, :3].mean(axis=1), np.maximum(gaps.max(axis=(1, 2)), 1.0)


def _features(heads: Floats) -> np.ndarray:
    middle, scale = _frame(heads)
    flat = ((heads - middle[:, None]) / scale[:, None, None]).reshape(len(heads), -1)
    return np.column_stack([flat, flat**2, np.ones(len(flat))])


def learn_boxes(heads: Floats, boxes: Floats) -> np.ndarray:
    """(21, 4) weights of a ridge regression from heads (N, 5, 2) to face boxes (N, 4)."""
    middle, scale = _frame(heads)
    x, y = _features(heads), (boxes - np.tile(middle, 2)) / scale[:, None]
    return np.linalg.solve(x.T @ x + 0.001 * len(x) * np.eye(x.shape[1]), x.T @ y)


def boxes_from(heads: Floats, weights: np.ndarray) -> Floats:
    """Face boxes (N, 4) of heads (N, 5, 2)."""
    middle, scale = _frame(heads)
    return ((_features(heads) @ weights) * scale[:, None] + np.tile(middle, 2)).astype(np.float32)


def facing(joints: Floats) -> np.ndarray:
    """(N,) whether people (N, 17, 3) show their face: their left ear lies on the side where a viewer sees it.

    Seen from behind, the ears have changed sides with respect to the way from the shoulders to the hips.
    """
    ears, down = joints[:, 3, :2] - joints[:, 4, :2], joints[:, 11:13, :2].mean(1) - joints[:, 5:7, :2].mean(1)
    side = ears[:, 0] * down[:, 1] - ears[:, 1] * down[:, 0]
    return side > -0.2 * _frame(joints[:, :5, :2])[1] * np.linalg.norm(down, axis=1)


def _at_head(found: Detections, joints: Floats) -> int | None:
    """Row of the best detection that holds most of the known ones of nose and eyes (3, 3), if any."""
    known = joints[joints[:, 2] > 0, :2]
    for i, box in enumerate(found.boxes):
        if len(known) and np.all((known > box[:2]) & (known < box[2:]), axis=1).mean() > 0.5:
            return i
    return None


def label(crops: CropSet) -> dict[str, np.ndarray]:
    """``faces`` (N, 4) with NaN where none is labelled, and ``ignore`` (M, 5): row and box of what may be one."""
    detect = face_finder().detect.with_threshold(0.15)
    found = [detect(crops.image(i)) for i in tqdm(range(len(crops)), mininterval=5.0)]
    joints = crops.keypoints
    at_head = [_at_head(f, j[:3]) for f, j in zip(found, joints, strict=True)]
    faces = np.full((len(crops), 4), np.nan, np.float32)
    for i, k in enumerate(at_head):
        if k is not None and found[i].scores[k] >= SURE:
            faces[i] = found[i].boxes[k]
    whole = np.all(joints[:, [0, 1, 2, 3, 4, 5, 6, 11, 12], 2] > 0, axis=1)
    seen = np.isfinite(faces[:, 0])
    weights = learn_boxes(joints[whole & seen, :5, :2], faces[whole & seen])
    rest = whole & ~seen & facing(joints)
    faces[rest] = boxes_from(joints[rest, :5, :2], weights)
    ignore = [(i, *box) for i in range(len(crops)) for box in _doubtful(crops, i, faces[i], found[i])]
    return {"faces": faces, "ignore": np.array(ignore, np.float32).reshape(-1, 5)}


def _doubtful(crops: CropSet, i: int, face: Floats, found: Detections) -> list[Floats]:
    """Boxes in which a face may be: the head without a label, what lies beside the person, other detections."""
    x0, y0, x1, y1 = crops.boxes[i]
    head = crops.keypoints[i, :5]
    known = head[head[:, 2] > 0, :2]
    boxes = []
    if np.isnan(face[0]):
        boxes.append(grow_box(bounding_box(known), 2.5, 1.0) if len(known) > 2 else [x0, y0, x1, 0.6 * y0 + 0.4 * y1])
    if not str(crops.sources[i]).startswith(SINGLE):
        boxes += [[0, 0, x0, 288], [x1, 0, 216, 288]]
        boxes += list(found.boxes[found.scores >= SURE])
    return [np.asarray(box, np.float32) for box in boxes]


def main(config: LabelFaces) -> None:
    """Label all packaged person crops and say how many faces came from where."""
    crops = read_people(Path(config.data))
    table = label(crops)
    np.savez_compressed(config.out, name=crops.names, faces=table["faces"], ignore=table["ignore"])
    print(
        f"{np.isfinite(table['faces'][:, 0]).sum()} faces in {len(crops)} crops, {len(table['ignore'])} boxes ignored"
    )


if __name__ == "__main__":
    run_script(main, LabelFaces, __doc__)
