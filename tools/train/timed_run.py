"""Training for a given time: schedule, optimiser, moving average, log and checkpoints."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from models.checkpoints import save_weights
from tools.train.loop import Log, MachineOptions, MovingAverage, cosine, described, load_state, save_state
from tools.train.package_weights import halved
from vision.options import check_options, option

SAVE_EVERY = 60.0
"""Seconds between two saved states."""


@dataclass(frozen=True)
class TimedOptions(MachineOptions):
    """Options of every timed run."""

    work_dir: str = option("runs/new", "folder for logs and checkpoints")
    minutes: float = option(60.0, "length of the whole run", low=0, high=10000, unit="min")
    at_most: float = option(
        10000.0, "time that this call may take; the run can be resumed", low=0, high=10000, unit="min"
    )
    resume: bool = option(False, "go on from the work directory's state.pt")
    evaluate_every: float = option(5.0, "time between two evaluations", low=0.1, high=10000, unit="min")
    learning_rate: float = option(1.5e-3, "peak learning rate of AdamW", low=0, high=1)
    warmup: int = option(150, "steps of linear warm-up", low=0, high=100000)
    weight_decay: float = option(0.02, "AdamW's weight decay", low=0, high=1)
    average: float = option(0.998, "decay of the moving average of the weights", low=0, high=1)

    def __post_init__(self) -> None:
        check_options(self)


class TimedRun:
    """AdamW with a linear warm-up by steps and half a cosine over time; the moving average is saved.

    ``facts`` describe the network in every checkpoint.  The work directory's ``state.pt`` is saved every minute.
    """

    def __init__(self, network: nn.Module, config: TimedOptions, facts: dict[str, Any], clip: float) -> None:
        self.network, self.config, self.clip = network, config, clip
        self.work = Path(config.work_dir)
        self.facts = facts | {"training": described(config)}
        self.average = MovingAverage(network, config.average)
        self.optimiser = torch.optim.AdamW(
            network.parameters(), lr=config.learning_rate, weight_decay=config.weight_decay
        )
        self.best, self.step, self.before = -np.inf, 0, 0.0
        self.losses: list[Tensor] = []
        if config.resume:
            self._resume()
        self.log = Log(self.work / "log.csv")
        self.start = self.evaluated = self.saved = time.monotonic()

    def _resume(self) -> None:
        path = self.work / "state.pt"
        if not path.is_file():
            raise ValueError(f"resume needs {path}, which is not there")
        state = load_state(path, self.network, self.average, self.optimiser)
        self.step, self.best, self.before = state["step"], state["best"], state["seconds"]

    @property
    def seconds(self) -> float:
        """Duration of the run so far, including earlier calls."""
        return self.before + time.monotonic() - self.start

    @property
    def part(self) -> float:
        """Elapsed share of the time."""
        return self.seconds / max(self.config.minutes * 60, 1e-9)

    @property
    def over(self) -> bool:
        """Whether the run, or the time of this call, is at its end."""
        return self.part >= 1 or self.seconds - self.before >= self.config.at_most * 60

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
        self.losses = [*self.losses[-399:], loss.detach()]
        if self.step % 50 == 0:
            print(self.step, f"{self.recent(50):.4f}", f"{self.part:.3f}", flush=True)
        self.step += 1

    def recent(self, steps: int) -> float:
        """Mean loss of the last steps, 400 at most."""
        return float(torch.stack(self.losses[-steps:]).mean())

    def keep(self, row: dict[str, float], rank: float) -> None:
        """Log the figures of the average and write ``last``, and ``best`` where ``rank`` is the highest so far."""
        self.log.row(self.step, loss=self.recent(400), **row)
        tensors, facts = halved(self.average.network.state_dict()), self.facts | {"metrics": row}
        save_weights(self.work / "last.safetensors", tensors, facts)
        if rank > self.best:
            self.best = rank
            save_weights(self.work / "best.safetensors", tensors, facts)
        self.evaluated = time.monotonic()

    def save(self) -> None:
        """Write the state for ``--resume``."""
        more = {"step": self.step, "best": float(self.best), "seconds": self.seconds}
        save_state(self.work / "state.pt", self.network, self.average, self.optimiser, **more)
        self.saved = time.monotonic()

    def train(
        self,
        batches: Iterable[Any],
        loss_of: Callable[[Any], Tensor],
        score: Callable[[nn.Module], tuple[dict[str, float], float]],
    ) -> None:
        """Train on the loss of every batch until the time is over; ``score`` returns figures and their rank."""
        for batch in batches:
            self.learn(loss_of(batch))
            if self.over or time.monotonic() - self.evaluated > self.config.evaluate_every * 60:
                self.keep(*score(self.average.network))
            if self.over or time.monotonic() - self.saved > SAVE_EVERY:
                self.save()
            if self.over:
                return
