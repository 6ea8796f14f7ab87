"""Recall and false positives of a detector on the development scenes."""

from __future__ import annotations

import json
from collections.abc import Callable
from itertools import islice
from pathlib import Path

import numpy as np

from tools.data.scenes import Scene, read_scenes
from vision.geometry import box_iou
from vision.types import Detections, Faces, Image
from vision.video import read_frames


def match(found: Detections | Faces, scene: Scene, overlap: float = 0.5) -> tuple[np.ndarray, np.ndarray]:
    """Whether each labelled box was found, and which detections are false positives (outside the ignore boxes)."""
    hit = np.zeros(len(scene.boxes), bool)
    false = np.ones(len(found), bool)
    if len(found) and len(scene.boxes):
        iou = box_iou(found.boxes, scene.boxes)
        for i in np.argsort(-found.scores):
            best = int(iou[i].argmax())
            if iou[i, best] >= overlap:
                false[i] = hit[best]
                hit[best] = True
    for i in np.flatnonzero(false):
        box = found.boxes[i]
        for region in scene.ignore:
            low, high = np.maximum(box[:2], region[:2]), np.minimum(box[2:], region[2:])
            inside = np.prod(np.clip(high - low, 0, None)) / max(float(np.prod(box[2:] - box[:2])), 1e-6)
            false[i] &= inside < 0.4
    return hit, false


def evaluate(find: Callable[[Image], Detections | Faces], folder: Path, kind: str) -> dict[str, float]:
    """Recall of objects of at least 20 px (faces) or 100 px (people), share of false positives, number on negatives."""
    smallest = 20 if kind == "face" else 100
    hits, things, false, found_count, on_negatives = 0, 0, 0, 0, 0
    for scene in (s for s in read_scenes(folder, kind) if s.dev):
        found = find(scene.image)
        hit, wrong = match(found, scene)
        large = np.max(scene.boxes[:, 2:] - scene.boxes[:, :2], axis=1, initial=0) >= smallest
        high = found.boxes[:, 3] - found.boxes[:, 1] >= smallest * 0.8
        hits, things = hits + int(hit[large].sum()), things + int(large.sum())
        false, found_count = false + int((wrong & high).sum()), found_count + int(high.sum())
        if not len(scene.boxes) and not len(scene.ignore):
            on_negatives += int(wrong.sum())
    return {
        "recall": hits / max(things, 1),
        "false": false / max(found_count, 1),
        "on_negatives": float(on_negatives),
        "things": float(things),
    }


def frames_with_person(find: Callable[[Image], Detections], folder: Path, every: int = 10) -> dict[str, float]:
    """Share of every tenth frame with a detected person, per clip of ``clips.json`` that shows skipping.

    A person counts from a quarter of the picture's height.
    """
    shares = {}
    for clip in json.loads((folder / "clips.json").read_text(encoding="utf-8"))["clips"]:
        if clip["role"] == "positive":
            images = [frame.image for frame in islice(read_frames(folder / clip["file"]), 0, None, every)]
            heights = [np.max(np.diff(find(image).boxes[:, 1::2]), initial=0) / image.shape[0] for image in images]
            shares[f"{clip['id']}: frames with a person"] = float(np.mean(np.array(heights) >= 0.25))
    return shares
