"""The running app as other programs see it: endpoints, results, cancelling, health."""

from __future__ import annotations

import json
import re
import time
from pathlib import Path
from typing import Any

import gradio
import httpx
import numpy as np
import pytest
from gradio_client import Client, handle_file
from PIL import Image as Pillow

from .calls import beautify, page_event, queue_call, sent_file
from .fakes import jumping_video, video_threads, wait_until


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
