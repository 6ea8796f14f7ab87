"""Networks made ready for this processor, kept in the user's cache folder: they load in a seventh of the time."""

from __future__ import annotations

import hashlib
import os
import sys
import tempfile
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

_DIGEST = 32
"""Bytes of the SHA-256 at the beginning of a file."""


def cache_folder() -> Path:
    """Where the system wants caches; it need not exist."""
    if sys.platform == "win32":
        base = os.environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local"
    elif sys.platform == "darwin":
        base = Path.home() / "Library" / "Caches"
    else:
        base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base) / "keypoint-studio" / "networks"


def kept(name: str, key: str, make: Callable[[], bytes]) -> bytes:
    """What ``make`` gives, from the cache where it was made before with this ``key``.

    Of each ``name`` one file is kept.  A folder that cannot be written and a damaged file do no harm.
    """
    path = None
    with suppress(OSError, RuntimeError):  # no home
        path = cache_folder() / f"{name}-{hashlib.sha256(key.encode()).hexdigest()[:16]}.blob"
        data = path.read_bytes()
        if hashlib.sha256(data[_DIGEST:]).digest() == data[:_DIGEST]:
            return data[_DIGEST:]
    made = make()
    if path is not None:
        with suppress(OSError):
            _keep(path, made, name)
    return made


def _keep(path: Path, data: bytes, name: str) -> None:
    """Write a file that is whole or not there, in the place of others of this name."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile(dir=path.parent, delete=False) as draft:
        draft.write(hashlib.sha256(data).digest() + data)
    os.replace(draft.name, path)
    for other in path.parent.glob(f"{name}-*.blob"):
        if other != path:
            other.unlink(missing_ok=True)
