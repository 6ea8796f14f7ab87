"""Upload fields that hand on the file as it came, and controls generated from declared options."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import fields
from pathlib import Path
from typing import Any, TypeVar

import gradio as gr
from gradio.components import Component

from vision.options import Option, options_of
from webui.texts import option_labels

NO_ADDRESS = "Send the file itself, not an address."

Settings = TypeVar("Settings")


def _own_file(payload: Any) -> str | None:
    """The uploaded file's path; addresses and inline data are refused, so the server fetches nothing for a visitor."""
    if payload is None:
        return None
    if not payload.path or "://" in payload.path or payload.path.startswith("data:"):
        raise gr.Error(NO_ADDRESS, print_exception=False)
    return payload.path


def untouched(field: Component) -> Any:
    """Make an image or video field give the path of the file as it was uploaded, unopened and unconverted.

    Whether the file can be read is decided later, with our own sentences.  (The methods are replaced
    on the instance: a subclass would make Gradio write a stub file beside this one.)
    """
    keep = field.async_move_resource_to_block_cache

    async def no_address(url_or_file_path: str | Path | None) -> str | None:
        if url_or_file_path is not None and "://" in str(url_or_file_path):
            raise gr.Error(NO_ADDRESS, print_exception=False)
        return await keep(url_or_file_path)

    field.preprocess = _own_file
    field.async_move_resource_to_block_cache = no_address
    return field


def option_texts(prefix: str, settings: type) -> dict[str, tuple[str, str]]:
    """Labels of all options and of their choices in both languages, by text key."""
    texts = {}
    for name, facts in options_of(settings).items():
        texts[f"{prefix}.{name}"] = option_labels(name, facts)
    return texts


def step_of(low: float, high: float) -> float:
    """A round slider step, about a hundredth of the range."""
    return 10.0 ** math.floor(math.log10((high - low) / 50))


def control(facts: Option, default: Any, label: Any, elem_id: str) -> Component:
    """The control that fits an option: tick for booleans, slider for a range, else a field for a number."""
    if isinstance(default, bool):
        return gr.Checkbox(default, label=label, elem_id=elem_id)
    if facts.low is not None and facts.high is not None:
        step = 1 if isinstance(default, int) else step_of(facts.low, facts.high)
        return gr.Slider(facts.low, facts.high, value=default, step=step, label=label, buttons=[], elem_id=elem_id)
    return gr.Number(default, label=label, elem_id=elem_id)


def make_settings(kind: type[Settings], names: Sequence[str], values: Sequence[Any]) -> Settings:
    """Settings of the controls' values; whole numbers and decimals as declared; raises ``ValueError``."""
    defaults: Mapping[str, Any] = {f.name: f.default for f in fields(kind)}  # type: ignore[arg-type]
    given = {}
    for name, value in zip(names, values, strict=True):
        default = defaults[name]
        number = isinstance(default, (int, float)) and not isinstance(default, bool)
        if number and isinstance(value, (int, float)) and not isinstance(value, bool):
            value = type(default)(value)
        given[name] = default if value is None else value
    return kind(**given)
