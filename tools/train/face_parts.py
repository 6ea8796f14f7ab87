"""Train the segmentation of faces: a decoder on the trunk of the 106-point network, which stays as it is.

    python -m tools.train.face_parts --data DIR --negatives DIR --work-dir OUT --steps 2000

The labels are made by ``tools.data.face_parts``.  ``OUT`` receives ``log.csv`` and ``last.safetensors``.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn
from tqdm import tqdm

from models.checkpoints import load_strictly, read_weights, save_weights
from models.face_parts import SKIN, Encoder, PartsDecoder
from models.landmarks106 import Landmarks106
from models.loading import PACKAGED
from models.runtime import Engine
from tools.data.face import read_faces
from tools.data.face_parts import NOT_SKIN, UNKNOWN, PartsSet, make_sample, read_parts
from tools.data.scenes import read_negatives
from tools.script import run_script
from tools.train.loop import Log, MachineOptions, MovingAverage, batches, cosine, described, prepare
from vision.options import check_options, option
from vision.types import Image


@dataclass(frozen=True)
class PartsTraining(MachineOptions):
    """The configuration of a run; a checkpoint stores it."""

    data: str = option("data/face", "folder of the packaged face crops")
    negatives: str = option("data/negatives", "folder with negatives.json and negatives.tar: other backgrounds")
    work_dir: str = option("runs/parts", "folder for log and checkpoints")
    trunk: str = option("packaged", "weights of the 106-point network, whose trunk is the encoder")
    crops: int = option(3000, "most crops with a plain background", low=1, high=100000)
    steps: int = option(2000, "steps of the optimiser", low=1, high=1000000)
    batch_size: int = option(16, "samples per step", low=1, high=1024)
    learning_rate: float = option(0.003, "peak learning rate of AdamW", low=0, high=1)
    warmup: int = option(50, "steps of linear warm-up", low=0, high=100000)
    every: int = option(250, "steps between evaluations", low=1, high=100000)

    def __post_init__(self) -> None:
        check_options(self)


def loss_of(logits: Tensor, labels: Tensor) -> Tensor:
    """Cross entropy (B, 4, H, W) against labels (B, H, W); where a label says no skin, only that counts."""
    known = torch.where(labels >= NOT_SKIN, -100, labels).long()
    total = nn.functional.cross_entropy(logits, known, ignore_index=-100, reduction="sum")
    shares = logits.log_softmax(dim=1)[:, SKIN]
    other = -torch.log1p(-shares.exp().clamp(max=1 - 1e-4)) * (labels == NOT_SKIN)
    return (total + other.sum()) / (labels != UNKNOWN).sum().clamp(min=1)


def halved(labels: np.ndarray) -> np.ndarray:
    """Labels (B, 128, 128) at half the size: those on which four neighbours agree."""
    blocks = np.stack([labels[:, i::2, j::2] for i in (0, 1) for j in (0, 1)])
    return np.where((blocks == blocks[0]).all(axis=0), blocks[0], UNKNOWN)


def score(decoder: nn.Module, encoder: Engine, held: PartsSet, rooms: list[Image]) -> dict[str, float]:
    """Intersection over union of the skin and share of right labels, on held-out crops with other backgrounds."""
    rng, right, known, both, either = np.random.default_rng(7), 0, 0, 0, 0
    for first in range(0, len(held.images), 16):
        rows = range(first, min(first + 16, len(held.images)))
        views, goals = (np.stack(x) for x in zip(*(make_sample(held, i, rooms, rng) for i in rows), strict=True))
        with torch.inference_mode():
            found = decoder(encoder(views)).argmax(dim=1).numpy()
        goal = halved(goals)
        sure = goal < NOT_SKIN
        right, known = right + int((found == goal)[sure].sum()), known + int(sure.sum())
        one, two = (found == SKIN) & sure, (goal == SKIN) & sure
        both, either = both + int((one & two).sum()), either + int((one | two).sum())
    return {"right": right / max(known, 1), "skin_iou": both / max(either, 1)}


def read_trunk(path: Path) -> tuple[Landmarks106, int]:
    """The 106-point network of a weights file and its width."""
    tensors, facts = read_weights(path)
    network = Landmarks106(facts["width"])
    load_strictly(network, tensors, path)
    return network.eval(), facts["width"]


def main(config: PartsTraining) -> dict[str, float]:
    """Train; returns the figures of the last evaluation."""
    prepare(config.seed, config.threads)
    trunk, width = read_trunk(PACKAGED["landmarks106"] if config.trunk == "packaged" else Path(config.trunk))
    encoder = Engine(Encoder(trunk))
    parts = read_parts(read_faces(Path(config.data), "face_train"), config.crops)
    rooms = [s.image for s in read_negatives(Path(config.negatives)) if s.source in ("ade20k", "imagenet300")]
    mine = np.arange(len(parts.images)) % 12 != 0
    learned, held = (_rows(parts, rows) for rows in (mine, ~mine & parts.plain))
    decoder = PartsDecoder(width).to(memory_format=torch.channels_last).train()  # type: ignore[call-overload]
    average = MovingAverage(decoder, 0.995)
    optimiser = torch.optim.AdamW(decoder.parameters(), lr=config.learning_rate, weight_decay=0.01)

    def make(rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
        samples = [
            make_sample(learned, int(rng.integers(len(learned.images))), rooms, rng) for _ in range(config.batch_size)
        ]
        return np.stack([s[0] for s in samples]), np.stack([s[1] for s in samples])

    log, row, recent = Log(Path(config.work_dir) / "log.csv"), {}, []
    stream = batches(make, config.seed, 0, config.workers)
    for step in tqdm(range(1, config.steps + 1), mininterval=5.0):
        views, labels = (np.asarray(x) for x in next(stream))
        for group in optimiser.param_groups:
            group["lr"] = cosine(step - 1, config.steps, config.learning_rate, config.warmup)
        loss = loss_of(
            decoder([f.clone(memory_format=torch.channels_last) for f in encoder(views)]),
            torch.from_numpy(halved(labels)),
        )
        optimiser.zero_grad(set_to_none=True)
        loss.backward()
        nn.utils.clip_grad_norm_(decoder.parameters(), 5.0)
        optimiser.step()
        average.update(decoder)
        recent.append(loss.item())
        if step % config.every == 0 or step == config.steps:
            row = score(average.network, encoder, held, rooms)
            log.row(step, loss=float(np.mean(recent)), **row)
            recent.clear()
            facts = {"network": "face_parts", "width": width, "training": described(config), "metrics": row}
            save_weights(Path(config.work_dir) / "last.safetensors", average.network.state_dict(), facts)
    return row


def _rows(parts: PartsSet, rows: np.ndarray) -> PartsSet:
    return replace(
        parts, **{name: getattr(parts, name)[rows] for name in ("images", "labels", "points", "pose", "plain")}
    )


if __name__ == "__main__":
    run_script(main, PartsTraining, __doc__)
