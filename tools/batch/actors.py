"""Workers as actors of a Ray cluster."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Hashable
from typing import Any

from tools.batch.cores import WORKER_MEMORY
from tools.batch.crew import Event
from tools.batch.processes import Load
from tools.batch.sources import Item
from tools.cluster import own_weights


class Worker:
    """A process somewhere in the cluster; its function is made once."""

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
    """An actor per worker, wherever the cluster has ``cores`` and memory free; ``load`` makes its function.

    Actors are not restarted by Ray: a file whose actor died goes to one that lives, and the new actor begins when there
    is a place for it.
    """

    def __init__(self, ray: Any, load: Load, cores: int = 1, memory: float = WORKER_MEMORY) -> None:
        self._ray, self._load, self._numbers = ray, load, itertools.count()
        self._make = ray.remote(num_cpus=cores, memory=memory, runtime_env={"env_vars": own_weights()})(Worker)
        self._workers: dict[Hashable, Any] = {}
        self._calls: dict[Any, tuple[str, Hashable]] = {}

    def hire(self) -> Hashable:
        """Ask for an actor; it is made when the cluster has a place."""
        number = next(self._numbers)
        actor = self._workers[number] = self._make.remote(self._load)
        self._calls[actor.start.remote()] = ("ready", number)
        return number

    def give(self, worker: Hashable, item: Item) -> None:
        """Send a file."""
        self._calls[self._workers[worker].handle.remote(item)] = ("done", worker)

    def events(self, seconds: float) -> list[Event]:
        """Answers, deaths of actors and of the machines they ran on."""
        done, _ = self._ray.wait(list(self._calls), num_returns=1, timeout=seconds)
        return [self._heard(call) for call in done]

    def _heard(self, call: Any) -> Event:
        kind, worker = self._calls.pop(call)
        errors = self._ray.exceptions
        try:
            return Event(kind, worker, self._ray.get(call))  # type: ignore[arg-type]  # Ray is imported when it is asked for, so its types are not known
        except (errors.RayActorError, errors.WorkerCrashedError, errors.OwnerDiedError, errors.ObjectLostError):
            self.dismiss(worker)
            return Event("died", worker)
        except errors.RayTaskError as error:  # only what makes the worker's function raises
            return Event("failed", worker, error.cause)

    def dismiss(self, worker: Hashable) -> None:
        """Kill the actor."""
        self._calls = {call: whose for call, whose in self._calls.items() if whose[1] != worker}
        self._ray.kill(self._workers.pop(worker))

    def close(self) -> None:
        """Kill all."""
        for worker in list(self._workers):
            self.dismiss(worker)
