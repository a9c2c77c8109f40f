"""Which trace a frame belongs to: the live one, a replay, or nobody knows.

Law: `docs/verdicts.md`, sections 8 and 9. Holds the state of one connection, as a value; judges nothing itself.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from wirecheck.catalog.model import Sender
from wirecheck.check.judge import judge, judge_connection, judge_ends, new_trace
from wirecheck.check.plan import Glance, Moves, Plan
from wirecheck.record import At
from wirecheck.shapes import deadlines, either, ends, joins, place, spans, steps, sure
from wirecheck.shapes.forms import LaneForm
from wirecheck.shapes.lane import MAX_ALIKE, MAX_KEYS, MAX_REPLAYS, Key, Span, agree, remember
from wirecheck.shapes.place import EdgeState
from wirecheck.shapes.state import Event, Facts, Outcomes, Trace


@dataclass(slots=True)
class Connection:
    """Everything remembered of one connection. `adrift` while a replay is open whose key was not given."""

    facts: Facts
    live: Trace
    edges: list[EdgeState]
    replays: dict[Key, Trace] = field(default_factory=dict)
    adrift: bool = False
    unclear: dict[Key, None] = field(default_factory=dict)
    still_open: int = 0
    """Replays one of which ended, nobody knows which; and how many of them have not ended yet."""
    seq: int = 0


def connect(plan: Plan, facts: Facts) -> Connection:
    """A connection of which these facts are known."""
    return Connection(
        facts=facts,
        live=new_trace(plan, facts, live=True),
        edges=[EdgeState(first={}, last={}) for _ in plan.edges],
    )


def route(plan: Plan, connection: Connection, event: Event, moves: Moves, out: Outcomes) -> Trace | None:
    """Judge one frame where it belongs; returns the trace that it went to, None where that cannot be told."""
    facts = connection.facts
    facts.last[event.sender] = event.seq
    trace: Trace | None = connection.live
    bracket = plan.bracket
    framing = moves.begins_bracket or moves.ends_bracket
    if bracket is not None and event.sender == "server" and not framing:
        if connection.adrift:
            _note_contact(plan, facts, event)
            return None
        if connection.replays or connection.unclear:
            key = event.key(bracket.keys)
            unclear = None in key or key in connection.unclear
            trace = None if unclear else connection.replays.get(key, connection.live)
    if moves.connected:
        judge_connection(plan, facts, event, moves, out)
    if trace is None:
        _unplaced(plan, connection, event, moves, out)
    else:
        if trace.live and (plan.edges or _awaits(plan, connection)):
            judge_ends(plan, connection.edges, trace, facts, event, out)
        judge(plan, trace, facts, event, moves, out)
        if framing and bracket is not None:
            key = event.key(bracket.keys)
            if moves.ends_bracket:
                _end(plan, connection, key, out)
            if moves.begins_bracket:
                _begin(plan, connection, key, out)
    _note_contact(plan, facts, event)
    return trace


def _note_contact(plan: Plan, facts: Facts, event: Event) -> None:
    """Remember which keys the connection has shown, wherever their frames belong."""
    if plan.leads and facts.contacts is not None:
        for form, *_ in plan.leads:
            key = event.key(form.keys)
            if key not in facts.contacts and None not in key:
                remember(facts.contacts, key)
        if len(facts.contacts) >= MAX_KEYS:
            facts.contacts = None


def glance(connection: Connection, look: Glance, payload: Mapping[str, Any]) -> Span | None:
    """The one solid span that such a frame lies in, if nothing else waits for it.

    Most frames are pieces of text in the middle of a turn: this look is all they need.
    """
    if connection.replays or connection.unclear or connection.adrift:
        return None
    lanes = connection.live.lanes
    for index in look.leads:
        if lanes[index].spans:
            return None
    lane = lanes[look.index]
    keys = look.keys
    key = (payload.get(keys[0]),) if len(keys) == 1 else tuple([payload.get(member) for member in keys])
    there = lane.spans.get(key)
    if there is None or len(there) != 1 or lane.holed:
        return None
    span = there[0]
    return None if span.excused or span.doubtful else span


def _awaits(plan: Plan, connection: Connection) -> bool:
    """Whether some request wants its answer first."""
    lanes = connection.live.lanes
    for lead, *_ in plan.leads:
        if lanes[lead.index].spans:
            return True
    return False


def blur(plan: Plan, connection: Connection, sender: Sender, out: Outcomes) -> None:
    """A message of the sender could not be read."""
    for trace in (connection.live, *connection.replays.values()):
        for form in plan.lanes:
            spans.blur(form, trace, sender, out)
            if form.either and sender in form.openers | form.closers:
                either.pardon(trace.lanes[form.index], (None,) * len(form.keys))
        joins.blur(trace)
        trace.step = None
    for edge, state in zip(plan.edges, connection.edges, strict=True):
        place.blur(edge, state, sender, out)
    if sender == "client":
        connection.facts.clients.opaque = True


def excuse(plan: Plan, connection: Connection, out: Outcomes) -> None:
    """A client on another connection may have ended anything in the sessions that this one shows."""
    for form in plan.lanes:
        if form.home is not None:
            spans.excuse(form, connection.live, (None,) * len(form.keys), out)


def disconnect(
    plan: Plan, connection: Connection, out: Outcomes, *, at: At | None, sender: Sender | None, code: int | None
) -> None:
    """The connection closed; or, where `at` is None, the input ended before it did."""
    facts = connection.facts
    for trace in connection.replays.values():
        for form in plan.lanes:
            deadlines.finish(form, trace, facts, None, None, out)
    for form in plan.lanes:
        deadlines.finish(form, connection.live, facts, sender, code, out)
    for edge, state in zip(plan.edges, connection.edges, strict=True):
        place.finish(edge, state, closed=at is not None, out=out)
    if plan.ends is not None:
        guarantee, codes = plan.ends
        if at is None:
            ends.cut(guarantee, facts, out)
        else:
            ends.closed(guarantee, codes, facts, at, sender, code, out)


def expire(plan: Plan, connection: Connection, guarantee: str, seconds: float | None, out: Outcomes) -> None:
    """What the guarantee promises did not come, though it was waited for."""
    for form in plan.lanes:
        if form.guarantee == guarantee:
            deadlines.expire(form, connection.live, connection.facts, seconds, out)


def _unplaced(plan: Plan, connection: Connection, event: Event, moves: Moves, out: Outcomes) -> None:
    """Live or replayed? Nobody can tell: what the frame is, it only may be, and what it would be judged by is open."""
    for _, _, guarantee in moves.places:
        out.undecided(guarantee)
    if moves.steps and plan.steps is not None:
        steps.judge(plan.steps, connection.live, connection.facts, event, out, placed=False)
    uncertain = plan.moves(moves.form, frozenset(), moves.roles | moves.may)
    uncertain_event = Event(event.at, event.seq, event.sender, event.label, frozenset(), event.names)
    for trace in (connection.live, *connection.replays.values()):
        judge(plan, trace, connection.facts, uncertain_event, uncertain, out)


def _begin(plan: Plan, connection: Connection, key: Key, out: Outcomes) -> None:
    for form, ours in _bracketed(plan, key):
        spans.excuse(form, connection.live, ours, out)
    if None in key:
        connection.adrift = True
        return
    if key in connection.replays:
        _finish_replay(plan, connection, key, out)
    elif len(connection.replays) >= MAX_REPLAYS:
        _overlook(connection, key)
        return
    connection.unclear.pop(key, None)
    connection.replays[key] = new_trace(plan, connection.facts, live=False)


def _overlook(connection: Connection, key: Key) -> None:
    """Too many replays run at once to follow another: until it ends, frames with its key are of no known trace."""
    if len(connection.unclear) >= MAX_ALIKE:
        connection.adrift = True
    elif key not in connection.unclear:
        connection.unclear[key] = None
        connection.still_open += 1


def _end(plan: Plan, connection: Connection, key: Key, out: Outcomes) -> None:
    agreeing = [other for other in connection.replays if agree(other, key)]
    unclear = key in connection.unclear or (None in key and any(agree(other, key) for other in connection.unclear))
    for other in agreeing:
        _finish_replay(plan, connection, other, out)
    if len(agreeing) > 1 or (agreeing and unclear):
        connection.unclear.update(dict.fromkeys(agreeing))
        connection.still_open += len(agreeing) - 1
    elif unclear:
        connection.still_open -= 1
    if None not in key:
        connection.unclear.pop(key, None)
    if connection.still_open <= 0 or not connection.unclear:
        connection.unclear.clear()
        connection.still_open = 0
    if connection.adrift and (None in key or not agreeing):
        connection.adrift = False
        blur(plan, connection, "server", out)


def _finish_replay(plan: Plan, connection: Connection, key: Key, out: Outcomes) -> None:
    """What was open in the replay may go on live; what else was said of the session is no longer sure."""
    replay = connection.replays.pop(key)
    live = connection.live
    for form, ours in _bracketed(plan, key):
        lane, past = live.lanes[form.index], replay.lanes[form.index]
        sure.loosen(form, lane, ours)
        if form.either:
            either.pardon(lane, ours)
        taken = [other for other in past.spans if other in lane.spans]
        for span in list(past.all()):
            if not span.doubtful and span.key not in taken and not lane.is_full(span.key):
                past.remove(span)
                span.excused = True
                lane.add(span)
    for form in plan.lanes:
        deadlines.finish(form, replay, connection.facts, None, None, out)


def _bracketed(plan: Plan, key: Key) -> list[tuple[LaneForm, Key]]:
    """The kinds of spans that occur in replays, each with the bracket's key as a key of that kind."""
    found = []
    for form in plan.lanes:
        if form.in_bracket is None:
            continue
        ours = [None] * len(form.keys)
        for position, theirs in form.in_bracket:
            ours[position] = key[theirs]
        found.append((form, tuple(ours)))
    return found
