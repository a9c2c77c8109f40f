"""A field repeats what its partner, or the connection's URL, said.

Law: `docs/verdicts.md`, section 7. Only values that both sides carry are compared.
"""

from __future__ import annotations

from wirecheck.shapes.forms import LaneForm
from wirecheck.shapes.lane import Span
from wirecheck.shapes.state import Event, Facts, Outcomes, scalar
from wirecheck.strict import show


def with_partner(form: LaneForm, span: Span, event: Event, out: Outcomes) -> None:
    """The event closed the span: compare the names that the form's guarantees name."""
    for guarantee, name in form.partners:
        ours, theirs = scalar(event.names.get(name)), scalar(span.names.get(name))
        if ours is None or theirs is None:
            continue
        if span.doubtful or (span.vague and ours != theirs):
            out.undecided(guarantee)
        elif ours == theirs:
            out.held(guarantee)
        else:
            text = f"{name} is {show(event.names[name])}, but line {span.at.line} said {show(span.names[name])}"
            out.broke(guarantee, event.at, event.label, text)


def with_connection(guarantee: str, name: str, facts: Facts, event: Event, out: Outcomes) -> None:
    """Compare the name with what the connection's URL gave for it."""
    own = event.names.get(name)
    if scalar(own) is None or facts.params is None:
        return
    asked = facts.params.get(name)
    if asked is None:
        return
    if str(own) == asked:
        out.held(guarantee)
    else:
        text = f"{name} is {show(own)}, but the connection asked for {show(asked)}"
        out.broke(guarantee, event.at, event.label, text)
