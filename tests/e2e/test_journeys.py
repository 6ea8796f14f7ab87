"""What visitors do, in a real browser on the real weights."""

from __future__ import annotations

import re
import zipfile
from pathlib import Path

import numpy as np
import pytest
from matplotlib import cbook
from PIL import Image as Pillow

from tests.app.fakes import jumping_video
from tests.e2e.steps import marked, put_photo, set_slider, settled, shown, source, wait_for_photo
from vision.video import probe_video

pytestmark = pytest.mark.e2e
SAMPLE_VIDEO = Path(__file__).parents[2] / "assets" / "jump_sample.mp4"


@pytest.fixture(scope="module")
def portrait() -> str:
    return str(cbook.get_sample_data("grace_hopper.jpg", asfileobj=False))


def test_a_moved_slider_changes_the_pixels_and_can_be_taken_back(visit, portrait: str) -> None:
    one = visit()
    page = one.open()
    put_photo(page, portrait)
    assert "Face 1" in page.locator("#faces").text_content()
    before, first = source(page), shown(page, "after")
    set_slider(page, "smoothing", 1)
    settled(page, before)
    changed = np.abs(shown(page, "after") - first)
    assert changed.max() > 3
    assert changed.mean() < 10
    assert page.locator("input[name=preset]:checked").count() == 0
    one.picture("beauty-slider")
    strong = source(page)
    page.get_by_role("button", name="Undo").click()
    settled(page, strong)
    np.testing.assert_array_equal(shown(page, "after"), first)
    page.get_by_role("button", name="Redo").click()
    settled(page, before)
    assert source(page) == strong


def test_the_off_preset_shows_the_photo_as_it_is(visit, portrait: str) -> None:
    page = visit().open()
    put_photo(page, portrait)
    before = source(page)
    page.get_by_role("radio", name="Off").check()
    settled(page, before)
    np.testing.assert_array_equal(shown(page, "before"), shown(page, "after"))
    page.locator("#reset").click()
    page.wait_for_selector("input[name=preset][value=natural]:checked", state="attached")


def test_keypoints_are_drawn_on_request(visit) -> None:
    one = visit()
    page = one.open()
    page.click("#photo-sample")
    wait_for_photo(page)
    before = source(page)
    assert marked(shown(page, "before")) < 50
    page.get_by_label("Keypoints").check()
    settled(page, before)
    assert marked(shown(page, "before")) > 1000
    one.picture("beauty-keypoints")
    marks = source(page)
    page.get_by_label("Keypoints").uncheck()
    settled(page, marks)
    assert marked(shown(page, "before")) < 50


def test_the_photo_is_saved_at_full_size_in_its_format_and_after_its_name(visit, portrait: str) -> None:
    page = visit().open()
    put_photo(page, portrait)
    with page.expect_download() as download:
        page.click("#save-photo")
        assert page.locator("#save-photo").is_disabled()
    assert download.value.suggested_filename == "grace_hopper_beauty.jpg"
    with Pillow.open(download.value.path()) as saved, Pillow.open(portrait) as original:
        assert (saved.format, saved.size) == ("JPEG", original.size)
    page.wait_for_selector("#save-photo:not([disabled])")


def test_several_photos_are_saved_as_a_zip(visit, portrait: str, tmp_path: Path) -> None:
    page = visit().open()
    with Pillow.open(portrait) as picture:
        picture.save(tmp_path / "second.png")
    put_photo(page, portrait, str(tmp_path / "second.png"))
    page.get_by_role("button", name="Next photo").click()
    page.wait_for_function("document.querySelector('.turn span').textContent === '2 / 2'")
    page.wait_for_selector("#compare .stage:not(.busy)")
    with page.expect_download(timeout=90_000) as download:
        page.click("#save-photo")
    with zipfile.ZipFile(download.value.path()) as archive:
        assert sorted(archive.namelist()) == ["grace_hopper_beauty.jpg", "second_beauty.png"]


def test_files_with_odd_types_are_accepted_by_drop(visit, portrait: str, tmp_path: Path) -> None:
    page = visit().open()
    with Pillow.open(portrait) as picture:
        picture.save(tmp_path / "a.avif")
    data = (tmp_path / "a.avif").read_bytes().hex()
    drop = """([hex, name]) => { const bytes = new Uint8Array(hex.match(/../g).map((x) => parseInt(x, 16)));
        const moved = new DataTransfer(); moved.items.add(new File([bytes], name, { type: '' }));
        document.querySelector('#photo .drop').dispatchEvent(
            new DragEvent('drop', { dataTransfer: moved, bubbles: true, cancelable: true })) }"""
    page.evaluate(drop, [data, "IMG_7.avif"])
    wait_for_photo(page)
    assert "PNG" in page.locator("#compare .notes").inner_text()


def test_each_corrupt_photo_is_answered_with_advice(visit, portrait: str, tmp_path: Path) -> None:
    one = visit()
    page = one.open()
    for number in range(3):
        bad = tmp_path / f"bad{number}.jpg"
        bad.write_bytes(b"no photo at all" * 50)
        page.locator("#photo input[type=file]").set_input_files(str(bad))
        toast = page.locator(".toast-body", has_text=f"bad{number}.jpg")
        toast.wait_for()
        assert "Choose another JPEG" in toast.inner_text()
        assert "That did not work" in toast.inner_text()
        if number == 1:
            put_photo(page, portrait)
    assert "Traceback" not in page.content()
    assert page.locator(".stage[hidden]").count() == 1
    one.picture("beauty-error")


def test_corrupt_videos_are_answered_in_chinese(visit, tmp_path: Path) -> None:
    page = visit(language="zh-CN").open(tab=1)
    for number in range(2):
        bad = tmp_path / f"bad{number}.mp4"
        bad.write_bytes(b"\0no video at all" * 50)
        page.locator("#video input[type=file]").set_input_files(str(bad))
        page.locator("#video .file .name", has_text=bad.name).wait_for()
        page.click("#count")
        toast = page.locator(".toast-body", has_text=bad.name)
        toast.wait_for()
        assert "请换一个" in toast.inner_text()
        assert "操作未完成" in toast.inner_text()
        page.wait_for_selector("#count:visible")


def test_what_a_visitor_lacks_is_told_in_a_sentence(visit) -> None:
    page = visit().open()
    problem = page.locator("#photo .problem")
    page.get_by_role("button", name="Take a photo").click()
    problem.get_by_text("camera").wait_for()
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.evaluate("navigator.clipboard.writeText('words')")
    page.get_by_role("button", name="Paste").click()
    problem.get_by_text("no picture in the clipboard").wait_for()
    page.locator("#photo input[type=file]").set_input_files({"name": "a.jpg", "mimeType": "", "buffer": b""})
    problem.get_by_text("The file is empty").wait_for()


def test_the_work_is_still_there_after_a_reload(visit, portrait: str) -> None:
    page = visit().open()
    put_photo(page, portrait)
    before = source(page)
    set_slider(page, "whitening", 0.9)
    settled(page, before)
    last = shown(page, "after")
    page.reload()
    wait_for_photo(page)
    assert page.locator("#beauty-whitening input").input_value() == "0.9"
    np.testing.assert_array_equal(shown(page, "after"), last)


def test_work_that_the_server_has_lost_is_said_to_be_gone(visit) -> None:
    page = visit().open()
    file = {"path": "/tmp/earlier/a.jpg", "orig_name": "a.jpg", "size": 5, "meta": {"_type": "gradio.FileData"}}
    page.evaluate("f => sessionStorage.setItem('studio.photo', JSON.stringify({ files: [f], at: Date.now() }))", file)
    page.reload()
    page.locator("#photo .problem").get_by_text("this work is gone").wait_for()
    assert page.evaluate("sessionStorage.getItem('studio.photo')") is None


def test_the_sample_video_is_counted_with_one_click_and_plays(visit) -> None:
    one = visit()
    page = one.open(tab=1)
    assert page.locator("#film").is_visible()
    page.click("#video-sample")
    page.wait_for_selector("#jump-count", timeout=400_000)
    count = int(re.match(r"\d+", page.locator("#jump-count").inner_text()).group())
    assert count > 5
    assert not page.locator("#film").is_visible()
    page.wait_for_function("document.querySelector('#result video')?.videoWidth > 0")
    assert f"{count} jumps" in page.locator("#visit ol").inner_text()
    seek_by_chart(page, count)
    one.picture("jump-result")
    with page.expect_download() as download:
        page.click("#save-video")
    assert download.value.suggested_filename == "jump_sample_jumps.mp4"
    assert probe_video(download.value.path()).frames > 300
    with page.expect_download() as download:
        page.click("#share")
    assert Pillow.open(download.value.path()).size == (1080, 1080)
    recount(page)


def seek_by_chart(page, count: int) -> None:
    """The chart tells time and rate under the mouse, and a click goes there in the video."""
    page.wait_for_selector("#chart .js-plotly-plot[data-seeks]", timeout=60_000)
    marks = page.evaluate(
        "document.querySelector('#chart .js-plotly-plot').data.find(t => t.mode === 'markers').x.length"
    )
    assert marks == count
    page.locator("#chart").scroll_into_view_if_needed()
    box = page.locator("#chart .nsewdrag").first.bounding_box()
    x, y = box["x"] + 0.6 * box["width"], box["y"] + 30
    for step in range(3):
        page.mouse.move(x + step, y)
        page.wait_for_timeout(150)
    assert re.search(r"0:0\d · \d+ / min", page.locator("#chart .hoverlayer").text_content())
    page.mouse.click(x, y)
    page.wait_for_function("Math.abs(document.querySelector('#result video').currentTime - 7.45) < 0.3")


def recount(page) -> None:
    """A setting that few keypoints meet counts again at once, with a warning; the video can be drawn again."""
    assert "The person was seen in only" not in page.locator("#total").inner_text()
    page.locator("#jump-panel summary").click()
    page.locator("#jump-min_score input").focus()
    page.keyboard.press("End")
    page.locator("#total").get_by_text("The person was seen in only").wait_for(timeout=20_000)
    page.wait_for_selector("#render")
    with page.expect_download() as download:
        page.click("#save-csv")
    assert Path(download.value.path()).read_text().startswith("person,jump,seconds")


def test_cancel_stops_and_says_so(visit, tmp_path: Path) -> None:
    page = visit().open(tab=1)
    video = jumping_video(tmp_path / "long.mp4", 150, (640, 480))
    page.locator("#video input[type=file]").set_input_files(str(video))
    page.locator("#video .file .name", has_text="long.mp4").wait_for()
    page.click("#count")
    page.wait_for_selector("#status .progress")
    page.click("#cancel")
    page.wait_for_function("document.querySelector('#status').innerText.includes('Cancelled')", timeout=60_000)
    page.wait_for_selector("#count")
    assert page.locator("#jump-count").count() == 0
    page.wait_for_timeout(1500)
    assert "Cancelled" in page.locator("#status").inner_text()


def test_a_video_is_retouched_and_can_be_stopped(visit, tmp_path: Path) -> None:
    page = visit().open()
    video = jumping_video(tmp_path / "film.mp4", 30, (640, 480))
    page.locator("#photo input[type=file]").set_input_files(str(video))
    page.wait_for_selector("#compare .stage[data-kind=video]:not([hidden])")
    page.get_by_role("button", name="Save the video").click()
    page.locator(".work", has_text="Retouching").wait_for()
    page.locator(".work [data-action=stop]").click()
    page.locator(".notes", has_text="Stopped").wait_for(timeout=60_000)
    page.locator("#photo input[type=file]").set_input_files(str(jumping_video(tmp_path / "short.mp4", 0.5)))
    page.locator("#photo .file .name", has_text="short.mp4").wait_for()
    page.wait_for_function("document.querySelector('#compare img.after').alt.includes('short')")
    with page.expect_download(timeout=60_000) as download:
        page.get_by_role("button", name="Save the video").click()
    assert download.value.suggested_filename == "short_beauty.mp4"
    assert probe_video(download.value.path()).frames == 15


@pytest.mark.parametrize(("language", "tab"), [("zh-CN", "跳绳计数"), ("en-GB", "Jump rope"), ("fr-FR", "Jump rope")])
def test_the_page_speaks_the_browsers_language(visit, language: str, tab: str) -> None:
    page = visit(language=language).open()
    page.get_by_role("tab", name=tab).wait_for()
    assert "studio_" not in page.locator("body").inner_text()
