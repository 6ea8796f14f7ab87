"""Fit the 106-point network's rejection of the detector's false positives.

    python -m tools.train.confidence --data DIR --target OUT.safetensors

A logistic regression on the trunk's features is added to the network's confidence; nothing else changes.  It is fitted
to detections at a low threshold in negatives and scenes, to profiles, and to faces with synthetic occlusions.  ``DIR``
has the packaged folders face, body and negatives.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import torch
from scipy.optimize import minimize
from torch import Tensor

from models.checkpoints import read_weights, save_weights
from models.detection import DetectorRunner
from models.faces import LandmarkRunner
from models.landmarks106 import Landmarks106, completed_head
from models.loading import PACKAGED, landmark_network
from models.packaged import face_detector
from models.runtime import RunNetwork
from models.torch_runtime import engine_of
from tools.data.face import FaceSet, make_face, make_mistake, read_faces
from tools.data.face_rotation import mean_face_3d
from tools.data.scenes import Scene, read_negatives, read_profile_crops, read_scenes
from tools.evaluate.detector import match
from tools.script import run_script
from tools.train.trunk import Trunk, features_of
from vision.geometry import box_iou
from vision.options import check_options, option
from vision.types import Detections, Floats, Image


@dataclass(frozen=True)
class ConfidenceFit:
    """The configuration of a fit, which is stored in the weights."""

    data: str = option("data", "folder with the packaged folders face, body and negatives")
    start: str = option("", "weights of the 106-point network; empty for the packaged ones")
    target: str = option("runs/landmarks/confident.safetensors", "file to write")
    threshold: float = option(0.25, "score threshold of the detector", low=0, high=1)
    every: int = option(2, "of the scenes and pictures without people one in so many is used", low=1, high=100)
    drawn: int = option(1500, "faces with covers drawn on them", low=0, high=100000)
    mistakes: int = option(300, "crops beside faces and of faces upside down", low=0, high=100000)
    faces: float = option(0.69, "share of faces among detections in photos", low=0.01, high=0.99)
    ridge: float = option(300.0, "weight of the squared coefficients", low=0, high=1e9)
    seed: int = option(19, "random seed", low=0, high=2**31)

    def __post_init__(self) -> None:
        check_options(self)


@dataclass
class Recorder:
    """Wraps a network and records its latest input crops (N, 96, 96, 3), without their mirror images."""

    engine: RunNetwork
    crops: Floats = field(default_factory=lambda: np.zeros((0, 96, 96, 3), np.uint8))  # type: ignore[assignment]  # empty until the first batch

    def __call__(self, batch: np.ndarray) -> list[np.ndarray]:
        """Run the network on a batch and record the crops that are not mirrored."""
        self.crops = batch[: len(batch) // 2]
        return self.engine(batch)


def detection_labels(found: Detections, scene: Scene) -> Floats:
    """Labels (N,) of the detections in a scene: 1 face, 0 none, NaN unknown, as is all beside a single face."""
    _, false = match(found, scene, 0.45)
    overlap = box_iou(found.boxes, scene.boxes).max(axis=1, initial=0)
    nothing = false & (overlap == 0) & (not scene.alone)
    return np.where(overlap >= 0.45, 1.0, np.where(nothing, 0.0, np.nan)).astype(np.float32)


def labelled_crops(
    scenes: list[Scene], detect: DetectorRunner, look: LandmarkRunner, shown: Recorder
) -> Iterator[tuple[Image, float]]:
    """Crops of all detections with known labels, as network input, with their labels."""
    for scene in scenes:
        found = detect(scene.image)
        labels = detection_labels(found, scene)
        known = np.isfinite(labels)
        if known.any():
            look(scene.image, found.points[known])
            yield from zip(shown.crops, labels[known].tolist(), strict=True)


def occluded_faces(faces: FaceSet, config: ConfidenceFit) -> Iterator[tuple[Image, float]]:
    """Faces with synthetic occlusions, whose confidence is the visible share, and crops without a face."""
    rng, share = np.random.default_rng(config.seed), faces.share / faces.share.sum()
    for index in rng.choice(len(faces), config.drawn, p=share):
        sample = make_face(faces, int(index), rng)
        yield sample.view, sample.confidence
    for _ in range(config.mistakes):
        yield make_mistake(faces, rng), 0.0


def fit(features: Floats, before: Floats, goal: Floats, ridge: float) -> tuple[Floats, float, float]:
    """Coefficients (F,), offset, and the factor of the logits ``before`` (N,), by penalised maximum likelihood.

    ``features`` (N, F), ``goal`` (N,) in [0, 1].
    """
    mean, spread = features.mean(axis=0), features.std(axis=0) + 0.05 * float(features.std())
    x = (features - mean) / spread

    def loss(q: np.ndarray) -> tuple[float, np.ndarray]:
        logits = x @ q[:-2] + q[-2] * before + q[-1]
        value = np.sum(np.logaddexp(0, logits) - goal * logits) + 0.5 * ridge * np.sum(q[:-2] ** 2)
        slope = 1 / (1 + np.exp(-logits)) - goal
        return float(value), np.concatenate([x.T @ slope + ridge * q[:-2], [slope @ before, slope.sum()]])

    q = minimize(loss, np.r_[np.zeros(x.shape[1]), 1.0, 0.0], jac=True, method="L-BFGS-B", options={"maxiter": 150}).x
    coefficients = q[:-2] / spread
    return coefficients.astype(np.float32), float(q[-1] - coefficients @ mean), float(q[-2])


def logit(share: float) -> float:
    """Log odds of a share."""
    return float(np.log(share / (1 - share)))


def with_confidence(tensors: dict[str, Tensor], found: tuple[Floats, float, float]) -> dict[str, Tensor]:
    """The weights with the fit: the head's last row, and the last row of the pose head times the factor."""
    coefficients, offset, factor = found
    changed = {name: t.float().clone() for name, t in completed_head(tensors).items() if "_head" in name}
    changed["visibility_head.2.weight"][107] = torch.from_numpy(coefficients)
    changed["visibility_head.2.bias"][107] = offset
    for name in ("pose_head.5.weight", "pose_head.5.bias"):
        changed[name][3] *= factor
    return tensors | changed


def samples(config: ConfidenceFit, network: Landmarks106) -> tuple[np.ndarray, Floats]:
    """Crops (N, 96, 96, 3) uint8 and their goals (N,)."""
    folder = Path(config.data)
    shown = Recorder(engine_of(network))
    look = LandmarkRunner(shown, network.get_buffer("mean_face").numpy())
    free = read_negatives(folder / "negatives")[:: config.every]
    scenes = [s for s in read_scenes(folder / "body", "face") if not s.dev][:: config.every]
    profiles = read_profile_crops(folder / "face", "profile_train")[:: config.every]
    made = list(labelled_crops(free + scenes + profiles, face_detector().with_threshold(config.threshold), look, shown))
    faces = read_faces(folder / "face", "face_train")
    faces = replace(faces, overlays=[s.image for s in free], mean_3d=mean_face_3d(faces.points, faces.pose))
    crops, goal = zip(*made, *occluded_faces(faces, config), strict=True)
    return np.stack(crops), np.array(goal, np.float32)


def main(config: ConfidenceFit) -> None:
    """Write the weights with the new confidence."""
    path = Path(config.start) if config.start else PACKAGED["landmarks106"]
    tensors, facts = read_weights(path)
    network = landmark_network(config.start or None)
    crops, goal = samples(config, network)
    features, before = features_of(engine_of(Trunk(network)), crops)
    found = fit(features, before, goal, config.ridge)
    found = found[0], found[1] + logit(config.faces) - logit(float(goal.mean())), found[2]
    print(f"{len(goal)} crops, {int((goal == 0).sum())} of them no faces; factor {found[2]:.2f}", flush=True)
    save_weights(Path(config.target), with_confidence(tensors, found), facts)


if __name__ == "__main__":
    run_script(main, ConfidenceFit, __doc__)
