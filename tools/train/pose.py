"""Train the body network (HRNet) on person crops.

    python -m tools.train.pose --data DIR --work-dir runs/pose --minutes 60

``DIR`` has data in COCO's format (see ``tools.data.coco``), or packaged crops: every ``*_train.{npz,tar}``, and
``body_eval_dev.{npz,tar}`` for evaluation; crops of ``tools.render.people`` there or in ``--rendered`` are mixed in.
All crops are decoded once and stay on the network's device (187 kB each), where batches of augmented views are made.
The work directory gets ``log.csv``, ``state.pt`` (for ``--resume``), ``last.safetensors`` and ``best.safetensors``; the
app loads the latter with ``--pose-weights``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from models.checkpoints import load_strictly
from models.hrnet import SIZES, HRNet
from models.loading import read_pose_file
from models.pose import MEAN, STD, PoseRunner
from models.torch_runtime import choose_device, engine_of, training_precision
from tools.data.body import RENDERED, CropSet
from tools.data.coco import read_set, read_training
from tools.data.views import Augmentation, CropTensors, decoded, make_views, targets
from tools.evaluate import body as evaluate_body
from tools.script import run_script
from tools.train.loop import fitted, prepare
from tools.train.timed_run import TimedOptions, TimedRun
from vision.options import option

JOINT_WEIGHTS = torch.tensor([1.0] * 7 + [1.2, 1.2, 1.5, 1.5, 1.0, 1.0, 1.2, 1.2, 1.5, 1.5])
"""Weights of the joints: the outer joints of the limbs have more, as in the official COCO training."""


@dataclass(frozen=True)
class PoseTraining(TimedOptions):
    """The configuration of a run, which is stored in its checkpoints."""

    data: str = option("data/body", "folder in COCO's format, or of the packaged body crops")
    size: str = option("w32s", "row of the table of network sizes", choices=tuple(SIZES))
    height: int = option(256, "input height, a multiple of 32", low=64, high=512, unit="px")
    width: int = option(192, "input width, a multiple of 32", low=64, high=512, unit="px")
    start: str = option("", "weights to start from, of this size or of half its width; empty for random ones")
    frozen: str = option("", "comma-separated beginnings of the layers that keep their weights and statistics")
    separate: bool = option(False, "push the outputs of left and right joints apart at the start")
    batch_size: int = option(32, "samples per step", low=1, high=4096)
    rendered: str = option("", "another folder of such sets: that of tools.render.people")
    rendered_share: float = option(0.3, "part of the samples that is drawn from the rendered set", low=0, high=1)
    without: str = option("", "comma-separated beginnings of the sources to leave out")
    often: str = option("", "comma-separated beginnings of the sources to draw three times as often")
    strength: float = option(1.0, "strength of the augmentation; short runs want less", low=0, high=1)
    parted: float = option(0.0, "weight of the penalty for giving both ankles or knees one place", low=0, high=10)
    compiled: bool = option(False, "compile the network first; takes a minute, and pays on a GPU")

    def __post_init__(self) -> None:
        super().__post_init__()
        for name in ("height", "width"):
            if getattr(self, name) % 32:
                raise ValueError(f"{name} must be a multiple of 32, not {getattr(self, name)}")


def _begins(sources: np.ndarray, beginnings: str) -> np.ndarray:
    """Whether each source begins with one of the comma-separated prefixes."""
    words = tuple(word for word in beginnings.split(",") if word)
    return np.array([str(source).startswith(words) for source in sources])


FAMILIES = ("dev_", "frame_", "x_", "sports_")
"""Prefixes of sources that count as one source each."""


def balanced(crops: CropSet) -> np.ndarray:
    """Sampling weight (N,) of each crop: a source by the square root of its size, crops with human labels twice."""
    sources = np.array([next((f for f in FAMILIES if s.startswith(f)), s) for s in crops.sources.tolist()])
    _, where, sizes = np.unique(sources, return_inverse=True, return_counts=True)
    return np.where(crops.gt.any(axis=1), 2.0, 1.0) / np.sqrt(sizes[where])


def training_set(config: PoseTraining) -> tuple[CropSet, np.ndarray]:
    """All training crops and the probability of drawing each."""
    crops = read_training(Path(config.data))
    if config.rendered:
        crops = crops + read_training(Path(config.rendered))
    crops = crops.where(~_begins(crops.sources, config.without))
    chance = balanced(crops)
    chance[_begins(crops.sources, config.often)] *= 3.0
    drawn = crops.sources == RENDERED
    if drawn.any() and not drawn.all():
        chance[drawn] *= config.rendered_share / chance[drawn].sum()
        chance[~drawn] *= (1 - config.rendered_share) / chance[~drawn].sum()
    return crops, chance / chance.sum()


def score(network: torch.nn.Module, crops: CropSet, size_wh: tuple[int, int]) -> dict[str, float]:
    """PCK at .2 torso per source, and the mean of the sources."""
    runner = PoseRunner(engine_of(network, mean=MEAN, deviation=STD), size_wh)
    errors = evaluate_body.torso_errors(evaluate_body.run(runner, crops), crops)
    row = {}
    for source in np.unique(crops.sources):
        part = errors[crops.sources == source]
        row[str(source)] = float((part[np.isfinite(part)] < 0.2).mean())
    return row | {"mean": float(np.mean(list(row.values())))}


def separate_sides(network: HRNet) -> None:
    """Push the output rows of left and right joints apart by half their length, in place.

    Equal rows give no gradient to features that distinguish the sides, so a network that predicts "either foot" for
    both ankles stays in that state for long.
    """
    weight = network.final_layer.weight.data[:, :, 0, 0]  # type: ignore[union-attr, index]  # layers by number or name are modules to the checker
    for left in range(1, 17, 2):
        pair = weight[left : left + 2]
        push = torch.nn.functional.normalize(torch.randn(pair.shape[1]), dim=0) * pair.norm(dim=1).mean() / 2
        pair += torch.stack([push, -push])


def freeze(network: HRNet, beginnings: str) -> None:
    """Freeze the weights and statistics of the layers with these comma-separated prefixes."""
    for name, layer in network.named_modules():
        if name and name.startswith(tuple(word for word in beginnings.split(",") if word)):
            layer.eval().requires_grad_(False)


def build(config: PoseTraining) -> HRNet:
    """The network at its start."""
    network = HRNet(SIZES[config.size])
    if config.start:
        load_strictly(network, fitted(read_pose_file(Path(config.start))[0], network), Path(config.start))
    if config.separate:
        separate_sides(network)
    freeze(network, config.frozen)
    return network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]  # PyTorch's overloads leave memory_format out


LEGS = ((13, 14), (15, 16))
"""Knees and ankles, left and right: the joints that most often coincide."""


def coincidence(maps: Tensor) -> Tensor:
    """Cosine similarity (B, 2) in [0, 1] of the heatmaps (B, 17, h, w) of both knees and of both ankles."""
    flat = maps.clamp(min=0).flatten(2)
    return torch.stack([functional.cosine_similarity(flat[:, a], flat[:, b], dim=1) for a, b in LEGS], dim=1)


def loss(found: Tensor, maps: Tensor, weights: Tensor, parted: float) -> Tensor:
    """Mean squared error of the heatmaps (B, 17, h, w) of the known joints, in hundredths.

    ``weights`` (B, 17) are 0 where a joint is unknown.  ``parted``: weight of the penalty for knees and ankles that
    coincide more than their labels do, where both are known.
    """
    weight = weights * JOINT_WEIGHTS.to(weights)
    error = (found - maps).square().mean(dim=(2, 3))
    total = (error * weight).sum() / weight.sum().clamp(min=1) * 100
    if not parted:
        return total
    both = torch.stack(
        [weights[:, a] * weights[:, b] * (maps[:, [a, b]].amax(dim=(1, 2, 3)) > 0) for a, b in LEGS], dim=1
    )
    more = (coincidence(found) - coincidence(maps)).clamp(min=0)
    return total + parted * (more * both).sum() / both.sum().clamp(min=1)


def view_batches(crops: CropTensors, chance: np.ndarray, config: PoseTraining) -> Iterator[tuple[Tensor, ...]]:
    """Endless batches of normalised views (B, 3, h, w), their heatmaps and the joints' weights."""
    size_wh, device = (config.width, config.height), crops.images.device
    change = Augmentation().weakened(config.strength)
    odds = torch.from_numpy(chance).to(device)
    mean, deviation = (torch.from_numpy(x).to(device).view(3, 1, 1) for x in (MEAN, STD))
    while True:
        rows = torch.multinomial(odds, config.batch_size, replacement=True)
        views, points, weights = make_views(crops[rows], size_wh, change)
        views = ((views - mean) / deviation).contiguous(memory_format=torch.channels_last)
        yield views, targets(points, size_wh), weights


def learner(network: HRNet, config: PoseTraining) -> Callable[[tuple[Tensor, ...]], Tensor]:
    """The loss of a batch, in bfloat16 where that is faster."""
    device = next(network.parameters()).device
    precision = training_precision(device)
    forward = torch.compile(network) if config.compiled else network

    def loss_of(batch: tuple[Tensor, ...]) -> Tensor:
        views, maps, weights = batch
        with torch.autocast(device.type, precision, enabled=precision != torch.float32):
            found = forward(views)
        return loss(found.float(), maps, weights, config.parted)

    return loss_of


def main(config: PoseTraining) -> None:
    """Train for the given time; writes ``best.safetensors`` and ``last.safetensors`` to the work directory."""
    prepare(config.seed, config.threads)
    crops, chance = training_set(config)
    development = read_set(Path(config.data), "body_eval_dev", "val")
    device = choose_device(config.device)
    network = build(config).to(device)
    run = TimedRun(network, config, {"network": "hrnet"}, clip=1.0)

    def figures(average: torch.nn.Module) -> tuple[dict[str, float], float]:
        row = score(average, development, (config.width, config.height))
        return row, row["mean"]

    torch.manual_seed(config.seed + run.step)
    run.train(view_batches(decoded(crops, device), chance, config), learner(network, config), figures)


if __name__ == "__main__":
    run_script(main, PoseTraining, __doc__)
