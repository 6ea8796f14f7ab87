"""Long work in a thread of its own that reports its progress, stops when asked and when nobody looks any more."""

from __future__ import annotations

import logging
import os
import threading
import time
from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

PATIENCE = 15.0
"""Seconds after which a job that nobody looks at any more stops."""


class CancelledError(Exception):
    """The visitor pressed cancel or left."""


@dataclass(frozen=True)
class Progress:
    """How far a job is: ``stage`` names a text; ``share`` of the whole in [0, 1] or None if unknown."""

    stage: str = "waiting"
    share: float | None = None
    seconds_left: float | None = None
    video_seconds: float = 0.0


class Job(ABC):
    """Work that writes ``target``; ``progress`` may be read from any thread.

    ``work`` calls ``stop_if_asked`` often: it ends with ``CancelledError`` soon after ``cancel``, or after ``stop``
    was set from outside.
    """

    def __init__(self, target: Path, stop: threading.Event | None = None) -> None:
        self.target = target
        self._stop = stop or threading.Event()
        self._begin = self._looked = time.monotonic()
        self.progress = Progress()
        self.error: BaseException | None = None
        self._thread = threading.Thread(target=self._run, name="video", daemon=True)

    @abstractmethod
    def work(self) -> None:
        """Do the work."""

    def count_so_far(self) -> int:
        """Jumps counted so far; 0 for work that counts none."""
        return 0

    def __getstate__(self) -> dict[str, object]:
        """A job that has not begun can be sent to another process."""
        return {name: value for name, value in vars(self).items() if name not in ("_stop", "_thread")}

    def __setstate__(self, state: dict[str, Any]) -> None:
        Job.__init__(self, state["target"])
        vars(self).update({name: value for name, value in state.items() if name not in ("_begin", "_looked")})

    def outcome(self) -> dict[str, object]:
        """The attributes that tell what became of the work."""
        return {name: value for name, value in vars(self).items() if not name.startswith("_")}

    def start(self) -> None:
        """Begin; call once."""
        self._thread.start()

    def cancel(self) -> None:
        """Ask the thread to stop; it does so at its next step."""
        self._stop.set()

    def wait(self, seconds: float) -> bool:
        """Wait a while; True when the thread has ended.  A job that is not waited for stops after ``PATIENCE``."""
        self._looked = time.monotonic()
        self._thread.join(seconds)
        return not self._thread.is_alive()

    def stop_if_asked(self) -> None:
        """Raise ``CancelledError`` when the work is not wanted any more."""
        if self._stop.is_set() or time.monotonic() - self._looked > PATIENCE:
            raise CancelledError

    def note(self, stage: str, share: float | None, video_seconds: float = 0.0) -> None:
        """Tell how far the work is; the time left follows from the time spent."""
        spent = time.monotonic() - self._begin
        left = spent / share * (1 - share) if share and share > 0.02 and spent > 1 else None
        self.progress = Progress(stage, share, left, video_seconds)

    def _run(self) -> None:
        be_nice()
        self._begin = time.monotonic()
        try:
            self.work()
        except BaseException as error:  # handed to the waiting thread, which raises it again
            self.error = error
            self.target.unlink(missing_ok=True)


class StopOnClose:
    """Follows a job until it ends; the job is cancelled when the follower is closed before."""

    def __init__(self, job: Job, *, every: float = 0.4, count_every: float = 2.5) -> None:
        self._job, self._every, self._count_every = job, every, count_every

    def __iter__(self) -> Iterator[tuple[Progress, int]]:
        """Yield the progress and the count so far; raises what the job raised."""
        job, count, counted, pause = self._job, 0, time.monotonic(), self._count_every
        job.start()
        try:
            while not job.wait(self._every):
                if job.progress.stage == "analyse" and time.monotonic() - counted > pause:
                    begin = time.monotonic()
                    count = self._count_so_far(count)
                    counted = time.monotonic()
                    pause = max(self._count_every, 10 * (counted - begin))
                yield job.progress, count
        finally:
            job.cancel()
        if job.error is not None:
            raise job.error

    def _count_so_far(self, last: int) -> int:
        try:
            return self._job.count_so_far()
        except (ValueError, IndexError, RuntimeError):  # a half-filled track; the final count is not made from it
            logging.getLogger("studio").debug("no partial count")
            return last


def be_nice() -> None:
    """Let the threads that answer photos go first (Linux: the niceness belongs to the thread)."""
    if hasattr(os, "setpriority"):
        try:
            os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), 5)
        except OSError:
            return
