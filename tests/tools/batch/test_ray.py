"""Batches on a real Ray cluster: node processes with one core each, one of which is killed in the middle."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import Any

import pytest

import tests.tools.batch.handlers as handlers
from tools.batch.actors import ActorPool
from tools.batch.scheduler import Rules, Scheduler
from tools.batch.work import lost_row
from tools.cluster import begun, connected, import_ray

from .handlers import Measured, make_files

SMALL = {"object_store_memory": 80_000_000}


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """A head without cores, and two nodes with a core each.

    Ray gives its workers a low priority, with which they would starve beside other work on this machine.
    """
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("RAY_worker_niceness", "0")
        patch.setenv("RAY_health_check_period_ms", "500")
        patch.setenv("RAY_health_check_failure_threshold", "3")
        ray = import_ray()
        from ray import cloudpickle
        from ray.cluster_utils import Cluster

        cloudpickle.register_pickle_by_value(handlers)
        head = {"num_cpus": 0, "include_dashboard": False, **SMALL}
        nodes = begun(lambda: Cluster(initialize_head=True, head_node_args=head, shutdown_at_exit=True))
        try:
            for _ in range(2):
                begun(lambda: nodes.add_node(num_cpus=1, **SMALL))
            yield nodes
        finally:
            ray.shutdown()
            nodes.shutdown()
            cloudpickle.unregister_pickle_by_value(handlers)


def test_a_node_dies_and_no_row_is_lost_or_told_twice(cluster: Any, tmp_path: Path) -> None:
    contents = {f"f{i:02}": "x" * i for i in range(40)}
    items = make_files(tmp_path, once="die once", **contents, dead="die", bad="poison")
    with connected(cluster.address) as ray:
        pool = ActorPool(ray, Measured(seconds=0.2), memory=1e8)
        scheduler = Scheduler(pool, Rules(2), partial(lost_row, "beauty"))
        rows = []
        with closing(scheduler.run(items)) as running:
            for row in running:
                rows.append(row)
                if len(rows) == 10:
                    cluster.remove_node(next(iter(cluster.worker_nodes)), allow_graceful=False)
    found = {Path(row.path).name: row for row in rows}
    assert len(rows) == len(found) == 43
    assert {name: found[name].faces for name in contents} == {f"f{i:02}": i for i in range(40)}  # type: ignore[attr-defined]
    assert found["once"].error == ""
    assert "ended 3 times" in found["dead"].error
    assert found["bad"].error == "This file is poisoned."
    assert any(row.tries > 1 and not row.error for row in rows)


def test_nothing_is_reported_to_the_makers_of_ray(cluster: Any) -> None:
    from ray._common.usage import usage_lib

    assert os.environ["RAY_USAGE_STATS_ENABLED"] == "0"
    assert not usage_lib.usage_stats_enabled()


def test_no_cluster_at_the_address_is_one_sentence() -> None:
    with pytest.raises(ValueError, match="No connection to the cluster"), connected("127.0.0.1:1"):
        pass


def test_a_slow_start_is_tried_again_and_other_errors_are_not() -> None:
    tries: list[int] = []

    def start() -> int:
        tries.append(1)
        if len(tries) < 3:
            raise Exception("The current node timed out during startup.")
        return len(tries)

    assert begun(start) == 3
    tries.clear()
    with pytest.raises(RuntimeError, match="timed out"):
        begun(start, tries=2)
    with pytest.raises(ZeroDivisionError):
        begun(lambda: 1 // 0)
