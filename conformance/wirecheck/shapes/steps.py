"""Numbers that count up by one and never pass their bound.

Law: `docs/verdicts.md`, section 7.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from wirecheck.shapes.forms import LaneForm
from wirecheck.shapes.state import Event, Facts, Outcomes, Trace


@dataclass(frozen=True, slots=True, kw_only=True)
class Steps:
    """The numbered frames, the names of number and bound, and the span inside which they count."""

    guarantee: str
    frames: str
    number: str
    bound: str
    lane: LaneForm


def judge(form: Steps, trace: Trace, facts: Facts, event: Event, out: Outcomes, *, placed: bool) -> None:
    """One numbered frame; `placed` is False where it cannot be told to which trace the frame belongs."""
    number, bound = _integer(event.names.get(form.number)), _integer(event.names.get(form.bound))
    if number is None:
        return
    if placed and bound is not None and number > bound:
        text = f"number {number} is above its bound {bound}"
        out.broke(form.guarantee, event.at, event.label, text)
        return
    lane = trace.lanes[form.lane.index]
    span = next(lane.all()) if lane.size == 1 else None
    alone = form.lane.home is None or (facts.contacts is not None and len(facts.contacts) == 1)
    if not placed or not alone or span is None or not span.solid:
        out.undecided(form.guarantee)
        trace.step = None
        return
    before = trace.step
    trace.step = (span.seq, number)
    if before is None or before[0] != span.seq or number == before[1] + 1:
        out.held(form.guarantee)
    else:
        out.broke(form.guarantee, event.at, event.label, f"number {number} follows {before[1]}, wanted {before[1] + 1}")


def _integer(value: Any) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) else None
