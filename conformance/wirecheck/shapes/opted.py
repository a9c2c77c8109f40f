"""Frames that come only to those who asked: by a parameter of the URL, or by a subscription.

Law: `docs/verdicts.md`, section 7.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from wirecheck.shapes.state import Clients, Event, Facts, Outcomes
from wirecheck.strict import show

MAX_TOPICS = 10_000

_INTEGER = re.compile(r"-?[0-9]{1,18}")
_TRUE = frozenset({"true", "1", "yes", "on", "t", "y"})
_FALSE = frozenset({"false", "0", "no", "off", "f", "n", ""})


@dataclass(frozen=True, slots=True, kw_only=True)
class Subscription:
    """The gated frames and the roles and names by which a client subscribes."""

    guarantee: str
    frames: str
    topic: str
    topics: str
    on: str
    opaque: str


def by_parameter(
    guarantee: str, needs: Mapping[str, Any], defaults: Mapping[str, Any], facts: Facts, event: Event, out: Outcomes
) -> None:
    """The frame needs parameters of the connection's URL; `defaults` says what their absence means."""
    if facts.params is None:
        out.undecided(guarantee)
        return
    unreadable = False
    for name, wanted in needs.items():
        place = "?" + name
        given = facts.params.get(place)
        if given is None and place in facts.params:
            unreadable = True
            continue
        value = defaults.get(name) if given is None else _read(given, wanted)
        if value == wanted and type(value) is type(wanted):
            continue
        if value is None and given is not None:
            unreadable = True
            continue
        there = "does not give it" if given is None else f"gives {show(given)}"
        text = f"comes only with {name}={show(wanted)}, and the connection's URL {there}"
        out.broke(guarantee, event.at, event.label, text)
        return
    if unreadable:
        out.undecided(guarantee)
    else:
        out.held(guarantee)


def subscribe(form: Subscription, clients: Clients, roles: frozenset[str], may: frozenset[str], topics: Any) -> None:
    """A client's subscription: its topics, or that they cannot be told."""
    named = isinstance(topics, list) and all(isinstance(topic, str) for topic in topics)
    if form.on in roles and named and len(clients.topics) + len(topics or ()) <= MAX_TOPICS:
        clients.topics.update(topics or ())
    elif form.on in roles:
        clients.opaque = True
    if form.opaque in roles or form.on in may or form.opaque in may:
        clients.opaque = True


def by_subscription(form: Subscription, facts: Facts, event: Event, out: Outcomes) -> None:
    """A frame of a topic: a client must have named it before, on this or another connection."""
    topic = event.names.get(form.topic)
    if not isinstance(topic, str):
        return
    clients = facts.clients
    if topic in clients.topics:
        out.held(form.guarantee)
    elif clients.opaque or clients.hides(facts) or "client" not in facts.seen or not facts.started:
        out.undecided(form.guarantee)
    else:
        out.broke(form.guarantee, event.at, event.label, f"of topic {show(topic)}, to which nobody subscribed")


def _read(given: str, wanted: Any) -> Any:
    """A parameter's text as the type that is wanted; None where it cannot be read so."""
    if isinstance(wanted, bool):
        folded = given.strip().lower()
        return True if folded in _TRUE else False if folded in _FALSE else None
    if isinstance(wanted, int):
        return int(given) if _INTEGER.fullmatch(given) else None
    return given
