"""Fit the visibility and glasses heads on the trunk of a trained 106-point network.

    python -m tools.train.visibility --data DIR --negatives DIR --target OUT.safetensors

Both are linear in the trunk's features and fitted by one ridge regression; the rest of the network is unchanged.
Synthetic glasses are drawn on some faces; ``glasses.json`` beside the set (0 or 1 by name) labels real ones, whose
faces are also used without augmentation.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
from scipy.optimize import minimize
from torch import Tensor

from models.checkpoints import load_strictly, read_weights, save_weights
from models.landmarks106 import Landmarks106, completed_head
from models.loading import PACKAGED
from models.runtime import RunNetwork
from models.torch_runtime import engine_of
from tools.data.face import FaceSet, joined, make_face, make_mistake, read_faces, read_profiles
from tools.data.face_rotation import mean_face_3d
from tools.data.scenes import read_negatives
from tools.script import run_script
from tools.train.trunk import Trunk, features_of
from vision.options import check_options, option
from vision.types import Floats


@dataclass(frozen=True)
class VisibilityFit:
    """The configuration of a fit, which is stored in the weights."""

    data: str = option("data/face", "folder of the packaged face crops")
    negatives: str = option("data/negatives", "folder with negatives.json and negatives.tar")
    start: str = option("packaged", "weights of the 106-point network: packaged, or a file")
    target: str = option("runs/landmarks/visible.safetensors", "file to write")
    samples: int = option(6000, "crops with covers drawn on them", low=64, high=1000000)
    profiles: float = option(0.12, "share of profiles", low=0, high=1)
    mistakes: float = option(0.08, "share of crops without a face", low=0, high=1)
    ridge: float = option(3000.0, "weight of the ridge for visibility, per squared deviation", low=0, high=1e9)
    ridge_glasses: float = option(300.0, "the same for glasses", low=0, high=1e9)
    seed: int = option(11, "random seed", low=0, high=2**31)

    def __post_init__(self) -> None:
        check_options(self)


@dataclass(frozen=True)
class Samples:
    """Features (N, F) of crops, ``seen`` (N, 106), ``glasses`` (N,), NaN where unknown, and ``weights`` (N,)."""

    features: Floats
    seen: Floats
    glasses: Floats
    weights: Floats


def read_data(config: VisibilityFit) -> FaceSet:
    """Frontal faces and profiles, with pictures without people as occluders."""
    folder = Path(config.data)
    faces = read_faces(folder, "face_train")
    mean_3d = mean_face_3d(faces.points, faces.pose)
    both = joined(faces, read_profiles(folder, "profile_train", mean_3d), config.profiles)
    overlays = [s.image for s in read_negatives(Path(config.negatives))[::3]]
    return replace(both, mean_3d=mean_3d, overlays=overlays)


def make_samples(faces: FaceSet, config: VisibilityFit, trunk: RunNetwork) -> Samples:
    """Augmented crops, and those with labelled glasses also without augmentation, at a higher weight."""
    rng = np.random.default_rng(config.seed)
    assert faces.glasses is not None
    real = np.flatnonzero(np.isfinite(faces.glasses))
    share = faces.share / faces.share.sum()
    views, seen, worn, weights = [], [], [], []
    for k in range(config.samples + len(real)):
        if k >= config.samples:
            one = make_face(faces, int(real[k - config.samples]), rng, augment=False)
            weight = 8.0 if one.glasses else 3.0
        elif rng.random() < config.mistakes:
            views.append(make_mistake(faces, rng))
            seen.append(np.zeros(106, np.float32))
            worn.append(np.nan)
            weights.append(0.3)
            continue
        else:
            one, weight = make_face(faces, int(rng.choice(len(faces), p=share)), rng), 0.3
        views.append(one.view)
        seen.append(one.seen)
        worn.append(one.glasses)
        weights.append(weight)
    features, _ = features_of(trunk, views)
    return Samples(features, np.stack(seen), np.array(worn, np.float32), np.array(weights, np.float32))


def ridge(features: Floats, goal: Floats, weights: Floats, strength: float) -> tuple[Floats, Floats]:
    """Weights (F, K) and offsets (K,) of the regression of ``goal`` (N, K) in [-1, 1]; features are normalised."""
    mean = np.average(goal, axis=0, weights=weights)
    heavy = features * weights[:, None]
    square = heavy.T @ features + strength * np.eye(features.shape[1], dtype=np.float32)
    return np.linalg.solve(square, heavy.T @ (goal - mean)), mean


def calibrated(values: Floats, goal: Floats) -> tuple[float, float]:
    """Slope and offset from regressed ``values`` to logits, by maximum likelihood (Platt, 1999)."""

    def loss(line: np.ndarray) -> float:
        logits = line[0] * values + line[1]
        return float(np.mean(np.logaddexp(0, logits) - goal * logits))

    slope, offset = minimize(loss, [3.0, 0.0]).x
    return float(slope), float(offset)


def fit_head(samples: Samples, config: VisibilityFit) -> dict[str, Tensor]:
    """Weight (107, F) and bias (107,) of the head; a seventh of the samples calibrates it."""
    mean, spread = samples.features.mean(axis=0), samples.features.std(axis=0) + 0.05
    features = (samples.features - mean) / spread
    held = np.arange(len(features)) % 7 == 0
    columns, offsets = [], []
    for goal, weights, strength in (
        (samples.seen, np.ones(len(features), np.float32), config.ridge),
        (samples.glasses[:, None], samples.weights, config.ridge_glasses),
    ):
        known = np.isfinite(goal).all(axis=1)
        learned = known & ~held
        column, offset = ridge(features[learned], 2 * goal[learned] - 1, weights[learned], strength)
        judged = known & held
        slope, shift = calibrated((features[judged] @ column + offset).ravel(), goal[judged].ravel())
        columns.append(slope * column)
        offsets.append(slope * offset + shift)
    weight = np.concatenate(columns, axis=1) / spread[:, None]
    bias = np.concatenate(offsets) - mean @ weight
    return {
        "visibility_head.2.weight": torch.from_numpy(weight.T.astype(np.float32)),
        "visibility_head.2.bias": torch.from_numpy(bias.astype(np.float32)),
    }


def main(config: VisibilityFit) -> None:
    """Write the weights with the new head."""
    path = PACKAGED["landmarks106"] if config.start == "packaged" else Path(config.start)
    tensors, facts = read_weights(path)
    tensors = {name: t for name, t in tensors.items() if not name.startswith("visibility_head")}
    network = Landmarks106(facts["width"], sees=False)
    load_strictly(network, tensors, path)
    samples = make_samples(read_data(config), config, engine_of(Trunk(network)))
    save_weights(Path(config.target), completed_head(tensors | fit_head(samples, config)), facts)


if __name__ == "__main__":
    run_script(main, VisibilityFit, __doc__)
