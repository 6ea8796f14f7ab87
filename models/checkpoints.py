"""Weights on disk: safetensors with a JSON config, loaded with strict keys and a verified checksum."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, cast

import torch
from safetensors import safe_open
from safetensors.torch import save_file  # pyright: ignore[reportUnknownVariableType]  # leaves its PathLike open
from torch import Tensor, nn

from models import MissingWeights


def save_weights(path: Path, tensors: dict[str, Tensor], config: dict[str, Any]) -> None:
    """Write tensors and the JSON ``config`` (architecture, data, metrics) to a safetensors file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    save_file({k: v.contiguous() for k, v in tensors.items()}, path, {"config": json.dumps(config)})


def read_weights(path: Path) -> tuple[dict[str, Tensor], dict[str, Any]]:
    """Tensors and config of a safetensors file; raises ``MissingWeights``."""
    if not path.is_file():
        raise MissingWeights(f"The weights {path} are missing; restore them from the repository or train them anew.")
    try:
        opened: Any = safe_open(path, "pt")
        with opened as file:
            config = json.loads(cast(dict[str, str], file.metadata() or {}).get("config", "{}"))
            return {key: _full(file.get_tensor(key)) for key in file.keys()}, config  # noqa: SIM118
    except Exception as error:  # the library raises its own untyped errors for a damaged file
        raise MissingWeights(f"The weights {path} cannot be read: {error}.") from error


def _full(tensor: Tensor) -> Tensor:
    """The tensor in float32; packaged weights are stored at half precision."""
    return tensor.float() if tensor.dtype == torch.float16 else tensor


def load_strictly(network: nn.Module, tensors: dict[str, Tensor], path: Path, assign: bool = False) -> None:
    """Load every tensor by name; ``MissingWeights`` names the first keys that do not match.

    With ``assign`` the network uses the given tensors without a copy, for a network built on the meta device.
    """
    try:
        network.load_state_dict(tensors, strict=True, assign=assign)
    except RuntimeError as error:
        raise MissingWeights(f"The weights {path} do not fit the network: {str(error)[:300]}") from error
