"""Both live modes with chromium's fake camera, which plays the sample video or a portrait again and again."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.e2e.conftest import FLAGS, Visit
from tests.e2e.steps import wait_for_photo
from tools.bench import live_browser as camera
from vision.video import probe_video, read_frames

pytestmark = pytest.mark.e2e
SAMPLE = Path(__file__).parents[2] / "assets" / "jump_sample.mp4"
JUMPS = json.loads(SAMPLE.with_suffix(".json").read_text())["count"]
HEARD = """window.heard = [];
speechSynthesis.speak = (words) => window.heard.push([words.text, words.lang]);"""
SLOWER = """() => { const send = WebSocket.prototype.send;
    WebSocket.prototype.send = function (data) {
        setTimeout(() => this.readyState === 1 && send.call(this, data), 700); }; }"""
REFUSED = """navigator.mediaDevices.getUserMedia = () => Promise.reject(new DOMException('no', '{name}'));"""


@contextmanager
def camera_of(browser, film: Path) -> Iterator[object]:
    """A browser whose camera plays a film."""
    args = [*FLAGS, *camera.camera_flags(film)]
    running = browser.browser_type.launch(executable_path=shutil.which("chromium"), args=args)
    yield running
    running.close()


@pytest.fixture(scope="module")
def watching(browser, tmp_path_factory) -> Iterator[object]:
    """A browser with somebody who skips before the camera."""
    film = camera.as_camera(read_frames(SAMPLE), tmp_path_factory.mktemp("camera") / "film.mjpeg", still=1.0)
    with camera_of(browser, film) as running:
        yield running


@pytest.fixture(scope="module")
def looking(browser, tmp_path_factory) -> Iterator[object]:
    """A browser with a face before the camera, 720 lines."""
    film = camera.as_camera(camera.portrait(4), tmp_path_factory.mktemp("camera") / "face.mjpeg", 720)
    with camera_of(browser, film) as running:
        yield running


@pytest.fixture
def skipper(watching, address: str) -> Iterator[Callable[..., Visit]]:
    """Make visits with the camera; none of them may have met an error or another host."""
    made: list[Visit] = []

    def make(language: str = "en-US", script: str = "", before=watching, url: str = address, **more) -> Visit:
        context = before.new_context(viewport={"width": 1280, "height": 900}, locale=language, **more)
        context.set_default_timeout(60_000)
        context.add_init_script(HEARD + script)
        made.append(Visit(context.new_page(), url))
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
    page.wait_for_selector("#live .live-start[data-rate]")
    return page


def mirrored(one: Visit):
    """The page with the preview on and its first picture there."""
    page = one.open()
    page.click("#mirror-open")
    page.wait_for_selector("#mirror .live-start[data-drawn]")
    return page


def pixels(page) -> list[int]:
    """Mean red and blue of the preview."""
    return page.evaluate("""() => { const c = document.querySelector('#mirror canvas');
        const d = c.getContext('2d').getImageData(0, 0, c.width, c.height).data; let r = 0, b = 0;
        for (let i = 0; i < d.length; i += 4) { r += d[i]; b += d[i + 2]; }
        return [r, b].map((v) => 4 * v / d.length); }""")


def slowest(page, seconds: float) -> float:
    """The lowest number of pictures that were looked at in a second, in a time."""
    rates = []
    for _ in range(round(2 * seconds)):
        page.wait_for_timeout(500)
        rates.append(float(page.get_attribute("#live .live-start", "data-rate") or 0))
    return min(rates)


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
    other.locator("#live .problem", has_text="其他人").wait_for()
    assert first.locator("dialog.live").is_visible()
    first.click(".live [data-action=close]")
    first.wait_for_selector("dialog.live", state="hidden")
    first.wait_for_timeout(500)
    other.click("#live-open")
    other.wait_for_selector("#live .live-start[data-rate]")
    other.click(".live [data-action=close]")


def test_an_unplugged_camera_is_told_and_what_was_counted_is_reported(skipper) -> None:
    page = opened(skipper())
    begun(page)
    page.evaluate(
        "document.querySelector('.live video').srcObject.getVideoTracks()[0].dispatchEvent(new Event('ended'))"
    )
    page.locator("#live .problem", has_text="unplugged").wait_for()
    page.wait_for_selector("#jump-count")


@pytest.mark.parametrize(
    ("name", "said"),
    [("NotAllowedError", "Allow it"), ("NotReadableError", "Another program"), ("NotFoundError", "No camera")],
)
def test_a_camera_that_cannot_be_had_is_told(skipper, name: str, said: str) -> None:
    page = skipper(script=REFUSED.replace("{name}", name)).open(tab=1)
    page.click("#live-open")
    page.locator("#live .problem", has_text=said).wait_for()


def test_the_sample_before_the_camera_is_counted_as_the_recording(browser, skipper, tmp_path) -> None:
    """The film stands still, is played once and stands still again; begun and ended meanwhile."""
    still, seconds = 14.0, probe_video(SAMPLE).duration
    with camera_of(browser, camera.as_camera(read_frames(SAMPLE), tmp_path / "film.mjpeg", still=still)) as running:
        one = skipper(before=running)
        page = opened(one)
        page.click(".live [data-action=start]")
        page.wait_for_function("document.querySelector('.live .clock').textContent !== '0:00'")
        assert page.inner_text(".live .digits") == "0"
        page.wait_for_function("Number(document.querySelector('.live .digits').textContent) > 0")
        rate = slowest(page, seconds)
        page.click(".live [data-action=stop]")
        page.wait_for_selector("#jump-count")
        counted = sum(
            int(n)
            for pair in re.findall(r"^(\d+)|without a rope\s*(\d+)", page.inner_text(".total"))
            for n in pair
            if n
        )
        one.page.context.close()
    least = JUMPS - 1 if rate >= 15 else 5  # a busy machine looks at too few pictures for fast jumps
    assert least <= counted <= JUMPS + 1, f"at no less than {rate} pictures a second"


def test_the_preview_follows_the_settings_and_its_shutter_opens_a_photo(looking, skipper) -> None:
    one = skipper(before=looking)
    page = mirrored(one)
    red, blue = pixels(page)
    assert abs(red - blue) > 3
    one.picture("live-preview", full_page=False)
    page.locator("#beauty-panel input[name=preset][value='black and white']").check(force=True)
    page.wait_for_function("""() => { const c = document.querySelector('#mirror canvas');
        const d = c.getContext('2d').getImageData(c.width / 2, c.height / 2, 1, 1).data;
        return Math.abs(d[0] - d[2]) < 5; }""")
    red, blue = pixels(page)
    assert abs(red - blue) < 2
    page.click("#mirror [data-action=take]")
    wait_for_photo(page)
    assert not page.locator("#mirror .mirror").is_visible()
    assert page.locator("#photo .name").inner_text().startswith("camera.")
    with page.expect_download() as download:
        page.click("#save-photo")
    from PIL import Image as Pillow

    with Pillow.open(download.value.path()) as photo:
        assert photo.size == (1280, 720)


def test_a_preview_ends_when_the_page_is_hidden_and_gives_the_camera_back(looking, skipper) -> None:
    page = mirrored(skipper("zh-CN", before=looking))
    page.evaluate("""() => { Object.defineProperty(document, 'hidden', { get: () => true });
        document.dispatchEvent(new Event('visibilitychange')); }""")
    page.locator("#mirror .problem", has_text="摄像头已关闭").wait_for()
    assert page.evaluate("document.querySelector('#mirror video').srcObject") is None
    assert page.locator("#photo-sample").is_visible()


def test_a_preview_without_a_camera_is_told(skipper) -> None:
    page = skipper(script=REFUSED.replace("{name}", "NotReadableError")).open()
    page.click("#mirror-open")
    page.locator("#mirror .problem", has_text="Another program").wait_for()


def test_a_slow_way_and_a_restarted_server_are_told_and_the_limits_hold(skipper) -> None:
    with camera.served(["--max-live-seconds", "600"]) as (url, process):
        one = skipper(url=url)
        page = opened(one)
        begun(page)
        page.evaluate(SLOWER)
        page.locator(".live .care", has_text="pictures a second").wait_for()
        process.terminate()
        process.wait(timeout=30)
        page.locator(".live .care", has_text="Trying again").wait_for()
        with camera.served(["--max-live-seconds", "6"], port=int(url.rsplit(":", 1)[1])):
            page.locator("#live .problem", has_text="restarted").wait_for()
            assert "jumps were counted" in page.inner_text("#live .problem")
            page.context.close()
            one.errors.clear()  # the browser tells of connections that were refused
            page = opened(skipper(url=url))
            page.click(".live [data-action=start]")
            page.locator("#live .problem", has_text="switched off").wait_for()
            page.context.close()


def test_two_visitors_count_at_once_where_that_is_allowed(skipper) -> None:
    with camera.served(["--live-visitors", "2"]) as (url, _):
        pages = [opened(skipper(url=url)) for _ in range(2)]
        for page in pages:
            page.click(".live [data-action=start]")
        for page in pages:
            enough = "Number(document.querySelector('.live .digits').textContent) >= 5"
            page.wait_for_function(enough, timeout=180_000)  # two at once take what two cores have
        for page in pages:
            page.click(".live [data-action=close]")
            page.wait_for_selector("#jump-count")
            page.context.close()
