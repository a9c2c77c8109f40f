"""Who sends which role, and which frames carry which name.

Law: questions to the catalog alone, each with one answer.
"""

from __future__ import annotations

from collections.abc import Iterable

from wirecheck.catalog import Dialect, FrameForm, Sender
from wirecheck.catalog.places import documented


def senders(dialect: Dialect, role: str) -> frozenset[Sender]:
    """Who sends frames that play the role, certainly or perhaps."""
    return frozenset(form.sender for form in dialect.frames.values() if role in every_role(form))


def every_role(form: FrameForm) -> frozenset[str]:
    """All roles that a frame may play, in whichever case."""
    cased = [role for case in form.cases for role in (*case.roles, *case.may)]
    return frozenset((*form.roles, *form.may, *cased))


def carries(dialect: Dialect, form: FrameForm, name: str) -> bool:
    """Whether the document shows the name in this frame's payload or header."""
    for place in dialect.names.get(name, ()):
        if place.place == "header":
            if any(field.name == place.path[0] for field in dialect.envelope.header.get(form.sender, ())):
                return True
        elif place.place == "payload" and documented(form.payload, place.path) is not None:
            return True
    return False


def inner_names(dialect: Dialect) -> Iterable[str]:
    """Names that only the ends of spans keyed by them carry; but what tells spans apart that hold others is theirs."""
    keys = [frozenset(span.keys) for span in dialect.spans.values()]
    outer = {name for own in keys for name in own if any(own < other for other in keys)}
    for name in dict.fromkeys(name for span in dialect.spans.values() for name in span.keys if name not in outer):
        ends = {role for span in dialect.spans.values() if name in span.keys for role in (span.open, span.close)}
        carriers = [form for form in dialect.frames.values() if carries(dialect, form, name)]
        if carriers and all(ends & every_role(form) for form in carriers):
            yield name
