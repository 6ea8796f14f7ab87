"""Run a network on the processor, by OpenVINO."""

from __future__ import annotations

import hashlib
import os
import platform
import sys
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any, cast

import numpy as np

from models.cache import kept
from models.graphs import Graph

LIMIT = "ONEDNN_MAX_CPU_ISA"
"""Names in the environment the most that OpenVINO may use of the processor, such as AVX2."""

UNPACK = "unpack"
"""In a graph's config: 8-bit weights, which keep its file small, are made float before it is compiled."""

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
    limit = os.environ.get(LIMIT, "").upper()
    allowed = limit in ("", "ALL", "DEFAULT") or any(word in limit for word in ("BF16", "FP16", "AMX"))
    return "bf16" if allowed and _features() & {"avx512_bf16", "amx_bf16"} else "f32"


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
    sys.modules["openvino_telemetry"] = cast(Any, None)  # so that importing it fails
    from openvino import Core

    return Core()


def _how(precision: str) -> dict[str, Any]:
    return {
        "INFERENCE_PRECISION_HINT": precision,
        "INFERENCE_NUM_THREADS": cores(),
        "NUM_STREAMS": 1,
        "ENABLE_CPU_PINNING": False,
    }


class Engine:
    """A compiled model as a ``RunNetwork`` whose calls use all cores and are answered one after the other.

    ``precision`` is that of what the model does not do in 8 bits: f32 or bf16.
    """

    def __init__(self, compiled: Any, precision: str) -> None:
        self.compiled, self.precision = compiled, precision

    def __call__(self, images: np.ndarray) -> list[np.ndarray]:
        """Images (B, H, W, 3) uint8 -> the outputs as float32 arrays."""
        request = self.compiled.create_infer_request()
        return list(request.infer([np.ascontiguousarray(images)], share_inputs=True).values())


def compile_model(model: Any, precision: str | None = None) -> Engine:
    """OpenVINO's ``model`` made ready; the precision is chosen for the processor unless given."""
    precision = precision or choose_precision()
    return Engine(core().compile_model(model, "CPU", _how(precision)), precision)


def open_graph(name: str, graph: Graph) -> Engine:
    """A packaged network made ready, from the user's cache where it was before."""
    precision = choose_precision()
    data = kept(name, _key(graph, precision), lambda: _exported(graph, precision))
    return Engine(core().import_model(data, "CPU", _how(precision)), precision)


def _exported(graph: Graph, precision: str) -> bytes:
    model = core().read_model(graph.xml, graph.constants)
    if graph.config.get(UNPACK):
        from openvino.passes import ConstantFolding, Manager  # pyright: ignore[reportMissingTypeStubs]  # has none

        passes = cast(Any, Manager())
        passes.register_pass(ConstantFolding())
        passes.run_passes(model)
    return core().compile_model(model, "CPU", _how(precision)).export_model().getvalue()


def _key(graph: Graph, precision: str) -> str:
    """All that a compiled network depends on: the graph, OpenVINO, how it is compiled, and the processor."""
    core()  # first: it keeps OpenVINO's second package out
    from openvino import get_version

    content = hashlib.sha256(graph.xml + graph.constants).hexdigest() + str(graph.config.get(UNPACK))
    processor = (platform.machine(), platform.processor(), os.environ.get(LIMIT, ""), *sorted(_features()))
    return "|".join((content, get_version(), str(_how(precision)), *processor))
