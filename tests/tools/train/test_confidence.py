"""What the detector's finds are, and the regression that adds to the confidence."""

from __future__ import annotations

import numpy as np
import torch

from models.landmarks106 import Landmarks106, completed_head
from tools.data.scenes import Scene
from tools.train.confidence import detection_labels, fit, with_confidence
from vision.types import Detections


def finds(*boxes: tuple[int, int, int, int]) -> Detections:
    table = np.array(boxes, np.float32)
    return Detections(table, np.ones(len(table), np.float32), np.zeros((len(table), 5, 2), np.float32))


def scene(alone: bool) -> Scene:
    boxes, ignore = np.array([[10, 10, 30, 30]], np.float32), np.array([[60, 60, 90, 90]], np.float32)
    return Scene(np.zeros((99, 99, 3), np.uint8), boxes, np.zeros((1, 5, 2), np.float32), ignore, "own", alone=alone)


def test_finds_are_faces_none_or_unknown() -> None:
    found = finds((11, 11, 30, 30), (40, 10, 60, 30), (62, 62, 88, 88), (25, 25, 50, 50))
    np.testing.assert_array_equal(detection_labels(found, scene(False)), [1, 0, np.nan, np.nan])
    np.testing.assert_array_equal(detection_labels(found, scene(True)), [1, np.nan, np.nan, np.nan])


def test_the_fit_finds_what_the_confidence_before_did_not_tell() -> None:
    rng = np.random.default_rng(0)
    features, before = rng.normal(2, 3, (1200, 12)).astype(np.float32), rng.normal(0, 1, 1200).astype(np.float32)
    goal = (before + 0.8 * (features[:, 4] - 2) > 0).astype(np.float32)
    coefficients, offset, factor = fit(features, before, goal, 1.0)
    logits = features @ coefficients + factor * before + offset
    assert ((logits > 0) == goal).mean() > 0.97
    assert ((before > 0) == goal).mean() < 0.8
    assert factor > 0


def test_the_network_adds_the_row_to_the_confidence_alone() -> None:
    torch.manual_seed(0)
    network, x = Landmarks106(4).eval(), torch.randn(2, 3, 96, 96)
    before, tensors = network(x), {name: t.clone() for name, t in network.state_dict().items()}
    row = np.full(144, 0.5, np.float32)
    network.load_state_dict(with_confidence(dict(tensors), (row, 1.5, 2.0)))
    after, seen = network(x), network.visibility_head[1](network.visibility_head[0](network.deep(network.shallow(x))))
    old_row = tensors["visibility_head.2.weight"][107], tensors["visibility_head.2.bias"][107]
    pose = before[2] - seen @ old_row[0] - old_row[1]
    for k in (0, 1, 3, 4):
        torch.testing.assert_close(after[k], before[k])
    torch.testing.assert_close(after[2], 2 * pose + seen @ torch.from_numpy(row) + 1.5)


def test_weights_without_the_row_change_nothing() -> None:
    head = {"visibility_head.2.weight": torch.ones(107, 9), "visibility_head.2.bias": torch.ones(107)}
    done = completed_head(head | {"mean_face": torch.zeros(106, 2)})
    assert done["visibility_head.2.weight"].shape == (108, 9)
    assert not done["visibility_head.2.weight"][107].any()
    assert done["visibility_head.2.bias"][:107].all()
