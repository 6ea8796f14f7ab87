"""Two logistic regressions on ``counting.features``: ``flight`` (jumping or not) and ``rope`` (with a rope or without).

``tools.train.jump_classifier`` fits them to labelled clips and to rendered motion and writes ``classifier.json``.  A
missing feature (NaN) adds nothing to the sum.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

FILE = Path(__file__).with_name("classifier.json")


@dataclass(frozen=True)
class LogisticModel:
    """Features by ``names`` are scaled by ``mean`` and ``scale``, multiplied by ``weights``, summed with ``bias``."""

    names: tuple[str, ...]
    mean: tuple[float, ...]
    scale: tuple[float, ...]
    weights: tuple[float, ...]
    bias: float

    def probability(self, values: dict[str, float]) -> float:
        """In [0, 1]; every name must be in ``values``."""
        x = np.array([values[name] for name in self.names])
        z = np.clip(np.nan_to_num((x - np.array(self.mean)) / np.array(self.scale)), -OUTLIER, OUTLIER)
        return float(1 / (1 + np.exp(-(z @ np.array(self.weights) + self.bias))))


OUTLIER = 3.0
"""Standard deviations at which a feature is clipped: values beyond did not occur in training."""


@cache
def load_models() -> dict[str, LogisticModel]:
    """The models ``flight`` and ``rope``."""
    stored: dict[str, dict[str, Any]] = json.loads(FILE.read_text(encoding="utf-8"))
    return {
        name: LogisticModel(bias=facts.pop("bias"), **{k: tuple(v) for k, v in facts.items()})
        for name, facts in stored.items()
    }
