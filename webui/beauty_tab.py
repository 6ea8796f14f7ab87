"""The beauty tab: choose photos or a video, move sliders, compare, save at full size."""

from __future__ import annotations

import shutil
import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import gradio as gr

from beauty.settings import PRESETS, BeautySettings
from vision.options import options_of
from vision.types import Faces, MediaError
from webui import beauty_page, inputs, live_beauty, photos
from webui.errors import existing, guard, language, sentence
from webui.jobs import CancelledError, Job, StopOnClose
from webui.names import translated
from webui.photos import PhotoSession
from webui.retouching import BatchJob, FilmJob, Retouch
from webui.service import Files
from webui.studio import KEEP_PRIVATE, Studio
from webui.texts import say
from webui.uploads import Upload, result_name
from webui.videos import check_video

OVERLAYS = ("points", "boxes", "pose")
FIELDS = options_of(BeautySettings)
START = BeautySettings()
SMALL_SCREEN, SMALL_BYTES, LARGE_BYTES = 800, 42_000, 160_000
"""Largest size in pixels of a small screen, and bytes of a preview on small and on other screens."""


@dataclass(frozen=True, eq=False)
class Opened:
    """A visitor's chosen files, and the shown one."""

    files: tuple[Upload, ...]
    number: int
    session: PhotoSession


@dataclass(frozen=True)
class View:
    """State of the panel: settings, the chosen face (None: all), overlays, screen size in pixels."""

    settings: BeautySettings
    face: int | None = None
    show: tuple[str, ...] = ()
    screen: int = photos.SCREEN
    seq: int = 0

    @classmethod
    def of(cls, data: Any) -> View:
        """From the page's data, with defaults for missing values; raises ``ValueError``."""
        data = data if isinstance(data, Mapping) else {}
        settings = inputs.settings_of(BeautySettings, data.get("settings"))
        face, seq = (int(v) if isinstance(v := data.get(k), (int, float)) else -1 for k in ("face", "seq"))
        show = data.get("show") or ()
        screen = data.get("screen")
        longest = min(photos.SCREEN, max(320, int(screen))) if isinstance(screen, (int, float)) else photos.SCREEN
        return cls(settings, face if face >= 0 else None, tuple(s for s in OVERLAYS if s in show), longest, seq)

    def picture(self, image: Any) -> str:
        """A picture encoded for this screen."""
        return photos.data_address(image, self.screen, SMALL_BYTES if self.screen <= SMALL_SCREEN else LARGE_BYTES)


class BeautyTab:
    """Builds the tab inside the current ``gr.Blocks`` and holds its handlers."""

    def __init__(self, studio: Studio) -> None:
        self._studio = studio
        self._stops: dict[str, threading.Event] = {}
        self.live_mode = live_beauty.LiveBeauty(studio)
        self.session = gr.State(None, time_to_live=3600)
        with gr.Row(equal_height=False, elem_id="beauty"):
            with gr.Column(scale=5, min_width=300, elem_classes="pictures-column"):
                self.photo = beauty_page.picker()
                self.limits = gr.HTML(studio.text("photo.limits"), elem_classes="note", padding=False)
                live_beauty.preview(studio.limits.live_seconds)
                self.stage = beauty_page.stage()
            with gr.Column(scale=3, min_width=300, elem_classes="settings-column"):
                self.panel = beauty_page.panel(OVERLAYS)
        self._api()
        self._wire()

    def _wire(self) -> None:
        raw: dict[str, Any] = {"preprocess": False, "show_progress": "hidden"} | KEEP_PRIVATE
        photo_work = self._studio.workers.photo() | raw
        film_work = self._studio.workers.video() | raw
        quick = self._studio.workers.quick() | raw
        opened = [self.session, self.stage]
        first = self.photo.upload(self.open, [self.photo, self.panel], opened, **photo_work)
        sample = self.photo.select(self.sample_photo, None, self.photo, **quick)
        first_sample = sample.success(self.open, [self.photo, self.panel], opened, **photo_work)
        turned = self.stage.select(self.turn, [self.session, self.stage, self.panel], opened, **photo_work)
        for event in (first, first_sample, turned):
            event.success(self.thumbs, self.session, self.stage, **photo_work)
        for event in (first, first_sample):
            event.failure(self.close, None, [*opened, self.photo], **quick)
        view = [self.session, self.panel]
        self.panel.input(self.move, view, self.stage, trigger_mode="always_last", **photo_work)
        self.stage.submit(self.save, view, self.stage, trigger_mode="once", **photo_work)
        self.stage.input(self.save_all, view, self.stage, trigger_mode="once", **film_work)
        self.stage.stop(self.stop, None, None, **quick)

    def _api(self) -> None:
        """The named endpoint ``/beautify``: photo and settings -> photo and detected faces."""
        trigger = gr.Button(visible=False)
        photo = gr.File(visible=False, label="photo")
        face = gr.Number(-1, precision=0, label="face", visible=False)
        self.controls = inputs.api_controls("beauty", BeautySettings, self._studio.text)
        result, found = gr.File(visible=False, label="result"), gr.JSON(visible=False, label="faces")
        trigger.click(
            self.beautify, [photo, face], [result, found], inputs_kwargs=self.controls, api_name="beautify",
            preprocess=False,
            api_description="Retouch a photo. Returns the photo at full size in its own format and, as JSON, size, "
            "boxes, scores, keypoints (106 points a face), pose (pitch, yaw, roll in degrees) and notes on what "
            "reading changed. face = -1 means all.",
            **self._studio.workers.photo(),
        )  # fmt: skip

    def sample_photo(self) -> list[dict[str, Any]]:
        """A copy of the portrait that comes with matplotlib (Grace Hopper, public domain)."""
        from matplotlib import cbook

        target = self._studio.folder.new("grace_hopper.jpg")
        shutil.copyfile(str(cbook.get_sample_data("grace_hopper.jpg", asfileobj=False)), target)
        return [self._studio.entry(target)]

    def open(self, request: gr.Request, payload: Any, data: Any) -> tuple[Opened, dict[str, Any]]:
        """Find the faces of the first chosen photo and show it."""
        return self._open(request, tuple(self._studio.uploads(payload)), 0, data)

    def turn(self, request: gr.Request, opened: Opened | None, wish: Any, data: Any) -> tuple[Any, Any]:
        """Show another one of several chosen photos."""
        number = wish.get("turn") if isinstance(wish, Mapping) else None
        if opened is None or not isinstance(number, int) or not 0 <= number < len(opened.files):
            raise self._gone(language(request))
        return self._open(request, opened.files, number, data)

    def _open(self, request: gr.Request, files: tuple[Upload, ...], number: int, data: Any) -> tuple[Opened, Any]:
        words, studio = language(request), self._studio
        path = existing(str(files[number].path) if files else None, "error.first.photo", words)
        film = photos.is_video(path)
        with guard("photo.open", "video" if film else "photo", words, studio.limits):
            session = self._first(files[number]) if film else self._found(files[number])
            opened, view = Opened(files, number, session), View.of(data)
            before, after = photos.preview(session, None, view.settings, view.show)
            shown = beauty_page.opened_value(words, session, (view.picture(before), view.picture(after)))
            return opened, shown | {"number": number, "count": len(files), "seq": view.seq}

    def close(self) -> tuple[None, None, None]:
        """Clear the tab after a photo that could not be used."""
        return None, None, None

    def thumbs(self, opened: Opened | None) -> Any:
        """The visitor's own face in every preset."""
        return {"thumbs": photos.thumbnails(opened.session, PRESETS)} if opened else gr.skip()

    def move(self, request: gr.Request, opened: Opened | None, data: Any) -> Any:
        """The preview for the controls' new values."""
        words = language(request)
        with guard("photo.move", "photo", words, self._studio.limits):
            view = View.of(data)
            if opened is None:
                return {"seq": view.seq}
            before, after = photos.preview(opened.session, view.face, view.settings, view.show)
            shown = {"after": view.picture(after), "seq": view.seq}
            return shown | ({"before": view.picture(before)} if view.show else {})

    def save(self, request: gr.Request, opened: Opened | None, data: Any) -> dict[str, Any]:
        """The retouched photo at full size."""
        words = language(request)
        with guard("photo.save", "photo", words, self._studio.limits):
            view, source = View.of(data), self._source(opened, words)
            assert opened is not None
            path = self._saved(source, photos.chosen(opened.session.faces, view.face), view.settings)
            return {"done": True, "saved": self._studio.named(path)}

    def save_all(self, request: gr.Request, opened: Opened | None, data: Any) -> Iterator[dict[str, Any]]:
        """Several photos as a ZIP file, or the whole video; yields the progress."""
        words, visitor = language(request), str(request.session_hash)
        stop = self._stops[visitor] = threading.Event()
        try:
            with guard("photo.save", "photo", words, self._studio.limits):
                self._source(opened, words)
                assert opened is not None
                job = self._job(opened, View.of(data).settings, stop)
                for progress, _ in StopOnClose(job):
                    yield beauty_page.progress_value(words, progress)
                yield {"done": True, "saved": self._studio.named(job.target)} | self._said(words, job)
        except CancelledError:
            yield {"done": True, "said": say(words, "status.stopped")}
        finally:
            self._stops.pop(visitor, None)

    def _found(self, source: Upload) -> photos.PhotoSession:
        models, most = self._studio.models, self._studio.max_pixels
        return models.call(Files([source.path]), photos.open_photo, source, models.find_faces, most)

    def _first(self, source: Upload) -> photos.PhotoSession:
        models, notes = self._studio.models, check_video(source.path, self._studio.limits).notes
        return models.call(Files([source.path], slow=True), photos.open_still, source, models.find_faces, notes)

    def _source(self, opened: Opened | None, words: str) -> Upload:
        if opened is None:
            raise self._gone(words)
        existing(str(opened.files[opened.number].path), "error.first.photo", words)
        return opened.files[opened.number]

    def _job(self, opened: Opened, settings: BeautySettings, stop: threading.Event) -> Job:
        retouch = Retouch(self._studio.models.find_faces, settings, self._studio.limits)
        source = opened.files[opened.number]
        folder, film = self._studio.folder, opened.session.is_video
        target = folder.new(result_name(source.name, "beauty", ".mp4" if film else ".zip"))
        job = FilmJob(source.path, target, retouch, stop) if film else BatchJob(opened.files, target, retouch, stop)
        reads = [source.path] if film else [file.path for file in opened.files]
        return self._studio.models.job(Files(reads, target.parent, slow=True), job)

    def _said(self, words: str, job: Job) -> dict[str, Any]:
        """Messages on photos that could not be used, or on a video's audio."""
        if notes := getattr(job, "notes", ()):
            return {"said": " ".join(translated(words, note) for note in notes)}
        failed: list[tuple[str, MediaError]] = getattr(job, "failed", [])
        if not failed:
            return {}
        reasons = [f"{name}: {sentence(error, 'photo', words, self._studio.limits)}" for name, error in failed]
        return {"said": say(words, "batch.failed", count=len(reasons)) + " " + " ".join(reasons)}

    def stop(self, request: gr.Request) -> None:
        """Cancel the visitor's saving; only ``save`` updates the page, since two writers would race."""
        if (running := self._stops.get(str(request.session_hash))) is not None:
            running.set()

    def beautify(self, request: gr.Request, photo: Any, face: float, **values: Any) -> tuple[str, dict[str, object]]:
        """Handler of the endpoint; only the result file is kept."""
        words, studio = language(request), self._studio
        with guard("api.beautify", "photo", words, studio.limits):
            uploads = studio.uploads(photo)
            existing(str(uploads[0].path) if uploads else None, "error.first.photo", words)
            session = self._found(uploads[0])
            faces = photos.chosen(session.faces, int(face) if isinstance(face, (int, float)) else -1)
            path = self._saved(uploads[0], faces, inputs.settings_of(BeautySettings, values))
            return str(path), photos.faces_to_dict(session.faces, session.size_wh) | {"notes": list(session.notes)}

    def _saved(self, source: Upload, faces: Faces, settings: BeautySettings) -> Path:
        studio, folder = self._studio, self._studio.folder.new("photo").parent
        files = Files([source.path], folder)
        return studio.models.call(files, photos.retouch_file, source, faces, settings, studio.max_pixels, folder)

    def _gone(self, words: str) -> gr.Error:
        return gr.Error(say(words, "error.lost"), title=say(words, "error"), print_exception=False)
