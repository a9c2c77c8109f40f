"""A recorded server, played again.

Law: what the server said is said again, to the byte and in its order; what the client said is waited for where it
came, by its tag alone. What a client does otherwise is remarked on and never stops the play. Every wait is bounded,
and a client that was waited for in vain is not waited for again.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

from websockets.asyncio.server import ServerConnection
from websockets.typing import Subprotocol

from wirecheck.capture import detect, open_capture, read, unwrap
from wirecheck.catalog import Dialect, dialects, load
from wirecheck.catalog.model import SENDERS
from wirecheck.record import At, Closed, Message, Opened, Record
from wirecheck.redact import secrets_of
from wirecheck.report import Section
from wirecheck.serve.judge import Judge
from wirecheck.serve.listening import Listening
from wirecheck.serve.playback import Playback
from wirecheck.serve.recorded import Recorded, recorded
from wirecheck.serve.watch import one_by_one
from wirecheck.verdict import Report

PATIENCE: Final = 30.0
"""Seconds that a client is waited for, unless somebody says otherwise."""
REMARKS_KEPT: Final = 1_000


class ReplayServer(Listening):
    """Plays the connections of a capture, in their order and then from the start, to whoever connects.

    A client gets the next connection that was recorded with its path and query; where there is none, one with its
    path; or else the next. `dialect` None: told from the capture. `patience` bounds each wait for the client, in
    seconds. `remark` is told, in a sentence, what a client does otherwise than the one that was recorded. Raises
    `CaptureError` and `UsageError` for a capture that cannot be played, or an address that cannot be taken.
    """

    def __init__(
        self,
        capture: str | Path,
        *,
        dialect: Dialect | None = None,
        host: str = "127.0.0.1",
        port: int = 0,
        patience: float = PATIENCE,
        remark: Callable[[str], None] | None = None,
    ) -> None:
        super().__init__(host, port)
        self.dialect = dialect or _told(capture)
        with open_capture(capture) as stream:
            self.connections, wrong = recorded(read(stream), name=str(capture))
        self.remarks: list[str] = []
        """What clients did otherwise; the first `REMARKS_KEPT` of it."""
        self._remark = remark
        for sentence in wrong:
            self._say(f"{capture}: {sentence}")
        self._played = [0] * len(self.connections)
        self._judge = Judge(self.dialect, name="clients")
        self._frames = one_by_one()
        self._patience = patience
        self._count = 0

    @property
    def url(self) -> str:
        """The base with the path of the first connection of which it was recorded."""
        targets = (one.target.partition("?")[0] for one in self.connections if one.target is not None)
        return self.base + next(targets, "")

    def report(self) -> Report:
        """The report on all clients so far. It ends the judging: what they do afterwards is not looked at."""
        return self._judge.report()

    def section(self) -> Section:
        """The same, with what stood around each finding, ready to be shown."""
        return self._judge.section()

    def _say(self, sentence: str) -> None:
        if len(self.remarks) < REMARKS_KEPT:
            self.remarks.append(sentence)
            if self._remark is not None:
                self._remark(sentence)

    def _see(self, record: Record) -> None:
        """Have a record judged; frames inside another transport are taken out of it before."""
        for frame in self._frames(record):
            conn = frame.at.conn
            match frame:
                case Opened():
                    # Whatever the credential is, this server accepts it.
                    self._judge.opened(
                        conn, frame.url or "", protocols=frame.subprotocols, headers=frame.headers, auth="good"
                    )
                case Message(sender="server", body=body):
                    text = body if isinstance(body, str) else body.decode("utf-8", "replace")
                    self._judge.sent(conn, text, unknown=False)
                case Message(body=body):
                    self._judge.received(conn, body, legible=False)
                case Closed():
                    by = None if frame.sender is None else frame.sender == "client"
                    self._judge.closed(conn, frame.code, by_client=by)

    def _subprotocol(self, _: ServerConnection, offered: Sequence[Subprotocol]) -> Subprotocol | None:
        # Browsers end a connection that chooses none of what they offer.
        known = {name for one in self.connections for name in one.subprotocols}
        return next((name for name in offered if name in known), offered[0] if offered else None)

    async def _serve(self, socket: ServerConnection) -> None:
        self._count += 1
        conn = f"c{self._count}"
        request = socket.request
        assert request is not None, "the handshake is over"
        lines = request.headers.get_all("Sec-WebSocket-Protocol")
        opened = Opened(
            at=At(line=0, conn=conn),
            url=self.base + request.path,
            subprotocols=tuple(word.strip() for line in lines for word in line.split(",")),
            headers=dict(request.headers.raw_items()),
            sees=frozenset(SENDERS),
            vantage="server",
        )
        self._see(opened)
        playback = Playback(
            socket,
            self._next(request.path),
            conn=conn,
            dialect=self.dialect,
            patience=self._patience,
            secrets=secrets_of(opened, self.dialect),
            see=self._see,
            remark=self._say,
        )
        await playback.play()

    def _next(self, target: str) -> Recorded:
        """The recorded connection that suits the client best, of these the one played least, of these the first."""
        path = target.partition("?")[0]

        def rank(index: int) -> tuple[bool, bool, int]:
            was = self.connections[index].target
            return was != target, was is None or was.partition("?")[0] != path, self._played[index]

        chosen = min(range(len(self.connections)), key=rank)
        self._played[chosen] += 1
        return self.connections[chosen]


def _told(capture: str | Path) -> Dialect:
    """Whose traffic a capture holds. Raises `UsageError` where that cannot be told."""
    with open_capture(capture) as stream:
        detection, _ = detect(unwrap(read(stream)), tuple(load(name) for name in dialects()), name=str(capture))
    return detection.dialect
