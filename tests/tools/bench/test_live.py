"""The measurement of both live modes runs, counts and retouches."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import pytest

import app
from tests.app.fakes import fake_models, jumping_video
from tools.bench import live
from webui.live_sessions import frame_of


def test_frames_are_sent_and_counted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    models = fake_models()
    monkeypatch.setattr(app, "model_loaders", lambda *_: models._loaders)
    video = jumping_video(tmp_path / "jumps.mp4", 6.0)
    result = live.main(live.LiveConfig(video=str(video), frames=100))
    assert result["frames"] == 84
    assert result["count"] > 4
    assert result["processor_ms_per_frame"] > 0
    times = [frame_of(data).time for data in live.messages(live.LiveConfig(video=str(video), frames=100))]
    assert len(times) == 90
    assert min(b - a for a, b in pairwise(times)) >= 0.05


def test_frames_are_sent_and_retouched(monkeypatch: pytest.MonkeyPatch) -> None:
    models = fake_models()
    monkeypatch.setattr(app, "model_loaders", lambda *_: models._loaders)
    result = live.main(live.LiveConfig(mode="beauty", frames=30, preset="glamour"))
    assert (result["frames"], result["faces"]) == (24, 1)
