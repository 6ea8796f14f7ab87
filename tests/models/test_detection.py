"""What the detector's maps say, and which of its finds are kept; no weights needed."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from models.detection import STRIDES, DetectionSettings, DetectorRunner, decode, halved, letterbox, select
from models.detector import Detector, DetectorSize, cell_centres, decode_cells, flatten, grid


def test_detector_cells_lie_on_the_picture_and_decode_to_boxes() -> None:
    maps = Detector(DetectorSize(), 5).eval()(torch.zeros(1, 3, 64, 96))
    assert [tuple(m.shape) for m in maps] == [(1, 15, 64 // s, 96 // s) for s in STRIDES]
    centres, strides = grid(64, 96)
    assert flatten(maps).shape[1] == len(centres) == len(strides)
    assert cell_centres(64, 96, 8)[1].tolist() == [11.5, 3.5], "x runs first"
    cells = torch.zeros(1, 15)
    cells[0, 1:5] = torch.log(torch.tensor([1.0, 2.0, 3.0, 4.0]))
    cells[0, 5:7] = torch.tensor([0.5, -0.5])
    boxes, points = decode_cells(cells, torch.tensor([[20.0, 40.0]]), torch.tensor([8.0]))
    np.testing.assert_allclose(boxes[0], [12, 24, 44, 72], rtol=1e-5)
    np.testing.assert_allclose(points[0, 0], [24, 36], rtol=1e-5)


@pytest.mark.parametrize("points", [0, 5])
def test_the_runner_decodes_as_training_does_but_only_likely_cells(points: int) -> None:
    rng = np.random.default_rng(1)
    maps = [rng.normal(-1, 2, (1, 5 + 2 * points, 64 // s, 96 // s)).astype(np.float32) for s in STRIDES]
    boxes, scores, found = decode(maps, 0.5)
    cells = flatten([torch.from_numpy(m) for m in maps])[0]
    centres, strides = (torch.from_numpy(x) for x in grid(64, 96))
    keep = cells[:, 0] > 0.5
    right_boxes, right_points = decode_cells(cells[keep], centres[keep], strides[keep])
    assert 0 < len(boxes) < len(cells)
    np.testing.assert_allclose(boxes, right_boxes, rtol=1e-4, atol=1e-3)
    np.testing.assert_allclose(found, right_points, rtol=1e-4, atol=1e-3)
    np.testing.assert_allclose(scores, cells[keep, 0].sigmoid(), rtol=1e-5)
    assert [len(part) for part in decode(maps, 100.0)] == [0, 0, 0]


def test_selection_keeps_the_best_of_overlapping_boxes() -> None:
    boxes = np.array([[0, 0, 10, 10], [1, 0, 11, 10], [30, 0, 40, 10], [60, 0, 70, 10]], np.float32)
    scores = np.array([0.6, 0.9, 0.7, 0.1], np.float32)
    found = select(boxes, scores, np.zeros((4, 0, 2), np.float32), 0.5, 0.4)
    assert found.boxes[:, 0].tolist() == [1, 30]
    assert len(select(boxes[:0], scores[:0], np.zeros((0, 5, 2), np.float32), 0.5, 0.4)) == 0


def test_a_large_photo_is_reduced_once_and_boxes_lie_in_its_own_pixels() -> None:
    """An engine that finds a white patch: its cell's box reaches one stride to every side."""
    image = np.zeros((1203, 1601, 3), np.uint8)
    image[600:800, 1200:1400] = 255
    seen = []

    def engine(pictures: np.ndarray) -> list[np.ndarray]:
        seen.append(pictures.shape[1:3])
        maps = [np.full((1, 7, pictures.shape[1] // s, pictures.shape[2] // s), -9.0, np.float32) for s in STRIDES]
        y, x = np.argwhere(pictures[0, ..., 0] > 250).mean(axis=0) // 8
        maps[0][0, :, int(y), int(x)] = [5, 0, 0, 0, 0, 0, 0]
        return maps

    found = DetectorRunner(engine, DetectionSettings((320, 160), 0.5, 0.4))(image)
    assert seen == [(256, 320), (128, 160)]
    middle = (found.boxes[:, :2] + found.boxes[:, 2:]) / 2
    np.testing.assert_allclose(middle, np.tile([1300, 700], (len(found), 1)), atol=50)
    np.testing.assert_allclose(found.points[:, 0], middle, atol=0.1)
    assert halved(image, 320).shape[:2] == (300, 400)


def test_letterbox_keeps_the_aspect_and_pads_to_whole_cells() -> None:
    image = np.full((50, 100, 3), 200, np.uint8)
    canvas, scale = letterbox(image, 320)
    assert canvas.shape == (160, 320, 3)
    assert scale == pytest.approx(3.2)
    tall, _ = letterbox(np.zeros((1000, 3, 3), np.uint8), 320)
    assert tall.shape == (320, 32, 3)
