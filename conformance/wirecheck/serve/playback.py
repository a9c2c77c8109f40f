"""One recorded connection, played to one client.

Law: what the client says is judged when it comes and not when it is waited for, so one task speaks and another
listens. What is said about a client is cut and has lost its secrets.
"""

from __future__ import annotations

import asyncio
from collections import Counter, deque
from collections.abc import Callable
from typing import Any, Final, cast

from websockets.asyncio.server import ServerConnection
from websockets.exceptions import ConnectionClosed, ProtocolError

from wirecheck.catalog import Dialect
from wirecheck.catalog.model import Sender
from wirecheck.record import At, Closed, Message, Record
from wirecheck.redact import excerpt
from wirecheck.serve.recorded import Recorded, Said, differences, kind_of

_NO_CODE: Final = 1005
_ABNORMAL: Final = 1006
_UNREAD: Final = 1_000
"""Messages of a client that wait for their place in the play; of more, the oldest are taken as not recorded."""
_SHOWN: Final = 200


class Playback:
    """Plays `script` on `socket`. `see` is told each record in its order, `remark` what differs from the recording."""

    def __init__(
        self,
        socket: ServerConnection,
        script: Recorded,
        *,
        conn: str,
        dialect: Dialect,
        patience: float,
        secrets: frozenset[str],
        see: Callable[[Record], None],
        remark: Callable[[str], None],
    ) -> None:
        self._socket = socket
        self._script = script
        self._conn = conn
        self._dialect = dialect
        self._patience = patience
        self._secrets = secrets
        self._see = see
        self._remark = remark
        self._came: deque[tuple[str, Any]] = deque()
        self._surplus: Counter[str] = Counter()
        self._news = asyncio.Event()
        self._left = False
        self._in_vain = False

    async def play(self) -> None:
        """Until the client has left, or the play is over and the connection closed as it was."""
        listening = asyncio.get_running_loop().create_task(self._listen())
        try:
            if await self._speak():
                await self._part()
        finally:
            await self._socket.close()
            await listening
            self._ended()

    async def _speak(self) -> bool:
        """Go through what was recorded; whether the client stayed."""
        for index, said in enumerate(self._script.said):
            if said.sender == "client":
                await self._wait_for(said)
            elif not self._left:
                self._see(Message(at=self._at(), sender="server", body=said.body, binary=isinstance(said.body, bytes)))
                try:
                    await self._socket.send(_sendable(said.body), text=isinstance(said.body, str))
                except ConnectionClosed:
                    self._left = True
            if self._left:
                rest = sum(later.sender == "server" for later in self._script.said[index + 1 :])
                if rest:
                    self._say(f"the client left at line {said.line} of the recording; {rest} messages were not sent")
                return False
        return True

    async def _wait_for(self, said: Said) -> None:
        """Until the client says what it said at this place, or for as long as anybody has patience."""
        kind, was = kind_of(self._dialect, said.body)
        try:
            async with asyncio.timeout(0 if self._in_vain else self._patience):
                while (found := self._take(kind)) is None:
                    if self._left:
                        return
                    self._news.clear()
                    await self._news.wait()
        except TimeoutError:
            waited = "" if self._in_vain else f" within {self._patience:g} s"
            self._say(f"no {self._shown(kind)} came{waited} (line {said.line}); the play goes on without it")
            self._in_vain = True
            return
        if where := differences(was, found[1]):
            self._say(f"its {self._shown(kind)} differs from line {said.line} at {self._shown(where)}")

    async def _part(self) -> None:
        """End the connection as it ended then."""
        closed = self._script.closed
        if closed is None or closed.sender == "client":
            try:
                async with asyncio.timeout(self._patience):
                    await self._socket.wait_closed()
            except TimeoutError:
                if closed is not None:
                    self._say("the client did not leave as it did when it was recorded")
        else:
            code = closed.code or _NO_CODE
            try:
                # The library sends a close frame without a code for None, which its types do not say.
                await self._socket.close(cast("int", None if code == _NO_CODE else code))
            except ProtocolError:
                self._socket.transport.abort()  # a code that no close frame carries: there was none

    async def _listen(self) -> None:
        try:
            while True:
                body = await self._socket.recv()
                self._see(Message(at=self._at(), sender="client", body=body, binary=isinstance(body, bytes)))
                self._came.append(kind_of(self._dialect, body))
                if len(self._came) > _UNREAD:
                    self._surplus[self._shown(self._came.popleft()[0])] += 1
                self._news.set()
        except ConnectionClosed:
            self._left = True
            self._news.set()

    def _take(self, kind: str) -> tuple[str, Any] | None:
        found = next((each for each in self._came if each[0] == kind), None)
        if found is not None:
            self._came.remove(found)
        return found

    def _ended(self) -> None:
        self._surplus.update(self._shown(kind) for kind, _ in self._came)
        if self._surplus:
            listed = ", ".join(f"{count} {kind}" for kind, count in self._surplus.most_common())
            self._say(f"the client said more than was recorded: {self._shown(listed)}")
        protocol = self._socket.protocol
        received, sent = protocol.close_rcvd, protocol.close_sent
        code, sender = _ABNORMAL, None
        if received is not None and (protocol.close_rcvd_then_sent or sent is None):
            code, sender = int(received.code), "client"
        elif sent is not None:
            code, sender = int(sent.code), "server"
        self._see(Closed(at=self._at(), code=code, sender=cast("Sender | None", sender)))

    def _say(self, sentence: str) -> None:
        self._remark(f"connection {self._conn}: {sentence}")

    def _shown(self, text: str) -> str:
        return excerpt(text, _SHOWN, self._secrets)

    def _at(self) -> At:
        return At(line=0, conn=self._conn)


def _sendable(body: str | bytes) -> bytes:
    """The bytes of a message; half a surrogate pair, which no encoding has, as the three bytes that stand for it."""
    return body if isinstance(body, bytes) else body.encode("utf-8", "surrogatepass")
