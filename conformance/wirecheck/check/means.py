"""What a frame of one kind means to a row: which of its names count, and what lies outside of the row.

Law: made once a dialect from its plan; nothing observed is in here.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from threading import Lock
from typing import Any

from wirecheck.check import route
from wirecheck.check.frames import Reader
from wirecheck.check.plan import Glance, Moves, Plan
from wirecheck.check.route import Connection
from wirecheck.check.rows import Act
from wirecheck.record import At
from wirecheck.shapes.state import Event, Outcomes

MEETS_NOBODY, AT_HOME, MET_BEFORE, MEETS_FIRST = range(4)
"""Of the session that a frame names: none, one whose home this is, another that was seen before, one never seen."""


class Meaning:
    """A kind of frame, given which of its cases hold. `names`: those that the lanes ask for, in the order of `values`.

    `bare`: what it does without what lies outside of rows (the connection, joined texts). `look` and `at_look`: the
    glance that is often enough, and where its key lies among the values. `session`: where the session's name lies.
    """

    __slots__ = (
        "at_look",
        "at_text",
        "bare",
        "bumps",
        "delta",
        "framing",
        "look",
        "moves",
        "names",
        "number",
        "numbers",
        "plan",
        "session",
    )

    def __init__(self, plan: Plan, moves: Moves, number: int, look: Glance | None) -> None:
        self.plan = plan
        self.number = number
        self.moves = moves
        self.bare = replace(moves, connected=False, joins=False)
        counted = _numbers(plan) if moves.steps else frozenset()
        asked = _keyed(plan) | counted
        self.names = tuple(name for name in moves.names if name in asked)
        self.numbers = tuple(place for place, name in enumerate(self.names) if name in counted)
        self.framing = moves.begins_bracket or moves.ends_bracket
        self.bumps = bool(moves.may_closes) and moves.sender == "client"
        session = plan.bracket.keys[0] if plan.bracket is not None else None
        self.session = self.names.index(session) if session in self.names else None
        self.look = look
        self.at_look = () if look is None else tuple(self.names.index(name) for name in plan.lanes[look.index].keys)
        self.delta = moves.delta
        self.at_text = (
            tuple(self.names.index(name) for name in plan.joins.lane.keys)
            if moves.joins and plan.joins is not None and set(plan.joins.lane.keys) <= set(self.names)
            else ()
        )

    def acting(self, values: tuple[Any, ...], *, meets: int, glancing: bool) -> Act:
        """What the shapes do about such a frame with these values of its names."""
        names = {name: value for name, value in zip(self.names, values, strict=True) if value is not None}

        def act(connection: Connection, at: At, out: Outcomes) -> bool:
            facts = connection.facts
            if glancing:
                look = self.look
                assert look is not None
                payload = {member: values[place] for member, place in zip(look.keys, self.at_look, strict=True)}
                span = route.glance(connection, look, payload)
                if span is not None:
                    span.witnessed = True
                    out.counts[look.guarantee][0] += 1
                    return True
            if meets == MEETS_FIRST and self.moves.born and len(facts.seen) == 2:
                assert self.session is not None
                facts.homes[values[self.session]] = None
            connection.seq += 1
            moves = self.bare
            event = Event(at, connection.seq, moves.sender, moves.label, moves.roles, names)
            route.route(self.plan, connection, event, moves, out)
            return False

        return act


class Meanings:
    """All of a dialect's, made as they are met."""

    __slots__ = ("_glances", "_made", "_making", "plan", "reader")

    def __init__(self, plan: Plan, reader: Reader, glances: Mapping[str, Glance]) -> None:
        self.plan = plan
        self.reader = reader
        self._glances = glances
        self._made: dict[int, Meaning] = {}
        self._making = Lock()

    def of(self, moves: Moves) -> Meaning:
        """The meaning of what a frame does; the reader keeps one value of the same moves."""
        found = self._made.get(id(moves))
        if found is None:
            look = self._glances.get(moves.form.key)
            with self._making:  # rows know a meaning by its number: no two threads may give the same
                found = self._made.get(id(moves))
                if found is None:
                    found = self._made[id(moves)] = Meaning(self.plan, moves, len(self._made), look)
        return found


def _keyed(plan: Plan) -> frozenset[str]:
    """The names that tell spans apart, or are compared with those of a span."""
    found: set[str] = set()
    for form in plan.lanes:
        found.update(form.keys, form.kept, *(by.names for by in form.by), *((name,) for _, name in form.partners))
        if form.prefer is not None:
            found.add(form.prefer)
    if plan.bracket is not None:
        found.update(plan.bracket.keys)
    return frozenset(found)


def _numbers(plan: Plan) -> frozenset[str]:
    """The names whose values are counted with."""
    return frozenset() if plan.steps is None else frozenset({plan.steps.number, plan.steps.bound})
