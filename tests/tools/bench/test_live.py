"""The measurement of live counting runs and counts."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import pytest

import app
from tests.app.fakes import fake_models, jumping_video
from tools.bench import live


def test_frames_are_sent_and_counted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    models = fake_models()
    monkeypatch.setattr(app, "model_loaders", lambda *_: models._loaders)
    video = jumping_video(tmp_path / "jumps.mp4", 6.0)
    result = live.main(live.LiveConfig(video=str(video), frames=100))
    assert result["frames"] == 86
    assert result["processor_ms_per_frame"] > 0
    parts = live.messages(live.LiveConfig(video=str(video), frames=100))
    times = [entry["time"] for part in parts for entry in part]
    assert len(times) == 90
    assert min(b - a for a, b in pairwise(times)) >= 0.05
