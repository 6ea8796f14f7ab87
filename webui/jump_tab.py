"""The jump-rope tab: choose a video, count, watch the result, count again with other settings."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import gradio as gr

from counting.pipeline import render
from counting.report import SessionReport
from counting.settings import CountSettings
from vision.options import options_of
from webui import inputs, views
from webui.errors import existing, guard, language
from webui.jobs import CancelledError, Progress, StopOnClose
from webui.studio import KEEP_PRIVATE, Studio
from webui.texts import say
from webui.videos import CountJob, VideoSession, Work, recount

SAMPLE = Path(__file__).parents[1] / "assets" / "jump_sample.mp4"
FIELDS = {name: facts for name, facts in options_of(CountSettings).items() if name != "batch"}
START = CountSettings()


class JumpTab:
    """Builds the tab inside the current ``gr.Blocks`` and holds its handlers."""

    def __init__(self, studio: Studio) -> None:
        self._studio = studio
        self._stops: dict[str, threading.Event] = {}
        self.session = gr.State(None, time_to_live=3600)
        with gr.Row(equal_height=False):
            with gr.Column(scale=5, min_width=320):
                self._source()
                self._result()
            with gr.Column(scale=3, min_width=300):
                self._settings_column()
        self._api()
        self._wire()

    def _source(self) -> None:
        text = self._studio.text
        field = gr.Video(
            sources=["upload", "webcam"], label=text("video"), height=300, elem_id="video", include_audio=True
        )
        self.video = inputs.untouched(field)
        gr.HTML(text("video.limits"), elem_classes="note", padding=False)
        with gr.Row():
            self.sample = gr.Button(text("video.sample"), elem_id="video-sample", min_width=100)
            self.count = gr.Button(text("count"), variant="primary", elem_id="count", min_width=100)
            self.cancel = gr.Button(text("cancel"), variant="stop", elem_id="cancel", visible=False, min_width=100)
        self.status = gr.HTML(text("jump.empty"), elem_classes="note", elem_id="status", padding=False)

    def _result(self) -> None:
        text = self._studio.text
        self.total = gr.HTML("", elem_id="total", padding=False)
        self.result = gr.Video(label=text("result"), interactive=False, visible=False, elem_id="result", buttons=[])
        self.stale = gr.HTML("", elem_id="stale", padding=False, visible=False)
        self.render = gr.Button(text("render"), elem_id="render", visible=False)
        with gr.Row():
            self.files = [
                gr.DownloadButton(text(f"save.{kind}"), elem_id=f"save-{kind}", size="sm", min_width=80, visible=False)
                for kind in ("video", "csv", "json")
            ]
        self.charts = gr.HTML("", padding=False)
        self.table = gr.HTML("", padding=False)

    def _settings_column(self) -> None:
        text = self._studio.text
        gr.HTML(text("settings.hint"), elem_classes="note", padding=False)
        self.controls: dict[str, Any] = {}
        for name in (n for n, facts in FIELDS.items() if not facts.advanced):
            self._control(name)
        with gr.Accordion(text("advanced"), open=False):
            for name in (n for n, facts in FIELDS.items() if facts.advanced):
                self._control(name)

    def _control(self, name: str) -> None:
        label = self._studio.text(f"jump.{name}")
        self.controls[name] = inputs.control(FIELDS[name], getattr(START, name), label, f"jump-{name}")

    def _wire(self) -> None:
        video_work = self._studio.workers.video() | KEEP_PRIVATE
        quick = self._studio.workers.quick() | KEEP_PRIVATE
        values = list(self.controls.values())
        numbers = [self.total, self.charts, self.table, *self.files[1:], self.stale, self.render, self.session]
        everything = [self.status, self.result, self.count, self.cancel, self.files[0], *numbers]
        self.sample.click(self.sample_video, None, self.video, **quick)
        self.video.change(self.chosen, self.video, everything, **quick)
        self.count.click(
            self.run, [self.video, *values], everything, show_progress="hidden", trigger_mode="once", **video_work
        )
        self.cancel.click(self.stop, None, None, **quick)
        gr.on(
            [c.input for c in values], self.again, [self.session, *values], numbers,
            show_progress="hidden", trigger_mode="always_last", **quick,
        )  # fmt: skip
        self.render.click(
            self.draw, self.session, [self.result, self.files[0], self.stale, self.render],
            show_progress_on=self.result, **video_work,
        )  # fmt: skip

    def _api(self) -> None:
        """The named endpoint ``/count``: video and settings in, annotated video and report out."""
        trigger = gr.Button(visible=False)
        result, report = gr.File(visible=False, label="video"), gr.JSON(visible=False, label="report")
        trigger.click(
            self.count_file, [self.video], [result, report], inputs_kwargs=self.controls, api_name="count",
            api_description="Count the jumps of a video. Returns the annotated video (H.264) and the report as JSON: "
            "count, style, apex_times, per_minute, seconds, people. Progress comes as JSON before.",
            **self._studio.workers.video(),
        )  # fmt: skip

    def sample_video(self) -> str:
        """The path of a copy of the sample video, which is part of the project."""
        if not SAMPLE.is_file():
            raise gr.Error("The sample video is missing in this installation.", print_exception=False)
        target = self._studio.folder.new("jump_sample.mp4")
        target.write_bytes(SAMPLE.read_bytes())
        return str(target)

    def chosen(self, request: gr.Request, path: str | None) -> dict[Any, Any]:
        """Another video: what was shown of the last one goes."""
        words = language(request)
        status = "" if path else views.note(say(words, "jump.empty"))
        gone = {part: gr.update(visible=False) for part in (self.result, self.stale, self.render, *self.files)}
        empty = dict.fromkeys((self.total, self.charts, self.table), "")
        return {self.status: status, self.session: None} | gone | empty

    def run(self, request: gr.Request, path: str | None, *values: Any) -> Iterator[dict[Any, Any]]:
        """Analyse, count and draw; yields the progress; the work stops when the visitor cancels or leaves."""
        words = language(request)
        source, visitor = existing(path, "error.first.video", words), str(request.session_hash)
        stop = self._stops[visitor] = threading.Event()
        try:
            with guard("video.count", "video", words, self._studio.limits):
                settings = self._settings(values)
                yield self._working(words, Progress(), 0)
                job = self._job(source, settings, stop)
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
        """End the visitor's count very soon; ``run`` alone says so, since two writers would race."""
        if (running := self._stops.get(str(request.session_hash))) is not None:
            running.set()

    def _job(self, source: Path, settings: CountSettings, stop: threading.Event | None = None) -> CountJob:
        models = self._studio.models
        work = Work(models.find_people, models.estimate_pose, settings, self._studio.limits)
        return CountJob(source, self._studio.folder.new("jumps.mp4"), work, stop)

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
        idle = self._idle(words) | {self.status: ""}
        return idle | self._shown(drawn) | self._numbers(words, session, stale=False)

    def _shown(self, video: str | None) -> dict[Any, Any]:
        """The result video in its player and behind its button; an update for each, as Gradio alters them."""
        return {part: gr.update(value=video, visible=video is not None) for part in (self.result, self.files[0])}

    def _numbers(self, words: str, session: VideoSession, *, stale: bool) -> dict[Any, Any]:
        csv, data = self._report_files(session.report)
        return {
            self.session: session,
            self.total: views.total_view(words, session.report),
            self.charts: views.charts_view(words, session.report),
            self.table: views.table_view(words, session.report),
            self.files[1]: gr.update(value=csv, visible=True),
            self.files[2]: gr.update(value=data, visible=True),
            self.stale: gr.update(value=views.note(say(words, "stale")), visible=stale),
            self.render: gr.update(visible=stale),
        }

    def _report_files(self, report: SessionReport) -> tuple[str, str]:
        table, data = self._studio.folder.new("jumps.csv"), self._studio.folder.new("jumps.json")
        table.write_text(report.to_csv(), encoding="utf-8")
        data.write_text(json.dumps(report.to_dict(), ensure_ascii=False, indent=1), encoding="utf-8")
        return str(table), str(data)

    def again(self, request: gr.Request, session: VideoSession | None, *values: Any) -> dict[Any, Any]:
        """Count again from the kept tracks."""
        words = language(request)
        with guard("video.recount", "video", words, self._studio.limits):
            settings = self._settings(values)
            if session is None:
                return {self.session: gr.skip()}
            return self._numbers(words, recount(session, settings), stale=bool(session.tracks))

    def draw(self, request: gr.Request, session: VideoSession | None) -> dict[Any, Any]:
        """Draw the result video again with the new count."""
        words = language(request)
        with guard("video.draw", "video", words, self._studio.limits):
            path = existing(str(session.path) if session else None, "error.first.video", words)
            assert session is not None
            target = self._studio.folder.new("jumps.mp4")
            render(path, target, session.tracks, session.report)
            hidden = {part: gr.update(visible=False) for part in (self.stale, self.render)}
            return self._shown(str(target)) | hidden

    def count_file(self, request: gr.Request, video: str, **values: Any) -> Iterator[tuple[str | None, dict[str, Any]]]:
        """The endpoint's work: progress first, the report last."""
        words = language(request)
        with guard("api.count", "video", words, self._studio.limits):
            job = self._job(
                existing(video, "error.first.video", words), self._settings([values[n] for n in self.controls])
            )
            for progress, count in StopOnClose(job):
                yield None, {"progress": progress.share, "stage": progress.stage, "count": count}
            assert job.result is not None
            yield str(job.target) if job.result.tracks else None, job.result.report.to_dict()

    def _settings(self, values: Sequence[Any]) -> CountSettings:
        return inputs.make_settings(CountSettings, list(self.controls), values)
