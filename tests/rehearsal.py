"""A scenario played on paper: the reference server's stage and a client by the script, without sockets and clocks.

Law: what the client does follows from the scenario's words alone, and what it saw is judged by the checker, as a
driver's capture is. Its reading says what it has read before it does anything more: an eager client all that was sent,
a lazy one no more than it waited for, and one of chance something in between. On a real wire all of these happen.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from random import Random
from typing import Any, Literal

from wirecheck.catalog import Dialect, Scenario, Sender
from wirecheck.catalog.places import equal
from wirecheck.catalog.script import CLOSE, Connect, Drop, Hangup, Malform, Plays, Send, Settle, Show, Trigger, Until
from wirecheck.check import Checker
from wirecheck.record import At, Closed, Message, Opened, Record, Trial
from wirecheck.scenario.arrival import Arrival
from wirecheck.scenario.conversations import Conversation, Visitor
from wirecheck.scenario.mutants import mutation
from wirecheck.scenario.plan import Action, Outgoing
from wirecheck.scenario.stage import Answer, Stage
from wirecheck.scenario.values import at_pointer, composed, filled, malformed, payload_of, serialised
from wirecheck.verdict import Report

Reading = Literal["eager", "lazy"] | Random


class Broke(Exception):
    """The scenario cannot go on."""


@dataclass(eq=False)
class Wire:
    """One connection. `pending` was sent and not yet read; `window` was read and has ended no wait yet."""

    label: str
    guest: Visitor
    pending: deque[Outgoing | int] = field(default_factory=deque)
    window: list[Outgoing] = field(default_factory=list)
    grouped: bool = True
    sends: int = 0
    cut: bool = False
    ended: bool = False


@dataclass(eq=False)
class Act:
    """A reaction that is being played: `sends` is how many messages the client had sent when a hold began."""

    answer: Answer
    wire: Wire
    left: deque[Action]
    sends: int | None = None


class Rehearsal:
    """One scenario after another, with one server."""

    def __init__(self, dialect: Dialect, mutant: str | None = None, reading: Reading = "eager") -> None:
        self.dialect = dialect
        self.stage = Stage(dialect, mutation=None if mutant is None else mutation(dialect, mutant))
        self.reading = reading
        self.values = {name: variable.reference for name, variable in dialect.variables.items()}

    def play(self, scenario: Scenario) -> tuple[Report, str]:
        """What the checker says, and why the scenario ended early ("": it did not)."""
        self.records: list[Record] = []
        self.wires: dict[str, Wire] = {}
        self.acts: list[Act] = []
        self.parts: dict[int, list[Wire]] = {}
        self.kept: list[Conversation] = []
        self.variables = dict(self.values)
        ended, at = "", len(scenario.steps)
        for index, step in enumerate(scenario.steps):
            try:
                self._do(step)
            except Broke as broke:
                ended, at = str(broke), index
                break
        if ended and any(isinstance(step, Malform) for step in scenario.steps[:at]):
            for step in scenario.steps[at:]:
                if isinstance(step, Show) and step.conn in self.wires:
                    self._record(Trial(at=self._at(step.conn), guarantee=step.guarantee, outcome="broken", says=ended))
        for wire in self.wires.values():
            self._settle(wire)
        checker = Checker(self.dialect, input=scenario.name, side="server")
        for record in self.records:
            checker.receive(record)
        return checker.close(), ended

    def _do(self, step: Any) -> None:
        if not isinstance(step, Until | Plays):
            for wire in self.wires.values():
                self._read(wire, self._at_once(wire))
        if isinstance(step, Connect):
            self._connect(step)
        elif isinstance(step, Send):
            form = self.dialect.frames[step.frame]
            self._send(
                self.wires[step.conn], serialised(composed(self.dialect, form, filled(step.values, self.variables)))
            )
        elif isinstance(step, Malform):
            wire = self.wires[step.conn]
            if not wire.ended:
                self._send(wire, malformed(self.dialect, step, self.variables))
        elif isinstance(step, Until):
            self._until(step)
        elif isinstance(step, Drop):
            wire = self.wires[step.conn]
            wire.cut = True
            self._close(wire, 1006, "client")
        elif isinstance(step, Settle):
            self._settle(self.wires[step.conn])
        elif isinstance(step, Show):
            self._record(Trial(at=self._at(step.conn), guarantee=step.guarantee, outcome="held"))
        else:
            assert isinstance(step, Plays | Trigger)

    def _at_once(self, wire: Wire) -> int:
        """How much the client reads before it does its next step."""
        waiting = len(wire.pending)
        if isinstance(self.reading, Random):
            return self.reading.randint(0, waiting)
        return waiting if self.reading == "eager" else 0

    def _connect(self, step: Connect) -> None:
        params = filled(step.params, self.variables)
        known = self.dialect.connect.params
        query = "&".join(
            f"{k}={str(v).lower() if isinstance(v, bool) else v}"
            for k, v in params.items()
            if known[k].place == "query"
        )
        path = (self.dialect.connect.path or "/").format(**params)
        label = step.conn
        while any(record.at.conn == label for record in self.records):
            label += "'"
        sees: frozenset[Sender] = frozenset(("client", "server"))
        self._record(
            Opened(
                at=At(line=len(self.records) + 1, conn=label), url=f"ws://x{path}?{query}", sees=sees, vantage="client",
                exclusive=True, auth=step.auth if self.dialect.connect.auth else None,
            )
        )  # fmt: skip
        guest, answer = self.stage.opened(
            Arrival(params=params, auth=step.auth if self.dialect.connect.auth else "good")
        )
        wire = self.wires[step.conn] = Wire(label=label, guest=guest)
        self._answered(wire, answer)

    def _send(self, wire: Wire, body: str | bytes) -> None:
        if wire.ended:
            raise Broke("the connection has ended")
        if not wire.grouped:
            wire.grouped = True
            wire.window.clear()
        self._record(Message(at=self._at_wire(wire), sender="client", body=body, binary=isinstance(body, bytes)))
        wire.sends += 1
        if not any(isinstance(one, int) for one in wire.pending):
            self._pump()
            answer = self.stage.heard(wire.guest, body).answer
            if answer is not None:
                self._answered(wire, answer)

    def _answered(self, wire: Wire, answer: Answer) -> None:
        if not answer.apart:
            self._attach(answer.conversation, wire)
        self.acts.append(Act(answer=answer, wire=wire, left=deque(answer.reaction.actions)))
        self._pump()

    def _attach(self, conversation: Conversation, wire: Wire) -> None:
        self.kept.append(conversation)
        parts = self.parts.setdefault(id(conversation), [])
        if wire not in parts:
            parts.append(wire)

    def _pump(self) -> None:
        """The server plays on until everything waits for the client."""
        going = True
        while going:
            going = False
            busy: set[int] = set()
            for act in list(self.acts):
                owner = id(act) if act.answer.apart else id(act.answer.conversation)
                if owner not in busy:
                    while act.left and self._one(act):
                        going = True
                    if not act.left:
                        self.acts.remove(act)
                        if act.answer.apart:
                            self._attach(act.answer.conversation, act.wire)
                            going = True
                    else:
                        busy.add(owner)

    def _one(self, act: Act) -> bool:
        action = act.left[0]
        if isinstance(action, Outgoing):
            wires = [act.wire] if act.answer.apart else self.parts.get(id(act.answer.conversation), [])
            live = [wire for wire in wires if not wire.cut and not wire.ended]
            if not live:
                return False
            for wire in live:
                if self.stage.admits(wire.guest, action):
                    wire.pending.append(action)
            self.stage.sent(act.answer.conversation, action)
        elif isinstance(action, Hangup):
            act.wire.pending.append(action.code)
        else:
            act.sends = act.wire.sends if act.sends is None else act.sends
            gone = act.wire.cut or act.wire.ended
            if not gone and not (action.event == "send" and act.wire.sends > act.sends):
                return False
            act.sends = None
        act.left.popleft()
        return True

    def _read(self, wire: Wire, most: int = 1) -> bool:
        """Read so many frames, if there are as many; whether there was one."""
        read = 0
        while wire.pending and not wire.ended and read < most:
            read += 1
            item = wire.pending.popleft()
            if isinstance(item, int):
                self._close(wire, item, "server")
                break
            self._record(Message(at=self._at_wire(wire), sender="server", body=serialised(item.message)))
            wire.window.append(item)
            if "ask.ping" in item.roles:
                self._answer_ping(wire)
        return read > 0

    def _answer_ping(self, wire: Wire) -> None:
        pong = next(form for form in self.dialect.frames.values() if "answer.ping" in form.roles)
        grouped, wire.grouped = wire.grouped, True
        self._send(wire, serialised(composed(self.dialect, pong, {})))
        wire.grouped = grouped

    def _until(self, step: Until) -> None:
        wire = self.wires[step.conn]
        wire.grouped = False
        where = filled(step.where, self.variables)
        while True:
            for frame in list(wire.window):
                if self._fits(frame, step, where):
                    wire.window.remove(frame)
                    if frame.form.key not in step.frames:
                        raise Broke(f"waited for {step.frames}, and {frame.form.key} came")
                    payload = payload_of(self.dialect, frame.form, frame.message)
                    self.variables |= {name: at_pointer(payload, place) for name, place in step.keep.items()}
                    return
            if wire.ended:
                if CLOSE in step.frames:
                    return
                raise Broke(f"waited for {step.frames}, and the connection ended")
            if not self._read(wire):
                break
        if step.optional:
            return
        if step.promised is not None:
            self._record(Trial(at=self._at_wire(wire), guarantee=step.promised, outcome="expired", seconds=1.0))
        raise Broke(f"waited for {step.frames}, and nothing came")

    def _fits(self, frame: Outgoing, step: Until, where: Mapping[str, Any]) -> bool:
        if frame.form.key in step.frames:
            payload = payload_of(self.dialect, frame.form, frame.message)
            return all(equal(at_pointer(payload, place), value) for place, value in where.items())
        return frame.form.key in step.alternatives

    def _settle(self, wire: Wire) -> None:
        while self._read(wire):
            pass
        if not wire.ended:
            self._close(wire, 1000, "client")

    def _close(self, wire: Wire, code: int, sender: Any) -> None:
        if not wire.ended:
            wire.ended = True
            self._record(Closed(at=self._at_wire(wire), code=code, sender=sender))
            self._pump()

    def _record(self, record: Record) -> None:
        self.records.append(record)

    def _at(self, conn: str) -> At:
        return self._at_wire(self.wires[conn])

    def _at_wire(self, wire: Wire) -> At:
        return At(line=len(self.records) + 1, conn=wire.label)
