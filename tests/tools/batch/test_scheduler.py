"""Workers that die, hang, poison and cannot start: every file has its row once."""

from __future__ import annotations

import os
import signal
import time
from contextlib import closing
from functools import partial
from pathlib import Path

import pytest

from tools.batch.cores import allowed_cores, fitting_workers, quota, take_cores
from tools.batch.processes import ProcessPool
from tools.batch.rows import Row
from tools.batch.scheduler import Rules, Scheduler
from tools.batch.sources import Item
from tools.batch.work import lost_row

from .handlers import Measured, make_files


def rows_of(items: list[Item], load: Measured, rules: Rules) -> dict[str, Row]:
    rows = list(Scheduler(ProcessPool(load), rules, partial(lost_row, "beauty")).run(items))
    assert len({row.path for row in rows}) == len(rows)
    return {Path(row.path).name: row for row in rows}


def test_each_file_has_one_row_whatever_becomes_of_its_worker(tmp_path: Path) -> None:
    contents = {f"f{i:02}": "x" * i for i in range(12)}
    items = make_files(tmp_path, once="die once", **contents, dead="die", bad="poison")
    rows = rows_of(items, Measured(), Rules(2))
    assert {name: row.faces for name, row in rows.items() if name in contents} == {f"f{i:02}": i for i in range(12)}  # type: ignore[attr-defined]
    assert (rows["once"].error, rows["once"].tries) == ("", 2)
    assert (rows["dead"].error, rows["dead"].tries) == (
        "The worker process ended 3 times while it handled this file.",
        3,
    )
    assert rows["bad"].error == "This file is poisoned."
    assert len(rows) == 15


def test_a_file_that_takes_too_long_is_given_up_and_the_others_go_on(tmp_path: Path) -> None:
    items = make_files(tmp_path, a="aa")
    rows = rows_of(items, Measured(seconds=60), Rules(1, tries=1, file_seconds=0.5))
    assert "longer than 0.5 s" in rows["a"].error


def test_a_worker_that_cannot_load_ends_the_run_with_its_sentence(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError, match=r"The weights are missing\."):
        rows_of(make_files(tmp_path, a="a"), Measured(broken=True), Rules(2))


def test_workers_end_with_the_run_when_it_is_left_early(tmp_path: Path) -> None:
    pool = ProcessPool(Measured())
    with closing(
        Scheduler(pool, Rules(1), partial(lost_row, "beauty")).run(make_files(tmp_path, a="a", b="b"))
    ) as rows:
        next(rows)
        process = next(iter(pool._workers.values()))[0]
        assert process.is_alive()
    assert not process.is_alive()


def test_a_worker_killed_from_outside_is_replaced(tmp_path: Path) -> None:
    pool = ProcessPool(Measured(seconds=0.3))
    items = make_files(tmp_path, **{f"f{i}": "x" * i for i in range(6)})
    with closing(Scheduler(pool, Rules(2), partial(lost_row, "beauty")).run(items)) as running:
        rows = [next(running)]
        os.kill(next(iter(pool._workers.values()))[0].pid, signal.SIGKILL)
        rows += running
    assert sorted(row.faces for row in rows) == [0, 1, 2, 3, 4, 5]  # type: ignore[attr-defined]
    assert all(not row.error for row in rows)


def test_items_are_asked_for_as_workers_get_free(tmp_path: Path) -> None:
    asked: list[str] = []

    def items():
        for item in make_files(tmp_path, **{f"f{i}": "x" for i in range(20)}):
            asked.append(item.name)
            yield item

    with closing(Scheduler(ProcessPool(Measured()), Rules(1), partial(lost_row, "beauty")).run(items())) as rows:
        next(rows)
        assert len(asked) <= 2


def test_workers_of_one_machine_take_different_cores(tmp_path: Path) -> None:
    before = allowed_cores()
    if len(before) < 2 or quota() < len(before):
        pytest.skip("needs two whole cores")
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        os.write(writer, bytes(take_cores(1, tmp_path)))
        time.sleep(30)
        os._exit(0)
    try:
        first = list(os.read(reader, 8))
        second = take_cores(1, tmp_path)
        assert len(first) == len(second) == 1
        assert first != second
        assert allowed_cores() == second
    finally:
        os.sched_setaffinity(0, before)
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)


def test_a_share_of_the_machine_is_respected(tmp_path: Path) -> None:
    (tmp_path / "cpu.max").write_text("150000 100000\n")
    assert quota(tmp_path) == 1.5
    (tmp_path / "cpu.max").write_text("max 100000\n")
    assert quota(tmp_path) == float("inf")
    assert 1 <= fitting_workers(1) <= len(allowed_cores())
