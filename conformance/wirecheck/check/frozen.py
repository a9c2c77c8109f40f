"""The state of a connection as a value without names: what two connections that are equally far have in common.

Law: `freeze` and `thaw` undo each other, but for what no verdict depends on (see `thaw`). The shapes never look into a
name: they ask whether two are equal. Nor do they count with the numbers of frames: they ask which came first. So a
state with its names and positions taken out, and its numbers replaced by their ranks, says all that is needed to know
what a frame does to it. What no row of a small table can hold is `Uncommon`: then the state stays as it is.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

from wirecheck.catalog.model import Sender
from wirecheck.check.plan import Plan
from wirecheck.check.route import Connection
from wirecheck.record import At
from wirecheck.shapes.lane import Key, Keys, Lane, Span
from wirecheck.shapes.place import EdgeState
from wirecheck.shapes.state import Facts, Trace

MAX_SPANS: Final = 12
MAX_REMEMBERED: Final = 6
"""Spans, and remembered keys of one purpose, that a row may hold; states with more are not frozen."""

Shape = tuple[Any, ...]
"""A state without names: hashable, and equal where what may happen next is equal."""

Sets = tuple[tuple[Keys, Keys], ...]
"""Of each lane, the keys that are settled and those that were heard. They may grow with the connection, so that they
are no part of the shape: a row asks them."""

_FLAGS: Final = ("patient", "excused", "doubtful", "assumed", "witnessed", "fresh", "spoiled", "over", "uncounted")
_FLAGS_TOO: Final = ("pardoned", "mixed", "vague")


class Uncommon(Exception):
    """A state or a step that no row can hold."""


class _Freezer:
    """Names, positions and spans, numbered as they are met."""

    __slots__ = ("ats", "names", "ranks", "spans")

    def __init__(self, ranks: dict[int, int]) -> None:
        self.ranks = ranks
        self.names: dict[str, int] = {}
        self.ats: dict[int, tuple[int, At]] = {}
        self.spans: dict[int, tuple[int, Shape]] = {}

    def name(self, value: Any) -> Any:
        """The number of a name; None where there is none."""
        if value.__class__ is str:
            return self.names.setdefault(value, len(self.names))
        if value is None:
            return None
        raise Uncommon

    def key(self, key: Key) -> Shape:
        return tuple([self.name(part) for part in key])

    def keys(self, keys: Iterable[Key]) -> Shape:
        found = tuple([self.key(key) for key in keys])
        if len(found) > MAX_REMEMBERED:
            raise Uncommon
        return found

    def at(self, at: At) -> int:
        return self.ats.setdefault(id(at), (len(self.ats), at))[0]

    def all(self, spans: Iterable[Span]) -> Shape:
        return tuple([self.span(span) for span in spans])

    def span(self, span: Span) -> int:
        known = self.spans.get(id(span))
        if known is not None:
            return known[0]
        if len(self.spans) >= MAX_SPANS:
            raise Uncommon
        number = len(self.spans)
        shape = (
            self.key(span.key),
            self.at(span.at),
            span.opener,
            self.ranks[span.seq],
            span.label,
            tuple([(name, self.name(value)) for name, value in span.names.items()]),
            span.side,
            span.count,
            self.key(span.lies_in),
            span.implied,
            tuple([getattr(span, flag) for flag in _FLAGS]),
            tuple([getattr(span, flag) for flag in _FLAGS_TOO]),
        )
        self.spans[id(span)] = number, shape
        return number

    def lane(self, lane: Lane) -> Shape:
        return (
            lane.known,
            lane.pardoned,
            tuple([(self.key(key), self.all(spans)) for key, spans in lane.spans.items()]),
            self.all(lane.holed),
            self.all(lane.late),
            tuple([(self.key(key), self.all(spans.values())) for key, spans in lane.within.items()]),
            self.keys(lane.loosened),
            self.keys(lane.waited),
            self.keys(lane.pardons),
            tuple([(number, self.key(key)) for number, key in _few(lane.cleared)]),
        )

    def edge(self, edge: EdgeState) -> Shape:
        return (
            tuple([(self.key(key), now) for key, now in _few(edge.first.items())]),
            tuple([(self.key(key), self.at(at), label) for key, (at, label) in _few(edge.last.items())]),
            edge.blurred,
        )


def _few(items: Any) -> Any:
    if len(items) > MAX_REMEMBERED:
        raise Uncommon
    return items


def freeze(connection: Connection) -> tuple[Shape, tuple[str, ...], tuple[At, ...]]:
    """The shape of a state, its names and its positions. Raises `Uncommon`."""
    if connection.replays or connection.adrift or connection.unclear or connection.still_open:
        raise Uncommon
    facts, live = connection.facts, connection.live
    ranks = _ranks(connection)
    freezer = _Freezer(ranks)
    lanes = tuple([freezer.lane(lane) for lane in live.lanes])
    shape = (
        facts.started,
        facts.seen,
        facts.vantage,
        facts.exclusive,
        lanes,
        tuple([freezer.edge(edge) for edge in connection.edges]),
        None if live.step is None else (ranks[live.step[0]], live.step[1]),
        None if facts.contacts is None else freezer.keys(facts.contacts),
        facts.open_spans,
        tuple([freezer.name(name) for name in _few(facts.homes)]),
        tuple([(sender, ranks[seq]) for sender, seq in sorted(facts.last.items())]),
        tuple([(sender, ranks[seq]) for sender, seq in sorted(facts.answered.items())]),
        tuple([shape for _, shape in freezer.spans.values()]),
    )
    return shape, tuple(freezer.names), tuple([at for _, at in freezer.ats.values()])


def _ranks(connection: Connection) -> dict[int, int]:
    """What is left of the numbers of frames: which came before which, from 1."""
    facts, live = connection.facts, connection.live
    found = {*facts.last.values(), *facts.answered.values()}
    if live.step is not None:
        found.add(live.step[0])
    for lane in live.lanes:
        found.update([span.seq for span in lane.all()])
        found.update([span.seq for span in lane.late])
    return {seq: rank for rank, seq in enumerate(sorted(found), 1)}


def thaw(plan: Plan, shape: Shape, names: tuple[str, ...], ats: tuple[At, ...], facts: Facts, sets: Sets) -> Connection:
    """The state with these names and positions. `facts` gives what no frame changes, and is filled with the rest.

    What each lane remembers of having looked through its spans (`Lane.new`) is forgotten: looking again changes
    nothing. The texts of the live trace are not part of a shape, and are empty.
    """
    (_, _, _, _, lanes, edges, step, contacts, open_spans, homes, last, answered, frozen_spans) = shape
    spans = [_span(each, names, ats) for each in frozen_spans]
    live = Trace(
        live=True,
        lanes=[
            _lane(form.by, lane, own, spans, names) for form, lane, own in zip(plan.lanes, lanes, sets, strict=True)
        ],
        step=step,
    )
    facts.contacts = None if contacts is None else dict.fromkeys([_key(key, names) for key in contacts])
    facts.open_spans = open_spans
    facts.homes = dict.fromkeys([names[name] for name in homes])
    facts.last = dict(last)
    facts.answered = dict(answered)
    seqs = [rank for _, rank in (*last, *answered)] + [span.seq for span in spans] + ([step[0]] if step else [])
    return Connection(
        facts=facts, live=live, edges=[_edge(edge, names, ats) for edge in edges], seq=max(seqs, default=0)
    )


def _key(key: Shape, names: tuple[str, ...]) -> Key:
    return tuple([None if part is None else names[part] for part in key])


def _span(shape: Shape, names: tuple[str, ...], ats: tuple[At, ...]) -> Span:
    key, at, opener, rank, label, kept, side, count, lies_in, implied, flags, more = shape
    span = Span(
        key=_key(key, names),
        at=ats[at],
        opener=opener,
        seq=rank,
        label=label,
        names={name: None if value is None else names[value] for name, value in kept},
        side=side,
        count=count,
        lies_in=_key(lies_in, names),
        implied=implied,
    )
    for flag, value in zip((*_FLAGS, *_FLAGS_TOO), (*flags, *more), strict=True):
        if value:
            setattr(span, flag, True)
    return span


def _lane(by: Any, shape: Shape, own: tuple[Keys, Keys], spans: list[Span], names: tuple[str, ...]) -> Lane:
    known, pardoned, there, holed, late, within, loosened, waited, pardons, cleared = shape
    lane = Lane(known=known, nested=bool(by), settled=own[0], heard=own[1], pardoned=pardoned)
    for key, numbers in there:
        lane.spans[_key(key, names)] = [spans[number] for number in numbers]
    lane.holed = [spans[number] for number in holed]
    lane.late = [spans[number] for number in late]
    lane.size = sum([len(each) for each in lane.spans.values()]) + len(lane.holed)
    for key, those in lane.spans.items():
        if len(key) > 1:
            for span in those:
                lane.firsts.setdefault(key[0], {})[span.seq] = span
    for key, numbers in within:
        lane.within[_key(key, names)] = {spans[number].seq: spans[number] for number in numbers}
    lane.holes = sum([len(those) for key, those in lane.within.items() if None in key])
    lane.loosened = dict.fromkeys([_key(key, names) for key in loosened])
    lane.waited = dict.fromkeys([_key(key, names) for key in waited])
    lane.pardons = dict.fromkeys([_key(key, names) for key in pardons])
    lane.cleared = dict.fromkeys([(number, _key(key, names)) for number, key in cleared])
    return lane


def _edge(shape: Shape, names: tuple[str, ...], ats: tuple[At, ...]) -> EdgeState:
    first, last, blurred = shape
    return EdgeState(
        first={_key(key, names): now for key, now in first},
        last={_key(key, names): (ats[at], label) for key, at, label in last},
        blurred=blurred,
    )


def sets_of(connection: Connection) -> Sets:
    """What the lanes remember and a shape leaves out."""
    return tuple([(lane.settled, lane.heard) for lane in connection.live.lanes])


Senders = frozenset[Sender]
