"""Every sentence that readers and counter can say about a file has its Chinese one."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from vision.types import MediaError
from webui.errors import sentence
from webui.names import translated
from webui.remarks import REMARKS
from webui.service import Limits

ROOT = Path(__file__).parents[2]
KNOWN = r"HDR|PQ|RGB|CMYK|PNG|JPEG|MPO|WebP|TIFF|HEIC|EXIF|MP4|GIF|(?<!\w)x(?!\w)|name\.jpg"
VALUES = {"name": "HDR (PQ)", "degrees": "to the left", "kind": "GIF", "ways": "to the left"}
"""What stands in the blanks of sentences; a number in all others."""


def blank(part: ast.FormattedValue) -> str:
    """Something that may stand in a blank of an f-string."""
    text = ast.unparse(part.value)
    if re.search(r"path|_video|source", text) or (text == "name" and part.conversion == 115):
        return "name.jpg"
    return next((value for key, value in VALUES.items() if key in text), "40%" if "%" in ast.unparse(part) else "40")


def sentences(node: ast.AST) -> Iterator[str]:
    """Whole sentences in a piece of code, their blanks filled."""
    if isinstance(node, ast.JoinedStr):
        parts = (p.value if isinstance(p, ast.Constant) else blank(p) for p in node.values)  # type: ignore[arg-type]
        yield "".join(map(str, parts))
    elif isinstance(node, ast.Constant):
        if isinstance(node.value, str):
            yield node.value
    else:
        for child in ast.iter_child_nodes(node):
            yield from sentences(child)


def remarks() -> Iterator[tuple[str, str]]:
    """File and sentence of all notes and warnings: what is appended to or yielded as such, and named constants."""
    for folder in ("vision", "counting"):
        for path in sorted((ROOT / folder).glob("*.py")):
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                for said in sentences(node) if is_remark(node) else ():
                    if re.match(r"[A-Z].*\.$", said, re.S):
                        yield path.name, said


def is_remark(node: ast.AST) -> bool:
    """Whether a statement adds, yields, returns or names something."""
    if isinstance(node, ast.Call):
        return ast.unparse(node.func).endswith(("notes.append", "tuple"))
    constant = isinstance(node, ast.Assign) and isinstance(node.value, ast.Constant)
    return constant or isinstance(node, (ast.Yield, ast.Return))


def refusals() -> Iterator[tuple[str, str]]:
    """File and sentence of all errors of reading."""
    for name in (
        "vision/image.py",
        "vision/container.py",
        "vision/video.py",
        "vision/files.py",
        "counting/pipeline.py",
    ):
        for node in ast.walk(ast.parse((ROOT / name).read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and ast.unparse(node.func) == "MediaError":
                said = next(sentences(node)).replace("HDR (PQ)", "name.jpg")
                if not re.search("written|writing", said):
                    yield name, said


def test_remarks_are_found_where_they_are_made() -> None:
    found = {said for _, said in remarks()}
    assert len(found) >= 25
    assert {"The sound could not be kept.", "Grey was turned into colour.", "The GIF file is kept as PNG."} <= found


@pytest.mark.parametrize(("file", "said"), sorted(set(remarks())))
def test_every_remark_has_its_chinese(file: str, said: str) -> None:
    chinese = translated("zh", said)
    assert re.search(r"[\u4e00-\u9fff]", chinese), file
    assert not re.search(r"[A-Za-z]{2,}", re.sub(KNOWN, "", chinese)), chinese
    assert translated("en", said) == said


REASONS = ("is not a video that can be read, or it is incomplete", "is a photo and carries no film")


def all_refusals() -> list[str]:
    said = {text for _, text in refusals()}
    whole = {text for text in said if text.count("name.jpg") < 2 and not text.endswith(" 40.")}
    return sorted(whole | {f"name.jpg {reason}." for reason in REASONS})


@pytest.mark.parametrize("said", all_refusals())
def test_every_refusal_of_a_file_is_told_in_chinese(said: str) -> None:
    told = sentence(MediaError(said), "video", "zh", Limits())
    assert told is not None
    left = re.sub(KNOWN + "|WebM|MKV|MOV", "", told)
    assert not re.search(r"[A-Za-z]{2,}", left), told


def test_patterns_fill_what_they_caught() -> None:
    assert (
        translated("zh", "The photo has 16 bits per channel; the retouched one has 8.")
        == "照片每通道为 16 位，处理后为 8 位。"
    )
    for pattern, chinese in REMARKS.items():
        assert re.compile(pattern).groups >= len(set(re.findall(r"\\(\d)", chinese)))
