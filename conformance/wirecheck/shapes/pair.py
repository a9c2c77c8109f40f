"""Each open gets exactly one close.

Law: `docs/verdicts.md`, section 4. Brackets and request-reply are both this; what is missing at a deadline is judged in
`deadlines`, and pairs of either order in `either`.
"""

from __future__ import annotations

from typing import NamedTuple

from wirecheck.shapes import agrees, sure, times
from wirecheck.shapes.forms import LaneForm, described
from wirecheck.shapes.lane import MAX_OPEN, Key, Lane, Span, agree
from wirecheck.shapes.spans import excuse, give_up, new_span, not_implied
from wirecheck.shapes.state import Event, Facts, Outcomes, Trace, scalar


class Closing(NamedTuple):
    """What a close did: the span chosen, whether it was the only candidate, and whether the close is a surplus one."""

    chosen: Span | None
    alone: bool = False
    surplus: bool = False


def close(form: LaneForm, trace: Trace, facts: Facts, event: Event, out: Outcomes) -> Closing:
    """The event certainly closes a span of this kind."""
    lane = trace.lanes[form.index]
    key = event.key(form.keys)
    agreeing = lane.agreeing(key)
    if not agreeing:
        return Closing(None, surplus=_orphan(form, lane, trace, facts, event, key, out))
    candidates = agreeing
    chosen: Span | None = agreeing[0]
    if len(agreeing) > 1:
        candidates = _preferred(form, agreeing, event)
        if len(candidates) > 1 and None not in key:
            candidates = [span for span in candidates if span.key == key] or candidates
        chosen = _choose(form, candidates)
        vague = form.prefer is not None and scalar(event.names.get(form.prefer)) is None
        for span in agreeing:
            span.mixed = True
            span.vague = span.vague or vague
    if chosen is not None and _may_be_anothers(form, lane, trace, facts, event, key, chosen):
        chosen = None
    if chosen is None:
        for span in candidates:
            give_up(span, out)
            span.doubtful = True
        return Closing(None)
    _take(form, lane, trace, facts, chosen, event, out)
    if None in key and form.nameless:
        lane.settled.forget(chosen.key)  # it may have ended one that we did not see open, and this one goes on
    return Closing(chosen, alone=not chosen.mixed)


def may_close(form: LaneForm, trace: Trace, facts: Facts, event: Event, out: Outcomes) -> None:
    """The event may close a span of this kind: by its correlation it does, otherwise it excuses all it could mean."""
    if form.prefer is not None and scalar(event.names.get(form.prefer)) is not None:
        lane = trace.lanes[form.index]
        agreeing = lane.agreeing(event.key(form.keys))
        same = [span for span in agreeing if _same_name(span, event, form.prefer)]
        if len(same) == 1:
            _take(form, lane, trace, facts, same[0], event, out)
            return
    excuse(form, trace, event.key(form.keys), out)


def begin(form: LaneForm, trace: Trace, facts: Facts, event: Event, out: Outcomes, *, patient: bool) -> bool:
    """The event certainly opens a span of this kind; returns whether one with its key stays open beside it."""
    lane = trace.lanes[form.index]
    key = event.key(form.keys)
    whole = None not in key
    if form.exclusive and whole:
        for older in list(lane.spans.get(key, ())):
            if older.implied is not None:
                not_implied(form, older, facts.exclusive, f"line {event.at.line} asked for the next", out)
                if facts.exclusive:
                    lane.remove(older)
                    facts.open_spans -= 1
                    continue
            if form.closers != {event.sender}:
                older.doubtful = True
                continue
            lane.remove(older)
            facts.open_spans -= 1
            if older.solid and sure.is_closable(form, facts, trace):
                text = f"the {form.name}{described(form, key)} begins again at line {event.at.line} before it ended"
                out.broke(form.guarantee, older.at, older.label, text)
            elif not older.assumed:
                out.undecided(form.guarantee)
    if facts.open_spans >= MAX_OPEN or lane.is_full(key):
        out.undecided(form.guarantee)
        sure.loosen(form, lane, (None,) * len(key))
        return False
    span = new_span(form, event, key, facts, patient=patient)
    span.uncounted = whole and form.exclusive and key in lane.spans
    lane.add(span)
    facts.open_spans += 1
    if form.exclusive and whole:
        lane.settle(key)
    if form.asked and event.sender == "client":
        facts.clients.ask(form.index, key, facts.number)
    return span.uncounted


def belongs(form: LaneForm, trace: Trace, facts: Facts, event: Event) -> bool:
    """Whether a frame that names nothing, and may open a span of this kind, surely lies in the one that is open."""
    key = event.key(form.keys)
    if not key or any(part is not None for part in key):
        return False
    if form.home is not None and (facts.contacts is None or len(facts.contacts) != 1):
        return False
    lane = trace.lanes[form.index]
    if lane.size != 1:
        return False
    span = next(lane.all())
    return span.solid and (form.home is None or None not in span.key)


def may_open(form: LaneForm, trace: Trace, facts: Facts, event: Event) -> None:
    """The event may open a span of this kind."""
    key = event.key(form.keys)
    sure.loosen(form, trace.lanes[form.index], key)
    if form.asked and event.sender == "client":
        facts.clients.ask(form.index, key, facts.number)


def learn(forms: tuple[LaneForm, ...], trace: Trace, opened_by: int, event: Event) -> None:
    """Spans that the same frame opened without all their names take the missing ones from its answer."""
    for form in forms:
        lane = trace.lanes[form.index]
        if not lane.holed:
            continue
        for span in [span for span in lane.holed if span.seq == opened_by]:
            lane.remove(span)
            filled = [
                scalar(event.names.get(name)) if part is None else part
                for name, part in zip(form.keys, span.key, strict=True)
            ]
            span.key = tuple(filled)
            lane.add(span)
            lane.by_age(span.key)
            if form.exclusive:
                lane.settle(span.key)


def _orphan(form: LaneForm, lane: Lane, trace: Trace, facts: Facts, event: Event, key: Key, out: Outcomes) -> bool:
    """A close with nothing to close; returns whether it certainly is one too many."""
    for late in lane.late:
        if agree(late.key, key):
            lane.late.remove(late)
            return False
    others = form.home is not None and "client" in form.openers and not facts.exclusive and not form.implied_by
    if form.asked and facts.clients.asked_elsewhere(form.index, key, facts):
        others = True
    if not others and sure.is_sure(form, lane, key, facts, trace):
        text = f"ends a {form.name}{described(form, key)} that is not open"
        out.broke(form.guarantee, event.at, event.label, text)
        return True
    out.undecided(form.guarantee)
    sure.orphaned(form, lane, key, facts)
    return False


def _take(form: LaneForm, lane: Lane, trace: Trace, facts: Facts, span: Span, event: Event, out: Outcomes) -> None:
    lane.remove(span)
    facts.open_spans -= 1
    give_up(span, out)
    if span.doubtful:
        out.undecided(form.guarantee)
    else:
        out.held(form.guarantee)
        if span.seq > facts.answered.get(span.opener, 0):
            facts.answered[span.opener] = span.seq
    if form.partners:
        agrees.with_partner(form, span, event, out)
    if form.times:
        times.closed(form, span, trace, event, out)


def _preferred(form: LaneForm, agreeing: list[Span], event: Event) -> list[Span]:
    if form.prefer is None or scalar(event.names.get(form.prefer)) is None:
        return agreeing
    return [span for span in agreeing if _same_name(span, event, form.prefer)] or agreeing


def _may_be_anothers(
    form: LaneForm, lane: Lane, trace: Trace, facts: Facts, event: Event, key: Key, chosen: Span
) -> bool:
    """Whether the close may be meant for a span that we did not see open: it says not which, or another id."""
    if None in key and form.nameless and (lane.heard or chosen.assumed or not facts.started):
        return True
    if form.home is not None and None in chosen.key and None not in key:
        return True
    if form.prefer is None:
        return False
    ours, theirs = scalar(event.names.get(form.prefer)), scalar(chosen.names.get(form.prefer))
    if ours is None or theirs is None or ours == theirs:
        return False
    return not sure.is_sure(form, lane, key, facts, trace)


def _same_name(span: Span, event: Event, name: str) -> bool:
    return bool(scalar(span.names.get(name)) == scalar(event.names.get(name)))


def _choose(form: LaneForm, candidates: list[Span]) -> Span | None:
    """The one that a close answers, or None where that is open."""
    if len({span.key for span in candidates}) > 1:
        return None
    ranked = (
        [span for span in candidates if span.solid] or [span for span in candidates if not span.doubtful] or candidates
    )
    return ranked[0] if len(ranked) == 1 or form.exclusive or form.oldest else None
