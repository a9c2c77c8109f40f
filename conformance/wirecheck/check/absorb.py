"""A stretch of a capture, put behind what came before it.

Law: what comes out is what one checker would have made of all of it, to the byte, or it is refused. The journal of the
stretch is replayed to the checker of everything before, between the records of the older connections; then that takes
over what the stretch left behind, unless something that was asked in the stretch has another answer now.
"""

from __future__ import annotations

import pickle
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import fields
from typing import Any, Final

from wirecheck.check import checker as bounds
from wirecheck.check import memory
from wirecheck.check.apart import Stretch
from wirecheck.check.block import Block
from wirecheck.check.checker import Checker
from wirecheck.check.journal import FAR, WHATS
from wirecheck.check.memory import Session
from wirecheck.check.tally import Placed, Tally, joined
from wirecheck.record import Record
from wirecheck.shapes.lane import Key
from wirecheck.shapes.opted import MAX_TOPICS

_COMPILED: Final = frozenset({"dialect", "_decoder", "_glances", "_openings", "_plan", "_reader", "_tables", "_taker"})
"""What every checker of a dialect has alike, and no process need be sent."""


def frozen(checker: Checker) -> bytes:
    """The state of a checker, without what is compiled from the dialect."""
    checker.settle()
    return pickle.dumps({name: value for name, value in vars(checker).items() if name not in _COMPILED})


def thaw(checker: Checker, state: bytes) -> None:
    """Give a checker, made with the same arguments, the state of another one."""
    vars(checker).update(pickle.loads(state))
    for link in checker.links.values():
        link.adopt(checker._tables.rows)
    checker._taker = None  # it may have taken steps that count for nothing now


class _Held(dict[int, None]):
    """The connections that show a session of the stretch, as far as the older ones see: there must be none."""

    def __setitem__(self, number: int, nothing: None) -> None:
        raise Different


class Different(Exception):
    """Something is not as the stretch took it to be."""


def fits(checker: Checker, stretch: Stretch, *, others: int) -> bool:
    """Whether the stretch can be taken over, as far as that can be told beforehand. `others` is the number of its
    connections that began before, or may have."""
    known, clients = stretch.known, checker._clients
    full = len(checker.met) >= bounds.MAX_SESSIONS
    return (
        stretch.sound
        and "" not in checker.links
        and len(checker.links) + others + stretch.most <= bounds.MAX_LINKS
        and known.met == full
        and checker.met.keys().isdisjoint(stretch.shown if full else stretch.met)
        and checker.history.sessions.keys().isdisjoint(stretch.entries.about("session"))
        and len(clients.topics) + sum(map(len, stretch.entries.about("topics"))) <= MAX_TOPICS
    )


class Absorbing:
    """A stretch being taken over, beside the lines of older connections that it left to others.

    These are given to `take`, whole blocks of them, and then `finish` ends it. Both raise `Different` where the stretch
    cannot be taken over; then the checker is of no more use. `over` gives what is left to judge of a connection whose
    name is used again.
    """

    def __init__(
        self,
        checker: Checker,
        stretch: Stretch,
        *,
        over: Callable[[str], Iterable[Record]],
    ) -> None:
        self.checker = checker
        self.stretch = stretch
        self.over = over
        self.entries = stretch.entries
        self.replayed = 0
        """How many of these were replayed."""
        self.next = self.ahead()
        """The line of the next one."""
        self.bumps = deque(stretch.bumps)
        self.before = checker.tally
        self.epoch = self.expected = checker.epoch
        self.doubts = checker.history.epoch
        self.count = checker.tally.connections + stretch.connections
        self.line = 0
        self.begun: dict[int, int] = {}
        self.held: dict[Key, Session] = {}
        self.nobody = _Held()
        checker.tally = Placed(**{each.name: getattr(self.before, each.name) for each in fields(Tally)})
        checker.tally.groups, checker.tally.dropped = {}, 0
        checker.tally.connections = self.count
        if checker._taker is None:
            checker._taker = checker._tables.taker(checker)

    def take(self, block: Block) -> None:
        """The next lines of older connections; their `record` must call `at` for each line that it is asked for."""
        self.checker.take(block)

    def at(self, line: int, records: Iterable[Record] = ()) -> None:
        """What happened before this line in the stretch happens now; and then what the line says."""
        checker = self.checker
        self.look()
        while self.bumps and self.bumps[0] < line:
            self.bumps.popleft()
            self.expected += 1
        while self.next <= line:
            place = self.replayed
            self.replay(self.next, WHATS[self.entries.whats[place]], self.entries.abouts[place])
            self.replayed += 1
            self.next = self.ahead()
        if checker.epoch != self.expected:
            raise Different
        self.line = line
        checker.tally.line = line
        for record in records:
            checker.receive(record)
            self.look()

    def waits(self, line: int) -> bool:
        """Whether nothing happened before this line that has to happen now, nor has anything to be looked at."""
        return (
            self.next > line
            and not (self.bumps and self.bumps[0] < line)
            and self.checker.epoch == self.expected
            and self.checker.tally.connections == self.count
        )

    def look(self) -> None:
        """Note where a connection began, if one did: only a record that is judged with care begins one."""
        checker = self.checker
        if checker.tally.connections != self.count and checker.links:
            link = next(reversed(checker.links.values()))
            if link.number == checker.tally.connections:
                self.begun[link.number] = self.line
        self.count = checker.tally.connections

    def finish(self) -> list[str]:
        """Take over what the stretch left behind; the names of the connections that came with it."""
        self.at(FAR)
        self.compare()
        return self.take_over()

    def ahead(self) -> int:
        return self.entries.lines[self.replayed] if self.replayed < len(self.entries) else FAR + 1

    def replay(self, line: int, what: str, about: Any) -> None:
        """What happened in the stretch at this line, as the older connections see it."""
        checker = self.checker
        checker.tally.line = line
        match what:
            case "open":
                for record in self.over(about):
                    checker.receive(record)
                link = checker.links.get(about)
                if link is not None:
                    checker._disconnect(about, None, None, None)
                    checker.collect(link)
            case "epoch":
                checker.epoch += about
                self.expected += about
            case "doubt":
                checker.history.epoch += about
                self.doubts += about
            case "session":
                self.session(about)
            case "weight":
                checker.history.weight += about
                while checker.history.weight > memory.MAX_WEIGHT:
                    memory.forget(checker.history)
            case "topics":
                checker._clients.topics.update(about)
            case "opaque":
                checker._clients.opaque = True
            case "ask":
                checker._clients.ask(*about)
            case "look":
                *asked, found = about
                if checker._clients.others_asked(*asked) is not found:
                    raise Different
            case "nothing":
                pass
            case _:
                raise AssertionError(what)

    def session(self, key: Key) -> None:
        """Keep a place for a session of the stretch, in the order in which sessions are forgotten."""
        sessions = self.checker.history.sessions
        if key in sessions:
            raise Different
        held = Session(epoch=self.checker.history.epoch, shown_by=self.nobody)
        sessions[key] = self.held[key] = held
        if len(sessions) > memory.MAX_SESSIONS:
            memory.forget(self.checker.history)

    def compare(self) -> None:
        """Whether what was asked in the stretch has the same answers, now that the older connections went on."""
        checker, stretch, clients = self.checker, self.stretch, self.checker._clients
        met, sessions = checker.met, checker.history.sessions
        hidden = clients.full or clients.unseen > 0
        right = (
            (checker.history.epoch == self.doubts or not stretch.looked)
            and met.keys().isdisjoint(stretch.shown if stretch.known.met else stretch.met)
            and (stretch.known.met or len(met) + len(stretch.met) <= bounds.MAX_SESSIONS)
            and all(sessions.get(key) is held for key, held in self.held.items())
            and not (
                stretch.missed
                and ((clients.opaque and not stretch.known.opaque) or not clients.topics.isdisjoint(stretch.missed))
            )
            and not (stretch.bold and hidden)
            and len(clients.topics) <= MAX_TOPICS
        )
        if not right:
            raise Different

    def take_over(self) -> list[str]:
        checker, stretch, tally = self.checker, self.stretch, self.checker.tally
        assert isinstance(tally, Placed)
        groups = joined(self.before, (tally, stretch.tally))
        if groups is None:
            raise Different
        checker.tally = self.before
        self.before.groups, self.before.dropped = groups
        self.before.connections = tally.connections
        self.before.frames = tally.frames + stretch.tally.frames
        self.before.others = tally.others + stretch.tally.others
        self.before.recorded |= tally.recorded | stretch.tally.recorded
        for guarantee, counts in stretch.tally.outcomes.counts.items():
            ours = checker.out.counts[guarantee]
            for which, count in enumerate(counts):
                ours[which] += count
        for (key, held), session in zip(self.held.items(), stretch.sessions, strict=True):
            session.epoch = held.epoch
            checker.history.sessions[key] = session
        checker.met.update(stretch.met)
        began = {**self.begun, **stretch.lines}
        both = list(checker.links.values())
        for link in stretch.links:
            link.facts.clients = checker._clients
            link.epoch += self.epoch
            link.adopt(checker._tables.rows)
            checker.numbered[link.number] = link
            if checker.remembers:
                checker.history.links[link.number] = link.memory
            both.append(link)
        conns = [link.conn for link in both[len(checker.links) :]]
        checker.links.clear()
        checker.links.update((link.conn, link) for link in sorted(both, key=lambda link: began.get(link.number, 0)))
        return conns
