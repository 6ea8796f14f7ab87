"""Train the detector on faces or on people.

    python -m tools.train_detector --kind face --data DIR --work-dir runs/face --minutes 30

``DIR`` holds the packaged folders ``face`` and ``body``.
"""

from __future__ import annotations

import time
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from models.checkpoints import load_strictly, read_weights, save_weights
from models.detector import Detector, DetectorSize, decode_cells, flatten, grid
from models.runtime import DetectorRunner
from tools.detection_data import Composer, assign, read_face_crops, read_faceless, read_person_crops, read_scenes
from tools.evaluate_detector import evaluate
from tools.script import run_script
from tools.training import Log, MovingAverage, batches, cosine, described, fitted, prepare
from vision.options import check_options, option


@dataclass(frozen=True)
class DetectorTraining:
    """The configuration of a run; a checkpoint stores it."""

    kind: str = option("face", "what to find", choices=("face", "person"))
    data: str = option("data", "folder with the packaged folders face and body")
    work_dir: str = option("runs/detector", "folder for logs and checkpoints")
    start: str = option("", "weights to start from, of this width or of half of it; empty for random ones")
    wider: int = option(1, "channels as a multiple of the smallest network's", low=1, high=8)
    side: int = option(320, "sides of the training pictures, a multiple of 32", low=64, high=1280, unit="px")
    minutes: float = option(30.0, "length of the run", low=0, high=10000, unit="min")
    batch_size: int = option(16, "pictures per step", low=1, high=4096)
    learning_rate: float = option(2e-3, "peak learning rate of AdamW", low=0, high=1)
    warmup: int = option(200, "steps of linear warm-up", low=0, high=100000)
    weight_decay: float = option(0.02, "AdamW's weight decay", low=0, high=1)
    average: float = option(0.998, "decay of the moving average of the weights", low=0, high=1)
    threads: int = option(1, "threads of the network", low=1, high=64)
    seed: int = option(1, "random seed", low=0, high=2**31)

    def __post_init__(self) -> None:
        check_options(self)


def composer(config: DetectorTraining) -> Composer:
    """The maker of training pictures."""
    folder = Path(config.data)
    listed = [s for s in read_scenes(folder / "body", config.kind) if not s.dev]
    scenes = [s for s in listed if len(s.boxes)]
    negatives = [s for s in listed if not len(s.boxes) and not len(s.ignore)]
    if config.kind == "face":
        negatives += read_faceless(folder / "body", len(negatives))
        return Composer(scenes, read_face_crops(folder / "face"), negatives, config.side, 30.0, 9.0, 360.0)
    return Composer(scenes, read_person_crops(folder / "body"), negatives, config.side, 7.0, 30.0, 360.0)


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

    ``goal`` = owner (B, C): -1 none, -2 ignored, else a thing; boxes (B, C, 4); points (B, C, P, 2).
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


def main(config: DetectorTraining) -> None:
    """Train for the given time; ``best.safetensors`` and ``last.safetensors`` land in the work directory."""
    prepare(config.seed, config.threads)
    work, made = Path(config.work_dir), composer(config)
    points = 5 if config.kind == "face" else 0
    size = DetectorSize().wider(config.wider)
    network = Detector(size, points).to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    if config.start:
        load_strictly(network, fitted(read_weights(Path(config.start))[0], network), Path(config.start))
    average = MovingAverage(network, config.average)
    optimiser = torch.optim.AdamW(network.parameters(), lr=config.learning_rate, weight_decay=config.weight_decay)
    centres, strides = grid(config.side, config.side)
    cells_at, cells_stride = torch.from_numpy(centres), torch.from_numpy(strides)

    def make(rng: np.random.Generator) -> tuple[np.ndarray, ...]:
        rows = []
        for _ in range(config.batch_size):
            picture = made.picture(rng)
            owner, _ = assign(picture, centres, strides)
            safe = np.maximum(owner, 0)
            boxes = picture.boxes[safe] if len(picture.boxes) else np.zeros((len(owner), 4), np.float32)
            spots = picture.points[safe] if len(picture.boxes) else np.zeros((len(owner), points, 2), np.float32)
            rows.append((picture.image, owner, boxes, spots))
        return tuple(np.stack(x) for x in zip(*rows, strict=True))

    log, best, recent = Log(work / "log.csv"), -1.0, []
    start, last = time.monotonic(), time.monotonic()
    for step, (images, owner, boxes, spots) in enumerate(batches(make, config.seed)):
        part = (time.monotonic() - start) / (config.minutes * 60)
        rate = cosine(round(part * 10000), 10000, config.learning_rate, 0)
        for group in optimiser.param_groups:
            group["lr"] = min(rate, config.learning_rate * (step + 1) / max(config.warmup, 1))
        x = (torch.as_tensor(images).permute(0, 3, 1, 2).float() / 127.5 - 1).contiguous(
            memory_format=torch.channels_last
        )
        goal = tuple(torch.as_tensor(g) for g in (owner, boxes, spots))
        loss = losses(flatten(network(x)), goal, cells_at, cells_stride)
        optimiser.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(network.parameters(), 10.0)
        optimiser.step()
        average.update(network)
        recent.append(loss.item())
        if step % 50 == 0:
            print(step, f"{np.mean(recent[-50:]):.4f}", f"{part:.3f}", flush=True)
        if part >= 1 or time.monotonic() - last > 300:
            last = time.monotonic()
            facts = {"network": "detector", "kind": config.kind, "points": points, "size": asdict(size),
                     "training": described(config)}  # fmt: skip
            row = evaluate(DetectorRunner(average.network, config.kind), Path(config.data) / "body", config.kind)
            log.row(step + 1, loss=float(np.mean(recent[-400:])), **row)
            facts["metrics"] = row
            save_weights(work / "last.safetensors", average.network.state_dict(), facts)
            if row["recall"] - row["false"] > best:
                best = row["recall"] - row["false"]
                save_weights(work / "best.safetensors", average.network.state_dict(), facts)
        if part >= 1:
            return


if __name__ == "__main__":
    run_script(main, DetectorTraining, __doc__)
