"""Components of the jump tab besides Gradio's own: file picker, settings, help on filming, history."""

from __future__ import annotations

from typing import Any

import gradio as gr

from counting.report import SessionReport
from counting.settings import CountSettings
from webui.panel import Groups, button, part, picker_html, settings_html, text
from webui.videos import VideoSession

GROUPS: Groups = (("first", ("without_rope", "height_cm", "speed")),)
"""The settings that are shown first, in order; all others follow under "more"."""

LEFT_OUT = ("batch",)
ACCEPT = "video/*,.mp4,.mov,.m4v,.mkv,.webm,.avi,.3gp,.mts,.m2ts"

_STROKE = 'fill="none" stroke="currentColor" stroke-width="2" stroke-linecap="round" stroke-linejoin="round"'
_PERSON = '<circle cx="{x}" cy="14" r="4"/><path d="M{x} 18v14m0 0-5 14m5-14 5 14M{x} 22l-8 6m8-6 8 6"/>'
_PICTURES = {
    "body": '<rect x="10" y="4" width="44" height="48" rx="4"/>' + _PERSON.format(x=32),
    "still": '<rect x="22" y="8" width="20" height="30" rx="3"/><path d="M32 38v6m0 0-12 12m12-12 12 12"/>',
    "light": '<circle cx="32" cy="30" r="9"/><path d="M32 10v5m0 30v5M12 30h5m30 0h5'
    'M18 16l3 3m22 22 3 3m0-28-3 3M21 41l-3 3"/>',
    "alone": _PERSON.format(x=20) + _PERSON.format(x=46),
}


def picker() -> gr.HTML:
    """The file picker for a video."""
    buttons = button("video.sample", "sample", "✦", "quiet", 'id="video-sample"') + button(
        "video.camera", "camera", "◉", "quiet"
    )
    return part("picker", picker_html("video", ACCEPT, False, buttons), ("upload", "select"), elem_id="video")


def panel() -> gr.HTML:
    """The settings panel, with the technical settings under "more"."""
    html = (
        f'<div class="panel stack" data-panel="jump" data-waits="no">{text("settings.hint", "p", "class=note")}'
        + settings_html("jump", CountSettings, GROUPS, LEFT_OUT)
        + "</div>"
    )
    return part("panel", html, ("input",), elem_id="jump-panel")


def help_html() -> gr.HTML:
    """How to film, shown before the first result."""
    items = "".join(
        f'<li><svg viewBox="0 0 64 56" aria-hidden="true" {_STROKE}>{drawing}</svg><div>{text(f"film.{name}", "b")}'
        f"{text(f'film.{name}.more')}</div></li>"
        for name, drawing in _PICTURES.items()
    )
    html = f'<div class="card films">{text("film", "h3")}<ul>{items}</ul></div>'
    return gr.HTML(
        None, html_template=html, js_on_load="window.studio.fill(element)", apply_default_css=False, padding=False,
        elem_id="film",
    )  # fmt: skip


def chart_note() -> gr.HTML:
    """Help on using the chart by mouse or touch."""
    html = text("chart.note", "p", 'class="note by-mouse"') + text("chart.note.touch", "p", 'class="note by-touch"')
    return gr.HTML(
        None, html_template=f"<div>{html}</div>", js_on_load="window.studio.fill(element)", apply_default_css=False,
        padding=False, visible=False,
    )  # fmt: skip


def visit() -> gr.HTML:
    """The history of this visit and the personal best; both stay in the browser."""
    html = (
        f'<div class="card visit" hidden>{text("visit", "h3")}<p class="new" hidden>{text("visit.new")}</p>'
        f'<p class="best"></p><ol></ol>{button("visit.forget", "forget", "", "quiet")}'
        f"{text('visit.note', 'p', 'class=note')}</div>"
    )
    return part("jumps", html, (), elem_id="visit")


def summary(session: VideoSession, *, fresh: bool, sample: bool) -> dict[str, Any]:
    """The history's entry of a count; ``fresh`` after an analysis, not after a recount with other settings.

    ``speed`` converts the report's true seconds to those of the video.
    """
    report: SessionReport = session.report
    rate = report.skipper.per_minute if report.skipper else 0.0
    speed = report.skipper.speed if report.skipper else 1.0
    known = {"id": session.path.parent.name[:16], "count": report.count, "rate": round(rate), "speed": speed}
    return known | {"fresh": fresh, "sample": sample}
