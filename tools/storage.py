"""Shared storage: ordinary paths, or fsspec addresses such as ``s3://bucket/folder``."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from vision.types import MediaError


def is_address(path: str) -> bool:
    """Whether a path is an fsspec address and not a local path."""
    return "://" in path


def _opened(address: str) -> tuple[Any, str]:
    """The file system of an address and the path on it; raises ``ValueError`` if its package is not installed."""
    import fsspec

    try:
        return fsspec.core.url_to_fs(address)
    except ImportError as error:
        raise ValueError(f"{address.split('://')[0]} addresses need one package more: {error}") from error


def list_folder(address: str) -> Iterator[tuple[str, str]]:
    """Addresses of all files below an address, and their names below it, sorted."""
    system, root = _opened(address)
    for path in sorted(system.find(root)):
        yield system.unstrip_protocol(path), path[len(root) :].lstrip("/")


@contextmanager
def local_file(path: str) -> Iterator[Path]:
    """The file as a local path; a downloaded copy is deleted after the block.  Raises ``MediaError``."""
    if not is_address(path):
        yield Path(path)
        return
    with tempfile.TemporaryDirectory(prefix="fetched-") as folder:
        target = Path(folder) / Path(path).name
        fetch(path, target)
        yield target


def fetch(address: str, target: Path) -> None:
    """Copy a file from an address to a local path; raises ``MediaError`` if it does not exist."""
    system, path = _opened(address)
    try:
        system.get_file(path, str(target))
    except FileNotFoundError as error:
        raise MediaError(f"{Path(path).name} does not exist.") from error


def store(source: Path, address: str) -> None:
    """Copy a local file to a path or an address; missing folders are created."""
    if not is_address(address):
        Path(address).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(source, address)
        return
    system, path = _opened(address)
    system.makedirs(path.rsplit("/", 1)[0], exist_ok=True)
    system.put_file(str(source), path)


def discard(address: str) -> None:
    """Delete a file at an address if it exists."""
    system, path = _opened(address)
    try:
        system.rm_file(path)
    except FileNotFoundError:
        return
