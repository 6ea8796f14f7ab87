"""The live mode of the jump tab: a dialog with the camera, tracking of one person, the count and the report."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import gradio as gr
import numpy as np

from counting.following import Follower
from counting.live import LiveCounter, LiveState, appended
from counting.pipeline import CountedVideo, count_people
from counting.report import SessionReport
from counting.settings import CountSettings
from vision.rotation import Rotations
from vision.types import EstimatePose, FindPeople, Frame, PoseTrack
from webui import inputs
from webui.live_sessions import LiveSession
from webui.panel import button, named, part, text
from webui.service import Files, logged
from webui.studio import Studio
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
    return part("live", html, ("submit",), elem_id="live")


def _choice(name: str, values: tuple[str, ...]) -> str:
    options = "".join(f'<option value="{value}"></option>' for value in values)
    return f'<label>{text(f"live.{name}")}<select name="{name}">{options}</select></label>'


@dataclass(eq=False)
class JumpSession(LiveSession):
    """One visitor's session: the tracked person, the live count, and the track since counting began.

    The track has joints and no pictures and is kept until the report.
    """

    settings: CountSettings
    follower: Follower
    counter: LiveCounter
    pieces: list[PoseTrack] = field(default_factory=list)
    begun: float | None = None
    beginning: bool = False

    @classmethod
    def new(cls, settings: CountSettings) -> JumpSession:
        """A session that does not count before ``begin``."""
        return cls(settings, Follower(settings), LiveCounter(settings))

    def begin(self, at: float) -> None:
        """Count jumps from ``at`` seconds on; tracking continues."""
        self.counter, self.pieces = LiveCounter(self.settings), []
        self.begun, self.beginning = at, False

    def add(self, follower: Follower, rows: PoseTrack) -> LiveState:
        """Append the rows of the latest frames; returns the live state."""
        self.follower, self.last = follower, float(rows.times[-1])
        if self.begun is not None:
            self.pieces.append(rows)
        return self.counter.add(rows)

    @property
    def seconds(self) -> float:
        """Seconds since counting began."""
        return max(self.last - self.begun, 0.0) if self.begun is not None else 0.0

    def track(self) -> PoseTrack | None:
        """The track since counting began, with times from 0; None if nobody was seen."""
        if not self.pieces or not any(np.isfinite(piece.boxes).any() for piece in self.pieces):
            return None
        whole = self.pieces[0]
        for piece in self.pieces[1:]:
            whole = appended(whole, piece)
        rows = {name: getattr(whole, name) for name in vars(whole)}
        return PoseTrack(**rows | {"times": whole.times - whole.times[0]})


class LiveJump:
    """The live count of every visitor, and its report."""

    kind = "video"

    def __init__(self, studio: Studio) -> None:
        self._studio, self.sessions = studio, studio.sessions

    def new(self) -> JumpSession:
        """A session that counts nothing yet."""
        return JumpSession.new(CountSettings())

    def configure(self, session: JumpSession, request: Mapping[str, Any]) -> None:
        """``begin``: the count starts with the next frame and the ``settings``, at the camera's own speed."""
        if request.get("begin"):
            session.settings = replace(inputs.settings_of(CountSettings, request.get("settings")), speed=1.0)
            session.beginning = True

    def process(self, session: JumpSession, frames: Sequence[Frame]) -> tuple[dict[str, Any], None]:
        """The count and the joints of the last frame."""
        if session.beginning:
            session.begin(frames[0].time)
        models, files = self._studio.models, Files([], slow=True)
        follower, rows = models.call(files, follow, session.follower, frames, models.find_people, models.estimate_pose)
        session.add(follower, rows)
        joints = joints_of(rows, frames[-1], session.settings.min_score)
        full = session.seconds >= self.sessions.seconds
        return _told(session) | {"time": frames[-1].time, "joints": joints, "full": full}, None

    def end(self, key: str) -> VideoSession | None:
        """End a session; its report, None if nobody was seen."""
        session = self.sessions.leave(key)
        if not isinstance(session, JumpSession):
            return None
        with session.working, logged("live.count", seconds_counted=round(session.seconds)):
            track = session.track()
            report = count_people([track], session.settings) if track is not None else None
        return None if track is None or report is None else self._as_video(track, report)

    def _as_video(self, track: PoseTrack, report: SessionReport) -> VideoSession:
        """The session in the form of a counted video; there is no file at its path."""
        path = self._studio.folder.new("live.mp4")
        return VideoSession(path, path.name, CountedVideo((track,), report, Rotations(), (), float(track.times[-1])))


def follow(
    follower: Follower, frames: Sequence[Frame], find_people: FindPeople, estimate_pose: EstimatePose
) -> tuple[Follower, PoseTrack]:
    """One step of a follower, possibly in another process: returns its updated state and the new rows."""
    rows = follower.add(frames, find_people, estimate_pose)
    return follower, rows


def joints_of(rows: PoseTrack, frame: Frame, least: float) -> list[list[float] | None]:
    """The 17 joints of the last row in shares of the picture; None where a joint is not seen."""
    height, width = frame.image.shape[:2]
    return [
        [round(float(x) / width, 4), round(float(y) / height, 4)] if score >= least and np.isfinite(x) else None
        for x, y, score in rows.keypoints[-1]
    ]


def _told(session: JumpSession) -> dict[str, Any]:
    state = session.counter.state
    facts = {
        "begun": session.begun is not None,
        "person": state.person,
        "feet": state.feet,
        "seconds": round(session.seconds, 2),
    }
    counted = {"count": state.count, "streak": state.streak, "rate": round(state.per_minute)}
    return facts | (counted if session.begun is not None else {"count": 0, "streak": 0, "rate": 0})
