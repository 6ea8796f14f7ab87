"""Baseline inference of our own networks: plain PyTorch in float32, one image at a time.

Without folding, batching or channels-last memory format.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from models.checkpoints import load_strictly, read_weights
from models.detection import DETECTION, DetectorRunner
from models.detector import Detector, DetectorSize
from models.faces import FaceFinder, LandmarkRunner
from models.hrnet import SIZES, HRNet
from models.landmarks106 import Landmarks106
from models.loading import PACKAGED
from models.pose import MEAN, STD, PoseRunner
from models.torch_runtime import Normalised


class PlainEngine:
    """Images (B, H, W, 3) uint8 in, float32 arrays out, like ``Engine``; the images go through one by one."""

    def __init__(self, network: nn.Module, mean: Any = 127.5, deviation: Any = 127.5) -> None:
        self.network = Normalised(network, mean, deviation).eval()

    def __call__(self, images: np.ndarray) -> list[np.ndarray]:
        """Images (B, H, W, 3) uint8 -> the outputs as float32 arrays."""
        with torch.no_grad():
            found = [self.network(torch.from_numpy(image[None])) for image in images]
        rows = [[out] if isinstance(out, Tensor) else list(out) for out in found]
        return [torch.cat(parts).numpy() for parts in zip(*rows, strict=True)]


def _detector(kind: str) -> DetectorRunner:
    tensors, config = read_weights(PACKAGED[kind])
    network = Detector(DetectorSize(**config["size"]), config["points"])
    load_strictly(network, tensors, PACKAGED[kind])
    return DetectorRunner(PlainEngine(network), replace(DETECTION[kind], multi_scale=kind == "face"))


def person_finder() -> DetectorRunner:
    """The packaged person detector."""
    return _detector("person")


def pose_estimator() -> PoseRunner:
    """The packaged HRNet."""
    tensors, config = read_weights(PACKAGED["hrnet"])
    training = config["training"]
    network = HRNet(SIZES[training["size"]], tensors["final_layer.weight"].shape[0])
    load_strictly(network, tensors, PACKAGED["hrnet"])
    return PoseRunner(PlainEngine(network, MEAN, STD), (training["width"], training["height"]), batch=1)


def face_finder() -> FaceFinder:
    """The packaged face detector and 106-point network."""
    tensors, config = read_weights(PACKAGED["landmarks106"])
    network = Landmarks106(config["width"])
    load_strictly(network, tensors, PACKAGED["landmarks106"])
    mean_face = tensors["mean_face"].numpy()
    return FaceFinder(_detector("face"), LandmarkRunner(PlainEngine(network), mean_face))
