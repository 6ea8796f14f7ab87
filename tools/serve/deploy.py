"""Deployment of the workers in Ray Serve."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from tools.cluster import own_weights
from tools.serve.workers import FAST, NETWORKS, SLOW, Worker
from webui.service import Models

QUEUE = 8
"""Queued requests per worker and page at most; further ones are rejected as busy."""

QUIET = {"enable_access_log": False, "log_level": "WARNING"}


@dataclass(frozen=True)
class Replicas:
    """``least`` to ``most`` workers of each kind, with ``cores`` cores each; autoscaled by the queued requests."""

    most: int
    least: int = 1
    cores: float = 1

    def __post_init__(self) -> None:
        if not 1 <= self.least <= self.most:
            raise ValueError(f"workers must be at least 1, not {self.least} to {self.most}")


def load_models() -> Models:
    """The networks of the app, on this worker's cores; custom weights from the environment."""
    import app

    return Models(app.model_loaders("auto", None, None))


def deploy(replicas: Replicas, load: Callable[[], Models] = load_models) -> None:
    """Start both kinds of workers, or change their number; returns when they have loaded their networks.

    They are reached by handles only: no proxy is started.  When a new version replaces an old one, old workers finish
    their requests (up to an hour) before they end.  Raises ``RuntimeError`` if they cannot be started.
    """
    from ray import serve

    serve.start(proxy_location="Disabled", logging_config=QUIET)
    serve.run_many([serve.RunTarget(_made(kind, replicas, load), kind, None, QUIET) for kind in NETWORKS])


def _made(kind: str, replicas: Replicas, load: Callable[[], Models]) -> Any:
    from ray import serve

    scaling = {
        "min_replicas": replicas.least, "initial_replicas": replicas.least, "max_replicas": replicas.most,
        "target_ongoing_requests": 1, "upscale_delay_s": 5, "downscale_delay_s": 600,
    }  # fmt: skip
    how = serve.deployment(
        name=kind,
        autoscaling_config=scaling,
        max_ongoing_requests=1,
        max_queued_requests=QUEUE * replicas.most,
        ray_actor_options={"num_cpus": replicas.cores, "runtime_env": {"env_vars": own_weights()}},
        health_check_period_s=5,
        health_check_timeout_s=30,
        graceful_shutdown_timeout_s={FAST: 120, SLOW: 3600}[kind],
    )
    return how(Worker).bind(load, kind)
