"""The files of a batch: a folder (recursive), a list, or a column of a CSV or Parquet table."""

from __future__ import annotations

import csv
import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from tools.storage import is_address, list_folder

COLUMNS = ("path", "file", "filename", "video", "photo", "image")
"""Names of the column with the paths, in this order; a table with a single column needs no name."""


@dataclass(frozen=True)
class Item:
    """One file: its ``path`` or address, its ``name`` below the source, ``known``: the hash of its earlier row."""

    path: str
    name: str
    known: str = ""


def list_items(source: str, suffixes: Iterable[str]) -> Iterator[Item]:
    """The files of a source, one after the other, in a fixed order.

    A folder (also an address such as ``s3://bucket/clips``) gives those with one of the ``suffixes``, hidden ones left
    out.  A ``.csv`` or ``.parquet`` table gives the column named in ``COLUMNS``; any other file is a list with one path
    on each line.  Relative paths in lists and tables count from the list's own folder.  Raises ``ValueError``.
    """
    if is_address(source):
        return (Item(path, name) for path, name in list_folder(source) if _wanted(name, suffixes))
    place = Path(source)
    if place.is_dir():
        return _walked(place, tuple(suffixes))
    if not place.is_file():
        raise ValueError(f"{source} does not exist.")
    readers = {".csv": _csv_paths, ".parquet": _parquet_paths}
    return _listed(readers.get(place.suffix.lower(), _list_paths)(place), place.parent.resolve())


def _wanted(name: str, suffixes: Iterable[str]) -> bool:
    path = Path(name)
    return path.suffix.lower() in suffixes and not any(part.startswith(".") for part in path.parts)


def _walked(folder: Path, suffixes: tuple[str, ...]) -> Iterator[Item]:
    root = folder.resolve()
    for base, folders, files in os.walk(root):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in sorted(files):
            below = str((Path(base) / name).relative_to(root))
            if _wanted(name, suffixes):
                yield Item(str(root / below), below)


def _listed(paths: Iterable[str], folder: Path) -> Iterator[Item]:
    """Items of the paths; their names are their whole paths without the root."""
    for text in paths:
        if is_address(text):
            yield Item(text, text.split("://", 1)[1])
        elif text:
            path = folder / text
            yield Item(str(path), str(path.relative_to(path.anchor)))


def _list_paths(place: Path) -> Iterator[str]:
    with place.open(encoding="utf-8") as lines:
        yield from (line.strip() for line in lines)


def _csv_paths(place: Path) -> Iterator[str]:
    with place.open(encoding="utf-8-sig", newline="") as lines:
        table = csv.DictReader(lines)
        column = _column(place, table.fieldnames or ())
        yield from ((row[column] or "").strip() for row in table)


def _parquet_paths(place: Path) -> Iterator[str]:
    from pyarrow.parquet import ParquetFile

    with ParquetFile(place) as table:
        column = _column(place, table.schema_arrow.names)
        for batch in table.iter_batches(10_000, columns=[column]):
            yield from ((value or "").strip() for value in batch.column(0).to_pylist())


def _column(place: Path, names: Iterable[str]) -> str:
    names = list(names)
    found = [name for wanted in COLUMNS for name in names if name.lower() == wanted]
    if found or len(names) == 1:
        return (found or names)[0]
    raise ValueError(f"{place.name} has no column named {', '.join(COLUMNS[:-1])} or {COLUMNS[-1]}.")
