"""Each open gets exactly one close.

Law: `docs/verdicts.md`, section 4, and nothing beyond it. Brackets and request-reply are both this.
"""

from __future__ import annotations

from typing import NamedTuple

from wirecheck.catalog.model import Sender
from wirecheck.shapes import agrees, sure, times
from wirecheck.shapes.state import (
    CLOSE_SIDE,
    MAX_OPEN,
    OPEN_SIDE,
    By,
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
    remember,
    scalar,
)

CLEAN = frozenset({1000, 1001})
"""Codes with which a server that has nothing more to say closes."""


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
    candidates = _preferred(form, agreeing, event)
    if len(candidates) > 1 and None not in key:
        candidates = [span for span in candidates if span.key == key] or candidates
    chosen = _choose(form, candidates)
    if chosen is not None and _may_be_anothers(form, lane, trace, facts, event, key, chosen):
        chosen = None
    if chosen is None:
        for span in candidates:
            span.doubtful = True
        return Closing(None)
    for span in agreeing:
        span.mixed = span.mixed or len(agreeing) > 1
    _take(form, lane, trace, facts, chosen, event, out)
    return Closing(chosen, alone=not chosen.mixed)


def may_close(form: LaneForm, trace: Trace, facts: Facts, event: Event, out: Outcomes) -> None:
    """The event may close a span of this kind: by its correlation it does, otherwise it excuses all it could mean."""
    lane = trace.lanes[form.index]
    agreeing = lane.agreeing(event.key(form.keys))
    if form.prefer is not None and scalar(event.names.get(form.prefer)) is not None:
        same = [span for span in agreeing if _same_name(span, event, form.prefer)]
        if len(same) == 1:
            _take(form, lane, trace, facts, same[0], event, out)
            return
    excuse(form, trace, event.key(form.keys), out)


def begin(form: LaneForm, trace: Trace, facts: Facts, event: Event, out: Outcomes, *, patient: bool) -> None:
    """The event certainly opens a span of this kind."""
    lane = trace.lanes[form.index]
    key = event.key(form.keys)
    whole = None not in key
    if form.exclusive and whole:
        for older in list(lane.spans.get(key, ())):
            if older.implied is not None:
                _not_implied(form, older, facts.exclusive, f"line {event.at.line} asked for the next", out)
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
    sure.loosen(form, trace.lanes[form.index], event.key(form.keys))


def meet(form: LaneForm, trace: Trace, facts: Facts, event: Event, side: int, out: Outcomes) -> None:
    """In a lane of either order: a frame of one side meets an unmatched one of the other, or waits."""
    lane = trace.lanes[form.index]
    key = event.key(form.keys)
    first = key not in lane.settled
    lane.settle(key)
    waiting = [span for span in lane.agreeing(key) if span.side != side]
    if waiting:
        exact = [span for span in waiting if span.key == key and None not in key]
        partner = (exact or waiting)[0]
        lane.remove(partner)
        facts.open_spans -= 1
        if partner.excused:
            pardon(lane, partner.key)
        if partner.doubtful:
            out.undecided(form.guarantee)
        else:
            out.held(form.guarantee)
        return
    for late in lane.late:
        if late.side != side and agree(late.key, key):
            lane.late.remove(late)
            pardon(lane, key)
            return
    judged = side == OPEN_SIDE or form.judges_close
    if form.exclusive and None not in key:
        for older in [span for span in lane.spans.get(key, ()) if span.side == side]:
            lane.remove(older)
            facts.open_spans -= 1
            if not judged:
                continue
            if older.solid and trace.live and _from_start(form, key, facts):
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
    span.excused = _is_pardoned(lane, key) or (first and not _from_start(form, key, facts))
    lane.add(span)
    facts.open_spans += 1


def _from_start(form: LaneForm, key: Key, facts: Facts) -> bool:
    """Whether everything that concerns the key was seen from its beginning."""
    return facts.started if form.home is None else key[form.home] in facts.homes


def pardon(lane: Lane, key: Key) -> None:
    """In a lane of either order: a partner of the next frame with this key may have come already."""
    if None in key:
        lane.pardoned = True
        lane.waited.clear()
    else:
        remember(lane.pardons, key)


def _is_pardoned(lane: Lane, key: Key) -> bool:
    """Whether a partner of this frame, which now waits, may have come before."""
    if key in lane.pardons:
        del lane.pardons[key]
        return True
    if not lane.pardoned or key in lane.waited:
        return False
    remember(lane.waited, key)
    return True


def may_meet(form: LaneForm, trace: Trace, event: Event) -> None:
    """In a lane of either order: a frame that may be of either side excuses all that it could mean, also the next."""
    lane = trace.lanes[form.index]
    key = event.key(form.keys)
    for span in lane.agreeing(key):
        span.excused = True
    pardon(lane, key)


def deadline(
    form: LaneForm, by: int, trace: Trace, facts: Facts, event: Event, ended: Span | None, out: Outcomes
) -> None:
    """The event ended a span of the kind `form.by[by]`: `ended`, if its beginning was seen."""
    lane = trace.lanes[form.index]
    theirs = _ended(form.by[by], lane, trace, event, ended)
    certain = ended is not None and not ended.doubtful
    for span in lane.lying_in(theirs):
        ours = span.lies_in
        if None in ours or None in theirs:
            span.doubtful = True
            continue
        if span.patient:
            span.excused = True
            continue
        lane.remove(span)
        facts.open_spans -= 1
        if span.assumed:
            _give_up(span, out)
            continue
        lane.remember_late(span)
        if form.either and span.side == CLOSE_SIDE and not form.judges_close:
            continue
        conclusive = certain or (facts.started and not form.either)
        conclusive = conclusive and (form.either or _conclusive(span, event.sender, facts))
        if span.solid and trace.live and conclusive and sure.is_closable(form, facts, trace):
            what = f"the {form.by[by].name} ended at line {event.at.line}"
            out.broke(form.guarantee, span.at, span.label, f"{_unanswered(form, span)}: {what}")
        else:
            out.undecided(form.guarantee)


def _ended(by: By, lane: Lane, trace: Trace, event: Event, ended: Span | None) -> Key:
    """The values that spans lying in what ended carry: the event's, else those of its beginning, else the only ones."""
    theirs = event.key(by.names)
    if None not in theirs or ended is None:
        return theirs
    theirs = tuple([ours if own is None else own for own, ours in zip(theirs, ended.key, strict=True)])
    if None in theirs and len(lane.within) == 1 and not any(trace.lanes[by.lane].all()):
        (only,) = lane.within
        if agree(only, theirs):
            return only
    return theirs


def finish(form: LaneForm, trace: Trace, facts: Facts, closer: Sender | None, code: int | None, out: Outcomes) -> None:
    """The connection (or the input, or the replay) ended: settle every span that is still open."""
    lane = trace.lanes[form.index]
    clean = trace.live and closer == "server" and code in CLEAN
    final = clean and form.final and closer in form.closers and sure.is_closable(form, facts, trace)
    for span in lane.all():
        facts.open_spans -= 1
        if span.implied is not None:
            _not_implied(form, span, clean, "the server closed the connection", out)
        if span.assumed or (form.either and span.side == CLOSE_SIDE and not form.judges_close):
            continue
        if final and span.solid and _conclusive(span, "server", facts):
            text = f"{_unanswered(form, span)}: the server closed the connection"
            out.broke(form.guarantee, span.at, span.label, text)
        else:
            out.undecided(form.guarantee)
    lane.clear()


def imply(form: LaneForm, trace: Trace, facts: Facts, event: Event, guarantee: str | None) -> None:
    """A frame that lies in spans of this kind came while none is open: somebody else may have opened one."""
    lane = trace.lanes[form.index]
    key = event.key(form.keys)
    if None in key or facts.open_spans >= MAX_OPEN:
        return
    span = _span(form, event, key, facts, patient=False)
    span.doubtful = span.assumed = True
    span.implied = guarantee
    lane.add(span)
    facts.open_spans += 1


def excuse(form: LaneForm, trace: Trace, key: Key, out: Outcomes) -> None:
    """Something may have ended the spans that agree with the key."""
    for span in trace.lanes[form.index].agreeing(key):
        _give_up(span, out)
        if not span.doubtful:
            span.excused = True


def blur(form: LaneForm, trace: Trace, sender: Sender, out: Outcomes) -> None:
    """A message of this sender could not be read: what it could have ended or begun is open to doubt."""
    lane = trace.lanes[form.index]
    if sender in form.closers:
        for span in lane.all():
            _give_up(span, out)
            span.doubtful = True
    if sender in form.openers:
        sure.loosen(form, lane, (None,) * len(form.keys))


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
            if form.exclusive:
                lane.settle(span.key)


def _orphan(form: LaneForm, lane: Lane, trace: Trace, facts: Facts, event: Event, key: Key, out: Outcomes) -> bool:
    """A close with nothing to close; returns whether it certainly is one too many."""
    for late in lane.late:
        if agree(late.key, key):
            lane.late.remove(late)
            return False
    others = form.home is not None and "client" in form.openers and not facts.exclusive
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
    _give_up(span, out)
    if span.doubtful:
        out.undecided(form.guarantee)
    else:
        out.held(form.guarantee)
        facts.answered[span.opener] = max(span.seq, facts.answered.get(span.opener, 0))
    agrees.with_partner(form, span, event, out)
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


def _conclusive(span: Span, sender: Sender, facts: Facts) -> bool:
    """Whether the sender of the deadline surely had what opened the span: else the two may have crossed on the way."""
    if span.opener == sender or facts.vantage in (None, sender) or span.witnessed:
        return True
    return span.seq < facts.answered.get(span.opener, 0)


def _not_implied(form: LaneForm, span: Span, certain: bool, what: str, out: Outcomes) -> None:
    """The span that the frame implied never ended by itself: where that is certain, there was none."""
    if certain:
        text = f"outside any {form.name}{described(form, span.key)}: no {form.close_role} came for it before {what}"
        out.broke(span.implied, span.at, span.label, text)
        span.implied = None
    else:
        _give_up(span, out)


def _give_up(span: Span, out: Outcomes) -> None:
    """Nobody can tell any more whether the frame that implied the span stood in one."""
    if span.implied is not None:
        out.undecided(span.implied)
        span.implied = None


def _unanswered(form: LaneForm, span: Span) -> str:
    role = form.open_role if span.side == CLOSE_SIDE else form.close_role
    return f"never got its {role}{described(form, span.key)}"


def _span(form: LaneForm, event: Event, key: Key, facts: Facts, *, patient: bool) -> Span:
    names = event.names
    contacts = facts.contacts
    return Span(
        lies_in=event.key(form.by[0].names) if form.by else (),
        key=key,
        at=event.at,
        opener=event.sender,
        seq=event.seq,
        label=event.label,
        names={name: names[name] for name in form.kept if name in names} if form.kept else {},
        patient=patient,
        fresh=form.led and facts.started and contacts is not None and key not in contacts,
    )
