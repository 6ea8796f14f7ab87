"""The figures of the body models: right on answers whose figures are known, and side by side."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import tools.evaluate.body as body
from models.checkpoints import save_weights
from models.hrnet import SIZES, HRNet
from tests.tools.drawn_people import small_set
from tools.data.body import CropSet
from tools.data.coco import read_coco
from vision.layouts import OKS_SIGMAS
from vision.types import Floats


@pytest.fixture
def crops(tmp_path: Path) -> CropSet:
    return read_coco(small_set(tmp_path), "train")


def answers(crops: CropSet, score: float = 0.8) -> Floats:
    """The labels themselves, as a network would give them."""
    found = crops.keypoints.copy()
    found[..., 2] = score
    return found


def away_by(crops: CropSet, similarity: float) -> Floats:
    """Answers that lie to the right of the labels by as much as gives every joint this similarity."""
    size = crops.boxes[:, 2:] - crops.boxes[:, :2]
    found = answers(crops)
    reach = 2 * OKS_SIGMAS * np.sqrt(size.prod(axis=1))[:, None]
    found[..., 0] += reach * np.sqrt(-2 * np.log(similarity))
    return found


def test_oks_is_that_of_the_formula(crops: CropSet) -> None:
    assert body.oks_figures(answers(crops), crops) == {"OKS AP": 1, "OKS AP .5": 1, "OKS AP .75": 1, "OKS AR": 1}
    # a similarity of .72 passes the thresholds .5, .55, .6, .65 and .7 of ten
    some = body.oks_figures(away_by(crops, 0.72), crops)
    assert some["OKS AP .5"] == 1
    assert some["OKS AP .75"] == 0
    assert some["OKS AP"] == some["OKS AR"] == pytest.approx(0.5)


def test_oks_counts_human_labels_alone_and_missing_joints_as_wrong(crops: CropSet) -> None:
    found = answers(crops)
    found[:, 5:, 0] += 1000
    crops.gt[:, 5:] = False
    assert body.oks_figures(found, crops)["OKS AP"] == 1
    found[:, 1:3] = [np.nan, np.nan, 0]
    assert body.oks_figures(found, crops)["OKS AP"] == pytest.approx(0.3), ".6 of the joints are right: .5, .55, .6"


def test_errors_are_in_torso_lengths_and_missing_joints_are_wrong(crops: CropSet) -> None:
    found = answers(crops)
    torso = np.linalg.norm(found[:, 5:7, :2].mean(axis=1) - found[:, 11:13, :2].mean(axis=1), axis=1)
    found[:, 9, 1] += 0.3 * torso
    found[0, 1] = [np.nan, np.nan, 0]
    crops.keypoints[:, 2, 2] = 0
    errors = body.torso_errors(found, crops)
    np.testing.assert_allclose(errors[:, 9], 0.3, rtol=1e-4)
    assert np.isnan(errors[:, 2]).all()
    rows = body.joint_figures(errors)
    assert rows["left_wrist: within .2 torso"] == 0
    assert rows["left_wrist: mean error, torso"] == pytest.approx(0.3)
    assert rows["left_eye: within .2 torso"] == pytest.approx(2 / 3)
    assert rows["left_eye: mean error, torso"] == 0
    assert np.isnan(rows["right_eye: within .2 torso"])
    rows = body.source_figures(errors, crops.sources)
    assert rows["coco_train: crops"] == 3
    assert rows["coco_train: within .2 torso"] == pytest.approx(1 - 4 / 48)


def test_calibration_tells_the_share_of_correct_joints_by_score() -> None:
    scores = np.array([[0.05, 0.31, 0.39, 1.0]])
    errors = np.array([[0.5, 0.1, 0.3, np.nan]])
    assert body.calibration(scores, errors) == {
        "score 0.0 to 0.1: joints": 1,
        "score 0.0 to 0.1: within .2 torso": 0,
        "score 0.3 to 0.4: joints": 2,
        "score 0.3 to 0.4: within .2 torso": 0.5,
    }


def test_checkpoints_stand_side_by_side(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    data = small_set(tmp_path / "data")
    paths = [tmp_path / "one.safetensors", tmp_path / "two.safetensors"]
    for path in paths:
        facts = {"network": "hrnet", "training": {"width": 64, "height": 96}}
        save_weights(path, HRNet(SIZES["w16"]).state_dict(), facts)
    monkeypatch.setattr(body, "batch_memory", lambda weights, flip_test: 321.4)
    body.main(["--data", str(data), "--pose-weights", *map(str, paths)])
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].split() == [f"{tmp_path.name}/one.safetensors", f"{tmp_path.name}/two.safetensors"]
    end = lines.index("")
    rows = {line[:60].strip(): line[60:].split() for line in lines[1:end]}
    assert rows["coco_val: crops"] == ["1", "1"]
    assert rows["memory of a process with one batch, MB"] == ["321", "321"]
    assert {"OKS AP", "nose: mean error, torso", "from float32: mean, input px"} <= rows.keys()
    assert all(len(values) == 2 for values in rows.values())
    assert [line.split()[:4] for line in lines[end + 1 :]] == [["OKS", "AP", ">=", "0.58"]]


def test_a_full_batch_of_the_packaged_network_stays_below_a_gigabyte() -> None:
    assert 50 < body.batch_memory(None, False) < 1000
    assert 50 < body.batch_memory(None, True) < 1000


def test_bad_input_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        body.main(["--data", str(tmp_path)])
    assert ended.value.code == 2
    assert "val.json" in capsys.readouterr().err
