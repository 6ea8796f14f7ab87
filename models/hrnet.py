"""HRNet (Sun et al., CVPR 2019; Wang et al., TPAMI 2020): parallel resolutions with repeated multi-scale fusion.

Structure and ``state_dict`` names are those of the official release, so its COCO checkpoints load
strictly.  Building a network needs neither files nor network access.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import cast

import torch
from torch import Tensor, nn


@dataclass(frozen=True)
class HRNetSize:
    """One row of the table of sizes: bottlenecks of the stem, and modules per stage of two to four branches."""

    width: int
    stem_width: int
    stem_blocks: int
    modules: tuple[int, int, int]
    blocks: int


SIZES = {
    "w16": HRNetSize(16, 32, 1, (1, 1, 1), 2),
    "w32s": HRNetSize(32, 32, 1, (1, 1, 1), 2),
    "w18s": HRNetSize(18, 64, 2, (1, 3, 2), 2),
    "w18": HRNetSize(18, 64, 4, (1, 4, 3), 4),
    "w32": HRNetSize(32, 64, 4, (1, 4, 3), 4),
    "w48": HRNetSize(48, 64, 4, (1, 4, 3), 4),
}


def _conv(inputs: int, outputs: int, size: int, stride: int = 1) -> nn.Conv2d:
    return nn.Conv2d(inputs, outputs, size, stride, size // 2, bias=False)


class BasicBlock(nn.Module):
    """Two 3x3 convolutions and the identity: (B, C, h, w) -> the same shape."""

    expansion = 1

    def __init__(self, width: int) -> None:
        super().__init__()
        self.conv1, self.bn1 = _conv(width, width, 3), nn.BatchNorm2d(width)
        self.conv2, self.bn2 = _conv(width, width, 3), nn.BatchNorm2d(width)
        self.relu = nn.ReLU(inplace=True)

    def forward(self, x: Tensor) -> Tensor:
        """(B, C, h, w) -> the same shape."""
        y = self.relu(self.bn1(self.conv1(x)))
        return self.relu(self.bn2(self.conv2(y)) + x)


class Bottleneck(nn.Module):
    """1x1, 3x3, 1x1 to four times the width: (B, inputs, h, w) -> (B, 4 width, h, w)."""

    expansion = 4

    def __init__(self, inputs: int, width: int) -> None:
        super().__init__()
        outputs = width * self.expansion
        self.conv1, self.bn1 = _conv(inputs, width, 1), nn.BatchNorm2d(width)
        self.conv2, self.bn2 = _conv(width, width, 3), nn.BatchNorm2d(width)
        self.conv3, self.bn3 = _conv(width, outputs, 1), nn.BatchNorm2d(outputs)
        self.relu = nn.ReLU(inplace=True)
        self.downsample = None
        if inputs != outputs:
            self.downsample = nn.Sequential(_conv(inputs, outputs, 1), nn.BatchNorm2d(outputs))

    def forward(self, x: Tensor) -> Tensor:
        """(B, inputs, h, w) -> (B, 4 width, h, w)."""
        y = self.relu(self.bn1(self.conv1(x)))
        y = self.relu(self.bn2(self.conv2(y)))
        kept = x if self.downsample is None else self.downsample(x)
        return self.relu(self.bn3(self.conv3(y)) + kept)


def _modules(steps: Sequence[nn.Module | None]) -> nn.ModuleList:
    """A module list in which None reserves an index in the weights' names."""
    return nn.ModuleList(cast(Sequence[nn.Module], steps))


def _fuse(source: int, target: int, widths: list[int]) -> nn.Module | None:
    """The path from branch ``source`` to branch ``target``: nearest upsampling, or stride-2 convolutions."""
    if source == target:
        return None
    if source > target:
        return nn.Sequential(
            _conv(widths[source], widths[target], 1),
            nn.BatchNorm2d(widths[target]),
            nn.Upsample(scale_factor=2 ** (source - target), mode="nearest"),
        )
    steps: list[nn.Module] = []
    for k in range(target - source):
        last = k == target - source - 1
        width = widths[target] if last else widths[source]
        step = [_conv(widths[source], width, 3, 2), nn.BatchNorm2d(width)]
        steps.append(nn.Sequential(*step) if last else nn.Sequential(*step, nn.ReLU(inplace=True)))
    return nn.Sequential(*steps)


class ExchangeModule(nn.Module):
    """Blocks on every branch, then fusion by the sum of all branches: list of (B, C_i, h_i, w_i) -> list."""

    def __init__(self, widths: list[int], blocks: int, outputs: int) -> None:
        super().__init__()
        self.branches = nn.ModuleList(nn.Sequential(*(BasicBlock(w) for _ in range(blocks))) for w in widths)
        everyone = range(len(widths))
        self.fuse_layers = nn.ModuleList(
            _modules([_fuse(source, target, widths) for source in everyone]) for target in range(outputs)
        )
        self.relu = nn.ReLU(inplace=True)

    def forward(self, x: list[Tensor]) -> list[Tensor]:
        """A tensor (B, C_i, h_i, w_i) for each branch -> one for each output."""
        x = [branch(part) for branch, part in zip(self.branches, x, strict=True)]
        fused: list[Tensor] = []
        for target, row in enumerate(self.fuse_layers):
            total = x[target]
            for source, path in enumerate(cast(nn.ModuleList, row)):
                if source != target:
                    total = total + path(x[source])
            fused.append(self.relu(total))
        return fused


def _transition(before: list[int], after: list[int]) -> nn.ModuleList:
    """Convolutions to new widths for branches where they differ, and a further branch from the last one."""
    steps: list[nn.Module | None] = []
    for i, width in enumerate(after):
        if i < len(before):
            same = before[i] == width
            new = nn.Sequential(_conv(before[i], width, 3), nn.BatchNorm2d(width), nn.ReLU(inplace=True))
            steps.append(None if same else new)
        else:
            down = nn.Sequential(_conv(before[-1], width, 3, 2), nn.BatchNorm2d(width), nn.ReLU(inplace=True))
            steps.append(nn.Sequential(down))
    return _modules(steps)


class HRNet(nn.Module):
    """Heatmaps of a person crop: (B, 3, H, W) normalised RGB, sides multiples of 32 -> (B, joints, H/4, W/4).

    ``concatenate`` is the variant of ModelScope's ``cv_hrnetv2w32_body-2d-keypoints_image``: all four
    resolutions, upsampled and concatenated, feed the head.
    """

    def __init__(self, size: HRNetSize, joints: int = 17, concatenate: bool = False) -> None:
        super().__init__()
        self.concatenate = concatenate
        self.conv1, self.bn1 = _conv(3, 64, 3, 2), nn.BatchNorm2d(64)
        self.conv2, self.bn2 = _conv(64, 64, 3, 2), nn.BatchNorm2d(64)
        self.relu = nn.ReLU(inplace=True)
        stem = [Bottleneck(64 if i == 0 else size.stem_width * 4, size.stem_width) for i in range(size.stem_blocks)]
        self.layer1 = nn.Sequential(*stem)
        widths = [[size.width * 2**i for i in range(n)] for n in (2, 3, 4)]
        self.transition1 = _transition([size.stem_width * 4], widths[0])
        self.stage2 = self._stage(widths[0], size.modules[0], size.blocks, 2)
        self.transition2 = _transition(widths[0], widths[1])
        self.stage3 = self._stage(widths[1], size.modules[1], size.blocks, 3)
        self.transition3 = _transition(widths[1], widths[2])
        self.stage4 = self._stage(widths[2], size.modules[2], size.blocks, 4 if concatenate else 1)
        self.final_layer = self._head(sum(widths[2]) if concatenate else size.width, joints)

    @staticmethod
    def _stage(widths: list[int], modules: int, blocks: int, outputs: int) -> nn.Sequential:
        ends = [len(widths)] * (modules - 1) + [outputs]
        return nn.Sequential(*(ExchangeModule(widths, blocks, end) for end in ends))

    def _head(self, inputs: int, joints: int) -> nn.Module:
        if not self.concatenate:
            head = nn.Conv2d(inputs, joints, 1)
            nn.init.normal_(head.weight, std=0.02)
            nn.init.zeros_(cast(Tensor, head.bias))
            return head
        return nn.Sequential(
            nn.Conv2d(inputs, inputs, 1), nn.BatchNorm2d(inputs), nn.ReLU(inplace=True), nn.Conv2d(inputs, joints, 1)
        )

    def forward(self, x: Tensor) -> Tensor:
        """(B, 3, H, W) -> heatmaps (B, joints, H/4, W/4)."""
        x = self.relu(self.bn1(self.conv1(x)))  # (B, 64, H/2, W/2)
        x = self.relu(self.bn2(self.conv2(x)))  # (B, 64, H/4, W/4)
        parts = [self.layer1(x)]
        for transition, stage in (
            (self.transition1, self.stage2),
            (self.transition2, self.stage3),
            (self.transition3, self.stage4),
        ):
            grown = [
                (parts[i] if i < len(parts) else parts[-1]) if step is None else step(parts[min(i, len(parts) - 1)])
                for i, step in enumerate(cast(Iterable[nn.Module | None], transition))
            ]
            parts = stage(grown)
        if not self.concatenate:
            return self.final_layer(parts[0])
        high = parts[0].shape[-2:]
        ups = [nn.functional.interpolate(p, size=high, mode="bilinear", align_corners=False) for p in parts]
        return self.final_layer(torch.cat(ups, dim=1))
