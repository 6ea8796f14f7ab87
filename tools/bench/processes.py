"""Timing of whole processes, including the start of Python, imports and networks."""

from __future__ import annotations

import resource
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path

from tools.bench.timing import ROOT, Measure, Task


def run(command: Sequence[str]) -> tuple[float, float]:
    """Wall-clock and processor seconds of a command; ``RuntimeError`` if it fails."""
    begin, before = time.perf_counter(), _processor_seconds()
    done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, check=False)
    if done.returncode:
        raise RuntimeError(f"{' '.join(command)}: {(done.stderr.strip().splitlines() or ['no reason given'])[-1]}")
    return time.perf_counter() - begin, _processor_seconds() - before


def _processor_seconds() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def measured(name: str, unit: str, amount: float, command: Sequence[str], repeats: int) -> Measure:
    """A command's repeats after a warm-up of the caches; the memory is that of its largest process, in MB."""
    first, _ = run(command)
    seconds, processor = zip(*(run(command) for _ in range(repeats)), strict=True)
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / (2**20 if sys.platform == "darwin" else 1024)
    return Measure(name, unit, amount, seconds, first, peak, processor)


def count_process(task: Task) -> Iterator[Measure]:
    """``python -m counting VIDEO OUT.mp4``: from a file to its annotated copy."""
    from vision.video import read_frames

    frames = sum(1 for _ in read_frames(task.source))
    command = [sys.executable, "-m", "counting", task.source, task.target]
    Path(task.target).unlink(missing_ok=True)
    yield measured("python -m counting, video to annotated video", "frames", frames, command, task.repeats)


def keypoint_process(task: Task, kind: str) -> Iterator[Measure]:
    """``python -m models KIND PHOTO --json`` on a small photo."""
    command = [sys.executable, "-m", "models", kind, task.source, "--json"]
    yield measured(f"python -m models {kind}, small photo", "photos", 1, command, task.repeats)


PROCESSES = {
    "count process": count_process,
    "face process": partial(keypoint_process, kind="face"),
    "body process": partial(keypoint_process, kind="body"),
}
