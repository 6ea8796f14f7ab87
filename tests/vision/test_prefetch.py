"""Sources that run ahead and parts side by side: order, bounds, errors, leaving early, and that no thread stays."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from typing import ClassVar

import pytest

from vision.prefetch import prefetch


@pytest.fixture(autouse=True)
def no_thread_stays() -> Iterator[None]:
    before = set(threading.enumerate())
    yield
    assert set(threading.enumerate()) == before


class Source:
    """Numbers from 0, with a log of what was made and where it was closed; ``error`` is raised at the end."""

    def __init__(self, count: int, error: BaseException | None = None) -> None:
        self.count, self.error = count, error
        self.made: list[int] = []
        self.closed_in = ""

    def __iter__(self) -> Iterator[int]:
        try:
            for i in range(self.count):
                self.made.append(i)
                yield i
            if self.error is not None:
                raise self.error
        finally:
            self.closed_in = threading.current_thread().name


def wait_for_more(source: Source, most: int) -> int:
    """How many items were made, after a while in which there was time to make too many."""
    end = time.monotonic() + 10
    while len(source.made) < most and time.monotonic() < end:
        time.sleep(0.01)
    time.sleep(0.1)
    return len(source.made)


def use(items: Iterator[int], taken: list[int], fail_after: int | None = None) -> None:
    """Note every item; after so many, fail."""
    while len(taken) != fail_after:
        item = next(items, None)
        if item is None:
            return
        taken.append(item)
    raise ZeroDivisionError("the user fails")


@pytest.mark.parametrize("depth", [1, 2, 7])
@pytest.mark.parametrize("count", [0, 1, 2, 50])
def test_items_come_complete_and_in_order(count: int, depth: int) -> None:
    with prefetch(iter(range(count)), depth) as items:
        assert list(items) == list(range(count))
        assert list(items) == []
    with prefetch(list(range(count)), depth) as items:
        assert list(items) == list(range(count))


@pytest.mark.parametrize("depth", [1, 3])
def test_it_works_ahead_but_no_further_than_its_depth(depth: int) -> None:
    source = Source(100)
    with prefetch(source, depth) as items:
        assert wait_for_more(source, depth) == depth
        assert [next(items), next(items)] == [0, 1]
        assert wait_for_more(source, depth + 2) == depth + 2


def test_both_sides_run_at_the_same_time() -> None:
    meet = threading.Barrier(2, timeout=20)

    def source() -> Iterator[int]:
        yield 0
        meet.wait()  # passes only while the user is at its own barrier
        yield 1

    with prefetch(source(), 1) as items:
        assert next(items) == 0
        meet.wait()
        assert next(items) == 1


@pytest.mark.parametrize("error", [RuntimeError("damaged"), KeyboardInterrupt(), GeneratorExit()])
def test_the_error_of_the_source_comes_after_its_items(error: BaseException) -> None:
    taken: list[int] = []
    with pytest.raises(type(error)) as caught, prefetch(Source(5, error), 2) as items:
        use(items, taken)
    assert taken == [0, 1, 2, 3, 4]
    assert caught.value is error


def test_the_traceback_tells_where_the_source_failed() -> None:
    with pytest.raises(RuntimeError) as caught, prefetch(Source(3, RuntimeError("damaged")), 2) as items:
        list(items)
    assert "__iter__" in [entry.name for entry in caught.traceback]


def test_a_source_that_cannot_begin_fails_at_the_first_item() -> None:
    with pytest.raises(TypeError, match="iterable"), prefetch(3, 2) as items:  # type: ignore[arg-type]
        next(items)


@pytest.mark.parametrize("taken", [0, 1, 5])
def test_an_error_of_the_user_ends_the_thread_and_closes_the_source(taken: int) -> None:
    source = Source(1000)
    with pytest.raises(ZeroDivisionError), prefetch(iter(source), 3) as items:
        use(items, [], fail_after=taken)
    assert source.closed_in == "prefetch"
    assert len(source.made) <= taken + 4


def test_leaving_early_closes_the_source_even_while_it_waits_for_room() -> None:
    source = Source(1000)
    with prefetch(iter(source), 2) as items:
        assert next(items) == 0
        wait_for_more(source, 3)
    assert source.closed_in == "prefetch"
    assert len(source.made) == 3
    assert list(items) == [1, 2]


def test_what_nobody_took_raises_nothing() -> None:
    source = Source(2, RuntimeError("later"))
    with prefetch(source, 5) as items:
        assert next(items) == 0
        wait_for_more(source, 2)


@pytest.mark.parametrize("fails", ["first", "second", "user"])
def test_two_stages_in_a_row_end_together(fails: str) -> None:
    first = Source(10 if fails == "first" else 1000, ValueError("first"))

    def second(numbers: Iterator[int]) -> Iterator[int]:
        for number in numbers:
            if fails == "second" and number == 10:
                raise ValueError("second")
            yield 2 * number

    taken: list[int] = []
    error = ZeroDivisionError if fails == "user" else ValueError
    with (
        pytest.raises(error, match=fails),
        prefetch(iter(first), 2) as numbers,
        prefetch(second(numbers), 2) as doubled,
    ):
        use(doubled, taken, fail_after=10 if fails == "user" else None)
    assert taken == list(range(0, 20, 2))
    assert first.closed_in == "prefetch"


@pytest.mark.parametrize("depth", [1, 2, 4])
def test_no_more_items_are_alive_than_waiting_in_work_and_in_use(depth: int) -> None:
    class Item:
        alive: ClassVar[list[int]] = []
        most = 0

        def __init__(self) -> None:
            self.alive.append(1)
            Item.most = max(Item.most, len(self.alive))

        def __del__(self) -> None:
            self.alive.pop()

    with prefetch((Item() for _ in range(30)), depth) as items:
        for _ in items:
            time.sleep(0.01)
    assert depth + 1 <= Item.most <= depth + 2
    del _
    assert not Item.alive


def test_the_depth_must_be_positive() -> None:
    with pytest.raises(ValueError, match="at least 1, not 0"), prefetch([], 0):
        pass
