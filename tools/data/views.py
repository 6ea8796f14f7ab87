"""Person crops as tensors on a device, and batches of augmented views computed there."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass

import torch
from torch import Tensor
from torch.nn import functional

from tools.data.body import CropSet
from tools.data.coco import CROP_WH
from tools.data.tensor_augment import change_colours, darken, degrade
from vision.layouts import JOINT_MIRROR


@dataclass(frozen=True)
class Augmentation:
    """Strengths of the augmentations and shares of the samples that have them."""

    scale: float = 0.3
    shift: float = 0.08
    degrees: float = 30.0
    turn: float = 0.6
    half_body: float = 0.35
    cut: float = 0.12
    boxes: float = 0.35
    person: float = 0.25
    colour: float = 0.8
    dark: float = 0.12
    degrade: float = 0.35

    def weakened(self, strength: float) -> Augmentation:
        """All strengths and shares times ``strength``."""
        return Augmentation(**{name: value * strength for name, value in asdict(self).items()})


@dataclass(frozen=True)
class CropTensors:
    """Decoded crops: ``images`` (N, 288, 216, 3) uint8 RGB, ``keypoints`` (N, 17, 3) x, y, weight, ``boxes`` (N, 4)."""

    images: Tensor
    keypoints: Tensor
    boxes: Tensor

    def __getitem__(self, rows: Tensor) -> CropTensors:
        return CropTensors(self.images[rows], self.keypoints[rows], self.boxes[rows])


def decoded(crops: CropSet, device: torch.device) -> CropTensors:
    """All crops on the device, 187 kB each, decoded by one thread per core."""
    images = torch.empty((len(crops), CROP_WH[1], CROP_WH[0], 3), dtype=torch.uint8, device=device)

    def put(i: int) -> None:
        images[i] = torch.from_numpy(crops.image(i)).to(device)

    with ThreadPoolExecutor(os.cpu_count()) as pool:
        list(pool.map(put, range(len(crops))))
    return CropTensors(images, *(torch.from_numpy(x).to(device) for x in (crops.keypoints, crops.boxes)))


def _some(boxes: Tensor, share: float) -> Tensor:
    """A random ``share`` of the rows (B,) bool."""
    return torch.rand(len(boxes), device=boxes.device) < share


PARTS = ((0, 7), (0, 11), (0, 13), (5, 17), (11, 17))
"""First and last joint (exclusive) of half bodies: head and shoulders, two upper bodies, headless ones, legs."""


def half_bodies(keypoints: Tensor, boxes: Tensor, share: float) -> Tensor:
    """Boxes in which a ``share`` is replaced by that of a half body with at least four known joints."""
    joints = torch.arange(17, device=boxes.device)
    parts = torch.stack([(joints >= a) & (joints < b) for a, b in PARTS])
    known = parts[torch.randint(len(PARTS), (len(boxes),), device=boxes.device)] & (keypoints[..., 2] > 0)
    points, far = keypoints[..., :2], torch.tensor(1e6, device=boxes.device)
    low = torch.where(known[..., None], points, far).amin(dim=1)
    high = torch.where(known[..., None], points, -far).amax(dim=1)
    pad = 0.25 * (high - low).amax(dim=1, keepdim=True).clamp(min=20)
    new = torch.cat([low - pad, high + pad], dim=1)
    return torch.where((_some(boxes, share) & (known.sum(dim=1) >= 4))[:, None], new, boxes)


def cut_pictures(boxes: Tensor, share: float) -> tuple[Tensor, Tensor]:
    """Boxes (B, 4) and picture borders (B, 4); in a ``share`` the border cuts the person, whose box ends there too.

    Mostly the legs are cut off, then the sides, seldom the head.
    """
    chance = torch.tensor([0.2, 0.08, 0.2, 0.52], device=boxes.device)
    side = functional.one_hot(torch.multinomial(chance, len(boxes), replacement=True), 4).bool()
    depth = (
        torch.rand(len(boxes), 1, device=boxes.device) * torch.tensor([0.25, 0.25, 0.25, 0.4], device=boxes.device)
        + 0.1
    )
    size = (boxes[:, 2:] - boxes[:, :2]).repeat(1, 2)
    inwards = torch.tensor([1.0, 1.0, -1.0, -1.0], device=boxes.device)
    cut = side & _some(boxes, share)[:, None]
    boxes = torch.where(cut, boxes + inwards * depth * size, boxes)
    return boxes, torch.where(cut, boxes, -inwards * 1e6)


@dataclass(frozen=True)
class Placement:
    """Position of a view of (w, h) pixels in its crop: centre (B, 2), scale and angle (B,), mirrored (B,) bool."""

    centre: Tensor
    scale: Tensor
    angle: Tensor
    mirrored: Tensor
    size_wh: tuple[int, int]

    def _turns(self) -> Tensor:
        """Matrices (B, 2, 2) from crop to view pixels."""
        cos, sin = self.angle.cos() * self.scale, self.angle.sin() * self.scale
        flip = torch.where(self.mirrored, -1.0, 1.0)
        return torch.stack([torch.stack([cos * flip, sin * flip], 1), torch.stack([-sin, cos], 1)], dim=1)

    def _middle(self) -> Tensor:
        return (torch.tensor(self.size_wh, device=self.centre.device) - 1) / 2

    def points(self, points: Tensor) -> Tensor:
        """Crop points (B, P, 2) in view pixels."""
        return (points - self.centre[:, None]) @ self._turns().mT + self._middle()

    def sources(self) -> Tensor:
        """Sampling grid (B, h, w, 2) of the view in crop pixels."""
        x, y = (torch.arange(n, device=self.centre.device, dtype=torch.float32) for n in self.size_wh)
        pixels = torch.stack(torch.meshgrid(x, y, indexing="xy"), dim=-1) - self._middle()
        back = torch.linalg.inv(self._turns())
        return torch.einsum("hwi,bji->bhwj", pixels, back) + self.centre[:, None, None]


def place(boxes: Tensor, size_wh: tuple[int, int], change: Augmentation) -> Placement:
    """The network's view of each box, padded to the input's aspect and enlarged by a quarter, with augmentation."""
    count, device = len(boxes), boxes.device
    size = boxes[:, 2:] - boxes[:, :2]
    centre = (boxes[:, :2] + boxes[:, 2:]) / 2 + torch.randn(count, 2, device=device) * change.shift * size
    width = torch.maximum(size[:, 0], size[:, 1] * size_wh[0] / size_wh[1])
    width = width * 1.25 * (torch.randn(count, device=device) * change.scale / 2).exp()
    degrees = (torch.randn(count, device=device) * change.degrees / 1.5).clamp(-2 * change.degrees, 2 * change.degrees)
    angle = torch.where(_some(boxes, change.turn), degrees.deg2rad(), 0.0)
    return Placement(centre, size_wh[0] / width.clamp(min=1e-3), angle, _some(boxes, 0.5), size_wh)


def sample(images: Tensor, sources: Tensor, edges: Tensor) -> Tensor:
    """Pictures (B, H, W, 3) uint8 at ``sources`` (B, h, w, 2) -> (B, 3, h, w) in 0..255, black beyond ``edges``."""
    size = torch.tensor([images.shape[2], images.shape[1]], device=images.device)
    planes = images.permute(0, 3, 1, 2).float()
    views = functional.grid_sample(planes, (sources + 0.5) * 2 / size - 1, align_corners=False)
    low, high = edges[:, None, None, :2], edges[:, None, None, 2:]
    inside = ((sources >= low) & (sources <= high)).all(dim=-1)
    return views * inside[:, None]


def cover_with_boxes(views: Tensor, share: float) -> Tensor:
    """Occlude a ``share`` of the views by one to three patches of another view or of plain colour."""
    count, _, height, width = views.shape
    y, x = (torch.arange(n, device=views.device) / n for n in (height, width))
    some = _some(views, share)
    for k in range(3):
        size = torch.rand(count, 2, device=views.device) * 0.27 + 0.08
        low = torch.rand(count, 2, device=views.device) * (1 - size)
        high = low + size
        across = (x >= low[:, :1]) & (x < high[:, :1])
        down = (y >= low[:, 1:]) & (y < high[:, 1:])
        plain = torch.rand(count, 3, 1, 1, device=views.device) * 255
        patch = torch.where(_some(views, 0.3)[:, None, None, None], plain, views.roll(1, 0))
        here = some & (_some(views, 0.67) if k else True)
        views = torch.where((down[:, :, None] & across[:, None] & here[:, None, None])[:, None], patch, views)
    return views


def _distance(pixels: Tensor, a: Tensor, b: Tensor) -> Tensor:
    """Distances (B, h, w) of pixels (h, w, 2) from the lines between points ``a`` and ``b`` (B, 2)."""
    way, start = (b - a)[:, None, None], pixels - a[:, None, None]
    part = ((start * way).sum(dim=-1) / way.square().sum(dim=-1).clamp(min=1e-3)).clamp(0, 1)
    return (start - part[..., None] * way).norm(dim=-1)


LIMBS = ((5, 7), (7, 9), (6, 8), (8, 10), (11, 13), (13, 15), (12, 14), (14, 16), (5, 6), (5, 11), (6, 12), (11, 12))
"""Bones that are drawn as thick lines in a silhouette."""


def silhouettes(points: Tensor, known: Tensor, size_wh: tuple[int, int]) -> Tensor:
    """Approximate masks of people (B, h, w), 0 or 1, from joints (B, 17, 2) that are ``known`` (B, 17).

    Empty for people without shoulders and hips.
    """
    x, y = (torch.arange(n, device=points.device, dtype=torch.float32) for n in size_wh)
    pixels = torch.stack(torch.meshgrid(x, y, indexing="xy"), dim=-1)
    chest, waist = points[:, 5:7].mean(dim=1), points[:, 11:13].mean(dim=1)
    torso, wide = (chest - waist).norm(dim=-1), (points[:, 5] - points[:, 6]).norm(dim=-1)

    def near(a: Tensor, b: Tensor, reach: Tensor, there: Tensor) -> Tensor:
        return (_distance(pixels, a, b) < reach[:, None, None]) & there[:, None, None]

    whole = known[:, [5, 6, 11, 12]].all(dim=1)
    mask = near(chest, waist, torch.maximum(0.4 * wide, 0.2 * torso), whole)
    mask |= near(points[:, 0], chest, 0.24 * torso, known[:, 0])
    for a, b in LIMBS:
        mask |= near(points[:, a], points[:, b], 0.12 * torso, known[:, a] & known[:, b])
    return (mask & whole[:, None, None]).float()


def cover_with_people(views: Tensor, points: Tensor, known: Tensor, share: float) -> Tensor:
    """Occlude a ``share`` of the views by a cut-out of another person beside and in front of the person."""
    count, _, height, width = views.shape
    some = slice(0, round(count * share))
    others, size = views.roll(1, 0)[some], torch.tensor([width, height], device=views.device)
    if not len(others):
        return views
    masks = silhouettes(points.roll(1, 0)[some], known.roll(1, 0)[some], (width, height))
    scale = (torch.randn(len(others), device=views.device) * 0.3 + 0.1).exp()
    side = torch.where(_some(others, 0.5), -1.0, 1.0) * (torch.rand(len(others), device=views.device) * 0.28 + 0.2)
    move = torch.stack([side, torch.randn(len(others), device=views.device) * 0.12], dim=1) * size
    middle = (size - 1) / 2
    place = Placement(middle - move / scale[:, None], scale, torch.zeros_like(scale), scale < 0, (width, height))
    grid = (place.sources() + 0.5) * 2 / size - 1
    drawn = functional.grid_sample(torch.cat([others, masks[:, None]], dim=1), grid, align_corners=False)
    new = views[some] + drawn[:, 3:] * (drawn[:, :3] - views[some])
    return torch.cat([new, views[some.stop :]])


def make_views(crops: CropTensors, size_wh: tuple[int, int], change: Augmentation) -> tuple[Tensor, Tensor, Tensor]:
    """Augmented views (B, 3, h, w) in 0..255, joints (B, 17, 2) in their pixels and weights (B, 17).

    Joints beyond a picture's border are placed far outside of the view.
    """
    boxes = half_bodies(crops.keypoints, crops.boxes, change.half_body)
    boxes, edges = cut_pictures(boxes, change.cut)
    placement = place(boxes, size_wh, change)
    views = sample(crops.images, placement.sources(), edges)
    points, weights = crops.keypoints[..., :2], crops.keypoints[..., 2]
    beyond = ((points < edges[:, None, :2]) | (points > edges[:, None, 2:])).any(dim=-1)
    points = torch.where(beyond[..., None], -1e4, placement.points(points))
    order = torch.as_tensor(JOINT_MIRROR.copy(), device=boxes.device)
    mirrored = placement.mirrored[:, None]
    points = torch.where(mirrored[..., None], points[:, order], points)
    weights = torch.where(mirrored, weights[:, order], weights)
    inside = ((points > -0.5) & (points < torch.tensor(size_wh, device=boxes.device) - 0.5)).all(dim=-1)
    views = cover_with_boxes(views, change.boxes)
    views = cover_with_people(views, points, (weights > 0) & inside, change.person)
    views = change_colours(views, change.colour)
    dark = round(len(views) * change.dark)
    order = torch.randperm(len(views), device=boxes.device)  # so that damage meets all kinds of covers
    views = degrade(torch.cat([views[: len(views) - dark], darken(views[len(views) - dark :])])[order], change.degrade)
    return views.round(), points[order], weights[order]


def targets(points: Tensor, size_wh: tuple[int, int]) -> Tensor:
    """Gaussian heatmaps (B, 17, h/4, w/4) with peak 1 at the joints (B, 17, 2) of views of ``size_wh``.

    The same as ``models.heatmaps.draw_targets`` for tensors.
    """
    width, height = size_wh[0] // 4, size_wh[1] // 4
    points = (points + 0.5) / 4 - 0.5
    scale = -0.5 / (2.0 * size_wh[1] / 256) ** 2
    across = (scale * (torch.arange(width, device=points.device) - points[..., :1]).square()).exp()
    down = (scale * (torch.arange(height, device=points.device) - points[..., 1:]).square()).exp()
    inside = ((points > -0.5) & (points < torch.tensor([width, height], device=points.device) - 0.5)).all(dim=-1)
    return down[..., :, None] * (across * inside[..., None])[..., None, :]
