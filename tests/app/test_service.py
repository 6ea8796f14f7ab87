"""Models loaded once, the folder of results, the log, errors and limits."""

from __future__ import annotations

import json
import logging
import os
import threading
import time
from pathlib import Path

import gradio as gr
import pytest

import app
from models import MissingWeights
from vision.types import MediaError
from webui.errors import existing, guard, sentence
from webui.service import JsonLines, Limits, Loaders, Models, ResultFolder, logged
from webui.videos import TooLargeError, TooLongError

from .fakes import find_face


def test_a_model_is_loaded_once_by_many_threads() -> None:
    calls = []

    def load():
        calls.append(1)
        time.sleep(0.05)
        return find_face

    models = Models(Loaders(load, load, load))  # type: ignore[arg-type]
    threads = [threading.Thread(target=lambda: models.find_faces) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(calls) == 1
    assert not models.ready


def test_a_failed_load_is_tried_again() -> None:
    answers = iter([RuntimeError("missing"), find_face])

    def load():
        answer = next(answers)
        if isinstance(answer, Exception):
            raise answer
        return answer

    models = Models(Loaders(load, load, load))  # type: ignore[arg-type]
    with pytest.raises(RuntimeError):
        _ = models.find_faces
    assert models.find_faces is find_face


def test_old_results_are_swept_and_new_ones_stay(tmp_path: Path) -> None:
    folder = ResultFolder(tmp_path)
    old, new = folder.new("a.jpg"), folder.new("a.jpg")
    for path in (old, new):
        path.write_bytes(b"x")
    past = time.time() - 7200
    os.utime(old, (past, past))
    folder.sweep()
    assert new.exists()
    assert not old.parent.exists()
    assert old.parent != new.parent


def test_the_log_tells_events_and_failures_in_json(caplog: pytest.LogCaptureFixture) -> None:
    log = logging.getLogger("studio")
    log.addHandler(caplog.handler)
    log.setLevel(logging.INFO)
    try:
        with pytest.raises(KeyError), logged("work", kind="photo"):
            raise KeyError("secret name")
    finally:
        log.removeHandler(caplog.handler)
    line = json.loads(JsonLines().format(caplog.records[-1]))
    assert (line["event"], line["kind"], line["failed"]) == ("work", "photo", "KeyError")
    assert "secret" not in json.dumps(line)


@pytest.mark.parametrize(
    ("error", "kind", "said"),
    [
        (MediaError("/tmp/x/abc.jpg is no photo"), "photo", "abc.jpg is no photo."),
        (MediaError("<script> is no video"), "video", "&lt;script&gt;"),
        (TooLongError("x"), "video", "longer than 10 minutes"),
        (TooLargeError(12.3), "video", "12.3 megapixels and the limit is 9"),
        (ValueError("eyes must be between 0 and 1, not 3"), "photo", "eyes must be between"),
        (MissingWeights("run this"), "photo", "model file is missing"),
        (MemoryError(), "photo", "more memory"),
        (FileNotFoundError("/secret"), "photo", "no longer on the server"),
    ],
)
def test_errors_become_sentences(error: Exception, kind: str, said: str) -> None:
    words = sentence(error, kind, "en", Limits())
    assert words is not None
    assert said in words
    assert "/" not in words.replace("&lt;/", "")
    assert sentence(error, kind, "zh", Limits())


def test_an_unforeseen_error_is_logged_and_not_shown() -> None:
    with pytest.raises(gr.Error) as caught, guard("work", "photo", "en", Limits()):
        raise ZeroDivisionError("internal detail")
    assert "detail" not in str(caught.value.message)
    assert caught.value.__cause__ is None


def test_a_file_that_is_gone_is_said_to_be_gone(tmp_path: Path) -> None:
    with pytest.raises(gr.Error, match="Choose a photo first"):
        existing(None, "error.first.photo", "en")
    with pytest.raises(gr.Error, match="no longer"):
        existing(str(tmp_path / "x.jpg"), "error.first.photo", "en")


@pytest.mark.parametrize("field", ["video_seconds", "photo_megapixels", "frame_megapixels", "file_megabytes"])
def test_limits_must_be_positive(field: str) -> None:
    with pytest.raises(ValueError, match=field):
        Limits(**{field: 0})


def test_a_missing_package_for_mcp_is_told_before_anything_starts(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(SystemExit, match="2"):
        app.main(["--mcp"])
    assert "pip install 'gradio[mcp]'" in capsys.readouterr().err
