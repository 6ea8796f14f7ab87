"""Counting live with chromium's fake camera, which plays the sample video again and again."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.e2e import camera
from tests.e2e.conftest import FLAGS, Visit

pytestmark = pytest.mark.e2e
SAMPLE = Path(__file__).parents[2] / "assets" / "jump_sample.mp4"
HEARD = """window.heard = [];
speechSynthesis.speak = (words) => window.heard.push([words.text, words.lang]);"""
REFUSED = """navigator.mediaDevices.getUserMedia = () => Promise.reject(new DOMException('no', '{name}'));"""


@pytest.fixture(scope="module")
def watching(browser, tmp_path_factory) -> Iterator[object]:
    """A browser with the fake camera."""
    film = camera.as_camera(SAMPLE, tmp_path_factory.mktemp("camera") / "film.mjpeg", still=1.0)
    running = browser.browser_type.launch(executable_path=shutil.which("chromium"), args=FLAGS + camera.flags(film))
    yield running
    running.close()


@pytest.fixture
def skipper(watching, address: str) -> Iterator[Callable[..., Visit]]:
    """Make visits with the camera; none of them may have met an error or another host."""
    made: list[Visit] = []

    def make(language: str = "en-US", script: str = "", **more) -> Visit:
        context = watching.new_context(viewport={"width": 1280, "height": 900}, locale=language, **more)
        context.set_default_timeout(60_000)
        context.add_init_script(HEARD + script)
        made.append(Visit(context.new_page(), address))
        return made[-1]

    yield make
    for one in made:
        one.page.context.close()
    assert [error for one in made for error in one.errors] == []
    assert [url for one in made for url in one.strangers] == []


def opened(one: Visit):
    """The page with the camera on and the first answer there."""
    page = one.open(tab=1)
    page.click("#live-open")
    page.wait_for_selector(".live-start[data-rate]")
    return page


def begun(page) -> None:
    """Start, and wait for the first jumps."""
    page.click(".live [data-action=start]")
    page.wait_for_function(
        "document.querySelector('.live .clock').textContent !== '0:00' && "
        "Number(document.querySelector('.live .digits').textContent) > 2"
    )


def test_jumps_are_counted_live_spoken_and_reported(skipper) -> None:
    one = skipper()
    page = opened(one)
    page.select_option(".live [name=target]", "50")
    begun(page)
    page.wait_for_function("Number(document.querySelector('.live .digits').textContent) >= 12")
    one.picture("live-count", full_page=False)
    shown = int(page.inner_text(".live .digits"))
    page.click(".live [data-action=stop]")
    page.wait_for_selector("#jump-count")
    total = page.inner_text(".total")  # on a slow machine a few of the jumps may be told to be without a rope
    counted = sum(int(n) for pair in re.findall(r"^(\d+)|without a rope\s*(\d+)", total) for n in pair if n)
    assert shown - 1 <= counted <= shown + 3
    assert page.evaluate("window.heard") == [["10", "en-US"]]
    assert page.locator("#chart").is_visible()
    assert not page.locator("#result").is_visible()
    assert not page.locator("dialog.live").is_visible()
    assert page.locator("#save-csv").is_visible()


def test_a_second_visitor_is_told_that_the_place_is_taken(skipper) -> None:
    first = opened(skipper())
    other = skipper("zh-CN").open(tab=1)
    other.click("#live-open")
    other.locator(".live-start .problem", has_text="其他人").wait_for()
    assert first.locator("dialog.live").is_visible()
    first.click(".live [data-action=close]")
    first.wait_for_selector("dialog.live", state="hidden")
    first.wait_for_timeout(500)
    other.click("#live-open")
    other.wait_for_selector(".live-start[data-rate]")
    other.click(".live [data-action=close]")


def test_an_unplugged_camera_is_told_and_what_was_counted_is_reported(skipper) -> None:
    page = opened(skipper())
    begun(page)
    page.evaluate(
        "document.querySelector('.live video').srcObject.getVideoTracks()[0].dispatchEvent(new Event('ended'))"
    )
    page.locator(".live-start .problem", has_text="unplugged").wait_for()
    page.wait_for_selector("#jump-count")


@pytest.mark.parametrize(
    ("name", "said"),
    [("NotAllowedError", "Allow it"), ("NotReadableError", "Another program"), ("NotFoundError", "No camera")],
)
def test_a_camera_that_cannot_be_had_is_told(skipper, name: str, said: str) -> None:
    page = skipper(script=REFUSED.replace("{name}", name)).open(tab=1)
    page.click("#live-open")
    page.locator(".live-start .problem", has_text=said).wait_for()
