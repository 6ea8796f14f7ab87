"""Measurements: the seconds of repeated calls, and the memory of the process that made them.

Every job runs in a separate process, which reads its tasks as JSON from stdin and prints its measures as JSON
(``serve``); ``run_tasks`` is the parent's side.  The module needs only NumPy, so that the environment of the peers can
run it too.
"""

from __future__ import annotations

import json
import resource
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

ROOT = Path(__file__).parents[2]


@dataclass(frozen=True)
class Task:
    """One task: the name of its ``job``, its input file, and its output file if it has one."""

    job: str
    source: str = ""
    target: str = ""
    repeats: int = 5


@dataclass(frozen=True)
class Measure:
    """A measurement: ``seconds`` of every repeat; one call handles ``amount`` of ``unit``.

    ``first``: warm-up call in seconds; ``memory``: peak of the process in MB (0: unknown); ``processor``: processor
    seconds of every repeat, all cores together (empty: unknown).
    """

    name: str
    unit: str
    amount: float
    seconds: tuple[float, ...]
    first: float = 0.0
    memory: float = 0.0
    processor: tuple[float, ...] = ()

    @property
    def cores(self) -> float:
        """Mean number of busy cores in the median repeat, 0 where unknown."""
        return float(np.median(self.processor)) / max(self.median, 1e-9) if self.processor else 0.0

    @property
    def median(self) -> float:
        """Seconds of the median repeat."""
        return float(np.median(self.seconds))

    @property
    def p95(self) -> float:
        """95th percentile of the seconds, interpolated."""
        return float(np.percentile(self.seconds, 95))

    @property
    def throughput(self) -> float:
        """Amount a second in the median repeat."""
        return self.amount / max(self.median, 1e-9)

    def to_dict(self) -> dict[str, Any]:
        """The fields and the statistics, for JSON."""
        figures = {"median": self.median, "p95": self.p95, "throughput": self.throughput, "cores": self.cores}
        return asdict(self) | figures

    @classmethod
    def from_dict(cls, row: Mapping[str, Any]) -> Measure:
        """The inverse of ``to_dict``."""
        more = {name: row[name] for name in ("first", "memory") if name in row}
        processor = tuple(row.get("processor", ()))
        return cls(row["name"], row["unit"], row["amount"], tuple(row["seconds"]), **more, processor=processor)


Jobs = Mapping[str, Callable[[Task], Iterable[Measure]]]


def repeat(name: str, unit: str, amount: float, call: Callable[[], Any], repeats: int) -> Measure:
    """Call once to warm up, then ``repeats`` times with timing."""
    first, _ = timed(call)
    seconds, processor = zip(*(timed(call) for _ in range(repeats)), strict=True)
    return Measure(name, unit, amount, seconds, first, processor=processor)


def timed(call: Callable[[], Any]) -> tuple[float, float]:
    """Wall-clock seconds, and processor seconds of all threads of this process."""
    begin, spent = time.perf_counter(), time.process_time()
    call()
    return time.perf_counter() - begin, time.process_time() - spent


def peak_memory(process: str = "self") -> float:
    """Peak memory of this process, or on Linux of another one by its number, in MB (2**20 bytes).

    From ``VmHWM`` on Linux, else from ``getrusage``, which on Linux would also count the parent's memory at the start
    of this process.
    """
    status = Path(f"/proc/{process}/status")
    if status.is_file():
        for line in status.read_text().splitlines():
            if line.startswith("VmHWM"):
                return int(line.split()[1]) / 1024
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / (2**20 if sys.platform == "darwin" else 1024)


def serve(jobs: Jobs) -> int:
    """Run the tasks from stdin and print their measures as the last line, one list per task."""
    answer = []
    for row in json.load(sys.stdin):
        task = Task(**row)
        measures = list(jobs[task.job](task))
        answer.append([asdict(measure) | {"memory": measure.memory or peak_memory()} for measure in measures])
    print(json.dumps(answer), flush=True)
    return 0


def run_tasks(command: Sequence[str], tasks: Sequence[Task]) -> list[list[Measure]]:
    """The measures of each task, run by ``command`` in one process; raises ``RuntimeError`` with its error."""
    given = json.dumps([asdict(task) for task in tasks])
    done = subprocess.run(command, input=given, capture_output=True, text=True, cwd=ROOT, check=False)
    lines = done.stdout.strip().splitlines()
    if done.returncode or not lines:
        reason = (done.stderr.strip().splitlines() or [f"exit status {done.returncode}"])[-1]
        raise RuntimeError(f"{', '.join(task.job for task in tasks)} failed: {reason}")
    return [[Measure.from_dict(row) for row in rows] for rows in json.loads(lines[-1])]
