"""Run a network: by OpenVINO on the processor, by PyTorch on a GPU."""

from __future__ import annotations

import copy
import sys
import warnings
from functools import cache
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

CORES = torch.get_num_threads()
"""Threads that PyTorch takes by itself: the cores, or what ``OMP_NUM_THREADS`` says."""


DEVICES = ("auto", "cpu", "cuda")


def choose_device(device: str = "auto") -> torch.device:
    """ "auto" takes a GPU where there is one, else the processor."""
    if device == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    return torch.device(device)


def choose_precision(device: torch.device) -> torch.dtype:
    """bfloat16 where it is faster (GPU, processors with instructions that multiply in it), else float32."""
    asked = (getattr(torch.cpu, name, None) for name in ("_is_amx_tile_supported", "_is_avx512_bf16_supported"))
    if device.type == "cuda" or any(ask is not None and ask() for ask in asked):
        return torch.bfloat16
    return torch.float32


class Normalised(nn.Module):
    """Images (B, H, W, 3) uint8 RGB -> what ``network`` answers to (x - mean) / deviation as (B, 3, H, W)."""

    def __init__(self, network: nn.Module, mean: Any, deviation: Any) -> None:
        super().__init__()
        self.network = network
        for name, values in (("mean", mean), ("deviation", deviation)):
            self.register_buffer(name, torch.as_tensor(values, dtype=torch.float32).expand(3).clone().view(3, 1, 1))

    def forward(self, images: Tensor) -> Any:
        mean, deviation = self.get_buffer("mean"), self.get_buffer("deviation")
        return self.network((images.permute(0, 3, 1, 2).float() - mean) / deviation)


@cache
def _core() -> Any:
    """OpenVINO, without its second package, which would tell its makers of every start over the network.

    One for the whole process: each takes over the thread's stack for signals, and frees it at its end wherever that is.
    """
    sys.modules["openvino_telemetry"] = None  # type: ignore[assignment]
    from openvino import Core

    return Core()


def _compiled(network: Normalised, precision: torch.dtype) -> Any:
    """The network as OpenVINO runs it, for any number and size of images."""
    core = _core()
    from openvino import PartialShape
    from openvino.frontend import FrontEndManager
    from openvino.frontend.pytorch.ts_decoder import TorchScriptPythonDecoder

    with torch.no_grad(), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # PyTorch calls tracing deprecated; it is what the frontend reads
        traced = torch.jit.trace(network, torch.zeros((1, 96, 96, 3), dtype=torch.uint8), check_trace=False)
    frontend, decoder = FrontEndManager().load_by_framework("pytorch"), TorchScriptPythonDecoder(traced)
    model = frontend.convert(frontend.load(decoder))
    model.reshape(PartialShape([-1, -1, -1, 3]))
    how = {
        "INFERENCE_PRECISION_HINT": "bf16" if precision == torch.bfloat16 else "f32",
        "INFERENCE_NUM_THREADS": CORES,
        "NUM_STREAMS": 1,
        "ENABLE_CPU_PINNING": False,
    }
    return core.compile_model(model, "CPU", how)


class Engine:
    """A network made ready for inference: images (B, H, W, 3) uint8 RGB in, float32 tensors on the CPU out.

    The images are normalised by ``mean`` and ``deviation``, numbers or one for each colour.  On the processor a call
    uses all cores; calls from several threads are answered one after the other.
    """

    def __init__(
        self,
        network: nn.Module,
        device: str = "auto",
        precision: torch.dtype | None = None,
        mean: Any = 127.5,
        deviation: Any = 127.5,
    ) -> None:
        self.device = choose_device(device)
        self.precision = precision or choose_precision(self.device)
        ready = Normalised(copy.deepcopy(network), mean, deviation).eval().requires_grad_(False).float().to(self.device)
        layout = torch.contiguous_format if self.device.type == "cpu" else torch.channels_last
        self.network = ready.to(memory_format=layout)  # type: ignore[call-overload]
        if self.device.type == "cpu":
            self.network = _compiled(ready, self.precision)

    def __call__(self, images: np.ndarray) -> list[Tensor]:
        """Outputs of the network; a single tensor comes as a list of one."""
        images = np.ascontiguousarray(images)
        if self.device.type == "cpu":
            found = self.network.create_infer_request().infer([images], share_inputs=True)
            return [torch.from_numpy(part) for part in found.values()]
        low = self.precision != torch.float32
        with torch.inference_mode(), torch.autocast(self.device.type, self.precision, enabled=low):
            out = self.network(torch.from_numpy(images).to(self.device))
        parts = [out] if isinstance(out, Tensor) else list(out)
        return [part.float().cpu() for part in parts]
