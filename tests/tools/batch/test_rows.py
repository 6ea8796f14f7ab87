"""The rows of a batch: kept once, whatever ends the run, and never those of two runs together."""

from __future__ import annotations

import csv
import subprocess
import sys
from pathlib import Path

import pytest
from pyarrow import parquet

from tools.batch.rows import BeautyRow, CountRow, Store

ROOT = Path(__file__).parents[3]


def test_rows_come_back_and_are_exported_with_their_types(tmp_path: Path) -> None:
    right = CountRow("a.mp4", "12ab", 5, 7.25, took=1.5, count=24, rope=True, style="two feet", seconds=12.5)
    wrong = CountRow("b.mp4", error="It is broken.")
    with Store(tmp_path, "count", "x") as store:
        store.put(wrong)
        store.put(right)
        assert store.find("a.mp4") == right
        assert store.find("c.mp4") is None
        assert store.total() == (2, 1)
        tables = store.export()
    found = parquet.read_table(tables[0]).to_pylist()
    assert [CountRow(**row) for row in found] == [right, wrong]
    assert found[0]["rope"] is True
    rows = list(csv.DictReader(tables[1].open()))
    assert [row["path"] for row in rows] == ["a.mp4", "b.mp4"]
    assert (rows[0]["count"], rows[1]["count"], rows[1]["error"]) == ("24", "", "It is broken.")


def test_a_second_row_of_a_path_replaces_the_first(tmp_path: Path) -> None:
    with Store(tmp_path, "beauty", "x") as store:
        store.put(BeautyRow("a.jpg", error="No."))
        store.put(BeautyRow("a.jpg", faces=2))
    with Store(tmp_path, "beauty", "x") as store:
        assert store.total() == (1, 0)
        assert store.find("a.jpg") == BeautyRow("a.jpg", faces=2)


def test_another_run_is_refused_while_one_writes_and_when_its_settings_differ(tmp_path: Path) -> None:
    with Store(tmp_path, "count", "x"), pytest.raises(ValueError, match="Another batch is writing"):
        Store(tmp_path, "count", "x")
    for job, work in (("count", "y"), ("beauty", "x")):
        with pytest.raises(ValueError, match="another run"):
            Store(tmp_path, job, work)
    Store(tmp_path, "count", "x").close()


def test_a_killed_run_keeps_its_rows_and_leaves_no_lock(tmp_path: Path) -> None:
    code = (
        "import os, sys, time; from pathlib import Path; from tools.batch.rows import CountRow, Store\n"
        "store = Store(Path(sys.argv[1]), 'count', 'x'); store.EVERY = -1\n"
        "store.put(CountRow('a.mp4', count=3)); os.kill(os.getpid(), 9)"
    )
    subprocess.run([sys.executable, "-c", code, str(tmp_path)], cwd=ROOT, check=False, timeout=60)
    with Store(tmp_path, "count", "x") as store:
        assert store.find("a.mp4") == CountRow("a.mp4", count=3)
