"""From a weight file to a PyTorch runner: for a GPU, for custom weights, and to export the packaged ones."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import torch
from torch import Tensor

from models import MissingWeights, packaged
from models.checkpoints import load_strictly, read_weights
from models.detection import DETECTION, DetectorRunner
from models.detector import Detector, DetectorSize
from models.devices import wants_gpu
from models.faces import FaceFinder, LandmarkRunner
from models.graphs import WEIGHTS, check_sum
from models.hrnet import SIZES, HRNet, HRNetSize
from models.landmarks106 import Landmarks106, completed_head
from models.pose import CHANNELS_15, MEAN, STD, PoseRunner, batch_for, our_pose_runner
from models.torch_runtime import engine_of

PACKAGED = {kind: WEIGHTS / f"{kind}.safetensors" for kind in ("face", "person", "landmarks106", "hrnet")}


def _read(kind: str, own: str | Path | None = None) -> tuple[dict[str, Tensor], dict[str, Any], Path]:
    """Tensors and config of a custom file or of the packaged, verified one."""
    if own:
        return *read_weights(Path(own)), Path(own)
    check_sum(PACKAGED[kind])
    return *read_weights(PACKAGED[kind]), PACKAGED[kind]


def detector_network(kind: str) -> Detector:
    """The packaged detector of faces or people."""
    tensors, config, path = _read(kind)
    network = Detector(DetectorSize(**config["size"]), config["points"])
    load_strictly(network, tensors, path)
    return network


def person_finder(device: str = "auto", multi_scale: bool = True) -> DetectorRunner:
    """The person detector with the packaged weights."""
    return DetectorRunner(
        engine_of(detector_network("person"), device), replace(DETECTION["person"], multi_scale=multi_scale)
    )


def landmark_network(own: str | Path | None = None) -> Landmarks106:
    """The 106-point network with packaged or custom weights."""
    tensors, config, path = _read("landmarks106", own)
    if config.get("network") != "landmarks106":
        raise MissingWeights(f"{path} does not hold weights of the 106-point network.")
    network = Landmarks106(config["width"], sees=any(name.startswith("visibility_head") for name in tensors))
    load_strictly(network, completed_head(tensors), path)
    return network


def face_finder(device: str = "auto", landmark_weights: str | Path | None = None) -> FaceFinder:
    """The face detector and the 106-point network, the latter with packaged or custom weights."""
    network = landmark_network(landmark_weights)
    runner = LandmarkRunner(engine_of(network, device), network.mean_face.numpy())
    if not wants_gpu(device):
        return FaceFinder(packaged.face_detector(), runner)
    return FaceFinder(DetectorRunner(engine_of(detector_network("face"), device), DETECTION["face"]), runner)


def size_of(tensors: dict[str, Tensor]) -> HRNetSize:
    """The size whose shapes a checkpoint has."""
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
    renamed: dict[str, Tensor] = {}
    for name, tensor in tensors.items():
        for prefix in ("module.", "backbone.", "keypoint_head.", "head."):
            name = name.removeprefix(prefix)
        renamed[name] = tensor
    return renamed


def read_pose_file(path: Path) -> tuple[dict[str, Tensor], dict[str, Any]]:
    """Tensors by official names, and config, of a safetensors file or a PyTorch checkpoint (``weights_only``)."""
    if path.suffix == ".safetensors":
        tensors, config = read_weights(path)
        return official_names(tensors), config
    if not path.is_file():
        raise MissingWeights(f"The pose weights {path} do not exist.")
    try:
        loaded = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:  # torch raises many kinds for a damaged or unsafe file
        raise MissingWeights(f"The pose weights {path} cannot be read safely: {str(error)[:200]}") from error
    whole = cast(dict[str, Any], loaded) if isinstance(loaded, dict) else {}
    inner: dict[str, Any] = whole.get("state_dict", whole)
    return official_names({k: v for k, v in inner.items() if isinstance(v, Tensor)}), {}


def pose_network(tensors: dict[str, Tensor], path: Path) -> HRNet:
    """The HRNet that matches a checkpoint's names and shapes: with COCO's 17 joints or ModelScope's 15."""
    concatenate = "final_layer.3.weight" in tensors
    head = tensors.get("final_layer.3.weight" if concatenate else "final_layer.weight", torch.zeros(0))
    if len(head) != (15 if concatenate else 17):
        raise MissingWeights(f"The pose weights {path} have no head for COCO's 17 joints or ModelScope's 15.")
    with torch.device("meta"):
        network = HRNet(size_of(tensors), len(head), concatenate)
    load_strictly(network, {name: t.float() if t.is_floating_point() else t for name, t in tensors.items()}, path, True)
    return network


def size_in_name(path: Path) -> tuple[int, int]:
    """Input width and height in the file name of a published checkpoint (``384x288``), by default 192, 256."""
    sides = re.findall(r"(?<!\d)(\d{3})x(\d{3})(?!\d)", path.stem)
    height, width = map(int, sides[-1]) if sides else (256, 192)
    return (width, height) if width % 32 == height % 32 == 0 else (192, 256)


def pose_estimator(
    device: str = "auto",
    pose_weights: str | Path | None = None,
    flip_test: bool = True,
    precision: str | None = None,
) -> PoseRunner:
    """The packaged HRNet or a custom checkpoint; ``precision`` is f32, bf16 or by default chosen for the processor.

    ``flip_test`` averages with the prediction for the mirrored crop; it has no effect on published checkpoints.
    Supported are weights of ``tools.train.pose``, the official and mmpose's COCO checkpoints, and ModelScope's
    ``cv_hrnetv2w32_body-2d-keypoints_image``.
    """
    path = Path(pose_weights) if pose_weights else PACKAGED["hrnet"]
    tensors, config = read_pose_file(path) if pose_weights else _read("hrnet")[:2]
    network = pose_network(tensors, path)
    engine = engine_of(network, device, precision, MEAN, STD)
    if network.concatenate:
        return PoseRunner(engine, (128, 128), offset=0.0, alone=True, channels=CHANNELS_15)
    if config.get("network") == "hrnet":
        return our_pose_runner(engine, (config["training"]["width"], config["training"]["height"]), flip_test)
    width, height = size_in_name(path)
    return PoseRunner(engine, (width, height), batch_for((width, height)), offset=0.0)
