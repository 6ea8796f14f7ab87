"""Texts of the page: two languages, labels, remarks, names of results."""

from __future__ import annotations

import re
import string
from pathlib import Path

import pytest

from beauty.settings import BeautySettings
from counting.settings import CountSettings
from vision.options import options_of
from webui import panel
from webui.names import choice_name, translated
from webui.page import page_texts
from webui.service import Limits
from webui.texts import TEXTS, browser_key, language_of, span_text
from webui.uploads import result_name


def blanks(text: str) -> set[str | None]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name}


@pytest.mark.parametrize("key", TEXTS)
def test_every_text_exists_in_both_languages_with_the_same_blanks(key: str) -> None:
    english, chinese = TEXTS[key]
    assert english
    assert chinese
    assert blanks(english) == blanks(chinese)


def test_every_label_of_the_page_is_translated() -> None:
    tables = page_texts(Limits())
    assert tables["en"].keys() == tables["zh"].keys()
    limits = [table[f"studio_{kind}_limits"] for table in tables.values() for kind in ("photo", "video")]
    assert not [text for text in limits if "{" in text]
    labels = [f"studio_beauty_{name}" for name in options_of(BeautySettings)]
    labels += [f"studio_jump_{name}" for name in options_of(CountSettings)]
    assert all(re.search(r"[一-鿿]", tables["zh"][label]) for label in labels)


@pytest.mark.parametrize(
    ("header", "language"),
    [(None, "en"), ("", "en"), ("zh-CN,zh;q=0.9,en;q=0.8", "zh"), ("de-DE,zh-TW;q=0.5", "zh"), ("en-GB,zh", "en"),
     ("fr", "en"), (";;,,q=1", "en")],
)  # fmt: skip
def test_the_first_language_that_the_browser_names_wins(header: str | None, language: str) -> None:
    assert language_of(header) == language


def test_time_limits_are_told_in_whole_minutes_where_that_is_exact() -> None:
    assert span_text("en", 600) == "10 minutes"
    assert span_text("zh", 90) == "90 秒"


def test_choices_and_remarks_are_translated_and_unknown_ones_stay() -> None:
    assert choice_name("zh", "two feet") == "双脚跳"
    assert choice_name("en", "two feet") == "Two feet"
    assert "无绳" in translated("zh", "Jumps without a rope: 3. No turning wrists and no rope were seen.")
    assert translated("zh", "Something new.") == "Something new."


def test_all_texts_that_the_page_names_exist() -> None:
    known = set(page_texts(Limits())["en"])
    folder = Path(panel.__file__).parent
    scripts = "".join(path.read_text() for path in (folder / "static").glob("*.js"))
    sources = "".join(path.read_text() for path in folder.glob("*.py"))
    named = set(re.findall(r"\bt\('([\w.]+\w)'[,)]", scripts))
    named |= set(re.findall(r"""(?:text|named|button)\(f?["']([a-z][\w.]+)["'][,)]""", sources))
    assert len(named) > 40
    assert {browser_key(key) for key in named} - known == set()


@pytest.mark.parametrize(
    ("name", "result"),
    [
        ("IMG_1234.HEIC", "IMG_1234_beauty.jpg"),
        ("../../etc/passwd", "passwd_beauty.jpg"),
        ("C:\\fotos\\me & you.png", "me _ you_beauty.jpg"),
        ("照片.jpg", "照片_beauty.jpg"),
        ("...", "file_beauty.jpg"),
        ("a" * 300, "a" * 80 + "_beauty.jpg"),
    ],
)
def test_results_are_named_after_their_source(name: str, result: str) -> None:
    assert result_name(name, "beauty", ".jpg") == result
