"""The connections that began in a stretch of a capture, judged as if nothing had been before.

Law: whatever the other connections of the capture might have seen of these goes into a journal, and so does whatever
was asked about the others. Nothing is decided here that depends on them: `absorb` does that.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from wirecheck.catalog.model import Dialect, Sender
from wirecheck.check import memory
from wirecheck.check.checker import Checker
from wirecheck.check.facts import Opens
from wirecheck.check.journal import FAR, NOTHING, Asked, Entries, Full, Journal, Links, Past, Remembered
from wirecheck.check.link import Link, Spot
from wirecheck.check.memory import Session
from wirecheck.check.plan import Moves
from wirecheck.check.portions import Portions, alone
from wirecheck.check.tally import Placed
from wirecheck.record import Record
from wirecheck.shapes.lane import MAX_KEYS
from wirecheck.shapes.opted import MAX_TOPICS
from wirecheck.shapes.state import Event
from wirecheck.verdict import Finding

_MISSED: Final = 10_000
"""Topics that may be asked for in vain before a stretch counts for nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stretch:
    """What a checker of the connections that began in a stretch leaves behind, as a value.

    `entries`: its journal. `bumps`: where it took a client to have ended something on an older connection. `lines`:
    where the connections that are still open began, by their numbers. `most`: how many were open at once. `shown`: the
    sessions that it met, where they are not in `met`. `sessions`: what is remembered of those of which the journal
    tells, in its order. `looked`: whether it counted what befalls all sessions. `missed`, `bold`: what it asked about
    other clients (see `Asked`). `sound` is false where bounds were reached, so that none of it counts.
    """

    known: Past
    entries: Entries
    bumps: tuple[int, ...]
    links: Portions[Link]
    lines: dict[int, int]
    most: int
    met: dict[Any, int]
    shown: frozenset[Any]
    sessions: Portions[Session]
    looked: bool
    epoch: int
    missed: frozenset[str]
    bold: bool
    connections: int
    tally: Placed
    sound: bool


class Apart(Checker):
    """Judges the connections that begin in a stretch of a capture, and knows of what was before no more than `known`.

    Whatever happens to all connections, and is not seen here, has to be told by `elsewhere`.
    """

    _count = 0

    def __init__(self, dialect: Dialect, *, known: Past = NOTHING, first: int, **options: Any) -> None:
        super().__init__(dialect, **options)
        self._known = known
        self._begun = first - FAR
        self._disowned = 0
        self._bumps: list[int] = []
        self._placed = Placed(input=self.tally.input, connections=self._begun, outcomes=self.out, line=first)
        journal = self._journal = Journal(self._placed)
        self._asked = Asked(journal, known)
        self._remembered = Remembered(journal)
        self._opened_here = Links(journal)
        self.tally = self._placed
        self._clients = self._asked
        self.history = self._remembered
        self.links = self._opened_here
        if known.met:
            self.met = Full()

    @property
    def epoch(self) -> int:
        return self._count

    @epoch.setter
    def epoch(self, value: int) -> None:
        if hasattr(self, "_journal"):
            self._journal.add("epoch", value - self._count)
        self._count = value

    def receive(self, record: Record) -> tuple[Finding, ...]:
        self._placed.line = record.at.line
        return super().receive(record)

    def opens(self, conn: str, opened: Opens, line: int) -> tuple[Finding, ...]:
        self._placed.line = line
        return super().opens(conn, opened, line)

    def closes(self, conn: str, spot: Spot, sender: Sender | None, code: int | None) -> tuple[Finding, ...]:
        self._placed.line = spot[0]
        return super().closes(conn, spot, sender, code)

    def remember(self, link: Link, event: Event, moves: Moves, payload: Mapping[str, Any], *, replayed: bool) -> None:
        self._placed.line = event.at.line
        super().remember(link, event, moves, payload, replayed=replayed)

    def elsewhere(self, line: int, *, lost: bool) -> None:
        """A client on another connection may have ended anything; or a record of nobody knows which was lost."""
        self._bumps.append(line)
        self._count += 1
        if lost:
            self._lost = self._count

    @property
    def size(self) -> float:
        """How much is remembered, in parts of what one checker may remember."""
        return max(
            len(self.history.sessions) / memory.MAX_SESSIONS,
            self.history.weight / memory.MAX_WEIGHT,
            len(self._asked.asks) / MAX_KEYS,
            len(self._asked.missed) / _MISSED,
        )

    @property
    def noted(self) -> int:
        """How much there is in the journal."""
        return len(self._journal.entries) + len(self._bumps)

    def shows(self, session: Any) -> bool:
        """Whether the session was met here."""
        return session in (self.met.asked if isinstance(self.met, Full) else self.met)

    def disown(self, conn: str) -> None:
        """Forget a connection of which nothing but its opening was seen."""
        self._journal.entries.strike(self._opened_here.places[self.links[conn].number])
        link = self.links.pop(conn)
        del self.numbered[link.number]
        self.history.links.pop(link.number, None)
        self.tally.others -= 1
        self._disowned += 1

    def stretch(self) -> Stretch:
        """What there is to take over. Nothing more can be judged after it."""
        self.settle()
        asked, opened, remembered = self._asked, self._opened_here, self._remembered
        lines = self._journal.entries.lines
        return Stretch(
            known=self._known,
            entries=self._journal.entries,
            bumps=tuple(self._bumps),
            links=alone(opened.values()),
            lines={number: lines[place] for number, place in opened.places.items()},
            most=opened.most,
            met=dict(self.met),
            shown=frozenset(self.met.asked if isinstance(self.met, Full) else ()),
            sessions=Portions(remembered.sessions.values()),
            looked=remembered.looked > len(remembered.sessions),
            epoch=self._count,
            missed=frozenset(asked.missed),
            bold=asked.bold,
            connections=self._placed.connections - self._begun - self._disowned,
            tally=self._placed,
            sound=not (
                remembered.known.lost
                or asked.full
                or asked.unseen > int(self._known.hidden)
                or len(asked.missed) > _MISSED
                or len(asked.topics) > MAX_TOPICS
            ),
        )
