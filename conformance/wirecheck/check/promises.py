"""The promises of a connection itself (what its URL asked for, what its clients subscribed to), for quick steps.

Law: counts what is kept beyond doubt, and says so where anything else may be: that is for `judge`.
"""

from __future__ import annotations

from typing import Any

from wirecheck.check.kinds import Reading
from wirecheck.check.link import Link
from wirecheck.check.plan import Moves, Plan
from wirecheck.check.rows import Kept, Step
from wirecheck.shapes import opted
from wirecheck.shapes.state import Event, Outcomes

Held = tuple[str, ...]
"""Guarantees that a frame kept."""


class Promises:
    """Those of one dialect."""

    __slots__ = ("_counted", "_plan")

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self._counted: dict[tuple[Step, Held], Kept] = {}

    def held(self, link: Link, reading: Reading, frame: Any) -> Held | None:
        """The promises that the frame keeps; None where it may not keep one."""
        found = link.kept.get(reading)
        if found is None:
            found = self._held(link, reading, frame)
            if found is not None and reading.lasting:
                link.kept[reading] = found
        return found

    def counted(self, step: Step, held: Held) -> Step | Kept:
        """What counts where a frame takes a step and keeps these promises."""
        if not held:
            return step
        found = self._counted.get((step, held))
        if found is None:
            found = self._counted[step, held] = Kept(step, held)
        return found

    def _held(self, link: Link, reading: Reading, frame: Any) -> Held | None:
        facts, plan, moves = link.facts, self._plan, reading.meaning.moves
        if facts.params is None:
            return None
        held: list[str] = []
        if moves.gated and plan.gate is not None:
            if not self._opted(link, moves, plan.gate):
                return None
            held.append(plan.gate)
        if moves.topical and plan.subscription is not None:
            topic = None if reading.topic is None else reading.topic(frame)
            if topic.__class__ is not str or topic not in facts.clients.topics:
                return None
            held.append(plan.subscription.guarantee)
        for guarantee, read, name in reading.agreed:
            own, asked = None if read is None else read(frame), facts.params.get(name)
            if own.__class__ is not str or own != asked:
                return None
            held.append(guarantee)
        return tuple(held)

    def _opted(self, link: Link, moves: Moves, gate: str) -> bool:
        """Whether the connection's URL asked for such frames, beyond doubt."""
        out = Outcomes(counts={gate: [0, 0, 0]})
        event = Event(link.at((0, None)), 0, moves.sender, moves.label, moves.roles, {})
        opted.by_parameter(gate, moves.form.needs, self._plan.defaults, link.facts, event, out)
        return bool(out.counts[gate][0])
