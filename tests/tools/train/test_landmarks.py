"""Fine-tuning of the 106 points: the data layout, its errors, and the whole loop on two photos."""

from __future__ import annotations

import csv
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import skimage.data
import torch
from matplotlib import cbook
from PIL import Image as PillowImage

from models import load_face_finder
from models.checkpoints import read_weights
from models.loading import PACKAGED
from tools.data.article import DataLayoutError, read_label, read_part
from tools.data.face import SCENE_SHARE, make_face, with_scenes
from tools.data.make_landmarks import main as make_data
from tools.data.scenes import Scene
from tools.train.landmark_losses import across, losses, part_weights
from tools.train.landmarks import LandmarkTraining, find_false_positives, main, mean_face
from vision.layouts import FIVE_FROM_106


@pytest.fixture(scope="module")
def photos(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("photos")
    PillowImage.fromarray(skimage.data.astronaut()).save(folder / "a.png")
    with cbook.get_sample_data("grace_hopper.jpg") as file:
        PillowImage.open(file).save(folder / "b.png")
    (folder / "notes.txt").write_text("not a photo")
    return folder


@pytest.fixture(scope="module")
def data(photos: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("data")
    assert make_data(photos, out) == (1, 1)
    return out


@pytest.fixture
def config(data: Path, tmp_path: Path) -> LandmarkTraining:
    return LandmarkTraining(
        data=str(data), work_dir=str(tmp_path / "run"), epochs=4, batch_size=1, mistakes=0, threads=1
    )


def test_made_labels_read_back_to_the_same_points(data: Path, photos: Path) -> None:
    face = read_part(data, "train")
    assert face.points.shape == (1, 106, 2)
    assert face.weights.min() == 1
    found = load_face_finder("cpu")(np.asarray(PillowImage.open(photos / "a.png")))
    np.testing.assert_allclose(face.pose[0], found.pose[0], atol=0.01)
    ratio = np.ptp(face.points[0], axis=0) / np.ptp(found.points106[0], axis=0)
    np.testing.assert_allclose(ratio, ratio[0], rtol=0.01)


def test_the_whole_loop_runs_and_the_app_takes_its_weights(config: LandmarkTraining) -> None:
    figures = main(config)
    work = Path(config.work_dir)
    assert figures["nme"] < 5
    rows = list(csv.DictReader((work / "log.csv").open()))
    assert [int(r["step"]) for r in rows] == [1, 2, 3, 4]
    assert {"loss", "nme", "nme_lips", "pose"} <= rows[0].keys()
    assert read_weights(work / "best.safetensors")[1]["training"]["batch_size"] == 1
    assert len(load_face_finder("cpu", work / "best.safetensors")(skimage.data.astronaut())) == 1


def test_a_resumed_run_ends_exactly_where_a_whole_one_does(config: LandmarkTraining, tmp_path: Path) -> None:
    main(config)
    halves = replace(config, work_dir=str(tmp_path / "halves"))
    stopped = replace(halves, epochs=2)
    # the schedule depends on the number of epochs, so the first half runs at a constant rate as well
    flat = {"warmup": 1000}
    main(replace(stopped, **flat))
    main(replace(halves, resume=True, **flat))
    whole = replace(config, work_dir=str(tmp_path / "whole"), **flat)
    main(whole)
    a, b = (read_weights(Path(c.work_dir) / "last.safetensors")[0] for c in (halves, whole))
    assert all(torch.equal(a[k], b[k]) for k in a)


@pytest.mark.parametrize("dialect", ["list", "flat", "named"])
def test_labels_with_box_points_and_visibility_are_known_by_shape(tmp_path: Path, dialect: str) -> None:
    points = np.arange(212, dtype=float).reshape(106, 2) * 3
    visible = [0 if i == 7 else 1 for i in range(106)]
    listed = points.ravel().tolist() if dialect == "flat" else points.tolist()
    label = {"left": 1, "top": 2, "right": 300, "bottom": 400, "landmark": listed, "visible": visible}
    path = tmp_path / "x.json"
    path.write_text(json.dumps({"face": label} if dialect == "named" else label))
    found, weights, pose = read_label(path)
    np.testing.assert_array_equal(found, points)
    assert weights.tolist() == visible
    assert np.isnan(pose).all()


def test_unknown_points_and_angles_are_masked(tmp_path: Path) -> None:
    points = [[-999, -999], *([[5.0, 6.0]] * 105)]
    base = {"points_array": points, "pitch": -999, "yaw": 12.5, "roll": None}
    path = tmp_path / "x.json"
    path.write_text(json.dumps({"face_count": 1, "face_infos": [{"base_info": base}]}))
    _, weights, pose = read_label(path)
    assert weights[0] == 0
    assert weights[1:].min() == 1
    np.testing.assert_array_equal(pose, np.array([np.nan, 12.5, np.nan], np.float32))
    found = torch.zeros(1, 106, 2), torch.zeros(1, 3), torch.zeros(1), torch.zeros(1, 106), torch.zeros(1)
    goal = torch.ones(1, 106, 2), torch.from_numpy(weights)[None], torch.from_numpy(pose)[None], torch.ones(1)
    unknown = torch.full((1, 106), torch.nan), torch.full((1,), torch.nan)
    loss = losses(found, (*goal, *unknown), part_weights())
    assert torch.isfinite(loss)
    known = losses(found, (*goal, torch.ones(1, 106), torch.ones(1)), part_weights())
    torch.testing.assert_close(known - loss, torch.tensor(3 * np.log(2), dtype=torch.float32))


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("{", "not readable JSON"),
        ("{}", "106 points"),
        ('{"face_infos": []}', "exactly one face"),
        ('{"face_infos": [{"base_info": {"points_array": [[1, 2]]}}]}', "points_array"),
    ],
)
def test_a_bad_label_is_named_with_its_field(tmp_path: Path, text: str, words: str) -> None:
    path = tmp_path / "bad_label.json"
    path.write_text(text)
    with pytest.raises(DataLayoutError, match=words) as caught:
        read_label(path)
    assert "bad_label.json" in str(caught.value)


def test_a_wrong_layout_is_named(tmp_path: Path, data: Path) -> None:
    with pytest.raises(DataLayoutError, match="train"):
        read_part(tmp_path, "train")
    (tmp_path / "train/images/merge").mkdir(parents=True)
    with pytest.raises(DataLayoutError, match="infos/merge"):
        read_part(tmp_path, "train")
    with pytest.raises(ValueError, match=r"epochs must be between 0 and 10000, not -1"):
        LandmarkTraining(data=str(data), epochs=-1)


def test_a_contour_point_costs_less_along_the_contour_than_across_it() -> None:
    points = torch.zeros(1, 106, 2)
    points[0, :33, 0] = torch.arange(33) * 3.0
    along, off = torch.zeros(1, 106, 2), torch.zeros(1, 106, 2)
    along[..., 0], off[..., 1] = 4.0, 4.0
    size = across(along, points).norm(dim=2), across(off, points).norm(dim=2)
    torch.testing.assert_close(size[0][0], torch.tensor([2.0] * 33 + [4.0] * 73))
    torch.testing.assert_close(size[1][0], torch.full((106,), 4.0))


def test_a_lure_is_what_the_detector_takes_for_a_face_away_from_all_labels() -> None:
    image = skimage.data.astronaut()
    nothing = np.zeros((0, 4), np.float32)
    free = Scene(image, nothing, np.zeros((0, 5, 2), np.float32), nothing, "free")
    found = [box for _, box in find_false_positives([free])]
    assert len(found) >= 1
    labelled = replace(free, boxes=np.stack(found))
    ignored = replace(free, ignore=np.stack(found))
    assert find_false_positives([labelled, ignored]) == []


def test_faces_of_scenes_teach_their_five_points_alone(data: Path) -> None:
    faces = read_part(data, "train")
    five = np.array([[200, 100], [240, 100], [220, 125], [203, 145], [237, 145]], np.float32)
    boxes = np.array([[180, 70, 260, 170], [10, 10, 90, 90]], np.float32)
    points = np.stack([five, np.full((5, 2), np.nan, np.float32)])
    scene = Scene(skimage.data.astronaut(), boxes, points, np.zeros((0, 4), np.float32), "own")
    both = with_scenes(faces, [scene], mean_face(faces).numpy())
    assert len(both) == 2, "a face without its points teaches none"
    assert np.flatnonzero(both.weights[1]).tolist() == sorted(FIVE_FROM_106)
    assert both.share.tolist() == pytest.approx([1 - SCENE_SHARE, SCENE_SHARE])
    scale = 144 / 160
    np.testing.assert_allclose(
        np.diff(both.points[1][list(FIVE_FROM_106)], axis=0), np.diff(five, axis=0) * scale, atol=0.01
    )
    sample = make_face(both, 1, np.random.default_rng(0), augment=False)
    assert sample.view.shape == (96, 96, 3)
    assert sample.confidence == 1
    assert np.isnan(sample.pose).all()
    assert np.isnan(sample.seen).all()
    assert sample.points.min() > 0
    assert sample.points.max() < 95


def test_layers_that_stay_as_they_are_do_not_change(config: LandmarkTraining, tmp_path: Path) -> None:
    main(replace(config, frozen=14, epochs=1, work_dir=str(tmp_path / "frozen")))
    before, _ = read_weights(PACKAGED["landmarks106"])
    after, _ = read_weights(tmp_path / "frozen/last.safetensors")
    trunk = [name for name in before if name.startswith(("shallow", "deep"))]
    assert all(torch.equal(before[name], after[name]) for name in trunk)
    assert not torch.equal(before["points_head.6.bias"], after["points_head.6.bias"])
