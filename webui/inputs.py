"""Settings from the data of pages and API clients, and the endpoints' parameters, by declared options."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import fields
from typing import Any, TypeVar

import gradio as gr
from gradio.blocks import Block
from gradio.components import Component

from vision.options import Option, options_of
from webui.panel import step_of
from webui.texts import option_labels

Settings = TypeVar("Settings")


def option_texts(prefix: str, settings: type) -> dict[str, tuple[str, str]]:
    """Labels of all options and of their choices in both languages, by text key."""
    texts = {}
    for name, facts in options_of(settings).items():
        texts[f"{prefix}.{name}"] = option_labels(name, facts)
    return texts


def api_controls(prefix: str, settings: type, label: Callable[[str], Any]) -> dict[str, Block]:
    """Invisible components by option name, which make the options parameters of an endpoint."""
    defaults = {f.name: f.default for f in fields(settings)}
    facts = options_of(settings)
    return {name: control(facts[name], defaults[name], label(f"{prefix}.{name}")) for name in facts}


def control(facts: Option, default: Any, label: Any) -> Component:
    """The component for an option: check box for booleans, list for choices, slider for a range, else a number."""
    if isinstance(default, bool):
        return gr.Checkbox(default, label=label, visible=False)
    if facts.choices is not None:
        return gr.Dropdown(list(facts.choices), value=default, label=label, visible=False)
    if facts.low is not None and facts.high is not None:
        step = 1 if isinstance(default, int) else step_of(facts.low, facts.high)
        return gr.Slider(facts.low, facts.high, value=default, step=step, label=label, visible=False)
    return gr.Number(default, label=label, visible=False)


def settings_of(kind: type[Settings], values: Any) -> Settings:
    """Settings from named values, converted to the declared number types; raises ``ValueError``."""
    given = values if isinstance(values, Mapping) else {}
    made = {}
    for f in fields(kind):  # type: ignore[arg-type]  # a dataclass's own type
        value = given.get(f.name)
        number = isinstance(f.default, (int, float)) and not isinstance(f.default, bool)
        if number and isinstance(value, (int, float)) and not isinstance(value, bool):
            value = type(f.default)(value)
        made[f.name] = f.default if value is None else value
    return kind(**made)
