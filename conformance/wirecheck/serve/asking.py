"""What a client was asked, and whether it answers.

Law: a client is given time, and then asked by a ping of the transport whether it is there at all; only one that is and
still does not answer is said to have let the time pass. What that is worth is the checker's matter.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Collection

from websockets.asyncio.server import ServerConnection
from websockets.exceptions import ConnectionClosed

from wirecheck.catalog import Dialect
from wirecheck.serve.bell import Bell
from wirecheck.serve.judge import Judge


class Asking:
    """The questions on one connection, by the guarantees of the client's that promise an answer; `patience` is in
    seconds."""

    def __init__(self, dialect: Dialect, socket: ServerConnection, conn: str, judge: Judge, *, patience: float) -> None:
        self._socket = socket
        self._conn = conn
        self._judge = judge
        self._patience = patience
        self._promised = {
            form.open: (claim.id, form.close)
            for claim in dialect.guarantees.values()
            if claim.rule.side == "client" and claim.rule.shape == "pair"
            for form in (dialect.spans[name] for name in claim.options["spans"])
        }
        self._bell = Bell()
        self._asked: Counter[str] = Counter()
        self._heard: Counter[str] = Counter()
        self._waiting: dict[str, asyncio.Task[None]] = {}

    def ask(self, roles: Collection[str]) -> None:
        """The server has sent a frame that plays these roles."""
        for role in self._promised.keys() & roles:
            self._asked[role] += 1
            if role not in self._waiting:
                self._waiting[role] = asyncio.create_task(self._wait(role))

    def hear(self, roles: Collection[str]) -> None:
        """The client has sent a frame that plays these roles."""
        self._heard.update(roles)
        self._bell.ring()

    def stop(self) -> None:
        for task in self._waiting.values():
            task.cancel()

    async def _wait(self, role: str) -> None:
        """Wait until everything that was asked so is answered, or it is known that it will not be."""
        guarantee, answer = self._promised[role]
        while self._heard[answer] < self._asked[role]:
            asked = self._asked[role]
            if await self._answered(answer, asked) or not await self._is_there():
                continue
            # What it said before its pong may still be read.
            if not await self._answered(answer, asked) and asked == self._asked[role]:
                self._judge.expired(self._conn, guarantee, self._patience)
                self._heard[answer] = asked
        del self._waiting[role]

    async def _answered(self, answer: str, asked: int) -> bool:
        return await self._bell.until(lambda: self._heard[answer] >= asked, within=self._patience)

    async def _is_there(self) -> bool:
        try:
            pong = await self._socket.ping()
            async with asyncio.timeout(self._patience):
                await pong
        except (ConnectionClosed, TimeoutError):
            return False
        return True
