"""Scheduling of files over a pool of workers, with retries when a worker dies and time limits."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Generator, Hashable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from typing import Any, Literal, Protocol

from tools.batch.rows import Row
from tools.batch.sources import Item


@dataclass(frozen=True)
class Event:
    """An event of a worker.

    ``kind``: ``ready`` for its first file, ``done`` with one (``value``: its row), ``died``, or ``failed``: it cannot
    work at all (``value``: the reason).
    """

    kind: Literal["ready", "done", "died", "failed"]
    worker: Hashable
    value: Any = None


class Pool(Protocol):
    """A pool of workers, each of which handles one file at a time."""

    def start(self) -> Hashable:
        """Start another worker; its event ``ready`` follows."""
        ...

    def submit(self, worker: Hashable, item: Item) -> None:
        """Send a file to an idle worker."""
        ...

    def events(self, seconds: float) -> list[Event]:
        """New events, waiting for at most ``seconds``."""
        ...

    def kill(self, worker: Hashable) -> None:
        """Kill a worker; it has no further events."""
        ...

    def close(self) -> None:
        """End all workers."""
        ...


@dataclass(frozen=True)
class Rules:
    """Number of ``workers``; ``tries`` of a file whose workers die; time limits for a file and for the first worker."""

    workers: int
    tries: int = 3
    file_seconds: float = 3600.0
    start_seconds: float = 900.0


@dataclass
class Scheduler:
    """State of a run: the file and start time of each worker, and the files to retry."""

    pool: Pool
    rules: Rules
    lost: Callable[[Item, int, str], Row]
    ready: int = 0
    _work: dict[Hashable, tuple[Item, int, float]] = field(default_factory=dict)
    _again: deque[tuple[Item, int]] = field(default_factory=deque)
    _early_deaths: int = 0

    def run(self, items: Iterable[Item]) -> Generator[Row, None, None]:
        """The row of every item, in order of completion; items are taken as workers become idle.

        Raises ``RuntimeError`` if no worker can be started.  Ends all workers when it ends or is closed.
        """
        waiting = iter(items)
        idle: deque[Hashable] = deque()
        try:
            started, begin, more = self._start_workers(), time.monotonic(), True
            while more or self._work or self._again:
                while idle and (item := self._next(waiting)) is not None:
                    self._assign(idle.popleft(), *item)
                more = more and not idle
                if not (more or self._work or self._again):
                    break
                for event in self.pool.events(1.0):
                    yield from self._handle(event, idle)
                yield from self._expire()
                if not (self.ready or self._early_deaths) and time.monotonic() - begin > self.rules.start_seconds:
                    raise RuntimeError(f"None of {started} workers could be started; are the machines' cores free?")
        finally:
            self.pool.close()

    def _start_workers(self) -> int:
        for _ in range(self.rules.workers):
            self.pool.start()
        return self.rules.workers

    def _next(self, waiting: Iterator[Item]) -> tuple[Item, int] | None:
        """The next file and its number of tries."""
        if self._again:
            return self._again.popleft()
        item = next(waiting, None)
        return None if item is None else (item, 0)

    def _assign(self, worker: Hashable, item: Item, tries: int) -> None:
        self._work[worker] = (item, tries + 1, time.monotonic())
        self.pool.submit(worker, item)

    def _handle(self, event: Event, idle: deque[Hashable]) -> Iterator[Row]:
        if event.kind == "failed":
            raise RuntimeError(str(event.value))
        if event.kind == "died":
            yield from self._died(event.worker, idle, "The worker process ended")
            return
        if event.kind == "ready":
            self.ready += 1
            self._early_deaths = 0
        else:
            _, tries, _ = self._work.pop(event.worker)
            yield _tried(event.value, tries)
        idle.append(event.worker)

    def _died(self, worker: Hashable, idle: deque[Hashable], reason: str) -> Iterator[Row]:
        """Start another worker, and retry the file or report it as lost."""
        if worker in idle:
            idle.remove(worker)
            self.ready -= 1
        elif worker in self._work:
            item, tries, _ = self._work.pop(worker)
            self.ready -= 1
            if tries >= self.rules.tries:
                yield self.lost(item, tries, f"{reason} {tries} times while it handled this file.")
            else:
                self._again.append((item, tries))
        else:
            self._early_deaths += 1
            if self._early_deaths > 3 * self.rules.workers:
                raise RuntimeError("Workers end while they load the networks; is there enough memory?")
        self.pool.start()

    def _expire(self) -> Iterator[Row]:
        """Kill workers that exceed the time limit of a file."""
        now = time.monotonic()
        for worker in [w for w, (_, _, since) in self._work.items() if now - since > self.rules.file_seconds]:
            self.pool.kill(worker)
            yield from self._died(worker, deque(), f"The work took longer than {self.rules.file_seconds:g} s")


def _tried(row: Row, tries: int) -> Row:
    """The row with its number of tries; 0, an unchanged file that was skipped, stays 0."""
    return row if row.tries == 0 else replace(row, tries=tries)
