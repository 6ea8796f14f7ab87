"""The way of live pictures: one WebSocket a visitor, beside Gradio, whose events are too slow for it.

The page sends JSON that opens a session, alters its settings or leaves, and frames (``live_room.frame_of``).  For the
frames that have come it gets JSON, in the beauty tab followed by a JPEG file; ``over`` and a sentence end the session.
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
from webui.live_room import MOST_FRAMES, FullError, LiveRoom, LiveSession, OverError, frame_of
from webui.service import LOG, Limits, logged
from webui.texts import language_of, say

LOCAL = ("127.0.0.1", "localhost", "::1")


class LiveMode(Protocol):
    """What a tab does with frames."""

    kind: str
    room: LiveRoom

    def new(self) -> LiveSession:
        """A session for a visitor who comes in."""
        ...

    def told(self, session: Any, wish: Mapping[str, Any]) -> None:
        """Take in what the page asks for; raises ``ValueError``."""
        ...

    def look(self, session: Any, frames: Sequence[Frame]) -> tuple[dict[str, Any], bytes | None]:
        """What to answer to frames, of which there is at least one, later than all before."""
        ...


class Visit:
    """One visitor's connection without the network: messages in, answers out."""

    def __init__(self, mode: LiveMode, limits: Limits, words: str) -> None:
        self._mode, self._limits, self._words = mode, limits, words
        self.key = ""

    def answer(self, messages: Sequence[str | bytes]) -> tuple[dict[str, Any], bytes | None]:
        """The answer to all messages that have come; ``frames`` in it tells how many frames there were."""
        try:
            for message in messages:
                if isinstance(message, str) and self._told(json.loads(message)):
                    return {"over": "left", "frames": 0}, None
            session = self._mode.room.session(self.key)
            came = [frame_of(message) for message in messages if isinstance(message, bytes)]
            with session.working:
                frames = session.later(came)
                told, picture = self._mode.look(session, frames) if frames else ({}, None)
            return told | {"key": self.key, "frames": len(came)}, picture
        except (FullError, OverError) as error:
            LOG.info("live.refused", extra={"facts": {"why": type(error).__name__}})
            full = isinstance(error, FullError)
            return self._over("full" if full else "lost", say(self._words, "live.full" if full else "live.lost")), None
        except Exception as error:
            self._mode.room.leave(self.key)
            said = sentence(error, self._mode.kind, self._words, self._limits)
            if said is None:
                LOG.exception("unexpected")
            return self._over("error", said or say(self._words, "error.unknown")), None

    def _told(self, wish: Any) -> bool:
        """Open a session, or take up one whose connection broke off; then settings.  Whether the visitor leaves."""
        wish = wish if isinstance(wish, Mapping) else {}
        if "leave" in wish:
            self._mode.room.leave(self.key)
            return True
        if "open" in wish:
            with logged("live.open"):
                self.key = str(wish["open"] or "") or self._mode.room.enter(self._mode.new())
        self._mode.told(self._mode.room.session(self.key), wish)
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
            told, picture = await asyncio.to_thread(visit.answer, messages)
            await socket.send_text(json.dumps(told))
            if picture is not None:
                await socket.send_bytes(picture)
            if "over" in told:
                return await socket.close()
    except (WebSocketDisconnect, OSError, RuntimeError):
        pass  # the visitor went while an answer was on its way
    finally:
        reader.cancel()


async def _read(socket: WebSocket, inbox: asyncio.Queue[str | bytes | None]) -> None:
    """Pass on what comes, None at the end; where too much waits the network has to."""
    while (event := await socket.receive())["type"] == "websocket.receive":
        await inbox.put(event.get("text") or event.get("bytes") or b"")
    await inbox.put(None)


async def _arrived(inbox: asyncio.Queue[str | bytes | None]) -> list[str | bytes]:
    """All that waits, at least one message; nothing when the connection has ended."""
    messages = [await inbox.get()]
    while not inbox.empty():
        messages.append(inbox.get_nowait())
    if None in messages and len(messages) > 1:
        inbox.put_nowait(None)
    return [message for message in messages if message is not None]


def is_foreign(headers: Mapping[str, str]) -> bool:
    """Whether another site's page asks for a server that runs on its visitor's own machine."""
    hosts = [urlsplit(address).hostname for address in (f"//{headers.get('host', '')}", headers.get("origin", ""))]
    return "x-forwarded-for" not in headers and hosts[0] in LOCAL and hosts[1] is not None and hosts[1] not in LOCAL
