"""Files as phones and cameras name them, chosen and dropped with an empty type, on both tabs."""

from __future__ import annotations

import base64
from pathlib import Path
from typing import Any

import av
import pytest
from matplotlib import cbook
from PIL import Image as Pillow

from tests.app.fakes import jumping_video
from vision.image import register_formats
from vision.video import read_frames

pytestmark = pytest.mark.e2e
VIDEOS = (
    ("IMG_1.MOV", "mov", "libx265"), ("b.3gp", "3gp", "mpeg4"), ("00001.MTS", "mpegts", "libx264"),
    ("c.mkv", "matroska", "libvpx-vp9"), ("d.avi", "avi", "mjpeg"), ("e.webm", "webm", "libvpx"),
    ("clip", "mp4", "libx264"),
)  # fmt: skip
DROP = """([place, data, name]) => { const bytes = Uint8Array.from(atob(data), (c) => c.charCodeAt(0));
    const moved = new DataTransfer(); moved.items.add(new File([bytes], name, { type: '' }));
    document.querySelector(place + ' .drop').dispatchEvent(
        new DragEvent('drop', { dataTransfer: moved, bubbles: true, cancelable: true })) }"""


@pytest.fixture(scope="module")
def photos(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """A portrait in formats to which browsers give odd types or none."""
    register_formats()
    folder = tmp_path_factory.mktemp("photos")
    with Pillow.open(cbook.get_sample_data("grace_hopper.jpg", asfileobj=False)) as portrait:
        small = portrait.convert("RGB").resize((256, 300))
    made = []
    for name, kind in (("IMG_2.HEIC", "HEIF"), ("a.heif", "HEIF"), ("b.jfif", "JPEG"), ("c.avif", "AVIF")):
        small.save(folder / name, kind)
        made.append(folder / name)
    return made


@pytest.fixture(scope="module")
def videos(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """A second of a jumping figure as cameras store it."""
    folder = tmp_path_factory.mktemp("videos")
    images = [f.image for f in read_frames(jumping_video(folder / "in.mp4", 1.0, (176, 144)))]
    for name, container, codec in VIDEOS:
        options = {"x265-params": "log-level=none"} if codec == "libx265" else {}
        with av.open(f"file:{folder / name}", "w", format=container) as out:
            stream: Any = out.add_stream(codec, rate=30, options=options)  # type: ignore[call-overload]
            stream.width, stream.height = 176, 144
            stream.pix_fmt = "yuvj420p" if codec == "mjpeg" else "yuv420p"
            if codec == "libx265":
                stream.codec_context.codec_tag = "hvc1"
            for image in images:
                out.mux(stream.encode(av.VideoFrame.from_ndarray(image, "rgb24")))
            out.mux(stream.encode(None))
    return [folder / name for name, _, _ in VIDEOS]


def give(page, place: str, path: Path, *, drop: bool) -> None:
    """Drop a file without a type, or choose it."""
    if drop:
        page.evaluate(DROP, [place, base64.b64encode(path.read_bytes()).decode(), path.name])
    else:
        page.locator(f"{place} input[type=file]").set_input_files(str(path))
    page.locator(f"{place} .file .name").get_by_text(path.name, exact=True).wait_for()


def opened(page, name: str) -> str:
    """Wait for the comparison to show a file; the kind that it was taken for."""
    page.wait_for_function("n => document.querySelector('#compare img.after').alt.startsWith(n)", arg=name)
    return page.locator("#compare .stage").get_attribute("data-kind")


@pytest.mark.parametrize("drop", [True, False])
def test_the_beauty_tab_takes_them_all(visit, photos: list[Path], videos: list[Path], drop: bool) -> None:
    page = visit().open()
    for path in photos + videos:
        give(page, "#photo", path, drop=drop)
        assert opened(page, path.name) == ("photo" if path in photos else "video")
    assert page.locator(".toast-body").count() == 0


@pytest.mark.parametrize("drop", [True, False])
def test_the_jump_tab_takes_all_videos(visit, videos: list[Path], drop: bool) -> None:
    page = visit().open(tab=1)
    for path in videos:
        give(page, "#video", path, drop=drop)
        page.click("#count")
        page.wait_for_selector("#cancel:visible")
        page.wait_for_selector("#count:visible", timeout=90_000)
        assert page.locator("#total").inner_text() != ""
    assert page.locator(".toast-body").count() == 0


def test_what_cannot_be_used_gets_a_sentence(visit, photos: list[Path], videos: list[Path], tmp_path: Path) -> None:
    one = visit()
    page = one.open(tab=1)
    for path in photos:
        give(page, "#video", path, drop=True)
        page.click("#count")
        toast = page.locator(".toast-body", has_text=path.name)
        toast.wait_for()
        assert "Choose another MP4" in toast.inner_text()
        page.wait_for_selector("#count:visible")
    broken = tmp_path / "broken.mov"
    broken.write_bytes(videos[0].read_bytes()[:900])
    page.locator("button[role=tab]").nth(0).click()
    give(page, "#photo", broken, drop=True)
    toast = page.locator(".toast-body", has_text="broken.mov")
    toast.wait_for()
    assert "This video cannot be used" in toast.inner_text()
