"""One conversation of the fuzzer's with a live server, step by step.

Law: every step ends with the server's pong, with the connection's end, or with a deadline. Everything is recorded and
judged by the checker; what the checker does not know of is told to the oracle. What the server did wrong is a value;
raised is only that nobody lets us in any more (`TargetError`).
"""

from __future__ import annotations

import asyncio
from collections import Counter, deque
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final
from uuid import uuid4

from wirecheck.campaign import oracle
from wirecheck.campaign.back import shut_out
from wirecheck.campaign.frames import at
from wirecheck.campaign.leaks import leaks, texts_in
from wirecheck.campaign.oracle import Before, Flaw, flaw
from wirecheck.campaign.pace import Pace
from wirecheck.campaign.steps import Connect, Drop, Send, Step, filled
from wirecheck.catalog import FrameForm
from wirecheck.drive.connection import Connection, Reader, Silence
from wirecheck.drive.dial import dial
from wirecheck.drive.handshake import handshake
from wirecheck.drive.reach import any_connection, pings
from wirecheck.drive.recorder import Recorder, Spool
from wirecheck.drive.refusal import Refused
from wirecheck.drive.stage import pong_of
from wirecheck.drive.target import Limits, Target
from wirecheck.drive.wire import Incoming, Over
from wirecheck.record import Message, Record
from wirecheck.verdict import Finding, Report

_REMEMBERED: Final = 20
"""Messages of ours that an error may repeat."""
_AT_LEAST: Final = 2
_ROUNDS: Final = 50
"""Round trips after a message: as many as bring something new, and never more than these."""
_OWN: Final = 8
"""Characters by which what nobody has named yet is told from what other conversations made up."""
_FLAWS: Final = 20
"""Different flaws of one conversation that are kept."""


@dataclass(slots=True, kw_only=True)
class _Line:
    """A connection, and what was said on it since it opened. `errors` and `others` count what came since `last`."""

    connection: Connection
    said: deque[str] = field(default_factory=lambda: deque(maxlen=_REMEMBERED))
    last: Send | None = None
    largest: int = 0
    valid: bool = False
    turns: int = 0
    errors: int = 0
    others: int = 0
    judged: bool = False
    counted: bool = True

    def says(self, step: Send, body: str | bytes) -> None:
        text = body if isinstance(body, str) else body.decode("utf-8", "replace")
        self.said.append(text)
        self.last, self.errors, self.others, self.counted = step, 0, 0, step.defect is None
        self.largest = max(self.largest, len(body))
        self.valid = self.valid or step.defect is None
        self.turns += step.turns


class Talk:
    """One conversation. `answers` counts how invalid frames were answered: `error`, `other`, `nothing`, `close`."""

    def __init__(self, target: Target, limits: Limits, pace: Pace) -> None:
        self.spool = Spool()
        self.answers: Counter[str] = Counter()
        self._target = target
        self._dialect = target.dialect
        self._limits = limits
        self._pace = pace
        name = f"{target.dialect.name}/fuzz"
        self._recorder = Recorder(
            target.dialect,
            self.spool,
            limits,
            name=name,
            secrets=target.secrets(),
            exclusive=False,
            watch=self._saw,
        )
        self._reader = Reader(target.dialect)
        self._pong = pong_of(target.dialect)
        self._variables = target.values()
        self._spoilt = False
        self._own = uuid4().hex[:_OWN]
        self._lines: dict[str, _Line] = {}
        self._known: dict[str, dict[str, str]] = {}
        self._flaws: dict[tuple[str, ...], Flaw] = {}

    @property
    def flaws(self) -> tuple[Flaw, ...]:
        """What was found so far, each cause once."""
        return tuple(self._flaws.values())

    @property
    def flooded(self) -> bool:
        """Whether the server said more than is taken in; the conversation cannot go on then."""
        return self._recorder.flooded

    async def do(self, step: Step) -> None:
        """Do one step. A message on a connection that the server has ended opens it anew."""
        try:
            match step:
                case Connect():
                    await self._barrier(await self._open(step.conn))
                case Send():
                    await self._send(step)
                case Drop():
                    await self._drop(step.conn)
        except Refused as refused:
            await self._shut_out(refused)

    async def settle(self) -> None:
        """Read on every connection until the server has answered a ping."""
        for line in tuple(self._lines.values()):
            if line.connection.ending is None:
                await self._barrier(line)

    async def close(self) -> None:
        """Close every connection in good order, and judge what is left to be judged."""
        open_lines = [line for line in self._lines.values() if line.connection.ending is None]
        for line in open_lines:
            if line.connection.mute:
                line.connection.cut()
        await asyncio.gather(*(line.connection.settle(self._limits.moment) for line in open_lines))
        for line in self._lines.values():
            self._judge(line)
            self._count(line)

    def report(self) -> Report:
        """What the checker makes of it, after its end."""
        return self._recorder.report()

    async def abandon(self) -> None:
        """Cut every connection at once."""
        for line in self._lines.values():
            line.connection.cut()
            await line.connection.finished(self._limits.moment)

    async def _open(self, conn: str) -> _Line:
        known = self._lines.get(conn)
        if known is not None and known.connection.ending is None:
            await known.connection.settle(self._limits.moment)
            self._judge(known)
        if known is not None:
            self._count(known)
        asked = handshake(self._target, replace(any_connection(self._target), conn=conn), self._variables)
        wire = await dial(self._target, asked, self._limits, self._recorder.secrets)
        self._recorder.opened(conn, asked)
        line = self._lines[conn] = _Line(
            connection=Connection(
                conn, conn, wire, self._reader, self._recorder, self._answer, patience=self._limits.moment
            )
        )
        return line

    async def _send(self, step: Send) -> None:
        line = self._lines.get(step.conn)
        if line is None or line.connection.ending is not None:
            line = await self._open(step.conn)
        body = filled(step, self._known.get(step.conn, {}), self._own)
        await self._pace.next()
        self._count(line)
        self._spoilt = self._spoilt or step.defect is not None
        line.says(step, body)
        try:
            await line.connection.send(body, self._limits.wait(), text=isinstance(body, bytes) and not step.binary)
        except Over:
            await line.connection.ends(self._limits.moment)
        except Silence:
            self._add(flaw("unresponsive", f"the server took nothing in for {self._limits.wait():g} s"))
        if not step.hurried:
            await self._barrier(line)

    async def _drop(self, conn: str) -> None:
        line = self._lines.get(conn)
        if line is not None and line.connection.ending is None:
            line.connection.cut()
            await line.connection.finished(self._limits.moment)
            self._judge(line)

    async def _barrier(self, line: _Line) -> None:
        """Read until the server has answered a ping, and then until a whole round trip has brought nothing new.

        A library may answer a ping before the program below it has looked at what came earlier.
        """
        connection = line.connection
        rounds, before = 0, -1
        while rounds < _ROUNDS and (rounds < _AT_LEAST or self._recorder.heard > before):
            rounds, before = rounds + 1, self._recorder.heard
            if not await connection.answers(self._limits.wait()):
                if not await connection.ends(self._limits.moment):
                    await self._stuck(line)
                break
        self._judge(line)

    async def _stuck(self, line: _Line) -> None:
        """No pong came in time. A server that is at work on a turn may be slow to answer; one that is not, may not."""
        wait = self._limits.wait()
        if not await pings(self._target, self._limits, wait):
            says = f"a ping was not answered in {wait:g} s, and neither was one on a new connection"
            self._add(flaw("unresponsive", says))
        else:
            line.connection.mute = False
            late = await line.connection.answers(wait) or await line.connection.ends(self._limits.moment)
            if not late and not line.turns:
                says = f"two pings were not answered in {wait:g} s each, though a new connection's was"
                self._add(flaw("unresponsive", says))
        if line.connection.mute:
            line.connection.cut()
            await line.connection.finished(self._limits.moment)

    async def _shut_out(self, refused: Refused) -> None:
        shut = await shut_out(self._target, self._limits)
        if shut is None:
            raise refused
        self._add(shut)

    def _judge(self, line: _Line) -> None:
        """How the connection ended, if it has; once."""
        ending = line.connection.ending
        if ending is None or line.judged:
            return
        line.judged = True
        before = Before(
            last=line.last,
            largest=line.largest,
            valid=line.valid,
            quiet=not line.others,
            coded=self._target.transport == "websocket",
        )
        found = oracle.of_close(self._dialect, ending, before)
        if found is not None:
            self._add(found)

    def _count(self, line: _Line) -> None:
        """How the last message was answered, if it was an invalid one; once, when nothing more is to be expected."""
        if not line.counted:
            line.counted = True
            ending = line.connection.ending
            ended = ending is not None and ending.sender != "client"
            way = "close" if ended else "error" if line.errors else "other" if line.others else "nothing"
            self.answers[way] += 1

    def _saw(self, record: Record, findings: tuple[Finding, ...]) -> None:
        for finding in findings:
            found = oracle.of_finding(finding, spoilt=self._spoilt)
            if found is not None:
                self._add(found)
        line = self._lines.get(record.at.conn)
        if line is not None and isinstance(record, Message) and record.sender == "server":
            self._heard(line, record)

    def _heard(self, line: _Line, record: Message) -> None:
        message = self._reader.parse(Incoming(body=record.body, binary=record.binary))
        form = None if message is None else self._reader.form(message)
        is_error = form is not None and self._is_error(form)
        if is_error:
            line.errors += 1
        elif form is None or not {"ask.ping", "keepalive"} & set(form.roles):
            line.others += 1
        upset = line.last is not None and line.last.defect is not None
        if is_error or (form is None and upset):
            self._look_into(line, record.body if message is None else message)
        if form is not None and message is not None:
            self._learn(record.at.conn, form, message)

    def _is_error(self, form: FrameForm) -> bool:
        rejects = self._dialect.rejects
        return "error" in (*form.roles, *form.may) or (rejects is not None and form.key == rejects.answer)

    def _look_into(self, line: _Line, said: Any) -> None:
        texts = [said.decode("utf-8", "replace")] if isinstance(said, bytes) else texts_in(said)
        for leak in leaks(texts, line.said):
            if not (leak.is_path and line.turns):
                self._add(oracle.of_leak(leak, line.last, self._recorder.secrets))

    def _learn(self, conn: str, form: FrameForm, message: Mapping[str, Any]) -> None:
        payload = self._reader.payload(form, message)
        for name, locators in self._dialect.names.items():
            for locator in locators:
                value = at(locator, message, payload)
                if isinstance(value, str) and value:
                    self._known.setdefault(conn, {})[name] = value

    def _answer(self, form: FrameForm, message: Mapping[str, Any]) -> str | None:
        """What a well-behaved client sends back at once: the answer to a ping."""
        return self._pong if "ask.ping" in form.roles else None

    def _add(self, found: Flaw) -> None:
        if len(self._flaws) < _FLAWS:
            self._flaws.setdefault(found.cause, found)
