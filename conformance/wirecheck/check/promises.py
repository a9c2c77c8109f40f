"""The promises of a connection itself (what its URL asked for, what its clients subscribed to), for quick steps.

Law: counts what is kept beyond doubt, and says so where anything else may be: that is for `judge`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from wirecheck.check.kinds import UNSET, Reading, Values
from wirecheck.check.link import Link
from wirecheck.check.plan import Moves, Plan
from wirecheck.check.rows import MAX_STEPS, Kept, Step
from wirecheck.shapes import opted
from wirecheck.shapes.state import Event, Outcomes


class Held:
    """Guarantees that a frame kept. `counted`: what counts, by the step that such a frame takes."""

    __slots__ = ("counted", "guarantees")

    def __init__(self, guarantees: tuple[str, ...]) -> None:
        self.guarantees = guarantees
        self.counted: dict[Step, Step | Kept] = {}

    def counts(self, step: Step) -> Step | Kept:
        """What counts where a frame takes a step and keeps these promises."""
        found = self.counted.get(step)
        if found is None:
            if len(self.counted) >= MAX_STEPS:
                self.counted.clear()
            found = self.counted[step] = Kept(step, self.guarantees) if self.guarantees else step
        return found


class Promises:
    """Those of one dialect."""

    __slots__ = ("_held", "_plan")

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self._held: dict[tuple[str, ...], Held] = {}

    def held(self, link: Link, reading: Reading, frame: Any) -> Held | None:
        """The promises that the frame keeps; None where it may break one.

        They depend on the connection's URL, which stays, on topics that are subscribed to, which stay so, and on what
        `reading.own` gives; so they are those of the last such frame where that is the same.
        """
        read, before = reading.own, link.kept.get(reading)
        own: Values = () if read is None else read(frame)
        if before is not None and before[0] == own:
            return before[1]
        kept = self._kept(link, reading, own)
        if kept is None:
            return None
        held = self._held.get(kept)
        if held is None:
            held = self._held[kept] = Held(kept)
        link.kept[reading] = own, held
        return held

    def _kept(self, link: Link, reading: Reading, own: Sequence[Any]) -> tuple[str, ...] | None:
        facts, plan, moves = link.facts, self._plan, reading.meaning.moves
        kept: list[str] = []
        if moves.gated and plan.gate is not None:
            if not self._opted(link, moves, plan.gate):
                return None
            kept.append(plan.gate)
        if moves.topical and plan.subscription is not None:
            topic, *own = own
            if topic.__class__ is str:
                if topic not in facts.clients.topics:
                    return None
                kept.append(plan.subscription.guarantee)
        for (guarantee, name), value in zip(moves.agrees, own, strict=True):
            asked = None if facts.params is None else facts.params.get(name)
            if asked is None or value is None or value is UNSET:
                continue
            if value != asked:
                return None
            kept.append(guarantee)
        return tuple(kept)

    def _opted(self, link: Link, moves: Moves, gate: str) -> bool:
        """Whether the connection's URL asked for such frames, beyond doubt."""
        out = Outcomes(counts={gate: [0, 0, 0]})
        event = Event(link.at((0, None)), 0, moves.sender, moves.label, moves.roles, {})
        opted.by_parameter(gate, moves.form.needs, self._plan.defaults, link.facts, event, out)
        return bool(out.counts[gate][0])
