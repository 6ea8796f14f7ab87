"""Threads: prefetching from a source, and a pool for parts of a picture.

The only module that starts threads for decoding, drawing, encoding and retouching.  These release the GIL, as the
networks do, and therefore run in parallel.
"""

from __future__ import annotations

import threading
from collections.abc import Generator, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from queue import SimpleQueue
from typing import TypeVar

T = TypeVar("T")


Pool = ThreadPoolExecutor
"""A pool of threads, as ``threads`` makes it."""


def threads(count: int) -> Pool:
    """A pool of ``count`` threads for parts of one task: ``with threads(2) as pool: pool.submit(...)``."""
    return ThreadPoolExecutor(count, "beside")


@dataclass(frozen=True)
class _End:
    """End of the queue: the error of the source, or None."""

    error: BaseException | None


@contextmanager
def prefetch(source: Iterable[T], depth: int) -> Generator[Iterator[T], None, None]:
    """Iterate over ``source`` in a thread up to ``depth`` items ahead: ``with prefetch(...) as items``.

    Items keep their order.  An exception of the source is raised when the missing item is taken.  Leaving the block,
    also by an exception, stops the thread before the source's next item and joins it; a generator is closed in that
    thread.  Exceptions after the last taken item are dropped.  At most ``depth`` + 2 items exist: queued, in production
    and in use.
    """
    if depth < 1:
        raise ValueError(f"depth must be at least 1, not {depth}")
    ready: SimpleQueue[T | _End] = SimpleQueue()
    room, left = threading.Semaphore(depth - 1), threading.Event()
    thread = threading.Thread(target=_produce, args=(source, ready, room, left), name="prefetch", daemon=True)
    thread.start()
    try:
        yield _taken(ready, room)
    finally:
        left.set()
        room.release()
        thread.join()


def _produce(
    source: Iterable[T], ready: SimpleQueue[T | _End], room: threading.Semaphore, left: threading.Event
) -> None:
    """Body of the thread: puts the items, then an ``_End``."""
    error: BaseException | None = None
    try:
        _fill(iter(source), ready, room, left)
    except BaseException as raised:  # raised again where the items are used
        error = raised
    ready.put(_End(error))


def _fill(items: Iterator[T], ready: SimpleQueue[T | _End], room: threading.Semaphore, left: threading.Event) -> None:
    """Put items while the queue has space and the consumer has not left."""
    try:
        for item in items:
            ready.put(item)
            del item  # the user's alone from here on
            room.acquire()
            if left.is_set():
                return
    finally:
        if isinstance(items, Generator):
            items.close()


def _taken(ready: SimpleQueue[T | _End], room: threading.Semaphore) -> Iterator[T]:
    """The consumer's iterator."""
    while not isinstance(item := ready.get(), _End):
        room.release()
        yield item
        del item
    if item.error is not None:
        raise item.error
