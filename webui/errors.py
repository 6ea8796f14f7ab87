"""Error messages that tell a visitor what to do; tracebacks are only logged."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import gradio as gr

from models import MissingWeights
from vision.types import MediaError
from webui.jobs import CancelledError
from webui.names import translated
from webui.service import LOG, BusyError, Limits, logged
from webui.texts import language_of, say, span_text
from webui.videos import TooLargeError, TooLongError


def language(request: gr.Request | None) -> str:
    """The language requested by the visitor's browser."""
    return language_of(request.headers.get("accept-language") if request is not None else None)


@contextmanager
def guard(event: str, kind: str, words: str, limits: Limits) -> Iterator[None]:
    """Convert any exception of the block to ``gr.Error`` in the language ``words``; ``kind`` is photo or video."""
    try:
        with logged(event):
            yield
    except (gr.Error, CancelledError):
        raise
    except Exception as error:
        text = sentence(error, kind, words, limits)
        if text is None:
            LOG.exception("unexpected")
            text = say(words, "error.unknown")
        raise gr.Error(text, title=say(words, "error"), print_exception=False) from None


def sentence(error: Exception, kind: str, words: str, limits: Limits) -> str | None:
    """The message for the visitor; None for an unexpected error."""
    if isinstance(error, MissingWeights):
        LOG.error("missing weights: %s", error)
        return say(words, "error.weights")
    if isinstance(error, TooLongError):
        return say(words, "error.long", limit=span_text(words, limits.video_seconds))
    if isinstance(error, TooLargeError):
        return say(words, "error.large", size=f"{error.megapixels:.1f}", limit=f"{limits.frame_megapixels:g}")
    if isinstance(error, MediaError):
        return say(words, f"error.{kind}", detail=translated(words, _detail(error)))
    if isinstance(error, FileNotFoundError):
        return say(words, "error.gone")
    if isinstance(error, BusyError):
        return say(words, "error.busy")
    if isinstance(error, MemoryError):
        return say(words, "error.memory")
    if isinstance(error, ValueError):
        return say(words, "error.value", detail=_detail(error))
    return None


def _detail(error: Exception) -> str:
    """The error's own message, without paths and escaped for HTML."""
    words = " ".join(Path(w.strip("'\":,")).name if "/" in w else w for w in str(error).split())
    words = words.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")[:300]
    return words if words.endswith((".", "!", "。")) else words + "."


def existing(path: str | None, missing: str, words: str) -> Path:
    """The path of a visitor's file; raises ``gr.Error`` if none was chosen or it was deleted meanwhile."""
    if not path:
        raise gr.Error(say(words, missing), title=say(words, "error"), print_exception=False)
    if not Path(path).is_file():
        raise gr.Error(say(words, "error.gone"), title=say(words, "error"), print_exception=False)
    return Path(path)
