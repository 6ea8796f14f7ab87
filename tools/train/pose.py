"""Train the body network (HRNet) on person crops.

    python -m tools.train.pose --data DIR --work-dir runs/pose --minutes 60

``DIR`` holds data in COCO's format (see ``tools.data.coco``), or the packaged ``body_train.{npz,tar}``,
``sports_train.{npz,tar}`` and ``body_eval_dev.{npz,tar}``; a set of ``tools.render.people`` there or in ``--rendered``
is mixed in.  The work directory receives ``log.csv``, ``last.safetensors`` and ``best.safetensors``; the app takes the
latter with ``--pose-weights``.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from models.checkpoints import load_strictly
from models.hrnet import SIZES, HRNet
from models.loading import read_pose_file
from models.pose import MEAN, STD, PoseRunner
from models.torch_runtime import choose_device, engine_of, training_precision
from tools.data.body import Augmentation, CropSet, make_sample, read_crops
from tools.data.coco import read_set
from tools.evaluate import body as evaluate_body
from tools.script import run_script
from tools.train.loop import fitted, on_device, prepare
from tools.train.timed_run import TimedOptions, TimedRun
from vision.options import option

JOINT_WEIGHTS = torch.tensor([1.0] * 7 + [1.2, 1.2, 1.5, 1.5, 1.0, 1.0, 1.2, 1.2, 1.5, 1.5])
"""The outer joints of the limbs count more, as in the official COCO training."""


@dataclass(frozen=True)
class PoseTraining(TimedOptions):
    """The configuration of a run; a checkpoint stores it."""

    data: str = option("data/body", "folder in COCO's format, or of the packaged body crops")
    size: str = option("w32s", "row of the table of network sizes", choices=tuple(SIZES))
    height: int = option(256, "input height, a multiple of 32", low=64, high=512, unit="px")
    width: int = option(192, "input width, a multiple of 32", low=64, high=512, unit="px")
    start: str = option("", "weights to start from, of this size or of half its width; empty for random ones")
    separate: bool = option(False, "push the outputs of left and right joints apart at the start")
    batch_size: int = option(32, "samples per step", low=1, high=4096)
    rendered: str = option("", "folder of tools.render.people's set; empty for the data folder, if it has one")
    rendered_share: float = option(0.3, "part of the samples that is drawn from the rendered set", low=0, high=1)
    without: str = option("", "comma-separated beginnings of the sources to leave out")
    often: str = option("", "comma-separated beginnings of the sources to draw three times as often")
    strength: float = option(1.0, "strength of the augmentation; short runs want less", low=0, high=1)

    def __post_init__(self) -> None:
        super().__post_init__()
        for name in ("height", "width"):
            if getattr(self, name) % 32:
                raise ValueError(f"{name} must be a multiple of 32, not {getattr(self, name)}")


def _begins(sources: np.ndarray, beginnings: str) -> np.ndarray:
    """Which sources begin with one of the comma-separated words."""
    words = tuple(word for word in beginnings.split(",") if word)
    return np.array([str(source).startswith(words) for source in sources])


def training_set(config: PoseTraining) -> tuple[CropSet, np.ndarray]:
    """All training crops and the probability of drawing each."""
    folder = Path(config.data)
    crops = read_set(folder, "body_train", "train")
    if (folder / "sports_train.npz").exists():
        crops = crops + read_crops(folder, "sports_train")
    crops = crops.where(~_begins(crops.sources, config.without))
    chance = np.ones(len(crops))
    chance[crops.sources == "ccp"] = 0.5
    chance[_begins(crops.sources, config.often)] = 3.0
    return with_rendered(crops, chance / chance.sum(), config)


def with_rendered(crops: CropSet, chance: np.ndarray, config: PoseTraining) -> tuple[CropSet, np.ndarray]:
    """Crops and chances with the rendered set mixed in, where there is one."""
    folder = Path(config.rendered or config.data)
    if not (folder / "rendered_train.npz").exists():
        if config.rendered:
            raise ValueError(f"rendered must be a folder with rendered_train.npz, not {config.rendered!r}")
        return crops, chance
    drawn = read_crops(folder, "rendered_train")
    share = config.rendered_share
    return crops + drawn, np.concatenate([chance * (1 - share), np.full(len(drawn), share / len(drawn))])


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

    Rows that have become equal send no gradient to features that would tell the sides apart, so a
    network that answers "either foot" for both ankles stays there for long.
    """
    weight = network.final_layer.weight.data[:, :, 0, 0]  # type: ignore[union-attr, index]
    for left in range(1, 17, 2):
        pair = weight[left : left + 2]
        push = torch.nn.functional.normalize(torch.randn(pair.shape[1]), dim=0) * pair.norm(dim=1).mean() / 2
        pair += torch.stack([push, -push])


def build(config: PoseTraining) -> HRNet:
    """The network at its start."""
    network = HRNet(SIZES[config.size])
    if config.start:
        load_strictly(network, fitted(read_pose_file(Path(config.start))[0], network), Path(config.start))
    if config.separate:
        separate_sides(network)
    return network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]


def loss(network: torch.nn.Module, batch: tuple[np.ndarray, ...], precision: torch.dtype) -> torch.Tensor:
    """Mean squared error of the heatmaps of the known joints, in hundredths, for a batch of views, maps and weights."""
    views, maps, weights, mean, std = on_device((*batch, MEAN, STD), network)
    weight = weights * JOINT_WEIGHTS.to(weights)
    with torch.autocast(views.device.type, precision, enabled=precision != torch.float32):
        found = network(((views - mean) / std).permute(0, 3, 1, 2))
    error = (found.float() - maps).square().mean(dim=(2, 3))
    return (error * weight).sum() / weight.sum().clamp(min=1) * 100


def main(config: PoseTraining) -> None:
    """Train for the given time; ``best.safetensors`` and ``last.safetensors`` land in the work directory."""
    prepare(config.seed, config.threads)
    size_wh = (config.width, config.height)
    crops, chance = training_set(config)
    development = read_set(Path(config.data), "body_eval_dev", "val")
    device = choose_device(config.device)
    network, precision = build(config).to(device), training_precision(device)
    augmentation = Augmentation().weakened(config.strength)

    def make(rng: np.random.Generator) -> tuple[np.ndarray, ...]:
        rows = rng.choice(len(crops), config.batch_size, p=chance)
        samples = (make_sample(crops, i, size_wh, augmentation, rng) for i in rows)
        return tuple(np.stack(x) for x in zip(*samples, strict=True))

    def figures(average: torch.nn.Module) -> tuple[dict[str, float], float]:
        row = score(average, development, size_wh)
        return row, row["mean"]

    run = TimedRun(network, config, {"network": "hrnet"}, clip=1.0)
    run.train(make, lambda batch: loss(network, batch, precision), figures)


if __name__ == "__main__":
    run_script(main, PoseTraining, __doc__)
