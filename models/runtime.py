"""Inference on the processor by OpenVINO."""

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

from models.cache import cached
from models.graphs import Graph

LIMIT = "ONEDNN_MAX_CPU_ISA"
"""Environment variable that limits OpenVINO to an instruction set, such as AVX2."""

UNPACK = "unpack"
"""Key of a graph's config: 8-bit weights, which keep the file small, are converted to float before compilation."""

RunNetwork = Callable[[np.ndarray], list[np.ndarray]]
"""Images (B, H, W, 3) uint8 RGB -> float32 arrays; a single output comes as a list of one."""


def cores() -> int:
    """Number of inference threads: the cores available to this process, or ``OMP_NUM_THREADS``."""
    asked = os.environ.get("OMP_NUM_THREADS", "")
    if asked.isdecimal() and int(asked) > 0:
        return int(asked)
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def choose_precision() -> str:
    """bf16 on a processor with bfloat16 instructions, else f32."""
    limit = os.environ.get(LIMIT, "").upper()
    allowed = limit in ("", "ALL", "DEFAULT") or any(word in limit for word in ("BF16", "FP16", "AMX"))
    return "bf16" if allowed and _features() & {"avx512_bf16", "amx_bf16"} else "f32"


@cache
def _features() -> frozenset[str]:
    """CPU flags as named by Linux; empty on other systems."""
    path = Path("/proc/cpuinfo")
    lines = path.read_text(errors="replace").splitlines() if path.is_file() else []
    return frozenset(next((line for line in lines if line.startswith("flags")), "").split())


@cache
def core() -> Any:
    """The process's only ``openvino.Core``, without OpenVINO's telemetry package.

    Only one, since each replaces the thread's signal stack and frees it at its end, in whichever thread that is.
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
    """A compiled model as a ``RunNetwork`` whose calls use all cores and are serialised.

    ``precision``, f32 or bf16, is that of the layers that are not quantised to 8 bits.
    """

    def __init__(self, compiled: Any, precision: str) -> None:
        self.compiled, self.precision = compiled, precision

    def __call__(self, images: np.ndarray) -> list[np.ndarray]:
        """Images (B, H, W, 3) uint8 -> the outputs as float32 arrays."""
        request = self.compiled.create_infer_request()
        return list(request.infer([np.ascontiguousarray(images)], share_inputs=True).values())


def compile_model(model: Any, precision: str | None = None) -> Engine:
    """Compile an OpenVINO ``model``; the precision is chosen for the processor unless given."""
    precision = precision or choose_precision()
    return Engine(core().compile_model(model, "CPU", _how(precision)), precision)


def open_graph(name: str, graph: Graph) -> Engine:
    """Compile a packaged network, or load it from the user's cache."""
    precision = choose_precision()
    data = cached(name, _key(graph, precision), lambda: _exported(graph, precision))
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
    """Cache key of a compiled network: the graph, OpenVINO's version, the compile options and the processor."""
    core()  # first: it keeps OpenVINO's second package out
    from openvino import get_version

    content = hashlib.sha256(graph.xml + graph.constants).hexdigest() + str(graph.config.get(UNPACK))
    processor = (platform.machine(), platform.processor(), os.environ.get(LIMIT, ""), *sorted(_features()))
    return "|".join((content, get_version(), str(_how(precision)), *processor))
