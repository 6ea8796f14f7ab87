"""Uploads of visitors, and protection against requests that would make the server fetch an address."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import gradio as gr

from webui.gradio_start import load_deferred
from webui.texts import LANGUAGES, say


@dataclass(frozen=True)
class Upload:
    """An uploaded file: its path and its original name."""

    path: Path
    name: str


class OwnFilesOnly(gr.Blocks):
    """``gr.Blocks`` that reject addresses in every input of every endpoint, before Gradio would fetch them.

    Gradio downloads a file's ``path`` if it is an address, for any component.
    """

    def launch(self, *given: Any, **named: Any) -> Any:
        """Gradio's method; imports what its start deferred once the server answers."""
        addresses = super().launch(*given, **named)
        load_deferred()
        return addresses

    async def preprocess_data(self, block_fn: Any, inputs: list[Any], *more: Any, **named: Any) -> Any:
        """Gradio's method after a check of all inputs; raises ``gr.Error`` if one has an address."""
        if any(is_address(path) for path in paths_in(inputs)):
            raise gr.Error(" / ".join(say(words, "error.address") for words in LANGUAGES), print_exception=False)
        return await super().preprocess_data(block_fn, inputs, *more, **named)


def paths_in(data: Any) -> Iterator[Any]:
    """Every ``path`` of every mapping within nested lists and mappings."""
    if isinstance(data, dict):
        if "path" in data:
            yield data["path"]
        for value in data.values():
            yield from paths_in(value)
    elif isinstance(data, (list, tuple)):
        for value in data:
            yield from paths_in(value)


def is_address(path: Any) -> bool:
    """Whether a path is a web address or inline data."""
    return isinstance(path, str) and ("://" in path or path.startswith("data:"))


def uploads_of(payload: Any, folder: Path) -> list[Upload]:
    """The uploaded files that a request names (one or a list); files outside of ``folder`` are ignored."""
    entries = payload if isinstance(payload, list) else [payload]
    found = []
    for entry in entries:
        path = entry.get("path") if isinstance(entry, dict) else None
        if isinstance(path, str) and path and Path(path).resolve().is_relative_to(folder.resolve()):
            name = entry.get("orig_name")
            found.append(Upload(Path(path), name if isinstance(name, str) and name else Path(path).name))
    return found


def result_name(name: str, addition: str, suffix: str) -> str:
    """The name of a result from its source's: ``IMG_1234.HEIC`` becomes ``IMG_1234_beauty.heic``."""
    stem = re.sub(r"[^\w\- ()]+", "_", Path(name.replace("\\", "/")).stem).strip(" _")[:80]
    return f"{stem or 'file'}_{addition}{suffix}"
