"""Benchmark of the stages and the whole jobs, compared with alternatives on the same files in one run.

``python -m tools.bench [--json FILE] [--peers] [--photo FILE] [--video FILE] [--repeats N] [--quick]``

The default video is the sample, enlarged to 720 pixels across; the default photo is Matplotlib's
portrait of Grace Hopper, enlarged to 12 megapixels.  Every job runs in a separate process after a
warm-up.  A busy machine is reported, since its timings are not reliable.
"""

from __future__ import annotations

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

from models.runtime import LIMIT
from tools.bench.files import FULL, QUICK, Files, Sizes, make_files
from tools.bench.peers import make_environment
from tools.bench.report import Growth, Results, report
from tools.bench.timing import Measure, Task, run_tasks
from tools.script import run_script
from vision.options import check_options, option

FEATURES = ("avx2", "avx_vnni", "avx512f", "avx512_vnni", "avx512_bf16", "amx_int8", "amx_bf16")
OURS = [sys.executable, "-m", "tools.bench.jobs"]
RunTasks = Callable[[Sequence[str], Sequence[Task]], list[list[Measure]]]


@dataclass(frozen=True)
class BenchConfig:
    """Options of a run."""

    repeats: int = option(5, "Timed repeats after the warm-up", low=1, high=100)
    video: str = option("", "A video of one's own")
    photo: str = option("", "A photo of one's own")
    peers: bool = option(False, "Also run MediaPipe 0.10.21 in an environment that is made when needed")
    peers_folder: str = option("~/.cache/keypoint-studio/peers", "Where that environment lies")
    json: str = option("", "Also write everything to this file")
    limit: str = option("", "Use no more of the processor: AVX2 stands in for one that has no more")
    only: str = option("", "Comma-separated jobs to run instead of all and of growth: annotate,pose video,app")
    quick: bool = option(False, "Tiny files, one repeat, one process: only shows that everything runs")

    def __post_init__(self) -> None:
        check_options(self)


def machine() -> dict[str, Any]:
    """Facts about the machine that the figures depend on."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return {
        "processor": _processor(),
        "features": features(),
        "limit": os.environ.get(LIMIT, ""),
        "cores": cores,
        "python": platform.python_version(),
        "load": os.getloadavg()[0] if hasattr(os, "getloadavg") else None,
    }


def _processor() -> str:
    return _cpuinfo("model name") or platform.machine()


def _cpuinfo(key: str) -> str:
    """The first value of a key in ``/proc/cpuinfo``, empty where there is none."""
    path = Path("/proc/cpuinfo")
    lines = path.read_text().splitlines() if path.is_file() else []
    return next((line.split(":", 1)[1].strip() for line in lines if line.startswith(key)), "")


def features() -> list[str]:
    """The processor's instruction sets that speed networks up, as named by Linux; empty on other systems."""
    known = set(_cpuinfo("flags").split())
    return [name for name in FEATURES if name in known]


def limited(isa: str) -> dict[str, str]:
    """Environment variables that limit OpenVINO, PyTorch and OpenCV to the instruction set ``isa``."""
    if not isa:
        return {}
    wide = "AVX512-SKX,AVX512-CNL,AVX512-CLX,AVX512-ICL"
    return {LIMIT: isa, "ATEN_CPU_CAPABILITY": "avx2", "MKL_ENABLE_INSTRUCTIONS": "AVX2", "OPENCV_CPU_DISABLE": wide}


def our_tasks(files: Files, folder: Path, repeats: int) -> list[Task]:
    """The whole jobs, the stages and the plain loops; a job that writes a file has a target."""
    video, photo = str(folder / "out.mp4"), str(folder / "out.jpg")
    few = min(repeats, 3)
    return [
        Task("load"),
        Task("annotate", files.video, video, repeats),
        Task("analyse", files.video, "", repeats),
        Task("crowd", files.crowd, "", few),
        Task("retouch", files.photo, photo, repeats),
        Task("count process", files.long, video, few),
        Task("face process", files.small, "", repeats),
        Task("body process", files.small, "", repeats),
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
    """MediaPipe's tasks on the same files."""
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
    """Make the files in ``folder``, run all tasks and collect the results."""
    where, sizes = machine(), QUICK if config.quick else FULL
    repeats, ask = 1 if config.quick else config.repeats, partial(separately, run, together=config.quick)
    peer = [str(make_environment(config.peers_folder)), "-m", "tools.bench.peers"] if config.peers else []
    files = make_files(config.video, config.photo, sizes, folder)
    few = min(repeats, 3)
    tasks = wanted(
        [*our_tasks(files, folder, repeats), *([] if config.quick else [Task("app", "", "", few)])], config.only
    )
    growing = [] if config.only else growth_tasks(files, folder, few)
    rows = ask(OURS, [*tasks, *growing])
    jobs = {task.job: row for task, row in zip(tasks, rows, strict=False)}
    if peer:
        theirs = wanted(peer_tasks(files, folder, repeats), config.only)
        jobs |= {task.job: row for task, row in zip(theirs, ask(peer, theirs), strict=True)}
    return Results(where, jobs, growth_of(sizes, rows[len(tasks) :]) if growing else [])


def wanted(tasks: Sequence[Task], only: str) -> list[Task]:
    """The tasks whose jobs are named, all where none is."""
    names = [name.strip() for name in only.split(",") if name.strip()]
    return [task for task in tasks if not names or task.job in names]


def main(config: BenchConfig) -> Results:
    """Measure, print the report, and write the JSON."""
    os.environ.update(limited(config.limit))
    with tempfile.TemporaryDirectory() as folder:
        results = measure(config, Path(folder))
    print(report(results))
    if config.json:
        Path(config.json).write_text(json.dumps(results.to_dict(), indent=2) + "\n", encoding="utf-8")
    return results


if __name__ == "__main__":
    run_script(main, BenchConfig, __doc__)
