"""Custom components, made from declared options: settings in groups, the file picker, the comparison.

A component is a ``gr.HTML`` whose value is plain data; its script and style are in ``webui/static``.  Texts are
referenced by key and inserted by the browser in its language.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import fields
from html import escape
from pathlib import Path
from typing import Any

import gradio as gr

from vision.options import Option, options_of
from webui.texts import browser_key

STATIC = Path(__file__).parent / "static"
SCRIPTS = (
    "studio.js", "picker.js", "camera.js", "panel.js", "stage.js", "jumps.js", "line.js", "live.js", "mirror.js",
)  # fmt: skip

Groups = Sequence[tuple[str, Sequence[str]]]
"""Names of groups, each with its options in order."""


def head(tables: Mapping[str, Mapping[str, str]], facts: Mapping[str, Any]) -> str:
    """HTML of the page's head: style (Gradio would rewrite its own ``css``), texts, facts (limits) and scripts."""
    shown = {words: {k: v for k, v in table.items() if k != browser_key("about")} for words, table in tables.items()}
    data = json.dumps({"texts": shown, "facts": dict(facts)}, ensure_ascii=False).replace("</", "<\\/")
    scripts = "\n".join((STATIC / name).read_text(encoding="utf-8") for name in SCRIPTS)
    style = (STATIC / "page.css").read_text(encoding="utf-8")
    return f"<style>{style}</style><script>window.studioData = {data};\n{scripts}</script>"


def part(kind: str, html: str, events: Sequence[str], **more: Any) -> gr.HTML:
    """A custom component run by the script ``kind``; ``events`` are those that it triggers."""
    named = ", ".join(f"'{event}'" for event in events)
    start = f"window.studio.{kind}(element, trigger, props, watch, [{named}])"
    return gr.HTML(None, html_template=html, js_on_load=start, apply_default_css=False, padding=False, **more)


def text(key: str, tag: str = "span", more: str = "") -> str:
    """An element into which the browser inserts the text of ``key``."""
    return f'<{tag} data-t="{browser_key(key)}"{" " if more else ""}{more}></{tag}>'


def named(key: str) -> str:
    """The attribute for the accessible name of ``key``."""
    return f'data-t-label="{browser_key(key)}"'


def button(key: str, action: str, icon: str = "", style: str = "", more: str = "") -> str:
    """A button with a text after an icon; ``action`` is its identifier in the script."""
    sign = f'<span aria-hidden="true" class="icon">{icon}</span>' if icon else ""
    return f'<button type="button" class="act {style}" data-action="{action}" {more}>{sign}{text(key)}</button>'


def grouped(names: Iterable[str], groups: Groups, rest: str = "more") -> list[tuple[str, list[str]]]:
    """The groups with the names that exist; names in no group come last, in the group ``rest``."""
    names = list(names)
    known = {name for _, members in groups for name in members}
    made = [(group, [n for n in members if n in names]) for group, members in groups]
    left = [n for n in names if n not in known]
    if left:
        made = [(g, m + left if g == rest else m) for g, m in made]
        made += [] if any(g == rest for g, _ in groups) else [(rest, left)]
    return [(group, members) for group, members in made if members]


def settings_html(prefix: str, settings: type, groups: Groups, left_out: Sequence[str] = ()) -> str:
    """All options of a settings class as labelled controls in groups, each with its default."""
    facts = {name: fact for name, fact in options_of(settings).items() if name not in left_out}
    defaults = {f.name: f.default for f in fields(settings) if f.name in facts}  # type: ignore[arg-type]  # a dataclass's own type
    parts = []
    for group, names in grouped(facts, groups):
        controls = "".join(control_html(prefix, n, facts[n], defaults[n]) for n in names)
        parts.append(group_html(group, controls))
    return "".join(parts)


def group_html(group: str, controls: str) -> str:
    """A group of controls under its name; the last one (``more``) is collapsed at first."""
    title = f"group.{group}"
    if group == "more":
        return f'<details class="group" data-group="{group}">{text(title, "summary")}{controls}</details>'
    return f'<section class="group" data-group="{group}">{text(title, "h3")}{controls}</section>'


def control_html(prefix: str, name: str, facts: Option, default: Any) -> str:
    """The control for an option: a check box, a choice, a number of a wide range, or a slider."""
    key, elem_id = f"{prefix}.{name}", f"{prefix}-{name}"
    data = f'data-name="{name}" data-default="{escape(json.dumps(default), quote=True)}"'
    if isinstance(default, float) and not facts.unit and facts.high == 1:
        data += ' data-share="yes"'
    if isinstance(default, bool):
        body = f'<label class="tick"><input type="checkbox" id="{elem_id}-input">{text(key)}</label>'
    elif facts.choices is not None:
        body = choices_html(prefix, name, facts.choices)
    elif facts.low is None or facts.high is None or facts.high - facts.low > 100:
        bounds = f'min="{facts.low:g}" max="{facts.high:g}"' if facts.low is not None and facts.high is not None else ""
        body = (
            f'<label class="number">{text(key)}'
            f'<input type="number" inputmode="decimal" step="any" {bounds} id="{elem_id}-input"></label>'
        )
    else:
        body = _slider_html(key, elem_id, facts.low, facts.high, default)
    return f'<div class="control" id="{elem_id}" {data}>{body}</div>'


def _slider_html(key: str, elem_id: str, low: float, high: float, default: Any) -> str:
    step = 1 if isinstance(default, int) else step_of(low, high)
    return (
        f'<label class="slide" for="{elem_id}-input">{text(key)}<output for="{elem_id}-input"></output>'
        f'<input type="range" min="{low:g}" max="{high:g}" step="{step:g}" id="{elem_id}-input"></label>'
    )


def choices_html(prefix: str, name: str, choices: Iterable[str], show_name: bool = True) -> str:
    """A choice as a row of chips, which are radio buttons for keyboard and screen reader."""
    chips = "".join(
        f'<label class="chip"><input type="radio" name="{prefix}-{name}" value="{escape(choice)}">'
        f"{text(f'choice.{choice}')}</label>"
        for choice in choices
    )
    legend = text(f"{prefix}.{name}", "legend", "" if show_name else 'class="hidden"')
    return f'<fieldset class="choice">{legend}<div class="chips">{chips}</div></fieldset>'


def step_of(low: float, high: float) -> float:
    """A round slider step, about a hundredth of the range."""
    return 10.0 ** math.floor(math.log10((high - low) / 50))


def picker_html(kind: str, accept: str, several: bool, buttons: str) -> str:
    """The file picker: choose, drop or paste; afterwards the file's name and the upload's progress."""
    many = " multiple" if several else ""
    return (
        f'<div class="picker" data-kind="{kind}">'
        f'<label class="drop"><input type="file" accept="{accept}"{many} {named(f"{kind}.choose")}>'
        f"{text(f'{kind}.choose', 'b')}{text(f'{kind}.drop')}</label>"
        f'<div class="buttons">{buttons}</div>'
        f'<p class="file" role="status" hidden><span class="name"></span><span class="amount"></span></p>'
        f'<progress max="1" value="0" {named("upload.progress")} hidden></progress>'
        f'<p class="problem" role="alert" hidden></p></div>'
    )
