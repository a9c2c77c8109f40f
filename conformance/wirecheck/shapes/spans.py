"""Spans as they begin, are implied, and become doubtful.

Law: `docs/verdicts.md`, sections 2, 4 (implied spans) and 9. Nothing here ends a span.
"""

from __future__ import annotations

from wirecheck.catalog.model import Sender
from wirecheck.shapes import sure
from wirecheck.shapes.forms import LaneForm, described
from wirecheck.shapes.lane import DOUBTED, EXCUSED, MAX_OPEN, Key, Span
from wirecheck.shapes.state import Event, Facts, Outcomes, Trace


def new_span(form: LaneForm, event: Event, key: Key, facts: Facts, *, patient: bool) -> Span:
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


def imply(form: LaneForm, trace: Trace, facts: Facts, event: Event, guarantee: str | None) -> None:
    """A frame that lies in spans of this kind came while none is open: somebody else may have opened one."""
    lane = trace.lanes[form.index]
    key = event.key(form.keys)
    if None in key or facts.open_spans >= MAX_OPEN or lane.is_full(key):
        return
    span = new_span(form, event, key, facts, patient=False)
    span.doubtful = span.assumed = True
    span.implied = guarantee
    lane.add(span)
    facts.open_spans += 1


def is_nameless(key: Key) -> bool:
    """Whether the key, which has names, gives the value of none of them."""
    return bool(key) and all(part is None for part in key)


def excuse(form: LaneForm, trace: Trace, key: Key, out: Outcomes) -> None:
    """Something may have ended the spans that agree with the key."""
    lane = trace.lanes[form.index]
    for span in lane.newly(EXCUSED) if is_nameless(key) else lane.agreeing(key):
        give_up(span, out)
        if not span.doubtful:
            span.excused = True


def blur(form: LaneForm, trace: Trace, sender: Sender, out: Outcomes) -> None:
    """A message of this sender could not be read: what it could have ended or begun is open to doubt."""
    lane = trace.lanes[form.index]
    if sender in form.closers:
        for span in lane.newly(DOUBTED):
            give_up(span, out)
            span.doubtful = True
    if sender in form.openers:
        sure.loosen(form, lane, (None,) * len(form.keys))


def not_implied(form: LaneForm, span: Span, certain: bool, what: str, out: Outcomes) -> None:
    """The span that the frame implied never ended by itself: where that is certain, there was none."""
    if certain:
        text = f"outside any {form.name}{described(form, span.key)}: no {form.closes} came for it before {what}"
        out.broke(span.implied, span.at, span.label, text)
        span.implied = None
    else:
        give_up(span, out)


def give_up(span: Span, out: Outcomes) -> None:
    """Nobody can tell any more whether the frame that implied the span stood in one."""
    if span.implied is not None:
        out.undecided(span.implied)
        span.implied = None
