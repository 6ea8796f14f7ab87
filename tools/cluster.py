"""Connecting to Ray, with its usage reports disabled and this project's code sent to the cluster's machines."""

from __future__ import annotations

import logging
import os
import signal
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

T = TypeVar("T")
ROOT = Path(__file__).parents[1]
OBJECT_STORE = 500_000_000
"""Bytes of the object store of a local Ray; rows and requests are small, files are transferred by the storage."""

LEFT_OUT = ["/.git", "/.venv", "/.ci", "/tests", "/docs", "/runs", "/artefacts", "**/__pycache__"]
"""Parts of the project's folder that are not sent to a cluster."""

OWN_WEIGHTS = ("LANDMARK_WEIGHTS", "POSE_WEIGHTS")


@contextmanager
def connected(address: str | None, cores: int | None = None, **more: Any) -> Iterator[Any]:
    """The module ``ray``, connected to the cluster at ``address``, or to a temporary local one with ``cores``.

    The cluster's workers get this project's code and the variables of custom weights.  Raises ``ValueError`` if Ray is
    not installed or nothing answers at the address.
    """
    ray = import_ray()
    if address is None:
        how: dict[str, Any] = {"address": "local", "num_cpus": cores, "object_store_memory": OBJECT_STORE}
        how["include_dashboard"] = False
    else:
        how = {"address": address, "runtime_env": {"working_dir": str(ROOT), "excludes": LEFT_OUT}}
    try:
        _check_answers(address)
        with _own_signals():
            begun(lambda: ray.init(**how, log_to_driver=False, logging_level=logging.ERROR, **more), ray.shutdown)
    except (OSError, RuntimeError, ValueError) as error:
        raise ValueError(
            f"No connection to the cluster at {address or 'this machine'}: {_first_line(error)}"
        ) from error
    try:
        yield ray
    finally:
        ray.shutdown()


def begun(start: Callable[[], T], undo: Callable[[], Any] = lambda: None, tries: int = 3) -> T:
    """The result of ``start``, with retries: Ray's timeout of 30 s for its processes is too short on a busy machine.

    The timeout is a plain ``Exception``; all other types propagate.
    """
    try:
        return start()
    except Exception as error:  # of this kind alone, not of those derived from it
        if type(error) is not Exception:
            raise
        if tries == 1:
            raise RuntimeError(str(error)) from error
    undo()
    return begun(start, undo, tries - 1)


def _check_answers(address: str | None) -> None:
    """Raise ``OSError`` if nothing listens at ``host:port``; Ray itself would try for ten minutes."""
    host, _, port = (address or "").removeprefix("ray://").rpartition(":")
    if host and port.isdigit():
        socket.create_connection((host.strip("[]"), int(port)), timeout=10).close()


@contextmanager
def _own_signals() -> Iterator[None]:
    """Keep the program's own signal handlers, which Ray replaces."""
    before = signal.getsignal(signal.SIGTERM)
    yield
    if threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGTERM, before)


def import_ray() -> Any:
    """The module ``ray`` with usage reports disabled, also for child processes."""
    os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
    try:
        import ray
    except ImportError as error:
        raise ValueError("This needs Ray: pip install -r requirements-cluster.txt") from error
    return ray


def own_weights() -> dict[str, str]:
    """The environment variables of custom weights, for workers."""
    return {name: os.environ[name] for name in OWN_WEIGHTS if name in os.environ}


def _first_line(error: BaseException) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0]
