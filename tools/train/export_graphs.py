"""Export the packaged weights to OpenVINO graphs, quantised to 8 bits and calibrated on packaged crops.

    python -m tools.train.export_graphs --data DIR                # all networks, some minutes on two cores
    python -m tools.train.export_graphs --data DIR --name hrnet

Needs nncf (``requirements-train.txt``).  Run it after ``tools.train.package_weights``; ``tools.evaluate`` measures the
graphs, and ``tests/models/test_graphs.py`` checks that they match the weights.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

from models.checkpoints import read_weights
from models.graphs import GRAPHS, SUMS, Graph, write_graph
from models.loading import PACKAGED, detector_network, landmark_network, pose_network
from models.pose import MEAN, STD
from models.runtime import UNPACK
from models.torch_runtime import ready, to_model
from tools.data import calibration
from tools.script import run_script
from tools.train.package_weights import write_sums
from vision.options import check_options, option
from vision.types import Image


@dataclass(frozen=True)
class Export:
    """Options of the export: the networks, and the data for the calibration."""

    data: str = option("data", "folder with the packaged folders face and body")
    name: str = option("all", "the network", choices=("all", *GRAPHS))
    samples: int = option(300, "pictures by which the ranges of 8-bit numbers are chosen", low=1, high=10000)

    def __post_init__(self) -> None:
        check_options(self)


@dataclass(frozen=True)
class Recipe:
    """A network as an OpenVINO ``model``, the config of its runner, and the ``pictures`` for its calibration.

    Without pictures only the weights are quantised and the arithmetic stays float.  ``sharp``: regular expressions of
    the layers that are not quantised.  ``outliers``: activation ranges include a picture's extremes.
    """

    model: Any
    config: dict[str, Any]
    pictures: Callable[[Path, int], Iterator[Image]] | None = None
    sharp: tuple[str, ...] = ()
    outliers: bool = True


def _hrnet() -> Recipe:
    tensors, config = read_weights(PACKAGED["hrnet"])
    size = config["training"]["width"], config["training"]["height"]
    model = to_model(ready(pose_network(tensors, PACKAGED["hrnet"]), MEAN, STD))
    model.reshape([-1, size[1], size[0], 3])
    pictures = lambda data, count: calibration.bodies(data, count, size)  # noqa: E731
    config = {"width": size[0], "height": size[1]}
    return Recipe(model, config, pictures, (".*network\\.conv1/.*", ".*final_layer.*"), outliers=False)


def _landmarks() -> Recipe:
    """The 106-point network: 8-bit activations would cost a seventh of its precision, 8-bit weights cost nothing."""
    network = landmark_network()
    model = to_model(ready(network))
    model.reshape([-1, 96, 96, 3])
    return Recipe(model, {"mean_face": network.get_buffer("mean_face").tolist(), UNPACK: True})


def _detector(kind: str) -> Recipe:
    model = to_model(ready(detector_network(kind)))
    return Recipe(model, {}, lambda data, count: calibration.scenes(data, count, kind))


def recipe(name: str) -> Recipe:
    """The export recipe of a packaged network."""
    if name == "hrnet":
        return _hrnet()
    return _landmarks() if name == "landmarks106" else _detector(name)


def quantised(found: Recipe, data: Path, samples: int) -> Any:
    """The model with 8-bit convolutions and products, by post-training quantisation, or with 8-bit weights (NNCF)."""
    import nncf  # type: ignore[import-not-found]  # optional: requirements-train.txt
    from nncf.quantization.range_estimator import (  # type: ignore[import-not-found]  # optional, as above
        RangeEstimatorParametersSet,
    )

    if found.pictures is None:
        return nncf.compress_weights(found.model, mode=nncf.CompressWeightsMode.INT8_SYM)
    pictures = nncf.Dataset(list(islice(found.pictures(data, samples), samples)), lambda image: image[None])
    ignored = nncf.IgnoredScope(patterns=list(found.sharp), validate=False)
    ranges = RangeEstimatorParametersSet
    estimator = ranges.MEAN_MINMAX if found.outliers else ranges.MEAN_NO_OUTLIERS_MINMAX
    return nncf.quantize(
        found.model,
        pictures,
        preset=nncf.QuantizationPreset.MIXED,
        subset_size=samples,
        ignored_scope=ignored,
        advanced_parameters=nncf.AdvancedQuantizationParameters(activations_range_estimator_params=estimator),
    )


def packed(model: Any, config: dict[str, Any]) -> Graph:
    """The OpenVINO model as a packaged graph, with the remaining float constants at half precision."""
    from openvino import save_model

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "graph.xml"
        save_model(model, path, compress_to_fp16=True)
        return Graph(path.read_bytes(), path.with_suffix(".bin").read_bytes(), config)


def main(config: Export) -> None:
    """Write the packaged graphs and the checksums."""
    for name in GRAPHS if config.name == "all" else (config.name,):
        found = recipe(name)
        write_graph(GRAPHS[name], packed(quantised(found, Path(config.data), config.samples), found.config))
        print(f"{GRAPHS[name].name}: {GRAPHS[name].stat().st_size / 1e6:.2f} MB", flush=True)
    write_sums(SUMS)


if __name__ == "__main__":
    run_script(main, Export, __doc__)
