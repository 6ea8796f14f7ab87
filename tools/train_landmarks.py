"""Train the face network: 106 points, head pose and confidence.

    python -m tools.train_landmarks --data DIR --work-dir runs/landmarks --epochs 20

``DIR`` holds the packaged face crops (``face_train.{npz,tar}``, ``face_eval_dev.{npz,tar}``).
"""

from __future__ import annotations

import argparse
import json
from dataclasses import asdict, dataclass
from pathlib import Path

import cv2
import numpy as np
import torch
from torch import Tensor

from models.checkpoints import load_strictly, read_weights, save_weights
from models.faces import eye_angle, normalise_face, upright_matrix
from models.landmarks106 import SIDE, Landmarks106, wing_loss
from tools.body_data import read_tar
from tools.face_data import FaceSet, make_face, make_mistake, read_faces
from tools.training import Log, MovingAverage, batches, cosine, prepare
from vision.layouts import FACE_GROUPS, IBUG68_FROM_106, OUTER_EYES
from vision.options import add_arguments, check_options, from_arguments, option
from vision.types import Floats, Image

PART_WEIGHTS = {"contour": 1.5, "brow_left": 1.5, "brow_right": 1.5, "nose": 1.3,
                "eye_left": 1.7, "eye_right": 1.7, "pupils": 1.7, "lips": 1.7}  # fmt: skip


@dataclass(frozen=True)
class LandmarkTraining:
    """The configuration of a run; a checkpoint stores it."""

    data: str = option("data/face", "folder of the packaged face crops")
    scenes: str = option("", "folder with scenes.json and scenes.tar: pictures without faces teach the confidence")
    work_dir: str = option("runs/landmarks", "folder for logs and checkpoints")
    start: str = option("", "weights to start from, empty for random ones")
    width: int = option(24, "channels of the first layer", low=4, high=256)
    epochs: float = option(20.0, "passes over the training faces", low=0, high=10000)
    batch_size: int = option(128, "samples per step", low=1, high=4096)
    learning_rate: float = option(3e-3, "peak learning rate of AdamW", low=0, high=1)
    warmup: int = option(200, "steps of linear warm-up", low=0, high=100000)
    weight_decay: float = option(0.01, "AdamW's weight decay", low=0, high=1)
    average: float = option(0.999, "decay of the moving average of the weights", low=0, high=1)
    human: float = option(0.5, "how far inner points move towards the human labels", low=0, high=1)
    mistakes: float = option(0.15, "share of crops without a face in a batch", low=0, high=1)
    threads: int = option(1, "threads of the network", low=1, high=64)
    seed: int = option(1, "random seed", low=0, high=2**31)

    def __post_init__(self) -> None:
        check_options(self)


def part_weights() -> Tensor:
    """(106,) weights of the points by facial part."""
    weights = torch.ones(106)
    for group, value in PART_WEIGHTS.items():
        weights[list(FACE_GROUPS[group])] = value
    return weights


def losses(found: tuple[Tensor, Tensor, Tensor], goal: tuple[Tensor, ...], parts: Tensor) -> Tensor:
    """Wing loss of the points, heavier for turned heads, .01 squared degrees of pose, cross entropy of confidence."""
    points, pose, confidence = found
    true_points, visible, true_pose, true_confidence = goal
    face = (true_confidence > 0).float()
    turned = (1 + 5 * (1 - torch.cos(torch.deg2rad(true_pose)))).mean(dim=1) * face
    wing = wing_loss(points - true_points).sum(dim=2) * visible * parts
    of_points = (wing.mean(dim=1) * turned).sum() / face.sum()
    of_pose = ((pose - true_pose).square().mean(dim=1).clamp(max=900) * turned).sum() / face.sum() * 0.01
    of_confidence = torch.nn.functional.binary_cross_entropy_with_logits(confidence, true_confidence)
    return of_points + of_pose + of_confidence


def mean_face(faces: FaceSet) -> Tensor:
    """(106, 2) mean of a sample of upright training faces in crop pixels."""
    rng = np.random.default_rng(0)
    rows = rng.integers(len(faces), size=min(500, len(faces)))
    return torch.from_numpy(np.mean([make_face(faces, i, rng, augment=False)[1] for i in rows], axis=0))


def free_scenes(folder: str) -> list[Image]:
    """Pictures without any human face from the scenes' training part."""
    if not folder:
        return []
    listed = json.loads((Path(folder) / "scenes.json").read_text())
    names = [s["name"] for s in listed if s["negative"] and s["split"] == "train"]
    files = read_tar(Path(folder) / "scenes.tar")
    return [cv2.imdecode(np.frombuffer(files[n], np.uint8), cv2.IMREAD_COLOR_RGB) for n in names]  # type: ignore[misc]


def predict(network: torch.nn.Module, faces: FaceSet) -> tuple[Floats, Floats, Floats]:
    """Crops at their labelled place: found points, true points (N, 106, 2) and pose errors (N, 3)."""
    rng = np.random.default_rng(0)
    samples = [make_face(faces, i, rng, augment=False) for i in range(len(faces))]
    crops, goal, _, pose, _ = (np.stack(x) for x in zip(*samples, strict=True))
    with torch.inference_mode():
        points, found_pose, _ = network(torch.from_numpy(normalise_face(crops)))
    return points.numpy(), goal.astype(np.float32), np.abs(found_pose.numpy() - pose)


def score(network: torch.nn.Module, faces: FaceSet) -> dict[str, float]:
    """Errors in % of the outer-eye distance against labels and human points; pose error in degrees."""
    found, goal, pose = predict(network, faces)
    eyes = np.linalg.norm(goal[:, OUTER_EYES[0]] - goal[:, OUTER_EYES[1]], axis=1)
    taught = np.array([i not in faces.human68 for i in range(len(faces))])
    error = np.linalg.norm(found - goal, axis=2).mean(axis=1) / eyes * 100
    inner = []
    for i, truth in faces.human68.items():
        matrix = upright_matrix(faces.points[i], eye_angle(faces.points[i]))
        moved = truth @ matrix[:, :2].T + matrix[:, 2]
        scale = np.linalg.norm(moved[36] - moved[45])
        inner.append(np.linalg.norm(found[i, IBUG68_FROM_106] - moved, axis=1) / scale * 100)
    human = np.stack(inner) if inner else np.full((1, 68), np.nan)
    return {
        "teacher": float(error[taught].mean()),
        "human68": float(human.mean()),
        "human_inner": float(human[:, 17:].mean()),
        "pose": float(pose.mean()),
    }


def main(config: LandmarkTraining) -> None:
    """Train; ``best.safetensors`` and ``last.safetensors`` land in the work directory."""
    prepare(config.seed, config.threads)
    work, folder = Path(config.work_dir), Path(config.data)
    faces, development = read_faces(folder, "face_train", config.human), read_faces(folder, "face_eval_dev", 0.0)
    scenes = free_scenes(config.scenes)
    network = Landmarks106(config.width, mean_face(faces)).to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    if config.start:
        load_strictly(network, read_weights(Path(config.start))[0], Path(config.start))
    average, parts = MovingAverage(network, config.average), part_weights()
    optimiser = torch.optim.AdamW(network.parameters(), lr=config.learning_rate, weight_decay=config.weight_decay)
    steps = max(1, round(config.epochs * len(faces) / config.batch_size))
    wrong = round(config.batch_size * config.mistakes) if scenes else 0

    def make(rng: np.random.Generator) -> tuple[np.ndarray, ...]:
        rows = rng.choice(len(faces), config.batch_size - wrong, p=faces.share)
        samples = [make_face(faces, i, rng) for i in rows]
        nothing = np.zeros((106, 2), np.float32), np.zeros(106, np.float32), np.zeros(3, np.float32), 0.0
        samples += [(make_mistake(faces, scenes, rng), *nothing) for _ in range(wrong)]
        crops, *rest = (np.stack(x) for x in zip(*samples, strict=True))
        return crops, *(x.astype(np.float32) for x in rest)

    log, best, recent = Log(work / "log.csv"), np.inf, []
    every = max(1, min(steps // 20, 500))
    for step, (crops, *goal) in enumerate(batches(make, config.seed)):
        for group in optimiser.param_groups:
            group["lr"] = cosine(step, steps, config.learning_rate, config.warmup)
        x = torch.from_numpy(normalise_face(np.asarray(crops))).contiguous(memory_format=torch.channels_last)
        loss = losses(network(x), tuple(torch.as_tensor(g) for g in goal), parts)
        optimiser.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(network.parameters(), 20.0)
        optimiser.step()
        average.update(network)
        recent.append(loss.item())
        if step + 1 >= steps or (step + 1) % every == 0:
            row = score(average.network, development)
            log.row(step=step + 1, loss=float(np.mean(recent[-every:])), **row)
            facts = {"network": "landmarks106", "width": config.width, "side": SIDE,
                     "training": asdict(config), "metrics": row}  # fmt: skip
            save_weights(work / "last.safetensors", average.network.state_dict(), facts)
            if row["teacher"] + row["human68"] < best:
                best = row["teacher"] + row["human68"]
                save_weights(work / "best.safetensors", average.network.state_dict(), facts)
        if step + 1 >= steps:
            return


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add_arguments(parser, LandmarkTraining)
    main(from_arguments(LandmarkTraining, parser.parse_args()))
