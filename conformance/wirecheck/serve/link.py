"""One client's connection.

Law: sends and closes, and knows whether the client is still there. What is sent is recorded before it is on its way,
so that nothing of the client's can be recorded as if it had come first.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Final

from websockets.asyncio.server import ServerConnection
from websockets.exceptions import ConnectionClosed, ProtocolError
from websockets.protocol import State

from wirecheck.scenario.conversations import Visitor
from wirecheck.scenario.plan import Outgoing
from wirecheck.scenario.stage import UNKNOWN_TAG
from wirecheck.scenario.values import serialised
from wirecheck.serve.asking import Asking
from wirecheck.serve.bell import Bell
from wirecheck.serve.judge import Judge

_NOT_SENT: Final = (1005, 1006, 1015)
"""Codes that say how a connection ended where no close frame said it; to play one is to end it so."""


class Link:
    """A connection, its visitor, and how much was heard on it. `bell` rings when the client says something or goes;
    `cut` says that it was the server who ended it without a close frame."""

    def __init__(self, socket: ServerConnection, conn: str, guest: Visitor, judge: Judge, asking: Asking) -> None:
        self.conn = conn
        self.guest = guest
        self.bell = Bell()
        self.heard = 0
        self.gone = False
        self.cut = False
        self._socket = socket
        self._judge = judge
        self._asking = asking

    def hears(self, roles: Collection[str]) -> None:
        """The client has sent a message that plays these roles."""
        self.heard += 1
        self._asking.hear(roles)
        self.bell.ring()

    def leaves(self) -> None:
        """The client is not there any more."""
        self.gone = True
        self._asking.stop()
        self.bell.ring()

    async def send(self, frame: Outgoing) -> None:
        """Send a frame; returns when there is room for the next, so that a client which does not read holds us up."""
        if self.gone or self._socket.state is not State.OPEN:
            return
        text = serialised(frame.message)
        self._judge.sent(self.conn, text, unknown=frame.form.key == UNKNOWN_TAG)
        try:
            await self._socket.send(text)
        except ConnectionClosed:
            self.leaves()
        else:
            self._asking.ask(frame.roles)

    async def hang_up(self, code: int) -> None:
        """Close the connection. A code that no close frame may carry cuts it."""
        if code not in _NOT_SENT:
            try:
                await self._socket.close(code)
            except ProtocolError:
                # A code that nobody may send is a fault that the library does not commit for us.
                self._cut()
        else:
            self._cut()

    def _cut(self) -> None:
        self.cut = True
        self._socket.transport.abort()
