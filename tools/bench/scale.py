"""Benchmark and test of batches: overhead, start, two nodes compared with one, death of a node, interruption.

``python -m tools.bench.scale [--clips 60] [--photos 200] [--json FILE]`` (needs requirements-cluster.txt; two cores).
Every node is a Ray node whose processes are bound to one core.  The rows of every run are compared with those of a
plain loop over the same files.
"""

from __future__ import annotations

import json
import multiprocessing
import os
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import asdict, dataclass
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any

from matplotlib import cbook
from PIL import Image as Pillow

from beauty.settings import BeautySettings
from counting.settings import CountSettings
from tools.batch.__main__ import SUFFIXES, keep, unfinished
from tools.batch.actors import ActorPool
from tools.batch.cores import allowed_cores
from tools.batch.processes import ProcessPool
from tools.batch.rows import Row, Store
from tools.batch.scheduler import Pool, Rules, Scheduler
from tools.batch.sources import Item, list_items
from tools.batch.work import Plan, load_handler, lost_row
from tools.bench.files import SAMPLE
from tools.cluster import begun, connected, import_ray
from tools.script import run_script
from vision.options import check_options, option
from vision.types import Frame
from vision.video import read_frames, write_video

CLIP_FRAMES = 45
OWN = ("took", "tries", "worker", "modified", "output")
"""Columns that differ from run to run."""


@dataclass(frozen=True)
class ScaleConfig:
    """Options of the measurement."""

    folder: str = option("", "Folder of the files, kept between runs (default: a temporary one)")
    clips: int = option(60, "Videos of 1.5 s", low=4, high=10_000)
    photos: int = option(200, "Photos of 0.1 megapixels", low=4, high=100_000)
    timed: float = option(0.33, "Share of the files in the runs whose time is measured", low=0.01, high=1)
    json: str = option("", "File for all figures")

    def __post_init__(self) -> None:
        check_options(self)


@dataclass(frozen=True)
class Run:
    """One run: seconds until the first file is started, and from then to the last row; the rows by path."""

    start: float
    work: float
    rows: dict[str, dict[str, Any]]


def main(config: ScaleConfig) -> None:
    """Measure both kinds of work and print the results."""
    os.environ["RAY_worker_niceness"] = "0"  # noqa: SIM112 (Ray's spelling; workers are to be as quick as the plain loop)
    with tempfile.TemporaryDirectory(prefix="scale-") as scratch:
        folder = Path(config.folder or scratch)
        make_clips(folder / "count", config.clips)
        make_photos(folder / "beauty", config.photos)
        found = {
            job: measure(plan, folder / job, Path(scratch), config.timed)
            for job, plan in (("count", Plan("count", CountSettings())), ("beauty", Plan("beauty", BeautySettings())))
        }
    for job, figures in found.items():
        print(job, json.dumps(figures, indent=1))
    if config.json:
        Path(config.json).write_text(json.dumps(found, indent=1), encoding="utf-8")


def make_clips(folder: Path, count: int) -> None:
    """Parts of the sample with different start times, and a file that is not a video."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "broken.mp4").write_bytes(b"no video")
    for number in range(count):
        path = folder / f"{number:05}.mp4"
        if not path.exists():
            first = number * 7 % 280
            frames = islice(read_frames(SAMPLE), first, first + CLIP_FRAMES)
            write_video(path, (Frame(frame.image, i / 30) for i, frame in enumerate(frames)))


def make_photos(folder: Path, count: int) -> None:
    """The portrait at different sizes, also mirrored, and a file that is not a photo."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "broken.jpg").write_bytes(b"no photo")
    with Pillow.open(str(cbook.get_sample_data("grace_hopper.jpg", asfileobj=False))) as portrait:
        for number in range(count):
            size = 240 + number % 80, 290 + number % 70
            turned = portrait.transpose(Pillow.Transpose.FLIP_LEFT_RIGHT) if number % 2 else portrait
            turned.resize(size).save(folder / f"{number:05}.jpg", quality=90)


def measure(plan: Plan, folder: Path, scratch: Path, share: float) -> dict[str, Any]:
    """Timings on the first files, then all files with the death of a node, and with an interruption."""
    items = list(list_items(str(folder), SUFFIXES[plan.job]))
    few = items[: max(2, round(share * len(items)))]
    load = partial(load_handler, plan, 1)
    plain = reported("plain loop", in_process(partial(plain_loop, load, few)))
    local = reported("batch", in_process(partial(local_batch, load, plan.job, few)))
    one, two = (reported(f"nodes: {nodes}", on_nodes(nodes, partial(batch, load, plan.job, few))) for nodes in (1, 2))
    truth = reported("plain loop, all", in_process(partial(plain_loop, load, items)))
    killed = reported("a node dies", on_nodes(2, partial(batch, load, plan.job, items, kill_after=len(items) // 3)))
    target = scratch / f"{plan.job}-rows"
    parts = [partial(part_of_batch, load, plan, folder, target, most) for most in (len(items) // 3, None)]
    stopped = [reported("part", in_process(part)) for part in parts]
    return {
        "files": len(items), "timed files": len(few),
        "plain loop s": round(plain.work, 2), "batch s": round(local.work, 2),
        "overhead %": round(100 * (local.work / plain.work - 1), 1),
        "start beyond loading s": round(local.start - plain.start, 2),
        "one node s": round(one.work, 2), "two nodes s": round(two.work, 2),
        "two nodes times one": round(one.work / two.work, 2),
        "start on nodes s": round(two.start, 2),
        "right rows": {"batch": same(plain, local), "one node": same(plain, one), "two nodes": same(plain, two)},
        "a node dies": same(truth, killed) | {"tried again": sum(row["tries"] > 1 for row in killed.rows.values())},
        "stopped, gone on": same(truth, stopped[1]) | {"rows at the stop": len(stopped[0].rows)},
        "load average": os.getloadavg()[0],
    }  # fmt: skip


def reported(name: str, run: Run) -> Run:
    """The run itself, after printing a line about it."""
    print(f"{name}: {len(run.rows)} rows, start {run.start:.1f} s, work {run.work:.1f} s", flush=True)
    return run


def same(truth: Run, run: Run) -> dict[str, int]:
    """Number of rows, and of different or missing ones."""

    def facts(row: dict[str, Any] | None) -> dict[str, Any]:
        return {} if row is None else {name: value for name, value in row.items() if name not in OWN}

    wrong = sum(facts(run.rows.get(path)) != facts(row) for path, row in truth.rows.items())
    return {"rows": len(run.rows), "wrong or lost": wrong}


def in_process(work: Callable[[], Run]) -> Run:
    """Do the work in a separate process, bound to one core with its children."""
    context = multiprocessing.get_context("spawn")
    here, there = context.Pipe()
    process = context.Process(target=_bound, args=(work, there))
    process.start()
    run = here.recv()
    process.join()
    return run


def _bound(work: Callable[[], Run], answer: Any) -> None:
    os.sched_setaffinity(0, allowed_cores()[-1:])
    answer.send(work())


def plain_loop(load: Callable[[], Callable[[Item], Row]], items: list[Item]) -> Run:
    """A plain loop over the files, as the baseline."""
    begin = time.perf_counter()
    work = load()
    ready = time.perf_counter()
    rows = {item.path: asdict(work(item)) for item in items}
    return Run(ready - begin, time.perf_counter() - ready, rows)


def local_batch(load: Callable[[], Callable[[Item], Row]], job: str, items: list[Item]) -> Run:
    """A batch with one process."""
    return timed_run(ProcessPool(load), 1, job, items)


def timed_run(pool: Pool, workers: int, job: str, items: list[Item], after: Callable[[int], None] | None = None) -> Run:
    """Run a batch with a store; ``after`` is called with the number of rows so far.  No row may come twice."""
    begin, first, rows = time.perf_counter(), 0.0, {}
    with (
        tempfile.TemporaryDirectory() as target,
        Store(Path(target), job, "scale") as store,
        closing(Scheduler(pool, Rules(workers), partial(lost_row, job)).run(items)) as running,
    ):
        for row in running:
            store.put(row)
            first = first or time.perf_counter() - row.took
            assert row.path not in rows, f"{row.path} has two rows"
            rows[row.path] = asdict(row)
            if after is not None:
                after(len(rows))
        return Run(first - begin, time.perf_counter() - first, rows)


def part_of_batch(load: Any, plan: Plan, folder: Path, target: Path, most: int | None) -> Run:
    """Resume a target until there are ``most`` new rows (or to the end), as the command line does."""
    begin = time.perf_counter()
    with Store(target, plan.job, "scale") as store:
        todo = unfinished(list_items(str(folder), SUFFIXES[plan.job]), store, False, _Silent())
        with closing(Scheduler(ProcessPool(load), Rules(1), partial(lost_row, plan.job)).run(todo)) as running:
            for row in islice(running, most):
                keep(store, row)
        rows = {row["path"]: row for part in store.batches() for row in part}
    return Run(0.0, time.perf_counter() - begin, rows)


class _Silent:
    def update(self) -> None:
        """Show nothing."""


@contextmanager
def nodes_of_one_core(count: int) -> Iterator[Any]:
    """A Ray cluster: a head without cores, and nodes whose processes are bound to a core each."""
    import_ray()
    from ray.cluster_utils import Cluster

    cores = allowed_cores()
    small: dict[str, Any] = {"object_store_memory": 80_000_000}
    head = {"num_cpus": 0, "include_dashboard": False, **small}
    cluster = begun(lambda: Cluster(True, head_node_args=head, shutdown_at_exit=True))
    try:
        for number in range(count):
            os.sched_setaffinity(0, [cores[-1 - number % len(cores)]])
            begun(lambda: cluster.add_node(num_cpus=1, **small))
        os.sched_setaffinity(0, cores)
        yield cluster
    finally:
        os.sched_setaffinity(0, cores)
        cluster.shutdown()


def on_nodes(count: int, work: Callable[..., Run]) -> Run:
    """Do the work with a cluster."""
    with nodes_of_one_core(count) as cluster, connected(cluster.address) as ray:
        return work(cluster=cluster, ray=ray, workers=count)


def batch(load: Any, job: str, items: list[Item], kill_after: int = 0, *, cluster: Any, ray: Any, workers: int) -> Run:
    """A batch on a cluster; a node is killed after ``kill_after`` rows (0: never)."""

    def after(rows: int) -> None:
        if rows == kill_after:
            cluster.remove_node(next(iter(cluster.worker_nodes)), allow_graceful=False)

    return timed_run(ActorPool(ray, load), workers, job, items, after)


if __name__ == "__main__":
    run_script(main, ScaleConfig, __doc__)
