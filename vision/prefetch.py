"""Work side by side: a source that runs ahead of its user, and threads for parts of a picture's work.

The only place that starts threads for decoding, drawing, encoding and retouching; these release Python's lock, as the
networks do, so that they do run at the same time.
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


def threads(count: int) -> ThreadPoolExecutor:
    """So many threads for parts of one piece of work: ``with threads(2) as beside: beside.submit(...)``."""
    return ThreadPoolExecutor(count, "beside")


@dataclass(frozen=True)
class _End:
    """The last word of a thread: the error of its source, or None."""

    error: BaseException | None


@contextmanager
def prefetch(source: Iterable[T], depth: int) -> Generator[Iterator[T], None, None]:
    """Iterate over ``source`` in a thread that works up to ``depth`` items ahead: ``with prefetch(...) as items``.

    Items keep their order.  What the source raises is raised to who takes the item that is missing.
    Leaving the block, also by an error, ends the thread before the source's next item and waits for
    it; a source that is a generator is closed by then, in that thread.  What it raises after the last
    item that was taken is dropped.  At most ``depth`` + 2 items are alive: waiting, in work and in use.
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
    """The thread: items, then an end."""
    error: BaseException | None = None
    try:
        _fill(iter(source), ready, room, left)
    except BaseException as raised:  # raised again where the items are used
        error = raised
    ready.put(_End(error))


def _fill(items: Iterator[T], ready: SimpleQueue[T | _End], room: threading.Semaphore, left: threading.Event) -> None:
    """Hand on items while there is room for them and somebody wants them."""
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
    """The user's side."""
    while not isinstance(item := ready.get(), _End):
        room.release()
        yield item
        del item
    if item.error is not None:
        raise item.error
