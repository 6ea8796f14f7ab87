"""A visitor of the page without a browser: the queue's calls that the page makes, for ``tools.bench.load``."""

from __future__ import annotations

import json
import uuid
from pathlib import Path
from typing import Any

import httpx

WAIT = 300.0
"""Seconds after which an answer is given up."""

MOVES = 5
"""Number of slider moves."""


class PageVisit:
    """One tab of a browser: its session, its uploads, its calls of the page's events."""

    def __init__(self, address: str) -> None:
        self._base = f"{address.rstrip('/')}/gradio_api"
        self._session = uuid.uuid4().hex[:12]
        events = httpx.get(f"{address.rstrip('/')}/config", timeout=WAIT).json()["dependencies"]
        self._numbers = {event["api_name"]: event["id"] for event in events}

    def upload(self, path: Path) -> list[dict[str, Any]]:
        """Upload a file; returns the value of the file picker."""
        files = {"files": (path.name, path.read_bytes())}
        paths = httpx.post(f"{self._base}/upload", files=files, timeout=WAIT).json()
        return [{"path": paths[0], "orig_name": path.name, "meta": {"_type": "gradio.FileData"}}]

    def call(self, event: str, *data: Any) -> list[Any]:
        """The result of the event with the handler ``event``; raises ``RuntimeError`` if it failed."""
        body = {"data": data, "fn_index": self._numbers[event], "session_hash": self._session}
        httpx.post(f"{self._base}/queue/join", json=body, timeout=WAIT).raise_for_status()
        asked = {"session_hash": self._session}
        with httpx.stream("GET", f"{self._base}/queue/data", params=asked, timeout=WAIT) as stream:
            for line in stream.iter_lines():
                message = json.loads(line[6:]) if line.startswith("data: ") else {}
                if message.get("msg") == "process_completed":
                    if not message["success"]:
                        raise RuntimeError(message["output"].get("error"))
                    return message["output"]["data"]
        raise RuntimeError(f"{event}: the answer broke off")

    def photo(self, path: Path) -> None:
        """Open a photo and have its presets shown."""
        self.call("open", self.upload(path), {"screen": 800})
        self.call("thumbs", None)

    def move(self, number: int) -> None:
        """Move a slider."""
        asked = {"screen": 800, "seq": number, "settings": {"smoothing": number / (MOVES + 1)}}
        answer = self.call("move", None, asked)[0]
        if "after" not in answer:
            raise RuntimeError("no picture came back")

    def count(self, path: Path) -> None:
        """Count a video."""
        self.call("run", self.upload(path), None)
