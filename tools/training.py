"""What the training scripts share: moving average of the weights, schedule, log, data loading."""

from __future__ import annotations

import copy
import csv
import math
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import torch
from torch import nn
from torch.utils.data import DataLoader, IterableDataset


class MovingAverage:
    """Exponential moving average of a network's weights (and copies of its buffers)."""

    def __init__(self, network: nn.Module, decay: float) -> None:
        self.network = copy.deepcopy(network).eval()
        self.decay, self.steps = decay, 0

    @torch.no_grad()
    def update(self, network: nn.Module) -> None:
        self.steps += 1
        decay = min(self.decay, (1 + self.steps) / (10 + self.steps))
        for mine, new in zip(self.network.state_dict().values(), network.state_dict().values(), strict=True):
            if mine.dtype.is_floating_point:
                mine.lerp_(new, 1 - decay)
            else:
                mine.copy_(new)


def cosine(step: int, steps: int, peak: float, warmup: int, floor: float = 0.01) -> float:
    """Learning rate: linear warm-up to ``peak``, then half a cosine down to ``floor`` times it."""
    if step < warmup:
        return peak * (step + 1) / warmup
    part = (step - warmup) / max(steps - warmup, 1)
    return peak * (floor + (1 - floor) * 0.5 * (1 + math.cos(math.pi * min(part, 1.0))))


class Endless(IterableDataset):
    """Batches made by ``make(rng)`` for ever; each worker has its own random stream."""

    def __init__(self, make: Callable[[np.random.Generator], Any], seed: int) -> None:
        self.make, self.seed = make, seed

    def __iter__(self):
        info = torch.utils.data.get_worker_info()
        rng = np.random.default_rng([self.seed, 0 if info is None else info.id])
        while True:
            yield self.make(rng)


def prepare(seed: int, threads: int) -> None:
    """Seed the network, bound its threads, and keep OpenCV to one thread: its pool does not survive a fork."""
    torch.manual_seed(seed)
    torch.set_num_threads(threads)
    cv2.setNumThreads(0)


def _one_thread(_: int) -> None:
    torch.set_num_threads(1)


def batches(make: Callable[[np.random.Generator], Any], seed: int, workers: int = 1) -> Any:
    """An iterator over batches that are made in other processes."""
    loader = DataLoader(
        Endless(make, seed), batch_size=None, num_workers=workers, prefetch_factor=4, worker_init_fn=_one_thread
    )
    return iter(loader)


class Log:
    """Rows of numbers to a CSV file and to the screen."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self.path, self.start = path, time.monotonic()

    def row(self, **values: Any) -> None:
        values = {"minutes": round((time.monotonic() - self.start) / 60, 1)} | values
        new = not self.path.exists()
        with self.path.open("a", newline="") as file:
            writer = csv.writer(file)
            if new:
                writer.writerow(values)
            writer.writerow(values.values())
        words = (f"{k} {v:.4f}" if isinstance(v, float) else f"{k} {v}" for k, v in values.items())
        print("  ".join(words), flush=True)
