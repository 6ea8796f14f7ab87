"""The jump-rope tab: choose a video, count, watch the result, count again with other settings."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any

import gradio as gr
from PIL import Image as Pillow

from counting.pipeline import render
from counting.settings import CountSettings
from webui import charts, inputs, jump_page, views
from webui.errors import existing, guard, language
from webui.jobs import CancelledError, Progress, StopOnClose
from webui.live_jump import LiveJump, dialog
from webui.names import overlay_words
from webui.service import Files
from webui.share import share_picture
from webui.studio import KEEP_PRIVATE, Studio
from webui.texts import say
from webui.uploads import Upload, result_name
from webui.videos import CountJob, VideoSession, Work, recount

SAMPLE = Path(__file__).parents[1] / "assets" / "jump_sample.mp4"


class JumpTab:
    """Builds the tab inside the current ``gr.Blocks`` and holds its handlers."""

    def __init__(self, studio: Studio) -> None:
        self._studio = studio
        self._stops: dict[str, threading.Event] = {}
        self.live_mode = LiveJump(studio)
        self.session = gr.State(None, time_to_live=3600)
        with gr.Row(equal_height=False, elem_id="jump"):
            with gr.Column(scale=3, min_width=300):
                self._source()
            with gr.Column(scale=5, min_width=300):
                self._result()
        self._api()
        self._wire()

    def _source(self) -> None:
        text = self._studio.text
        self.video = jump_page.picker()
        self.live = dialog(self._studio.limits.live_seconds)
        gr.HTML(text("video.limits"), elem_classes="note", padding=False)
        self.count = gr.Button(text("count"), variant="primary", elem_id="count")
        self.cancel = gr.Button(text("cancel"), variant="stop", elem_id="cancel", visible=False)
        self.status = gr.HTML(text("jump.empty"), elem_classes="note", elem_id="status", padding=False)
        self.panel = jump_page.panel()
        self.visit = jump_page.visit()

    def _result(self) -> None:
        text = self._studio.text
        self.help = jump_page.help_html()
        self.total = gr.HTML("", elem_id="total", padding=False)
        self.result = gr.Video(label=text("result"), interactive=False, visible=False, elem_id="result", buttons=[])
        self.stale = gr.HTML("", elem_id="stale", padding=False, visible=False)
        self.render = gr.Button(text("render"), elem_id="render", visible=False)
        with gr.Row(elem_id="files"):
            self.files = [
                gr.DownloadButton(text(f"save.{kind}"), elem_id=f"save-{kind}", size="sm", min_width=80, visible=False)
                for kind in ("video", "csv", "json")
            ]
            self.share = gr.Button(text("share"), elem_id="share", size="sm", min_width=80, visible=False)
        self.chart = gr.Plot(visible=False, elem_id="chart", show_label=False, container=True)
        self.chart_note = jump_page.chart_note()
        self.table = gr.HTML("", padding=False, elem_id="table")

    def _wire(self) -> None:
        raw: dict[str, Any] = {"preprocess": False, "show_progress": "hidden"} | KEEP_PRIVATE
        video_work = self._studio.workers.video() | raw
        quick = self._studio.workers.quick() | raw
        asked = [self.video, self.panel]
        numbers = [self.total, self.chart, self.chart_note, self.table, self.share, self.visit, *self.files[1:]]
        numbers += [self.stale, self.render, self.session]
        everything = [self.status, self.result, self.count, self.cancel, self.files[0], self.help, *numbers]
        self.video.upload(self.chosen, self.video, everything, **quick)
        sample = self.video.select(self.sample_video, None, self.video, **quick)
        sample.success(self.run, asked, everything, trigger_mode="once", **video_work)
        self.count.click(self.run, asked, everything, trigger_mode="once", **video_work)
        self.cancel.click(self.stop, None, None, **quick)
        kept = [self.session, self.panel]
        self.panel.input(self.again, kept, numbers, trigger_mode="always_last", **quick)
        self.live.submit(self.live_end, self.live, [*everything, self.live], **quick)
        self.share.click(self.picture, self.session, self.visit, **quick)
        redrawn = [self.result, self.files[0], self.stale, self.render]
        shown: dict[str, Any] = video_work | {"show_progress": "full"}
        self.render.click(self.draw, self.session, redrawn, **shown)

    def _api(self) -> None:
        """The named endpoint ``/count``: video and settings -> annotated video and report."""
        trigger = gr.Button(visible=False)
        video = gr.File(visible=False, label="video")
        self.controls = inputs.api_controls("jump", CountSettings, self._studio.text)
        result, report = gr.File(visible=False, label="video"), gr.JSON(visible=False, label="report")
        trigger.click(
            self.count_file, [video], [result, report], inputs_kwargs=self.controls, api_name="count",
            preprocess=False,
            api_description="Count the jumps of a video. Returns the annotated video (H.264) and the report as JSON: "
            "count, style, apex_times, per_minute, seconds, people. Progress comes as JSON before.",
            **self._studio.workers.video(),
        )  # fmt: skip

    def sample_video(self) -> list[dict[str, Any]]:
        """A copy of the sample video, which is part of the project."""
        if not SAMPLE.is_file():
            raise gr.Error("The sample video is missing in this installation.", print_exception=False)
        target = self._studio.folder.new("jump_sample.mp4")
        target.write_bytes(SAMPLE.read_bytes())
        return [self._studio.entry(target)]

    def chosen(self, request: gr.Request, payload: Any) -> dict[Any, Any]:
        """Clear the results when another video is chosen."""
        words = language(request)
        status = "" if self._studio.uploads(payload) else views.note(say(words, "jump.empty"))
        hidden = (self.result, self.stale, self.render, self.share, self.chart, self.chart_note, *self.files)
        gone = {part: gr.update(visible=False) for part in hidden}
        empty = dict.fromkeys((self.total, self.table), "")
        return {self.status: status, self.session: None, self.help: gr.update(visible=True)} | gone | empty

    def run(self, request: gr.Request, payload: Any, data: Any) -> Iterator[dict[Any, Any]]:
        """Analyse, count and draw, yielding the progress; stops when the visitor cancels or leaves."""
        words, visitor = language(request), str(request.session_hash)
        files = self._studio.uploads(payload)
        existing(str(files[0].path) if files else None, "error.first.video", words)
        stop = self._stops[visitor] = threading.Event()
        try:
            with guard("video.count", "video", words, self._studio.limits):
                settings = self._settings(data)
                yield self._working(words, Progress(), 0)
                job = self._job(files[0], settings, words, stop)
                for progress, count in StopOnClose(job):
                    yield self._working(words, progress, count)
                assert job.result is not None
                yield self._done(words, job.result, job.target)
        except CancelledError:
            yield self._idle(words, "status.cancelled")
        except gr.Error:
            yield self._idle(words)
            raise
        finally:
            self._stops.pop(visitor, None)

    def stop(self, request: gr.Request) -> None:
        """Cancel the visitor's count; only ``run`` updates the page, since two writers would race."""
        if (running := self._stops.get(str(request.session_hash))) is not None:
            running.set()

    def live_end(self, request: gr.Request, asked: Any) -> dict[Any, Any]:
        """Show the report of a live count after the camera was switched off."""
        asked, words = asked if isinstance(asked, Mapping) else {}, language(request)
        session = self.live_mode.end(str(asked.get("key")))
        if not asked.get("report") or session is None:
            return {self.live: None}
        hidden = {part: gr.update(visible=False) for part in (self.result, self.files[0], self.help)}
        numbers = self._numbers(words, session, stale=False, fresh=True)
        return hidden | {self.status: ""} | numbers | {self.chart_note: gr.update(visible=False)}

    def _job(
        self, source: Upload, settings: CountSettings, words: str, stop: threading.Event | None = None
    ) -> CountJob:
        models = self._studio.models
        work = Work(models.find_people, models.estimate_pose, settings, self._studio.limits, words)
        target = self._studio.folder.new(result_name(source.name, "jumps", ".mp4"))
        return models.job(Files([source.path], target.parent, slow=True), CountJob(source, target, work, stop))

    def _working(self, words: str, progress: Progress, count: int) -> dict[Any, Any]:
        return {
            self.status: views.progress_view(words, progress, count),
            self.count: gr.update(visible=False),
            self.cancel: gr.update(visible=True),
        }

    def _idle(self, words: str, status: str = "jump.empty") -> dict[Any, Any]:
        return {
            self.status: views.note(say(words, status)),
            self.count: gr.update(visible=True),
            self.cancel: gr.update(visible=False),
        }

    def _done(self, words: str, session: VideoSession, video: Path) -> dict[Any, Any]:
        drawn = str(video) if session.tracks else None
        idle = self._idle(words) | {self.status: "", self.help: gr.update(visible=not session.tracks)}
        return idle | self._shown(drawn) | self._numbers(words, session, stale=False, fresh=True)

    def _shown(self, video: str | None) -> dict[Any, Any]:
        """Updates of the video player and of the download button, one object each, since Gradio mutates them."""
        return {part: gr.update(value=video, visible=video is not None) for part in (self.result, self.files[0])}

    def _numbers(self, words: str, session: VideoSession, *, stale: bool, fresh: bool) -> dict[Any, Any]:
        csv, data = self._report_files(session)
        chart = charts.chart(words, session.report)
        return {
            self.session: session,
            self.total: views.total_view(words, session.report),
            self.chart: gr.update(value=chart, visible=chart is not None),
            self.chart_note: gr.update(visible=chart is not None),
            self.table: views.table_view(words, session.report),
            self.share: gr.update(visible=chart is not None),
            self.visit: jump_page.summary(session, fresh=fresh, sample=session.name == SAMPLE.name),
            self.files[1]: gr.update(value=csv, visible=True),
            self.files[2]: gr.update(value=data, visible=True),
            self.stale: gr.update(value=views.note(say(words, "stale")), visible=stale),
            self.render: gr.update(visible=stale),
        }

    def _report_files(self, session: VideoSession) -> tuple[str, str]:
        table, data = (self._studio.folder.new(result_name(session.name, "jumps", s)) for s in (".csv", ".json"))
        table.write_text(session.report.to_csv(), encoding="utf-8")
        data.write_text(json.dumps(session.report.to_dict(), ensure_ascii=False, indent=1), encoding="utf-8")
        return str(table), str(data)

    def again(self, request: gr.Request, session: VideoSession | None, data: Any) -> dict[Any, Any]:
        """Recount from the stored tracks."""
        words = language(request)
        with guard("video.recount", "video", words, self._studio.limits):
            settings = self._settings(data)
            if session is None:
                return {self.session: gr.skip()}
            return self._numbers(words, recount(session, settings), stale=session.path.is_file(), fresh=False)

    def picture(self, request: gr.Request, session: VideoSession | None) -> Any:
        """The picture to share."""
        words = language(request)
        if session is None or session.report.skipper is None:
            raise gr.Error(say(words, "error.lost"), title=say(words, "error"), print_exception=False)
        target = self._studio.folder.new(result_name(session.name, "jumps", ".png"))
        Pillow.fromarray(share_picture(words, session.report.skipper)).save(target)
        return {"saved": self._studio.named(target)}

    def draw(self, request: gr.Request, session: VideoSession | None) -> dict[Any, Any]:
        """Draw the result video again with the new count."""
        words = language(request)
        with guard("video.draw", "video", words, self._studio.limits):
            path = existing(str(session.path) if session else None, "error.first.video", words)
            assert session is not None
            target = self._studio.folder.new(result_name(session.name, "jumps", ".mp4"))
            draw = partial(render, rotations=session.counted.rotations, words=overlay_words(words))
            files = Files([path], target.parent, slow=True)
            self._studio.models.call(files, draw, path, target, session.tracks, session.report)
            hidden = {part: gr.update(visible=False) for part in (self.stale, self.render)}
            return self._shown(str(target)) | hidden

    def count_file(self, request: gr.Request, video: Any, **values: Any) -> Iterator[tuple[str | None, dict[str, Any]]]:
        """Handler of the endpoint: yields the progress, at the end the report."""
        words = language(request)
        with guard("api.count", "video", words, self._studio.limits):
            files = self._studio.uploads(video)
            existing(str(files[0].path) if files else None, "error.first.video", words)
            job = self._job(files[0], inputs.settings_of(CountSettings, values), words)
            for progress, count in StopOnClose(job):
                yield None, {"progress": progress.share, "stage": progress.stage, "count": count}
            assert job.result is not None
            yield str(job.target) if job.result.tracks else None, job.result.report.to_dict()

    def _settings(self, data: Any) -> CountSettings:
        return inputs.settings_of(CountSettings, data.get("settings") if isinstance(data, Mapping) else None)
