"""Which frames belong together: a request and its answer, and the name that ties both ends of a pair.

Law: only pairs that a guarantee promises count, and only frames that certainly open or close one. A frame that is an
end in one of its cases alone is told, and not written down as if it always were.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator

from wirecheck.catalog.model import Dialect, FrameForm, Locator, SpanForm
from wirecheck.catalog.places import documented
from wirecheck.schema import wire_style
from wirecheck.schema.message import header_of
from wirecheck.strict import pointer_to

_ASKS, _ANSWERS = "ask.", "answer."


def promised(dialect: Dialect) -> list[SpanForm]:
    """The kinds of span of which a guarantee says that what opens one is closed once."""
    kinds = dict.fromkeys(
        kind
        for claim in dialect.guarantees.values()
        if claim.rule.shape == "pair" and claim.options.get("order") != "either"
        for kind in claim.options.get("spans", ())
    )
    return [dialect.spans[kind] for kind in kinds if kind in dialect.spans]


def answers(dialect: Dialect, frame: FrameForm) -> list[FrameForm]:
    """What answers a frame that is always a request: frames of the other side that answer it, or may. Else nothing."""
    return _answers(dialect, frame, frame.roles)


def answers_in_cases(dialect: Dialect, frame: FrameForm) -> Iterator[tuple[str, list[FrameForm]]]:
    """The cases of a frame which alone are requests, by name, and what answers each."""
    for case in frame.cases:
        found = _answers(dialect, frame, case.roles)
        if found:
            yield case.name, found


def _answers(dialect: Dialect, frame: FrameForm, roles: Collection[str]) -> list[FrameForm]:
    closes = {
        span.close
        for span in promised(dialect)
        if span.open in roles and span.open.startswith(_ASKS) and span.close.startswith(_ANSWERS)
    }
    others = [other for other in dialect.frames.values() if other.sender != frame.sender]
    if not any(closes & _certain(other) for other in others):
        return []
    return [other for other in others if closes & (_certain(other) | _possible(other))]


def ties(dialect: Dialect) -> dict[str, tuple[str, str]]:
    """Frames whose value of a name tells which pair they belong to, by key: the name, and where it lies in the message
    (a JSON pointer).

    A name that not both ends carry ties nothing. Of several, the first of `_tying` counts.
    """
    found: dict[str, tuple[str, str]] = {}
    for span, name in _tying(dialect):
        opening, closing = (_carriers(dialect, role, name) for role in (span.open, span.close))
        if opening and closing:
            found = {key: (name, place) for key, place in (opening | closing).items()} | found
    return found


def _tying(dialect: Dialect) -> Iterator[tuple[SpanForm, str]]:
    """Names that tie the ends of a kind of span: first what the span prefers, then header fields that a promise says
    to agree, then the only key of a span of which one is open at a time."""
    yield from ((span, span.prefer) for span in dialect.spans.values() if span.prefer is not None)
    for claim in dialect.guarantees.values():
        name: str = claim.options.get("name", "")
        if claim.rule.shape == "agrees" and any(at.place == "header" for at in dialect.names.get(name, ())):
            kinds = claim.options.get("partner", ())
            yield from ((dialect.spans[kind], name) for kind in kinds if kind in dialect.spans)
    for span in promised(dialect):
        if span.exclusive and len(span.keys) == 1:
            yield span, span.keys[0]


def _carriers(dialect: Dialect, role: str, name: str) -> dict[str, str]:
    """The frames with a role that may carry a name: their keys, and where it lies."""
    forms = [frame for frame in dialect.frames.values() if role in _certain(frame)]
    places = {frame.key: _place(dialect, frame, dialect.names.get(name, ())) for frame in forms}
    return {key: place for key, place in places.items() if place is not None}


def _place(dialect: Dialect, frame: FrameForm, locators: tuple[Locator, ...]) -> str | None:
    """The first of these places that the frame documents, as a pointer into its whole message."""
    for locator in locators:
        path = locator.path
        if locator.place == "header" and frame.payload is not None:
            if path[0] in (field.name for field in header_of(dialect, frame)):
                return pointer_to(path)
        elif locator.place == "payload" and documented(frame.payload, path) is not None:
            nested = wire_style(dialect, frame) == "nested"
            return pointer_to((dialect.envelope.data, *path) if nested else path)
    return None


def _certain(frame: FrameForm) -> set[str]:
    return set(frame.roles).union(*(case.roles for case in frame.cases))


def _possible(frame: FrameForm) -> set[str]:
    return set(frame.may).union(*(case.may for case in frame.cases))
