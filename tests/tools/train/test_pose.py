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
from tools.data.body import CropSet
from tools.data.coco import read_training
from tools.data.pack import write_set
from tools.train.pose import PoseTraining, balanced, build, loss, main, training_set


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


def packaged(folder: Path, stem: str, names: list[str], sources: list[str], human: list[bool] | None = None) -> None:
    """A packaged set without pictures."""
    joints = np.zeros((len(names), 17, 3), np.float32)
    gt = np.repeat(np.array(human or [False] * len(names))[:, None], 17, axis=1)
    boxes = np.zeros((len(names), 4), np.float32)
    write_set(folder, stem, CropSet([b"picture"] * len(names), np.array(names), np.array(sources), joints, boxes, gt))


def test_frames_of_clips_are_left_out_in_every_set(tmp_path: Path) -> None:
    packaged(tmp_path, "body_train", ["a.webp", "b.webp"], ["dev_rope", "lspet"])
    packaged(tmp_path, "more_train", ["frame_rope_0.webp", "more_0.webp"], ["rope", "karate_club"])
    packaged(tmp_path, "body_eval_dev", ["c.webp"], ["stock"])
    assert read_training(tmp_path).sources.tolist() == ["dev_rope", "lspet", "frame_rope", "karate_club"]
    crops, chance = training_set(PoseTraining(data=str(tmp_path), without="dev_,frame_"))
    assert crops.names.tolist() == ["b.webp", "more_0.webp"]
    np.testing.assert_allclose(chance, 0.5)
    crops, chance = training_set(PoseTraining(data=str(tmp_path), often="frame_"))
    np.testing.assert_allclose(chance, [1 / 6, 1 / 6, 3 / 6, 1 / 6])


def test_sources_are_drawn_by_the_root_of_their_size_and_human_labels_twice() -> None:
    sources = ["sports_a"] * 2 + ["sports_b"] * 2 + ["stock"] * 9
    human = np.repeat(np.array([False] * 4 + [True] * 9)[:, None], 17, axis=1)
    crops = CropSet(
        [b""] * 13,
        np.array(sources),
        np.array(sources),
        np.zeros((13, 17, 3), np.float32),
        np.zeros((13, 4), np.float32),
        human,
    )
    np.testing.assert_allclose(balanced(crops), [1 / 2] * 4 + [2 / 3] * 9)


def test_a_run_ends_in_parts_as_long_as_the_whole(tmp_path: Path) -> None:
    data, work = small_set(tmp_path / "data"), tmp_path / "run"
    config = PoseTraining(data=str(data), work_dir=str(work), height=64, width=64, minutes=1, at_most=0, batch_size=2)
    with pytest.raises(ValueError, match=r"state\.pt, which is not there"):
        main(replace(config, resume=True))
    for steps in (1, 2):
        main(replace(config, resume=steps > 1))
        state = torch.load(work / "state.pt", weights_only=True)
        assert (state["step"], state["averaged"]) == (steps, steps)
        assert 0 < state["seconds"] < 60
    state["seconds"] = 61.0
    torch.save(state, work / "state.pt")
    main(replace(config, resume=True, at_most=100))
    assert torch.load(work / "state.pt", weights_only=True)["step"] == 3, "the time is over after one step more"
    rows = list(csv.DictReader((work / "log.csv").open()))
    assert [row["step"] for row in rows] == ["1", "2", "3"]


def test_frozen_layers_stay_as_they_are(tmp_path: Path) -> None:
    data, work = small_set(tmp_path / "data"), tmp_path / "run"
    torch.manual_seed(1)
    frozen = "conv,bn,layer1,transition1,stage2"
    config = PoseTraining(
        data=str(data), work_dir=str(work), height=64, width=64, size="w16", minutes=0, batch_size=2, frozen=frozen
    )
    main(config)
    torch.manual_seed(config.seed)
    before, after = build(config).state_dict(), read_weights(work / "last.safetensors")[0]
    kept = {name for name, tensor in after.items() if torch.equal(tensor, before[name].half().float())}
    assert {"conv1.weight", "stage2.0.branches.0.0.conv1.weight"} <= kept
    assert not any(
        name.startswith(("stage3", "final")) and name.endswith("weight") for name in kept if "bn" not in name
    )
    assert torch.equal(after["bn1.running_mean"], torch.zeros(64))
    assert not torch.equal(after["stage4.0.branches.0.0.bn1.running_mean"], torch.zeros(16))


def bumps(columns: list[int]) -> torch.Tensor:
    """Heatmaps (1, 17, 9, 40) with one bump each."""
    x = torch.arange(40)
    across = torch.stack([torch.exp(-0.5 * (x - c).square() / 4) for c in columns])
    return across[None, :, None] * torch.exp(-0.5 * (torch.arange(9) - 4).square() / 4)[:, None]


def test_one_place_for_both_ankles_costs_more_only_where_the_labels_differ() -> None:
    goal = bumps([*[20] * 15, 8, 30])
    weights = torch.ones(1, 17)
    doubled = bumps([*[20] * 15, 8, 8])
    assert loss(doubled, goal, weights, 1.0) > loss(doubled, goal, weights, 0.0) + 0.4
    assert loss(goal, goal, weights, 1.0) == 0
    together = bumps([20] * 17)
    assert loss(together, together, weights, 1.0) == 0
    weights[0, 16] = 0
    assert loss(doubled, goal, weights, 1.0) == loss(doubled, goal, weights, 0.0) == 0
    found = doubled.clone().requires_grad_()
    weights[0, 16] = 1
    loss(found, goal, weights, 1.0).backward()
    assert found.grad is not None
    assert found.grad[0, 16, 4, 8] > 0, "the wrong peak is pushed down"


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
