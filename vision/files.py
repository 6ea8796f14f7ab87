"""Files that appear whole or not at all, and the names used for them in messages."""

from __future__ import annotations

import os
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from vision.types import MediaError


@contextmanager
def replaced_at_end(path: str | Path) -> Iterator[Path]:
    """Give a new path beside ``path``; it takes ``path``'s name when the block ends without an error.

    On any error (also one that a caller raises to cancel) nothing is left behind and a file that
    was there before stays as it was.  Raises ``MediaError`` when the folder is missing.
    """
    path = Path(path)
    if not path.parent.is_dir():
        raise MediaError(f"{path.name} cannot be written: there is no folder {path.parent}.")
    if path.is_dir():
        raise MediaError(f"{path.name} cannot be written: a folder has this name.")
    draft = path.with_name(f".{uuid.uuid4().hex}{path.suffix}")
    try:
        yield draft
        os.replace(draft, path)
    finally:
        draft.unlink(missing_ok=True)


def check_readable(path: str | Path) -> None:
    """Raise ``MediaError`` when ``path`` is no file, is empty or may not be read."""
    path = Path(path)
    if path.is_dir():
        raise MediaError(f"{path.name} is a folder, not a file.")
    if not path.exists():
        raise MediaError(f"{path.name} does not exist.")
    if path.stat().st_size == 0:
        raise MediaError(f"{path.name} is empty.")
    if not os.access(path, os.R_OK):
        raise MediaError(f"{path.name} may not be read (no permission).")
