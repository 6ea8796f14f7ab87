"""Cost of the live modes: frames of a video, as sent by a browser, through their handlers.

``python -m tools.bench.live [--mode jump|beauty] [--video FILE] [--frames N] [--preset NAME]``

Processor time per frame is comparable on a busy machine; frames a second by the clock and the delay are not.
With ``--browser yes`` the app runs in a separate process and chromium's fake camera plays the video: answered pictures
a second, and the median and 90th percentile of the delay from the camera to the answer.
"""

from __future__ import annotations

import io
import json
import statistics
import struct
import time
from dataclasses import dataclass
from itertools import islice
from types import SimpleNamespace
from typing import Any

from PIL import Image as Pillow

from beauty.settings import PRESETS
from tools.bench.files import SAMPLE
from tools.script import run_script
from vision.options import check_options, option
from vision.types import Frame
from vision.video import read_frames

TOGETHER = {"jump": 2, "beauty": 1}
"""Usual number of queued frames per message."""


@dataclass(frozen=True)
class LiveConfig:
    """Options of a run."""

    mode: str = option("jump", "Which tab's live mode", choices=("jump", "beauty"))
    video: str = option("", "The video that is sent (default: the sample; for beauty a portrait that moves)")
    frames: int = option(240, "How many of its frames", low=30, high=10_000)
    apart: float = option(0.05, "Seconds between two frames that are sent", low=0.02, high=0.2)
    preset: str = option("natural", "Settings of the preview", choices=tuple(PRESETS))
    browser: str = option("no", "Measure in chromium instead, with a fake camera", choices=("no", "yes"))
    seconds: float = option(30.0, "How long the browser is measured", low=5.0, high=600.0)

    def __post_init__(self) -> None:
        check_options(self)


def messages(config: LiveConfig) -> list[bytes]:
    """The frames at 480 lines, as the page sends them."""
    made: list[bytes] = []
    last = float("-inf")
    for frame in islice(frames_of(config), 30 * config.frames):
        if frame.time - last < config.apart:
            continue
        last = frame.time
        made.append(struct.pack("<d", frame.time) + _encoded(frame, 60 if config.mode == "jump" else 80))
        if len(made) == config.frames:
            break
    return made


def frames_of(config: LiveConfig) -> Any:
    """The frames of the video, or of the portrait."""
    from tools.bench.live_browser import portrait

    return read_frames(config.video or SAMPLE) if config.video or config.mode == "jump" else portrait()


def _encoded(frame: Frame, quality: int) -> bytes:
    picture = Pillow.fromarray(frame.image)
    scale = min(1.0, 480 / min(picture.size))
    file = io.BytesIO()
    size = round(picture.width * scale), round(picture.height * scale)
    picture.resize(size).save(file, "JPEG", quality=quality)
    return file.getvalue()


def handlers(config: LiveConfig) -> Any:
    """A visitor's connection to the real networks, without a network between."""
    import app
    from webui.live_beauty import LiveBeauty
    from webui.live_jump import LiveJump
    from webui.live_route import Visit
    from webui.live_sessions import LiveSessions
    from webui.service import Limits, Models

    studio: Any = SimpleNamespace(models=Models(app.model_loaders("cpu", None, None)), limits=Limits())
    studio.sessions = LiveSessions(1, 1e6)
    return Visit((LiveJump if config.mode == "jump" else LiveBeauty)(studio), studio.limits, "en")


def main(config: LiveConfig) -> dict[str, Any]:
    """Send all messages one by one and print the cost."""
    if config.browser == "yes":
        from tools.bench.live_browser import measure

        result = measure(config.mode, config.video, config.seconds, config.preset)
    else:
        result = _handled(config)
    print(result)
    return result


def _handled(config: LiveConfig) -> dict[str, Any]:
    visit, sent = handlers(config), messages(config)
    wish = {"open": "", "begin": True, "settings": vars(PRESETS[config.preset]) if config.mode == "beauty" else {}}
    told, _ = visit.answer([json.dumps(wish), *sent[:6]])
    sent, together = sent[6:], TOGETHER[config.mode]
    processor, clock, delays = time.process_time(), time.perf_counter(), []
    for i in range(0, len(sent), together):
        begin = time.perf_counter()
        told, _ = visit.answer(sent[i : i + together])
        delays.append(time.perf_counter() - begin)
    processor, clock = time.process_time() - processor, time.perf_counter() - clock
    return {
        "frames": len(sent),
        **{name: told[name] for name in ("count", "faces", "said") if name in told},
        "processor_ms_per_frame": round(1000 * processor / len(sent), 1),
        "frames_per_second": round(len(sent) / clock, 1),
        "median_ms_per_message": round(1000 * statistics.median(delays), 1),
    }


if __name__ == "__main__":
    run_script(main, LiveConfig, __doc__)
