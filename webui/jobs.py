"""Long work in a thread with progress, cancellation, and a timeout if nobody polls it."""

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
"""Seconds without polling after which a job stops."""


class CancelledError(Exception):
    """The visitor pressed cancel or left."""


@dataclass(frozen=True)
class Progress:
    """Progress of a job: ``stage``, key of a text; ``share`` of the whole in [0, 1] or None if unknown."""

    stage: str = "waiting"
    share: float | None = None
    seconds_left: float | None = None
    video_seconds: float = 0.0


class Job(ABC):
    """Work that writes ``target``; ``progress`` may be read from any thread.

    ``work`` calls ``stop_if_asked`` often, so that it ends with ``CancelledError`` soon after ``cancel``, or after
    ``stop`` was set from outside.
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
        """State for pickling of a job that has not been started."""
        return {name: value for name, value in vars(self).items() if name not in ("_stop", "_thread")}

    def __setstate__(self, state: dict[str, Any]) -> None:
        Job.__init__(self, state["target"])
        vars(self).update({name: value for name, value in state.items() if name not in ("_begin", "_looked")})

    def outcome(self) -> dict[str, object]:
        """The attributes with the result of the work."""
        return {name: value for name, value in vars(self).items() if not name.startswith("_")}

    def start(self) -> None:
        """Begin; call once."""
        self._thread.start()

    def cancel(self) -> None:
        """Ask the thread to stop; it does so at its next step."""
        self._stop.set()

    def wait(self, seconds: float) -> bool:
        """Wait for at most ``seconds``; True when the thread has ended.

        A job that nobody waits for stops after ``PATIENCE``.
        """
        self._looked = time.monotonic()
        self._thread.join(seconds)
        return not self._thread.is_alive()

    def stop_if_asked(self) -> None:
        """Raise ``CancelledError`` if the job was cancelled or is no longer polled."""
        if self._stop.is_set() or time.monotonic() - self._looked > PATIENCE:
            raise CancelledError

    def note(self, stage: str, share: float | None, video_seconds: float = 0.0) -> None:
        """Report the progress; the remaining time is extrapolated from the elapsed time."""
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
    """Iterates over a job's progress until it ends; closing the iterator earlier cancels the job."""

    def __init__(self, job: Job, *, every: float = 0.4, count_every: float = 2.5) -> None:
        self._job, self._every, self._count_every = job, every, count_every

    def __iter__(self) -> Iterator[tuple[Progress, int]]:
        """Yield progress and count so far; raises the job's exception."""
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
    """Lower this thread's priority below that of photo requests (Linux: niceness is per thread)."""
    if hasattr(os, "setpriority"):
        try:
            os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), 5)
        except OSError:
            return
