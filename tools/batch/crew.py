"""Gives files to workers, one at a time each, and gives a file to another worker when one dies with it."""

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
    """What became of a worker: ``ready`` for its first file, ``done`` with one (``value``: its row), ``died``,
    or ``failed``: it cannot do any work (``value``: why).
    """

    kind: Literal["ready", "done", "died", "failed"]
    worker: Hashable
    value: Any = None


class Pool(Protocol):
    """Workers somewhere; each handles one file at a time."""

    def hire(self) -> Hashable:
        """Start one more; it tells when it is ready."""
        ...

    def give(self, worker: Hashable, item: Item) -> None:
        """Let a worker that is ready or done handle a file."""
        ...

    def events(self, seconds: float) -> list[Event]:
        """What happened, waiting for at most ``seconds``."""
        ...

    def dismiss(self, worker: Hashable) -> None:
        """End a worker at once; nothing more is heard of it."""
        ...

    def close(self) -> None:
        """End all workers."""
        ...


@dataclass(frozen=True)
class Rules:
    """``workers`` at once; ``tries`` of a file whose workers die; seconds for one file and for the first worker."""

    workers: int
    tries: int = 3
    file_seconds: float = 3600.0
    start_seconds: float = 900.0


@dataclass
class Crew:
    """The state of a run: who works on what since when, and which files are to be tried again."""

    pool: Pool
    rules: Rules
    lost: Callable[[Item, int, str], Row]
    ready: int = 0
    _work: dict[Hashable, tuple[Item, int, float]] = field(default_factory=dict)
    _again: deque[tuple[Item, int]] = field(default_factory=deque)
    _early_deaths: int = 0

    def run(self, items: Iterable[Item]) -> Generator[Row, None, None]:
        """The row of every item, in the order in which they are done; items are asked for as workers get free.

        Raises ``RuntimeError`` when no worker can be started.  Ends all workers when it ends or is closed.
        """
        waiting = iter(items)
        idle: deque[Hashable] = deque()
        try:
            hired, begin, more = self._hire(), time.monotonic(), True
            while more or self._work or self._again:
                while idle and (item := self._next(waiting)) is not None:
                    self._give(idle.popleft(), *item)
                more = more and not idle
                if not (more or self._work or self._again):
                    break
                for event in self.pool.events(1.0):
                    yield from self._heard(event, idle)
                yield from self._late()
                if not (self.ready or self._early_deaths) and time.monotonic() - begin > self.rules.start_seconds:
                    raise RuntimeError(f"None of {hired} workers could be started; are the machines' cores free?")
        finally:
            self.pool.close()

    def _hire(self) -> int:
        for _ in range(self.rules.workers):
            self.pool.hire()
        return self.rules.workers

    def _next(self, waiting: Iterator[Item]) -> tuple[Item, int] | None:
        """The next file and how often it was tried."""
        if self._again:
            return self._again.popleft()
        item = next(waiting, None)
        return None if item is None else (item, 0)

    def _give(self, worker: Hashable, item: Item, tries: int) -> None:
        self._work[worker] = (item, tries + 1, time.monotonic())
        self.pool.give(worker, item)

    def _heard(self, event: Event, idle: deque[Hashable]) -> Iterator[Row]:
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
        """Hire another and try the file again, or give it up."""
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
        self.pool.hire()

    def _late(self) -> Iterator[Row]:
        """Part with workers that take too long for one file."""
        now = time.monotonic()
        for worker in [w for w, (_, _, since) in self._work.items() if now - since > self.rules.file_seconds]:
            self.pool.dismiss(worker)
            yield from self._died(worker, deque(), f"The work took longer than {self.rules.file_seconds:g} s")


def _tried(row: Row, tries: int) -> Row:
    """The row with the number of its tries; 0 stays: the file was left alone."""
    return row if row.tries == 0 else replace(row, tries=tries)
