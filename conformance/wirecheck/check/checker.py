"""The checker: records in, findings out, a report at the end.

Law: sans-I/O. Each record is judged at once and then forgotten; what is kept is the state of open connections, a
bounded memory of sessions, and counts. One checker judges one capture (nothing crosses captures) or one live process.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any, Literal

from wirecheck.catalog.model import SENDERS, Dialect, Envelope, FrameForm, Sender, Style
from wirecheck.check import history, memory, noting, route, trials
from wirecheck.check.block import Block
from wirecheck.check.facts import Openings, Opens
from wirecheck.check.findings import bad_line, close_code, closed_wrongly, placed
from wirecheck.check.frames import contained
from wirecheck.check.gather import Gathering
from wirecheck.check.homes import meet
from wirecheck.check.link import HEARD, Link, Spot
from wirecheck.check.plan import Moves
from wirecheck.check.tables import tables
from wirecheck.check.take import Taker
from wirecheck.check.tally import Sides
from wirecheck.decode import Decoded
from wirecheck.record import At, BadLine, Closed, Message, Opened, Record, Trial
from wirecheck.shapes.state import Clients, Event, Facts
from wirecheck.verdict import Finding, Report

__all__ = ["Checker"]

MAX_LINKS = 10_000
"""Connections open at once; beyond, the one that opened first counts as cut, and as unseen if it goes on."""
MAX_AT_ONCE = 1_000
"""Findings returned for one record; further ones (a batch may have millions) are in the report alone."""
MAX_SESSIONS = 100_000
"""Sessions whose connection is remembered; later ones are never sure of being seen from their start."""

_NO_PART = memory.Link()
"""A connection's part of what sessions held, where nothing is remembered of them."""


class Checker(Gathering):
    """Judges the records of one capture against one dialect.

    `envelope` is the style in which frames are expected (`auto`: each connection's is fixed by its first frame that
    shows one). `closed` turns undocumented members into findings. `side` and `rules` select whose and which
    guarantees are judged; findings of the other side are not reported. `secrets` show in no finding, and neither do
    those with which a connection was opened. Findings come back from `receive` as they are made; `close` ends what is
    open, and returns the report. Raises nothing because of what a peer sent.
    """

    def __init__(
        self,
        dialect: Dialect,
        *,
        input: str = "-",
        envelope: Envelope | Literal["auto"] = "wire",
        closed: bool = False,
        side: Sides = "both",
        rules: Collection[str] | None = None,
        secrets: frozenset[str] = frozenset(),
    ) -> None:
        super().__init__(dialect, input=input, side=side, rules=rules, secrets=secrets)
        self._auto = envelope == "auto"
        made = tables(dialect, envelope="wire" if envelope == "auto" else envelope, closed=closed)
        self._tables, self._plan, self._decoder = made, made.plan, made.decoder
        self._taker: Taker | None = None
        self.max_sessions = MAX_SESSIONS
        self._glances, self._reader = made.glances, made.reader
        self.remembers, self.history = history.is_wanted(self._plan), memory.History()
        self.links: dict[str, Link] = {}
        self.numbered: dict[int, Link] = {}
        self.met: dict[Any, int] = {}
        self._clients = Clients()
        self.epoch = self._lost = 0
        """Counts what concerns every connection; and the count at which a record of nobody knows which was lost."""
        self._openings = Openings(self._plan, self._secrets)

    def receive(self, record: Record) -> tuple[Finding, ...]:
        """Judge one record. Records of a connection must come in the order in which they were recorded."""
        if record.__class__ is not Message:
            return self._occurred(record)
        self.tally.frames += 1
        at, sender, body = record.at, record.sender, record.body
        link = self.links.get(at.conn)
        if link is None:
            link = self._connect(at.conn, Facts(self._clients), self._secrets)
        if link.epoch != self.epoch:
            self.catch_up(link)
        if sender not in link.heard:
            self.hears(link, sender)
        if self._auto and link.style is None:
            link.style = self._shown(record)
        fit = None
        if body.__class__ is str and not record.has_value:
            fit = self._decoder.fit(body, sender, link.style)
        if fit is not None:
            look = self._glances.get(fit[0].key)
            if look is not None and link.row is None:
                # Most frames are pieces of text: a look at their span is all that they need.
                span = route.glance(link.state, look, fit[2])
                if span is not None and (
                    not self.remembers
                    or noting.continues(
                        self.history.sessions, link.memory, link.number, span.key, fit[2].get(look.text)
                    )
                ):
                    span.witnessed = True
                    self.out.counts[look.guarantee][0] += 1
                    return ()
            self._ordered(link, at, Decoded(*fit))
        elif record.has_value:
            self._explained(link, at, sender, self._decoder.explain_value(record.value, sender, style=link.style), ())
        else:
            decoded = self._decoder.explain(body, sender, binary=record.binary, style=link.style)
            self._explained(link, at, sender, decoded, ())
        return self.collect(link) if self._found or self.out.broken else ()

    def take(self, block: Block) -> None:
        """Judge the records of a whole block: what `receive` does with each, quicker, and without their findings.

        Those are in the report alone.
        """
        if self._auto:
            for index in range(len(block.lines)):
                record = block.record(index)
                if record is not None:
                    self.receive(record)
            return
        if self._taker is None:
            self._taker = self._tables.taker(self)
        self._taker.take(block)

    def close(self) -> Report:
        """End what is still open and report. Call it once."""
        for conn, link in list(self.links.items()):
            self._disconnect(conn, None, None, None)
            self.collect(link)
        if self._taker is not None:
            self._taker.stepper.flush(self.out)
        return self.reported()

    def settle(self) -> None:
        """Count all that was counted by the steps that were taken: from then on the state is a value."""
        if self._taker is not None:
            self._taker.stepper.flush(self.out)

    def hears(self, link: Link, sender: Sender) -> bool:
        """Note that this side is recorded; whether a row can go on from here."""
        link.heard = HEARD[sender if not link.heard else None]
        self.tally.recorded.add(sender)
        if sender not in link.facts.seen:
            link.leave()
            link.facts.seen |= {sender}
        return link.row is not None

    def _occurred(self, record: Record) -> tuple[Finding, ...]:
        """Judge a record that is no message."""
        at = record.at
        if isinstance(record, Opened):
            return self.opens(at.conn, record, at.line)
        if isinstance(record, Closed):
            return self.closes(at.conn, (at.line, at.t), record.sender, record.code)
        self.tally.others += 1
        link = self.links.get(at.conn)
        if isinstance(record, BadLine):
            self._bad_line(record, link)
        elif isinstance(record, Trial):
            trials.count(self._plan, link.state if link is not None else None, record, self.out)
        return self.collect(link)

    def _shown(self, record: Message) -> Style | None:
        if record.has_value:
            return self._decoder.value_style(record.value, record.sender)
        return self._decoder.shown_style(record.body, record.sender)

    def _explained(self, link: Link, at: At, sender: Sender, decoded: Decoded, above: tuple[Any, ...]) -> None:
        """A message that needed explaining: what is wrong with it, and then what it means for the order."""
        for fault in decoded.faults:
            self._found.append(placed(fault, sender, at, above))
        variant = decoded.variant
        if variant is not None:
            self._ordered(link, at, decoded)
            if variant.form.contains is not None:
                self._batch(link, at, sender, decoded, variant.form, above)
        elif not decoded.legible:
            self._blur(link, sender, at)
            if self.remembers:
                history.blur(self.history, link.number)

    def _blur(self, link: Link, sender: Sender, at: At) -> None:
        if link.row is None or self._taker is None or not self._taker.stepper.blurred(link, sender, at):
            route.blur(self._plan, link.state, sender, self.out)

    def _ordered(self, link: Link, at: At, decoded: Decoded) -> None:
        """Judge where a frame stands among the others."""
        if link.row is not None and self._taker is not None and self._taker.stepper.ordered(link, at, decoded):
            return
        plan, state, out = self._plan, link.state, self.out
        state.seq += 1
        event, moves = self._reader.read(decoded, at, state.seq)
        bracket = plan.bracket
        if bracket is None:
            route.route(plan, state, event, moves, out)
            return
        session = event.key(bracket.keys)[0]
        facts = state.facts
        if session not in facts.homes:
            meet(self.met, self.numbered, link, session, born=moves.born, most=self.max_sessions)
        trace = route.route(plan, state, event, moves, out)
        if moves.may_closes and moves.sender == "client":
            self.epoch += 1
            link.epoch = self.epoch
        if not (self.remembers and moves.historic):
            return
        if trace is None:
            if moves.unplaceable:
                history.doubt(self.history)
        else:
            self.remember(link, event, moves, decoded.payload, replayed=not trace.live)

    def remember(self, link: Link, event: Event, moves: Moves, payload: Mapping[str, Any], *, replayed: bool) -> None:
        """What the frame means to what its session held."""
        plan, facts = self._plan, link.facts
        session = None if plan.bracket is None else event.key(plan.bracket.keys)[0]
        history.observe(
            plan,
            self.history,
            link.number,
            event,
            moves,
            payload,
            home=session in facts.homes,
            exclusive=facts.exclusive,
            replayed=replayed,
            out=self.out,
        )

    def _batch(
        self, link: Link, at: At, sender: Sender, decoded: Decoded, form: FrameForm, above: tuple[Any, ...]
    ) -> None:
        """The items of a batch are frames themselves, in order, at the batch's record."""
        inside = () if decoded.style == "flat" else (self.dialect.envelope.data,)
        for index, item in enumerate(contained(decoded, form)):
            inner = self._decoder.explain_value(item, sender, style=link.style)
            self._explained(link, at, sender, inner, (*above, *inside, *(form.contains or ()), index))
            if len(self._found) + len(self.out.broken) > MAX_AT_ONCE:
                self.collect(link)

    def opens(self, conn: str, opened: Opens, line: int) -> tuple[Finding, ...]:
        """Judge that a connection opens."""
        self.tally.others += 1
        link = self.links.get(conn)
        if link is not None:
            self._disconnect(conn, None, None, None)
        opening = self._openings.of(opened)
        begun = self._connect(conn, opening.facts(self._clients), opening.secrets)
        self.tally.recorded |= opening.seen
        return self.collect(link or begun) if self._found or self.out.broken else ()

    def closes(self, conn: str, spot: Spot, sender: Sender | None, code: int | None) -> tuple[Finding, ...]:
        """Judge that a connection closes."""
        self.tally.others += 1
        link = self.links.get(conn) or self._connect(conn, Facts(self._clients), self._secrets)
        wrong = close_code(self.dialect, code, sender)
        if wrong is not None:
            self._found.append(closed_wrongly(wrong, code, sender, link.at(spot)))
        self._disconnect(conn, spot, sender, code)
        return self.collect(link) if self._found or self.out.broken else ()

    def _bad_line(self, record: BadLine, link: Link | None) -> None:
        """A record that was lost may have been any message of its connection, or of any if it does not say which."""
        self._found.append(bad_line(record))
        if link is not None:
            self._lose(link, record.at)
        elif not record.at.conn:
            self.epoch += 1
            self._lost = self.epoch

    def _lose(self, link: Link, at: At) -> None:
        for sender in SENDERS:
            self._blur(link, sender, at)
        if self.remembers:
            history.blur(self.history, link.number)

    def catch_up(self, link: Link) -> None:
        """Apply to this connection what happened on others, or nobody knows where, since it was last looked at."""
        if link.epoch < self._lost:
            self._lose(link, At(line=0, conn=""))
        elif link.row is None or self._taker is None or not self._taker.stepper.excused(link):
            route.excuse(self._plan, link.state, self.out)
        link.epoch = self.epoch

    def _connect(self, conn: str, facts: Facts, secrets: frozenset[str]) -> Link:
        self.tally.connections += 1
        if not facts.started:
            self._clients.unseen += 1
        if len(self.links) >= MAX_LINKS:
            self._disconnect(next(iter(self.links)), None, None, None)
        facts.number = self.tally.connections
        part = history.join_in(self.history, facts.number) if self.remembers else _NO_PART
        link = Link(conn, facts, secrets, part, self._tables.rows)
        if self._taker is not None:
            link.begin(self._tables.rows)
        link.epoch = self.epoch
        self.links[conn] = self.numbered[link.number] = link
        return link

    def _disconnect(self, conn: str, spot: Spot | None, sender: Sender | None, code: int | None) -> None:
        """The connection closed; or, where nothing says so, it is over nevertheless."""
        link = self.links.pop(conn)
        del self.numbered[link.number]
        if link.epoch != self.epoch:
            self.catch_up(link)
        if link.row is None or self._taker is None or not self._taker.stepper.closed(link, spot, sender, code):
            at = None if spot is None else link.at(spot)
            route.disconnect(self._plan, link.state, self.out, at=at, sender=sender, code=code)
        if self.remembers:
            history.disconnect(self._plan, self.history, link.number, self.out)
