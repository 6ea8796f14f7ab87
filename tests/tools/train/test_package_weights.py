"""Checkpoints that become packaged weights."""

from __future__ import annotations

import hashlib
from pathlib import Path

import torch

from models.checkpoints import read_weights, save_weights
from tools.train.package_weights import package, write_sums


def test_packaged_weights_are_half_as_large_and_read_back_in_full(tmp_path: Path) -> None:
    source, target = tmp_path / "run.safetensors", tmp_path / "weights" / "hrnet.safetensors"
    kernel, mean = torch.randn(64, 64, 3, 3), torch.tensor([1e6, 1e-9])
    save_weights(source, {"kernel": kernel, "mean": mean}, {"size": "w16"})
    package(source, target)
    tensors, config = read_weights(target)
    assert config == {"size": "w16"}
    assert tensors["kernel"].dtype == torch.float32
    torch.testing.assert_close(tensors["kernel"], kernel, rtol=1e-3, atol=1e-6)
    assert tensors["mean"].equal(mean)
    assert target.stat().st_size < 0.51 * source.stat().st_size


def test_the_sums_name_every_file(tmp_path: Path) -> None:
    for name in ("b", "a"):
        save_weights(tmp_path / f"{name}.safetensors", {"x": torch.ones(1)}, {"name": name})
    write_sums(tmp_path / "SUMS")
    lines = [line.split() for line in (tmp_path / "SUMS").read_text().splitlines()]
    assert [name for _, name in lines] == ["a.safetensors", "b.safetensors"]
    assert lines[0][0] == hashlib.sha256((tmp_path / "a.safetensors").read_bytes()).hexdigest()
