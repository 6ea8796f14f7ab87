"""Package a checkpoint as the weights of the app.

    python -m tools.train.package_weights --name hrnet --source runs/pose/best.safetensors

Kernels and matrices are stored at half precision, which halves the file without a change of any figure; compare the
checkpoint with the packaged weights by ``tools.evaluate`` first.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

from torch import Tensor

from models.checkpoints import read_weights, save_weights
from models.graphs import SUMS
from models.loading import PACKAGED
from tools.script import run_script
from vision.options import check_options, option


@dataclass(frozen=True)
class Packaging:
    """Options of packaging."""

    name: str = option("hrnet", "the network", choices=tuple(PACKAGED))
    source: str = option("runs/pose/best.safetensors", "checkpoint of a training script")

    def __post_init__(self) -> None:
        check_options(self)


def halved(tensors: dict[str, Tensor]) -> dict[str, Tensor]:
    """Kernels and matrices in float16, other tensors unchanged."""
    return {key: t.half() if t.ndim > 1 else t for key, t in tensors.items()}


def package(source: Path, target: Path) -> None:
    """Write the tensors of ``source``, those with two or more dimensions in float16."""
    tensors, config = read_weights(source)
    save_weights(target, halved(tensors), config)
    target.chmod(0o644)


def write_sums(sums: Path) -> None:
    """Write the SHA-256 of every file of weights or of a graph beside ``sums``."""
    files = sorted(p for p in sums.parent.iterdir() if p.suffix in (".safetensors", ".zip"))
    sums.write_text("".join(f"{hashlib.sha256(p.read_bytes()).hexdigest()}  {p.name}\n" for p in files))


def main(config: Packaging) -> None:
    """Write the packaged file and the checksums."""
    package(Path(config.source), PACKAGED[config.name])
    write_sums(SUMS)


if __name__ == "__main__":
    run_script(main, Packaging, __doc__)
