"""The page with the report of an hour and three people: quick to show, to hover and to zoom."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import app
from counting.pipeline import CountedVideo
from counting.report import JumpReport, Part, SessionReport
from tests.app.fakes import fake_models, jumping_video
from tests.e2e.conftest import Visit
from vision.types import PoseTrack
from vision.video import Rotations
from webui.jobs import Job
from webui.service import Files, Limits, Models
from webui.videos import VideoSession

pytestmark = pytest.mark.e2e
HOUR = 3600.0


def skipper(rate: float) -> JumpReport:
    """An hour of somebody who jumps ``rate`` times a second for a minute and rests for half of one."""
    times = np.arange(0, HOUR, 1 / 60)
    jumping = times % 90 < 60
    apexes = np.arange(0.25, HOUR, 1 / rate)
    apexes = apexes[apexes % 90 < 60]
    starts = np.arange(0, HOUR, 90)
    each = len(apexes) // len(starts)
    parts = tuple(Part(float(a), float(a) + 60, "two feet", each, each, 60 * rate, 1.0) for a in starts)
    ones = np.ones(len(apexes))
    return JumpReport(
        count=len(apexes), apex_times=apexes, confidence=ones, heights=0.1 * ones, style="two feet", parts=parts,
        streaks=tuple((p.start, p.stop, p.count) for p in parts), breaks=(), trips=(), times=times,
        signal=np.where(jumping, np.sin(2 * np.pi * rate * times), np.nan), coverage=1.0, rope_confidence=1.0,
        regularity=1.0,
    )  # fmt: skip


class Hour(Job):
    """A job whose result is made up."""

    def __init__(self, target: Path, source: Path) -> None:
        super().__init__(target)
        self._source, self.result = source, None

    def work(self) -> None:
        """Take a short video for the annotated one."""
        shutil.copy(self._source, self.target)
        nothing = np.zeros((0, 17, 3), np.float32)
        track = PoseTrack(np.zeros(0), nothing, np.zeros((0, 4), np.float32))
        report = SessionReport((skipper(2.2), skipper(1.7), skipper(3.1)), 0, HOUR)
        self.result = VideoSession(self._source, "hour.mp4", CountedVideo((track,), report, Rotations(), (), HOUR))


class HourModels(Models):
    """Every video is an hour of three people."""

    def job(self, _files: Files, job: Any) -> Any:
        return Hour(job.target, _files.reads[0])


@pytest.fixture(scope="module")
def hour(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of an app for which every video is an hour long."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GRADIO_TEMP_DIR", str(tmp_path_factory.mktemp("gradio")))
        demo, options = app.build(HourModels(fake_models()._loaders), Limits())
        demo.launch(server_name="127.0.0.1", quiet=True, **options)
        yield demo.local_url.rstrip("/")
        demo.close()


def busy_seconds(session: Any) -> Callable[[], float]:
    """A clock of the processor time that the page's main thread has spent."""
    session.send("Performance.enable", {"timeDomain": "threadTicks"})

    def busy() -> float:
        return next(
            m["value"] for m in session.send("Performance.getMetrics")["metrics"] if m["name"] == "TaskDuration"
        )

    return busy


def test_an_hour_of_three_people_is_shown_and_touched_quickly(
    browser, hour: str, tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    context = browser.new_context(viewport={"width": 1280, "height": 900}, locale="en-US")
    one = Visit(context.new_page(), hour)
    page = one.open(tab=1)
    page.locator("#video input[type=file]").set_input_files(str(jumping_video(tmp_path / "hour.mp4", 1.0)))
    page.locator("#video .file .name", has_text="hour.mp4").wait_for()
    busy = busy_seconds(context.new_cdp_session(page))
    before = busy()
    page.click("#count")
    page.wait_for_selector("#chart .js-plotly-plot[data-seeks] .scatterlayer .trace", timeout=90_000)
    shown = busy() - before
    assert page.locator("#chart .legend .traces:visible").count() == 3
    page.locator("#chart").scroll_into_view_if_needed()
    box = page.locator("#chart .nsewdrag").first.bounding_box()
    before = busy()
    for share in (0.2, 0.45, 0.7):
        page.mouse.move(box["x"] + box["width"] * share, box["y"] + 40)
        page.wait_for_function("document.querySelector('#chart .hoverlayer').textContent.includes('/ min')")
    hovered = (busy() - before) / 3
    page.mouse.move(box["x"] + 0.3 * box["width"], box["y"] + 40)
    page.mouse.down()
    page.mouse.move(box["x"] + 0.4 * box["width"], box["y"] + 40, steps=4)
    page.mouse.up()
    page.wait_for_timeout(300)
    span = page.evaluate("(() => { const r = document.querySelector('#chart .js-plotly-plot').layout.xaxis.range;"
                         "return r.map((x) => Date.parse(String(x).replace(' ', 'T') + 'Z')); })()")  # fmt: skip
    one.picture("jump-hour")
    record_property("seconds", {"show": round(shown, 2), "hover": round(hovered, 3)})
    assert 200e3 < span[1] - span[0] < 600e3
    assert shown < 6, "seconds of the page's processor time, most of it for Plotly's script"
    assert hovered < 0.5
    assert one.errors == []
    context.close()
