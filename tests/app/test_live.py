"""Live sessions without a browser: places, frames, the count and the report."""

from __future__ import annotations

import base64
import io
from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image as Pillow

from counting.settings import CountSettings
from tests.app.fakes import JUMPS_PER_SECOND, fake_models
from vision.types import Frame
from webui.live_jump import LiveJump
from webui.live_room import IDLE, MOST_FRAMES, FullError, LiveRoom, LiveSession, OverError, frames_of
from webui.service import Limits, ResultFolder

RATE = 20


def jpeg(image: np.ndarray) -> str:
    file = io.BytesIO()
    Pillow.fromarray(image).save(file, "JPEG")
    return base64.b64encode(file.getvalue()).decode()


def figure(seconds: float) -> np.ndarray:
    """The bright figure of the fakes; it jumps from second 2 to second 8."""
    image = np.full((240, 320, 3), 30, np.uint8)
    phase = seconds * JUMPS_PER_SECOND % 1
    rise = round(19 * max(0.0, 1 - ((phase - 0.5) / 0.3) ** 2)) if 2 <= seconds < 8 else 0
    image[48 - rise : 216 - rise, 140:180] = 220
    return image


def entries(start: float, stop: float) -> list[dict[str, object]]:
    times = np.arange(round(start * RATE), round(stop * RATE)) / RATE
    return [{"time": float(t) + 100, "jpeg": jpeg(figure(t))} for t in times]


def visitor(name: str, words: str = "en"):
    return SimpleNamespace(session_hash=name, headers={"accept-language": words})


@pytest.fixture
def live(tmp_path) -> LiveJump:
    return LiveJump(SimpleNamespace(models=fake_models(), limits=Limits(), folder=ResultFolder(tmp_path)))  # type: ignore[arg-type]


def sent(live: LiveJump, start: float, stop: float, **more) -> dict:
    """The last answer to frames of half a second each."""
    answer = {}
    for i, begin in enumerate(np.arange(start, stop, 0.5)):
        first = more if i == 0 else {}
        answer = live.frames(visitor("a"), {"seq": i, "frames": entries(begin, begin + 0.5)} | first)
    return answer


def test_a_session_counts_from_its_start_and_ends_with_the_usual_report(live):
    before = sent(live, 0, 4, first=True)
    assert (before["count"], before["seconds"], before["person"], before["feet"]) == (0, 0, True, True)
    assert len(before["joints"]) == 17
    assert before["joints"][0] == pytest.approx([0.5, 0.23], abs=0.1)
    after = sent(live, 4, 9.5, begin=True, settings={"without_rope": True, "speed": 2.0})
    assert after["count"] == 8
    words, session = live.end(visitor("a", "zh-CN"))
    assert words == "zh"
    assert session is not None
    assert session.report.count == 8
    assert session.tracks[0].times[0] == 0
    assert not session.path.exists()
    assert live.end(visitor("a")) == ("en", None)


def test_another_visitor_is_told_and_let_in_when_the_place_is_free(live):
    sent(live, 0, 1, first=True)
    refused = live.frames(visitor("b", "zh"), {"seq": 7, "first": True, "frames": entries(0, 0.5)})
    assert (refused["answer"], refused["over"]) == (7, "full")
    assert "其他人" in refused["said"]
    live.end(visitor("a"))
    assert "over" not in live.frames(visitor("b"), {"first": True, "frames": entries(0, 0.5)})


def test_places_fall_free_when_no_frames_come():
    now = [0.0]
    room = LiveRoom(2, 60, clock=lambda: now[0])
    room.enter("a", CountSettings())
    now[0] = IDLE - 1
    room.enter("b", CountSettings())
    with pytest.raises(FullError):
        room.enter("c", CountSettings())
    now[0] = IDLE + 1
    room.enter("c", CountSettings())
    room.session("b")
    with pytest.raises(OverError):
        room.session("a")


def test_an_unknown_session_has_ended(live):
    answer = live.frames(visitor("a"), {"seq": 3, "frames": entries(0, 0.5)})
    assert answer["over"] == "lost"
    assert "Start again" in answer["said"]


@pytest.mark.parametrize(
    "frames",
    [
        [{"time": 1.0}], [{"time": float("nan"), "jpeg": "x"}], [{"time": 1.0, "jpeg": "no"}], ["x"],
        [{"time": 1.0, "jpeg": base64.b64encode(b"GIF89a").decode()}],
        [{"time": 1.0, "jpeg": jpeg(np.zeros((1100, 1000, 3), np.uint8))}], [{"time": 1.0, "jpeg": "A" * 500_000}],
    ],
)  # fmt: skip
def test_frames_that_are_none_end_the_session_with_a_sentence(live, frames):
    answer = live.frames(visitor("a"), {"first": True, "frames": frames})
    assert answer["over"] == "error"
    assert answer["said"]
    assert live.end(visitor("a"))[1] is None


def test_no_more_frames_are_looked_at_than_a_message_may_have():
    assert len(frames_of(entries(0, 2))) == MOST_FRAMES
    assert frames_of(None) == []


def test_frames_out_of_order_and_twice_are_put_right():
    session = LiveSession.new(CountSettings())
    session.last = 1.0
    small, large = np.zeros((4, 4, 3), np.uint8), np.zeros((8, 4, 3), np.uint8)
    frames = [Frame(large, t) for t in (3.0, 0.5, 2.0, 2.0)] + [Frame(small, 1.5)]
    assert [frame.time for frame in session.later(frames)] == [2.0, 3.0]


def test_a_full_session_is_told(live):
    live.room.seconds = 1.0
    sent(live, 0, 1, first=True)
    assert not sent(live, 1, 1.5, begin=True)["full"]
    assert sent(live, 1.5, 3)["full"]


def test_nobody_gives_no_report(live):
    dark = jpeg(np.zeros((240, 320, 3), np.uint8))
    answer = live.frames(
        visitor("a"), {"first": True, "begin": True, "frames": [{"time": t, "jpeg": dark} for t in (1.0, 1.1)]}
    )
    assert (answer["person"], answer["joints"]) == (False, [None] * 17)
    assert live.end(visitor("a"))[1] is None
