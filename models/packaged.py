"""From a packaged graph to a runner on the processor, without PyTorch."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from models.detection import DETECTION, DetectorRunner
from models.faces import FaceFinder, LandmarkRunner
from models.graphs import GRAPHS, check_sum, read_graph
from models.pose import PoseRunner, our_pose_runner
from models.runtime import Engine, open_graph


def _load(kind: str) -> tuple[Engine, dict[str, Any]]:
    """A packaged network, compiled, and its config; raises ``MissingWeights``."""
    check_sum(GRAPHS[kind])
    graph = read_graph(GRAPHS[kind])
    return open_graph(kind, graph), graph.config


def person_finder(multi_scale: bool = True) -> DetectorRunner:
    """The person detector."""
    return DetectorRunner(_load("person")[0], replace(DETECTION["person"], multi_scale=multi_scale))


def face_detector() -> DetectorRunner:
    """The face detector alone."""
    return DetectorRunner(_load("face")[0], DETECTION["face"])


def face_finder() -> FaceFinder:
    """The face detector and the 106-point network."""
    engine, config = _load("landmarks106")
    return FaceFinder(face_detector(), LandmarkRunner(engine, np.array(config["mean_face"], np.float32)))


def pose_estimator(flip_test: bool = True) -> PoseRunner:
    """The HRNet; ``flip_test`` averages with the prediction for the mirrored crop."""
    engine, config = _load("hrnet")
    return our_pose_runner(engine, (config["width"], config["height"]), flip_test)
