"""Bars are kept on the right side, and only figures that there are are judged."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from tools.evaluate import detector
from tools.evaluate.targets import Target, clip_figures, target_lines
from vision.types import Detections, Frame


def test_bars_are_kept_or_missed_per_checkpoint() -> None:
    targets = (Target("right", 0.9), Target("wrong", 0.03, most=True), Target("elsewhere", 1))
    lines = target_lines(targets, [("one", {"right": 0.9, "wrong": 0.02}), ("two", {"right": 0.89, "wrong": 0.04})])
    assert [line.split() for line in lines] == [
        ["right", ">=", "0.9", "0.900", "kept", "0.890", "missed"],
        ["wrong", "<=", "0.03", "0.020", "kept", "0.040", "missed"],
    ]


def test_clips_are_judged_by_the_worst_and_together() -> None:
    ends = ": ankles, hips, shoulders within .1"
    rows = {f"dev_a{ends}": 0.97, f"frame_b{ends}": 0.91, f"stock{ends}": 0.5}
    found = clip_figures(rows, np.array([True, False, False, False]))
    assert found == {
        "all clips: knees and ankles exchanged or doubled": 0.25,
        "worst clip: ankles, hips, shoulders within .1": 0.91,
    }
    assert clip_figures({f"stock{ends}": 0.5}, np.zeros(0, bool)) == {}


def test_every_tenth_frame_wants_somebody_of_a_quarter_of_its_height(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    clips = [{"id": "a", "file": "a.mp4", "role": "positive"}, {"id": "b", "file": "b.mp4", "role": "negative"}]
    (tmp_path / "clips.json").write_text(json.dumps({"clips": clips}))
    frames = [Frame(np.full((100, 80, 3), k, np.uint8), k / 30) for k in range(31)]
    monkeypatch.setattr(detector, "read_frames", lambda path: iter(frames))
    heights = {0: [30, 5], 10: [20], 20: [], 30: [90]}

    def find(image: np.ndarray) -> Detections:
        high = heights[int(image[0, 0, 0])]
        boxes = np.array([[10, 2, 40, 2 + h] for h in high], np.float32).reshape(-1, 4)
        return Detections(boxes, np.ones(len(high), np.float32), np.zeros((len(high), 0, 2), np.float32))

    assert detector.frames_with_person(find, tmp_path) == {"a: frames with a person": 0.5}
