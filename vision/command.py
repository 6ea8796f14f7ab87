"""Shared by the command lines: one line for every error, and cleanup when they are interrupted."""

from __future__ import annotations

import argparse
import os
import signal
import sys
from collections.abc import Callable, Generator
from contextlib import contextmanager, suppress
from types import FrameType
from typing import NoReturn

_STOPS = (signal.SIGINT, signal.SIGTERM)


class Parser(argparse.ArgumentParser):
    """A parser whose errors are one line."""

    def error(self, message: str) -> NoReturn:
        """End with status 2."""
        self.exit(2, f"{self.prog}: {message}\n")


class StoppedError(BaseException):
    """Ctrl-C or SIGTERM; ``number`` is the signal's."""

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.number = number


def run(name: str, work: Callable[[], int]) -> int:
    """Run ``work`` of the command ``name`` and return its exit status.

    Every error is one line on stderr.  The status is 2 for errors of input and output, 128 plus the signal's number for
    Ctrl-C and SIGTERM, which are raised as an exception so that temporary files are removed.
    """
    try:
        with _stoppable(), _quiet_libraries():
            return work()
    except StoppedError as stopped:
        say(f"{name}: stopped")
        return 128 + stopped.number
    except MemoryError:
        return fail(name, "there is not enough memory for this file")
    except BrokenPipeError:
        with suppress(OSError):
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 2
    except (ValueError, OSError, RuntimeError) as error:
        return fail(name, error)


def end_at_once(name: str) -> None:
    """Let Ctrl-C and SIGTERM end the process with one line, as long as there is nothing to clean up."""

    def end(number: int, _: FrameType | None) -> None:
        say(f"{name}: stopped")
        os._exit(128 + number)

    for number in _STOPS:
        signal.signal(number, end)


@contextmanager
def _stoppable() -> Generator[None, None, None]:
    """Inside the block the first Ctrl-C or SIGTERM raises ``StoppedError``; later ones do not interrupt the cleanup.

    So does an error that follows the signal: an extension module that is being imported makes it an ``ImportError``.
    """
    asked: list[int] = []

    def stop(number: int, _: FrameType | None) -> None:
        for other in _STOPS:
            signal.signal(other, signal.SIG_IGN)
        asked.append(number)
        raise StoppedError(number)

    before = {}
    with suppress(ValueError):  # outside the main thread there are no signals
        before = {number: signal.signal(number, stop) for number in _STOPS}
    try:
        yield
    except Exception as error:
        if asked:
            raise StoppedError(asked[0]) from error
        raise
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextmanager
def _quiet_libraries() -> Generator[None]:
    """Inside the block, output of C libraries on stderr is dropped, such as libtiff's on damaged files."""
    own = sys.stderr
    try:
        ours = own.fileno() == 2
    except (AttributeError, OSError, ValueError):  # replaced, as in tests
        ours = False
    if not ours:
        yield
        return
    own.flush()
    with open(os.devnull, "wb") as nothing, open(os.dup(2), "w", encoding=own.encoding, errors=own.errors) as said:
        os.dup2(nothing.fileno(), 2)
        sys.stderr = said
        try:
            yield
        finally:
            said.flush()
            os.dup2(said.fileno(), 2)
            sys.stderr = own


def fail(name: str, error: object) -> int:
    """One line on stderr; 2, the exit status of a failure."""
    words = error.strerror if isinstance(error, OSError) and error.strerror else error
    say(f"{name}: {words or type(error).__name__}")
    return 2


def say(message: str) -> None:
    """One line on stderr."""
    sys.stderr.write(" ".join(message.split()) + "\n")
    sys.stderr.flush()
