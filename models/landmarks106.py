"""The face network: 106 points, head pose, confidence, visibility and glasses regressed from an upright crop.

The architecture follows the published ``cv_mobilenet_face-2d-keypoints_alignment``: depthwise residual
blocks in the shallow layers, inverted residual blocks (MobileNetV2, Sandler et al., CVPR 2018) in the
deep ones, separate heads for points and pose.  This one is wider, keeps its skip connections and adds heads
for confidence, visibility of every point and glasses.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

from models.faces import SIDE


def _unit(inputs: int, outputs: int, size: int, stride: int = 1, groups: int = 1, act: nn.Module | None = None):
    layers = [nn.Conv2d(inputs, outputs, size, stride, size // 2, groups=groups, bias=False), nn.BatchNorm2d(outputs)]
    return nn.Sequential(*layers, *([] if act is None else [act]))


class Residual(nn.Module):
    """Depthwise 3x3 and 1x1 with ReLU, plus the input where the shapes agree."""

    def __init__(self, inputs: int, outputs: int, stride: int) -> None:
        super().__init__()
        self.skip = inputs == outputs and stride == 1
        self.depthwise = _unit(inputs, inputs, 3, stride, inputs, nn.ReLU(inplace=True))
        self.pointwise = _unit(inputs, outputs, 1, act=nn.ReLU())

    def forward(self, x: Tensor) -> Tensor:
        """(B, inputs, h, w) -> (B, outputs, h / stride, w / stride)."""
        y = self.pointwise(self.depthwise(x))
        return x + y if self.skip else y


class InvertedResidual(nn.Module):
    """Expand by two with PReLU, depthwise 3x3 with ReLU, linear 1x1, plus the input where the shapes agree."""

    def __init__(self, inputs: int, outputs: int, stride: int) -> None:
        super().__init__()
        self.skip = inputs == outputs and stride == 1
        hidden = 2 * inputs
        self.expand = _unit(inputs, hidden, 1, act=nn.PReLU(hidden))
        self.depthwise = _unit(hidden, hidden, 3, stride, hidden, nn.ReLU(inplace=True))
        self.project = _unit(hidden, outputs, 1)

    def forward(self, x: Tensor) -> Tensor:
        """(B, inputs, h, w) -> (B, outputs, h / stride, w / stride)."""
        y = self.project(self.depthwise(self.expand(x)))
        return x + y if self.skip else y


class Landmarks106(nn.Module):
    """(B, 3, 96, 96) RGB in [-1, 1] -> points, pose, confidence and, if it ``sees``, visibility and glasses.

    Points (B, 106, 2) are in crop pixels, pose (B, 3), pitch, yaw and roll of the crop, in degrees; confidence (B,),
    visibility (B, 106) and glasses (B,) are logits.  The visibility head also has a row that is added to the confidence
    (``tools.train.confidence``).  ``mean_face`` (106, 2), in crop pixels, is a buffer: the points head predicts the
    offset from it in tenths of the side.
    """

    mean_face: Tensor

    def __init__(self, width: int = 24, mean_face: Tensor | None = None, sees: bool = True) -> None:
        super().__init__()
        deep = 4 * width
        self.sees = sees
        self.shallow = nn.Sequential(
            _unit(3, width, 3, 2, act=nn.ReLU(inplace=True)),
            *(Residual(width, width, 1) for _ in range(3)),
            Residual(width, 2 * width, 2),
            *(Residual(2 * width, 2 * width, 1) for _ in range(3)),
        )
        self.deep = nn.Sequential(
            InvertedResidual(2 * width, deep, 2),
            *(InvertedResidual(deep, deep, 1) for _ in range(4)),
            InvertedResidual(deep, deep, 2),
        )
        self.points_head = nn.Sequential(
            InvertedResidual(deep, 2 * deep, 2),
            nn.Flatten(),
            nn.Linear(2 * deep * 9, 256),
            nn.ReLU(inplace=True),
            nn.Linear(256, 256),
            nn.ReLU(inplace=True),
            nn.Linear(256, 212),
        )
        self.pose_head = nn.Sequential(
            InvertedResidual(deep, deep, 2),
            nn.AdaptiveAvgPool2d(1),
            nn.Flatten(),
            nn.Linear(deep, 64),
            nn.ReLU(inplace=True),
            nn.Linear(64, 4),
        )
        if sees:
            self.visibility_head = nn.Sequential(nn.AvgPool2d(2), nn.Flatten(), nn.Linear(deep * 9, 108))
        self.register_buffer("mean_face", torch.zeros(106, 2) if mean_face is None else mean_face)

    def forward(self, x: Tensor) -> tuple[Tensor, ...]:
        """Outputs for crops (B, 3, 96, 96)."""
        return self.answer(self.deep(self.shallow(x)))

    def answer(self, x: Tensor) -> tuple[Tensor, ...]:
        """Outputs of the heads for the trunk's features (B, 4 width, 6, 6)."""
        points = self.points_head(x).view(-1, 106, 2) * (SIDE / 10) + self.mean_face
        pose = self.pose_head(x)
        if not self.sees:
            return points, pose[:, :3] * 10, pose[:, 3]
        seen = self.visibility_head(x)
        return points, pose[:, :3] * 10, pose[:, 3] + seen[:, 107], seen[:, :106], seen[:, 106]


def completed_head(tensors: dict[str, Tensor]) -> dict[str, Tensor]:
    """The tensors; a visibility head without a row for the confidence gets one of zeros."""
    head = {name: t for name, t in tensors.items() if name.startswith("visibility_head") and len(t) == 107}
    return tensors | {name: torch.cat([t, torch.zeros_like(t[:1])]) for name, t in head.items()}


def wing_loss(error: Tensor, omega: float = 10.0, epsilon: float = 2.0) -> Tensor:
    """Wing loss (Feng et al., CVPR 2018) of errors in pixels: logarithmic near zero, linear beyond ``omega``."""
    size = error.abs()
    joint = omega - omega * math.log(1 + omega / epsilon)
    return torch.where(size < omega, omega * torch.log1p(size / epsilon), size - joint)
