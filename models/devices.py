"""Where networks run: the processor needs no PyTorch, so it is asked first whether a GPU is there at all."""

from __future__ import annotations

import ctypes
import sys
from functools import cache

DEVICES = ("auto", "cpu", "cuda")


def wants_gpu(device: str = "auto") -> bool:
    """Whether ``device`` means a GPU; "auto" takes one where there is one that PyTorch can use."""
    if device == "auto":
        return _gpu()
    return device != "cpu"


@cache
def _gpu() -> bool:
    """PyTorch is imported only where the system has a GPU's driver."""
    try:
        ctypes.CDLL("nvcuda.dll" if sys.platform == "win32" else "libcuda.so.1")
    except OSError:
        return False
    import torch

    return torch.cuda.is_available()
