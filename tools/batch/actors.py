"""Workers as actors of a Ray cluster."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Hashable
from typing import Any

from tools.batch.cores import WORKER_MEMORY
from tools.batch.processes import Load
from tools.batch.scheduler import Event
from tools.batch.sources import Item
from tools.cluster import own_weights


class Worker:
    """A worker process in the cluster; it creates its function once."""

    def __init__(self, load: Load) -> None:
        self._load = load
        self._work: Callable[[Item], Any] | None = None

    def start(self) -> None:
        """Load the networks."""
        self._work = self._load()

    def handle(self, item: Item) -> Any:
        """The row of a file."""
        assert self._work is not None
        return self._work(item)


class ActorPool:
    """An actor per worker, placed where the cluster has ``cores`` and memory free; ``load`` creates its function.

    Ray does not restart actors: a file whose actor died goes to a living one, and the replacement starts when the
    cluster has free resources.
    """

    def __init__(self, ray: Any, load: Load, cores: int = 1, memory: float = WORKER_MEMORY) -> None:
        self._ray, self._load, self._numbers = ray, load, itertools.count()
        self._make = ray.remote(num_cpus=cores, memory=memory, runtime_env={"env_vars": own_weights()})(Worker)
        self._workers: dict[Hashable, Any] = {}
        self._calls: dict[Any, tuple[str, Hashable]] = {}

    def start(self) -> Hashable:
        """Request an actor; it starts when the cluster has free resources."""
        number = next(self._numbers)
        actor = self._workers[number] = self._make.remote(self._load)
        self._calls[actor.start.remote()] = ("ready", number)
        return number

    def submit(self, worker: Hashable, item: Item) -> None:
        """Send a file."""
        self._calls[self._workers[worker].handle.remote(item)] = ("done", worker)

    def events(self, seconds: float) -> list[Event]:
        """Results, and deaths of actors and of their machines."""
        done, _ = self._ray.wait(list(self._calls), num_returns=1, timeout=seconds)
        return [self._handle(call) for call in done]

    def _handle(self, call: Any) -> Event:
        kind, worker = self._calls.pop(call)
        errors = self._ray.exceptions
        try:
            return Event(kind, worker, self._ray.get(call))  # type: ignore[arg-type]  # Ray is imported when it is asked for, so its types are not known
        except (errors.RayActorError, errors.WorkerCrashedError, errors.OwnerDiedError, errors.ObjectLostError):
            self.kill(worker)
            return Event("died", worker)
        except errors.RayTaskError as error:  # only what makes the worker's function raises
            return Event("failed", worker, error.cause)

    def kill(self, worker: Hashable) -> None:
        """Kill the actor."""
        self._calls = {call: whose for call, whose in self._calls.items() if whose[1] != worker}
        self._ray.kill(self._workers.pop(worker))

    def close(self) -> None:
        """Kill all."""
        for worker in list(self._workers):
            self.kill(worker)
