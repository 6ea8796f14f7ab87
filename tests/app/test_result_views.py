"""What is shown of a count: a table for keyboards too, times as clocks, units in words, no foreign tips."""

from __future__ import annotations

import json

import numpy as np
import pytest

from counting.report import JumpReport, Part, SessionReport
from counting.settings import CountSettings
from vision.options import options_of
from webui import charts, views
from webui.panel import settings_html
from webui.texts import option_labels


def jumper(seconds: float) -> JumpReport:
    """A report of somebody who jumps twice a second."""
    times, apexes = np.arange(0, seconds, 1 / 30), np.arange(0.25, seconds, 0.5)
    part = Part(0.0, seconds, "two feet", len(apexes), len(apexes), 120.0, 1.0)
    ones = np.ones(len(apexes))
    return JumpReport(
        count=len(apexes), apex_times=apexes, confidence=ones, heights=ones, style="two feet", parts=(part,),
        streaks=(), breaks=(), trips=(), times=times, signal=np.sin(times), coverage=1.0, rope_confidence=1.0,
        regularity=1.0,
    )  # fmt: skip


@pytest.mark.parametrize(("seconds", "shown"), [(12.3, "0.0–12.3 s"), (75.4, "0:00–1:15"), (3725.0, "0:00–1:02:05")])
def test_the_table_tells_times_as_they_are_read(seconds: float, shown: str) -> None:
    table = views.table_view("en", SessionReport((jumper(seconds),), 0, seconds))
    assert shown in table
    assert 'role="region" tabindex="0" aria-label="People and segments"' in table


def test_units_are_chinese_in_chinese() -> None:
    labels = [option_labels(name, facts) for name, facts in options_of(CountSettings).items()]
    assert ("Foot lift (body heights)", "抬脚高度 (身高)") in labels
    assert not any("body" in chinese for _, chinese in labels)


def test_only_shares_are_shown_as_percentages() -> None:
    html = settings_html("jump", CountSettings, ())
    assert 'id="jump-min_score" data-name="min_score" data-default="0.25" data-share="yes"' in html
    assert html.count("data-share") == 1


def test_plotly_gives_no_english_tips() -> None:
    chart = charts.chart("zh", SessionReport((jumper(12.0),), 0, 12.0))
    assert chart is not None
    assert json.loads(chart.plot)["config"]["showTips"] is False
