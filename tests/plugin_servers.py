"""What the tests of the plugin share: tiny servers, each of which does one thing that the reference server never does,
and which other plugins stay out of a session."""

from __future__ import annotations

import json
import logging
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any

from websockets.http11 import Request, Response
from websockets.sync.server import ServerConnection, serve
from websockets.typing import Subprotocol

from wirecheck import load

ALONE = " ".join(f"-p no:{name}" for name in ("asyncio", "randomly", "hypothesispytest", "pytest_cov"))
"""Other plugins that the machine may have, as options of pytest. What they say would be part of what a session says,
and what they import (hypothesis, in every session anew) takes longer than the session itself."""
_QUIET = logging.Logger("quiet", level=logging.CRITICAL + 1)


@dataclass
class Running:
    """A server that runs. `opened` counts handshakes that came about."""

    url: str = ""
    opened: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)


@contextmanager
def standing(handle: Callable[[ServerConnection], Any], refusals: list[int] | None = None) -> Iterator[Running]:
    """Does `handle` with each connection and closes it; first answers with each of `refusals`, HTTP statuses."""
    left = list(refusals or ())
    running = Running()

    def refuse(connection: ServerConnection, request: Request) -> Response | None:
        with running.lock:
            return connection.respond(HTTPStatus(left.pop(0)), "not now\n") if left else None

    def handled(connection: ServerConnection) -> None:
        with running.lock:
            running.opened += 1
        handle(connection)

    def protocol(connection: ServerConnection, offered: Sequence[Subprotocol]) -> Subprotocol | None:
        return offered[0] if offered else None

    with serve(handled, "127.0.0.1", 0, process_request=refuse, select_subprotocol=protocol, logger=_QUIET) as server:
        running.url = f"ws://127.0.0.1:{server.socket.getsockname()[1]}"
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield running
        finally:
            server.shutdown()
            thread.join()


@contextmanager
def plain(refusals: list[int] | None = None) -> Iterator[Running]:
    """Answers every prompt in one piece, with nothing of what makes a server worth having."""
    dialect = load("vonz")

    def frame(name: str, **fields: Any) -> str:
        return json.dumps({"type": name, **dialect.frames[name].examples[0], **fields})

    def talk(connection: ServerConnection) -> None:
        for message in connection:
            asked = json.loads(message)
            if asked["type"] == "session.start":
                connection.send(frame("session.ready", session_id="sess_plain"))
            else:
                named = {"session_id": asked["session_id"]}
                connection.send(frame("task:token", **named, text="Dry."))
                connection.send(frame("turn.done", **named, result_text="Dry."))
                connection.send(frame("task:done", **named))

    with standing(talk, refusals) as running:
        yield running
