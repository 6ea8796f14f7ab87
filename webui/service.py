"""State of the running service: limits, models loaded once, a folder for results, logs without personal data."""

from __future__ import annotations

import json
import logging
import secrets
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, TypeVar

from vision.types import EstimatePose, FindPeople, FollowingFinder

LOG = logging.getLogger("studio")
KEEP_SECONDS = 3600
T = TypeVar("T")


class BusyError(RuntimeError):
    """The queue is full, or the worker died; the request may be retried."""


@dataclass(frozen=True)
class Limits:
    """Limits of visitors.

    Video length in seconds, photo and frame size in megapixels, file size in MB; number of live visitors at once and
    duration of a live session in seconds.
    """

    video_seconds: float = 600.0
    photo_megapixels: float = 50.0
    frame_megapixels: float = 9.0
    file_megabytes: int = 200
    live_visitors: int = 1
    live_seconds: float = 600.0

    def __post_init__(self) -> None:
        for name, value in vars(self).items():
            if not value > 0:
                raise ValueError(f"{name} must be above 0, not {value!r}")


@dataclass(frozen=True)
class Files:
    """Input files and output folder of heavy work; ``slow``: video work, which has its own queue."""

    reads: Sequence[Path]
    folder: Path | None = None
    slow: bool = False


@dataclass(frozen=True)
class Loaders:
    """Factories of the three models; each is called once, on first use."""

    faces: Callable[[], FollowingFinder]
    people: Callable[[], FindPeople]
    pose: Callable[[], EstimatePose]


class Models:
    """The models, loaded once on first use; a failed load is tried again by the next visitor."""

    def __init__(self, loaders: Loaders) -> None:
        self._loaders = loaders
        self._lock = threading.RLock()

    @property
    def find_faces(self) -> FollowingFinder:
        """The face finder, loaded on first use; raises its loader's errors."""
        with self._lock:
            return self._faces

    @property
    def find_people(self) -> FindPeople:
        """The person finder, loaded on first use."""
        with self._lock:
            return self._people

    @property
    def estimate_pose(self) -> EstimatePose:
        """The pose estimator, loaded on first use."""
        with self._lock:
            return self._pose

    @cached_property
    def _faces(self) -> FollowingFinder:
        with logged("model", name="faces"):
            return self._loaders.faces()

    @cached_property
    def _people(self) -> FindPeople:
        with logged("model", name="people"):
            return self._loaders.people()

    @cached_property
    def _pose(self) -> EstimatePose:
        with logged("model", name="pose"):
            return self._loaders.pose()

    def call(self, _files: Files, function: Callable[..., T], *arguments: Any) -> T:
        """Call ``function``, which is heavy work, in this process.

        A subclass may call it in another process, to which everything is pickled, including the models.
        """
        return function(*arguments)

    def job(self, _files: Files, job: T) -> T:
        """The job to start; a subclass may return one that runs it in another process."""
        return job

    @property
    def ready(self) -> bool:
        """Whether all three models are loaded."""
        return {"_faces", "_people", "_pose"} <= vars(self).keys()

    def warm(self) -> threading.Thread:
        """Load all models in the background; a failure is logged and raised again on first use."""
        thread = threading.Thread(target=self._warm, name="warm", daemon=True)
        thread.start()
        return thread

    def _warm(self) -> None:
        for name in ("find_faces", "find_people", "estimate_pose"):
            try:
                getattr(self, name)
            except (ValueError, OSError, RuntimeError) as error:
                LOG.error("model %s could not be loaded: %s", name, error)


class ResultFolder:
    """Files for visitors, each in a folder with an unguessable name; old ones are deleted when new ones are created."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._swept = float("-inf")

    @property
    def root(self) -> Path:
        """The folder of uploads and results."""
        return self._root

    def new(self, name: str) -> Path:
        """A new path that ends in ``name``, of which only safe characters are kept."""
        if time.monotonic() - self._swept > 60:
            self.sweep()
        folder = self._root / secrets.token_hex(16)
        folder.mkdir(parents=True)
        return folder / name

    def sweep(self, older_than: float = KEEP_SECONDS) -> None:
        """Delete the files that are older than ``older_than`` seconds."""
        self._swept = time.monotonic()
        limit = time.time() - older_than
        for path in self._root.glob("*/*"):
            try:
                if path.is_file() and path.stat().st_mtime < limit:
                    path.unlink()
                    path.parent.rmdir()
            except OSError:
                continue


@contextmanager
def logged(event: str, **facts: object) -> Iterator[dict[str, object]]:
    """Log one line when the block ends, with its duration and outcome; the block may add facts."""
    begin = time.perf_counter()
    try:
        yield facts
    except BaseException as error:
        facts["failed"] = type(error).__name__
        raise
    finally:
        facts["seconds"] = round(time.perf_counter() - begin, 3)
        LOG.info(event, extra={"facts": facts})


class JsonLines(logging.Formatter):
    """One JSON object per line: time, level, event and its facts.  No names, addresses or file names are logged."""

    def format(self, record: logging.LogRecord) -> str:
        """The record as one line of JSON."""
        line: dict[str, object] = {
            "time": self.formatTime(record, "%Y-%m-%dT%H:%M:%S%z"),
            "level": record.levelname.lower(),
            "event": record.getMessage(),
        }
        line |= getattr(record, "facts", {})
        if record.exc_info:
            line["trace"] = self.formatException(record.exc_info)
        return json.dumps(line, ensure_ascii=False, default=str)


def set_up_logging() -> None:
    """Send the app's own log to standard error as JSON lines."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonLines())
    LOG.handlers[:] = [handler]
    LOG.setLevel(logging.INFO)
    LOG.propagate = False
