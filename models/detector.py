"""One detector architecture for faces (box and five points) and for people (box).

Anchor-free and single-stage: depthwise-separable residual blocks, a top-down pyramid of strides
8, 16 and 32, and one shared head per level that predicts, in every cell, a score (trained to equal
the overlap of the predicted box, as in VarifocalNet, Zhang et al., CVPR 2021), the distances to the four
sides (FCOS, Tian et al., ICCV 2019) and offsets to the points (as in YuNet, Wu et al., MIR 2023).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import cast

import numpy as np
import torch
from torch import Tensor, nn

from models.detection import STRIDES
from vision.types import Floats


@dataclass(frozen=True)
class DetectorSize:
    """Channels at strides 2, 4, 8, 16, 32; blocks at strides 4 to 32; channels of the pyramid."""

    widths: tuple[int, int, int, int, int] = (16, 32, 64, 128, 192)
    blocks: tuple[int, int, int, int] = (1, 2, 3, 2)
    pyramid: int = 64

    def wider(self, times: int) -> DetectorSize:
        """The same depths with ``times`` the channels."""
        a, b, c, d, e = (w * times for w in self.widths)
        return DetectorSize((a, b, c, d, e), self.blocks, self.pyramid * times)


def _unit(inputs: int, outputs: int, size: int, stride: int = 1, groups: int = 1, act: bool = True) -> nn.Sequential:
    layers = [nn.Conv2d(inputs, outputs, size, stride, size // 2, groups=groups, bias=False), nn.BatchNorm2d(outputs)]
    return nn.Sequential(*layers, *([nn.ReLU(inplace=True)] if act else []))


class Separable(nn.Module):
    """Depthwise 5x5 or 3x3 and 1x1, plus the input where the shapes agree."""

    def __init__(self, inputs: int, outputs: int, stride: int = 1, size: int = 3) -> None:
        super().__init__()
        self.skip = inputs == outputs and stride == 1
        self.depthwise = _unit(inputs, inputs, size, stride, inputs, act=False)
        self.pointwise = _unit(inputs, outputs, 1)

    def forward(self, x: Tensor) -> Tensor:
        """(B, inputs, h, w) -> (B, outputs, h / stride, w / stride)."""
        y = self.pointwise(self.depthwise(x))
        return x + y if self.skip else y


class Detector(nn.Module):
    """(B, 3, H, W) RGB in [-1, 1], sides multiples of 32 -> per stride a map (B, 5 + 2 points, H/s, W/s).

    Channels: score logit; distances left, top, right, bottom from the cell's centre (logarithm, in
    strides); then x, y of each point from the cell's centre in strides.
    """

    def __init__(self, size: DetectorSize, points: int) -> None:
        super().__init__()
        self.points = points
        widths, blocks = size.widths, size.blocks
        self.stem = _unit(3, widths[0], 3, 2)
        self.stages = nn.ModuleList(
            nn.Sequential(
                Separable(widths[i], widths[i + 1], 2),
                *(Separable(widths[i + 1], widths[i + 1], size=5 if i > 1 else 3) for _ in range(blocks[i])),
            )
            for i in range(4)
        )
        self.context = nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Conv2d(widths[4], widths[4], 1), nn.Sigmoid())
        self.lateral = nn.ModuleList(_unit(w, size.pyramid, 1) for w in widths[2:])
        self.merge = nn.ModuleList(Separable(size.pyramid, size.pyramid, size=5) for _ in STRIDES)
        self.head = nn.ModuleList(Separable(size.pyramid, size.pyramid) for _ in STRIDES)
        self.out = nn.ModuleList(nn.Conv2d(size.pyramid, 5 + 2 * points, 1) for _ in STRIDES)
        for layer in self.out:
            weight, bias = (getattr(layer, name) for name in ("weight", "bias"))
            nn.init.normal_(weight, std=0.01)
            nn.init.zeros_(bias)
            nn.init.constant_(bias[:1], -4.5)
            nn.init.constant_(bias[1:5], 0.7)

    def forward(self, x: Tensor) -> list[Tensor]:
        """(B, 3, H, W) -> a map (B, 5 + 2 points, H/s, W/s) for each stride."""
        x = self.stem(x)
        levels: list[Tensor] = []
        for stage in self.stages:
            x = stage(x)
            levels.append(x)
        x = levels[3] * self.context(levels[3])
        found: list[Tensor] = []
        top: Tensor | None = None
        for i, level in reversed(list(enumerate((levels[1], levels[2], x)))):
            y = self.lateral[i](level)
            if top is not None:
                y = y + nn.functional.interpolate(top, scale_factor=2, mode="nearest")
            top = self.merge[i](y)
            found.insert(0, self.out[i](self.head[i](top)))
        return found


def cell_centres(height: int, width: int, stride: int) -> Floats:
    """(h w, 2) input pixels of the cells' centres, row by row."""
    y, x = np.mgrid[: height // stride, : width // stride]
    return ((np.stack([x, y], axis=-1).reshape(-1, 2) + 0.5) * stride - 0.5).astype(np.float32)


def grid(height: int, width: int) -> tuple[Floats, Floats]:
    """Centres (C, 2) and strides (C,) of the cells of all levels."""
    centres = [cell_centres(height, width, s) for s in STRIDES]
    strides = np.concatenate([np.full(len(c), s, np.float32) for c, s in zip(centres, STRIDES, strict=True)])
    return np.concatenate(centres), strides


def decode_cells(cells: Tensor, centres: Tensor, strides: Tensor) -> tuple[Tensor, Tensor]:
    """Raw cells (..., C, 5 + 2P) with centres (C, 2) and strides (C,) -> boxes (..., C, 4), points (..., C, P, 2)."""
    reach = cells[..., 1:5].clamp(-6, 6).exp() * strides[:, None]
    boxes = torch.cat([centres - reach[..., :2], centres + reach[..., 2:]], dim=-1)
    points = cast(Tensor, cells[..., 5:].unflatten(-1, (-1, 2))) * strides[:, None, None] + centres[:, None]
    return boxes, points


def flatten(maps: list[Tensor]) -> Tensor:
    """Maps of all levels -> cells (B, C, 5 + 2P)."""
    return torch.cat([m.flatten(2).transpose(1, 2) for m in maps], dim=1)
