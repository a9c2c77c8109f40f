"""The spans of one kind that are open, as plain values.

Law: finds, adds and removes spans, and remembers which keys are sure; judges nothing, and holds no code, no file and
no compiled plan. Everything in here is bounded.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from wirecheck.catalog.model import Sender
from wirecheck.record import At

Key = tuple[Any, ...]
"""The values of a span's names, in the order of its keys; None is a hole."""

MAX_OPEN = 200_000
MAX_KEYS = 50_000
MAX_LATE = 1_000
MAX_ALIKE = 500
"""Spans among which a frame may have to look for its own: those of one key or of one first name in it, those that
lack a name, and, for a frame that lacks one, all of their kind."""
MAX_REPLAYS = 100

OPEN_SIDE, CLOSE_SIDE = 0, 1
EXCUSED, DOUBTED = 0, 1


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
    vague: bool = False
    """Whether an answer that may have been meant for this span was taken by another; and whether such an answer did
    not carry the name by which the lane prefers to pick."""
    implied: str | None = None
    """For a span that nobody opened in our sight: the guarantee that is broken if nothing else ends it."""

    @property
    def solid(self) -> bool:
        return not (self.excused or self.doubtful)


_NONE: Mapping[int, Span] = {}


class Keys(dict[Key, None]):
    """A bounded, ordered set of keys; the oldest is forgotten first, which only makes verdicts more careful."""

    __slots__ = ()

    def remember(self, key: Key) -> None:
        remember(self, key)

    def forget(self, key: Key) -> None:
        self.pop(key, None)


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
    settled: Keys = field(default_factory=Keys)
    cleared: dict[tuple[int, Key], None] = field(default_factory=dict)
    late: list[Span] = field(default_factory=list)
    firsts: dict[Any, dict[int, Span]] = field(default_factory=dict)
    """The spans whose key begins with a value and has no hole, where keys have several names."""
    holes: int = 0
    size: int = 0
    new: list[list[Span] | None] | None = None
    """For each purpose of `newly`, the spans added since it was last asked for; None: all are new."""
    heard: Keys = field(default_factory=Keys)
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

    def newly(self, what: int) -> list[Span]:
        """The open spans that were not there when this was last asked for the same purpose (`EXCUSED`, `DOUBTED`).

        What befell every span of the lane once need not befall it again: so a frame that may mean any span costs as
        much as there are new ones.
        """
        if self.new is None:
            self.new = [None, None]
        spans = self.new[what]
        self.new[what] = []
        return list(self.all()) if spans is None else spans

    def is_full(self, key: Key) -> bool:
        """Whether too many spans are open that are like one with this key."""
        there = self.holed if None in key else self.spans.get(key, ())
        return len(there) >= MAX_ALIKE or (len(key) > 1 and len(self.firsts.get(key[0], ())) >= MAX_ALIKE)

    def agreeing(self, key: Key) -> list[Span]:
        """Open spans whose key agrees with `key`, oldest first."""
        if None not in key:
            exact = self.spans.get(key)
            if not self.holed:
                return list(exact) if exact else []
            found = [span for span in self.holed if agree(span.key, key)]
            if exact:
                found += exact
        elif len(key) > 1 and key[0] is not None:
            there = [*self.firsts.get(key[0], _NONE).values(), *self.holed]
            found = [span for span in there if agree(span.key, key)]
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

    def by_age(self, key: Key) -> None:
        """Put the spans of one key in order again, after one that is older came to them."""
        if key in self.spans:
            self.spans[key].sort(key=_age)

    def add(self, span: Span) -> None:
        self.size += 1
        if self.new is not None:
            self._note(self.new, span)
        if None in span.key:
            self.holed.append(span)
        else:
            spans = self.spans.get(span.key)
            if spans is None:
                self.spans[span.key] = [span]
            else:
                spans.append(span)
            if len(span.key) > 1:
                self.firsts.setdefault(span.key[0], {})[span.seq] = span
        if self.nested:
            self.within.setdefault(span.lies_in, {})[span.seq] = span
            self.holes += None in span.lies_in

    def _note(self, new: list[list[Span] | None], span: Span) -> None:
        for what, spans in enumerate(new):
            if spans is not None:
                spans.append(span)
                if len(spans) > self.size + MAX_ALIKE:  # most of them ended: looking at all that are left costs less
                    new[what] = None

    def remove(self, span: Span) -> None:
        self.size -= 1
        key = span.key
        if None in key:
            _drop(self.holed, span)
        else:
            spans = self.spans[key]
            if len(spans) == 1:
                del self.spans[key]
            else:
                _drop(spans, span)
            if len(key) > 1:
                alike = self.firsts[key[0]]
                del alike[span.seq]
                if not alike:
                    del self.firsts[key[0]]
        if not self.nested:
            return
        inside = self.within[span.lies_in]
        del inside[span.seq]
        if not inside:
            del self.within[span.lies_in]
        self.holes -= None in span.lies_in

    def clear(self) -> None:
        self.spans.clear()
        self.firsts.clear()
        self.within.clear()
        self.holed.clear()
        self.holes = self.size = 0
        self.new = None

    def settle(self, key: Key) -> None:
        if None not in key:
            self.settled.remember(key)

    def loosen(self, key: Key) -> None:
        """Forget that keys agreeing with `key` were sure; a lane loosened without any name is loosened whole."""
        if all(part is None for part in key):
            self.known = False
            self.settled.clear()
            self.cleared.clear()
            return
        if None not in key:
            self.settled.forget(key)
        elif len(self.settled) > MAX_ALIKE:
            self.settled.clear()
        else:
            for settled in [other for other in self.settled if agree(other, key)]:
                del self.settled[settled]
        if self.known:
            remember(self.loosened, key)
            if len(self.loosened) >= MAX_ALIKE:
                self.known = False
                self.loosened.clear()

    def is_loose(self, key: Key) -> bool:
        if not self.loosened:
            return False
        return key in self.loosened or any(agree(other, key) for other in self.loosened if None in other or None in key)

    def remember_late(self, span: Span) -> None:
        self.late.append(span)
        if len(self.late) > MAX_LATE:
            del self.late[0]


def agree(one: Key, other: Key) -> bool:
    """Whether no position holds two different values."""
    for a, b in zip(one, other, strict=True):  # asked for every pair where names are missing: a plain loop is quicker
        if a is not None and b is not None and a != b:
            return False
    return True


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
