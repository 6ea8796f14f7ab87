"""Time the stages and the whole jobs, beside what one would use instead, on the same files in one run.

``python -m tools.bench [--json FILE] [--peers] [--photo FILE] [--video FILE] [--repeats N] [--quick]``

The default video is the sample, enlarged to 720 pixels across; the default photo is Matplotlib's
portrait of Grace Hopper, enlarged to 12 megapixels.  Every job runs in a process of its own after a
warm-up.  A busy machine is reported, for its figures mean little.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import sys
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from tools.bench_files import FULL, QUICK, Files, Sizes, make_files
from tools.bench_peers import make_environment
from tools.bench_timing import Measure, Task, run_tasks
from vision.options import add_arguments, check_options, from_arguments, option

OURS = [sys.executable, "-m", "tools.bench_jobs"]
RunTasks = Callable[[Sequence[str], Sequence[Task]], list[list[Measure]]]

RIVALS = (
    ("annotate", "annotate plain"),
    ("annotate", "pose video"),
    ("analyse", "analyse plain"),
    ("analyse", "pose report"),
    ("retouch", "retouch plain"),
    ("retouch", "mesh photo"),
)
"""Whole jobs of ours and what is set against them."""

STAGE_RIVALS = (
    (("beauty prepare", "beauty move"), "bilateral"),
    (("face detector", "landmarks"), "mesh"),
)
"""Stages of ours that, taken together, do what the job beside them does."""


@dataclass(frozen=True)
class BenchConfig:
    """Options of a run."""

    repeats: int = option(5, "Timed repeats after the warm-up", low=1, high=100)
    video: str = option("", "A video of one's own")
    photo: str = option("", "A photo of one's own")
    peers: bool = option(False, "Also run MediaPipe 0.10.21 in an environment that is made when needed")
    peers_folder: str = option("~/.cache/keypoint-studio/peers", "Where that environment lies")
    json: str = option("", "Also write everything to this file")
    quick: bool = option(False, "Tiny files, one repeat, one process: only shows that everything runs")

    def __post_init__(self) -> None:
        check_options(self)


@dataclass(frozen=True)
class Rivalry:
    """Seconds of our job and of the other on the same file; ``ratio`` above 1 means that ours is faster."""

    ours: str
    other: str
    our_seconds: float
    other_seconds: float

    @property
    def ratio(self) -> float:
        return self.other_seconds / max(self.our_seconds, 1e-9)

    def to_dict(self) -> dict[str, Any]:
        """The fields and the ratio, for JSON."""
        return vars(self) | {"ratio": self.ratio}


@dataclass(frozen=True)
class Growth:
    """Median seconds and peak MB of one job at three growing sizes."""

    unit: str
    sizes: tuple[float, ...]
    seconds: tuple[float, ...]
    memory: tuple[float, ...]

    @property
    def per_unit(self) -> tuple[float, float]:
        """Seconds that one unit more costs, between the first two and between the last two sizes."""
        (a, b, c), (x, y, z) = self.sizes, self.seconds
        return (y - x) / (b - a), (z - y) / (c - b)

    @property
    def bend(self) -> float:
        """The later cost of a unit over the earlier one: 1 is a straight line, more bends upwards; NaN without cost."""
        early, late = self.per_unit
        return late / early if early > 0 else float("nan")

    def to_dict(self) -> dict[str, Any]:
        """The fields, the costs and the bend (None where unknown), for JSON."""
        return vars(self) | {"per_unit": self.per_unit, "bend": self.bend if self.bend == self.bend else None}


@dataclass(frozen=True)
class Results:
    """Everything that was measured, by job; ``load`` is the machine's load before the run."""

    machine: dict[str, Any]
    jobs: dict[str, list[Measure]]
    growth: list[Growth]

    @property
    def stages(self) -> dict[str, Measure]:
        """The stages' measures by name."""
        names = ("video stages", "photo stages", "network")
        return {m.name: m for name in names for m in self.jobs.get(name, [])}

    @property
    def rivalries(self) -> list[Rivalry]:
        """Ours beside the others, as far as both were run."""
        pairs = [([self.jobs[a][0]], self.jobs[b][0]) for a, b in RIVALS if a in self.jobs and b in self.jobs]
        pairs += [
            ([self.stages[name] for name in names], self.jobs[b][0]) for names, b in STAGE_RIVALS if b in self.jobs
        ]
        return [
            Rivalry(" + ".join(m.name for m in ours), other.name, sum(m.median for m in ours), other.median)
            for ours, other in pairs
        ]

    @property
    def share_of_peak(self) -> float | None:
        """What the pose network reaches of the speed of a large matrix product."""
        found = self.jobs.get("network")
        return found[0].throughput / found[1].throughput if found else None

    def to_dict(self) -> dict[str, Any]:
        """Everything, for JSON."""
        return {
            "machine": self.machine,
            "jobs": {name: [m.to_dict() for m in measures] for name, measures in self.jobs.items()},
            "rivalries": [rivalry.to_dict() for rivalry in self.rivalries],
            "growth": [growth.to_dict() for growth in self.growth],
            "share_of_peak": self.share_of_peak,
        }


def machine() -> dict[str, Any]:
    """What the figures depend on."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return {
        "processor": _processor(),
        "cores": cores,
        "python": platform.python_version(),
        "load": os.getloadavg()[0] if hasattr(os, "getloadavg") else None,
    }


def _processor() -> str:
    path = Path("/proc/cpuinfo")
    lines = path.read_text().splitlines() if path.is_file() else []
    return next((line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")), platform.machine())


def our_tasks(files: Files, folder: Path, repeats: int) -> list[Task]:
    """The whole jobs, the stages and the plain loops; a job that writes a file has a target."""
    video, photo = str(folder / "out.mp4"), str(folder / "out.jpg")
    few = min(repeats, 3)
    return [
        Task("load"),
        Task("annotate", files.video, video, repeats),
        Task("analyse", files.video, "", repeats),
        Task("retouch", files.photo, photo, repeats),
        Task("annotate plain", files.video, video, few),
        Task("analyse plain", files.video, "", few),
        Task("retouch plain", files.photo, photo, few),
        Task("bilateral", files.photo, "", repeats),
        Task("video stages", files.video, video, repeats),
        Task("photo stages", files.photo, photo, repeats),
        Task("network", "", "", repeats),
    ]


def growth_tasks(files: Files, folder: Path, repeats: int) -> list[Task]:
    """Three clips, three photos and three groups of faces."""
    clips = [Task("annotate", clip, str(folder / "out.mp4"), repeats) for clip in files.clips]
    photos = [Task("retouch", photo, str(folder / "out.jpg"), repeats) for photo in (*files.photos, *files.groups)]
    return clips + photos


def peer_tasks(files: Files, folder: Path, repeats: int) -> list[Task]:
    """What MediaPipe does on the same files."""
    return [
        Task("pose video", files.video, str(folder / "peer.mp4"), repeats),
        Task("pose report", files.video, "", repeats),
        Task("mesh", files.photo, "", repeats),
        Task("mesh photo", files.photo, str(folder / "peer.jpg"), repeats),
    ]


def separately(run: RunTasks, command: Sequence[str], tasks: Sequence[Task], together: bool) -> list[list[Measure]]:
    """Measures of every task, each in a process of its own, or all in one."""
    groups = [list(tasks)] if together else [[task] for task in tasks]
    found = []
    for group in groups:
        print(f"... {', '.join(task.job for task in group)}", file=sys.stderr, flush=True)
        found += run(command, group)
    return found


def growth_of(sizes: Sizes, rows: Sequence[list[Measure]]) -> list[Growth]:
    """The nine measures of ``growth_tasks`` as three rows."""
    names = (("frames", sizes.frames), ("megapixels", sizes.megapixels), ("faces", sizes.faces))
    found = []
    for i, (unit, row_sizes) in enumerate(names):
        some = [row[0] for row in rows[3 * i : 3 * i + 3]]
        seconds, memory = tuple(m.median for m in some), tuple(m.memory for m in some)
        found.append(Growth(unit, tuple(map(float, row_sizes)), seconds, memory))
    return found


def measure(config: BenchConfig, folder: Path, run: RunTasks = run_tasks) -> Results:
    """Make the files in ``folder``, run everything and collect it."""
    where, sizes = machine(), QUICK if config.quick else FULL
    repeats, ask = 1 if config.quick else config.repeats, partial(separately, run, together=config.quick)
    peer = [str(make_environment(config.peers_folder)), "-m", "tools.bench_peers"] if config.peers else []
    files = make_files(config.video, config.photo, sizes, folder)
    tasks = our_tasks(files, folder, repeats)
    growing = growth_tasks(files, folder, min(repeats, 3))
    if not config.quick:
        tasks.append(Task("app", "", "", min(repeats, 3)))
    rows = ask(OURS, [*tasks, *growing])
    jobs = {task.job: row for task, row in zip(tasks, rows, strict=False)}
    if peer:
        theirs = peer_tasks(files, folder, repeats)
        jobs |= {task.job: row for task, row in zip(theirs, ask(peer, theirs), strict=True)}
    return Results(where, jobs, growth_of(sizes, rows[len(tasks) :]))


def table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A Markdown table with aligned columns."""
    columns = list(zip(header, *rows, strict=True))
    widths = [max(map(len, column)) for column in columns]
    lines = [list(header), ["-" * width for width in widths], *rows]
    return "\n".join("| " + " | ".join(c.ljust(w) for c, w in zip(line, widths, strict=True)) + " |" for line in lines)


def seconds_text(seconds: float) -> str:
    """Seconds or milliseconds with three digits that count."""
    return f"{seconds:.3g} s" if abs(seconds) >= 1 else f"{1000 * seconds:.3g} ms"


def _measure_row(m: Measure) -> list[str]:
    memory = f"{m.memory:.0f} MB" if m.memory else ""
    first = seconds_text(m.first) if m.first else ""
    cores = f"{m.cores:.2f}" if m.processor else ""
    return [m.name, first, seconds_text(m.median), seconds_text(m.p95), f"{m.throughput:.4g} {m.unit}/s", cores, memory]


def _growth_row(g: Growth) -> list[str]:
    sizes = ", ".join(f"{size:g}" for size in g.sizes)
    times, costs = (", ".join(map(seconds_text, values)) for values in (g.seconds, g.per_unit))
    memory = ", ".join(f"{m:.0f} MB" for m in g.memory)
    return [f"{sizes} {g.unit}", times, costs, f"{g.bend:.2f}", memory]


def report(results: Results) -> str:
    """All figures as Markdown."""
    where = results.machine
    load = where["load"]
    title = f"{where['processor']}, {where['cores']} cores, Python {where['python']}"
    header = ["", "first", "median", "95 %", "throughput", "cores used", "peak memory"]
    whole = [_measure_row(m) for name, row in results.jobs.items() for m in row if not _is_stage(name)]
    stages = [_measure_row(m)[:-1] for m in results.stages.values()]
    rivals = [
        [r.ours, r.other, seconds_text(r.our_seconds), seconds_text(r.other_seconds), f"{r.ratio:.2f}"]
        for r in results.rivalries
    ]
    parts = [title, table(header, whole), table(header[:-1], stages)]
    parts.append(table(["ours", "instead", "ours takes", "instead takes", "times faster"], rivals))
    grown = [_growth_row(g) for g in results.growth]
    parts.append(table(["grows", "median", "one more costs", "bend", "peak memory"], grown))
    if results.share_of_peak is not None:
        parts.append(f"The pose network reaches {results.share_of_peak:.0%} of the speed of a large matrix product.")
    if load is not None and load > 0.5:
        parts.append(f"The machine was busy before the run (load {load:.1f}): these figures mean little.")
    return "\n\n".join(parts)


def _is_stage(job: str) -> bool:
    return job in ("video stages", "photo stages", "network")


def main(config: BenchConfig) -> Results:
    """Measure, print the report, and write the JSON."""
    with tempfile.TemporaryDirectory() as folder:
        results = measure(config, Path(folder))
    print(report(results))
    if config.json:
        Path(config.json).write_text(json.dumps(results.to_dict(), indent=2) + "\n", encoding="utf-8")
    return results


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add_arguments(parser, BenchConfig)
    try:
        main(from_arguments(BenchConfig, parser.parse_args()))
    except (ValueError, OSError, RuntimeError) as error:
        print(f"bench: {error}", file=sys.stderr)
        sys.exit(2)
