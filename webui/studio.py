"""Shared by both tabs: models, limits, the folder for results, and the queue's concurrency."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import gradio as gr

from webui.live_sessions import LiveSessions
from webui.service import Limits, Models, ResultFolder
from webui.texts import browser_key
from webui.uploads import Upload, uploads_of

KEEP_PRIVATE: dict[str, Any] = {"api_visibility": "private"}


@dataclass(frozen=True)
class Workers:
    """Concurrency of requests: photos, videos and quick recounts have separate queues."""

    photos: int = 2
    videos: int = 1

    def photo(self) -> dict[str, Any]:
        """Event arguments of work on photos."""
        return {"concurrency_id": "photo", "concurrency_limit": self.photos}

    def video(self) -> dict[str, Any]:
        """Event arguments of work on videos."""
        return {"concurrency_id": "video", "concurrency_limit": self.videos}

    def quick(self) -> dict[str, Any]:
        """Event arguments of work that takes milliseconds."""
        return {"concurrency_id": "quick", "concurrency_limit": 8}


@dataclass(frozen=True)
class Studio:
    """Dependencies of the handlers."""

    models: Models
    limits: Limits
    folder: ResultFolder
    workers: Workers
    translate: gr.I18n
    sessions: LiveSessions

    def text(self, key: str) -> Any:
        """A label that the browser translates."""
        return self.translate(browser_key(key))

    def uploads(self, payload: Any) -> list[Upload]:
        """The uploaded files that a request names."""
        return uploads_of(payload, self.folder.root)

    def entry(self, path: Path) -> dict[str, Any]:
        """A file of the app in the format of the file picker."""
        facts = {"path": str(path), "orig_name": path.name, "size": path.stat().st_size}
        return facts | {"meta": {"_type": "gradio.FileData"}}

    def named(self, path: Path) -> dict[str, str]:
        """A file for the page to download."""
        return {"path": str(path), "name": path.name}

    @property
    def max_pixels(self) -> int:
        """Most pixels of a photo."""
        return round(self.limits.photo_megapixels * 1e6)


Handler = Callable[..., Any]
