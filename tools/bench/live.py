"""What a live count costs: frames of a video, as a browser would send them, through the live mode's own handlers.

``python -m tools.bench.live [--video FILE] [--frames N] [--together N]``

Processor time per frame is comparable on a busy machine; frames a second by the clock and the delay are not.
"""

from __future__ import annotations

import base64
import io
import statistics
import time
from dataclasses import dataclass
from itertools import islice
from types import SimpleNamespace
from typing import Any

from PIL import Image as Pillow

from tools.bench.files import SAMPLE
from tools.script import run_script
from vision.options import check_options, option
from vision.types import Frame
from vision.video import read_frames


@dataclass(frozen=True)
class LiveConfig:
    """Options of a run."""

    video: str = option(str(SAMPLE), "The video that is sent")
    frames: int = option(240, "How many of its frames", low=30, high=10_000)
    together: int = option(4, "Frames of one message", low=1, high=12)
    apart: float = option(0.05, "Seconds between two frames that are sent", low=0.02, high=0.2)

    def __post_init__(self) -> None:
        check_options(self)


def messages(config: LiveConfig) -> list[list[dict[str, Any]]]:
    """The frames at 480 lines in groups, as the page encodes them."""
    entries, last = [], float("-inf")
    for frame in islice(read_frames(config.video), 30 * config.frames):
        if frame.time - last < config.apart:
            continue
        last = frame.time
        entries.append({"time": frame.time, "jpeg": _encoded(frame)})
        if len(entries) == config.frames:
            break
    return [entries[i : i + config.together] for i in range(0, len(entries), config.together)]


def _encoded(frame: Frame) -> str:
    picture = Pillow.fromarray(frame.image)
    scale = min(1.0, 480 / min(picture.size))
    file = io.BytesIO()
    picture.resize((round(picture.width * scale), round(picture.height * scale))).save(file, "JPEG", quality=60)
    return base64.b64encode(file.getvalue()).decode()


def main(config: LiveConfig) -> dict[str, Any]:
    """Send everything, one message after the other, and print what it took."""
    import app
    from webui.live_jump import LiveJump
    from webui.service import Limits, Models

    live = LiveJump(SimpleNamespace(models=Models(app.model_loaders("cpu", None, None)), limits=Limits()))  # type: ignore[arg-type]
    visitor: Any = SimpleNamespace(session_hash="bench", headers={})
    parts, answer = messages(config), {}
    live.frames(visitor, {"first": True, "begin": True, "frames": parts[0]})
    processor, clock, delays = time.process_time(), time.perf_counter(), []
    for part in parts[1:]:
        begin = time.perf_counter()
        answer = live.frames(visitor, {"frames": part})
        delays.append(time.perf_counter() - begin)
    count = sum(len(part) for part in parts[1:])
    processor, clock = time.process_time() - processor, time.perf_counter() - clock
    result = {
        "frames": count,
        "count": answer.get("count"),
        "processor_ms_per_frame": round(1000 * processor / count, 1),
        "frames_per_second": round(count / clock, 1),
        "median_ms_per_message": round(1000 * statistics.median(delays), 1),
    }
    print(result)
    return result


if __name__ == "__main__":
    run_script(main, LiveConfig, __doc__)
