"""Calls of the running app, as a program and as the page make them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import httpx
import pytest
from gradio_client import Client, handle_file
from gradio_client.exceptions import AppError


def beautify(client: Client, path: Path, **settings: Any) -> tuple[Path, dict[str, Any]]:
    file, found = client.predict(photo=handle_file(str(path)), **settings, api_name="/beautify")
    return Path(file), found


def refused(call) -> str:
    """The sentence with which a call is refused."""
    with pytest.raises(AppError) as caught:
        call()
    words = str(caught.value)
    assert "Traceback" not in words
    assert "/tmp" not in words
    return words


def page_event(server: str, name: str) -> int:
    """The number of the page's event with the handler ``name``."""
    events = httpx.get(f"{server}/config").json()["dependencies"]
    return next(event["id"] for event in events if event["api_name"] == name)


def sent_file(server: str, path: Path) -> dict[str, Any]:
    """Upload a file as the page does."""
    paths = httpx.post(f"{server}/gradio_api/upload", files={"files": (path.name, path.read_bytes())}).json()
    return {"path": paths[0], "orig_name": path.name, "meta": {"_type": "gradio.FileData"}}


def queue_call(server: str, session: str, number: int, data: list[Any]) -> list[dict[str, Any]]:
    """Put a call of any event of the page into the queue, as a browser does; its messages to the end."""
    base = f"{server}/gradio_api/queue"
    body = {"data": data, "fn_index": number, "session_hash": session, "event_data": None, "trigger_id": None}
    joined = httpx.post(f"{base}/join", json=body)
    assert joined.status_code == 200, joined.text
    messages = []
    with httpx.stream("GET", f"{base}/data", params={"session_hash": session}, timeout=60) as stream:
        for line in stream.iter_lines():
            if line.startswith("data: "):
                messages.append(json.loads(line[6:]))
                if messages[-1]["msg"] in ("process_completed", "close_stream"):
                    break
    return messages
