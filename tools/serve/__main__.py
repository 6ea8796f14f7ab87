"""Serve the page to many visitors: ``python -m tools.serve [--workers N] [--pages N] [--address ADDRESS] [flags]``.

Starts the workers in Ray Serve (here, or on the cluster at ADDRESS) and the page processes on consecutive ports, to be
used behind a reverse proxy with sticky cookies (docs/deploy).  Further flags are those of ``python app.py``.  On
SIGTERM pages and workers finish their requests.
"""

from __future__ import annotations

import argparse
import signal
import subprocess
import sys
import threading
from collections.abc import Sequence

from tools.batch.cores import fitting_workers
from tools.cluster import ROOT, connected
from tools.serve.deploy import Replicas, deploy


def main(arguments: Sequence[str] | None = None) -> int:
    """Run until a signal to stop; returns 0, or 2 after one line."""
    given, others = _parser().parse_known_args(arguments)
    stop = threading.Event()
    for name in (signal.SIGINT, signal.SIGTERM):
        signal.signal(name, lambda *_: stop.set())
    workers = given.workers or fitting_workers(given.cores)
    try:
        replicas = Replicas(workers, given.least, given.cores)
        with connected(given.address, cores=2 * workers * given.cores) as ray:
            address = given.address or ray.get_runtime_context().gcs_address
            deploy(replicas)
            queues = ["--photo-workers", str(2 * workers), "--video-workers", str(2 * workers)]
            queues += ["--address", address, "--storage", given.storage]
            if given.pages or given.address is None:
                keep_pages(given.pages, given.host, given.port, queues + others, stop)
    except (ValueError, OSError, RuntimeError) as error:
        print(f"serve: {' '.join(str(error).split())}", file=sys.stderr)
        return 2
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m tools.serve", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--workers", type=int, default=0, help="most workers of each kind, photos and videos")
    parser.add_argument("--least", type=int, default=1, help="workers of each kind that always run (default 1)")
    parser.add_argument("--cores", type=int, default=1, help="of each worker (default 1)")
    parser.add_argument("--pages", type=int, default=2, help="processes of the page (default 2); 0: none, only workers")
    parser.add_argument("--address", help="of a Ray cluster (host:port, auto); without it Ray is started here")
    parser.add_argument("--storage", default="", help="a folder or an address (s3://bucket/x) that all machines see")
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on")
    parser.add_argument("--port", type=int, default=7860, help="of the first page (default 7860)")
    return parser


def keep_pages(pages: int, host: str, port: int, flags: Sequence[str], stop: threading.Event) -> None:
    """Run the page processes until ``stop``; one that ends by itself is restarted.

    Then each gets SIGTERM and its ``--drain-seconds`` to finish.
    """
    running: dict[int, subprocess.Popen[bytes]] = {}
    try:
        while not stop.is_set():
            for number in range(pages):
                if number not in running or running[number].poll() is not None:
                    running[number] = start_page(host, port + number, flags)
            stop.wait(2)
    finally:
        for process in running.values():
            process.terminate()
        for process in running.values():
            process.wait()


def start_page(host: str, port: int, flags: Sequence[str]) -> subprocess.Popen[bytes]:
    """A process of the page; Ctrl-C reaches it through its parent alone."""
    command = [sys.executable, "-m", "tools.serve.page", "--host", host, "--port", str(port), *flags]
    return subprocess.Popen(command, cwd=ROOT, start_new_session=True)


if __name__ == "__main__":
    sys.exit(main())
