"""What the running app refuses: hostile files, files of the server, addresses, what is beyond the limits."""

from __future__ import annotations

import contextlib
import io
import socket
import threading
import time
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path

import httpx
import numpy as np
import pytest
from gradio_client import Client, handle_file
from gradio_client.exceptions import AppError
from PIL import Image as Pillow

from .calls import beautify, page_event, queue_call, refused, sent_file
from .fakes import jumping_video


def zip_bomb() -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a", b"\0" * 10**7)
    return buffer.getvalue()


def png_bomb() -> bytes:
    """A small file that says it is 60000 x 60000."""
    buffer = io.BytesIO()
    Pillow.new("1", (16, 16)).save(buffer, "PNG")
    data = bytearray(buffer.getvalue())
    data[16:24] = (60000).to_bytes(4, "big") * 2
    data[29:33] = zlib.crc32(bytes(data[12:29])).to_bytes(4, "big")
    return bytes(data)


HOSTILE = {
    "empty.jpg": lambda photo: b"",
    "text.png": lambda photo: b"hello " * 1000,
    "truncated.jpg": lambda photo: photo[: len(photo) // 3],
    "header.jpg": lambda photo: photo[:2] + bytes(reversed(photo[2:400])) + photo[400:],
    "zip.jpg": lambda photo: zip_bomb(),
    "bomb.png": lambda photo: png_bomb(),
    "vector.svg": lambda photo: b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>',
    "..%2f..%2fetc%2fpasswd": lambda photo: b"root:x",
    "name\u202egpj.exe": lambda photo: b"MZ" + bytes(range(256)) * 20,
    "a" * 180 + ".jpg": lambda photo: b"\xff\xd8\xff" + b"\0" * 3000,
}


@pytest.mark.parametrize("name", HOSTILE)
@pytest.mark.parametrize("endpoint", ["/beautify", "/count"])
def test_hostile_files_get_a_sentence(client: Client, portrait: Path, tmp_path: Path, name: str, endpoint: str) -> None:
    path = tmp_path / name
    path.write_bytes(HOSTILE[name](portrait.read_bytes()))
    kind = "photo" if endpoint == "/beautify" else "video"
    words = refused(lambda: client.predict(**{kind: handle_file(str(path))}, api_name=endpoint))
    assert "cannot be used" in words or "no longer" in words


def test_fuzzed_photos_never_break_the_app(client: Client, server: str, portrait: Path, tmp_path: Path) -> None:
    random = np.random.default_rng(11)
    data = np.frombuffer(portrait.read_bytes(), np.uint8)
    for i in range(30):
        broken = data.copy()
        broken[random.integers(0, len(data), 40)] = random.integers(0, 256, 40)
        path = tmp_path / f"{i}.jpg"
        path.write_bytes(broken.tobytes())
        try:
            said = str(beautify(client, path)[0])
        except AppError as error:
            said = str(error)
        assert said.endswith(".jpg") or "cannot be used" in said
    assert httpx.get(f"{server}/health").status_code == 200


def test_a_setting_out_of_range_is_named(client: Client, portrait: Path) -> None:
    assert "7" in refused(lambda: beautify(client, portrait, smoothing=7))


def test_a_photo_above_the_pixel_limit_is_refused(client: Client, tmp_path: Path) -> None:
    Pillow.new("L", (2600, 2000)).save(tmp_path / "large.png")
    assert "megapixels" in refused(lambda: beautify(client, tmp_path / "large.png"))


def test_a_video_above_the_limit_of_length_is_refused(client: Client, tmp_path: Path) -> None:
    path = jumping_video(tmp_path / "long.mp4", 23, (64, 48))
    assert "longer than 20 seconds" in refused(lambda: client.predict(video=handle_file(str(path)), api_name="/count"))


def test_an_upload_above_the_file_limit_is_refused(server: str) -> None:
    answer = httpx.post(f"{server}/gradio_api/upload", files={"files": ("a.jpg", b"\0" * 4_000_000)})
    assert answer.status_code == 413


def call_raw(server: str, path: str, *, url: str | None = None) -> str:
    """Call ``/beautify`` with a path that was not uploaded; the answer's text."""
    photo = {"path": path, "url": url, "meta": {"_type": "gradio.FileData"}}
    base = f"{server}/gradio_api/call/beautify"
    started = httpx.post(base, json={"data": [photo, -1, 0.5]})
    assert started.status_code == 200, started.text
    return httpx.get(f"{base}/{started.json()['event_id']}", timeout=20).text


@pytest.mark.parametrize("path", ["/etc/passwd", "app.py", "../../../etc/shadow", "/proc/self/environ", ""])
def test_files_of_the_server_cannot_be_named(server: str, path: str) -> None:
    answer = call_raw(server, path)
    assert "event: error" in answer
    assert "root:" not in answer


class Listener(threading.Thread):
    """A port that remembers whether anybody came."""

    def __init__(self) -> None:
        super().__init__()
        self.asked: list[object] = []
        self._over = threading.Event()
        self.listening = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self.listening.getsockname()[1]}/a.png"
        self.listening.settimeout(0.1)
        self.start()

    def run(self) -> None:
        with self.listening:
            while not self._over.is_set():
                with contextlib.suppress(TimeoutError):
                    self.asked.append(self.listening.accept())

    def end(self) -> None:
        self._over.set()
        self.join()


@pytest.fixture
def listener() -> Iterator[Listener]:
    made = Listener()
    yield made
    made.end()


def test_addresses_are_refused_and_never_asked(server: str, listener: Listener) -> None:
    url = listener.url
    answers = [call_raw(server, url), call_raw(server, "a.png", url=url), call_raw(server, "data:image/png,xx")]
    assert all("event: error" in answer for answer in answers)
    assert listener.asked == []


def test_no_event_of_the_page_fetches_an_address_in_any_place(server: str, listener: Listener) -> None:
    events = httpx.get(f"{server}/config").json()["dependencies"]
    called = 0
    for event in events:
        if not event["backend_fn"]:
            continue
        file = {"path": listener.url, "url": listener.url, "meta": {"_type": "gradio.FileData"}}
        hidden = [{"value": {"files": [file]}}]
        for place in range(len(event["inputs"])):
            for k, sent in enumerate((file, hidden) if place == 0 else (file,)):
                data = [sent if i == place else None for i in range(len(event["inputs"]))]
                end = queue_call(server, f"address{event['id']}{place}{k}", event["id"], data)[-1]
                assert not end.get("success"), (event["api_name"], place)
                called += 1
    assert called > 40
    time.sleep(0.3)
    assert listener.asked == []


@pytest.mark.parametrize("tab", ["beauty", "jump"])
def test_every_refused_file_gets_its_sentence_every_time(
    server: str, portrait: Path, skipping: Path, tmp_path: Path, tab: str
) -> None:
    handler, good = ("open", portrait) if tab == "beauty" else ("run", skipping)
    number = page_event(server, handler)
    for turn in range(3):
        bad = tmp_path / f"{turn}.heic"
        bad.write_bytes(b"no photo and no video" * 100)
        end = queue_call(server, f"refused{tab}", number, [[sent_file(server, bad)], None])[-1]
        assert not end["success"]
        assert "cannot be used" in end["output"]["error"]
        assert end["output"]["title"] == "That did not work"
        end = queue_call(server, f"refused{tab}", number, [[sent_file(server, good)], None])[-1]
        assert end["success"], end
