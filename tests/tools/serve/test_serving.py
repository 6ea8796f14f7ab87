"""Two processes of the page and two workers of each kind on a real Ray; a worker is killed while visitors upload."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import pytest
from gradio_client import Client, handle_file
from gradio_client.exceptions import AppError

import tests.app.fakes as fakes
from tests.app.fakes import wait_until
from tools.cluster import connected
from tools.serve.deploy import Replicas, deploy
from tools.serve.payload import Payload
from tools.serve.remote import handle_of
from tools.serve.workers import SLOW
from webui.service import Files

ROOT = Path(__file__).parents[3]


def slow_models() -> Any:
    """Models that need no weights and take their time."""
    return fakes.fake_models(delay=0.02)


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


@pytest.fixture(scope="module")
def workers() -> Iterator[Any]:
    """A Ray with two workers of each kind."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("RAY_worker_niceness", "0")
        with connected(None, cores=2) as ray:
            from ray import serve

            deploy(Replicas(2, 2, 0.25), slow_models)
            yield ray
            serve.shutdown()


@pytest.fixture(scope="module")
def pages(workers: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[tuple[str, Any]]]:
    """Address and process of two pages."""
    address, folder = workers.get_runtime_context().gcs_address, tmp_path_factory.mktemp("storage")
    started = []
    for port in (free_port(), free_port()):
        command = [sys.executable, "-m", "tools.serve.page", "--host", "127.0.0.1", "--port", str(port)]
        command += ["--address", address, "--storage", str(folder), "--video-workers", "4", "--photo-workers", "4"]
        started.append((f"http://127.0.0.1:{port}", subprocess.Popen(command, cwd=ROOT)))
    try:
        for url, _ in started:
            assert wait_until(lambda url=url: health(url).get("models") == "ready", 300)
        yield started
    finally:
        for _, process in started:
            process.kill()
            process.wait(30)


def health(url: str) -> dict[str, str]:
    try:
        return httpx.get(f"{url}/health", timeout=5).json()
    except (httpx.HTTPError, json.JSONDecodeError):
        return {}


def worker_pids(kind: str, most: int = 40) -> set[int]:
    """Process numbers of the workers of a kind, as they answer.

    Asked in a thread, since the browser tests leave an event loop in the main one, where Serve's handles do not wait.
    """

    def asked() -> set[int]:
        payload = Payload(Files([]))
        answers = [handle_of(kind).call.remote(payload, os.getpid, ()) for _ in range(8)]
        return {answer.result(timeout_s=most).value for answer in answers}

    with ThreadPoolExecutor(1) as pool:
        return pool.submit(asked).result()


def test_photos_and_videos_are_done_by_the_workers_from_every_page(
    pages: list[tuple[str, Any]], portrait: Path, skipping: Path
) -> None:
    for url, _ in pages:
        client = Client(url, verbose=False)
        file, found = client.predict(photo=handle_file(str(portrait)), smoothing=1.0, api_name="/beautify")
        assert found["size"] == [320, 400]
        assert Path(file).stat().st_size > 1000
        video, report = client.predict(video=handle_file(str(skipping)), api_name="/count")
        assert report["count"] == 8
        assert Path(video).stat().st_size > 1000


def test_errors_come_back_as_the_pages_own_sentences(pages: list[tuple[str, Any]], tmp_path: Path) -> None:
    (tmp_path / "no.mp4").write_bytes(b"no video")
    with pytest.raises(AppError) as caught:
        Client(pages[0][0], verbose=False).predict(video=handle_file(str(tmp_path / "no.mp4")), api_name="/count")
    assert "Traceback" not in str(caught.value)
    assert "video" in str(caught.value)


def test_a_worker_dies_while_visitors_upload(workers: Any, pages: list[tuple[str, Any]], skipping: Path) -> None:
    said: list[str] = []
    counts: list[int] = []

    def visit(url: str) -> None:
        client = Client(url, verbose=False)
        for _ in range(4):
            try:
                counts.append(client.predict(video=handle_file(str(skipping)), api_name="/count")[1]["count"])
                return
            except AppError as error:
                said.append(str(error))
                time.sleep(1)

    pids = worker_pids(SLOW)
    assert len(pids) == 2
    visitors = [threading.Thread(target=visit, args=(pages[i % 2][0],)) for i in range(4)]
    for visitor in visitors:
        visitor.start()
    time.sleep(3)
    os.kill(min(pids), signal.SIGKILL)
    for visitor in visitors:
        visitor.join(300)
    assert counts == [8] * 4
    assert all("try again" in words for words in said)
    assert wait_until(lambda: len(worker_pids(SLOW) - {min(pids)}) == 2, 60), "the dead worker is replaced"


def test_a_page_finishes_its_work_before_it_ends(pages: list[tuple[str, Any]], skipping: Path) -> None:
    url, process = pages[1]
    client = Client(url, verbose=False)
    job = client.submit(video=handle_file(str(skipping)), api_name="/count")
    assert wait_until(lambda: len(job.outputs()) > 0, 60)
    process.send_signal(signal.SIGTERM)
    assert wait_until(lambda: health(url).get("status") == "draining", 30)
    assert job.result(timeout=60)[1]["count"] == 8
    assert process.wait(60) == 0
