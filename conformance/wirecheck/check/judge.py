"""One frame in one trace: which shape judges what, in which order.

Law: `docs/verdicts.md`, section 3. This module only calls the shapes; it decides nothing itself.
"""

from __future__ import annotations

from wirecheck.check.plan import Moves, Plan
from wirecheck.shapes import agrees, crowd, deadlines, either, joins, opted, pair, place, spans, steps, sure, times
from wirecheck.shapes.forms import LaneForm
from wirecheck.shapes.lane import MAX_ALIKE, Lane
from wirecheck.shapes.place import EdgeState
from wirecheck.shapes.state import Event, Facts, Outcomes, Trace


def new_trace(plan: Plan, facts: Facts, *, live: bool) -> Trace:
    """A trace with nothing open; only in a live one, seen from its start, do we know of lanes that open here."""
    return Trace(
        live=live,
        lanes=[
            Lane(known=live and (form.home is not None or (facts.started and form.here)), nested=bool(form.by))
            for form in plan.lanes
        ],
    )


def judge(plan: Plan, trace: Trace, facts: Facts, event: Event, moves: Moves, out: Outcomes) -> None:
    """Judge the frame on the state before it, then let it close, excuse, end, open and clear."""
    if facts.open_spans > MAX_ALIKE:
        crowd.relieve(moves.looks, moves.may_look, moves.ends, trace, facts, event, out)
    if moves.places or moves.counts or moves.pardons:
        for inside, form, guarantee in moves.places:
            if inside:
                place.inside(form, guarantee, trace, facts, event, out)
            else:
                place.outside(form, guarantee, trace, facts, event, out)
        for form, rule in moves.counts:
            times.count(form, rule, trace, event, out)
        for form in moves.pardons:
            times.pardon(form, trace, event)
    for form in moves.implies:
        _imply(plan, form, trace, facts, event)
    if moves.joins and plan.joins is not None:
        joins.judge(plan.joins, trace, event, out)
    if moves.steps and plan.steps is not None:
        steps.judge(plan.steps, trace, facts, event, out, placed=True)
    if moves.moving:
        _move(plan, trace, facts, event, moves, out)
    for by, form, number in moves.clears:
        sure.clear(form, trace.lanes[form.index], number, event.key(by.keys))
    for form in moves.hears:
        sure.hear(form, trace.lanes[form.index], event.key(form.keys), ended=form.close_role in moves.roles)


def _imply(plan: Plan, form: LaneForm, trace: Trace, facts: Facts, event: Event) -> None:
    """Where nothing of the kind is open, somebody else may have opened it, and more besides."""
    key = event.key(form.keys)
    there = trace.lanes[form.index].fitting(key)
    if form.home is not None and None not in key:
        there = [span for span in there if None not in span.key]
    if any(span.solid for span in there):
        return
    if not there:
        spans.imply(form, trace, facts, event, None)
    if form.home is None or not trace.live:
        return
    for other in plan.lanes:
        if other.home is not None and other.index != form.index and "client" in other.openers:
            ours = tuple(key[form.home] if position == other.home else None for position in range(len(other.keys)))
            sure.loosen(other, trace.lanes[other.index], ours)


def _move(plan: Plan, trace: Trace, facts: Facts, event: Event, moves: Moves, out: Outcomes) -> None:
    closings = [pair.close(form, trace, facts, event, out) for form in moves.closes]
    surplus: tuple[str, ...] = ()
    for form, closing in zip(moves.closes, closings, strict=True):
        if closing.surplus:
            surplus = (*surplus, form.close_role)
        elif closing.alone and closing.chosen is not None:
            pair.learn(plan.lanes, trace, closing.chosen.seq, event)
    for form, side in moves.meets:
        if (form.close_role if side else form.open_role) not in surplus:
            either.meet(form, trace, facts, event, side, out)
    if moves.may and not _belongs(moves, trace, facts, event):
        for form in moves.may_closes:
            pair.may_close(form, trace, facts, event, out)
        for form in moves.may_meets:
            either.may_meet(form, trace, event)
    for closing, (_, waiting) in zip(closings, moves.deadlines, strict=True):
        if waiting and not closing.surplus:
            for other, number in waiting:
                deadlines.deadline(other, number, trace, facts, event, closing.chosen, out)
    for form, patient in moves.opens:
        if pair.begin(form, trace, facts, event, out, patient=patient):
            for other in plan.lanes:
                if other.either and other.open_role == form.close_role:
                    either.pardon(trace.lanes[other.index], event.key(other.keys))
    if moves.may_opens and not _belongs(moves, trace, facts, event):
        for form in moves.may_opens:
            pair.may_open(form, trace, facts, event)


def _belongs(moves: Moves, trace: Trace, facts: Facts, event: Event) -> bool:
    """Whether the frame surely lies in the spans that it may also open."""
    forms = moves.may_opens
    return bool(forms) and all(pair.belongs(form, trace, facts, event) for form in forms)


def judge_ends(plan: Plan, edges: list[EdgeState], trace: Trace, facts: Facts, event: Event, out: Outcomes) -> None:
    """First, last, and what leads an answer: only in the live trace."""
    for edge, state in zip(plan.edges, edges, strict=True):
        if event.sender in edge.senders:
            if edge.first:
                place.first(edge, state, facts, event, out)
            else:
                place.last(edge, state, event, out)
    for form, guarantee, role, senders in plan.leads:
        if event.sender in senders:
            place.leads(form, guarantee, role, trace, facts, event, out)


def judge_connection(plan: Plan, facts: Facts, event: Event, moves: Moves, out: Outcomes) -> None:
    """What depends on the connection and not on its spans: opt-ins, and agreement with the URL."""
    if moves.gated and plan.gate is not None:
        opted.by_parameter(plan.gate, moves.form.needs, plan.defaults, facts, event, out)
    if plan.subscription is not None:
        if moves.topical:
            opted.by_subscription(plan.subscription, facts, event, out)
        if moves.subscribes:
            opted.subscribe(
                plan.subscription, facts.clients, event.roles, moves.may, event.names.get(plan.subscription.topics)
            )
    for guarantee, name in moves.agrees:
        agrees.with_connection(guarantee, name, facts, event, out)
