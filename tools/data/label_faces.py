"""Label the packaged person crops with face boxes, as training data of the face detector.

    python -m tools.data.label_faces --data DIR --out body_faces.npz

The packaged detector proposes face boxes; the head joints and the 106-point network confirm or reject them.  ``DIR``
has ``body_train`` and ``sports_train``; ``tools.train.detector`` reads the file with ``--body-faces``.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from tqdm import tqdm

from models.loading import face_finder
from tools.data.body import CropSet
from tools.data.scenes import SINGLE, read_people
from tools.script import run_script
from vision.geometry import bounding_box, grow_box
from vision.options import option
from vision.types import Detections, Floats

TURNED, SEEN, FACING = 0.15, 0.3, 0.6
"""Score thresholds of a face that is seen from the side by its joints, of one confirmed by the 106-point network, and
of one that faces the camera by its joints."""

CONFIRMED = 0.5
"""Confidence of the 106-point network from which it confirms a face."""


@dataclass(frozen=True)
class LabelFaces:
    """Options: paths of the crops and of the labels."""

    data: str = option("data/body", "folder of the packaged body crops")
    out: str = option("body_faces.npz", "file for the boxes")


@dataclass(frozen=True)
class HeadView:
    """Views of the heads of N people by their joints, each (N,) bool; all False where joints are missing.

    ``turned``: the nose lies beside the centre of the ears.  ``facing``: the ears are in the order of a person seen
    from the front.  ``behind``: they are in the opposite order.  Left and right are relative to the line from the
    shoulders to the hips.
    """

    turned: np.ndarray
    facing: np.ndarray
    behind: np.ndarray


def head_view(joints: Floats) -> HeadView:
    """The view of the heads of people (N, 17, 3)."""
    down = joints[:, 11:13, :2].mean(1) - joints[:, 5:7, :2].mean(1)
    ears, nose = joints[:, 3, :2] - joints[:, 4, :2], joints[:, 0, :2] - joints[:, 3:5, :2].mean(1)
    head = np.linalg.norm(joints[:, :5, None, :2] - joints[:, None, :5, :2], axis=3).max(axis=(1, 2))
    unit = np.maximum(head * np.linalg.norm(down, axis=1), 1e-6)
    gap, beside = ((v[:, 0] * down[:, 1] - v[:, 1] * down[:, 0]) / unit for v in (ears, nose))
    known = np.all(joints[:, [0, 3, 4, 5, 6, 11, 12], 2] > 0, axis=1)
    turned = known & (np.abs(beside) > 0.5)
    return HeadView(turned, known & ~turned & (gap > 0.5), known & ~turned & (gap < -0.5))


def _at_head(found: Detections, joints: Floats) -> int | None:
    """Row of the best detection that contains most of the known joints among nose and eyes (3, 3), if any."""
    known = joints[joints[:, 2] > 0, :2]
    for i, box in enumerate(found.boxes):
        if len(known) and np.all((known > box[:2]) & (known < box[2:]), axis=1).mean() > 0.5:
            return i
    return None


def label(crops: CropSet) -> dict[str, np.ndarray]:
    """``faces`` (N, 4), NaN where none is labelled, and ``ignore`` (M, 5): row and box of uncertain ones."""
    finder, view = face_finder(), head_view(crops.keypoints)
    detect = finder.detect.with_threshold(TURNED)
    faces, ignore = np.full((len(crops), 4), np.nan, np.float32), []
    for i in tqdm(range(len(crops)), mininterval=5.0):
        image = crops.image(i)
        found = detect(image)
        k, sure = _at_head(found, crops.keypoints[i, :3]), False
        if k is not None:
            sure = finder.landmarks(image, found.points[k : k + 1]).confidence[0] >= CONFIRMED
            needed = TURNED if view.turned[i] else SEEN if sure else FACING if view.facing[i] else 1.0
            if found.scores[k] >= needed:
                faces[i] = found.boxes[k]
        others = found.boxes[(found.scores >= FACING) & (np.arange(len(found)) != k)]
        open_head = np.isnan(faces[i, 0]) and not view.behind[i]
        ignore += [(i, *box) for box in _doubtful(crops, i, open_head, others)]
    return {"faces": faces, "ignore": np.array(ignore, np.float32).reshape(-1, 5)}


def _doubtful(crops: CropSet, i: int, open_head: bool, others: Floats) -> list[Floats]:
    """Boxes that may contain a face: an ``open_head``, the area beside the person, ``others`` (K, 4)."""
    x0, y0, x1, y1 = crops.boxes[i]
    head = crops.keypoints[i, :5]
    known = head[head[:, 2] > 0, :2]
    boxes = []
    if open_head:
        boxes.append(grow_box(bounding_box(known), 2.5, 1.0) if len(known) > 2 else [x0, y0, x1, 0.6 * y0 + 0.4 * y1])
    if not str(crops.sources[i]).startswith(SINGLE):
        boxes += [[0, 0, x0, 288], [x1, 0, 216, 288], *others]
    return [np.asarray(box, np.float32) for box in boxes]


def main(config: LabelFaces) -> None:
    """Label all packaged person crops and print the number of faces."""
    crops = read_people(Path(config.data))
    table = label(crops)
    np.savez_compressed(config.out, name=crops.names, faces=table["faces"], ignore=table["ignore"])
    print(
        f"{np.isfinite(table['faces'][:, 0]).sum()} faces in {len(crops)} crops, {len(table['ignore'])} boxes ignored"
    )


if __name__ == "__main__":
    run_script(main, LabelFaces, __doc__)
