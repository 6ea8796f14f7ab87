"""Run a network on the processor, by OpenVINO."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from models.graphs import Graph

RunNetwork = Callable[[np.ndarray], list[np.ndarray]]
"""Images (B, H, W, 3) uint8 RGB -> float32 arrays; a single output comes as a list of one."""


def cores() -> int:
    """Threads that a network takes: the cores that this process may use, or what ``OMP_NUM_THREADS`` says."""
    asked = os.environ.get("OMP_NUM_THREADS", "")
    if asked.isdecimal() and int(asked) > 0:
        return int(asked)
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def choose_precision() -> str:
    """bfloat16 where the processor multiplies in it, else float32."""
    return "bf16" if _features() & {"avx512_bf16", "amx_bf16"} else "f32"


@cache
def _features() -> frozenset[str]:
    """What the processor can do, as Linux names it; empty elsewhere."""
    path = Path("/proc/cpuinfo")
    lines = path.read_text(errors="replace").splitlines() if path.is_file() else []
    return frozenset(next((line for line in lines if line.startswith("flags")), "").split())


@cache
def core() -> Any:
    """OpenVINO, without its second package, which would tell its makers of every start over the network.

    One for the whole process: each takes over the thread's stack for signals, and frees it at its end wherever that is.
    """
    sys.modules["openvino_telemetry"] = None  # type: ignore[assignment]
    from openvino import Core

    return Core()


def read_model(graph: Graph) -> Any:
    """OpenVINO's model of a packaged network."""
    return core().read_model(graph.xml, graph.constants)


class Engine:
    """A model made ready: a ``RunNetwork`` whose calls use all cores and are answered one after the other.

    ``precision`` is that of what the model does not do in 8 bits: f32 or bf16.
    """

    def __init__(self, model: Any, precision: str | None = None) -> None:
        self.precision = precision or choose_precision()
        how = {
            "INFERENCE_PRECISION_HINT": self.precision,
            "INFERENCE_NUM_THREADS": cores(),
            "NUM_STREAMS": 1,
            "ENABLE_CPU_PINNING": False,
        }
        self.network = core().compile_model(model, "CPU", how)

    def __call__(self, images: np.ndarray) -> list[np.ndarray]:
        request = self.network.create_infer_request()
        return list(request.infer([np.ascontiguousarray(images)], share_inputs=True).values())
