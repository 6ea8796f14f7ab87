"""Views made of crops on a device: they show what the runner would cut out, and their labels follow."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
import torch
from torch import Tensor

from models.heatmaps import draw_targets
from models.pose import crop_person
from tools.data import tensor_augment, views
from tools.data.body import CropSet
from tools.data.views import Augmentation, CropTensors, decoded, make_views, targets
from vision.geometry import transform_points
from vision.layouts import JOINT_MIRROR

SIZE = (96, 128)
PLAIN = Augmentation().weakened(0)
STANDING = [(108, 50), (112, 46), (104, 46), (116, 48), (100, 48), (126, 80), (90, 80), (134, 110), (82, 110),
            (140, 60), (80, 140), (120, 150), (96, 150), (122, 195), (94, 195), (124, 240), (92, 240)]  # fmt: skip


def a_crop(seed: int = 0) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """A smooth picture without symmetry, joints of somebody who stands, all known, and the box."""
    noise = np.random.default_rng(seed).integers(0, 256, (36, 27, 3)).astype(np.uint8)
    image = cv2.resize(noise, (216, 288), interpolation=cv2.INTER_CUBIC)
    joints = np.column_stack([np.array(STANDING, np.float32), np.ones(17, np.float32)])
    return image, joints, np.array([70, 60, 146, 240], np.float32)


def some_crops(count: int) -> CropTensors:
    rows = [a_crop(seed) for seed in range(count)]
    return CropTensors(*(torch.from_numpy(np.stack(part)) for part in zip(*rows, strict=True)))


def test_a_plain_view_is_the_runner_s_and_its_mirror_image_names_the_other_side() -> None:
    torch.manual_seed(0)
    found, points, weights = make_views(some_crops(1)[torch.zeros(16, dtype=torch.long)], SIZE, PLAIN)
    image, joints, box = a_crop()
    view, matrix = crop_person(image, box, SIZE)
    expected = transform_points(joints[:, :2], matrix)
    kinds = set()
    for mine, mine_points in zip(found.permute(0, 2, 3, 1).numpy(), points.numpy(), strict=True):
        mirrored = bool(abs(mine_points[9, 1] - expected[9, 1]) > 10)
        kinds.add(mirrored)
        away = np.abs((view[:, ::-1] if mirrored else view).astype(float) - mine)
        assert away.mean() < 1
        assert np.percentile(away, 99) <= 4, "OpenCV samples at 32nds of a pixel"
        turned = np.stack([SIZE[0] - 1 - expected[:, 0], expected[:, 1]], axis=1)[JOINT_MIRROR]
        np.testing.assert_allclose(mine_points, turned if mirrored else expected, atol=1e-3)
    assert kinds == {False, True}
    assert torch.all(weights == 1)


def test_labels_follow_turns_and_sizes() -> None:
    crops = some_crops(1)
    crops.images.zero_()
    for x, y, _ in crops.keypoints[0, [9, 16]].long().tolist():
        crops.images[0, y - 3 : y + 4, x - 3 : x + 4] = 255
    torch.manual_seed(1)
    change = Augmentation(half_body=0, cut=0, boxes=0, person=0, colour=0, dark=0, degrade=0)
    found, points, _ = make_views(crops[torch.zeros(24, dtype=torch.long)], SIZE, change)
    seen = 0
    for view, joints in zip(found[:, 0], points, strict=True):
        for x, y in joints[[9, 10, 15, 16]].round().long().tolist():
            if 4 < x < SIZE[0] - 5 and 4 < y < SIZE[1] - 5:
                seen += int(view[y, x] > 200)
    assert seen >= 30, "most views show two bright joints, at a wrist and at an ankle"


def test_targets_are_those_of_the_runner_s_decoder() -> None:
    points = torch.tensor([[[10.2, 20.7], [-30.0, 5.0], [95.0, 127.0]]])
    mine = targets(points, SIZE)[0].numpy()
    heat = ((points[0].numpy() + 0.5) / 4 - 0.5).astype(np.float32)
    np.testing.assert_allclose(mine, draw_targets(heat, (24, 32), sigma=1.0), atol=1e-6)
    assert mine[1].max() == 0


def test_a_cut_picture_is_black_beyond_its_edge_and_shows_no_joint_there() -> None:
    torch.manual_seed(2)
    crops = some_crops(1)
    crops.images.fill_(255)
    change = Augmentation(0, 0, 0, 0, half_body=0, cut=1, boxes=0, person=0, colour=0, dark=0, degrade=0)
    found, points, weights = make_views(crops[torch.zeros(40, dtype=torch.long)], SIZE, change)
    assert torch.all(weights == 1)
    gone = (points < -1000).any(dim=-1)
    assert gone.any(dim=1).float().mean() > 0.7
    assert gone[:, 15:].all(dim=1).float().mean() > 0.3, "mostly the legs are cut off"
    assert targets(points, SIZE)[gone].max() == 0
    for view, joints, lost in zip(found[:, 0], points, gone, strict=True):
        inside = [(x, y) for x, y in joints[~lost].round().long().tolist() if 1 < x < 94 and 1 < y < 126]
        assert all(view[y - 1 : y + 2, x - 1 : x + 2].max() == 255 for x, y in inside)


def test_half_bodies_hold_their_joints_and_need_four() -> None:
    torch.manual_seed(3)
    crops = some_crops(30)
    boxes = views.half_bodies(crops.keypoints, crops.boxes, 1.0)
    points = crops.keypoints[..., :2]
    held = ((points >= boxes[:, None, :2]) & (points <= boxes[:, None, 2:])).all(dim=-1).sum(dim=1)
    assert held.min() >= 6
    assert held.float().mean() < 15
    crops.keypoints[:, 3:, 2] = 0
    torch.testing.assert_close(views.half_bodies(crops.keypoints, crops.boxes, 1.0), crops.boxes)


def test_a_silhouette_covers_limbs_and_trunk_and_nothing_else() -> None:
    crops = some_crops(2)
    known = crops.keypoints[..., 2] > 0
    known[1, 11] = False
    masks = views.silhouettes(crops.keypoints[..., :2], known, (216, 288))
    assert all(masks[0, y, x] == 1 for x, y in STANDING[5:])
    assert masks[0, 115, 108] == 1, "the trunk"
    assert masks[0, :, :60].max() == 0
    assert masks[0, 262:].max() == 0
    assert masks[0, 225, 108] == 0, "between the legs"
    assert masks[1].max() == 0, "without a hip nothing is cut out"


def test_people_stand_in_front_of_their_share_of_the_views_alone() -> None:
    torch.manual_seed(4)
    plain, points, weights = make_views(some_crops(8), SIZE, PLAIN)
    covered = views.cover_with_people(plain, points, weights > 0, 0.5)
    changed = (covered != plain).flatten(1).float().mean(dim=1)
    assert torch.all(changed[:4] > 0.01)
    assert torch.all(changed[:4] < 0.5)
    assert torch.all(changed[4:] == 0)
    assert torch.equal(views.cover_with_people(plain, points, weights > 0, 0.0), plain)


def test_boxes_cover_a_part_of_their_share() -> None:
    torch.manual_seed(5)
    plain = make_views(some_crops(40), SIZE, PLAIN)[0]
    changed = (views.cover_with_boxes(plain, 0.5) != plain).any(dim=1).flatten(1).float().mean(dim=1)
    assert 8 <= int((changed > 0).sum()) <= 32
    assert changed.max() < 0.4


def pictures() -> Tensor:
    return make_views(some_crops(6), SIZE, PLAIN)[0]


def test_damage_keeps_plain_pictures_and_their_brightness() -> None:
    flat = torch.full((4, 3, 64, 48), 90.0)
    for change in (tensor_augment.blur_by_motion, tensor_augment.lower_resolution, tensor_augment.compress):
        torch.manual_seed(6)
        away = (change(flat) - flat).abs()
        assert away.max() <= 3 if change is tensor_augment.compress else away.max() < 1e-3
        rough = pictures()
        damaged = change(rough)
        assert damaged.shape == rough.shape
        assert 1 < (damaged - rough).abs().mean() < 40
        assert (damaged.mean(dim=(1, 2, 3)) - rough.mean(dim=(1, 2, 3))).abs().max() < 4


def test_motion_smears_along_one_line_and_keeps_the_middle() -> None:
    point = torch.zeros((1, 3, 128, 96))
    point[:, :, 60, 40] = 255
    for seed in range(5):
        torch.manual_seed(seed)
        spread = tensor_augment.blur_by_motion(point)[0, 0]
        y, x = spread.nonzero(as_tuple=True)
        assert spread.sum() == pytest.approx(255, abs=0.1)
        assert max(y.max() - y.min(), x.max() - x.min()) <= 6
        assert torch.stack([y, x]).float().mean(dim=1).tolist() == pytest.approx([60, 40], abs=0.6)


def test_compression_leaves_less_detail() -> None:
    torch.manual_seed(7)
    wave = torch.linalg.norm(tensor_augment.cosines(torch.device("cpu")) @ torch.eye(8), dim=1)
    torch.testing.assert_close(wave, torch.ones(8))
    rough = (pictures() + 30 * torch.randn(6, 3, 128, 96)).clamp(0, 255)

    def detail(x: Tensor) -> float:
        return float((x[..., 1:] - x[..., :-1]).abs().mean())

    assert detail(tensor_augment.compress(rough)) < 0.9 * detail(rough)


def test_darkness_damage_and_colours_keep_to_their_shares_and_to_the_range() -> None:
    torch.manual_seed(8)
    plain = make_views(some_crops(20), SIZE, PLAIN)[0]
    assert tensor_augment.darken(plain).mean() < 0.5 * plain.mean()
    damaged = tensor_augment.degrade(plain, 0.4)
    same = (damaged == plain).flatten(1).all(dim=1)
    assert same.tolist() == [False] * 8 + [True] * 12
    coloured = tensor_augment.change_colours(plain, 0.5)
    assert 3 <= int((coloured == plain).flatten(1).all(dim=1).sum()) <= 17
    for made in (damaged, coloured, make_views(some_crops(20), SIZE, Augmentation())[0]):
        assert made.min() >= 0
        assert made.max() <= 255


def test_crops_are_decoded_in_their_order() -> None:
    rows = [a_crop(seed) for seed in range(5)]
    pictures = [cv2.imencode(".png", image[..., ::-1])[1].tobytes() for image, _, _ in rows]
    names = np.array([str(k) for k in range(5)])
    joints, boxes = (np.stack(part) for part in list(zip(*rows, strict=True))[1:])
    crops = decoded(CropSet(pictures, names, names, joints, boxes, joints[..., 2] > 0), torch.device("cpu"))
    np.testing.assert_array_equal(crops.images.numpy(), np.stack([image for image, _, _ in rows]))
