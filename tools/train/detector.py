"""Train the detector on faces or on people.

    python -m tools.train.detector --kind face --data DIR --work-dir runs/face --minutes 30

``DIR`` holds the packaged folders ``face``, ``body`` and, if there is one, ``negatives``.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from models.checkpoints import load_strictly, read_weights
from models.detection import DETECTION, DetectorRunner
from models.detector import Detector, DetectorSize, decode_cells, flatten, grid
from models.torch_runtime import choose_device, engine_of
from tools.data.detection import Composer, assign
from tools.data.scenes import (
    read_body_faces,
    read_face_crops,
    read_faceless,
    read_negatives,
    read_person_crops,
    read_profile_crops,
    read_scenes,
)
from tools.evaluate.detector import evaluate
from tools.script import run_script
from tools.train.loop import batches, fitted, on_device, prepare
from tools.train.timed_run import TimedOptions, TimedRun
from vision.options import option


@dataclass(frozen=True)
class DetectorTraining(TimedOptions):
    """The configuration of a run; a checkpoint stores it."""

    kind: str = option("face", "what to find", choices=("face", "person"))
    data: str = option("data", "folder with the packaged folders face and body")
    body_faces: str = option("", "boxes of tools.data.label_faces: faces of the person crops, half of all scenes shown")
    start: str = option("", "weights to start from, of this width or of half of it; empty for random ones")
    profiles: int = option(2, "how often profiles count among the face crops", low=0, high=100)
    wider: int = option(1, "channels as a multiple of the smallest network's", low=1, high=8)
    side: int = option(320, "sides of the training pictures, a multiple of 32", low=64, high=1280, unit="px")
    batch_size: int = option(16, "pictures per step", low=1, high=4096)


def composer(config: DetectorTraining) -> Composer:
    """The composer of training pictures."""
    folder = Path(config.data)
    listed = [s for s in read_scenes(folder / "body", config.kind) if not s.dev]
    scenes = [s for s in listed if len(s.boxes)]
    negatives = [s for s in listed if not len(s.boxes) and not len(s.ignore)] + read_negatives(folder / "negatives")
    if config.kind == "face":
        negatives += read_faceless(folder / "body", len(negatives))
        more = [read_body_faces(folder / "body", Path(config.body_faces))] if config.body_faces else []
        crops, profiles = read_face_crops(folder / "face"), read_profile_crops(folder / "face", "profile_train")
        crops += profiles * config.profiles
        return Composer([scenes, *more], crops, negatives, config.side, 30.0, 9.0, 360.0)
    return Composer([scenes], read_person_crops(folder / "body"), negatives, config.side, 7.0, 30.0, 360.0)


def _overlap(a: Tensor, b: Tensor) -> tuple[Tensor, Tensor]:
    """IoU and generalised IoU (Rezatofighi et al., CVPR 2019) of paired boxes (N, 4)."""
    low, high = torch.maximum(a[:, :2], b[:, :2]), torch.minimum(a[:, 2:], b[:, 2:])
    both = (high - low).clamp(min=0).prod(dim=1)
    union = (a[:, 2:] - a[:, :2]).prod(dim=1) + (b[:, 2:] - b[:, :2]).prod(dim=1) - both
    hull = (torch.maximum(a[:, 2:], b[:, 2:]) - torch.minimum(a[:, :2], b[:, :2])).prod(dim=1)
    iou = both / union.clamp(min=1e-6)
    return iou, iou - (hull - union) / hull.clamp(min=1e-6)


def losses(cells: Tensor, goal: tuple[Tensor, ...], centres: Tensor, strides: Tensor) -> Tensor:
    """Varifocal score loss, GIoU box loss, smooth L1 point loss (in box sizes); per positive cell.

    ``goal`` = owner (B, C): -1 none, -2 ignored, else an object; boxes (B, C, 4); points (B, C, P, 2).
    """
    owner, boxes, points = goal
    mine = owner >= 0
    found_boxes, found_points = decode_cells(cells, centres, strides)
    iou, giou = _overlap(found_boxes[mine], boxes[mine])
    wanted = torch.zeros_like(cells[..., 0])
    wanted[mine] = iou.detach().clamp(0.05, 1)
    logits = cells[..., 0]
    chance = logits.sigmoid().detach()
    weight = torch.where(mine, wanted, 0.75 * chance.square()) * (owner != -2)
    score = torch.nn.functional.binary_cross_entropy_with_logits(logits, wanted, reduction="none")
    count = mine.sum().clamp(min=1)
    total = (score * weight).sum() / count + 1.5 * (1 - giou).sum() / count
    if points.shape[2]:
        size = (boxes[mine][:, 2:] - boxes[mine][:, :2]).mean(dim=1)[:, None, None]
        known = points[mine].isfinite()
        gap = (found_points[mine] - points[mine].nan_to_num()) / size
        point = torch.nn.functional.smooth_l1_loss(gap, torch.zeros_like(gap), beta=0.05, reduction="none")
        total = total + 4 * (point * known).sum() / (count * 2 * points.shape[2])
    return total


def build(config: DetectorTraining, size: DetectorSize, points: int) -> Detector:
    """The network at its start."""
    network = Detector(size, points)
    if config.start:
        load_strictly(network, fitted(read_weights(Path(config.start))[0], network), Path(config.start))
    return network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]  # PyTorch's overloads leave memory_format out


def sample(made: Composer, points: int, rng: np.random.Generator) -> tuple[np.ndarray, ...]:
    """A picture, and for every cell its owner, the owner's box (C, 4) and points (C, P, 2)."""
    picture = made.picture(rng)
    owner, _ = assign(picture, *grid(made.side, made.side))
    if not len(picture.boxes):
        return (
            picture.image,
            owner,
            np.zeros((len(owner), 4), np.float32),
            np.zeros((len(owner), points, 2), np.float32),
        )
    rows = np.maximum(owner, 0)
    return picture.image, owner, picture.boxes[rows], picture.points[rows]


def main(config: DetectorTraining) -> None:
    """Train for the given time; writes ``best.safetensors`` and ``last.safetensors`` to the work directory."""
    prepare(config.seed, config.threads)
    made, points, size = composer(config), 5 if config.kind == "face" else 0, DetectorSize().wider(config.wider)
    network = build(config, size, points).to(choose_device(config.device))
    centres, strides = on_device(grid(config.side, config.side), network)

    def make(rng: np.random.Generator) -> tuple[np.ndarray, ...]:
        rows = [sample(made, points, rng) for _ in range(config.batch_size)]
        return tuple(np.stack(x) for x in zip(*rows, strict=True))

    def loss(batch: tuple[np.ndarray, ...]) -> Tensor:
        images, *goal = on_device(batch, network)
        x = (images / 127.5 - 1).permute(0, 3, 1, 2)
        return losses(flatten(network(x)), tuple(goal), centres, strides)

    def figures(average: torch.nn.Module) -> tuple[dict[str, float], float]:
        row = evaluate(
            DetectorRunner(engine_of(average), DETECTION[config.kind]), Path(config.data) / "body", config.kind
        )
        return row, row["recall"] - row["false"]

    facts = {"network": "detector", "kind": config.kind, "points": points, "size": asdict(size)}
    TimedRun(network, config, facts, clip=10.0).train(batches(make, config.seed, workers=config.workers), loss, figures)


if __name__ == "__main__":
    run_script(main, DetectorTraining, __doc__)
