"""Figures of the body models: joints of any number of checkpoints compared, then the person detector."""

from __future__ import annotations

import argparse
import contextlib
import io
import multiprocessing
from pathlib import Path
from typing import Any, cast

import numpy as np

from models import MissingWeights, load_person_finder, load_pose_estimator
from models.loading import pose_estimator
from models.pose import PoseRunner
from tools.bench.timing import peak_memory
from tools.data.body import CropSet, read_crops
from tools.data.coco import read_set
from tools.evaluate.detector import evaluate, frames_with_person
from tools.evaluate.side_swaps import leg_mistakes, side_figures
from tools.evaluate.targets import CLIP_FRAMES, JOINT_TARGETS, PERSON_TARGETS, clip_figures, target_lines
from vision.layouts import JOINTS
from vision.types import Floats

Figures = dict[str, float]
"""Values by name; whole numbers are counts."""

LEGS = [5, 6, 11, 12, 15, 16]


def _estimator(weights: Path | None, flip_test: bool) -> PoseRunner:
    """The packaged network, or a checkpoint, as the app runs it."""
    return cast(PoseRunner, load_pose_estimator("auto", weights, flip_test))


def run(estimate: PoseRunner, crops: CropSet) -> Floats:
    """Joints (N, 17, 3) of every crop in its given box."""
    return estimate([crops.image(i) for i in range(len(crops))], crops.boxes)


def torso_lengths(crops: CropSet) -> Floats:
    """Distances (N,) of the middles of shoulders and hips, at least .2 of the box height."""
    labels = crops.keypoints
    shoulders, hips = labels[:, 5:7, :2].mean(axis=1), labels[:, 11:13, :2].mean(axis=1)
    known = np.all(labels[:, [5, 6, 11, 12], 2] > 0, axis=1)
    torso = np.where(known, np.linalg.norm(shoulders - hips, axis=1), 0)
    return np.maximum(torso, 0.2 * (crops.boxes[:, 3] - crops.boxes[:, 1]))


def torso_errors(found: Floats, crops: CropSet) -> Floats:
    """Distances (N, 17) to the labels in torso lengths.

    NaN without a label; infinite where a network does not have the joint.
    """
    labels = crops.keypoints
    errors = np.linalg.norm(found[..., :2] - labels[..., :2], axis=2) / torso_lengths(crops)[:, None]
    errors = np.where(np.isnan(errors), np.inf, errors)
    return np.where(labels[..., 2] > 0, errors, np.nan).astype(np.float32)


def _share(errors: Floats, limit: float) -> float:
    known = errors[~np.isnan(errors)]
    return float((known < limit).mean()) if known.size else float("nan")


def _mean(errors: Floats) -> float:
    known = errors[np.isfinite(errors)]
    return float(known.mean()) if known.size else float("nan")


def source_figures(errors: Floats, sources: np.ndarray) -> Figures:
    """Per source: crops, shares of joints within .2 and .1 torso, mean error in torso lengths."""
    rows: Figures = {}
    for source in np.unique(sources):
        part = errors[sources == source]
        rows[f"{source}: crops"] = len(part)
        rows[f"{source}: within .2 torso"] = _share(part, 0.2)
        rows[f"{source}: within .1 torso"] = _share(part, 0.1)
        rows[f"{source}: ankles, hips, shoulders within .1"] = _share(part[:, LEGS], 0.1)
        rows[f"{source}: mean error, torso"] = _mean(part)
    return rows


def joint_figures(errors: Floats) -> Figures:
    """Per joint: share within .2 torso and mean error in torso lengths."""
    rows: Figures = {}
    for j, joint in enumerate(JOINTS):
        rows[f"{joint}: within .2 torso"] = _share(errors[:, j], 0.2)
        rows[f"{joint}: mean error, torso"] = _mean(errors[:, j])
    return rows


def calibration(scores: Floats, errors: Floats) -> Figures:
    """Per tenth of the score: labelled joints and the share of them within .2 torso."""
    rows: Figures = {}
    tenth = np.clip(np.floor(scores * 10), 0, 9)
    for low in range(10):
        part = errors[(tenth == low) & ~np.isnan(errors)]
        name = f"score {low / 10:.1f} to {(low + 1) / 10:.1f}"
        if part.size:
            rows[f"{name}: joints"] = part.size
            rows[f"{name}: within .2 torso"] = _share(part, 0.2)
    return rows


def _coco_rows(crops: CropSet) -> list[dict[str, Any]]:
    """The human labels as COCO's annotations, one image per crop."""
    rows = []
    for i, (joints, (x0, y0, x1, y1)) in enumerate(zip(crops.keypoints, crops.boxes.tolist(), strict=True), start=1):
        known = (joints[:, 2] > 0) & crops.gt[i - 1]
        labels = np.where(known[:, None], np.column_stack([joints[:, :2], np.full(17, 2)]), 0).ravel().tolist()
        width, height = x1 - x0, y1 - y0
        rows.append(
            {"id": i, "image_id": i, "category_id": 1, "iscrowd": 0, "bbox": [x0, y0, width, height],
             "area": width * height, "num_keypoints": int(known.sum()), "keypoints": labels}
        )  # fmt: skip
    return rows


def oks_figures(found: Floats, crops: CropSet) -> Figures:
    """AP and AR by COCO's object keypoint similarity on the persons with human labels, in their given boxes.

    A person's score is the mean of the joints' scores.  The area is the box's, since crops have no segmentation; COCO's
    own area, the segment's, is about half of it, so that these figures are higher than by COCO's protocol.  A joint
    that a network lacks counts as one in the corner of the crop.
    """
    from pycocotools.coco import COCO
    from pycocotools.cocoeval import COCOeval

    answers = [
        {"image_id": i, "category_id": 1, "keypoints": np.nan_to_num(joints).ravel().tolist(),
         "score": float(joints[:, 2].mean())}
        for i, joints in enumerate(found, start=1)
    ]  # fmt: skip
    with contextlib.redirect_stdout(io.StringIO()):
        truth: Any = COCO()
        images = [{"id": i} for i in range(1, len(crops) + 1)]
        truth.dataset = {"info": {}, "images": images, "categories": [{"id": 1}], "annotations": _coco_rows(crops)}
        truth.createIndex()
        judge = COCOeval(truth, truth.loadRes(answers), "keypoints")
        judge.evaluate()
        judge.accumulate()
        judge.summarize()
    return {f"OKS {name}": float(judge.stats[k]) for name, k in (("AP", 0), ("AP .5", 1), ("AP .75", 2), ("AR", 5))}


def precision_figures(weights: Path | None, estimate: PoseRunner, found: Floats, crops: CropSet) -> Figures:
    """Distances of the points from those of the same weights in float32, in pixels of the network's input."""
    again = run(pose_estimator("cpu", weights, estimate.mirrored, "f32"), crops)
    scales = [estimate.crop(crops.image(i), crops.boxes[i])[1][0, 0] for i in range(len(crops))]
    away = np.linalg.norm(again[..., :2] - found[..., :2], axis=2) * np.array(scales)[:, None]
    sure = away[found[..., 2] >= 0.3]
    return {
        "from float32: mean, input px": _mean(away),
        "from float32: within one input px": _share(np.where(np.isnan(away), np.inf, away), 1.0),
        "from float32: largest, input px": float(np.nanmax(away)),
        "from float32: largest from score .3, input px": float(sure.max(initial=0)),
    }


def _run_batch(weights: Path | None, flip_test: bool) -> float:
    estimate = _estimator(weights, flip_test)
    frames = [np.zeros((1080, 1920, 3), np.uint8)] * estimate.batch
    estimate(frames, np.tile(np.array([800, 100, 1100, 1000], np.float32), (len(frames), 1)))
    return peak_memory()


def batch_memory(weights: Path | None, flip_test: bool) -> float:
    """Peak memory in MB of a new process that loads a checkpoint and runs one full batch."""
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        return pool.apply(_run_batch, (weights, flip_test))


def figures(weights: Path | None, flip_test: bool, crops: CropSet) -> Figures:
    """All figures of one checkpoint, None for the packaged one, on labelled crops, with or without flip test."""
    estimate = _estimator(weights, flip_test)
    found = run(estimate, crops)
    errors = torso_errors(found, crops)
    coco = np.char.startswith(crops.sources, "coco")
    rows = source_figures(errors, crops.sources)
    torso, clips = torso_lengths(crops), np.array([s.startswith(CLIP_FRAMES) for s in crops.sources.tolist()])
    rows |= side_figures(found, crops.keypoints, torso, crops.sources)
    rows |= clip_figures(rows, leg_mistakes(found[clips], crops.keypoints[clips], torso[clips]))
    rows |= oks_figures(found[coco], crops.where(coco)) if coco.any() else {}
    rows |= joint_figures(errors) | calibration(found[..., 2], errors)
    rows |= precision_figures(weights, estimate, found, crops)
    return rows | {"memory of a process with one batch, MB": round(batch_memory(weights, flip_test))}


def print_table(columns: list[tuple[str, Figures]]) -> None:
    """One column per checkpoint, one row per figure."""
    names = list(dict.fromkeys(name for _, rows in columns for name in rows))
    widths = [max(len(title), 8) + 2 for title, _ in columns]
    print(" " * 60 + "".join(f"{title:>{width}s}" for (title, _), width in zip(columns, widths, strict=True)))
    for name in names:
        values = [rows.get(name, float("nan")) for _, rows in columns]
        words = ["-" if np.isnan(v) else str(v) if isinstance(v, int) else f"{v:.3f}" for v in values]
        print(f"{name:60s}" + "".join(f"{word:>{width}s}" for word, width in zip(words, widths, strict=True)))


def read_labelled(data: Path, clips: str) -> CropSet:
    """The packaged development crops, or ``val`` of data in COCO's format.

    Also the frames of clips in packaged training sets whose sources begin with one of the comma-separated ``clips``.
    """
    folder = data / "body" if (data / "body").is_dir() else data
    crops, beginnings = read_set(folder, "body_eval_dev", "val"), tuple(word for word in clips.split(",") if word)
    for path in sorted(folder.glob("*_train.npz")) if beginnings else ():
        frames = read_crops(folder, path.stem)
        crops = crops + frames.where(np.array([s.startswith(beginnings) for s in frames.sources.tolist()]))
    return crops


def print_people(data: Path, clips: bool) -> None:
    """The person detector's figures on the development scenes and, with ``clips``, on every tenth frame of clips."""
    rows = evaluate(load_person_finder(), data / "body", "person")
    if clips and (data / "clips" / "clips.json").exists():
        found = frames_with_person(load_person_finder(multi_scale=False), data / "clips")
        rows |= found | {PERSON_TARGETS[3].figure: min(found.values())}
    print("\nperson detector:")
    for name, value in rows.items():
        print(f"  {name:40s}{value:8.3f}")
    print("\n".join(target_lines(PERSON_TARGETS, [("", rows)])))


def main(argv: list[str]) -> None:
    """Print all figures of the body models."""
    parser = argparse.ArgumentParser(prog="python -m tools.evaluate body", description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="folder with the packaged body, or COCO's format")
    parser.add_argument("--pose-weights", type=Path, nargs="+", default=[None], help="checkpoints to compare")
    parser.add_argument(
        "--clips",
        nargs="?",
        default="",
        const=",".join(CLIP_FRAMES),
        help="also the labelled frames of clips: of all, or of sources with these beginnings, such as those left out",
    )
    arguments = parser.parse_args(argv)
    try:
        crops = read_labelled(arguments.data, arguments.clips)
        columns = [
            ("/".join(w.parts[-2:]) if w else "packaged", figures(w, False, crops)) for w in arguments.pose_weights
        ]
        columns += [("flip test", figures(None, True, crops))] if None in arguments.pose_weights else []
    except (ValueError, MissingWeights) as error:
        parser.error(str(error))
    print_table(columns)
    print("\n" + "\n".join(target_lines(JOINT_TARGETS, columns)))
    if (arguments.data / "body" / "scenes.json").exists():
        print_people(arguments.data, bool(arguments.clips))
