"""Each open gets exactly one close.

Law: `docs/verdicts.md`, section 4, and nothing beyond it. Brackets and request-reply are both this.
"""

from __future__ import annotations

from wirecheck.catalog.model import Sender
from wirecheck.shapes import agrees, sure, times
from wirecheck.shapes.state import (
    CLOSE_SIDE,
    MAX_OPEN,
    OPEN_SIDE,
    Event,
    Facts,
    Key,
    Lane,
    LaneForm,
    Outcomes,
    Span,
    Trace,
    agree,
    described,
    scalar,
)


def close(form: LaneForm, trace: Trace, facts: Facts, event: Event, out: Outcomes) -> tuple[Span | None, bool]:
    """The event certainly closes a span of this kind. Returns the span chosen and whether it was the only candidate."""
    lane = trace.lanes[form.index]
    key = event.key(form.keys)
    agreeing = lane.agreeing(key)
    if not agreeing:
        _orphan(form, lane, trace, facts, event, key, out)
        return None, False
    candidates = _preferred(form, agreeing, event)
    if len(candidates) > 1 and None not in key:
        candidates = [span for span in candidates if span.key == key] or candidates
    chosen = _choose(form, candidates)
    if chosen is None:
        for span in candidates:
            span.doubtful = True
        return None, False
    _take(form, lane, trace, facts, chosen, event, out)
    return chosen, len(agreeing) == 1


def may_close(form: LaneForm, trace: Trace, facts: Facts, event: Event, out: Outcomes) -> None:
    """The event may close a span of this kind: by its correlation it does, otherwise it excuses all it could mean."""
    lane = trace.lanes[form.index]
    agreeing = lane.agreeing(event.key(form.keys))
    if form.prefer is not None and scalar(event.names.get(form.prefer)) is not None:
        same = [span for span in agreeing if _same_name(span, event, form.prefer)]
        if len(same) == 1:
            _take(form, lane, trace, facts, same[0], event, out)
            return
    for span in agreeing:
        if not span.doubtful:
            span.excused = True


def begin(form: LaneForm, trace: Trace, facts: Facts, event: Event, out: Outcomes, *, patient: bool) -> None:
    """The event certainly opens a span of this kind."""
    lane = trace.lanes[form.index]
    key = event.key(form.keys)
    whole = None not in key
    if form.exclusive and whole:
        for older in list(lane.spans.get(key, ())):
            if form.closers != {event.sender}:
                older.doubtful = True
                continue
            lane.remove(older)
            facts.open_spans -= 1
            if older.solid:
                text = f"the {form.name}{described(form, key)} begins again at line {event.at.line} before it ended"
                out.broke(form.guarantee, older.at, older.label, text)
            elif not older.assumed:
                out.undecided(form.guarantee)
    if facts.open_spans >= MAX_OPEN:
        out.undecided(form.guarantee)
        sure.loosen(form, lane, (None,) * len(key))
        return
    lane.add(_span(form, event, key, facts, patient=patient))
    facts.open_spans += 1
    if form.exclusive and whole:
        lane.settle(key)


def may_open(form: LaneForm, trace: Trace, event: Event) -> None:
    """The event may open a span of this kind."""
    lane = trace.lanes[form.index]
    key = event.key(form.keys)
    if key and all(part is None for part in key):
        live = list(lane.all())
        if len(live) == 1 and live[0].solid:
            return
    sure.loosen(form, lane, key)


def meet(form: LaneForm, trace: Trace, facts: Facts, event: Event, side: int, out: Outcomes) -> None:
    """In a lane of either order: a frame of one side meets an unmatched one of the other, or waits."""
    lane = trace.lanes[form.index]
    key = event.key(form.keys)
    waiting = [span for span in lane.agreeing(key) if span.side != side]
    if waiting:
        exact = [span for span in waiting if span.key == key and None not in key]
        partner = (exact or waiting)[0]
        lane.remove(partner)
        facts.open_spans -= 1
        if partner.doubtful:
            out.undecided(form.guarantee)
        else:
            out.held(form.guarantee)
        return
    for late in lane.late:
        if late.side != side and agree(late.key, key):
            lane.late.remove(late)
            return
    judged = side == OPEN_SIDE or form.judges_close
    if form.exclusive and None not in key:
        for older in [span for span in lane.spans.get(key, ()) if span.side == side]:
            lane.remove(older)
            facts.open_spans -= 1
            if not judged:
                continue
            if older.solid and trace.live:
                role = form.close_role if side == OPEN_SIDE else form.open_role
                text = f"has no {role} beside it{described(form, key)}: line {event.at.line} is the next {older.label}"
                out.broke(form.guarantee, older.at, older.label, text)
            else:
                out.undecided(form.guarantee)
    if facts.open_spans >= MAX_OPEN:
        if judged:
            out.undecided(form.guarantee)
        return
    span = _span(form, event, key, facts, patient=False)
    span.side = side
    lane.add(span)
    facts.open_spans += 1


def may_meet(form: LaneForm, trace: Trace, event: Event) -> None:
    """In a lane of either order: a frame that may be of either side excuses all that it could mean."""
    for span in trace.lanes[form.index].agreeing(event.key(form.keys)):
        span.excused = True


def deadline(
    form: LaneForm, by: int, trace: Trace, facts: Facts, event: Event, key: Key, certain: bool, out: Outcomes
) -> None:
    """A span of the kind `form.by[by]` ended with `key`; `certain` where its beginning was seen and it was not over."""
    lane = trace.lanes[form.index]
    common = form.by[by].common
    theirs = tuple([key[position] for _, position in common])
    for span in lane.sharing_with(theirs):
        ours = tuple([span.key[position] for position, _ in common])
        if not agree(ours, theirs):
            continue
        if None in ours or None in theirs:
            span.doubtful = True
            continue
        if span.patient:
            span.excused = True
            continue
        lane.remove(span)
        facts.open_spans -= 1
        if span.assumed:
            continue
        lane.remember_late(span)
        if form.either and span.side == CLOSE_SIDE and not form.judges_close:
            continue
        conclusive = certain if form.either else _conclusive(span, event.sender, facts)
        if span.solid and trace.live and conclusive:
            what = f"the {form.by[by].name} ended at line {event.at.line}"
            out.broke(form.guarantee, span.at, span.label, f"{_unanswered(form, span)}: {what}")
        else:
            out.undecided(form.guarantee)


def finish(form: LaneForm, trace: Trace, facts: Facts, closer: Sender | None, code: int | None, out: Outcomes) -> None:
    """The connection (or the input, or the replay) ended: settle every span that is still open."""
    lane = trace.lanes[form.index]
    final = trace.live and form.by_connection and closer in form.closers and code == 1000
    for span in lane.all():
        facts.open_spans -= 1
        if span.assumed or (form.either and span.side == CLOSE_SIDE and not form.judges_close):
            continue
        if final and closer is not None and span.solid and _conclusive(span, closer, facts):
            text = f"{_unanswered(form, span)}: the {closer} closed the connection"
            out.broke(form.guarantee, span.at, span.label, text)
        else:
            out.undecided(form.guarantee)
    lane.clear()


def learn(forms: tuple[LaneForm, ...], trace: Trace, opened_by: int, event: Event) -> None:
    """Spans that the same frame opened without all their names take the missing ones from its answer."""
    for form in forms:
        lane = trace.lanes[form.index]
        for span in [span for span in lane.holed if span.seq == opened_by]:
            lane.remove(span)
            filled = [
                scalar(event.names.get(name)) if part is None else part
                for name, part in zip(form.keys, span.key, strict=True)
            ]
            span.key = tuple(filled)
            lane.add(span)
            if form.exclusive:
                lane.settle(span.key)


def _orphan(form: LaneForm, lane: Lane, trace: Trace, facts: Facts, event: Event, key: Key, out: Outcomes) -> None:
    for late in lane.late:
        if agree(late.key, key):
            lane.late.remove(late)
            return
    if sure.is_sure(form, lane, key, facts, trace):
        text = f"ends a {form.name}{described(form, key)} that is not open"
        out.broke(form.guarantee, event.at, event.label, text)
    else:
        out.undecided(form.guarantee)
        sure.orphaned(form, lane, key, facts)


def _take(form: LaneForm, lane: Lane, trace: Trace, facts: Facts, span: Span, event: Event, out: Outcomes) -> None:
    lane.remove(span)
    facts.open_spans -= 1
    if span.doubtful:
        out.undecided(form.guarantee)
    else:
        out.held(form.guarantee)
    agrees.with_partner(form, span, event, out)
    times.closed(form, span, trace, event, out)


def _preferred(form: LaneForm, agreeing: list[Span], event: Event) -> list[Span]:
    if form.prefer is None or scalar(event.names.get(form.prefer)) is None:
        return agreeing
    return [span for span in agreeing if _same_name(span, event, form.prefer)] or agreeing


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


def _conclusive(span: Span, sender: Sender, facts: Facts) -> bool:
    """Whether what opened the span was surely known to the sender of the deadline when it sent that."""
    return span.opener == sender or facts.vantage == sender or span.witnessed


def _unanswered(form: LaneForm, span: Span) -> str:
    role = form.open_role if span.side == CLOSE_SIDE else form.close_role
    return f"never got its {role}{described(form, span.key)}"


def _span(form: LaneForm, event: Event, key: Key, facts: Facts, *, patient: bool) -> Span:
    names = event.names
    contacts = facts.contacts
    return Span(
        key=key,
        at=event.at,
        opener=event.sender,
        seq=event.seq,
        label=event.label,
        names={name: names[name] for name in form.kept if name in names} if form.kept else {},
        patient=patient,
        fresh=form.led and facts.started and contacts is not None and key not in contacts,
    )
