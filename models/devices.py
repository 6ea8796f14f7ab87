"""Choice of the device without importing PyTorch, which only a GPU needs."""

from __future__ import annotations

import ctypes
import sys
from functools import cache

DEVICES = ("auto", "cpu", "cuda")


def wants_gpu(device: str = "auto") -> bool:
    """Whether ``device`` means a GPU; "auto" uses one if PyTorch can."""
    if device == "auto":
        return _gpu()
    return device != "cpu"


@cache
def _gpu() -> bool:
    """Whether PyTorch can use a GPU; it is imported only if the system has a GPU driver."""
    try:
        ctypes.CDLL("nvcuda.dll" if sys.platform == "win32" else "libcuda.so.1")
    except OSError:
        return False
    import torch

    return torch.cuda.is_available()
