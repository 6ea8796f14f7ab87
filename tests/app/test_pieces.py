"""The parts of the app that need no server."""

from __future__ import annotations

import json
import logging
import os
import re
import string
import threading
import time
from pathlib import Path

import gradio as gr
import numpy as np
import pytest

import app
from beauty.settings import BeautySettings
from counting.overlay import Scene
from counting.pipeline import count_people
from counting.report import JumpReport, Part, SessionReport
from counting.settings import CountSettings
from counting.style import STYLES
from models import MissingWeights
from vision.options import Option, options_of
from vision.types import Frame, MediaError
from webui import beauty_page, charts, inputs, jump_page, panel, views
from webui.errors import existing, guard, sentence
from webui.names import choice_name, overlay_words, translated
from webui.page import page_texts
from webui.service import JsonLines, Limits, Loaders, Models, ResultFolder, logged
from webui.share import share_picture
from webui.texts import TEXTS, browser_key, language_of, say, span_text
from webui.uploads import Upload, is_address, paths_in, result_name, uploads_of
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
    assert "无绳" in translated("zh", "Jumps without a rope: 3. No turning wrists and no rope were seen.")
    assert translated("zh", "Something new.") == "Something new."


@pytest.mark.parametrize(("low", "high", "step"), [(0, 1, 0.01), (-1, 1, 0.01), (0, 230, 1), (0.001, 0.05, 0.0001)])
def test_slider_steps_are_round(low: float, high: float, step: float) -> None:
    assert panel.step_of(low, high) == pytest.approx(step)


def test_settings_are_made_of_what_a_page_sends() -> None:
    settings = inputs.settings_of(CountSettings, {"people": 3.0, "min_score": 1, "height_cm": None, "unknown": 5})
    assert settings == CountSettings(people=3, min_score=1.0)
    assert isinstance(settings.people, int)
    assert inputs.settings_of(CountSettings, "nonsense") == CountSettings()
    with pytest.raises(ValueError, match="min_score"):
        inputs.settings_of(CountSettings, {"min_score": 7})
    with pytest.raises(ValueError, match="look"):
        inputs.settings_of(BeautySettings, {"look": "<script>"})


@pytest.mark.parametrize(
    ("facts", "default", "kind"),
    [
        (Option("", low=0, high=1), 0.5, gr.Slider),
        (Option(""), True, gr.Checkbox),
        (Option(""), 3, gr.Number),
        (Option("", choices=("a", "b")), "a", gr.Dropdown),
    ],
)
def test_each_option_gets_the_parameter_that_fits(facts: Option, default: object, kind: type) -> None:
    made = inputs.control(facts, default, "label")
    assert type(made) is kind
    assert made.value == default


@pytest.mark.parametrize(
    ("facts", "default", "kind"),
    [
        (Option("", low=0, high=1), 0.5, "range"),
        (Option("", low=0, high=230), 0.0, "number"),
        (Option(""), True, "checkbox"),
        (Option("", choices=("a", "b")), "a", "radio"),
    ],
)
def test_each_option_gets_the_control_that_fits(facts: Option, default: object, kind: str) -> None:
    made = panel.control_html("jump", "thing", facts, default)
    assert f'type="{kind}"' in made
    assert 'data-t="studio_jump_thing"' in made


@pytest.mark.parametrize(
    ("prefix", "kind", "groups", "left_out"),
    [("beauty", BeautySettings, beauty_page.GROUPS, ()), ("jump", CountSettings, jump_page.GROUPS, jump_page.LEFT_OUT)],
)
def test_every_declared_option_has_its_control(prefix: str, kind: type, groups: panel.Groups, left_out: tuple) -> None:
    html = panel.settings_html(prefix, kind, groups, left_out)
    names = re.findall(r'data-name="(\w+)"', html)
    assert sorted(names) == sorted(set(options_of(kind)) - set(left_out))


def test_an_option_that_no_group_names_comes_last() -> None:
    assert panel.grouped(["a", "b", "c"], [("first", ("c", "x"))]) == [("first", ["c"]), ("more", ["a", "b"])]
    assert panel.grouped(["a"], [("first", ("x",)), ("more", ("a",))]) == [("more", ["a"])]


def test_all_texts_that_the_page_names_exist() -> None:
    known = set(page_texts(Limits())["en"])
    folder = Path(panel.__file__).parent
    scripts = "".join(path.read_text() for path in (folder / "static").glob("*.js"))
    sources = "".join(path.read_text() for path in folder.glob("*.py"))
    named = set(re.findall(r"\bt\('([\w.]+\w)'[,)]", scripts))
    named |= set(re.findall(r"""(?:text|named|button)\(f?["']([a-z][\w.]+)["'][,)]""", sources))
    assert len(named) > 40
    assert {browser_key(key) for key in named} - known == set()


@pytest.mark.parametrize(
    ("name", "result"),
    [
        ("IMG_1234.HEIC", "IMG_1234_beauty.jpg"),
        ("../../etc/passwd", "passwd_beauty.jpg"),
        ("C:\\fotos\\me & you.png", "me _ you_beauty.jpg"),
        ("照片.jpg", "照片_beauty.jpg"),
        ("...", "file_beauty.jpg"),
        ("a" * 300, "a" * 80 + "_beauty.jpg"),
    ],
)
def test_results_are_named_after_their_source(name: str, result: str) -> None:
    assert result_name(name, "beauty", ".jpg") == result


def test_only_files_of_the_upload_folder_are_taken(tmp_path: Path) -> None:
    inside, outside = tmp_path / "in" / "a.jpg", tmp_path / "b.jpg"
    entries = [{"path": str(inside), "orig_name": "A.jpg"}, {"path": str(outside)}, {"path": 7}, None, "x", {}]
    entries.append({"path": str(tmp_path / "in" / ".." / "b.jpg")})
    assert uploads_of(entries, tmp_path / "in") == [Upload(inside, "A.jpg")]
    assert uploads_of(None, tmp_path) == []


def test_addresses_are_seen_wherever_they_stand() -> None:
    sent = [1, {"a": [{"path": "http://x/y.png"}]}, {"path": "data:image/png,x"}, {"path": "/tmp/a.jpg"}]
    assert [is_address(path) for path in paths_in(sent)] == [True, True, False]


def test_a_thinned_curve_keeps_its_peaks() -> None:
    times = np.linspace(0, 3600, 108000)
    signal = np.sin(times)
    signal[7777], signal[100:200] = 9.0, np.nan
    x, y = charts.thin(times, signal)
    assert len(x) <= 2 * charts.MAX_COLUMNS
    assert np.nanmax(y) == 9.0
    assert np.all(np.diff(x) > 0)


def jumper(seconds: float, rate: float = 2.0) -> JumpReport:
    """A report of somebody who jumps ``rate`` times a second."""
    times = np.arange(0, seconds, 1 / 30)
    apexes = np.arange(0.25, seconds, 1 / rate)
    ones = np.ones(len(apexes))
    part = Part(0.0, seconds, "two feet", len(apexes), len(apexes), 60 * rate, 1.0)
    return JumpReport(
        count=len(apexes), apex_times=apexes, confidence=ones, heights=0.1 * ones, style="two feet", parts=(part,),
        without_rope=(), streaks=((0.0, seconds, len(apexes)),), breaks=(), trips=(), times=times,
        signal=np.sin(2 * np.pi * rate * times), coverage=1.0, rope_confidence=1.0, regularity=1.0,
    )  # fmt: skip


def test_the_chart_shows_everybody_and_marks_each_jump() -> None:
    people = (jumper(20), jumper(20, 3.0))
    plot = json.loads(charts.chart("zh", SessionReport(people, 0, 20.0)).plot)  # type: ignore[union-attr]
    rates = [t for t in plot["data"] if t["yaxis"] == "y"]
    assert [t["line"]["color"] for t in rates] == list(charts.COLOURS[:2])
    assert plot["layout"]["showlegend"]
    marks = next(t for t in plot["data"] if t["mode"] == "markers")
    assert marks["x"] == [charts.START + round(1000 * t) for t in people[0].apex_times]
    assert "NaN" not in json.dumps(plot)
    assert "rangeslider" not in plot["layout"]["xaxis"]


def test_the_chart_of_an_hour_stays_small_and_can_be_zoomed() -> None:
    begin = time.perf_counter()
    drawn = charts.chart("en", SessionReport((jumper(3600),), 0, 3600.0))
    assert time.perf_counter() - begin < 3
    assert drawn is not None
    assert len(drawn.plot) < 700_000
    assert json.loads(drawn.plot)["layout"]["xaxis"]["rangeslider"]["visible"]


def test_the_chart_breaks_at_gaps_and_needs_somebody() -> None:
    report = jumper(10)
    report.signal[60:90] = np.nan
    plot = json.loads(charts.chart("en", SessionReport((report,), 0, 10.0)).plot)  # type: ignore[union-attr]
    assert next(t for t in plot["data"] if t["yaxis"] == "y2")["y"][60:90] == [None] * 30
    assert charts.chart("en", SessionReport((), None, 10.0)) is None


@pytest.mark.parametrize("words", ["en", "zh"])
def test_the_picture_to_share_says_the_count(words: str) -> None:
    few, many = (share_picture(words, jumper(seconds)) for seconds in (5, 60))
    assert few.shape == (1080, 1080, 3)
    assert (few[200:400] != many[200:400]).any()
    assert (few[640:960] == (255, 196, 61)).all(axis=2).any()


def test_the_result_video_speaks_the_visitors_language() -> None:
    frame = np.zeros((360, 480, 3), np.uint8)
    report = SessionReport((jumper(5),), 0, 5.0)
    drawn = [Scene([], report, overlay_words(words)).draw(Frame(frame, 3.0)).image for words in ("en", "zh")]
    assert overlay_words("en") == {}
    assert set(STYLES) | {"ready", "/ min"} <= set(overlay_words("zh"))
    assert (drawn[0] != drawn[1])[:180, :240].any()
    np.testing.assert_array_equal(drawn[0][300:], drawn[1][300:])


def test_nobody_in_a_video_gives_advice_and_no_table() -> None:
    report = count_people([], CountSettings())
    assert say("en", "status.nobody") in views.total_view("en", report)
    assert views.table_view("en", report) == ""


def test_faces_are_told_with_confidence_and_pose() -> None:
    shown = beauty_page.face_text("zh", 0, face_at((10, 10, 60, 80)))
    assert "97 %" in shown
    assert "-12°" in shown


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
