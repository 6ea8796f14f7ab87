"""Number of workers for a machine, and binding of each to its cores."""

from __future__ import annotations

import fcntl
import os
import tempfile
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import IO

WORKER_MEMORY = 1_200_000_000
"""Bytes that one worker needs at most: the networks and a video of 1080p or a photo of 24 megapixels in work."""

_held: list[IO[bytes]] = []
"""Lock files of this process's cores; the operating system releases them when the process ends, however it ends."""


def allowed_cores() -> list[int]:
    """Numbers of the cores that this process may use."""
    return sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else list(range(os.cpu_count() or 1))


def quota(root: Path = Path("/sys/fs/cgroup")) -> float:
    """CPU quota of the container in cores (cgroup v2), infinity without a limit."""
    try:
        most, period = (root / "cpu.max").read_text().split()
    except (OSError, ValueError):
        return float("inf")
    return float("inf") if most == "max" else int(most) / int(period)


def free_memory(meminfo: Path = Path("/proc/meminfo")) -> float:
    """Available memory in bytes, infinity where unknown."""
    try:
        lines = meminfo.read_text().splitlines()
    except OSError:
        return float("inf")
    return next((1024.0 * int(line.split()[1]) for line in lines if line.startswith("MemAvailable")), float("inf"))


def fitting_workers(cores_each: int) -> int:
    """Workers of ``cores_each`` cores that fit this machine's cores and free memory; at least one."""
    cores = min(len(allowed_cores()), quota())
    return max(1, int(min(cores // cores_each, free_memory() // WORKER_MEMORY)))


def take_cores(count: int, folder: Path | None = None) -> list[int]:
    """Bind this process to ``count`` cores that no other worker of this machine has taken; returns their numbers.

    Decoders and encoders start as many threads as they see cores, so that binding avoids oversubscription.  Nothing is
    bound, and the list is empty, if there are too few free cores, or in a container with a CPU quota, whose neighbours
    would bind the same cores.  Call it before the networks' libraries are imported.
    """
    cores = allowed_cores()
    if count >= len(cores) or quota() < len(cores) or not hasattr(os, "sched_setaffinity"):
        return []
    folder = folder or Path(tempfile.gettempdir()) / f"batch-cores-{os.getuid()}"
    folder.mkdir(exist_ok=True)
    taken = list(islice(_free(cores, folder), count))
    if len(taken) < count:
        return []
    os.sched_setaffinity(0, taken)
    return taken


def _free(cores: list[int], folder: Path) -> Iterator[int]:
    """Lock free cores one by one."""
    for number in cores:
        lock = (folder / str(number)).open("wb")
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            lock.close()
            continue
        _held.append(lock)
        yield number


def fit_threads(count: int) -> None:
    """Let the libraries of this process start at most ``count`` threads each; call it before they are imported."""
    for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
        os.environ[name] = str(count)
    take_cores(count)
    import cv2

    cv2.setNumThreads(count)
