"""Where a frame may stand: inside or outside a span, first or last in it, or leading its answer.

Law: `docs/verdicts.md`, section 5. Everything here is judged on the state before the frame's own opens and closes.
"""

from __future__ import annotations

from dataclasses import dataclass

from wirecheck.catalog.model import Sender
from wirecheck.record import At
from wirecheck.shapes import sure
from wirecheck.shapes.forms import LaneForm, described
from wirecheck.shapes.lane import MAX_ALIKE, MAX_KEYS, Key
from wirecheck.shapes.spans import imply
from wirecheck.shapes.state import Event, Facts, Outcomes, Trace

OPENED, CLOSED, MISSED, UNSEEN, BLURRED = range(5)


@dataclass(frozen=True, slots=True, kw_only=True)
class Edge:
    """`first` or `last` of a span: who sends it, by which names it is known, and what does not count."""

    guarantee: str
    first: bool
    lane: LaneForm
    senders: frozenset[Sender]
    ignored: frozenset[str] = frozenset()


@dataclass(slots=True)
class EdgeState:
    """`first`: what became of each key's first frame. `last`: the frame that waits to be the last."""

    first: dict[Key, int]
    last: dict[Key, tuple[At, str]]
    blurred: bool = False


def inside(form: LaneForm, guarantee: str, trace: Trace, facts: Facts, event: Event, out: Outcomes) -> None:
    """The frame must stand inside a span of this kind."""
    lane = trace.lanes[form.index]
    key = event.key(form.keys)
    spans = lane.fitting(key)
    if form.home is not None and None not in key and spans and None in spans[0].key:
        # A span of a session that nobody named yet: whether this is the one, nobody can tell.
        out.undecided(guarantee)
        imply(form, trace, facts, event, None)
        return
    if not spans:
        if sure.is_sure(form, lane, key, facts, trace):
            if event.roles & form.implied_by:
                imply(form, trace, facts, event, guarantee)
            else:
                out.broke(guarantee, event.at, event.label, f"outside any {form.name}{described(form, key)}")
            return
        out.undecided(guarantee)
        sure.orphaned(form, lane, key, facts)
        if form.exclusive:
            imply(form, trace, facts, event, None)
        return
    if len(spans) > 1 and any(span.key != spans[0].key for span in spans):
        out.undecided(guarantee)
        return
    for span in spans:
        if span.solid:
            span.witnessed = True
            out.held(guarantee)
            return
    out.undecided(guarantee)


def outside(form: LaneForm, guarantee: str, trace: Trace, facts: Facts, event: Event, out: Outcomes) -> None:
    """The frame must not stand inside a span of this kind."""
    lane = trace.lanes[form.index]
    key = event.key(form.keys)
    spans = lane.fitting(key)
    if not spans:
        if (facts.started and trace.live) or sure.is_sure(form, lane, key, facts, trace):
            out.held(guarantee)
        else:
            out.undecided(guarantee)
        return
    one_key = all(span.key == spans[0].key for span in spans)
    solid = next((span for span in spans if span.solid), None)
    if one_key and solid is not None and sure.is_closable(form, facts, trace):
        text = f"inside the {form.name}{described(form, solid.key)} that began at line {solid.at.line}"
        out.broke(guarantee, event.at, event.label, text)
    else:
        out.undecided(guarantee)


def first(edge: Edge, state: EdgeState, facts: Facts, event: Event, out: Outcomes) -> None:
    """The frame that opens the span must be the first with the span's names."""
    key = event.key(edge.lane.keys)
    if None in key:
        return
    opens = edge.lane.open_role in event.roles
    before = state.first.get(key)
    now = before
    if before is None:
        if state.blurred:
            now = BLURRED
        elif opens:
            out.held(edge.guarantee)
            now = OPENED
        elif facts.started and edge.lane.here:
            text = f"comes before the {edge.lane.opens}{described(edge.lane, key)}"
            out.broke(edge.guarantee, event.at, event.label, text)
            now = MISSED
        else:
            out.undecided(edge.guarantee)
            now = UNSEEN
    if opens and (before is not None or now == BLURRED):
        if now == CLOSED:
            out.held(edge.guarantee)
        elif now == BLURRED:
            out.undecided(edge.guarantee)
        elif now != MISSED:
            text = f"is not the first of its {edge.lane.name}{described(edge.lane, key)}"
            out.broke(edge.guarantee, event.at, event.label, text)
        now = OPENED
    if edge.lane.close_role in event.roles:
        now = CLOSED
    if now is not None and now != before:
        state.first[key] = now
        if len(state.first) > MAX_KEYS:
            del state.first[next(iter(state.first))]


def last(edge: Edge, state: EdgeState, event: Event, out: Outcomes) -> None:
    """After the frame that closes the span nothing more with its names may come."""
    key = event.key(edge.lane.keys)
    if None in key:
        return
    waiting = state.last.get(key)
    closes = edge.lane.close_role in event.roles
    if waiting is not None:
        if edge.lane.open_role in event.roles:
            out.held(edge.guarantee)
            del state.last[key]
        elif closes or not event.roles & edge.ignored:
            text = f"comes after the {edge.lane.closes} of line {waiting[0].line}{described(edge.lane, key)}"
            out.broke(edge.guarantee, event.at, event.label, text)
            del state.last[key]
    if closes:
        state.last[key] = (event.at, event.label)
        if len(state.last) > MAX_KEYS:
            del state.last[next(iter(state.last))]
            out.undecided(edge.guarantee)


def leads(form: LaneForm, guarantee: str, role: str, trace: Trace, facts: Facts, event: Event, out: Outcomes) -> None:
    """While a span waits, the first frame with its key must play the role."""
    spans = trace.lanes[form.index].spans
    if not spans:
        return
    key = event.key(form.keys)
    waiting = [span for span in spans.get(key, ()) if not span.spoiled]
    if not waiting:
        return
    span = waiting[0]
    span.spoiled = True
    if role in event.roles:
        if span.doubtful:
            out.undecided(guarantee)
        else:
            out.held(guarantee)
    elif span.solid and (facts.vantage == event.sender or span.fresh):
        text = f"comes before the {form.closes} that line {span.at.line} asked for{described(form, key)}"
        out.broke(guarantee, event.at, event.label, text)
    else:
        out.undecided(guarantee)


def finish(edge: Edge, state: EdgeState, *, closed: bool, out: Outcomes) -> None:
    """The connection closed, or the input ended without that."""
    for _ in state.last:
        if closed:
            out.held(edge.guarantee)
        else:
            out.undecided(edge.guarantee)
    state.last.clear()


def blur(edge: Edge, state: EdgeState, sender: Sender, out: Outcomes) -> None:
    """A message of the sender could not be read: it may have been the first, or come after the last."""
    if sender not in edge.senders:
        return
    if edge.first:
        state.blurred = True
        if len(state.first) > MAX_ALIKE:
            state.first.clear()
        for key, now in state.first.items():
            if now != OPENED:
                state.first[key] = BLURRED
    finish(edge, state, closed=False, out=out)
