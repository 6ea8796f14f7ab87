"""The workers: they load the networks once and run the functions and jobs that pages send."""

from __future__ import annotations

import asyncio
import pickle
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass
from typing import Any

from tools.serve.payload import Payload
from webui.jobs import Job, Progress, StopOnClose
from webui.service import Models

FAST, SLOW = "photos", "videos"
NETWORKS = {FAST: ("find_faces",), SLOW: ("find_faces", "find_people", "estimate_pose")}
"""The two kinds of workers, and the networks that each loads."""

_here: list[Models] = []
"""The networks of this process, if it is a worker."""


@dataclass(frozen=True)
class Network:
    """Placeholder for a network in a page's request; in a worker it calls the worker's own network."""

    name: str

    def __call__(self, *arguments: Any) -> Any:
        """Output of the network."""
        if not _here:
            raise RuntimeError("the networks are in the workers")
        return getattr(_here[0], self.name)(*arguments)

    def follow(self, *arguments: Any) -> Any:
        """The faces that the face finder tracks into the next frame."""
        return getattr(_here[0], self.name).follow(*arguments)


@dataclass(frozen=True)
class Answer:
    """The value or the error of a request, and the names of the files to receive."""

    value: Any = None
    error: BaseException | None = None
    files: Sequence[str] = ()


class Worker:
    """Handles one request at a time; errors are part of the answer, so that Ray's log names no file of a visitor."""

    def __init__(self, load: Callable[[], Models], kind: str) -> None:
        _here[:] = [load()]
        for name in NETWORKS[kind]:
            getattr(_here[0], name)

    async def ready(self) -> bool:
        """Answers when the networks are loaded."""
        return True

    async def call(self, payload: Payload, function: Callable[..., Any], arguments: Sequence[Any]) -> Answer:
        """Call a function."""
        return await asyncio.to_thread(self._call, payload, function, arguments)

    def _call(self, payload: Payload, function: Callable[..., Any], arguments: Sequence[Any]) -> Answer:
        try:
            with payload.unpacked():
                value = function(*arguments)
            return Answer(value, None, payload.send_back())
        except Exception as error:  # raised again by the page
            return Answer(error=portable(error))

    async def follow(self, payload: Payload, job: Job) -> AsyncIterator[tuple[Progress, int] | Answer]:
        """Run a job: yields progress and count a few times a second, at the end its attributes; stops when closed."""
        with payload.unpacked():
            told = iter(StopOnClose(job))
            try:
                while (message := await asyncio.to_thread(next, told, None)) is not None:
                    yield message
            except Exception as error:  # raised again by the page
                yield Answer(error=portable(error))
                return
            finally:
                job.cancel()
        yield Answer(job.outcome(), None, await asyncio.to_thread(payload.send_back))


def portable(error: BaseException) -> BaseException:
    """The error, or one with the same message if it cannot be pickled."""
    try:
        pickle.loads(pickle.dumps(error))
    except Exception:  # whatever the error's class does when it is copied
        return RuntimeError(f"{type(error).__name__}: {error}")
    return error
