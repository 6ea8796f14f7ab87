"""The live mode of the jump tab: a dialog with the camera, and the handlers of what it sends."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import nullcontext
from dataclasses import replace
from typing import Any

import gradio as gr

from counting.pipeline import CountedVideo, count_people
from counting.report import SessionReport
from counting.settings import CountSettings
from vision.turning import Turns
from vision.types import Frame, PoseTrack
from webui import inputs
from webui.errors import language, sentence
from webui.live_room import FullError, LiveRoom, LiveSession, OverError, follow, frames_of, joints_of
from webui.panel import button, named, part, text
from webui.service import LOG, Files, logged
from webui.studio import Studio
from webui.texts import say
from webui.videos import VideoSession

TARGETS = ("none", "50", "100", "200", "500", "60 s", "120 s", "180 s")
VOICES = ("number", "beep", "off")


def dialog(seconds: float) -> gr.HTML:
    """The dialog: the camera's picture with the skeleton, large digits, start and stop, target and voice."""
    facts = "".join(f'<div><b class="{name}">0</b>{text(f"live.{name}")}</div>' for name in ("streak", "rate", "clock"))
    html = (
        f'<div class="live-start" data-seconds="{seconds:g}">'
        + button("live.open", "open", "◎", "", 'id="live-open"')
        + f'<p class="problem" role="alert" hidden></p><dialog class="live" {named("live")}>'
        '<div class="view"><video muted playsinline autoplay></video><canvas class="bones"></canvas>'
        '<p class="digits" role="status" aria-live="off">0</p>'
        f'<div class="facts">{facts}</div><p class="care" role="status" hidden></p></div>'
        f'<div class="bar">{button("live.start", "start", "", "primary")}{button("live.stop", "stop", "", "primary")}'
        + _choice("target", TARGETS)
        + _choice("voice", VOICES)
        + f'<label class="tick"><input type="checkbox" name="record">{text("live.record")}</label>'
        + f"{button('close', 'close')}</div>{text('live.note', 'p', 'class=note')}</dialog></div>"
    )
    return part("live", html, ("input", "submit"), elem_id="live")


def _choice(name: str, values: tuple[str, ...]) -> str:
    options = "".join(f'<option value="{value}"></option>' for value in values)
    return f'<label>{text(f"live.{name}")}<select name="{name}">{options}</select></label>'


class LiveJump:
    """Handlers of the dialog; the count of one visitor is in ``room`` as long as the camera is on."""

    def __init__(self, studio: Studio) -> None:
        self._studio = studio
        self.room = LiveRoom(studio.limits.live_visitors, studio.limits.live_seconds)

    def frames(self, request: gr.Request, message: Any) -> dict[str, Any]:
        """The next frames of a camera: ``frames``; ``first``: the camera was opened; ``begin``: the count starts.

        The answer has the number ``answer`` of the message, and the count and joints, or ``over`` with a sentence.
        """
        message = message if isinstance(message, Mapping) else {}
        words, key = language(request), str(request.session_hash)
        number = {"answer": message.get("seq")}
        try:
            return number | self._looked(key, message)
        except (FullError, OverError) as error:
            LOG.info("live.refused", extra={"facts": {"why": type(error).__name__}})
            full = isinstance(error, FullError)
            return number | {
                "over": "full" if full else "lost",
                "said": say(words, "live.full" if full else "live.lost"),
            }
        except Exception as error:
            self.room.leave(key)
            said = sentence(error, "video", words, self._studio.limits)
            if said is None:
                LOG.exception("unexpected")
            return number | {"over": "error", "said": said or say(words, "error.unknown")}

    def _looked(self, key: str, message: Mapping[str, Any]) -> dict[str, Any]:
        settings = replace(inputs.settings_of(CountSettings, message.get("settings")), speed=1.0)
        with logged("live.open") if message.get("first") else nullcontext():
            session = self.room.enter(key, settings) if message.get("first") else self.room.session(key)
        with session.working:
            frames = session.later(frames_of(message.get("frames")))
            if message.get("begin"):
                session.begin(settings, frames[0].time if frames else session.last)
            return self._counted(session, frames) if frames else _told(session, {})

    def _counted(self, session: LiveSession, frames: list[Frame]) -> dict[str, Any]:
        models = self._studio.models
        files = Files([], slow=True)
        follower, rows = models.call(files, follow, session.follower, frames, models.find_people, models.estimate_pose)
        session.took(follower, rows)
        return _told(session, {"joints": joints_of(rows, frames[-1], session.settings.min_score)}) | {
            "time": frames[-1].time,
            "full": session.seconds >= self.room.seconds,
        }

    def end(self, request: gr.Request) -> tuple[str, VideoSession | None]:
        """The camera is off: the report of what was counted, None where nobody was; and the language."""
        words, session = language(request), self.room.leave(str(request.session_hash))
        if session is None:
            return words, None
        with session.working, logged("live.count", seconds_counted=round(session.seconds)):
            track = session.track()
            report = count_people([track], session.settings) if track is not None else None
        return words, None if track is None or report is None else self._as_video(track, report)

    def _as_video(self, track: PoseTrack, report: SessionReport) -> VideoSession:
        """The session as the tab keeps a counted video; there is no file at its path."""
        path = self._studio.folder.new("live.mp4")
        return VideoSession(path, path.name, CountedVideo((track,), report, Turns(), (), float(track.times[-1])))


def _told(session: LiveSession, more: dict[str, Any]) -> dict[str, Any]:
    state = session.counter.state
    facts = {"person": state.person, "feet": state.feet, "seconds": round(session.seconds, 2)}
    counted = {"count": state.count, "streak": state.streak, "rate": round(state.per_minute)}
    return facts | (counted if session.begun is not None else {"count": 0, "streak": 0, "rate": 0}) | more
