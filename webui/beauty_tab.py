"""The beauty tab: choose a photo, move sliders, compare, save at full size."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import gradio as gr

from beauty.settings import PRESETS, BeautySettings
from vision.options import options_of
from vision.types import Faces
from webui import inputs, photos, views
from webui.errors import existing, guard, language
from webui.photos import PhotoSession
from webui.studio import KEEP_PRIVATE, Studio
from webui.texts import say

OVERLAYS = ("points", "boxes", "pose")
NOT_SHOWN_BY_BROWSERS = ("HEIF", "TIFF")
FIELDS = options_of(BeautySettings)
START = BeautySettings()


class BeautyTab:
    """Builds the tab inside the current ``gr.Blocks`` and holds its handlers."""

    def __init__(self, studio: Studio) -> None:
        self._studio = studio
        self.session = gr.State(None, time_to_live=3600)
        with gr.Row(equal_height=False):
            with gr.Column(scale=5, min_width=320):
                self._picture()
            with gr.Column(scale=3, min_width=300):
                self._controls()
        self._api()
        self._wire()

    def _picture(self) -> None:
        text = self._studio.text
        field = gr.Image(
            sources=["upload", "webcam", "clipboard"], type="filepath", format="png", label=text("photo"),
            alt_text=text("photo.alt"), height=220, elem_id="photo", buttons=["fullscreen"],
        )  # fmt: skip
        self.photo = inputs.untouched(field)
        gr.HTML(text("photo.limits"), elem_classes="note", padding=False)
        self.sample = gr.Button(text("photo.sample"), size="sm", elem_id="photo-sample")
        self.compare = gr.ImageSlider(
            label=text("compare"), format="png", interactive=False, max_height=620, elem_id="compare",
            buttons=["fullscreen"], visible=False,
        )  # fmt: skip
        self.faces = gr.HTML(text("faces.empty"), elem_classes="note", elem_id="faces", padding=False)

    def _controls(self) -> None:
        text = self._studio.text
        self.preset = gr.Dropdown(
            [(text(f"choice.{name}"), name) for name in ("custom", *PRESETS)], value=self._preset_of(START),
            label=text("preset"), elem_id="preset",
        )  # fmt: skip
        self.controls: dict[str, Any] = {}
        for name in (n for n, facts in FIELDS.items() if not facts.advanced):
            self._control(name)
        with gr.Accordion(text("advanced"), open=False):
            for name in (n for n, facts in FIELDS.items() if facts.advanced):
                self._control(name)
        self.show = gr.CheckboxGroup(
            [(text(f"show.{name}"), name) for name in OVERLAYS], label=text("show"), elem_id="overlays"
        )
        self.face = gr.Dropdown([(text("face.all"), -1)], value=-1, label=text("face"), elem_id="face", visible=False)
        with gr.Row():
            self.reset = gr.Button(text("reset"), elem_id="reset", min_width=100)
            self.save = gr.Button(text("save.photo"), variant="primary", elem_id="save-photo", interactive=False)
        self.download = gr.DownloadButton("download", elem_id="photo-download", visible="hidden")

    def _control(self, name: str) -> None:
        facts, text = FIELDS[name], self._studio.text
        if facts.choices is None:
            self.controls[name] = inputs.control(facts, getattr(START, name), text(f"beauty.{name}"), f"beauty-{name}")
        else:
            choices = [(text(f"choice.{c}"), c) for c in facts.choices]
            self.controls[name] = gr.Dropdown(
                choices, value=getattr(START, name), label=text(f"beauty.{name}"), elem_id=f"beauty-{name}"
            )

    def _wire(self) -> None:
        photo_work = self._studio.workers.photo() | KEEP_PRIVATE
        quick = self._studio.workers.quick() | KEEP_PRIVATE
        values = list(self.controls.values())
        view = [self.session, self.face, self.show, *values]
        opened = [self.session, self.compare, self.faces, self.face, self.save, self.photo]
        moves: dict[str, Any] = {"show_progress": "hidden", "trigger_mode": "always_last"} | photo_work
        self.sample.click(self.sample_photo, None, self.photo, **quick)
        begin = [self.photo, self.show, *values]
        opening = self.photo.change(self.open, begin, opened, show_progress_on=self.photo, **photo_work)
        opening.failure(self.close, None, opened, **quick)
        gr.on([c.input for c in values], self.move, view, [self.compare, self.preset], **moves)
        gr.on([self.show.input, self.face.input], self.move, view, [self.compare, self.preset], **moves)
        used = self.preset.input(self.use_preset, self.preset, [self.preset, *values], **quick)
        reset = self.reset.click(self.use_preset, None, [self.preset, *values], **quick)
        for chosen in (used, reset):
            chosen.then(self.move, view, [self.compare, self.preset], **moves)
        saved = self.save.click(self.save_photo, view, self.download, show_progress_on=self.save, **photo_work)
        saved.success(None, js="() => document.querySelector('#photo-download')?.click()", **KEEP_PRIVATE)

    def _api(self) -> None:
        """The named endpoint ``/beautify``: photo and settings in, photo and what was found out."""
        trigger = gr.Button(visible=False)
        face = gr.Number(-1, precision=0, label="face", visible=False)
        result, found = gr.File(visible=False, label="result"), gr.JSON(visible=False, label="faces")
        trigger.click(
            self.beautify, [self.photo, face], [result, found], inputs_kwargs=self.controls, api_name="beautify",
            api_description="Retouch a photo. Returns the photo at full size in its own format and, as JSON, size, "
            "boxes, scores, keypoints (106 points a face) and pose (pitch, yaw, roll in degrees). face = -1 means all.",
            **self._studio.workers.photo(),
        )  # fmt: skip

    def sample_photo(self) -> str:
        """A copy of the portrait that comes with matplotlib (Grace Hopper, public domain)."""
        from matplotlib import cbook

        target = self._studio.folder.new("grace_hopper.jpg")
        shutil.copyfile(str(cbook.get_sample_data("grace_hopper.jpg", asfileobj=False)), target)
        return str(target)

    def open(self, request: gr.Request, path: str | None, show: list[str], *values: Any) -> dict[Any, Any]:
        """Find the faces of a new photo and show it; an emptied field empties the tab."""
        words, studio = language(request), self._studio
        if path and Path(path).name == "shown.png":
            return {self.session: gr.skip()}
        if not path:
            return self._closed(words)
        with guard("photo.open", "photo", words, studio.limits):
            source = existing(path, "error.first.photo", words)
            session = photos.open_photo(source, studio.models.find_faces, studio.max_pixels)
            pictures = photos.preview(session, None, self._settings(values), show or ())
            return self._opened(session, pictures, words)

    def close(self, request: gr.Request) -> dict[Any, Any]:
        """What the tab shows after a photo that could not be used: nothing of the one before."""
        return self._closed(language(request))

    def _closed(self, words: str) -> dict[Any, Any]:
        return {
            self.session: None,
            self.compare: gr.update(value=None, visible=False),
            self.faces: views.faces_view(words, None),
            self.face: gr.update(visible=False),
            self.save: gr.update(interactive=False),
        }

    def _opened(self, session: PhotoSession, pictures: tuple[bytes, bytes], words: str) -> dict[Any, Any]:
        count = len(session.faces)
        choices = [(say(words, "face.all"), -1)] + [(say(words, "face.one", number=i + 1), i) for i in range(count)]
        shown = {
            self.session: session,
            self.compare: gr.update(value=self._files(session, pictures), visible=True),
            self.faces: views.faces_view(words, session.faces),
            self.face: gr.update(choices=choices, value=-1, visible=count > 1),
            self.save: gr.update(interactive=True),
        }
        if session.format in NOT_SHOWN_BY_BROWSERS:
            shown[self.photo] = str(self._written("shown.png", photos.screen_png(session)))
        return shown

    def move(
        self, request: gr.Request, session: PhotoSession | None, face: int, show: list[str], *values: Any
    ) -> tuple[Any, str]:
        """The picture for the controls' new values, and the preset that they amount to."""
        words = language(request)
        with guard("photo.move", "photo", words, self._studio.limits):
            settings = self._settings(values)
            if session is None:
                return gr.skip(), self._preset_of(settings)
            pictures = photos.preview(session, face, settings, show or ())
            return self._files(session, pictures), self._preset_of(settings)

    def use_preset(self, name: str | None = None) -> list[Any]:
        """The preset and its values for all controls; without a name those of the start."""
        if name == "custom":
            return [gr.skip()] * (1 + len(self.controls))
        settings = PRESETS.get(name or "", START)
        return [self._preset_of(settings)] + [getattr(settings, n) for n in self.controls]

    def save_photo(
        self, request: gr.Request, session: PhotoSession | None, face: int, _show: list[str], *values: Any
    ) -> str:
        """The retouched photo at full size as a file."""
        words = language(request)
        with guard("photo.save", "photo", words, self._studio.limits):
            path = existing(str(session.path) if session else None, "error.first.photo", words)
            assert session is not None
            return self._saved(path, photos.chosen(session.faces, face), self._settings(values))

    def beautify(self, request: gr.Request, photo: str, face: float, **values: Any) -> tuple[str, dict[str, object]]:
        """The endpoint's work: nothing of the visitor is kept but the result file."""
        words, studio = language(request), self._studio
        with guard("api.beautify", "photo", words, studio.limits):
            path = existing(photo, "error.first.photo", words)
            session = photos.open_photo(path, studio.models.find_faces, studio.max_pixels)
            faces = photos.chosen(session.faces, int(face))
            settings = self._settings([values[n] for n in self.controls])
            return self._saved(path, faces, settings), photos.faces_to_dict(session.faces, session.size_wh)

    def _saved(self, path: Path, faces: Faces, settings: BeautySettings) -> str:
        photo = photos.full_size(path, faces, settings, self._studio.max_pixels)
        return str(photos.save(photo, self._studio.folder.new("beauty")))

    def _settings(self, values: Sequence[Any]) -> BeautySettings:
        return inputs.make_settings(BeautySettings, list(self.controls), values)

    def _preset_of(self, settings: BeautySettings) -> str:
        return next((name for name, preset in PRESETS.items() if preset == settings), "custom")

    def _files(self, session: PhotoSession, pictures: tuple[bytes, bytes]) -> tuple[str, str]:
        before, after = (
            self._written(name, data) for name, data in zip(("before.png", "after.png"), pictures, strict=True)
        )
        session.keep_latest(before, after)
        return str(before), str(after)

    def _written(self, name: str, data: bytes) -> Path:
        target = self._studio.folder.new(name)
        target.write_bytes(data)
        return target
