"""What the trunk of the 106-point network tells of crops, for fits of heads that leave it as it is."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from torch import Tensor, nn

from models.landmarks106 import Landmarks106
from models.runtime import RunNetwork
from vision.types import Floats, Image

BATCH = 64
"""Crops that are looked at together."""


class Trunk(nn.Module):
    """(B, 3, 96, 96) -> what the visibility head sees (B, 9 deep), and the confidence that the pose head tells (B,)."""

    def __init__(self, network: Landmarks106) -> None:
        super().__init__()
        self.layers, self.pose_head = nn.Sequential(network.shallow, network.deep), network.pose_head
        self.pool = nn.Sequential(nn.AvgPool2d(2), nn.Flatten())

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Features and confidences of a batch; the latter are logits."""
        y = self.layers(x)
        return self.pool(y), self.pose_head(y)[:, 3]


def features_of(trunk: RunNetwork, crops: Sequence[Image] | np.ndarray) -> tuple[Floats, Floats]:
    """Features (N, F) and confidences (N,) of crops, N times (96, 96, 3) uint8, by an engine that runs a ``Trunk``."""
    told = [trunk(np.asarray(crops[i : i + BATCH])) for i in range(0, len(crops), BATCH)]
    features, confidences = (np.concatenate([part[k] for part in told]) for k in (0, 1))
    return features, confidences
