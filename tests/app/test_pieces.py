"""The parts of the app that need no server."""

from __future__ import annotations

import json
import logging
import os
import re
import string
import threading
import time
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import gradio as gr
import numpy as np
import pytest

import app
from beauty.settings import BeautySettings
from counting.pipeline import count_people
from counting.settings import CountSettings
from models import MissingWeights
from vision.options import Option, options_of
from vision.types import Faces, MediaError
from webui import charts, inputs, views
from webui.errors import existing, guard, sentence
from webui.names import choice_name, translated
from webui.page import page_texts
from webui.service import JsonLines, Limits, Loaders, Models, ResultFolder, logged
from webui.texts import TEXTS, language_of, say, span_text
from webui.videos import TooLargeError, TooLongError

from .fakes import face_at, find_face


def blanks(text: str) -> set[str | None]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name}


@pytest.mark.parametrize("key", TEXTS)
def test_every_text_exists_in_both_languages_with_the_same_blanks(key: str) -> None:
    english, chinese = TEXTS[key]
    assert english
    assert chinese
    assert blanks(english) == blanks(chinese)


def test_every_label_of_the_page_is_translated() -> None:
    tables = page_texts(Limits())
    assert tables["en"].keys() == tables["zh"].keys()
    limits = [table[f"studio_{kind}_limits"] for table in tables.values() for kind in ("photo", "video")]
    assert not [text for text in limits if "{" in text]
    labels = [f"studio_beauty_{name}" for name in options_of(BeautySettings)]
    labels += [f"studio_jump_{name}" for name in options_of(CountSettings)]
    assert all(re.search(r"[一-鿿]", tables["zh"][label]) for label in labels)


@pytest.mark.parametrize(
    ("header", "language"),
    [(None, "en"), ("", "en"), ("zh-CN,zh;q=0.9,en;q=0.8", "zh"), ("de-DE,zh-TW;q=0.5", "zh"), ("en-GB,zh", "en"),
     ("fr", "en"), (";;,,q=1", "en")],
)  # fmt: skip
def test_the_first_language_that_the_browser_names_wins(header: str | None, language: str) -> None:
    assert language_of(header) == language


def test_time_limits_are_told_in_whole_minutes_where_that_is_exact() -> None:
    assert span_text("en", 600) == "10 minutes"
    assert span_text("zh", 90) == "90 秒"


def test_choices_and_remarks_are_translated_and_unknown_ones_stay() -> None:
    assert choice_name("zh", "two feet") == "双脚跳"
    assert choice_name("en", "two feet") == "Two feet"
    assert "髋部" in translated("zh", "These look like jumps without a rope: no turning wrists were seen.")
    assert translated("zh", "Something new.") == "Something new."


@pytest.mark.parametrize(("low", "high", "step"), [(0, 1, 0.01), (-1, 1, 0.01), (0, 230, 1), (0.001, 0.05, 0.0001)])
def test_slider_steps_are_round(low: float, high: float, step: float) -> None:
    assert inputs.step_of(low, high) == pytest.approx(step)


def test_settings_are_made_of_what_sliders_send() -> None:
    names = ["people", "min_score", "height_cm"]
    settings = inputs.make_settings(CountSettings, names, [3.0, 1, None])
    assert settings == CountSettings(people=3, min_score=1.0)
    assert isinstance(settings.people, int)
    with pytest.raises(ValueError, match="min_score"):
        inputs.make_settings(CountSettings, names, [3, 7, 0])


@pytest.mark.parametrize(
    ("facts", "default", "kind"),
    [(Option("", low=0, high=1), 0.5, gr.Slider), (Option(""), True, gr.Checkbox), (Option(""), 3, gr.Number)],
)
def test_each_option_gets_the_control_that_fits(facts: Option, default: object, kind: type) -> None:
    made = inputs.control(facts, default, "label", "id")
    assert type(made) is kind
    assert made.value == default


def test_a_thinned_curve_keeps_its_peaks() -> None:
    times = np.linspace(0, 600, 18000)
    signal = np.sin(times)
    signal[7777], signal[100:200] = 9.0, np.nan
    x, y = charts.thin(times, signal)
    assert len(x) <= 2 * charts.MAX_COLUMNS
    assert np.nanmax(y) == 9.0
    assert np.all(np.diff(x) > 0)


def test_charts_are_well_formed_mark_each_jump_and_break_at_gaps() -> None:
    times = np.linspace(0, 10, 301)
    signal = np.sin(2 * np.pi * times)
    signal[100:120] = np.nan
    drawn = charts.signal_chart("A <b> & c", "s", times, signal, np.array([1.25, 2.25, 5.25]))
    root = ElementTree.fromstring(drawn)
    assert len([e for e in root.iter() if e.get("class") == "mark"]) == 3
    assert len([e for e in root.iter() if e.tag == "polyline"]) == 2
    assert "nan" not in drawn
    assert root[0].text == "A <b> & c"


@pytest.mark.parametrize("count", [0, 1])
def test_charts_of_next_to_nothing_are_drawn(count: int) -> None:
    nothing = np.zeros(count)
    ElementTree.fromstring(charts.signal_chart("a", "s", nothing, nothing, np.zeros(0)))
    ElementTree.fromstring(charts.rate_chart("a", "s", nothing, nothing, (0.0, 1.0)))


def test_nobody_in_a_video_gives_advice_and_no_table() -> None:
    report = count_people([], CountSettings())
    assert say("en", "status.nobody") in views.total_view("en", report)
    assert views.table_view("en", report) == views.charts_view("en", report) == ""


def test_faces_are_shown_with_confidence_and_pose() -> None:
    shown = views.faces_view("zh", face_at((10, 10, 60, 80)))
    assert "97 %" in shown
    assert "-12°" in shown
    assert say("en", "faces.none") in views.faces_view("en", Faces.none())


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
