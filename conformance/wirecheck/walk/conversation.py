"""Whole conversations, valid or with one fault.

Law: numbers from a source in, one conversation out; the same numbers always give the same conversation.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from wirecheck.catalog import Dialect
from wirecheck.errors import UsageError
from wirecheck.record import At, Closed, Message, Opened, Record, Vantage
from wirecheck.sample.source import Source
from wirecheck.walk.cast import Actor
from wirecheck.walk.moves import Move, Row, Way
from wirecheck.walk.tables import Tables, tables
from wirecheck.walk.voice import FLAVOURS
from wirecheck.walk.walker import WIDE, Began, Ended, Event, Walker

NOTHING: Final = (
    "{} claims nothing that an order of frames could break; draw valid conversations, or claim what is promised under "
    "`guarantees:`"
)
_FAR: Final = 14
"""Frames before a fault that is looked for, at most, beside those that were drawn."""
_UNCLOSED: Final = "never closed"
_VANTAGES: Final[tuple[Vantage | None, ...]] = (None, "client", "proxy", "server")
_LONG: Final = 60
"""Frames of a conversation, unless something else is asked for; what is owed in the end is added."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderingFault:
    """The one thing that is wrong: the guarantee that it breaks, in which way, and the line (from 1) of the record at
    which it was done."""

    guarantee: str
    how: str
    line: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Conversation:
    """What passed on one or several connections, in order."""

    dialect: str
    events: tuple[Event, ...]
    fault: OrderingFault | None = None

    @property
    def frames(self) -> int:
        """How many messages passed."""
        return sum(event.__class__ is tuple for event in self.events)

    def records(self) -> list[Record]:
        """The same as records of a capture; the lines count from 1."""
        return [_record(event, line) for line, event in enumerate(self.events, 1)]


def conversation(
    dialect: Dialect, source: Source, *, most: int = _LONG, actors: int = 3, lines: int = 2
) -> Conversation:
    """A conversation of at most `most` frames, and what it owes then, in which every guarantee holds.

    `actors` are the sessions (agents, threads …) that it interleaves at most, `lines` the connections open at once.
    """
    made = tables(dialect)
    ending = source.below(8)
    if ending == 7 and made.ground.refusal is not None:
        return _refused(made, source)
    vantage, clear = _VANTAGES[source.below(4)], not source.below(2)
    walker = Walker(made, made.clear if clear else made.free, actors=actors, lines=lines, vantage=vantage)
    while walker.spoken < most and not walker.is_over:
        number = source.below(WIDE)
        if not number:
            break
        walker.step(number)
    if ending == 1:
        walker.finish(source, code=1001, sender="client")
    elif ending == 2:
        walker.finish(source, code=1006, sender=None)
    elif ending not in (3, 4):
        walker.finish(source)
    return Conversation(dialect=dialect.name, events=tuple(walker.events))


def breakable(dialect: Dialect) -> Mapping[str, str]:
    """Every guarantee of the dialect, and why no order of frames can break it provably; empty where one can."""
    made = tables(dialect)
    return {
        claim.id: claim.rule.passive or ("" if _can_break(made, claim.id) else "no order of frames proves it broken")
        for claim in dialect.guarantees.values()
    }


def faulty(dialect: Dialect, source: Source, guarantee: str | None = None, *, most: int = _LONG) -> Conversation:
    """A conversation in which exactly one guarantee is broken once: `guarantee`, or one of those that can be.

    Other guarantees are broken at most as the rule's `implies` says. Raises `UsageError` for one that cannot be.
    """
    made = tables(dialect)
    if guarantee is None:
        able = [name for name, why in breakable(dialect).items() if not why]
        if not able:
            raise UsageError(NOTHING.format(dialect.name))
        guarantee = able[source.below(len(able))]
    else:
        why = breakable(dialect).get(guarantee, "it is not claimed")
        if why:
            raise UsageError(f"{dialect.name}: no conversation can break {guarantee}: {why}; choose another guarantee")
    if guarantee == made.ground.refusal:
        return _refused(made, source, broken=guarantee)
    return _broken(made, source, guarantee, most)


def _broken(made: Tables, source: Source, guarantee: str, most: int) -> Conversation:
    walker, actor = _alone(made, guarantee, tied=bool(source.below(2)))
    while walker.spoken < most and source.below(8):
        number = source.below(WIDE)
        if number:
            walker.step(number)
    walker.settle(actor, source)
    ways = _ways(made, actor.row, guarantee) if actor in walker.actors else ()
    if not ways:  # what began is over, or nothing about it can be proven any more
        walker, actor = _alone(made, guarantee)
        ways = _ways(made, actor.row, guarantee)
    way = ways[source.below(len(ways))]
    lines = [_moved(walker, actor, move) for move in way.moves]
    if way.how == _UNCLOSED:
        walker.close(1000, "server")
        lines.append(len(walker.events))
    walker.finish(source)
    fault = OrderingFault(guarantee=guarantee, how=way.how, line=lines[-1])
    return Conversation(dialect=made.ground.dialect.name, events=tuple(walker.events), fault=fault)


def _moved(walker: Walker, actor: Actor, move: Move) -> int:
    """Make a move, and what must come right after it; the line of the move itself."""
    walker.say(actor, move, 0)
    line = len(walker.events)
    while actor.queue:
        walker.repeat(actor)
    return line


def _alone(made: Tables, guarantee: str, *, tied: bool = False) -> tuple[Walker, Actor]:
    """One context on a connection of its own, such that the guarantee can be broken there."""
    # A text that links stand in may be signed anew each time: where texts are compared, there is none.
    flavours = 1 if guarantee == made.ground.history else FLAVOURS
    walker = Walker(made, made.proof, actors=1, lines=1, vantage="server", flavours=flavours)
    tied = tied or guarantee in {claim for claim, _ in made.ground.partners.values()}
    return walker, walker.enter(walker.connect(gated=guarantee != made.ground.gate), tied=tied)


def _ways(made: Tables, row: Row, guarantee: str) -> tuple[Way, ...]:
    """The shortest way from here to each kind of fault against the guarantee, the shortest first."""
    key = (id(row), guarantee)
    if key not in made.ways:
        made.ways[key] = _found(row, guarantee, loosely=False) or _found(row, guarantee, loosely=True)
    return made.ways[key]


def _found(row: Row, guarantee: str, *, loosely: bool) -> tuple[Way, ...]:
    """All rows around are looked at, nearer ones first; `loosely`: on ways too that nobody should go."""
    found: dict[tuple[str, str, str], Way] = {}
    seen, queue = {row.state}, deque[tuple[Row, tuple[Move, ...]]]([(row, ())])
    while queue:
        here, way = queue.popleft()
        for move in here.faults.get(guarantee, ()):
            action = move.action
            found.setdefault((move.how, action.reading.form.key, action.twist), Way(moves=(*way, move), how=move.how))
        if here.unclosed(guarantee):
            found.setdefault((_UNCLOSED, "", ""), Way(moves=way, how=_UNCLOSED))
        if len(way) < _FAR:
            for move in (*here.moves, *here.further, *(here.loose if loosely else ())):
                if move.row.state not in seen:
                    seen.add(move.row.state)
                    queue.append((move.row, (*way, move)))
    return tuple(found.values())


def _can_break(made: Tables, guarantee: str) -> bool:
    return guarantee == made.ground.refusal or bool(_ways(made, _alone(made, guarantee)[1].row, guarantee))


def _refused(made: Tables, source: Source, *, broken: str | None = None) -> Conversation:
    """A connection whose credential is not good: it closes with the documented code, or with another."""
    walker = Walker(made, made.proof, vantage="server")
    line = walker.connect(auth=("bad", "missing")[source.below(2)])
    claim = made.ground.dialect.guarantees[made.ground.refusal or ""]
    meant = [code for code, what in made.ground.dialect.connect.closes.items() if what == claim.options["trigger"]]
    code = meant[source.below(len(meant))] if broken is None else (1000, 1008)[source.below(2)]
    walker.events.append(Ended(line.conn, code, "server"))
    fault = None if broken is None else OrderingFault(guarantee=broken, how="another code", line=len(walker.events))
    return Conversation(dialect=made.ground.dialect.name, events=tuple(walker.events), fault=fault)


def _record(event: Event, line: int) -> Record:
    if isinstance(event, Began):
        return Opened(
            at=At(line=line, conn=event.conn),
            url=event.url,
            sees=frozenset({"client", "server"}),
            vantage=event.vantage,
            exclusive=event.exclusive,
            auth=event.auth,
        )
    if isinstance(event, Ended):
        return Closed(at=At(line=line, conn=event.conn), code=event.code, sender=event.sender)
    conn, sender, text = event
    return Message(at=At(line=line, conn=conn), sender=sender, body=text)
