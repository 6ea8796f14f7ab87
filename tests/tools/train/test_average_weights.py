"""Means of checkpoints."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from models.checkpoints import read_weights, save_weights
from tools.train.average_weights import Averaging, main


def test_the_mean_keeps_types_and_facts_without_old_figures(tmp_path: Path) -> None:
    for name, value in (("a", 1.0), ("b", 4.0)):
        tensors = {"w": torch.full((2, 2), value), "count": torch.tensor(int(value))}
        save_weights(tmp_path / name, tensors, {"network": "hrnet", "seed": name, "metrics": {"mean": value}})
    main(Averaging(sources=f"{tmp_path / 'a'},{tmp_path / 'b'}", out=str(tmp_path / "soup")))
    tensors, facts = read_weights(tmp_path / "soup")
    assert tensors["w"].equal(torch.full((2, 2), 2.5))
    assert tensors["count"].dtype == torch.int64
    assert facts == {"network": "hrnet", "seed": "b", "average_of": 2}


def test_one_checkpoint_or_two_networks_are_refused(tmp_path: Path) -> None:
    save_weights(tmp_path / "a", {"w": torch.zeros(2)}, {})
    save_weights(tmp_path / "b", {"w": torch.zeros(3)}, {})
    with pytest.raises(ValueError, match="at least two"):
        main(Averaging(sources=str(tmp_path / "a")))
    with pytest.raises(ValueError, match="not hold the same network"):
        main(Averaging(sources=f"{tmp_path / 'a'},{tmp_path / 'b'}", out=str(tmp_path / "c")))
