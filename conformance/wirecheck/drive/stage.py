"""The client's side of one conversation: its connections, its variables, and what can be done with them.

Law: each step of a script is a method; a step that cannot be done, or waits in vain, ends the conversation with one
sentence (`Ended`). Everything is recorded, nothing is judged, and nothing that was opened is left open.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from typing import Any, Final

from wirecheck.catalog import Dialect, FrameForm
from wirecheck.catalog.script import CLOSE, Connect, Malform, Trigger, Until
from wirecheck.drive.connection import Connection, Reader, Received, Silence
from wirecheck.drive.dial import dial
from wirecheck.drive.handshake import handshake
from wirecheck.drive.recorder import Recorder
from wirecheck.drive.refusal import Refused
from wirecheck.drive.target import Limits, Target, opens_turn
from wirecheck.drive.trigger import run
from wirecheck.drive.wire import Ending, Over
from wirecheck.errors import UsageError
from wirecheck.redact import excerpt, redact
from wirecheck.scenario.values import composed, filled, malformed, serialised

_QUOTED: Final = 160
"""Characters of a message that are shown where it ended a conversation."""


_NOT_MEANT: Final = frozenset({None, 1005, 1006, 1011})
"""Ends of a connection by which a server does not say that it will not go on."""


class Ended(Exception):
    """The conversation cannot go on; the text says what was awaited and what happened.

    `ours`: because of what we were given, and not because of what the server did. `silent`: the server is there, and
    says nothing of what is awaited. `declined`: it says that it will not, by another documented frame or by a close.
    """

    def __init__(self, says: str, *, ours: bool = False, silent: bool = False, declined: bool = False) -> None:
        super().__init__(says)
        self.ours = ours
        self.silent = silent
        self.declined = declined


class Stage:
    """The connections of one conversation. `mark` tells its connections apart from those of others in the capture."""

    def __init__(
        self,
        target: Target,
        limits: Limits,
        recorder: Recorder,
        *,
        mark: str = "",
        watch: Callable[[str], None] | None = None,
    ) -> None:
        self.target = target
        self.variables = target.values()
        self.connections: dict[str, Connection] = {}
        self.turns = 0
        self.refused: Refused | None = None
        """Why a connection with a good credential did not come about."""
        self._dialect = target.dialect
        self._limits = limits
        self._recorder = recorder
        self._reader = Reader(target.dialect)
        self._mark = mark
        self._watch = watch
        self._pong = pong_of(target.dialect)

    @property
    def mute(self) -> bool:
        """Whether a ping was left without an answer."""
        return any(connection.mute for connection in self.connections.values())

    async def connect(self, step: Connect) -> None:
        self._tell(f"connect {step.conn}")
        asked = handshake(self.target, step, self.variables)
        known = self.connections.get(step.conn)
        if known is not None and known.ending is None:
            await known.settle(self._limits.moment)
        try:
            wire = await dial(self.target, asked, self._limits, self._recorder.secrets)
        except Refused as refused:
            if step.auth != "good" and refused.status is not None:
                raise Ended(
                    f"the server refused the handshake itself (HTTP {refused.status}), so no frame and no close code "
                    f"was seen"
                ) from None
            self.refused = refused
            raise Ended(f"connection {step.conn} was not made: {refused}") from None
        label = f"{step.conn}{self._mark}"
        self._recorder.opened(label, asked)
        self.connections[step.conn] = Connection(
            step.conn, label, wire, self._reader, self._recorder, self._answer, patience=self._limits.moment
        )

    async def send(self, conn: str, frame: str, values: Mapping[str, Any]) -> None:
        self._tell(f"send {frame}")
        form = self._dialect.frames[frame]
        given = self._filled(values)
        message = serialised(composed(self._dialect, form, given))
        connection = self._on(conn)
        try:
            await connection.send(message, self._limits.wait())
        except Over:
            await connection.finished(self._limits.moment)
            raise Ended(f"{frame} could not be sent: {self._how_ended(conn)}") from None
        except Silence:
            raise Ended(
                f"{frame} could not be sent: the server took nothing in for {self._limits.wait():g} s"
            ) from None
        self.turns += opens_turn(form, given)

    async def malform(self, step: Malform) -> None:
        """Send what is no frame. That the server closes the connection upon it is an answer like others."""
        self._tell(f"send {step.kind}")
        try:
            message = malformed(self._dialect, step, self.variables)
        except UsageError as error:
            raise Ended(str(error), ours=True) from None
        try:
            await self._on(step.conn).send(message, self._limits.wait())
        except Over:
            return
        except Silence:
            wait = self._limits.wait()
            raise Ended(
                f"a message ({step.kind}) could not be sent: the server took nothing in for {wait:g} s"
            ) from None

    async def until(self, step: Until) -> Received | None:
        """Wait for a frame; None where that was optional and nothing came, or where the awaited end has come."""
        self._tell(f"wait for {' or '.join(step.frames)}")
        connection = self._on(step.conn)
        where = self._filled(step.where)

        def fits(received: Received) -> bool:
            if received.key in step.frames:
                return connection.shows(received, where)
            return received.key != "" and received.key in step.alternatives

        wait = self._limits.wait(step.within)
        try:
            received = await connection.until(fits, wait)
        except Silence:
            if self._recorder.flooded:
                raise self._flooded() from None
            if step.optional:
                return None
            raise await self._in_vain(step, connection, wait) from None
        if received is None:
            self._closed(step, connection)
            return None
        if received.key not in step.frames:
            says = f"waited for {_listed(step.frames)}, and {received.key} came: {self._quoted(received)}"
            raise Ended(says, declined=True)
        self._keep(step, connection, received)
        return received

    async def next(self, step: Until) -> Received | None:
        """The very next frame that ended no wait yet, which must be one of those awaited."""
        connection = self._on(step.conn)
        where = self._filled(step.where)
        wait = self._limits.wait(step.within)
        try:
            received = await connection.until(lambda received: True, wait)
        except Silence:
            raise await self._in_vain(step, connection, wait) from None
        if received is None:
            self._closed(step, connection)
        elif received.key not in step.frames:
            raise Ended(f"expected {_listed(step.frames)}, and {received.key or 'an undocumented frame'} came")
        elif not connection.shows(received, where):
            raise Ended(f"expected {received.key} with other values than it came with")
        return received

    async def drop(self, conn: str) -> None:
        self._tell(f"drop {conn}")
        connection = self._on(conn)
        connection.cut()
        await connection.finished(self._limits.moment)

    async def settle(self, conn: str) -> None:
        self._tell(f"settle {conn}")
        await self._on(conn).settle(self._limits.moment)

    async def trigger(self, step: Trigger) -> None:
        """Run the user's command, if there is one, with the variables in its environment."""
        if self.target.trigger is None:
            return
        self._tell(f"trigger: {step.says}")
        secret = {name for name, form in self._dialect.variables.items() if form.secret}
        known = {name: value for name, value in self.variables.items() if name not in secret}
        trouble = await run(self.target.trigger, known, self._limits.wait())
        if trouble:
            raise Ended(f"the command of {self.target.prefix}trigger {trouble}", ours=True)

    async def finish(self) -> None:
        """Settle every connection that is still open."""
        live = [one for one in self.connections.values() if one.ending is None]
        moment = self._limits.moment
        if self._recorder.flooded:
            for connection in live:
                connection.cut()
        await asyncio.gather(*(connection.settle(moment) for connection in live))

    def abandon(self) -> None:
        """Cut every connection at once."""
        for connection in self.connections.values():
            connection.cut()

    def _on(self, conn: str) -> Connection:
        connection = self.connections.get(conn)
        if connection is None:
            raise Ended(f"no connection is called {conn}; connect it first", ours=True)
        return connection

    def _filled(self, values: Mapping[str, Any]) -> Any:
        try:
            return filled(values, self.variables)
        except UsageError as error:
            missing = str(error).partition(";")[0]
            raise Ended(f"{missing}, and no frame has shown it so far", ours=True) from None

    def _keep(self, step: Until, connection: Connection, received: Received) -> None:
        for name, place in step.keep.items():
            value = connection.value(received, place)
            if value is None:
                raise Ended(f"{received.key} came without {place}, which the conversation goes on with")
            self.variables[name] = value

    def _closed(self, step: Until, connection: Connection) -> None:
        """The connection ended while something was awaited; raises unless just this was."""
        if self._recorder.flooded:
            raise self._flooded()
        how = self._how_ended(connection.name)
        code = connection.ending.code if connection.ending is not None else None
        if CLOSE not in step.frames:
            raise Ended(f"waited for {_listed(step.frames)}, and {how}", declined=code not in _NOT_MEANT)
        if step.code is not None and code != step.code:
            raise Ended(f"waited for a close with code {step.code}, and {how}")

    async def _in_vain(self, step: Until, connection: Connection, wait: float) -> Ended:
        """The deadline passed; whose fault that is depends on what is promised, and on its being there."""
        awaited = f"waited {wait:g} s for {_listed(step.frames)}"
        if not await connection.answers(self._limits.moment):
            if connection.ending is not None:
                return Ended(f"{awaited}, and then {self._how_ended(connection.name)}")
            return Ended(f"{awaited}, and the server did not answer a ping either")
        if self._recorder.flooded:
            return self._flooded()
        if step.promised is not None:
            self._recorder.expired(connection.label, step.promised, wait)
        return Ended(f"{awaited}, and nothing of the kind came", silent=True)

    def _how_ended(self, conn: str) -> str:
        ending = self.connections[conn].ending
        if ending is None:
            return "the connection had ended"
        if ending.too_big:
            return (
                f"the server sent a message of more than {self.target.max_size:,} bytes, so the connection was closed"
            )
        if ending.broken:
            return f"what the server sent was not WebSocket ({ending.broken}), so the connection was closed"
        return _ended(ending)

    def _flooded(self) -> Ended:
        limits, seen = self._limits, self._recorder
        if seen.heard > limits.max_frames:
            return Ended(f"the server sent more than {limits.max_frames:,} messages, which is where a scenario ends")
        return Ended(f"the server sent more than {limits.max_bytes:,} bytes, which is where a scenario ends")

    def _quoted(self, received: Received) -> str:
        body = received.body.body
        text = body if isinstance(body, str) else body.decode("utf-8", "replace")
        return excerpt(text, _QUOTED, self._recorder.secrets)

    def _answer(self, form: FrameForm, message: Mapping[str, Any]) -> str | None:
        """What is sent back at once, whatever the script: the answer to a ping."""
        return self._pong if "ask.ping" in form.roles else None

    def _tell(self, what: str) -> None:
        if self._watch is not None:
            self._watch(redact(what, self._recorder.secrets))


def pong_of(dialect: Dialect) -> str | None:
    """The client's answer to a ping, if the dialect has one."""
    forms = (form for form in dialect.frames.values() if form.sender == "client" and "answer.ping" in form.roles)
    form = next(forms, None)
    if form is None:
        return None
    return serialised(composed(dialect, form, form.examples[0] if form.examples else {}))


def _ended(ending: Ending) -> str:
    code = "" if ending.code is None else f" (code {ending.code})"
    match ending.sender:
        case "server":
            return f"the server closed the connection{code}"
        case "client":
            return f"we had ended the connection{code}"
        case None:
            return "the connection broke without a close frame"


def _listed(frames: tuple[str, ...]) -> str:
    return " or ".join("the connection's end" if frame == CLOSE else frame for frame in frames)
