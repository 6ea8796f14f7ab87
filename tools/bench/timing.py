"""What a measurement is: the seconds of repeated calls, and the memory of the process that made them.

Every job runs in a process of its own, which reads its tasks as JSON from its input and prints its
measures as JSON; ``serve`` is that side, ``run_tasks`` the asking side.  The module needs NumPy alone,
so that the environment of the peers can run it too.
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
    """One thing to run: the ``job``'s name, its input file, and the file to write where it writes one."""

    job: str
    source: str = ""
    target: str = ""
    repeats: int = 5


@dataclass(frozen=True)
class Measure:
    """What came out: ``seconds`` of every repeat; one call handles ``amount`` of ``unit``.

    ``first`` is the warm-up call in seconds, ``memory`` the peak of the process in MB (0: unknown),
    ``processor`` what every repeat took of all cores together, in seconds (empty: unknown).
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
        """How many cores were busy in the middle repeat, 0 where unknown."""
        return float(np.median(self.processor)) / max(self.median, 1e-9) if self.processor else 0.0

    @property
    def median(self) -> float:
        """Seconds of the middle repeat."""
        return float(np.median(self.seconds))

    @property
    def p95(self) -> float:
        """Seconds below which 95 % of the repeats lie, interpolated between them."""
        return float(np.percentile(self.seconds, 95))

    @property
    def throughput(self) -> float:
        """Amount a second in the middle repeat."""
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
    """Call once to warm up, then ``repeats`` times with the clock running."""
    first, _ = timed(call)
    seconds, processor = zip(*(timed(call) for _ in range(repeats)), strict=True)
    return Measure(name, unit, amount, seconds, first, processor=processor)


def timed(call: Callable[[], Any]) -> tuple[float, float]:
    """Seconds by the clock and by the processor, all threads of this process together."""
    begin, spent = time.perf_counter(), time.process_time()
    call()
    return time.perf_counter() - begin, time.process_time() - spent


def peak_memory(process: str = "self") -> float:
    """The most memory that this process, or on Linux another one by its number, has held, in MB (2**20 bytes).

    Linux tells it in ``VmHWM``.  ``getrusage`` is the way elsewhere; on Linux it would also count
    what the parent held when it started this process.
    """
    status = Path(f"/proc/{process}/status")
    if status.is_file():
        for line in status.read_text().splitlines():
            if line.startswith("VmHWM"):
                return int(line.split()[1]) / 1024
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / (2**20 if sys.platform == "darwin" else 1024)


def serve(jobs: Jobs) -> int:
    """Run the tasks that stdin names and print their measures as the last line, one list per task."""
    answer = []
    for row in json.load(sys.stdin):
        task = Task(**row)
        measures = list(jobs[task.job](task))
        answer.append([asdict(measure) | {"memory": measure.memory or peak_memory()} for measure in measures])
    print(json.dumps(answer), flush=True)
    return 0


def run_tasks(command: Sequence[str], tasks: Sequence[Task]) -> list[list[Measure]]:
    """The measures of each task, run by ``command`` in one process; ``RuntimeError`` tells why it failed."""
    given = json.dumps([asdict(task) for task in tasks])
    done = subprocess.run(command, input=given, capture_output=True, text=True, cwd=ROOT, check=False)
    lines = done.stdout.strip().splitlines()
    if done.returncode or not lines:
        reason = (done.stderr.strip().splitlines() or [f"exit status {done.returncode}"])[-1]
        raise RuntimeError(f"{', '.join(task.job for task in tasks)} failed: {reason}")
    return [[Measure.from_dict(row) for row in rows] for rows in json.loads(lines[-1])]
