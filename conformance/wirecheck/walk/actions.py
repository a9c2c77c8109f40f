"""What could be said in a state, whether it may or not: every reading of every frame, with all that it could be about.

Law: what a frame could mean here, and what of it would stay open to others. What comes of it is said in `effect`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Literal

from wirecheck.walk.ground import Ground, Kind
from wirecheck.walk.readings import Reading
from wirecheck.walk.state import ASK_REPLAY, Action, State, Twist

Telling = Literal["nothing", "something", "history"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Actions:
    """The actions of one dialect. `clear`: none that may mean several things; `proof`: also with values that are wrong
    on purpose, but for the names that are `fixed`, since they have one value only."""

    ground: Ground
    readings: tuple[Reading, ...]
    clear: bool
    proof: bool
    fixed: frozenset[str]

    def among(self, state: State) -> Iterator[Action]:
        """What could be said in this state, whether it may or not."""
        for reading in self.readings:
            for target in self._targets(state, reading):
                for ends, sweeps in self._ends(state, reading, target):
                    yield Action(reading=reading, target=target, ends=ends, sweeps=sweeps)
                    for twist, name, claim in self._twists(state, reading, target) if self.proof else ():
                        yield Action(
                            reading=reading,
                            target=target,
                            ends=ends,
                            sweeps=sweeps,
                            twist=twist,
                            name=name,
                            claim=claim,
                        )

    def _targets(self, state: State, reading: Reading) -> list[int | None]:
        """The items that the frame can be about."""
        items = self._items(reading.roles, close=True)
        if items:
            there = [number for number, item in enumerate(state.items) if set(item.open) & {k.index for k in items}]
            return [*there, None] if there else [None]
        opened = self._items(reading.roles, close=False)
        joined = [
            number
            for number, item in enumerate(state.items)
            if any(self._are_akin(kind, one) for kind in opened for one in item.open)
        ]
        ended = self._items(reading.may, close=True)
        meant = [number for number, item in enumerate(state.items) if set(item.open) & {k.index for k in ended}]
        return [None, *joined, *meant]

    def _items(self, roles: Iterable[str], *, close: bool) -> list[Kind]:
        ends = set(roles)
        return [
            kind
            for kind in self.ground.kinds
            if kind.is_item and (kind.span.close if close else kind.span.open) in ends
        ]

    def _are_akin(self, kind: Kind, other: int) -> bool:
        """Whether spans of both kinds can have the same names of their own."""
        keys = self.ground.inner & set(kind.span.keys)
        return bool(keys & set(self.ground.kinds[other].span.keys)) and kind.index != other

    def _ends(self, state: State, reading: Reading, target: int | None) -> Iterator[tuple[tuple[int, ...], bool]]:
        """What the frame's possible roles come to: nothing, one thing, or all that they could."""
        edged = {edge.kind for edge in self.ground.edges}  # what ends for certain, or a new beginning would be none
        kinds = [kind for kind in self.ground.kinds if kind.span.close in reading.may and kind.index not in edged]
        kinds = [kind for kind in kinds if not kind.either]
        here = [kind for kind in kinds if not kind.is_item and state.spans[kind.index]]
        mine = state.items[target].open if target is not None else ()
        here += [kind for kind in kinds if kind.is_item and kind.index in mine]
        if self.clear:
            if self._is_unclear(state, reading, kinds):
                return
            yield (), False
            return
        if target is None and (reading.roles or not kinds) or self._is_about(reading):
            yield (), False
        for kind in here:
            yield (kind.index,), False
        there = [kind for kind in kinds if kind.is_item and any(kind.index in item.open for item in state.items)]
        if target is None and len(here) + len(there) > 1:
            yield (), True

    def _is_about(self, reading: Reading) -> bool:
        """Whether the frame is about an item, whatever its possible roles come to."""
        return bool(self._items(reading.roles, close=True) or self._items(reading.roles, close=False))

    def _is_unclear(self, state: State, reading: Reading, kinds: list[Kind]) -> bool:
        """Whether it would be open what the frame ends or begins."""
        opened = [kind for kind in self.ground.kinds if kind.span.open in reading.may]
        if opened:
            # A frame without their names lies in the spans that are open, where there is one of each, and means that.
            return any(
                kind.is_item or not state.spans[kind.index] or {*kind.span.keys} & {*reading.names} for kind in opened
            )
        bracket = self.ground.bracket
        waits = [lead.kind for lead in self.ground.leads] + ([bracket.index] if bracket is not None else [])
        if any(state.spans[kind] for kind in waits) and bracket is not None and reading.sender not in bracket.closers:
            return True
        for kind in kinds:
            if not set(kind.span.keys) <= set(reading.names):
                return True
            if state.spans[kind.index] or any(kind.index in item.open for item in state.items):
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
        if ground.joins is not None and ground.joins.options["final"] in reading.roles and state.text == "some":
            yield "text", ground.joins.options["whole"], ground.joins.id
        if ground.steps is not None and ground.steps.options["frames"] in reading.roles and state.counted:
            yield "number", ground.steps.options["number"], ground.steps.id
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

    def tells(self, state: State, reading: Reading) -> Telling:
        """Whether a replay repeats the frame, or begins with it."""
        bracket = self.ground.bracket
        if bracket is None or reading.sender not in bracket.closers:
            return "nothing"
        if bracket.span.open in reading.roles:
            return "history"
        framing = {bracket.span.close, "answer.session"} & reading.roles
        named = all(name in reading.names for name in bracket.span.keys)
        return "something" if named and not framing and not state.spans[bracket.index] else "nothing"

    def matters(self, reading: Reading) -> bool:
        """Whether the frame has a part in a text or in a count."""
        joins, steps = self.ground.joins, self.ground.steps
        roles = {steps.options["frames"]} if steps is not None else set()
        if joins is not None:
            options = joins.options
            roles |= {options["deltas"], options["final"], *options["reset"]}
            roles.add(self.ground.kind(options["span"]).span.open)
        return bool(roles & reading.roles)

    def unsettles(self, reading: Reading) -> bool:
        """Whether the frame leaves open what follows: it asks for a replay, may begin what does not show, or what it
        begins, or belongs to, may outlive all else."""
        kinds = self.ground.kinds
        patient = {role for kind in kinds for role in kind.patient}
        partners = {kind.span.close for kind in kinds if kind.either and kind.span.open in patient}
        hidden = {kind.span.open for kind in kinds} & reading.may
        return bool({ASK_REPLAY, *patient, *partners} & reading.roles or hidden)
