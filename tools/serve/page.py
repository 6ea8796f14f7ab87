"""One process of the page: ``python -m tools.serve.page --address ADDRESS [--storage ADDRESS] [flags of the app]``.

``GET /health`` answers 503 from SIGTERM on, so that a proxy sends no new visitors; the process ends when its work is
done.
"""

from __future__ import annotations

import argparse
import os
import shutil
import signal
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import fields
from pathlib import Path
from typing import Any

import app
from tools.cluster import connected
from tools.serve.remote import RemoteModels
from tools.storage import is_address
from webui.service import Limits, set_up_logging
from webui.studio import Workers


def make_parser() -> argparse.ArgumentParser:
    """The flags of the app and those of serving."""
    parser = app.make_parser()
    parser.description = (__doc__ or "").split("\n")[0]
    parser.add_argument("--address", required=True, help="of the Ray cluster with the workers (host:port, auto)")
    parser.add_argument("--storage", default="", help="a folder or an address (s3://bucket/x) that all machines see")
    parser.add_argument("--drain-seconds", type=float, default=300, help="longest wait for work at the end")
    return parser


def main(arguments: Sequence[str] | None = None) -> int:
    """Serve until a signal to stop, then finish the requests."""
    given = make_parser().parse_args(arguments)
    set_up_logging()
    stop = threading.Event()
    for name in (signal.SIGINT, signal.SIGTERM):
        signal.signal(name, lambda *_: stop.set())
    try:
        with connected(given.address), _folder(given.storage) as folder:
            os.environ["GRADIO_TEMP_DIR"] = folder
            serve(given, RemoteModels(given.storage if is_address(given.storage) else ""), stop)
    except (ValueError, OSError) as error:
        print(f"serve: {' '.join(str(error).split())}", file=sys.stderr)
        return 2
    return 0


def serve(given: argparse.Namespace, models: RemoteModels, stop: threading.Event) -> None:
    """Launch the page; after ``stop`` wait until no request is active, at most ``drain_seconds``."""
    limits = Limits(**{f.name: getattr(given, f.name) for f in fields(Limits)})
    demo, options = app.build(models, limits, Workers(given.photo_workers, given.video_workers))
    routes = options["app_kwargs"]["routes"]
    routes[:] = [health_route(models, stop), *(route for route in routes if route.path != "/health")]
    try:
        demo.launch(server_name=given.host, server_port=given.port, root_path=given.root_path, quiet=True, **options)
        models.warm()
        stop.wait()
        end = time.monotonic() + given.drain_seconds
        while models.running and time.monotonic() < end:
            time.sleep(0.2)
        time.sleep(1)  # the last answers are on their way
    finally:
        demo.close()


def health_route(models: RemoteModels, stop: threading.Event) -> Any:
    """``GET /health``: 200 while the page accepts visitors."""
    from starlette.responses import JSONResponse
    from starlette.routing import Route

    def health(_: object) -> JSONResponse:
        if stop.is_set():
            return JSONResponse({"status": "draining"}, status_code=503)
        return JSONResponse({"status": "ok", "models": "ready" if models.ready else "loading"})

    return Route("/health", health)


@contextmanager
def _folder(storage: str) -> Iterator[str]:
    """A temporary folder of this page: on the storage if that is a folder, else on this machine."""
    parent = None if is_address(storage) or not storage else storage
    if parent is not None:
        Path(parent).mkdir(parents=True, exist_ok=True)
    path = tempfile.mkdtemp(prefix="keypoint-studio-", dir=parent)
    try:
        yield path
    finally:
        shutil.rmtree(path, ignore_errors=True)


if __name__ == "__main__":
    sys.exit(main())
