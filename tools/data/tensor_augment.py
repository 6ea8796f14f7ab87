"""Photometric augmentation of batches of pictures (B, 3, H, W) in 0..255, on their device.

Each change is one tensor operation on all its pictures; kinds of degradation are sampled once per batch.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor
from torch.nn import functional

LUMA = (0.299, 0.587, 0.114)


def uniform(images: Tensor, low: float, high: float, channels: int = 1) -> Tensor:
    """Random numbers (B, channels, 1, 1), one or three for each picture."""
    return torch.empty((len(images), channels, 1, 1), device=images.device).uniform_(low, high)


def normal(images: Tensor, deviation: float, channels: int = 1) -> Tensor:
    """Normal random numbers (B, channels, 1, 1)."""
    return torch.randn((len(images), channels, 1, 1), device=images.device) * deviation


def grey(images: Tensor) -> Tensor:
    """The luma (B, 1, H, W)."""
    return (images * images.new_tensor(LUMA).view(3, 1, 1)).sum(dim=1, keepdim=True)


def change_colours(images: Tensor, share: float) -> Tensor:
    """Gamma, contrast, brightness and a colour cast for a ``share`` of the pictures; a tenth of them is made grey."""
    gamma, gain, cast = normal(images, 0.25).exp(), normal(images, 0.2).exp(), normal(images, 0.08, 3).exp()
    new = torch.where(uniform(images, 0, 1) < 0.1, grey(images), images)
    new = ((new / 255).clamp(min=0) ** gamma * gain + normal(images, 0.06)) * cast
    return torch.where(uniform(images, 0, 1) < share, new.clamp(0, 1) * 255, images)


def add_noise(images: Tensor, low: float, high: float) -> Tensor:
    """Sensor noise with a random standard deviation for each picture."""
    return images + torch.randn_like(images) * uniform(images, low, high)


def darken(images: Tensor) -> Tensor:
    """Low light: an eighth to a half of the light, and amplified sensor noise."""
    return add_noise(images * uniform(images, 0.12, 0.5) + uniform(images, 0, 12), 1, 6).clamp(0, 255)


def lower_resolution(images: Tensor) -> Tensor:
    """Pictures of a half to a fifth of the size, enlarged again."""
    size = images.shape[-2:]
    factor = torch.empty(()).uniform_(0.2, 0.7).item()
    small = functional.interpolate(images, scale_factor=factor, mode="bilinear", antialias=True, align_corners=False)
    return functional.interpolate(small, size=size, mode="bilinear", align_corners=False)


def blur_by_motion(images: Tensor) -> Tensor:
    """A straight motion of up to a twentieth of the height in one random direction."""
    longest = max(4, images.shape[-2] // 20)
    length, angle = int(torch.randint(3, longest, ())), float(torch.rand(()) * math.pi)
    way = torch.linspace(-0.5, 0.5, 2 * length) * (length - 1)
    middle = length // 2
    kernel = torch.zeros((2 * middle + 1, 2 * middle + 1))
    kernel[(way * math.sin(angle)).round().long() + middle, (way * math.cos(angle)).round().long() + middle] = 1
    kernel = (kernel / kernel.sum()).to(images)
    wide = functional.pad(images, [middle] * 4, mode="replicate").flatten(0, 1)[:, None]
    return functional.conv2d(wide, kernel[None, None]).view_as(images)


def cosines(device: torch.device) -> Tensor:
    """The orthonormal discrete cosine transform of eight values (8, 8)."""
    n = torch.arange(8, device=device)
    table = torch.cos((2 * n + 1) * n[:, None] * math.pi / 16) / 2
    table[0] /= math.sqrt(2)
    return table


def compress(images: Tensor) -> Tensor:
    """JPEG artefacts: luma and chroma quantised in 8 x 8 DCT blocks.

    Sides are multiples of 8.  The quantisation steps grow with the frequency, and are three times as large for chroma.
    """
    luma = grey(images)
    planes = torch.cat([luma, images[:, ::2] - luma], dim=1)  # brightness, red and blue against it
    table, n = cosines(images.device), torch.arange(8, device=images.device)
    steps = ((1 + n + n[:, None]) * uniform(images, 3, 16))[:, :, None, None]
    steps = steps * torch.tensor([1.0, 3.0, 3.0], device=images.device).view(3, 1, 1, 1, 1)  # (B, 3, 1, 1, 8, 8)
    count, _, height, width = planes.shape
    blocks = planes.view(count, 3, height // 8, 8, width // 8, 8).transpose(3, 4)
    waves = table @ blocks @ table.T
    blocks = table.T @ ((waves / steps).round() * steps) @ table
    luma, red, blue = blocks.transpose(3, 4).reshape_as(planes).split(1, dim=1)
    green = luma - (LUMA[0] * red + LUMA[2] * blue) / LUMA[1]
    return torch.cat([luma + red, green, luma + blue], dim=1)


DAMAGES = (lower_resolution, blur_by_motion, compress, lambda images: add_noise(images, 3, 18))


def degrade(images: Tensor, share: float) -> Tensor:
    """Every kind of degradation on an equal part of the first ``share`` of the pictures."""
    part = round(len(images) * share / len(DAMAGES))
    parts = images.split([part] * len(DAMAGES) + [len(images) - part * len(DAMAGES)])
    done = [damage(some) if len(some) else some for damage, some in zip(DAMAGES, parts, strict=False)]
    return torch.cat([*done, parts[-1]]).clamp(0, 255)
