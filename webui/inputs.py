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

Settings = TypeVar("Settings")


def _own_file(payload: Any) -> str | None:
    """The uploaded file's path; addresses and inline data are refused, so the server fetches nothing for a visitor."""
    if payload is None:
        return None
    if not payload.path or payload.path.startswith(("http://", "https://", "data:")):
        raise gr.Error("Send the file itself, not an address.", print_exception=False)
    return payload.path


async def _no_address(path: str | Path | None) -> None:
    if path is not None and "://" in str(path):
        raise gr.Error("Send the file itself, not an address.", print_exception=False)


class PhotoInput(gr.Image):
    """An image field that gives the path of the untouched file; whether it can be read is decided later."""

    is_template = True

    def preprocess(self, payload: Any) -> Any:
        return _own_file(payload)

    async def async_move_resource_to_block_cache(self, url_or_file_path: str | Path | None) -> str | None:
        await _no_address(url_or_file_path)
        return await super().async_move_resource_to_block_cache(url_or_file_path)


class VideoInput(gr.Video):
    """A video field that gives the path of the untouched file and never starts a converter."""

    is_template = True

    def preprocess(self, payload: Any) -> Any:
        return _own_file(payload)

    async def async_move_resource_to_block_cache(self, url_or_file_path: str | Path | None) -> str | None:
        await _no_address(url_or_file_path)
        return await super().async_move_resource_to_block_cache(url_or_file_path)


class VideoResult(gr.Video):
    """A video that is shown as it is: it was written for browsers already."""

    is_template = True

    def postprocess(self, value: Any) -> Any:
        return None if value is None else gr.FileData(path=str(value), orig_name=Path(value).name)


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
