"""Transport of live pictures: one WebSocket per visitor beside Gradio, whose events are too slow for it.

The page sends JSON that opens a session, changes its settings or leaves it, and frames (``live_sessions.frame_of``).
The answer to frames is JSON, in the beauty tab followed by a JPEG file; ``over`` and a sentence end the session.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any, Protocol
from urllib.parse import urlsplit

from starlette.routing import WebSocketRoute
from starlette.websockets import WebSocket, WebSocketDisconnect

from vision.types import Frame
from webui.errors import sentence
from webui.live_sessions import MOST_FRAMES, FullError, LiveSession, LiveSessions, OverError, frame_of
from webui.service import LOG, Limits, logged
from webui.texts import language_of, say

LOCAL = ("127.0.0.1", "localhost", "::1")


class LiveMode(Protocol):
    """Processing of live frames by a tab."""

    kind: str
    sessions: LiveSessions

    def new(self) -> LiveSession:
        """A session for a new visitor."""
        ...

    def configure(self, session: Any, request: Mapping[str, Any]) -> None:
        """Apply the page's request to the session; raises ``ValueError``."""
        ...

    def process(self, session: Any, frames: Sequence[Frame]) -> tuple[dict[str, Any], bytes | None]:
        """The answer to one or more frames, which are later than all before."""
        ...


class Visit:
    """One visitor's connection, independent of the transport: messages in, answers out."""

    def __init__(self, mode: LiveMode, limits: Limits, words: str) -> None:
        self._mode, self._limits, self._words = mode, limits, words
        self.key = ""

    def answer(self, messages: Sequence[str | bytes]) -> tuple[dict[str, Any], bytes | None]:
        """The answer to all queued messages; ``frames`` in it is the number of frames among them."""
        try:
            for message in messages:
                if isinstance(message, str) and self._handle(json.loads(message)):
                    return {"over": "left", "frames": 0}, None
            session = self._mode.sessions.session(self.key)
            came = [frame_of(message) for message in messages if isinstance(message, bytes)]
            with session.working:
                frames = session.later(came)
                answer, picture = self._mode.process(session, frames) if frames else ({}, None)
            return answer | {"key": self.key, "frames": len(came)}, picture
        except (FullError, OverError) as error:
            LOG.info("live.refused", extra={"facts": {"why": type(error).__name__}})
            full = isinstance(error, FullError)
            return self._over("full" if full else "lost", say(self._words, "live.full" if full else "live.lost")), None
        except Exception as error:
            self._mode.sessions.leave(self.key)
            said = sentence(error, self._mode.kind, self._words, self._limits)
            if said is None:
                LOG.exception("unexpected")
            return self._over("error", said or say(self._words, "error.unknown")), None

    def _handle(self, request: Any) -> bool:
        """Open or resume a session and apply its settings; True if the visitor leaves."""
        request = request if isinstance(request, Mapping) else {}
        if "leave" in request:
            self._mode.sessions.leave(self.key)
            return True
        if "open" in request:
            with logged("live.open"):
                self.key = str(request["open"] or "") or self._mode.sessions.enter(self._mode.new())
        self._mode.configure(self._mode.sessions.session(self.key), request)
        return False

    def _over(self, why: str, said: str) -> dict[str, Any]:
        return {"over": why, "said": said, "frames": 0}


def live_routes(modes: Mapping[str, LiveMode], limits: Limits) -> list[WebSocketRoute]:
    """The routes ``/live/NAME``."""
    return [WebSocketRoute(f"/live/{name}", partial(talk, mode=mode, limits=limits)) for name, mode in modes.items()]


async def talk(socket: WebSocket, mode: LiveMode, limits: Limits) -> None:
    """Serve one connection until it ends."""
    if is_foreign(socket.headers):
        return await socket.close(1008)
    await socket.accept()
    visit = Visit(mode, limits, language_of(socket.headers.get("accept-language")))
    inbox: asyncio.Queue[str | bytes | None] = asyncio.Queue(MOST_FRAMES)
    reader = asyncio.create_task(_read(socket, inbox))
    try:
        while messages := await _arrived(inbox):
            answer, picture = await asyncio.to_thread(visit.answer, messages)
            await socket.send_text(json.dumps(answer))
            if picture is not None:
                await socket.send_bytes(picture)
            if "over" in answer:
                return await socket.close()
    except (WebSocketDisconnect, OSError, RuntimeError):
        pass  # the visitor went while an answer was on its way
    finally:
        reader.cancel()


async def _read(socket: WebSocket, inbox: asyncio.Queue[str | bytes | None]) -> None:
    """Queue incoming messages, None at the end; a full queue holds back the network."""
    while (event := await socket.receive())["type"] == "websocket.receive":
        await inbox.put(event.get("text") or event.get("bytes") or b"")
    await inbox.put(None)


async def _arrived(inbox: asyncio.Queue[str | bytes | None]) -> list[str | bytes]:
    """All queued messages, at least one; empty when the connection has ended."""
    messages = [await inbox.get()]
    while not inbox.empty():
        messages.append(inbox.get_nowait())
    if None in messages and len(messages) > 1:
        inbox.put_nowait(None)
    return [message for message in messages if message is not None]


def is_foreign(headers: Mapping[str, str]) -> bool:
    """Whether a page of another site addresses a server on its visitor's own machine."""
    hosts = [urlsplit(address).hostname for address in (f"//{headers.get('host', '')}", headers.get("origin", ""))]
    return "x-forwarded-for" not in headers and hosts[0] in LOCAL and hosts[1] is not None and hosts[1] not in LOCAL
