"""Workers as processes of this machine."""

from __future__ import annotations

import itertools
import multiprocessing
import signal
from collections.abc import Callable, Hashable
from multiprocessing.connection import Connection, wait
from typing import Any

from tools.batch.scheduler import Event
from tools.batch.sources import Item

Load = Callable[[], Callable[[Item], Any]]


class ProcessPool:
    """A process per worker, each with a pipe; ``load`` (picklable) makes the worker's function, once per process."""

    def __init__(self, load: Load) -> None:
        self._load, self._numbers = load, itertools.count()
        self._context = multiprocessing.get_context("spawn")
        self._workers: dict[Hashable, tuple[Any, Connection]] = {}

    def start(self) -> Hashable:
        """Start a process."""
        number, (here, there) = next(self._numbers), self._context.Pipe()
        process = self._context.Process(target=_serve, args=(there, self._load), daemon=True)
        process.start()
        there.close()
        self._workers[number] = (process, here)
        return number

    def submit(self, worker: Hashable, item: Item) -> None:
        """Send a file; the death of a process is reported by ``events``."""
        try:
            self._workers[worker][1].send(item)
        except OSError:
            return

    def events(self, seconds: float) -> list[Event]:
        """Results and deaths of processes."""
        workers = {pipe: worker for worker, (_, pipe) in self._workers.items()}
        return [
            self._handle(workers[pipe], pipe) for pipe in wait(list(workers), seconds) if isinstance(pipe, Connection)
        ]

    def _handle(self, worker: Hashable, pipe: Any) -> Event:
        try:
            kind, value = pipe.recv()
        except (EOFError, OSError):
            self.kill(worker)
            return Event("died", worker)
        return Event(kind, worker, value)

    def kill(self, worker: Hashable) -> None:
        """Kill the process."""
        process, pipe = self._workers.pop(worker)
        process.kill()
        process.join(10)
        pipe.close()

    def close(self) -> None:
        """Kill all."""
        for worker in list(self._workers):
            self.kill(worker)


def _serve(pipe: Connection, load: Load) -> None:
    """Main loop of a worker process; it ends when its pipe closes, and so with its parent."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        work = load()
    except Exception as error:  # told to the run, which ends with it
        pipe.send(("failed", str(error) or type(error).__name__))
        return
    try:
        pipe.send(("ready", None))
        while True:
            pipe.send(("done", work(pipe.recv())))
    except (EOFError, BrokenPipeError, ConnectionResetError):
        return
