"""The chart of a count as a Plotly figure for Gradio's plot: rates of all people and the main person's motion.

Plotly figures are plain data and Gradio includes the script, so that the package is not needed.
"""

from __future__ import annotations

import json
from typing import Any

import numpy as np
from gradio.components.plot import PlotData
from numpy.typing import NDArray

from counting.report import SessionReport
from webui.texts import say

MAX_COLUMNS = 6000
MAX_MARKS = 3000
LONG = 60.0
"""Seconds from which the chart has a range slider."""

START = 864_000_000
"""Milliseconds at which the chart's time axis starts: Plotly reads numbers of four digits as years."""

COLOURS = ("#23857c", "#c2571a", "#6a5acd", "#a8306b", "#3a7d2c", "#8a6d00", "#2f6fb0", "#7a4a2b")

Array = NDArray[np.floating]


def thin(times: Array, values: Array, columns: int = MAX_COLUMNS) -> tuple[Array, Array]:
    """Downsample a long curve to the minimum and maximum of every column, so that it keeps its peaks."""
    if len(times) <= 2 * columns:
        return times, values
    keep: list[int] = []
    for part in np.array_split(np.arange(len(times)), columns):
        known = part[np.isfinite(values[part])]
        if len(known):
            keep += sorted({int(known[np.argmin(values[known])]), int(known[np.argmax(values[known])])})
        else:
            keep.append(int(part[0]))
    return times[keep], values[keep]


def chart(words: str, report: SessionReport) -> PlotData | None:
    """The figure of a report; None if there is nothing to show."""
    if report.skipper is None or len(report.skipper.times) < 2:
        return None
    main = report.skipper.shown
    seconds = max(report.seconds, float(main.times[-1]))
    clock = "%-H:%M:%S" if seconds >= 3600 else "%-M:%S"
    traces = []
    for i, person in enumerate(report.people):
        if person.count or i == report.main:
            name = say(words, "table.person.n", number=i + 1)
            traces.append(
                _line(name, *person.shown.rate_over_time(), COLOURS[i % len(COLOURS)], clock, i == report.main)
            )
    colour = COLOURS[(report.main or 0) % len(COLOURS)]
    traces.append(_movement(words, main.times, main.signal, colour))
    if len(main.apex_times) <= MAX_MARKS:
        traces.append(_marks(words, main.times, main.signal, main.apex_times))
    shown = sum(t["yaxis"] == "y" for t in traces)
    layout = _layout(words, seconds, clock, several=shown > 1)
    config = {"displayModeBar": False, "responsive": True, "showTips": False}
    return PlotData(type="plotly", plot=json.dumps({"data": traces, "layout": layout, "config": config}))


def _milliseconds(times: Array) -> list[int]:
    return (START + np.round(np.asarray(times, float) * 1000)).astype(int).tolist()


def _numbers(values: Array, digits: int) -> list[float | None]:
    return [round(float(v), digits) if np.isfinite(v) else None for v in values]


def _line(name: str, times: Array, rates: Array, colour: str, clock: str, main: bool) -> dict[str, Any]:
    return {
        "type": "scatter", "mode": "lines", "name": name, "x": _milliseconds(times), "y": _numbers(rates, 1),
        "yaxis": "y", "line": {"color": colour, "width": 3 if main else 1.5}, "showlegend": True,
        "hovertemplate": f"%{{x|{clock}}} · %{{y:.0f}} / min",
    }  # fmt: skip


def _movement(words: str, times: Array, signal: Array, colour: str) -> dict[str, Any]:
    x, y = thin(times, signal)
    return {
        "type": "scatter", "mode": "lines", "name": say(words, "chart.signal"), "x": _milliseconds(x),
        "y": _numbers(y, 4), "yaxis": "y2", "line": {"color": colour, "width": 1}, "connectgaps": False,
        "showlegend": False, "hoverinfo": "skip",
    }  # fmt: skip


def _marks(words: str, times: Array, signal: Array, jumps: Array) -> dict[str, Any]:
    known = np.isfinite(signal)
    heights = np.interp(jumps, times[known], signal[known]) if known.any() else np.zeros(len(jumps))
    return {
        "type": "scatter", "mode": "markers", "name": say(words, "chart.jump"), "x": _milliseconds(jumps),
        "y": _numbers(heights, 4), "yaxis": "y2", "marker": {"color": "#8a9695", "size": 6}, "showlegend": False,
        "customdata": list(range(1, len(jumps) + 1)), "hovertemplate": "#%{customdata}",
    }  # fmt: skip


def _layout(words: str, seconds: float, clock: str, *, several: bool) -> dict[str, Any]:
    grid = {"gridcolor": "rgba(128,140,138,0.25)", "zeroline": False, "fixedrange": True}
    across = {
        "type": "date", "tickformat": clock, "range": [START, START + round(1000 * seconds)],
        "gridcolor": "rgba(128,140,138,0.25)", "zeroline": False, "nticks": 8, "anchor": "y2",
    }  # fmt: skip
    if seconds > LONG:
        across["rangeslider"] = {"visible": True, "thickness": 0.1, "bgcolor": "rgba(128,140,138,0.1)"}
    return {
        "height": 380, "margin": {"l": 48, "r": 12, "t": 34, "b": 28}, "dragmode": "zoom",
        "hovermode": "x", "hoverdistance": -1,
        "paper_bgcolor": "rgba(0,0,0,0)", "plot_bgcolor": "rgba(0,0,0,0)", "showlegend": several,
        "font": {"family": "system-ui, sans-serif", "size": 12, "color": "#6b7877"},
        "legend": {"orientation": "h", "y": 1.12, "x": 0},
        "xaxis": across,
        "yaxis": {**grid, "domain": [0.5, 1], "rangemode": "tozero", "title": {"text": say(words, "chart.rate")}},
        "yaxis2": {**grid, "domain": [0, 0.42], "showticklabels": False, "title": {"text": say(words, "chart.move")}},
    }  # fmt: skip
