"""What is shown of a result: chart, picture to share, tables."""

from __future__ import annotations

import json

import numpy as np
import pytest

from counting.overlay import Scene
from counting.pipeline import count_people
from counting.report import JumpReport, Part, SessionReport
from counting.settings import CountSettings
from counting.style import STYLES
from vision.types import Frame
from webui import beauty_page, charts, views
from webui.names import overlay_words
from webui.share import share_picture
from webui.texts import say

from .fakes import face_at


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
    drawn = charts.chart("en", SessionReport((jumper(3600),), 0, 3600.0))
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
