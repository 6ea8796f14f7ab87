"""Shared by the training scripts: moving average of the weights, schedule, log, data loading, saved state."""

from __future__ import annotations

import copy
import csv
import itertools
import math
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict, dataclass
from itertools import compress
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import torch
from torch import Tensor, nn
from torch.optim.swa_utils import get_ema_multi_avg_fn
from torch.utils.data import DataLoader, IterableDataset

from models.devices import DEVICES
from vision.options import option


@dataclass(frozen=True)
class MachineOptions:
    """Options of the machine."""

    device: str = option("auto", "where the network learns: auto takes a GPU where there is one", choices=DEVICES)
    threads: int = option(0, "threads of the network on a processor, 0 for all", low=0, high=64)
    workers: int = option(1, "processes that make the samples", low=0, high=64)
    seed: int = option(1, "random seed", low=0, high=2**31)


HERE = (
    "data", "scenes", "body_faces", "rendered", "work_dir", "start", "resume", "at_most", "evaluate_every", "device",
    "threads", "workers", "compiled",
)  # fmt: skip
"""Options of paths and machine, which do not affect the result of a run."""


class MovingAverage:
    """Exponential moving average of a network's weights (and copies of its buffers)."""

    def __init__(self, network: nn.Module, decay: float) -> None:
        self.network = copy.deepcopy(network).eval()
        self.decay, self.steps = decay, 0

    @torch.no_grad()
    def update(self, network: nn.Module) -> None:
        """Update the average; the first steps have a smaller decay."""
        self.steps += 1
        decay = min(self.decay, (1 + self.steps) / (10 + self.steps))
        mine, new = (list(n.state_dict().values()) for n in (self.network, network))
        real = [x.dtype.is_floating_point for x in mine]
        get_ema_multi_avg_fn(decay)(list(compress(mine, real)), list(compress(new, real)), self.steps)
        for number, latest in zip(mine, new, strict=True):
            if not number.dtype.is_floating_point:
                number.copy_(latest)


def cosine(step: int, steps: int, peak: float, warmup: int, floor: float = 0.01) -> float:
    """Learning rate: linear warm-up to ``peak``, then half a cosine down to ``floor`` times it."""
    if step < warmup:
        return peak * (step + 1) / warmup
    part = (step - warmup) / max(steps - warmup, 1)
    return peak * (floor + (1 - floor) * 0.5 * (1 + math.cos(math.pi * min(part, 1.0))))


class Endless(IterableDataset):
    """Endless batches of ``make(rng)``; batch k depends on the seed and k alone."""

    def __init__(self, make: Callable[[np.random.Generator], Any], seed: int, first: int) -> None:
        self.make, self.seed, self.first = make, seed, first

    def __iter__(self) -> Iterator[Any]:
        info = torch.utils.data.get_worker_info()
        mine, workers = (0, 1) if info is None else (info.id, info.num_workers)
        for k in itertools.count(self.first + mine, workers):
            yield self.make(np.random.default_rng([self.seed, k]))


def prepare(seed: int, threads: int) -> None:
    """Seed the network, limit its threads, and OpenCV's to one, since its pool does not survive a fork.

    Denormal numbers are flushed to zero, since they slow training on a processor several times.  A GPU autotunes its
    kernels.
    """
    torch.manual_seed(seed)
    torch.set_flush_denormal(True)
    torch.backends.cudnn.benchmark = True
    torch.set_num_threads(threads or torch.get_num_threads())
    cv2.setNumThreads(0)


def _one_thread(_: int) -> None:
    torch.set_num_threads(1)


def batches(make: Callable[[np.random.Generator], Any], seed: int, first: int = 0, workers: int = 1) -> Iterator[Any]:
    """An iterator over batches from number ``first`` on, made in worker processes."""
    loader = DataLoader(
        Endless(make, seed, first),
        batch_size=None,
        num_workers=workers,
        prefetch_factor=4 if workers else None,
        worker_init_fn=_one_thread,
        pin_memory=torch.cuda.is_available(),
    )
    return iter(loader)


def on_device(batch: Iterable[Any], network: nn.Module) -> list[Tensor]:
    """The arrays of a batch as tensors on the network's device."""
    device = next(network.parameters()).device
    return [torch.as_tensor(part).to(device, non_blocking=True) for part in batch]


def described(config: Any) -> dict[str, Any]:
    """The configuration for a checkpoint, without the options of the machine."""
    return {k: v for k, v in asdict(config).items() if k not in HERE}


def fitted(tensors: dict[str, Tensor], network: nn.Module) -> dict[str, Tensor]:
    """The tensors widened to the network where a side is half as long (Net2Net, Chen et al., ICLR 2016).

    Channels are duplicated and the weights that read them are split at random, so that the wider network
    computes the same function and the duplicates can diverge.  Missing names stay missing.
    """
    wide = {}
    for name, goal in network.state_dict().items():
        if name not in tensors:
            continue
        tensor = tensors[name]
        if tensor.ndim > 0 and 2 * tensor.shape[0] == goal.shape[0]:
            tensor = torch.cat([tensor, tensor])
        if tensor.ndim > 1 and 2 * tensor.shape[1] == goal.shape[1]:
            share = 0.5 + 0.25 * torch.randn_like(tensor)
            tensor = torch.cat([tensor * share, tensor * (1 - share)], dim=1)
        wide[name] = tensor
    return wide


def save_state(
    path: Path, network: nn.Module, average: MovingAverage, optimiser: torch.optim.Optimizer, **more: Any
) -> None:
    """Write the complete state of a run for exact resumption, atomically."""
    state = {"network": network.state_dict(), "average": average.network.state_dict(), "averaged": average.steps,
             "optimiser": optimiser.state_dict(), **more}  # fmt: skip
    torch.save(state, path.with_suffix(".part"))
    path.with_suffix(".part").replace(path)


def load_state(
    path: Path, network: nn.Module, average: MovingAverage, optimiser: torch.optim.Optimizer
) -> dict[str, Any]:
    """Restore what ``save_state`` wrote; returns the additional values."""
    state = torch.load(path, map_location="cpu", weights_only=True)
    network.load_state_dict(state.pop("network"))
    average.network.load_state_dict(state.pop("average"))
    average.steps = state.pop("averaged")
    optimiser.load_state_dict(state.pop("optimiser"))
    return state


class Log:
    """Rows of numbers to a CSV file, to the screen, and to TensorBoard where it is installed."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self.path, self.start = path, time.monotonic()
        try:
            from torch.utils.tensorboard import SummaryWriter
        except ImportError:
            self.board = None
        else:
            self.board = SummaryWriter(str(path.parent))

    def row(self, step: int, **values: float) -> None:
        """One row; the columns are those of the first row of the file."""
        whole = {"step": step, "minutes": round((time.monotonic() - self.start) / 60, 1)} | values
        new = not self.path.exists()
        with self.path.open("a", newline="") as file:
            writer = csv.writer(file)
            if new:
                writer.writerow(whole)
            writer.writerow(whole.values())
        for name, value in values.items():
            if self.board is not None:
                self.board.add_scalar(name, value, step)
        words = (f"{k} {v:.4f}" if isinstance(v, float) else f"{k} {v}" for k, v in whole.items())
        print("  ".join(words), flush=True)
