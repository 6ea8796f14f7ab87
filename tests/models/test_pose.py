"""The body runner behind checkpoints of every kind: what it sees of a person and what it answers."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
import skimage.data
import torch
from PIL import Image as PillowImage

from counting.pipeline import count_people
from counting.tracking import track_people
from models import MissingWeights
from models.__main__ import main
from models.checkpoints import save_weights
from models.heatmaps import draw_targets
from models.hrnet import SIZES, HRNet
from models.loading import pose_estimator, size_in_name
from models.pose import CHANNELS_15, PoseRunner, crop_alone
from tests.counting import synthetic as syn
from tests.counting.rendered import estimate_pose, find_people, frames_of
from vision.geometry import transform_points
from vision.layouts import JOINTS
from vision.types import Floats, Image

FACE = [1, 2, 3, 4]
"""Eyes and ears, which the network of 15 joints has not."""


@pytest.fixture
def fifteen(tmp_path: Path) -> Path:
    """A small network of random weights in ModelScope's layout."""
    path = tmp_path / "pytorch_model.pt"
    torch.save(HRNet(SIZES["w16"], joints=15, concatenate=True).state_dict(), path)
    return path


@dataclass(frozen=True)
class Drawn:
    """An engine that answers every crop with peaks at ``points`` (J, 2) in heatmap pixels."""

    points: np.ndarray
    size_wh: tuple[int, int]

    def __call__(self, images: np.ndarray) -> list[np.ndarray]:
        maps = draw_targets(self.points.astype(np.float32), self.size_wh)
        return [np.repeat(maps[None], len(images), axis=0)]


def test_a_checkpoint_of_fifteen_joints_is_known_by_its_names_and_shapes(fifteen: Path) -> None:
    estimate = pose_estimator("cpu", fifteen)
    assert (estimate.size_wh, estimate.alone, estimate.offset) == ((128, 128), True, 0)
    image = np.random.default_rng(0).integers(0, 255, (90, 60, 3), dtype=np.uint8)
    joints = estimate([image, image], np.array([[10, 10, 50, 80], [0, 0, 59, 89]], np.float32))
    assert joints.shape == (2, 17, 3)
    assert np.isnan(joints[:, FACE, :2]).all()
    assert not joints[:, FACE, 2].any()
    others = np.delete(joints, FACE, axis=1)
    assert np.isfinite(others).all()
    assert estimate([], np.zeros((0, 4), np.float32)).shape == (0, 17, 3)


def test_every_joint_of_fifteen_comes_to_its_place_among_coco_s() -> None:
    points = np.stack([np.arange(15) * 1.4 + 6, np.full(15, 9.0)], axis=1)
    estimate = PoseRunner(Drawn(points, (32, 32)), (128, 128), offset=0.0, alone=True, channels=CHANNELS_15)  # type: ignore[arg-type]
    image = np.zeros((128, 128, 3), np.uint8)
    # the margin of 5 % lies outside the picture, so the crop is the picture
    joints = estimate([image], np.array([[-0.5, -0.5, 127.5, 127.5]], np.float32))[0]
    channel = {name: round((x / 4 - 6) / 1.4) for name, (x, _, score) in zip(JOINTS, joints, strict=True) if score > 0}
    arms = {"right_shoulder": 2, "right_elbow": 3, "right_wrist": 4,
            "left_shoulder": 5, "left_elbow": 6, "left_wrist": 7}  # fmt: skip
    legs = {"right_hip": 8, "right_knee": 9, "right_ankle": 10, "left_hip": 11, "left_knee": 12, "left_ankle": 13}
    assert channel == {"nose": 0} | arms | legs
    np.testing.assert_allclose(joints[0, :2], [24, 36], atol=0.3)


@pytest.mark.parametrize(
    ("box", "shown"),
    [
        ([20, 10, 60, 90], [18, 8, 62, 92]),
        ([-30, -20, 40, 50], [0, 0, 43, 53]),
        ([80, 30, 300, 110], [69, 19, 99, 119]),
        ([10, 40, 90, 60], [6, 36, 94, 64]),
    ],
)
def test_the_view_alone_shows_the_box_with_its_margin_and_black_round_it(box: list[float], shown: list[float]) -> None:
    image = np.zeros((120, 100, 3), np.uint8)
    image[..., 0] = np.arange(100) + 100
    image[..., 1] = np.arange(120)[:, None] + 100
    view, matrix = crop_alone(image, np.array(box, np.float32), (128, 128))
    rows, columns = np.nonzero(view[..., 0] > 50)
    whole = [[columns.min(), rows.min()], [columns.max(), rows.max()]]
    ends = np.array(whole, np.float32) @ np.linalg.inv(matrix[:, :2]).T - np.linalg.inv(matrix[:, :2]) @ matrix[:, 2]
    np.testing.assert_allclose(ends.ravel(), shown, atol=1.2)
    assert max(np.ptp(columns), np.ptp(rows)) >= 126, "the longer side fills the view"
    if shown[0] < 85 < shown[2] and shown[1] < 45 < shown[3]:
        x, y = np.rint(transform_points(np.array([[85, 45]]), matrix)[0]).astype(int)
        np.testing.assert_allclose(view[y, x, :2], [185, 145], atol=1.5)


def test_a_box_beside_the_picture_gives_an_answer_without_score() -> None:
    estimate = PoseRunner(Drawn(np.full((15, 2), 16.0), (32, 32)), (128, 128), 16, 0.0, True, CHANNELS_15)  # type: ignore[arg-type]
    joints = estimate([np.zeros((50, 40, 3), np.uint8)], np.array([[300, 300, 340, 400]], np.float32))
    assert joints.shape == (1, 17, 3)
    assert np.isnan(joints[0, FACE, :2]).all()


def test_the_counter_needs_neither_eyes_nor_ears() -> None:
    def without_face(images: Sequence[Image], boxes: Floats) -> Floats:
        joints = estimate_pose(images, boxes)
        joints[:, FACE] = [np.nan, np.nan, 0]
        return joints

    motion = [(1.0, syn.stand), (5.0, syn.jumps(2.0)), (1.0, syn.stand)]
    truth = syn.film(syn.Clip(motion, size=200, corruption=syn.Corruption(0.0)))
    tracks = track_people(frames_of([truth], (320, 600)), find_people, without_face)
    assert len(tracks) == 1
    assert np.isnan(tracks[0].keypoints[:, FACE, :2]).all()
    assert count_people(tracks).count == 10


def test_the_command_line_writes_null_for_joints_that_there_are_not(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, fifteen: Path
) -> None:
    photo = tmp_path / "photo.png"
    PillowImage.fromarray(skimage.data.astronaut()).save(photo)
    assert main(["body", str(photo), "--json", "--pose-weights", str(fifteen)]) == 0
    text = capsys.readouterr().out
    assert "NaN" not in text
    joints = json.loads(text)["keypoints"][0]
    assert [joints[j] for j in FACE] == [[None, None]] * 4
    assert all(isinstance(x, float) for j, point in enumerate(joints) if j not in FACE for x in point)


@pytest.mark.parametrize(
    ("name", "size_wh"),
    [
        ("pose_hrnet_w32_384x288.pth", (288, 384)),
        ("td-hm_hrnet-w32_8xb64-210e_coco-256x192-81c58e40_20220909.pth", (192, 256)),
        ("mine.pth", (192, 256)),
        ("seen_on_100x100.pth", (192, 256)),
    ],
)
def test_the_name_of_a_published_checkpoint_tells_its_input(name: str, size_wh: tuple[int, int]) -> None:
    assert size_in_name(Path(name)) == size_wh


def test_heatmaps_of_published_trainings_begin_at_the_first_pixel_and_ours_in_its_middle(tmp_path: Path) -> None:
    tensors = HRNet(SIZES["w16"]).half().state_dict()
    torch.save(tensors, tmp_path / "x_384x288.pth")
    published = pose_estimator("cpu", tmp_path / "x_384x288.pth", precision="f32")
    assert (published.size_wh, published.offset, published.batch, published.mirrored) == ((288, 384), 0, 7, False)
    assert published.engine.precision == "f32"  # type: ignore[attr-defined]
    save_weights(tmp_path / "x.safetensors", tensors, {"network": "hrnet", "training": {"width": 128, "height": 192}})
    ours = pose_estimator("cpu", tmp_path / "x.safetensors")
    assert (ours.size_wh, ours.offset, ours.batch, ours.mirrored) == ((128, 192), 1.5, 8, True)
    quick = pose_estimator("cpu", tmp_path / "x.safetensors", flip_test=False)
    assert (quick.batch, quick.mirrored) == (16, False)


@pytest.mark.parametrize(
    ("joints", "concatenate", "left_out"), [(15, False, ""), (17, True, ""), (17, False, "final_layer.weight")]
)
def test_other_heads_are_refused(tmp_path: Path, joints: int, concatenate: bool, left_out: str) -> None:
    tensors = HRNet(SIZES["w16"], joints, concatenate).state_dict()
    tensors.pop(left_out, None)
    torch.save(tensors, tmp_path / "other.pth")
    with pytest.raises(MissingWeights, match=r"other\.pth have no head for COCO's 17 joints or ModelScope's 15"):
        pose_estimator("cpu", tmp_path / "other.pth")


def test_the_mirrored_crop_is_seen_too_and_a_sure_answer_stays_in_its_place() -> None:
    """An engine that sees the person's left wrist as a white dot, and calls it the right one in the mirror."""

    def engine(crops: np.ndarray) -> list[np.ndarray]:
        maps = np.zeros((len(crops), 17, 64, 48), np.float32)
        for k, crop in enumerate(crops):
            y, x = np.argwhere(crop[..., 0] > 128).mean(axis=0)
            mirrored = x > 96
            dot = np.array([[(x - 1.5) / 4, (y - 1.5) / 4]], np.float32)
            maps[k, JOINTS.index("right_wrist" if mirrored else "left_wrist")] = draw_targets(dot, (48, 64))[0]
        return [maps]

    image = np.zeros((256, 192, 3), np.uint8)
    image[99:102, 39:42] = 255
    box = np.array([[192 * 0.1, 256 * 0.1, 192 * 0.9, 256 * 0.9]], np.float32) - 0.5
    plain, both = (
        PoseRunner(engine, (192, 256), mirrored=mirrored)([image], box)[0]  # type: ignore[arg-type]
        for mirrored in (False, True)
    )
    np.testing.assert_allclose(both, plain, atol=0.05)
    np.testing.assert_allclose(both[JOINTS.index("left_wrist")], [40, 100, 1], atol=0.05)


@pytest.mark.parametrize(("count", "sizes"), [(21, [8, 8, 5]), (3, [3])])
def test_people_go_in_batches_and_are_answered_in_order(count: int, sizes: list[int]) -> None:
    seen: list[int] = []
    points = np.stack([np.linspace(6, 40, 17), np.linspace(6, 58, 17)], axis=1)

    def engine(images: np.ndarray) -> list[np.ndarray]:
        seen.append(len(images))
        return Drawn(points, (48, 64))(images)

    images = [np.zeros((300, 200, 3), np.uint8)] * count
    boxes = np.array([[10 + i, 20, 100 + i, 200] for i in range(count)], np.float32)
    joints = PoseRunner(engine, (192, 256), batch=8)(images, boxes)  # type: ignore[arg-type]
    assert seen == sizes
    np.testing.assert_allclose(np.diff(joints[..., 0], axis=0), 1, atol=1e-3)
    assert PoseRunner(engine, (192, 256))([], np.zeros((0, 4))).shape == (0, 17, 3)  # type: ignore[arg-type]
