"""The page on a phone, on a slow line, by keyboard, and as a screen reader gets it."""

from __future__ import annotations

import re
import time
from pathlib import Path

import pytest
from PIL import Image as Pillow

from tests.e2e.steps import put_photo, set_slider, settled, source, touch, wait_for_photo

pytestmark = pytest.mark.e2e
PHONE = {"width": 390, "height": 844, "has_touch": True, "is_mobile": True, "device_scale_factor": 2}
SLOW = {"offline": False, "latency": 100, "downloadThroughput": 50_000, "uploadThroughput": 50_000}
"""400 kbit/s both ways with 100 ms."""


def rest_on_phone(visit, **more):
    """A phone with the sample photo open."""
    one = visit(**PHONE, **more)
    page = one.open()
    page.tap("#photo-sample")
    wait_for_photo(page)
    return one, page


def test_the_picture_stays_in_view_while_a_slider_moves(visit) -> None:
    one, page = rest_on_phone(visit)
    for tab in page.locator("#beauty-panel .tab").all():
        tab.tap()
        for pick in page.locator("#beauty-panel .group.active .pick").all():
            pick.tap()
            control = page.locator("#beauty-panel .control.active input")
            control.scroll_into_view_if_needed()
            picture, slider = page.locator(".pictures").bounding_box(), control.bounding_box()
            assert picture["y"] + picture["height"] <= slider["y"], "the picture lies above the slider"
            assert picture["y"] >= -2
            assert slider["y"] + slider["height"] <= 844
            assert slider["height"] >= 44
    assert page.locator("#beauty-panel .control:visible").count() <= 2
    one.picture("phone-slider", full_page=False)


def test_a_finger_moves_sliders_and_divider_and_scrolls(visit) -> None:
    _, page = rest_on_phone(
        visit,
    )
    page.set_viewport_size({"width": 390, "height": 640})
    page.locator("[data-tab=shape]").tap()
    slider = page.locator("#beauty-slimming input")
    slider.scroll_into_view_if_needed()
    box, before = slider.bounding_box(), source(page)
    x, y = box["x"] + 0.2 * box["width"], box["y"] + box["height"] / 2
    touch(page, [(x + 8 * i, y) for i in range(20)])
    value = slider.input_value()
    assert float(value) > 0.4
    settled(page, before)
    page.evaluate("scrollTo(0, 0)")
    slider.scroll_into_view_if_needed()
    scrolled, box = page.evaluate("scrollY"), slider.bounding_box()
    x, y = box["x"] + 0.3 * box["width"], box["y"] + box["height"] / 2
    touch(page, [(x, y + 8 * i) for i in range(12)])
    assert page.evaluate("scrollY") < scrolled
    assert slider.input_value() == value
    divider(page)


def divider(page) -> None:
    """The divider follows a finger and the arrow keys; the page stays."""
    scrolled, box = page.evaluate("scrollY"), page.locator(".pictures").bounding_box()
    touch(page, [(box["x"] + 50 + 8 * i, box["y"] + 80) for i in range(20)])
    handle = page.locator(".handle")
    at = int(handle.get_attribute("aria-valuenow"))
    assert abs(at - 100 * (50 + 8 * 19) / box["width"]) < 4
    handle.focus()
    for key in ("ArrowRight", "ArrowDown", "PageUp"):
        page.keyboard.press(key)
    assert int(handle.get_attribute("aria-valuenow")) == at + 10
    assert page.evaluate("scrollY") == scrolled


def test_a_slow_line_carries_a_move_in_two_seconds(visit) -> None:
    _, page = rest_on_phone(visit)
    page.locator("[data-tab=skin]").tap()
    session = page.context.new_cdp_session(page)
    session.send("Network.enable")
    session.send("Network.emulateNetworkConditions", SLOW)
    received, ours = [], set()

    def asked(event) -> None:
        if event["request"]["url"].startswith("http"):
            ours.add(event["requestId"])

    def came(event) -> None:
        if event["requestId"] in ours:
            received.append(event["encodedDataLength"] or event["dataLength"])

    session.on("Network.requestWillBeSent", asked)
    session.on("Network.dataReceived", came)
    spent, sizes = [], []
    for value in (0.9, 0.1, 0.8):
        before = source(page)
        received.clear()
        begin = time.monotonic()
        set_slider(page, "smoothing", value)
        settled(page, before)
        spent.append(time.monotonic() - begin)
        sizes.append(sum(received))
    assert max(sizes) <= 60_000
    assert min(spent) < 2, (spent, sizes)


def test_our_part_of_the_first_page_is_light(visit) -> None:
    one = visit(**PHONE)
    sizes: dict[str, int] = {}

    def note(response) -> None:
        if "/assets/" not in response.url and "/static/" not in response.url:
            sizes[re.sub(r"\?.*", "", response.url)] = len(response.body())

    one.page.on("requestfinished", lambda request: note(request.response()))
    page = one.open()
    page.wait_for_timeout(1500)
    assert 20_000 < sum(sizes.values()) <= 350_000


def test_a_long_panorama_is_shown_around_its_faces(visit, tmp_path: Path) -> None:
    from matplotlib import cbook

    with Pillow.open(cbook.get_sample_data("grace_hopper.jpg", asfileobj=False)) as face:
        wide = Pillow.new("RGB", (6000, 600), (90, 120, 150))
        wide.paste(face.convert("RGB"), (4200, 0))
    wide.save(tmp_path / "wide.jpg")
    one = visit(**PHONE)
    page = one.open()
    put_photo(page, str(tmp_path / "wide.jpg"))
    box = page.locator(".pictures").bounding_box()
    assert box["height"] > 150
    assert "around its faces" in page.locator(".notes").inner_text()
    one.picture("phone-panorama", full_page=False)
    with page.expect_download() as download:
        page.tap("#save-photo")
    assert Pillow.open(download.value.path()).size == (6000, 600)


def test_a_touched_face_is_retouched_alone(visit, tmp_path: Path) -> None:
    from matplotlib import cbook

    with Pillow.open(cbook.get_sample_data("grace_hopper.jpg", asfileobj=False)) as face:
        two = Pillow.new("RGB", (2 * face.width, face.height))
        two.paste(face.convert("RGB"), (0, 0))
        two.paste(face.convert("RGB"), (face.width, 0))
    two.save(tmp_path / "two.png")
    page = visit(**PHONE).open()
    put_photo(page, str(tmp_path / "two.png"))
    box, before = page.locator("#compare .face").nth(0).bounding_box(), source(page)
    with page.expect_request("**/queue/join*") as sent:
        page.touchscreen.tap(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    assert sent.value.post_data_json["data"][1]["face"] in (0, 1)
    settled(page, before)
    assert page.locator("#compare .face[aria-pressed=true]").count() == 1


@pytest.mark.parametrize("language", ["en-US", "zh-CN"])
@pytest.mark.parametrize("width", [390, 820, 1440])
def test_every_width_fits_and_has_no_serious_finding_of_axe(visit, width: int, language: str) -> None:
    axe = pytest.importorskip("axe_playwright_python.sync_playwright").Axe()
    dark = "dark" if language == "zh-CN" and width == 820 else "light"
    one = visit(width=width, height=900, language=language, color_scheme=dark)
    page = one.open()
    page.click("#photo-sample")
    wait_for_photo(page)
    for tab, name in enumerate(("beauty", "jump", "about")):
        page.locator("button[role=tab]:visible").nth(tab).click()
        page.wait_for_timeout(400)
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        one.picture(f"{name}-{language[:2]}-{width}")
        found = axe.run(page).response["violations"]
        serious = [v for v in found if v["impact"] in ("serious", "critical")]
        bad = [(v["id"], [n["html"][:150] for n in v["nodes"]]) for v in serious]
        assert bad == []


def test_the_chinese_page_has_no_english_left(visit) -> None:
    _, page = rest_on_phone(visit, language="zh-CN")
    known = r"Keypoint Studio|JPEG|PNG|WebP|TIFF|HEIC|AVIF|MB|HRNet|ZIP|CSV|JSON|kB|API|cm|g\b|s\b|grace_hopper\.jpg"
    for tab in (0, 1, 2):
        page.locator("button[role=tab]:visible").nth(tab).click()
        page.wait_for_timeout(300)
        text = page.locator("body").inner_text()
        labels = page.evaluate(
            "[...document.querySelectorAll('[aria-label],[title],[alt]')].filter(e => e.offsetParent)"
            ".flatMap(e => [e.getAttribute('aria-label'), e.title, e.alt])"
        )
        left = re.sub(known, "", text + " " + " ".join(filter(None, labels)))
        assert re.findall(r"[A-Za-z]{2,}", left) == []


def test_the_controls_are_reached_by_keyboard_and_named(visit) -> None:
    page = visit().open()
    page.click("#photo-sample")
    wait_for_photo(page)
    names = page.evaluate(
        """() => [...document.querySelectorAll('input[type=range]')].filter(e => e.offsetParent)
            .map(e => e.getAttribute('aria-label') || e.labels?.[0]?.innerText || '')"""
    )
    assert len(names) >= 12
    assert all(names)
    slider = page.locator("#beauty-smoothing input")
    slider.focus()
    before, picture = slider.input_value(), source(page)
    page.keyboard.press("ArrowRight")
    assert slider.input_value() != before
    settled(page, picture)
