"""What could be said in a state, whether it may or not: every reading of every frame, with all that it could be about.

Law: what a frame could mean here, and what of it would stay open to others. What comes of it is said in `effect`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Literal

from wirecheck.walk.ground import Ground
from wirecheck.walk.readings import Reading
from wirecheck.walk.state import ASK_REPLAY, Action, State, Twist
from wirecheck.walk.terms import Kind

Telling = Literal["nothing", "something", "history"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Bearing:
    """What a reading bears on in every state.

    `closes` and `opens` are the kinds of items that it certainly ends and begins, `may_end` the kinds that it may end,
    `may_begin` those that it may begin. `tells`: a replay repeats it, or begins with it; `matters`: it has a part in a
    text or in a count; `unsettles`: it leaves open what follows, since it asks for a replay, may begin what does not
    show, or what it begins, or belongs to, may outlive all else.
    """

    reading: Reading
    closes: frozenset[int]
    opens: tuple[Kind, ...]
    may_end: tuple[Kind, ...]
    may_begin: tuple[Kind, ...]
    tells: Telling
    matters: bool
    unsettles: bool


def bearing_of(ground: Ground, reading: Reading) -> Bearing:
    """What the roles and names of a reading come to."""
    edged = {edge.kind for edge in ground.edges}  # what ends for certain, or a new beginning would be none
    items = [kind for kind in ground.kinds if kind.is_item]
    patient = {role for kind in ground.kinds for role in kind.patient}
    partners = {kind.span.close for kind in ground.kinds if kind.either and kind.span.open in patient}
    may_begin = tuple(kind for kind in ground.kinds if kind.span.open in reading.may)
    return Bearing(
        reading=reading,
        closes=frozenset(kind.index for kind in items if kind.span.close in reading.roles),
        opens=tuple(kind for kind in items if kind.span.open in reading.roles),
        may_end=tuple(
            kind
            for kind in ground.kinds
            if kind.span.close in reading.may and kind.index not in edged and not kind.either
        ),
        may_begin=may_begin,
        tells=_told(ground, reading),
        matters=_matters(ground, reading),
        unsettles=bool({ASK_REPLAY, *patient, *partners} & reading.roles or may_begin),
    )


def _told(ground: Ground, reading: Reading) -> Telling:
    bracket = ground.bracket
    if bracket is None or reading.sender not in bracket.closers:
        return "nothing"
    if bracket.span.open in reading.roles:
        return "history"
    framing = {bracket.span.close, "answer.session"} & reading.roles
    named = all(name in reading.names for name in bracket.span.keys)
    return "something" if named and not framing else "nothing"


def _matters(ground: Ground, reading: Reading) -> bool:
    joins, steps = ground.joins, ground.steps
    roles = {steps.role} if steps is not None else set()
    if joins is not None:
        roles |= {joins.deltas, joins.final, joins.opens, *joins.reset}
    return bool(roles & reading.roles)


@dataclass(frozen=True, slots=True, kw_only=True)
class Actions:
    """The actions of one dialect. `clear`: none that may mean several things; `proof`: also with values that are wrong
    on purpose, but for the names that are `fixed`, since they have one value only."""

    ground: Ground
    bearings: tuple[Bearing, ...]
    clear: bool
    proof: bool
    fixed: frozenset[str]

    def among(self, state: State) -> Iterator[tuple[Bearing, Action]]:
        """What could be said in this state, whether it may or not."""
        for bearing in self.bearings:
            reading = bearing.reading
            for target in self._targets(state, bearing):
                for ends, sweeps in self._ends(state, bearing, target):
                    action = Action(reading=reading, target=target, ends=ends, sweeps=sweeps)
                    yield bearing, action
                    for twist, name, claim in self._twists(state, reading, target) if self.proof else ():
                        yield bearing, replace(action, twist=twist, name=name, claim=claim)

    def _targets(self, state: State, bearing: Bearing) -> list[int | None]:
        """The items that the frame can be about."""
        if not state.items:
            return [None]
        if bearing.closes:
            there = [number for number, item in enumerate(state.items) if bearing.closes.intersection(item.open)]
            return [*there, None] if there else [None]
        joined = [
            number
            for number, item in enumerate(state.items)
            if any(self._are_akin(kind, one) for kind in bearing.opens for one in item.open)
        ]
        ended = {kind.index for kind in bearing.may_end if kind.is_item}
        meant = [number for number, item in enumerate(state.items) if ended.intersection(item.open)]
        return [None, *joined, *meant]

    def _are_akin(self, kind: Kind, other: int) -> bool:
        """Whether spans of both kinds can have the same names of their own."""
        keys = self.ground.inner & set(kind.span.keys)
        return bool(keys & set(self.ground.kinds[other].span.keys)) and kind.index != other

    def _ends(self, state: State, bearing: Bearing, target: int | None) -> Iterator[tuple[tuple[int, ...], bool]]:
        """What the frame's possible roles come to: nothing, one thing, or all that they could."""
        if self.clear:
            if not self._is_unclear(state, bearing):
                yield (), False
            return
        kinds = bearing.may_end
        mine = state.items[target].open if target is not None else ()
        here = [kind for kind in kinds if (kind.index in mine if kind.is_item else state.spans[kind.index])]
        if target is None and (bearing.reading.roles or not kinds) or bearing.closes or bearing.opens:
            yield (), False
        for kind in here:
            yield (kind.index,), False
        there = [kind for kind in kinds if kind.is_item and state.is_open(kind.index)]
        if target is None and len(here) + len(there) > 1:
            yield (), True

    def _is_unclear(self, state: State, bearing: Bearing) -> bool:
        """Whether it would be open what the frame ends or begins."""
        reading = bearing.reading
        if bearing.may_begin:
            # A frame without their names lies in the spans that are open, where there is one of each, and means that.
            return any(
                kind.is_item or not state.spans[kind.index] or not reading.names.keys().isdisjoint(kind.span.keys)
                for kind in bearing.may_begin
            )
        bracket = self.ground.bracket
        waits = [lead.kind for lead in self.ground.leads] + ([bracket.index] if bracket is not None else [])
        if any(state.spans[kind] for kind in waits) and bracket is not None and reading.sender not in bracket.closers:
            return True
        for kind in bearing.may_end:
            if not set(kind.span.keys) <= reading.names.keys() or state.is_open(kind.index):
                return True
        return bool(reading.may) and not reading.roles or (ASK_REPLAY in reading.roles and not state.rests())

    def _twists(self, state: State, reading: Reading, target: int | None) -> Iterator[tuple[Twist, str, str]]:
        """Values that are not what they ought to be: which, of which name, against which guarantee."""
        ground = self.ground
        said = set(reading.names) - set(reading.said) - self.fixed
        for name, (claim, kinds) in ground.partners.items():
            closing = [ground.kinds[one] for one in kinds if ground.kinds[one].span.close in reading.roles]
            keyed = {key for kind in closing for key in kind.span.keys}
            if closing and target is not None and name in said and name not in keyed:
                yield "name", name, claim
        keyed = {key for kind in ground.kinds for key in kind.span.keys if self._concerns(kind, reading)}
        for name, (claim, role) in ground.connected.items():
            if name in said and name not in keyed and (role is None or role in reading.roles):
                yield "connection", name, claim
        joins, steps = ground.joins, ground.steps
        if joins is not None and joins.final in reading.roles and state.text == "some":
            yield "text", joins.whole, joins.claim
        if steps is not None and steps.role in reading.roles and state.counted:
            yield "number", steps.number, steps.claim
        topics = ground.topics
        if topics is not None and topics.role in reading.roles and topics.topic in said and state.topics == "some":
            yield "topic", topics.topic, topics.claim
        bracket = ground.bracket
        if bracket is not None and ground.history and bracket.span.open in reading.roles and state.told:
            yield "history", "", ground.history

    def _concerns(self, kind: Kind, reading: Reading) -> bool:
        placed = {place.role for place in self.ground.places if place.kind == kind.index}
        placed |= {count.role for count in self.ground.counts if count.kind == kind.index}
        return bool(({kind.span.open, kind.span.close} | placed) & reading.roles)
