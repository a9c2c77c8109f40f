"""What must have ended by now, and has not.

Law: `docs/verdicts.md`, section 4 (deadline, connection closed). A deadline breaks only what its sender surely knew of.
"""

from __future__ import annotations

from wirecheck.catalog.model import Sender
from wirecheck.shapes import sure
from wirecheck.shapes.forms import By, LaneForm, described
from wirecheck.shapes.lane import CLOSE_SIDE, Key, Lane, Span, agree
from wirecheck.shapes.spans import give_up, not_implied
from wirecheck.shapes.state import Event, Facts, Outcomes, Trace

CLEAN = frozenset({1000, 1001})
"""Codes with which a server that has nothing more to say closes."""


def deadline(
    form: LaneForm, by: int, trace: Trace, facts: Facts, event: Event, ended: Span | None, out: Outcomes
) -> None:
    """The event ended a span of the kind `form.by[by]`: `ended`, if its beginning was seen."""
    lane = trace.lanes[form.index]
    theirs = _ended(form.by[by], lane, trace, event, ended)
    certain = ended is not None and not ended.doubtful
    # Of two that are open at once, nobody can tell which of them this was, nor in which ours lies.
    beside = ended is not None and ended.key in trace.lanes[form.by[by].lane].spans
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
            give_up(span, out)
            continue
        lane.remember_late(span)
        if form.either and span.side == CLOSE_SIDE and not form.judges_close:
            continue
        conclusive = certain or (facts.started and not form.either)
        conclusive = conclusive and not beside
        conclusive = conclusive and (form.either or _conclusive(span, event.sender, facts))
        if span.solid and trace.live and conclusive and sure.is_closable(form, facts, trace):
            what = f"the {form.by[by].name} ended at line {event.at.line}"
            out.broke(form.guarantee, span.at, span.label, f"{_unanswered(form, span)}: {what}")
        else:
            out.undecided(form.guarantee)


def finish(form: LaneForm, trace: Trace, facts: Facts, closer: Sender | None, code: int | None, out: Outcomes) -> None:
    """The connection (or the input, or the replay) ended: settle every span that is still open."""
    lane = trace.lanes[form.index]
    clean = trace.live and closer == "server" and code in CLEAN
    final = clean and form.final and closer in form.closers and sure.is_closable(form, facts, trace)
    owed = clean and form.final and form.closers == {"client"} and facts.vantage == "client"
    for span in lane.all():
        facts.open_spans -= 1
        if span.implied is not None:
            not_implied(form, span, clean, "the server closed the connection", out)
        if span.assumed or (form.either and span.side == CLOSE_SIDE and not form.judges_close):
            continue
        if owed and span.solid and span.seq < facts.last.get("client", 0):
            text = f"{_unanswered(form, span)}, and the client sent other frames since then"
            out.broke(form.guarantee, span.at, span.label, text)
        elif final and span.solid and _conclusive(span, "server", facts):
            text = f"{_unanswered(form, span)}: the server closed the connection"
            out.broke(form.guarantee, span.at, span.label, text)
        else:
            out.undecided(form.guarantee)
    lane.clear()


def expire(form: LaneForm, trace: Trace, facts: Facts, seconds: float | None, out: Outcomes) -> None:
    """Whoever led the conversation waited in vain for what closes these spans, and the peer was still there."""
    lane = trace.lanes[form.index]
    waited = "" if seconds is None else f" within {seconds:g} s"
    peer = "server" if "client" in form.openers else "client"
    for span in list(lane.all()):
        if span.solid and not form.either:
            lane.remove(span)
            facts.open_spans -= 1
            lane.remember_late(span)
            text = f"{_unanswered(form, span)}{waited}, though the {peer} still answered a ping"
            out.broke(form.guarantee, span.at, span.label, text)


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


def _conclusive(span: Span, sender: Sender, facts: Facts) -> bool:
    """Whether the sender of the deadline surely had what opened the span: else the two may have crossed on the way."""
    if span.opener == sender or facts.vantage == sender or span.witnessed:
        return True
    return span.seq < facts.answered.get(span.opener, 0)


def _unanswered(form: LaneForm, span: Span) -> str:
    answer = form.opens if span.side == CLOSE_SIDE else form.closes
    return f"got no {answer}{described(form, span.key)}"
