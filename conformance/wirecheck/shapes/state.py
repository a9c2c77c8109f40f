"""What a connection remembers, as plain values.

Law: the state holds no code, no file and no compiled plan, only values that can be pickled and handed to another
process. What is known of the dialect comes in from outside, as `LaneForm` and its like. `docs/verdicts.md` gives the
meaning of every word here.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from wirecheck.catalog.model import Sender
from wirecheck.record import At, Vantage
from wirecheck.shapes.lane import MAX_KEYS, Key, Lane


@dataclass(slots=True)
class Trace:
    """One order of frames: the live one of a connection, or a replay."""

    live: bool
    lanes: list[Lane]
    texts: dict[Key, Text] = field(default_factory=dict)
    step: tuple[int, int] | None = None


@dataclass(slots=True)
class Text:
    """Pieces of text joined since each of its possible beginnings, as lengths in bytes and residues (see `joins`).

    `whole`: all pieces since the first beginning are known. `fresh`: the last beginning has no pieces yet. `waiting`:
    the latest pieces, which are no part of `starts` yet; joining many at once costs little more than joining one.
    """

    whole: bool
    pieces: int = 0
    fresh: bool = True
    waiting: list[str] = field(default_factory=list)
    starts: list[tuple[int, int]] = field(default_factory=lambda: [(0, 0)])


@dataclass(slots=True)
class Clients:
    """What clients did on all connections of a capture, as far as it counts on each.

    `topics`: what they subscribed to. `opaque`: to more than can be told. `unseen`: connections whose start was not
    recorded, and with it what their clients asked for. `asks`: by lane and key, the number of the connection that
    asked (0: several did); `full`: there were more.
    """

    topics: set[str] = field(default_factory=set)
    opaque: bool = False
    unseen: int = 0
    full: bool = False
    asks: dict[tuple[int, Key], int] = field(default_factory=dict)

    def ask(self, lane: int, key: Key, number: int) -> None:
        before = self.asks.get((lane, key))
        if before is None and len(self.asks) >= MAX_KEYS:
            self.full = True
        elif before is None or before != number:
            self.asks[lane, key] = number if before is None else 0

    def hides(self, facts: Facts) -> bool:
        """Whether there is another connection on which a client may have done what we did not see."""
        return self.full or self.unseen > (0 if facts.started else 1)

    def asked_elsewhere(self, lane: int, key: Key, facts: Facts) -> bool:
        """Whether another connection asked for this, or may have."""
        return self.hides(facts) or self.others_asked(lane, key, facts.number)

    def others_asked(self, lane: int, key: Key, number: int) -> bool:
        """Whether a connection of another number was seen to ask for this."""
        return self.asks.get((lane, key), number) != number


@dataclass(slots=True, init=False)
class Facts:
    """What is known of a connection beyond its frames. `params` is None where the URL is not known."""

    started: bool
    seen: frozenset[Sender]
    vantage: Vantage | None
    exclusive: bool
    params: Mapping[str, str | None] | None
    auth_refused: bool
    clients: Clients
    number: int
    last: dict[Sender, int]
    """The connection's own number, and that of the last frame of each sender."""
    contacts: dict[Key, None] | None
    open_spans: int
    homes: dict[Any, None]
    """Sessions created on this connection, with both sides recorded, and seen on no other."""
    answered: dict[Sender, int]
    """The number of the latest frame of each sender that was certainly received: something answered it."""

    def __init__(
        self,
        clients: Clients,
        *,
        started: bool = False,
        seen: frozenset[Sender] = frozenset(),
        vantage: Vantage | None = None,
        exclusive: bool = False,
        params: Mapping[str, str | None] | None = None,
        auth_refused: bool = False,
        number: int = 0,
    ) -> None:
        # Each connection has them: a factory for each field would take three times as long.
        self.started = started
        self.seen = seen
        self.vantage = vantage
        self.exclusive = exclusive
        self.params = params
        self.auth_refused = auth_refused
        self.clients = clients
        self.number = number
        self.last = {}
        self.contacts = {}
        self.open_spans = 0
        self.homes = {}
        self.answered = {}


class Event:
    """One frame as the shapes see it: who sent it, what it means, and the values of its names."""

    __slots__ = (
        "at",
        "first_key",
        "first_names",
        "label",
        "last_key",
        "last_names",
        "names",
        "roles",
        "sender",
        "seq",
    )

    def __init__(
        self, at: At, seq: int, sender: Sender, label: str, roles: frozenset[str], names: Mapping[str, Any]
    ) -> None:
        self.at = at
        self.seq = seq
        self.sender: Sender = sender
        self.label = label
        self.roles = roles
        self.names = names
        self.last_names: tuple[str, ...] | None = None
        self.last_key: Key = ()
        self.first_names: tuple[str, ...] | None = None
        self.first_key: Key = ()

    def key(self, names: tuple[str, ...]) -> Key:
        """The values of these names. The answers to the first and to the last question are kept: they come again."""
        if names is self.first_names:
            return self.first_key
        if names is self.last_names:
            return self.last_key
        own = self.names
        key: Key
        if len(names) == 1:
            value = own.get(names[0])
            key = (value if value.__class__ is str else scalar(value),)
        else:
            key = tuple([scalar(own.get(name)) for name in names])
        if self.first_names is None:
            self.first_names, self.first_key = names, key
        else:
            self.last_names, self.last_key = names, key
        return key


@dataclass(slots=True)
class Broken:
    """One broken instance, before it becomes a finding."""

    guarantee: str
    at: At
    label: str | None
    message: str


@dataclass(slots=True)
class Outcomes:
    """Counts of held, broken and undecided instances a guarantee, and the broken ones not yet collected."""

    counts: dict[str, list[int]] = field(default_factory=dict)
    broken: list[Broken] = field(default_factory=list)

    def held(self, guarantee: str | None) -> None:
        if guarantee is not None:
            self.counts[guarantee][0] += 1

    def undecided(self, guarantee: str | None) -> None:
        if guarantee is not None:
            self.counts[guarantee][2] += 1

    def broke(self, guarantee: str | None, at: At, label: str | None, message: str) -> None:
        if guarantee is not None:
            self.counts[guarantee][1] += 1
            self.broken.append(Broken(guarantee, at, label, message))


def scalar(value: Any) -> Any:
    """A value that can tell spans apart, or None. JSON's true is not its 1, though Python's are equal."""
    kind = type(value)
    if kind is str or kind is int:
        return value
    if kind is bool:
        return ("bool", value)
    return None
