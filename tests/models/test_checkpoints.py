"""Weight files: strict, checked, and with errors that say what to do."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest
import torch

from models import MissingWeights, load_face_finder, load_pose_estimator
from models.checkpoints import load_strictly, read_weights, save_weights
from models.graphs import GRAPHS, SUMS, WEIGHTS
from models.hrnet import SIZES, HRNet
from models.loading import PACKAGED


def test_weights_come_back_with_their_config(tmp_path: Path) -> None:
    path = tmp_path / "a.safetensors"
    save_weights(path, {"x": torch.arange(3.0)}, {"size": "w16", "metrics": {"pck": 0.5}})
    tensors, config = read_weights(path)
    assert tensors["x"].tolist() == [0, 1, 2]
    assert config == {"size": "w16", "metrics": {"pck": 0.5}}


def test_a_missing_or_damaged_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(MissingWeights, match=r"nowhere\.safetensors are missing"):
        read_weights(tmp_path / "nowhere.safetensors")
    broken = tmp_path / "broken.safetensors"
    broken.write_bytes(b"not weights at all")
    with pytest.raises(MissingWeights, match=r"broken.safetensors cannot be read"):
        read_weights(broken)


def test_keys_are_strict(tmp_path: Path) -> None:
    tensors = HRNet(SIZES["w16"]).state_dict()
    tensors.pop("final_layer.bias")
    with pytest.raises(MissingWeights, match=r"final_layer.bias"):
        load_strictly(HRNet(SIZES["w16"]), tensors, tmp_path / "x")


def test_pickled_code_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "evil.pth"
    torch.save({"state_dict": Path("/")}, path)
    with pytest.raises(MissingWeights, match="cannot be read safely"):
        load_pose_estimator("cpu", path)


def test_an_official_checkpoint_loads(tmp_path: Path) -> None:
    path = tmp_path / "official.pth"
    network = HRNet(SIZES["w32"])
    torch.save({"state_dict": {f"module.{k}": v for k, v in network.state_dict().items()}}, path)
    estimate = load_pose_estimator("cpu", path)
    assert estimate.size_wh == (192, 256)  # type: ignore[attr-defined]


def test_weights_of_another_network_are_refused_as_landmarks(tmp_path: Path) -> None:
    path = tmp_path / "other.safetensors"
    save_weights(path, {"x": torch.zeros(1)}, {"network": "hrnet"})
    with pytest.raises(MissingWeights, match="106-point"):
        load_face_finder("cpu", path)


def test_every_packaged_file_has_its_sum_and_all_together_stay_small() -> None:
    sums = dict(reversed(line.split()) for line in SUMS.read_text().splitlines())
    assert sums == {p.name: hashlib.sha256(p.read_bytes()).hexdigest() for p in WEIGHTS.iterdir() if p != SUMS}
    assert {p.name for p in (*PACKAGED.values(), *GRAPHS.values())} == sums.keys()
    assert sum(p.stat().st_size for p in WEIGHTS.iterdir()) < 30e6
