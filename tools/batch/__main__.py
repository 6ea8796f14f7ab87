"""Count or retouch many files: ``python -m tools.batch count|beauty SOURCE TARGET [flags]``.

SOURCE is a folder (with all below it), a list with a path on each line, or a CSV or Parquet table with a column of
paths.  TARGET is a folder: rows.parquet and rows.csv with one row per file, and files/ with annotated videos or
retouched photos.  A second call resumes a stopped run.
"""

from __future__ import annotations

import argparse
import signal
import sys
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

from tqdm import tqdm

from beauty.__main__ import PHOTOS
from beauty.settings import PRESETS, BeautySettings
from counting.settings import CountSettings
from tools.batch.cores import fitting_workers
from tools.batch.processes import ProcessPool
from tools.batch.rows import Row, Store
from tools.batch.scheduler import Pool, Rules, Scheduler
from tools.batch.sources import Item, list_items
from tools.batch.work import Plan, load_handler, lost_row, stamp
from tools.storage import is_address
from vision.options import add_arguments, from_arguments
from vision.video import VIDEO_SUFFIXES

SUFFIXES = {"count": VIDEO_SUFFIXES, "beauty": PHOTOS}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; returns 0, 2 after one line for an expected error, 130 if it was interrupted."""
    given = _parser().parse_args(arguments)
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        plan = _plan(given)
        total, wrong = run(plan, given)
    except (ValueError, OSError, RuntimeError) as error:
        print(f"batch: {' '.join(str(error).split())}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("batch: stopped; the same command goes on from here", file=sys.stderr)
        return 130
    print(f"{total} files, {wrong} with an error: {Path(given.target) / 'rows.csv'}")
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m tools.batch", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    jobs = parser.add_subparsers(dest="job", required=True)
    for job, settings, copies in (
        ("count", CountSettings, "annotated videos"),
        ("beauty", BeautySettings, "retouched photos"),
    ):
        part = jobs.add_parser(job, help=f"rows, and {copies} if wanted")
        part.add_argument("source", metavar="SOURCE", help="a folder, a list or a table of paths")
        part.add_argument("target", metavar="TARGET", help="the folder of the rows and of the files")
        part.add_argument("--address", help="of a Ray cluster (host:port, auto); without it processes of this machine")
        part.add_argument("--workers", type=int, default=0, help="how many (default: as many as fit)")
        part.add_argument("--cores", type=int, default=1, help="of each worker (default 1)")
        part.add_argument(
            "--files", action=argparse.BooleanOptionalAction, default=job == "beauty", help=f"write {copies}"
        )
        part.add_argument("--retry-errors", action="store_true", help="try files again whose row has an error")
        part.add_argument("--file-seconds", type=float, default=3600.0, help="longest work on one file (default 3600)")
        part.add_argument("--device", default="auto", help="where the networks run: auto, cpu or cuda")
        if job == "beauty":
            part.add_argument("--preset", choices=tuple(PRESETS), default="natural", help="settings to start from")
            part.add_argument("--keypoints", action="store_true", help="draw the 106 points on the photos")
        add_arguments(part, settings)
    return parser


def _plan(given: argparse.Namespace) -> Plan:
    for name, least in (("workers", 0), ("cores", 1)):
        if getattr(given, name) < least:
            raise ValueError(f"--{name} must be at least {least}, not {getattr(given, name)}")
    files = str(Path(given.target).resolve() / "files") if given.files else ""
    if given.job == "count":
        return Plan("count", from_arguments(CountSettings, given), files, device=given.device)
    settings = from_arguments(BeautySettings, given, base=PRESETS[given.preset])
    return Plan("beauty", settings, files, given.keypoints, given.device)


def run(plan: Plan, given: argparse.Namespace) -> tuple[int, int]:
    """Handle all files without a row and write the tables, also if interrupted; numbers of rows and of errors."""
    source = given.source if is_address(given.source) else str(Path(given.source).resolve())
    count = sum(1 for _ in list_items(source, SUFFIXES[plan.job]))
    if not count:
        raise ValueError(f"{given.source} has no {'videos' if plan.job == 'count' else 'photos'}.")
    with Store(Path(given.target), plan.job, plan.key(source)) as store:
        try:
            with tqdm(total=count, unit=" files", smoothing=0.05) as bar:
                todo = unfinished(list_items(source, SUFFIXES[plan.job]), store, given.retry_errors, bar)
                first = next(todo, None)
                if first is not None:
                    _handle(first, todo, plan, given, store, bar)
        finally:
            store.export()
        return store.total()


def unfinished(items: Iterator[Item], store: Store, retry: bool, bar: Any) -> Iterator[Item]:
    """The files without a row.

    A file is done if its size and modification time equal its row's; otherwise its row's hash comes along, by which the
    worker recognises unchanged content.
    """
    for item in items:
        row = store.find(item.path)
        if row is None or (row.error and retry):
            yield item
        elif not is_address(item.path) and stamp(item.path) != {"size": row.size, "modified": row.modified}:
            yield replace(item, known=row.hash)
        else:
            bar.update()


def _handle(first: Item, others: Iterator[Item], plan: Plan, given: argparse.Namespace, store: Store, bar: Any) -> None:
    def items() -> Iterator[Item]:
        yield first
        yield from others

    with _pool(plan, given) as (pool, workers):
        rules = Rules(workers, file_seconds=given.file_seconds)
        scheduler = Scheduler(pool, rules, partial(lost_row, plan.job))
        with closing(scheduler.run(items())) as rows:
            for row in rows:
                keep(store, row)
                bar.set_postfix(workers=scheduler.ready, refresh=False)
                bar.update()


def keep(store: Store, row: Row) -> None:
    """Store a row; for an unchanged file the earlier row is kept with the new modification time."""
    before = store.find(row.path) if row.tries == 0 else None
    store.put(row if before is None else replace(before, size=row.size, modified=row.modified))


@contextmanager
def _pool(plan: Plan, given: argparse.Namespace) -> Iterator[tuple[Pool, int]]:
    """The pool of workers and their number: processes of this machine, or actors of a cluster."""
    load = partial(load_handler, plan, given.cores)
    if given.address is None:
        yield ProcessPool(load), given.workers or fitting_workers(given.cores)
        return
    from tools.batch.actors import ActorPool
    from tools.cluster import connected

    with connected(given.address) as ray:
        fitting = int(ray.cluster_resources().get("CPU", 0) // given.cores)
        yield ActorPool(ray, load, given.cores), given.workers or max(1, fitting)


if __name__ == "__main__":
    sys.exit(main())
