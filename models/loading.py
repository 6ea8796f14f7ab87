"""From a weight file to a runner."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from models.checkpoints import WEIGHTS, MissingWeights, check_sum, load_strictly, read_weights
from models.detector import Detector, DetectorSize
from models.faces import FaceFinder, LandmarkRunner
from models.hrnet import SIZES, HRNet, HRNetSize
from models.landmarks106 import Landmarks106
from models.pose import PoseRunner
from models.runtime import DetectorRunner, Engine

PACKAGED = {kind: WEIGHTS / f"{kind}.safetensors" for kind in ("face", "person", "landmarks106", "hrnet")}


def _read(kind: str, path: str | Path | None, variable: str = "") -> tuple[dict[str, Tensor], dict[str, Any], Path]:
    """Tensors and config of one's own file (argument or environment) or of the packaged, checked one."""
    own = path or os.environ.get(variable, "")
    if own:
        return *read_weights(Path(own)), Path(own)
    check_sum(PACKAGED[kind])
    return *read_weights(PACKAGED[kind]), PACKAGED[kind]


def _detector(kind: str, device: str) -> DetectorRunner:
    tensors, config, path = _read(kind, None)
    network = Detector(DetectorSize(**config["size"]), config["points"])
    load_strictly(network, tensors, path)
    return DetectorRunner(network, kind, device)


def person_finder(device: str = "auto") -> DetectorRunner:
    """The person detector with the packaged weights."""
    return _detector("person", device)


def face_finder(device: str = "auto", landmark_weights: str | Path | None = None) -> FaceFinder:
    """The face detector and the 106-point network; the latter also from ``LANDMARK_WEIGHTS`` in the environment."""
    tensors, config, path = _read("landmarks106", landmark_weights, "LANDMARK_WEIGHTS")
    if config.get("network") != "landmarks106":
        raise MissingWeights(f"{path} does not hold weights of the 106-point network.")
    network = Landmarks106(config["width"])
    load_strictly(network, tensors, path)
    runner = LandmarkRunner(Engine(network, device), network.mean_face.numpy())  # type: ignore[union-attr]
    return FaceFinder(_detector("face", device), runner)


def size_of(tensors: dict[str, Tensor]) -> HRNetSize:
    """The row of the table that a checkpoint's shapes belong to."""
    key = "stage2.0.branches.0.0.conv1.weight"
    stem = sum(k.startswith("layer1.") and k.endswith(".conv1.weight") for k in tensors)
    modules = tuple(sum(f"stage{s}.{i}.branches.0.0.conv1.weight" in tensors for i in range(9)) for s in (2, 3, 4))
    for size in SIZES.values():
        width = tensors[key].shape[0] if key in tensors else 0
        if (width, stem, modules) == (size.width, size.stem_blocks, size.modules):
            return size
    raise MissingWeights("The pose weights are not those of an HRNet of a known size.")


def official_names(tensors: dict[str, Tensor]) -> dict[str, Tensor]:
    """Names without the prefixes of training wrappers and of mmpose."""
    renamed = {}
    for name, tensor in tensors.items():
        for prefix in ("module.", "backbone.", "keypoint_head.", "head."):
            name = name.removeprefix(prefix)
        renamed[name] = tensor
    return renamed


def read_pose_file(path: Path) -> dict[str, Tensor]:
    """Tensors of a PyTorch checkpoint (never unpickling code) or of a safetensors file, by official names."""
    if path.suffix == ".safetensors":
        return official_names(read_weights(path)[0])
    if not path.is_file():
        raise MissingWeights(f"The pose weights {path} do not exist.")
    try:
        loaded = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:  # torch raises many kinds for a damaged or unsafe file
        raise MissingWeights(f"The pose weights {path} cannot be read safely: {str(error)[:200]}") from error
    inner = loaded.get("state_dict", loaded) if isinstance(loaded, dict) else {}
    return official_names({k: v for k, v in inner.items() if isinstance(v, Tensor)})


def pose_estimator(device: str = "auto", pose_weights: str | Path | None = None) -> PoseRunner:
    """The packaged HRNet, or an official or mmpose COCO checkpoint (``POSE_WEIGHTS`` in the environment too)."""
    own = pose_weights or os.environ.get("POSE_WEIGHTS", "")
    if own:
        tensors, size_wh, path = read_pose_file(Path(own)), (192, 256), Path(own)
        if Path(own).suffix == ".safetensors":
            training = read_weights(path)[1].get("training", {})
            size_wh = (training.get("width", 192), training.get("height", 256))
    else:
        tensors, config, path = _read("hrnet", None)
        size_wh = (config["training"]["width"], config["training"]["height"])
    network: nn.Module = HRNet(size_of(tensors), tensors["final_layer.weight"].shape[0])
    load_strictly(network, tensors, path)
    return PoseRunner(Engine(network, device), size_wh)
