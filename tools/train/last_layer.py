"""Refit the last layer of the 106 points in closed form, for other labels or further faces.

    python -m tools.train.last_layer --data DIR --target OUT.safetensors

A ridge regression towards the present weights on the features before that layer, with Huber's weights against gross
errors of the labels.  The rest of the network, hence pose, confidence, visibility and glasses, is unchanged.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from models.checkpoints import read_weights, save_weights
from models.faces import SIDE
from models.landmarks106 import Landmarks106
from models.loading import PACKAGED, landmark_network
from models.runtime import RunNetwork
from models.torch_runtime import engine_of
from tools.data.face import PROFILE_SHARE, joined, make_face, read_faces, read_profiles
from tools.data.face_rotation import mean_face_3d
from tools.script import run_script
from tools.train.trunk import BATCH
from vision.options import check_options, option
from vision.types import Floats

WEIGHT, BIAS = "points_head.6.weight", "points_head.6.bias"
"""Tensors of the last layer: (212, F) and (212,), in tenths of the crop's side from the mean face."""

HUBER = 2.5
"""Error in medians of all errors of a point from which a label weighs less."""


@dataclass(frozen=True)
class LastLayerFit:
    """The configuration of a fit, which is stored in the weights."""

    data: str = option("data/face", "folder of the packaged face crops")
    start: str = option("", "weights of the 106-point network; empty for the packaged ones")
    target: str = option("runs/landmarks/refitted.safetensors", "file to write")
    samples: int = option(12000, "crops; every second one is augmented", low=64, high=1000000)
    profiles: float = option(PROFILE_SHARE, "share of profiles", low=0, high=1)
    ridge: float = option(
        0.1, "weight of the squared change of the weights, for features of deviation 1", low=0, high=1e9
    )
    seed: int = option(5, "random seed", low=0, high=2**31)

    def __post_init__(self) -> None:
        check_options(self)


class Before(nn.Module):
    """(B, 3, 96, 96) -> the features (B, F) before the last layer of the points."""

    def __init__(self, network: Landmarks106) -> None:
        super().__init__()
        self.layers = nn.Sequential(network.shallow, network.deep, network.points_head[:-1])

    def forward(self, x: Tensor) -> Tensor:
        """Features of a batch."""
        return self.layers(x)


def read_samples(config: LastLayerFit, before: RunNetwork) -> tuple[Floats, Floats, Floats]:
    """Features (N, F), points (N, 106, 2) in pixels of the crops and their weights (N, 106)."""
    folder, rng = Path(config.data), np.random.default_rng(config.seed)
    front = read_faces(folder, "face_train")
    faces = joined(
        front, read_profiles(folder, "profile_train", mean_face_3d(front.points, front.pose)), config.profiles
    )
    rows = rng.choice(len(faces), config.samples, p=faces.share / faces.share.sum())
    made = [make_face(faces, int(row), rng, augment=i % 2 == 0) for i, row in enumerate(rows)]
    parts = [np.stack([one.view for one in made[i : i + BATCH]]) for i in range(0, len(made), BATCH)]
    features = np.concatenate([before(part)[0] for part in parts])
    points, weights = (np.stack([getattr(one, name) for one in made]) for name in ("points", "weights"))
    return features, points.astype(np.float32), weights.astype(np.float32)


def refitted(
    weight: np.ndarray, bias: np.ndarray, features: Floats, goal: Floats, weights: Floats, ridge: float
) -> tuple[np.ndarray, np.ndarray]:
    """The layer (2 P, F), (2 P,) that answers ``goal`` (N, P, 2), with ``weights`` (N, P), for ``features`` (N, F)."""
    count = features.shape[1]
    x = np.column_stack([features, np.ones(len(features))]).astype(np.float64)
    spread = np.append(features.std(axis=0) + 0.05 * features.std(), 0.0)
    layer = np.column_stack([weight, bias]).reshape(-1, 2, count + 1).astype(np.float64)
    for point, share in zip(range(goal.shape[1]), weights.T, strict=True):
        error = goal[:, point] - x @ layer[point].T
        size = np.linalg.norm(error, axis=1)
        heavy = x * (share / np.maximum(1, size / (HUBER * max(float(np.median(size)), 1e-9))))[:, None]
        square = heavy.T @ x + ridge * heavy[:, -1].sum() * np.diag(spread**2)
        layer[point] += np.linalg.solve(square, heavy.T @ error).T
    layer = layer.reshape(-1, count + 1)
    return layer[:, :-1], layer[:, -1]


def main(config: LastLayerFit) -> None:
    """Write the weights with the new layer."""
    tensors, facts = read_weights(Path(config.start) if config.start else PACKAGED["landmarks106"])
    network = landmark_network(config.start or None)
    features, points, weights = read_samples(config, engine_of(Before(network)))
    goal = (points - network.get_buffer("mean_face").numpy()) / (SIDE / 10)
    weight, bias = (tensors[name].float().numpy() for name in (WEIGHT, BIAS))
    new = refitted(weight, bias, features, goal, weights, config.ridge)
    changed = {name: torch.from_numpy(x.astype(np.float32)) for name, x in zip((WEIGHT, BIAS), new, strict=True)}
    save_weights(Path(config.target), tensors | changed, facts)


if __name__ == "__main__":
    run_script(main, LastLayerFit, __doc__)
