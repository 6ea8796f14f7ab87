"""Inference with custom PyTorch networks: by OpenVINO on the processor, by PyTorch on a GPU."""

from __future__ import annotations

import copy
import warnings
from collections.abc import Sequence
from typing import Any, cast

import numpy as np
import torch
from torch import Tensor, nn

from models.devices import wants_gpu
from models.runtime import RunNetwork, choose_precision, compile_model, core


def choose_device(device: str = "auto") -> torch.device:
    """The device by its name; "auto" is a GPU if there is one, else the processor."""
    if device == "auto":
        return torch.device("cuda" if wants_gpu() else "cpu")
    return torch.device(device)


def training_precision(device: torch.device) -> torch.dtype:
    """bfloat16 on a GPU or a processor with bfloat16 instructions, else float32."""
    return torch.bfloat16 if device.type == "cuda" or choose_precision() == "bf16" else torch.float32


class Normalised(nn.Module):
    """Images (B, H, W, 3) uint8 RGB -> output of ``network`` for (x - mean) / deviation as (B, 3, H, W)."""

    def __init__(self, network: nn.Module, mean: Any, deviation: Any) -> None:
        super().__init__()
        self.network = network
        for name, values in (("mean", mean), ("deviation", deviation)):
            self.register_buffer(name, torch.as_tensor(values, dtype=torch.float32).expand(3).clone().view(3, 1, 1))

    def forward(self, images: Tensor) -> Any:
        """Images (B, H, W, 3) uint8 -> output of the network."""
        mean, deviation = self.get_buffer("mean"), self.get_buffer("deviation")
        return self.network((images.permute(0, 3, 1, 2).float() - mean) / deviation)


def ready(network: nn.Module, mean: Any = 127.5, deviation: Any = 127.5) -> Normalised:
    """A copy of the network for inference with normalisation, by scalars or one value per colour channel."""
    return Normalised(copy.deepcopy(network), mean, deviation).eval().requires_grad_(False).float()


def to_model(network: Normalised) -> Any:
    """The network as an OpenVINO model with dynamic batch and image size."""
    core()  # first: it keeps OpenVINO's second package out
    from openvino import PartialShape
    from openvino.frontend import FrontEndManager
    from openvino.frontend.pytorch.ts_decoder import TorchScriptPythonDecoder  # pyright: ignore[reportMissingTypeStubs]

    with torch.no_grad(), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # PyTorch calls tracing deprecated; it is what the frontend reads
        traced = cast(Any, torch.jit).trace(network, torch.zeros((1, 96, 96, 3), dtype=torch.uint8), check_trace=False)
    frontend = cast(Any, FrontEndManager()).load_by_framework("pytorch")
    decoder = TorchScriptPythonDecoder(traced)
    model = frontend.convert(frontend.load(decoder))
    model.reshape(PartialShape([-1, -1, -1, 3]))
    return model


class GpuEngine:
    """A ``RunNetwork`` by PyTorch in bfloat16 on a GPU."""

    def __init__(self, network: Normalised, device: torch.device) -> None:
        self.device = device
        self.network: Normalised = cast(Any, network.to(device)).to(memory_format=torch.channels_last)

    def __call__(self, images: np.ndarray) -> list[np.ndarray]:
        """Images (B, H, W, 3) uint8 -> the outputs as float32 arrays."""
        with torch.inference_mode(), torch.autocast(self.device.type, torch.bfloat16):
            out: Tensor | Sequence[Tensor] = self.network(torch.as_tensor(np.ascontiguousarray(images)).to(self.device))
        return [part.float().cpu().numpy() for part in ([out] if isinstance(out, Tensor) else out)]


def engine_of(
    network: nn.Module,
    device: str = "auto",
    precision: str | None = None,
    mean: Any = 127.5,
    deviation: Any = 127.5,
) -> RunNetwork:
    """A ``RunNetwork`` of the unchanged network: by OpenVINO on the processor, else a ``GpuEngine``."""
    prepared, where = ready(network, mean, deviation), choose_device(device)
    return compile_model(to_model(prepared), precision) if where.type == "cpu" else GpuEngine(prepared, where)
