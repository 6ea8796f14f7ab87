"""Components of the beauty tab: the file picker, the comparison and the panel, and their values."""

from __future__ import annotations

import json
from collections.abc import Iterable
from html import escape
from typing import Any

import gradio as gr

from beauty.settings import PRESETS, BeautySettings
from vision.types import Faces
from webui import photos
from webui.jobs import Progress
from webui.names import translated
from webui.panel import Groups, button, group_html, named, part, picker_html, settings_html, text
from webui.photos import PhotoSession
from webui.texts import say
from webui.views import progress_words

GROUPS: Groups = (
    ("skin", ("smoothing", "spots", "whitening", "rosiness", "dark_circles")),
    ("shape", ("slimming", "chin", "nose", "eyes", "mouth")),
    ("features", ("bright_eyes", "teeth", "lips", "cheeks")),
    ("look", ("look", "degree")),
)
"""Groups of controls in order; options that are not named here follow in a last group."""

ACCEPT = "image/*,video/*,.heic,.heif,.hif,.jfif,.avif,.webp,.tif,.tiff"


def picker() -> gr.HTML:
    """The file picker for photos (several at once) or a video."""
    buttons = (
        button("photo.sample", "sample", "✦", "quiet", 'id="photo-sample"')
        + button("photo.camera", "camera", "◉", "quiet")
        + button("photo.paste", "paste", "", "quiet")
    )
    return part("picker", picker_html("photo", ACCEPT, True, buttons), ("upload", "select"), elem_id="photo")


def stage() -> gr.HTML:
    """The comparison with its tools."""
    html = (
        '<div class="stage" hidden><div class="pictures">'
        '<img class="after" draggable="false"><img class="before" draggable="false">'
        f'<span class="tag left">{text("compare.before")}</span><span class="tag right">{text("compare.after")}</span>'
        '<div class="line"></div><div class="faces"></div>'
        f'<div class="handle" role="slider" tabindex="0" aria-valuemin="0" aria-valuemax="100" {named("compare")}>'
        "</div>"
        '<div class="sweep"></div></div><div class="tools">'
        + button("hold", "hold", "◐", "quiet")
        + f'<div class="turn" hidden><button type="button" class="act quiet" data-action="last" {named("photo.last")}>‹'
        f'</button><span></span><button type="button" class="act quiet" data-action="next" {named("photo.next")}>›'
        "</button></div>"
        + button("photo.other", "other", "＋", "quiet")
        + button("save.photo", "save", "↓", "primary", 'id="save-photo"')
        + f'</div><div class="work" hidden><p role="status"></p><progress max="1" {named("status.saving")}></progress>'
        + button("cancel", "stop", "", "quiet")
        + '</div><ul class="notes" role="status"></ul>'
        '<details class="found" id="faces" hidden><summary></summary><ul></ul></details></div>'
    )
    return part("stage", html, ("submit", "input", "stop", "select"), elem_id="compare")


def panel(overlays: Iterable[str]) -> gr.HTML:
    """All settings in groups, the presets first."""
    pictures = "".join(
        f'<label class="preset"><input type="radio" name="preset" value="{escape(name)}"><span class="face">'
        f'<img data-preset="{escape(name)}" alt="" hidden></span>{text(f"choice.{name}")}</label>'
        for name in PRESETS
    )
    shown = "".join(
        f'<label class="chip"><input type="checkbox" name="show" value="{name}">{text(f"show.{name}")}</label>'
        for name in overlays
    )
    values = json.dumps({name: vars(preset) for name, preset in PRESETS.items()})
    data = f'data-panel="beauty" data-waits="yes" data-tabs="yes" data-presets="{escape(values)}"'
    html = (
        f'<div class="panel asleep" {data}>'
        + group_html("presets", _choice("preset", f'<div class="presets">{pictures}</div>'))
        + settings_html("beauty", BeautySettings, GROUPS)
        + group_html("show", _choice("show", f'<div class="chips">{shown}</div>'))
        + '<div class="history">'
        + button("undo", "undo", "↶", "quiet")
        + button("redo", "redo", "↷", "quiet")
        + button("reset", "reset", "", "quiet", 'id="reset"')
        + "</div></div>"
    )
    return part("panel", html, ("input",), elem_id="beauty-panel")


def _choice(key: str, body: str) -> str:
    """A group of check boxes or radio buttons with a name for screen readers."""
    legend = text(key, "legend", 'class="hidden"')
    return f'<fieldset class="choice">{legend}{body}</fieldset>'


def opened_value(words: str, session: PhotoSession, pictures: tuple[str, str]) -> dict[str, Any]:
    """The comparison's value for an opened photo."""
    height, width = photos.screen_image(session).shape[:2]
    notes = [translated(words, note) for note in session.notes]
    if not len(session.faces):
        notes.append(say(words, "faces.none"))
    elif len(session.faces) > 1:
        notes.append(say(words, "faces.touch"))
    if session.is_cut:
        notes.append(say(words, "photo.cut"))
    if session.is_video:
        notes.append(say(words, "photo.film"))
    return {
        "kind": "video" if session.is_video else "photo",
        "name": session.source.name,
        "before": pictures[0],
        "after": pictures[1],
        "size": [width, height],
        "faces": _faces(words, session, (width, height)),
        "notes": notes,
    }


def _faces(words: str, session: PhotoSession, size_wh: tuple[int, int]) -> list[dict[str, Any]]:
    """Each face's box as shares of the shown picture (None outside of it), and its description."""
    x0, y0, _, _ = session.window
    moved = photos.scale_faces(session.faces, session.factor, (x0, y0))
    made = []
    for i, box in enumerate(moved.boxes):
        share = [round(float(v) / size_wh[k % 2], 4) for k, v in enumerate(box)]
        inside = 0 <= (share[0] + share[2]) / 2 <= 1 and 0 <= (share[1] + share[3]) / 2 <= 1
        made.append({"box": share if inside else None, "text": face_text(words, i, session.faces)})
    return made


def face_text(words: str, i: int, faces: Faces) -> str:
    """A face's confidence and head pose in words."""
    parts = [f"{say(words, 'confidence')} {100 * float(faces.scores[i]):.0f} %"]
    names = ("pitch", "yaw", "roll")
    parts += [f"{say(words, name)} {round(float(v)):+d}°" for name, v in zip(names, faces.pose[i], strict=True)]
    return f"{say(words, 'face.one', number=i + 1)} · " + " · ".join(parts)


def progress_value(words: str, progress: Progress) -> dict[str, Any]:
    """The comparison's value for the progress of saving."""
    return {"progress": progress.share, "text": progress_words(words, progress, 0), "stoppable": True}
