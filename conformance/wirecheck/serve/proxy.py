"""A proxy that records: it stands between a client and a server, and passes on what they say to each other.

Law: after the opening handshake not a byte is changed, added or taken away, pings, fragments and close frames
included, so that what either side does is the doing of the other. What is recorded is read from a copy. Nothing that
comes from outside is waited for without a bound.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import count
from types import TracebackType
from typing import Final, Self

from wirecheck.catalog import Dialect
from wirecheck.catalog.model import Sender
from wirecheck.errors import UsageError
from wirecheck.serve import head, tap
from wirecheck.serve.leg import Gone, Leg, TooLong
from wirecheck.serve.talk import Log, Talk, talk
from wirecheck.serve.upstream import Upstream

_INTERIM_MOST: Final = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounds:
    """`connections` at once; `opening`: seconds for each step of opening one; `closing`: seconds that one side may go
    on when the other has ended; `held`: bytes of unfinished messages, of all connections together."""

    connections: int = 1_000
    opening: float = 30.0
    closing: float = 30.0
    held: int = 256 * 1024 * 1024


class Proxy:
    """Listens at `host` and `port` (0: any free one), and joins each client to a connection of its own upstream.

    `dialects` are those whose credentials are to be known. An asynchronous context manager; leaving it cuts off what
    is still open. Raises `UsageError` where it cannot listen.
    """

    def __init__(
        self,
        upstream: Upstream,
        *,
        log: Log,
        host: str = "127.0.0.1",
        port: int = 0,
        dialects: Sequence[Dialect] = (),
        exclusive: bool = False,
        bounds: Bounds | None = None,
    ) -> None:
        self.upstream = upstream
        self.opened = 0
        """Connections that both sides agreed on."""
        self.unreachable = 0
        """Attempts for which the upstream could not be reached."""
        self._log = log
        self._place = host, port
        self._dialects = dialects
        self._exclusive = exclusive
        self._bounds = bounds or Bounds()
        self._budget = tap.Budget(self._bounds.held)
        self._numbers = count(1)
        self._tasks: dict[asyncio.Task[None], Leg] = {}
        self._full = False
        self._server: asyncio.Server

    async def __aenter__(self) -> Self:
        host, port = self._place
        try:
            self._server = await asyncio.get_running_loop().create_server(lambda: Leg(self._arrived), host, port)
        except OSError as error:
            reason = error.strerror or error
            raise UsageError(f"--listen {host}:{port}: cannot listen there ({reason}); choose another") from error
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.close()
        for task, leg in self._tasks.items():
            task.cancel()
            leg.abort()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._server.wait_closed()

    @property
    def url(self) -> str:
        """Where clients find it; the path and query that they add are asked for upstream."""
        host, port = self._server.sockets[0].getsockname()[:2]
        return f"ws://[{host}]:{port}" if ":" in host else f"ws://{host}:{port}"

    def _arrived(self, near: Leg) -> None:
        most = self._bounds.connections
        if len(self._tasks) >= 2 * most:
            near.abort()  # not even a refusal, or refusing would itself be without bound
            return
        serve = self._serve(near, str(next(self._numbers))) if len(self._tasks) < most else self._turn_away(near)
        task = asyncio.get_running_loop().create_task(serve)
        self._tasks[task] = near
        task.add_done_callback(self._tasks.pop)

    async def _turn_away(self, near: Leg) -> None:
        if not self._full:
            self._full = True
            self._say("", f"more than {self._bounds.connections} connections at once; further ones are refused")
        try:
            await self._refuse(near, 503, "Service Unavailable", "too many connections at once")
        finally:
            near.abort()

    async def _serve(self, near: Leg, conn: str) -> None:
        try:
            async with asyncio.timeout(self._bounds.opening):
                asked = head.request(await near.head())
            await self._lead(near, conn, asked)
        except TimeoutError:
            self._say(conn, f"no request within {self._bounds.opening:g} s")
        except Gone:
            self._say(conn, "the client left before the connection was open")
        except TooLong:
            await self._refuse(near, 431, "Request Header Fields Too Large", "the request's head is too long")
        except head.Unreadable as why:
            self._say(conn, f"refused: {why}")
            await self._refuse(near, 400, "Bad Request", str(why))
        finally:
            near.abort()

    async def _lead(self, near: Leg, conn: str, asked: head.Head) -> None:
        """Bring a client to the server, and stay until they part."""
        loop, place = asyncio.get_running_loop(), self.upstream
        try:
            async with asyncio.timeout(self._bounds.opening):
                _, far = await loop.create_connection(Leg, place.host, place.port, ssl=place.tls)
        except OSError as error:
            self.unreachable += 1
            reason = error.strerror or str(error) or f"no answer within {self._bounds.opening:g} s"
            self._say(conn, f"{place.url()} cannot be reached: {reason}")
            await self._refuse(near, 502, "Bad Gateway", "the upstream server cannot be reached")
            return
        try:
            if near.lost.done():
                raise Gone
            near.join(far)
            target = place.target(asked.start[1])
            onward = head.onward(asked, target=target, host=place.authority, authorization=place.authorization)
            far.write(onward.to_bytes())
            answer = await self._answer(near, far, conn)
            if answer is None:
                return
            if answer.start[1] == "101" and head.is_upgrade(asked):
                await self._joined(near, far, self._talk(conn, asked, answer))
            else:
                await self._refused(near, far, conn, answer)
        finally:
            far.abort()

    async def _answer(self, near: Leg, far: Leg, conn: str) -> head.Head | None:
        """The upstream's answer, passed on if it is the last one; None where it gave none that can be."""
        try:
            async with asyncio.timeout(self._bounds.opening):
                for _ in range(_INTERIM_MOST):
                    raw = await far.head()
                    answer = head.answer(raw)
                    if answer.start[1] == "101":
                        near.write(raw)
                        return answer
                    if not answer.start[1].startswith("1"):
                        near.write(head.back(answer).to_bytes())
                        return answer
                    near.write(raw)
            why = "it gave no final answer"
        except TimeoutError:
            why = f"it did not answer within {self._bounds.opening:g} s"
        except Gone:
            if near.lost.done():
                raise
            why = "it closed the connection instead of answering"
        except TooLong:
            why = "its answer's head is too long"
        except head.Unreadable as error:
            why = str(error)
        self._say(conn, f"the upstream gave no answer that can be passed on: {why}")
        await self._refuse(near, 502, "Bad Gateway", "the upstream server gave no answer that can be passed on")
        return None

    async def _refused(self, near: Leg, far: Leg, conn: str, answer: head.Head) -> None:
        """No connection came of it; the client gets to know what the server says."""
        self._say(conn, f"the upstream answered {' '.join(answer.start[1:]).strip()}; there is nothing to record")
        complete = asyncio.get_running_loop().create_future()
        left = head.length(answer)

        def heard(data: bytes) -> None:
            nonlocal left
            left = None if left is None else left - len(data)
            if left is not None and left <= 0 and not complete.done():
                complete.set_result(None)

        far.relay(heard)
        heard(b"")
        # Where the body's end is not known beforehand, the client knows it, and leaves.
        ends = {complete, far.ended, near.lost if left is not None else near.ended}
        await asyncio.wait(ends, timeout=self._bounds.closing, return_when=asyncio.FIRST_COMPLETED)
        await self._hang_up(near)

    async def _joined(self, near: Leg, far: Leg, spoken: Talk) -> None:
        """Both sides agreed; they talk until one of them ends, and the other may have its say to the end."""
        self.opened += 1
        first: Sender | None = None
        over = False
        try:
            near.relay(lambda data: spoken.heard("client", data))
            far.relay(lambda data: spoken.heard("server", data))
            await asyncio.wait({near.ended, far.ended}, return_when=asyncio.FIRST_COMPLETED)
            if near.ended.done() is not far.ended.done():
                first = "client" if near.ended.done() else "server"
            await asyncio.wait({near.lost, far.lost}, timeout=self._bounds.closing)
            over = True
        finally:
            spoken.ended(first, over=over)

    def _talk(self, conn: str, asked: head.Head, answer: head.Head) -> Talk:
        return talk(
            conn,
            asked,
            answer,
            url=self.upstream.url(self.upstream.target(asked.start[1])),
            exclusive=self._exclusive,
            known=self.upstream.secrets,
            dialects=self._dialects,
            log=self._log,
            budget=self._budget,
        )

    async def _refuse(self, near: Leg, status: int, phrase: str, says: str) -> None:
        near.write(head.own(status, phrase, f"wirecheck: {says}"))
        await self._hang_up(near)

    async def _hang_up(self, near: Leg) -> None:
        """An end that the client can read to: cut off at once, it might lose what it was told last."""
        near.finish()
        await asyncio.wait({near.ended, near.lost}, timeout=self._bounds.closing, return_when=asyncio.FIRST_COMPLETED)

    def _say(self, conn: str, sentence: str) -> None:
        self._log.say(f"connection {conn}: {sentence}" if conn else sentence, self.upstream.secrets)
