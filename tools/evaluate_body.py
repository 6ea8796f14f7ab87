"""Figures of the body models on packaged development data: joints, calibration, person detector."""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np

from models.loading import person_finder, pose_estimator
from models.pose import PoseRunner
from tools.body_data import CropSet, read_crops
from tools.evaluate_detector import evaluate
from vision.layouts import JOINTS
from vision.types import Floats


def run(estimate: PoseRunner, crops: CropSet) -> Floats:
    """Joints (N, 17, 3) of every crop in its given box."""
    return estimate([crops.image(i) for i in range(len(crops))], crops.boxes)


def torso_errors(found: Floats, crops: CropSet) -> Floats:
    """Distances (N, 17) to the labels in torso lengths (at least .2 of the box height); NaN without a label."""
    labels = crops.keypoints
    shoulders, hips = labels[:, 5:7, :2].mean(axis=1), labels[:, 11:13, :2].mean(axis=1)
    known = np.all(labels[:, [5, 6, 11, 12], 2] > 0, axis=1)
    height = crops.boxes[:, 3] - crops.boxes[:, 1]
    torso = np.where(known, np.linalg.norm(shoulders - hips, axis=1), 0)
    torso = np.maximum(torso, 0.2 * height)
    errors = np.linalg.norm(found[..., :2] - labels[..., :2], axis=2) / torso[:, None]
    return np.where(labels[..., 2] > 0, errors, np.nan).astype(np.float32)


def _share(errors: Floats, limit: float) -> float:
    known = errors[np.isfinite(errors)]
    return float((known < limit).mean()) if known.size else float("nan")


def _print_calibration(found: Floats, errors: Floats) -> None:
    print("\ncalibration: joints by score, share within .2 torso")
    for low in np.arange(0, 1, 0.1):
        rows = np.isfinite(errors) & (found[..., 2] >= low) & (found[..., 2] < low + 0.1 + (low > 0.85))
        if rows.any():
            print(
                f"  {low:.1f} to {low + 0.1:.1f}: {int(rows.sum()):6d} joints, {float((errors[rows] < 0.2).mean()):.3f}"
            )


def main(argv: list[str]) -> None:
    """Print all figures of the body models."""
    parser = argparse.ArgumentParser(prog="python -m tools.evaluate body", description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="folder with the packaged folder body")
    parser.add_argument("--pose-weights", type=Path, default=None)
    parser.add_argument("--clips", action="store_true", help="also the labelled frames of the development clips")
    arguments = parser.parse_args(argv)
    folder = arguments.data / "body"
    estimate = pose_estimator("auto", arguments.pose_weights)
    crops = read_crops(folder, "body_eval_dev")
    if arguments.clips:
        clips = read_crops(folder, "body_train")
        crops = crops + clips.where(np.char.startswith(clips.sources, "dev_"))
    found = run(estimate, crops)
    errors = torso_errors(found, crops)
    print(f"{'set':28s}{'n':>6s}{'PCK@.2':>9s}{'PCK@.1':>9s}{'ankles, hips, shoulders@.1':>28s}")
    for source in np.unique(crops.sources):
        part = errors[crops.sources == source]
        legs = part[:, [5, 6, 11, 12, 15, 16]]
        print(f"{source:28s}{len(part):6d}{_share(part, 0.2):9.3f}{_share(part, 0.1):9.3f}{_share(legs, 0.1):28.3f}")
    print("\nper joint, PCK@.2:")
    for j, joint in enumerate(JOINTS):
        print(f"  {joint:16s}{_share(errors[:, j], 0.2):8.3f}")
    _print_calibration(found, errors)
    print("\nperson detector:")
    for name, value in evaluate(person_finder(), folder, "person").items():
        print(f"  {name:16s}{value:8.3f}")
