"""Charts as inline SVG: they follow the page's colours, width and language and need no fonts on the server."""

from __future__ import annotations

from html import escape

import numpy as np
from numpy.typing import NDArray

WIDTH, HEIGHT = 1000.0, 100.0
MAX_COLUMNS = 1200

Array = NDArray[np.floating]


def thin(times: Array, values: Array, columns: int = MAX_COLUMNS) -> tuple[Array, Array]:
    """Low and high of every column, so that a long curve keeps its peaks; curves that fit stay as they are."""
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


def signal_chart(title: str, unit: str, times: Array, signal: Array, marks: Array) -> str:
    """The movement signal (T,) over times (T,) with a dot at each of the marks (J,)."""
    span = span_of(times)
    heights = _at(times, signal, marks)
    return _chart(title, unit, span, _scale(times, signal, span), _dots(marks, heights, signal, span))


def rate_chart(title: str, unit: str, times: Array, rates: Array, span: tuple[float, float]) -> str:
    """Jumps per minute (N,) over times (N,) within the seconds of ``span``, with the highest value named."""
    known = rates[np.isfinite(rates)]
    top = max(float(known.max()) if len(known) else 0.0, 1.0)
    level = f'<span class="level">{top:.0f}</span>' if len(known) else ""
    return _chart(title, unit, span, _scale(times, rates, span, (0.0, top)), "", level)


def span_of(times: Array) -> tuple[float, float]:
    return (float(times[0]), float(times[-1])) if len(times) > 1 else (0.0, 1.0)


def _percent(fraction: float) -> str:
    return f"{100 * fraction:.1f}%"


def _at(times: Array, signal: Array, marks: Array) -> Array:
    known = np.isfinite(signal)
    if not known.any():
        return np.zeros(len(marks))
    return np.interp(marks, times[known], signal[known])


def _range(values: Array) -> tuple[float, float]:
    known = values[np.isfinite(values)]
    if not len(known):
        return 0.0, 1.0
    low, high = float(known.min()), float(known.max())
    return (low, high) if high > low else (low - 1, high + 1)


def _place(times: Array, values: Array, span: tuple[float, float], bounds: tuple[float, float]) -> tuple[Array, Array]:
    x = (np.asarray(times, float) - span[0]) / max(span[1] - span[0], 1e-9) * WIDTH
    y = HEIGHT * (0.95 - 0.9 * (np.asarray(values, float) - bounds[0]) / max(bounds[1] - bounds[0], 1e-9))
    return x, y


def _scale(times: Array, values: Array, span: tuple[float, float], bounds: tuple[float, float] | None = None) -> str:
    """Polylines of the curve; NaN breaks it."""
    times, values = thin(np.asarray(times, float), np.asarray(values, float))
    x, y = _place(times, values, span, bounds or _range(values))
    lines, points = [], []
    for px, py in zip(x, y, strict=True):
        if np.isfinite(py):
            points.append(f"{px:.1f},{py:.1f}")
        elif points:
            lines.append(points)
            points = []
    lines.append(points)
    return "".join(f'<polyline class="line" points="{" ".join(p)}"/>' for p in lines if len(p) > 1)


def _dots(marks: Array, heights: Array, signal: Array, span: tuple[float, float]) -> str:
    x, y = _place(marks, heights, span, _range(np.asarray(signal, float)))
    return "".join(
        f'<line class="mark" x1="{a:.1f}" y1="{b:.1f}" x2="{a:.1f}" y2="{b:.1f}"/>' for a, b in zip(x, y, strict=True)
    )


def _chart(title: str, unit: str, span: tuple[float, float], curve: str, marks: str, extra: str = "") -> str:
    ticks = _ticks(span)
    lines, labels = "", ""
    for i, tick in enumerate(ticks):
        where = (tick - span[0]) / max(span[1] - span[0], 1e-9)
        lines += f'<line class="grid" x1="{where * WIDTH:.1f}" x2="{where * WIDTH:.1f}" y1="0" y2="{HEIGHT:.0f}"/>'
        last = i == len(ticks) - 1
        words = f"{tick:g} {escape(unit)}" if last else f"{tick:g}"
        near_edge = " last" if last and where > 0.93 else ""
        labels += f'<span class="tick{near_edge}" style="left:{_percent(where)}">{words}</span>'
    return (
        f'<figure class="chart" style="margin-left:0;margin-right:0"><h4>{escape(title)}</h4>'
        f'<svg viewBox="0 0 {WIDTH:.0f} {HEIGHT:.0f}" preserveAspectRatio="none" role="img" '
        f'aria-label="{escape(title)}">{lines}{curve}{marks}</svg>{extra}{labels}</figure>'
    )


def _ticks(span: tuple[float, float]) -> list[float]:
    length = span[1] - span[0]
    step = next((s for s in (0.5, 1, 2, 5, 10, 20, 30, 60, 120, 300, 600, 1800) if length / s <= 7), 3600)
    first = int(np.ceil(span[0] / step - 1e-9))
    return [round(k * step, 3) for k in range(first, int(span[1] / step + 1e-9) + 1)]
