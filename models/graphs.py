"""The packaged networks in OpenVINO's format: graph, constants and config in one file each.

A file is a zip archive of ``graph.xml``, ``graph.bin`` and ``config.json``, written by ``tools.train.export_graphs``
from the weights beside it.
"""

from __future__ import annotations

import hashlib
import json
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from models import MissingWeights

WEIGHTS = Path(__file__).parent / "weights"
SUMS = WEIGHTS / "SHA256SUMS"
GRAPHS = {kind: WEIGHTS / f"{kind}.zip" for kind in ("face", "person", "landmarks106", "hrnet")}

_PARTS = ("graph.xml", "graph.bin", "config.json")


@dataclass(frozen=True)
class Graph:
    """A network in OpenVINO's format: ``xml`` and its ``constants``; ``config``: parameters of its runner."""

    xml: bytes
    constants: bytes
    config: dict[str, Any]


def check_sum(path: Path) -> None:
    """Verify a packaged file against SHA256SUMS; raises ``MissingWeights``."""
    lines = SUMS.read_text().split("\n") if SUMS.is_file() else []
    known = {name: digest for digest, name in (line.split() for line in lines if line.strip())}
    if not path.is_file():
        raise MissingWeights(f"The weights {path} are missing; restore them from the repository or train them anew.")
    if known.get(path.name) != hashlib.sha256(path.read_bytes()).hexdigest():
        raise MissingWeights(f"The weights {path} do not match {SUMS.name}; restore the file from the repository.")


def read_graph(path: Path) -> Graph:
    """The network of a file; raises ``MissingWeights``."""
    try:
        with zipfile.ZipFile(path) as file:
            xml, constants, config = (file.read(name) for name in _PARTS)
        return Graph(xml, constants, json.loads(config))
    except (OSError, KeyError, ValueError, zipfile.BadZipFile) as error:
        raise MissingWeights(f"The network {path} cannot be read: {error}.") from error


def write_graph(path: Path, graph: Graph) -> None:
    """Write a file for ``read_graph``; deterministic in its bytes."""
    parts = (graph.xml, graph.constants, json.dumps(graph.config).encode())
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as file:
        for name, data in zip(_PARTS, parts, strict=True):
            file.writestr(zipfile.ZipInfo(name), data, zipfile.ZIP_DEFLATED)
