"""Reference servers with one bug each, of the kind that nobody plants on purpose.

Law: everything but the bug is the reference server's own doing. What a bug needs to know it learns from messages alone;
`mend` makes the server as it was, as whoever starts a server again does.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from typing import Any

from websockets.asyncio.server import ServerConnection
from websockets.protocol import State

from wirecheck import load
from wirecheck.campaign.loop import Loop
from wirecheck.catalog import Dialect
from wirecheck.serve import ReferenceServer

TRACEBACK = (
    "Traceback (most recent call last):\n"
    '  File "/srv/agents/stream.py", line 88, in handle\n'
    "    frame = json.loads(text)\n"
    "json.decoder.JSONDecodeError: Expecting value"
)
DEEP = 100
WAY = ("session.start", "task.cancel", "session.resume")
"""Three frames of one client's, in this order, whatever comes between them."""


class _Spied:
    """A server's connection whose messages somebody looks at first, and may change, or keep for himself (None)."""

    def __init__(self, socket: ServerConnection, server: Planted) -> None:
        self._socket = socket
        self._server = server
        self.stage = 0

    def __getattr__(self, name: str) -> Any:
        return getattr(self._socket, name)

    def __hash__(self) -> int:
        return hash(self._socket)

    async def __aiter__(self) -> AsyncIterator[str | bytes]:
        async for body in self._socket:
            taken = await self._server.meets(self, body)
            if taken is not None:
                yield taken


class Planted(ReferenceServer):
    """The reference server, which does `meets` with each message before it looks at it."""

    async def _serve(self, socket: ServerConnection) -> None:
        await super()._serve(_Spied(socket, self))  # type: ignore[arg-type]

    async def meets(self, socket: Any, body: str | bytes) -> str | bytes | None:
        """The message as it is to be taken."""
        return body

    def mend(self) -> str:
        """Start again; what went wrong with that, which is nothing."""
        return ""


class TripsOverWhatIsMissing(Planted):
    """Ends the connection as programs do that did not expect it, when a field is missing."""

    async def meets(self, socket: Any, body: str | bytes) -> str | bytes | None:
        frame = parsed(body)
        form = self.dialect.frames.get(str(frame.get("type")))
        required = () if form is None or form.payload is None else form.payload.get("required", ())
        if all(name in frame for name in required):
            return body
        await socket.close(1011)
        return None


class TellsTooMuch(Planted):
    """Answers what is no JSON with its own stack."""

    async def meets(self, socket: Any, body: str | bytes) -> str | bytes | None:
        if isinstance(body, bytes) or body.strip()[-1:] == "}":
            return body
        await socket.send(json.dumps({"type": "error", "code": "INTERNAL", "message": TRACEBACK}))
        return None


class DiesOfDepth(Planted):
    """Closes as it should upon a deeply nested message, and takes no connection afterwards."""

    dead = False

    async def meets(self, socket: Any, body: str | bytes) -> str | bytes | None:
        text = body if isinstance(body, str) else ""
        if text.count("[[") + text.count('{"a":{') < DEEP // 2:
            return body
        self.dead = True
        await socket.close(1008)
        return None

    def _created(self, *given: Any, **options: Any) -> ServerConnection:
        return _Dead(*given, **options) if self.dead else super()._created(*given, **options)

    def mend(self) -> str:
        self.dead = False
        return ""


class _Dead(ServerConnection):
    """A connection that is cut before it says anything."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        self.transport.abort()


class ChokesOnNothing(Planted):
    """Waits for ever, with everybody else, after an empty text in a valid frame."""

    choked = False

    async def meets(self, socket: Any, body: str | bytes) -> str | bytes | None:
        frame = parsed(body)
        self.choked = self.choked or (frame.get("type") == "session.start" and frame.get("profile_id") == "")
        return None if self.choked else body

    def mend(self) -> str:
        self.choked = False
        return ""


class LosesItsWay(Planted):
    """Cuts a connection on which three valid frames came in a certain order."""

    async def meets(self, socket: Any, body: str | bytes) -> str | bytes | None:
        frame = parsed(body)
        form = self.dialect.frames.get(str(frame.get("type")))
        required = () if form is None or form.payload is None else form.payload.get("required", ())
        valid = form is not None and all(isinstance(frame.get(name), str) for name in required)
        if socket.stage < len(WAY):
            socket.stage += valid and frame["type"] == WAY[socket.stage]
        if socket.stage < len(WAY):
            return body
        socket.transport.abort()
        return None


class TakesWhatItMay(Planted):
    """Reads JSON as many libraries do: a binary message is text, a mark before it nothing, NaN a number, and of two
    members the last counts. It is wrong in nothing that any document promises."""

    async def meets(self, socket: Any, body: str | bytes) -> str | bytes | None:
        try:
            text = (body.decode() if isinstance(body, bytes) else body).removeprefix("\ufeff")
            value = json.loads(text, parse_constant=lambda word: 0)
        except (ValueError, RecursionError):
            return body
        return json.dumps(value)


class ClosesAsItMay(Planted):
    """Closes upon what it cannot read, with one after the other of the codes that RFC 6455 has for that."""

    codes = (1007, 1008, 1003, 1002)
    closed = 0

    async def meets(self, socket: Any, body: str | bytes) -> str | bytes | None:
        frame = parsed(body)
        form = self.dialect.frames.get(str(frame.get("type")))
        required = () if form is None or form.payload is None else form.payload.get("required", ())
        if form is not None and all(isinstance(frame.get(name), str) for name in required):
            return body
        self.closed += 1
        await socket.close(self.codes[self.closed % len(self.codes)])
        return None


class SaysGoodbye(Planted):
    """Closes as if all were done, upon what it cannot read."""

    async def meets(self, socket: Any, body: str | bytes) -> str | bytes | None:
        if parsed(body):
            return body
        await socket.close(1000)
        return None


class SaysItAgain(Planted):
    """Answers what is no JSON with all of it, which may look like anything."""

    async def meets(self, socket: Any, body: str | bytes) -> str | bytes | None:
        if isinstance(body, bytes) or parsed(body):
            return body
        await socket.send(json.dumps({"type": "error", "code": "BAD_REQUEST", "message": f"cannot read {body}"}))
        return None


def parsed(body: str | bytes) -> dict[str, Any]:
    """The message as an object; empty where it is none."""
    try:
        value = json.loads(body)
    except (ValueError, RecursionError):
        return {}
    return value if isinstance(value, dict) else {}


@contextmanager
def planting(kind: type[Planted], dialect: Dialect | None = None, patience: float = 1.0) -> Iterator[Planted]:
    """A server with its bug, until the block ends."""
    server = kind(dialect or load("vonz"), patience=patience)
    with Loop() as loop:
        loop.run(server.start())
        try:
            yield server
        finally:
            loop.run(server.close())


class LetsOneAtATime(Planted):
    """Takes one client's work at a time, and says so to others: right, if hardly kind."""

    busy: Any = None

    async def meets(self, socket: Any, body: str | bytes) -> str | bytes | None:
        if parsed(body).get("type") not in ("session.start", "task.submit", "session.turn"):
            return body
        if self.busy in (None, socket) or self.busy.state is not State.OPEN:
            self.busy = socket
            return body
        await socket.send(json.dumps({"type": "error", "code": "TASK_LIMIT", "message": "One at a time"}))
        return None
