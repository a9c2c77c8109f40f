"""What a connection remembers, as plain values.

Law: the state holds no code, no file and no compiled plan, only values that can be pickled and handed to another
process. What is known of the dialect comes in from outside, as `LaneForm` and its like. `docs/verdicts.md` gives the
meaning of every word here.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from wirecheck.catalog.model import Sender
from wirecheck.record import At, Vantage

Key = tuple[Any, ...]
"""The values of a span's names, in the order of its keys; None is a hole."""

MAX_OPEN = 200_000
MAX_KEYS = 50_000
MAX_LATE = 1_000

OPEN_SIDE, CLOSE_SIDE = 0, 1


@dataclass(slots=True)
class Span:
    """One open span (or, in a lane of either order, one unmatched frame of `side`)."""

    key: Key
    at: At
    opener: Sender
    seq: int
    label: str
    names: Mapping[str, Any]
    side: int = OPEN_SIDE
    patient: bool = False
    excused: bool = False
    doubtful: bool = False
    assumed: bool = False
    witnessed: bool = False
    fresh: bool = False
    spoiled: bool = False
    over: bool = False
    uncounted: bool = False
    pardoned: bool = False
    count: int = 0
    lies_in: Key = ()
    """The values, as its opening frame carried them, of the names of the span kind that is our deadline."""
    mixed: bool = False
    """Whether an answer that may have been meant for this span was taken by another."""
    implied: str | None = None
    """For a span that nobody opened in our sight: the guarantee that is broken if nothing else ends it."""

    @property
    def solid(self) -> bool:
        return not (self.excused or self.doubtful)


@dataclass(slots=True)
class Lane:
    """The spans of one kind now open in one trace, and which keys we can be sure about.

    `within` (kept where `nested`) finds the spans that lie in one of another kind, so that its end finds its own among
    thousands.
    """

    known: bool
    nested: bool = False
    spans: dict[Key, list[Span]] = field(default_factory=dict)
    within: dict[Key, dict[int, Span]] = field(default_factory=dict)
    holed: list[Span] = field(default_factory=list)
    loosened: dict[Key, None] = field(default_factory=dict)
    settled: dict[Key, None] = field(default_factory=dict)
    cleared: dict[tuple[int, Key], None] = field(default_factory=dict)
    late: list[Span] = field(default_factory=list)
    holes: int = 0
    heard: dict[Key, None] = field(default_factory=dict)
    """Keys that frames carried though no span with them is open here: one may have been opened before we looked."""
    pardoned: bool = False
    waited: dict[Key, None] = field(default_factory=dict)
    pardons: dict[Key, None] = field(default_factory=dict)
    """In a lane of either order: whether a frame may have been a partner of any key, which keys had one wait since
    then, and for which keys a partner may have come unseen."""

    def all(self) -> Iterator[Span]:
        """Every open span, in no particular order."""
        for spans in self.spans.values():
            yield from spans
        yield from self.holed

    def agreeing(self, key: Key) -> list[Span]:
        """Open spans whose key agrees with `key`, oldest first."""
        if None not in key:
            exact = self.spans.get(key)
            if not self.holed:
                return list(exact) if exact else []
            found = [span for span in self.holed if agree(span.key, key)]
            if exact:
                found += exact
        else:
            found = [span for span in self.all() if agree(span.key, key)]
        found.sort(key=_age)
        return found

    def fitting(self, key: Key) -> list[Span]:
        """Open spans whose key agrees; only those with exactly this key if there are any and it has no hole."""
        if not self.holed and None not in key:
            return self.spans.get(key, [])
        spans = self.agreeing(key)
        if len(spans) > 1 and None not in key:
            return [span for span in spans if span.key == key] or spans
        return spans

    def lying_in(self, values: Key) -> list[Span]:
        """Open spans that lie, or may lie, in the span of their deadline's kind with these values."""
        if None in values:
            return [span for spans in self.within.values() for span in spans.values()]
        return (
            [span for inside, spans in self.within.items() if agree(inside, values) for span in spans.values()]
            if (self.holes)
            else list(self.within.get(values, {}).values())
        )

    def add(self, span: Span) -> None:
        if None in span.key:
            self.holed.append(span)
        else:
            spans = self.spans.get(span.key)
            if spans is None:
                self.spans[span.key] = [span]
            else:
                spans.append(span)
        if self.nested:
            self.within.setdefault(span.lies_in, {})[span.seq] = span
            self.holes += None in span.lies_in

    def remove(self, span: Span) -> None:
        key = span.key
        if None in key:
            _drop(self.holed, span)
        else:
            spans = self.spans[key]
            if len(spans) == 1:
                del self.spans[key]
            else:
                _drop(spans, span)
        if not self.nested:
            return
        inside = self.within[span.lies_in]
        del inside[span.seq]
        if not inside:
            del self.within[span.lies_in]
        self.holes -= None in span.lies_in

    def clear(self) -> None:
        self.spans.clear()
        self.within.clear()
        self.holed.clear()
        self.holes = 0

    def settle(self, key: Key) -> None:
        if None not in key:
            remember(self.settled, key)

    def loosen(self, key: Key) -> None:
        """Forget that keys agreeing with `key` were sure; a lane loosened without any name is loosened whole."""
        if all(part is None for part in key):
            self.known = False
            self.settled.clear()
            self.cleared.clear()
            return
        if None not in key:
            self.settled.pop(key, None)
        else:
            for settled in [other for other in self.settled if agree(other, key)]:
                del self.settled[settled]
        if self.known:
            remember(self.loosened, key)
            if len(self.loosened) >= MAX_KEYS:
                self.known = False

    def is_loose(self, key: Key) -> bool:
        if not self.loosened:
            return False
        return key in self.loosened or any(agree(other, key) for other in self.loosened if None in other or None in key)

    def remember_late(self, span: Span) -> None:
        self.late.append(span)
        if len(self.late) > MAX_LATE:
            del self.late[0]


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

    `whole`: all pieces since the first beginning are known. `fresh`: the last beginning has no pieces yet.
    """

    whole: bool
    pieces: int = 0
    fresh: bool = True
    starts: list[tuple[int, int]] = field(default_factory=lambda: [(0, 0)])


@dataclass(slots=True)
class Facts:
    """What is known of a connection beyond its frames. `params` is None where the URL is not known."""

    started: bool = False
    seen: set[Sender] = field(default_factory=set)
    vantage: Vantage | None = None
    exclusive: bool = False
    params: Mapping[str, str | None] | None = None
    auth_refused: bool = False
    opaque: bool = False
    topics: set[str] = field(default_factory=set)
    contacts: dict[Key, None] | None = field(default_factory=dict)
    open_spans: int = 0
    homes: dict[Any, None] = field(default_factory=dict)
    """Sessions created on this connection, with both sides recorded, and seen on no other."""
    answered: dict[Sender, int] = field(default_factory=dict)
    """The number of the latest frame of each sender that was certainly received: something answered it."""


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


def agree(one: Key, other: Key) -> bool:
    """Whether no position holds two different values."""
    return all(a is None or b is None or a == b for a, b in zip(one, other, strict=True))


def scalar(value: Any) -> Any:
    """A value that can tell spans apart, or None. JSON's true is not its 1, though Python's are equal."""
    kind = type(value)
    if kind is str or kind is int:
        return value
    if kind is bool:
        return ("bool", value)
    return None


def remember(keys: dict[Any, None], key: Any) -> None:
    """Add to a bounded, ordered set; the oldest key is forgotten first, which only makes verdicts more careful."""
    if key not in keys:
        keys[key] = None
        if len(keys) > MAX_KEYS:
            del keys[next(iter(keys))]


def _age(span: Span) -> int:
    return span.seq


def _drop(spans: list[Span], span: Span) -> None:
    for index, other in enumerate(spans):
        if other is span:
            del spans[index]
            return
