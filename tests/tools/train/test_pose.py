"""Training of the body network on one's own data: one step from drawn pictures to weights that the runner takes."""

from __future__ import annotations

import csv
import runpy
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from models import MissingWeights
from models.checkpoints import read_weights
from models.hrnet import SIZES, HRNet
from models.loading import PACKAGED, pose_estimator
from tests.tools.drawn_people import small_set
from tools.train.pose import PoseTraining, main


def test_a_step_on_data_in_coco_s_format_gives_weights_that_the_runner_takes(tmp_path: Path) -> None:
    work = tmp_path / "run"
    data = small_set(tmp_path / "data")
    main(PoseTraining(data=str(data), work_dir=str(work), height=96, width=64, minutes=0, batch_size=2))
    row = next(csv.DictReader((work / "log.csv").open()))
    assert row["step"] == "1"
    assert float(row["loss"]) > 0
    assert 0 <= float(row["coco_val"]) <= 1
    assert read_weights(work / "last.safetensors")[1]["training"]["height"] == 96
    estimate = pose_estimator("cpu", work / "best.safetensors")
    assert (estimate.size_wh, estimate.offset) == ((64, 96), 1.5)
    joints = estimate([np.zeros((99, 99, 3), np.uint8)], np.array([[10, 10, 50, 90]], np.float32))
    assert joints.shape == (1, 17, 3)
    assert np.isfinite(joints).all()


def test_a_run_starts_from_an_official_checkpoint_and_from_nothing_else(tmp_path: Path) -> None:
    data, work = small_set(tmp_path / "data"), tmp_path / "run"
    network = HRNet(SIZES["w16"])
    torch.nn.init.constant_(network.final_layer.bias, 7.0)  # type: ignore[union-attr, arg-type]
    torch.save({"state_dict": {f"module.{k}": v for k, v in network.state_dict().items()}}, tmp_path / "start.pth")
    config = PoseTraining(
        data=str(data),
        work_dir=str(work),
        start=str(tmp_path / "start.pth"),
        height=64,
        width=64,
        minutes=0,
        batch_size=2,
    )
    main(config)
    np.testing.assert_allclose(read_weights(work / "last.safetensors")[0]["final_layer.bias"], 7, atol=0.1)
    with pytest.raises(MissingWeights, match=r"landmarks106\.safetensors do not fit the network"):
        main(replace(config, start=str(PACKAGED["landmarks106"])))


@pytest.mark.parametrize(
    ("flags", "words"),
    [
        ([], "needs a file annotations/*train*.json or train.json"),
        (["--height", "100"], "height must be a multiple of 32, not 100"),
        (["--batch-size", "0"], "batch_size must be between 1 and 4096, not 0"),
    ],
)
def test_bad_input_is_one_line_and_status_2(
    flags: list[str],
    words: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(
        sys, "argv", ["train_pose", "--data", str(tmp_path), "--work-dir", str(tmp_path / "run"), *flags]
    )
    monkeypatch.delitem(sys.modules, "tools.train.pose")
    with pytest.raises(SystemExit) as ended:
        runpy.run_module("tools.train.pose", run_name="__main__")
    assert ended.value.code == 2
    lines = capsys.readouterr().err.strip().splitlines()
    assert len(lines) == 1
    assert lines[0].startswith("error: ")
    assert words in lines[0]
