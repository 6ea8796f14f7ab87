"""The live mode of the beauty tab: a preview of the camera with the tab's settings, and its shutter."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import gradio as gr
import numpy as np
from PIL import Image as Pillow

from beauty.live import LiveRetouch
from beauty.settings import BeautySettings
from vision.types import FollowingFinder, Frame
from webui import inputs
from webui.live_sessions import LiveSession
from webui.panel import button, named, part, text
from webui.service import Files
from webui.studio import Studio

QUALITY = 80
"""JPEG quality of the preview: some 50 kB a frame at 480 lines."""


def preview(seconds: float) -> gr.HTML:
    """The button that opens the preview, and its dialog: camera, retouched picture, shutter, original, close."""
    html = (
        f'<div class="live-start" data-seconds="{seconds:g}">'
        + button("mirror.open", "open", "◎", "", 'id="mirror-open"')
        + f'<p class="problem" role="alert" hidden></p><section class="mirror" {named("mirror")} hidden>'
        '<div class="view"><video muted playsinline autoplay></video><canvas></canvas>'
        '<p class="care" role="status" hidden></p></div><div class="tools">'
        + button("hold", "hold", "◐", "quiet")
        + button("camera.take", "take", "◉", "primary")
        + button("close", "close", "", "quiet")
        + f"</div>{text('mirror.note', 'p', 'class=note')}</section></div>"
    )
    return part("mirror", html, (), elem_id="mirror")


@dataclass(eq=False)
class BeautySession(LiveSession):
    """One visitor's session: the current settings and the tracked faces."""

    settings: BeautySettings = field(default_factory=BeautySettings)
    retouch: LiveRetouch = field(default_factory=LiveRetouch)
    begun: float | None = None


class LiveBeauty:
    """The preview of every visitor."""

    kind = "photo"

    def __init__(self, studio: Studio) -> None:
        self._studio, self.sessions = studio, studio.sessions

    def new(self) -> BeautySession:
        """A session with the default settings."""
        return BeautySession()

    def configure(self, session: BeautySession, request: Mapping[str, Any]) -> None:
        """Change the ``settings``; raises ``ValueError``."""
        if "settings" in request:
            session.settings = inputs.settings_of(BeautySettings, request["settings"])

    def process(self, session: BeautySession, frames: Sequence[Frame]) -> tuple[dict[str, Any], bytes]:
        """The last frame retouched, and the number of faces."""
        frame, models = frames[-1], self._studio.models
        session.begun = frame.time if session.begun is None else session.begun
        session.retouch, picture, count = models.call(
            Files([], slow=True), retouched, session.retouch, frame, session.settings, models.find_faces
        )
        session.last = frame.time
        full = frame.time - session.begun >= self.sessions.seconds
        return {"time": frame.time, "faces": count, "full": full}, picture


def retouched(
    retouch: LiveRetouch, frame: Frame, settings: BeautySettings, find_faces: FollowingFinder
) -> tuple[LiveRetouch, bytes, int]:
    """One step, possibly in another process: returns the updated state, a JPEG file and the number of faces."""
    image, faces = retouch.add(frame, settings, find_faces)
    file = io.BytesIO()
    Pillow.fromarray(np.ascontiguousarray(image)).save(file, "JPEG", quality=QUALITY)
    return retouch, file.getvalue(), len(faces)
