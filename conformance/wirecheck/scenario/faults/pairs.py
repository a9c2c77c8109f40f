"""Faults against pairs: an opening and its close, a request and its answer, two frames that belong together.

Law: `docs/verdicts.md`, section 4, says when a missing or a surplus half is proven; each fault here is chosen so that
it is, at the client's side of a connection that is all its own.
"""

from __future__ import annotations

from collections import Counter

from wirecheck.catalog import SpanForm
from wirecheck.scenario.faults import proof
from wirecheck.scenario.faults.edits import Edits
from wirecheck.scenario.faults.ground import (
    ASK,
    Fault,
    Ground,
    Key,
    agree,
    asked_by,
    example,
    is_servers,
    key_of,
    other,
    subtraces,
)
from wirecheck.scenario.outgoing import renamed


def closed_twice(ground: Ground, edits: Edits) -> None:
    for span in ground.spans():
        for close in ground.having(span.close):
            if _is_known(span, ground.key(close, span)) and _is_surplus(ground, span, close):
                edits.after(close, ground.stray(close))


def never_closed(ground: Ground, edits: Edits) -> None:
    """Where there is a deadline, only if it comes in the same breath; else a client that waits has to tell."""
    by = ground.spans("by")
    for span in ground.spans():
        edits.drop(*(close for close in ground.having(span.close) if not by or _deadlines(ground, span, close)))


def closed_first(ground: Ground, edits: Edits) -> None:
    for span in _servers(ground):
        for opening, close in ground.pairs(span):
            edits.move_before([close], opening)


def never_opened(ground: Ground, edits: Edits) -> None:
    """The opening is left out; where it might lie elsewhere, only of a span whose like was seen to end before."""
    for span in _servers(ground):
        for opening, _ in ground.pairs(span):
            if span.opened == "here" or ground.ended_before(span, opening):
                edits.drop(opening)


def opened_twice(ground: Ground, edits: Edits) -> None:
    patient = set(ground.claim.options.get("patient", ()))
    for span in _servers(ground):
        for opening in ground.having(span.open):
            if not ground.at(opening).roles & patient and None not in ground.key(opening, span):
                edits.after(opening, ground.at(opening))


def closed_elsewhere(ground: Ground, edits: Edits) -> None:
    for span in _servers(ground):
        for close in ground.having(span.close):
            frame = ground.at(close)
            carried = [name for name in span.keys if name in frame.names]
            if carried:
                edits.put(close, renamed(ground.dialect, frame, carried[-1], other(frame.names[carried[-1]])))


def closed_late(ground: Ground, edits: Edits) -> None:
    """The close comes behind the end of what it lies in. Not where a replay would tell it so: in history, what comes
    behind the end of the last turn is none."""
    if not ground.is_told_again():
        for span in ground.spans():
            for close in ground.having(span.close):
                ends = _deadlines(ground, span, close)
                if ends:
                    edits.move_after([close], ends[0])


def answered_unasked(ground: Ground, edits: Edits) -> None:
    """An answer of a kind comes when the client has asked for something else: the last one again, if there was one."""
    asked, brackets = ground.reaction.asked, {span.open for span in subtraces(ground.dialect)}
    if asked is None or any(ground.having(role) for role in brackets) or not ground.is_read(-1):
        return
    roles = asked_by(ground.dialect, ground.dialect.frames[asked])
    for span in ground.spans():
        again = ground.memory.sent.get(span.name)
        if {span.open, span.close} & roles or (again is None and span.open in ground.memory.asked):
            continue
        edits.before(0, *([again] if again is not None else example(ground.dialect, span.close, {})))
        return


def replayed_unasked(ground: Ground, edits: Edits) -> None:
    """A bracket with nothing in it, for a session that has only begun."""
    for bracket in subtraces(ground.dialect):
        for born in ground.having("answer.session"):
            names = dict(zip(bracket.keys, ground.key(born, bracket), strict=True))
            for role in (bracket.open, bracket.close) if None not in names.values() else ():
                edits.after(born, *example(ground.dialect, role, names))


def partner_missing(ground: Ground, edits: Edits) -> None:
    for span in ground.spans():
        edits.drop(*ground.having(span.close))


def partner_late(ground: Ground, edits: Edits) -> None:
    """The close side is held back until the next of the open side has come."""
    kept = ground.memory.kept
    for span in ground.spans():
        closes, opens = ground.having(span.close), ground.having(span.open)
        edits.drop(*closes)
        for place in sorted({*closes, *opens}):
            if place in opens:
                due = [frame for frame in kept if key_of(frame, span) == ground.key(place, span)]
                edits.after(place, *due)
                for frame in due:
                    kept.remove(frame)
            if place in closes:
                kept.append(ground.at(place))


def partner_twice(ground: Ground, edits: Edits) -> None:
    for span in ground.spans():
        for close in ground.having(span.close):
            edits.after(close, ground.at(close))


def partner_alone(ground: Ground, edits: Edits) -> None:
    """Of the two, only the close side comes; where the other begins a span of its own, all of that is left out."""
    lanes = [lane for lane in ground.dialect.spans.values() if lane not in ground.spans()]
    openings = [place for span in ground.spans() for place in ground.having(span.open)]
    edits.drop(*openings)
    for lane in lanes:
        for place in sorted({*ground.having(lane.open), *ground.having(lane.close)}):
            what = (lane.name, ground.key(place, lane))
            if lane.open in ground.at(place).roles:
                ground.memory.gone += Counter({what: int(place in openings)})
            elif ground.memory.gone[what]:
                ground.memory.gone -= Counter({what: 1})
                edits.drop(place)


def _is_known(span: SpanForm, key: Key) -> bool:
    """Whether a close of that key without an opening is proven to have none, at least if such a span was seen."""
    return span.opened == "here" or (span.exclusive and None not in key)


def _is_surplus(ground: Ground, span: SpanForm, close: int) -> bool:
    """Whether a second close counts as such wherever the client stands. One that crosses the client's next opening
    would end that, so it has to be read before; of requests, one answer is left over in the end."""
    return is_servers(ground.dialect, span) or span.open.startswith(ASK) or ground.is_read(close)


def _servers(ground: Ground) -> list[SpanForm]:
    return [span for span in ground.spans() if is_servers(ground.dialect, span)]


def _deadlines(ground: Ground, span: SpanForm, close: int) -> list[int]:
    """Where, behind the close, that ends in which the span lies."""
    openings = [opening for opening, its in ground.pairs(span) if its == close]
    ours = ground.at(openings[0] if openings else close)
    return sorted(
        end
        for outer in ground.spans("by")
        for end in ground.having(outer.close)
        if end > close and agree(key_of(ours, outer), ground.key(end, outer))
    )


PAIR: tuple[Fault, ...] = (
    Fault(variant="twice", says="The close, or the answer, comes twice.", change=closed_twice),
    Fault(
        variant="missing",
        says="The close, or the answer, never comes.",
        change=never_closed,
        fits=proof.is_missed,
        silent=True,
    ),
    Fault(
        variant="early", says="The close comes before what it closes.", change=closed_first, fits=proof.can_come_first
    ),
    Fault(variant="late", says="The close comes after its deadline.", change=closed_late, fits=proof.has_deadline),
    Fault(variant="elsewhere", says="The close carries another key.", change=closed_elsewhere, fits=proof.can_stray),
    Fault(variant="unopened", says="The opening is left out.", change=never_opened, fits=proof.can_do_without),
    Fault(variant="reopened", says="The opening comes twice.", change=opened_twice, fits=proof.can_double),
    Fault(
        variant="unasked", says="An answer comes that nobody asked for.", change=answered_unasked, fits=proof.is_asked
    ),
    Fault(
        variant="unasked-replay",
        says="A new session begins with a replay that nobody asked for.",
        change=replayed_unasked,
        fits=proof.asks_for_replay,
    ),
)
EITHER: tuple[Fault, ...] = (
    Fault(
        variant="missing",
        says="One of the two does not come.",
        change=partner_missing,
        fits=proof.nobody_waits,
        silent=True,
    ),
    Fault(
        variant="late",
        says="One of the two comes a turn later.",
        change=partner_late,
        fits=proof.can_be_late,
        silent=True,
    ),
    Fault(variant="twice", says="One of the two comes twice.", change=partner_twice, fits=proof.has_judged_close),
    Fault(variant="alone", says="Only the second of the two comes.", change=partner_alone, fits=proof.has_judged_close),
)
