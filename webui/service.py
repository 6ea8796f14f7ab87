"""What the running service keeps: limits, models loaded once, a folder for results, logs without personal data."""

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
    """Too much is waiting, or what worked on it has ended; another try helps."""


@dataclass(frozen=True)
class Limits:
    """What a visitor may send: video length in seconds, photo and frame size in megapixels, file size in MB; how many
    visitors are live at once, and for how many seconds at most.
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
    """What heavy work reads, and the folder that it writes into; ``slow``: videos, which queue by themselves."""

    reads: Sequence[Path]
    folder: Path | None = None
    slow: bool = False


@dataclass(frozen=True)
class Loaders:
    """How the three models are made; each is called once, when it is first needed."""

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
        """The face finder, loaded when first asked for; raises what its loader raises."""
        with self._lock:
            return self._faces

    @property
    def find_people(self) -> FindPeople:
        """The person finder, loaded when first asked for."""
        with self._lock:
            return self._people

    @property
    def estimate_pose(self) -> EstimatePose:
        """The pose estimator, loaded when first asked for."""
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
        """What ``function`` makes of the arguments: heavy work that is done here.

        A subclass may have it done by another process, to which everything is pickled, the models as well.
        """
        return function(*arguments)

    def job(self, _files: Files, job: T) -> T:
        """A job that is about to start; a subclass may return one that has it done by another process."""
        return job

    @property
    def ready(self) -> bool:
        """Whether all three models are loaded."""
        return {"_faces", "_people", "_pose"} <= vars(self).keys()

    def warm(self) -> threading.Thread:
        """Load everything in the background; a failure is logged and met again on first use."""
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
    """Files for visitors: each in a folder of its own with an unguessable name; old ones go when new ones come."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._swept = float("-inf")

    @property
    def root(self) -> Path:
        """Where uploads and results lie."""
        return self._root

    def new(self, name: str) -> Path:
        """A path that does not exist yet and ends in ``name`` (of ours, or a visitor's cleaned of all but letters)."""
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
    """Log one line when the block ends, with its seconds and how it ended; the block may add facts."""
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
