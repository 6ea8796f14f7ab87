"""Training for a given time: schedule, optimiser, moving average, log and checkpoints."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from models.checkpoints import save_weights
from tools.train.loop import Log, MachineOptions, MovingAverage, batches, cosine, described
from vision.options import check_options, option

EVALUATE_EVERY = 300.0
"""Seconds between two evaluations."""


@dataclass(frozen=True)
class TimedOptions(MachineOptions):
    """What every timed run is told."""

    work_dir: str = option("runs/new", "folder for logs and checkpoints")
    minutes: float = option(60.0, "length of the run", low=0, high=10000, unit="min")
    learning_rate: float = option(1.5e-3, "peak learning rate of AdamW", low=0, high=1)
    warmup: int = option(150, "steps of linear warm-up", low=0, high=100000)
    weight_decay: float = option(0.02, "AdamW's weight decay", low=0, high=1)
    average: float = option(0.998, "decay of the moving average of the weights", low=0, high=1)

    def __post_init__(self) -> None:
        check_options(self)


class TimedRun:
    """AdamW with a linear warm-up by steps and half a cosine by the clock; the moving average is what is kept.

    ``facts`` describe the network in every checkpoint.
    """

    def __init__(self, network: nn.Module, config: TimedOptions, facts: dict[str, Any], clip: float) -> None:
        self.network, self.config, self.clip = network, config, clip
        self.facts = facts | {"training": described(config)}
        self.average = MovingAverage(network, config.average)
        self.optimiser = torch.optim.AdamW(
            network.parameters(), lr=config.learning_rate, weight_decay=config.weight_decay
        )
        self.log, self.best, self.step = Log(Path(config.work_dir) / "log.csv"), -np.inf, 0
        self.losses: list[Tensor] = []
        self.start = self.evaluated = time.monotonic()

    @property
    def part(self) -> float:
        """Share of the time that is over."""
        return (time.monotonic() - self.start) / max(self.config.minutes * 60, 1e-9)

    def learn(self, loss: Tensor) -> None:
        """One step of the optimiser."""
        rate = cosine(round(self.part * 10000), 10000, self.config.learning_rate, 0)
        warm = self.config.learning_rate * (self.step + 1) / max(self.config.warmup, 1)
        for group in self.optimiser.param_groups:
            group["lr"] = min(rate, warm)
        self.optimiser.zero_grad(set_to_none=True)
        loss.backward()
        nn.utils.clip_grad_norm_(self.network.parameters(), self.clip)
        self.optimiser.step()
        self.average.update(self.network)
        self.losses.append(loss.detach())
        if self.step % 50 == 0:
            print(self.step, f"{self.recent(50):.4f}", f"{self.part:.3f}", flush=True)
        self.step += 1

    def recent(self, steps: int) -> float:
        """Mean loss of the last steps."""
        return float(torch.stack(self.losses[-steps:]).mean())

    def keep(self, row: dict[str, float], rank: float) -> None:
        """Log the figures of the average and write ``last``, and ``best`` where ``rank`` is the highest so far."""
        work = Path(self.config.work_dir)
        self.log.row(self.step, loss=self.recent(400), **row)
        tensors, facts = self.average.network.state_dict(), self.facts | {"metrics": row}
        save_weights(work / "last.safetensors", tensors, facts)
        if rank > self.best:
            self.best = rank
            save_weights(work / "best.safetensors", tensors, facts)
        self.evaluated = time.monotonic()

    def train(
        self,
        make: Callable[[np.random.Generator], Any],
        loss_of: Callable[[Any], Tensor],
        score: Callable[[nn.Module], tuple[dict[str, float], float]],
    ) -> None:
        """Learn from ``loss_of(make(rng))`` until the time is over; ``score`` gives figures and their rank."""
        for batch in batches(make, self.config.seed, workers=self.config.workers):
            self.learn(loss_of(batch))
            over = self.part >= 1
            if over or time.monotonic() - self.evaluated > EVALUATE_EVERY:
                self.keep(*score(self.average.network))
            if over:
                return
