"""One frame, or one event of a connection, judged by a row and by what lies outside of rows.

Law: gives what `Checker.receive` gives, or does nothing and says so. What lies outside of rows is done here, in the
order of docs/verdicts.md, section 3: the connection's own promises, joined texts, what sessions held.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final, Protocol

import msgspec

from wirecheck.catalog.model import SENDERS, Sender
from wirecheck.check import noting, route
from wirecheck.check.homes import meet
from wirecheck.check.judge import judge_connection
from wirecheck.check.learning import learn
from wirecheck.check.link import Link, Spot
from wirecheck.check.means import AT_HOME, MEETS_FIRST, MEETS_NOBODY, MET_BEFORE, Meaning, Meanings
from wirecheck.check.memory import kind_of
from wirecheck.check.route import Connection
from wirecheck.check.rows import EXCUSING, NOBODY, Act, Kept, Node, Row, Rows, Step, apply_effects, blurring, closing
from wirecheck.decode import Decoded
from wirecheck.record import At
from wirecheck.shapes import joins
from wirecheck.shapes.state import Event, Outcomes, Trace

if TYPE_CHECKING:
    from wirecheck.check.checker import Checker

UNSET: Final = msgspec.UNSET

Values = tuple[Any, ...]
Refs = tuple[Any, ...]
"""Where each of a frame's names lies among those of its connection."""


class Frame(Protocol):
    """A frame, for whoever asks for more than a row does."""

    def names(self) -> Mapping[str, Any]: ...
    def text(self) -> Any: ...
    def payload(self) -> Mapping[str, Any]: ...


class Stepper:
    """Steps for one checker. `taken` counts the steps that were taken."""

    __slots__ = ("checker", "meanings", "plan", "remembers", "rows", "taken")

    def __init__(self, checker: Checker, rows: Rows, meanings: Meanings) -> None:
        self.checker = checker
        self.rows = rows
        self.plan = rows.plan
        self.meanings = meanings
        self.remembers = checker.remembers
        self.taken: Counter[Step | Kept] = Counter()

    def ordered(self, link: Link, at: At, decoded: Decoded) -> bool:
        """Judge a message that was explained, or decoded in any other way; whether a row held it."""
        event, moves = self.meanings.reader.read(decoded, at, 0)
        meaning = self.meanings.of(moves)
        values = tuple([event.names.get(name) for name in meaning.names])
        link.kind = None
        refs = self.refs(link, meaning, values)
        if refs is None:
            return False
        meets = self.meets(link, meaning, values)
        return self.step(link, meaning, values, refs, meets, (at.line, at.t), _Loose(event, decoded)) is not None

    def step(
        self, link: Link, meaning: Meaning, values: Values, refs: Refs, meets: int, spot: Spot, frame: Frame
    ) -> Step | None:
        """What a row says of a frame, done; None where it says nothing, and then nothing was done."""
        row = link.row
        if row is None or meaning.framing:
            return None
        if -2 in refs:
            values = tuple([None if value is UNSET else value for value in values])
        checker, moves = self.checker, meaning.moves
        if meaning.look is not None:
            glanced = self._node(link, row, meaning, values, refs, spot, meets=meets, glancing=True)
            key = tuple([values[place] for place in meaning.at_look])
            enough = isinstance(glanced, Step) and glanced.glanced
            if enough and (not self.remembers or self.runs(link, key, frame.text())):
                assert isinstance(glanced, Step)
                self.enter(link, glanced, values, spot)
                return glanced
        node = self._node(link, row, meaning, values, refs, spot, meets=meets, glancing=False)
        if not isinstance(node, Step) or (node.broken and (moves.joins or not checker.knows(link, node.broken))):
            return None
        if meets == MEETS_FIRST:
            self.met_first(link, meaning, values)
        elif meets == MET_BEFORE:
            assert meaning.session is not None
            meet(checker.met, checker.numbered, link, values[meaning.session], born=False, most=checker.max_sessions)
        event = None
        if moves.connected or moves.joins or (self.remembers and moves.historic):
            event = Event(link.at(spot), 0, moves.sender, moves.label, moves.roles, frame.names())
            if moves.connected:
                judge_connection(self.plan, link.facts, event, moves, checker.out)
            if moves.joins and self.plan.joins is not None:
                if link.texts is None:
                    link.texts = Trace(live=True, lanes=[])
                joins.judge(self.plan.joins, link.texts, event, checker.out)
        if node.broken:
            checker.again(link, _placed(link, node, spot))
        self.enter(link, node, values, spot)
        if meaning.bumps:
            checker.epoch += 1
            link.epoch = checker.epoch
        if event is not None and self.remembers and moves.historic:
            checker.remember(link, event, moves, frame.payload() if kind_of(moves.roles) else {}, replayed=False)
        if checker.out.broken:
            checker.collect(link)
        return node

    def refs(self, link: Link, meaning: Meaning, values: Values) -> Refs | None:
        """Where the names of a frame lie among those of its connection: -1 for a new one, -2 for none.

        None where something else than a text stands in a name's place, or two names are new and equal.
        """
        names = link.names
        refs: list[Any] = []
        new: list[str] = []
        for value in values:
            if value.__class__ is str:
                if value in names:
                    refs.append(names.index(value))
                elif value in new:
                    return None
                else:
                    new.append(value)
                    refs.append(-1)
            elif value is UNSET or value is None:
                refs.append(-2)
            elif value.__class__ is int and len(refs) in meaning.numbers:
                refs.append(("#", value))
            else:
                return None
        return tuple(refs)

    def meets(self, link: Link, meaning: Meaning, values: Values) -> int:
        """How the session that a frame names is known."""
        if meaning.session is None or self.plan.bracket is None:
            return MEETS_NOBODY
        session = values[meaning.session]
        if session is None or session is UNSET:
            return MEETS_NOBODY
        if session in link.facts.homes:
            return AT_HOME
        met = self.checker.met
        return MEETS_FIRST if met.get(session) is None and len(met) < self.checker.max_sessions else MET_BEFORE

    def _node(
        self, link: Link, row: Row, meaning: Meaning, values: Values, refs: Refs, spot: Spot,
        *, meets: int, glancing: bool,
    ) -> Node:  # fmt: skip
        signature = (meaning.number, meets, glancing, *refs)
        node = row.next.get(signature)
        if isinstance(node, Step):
            node.met = True
            return node
        if node is not None:
            node = self.rows.find(row, signature, link.names + values, link.sets)
        if node is None:
            act = meaning.acting(values, meets=meets, glancing=glancing)
            node = learn(self.rows, row, signature, link, values, spot, act)
        return node

    def enter(self, link: Link, step: Step, values: Values, spot: Spot) -> None:
        """Take a step."""
        self.taken[step] += 1
        if not step.loops:
            self.move(link, step, values, spot)

    def move(self, link: Link, step: Step, values: Values, spot: Spot) -> None:
        """Go where the step leads."""
        effects, names, spots = step.effects, step.names, step.spots
        if effects:
            both = link.names + values + NOBODY
            apply_effects(step, both, link.sets, link.facts)
            if names is not None:
                link.names = names(both)
        elif names is not None:
            link.names = names(link.names + values)
        if spots is not None:
            link.spots = spots((*link.spots, spot))
        link.row = step.row

    def runs(self, link: Link, key: Values, piece: Any) -> bool:
        """Add a piece of text to the turn that runs on the connection, and remember which that is."""
        session = noting.continues(self.checker.history.sessions, link.memory, link.number, key, piece)
        if session is None:
            return False
        link.session, link.turn = session, session.now
        return True

    def met_first(self, link: Link, meaning: Meaning, values: Values) -> None:
        """Note that a connection is the first to show the session that a frame of it names."""
        assert meaning.session is not None
        session, facts = values[meaning.session], link.facts
        self.checker.met[session] = link.number
        if meaning.moves.born and len(facts.seen) == len(SENDERS):
            facts.homes[session] = None

    def closed(self, link: Link, spot: Spot | None, sender: Sender | None, code: int | None) -> bool:
        """The connection, or (where nothing says so) the input, ended, and a row says what that means.

        Nothing may be done with the link any more.
        """
        if link.facts.auth_refused or link.row is None:
            return False
        signature = closing(spot is not None, sender, code)
        step = link.row.next.get(signature)
        if isinstance(step, Step) and step.plain and not step.effects:
            step.met = True
            self.taken[step] += 1
            return True

        def act(connection: Connection, at: At, out: Outcomes) -> bool:
            route.disconnect(self.plan, connection, out, at=None if spot is None else at, sender=sender, code=code)
            return False

        return self._happened(link, signature, spot or (0, None), act)

    def blurred(self, link: Link, sender: Sender, place: At) -> bool:
        """A message could not be read, and a row says what that means."""

        def act(connection: Connection, at: At, out: Outcomes) -> bool:
            route.blur(self.plan, connection, sender, out)
            return False

        link.kind = None
        done = self._happened(link, blurring(sender), (place.line, place.t), act)
        if done and link.texts is not None:
            joins.blur(link.texts)
        return done

    def excused(self, link: Link) -> bool:
        """A client on another connection may have ended anything here, and a row says what that means."""

        def act(connection: Connection, at: At, out: Outcomes) -> bool:
            route.excuse(self.plan, connection, out)
            return False

        link.kind = None
        return self._happened(link, EXCUSING, (0, None), act)

    def _happened(self, link: Link, signature: tuple[Any, ...], spot: Spot, act: Act) -> bool:
        row = link.row
        if row is None:
            return False
        node = self.rows.find(row, signature, link.names, link.sets)
        if node is None:
            node = learn(self.rows, row, signature, link, (), spot, act)
        checker = self.checker
        if not isinstance(node, Step) or (node.broken and not checker.knows(link, node.broken)):
            return False
        if node.broken:
            checker.again(link, _placed(link, node, spot))
        self.enter(link, node, (), spot)
        return True

    def flush(self, out: Outcomes) -> None:
        """Count what the steps did that were taken: whoever counts a step keeps it."""
        for step, times in self.taken.items():
            for guarantee, which, number in step.counts:
                out.counts[guarantee][which] += times * number
        self.taken.clear()


def _placed(link: Link, step: Step, spot: Spot) -> list[tuple[str, At, str | None]]:
    spots = (*link.spots, spot)
    return [(guarantee, link.at(spots[place]), label) for guarantee, place, label in step.broken]


class _Loose:
    """A message that was decoded to plain values."""

    __slots__ = ("_decoded", "_event")

    def __init__(self, event: Event, decoded: Decoded) -> None:
        self._event = event
        self._decoded = decoded

    def names(self) -> Mapping[str, Any]:
        return self._event.names

    def text(self) -> Any:
        return self._event.names.get("text")

    def payload(self) -> Mapping[str, Any]:
        return self._decoded.payload
