"""The texts that the browser translates, and the page about the app."""

from __future__ import annotations

from itertools import chain

import gradio as gr

from beauty.settings import PRESETS, BeautySettings
from counting.settings import CountSettings
from vision.options import options_of
from webui.inputs import option_texts
from webui.names import choice_texts
from webui.service import Limits
from webui.studio import Studio
from webui.texts import ABOUT, LANGUAGES, browser_key, span_text, translations


def page_texts(limits: Limits) -> dict[str, dict[str, str]]:
    """All labels by language, with the limits filled in."""
    choices = chain.from_iterable(facts.choices or () for facts in options_of(BeautySettings).values())
    more = option_texts("beauty", BeautySettings) | option_texts("jump", CountSettings)
    more |= choice_texts(["custom", *PRESETS, *choices])
    more["about"] = ABOUT
    tables = translations(more)
    return {
        words: {key: _filled(text, key, words, limits) for key, text in tables[words].items()} for words in LANGUAGES
    }


def _filled(text: str, key: str, words: str, limits: Limits) -> str:
    if key == browser_key("photo.limits"):
        return text.format(megabytes=limits.file_megabytes, megapixels=f"{limits.photo_megapixels:g}")
    if key == browser_key("video.limits"):
        span = span_text(words, limits.video_seconds)
        return text.format(seconds=span, megabytes=limits.file_megabytes, megapixels=f"{limits.frame_megapixels:g}")
    return text


def show_about(studio: Studio) -> None:
    """Show the page about the app: models, limits, and the handling of visitors' files."""
    gr.Markdown(studio.text("about"), elem_id="about")
