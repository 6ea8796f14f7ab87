"""The running app as other programs see it: endpoints, limits, hostile files, health."""

from __future__ import annotations

import contextlib
import io
import json
import re
import socket
import threading
import time
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import gradio
import httpx
import numpy as np
import pytest
from gradio_client import Client, handle_file
from gradio_client.exceptions import AppError
from PIL import Image as Pillow

from .fakes import jumping_video, video_threads, wait_until


@pytest.fixture(scope="module")
def client(server: str) -> Client:
    return Client(server, verbose=False)


def beautify(client: Client, path: Path, **settings: Any) -> tuple[Path, dict[str, Any]]:
    file, found = client.predict(photo=handle_file(str(path)), **settings, api_name="/beautify")
    return Path(file), found


def refused(call) -> str:
    """The sentence with which a call is refused."""
    with pytest.raises(AppError) as caught:
        call()
    words = str(caught.value)
    assert "Traceback" not in words
    assert "/tmp" not in words
    return words


def test_health_is_told(server: str) -> None:
    assert httpx.get(f"{server}/health").json() == {"status": "ok", "models": "ready"}


def test_the_page_names_no_other_host(server: str) -> None:
    page = httpx.get(server).text
    loaded = re.findall(r'(?:src|href)="(https?://[^"]+)"', page)
    assert [url for url in loaded if not url.startswith(server)] == []
    assert "fonts.g" not in page


def test_only_the_two_endpoints_are_public_and_typed(server: str) -> None:
    info = httpx.get(f"{server}/gradio_api/info").json()["named_endpoints"]
    assert set(info) == {"/beautify", "/count"}
    names = {p["parameter_name"]: p for p in info["/beautify"]["parameters"]}
    assert {"photo", "face", "smoothing", "whitening", "eyes", "slimming", "look"} <= set(names)
    assert names["smoothing"]["type"]["type"] == "number"
    assert not names["photo"]["parameter_has_default"]
    assert info["/count"]["parameters"][0]["parameter_name"] == "video"


def test_a_photo_comes_back_at_its_size_in_its_format(client: Client, portrait: Path) -> None:
    file, found = beautify(client, portrait, smoothing=1.0, whitening=0.8)
    with Pillow.open(file) as result:
        assert (result.format, result.size) == ("JPEG", (320, 400))
    assert found["size"] == [320, 400]
    assert len(found["keypoints"][0]) == 106
    assert found["pose"] == [[3.0, -12.0, 1.5]]


def test_strength_zero_keeps_every_pixel_of_a_png(client: Client, tmp_path: Path) -> None:
    image = np.random.default_rng(3).integers(0, 255, (120, 90, 3), np.uint8)
    Pillow.fromarray(image).save(tmp_path / "a.png")
    off = dict.fromkeys(("smoothing", "spots", "whitening", "eyes", "slimming"), 0)
    file, _ = beautify(client, tmp_path / "a.png", **off)
    np.testing.assert_array_equal(np.asarray(Pillow.open(file)), image)


def test_a_photo_without_a_face_comes_back_with_empty_lists(client: Client, tmp_path: Path) -> None:
    Pillow.new("RGB", (80, 60)).save(tmp_path / "black.png")
    file, found = beautify(client, tmp_path / "black.png", smoothing=1.0)
    assert found["boxes"] == found["scores"] == found["keypoints"] == found["pose"] == []
    assert not np.asarray(Pillow.open(file)).any()


def test_a_video_comes_back_with_its_report(client: Client, skipping: Path) -> None:
    job = client.submit(video=handle_file(str(skipping)), api_name="/count")
    video, report = job.result(timeout=60)
    assert report["count"] in (7, 8)
    assert len(report["apex_times"]) == report["count"]
    assert {"style", "per_minute", "seconds", "people"} <= set(report)
    assert Path(video).read_bytes()[4:8] == b"ftyp"
    stages = {step[1].get("stage") for step in job.outputs()[:-1]}
    assert "analyse" in stages


def test_a_photo_is_answered_while_a_video_runs(client: Client, portrait: Path, tmp_path: Path) -> None:
    running = client.submit(video=handle_file(str(jumping_video(tmp_path / "long.mp4", 15))), api_name="/count")
    assert wait_until(lambda: video_threads() > 0)
    begin = time.monotonic()
    beautify(client, portrait)
    assert time.monotonic() - begin < 15
    assert not running.done()
    running.result(timeout=60)


def test_a_client_that_cancels_stops_the_work(client: Client, tmp_path: Path) -> None:
    running = client.submit(video=handle_file(str(jumping_video(tmp_path / "long.mp4", 15))), api_name="/count")
    assert wait_until(lambda: len(running.outputs()) > 2)
    running.cancel()
    assert wait_until(lambda: video_threads() == 0, 30)


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


def queue_call(server: str, session: str, number: int, data: list[Any]) -> list[dict[str, Any]]:
    """Put a call of any event of the page into the queue, as a browser does; its messages to the end."""
    base = f"{server}/gradio_api/queue"
    body = {"data": data, "fn_index": number, "session_hash": session, "event_data": None, "trigger_id": None}
    joined = httpx.post(f"{base}/join", json=body)
    assert joined.status_code == 200, joined.text
    messages = []
    with httpx.stream("GET", f"{base}/data", params={"session_hash": session}, timeout=60) as stream:
        for line in stream.iter_lines():
            if line.startswith("data: "):
                messages.append(json.loads(line[6:]))
                if messages[-1]["msg"] in ("process_completed", "close_stream"):
                    break
    return messages


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


def page_event(server: str, name: str) -> int:
    """The number of the page's event with the handler ``name``."""
    events = httpx.get(f"{server}/config").json()["dependencies"]
    return next(event["id"] for event in events if event["api_name"] == name)


def sent_file(server: str, path: Path) -> dict[str, Any]:
    """Upload a file as the page does."""
    paths = httpx.post(f"{server}/gradio_api/upload", files={"files": (path.name, path.read_bytes())}).json()
    return {"path": paths[0], "orig_name": path.name, "meta": {"_type": "gradio.FileData"}}


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


def test_a_moved_slider_sends_one_small_picture(server: str, portrait: Path) -> None:
    session = "small"
    opened = queue_call(server, session, page_event(server, "open"), [[sent_file(server, portrait)], {"screen": 800}])
    first = opened[-1]["output"]["data"][1]
    assert {"before", "after", "faces", "notes"} <= set(first)
    asked = {"screen": 800, "seq": 7, "settings": {"smoothing": 1.0}}
    moved = queue_call(server, session, page_event(server, "move"), [None, asked])
    answer = moved[-1]["output"]["data"][0]
    assert set(answer) == {"after", "seq"}
    assert answer["seq"] == 7
    assert answer["after"] != first["after"]
    assert sum(len(json.dumps(message)) for message in moved) < 60_000


def test_work_that_is_gone_is_said_to_be_gone(server: str) -> None:
    for name in ("save", "save_all", "turn"):
        inputs = {"turn": [None, {"turn": 0}, None]}.get(name, [None, None])
        end = queue_call(server, f"nothing{name}", page_event(server, name), inputs)[-1]
        assert "is gone" in end["output"]["error"]


@pytest.mark.parametrize(
    "body", [{}, {"data": []}, {"data": [1, 2]}, {"data": [[], {}, None]}, {"data": "x"}, {"data": [None] * 40}]
)
def test_malformed_requests_are_errors_not_crashes(server: str, body: dict[str, Any]) -> None:
    base = f"{server}/gradio_api/call/beautify"
    started = httpx.post(base, json=body)
    if started.status_code == 200:
        answer = httpx.get(f"{base}/{started.json()['event_id']}", timeout=20).text
        assert "event: error" in answer
        assert "Traceback" not in answer
    assert httpx.get(f"{server}/health").status_code == 200


def test_the_front_matter_names_the_app_and_an_installed_version() -> None:
    text = (Path(__file__).parents[2] / "README.md").read_text(encoding="utf-8")
    facts = dict(line.split(": ", 1) for line in text.split("---")[1].strip().splitlines())
    assert facts["app_file"] == "app.py"
    assert facts["sdk"] == "gradio"
    assert facts["python_version"] == '"3.11"'
    assert facts["sdk_version"].split(".")[0] == gradio.__version__.split(".")[0]
    deploy = json.loads((Path(__file__).parents[2] / "ms_deploy.json").read_text())
    assert (deploy["sdk_type"], deploy["port"]) == ("docker", 7860)
