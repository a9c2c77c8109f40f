"""What a context has heard: text, numbers and topics, as far as some claim asks for them.

Law: a state and the roles of one frame in; one part of the state after it out. Values are no matter here, only whether
there are any.
"""

from __future__ import annotations

from collections.abc import Sequence

from wirecheck.walk.ground import Ground
from wirecheck.walk.state import State, Text, Topics


def topics(ground: Ground, state: State, roles: frozenset[str]) -> Topics:
    """What was subscribed to."""
    form = ground.topics
    if form is not None and form.opaque in roles:
        return "any"
    if form is not None and form.on in roles and state.topics == "none":
        return "some"
    return state.topics


def text(ground: Ground, state: State, roles: frozenset[str]) -> Text:
    """What there is of a text that a whole one will be held against."""
    now, joins = state.text, ground.joins
    if joins is None:
        return now
    if joins.final in roles:
        now = "claimed"  # a piece that comes before the next beginning begins nothing that is whole
    if joins.reset & roles and now == "some":
        now = "before"
    if joins.opens in roles:
        now = "none" if now in ("none", "claimed") else "unclaimed"
    if joins.deltas in roles:
        now = "unclaimed" if now in ("unclaimed", "claimed") else "some"
    return now


def counted(ground: Ground, state: State, roles: frozenset[str], spans: Sequence[bool]) -> bool:
    """Whether a number was said in the span that is open now, of those in `spans`."""
    steps = ground.steps
    if steps is None or not spans[steps.kind]:
        return False
    return state.counted or steps.role in roles
