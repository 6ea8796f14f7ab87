"""The packaged graphs: they answer as the weights do, need no PyTorch, and damage is named."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest
import skimage.data
from matplotlib import cbook
from PIL import Image as PillowImage

from models import MissingWeights, devices, graphs, load_face_finder, load_person_finder, loading, packaged
from models.graphs import GRAPHS, Graph, check_sum, read_graph, write_graph
from vision.geometry import box_iou
from vision.types import Image

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def pictures() -> list[Image]:
    with cbook.get_sample_data("grace_hopper.jpg") as file:
        hopper = np.array(PillowImage.open(file).convert("RGB"))
    astronaut = skimage.data.astronaut()
    return [hopper, astronaut, cv2.resize(astronaut, (200, 200)), np.ascontiguousarray(astronaut[:, ::-1])]


def test_the_106_points_are_those_of_the_weights(pictures: list[Image]) -> None:
    graph, exact = packaged.face_finder(), loading.face_finder("cpu")
    for picture in pictures:
        found, right = graph(picture), exact(picture)
        assert len(found) == len(right) == 1
        assert box_iou(found.boxes, right.boxes)[0, 0] > 0.95
        width = np.ptp(right.points106[0, :, 0])
        away = np.linalg.norm(found.points106 - right.points106, axis=2) / width
        assert away.mean() < 0.01
        assert away.max() < 0.03
        np.testing.assert_allclose(found.pose, right.pose, atol=1.5)
        np.testing.assert_allclose(found.scores, right.scores, atol=0.05)


def test_the_people_and_joints_are_those_of_the_weights(pictures: list[Image]) -> None:
    find, exact = packaged.person_finder(), loading.person_finder("cpu")
    estimate, estimate_exact = packaged.pose_estimator(False), loading.pose_estimator("cpu", None, False, "f32")
    assert (estimate.size_wh, estimate.batch) == (estimate_exact.size_wh, estimate_exact.batch)
    for picture in pictures:
        found, right = (people[people.scores > 0.6] for people in (find(picture), exact(picture)))
        assert len(found) == len(right) == 1
        assert box_iou(found.boxes, right.boxes)[0, 0] > 0.9
        joints, goal = estimate([picture], right.boxes)[0], estimate_exact([picture], right.boxes)[0]
        sure = goal[:, 2] > 0.5
        away = np.linalg.norm(joints[sure, :2] - goal[sure, :2], axis=1) / np.ptp(right.boxes[0, 1::2])
        assert sure.sum() >= 5
        assert away.mean() < 0.01
        np.testing.assert_allclose(joints[sure, 2], goal[sure, 2], atol=0.2)


def test_a_file_holds_what_was_written_and_is_the_same_every_time(tmp_path: Path) -> None:
    one, two = tmp_path / "one.zip", tmp_path / "two.zip"
    for path in (one, two):
        write_graph(path, Graph(b"<net/>", bytes(1000), {"width": 3}))
    assert read_graph(one) == Graph(b"<net/>", bytes(1000), {"width": 3})
    assert one.read_bytes() == two.read_bytes()


def test_a_missing_or_damaged_file_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    damaged = tmp_path / "hrnet.zip"
    damaged.write_bytes(GRAPHS["hrnet"].read_bytes()[:-100])
    with pytest.raises(MissingWeights, match=r"hrnet\.zip do not match SHA256SUMS"):
        check_sum(damaged)
    with pytest.raises(MissingWeights, match=r"hrnet\.zip cannot be read"):
        read_graph(damaged)
    monkeypatch.setitem(graphs.GRAPHS, "person", tmp_path / "person.zip")
    with pytest.raises(MissingWeights, match=r"person\.zip are missing"):
        load_person_finder("cpu")


def test_a_gpu_and_own_weights_are_what_pytorch_is_for(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    assert not devices.wants_gpu("cpu")
    assert devices.wants_gpu("cuda")
    monkeypatch.setenv("LANDMARK_WEIGHTS", str(tmp_path / "mine.safetensors"))
    with pytest.raises(MissingWeights, match=r"mine\.safetensors are missing"):
        load_face_finder("cpu")


NOTHING_OF_PYTORCH = """
import sys
import numpy as np
from models.__main__ import main
from models import load_pose_estimator
assert main(["face", sys.argv[1], "--json"]) == main(["body", sys.argv[1], "--device", "cpu"]) == 0
assert load_pose_estimator("cpu", flip_test=False)([np.zeros((9, 9, 3), np.uint8)], np.array([[0, 0, 8, 8]])).shape
import app, counting.__main__, beauty.__main__
assert not {name.split(".")[0] for name in sys.modules} & {"torch", "safetensors", "nncf"}
"""


def test_nothing_of_pytorch_is_imported_to_serve(tmp_path: Path, pictures: list[Image]) -> None:
    path = tmp_path / "photo.png"
    PillowImage.fromarray(pictures[1]).save(path)
    command = [sys.executable, "-c", NOTHING_OF_PYTORCH, str(path)]
    subprocess.run(command, check=True, cwd=ROOT, env=os.environ | {"PYTHONPATH": str(ROOT)})
