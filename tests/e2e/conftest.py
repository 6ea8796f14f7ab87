"""The real app in a process of its own, and Debian's chromium to use it.

Without chromium the browser tests are skipped; with ``STUDIO_BROWSER=required`` (continuous
integration) that is a failure.  Screenshots go to ``artefacts/``.
"""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest

playwright_api = pytest.importorskip("playwright.sync_api")
ROOT = Path(__file__).parents[2]
ARTEFACTS = ROOT / "artefacts"
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update",
         "--disable-dev-shm-usage", "--autoplay-policy=no-user-gesture-required"]  # fmt: skip
EXPECTED_NOISE = ("Method not implemented", "Failed to load resource: the server responded with a status of 4")


def missing(reason: str) -> None:
    """Skip, or fail where a browser is required."""
    if os.environ.get("STUDIO_BROWSER") == "required":
        pytest.fail(reason)
    pytest.skip(reason)


@pytest.fixture(scope="session")
def browser() -> Iterator[object]:
    path = os.environ.get("STUDIO_CHROMIUM") or shutil.which("chromium") or shutil.which("chromium-browser")
    if not path:
        missing("chromium is not installed: apt-get install chromium")
    with playwright_api.sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=path, args=FLAGS)
        yield running
        running.close()


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        return listening.getsockname()[1]


@pytest.fixture(scope="session")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The app on the real weights, ready to use; or the one that ``STUDIO_ADDRESS`` names."""
    if given := os.environ.get("STUDIO_ADDRESS"):
        yield given.rstrip("/")
        return
    log = tmp_path_factory.mktemp("app") / "log"
    port = free_port()
    command = [sys.executable, "app.py", "--host", "127.0.0.1", "--port", str(port)]
    with log.open("w") as output, subprocess.Popen(command, cwd=ROOT, stdout=output, stderr=output) as process:
        url = f"http://127.0.0.1:{port}"
        try:
            wait_for_models(url, process, log)
            yield url
        finally:
            process.terminate()
            assert process.wait(timeout=20) == 0, log.read_text()
    assert "Traceback" not in log.read_text()


def wait_for_models(url: str, process: subprocess.Popen, log: Path) -> None:
    end = time.monotonic() + 120
    while time.monotonic() < end:
        if process.poll() is not None or "could not be loaded" in log.read_text():
            missing("the app did not come up with its weights:\n" + log.read_text()[-2000:])
        try:
            if httpx.get(f"{url}/health", timeout=2).json()["models"] == "ready":
                return
        except (httpx.HTTPError, ValueError):
            pass
        time.sleep(0.3)
    missing("the app was not ready after two minutes")


class Visit:
    """A page with what went wrong on it: console errors and requests to other hosts."""

    def __init__(self, page, url: str) -> None:
        self.page, self.url = page, url
        self.errors: list[str] = []
        self.strangers: list[str] = []
        page.on("console", self._heard)
        page.on("pageerror", lambda error: self.errors.append(str(error)))
        page.on("request", self._asked)

    def _heard(self, message) -> None:
        if message.type == "error" and not message.text.startswith(EXPECTED_NOISE):
            self.errors.append(message.text)

    def _asked(self, request) -> None:
        if not request.url.startswith((self.url, "data:", "blob:")):
            self.strangers.append(request.url)

    def open(self, tab: int = 0):
        """Go to the app and to one of its tabs."""
        self.page.goto(self.url)
        self.page.wait_for_selector("#photo-sample")
        if tab:
            self.page.locator("button[role=tab]").nth(tab).click()
        return self.page

    def picture(self, name: str, *, full_page: bool = True) -> None:
        """Keep a screenshot."""
        ARTEFACTS.mkdir(exist_ok=True)
        self.page.screenshot(path=ARTEFACTS / f"{name}.png", full_page=full_page)


@pytest.fixture
def visit(browser, address: str) -> Iterator[Callable[..., Visit]]:
    """Make visits; at the end none of them may have met an error or another host."""
    contexts, made = [], []

    def make(width: int = 1280, height: int = 900, language: str = "en-US", **more) -> Visit:
        context = browser.new_context(viewport={"width": width, "height": height}, locale=language, **more)
        context.set_default_timeout(30_000)
        contexts.append(context)
        made.append(Visit(context.new_page(), address))
        return made[-1]

    yield make
    for context in contexts:
        context.close()
    assert [error for one in made for error in one.errors] == []
    assert [url for one in made for url in one.strangers] == []
