"""The result rows of a batch, stored in one database per target and exported as tables."""

from __future__ import annotations

import csv
import fcntl
import sqlite3
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

from vision.files import replaced_at_end


@dataclass(frozen=True)
class Row:
    """Columns of every row.

    ``hash``: SHA-256 of the file; ``size`` in bytes and ``modified`` in seconds since 1970, both 0 at
    addresses; ``error``: a sentence, empty if all went well; ``took``: seconds of work; ``tries``: workers that began.
    """

    path: str
    hash: str = ""
    size: int = 0
    modified: float = 0.0
    error: str = ""
    warnings: str = ""
    took: float = 0.0
    tries: int = 1
    worker: str = ""


@dataclass(frozen=True)
class CountRow(Row):
    """The main skipper of a video; ``seconds``: its length; ``total``: everyone's jumps; ``output``: annotated copy."""

    seconds: float | None = None
    count: int | None = None
    without_rope: int | None = None
    style: str | None = None
    styles: str | None = None
    rope: bool | None = None
    turns: int | None = None
    per_minute: float | None = None
    longest_streak: int | None = None
    coverage: float | None = None
    people: int | None = None
    total: int | None = None
    output: str | None = None


@dataclass(frozen=True)
class BeautyRow(Row):
    """The faces of a photo; ``face_sizes``: their boxes as ``120x150 80x96``; ``output``: the retouched copy."""

    width: int | None = None
    height: int | None = None
    faces: int | None = None
    face_sizes: str | None = None
    output: str | None = None


KINDS: dict[str, type[Row]] = {"count": CountRow, "beauty": BeautyRow}
SQL = {"str": "TEXT", "int": "INTEGER", "float": "REAL", "bool": "INTEGER"}


def columns(kind: type[Row]) -> dict[str, str]:
    """Names and plain types (str, int, float, bool) of a kind's columns."""
    return {f.name: str(f.type).removesuffix(" | None") for f in fields(kind)}


class Store:
    """The rows of one target folder, locked by one process and bound to one job and set of settings.

    A row is on disk within ``EVERY`` seconds.  A context manager; raises ``ValueError`` for a target of another run.
    """

    EVERY = 0.5

    def __init__(self, target: Path, job: str, work: str) -> None:
        target.mkdir(parents=True, exist_ok=True)
        self._target, self._kind = target, KINDS[job]
        self._lock = (target / "lock").open("w")
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            self._lock.close()
            raise ValueError(f"Another batch is writing to {target}.") from None
        self._base = sqlite3.connect(target / "rows.sqlite")
        self._base.row_factory = sqlite3.Row
        self._saved = time.monotonic()
        try:
            self._claim(job, work)
        except BaseException:
            self.close()
            raise

    def __enter__(self) -> Store:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Save and unlock the target."""
        self._base.commit()
        self._base.close()
        self._lock.close()

    def _claim(self, job: str, work: str) -> None:
        names = ", ".join(f'"{n}" {SQL[t]}' + " PRIMARY KEY" * (n == "path") for n, t in columns(self._kind).items())
        self._base.execute("CREATE TABLE IF NOT EXISTS work (job TEXT, work TEXT)")
        before = self._base.execute("SELECT job, work FROM work").fetchone()
        if before is not None and tuple(before) != (job, work):
            raise ValueError(
                f"{self._target} holds the rows of another run ({before['job']}, other source, settings or weights); "
                "name another folder."
            )
        if before is None:
            self._base.execute("INSERT INTO work VALUES (?, ?)", (job, work))
        self._base.execute(f"CREATE TABLE IF NOT EXISTS rows ({names}) WITHOUT ROWID")
        self._base.commit()

    def find(self, path: str) -> Row | None:
        """The row of a path."""
        found = self._base.execute("SELECT * FROM rows WHERE path = ?", (path,)).fetchone()
        return None if found is None else self._kind(**dict(found))

    def put(self, row: Row) -> None:
        """Add a row, or replace the one of the same path."""
        values = asdict(row)
        marks = ", ".join("?" * len(values))
        self._base.execute(f"INSERT OR REPLACE INTO rows ({_names(values)}) VALUES ({marks})", tuple(values.values()))
        if time.monotonic() - self._saved > self.EVERY:
            self._base.commit()
            self._saved = time.monotonic()

    def total(self) -> tuple[int, int]:
        """Number of rows, and number of rows with an error."""
        return tuple(self._base.execute("SELECT COUNT(*), COALESCE(SUM(error != ''), 0) FROM rows").fetchone())

    def batches(self, size: int = 10_000) -> Iterator[list[dict[str, Any]]]:
        """All rows in the order of their paths."""
        found = self._base.execute(f"SELECT {_names(columns(self._kind))} FROM rows ORDER BY path")
        while rows := found.fetchmany(size):
            yield [_typed(dict(row), columns(self._kind)) for row in rows]

    def export(self) -> tuple[Path, Path]:
        """Write ``rows.parquet`` and ``rows.csv``, each atomically."""
        self._base.commit()
        parquet, table = self._target / "rows.parquet", self._target / "rows.csv"
        with replaced_at_end(parquet) as draft:
            _write_parquet(draft, columns(self._kind), self.batches())
        with replaced_at_end(table) as draft, draft.open("w", encoding="utf-8", newline="") as out:
            writer = csv.DictWriter(out, list(columns(self._kind)), lineterminator="\n")
            writer.writeheader()
            for rows in self.batches():
                writer.writerows(rows)
        return parquet, table


def _names(names: Any) -> str:
    return ", ".join(f'"{name}"' for name in names)


def _typed(row: dict[str, Any], types: dict[str, str]) -> dict[str, Any]:
    """The row with booleans restored, which SQLite does not have."""
    return {n: bool(v) if types[n] == "bool" and v is not None else v for n, v in row.items()}


def _write_parquet(path: Path, types: dict[str, str], batches: Iterator[Sequence[dict[str, Any]]]) -> None:
    import pyarrow as pa
    from pyarrow.parquet import ParquetWriter

    kinds = {"str": pa.string(), "int": pa.int64(), "float": pa.float64(), "bool": pa.bool_()}
    schema = pa.schema([(name, kinds[kind]) for name, kind in types.items()])
    with ParquetWriter(path, schema) as out:
        for rows in batches:
            out.write_table(pa.Table.from_pylist(list(rows), schema))
