"""Live sessions without a browser: places, frames, the count and the report, the preview, the connection."""

from __future__ import annotations

import io
import json
import struct
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image as Pillow
from starlette.applications import Starlette
from starlette.testclient import TestClient
from starlette.websockets import WebSocketDisconnect

from tests.app.fakes import JUMPS_PER_SECOND, FaceInTheMiddle, fake_models
from vision.types import Frame
from webui.live_beauty import LiveBeauty
from webui.live_jump import LiveJump
from webui.live_route import Visit, is_foreign, live_routes
from webui.live_sessions import IDLE, MOST_BYTES, FullError, LiveSession, LiveSessions, OverError, frame_of
from webui.service import Limits, Models, ResultFolder

RATE = 20
LIMITS = Limits()


def jpeg(image: np.ndarray, quality: int = 75) -> bytes:
    file = io.BytesIO()
    Pillow.fromarray(image).save(file, "JPEG", quality=quality)
    return file.getvalue()


def message(seconds: float, image: np.ndarray) -> bytes:
    """A frame as the page sends it."""
    return struct.pack("<d", seconds) + jpeg(image)


def figure(seconds: float) -> np.ndarray:
    """The bright figure of the fakes; it jumps from second 2 to second 8."""
    image = np.full((240, 320, 3), 30, np.uint8)
    phase = seconds * JUMPS_PER_SECOND % 1
    rise = round(19 * max(0.0, 1 - ((phase - 0.5) / 0.3) ** 2)) if 2 <= seconds < 8 else 0
    image[48 - rise : 216 - rise, 140:180] = 220
    return image


def messages(start: float, stop: float) -> list[bytes]:
    times = np.arange(round(start * RATE), round(stop * RATE)) / RATE
    return [message(float(t) + 100, figure(t)) for t in times]


def studio(tmp_path, limits: Limits = LIMITS, models: Models | None = None) -> SimpleNamespace:
    sessions = LiveSessions(limits.live_visitors, limits.live_seconds)
    return SimpleNamespace(
        models=models or fake_models(), limits=limits, folder=ResultFolder(tmp_path), sessions=sessions
    )


@pytest.fixture
def live(tmp_path) -> LiveJump:
    return LiveJump(studio(tmp_path))  # type: ignore[arg-type]


def sent(visit: Visit, start: float, stop: float, **wish) -> dict:
    """The last answer to frames of half a second each; ``wish`` goes before the first."""
    told = {}
    for i, begin in enumerate(np.arange(start, stop, 0.5)):
        first = [json.dumps(wish)] if wish and i == 0 else []
        told, _ = visit.answer([*first, *messages(begin, begin + 0.5)])
    return told


def test_a_session_counts_from_its_start_and_ends_with_the_usual_report(live):
    visit = Visit(live, LIMITS, "en")
    before = sent(visit, 0, 4, open="")
    assert (before["count"], before["seconds"], before["person"], before["feet"]) == (0, 0, True, True)
    assert (before["frames"], before["time"]) == (10, pytest.approx(103.95))
    assert len(before["joints"]) == 17
    assert before["joints"][0] == pytest.approx([0.5, 0.23], abs=0.1)
    after = sent(visit, 4, 9.5, begin=True, settings={"without_rope": True, "speed": 2.0})
    assert after["count"] == 8
    session = live.end(visit.key)
    assert session is not None
    assert session.report.count == 8
    assert session.tracks[0].times[0] == 0
    assert not session.path.exists()
    assert live.end(visit.key) is None


def test_another_visitor_of_either_tab_is_told_and_let_in_when_the_place_is_free(tmp_path):
    both = studio(tmp_path)
    jump, beauty = LiveJump(both), LiveBeauty(both)  # type: ignore[arg-type]
    first, other = Visit(jump, LIMITS, "en"), Visit(beauty, LIMITS, "zh")
    sent(first, 0, 1, open="")
    refused = sent(other, 0, 0.5, open="")
    assert refused["over"] == "full"
    assert "其他人" in refused["said"]
    jump.end(first.key)
    assert "over" not in sent(other, 0, 0.5, open="")


def test_a_connection_that_broke_off_is_taken_up_again(live):
    first = Visit(live, LIMITS, "en")
    sent(first, 0, 2, open="", begin=True, settings={"without_rope": True})
    again = Visit(live, LIMITS, "en")
    assert sent(again, 2, 8.5, open=first.key)["count"] == 12
    restarted = Visit(LiveJump(live._studio), LIMITS, "en")
    restarted._mode.sessions = LiveSessions(1, 60)  # type: ignore[misc]
    told = sent(restarted, 8.5, 9, open=first.key)
    assert told["over"] == "lost"
    assert "Start again" in told["said"]


def test_two_visitors_at_once_are_counted_each(tmp_path):
    live = LiveJump(studio(tmp_path, Limits(live_visitors=2)))  # type: ignore[arg-type]
    one, two = Visit(live, LIMITS, "en"), Visit(live, LIMITS, "en")
    wish = {"open": "", "begin": True, "settings": {"without_rope": True}}
    counts = {}
    for i, start in enumerate(np.arange(0, 8, 0.5)):
        for visit, late in ((one, 0.0), (two, 2.0)):
            counts[visit] = sent(visit, start + late, start + late + 0.5, **(wish if i == 0 else {}))["count"]
    assert counts == {one: 12, two: 12}
    assert one.key != two.key


def test_places_fall_free_when_no_frames_come():
    now = [0.0]
    sessions = LiveSessions(2, 60, clock=lambda: now[0])
    first = sessions.enter(LiveSession())
    now[0] = IDLE - 1
    second = sessions.enter(LiveSession())
    with pytest.raises(FullError):
        sessions.enter(LiveSession())
    now[0] = IDLE + 1
    sessions.enter(LiveSession())
    sessions.session(second)
    with pytest.raises(OverError):
        sessions.session(first)


@pytest.mark.parametrize(
    "data",
    [
        b"", b"12345678", struct.pack("<d", float("nan")) + jpeg(np.zeros((4, 4, 3), np.uint8)),
        struct.pack("<d", 1.0) + b"no picture", struct.pack("<d", 1.0) + b"GIF89a", bytes(MOST_BYTES + 1),
        message(1.0, np.zeros((1100, 1000, 3), np.uint8)),
    ],
)  # fmt: skip
def test_frames_that_are_none_end_the_session_with_a_sentence(live, data):
    visit = Visit(live, LIMITS, "en")
    visit.answer([json.dumps({"open": ""})])
    told, _ = visit.answer([data])
    assert told["over"] == "error"
    assert told["said"]
    assert live.end(visit.key) is None
    with pytest.raises(ValueError, match="frame"):
        frame_of(data)


@pytest.mark.parametrize("text", ["no json", "[]", '{"begin": true}', '{"open": "unknown"}', '{"open": {"a": 1}}'])
def test_messages_that_are_none_end_the_session_with_a_sentence(live, text):
    told, _ = Visit(live, LIMITS, "en").answer([text])
    assert told["over"] in ("error", "lost")
    assert told["said"]


def test_frames_out_of_order_and_twice_are_put_right():
    session = LiveSession(last=1.0)
    small, large = np.zeros((4, 4, 3), np.uint8), np.zeros((8, 4, 3), np.uint8)
    frames = [Frame(large, t) for t in (3.0, 0.5, 2.0, 2.0)] + [Frame(small, 1.5)]
    assert [frame.time for frame in session.later(frames)] == [2.0, 3.0]


def test_a_full_session_is_told(live):
    live.sessions.seconds = 1.0
    visit = Visit(live, LIMITS, "en")
    assert not sent(visit, 0, 1, open="")["full"]
    assert not sent(visit, 1, 1.5, begin=True)["full"]
    assert sent(visit, 1.5, 3)["full"]


def test_nobody_gives_no_report(live):
    dark = np.zeros((240, 320, 3), np.uint8)
    visit = Visit(live, LIMITS, "en")
    told, _ = visit.answer([json.dumps({"open": "", "begin": True}), message(1.0, dark), message(1.1, dark)])
    assert (told["person"], told["joints"]) == (False, [None] * 17)
    assert live.end(visit.key) is None


def portrait(seconds: float) -> bytes:
    rng = np.random.default_rng(round(1000 * seconds))
    skin = np.full((240, 320, 3), (205, 160, 140), np.uint8)
    return message(seconds, np.clip(skin + rng.normal(0, 8, skin.shape), 0, 255).astype(np.uint8))


def picture(data: bytes | None) -> np.ndarray:
    assert data is not None
    return np.asarray(Pillow.open(io.BytesIO(data)).convert("RGB"), float)


def test_the_preview_is_retouched_with_the_settings_of_the_moment(tmp_path):
    finder = FaceInTheMiddle()
    models = fake_models()
    models._loaders = replace(models._loaders, faces=lambda: finder)
    beauty = LiveBeauty(studio(tmp_path, models=models))  # type: ignore[arg-type]
    visit = Visit(beauty, LIMITS, "en")
    off = {"smoothing": 0, "whitening": 0, "eyes": 0, "slimming": 0}
    told, plain = visit.answer([json.dumps({"open": "", "settings": off}), portrait(0.0)])
    assert (told["faces"], told["frames"], told["full"]) == (1, 1, False)
    assert picture(plain).shape == (240, 320, 3)
    told, white = visit.answer([json.dumps({"settings": off | {"whitening": 1.0}}), portrait(0.1)])
    cheek = np.s_[80:100, 120:180]
    assert picture(white)[cheek].mean() > picture(plain)[cheek].mean() + 5
    for i in range(2, 13):
        told, _ = visit.answer([portrait(i / 10)])
    assert finder.searches == 2  # at the first frame and after 0.7 s
    told, _ = visit.answer([portrait(1.3), portrait(1.4)])
    assert (told["frames"], told["time"]) == (2, pytest.approx(1.4))
    beauty.sessions.seconds = 1.0
    assert visit.answer([portrait(1.5)])[0]["full"]


def test_settings_out_of_range_end_the_preview_with_a_sentence(tmp_path):
    visit = Visit(LiveBeauty(studio(tmp_path)), LIMITS, "en")  # type: ignore[arg-type]
    told, _ = visit.answer([json.dumps({"open": "", "settings": {"eyes": 7}})])
    assert told["over"] == "error"
    assert "eyes" in told["said"]


def test_frames_go_and_answers_come_over_a_web_socket(tmp_path):
    both = studio(tmp_path)
    modes = {"jump": LiveJump(both), "beauty": LiveBeauty(both)}  # type: ignore[arg-type]
    client = TestClient(Starlette(routes=live_routes(modes, LIMITS)))
    with client.websocket_connect("/live/beauty", headers={"accept-language": "zh"}) as line:
        line.send_json({"open": "", "settings": {}})
        key = line.receive_json()["key"]
        line.send_bytes(portrait(0.0))
        assert line.receive_json() == {"time": 0.0, "faces": 1, "full": False, "key": key, "frames": 1}
        assert picture(line.receive_bytes()).shape == (240, 320, 3)
        with client.websocket_connect("/live/jump", headers={"accept-language": "zh"}) as other:
            other.send_json({"open": ""})
            assert other.receive_json()["over"] == "full"
            with pytest.raises(WebSocketDisconnect):
                other.receive_json()


def test_a_preview_that_is_left_gives_its_place_back_at_once(tmp_path):
    both = studio(tmp_path)
    modes = {"jump": LiveJump(both), "beauty": LiveBeauty(both)}  # type: ignore[arg-type]
    client = TestClient(Starlette(routes=live_routes(modes, LIMITS)))
    with client.websocket_connect("/live/beauty") as line:
        line.send_json({"open": "", "settings": {}})
        assert "over" not in line.receive_json()
        line.send_json({"leave": True})
        assert line.receive_json()["over"] == "left"
    with client.websocket_connect("/live/jump") as other:
        other.send_json({"open": ""})
        assert "over" not in other.receive_json()


def test_a_page_of_another_site_is_refused_on_ones_own_machine(tmp_path):
    assert is_foreign({"host": "127.0.0.1:7860", "origin": "https://elsewhere.example"})
    assert not is_foreign({"host": "127.0.0.1:7860", "origin": "http://localhost:7860"})
    assert not is_foreign({"host": "studio.example", "origin": "https://other.example"})
    assert not is_foreign({"host": "localhost", "origin": "https://x.example", "x-forwarded-for": "10.0.0.1"})
    assert not is_foreign({"host": "localhost:7860"})
    client = TestClient(Starlette(routes=live_routes({"jump": LiveJump(studio(tmp_path))}, LIMITS)))  # type: ignore[arg-type]
    foreign = {"host": "localhost", "origin": "https://elsewhere.example"}
    with pytest.raises(WebSocketDisconnect), client.websocket_connect("/live/jump", headers=foreign):
        pass
