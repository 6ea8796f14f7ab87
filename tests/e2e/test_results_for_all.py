"""Results and dialogs at every width, in both languages: axe-core finds nothing serious, nothing is cut off."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator

import pytest

from tests.e2e.conftest import FLAGS, Visit
from tests.e2e.steps import wait_for_photo

pytestmark = pytest.mark.e2e
WIDTHS = (1440, 820, 390)
LANGUAGES = ("en-US", "zh-CN")


@pytest.fixture
def watching(browser, address: str) -> Iterator[object]:
    """Makes visits of a browser with a camera."""
    flags = [*FLAGS, "--use-fake-ui-for-media-stream", "--use-fake-device-for-media-stream"]
    running = browser.browser_type.launch(executable_path=shutil.which("chromium"), args=flags)
    made: list[Visit] = []

    def make(language: str) -> Visit:
        context = running.new_context(viewport={"width": 1440, "height": 900}, locale=language)
        context.set_default_timeout(60_000)
        made.append(Visit(context.new_page(), address))
        return made[-1]

    yield make
    running.close()
    assert [error for one in made for error in one.errors] == []


def serious(page) -> list[object]:
    """Serious findings of axe-core, with what they are about."""
    axe = pytest.importorskip("axe_playwright_python.sync_playwright").Axe()
    found = axe.run(page).response["violations"]
    return [
        (v["id"], [(n["html"][:150], n["any"][:1] and n["any"][0]["message"]) for n in v["nodes"]])
        for v in found
        if v["impact"] in ("serious", "critical")
    ]


def looked_at(one: Visit, name: str) -> None:
    """At every width: nothing serious, nothing wider than the page."""
    for width in WIDTHS:
        one.page.set_viewport_size({"width": width, "height": 900})
        one.page.wait_for_timeout(700)
        assert one.page.evaluate("document.documentElement.scrollWidth") <= width
        one.picture(f"{name}-{width}")
        assert serious(one.page) == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_photo_with_its_result(visit, language: str) -> None:
    one = visit(width=1440, language=language)
    page = one.open()
    page.click("#photo-sample")
    wait_for_photo(page)
    page.locator("#faces summary").click()
    page.locator("#beauty-panel [value=glamour]").check(force=True)
    looked_at(one, f"result-photo-{language[:2]}")


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_counted_video(visit, language: str) -> None:
    one = visit(width=1440, language=language)
    page = one.open(tab=1)
    page.click("#video-sample")
    page.wait_for_selector("#chart .js-plotly-plot[data-seeks]", timeout=400_000)
    page.locator("#jump-panel summary").click()
    looked_at(one, f"result-jump-{language[:2]}")
    if language == "zh-CN":
        known = r"Keypoint Studio|jump_sample\.mp4|HRNet|MB|kB|API|CSV|JSON|cm|g\b|s\b|AM|PM"
        assert re.findall(r"[A-Za-z]{2,}", re.sub(known, "", page.locator("body").inner_text())) == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_dialog_of_the_live_count(watching, language: str) -> None:
    one = watching(language)
    page = one.open(tab=1)
    page.wait_for_timeout(7000)  # until the place of the visit before falls free
    page.click("#live-open")
    page.wait_for_selector("dialog.live[open]")
    page.wait_for_selector(".live-start[data-rate]")
    looked_at(one, f"live-{language[:2]}")


def test_on_a_phone_the_result_comes_before_the_settings_and_a_tap_seeks(visit) -> None:
    one = visit(width=390, height=844, has_touch=True, is_mobile=True, device_scale_factor=2)
    page = one.open(tab=1)
    one.picture("phone-jump-start")
    page.tap("#video-sample")
    page.wait_for_selector("#chart .js-plotly-plot[data-seeks]", timeout=400_000)
    places = [
        page.locator(name).bounding_box()["y"] for name in ("#count", "#total", "#result", "#chart", "#jump-panel")
    ]
    assert places == sorted(places)
    assert page.locator("#save-csv").bounding_box()["height"] >= 44
    assert page.locator(".by-touch").is_visible()
    assert not page.locator(".by-mouse").is_visible()
    page.wait_for_function("document.querySelector('#result video')?.readyState > 0")
    page.locator("#chart").scroll_into_view_if_needed()
    box = page.locator("#chart .nsewdrag").first.bounding_box()
    page.touchscreen.tap(box["x"] + 0.6 * box["width"], box["y"] + 40)
    page.wait_for_function("Math.abs(document.querySelector('#result video').currentTime - 7.45) < 0.3")
    one.picture("phone-jump-result")


def test_a_group_with_one_slider_shows_it_at_once(visit) -> None:
    page = visit(width=390, height=844, has_touch=True, is_mobile=True).open()
    page.tap("#photo-sample")
    wait_for_photo(page)
    page.locator("[data-tab=look]").tap()
    assert page.locator("#beauty-degree input").is_visible()
    assert page.locator("#beauty-panel .group.active .pick").count() == 0
    page.locator("[data-tab=shape]").tap()
    assert page.locator("#beauty-panel .group.active .pick:visible").count() == 5
