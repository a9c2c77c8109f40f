"""Faults against places: something lies outside of its span, or inside, before its beginning or after its end.

Law: `docs/verdicts.md`, sections 5 and 10. What is moved takes with it what it begins, so that nothing else lacks a
half; where another frame is needed, it is one that is bound to no order.
"""

from __future__ import annotations

from collections.abc import Iterator

from wirecheck.catalog import Dialect, Guarantee
from wirecheck.catalog.script import Hold
from wirecheck.scenario.faults.edits import Edits
from wirecheck.scenario.faults.ground import (
    Fault,
    Ground,
    Key,
    agree,
    harmless,
    has_harmless,
    is_servers,
    key_of,
    spans_of,
    subtraces,
)
from wirecheck.scenario.plan import Outgoing


def comes_after_the_end(ground: Ground, edits: Edits) -> None:
    for end, group in _last_inside(ground):
        edits.drop(*group)
        edits.after(end, *(ground.stray(one) for one in group))


def comes_again_after_the_end(ground: Ground, edits: Edits) -> None:
    for end, group in _last_inside(ground):
        edits.after(end, *(ground.stray(one) for one in group))


def comes_before_the_start(ground: Ground, edits: Edits) -> None:
    """Only of a span whose like was seen to end before: else it may be the rest of one that nobody saw begin."""
    for span in ground.spans("inside"):
        for opening, close in ground.pairs(span):
            inside = [one for one in ground.having(ground.claim.options["frames"]) if opening < one < close]
            mine = [one for one in inside if ground.key(one, span) == ground.key(opening, span)]
            if mine and ground.ended_before(span, opening):
                edits.move_before(_group(ground, mine[0], close), opening)


def comes_inside(ground: Ground, edits: Edits) -> None:
    for end, place in _next_outside(ground):
        edits.move_before([place], end)


def ends_around_it(ground: Ground, edits: Edits) -> None:
    for end, place in _next_outside(ground):
        edits.move_after([end], place)


def preceded(ground: Ground, edits: Edits) -> None:
    """Something that might come at any time inside comes before the opening."""
    for span in ground.spans("span"):
        for opening in ground.having(span.open):
            if not ground.ended_before(span, opening):
                edits.before(opening, *harmless(ground.dialect, ground.at(opening), span))


def begun_twice(ground: Ground, edits: Edits) -> None:
    for span in ground.spans("span"):
        _double(ground, edits, span.open)


def followed(ground: Ground, edits: Edits) -> None:
    """Something that might come at any time inside comes after the end."""
    for span in ground.spans("span"):
        for end in ground.having(span.close):
            but = ground.claim.options.get("except", ())
            edits.after(end, *harmless(ground.dialect, ground.at(end), span, but=but))


def ended_twice(ground: Ground, edits: Edits) -> None:
    for span in ground.spans("span"):
        _double(ground, edits, span.close)


def overtaken(ground: Ground, edits: Edits) -> None:
    """The first text behind the answer comes before it."""
    for answer, place in _led(ground):
        edits.move_before([place], answer)


def overtaken_by_a_copy(ground: Ground, edits: Edits) -> None:
    for answer, place in _led(ground):
        edits.before(answer, ground.at(place))


def live_inside(ground: Ground, edits: Edits) -> None:
    """A text comes inside the bracket when the history in it has told every turn to its end."""
    for start, end in _brackets(ground):
        texts = [place for place in ground.having("text.delta", replayed=True) if start < place < end]
        turns = [place for place in ground.having("turn.close", replayed=True) if start < place < end]
        if texts and turns and texts[-1] < turns[-1]:
            edits.before(end, ground.at(texts[-1]))


def bracket_ends_late(ground: Ground, edits: Edits) -> None:
    """The end of a bracket, in which the client sent its next prompt, is held back until the answer has begun."""
    kept = ground.memory.kept
    if kept:
        texts = [one for one in ground.having("text.delta") if _is_of(ground, one, kept[0])]
        if texts:
            edits.after(texts[0], kept.popleft())
        return
    for start, end in _brackets(ground):
        if any(isinstance(action, Hold) and action.event == "send" for action in edits.actions[start:end]):
            kept.append(ground.at(end))
            edits.drop(end)


def _is_of(ground: Ground, place: int, end: Outgoing) -> bool:
    """Whether the frame may carry the key of the bracket that this one ends."""
    return all(agree(key_of(end, bracket), ground.key(place, bracket)) for bracket in subtraces(ground.dialect))


def _last_inside(ground: Ground) -> Iterator[tuple[int, list[int]]]:
    """The ends of spans, each with the last judged frame before it, and what that frame begins."""
    for span in ground.spans("inside"):
        start: dict[Key, int] = {}
        for end in ground.having(span.close):
            key = ground.key(end, span)
            judged = [one for one in ground.having(ground.claim.options["frames"]) if start.get(key, -1) < one < end]
            inside = [one for one in judged if ground.key(one, span) == key]
            start[key] = end
            if inside and None not in key:
                yield end, _group(ground, inside[-1], end)


def _group(ground: Ground, place: int, end: int) -> list[int]:
    """The frame, and if it opens a span, all of that span: what carries its key, up to its close."""
    for span in ground.dialect.spans.values():
        for opening, close in ground.pairs(span):
            if opening == place and close < end:
                key = ground.key(place, span)
                return [one for one in ground.frames() if place <= one <= close and ground.key(one, span) == key]
    return [place]


def _next_outside(ground: Ground) -> Iterator[tuple[int, int]]:
    """The ends of spans, each with the judged frame that comes next in its key."""
    for span in ground.spans("outside"):
        for end in ground.having(span.close):
            judged = [one for one in ground.having(ground.claim.options["frames"]) if one > end]
            later = [one for one in judged if ground.key(one, span) == ground.key(end, span)]
            if later:
                yield end, later[0]


def _double(ground: Ground, edits: Edits, role: str) -> None:
    for place in ground.having(role):
        edits.after(place, ground.at(place))


def _led(ground: Ground) -> Iterator[tuple[int, int]]:
    """The answers that ought to lead, each with the first text behind it that carries its key."""
    for span in ground.spans("span"):
        for answer in ground.having(ground.claim.options["leads"]):
            texts = ground.having("text.delta", replayed=True) + ground.having("text.delta")
            behind = [one for one in texts if one > answer and ground.key(one, span) == ground.key(answer, span)]
            if behind:
                yield answer, behind[0]


def _brackets(ground: Ground) -> Iterator[tuple[int, int]]:
    for bracket in subtraces(ground.dialect):
        yield from ground.pairs(bracket)


# Where a dialect's claim can be broken so, and be found out.


def _begins_itself(dialect: Dialect, claim: Guarantee) -> bool:
    return any(is_servers(dialect, span) for span in spans_of(dialect, claim, "inside"))


def _has_something_loose(dialect: Dialect, claim: Guarantee) -> bool:
    return has_harmless(dialect, claim, "span", claim.options.get("except", ()))


INSIDE: tuple[Fault, ...] = (
    Fault(variant="after", says="What belongs inside comes after the end.", change=comes_after_the_end),
    Fault(
        variant="again", says="What belongs inside comes once more, after the end.", change=comes_again_after_the_end
    ),
    Fault(
        variant="before",
        says="What belongs inside comes before the start.",
        change=comes_before_the_start,
        fits=_begins_itself,
    ),
)
OUTSIDE: tuple[Fault, ...] = (
    Fault(variant="inside", says="What belongs after the end comes before it.", change=comes_inside),
    Fault(variant="end-late", says="The end comes after what should follow it.", change=ends_around_it),
)
FIRST: tuple[Fault, ...] = (
    Fault(variant="twice", says="The opening comes twice.", change=begun_twice),
    Fault(variant="preceded", says="Something comes before the opening.", change=preceded, fits=_has_something_loose),
)
LAST: tuple[Fault, ...] = (
    Fault(variant="followed", says="Something comes after the end.", change=followed, fits=_has_something_loose),
    Fault(variant="twice", says="The end comes twice.", change=ended_twice),
)
LEADS: tuple[Fault, ...] = (
    Fault(variant="overtaken", says="A piece of text comes before the answer that leads.", change=overtaken),
    Fault(
        variant="copied", says="A piece of text comes before the answer, and again after.", change=overtaken_by_a_copy
    ),
)
LIVE: tuple[Fault, ...] = (
    Fault(variant="inside", says="The replay holds a text more than was ever asked for.", change=live_inside),
    Fault(variant="end-late", says="The replay ends when a live answer has begun.", change=bracket_ends_late),
)
