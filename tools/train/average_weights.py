"""Average checkpoints of runs that started from the same weights (model soups, Wortsman et al., ICML 2022).

    python -m tools.train.average_weights --sources runs/a.safetensors,runs/b.safetensors --out runs/soup.safetensors

Runs that differ in data, order or augmentation converge to different points of one loss basin; their mean is often
better than each, without a cost at run time.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import torch

from models.checkpoints import read_weights, save_weights
from tools.script import run_script
from vision.options import check_options, option


@dataclass(frozen=True)
class Averaging:
    """Options of averaging."""

    sources: str = option("", "comma-separated checkpoints of one network")
    out: str = option("runs/soup.safetensors", "the file to write")

    def __post_init__(self) -> None:
        check_options(self)


def main(config: Averaging) -> None:
    """Write the mean of all tensors, with the config of the last source."""
    paths = [Path(name) for name in config.sources.split(",") if name]
    if len(paths) < 2:
        raise ValueError("sources must name at least two checkpoints")
    read = [read_weights(path) for path in paths]
    shapes = [{key: t.shape for key, t in tensors.items()} for tensors, _ in read]
    if any(other != shapes[0] for other in shapes[1:]):
        raise ValueError(f"{', '.join(map(str, paths))} do not hold the same network")
    mean = {key: torch.stack([tensors[key].double() for tensors, _ in read]).mean(dim=0) for key in shapes[0]}
    facts = read[-1][1] | {"average_of": len(paths)}
    facts.pop("metrics", None)
    save_weights(Path(config.out), {key: t.to(read[0][0][key].dtype) for key, t in mean.items()}, facts)


if __name__ == "__main__":
    run_script(main, Averaging, __doc__)
