"""Starting the workers in Ray Serve."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from tools.cluster import own_weights
from tools.serve.workers import FAST, NETWORKS, SLOW, Worker
from webui.service import Models

QUEUE = 8
"""Requests of a page that wait for each worker at most; further ones are told that the server is busy."""

QUIET = {"enable_access_log": False, "log_level": "WARNING"}


@dataclass(frozen=True)
class Crew:
    """``least`` to ``most`` workers of each kind, with ``cores`` cores each; more are started when requests wait."""

    most: int
    least: int = 1
    cores: float = 1

    def __post_init__(self) -> None:
        if not 1 <= self.least <= self.most:
            raise ValueError(f"workers must be at least 1, not {self.least} to {self.most}")


def load_models() -> Models:
    """The networks of the app, on this worker's cores; one's own weights from the environment."""
    import app

    return Models(app.model_loaders("auto", None, None))


def deploy(crew: Crew, load: Callable[[], Models] = load_models) -> None:
    """Start both kinds of workers, or change how many there are; returns when they have loaded their networks.

    Only handles reach them: no proxy is started.  When a new version replaces an old one, old workers finish what they
    work on (up to an hour) before they end.  Raises ``RuntimeError`` when they cannot be started.
    """
    from ray import serve

    serve.start(proxy_location="Disabled", logging_config=QUIET)
    serve.run_many([serve.RunTarget(_made(kind, crew, load), kind, None, QUIET) for kind in NETWORKS])


def _made(kind: str, crew: Crew, load: Callable[[], Models]) -> Any:
    from ray import serve

    scaling = {
        "min_replicas": crew.least, "initial_replicas": crew.least, "max_replicas": crew.most,
        "target_ongoing_requests": 1, "upscale_delay_s": 5, "downscale_delay_s": 600,
    }  # fmt: skip
    how = serve.deployment(
        name=kind,
        autoscaling_config=scaling,
        max_ongoing_requests=1,
        max_queued_requests=QUEUE * crew.most,
        ray_actor_options={"num_cpus": crew.cores, "runtime_env": {"env_vars": own_weights()}},
        health_check_period_s=5,
        health_check_timeout_s=30,
        graceful_shutdown_timeout_s={FAST: 120, SLOW: 3600}[kind],
    )
    return how(Worker).bind(load, kind)
