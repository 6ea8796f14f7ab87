"""The segmentation of a face: background, skin, the rest of the person, and what covers the face.

The encoder is the trunk of the 106-point network, whose features already know faces; a decoder in the manner of
U-Net (Ronneberger et al., MICCAI 2015) with depthwise separable layers goes back up to half of the input's size.
"""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor, nn

from models.faces import eye_angle
from models.landmarks106 import InvertedResidual, Landmarks106, Residual
from vision.geometry import crop_matrix, transform_points
from vision.types import Floats

SIDE = 128
"""Sides of the square input in pixels."""

BACKGROUND, SKIN, PERSON, COVER = range(4)
"""Classes: skin is that of face, ears and neck; person is hair, beard, clothes; cover is glasses, cloth, hands."""

REACH = 2.0
"""Side of the square that is looked at, in face widths."""


def parts_matrix(
    points: Floats, pose: Floats, turn: float = 0.0, grow: float = 1.0, shift: tuple[float, float] = (0, 0)
) -> Floats:
    """(2, 3) matrix from image pixels to the network's crop of an upright face with forehead and neck.

    ``turn`` in degrees, ``grow`` and ``shift`` (in crop sides) disturb it for training.
    """
    del pose
    angle = eye_angle(points) + turn
    middle = points[66:84].mean(axis=0)
    upright = transform_points(points, crop_matrix([*(middle - 0.5), *(middle + 0.5)], (1, 1), angle))  # type: ignore[arg-type]
    width = max(float(np.ptp(upright[:33, 0])), 0.8 * float(upright[16, 1] - upright[[37, 42], 1].mean()), 4.0)
    side = REACH * width * grow
    local = np.array([upright[:33, 0].min() + upright[:33, 0].max(), 0.3 * width]) / 2 + np.asarray(shift) * side
    cos, sin = np.cos(np.deg2rad(angle)), np.sin(np.deg2rad(angle))
    centre = middle + np.array([local[0] * cos - local[1] * sin, local[0] * sin + local[1] * cos])
    return crop_matrix(np.concatenate([centre - side / 2, centre + side / 2]), (SIDE, SIDE), angle)  # type: ignore[arg-type]


class _Up(nn.Module):
    """Twice the size, joined with the encoder's features there."""

    def __init__(self, inputs: int, skip: int, outputs: int) -> None:
        super().__init__()
        self.lateral = nn.Sequential(nn.Conv2d(skip, outputs, 1, bias=False), nn.BatchNorm2d(outputs))
        self.reduce = nn.Sequential(nn.Conv2d(inputs, outputs, 1, bias=False), nn.BatchNorm2d(outputs))
        self.mix = Residual(outputs, outputs, 1)

    def forward(self, x: Tensor, skip: Tensor) -> Tensor:
        x = nn.functional.interpolate(self.reduce(x), scale_factor=2, mode="bilinear", align_corners=False)
        return self.mix(torch.relu(x + self.lateral(skip)))


class Encoder(nn.Module):
    """The trunk of the 106-point network: (B, 3, 128, 128) in [-1, 1] -> features at strides 2, 4, 8 and 16."""

    def __init__(self, trunk: Landmarks106) -> None:
        super().__init__()
        self.layers = nn.ModuleList([trunk.shallow[:4], trunk.shallow[4:], trunk.deep[:5], trunk.deep[5:]])

    def forward(self, x: Tensor) -> list[Tensor]:
        found = []
        for layer in self.layers:
            x = layer(x)
            found.append(x)
        return found


class PartsDecoder(nn.Module):
    """The encoder's features -> logits (B, 4, 64, 64)."""

    def __init__(self, width: int = 48, inner: int = 48) -> None:
        super().__init__()
        wide = 4 * width
        self.top = nn.Sequential(InvertedResidual(wide, inner, 1), InvertedResidual(inner, inner, 1))
        self.context = nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Conv2d(inner, inner, 1), nn.Sigmoid())
        self.up8, self.up4 = _Up(inner, wide, inner), _Up(inner, 2 * width, inner)
        self.up2 = _Up(inner, width, inner // 3)
        self.out = nn.Conv2d(inner // 3, 4, 1)

    def forward(self, features: list[Tensor]) -> Tensor:
        two, four, eight, sixteen = features
        x = self.top(sixteen)
        x = self.up8(x * self.context(x), eight)
        return self.out(self.up2(self.up4(x, four), two))
