"""Atomic writing of files, early checks of targets, and error messages."""

from __future__ import annotations

import os
import shutil
import stat
import tempfile
import uuid
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from pathlib import Path

from vision.types import MediaError

ROOM = 1_000_000
"""Free bytes on the disk that are required before a file is written."""


@contextmanager
def replaced_at_end(path: str | Path) -> Generator[Path, None, None]:
    """A temporary path beside ``path``, renamed to ``path`` when the block ends without an error.

    A link is followed.  After an exception (also of a cancelled job) the temporary file is deleted and an existing file
    is unchanged.  Raises ``MediaError`` when the file cannot be written.
    """
    check_target(path)
    real = Path(os.path.realpath(path))
    draft = real.with_name(f".{uuid.uuid4().hex}{real.suffix}")
    try:
        yield draft
        os.replace(draft, real)
    except OSError as error:
        raise MediaError(f"{Path(path).name} cannot be written: {reason(error)}.") from error
    finally:
        draft.unlink(missing_ok=True)


def check_target(path: str | Path, suffixes: Sequence[str] = ()) -> None:
    """Raise ``MediaError`` if a file could not be written at ``path``; called before the work.

    Checks the suffix (if ``suffixes`` are given), the folder, the name, the permissions and the free disk space.
    """
    path = Path(path)
    real = Path(os.path.realpath(path))
    problem = _problem(path, real, suffixes)
    if problem is None:
        problem = _probe(real)
    if problem is not None:
        raise MediaError(f"{path.name[:80]} cannot be written: {problem}.")


def _problem(path: Path, real: Path, suffixes: Sequence[str]) -> str | None:
    if suffixes and path.suffix.lower() not in suffixes:
        return f"its name must end in {', '.join(suffixes)}"
    if len(os.fsencode(real.name)) > 255:
        return "its name is too long"
    if not real.parent.is_dir():
        return f"there is no folder {path.parent}"
    if real.is_dir():
        return "a folder has this name"
    if real.exists() and not real.is_file():
        return "this is no place for a file"
    if real.exists() and not os.access(real, os.W_OK):
        return "the file there may not be replaced (no permission)"
    return None


def _probe(real: Path) -> str | None:
    """The error message of creating a file beside the target, None if it works."""
    draft = real.with_name(f".{uuid.uuid4().hex}")
    try:
        draft.touch()
        draft.unlink()
        free = shutil.disk_usage(real.parent).free
    except OSError as error:
        return reason(error)
    return "the disk is full" if free < ROOM else None


def reason(error: BaseException) -> str:
    """The message of an error, without file names."""
    words = getattr(error, "strerror", None) or str(error) or type(error).__name__
    return " ".join(words.split()).rstrip(".")


def write_text(path: str | Path, text: str) -> None:
    """Write a text file atomically, or write into a pipe or device; raises ``MediaError``."""
    if _is_special(path):
        try:
            Path(path).write_text(text, encoding="utf-8")
        except OSError as error:
            raise MediaError(f"{Path(path).name} cannot be written: {reason(error)}.") from error
        return
    with replaced_at_end(path) as draft:
        draft.write_text(text, encoding="utf-8")


def check_text_target(path: str | Path) -> None:
    """``check_target`` for ``write_text``."""
    if not _is_special(path):
        check_target(path)


def _is_special(path: str | Path) -> bool:
    path = Path(path)
    return path.exists() and not path.is_file() and not path.is_dir()


@contextmanager
def seekable(path: str | Path) -> Generator[Path, None, None]:
    """The path itself, or for a pipe the path of a temporary copy that is deleted after the block."""
    path = Path(path)
    if not path.exists() or not stat.S_ISFIFO(path.stat().st_mode):
        yield path
        return
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / path.name
        with path.open("rb") as source, copy.open("wb") as target:
            shutil.copyfileobj(source, target)
        yield copy


def check_readable(path: str | Path) -> None:
    """Raise ``MediaError`` if ``path`` is not a file, is empty or may not be read."""
    path = Path(path)
    if path.is_dir():
        raise MediaError(f"{path.name} is a folder, not a file.")
    if not path.exists():
        raise MediaError(f"{path.name} does not exist.")
    if path.stat().st_size == 0:
        raise MediaError(f"{path.name} is empty.")
    if not os.access(path, os.R_OK):
        raise MediaError(f"{path.name} may not be read (no permission).")


def film_in_photo(data: bytes) -> int:
    """Byte offset of the video in a motion photo (a JPEG with an MP4 file appended); 0 without one."""
    brand = data.rfind(b"ftyp") if data[:3] == b"\xff\xd8\xff" else -1
    return brand - 4 if brand >= 4 and data[brand - 4 : brand - 2] == b"\0\0" else 0
