"""The reference server's sockets.

Law: clients come in here. What is said on a connection is the stage's matter, who hears it is the companies', and what
it is worth is the judge's.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Mapping, Sequence
from typing import Any, Final
from urllib.parse import quote

from websockets.asyncio.server import ServerConnection
from websockets.exceptions import ConnectionClosed
from websockets.typing import Subprotocol

from wirecheck.catalog import Dialect
from wirecheck.catalog.script import Connect
from wirecheck.report import Section
from wirecheck.scenario.arrival import Arrival, arrival, credential_protocol
from wirecheck.scenario.conversations import Conversation
from wirecheck.scenario.stage import Answer, Mutation, Stage
from wirecheck.scenario.values import filled
from wirecheck.serve.asking import Asking
from wirecheck.serve.company import Company, House
from wirecheck.serve.judge import Judge
from wirecheck.serve.link import Link
from wirecheck.serve.listening import Listening
from wirecheck.verdict import Report

_JOINED: Final = 1_000
"""Conversations that one connection hears of; beyond, it hears no more of the one that it joined first."""


class ReferenceServer(Listening):
    """Plays the server's side of a dialect's scenarios to whoever connects.

    `port` 0 takes a free one. `mutant` is `RULE` or `RULE:variant`: that fault is played. `unknown_frames` puts a
    frame that no document knows before each reaction; `latency` is a wait in seconds before each frame, and `patience`
    how long a client is waited for. `variables` take the place of the catalog's reference values. Raises `UsageError`
    for a mutant that does not exist or an address that cannot be taken.
    """

    def __init__(
        self,
        dialect: Dialect,
        *,
        host: str = "127.0.0.1",
        port: int = 0,
        mutant: str | None = None,
        unknown_frames: bool = False,
        latency: float = 0.0,
        variables: Mapping[str, Any] | None = None,
        patience: float = 10.0,
    ) -> None:
        super().__init__(host, port)
        self.dialect = dialect
        mutation = None if mutant is None else _mutation(dialect, mutant)
        self.stage = Stage(dialect, variables=variables, mutation=mutation, unknown_frames=unknown_frames)
        secrets = (self.stage.variables[name] for name, one in dialect.variables.items() if one.secret)
        self._judge = Judge(dialect, name="clients", secrets=map(str, secrets))
        self._latency = latency
        self._closing = asyncio.Event()
        self._patience = patience
        self._house = House(
            stage=self.stage, patience=patience, pause=self._pause, over=self._over, failed=self._failed
        )
        self._companies: dict[Conversation, Company] = {}
        self._fault: BaseException | None = None
        self._count = 0

    async def close(self) -> None:
        """Stop: clients are told so (code 1001), and nothing is played any more. May be called twice.

        Raises what went wrong in the server itself, if anything did.
        """
        self._closing.set()
        for company in tuple(self._companies.values()):
            await company.stop()
        await super().close()
        if self._fault is not None:
            raise self._fault

    @property
    def url(self) -> str:
        """The base with the catalog's path, its parameters as in the first scenario that gives them."""
        return self.base + _path(self.dialect, self.stage.variables)

    def report(self) -> Report:
        """The report on all clients so far. It ends the judging: what they do afterwards is not looked at."""
        return self._judge.report()

    def section(self) -> Section:
        """The same, with what stood around each finding, ready to be shown."""
        return self._judge.section()

    def _subprotocol(self, _: ServerConnection, offered: Sequence[Subprotocol]) -> Subprotocol | None:
        # Chosen for a credential that is refused too: browsers end a connection that chooses none of those offered,
        # and the close code that says why would be lost.
        chosen = credential_protocol(self.dialect, offered)
        return None if chosen is None else Subprotocol(chosen)

    async def _serve(self, socket: ServerConnection) -> None:
        """Serve one connection until it ends."""
        self._count += 1
        conn = f"c{self._count}"
        link: Link | None = None
        joined: dict[Company, None] = {}
        try:
            guest, answer = self.stage.opened(self._arrived(socket, conn))
            asking = Asking(self.dialect, socket, conn, self._judge, patience=self._patience)
            link = Link(socket, conn, guest, self._judge, asking)
            own = self._company(guest.own)
            joined[own] = None
            own.join(link)
            await self._dispatch(link, own, answer, joined)
            with contextlib.suppress(ConnectionClosed):  # how it ended is looked at below
                async for body in socket:
                    heard = self.stage.heard(guest, body)
                    self._judge.received(conn, body, legible=heard.legible)
                    link.hears(heard.roles)
                    if heard.answer is not None:
                        await self._dispatch(link, own, heard.answer, joined)
        except Exception as error:
            # The library would only log it, and the client see a close that looks like one of the dialect's.
            self._failed(error)
            raise
        finally:
            if link is not None:
                link.leaves()
                for company in joined:
                    company.leave(link)
            self._ended(conn, socket, cut=link is not None and link.cut)

    def _arrived(self, socket: ServerConnection, conn: str) -> Arrival:
        request = socket.request
        assert request is not None, "the handshake is over"
        headers = {name: request.headers.get_all(name) for name in request.headers}
        offered = [
            word.strip() for line in request.headers.get_all("Sec-WebSocket-Protocol") for word in line.split(",")
        ]
        arrived = arrival(
            self.dialect,
            request.path,
            headers=[(name, value) for name, values in headers.items() for value in values],
            protocols=offered,
            variables=self.stage.variables,
        )
        self._judge.opened(
            conn,
            self.base + request.path,
            protocols=offered,
            headers={name: "; ".join(values) for name, values in headers.items()},
            auth=arrived.auth,
        )
        return arrived

    async def _dispatch(self, link: Link, own: Company, answer: Answer, joined: dict[Company, None]) -> None:
        """Have an answer played to those whom it is for."""
        if self._closing.is_set():
            return
        company = self._company(answer.conversation)
        joined[company] = None
        if len(joined) > _JOINED:
            first = next(one for one in joined if one not in (own, company))
            del joined[first]
            first.leave(link)
        if answer.apart:
            await own.play_apart(answer.reaction, link, then=company)
        else:
            company.join(link)
            await company.play(answer.reaction, link)

    def _company(self, conversation: Conversation) -> Company:
        found = self._companies.get(conversation)
        if found is None:
            found = Company(self._house, conversation)
            self._companies[conversation] = found
        return found

    def _over(self, company: Company) -> None:
        """Nobody takes part in this conversation any more; if somebody does later, it goes on from its memory."""
        if self._companies.get(company.conversation) is company:
            del self._companies[company.conversation]

    def _failed(self, error: BaseException) -> None:
        """Keep the first fault of ours, for whoever closes the server."""
        self._fault = self._fault or error

    def _ended(self, conn: str, socket: ServerConnection, *, cut: bool) -> None:
        received, sent = socket.protocol.close_rcvd, socket.protocol.close_sent
        if cut:
            self._judge.closed(conn, 1006, by_client=False)
        elif received is not None and (socket.protocol.close_rcvd_then_sent or sent is None):
            self._judge.closed(conn, received.code, by_client=True)
        elif sent is not None:
            self._judge.closed(conn, sent.code, by_client=False)
        else:
            self._judge.closed(conn, 1006, by_client=None)

    async def _pause(self) -> None:
        """Wait for the latency, unless the server is closing; and let others have their turn in any case, so that
        conversations that are under way together mix."""
        if self._latency > 0:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._closing.wait(), self._latency)
        else:
            await asyncio.sleep(0)


def _mutation(dialect: Dialect, name: str) -> Mutation:
    from wirecheck.scenario.mutants import mutation

    return mutation(dialect, name)


def _path(dialect: Dialect, variables: Mapping[str, Any]) -> str:
    path = dialect.connect.path or ""
    for name, param in dialect.connect.params.items():
        if param.place == "path":
            value = next(
                (
                    filled(step.params[name], variables)
                    for scenario in dialect.scenarios.values()
                    for step in scenario.steps
                    if isinstance(step, Connect) and name in step.params
                ),
                name,
            )
            path = path.replace(f"{{{name}}}", quote(str(value), safe=""))
    return path
