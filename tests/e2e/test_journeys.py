"""What visitors do, in a real browser on the real weights."""

from __future__ import annotations

import io
import re
import time
from pathlib import Path

import numpy as np
import pytest
from matplotlib import cbook
from PIL import Image as Pillow

from tests.app.fakes import jumping_video
from vision.draw import FACE_COLOUR
from vision.video import probe_video

pytestmark = pytest.mark.e2e
SAMPLE_VIDEO = Path(__file__).parents[2] / "assets" / "jump_sample.mp4"


@pytest.fixture(scope="module")
def portrait() -> str:
    return str(cbook.get_sample_data("grace_hopper.jpg", asfileobj=False))


def shown(page, side: int) -> np.ndarray:
    """The pixels of one side (0 before, 1 after) of the comparison, as the browser got them."""
    source = page.locator("#compare img").nth(side).get_attribute("src")
    return np.asarray(Pillow.open(io.BytesIO(page.request.get(source).body())).convert("RGB"), np.int16)


def marked(picture: np.ndarray) -> int:
    """How many pixels have the colour of a face's lines."""
    return int((np.abs(picture - FACE_COLOUR).max(axis=2) < 12).sum())


def sources(page) -> list[str]:
    return [page.locator("#compare img").nth(i).get_attribute("src") for i in (0, 1)]


def put_photo(page, path: str) -> None:
    page.locator("#photo input[type=file]").first.set_input_files(path)
    page.wait_for_selector("#compare img")


def set_slider(page, name: str, value: float) -> None:
    number = page.locator(f"#beauty-{name} input[type=number]")
    number.fill(str(value))
    number.press("Enter")


def settled(page, before: list[str]) -> None:
    """Wait until the comparison shows other pictures than before and stays so for a moment."""
    page.wait_for_function(
        "old => document.querySelectorAll('#compare img')[1]?.getAttribute('src') !== old", arg=before[1]
    )
    page.wait_for_timeout(700)


def test_a_moved_slider_changes_the_pixels(visit, portrait: str) -> None:
    one = visit()
    page = one.open()
    put_photo(page, portrait)
    assert "Face 1" in page.locator("#faces").inner_text()
    page.wait_for_timeout(500)
    before, first = sources(page), shown(page, 1)
    begin = time.monotonic()
    set_slider(page, "smoothing", 1)
    settled(page, before)
    spent = time.monotonic() - begin - 0.7
    changed = np.abs(shown(page, 1) - first)
    assert changed.max() > 3
    assert changed.mean() < 10
    assert spent < 15
    assert page.locator("#preset input").input_value() == "Custom"
    one.picture("beauty-slider")


def test_the_off_preset_shows_the_photo_as_it_is(visit, portrait: str) -> None:
    page = visit().open()
    put_photo(page, portrait)
    page.wait_for_timeout(500)
    before = sources(page)
    page.locator("#preset input").click()
    page.get_by_role("option", name="Off").click()
    settled(page, before)
    np.testing.assert_array_equal(shown(page, 0), shown(page, 1))
    page.locator("#reset").click()
    page.wait_for_function("document.querySelector('#preset input').value === 'Natural'")


def test_keypoints_are_drawn_on_request(visit) -> None:
    one = visit()
    page = one.open()
    page.click("#photo-sample")
    page.wait_for_selector("#compare img")
    page.wait_for_timeout(500)
    before = sources(page)
    assert marked(shown(page, 0)) < 50
    page.get_by_label("Keypoints").check()
    settled(page, before)
    assert marked(shown(page, 0)) > 1000
    one.picture("beauty-keypoints")


def test_the_photo_is_saved_at_full_size_in_its_format(visit, portrait: str) -> None:
    page = visit().open()
    put_photo(page, portrait)
    page.wait_for_timeout(300)
    with page.expect_download() as download:
        page.click("#save-photo")
    with Pillow.open(download.value.path()) as saved, Pillow.open(portrait) as source:
        assert (saved.format, saved.size) == ("JPEG", source.size)


def test_a_corrupt_photo_is_answered_with_advice(visit, tmp_path: Path) -> None:
    bad = tmp_path / "bad.jpg"
    bad.write_bytes(b"no photo at all" * 50)
    one = visit()
    page = one.open()
    page.locator("#photo input[type=file]").first.set_input_files(str(bad))
    toast = page.locator(".toast-body").first
    toast.wait_for()
    assert "Choose another JPEG" in toast.inner_text()
    assert "Traceback" not in page.content()
    page.wait_for_timeout(600)
    one.picture("beauty-error")


def test_a_corrupt_video_is_answered_in_chinese(visit, tmp_path: Path) -> None:
    bad = tmp_path / "bad.mp4"
    bad.write_bytes(b"\0no video at all" * 50)
    page = visit(language="zh-CN").open(tab=1)
    page.locator("#video input[type=file]").first.set_input_files(str(bad))
    page.wait_for_timeout(1000)
    page.click("#count")
    page.locator(".toast-body", has_text="请换一个").wait_for()


def count_on(page) -> None:
    page.wait_for_timeout(1500)
    page.click("#count")
    page.wait_for_selector("#status .progress")


def test_the_sample_video_is_counted_and_plays(visit) -> None:
    if not SAMPLE_VIDEO.is_file():
        pytest.skip("assets/jump_sample.mp4 is not there")
    one = visit()
    page = one.open(tab=1)
    page.click("#video-sample")
    count_on(page)
    page.wait_for_selector("#jump-count", timeout=400_000)
    count = int(re.match(r"\d+", page.locator("#jump-count").inner_text()).group())
    assert count > 5
    assert page.locator("#charts .mark").count() == count
    video = page.locator("#result video")
    video.wait_for()
    page.wait_for_function("document.querySelector('#result video').videoWidth > 0")
    page.evaluate("(() => { const v = document.querySelector('#result video'); v.muted = true; return v.play() })()")
    page.wait_for_function("document.querySelector('#result video').currentTime > 0.3")
    one.picture("jump-result")
    with page.expect_download() as download:
        page.click("#save-video")
    assert probe_video(download.value.path()).frames > 300
    recount(page)


def recount(page) -> None:
    """A setting that few keypoints meet counts again at once, with a warning; the video can be drawn again."""
    assert "The person was seen in only" not in page.locator("#total").inner_text()
    number = page.locator("#jump-min_score input[type=number]")
    number.fill("1")
    number.press("Enter")
    page.locator("#total").get_by_text("The person was seen in only").wait_for(timeout=20_000)
    page.wait_for_selector("#render")
    with page.expect_download() as download:
        page.click("#save-csv")
    assert Path(download.value.path()).read_text().startswith("person,jump,seconds")


def test_cancel_stops_and_says_so(visit, tmp_path: Path) -> None:
    page = visit().open(tab=1)
    page.locator("#video input[type=file]").first.set_input_files(
        str(jumping_video(tmp_path / "long.mp4", 150, (640, 480)))
    )
    count_on(page)
    page.click("#cancel")
    page.wait_for_function("document.querySelector('#status').innerText.includes('Cancelled')", timeout=40_000)
    page.wait_for_selector("#count")
    assert page.locator("#jump-count").count() == 0
    page.wait_for_timeout(1500)
    assert "Cancelled" in page.locator("#status").inner_text()


@pytest.mark.parametrize(("language", "tab"), [("zh-CN", "跳绳计数"), ("en-GB", "Jump rope"), ("fr-FR", "Jump rope")])
def test_the_page_speaks_the_browsers_language(visit, language: str, tab: str) -> None:
    page = visit(language=language).open()
    page.get_by_role("tab", name=tab).wait_for()
    assert "studio_" not in page.locator("body").inner_text()


@pytest.mark.parametrize("language", ["en-US", "zh-CN"])
@pytest.mark.parametrize("width", [390, 820, 1440])
def test_every_width_fits_in_both_languages(visit, width: int, language: str) -> None:
    dark = "dark" if language == "zh-CN" and width == 820 else "light"
    one = visit(width=width, height=900, language=language, color_scheme=dark)
    page = one.open()
    page.click("#photo-sample")
    page.wait_for_selector("#compare img")
    page.wait_for_timeout(800)
    for tab, name in enumerate(("beauty", "jump", "about")):
        page.locator("button[role=tab]").nth(tab).click()
        page.wait_for_timeout(400)
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        one.picture(f"{name}-{language[:2]}-{width}")


def test_the_controls_are_reached_by_keyboard_and_named(visit) -> None:
    page = visit().open()
    page.click("#photo-sample")
    page.wait_for_selector("#compare img")
    names = page.evaluate(
        """() => [...document.querySelectorAll('input[type=range]')].filter(e => e.offsetParent)
            .map(e => e.getAttribute('aria-label') || e.labels?.[0]?.innerText || '')"""
    )
    assert len(names) >= 5
    assert all(names)
    page.locator("#beauty-smoothing input[type=range]").focus()
    before = page.locator("#beauty-smoothing input[type=range]").input_value()
    page.keyboard.press("ArrowRight")
    assert page.locator("#beauty-smoothing input[type=range]").input_value() != before
