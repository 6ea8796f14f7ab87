"""The page's side of serving: heavy work is sent to the workers behind the interface of local models."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar, cast

from tools.serve.payload import Payload
from tools.serve.workers import FAST, SLOW, Answer, Network
from webui.jobs import Job
from webui.service import BusyError, Files, Loaders, Models

T = TypeVar("T")
LOOK = 0.4
"""Seconds between two checks whether a job was cancelled."""


class RemoteModels(Models):
    """Models in workers; ``storage``: address for files, empty if workers share the page's folders.

    They are ready when a worker of each kind is.  ``running``: number of active requests.
    """

    def __init__(self, storage: str = "") -> None:
        super().__init__(
            Loaders(
                lambda: cast(Any, self._when_ready(FAST, "find_faces")),
                lambda: cast(Any, self._when_ready(SLOW, "find_people")),
                lambda: cast(Any, self._when_ready(SLOW, "estimate_pose")),
            )
        )
        self._storage, self.running = storage, 0
        self._counting = threading.Lock()

    def _when_ready(self, kind: str, name: str) -> Network:
        with busy_when_lost():
            handle_of(kind).ready.remote().result()
        return Network(name)

    def call(self, _files: Files, function: Callable[..., T], *arguments: Any) -> T:
        """Call a function in a worker; raises the function's errors, or ``BusyError``."""
        payload, handle = Payload.to(self._storage, _files), handle_of(SLOW if _files.slow else FAST)
        with self.counted(), payload.sent():
            with busy_when_lost():
                answer = handle.call.remote(payload, function, arguments).result()
            return taken(answer, payload)

    def job(self, _files: Files, job: T) -> T:
        """A job that runs the given one in a worker."""
        return cast(T, RemoteJob(cast(Job, job), Payload.to(self._storage, _files), self))

    @contextmanager
    def counted(self) -> Iterator[None]:
        """Count a request as active within the block."""
        with self._counting:
            self.running += 1
        try:
            yield
        finally:
            with self._counting:
                self.running -= 1


class RemoteJob(Job):
    """Runs a job in a worker; afterwards it has the attributes of the finished job."""

    def __init__(self, job: Job, payload: Payload, models: RemoteModels) -> None:
        super().__init__(job.target, job._stop)
        self._job, self._payload, self._models, self._count = job, payload, models, 0

    def count_so_far(self) -> int:
        """Jumps that the worker has counted so far."""
        return self._count

    def work(self) -> None:
        """Send the job and follow it."""
        with self._models.counted(), self._payload.sent():
            answer = self._followed()
            vars(self).update(taken(answer, self._payload))

    def _followed(self) -> Answer:
        """Wait for the answer; a cancelled request is withdrawn, also from the queue."""
        told: queue.Queue[Any] = queue.Queue()
        with busy_when_lost():
            stream = handle_of(SLOW).options(stream=True).follow.remote(self._payload, self._job)
        threading.Thread(target=_listen, args=(stream, told), daemon=True).start()
        try:
            while True:
                self.stop_if_asked()
                try:
                    message = told.get(timeout=LOOK)
                except queue.Empty:
                    continue
                if isinstance(message, Answer):
                    return message
                self.progress, self._count = message
        finally:
            stream.cancel()


def _listen(stream: Any, told: queue.Queue[Any]) -> None:
    """Queue a worker's progress and answer; an error becomes the answer."""
    try:
        with busy_when_lost():
            for message in stream:
                told.put(message)
    except Exception as error:  # raised by the thread that waits
        told.put(Answer(error=error))


def handle_of(kind: str) -> Any:
    """The handle of a kind of workers; raises ``BusyError`` while there are none."""
    from ray import serve

    with busy_when_lost():
        return serve.get_app_handle(kind)


@contextmanager
def busy_when_lost() -> Iterator[None]:
    """Raise ``BusyError`` if a queue is full, a worker died or there is none."""
    from ray.exceptions import RayError
    from ray.serve.exceptions import RayServeException

    try:
        yield
    except (RayError, RayServeException) as error:
        raise BusyError(str(error)) from error


def taken(answer: Answer, payload: Payload) -> Any:
    """The value of an answer, its files received; raises its error."""
    if answer.error is not None:
        raise answer.error
    payload.receive(answer.files)
    return answer.value
