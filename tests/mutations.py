"""Traces with exactly one fault, and by which guarantee each must be found.

Law: a mutant comes from a trace in which every promise holds, by one operator, at one place. Why it breaks its
guarantee follows from the guarantee's words and `docs/verdicts.md`; the checker is never asked. Operators and recipes
know no dialect: which frame is hit is chosen by the roles that the catalog gives it.

An operator is a function of records to records. A recipe is a function of a base trace and a guarantee to mutants,
one for each way in which a shape can be broken, and its docstring says why that breaks it. The base traces are the
clean fixtures and the few written at the end of this file.
"""

from __future__ import annotations

import copy as copying
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path as FilePath
from typing import Any
from urllib.parse import parse_qsl, quote, urlencode, urlsplit, urlunsplit

from wirecheck.capture import read
from wirecheck.catalog import Dialect, FrameForm, Guarantee, SpanForm, applies, load
from wirecheck.catalog.model import Locator, Sender
from wirecheck.check import Checker
from wirecheck.record import At, Closed, Credential, Message, Opened, Record

Records = tuple[Record, ...]
Path = tuple[str, ...]
FRESH = "fresh-9"
FREE = frozenset({"hint", "notice", "keepalive"})
"""Roles whose frames are bound to no order, so that one more or one less of them breaks nothing by itself."""


# Operators: one fault each.


def drop(records: Records, index: int) -> Records:
    return _numbered((*records[:index], *records[index + 1 :]))


def double(records: Records, index: int) -> Records:
    return copy(records, index, index)


def copy(records: Records, index: int, to: int) -> Records:
    """One more of the record at `index`, before the one at `to`."""
    return _numbered((*records[:to], records[index], *records[to:]))


def move(records: Records, index: int, to: int) -> Records:
    """The record at `index`, put before the one at `to`."""
    rest = (*records[:index], *records[index + 1 :])
    to -= index < to
    return _numbered((*rest[:to], records[index], *rest[to:]))


def swap(records: Records, one: int, other: int) -> Records:
    changed = list(records)
    changed[one], changed[other] = changed[other], changed[one]
    return _numbered(changed)


def rename(records: Records, index: int, path: Path, value: Any) -> Records:
    """Another value of a name."""
    return _put(records, index, path, value)


def retext(records: Records, index: int, path: Path, value: str) -> Records:
    """Other words."""
    return _put(records, index, path, value)


def renumber(records: Records, index: int, path: Path, value: int) -> Records:
    """Another number."""
    return _put(records, index, path, value)


def confuse(
    records: Records, index: int, path: Path, value: Any, other: int, its_path: Path, its_value: Any
) -> Records:
    """Two frames carry each other's name."""
    return _put(_put(records, index, path, value), other, its_path, its_value)


def _put(records: Records, index: int, path: Path, value: Any) -> Records:
    record = records[index]
    assert isinstance(record, Message)
    message = copying.deepcopy(record.value)
    inner = message
    for step in path[:-1]:
        inner = inner[step]
    inner[path[-1]] = value
    return (*records[:index], replace(record, value=message), *records[index + 1 :])


def reparam(records: Records, index: int, place: Locator, value: str | None) -> Records:
    """Another value of a parameter of the URL, or (None) the URL without it."""
    opened = records[index]
    assert isinstance(opened, Opened) and opened.url is not None
    parts, name = urlsplit(opened.url), place.path[0]
    pairs = [(key, value if key == name else old) for key, old in parse_qsl(parts.query) if key != name or value]
    path = parts.path if place.place == "query" else parts.path.rpartition("/")[0] + "/" + quote(value or "")
    url = urlunsplit(parts._replace(path=path, query=urlencode([(key, str(kept)) for key, kept in pairs])))
    return (*records[:index], replace(opened, url=url), *records[index + 1 :])


def respell(records: Records, index: int, name: str) -> Records:
    """A parameter of the URL under a name that means nothing."""
    opened = records[index]
    assert isinstance(opened, Opened) and opened.url is not None
    return (*records[:index], replace(opened, url=opened.url.replace(f"{name}=", f"x-{name}=")), *records[index + 1 :])


def recode(records: Records, index: int, code: int) -> Records:
    closed = records[index]
    assert isinstance(closed, Closed)
    return (*records[:index], replace(closed, code=code), *records[index + 1 :])


def spoil(records: Records, index: int, auth: Credential) -> Records:
    """The same connection with a credential that is not good."""
    opened = records[index]
    assert isinstance(opened, Opened)
    return (*records[:index], replace(opened, auth=auth), *records[index + 1 :])


def _numbered(records: Sequence[Record]) -> Records:
    return tuple(replace(record, at=replace(record.at, line=line)) for line, record in enumerate(records, 1))


# A base trace, read by its catalog.


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """One frame of a trace: `index` is its record's, `places` where its names lie in the message; `inner` marks an
    item of a batch, and `replayed` a frame inside the bracket of its session."""

    index: int
    conn: str
    form: FrameForm
    roles: frozenset[str]
    may: frozenset[str]
    names: Mapping[str, Any]
    places: Mapping[str, Path]
    inner: bool
    replayed: bool = False

    @property
    def sender(self) -> Sender:
        return self.form.sender

    def key(self, span: SpanForm) -> tuple[Any, ...]:
        return tuple(self.names.get(name) for name in span.keys)


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """A span of the trace; `key` is what its two frames say together."""

    open: Seen
    close: Seen
    key: tuple[Any, ...]


class Base:
    """A trace in which every promise holds, with its frames and spans."""

    def __init__(self, name: str, dialect: Dialect, records: Sequence[Record]) -> None:
        self.name = name
        self.dialect = dialect
        self.records = _numbered(records)
        self.opened = {r.at.conn: i for i, r in enumerate(self.records) if isinstance(r, Opened)}
        self.closed = {r.at.conn: i for i, r in enumerate(self.records) if isinstance(r, Closed)}
        self.bracket = next((span for span in dialect.spans.values() if span.subtrace), None)
        self.frames = tuple(self._frames())

    def _frames(self) -> Iterator[Seen]:
        within: set[tuple[str, Any]] = set()
        for index, record in enumerate(self.records):
            if not isinstance(record, Message):
                continue
            for frame in _read(self.dialect, record, index, record.value, inner=False):
                if self.bracket is None:
                    yield frame
                    continue
                place = (frame.conn, frame.key(self.bracket))
                own = self.bracket.open in frame.roles or self.bracket.close in frame.roles
                if own:
                    (within.add if self.bracket.open in frame.roles else within.discard)(place)
                yield replace(frame, replayed=not own and frame.sender == "server" and place in within)

    @property
    def live(self) -> tuple[Seen, ...]:
        return tuple(frame for frame in self.frames if not frame.replayed)

    def pairs(self, span: SpanForm, frames: Sequence[Seen] | None = None) -> list[Pair]:
        """The spans of a kind, each with its close. The trace is clean, so the oldest that agrees is the one."""
        found: list[Pair] = []
        waiting: list[Seen] = []
        for frame in self.live if frames is None else frames:
            if span.close in frame.roles:
                fits = [open for open in waiting if open.conn == frame.conn and _agree(open.key(span), frame.key(span))]
                fits = [open for open in fits if span.prefer and _same(open, frame, span.prefer)] or fits
                if fits:
                    waiting.remove(fits[0])
                    both = zip(fits[0].key(span), frame.key(span), strict=True)
                    key = tuple(theirs if ours is None else ours for ours, theirs in both)
                    found.append(Pair(open=fits[0], close=frame, key=key))
            if span.open in frame.roles:
                waiting.append(frame)
        return found

    def senders(self, role: str) -> set[Sender]:
        forms = self.dialect.frames.values()
        return {
            f.sender for f in forms if role in {*f.roles, *f.may, *(r for c in f.cases for r in (*c.roles, *c.may))}
        }

    def opens(self, span: SpanForm, key: tuple[Any, ...], conn: str, start: int, end: int) -> list[int]:
        """Where, between two records, spans with exactly this key open."""
        pairs = {pair.open.index for pair in self.pairs(span) if pair.key == key}
        return sorted(
            {
                frame.index
                for frame in self.live
                if frame.conn == conn and span.open in frame.roles and start < frame.index < end
                if frame.key(span) == key or frame.index in pairs
            }
        )

    def occurs_in_replays(self, span: SpanForm) -> bool:
        if self.bracket is None or not set(self.bracket.keys) <= set(span.keys):
            return False
        ends = {self.bracket.open, self.bracket.close}
        own = [form for form in self.dialect.frames.values() if ends & set(form.roles)]
        return not any({span.open, span.close} & set(form.roles) for form in own)

    def sure(self, span: SpanForm, key: tuple[Any, ...], conn: str, index: int) -> bool:
        """Whether, before this record, no span of the key can be open unseen (`docs/verdicts.md`, section 2)."""
        if self.occurs_in_replays(span) and not self.is_home(span, key, conn, index):
            return False
        loosened = max(self._loosened(span, key, conn, index), default=-1)
        if loosened < 0 and (span.opened == "here" or self.occurs_in_replays(span)):
            return True
        if span.exclusive:
            return None not in key and bool(self.opens(span, key, conn, loosened, index))
        return any(
            {other.open, other.close} & frame.roles and frame.conn == conn and loosened < frame.index < index
            for other in self.dialect.spans.values()
            for claim in self.dialect.guarantees.values()
            if span.name in claim.options.get("spans", ()) and other.name in claim.options.get("by", ())
            if set(other.keys) <= set(span.keys)
            for frame in self.live
            if frame.key(other) == _part(span, key, other)
        )

    def is_home(self, span: SpanForm, key: tuple[Any, ...], conn: str, index: int) -> bool:
        """Whether the session of the key was created on this connection, and was on no other before this record."""
        assert self.bracket is not None
        session = _part(span, key, self.bracket)
        named = [frame for frame in self.frames if frame.key(self.bracket) == session and frame.index < index]
        born = any("answer.session" in frame.roles for frame in named)
        return born and all(frame.conn == conn for frame in named)

    def _loosened(self, span: SpanForm, key: tuple[Any, ...], conn: str, index: int) -> Iterator[int]:
        """Records by which something may have opened a span of the key that does not show. A frame that may open the
        kind counts here even where section 4 takes it to belong to the one span that is open."""
        for frame in self.live:
            if frame.conn != conn or frame.index >= index or not _agree(frame.key(span), key):
                continue
            replayed = self.bracket is not None and self.bracket.close in frame.roles and self.occurs_in_replays(span)
            if replayed or span.open in frame.may:
                yield frame.index
            for other in self.dialect.spans.values():
                if set(other.implied) & frame.roles and other is not span and "client" in self.senders(span.open):
                    begun = max(self.opens(other, frame.key(other), conn, -1, frame.index), default=-1)
                    if any(
                        other.close in doubt.may and doubt.conn == conn and begun < doubt.index < frame.index
                        for doubt in self.frames
                    ):
                        yield frame.index

    def is_free(self, span: SpanForm, key: tuple[Any, ...], conn: str, index: int) -> bool:
        """Whether no span that the key could mean is open before this record."""
        spans = [pair for pair in self.pairs(span) if pair.open.conn == conn and _agree(pair.key, key)]
        return not any(pair.open.index < index <= pair.close.index for pair in spans)

    def closes_cleanly(self, conn: str) -> bool:
        closed = self.records[self.closed[conn]]
        return isinstance(closed, Closed) and closed.sender == "server" and closed.code in (1000, 1001)

    def deadline(self, guarantee: Guarantee, span: SpanForm, open: Seen, key: tuple[Any, ...]) -> int | None:
        """The record that proves an open without a close broken; None where none does (section 4)."""
        if set(guarantee.options.get("patient", ())) & open.roles or open.inner and span.exclusive:
            return None
        end = self._deadline(guarantee, span, open, key)
        for frame in self.frames:
            if frame.conn == open.conn and open.index < frame.index < (end or 0):
                loosed = self.bracket is not None and self.bracket.open in frame.roles and self.occurs_in_replays(span)
                if loosed or (span.close in frame.may and _agree(frame.key(span), key)):
                    return None
        return end

    def _deadline(self, guarantee: Guarantee, span: SpanForm, open: Seen, key: tuple[Any, ...]) -> int | None:
        conn, openers, closers = open.conn, self.senders(span.open), self.senders(span.close)
        again = self.opens(span, key, conn, open.index, len(self.records))
        if span.exclusive and closers == {open.sender} and again:
            return again[0]
        by = [self.dialect.spans[name] for name in guarantee.options.get("by", ()) if name in self.dialect.spans]
        opened = self.records[self.opened[conn]]
        assert isinstance(opened, Opened)
        conclusive = openers == {"server"} or opened.vantage in (None, "server")
        if not conclusive:
            return None
        for frame in self.live:
            for other in by:
                if frame.conn != conn or frame.index <= open.index or other.close not in frame.roles:
                    continue
                wanted = open.key(other) if None not in open.key(other) else _part(span, key, other)
                if frame.key(other) == wanted and (not span.exclusive or not again or frame.index < again[0]):
                    return frame.index
        if (
            not by
            and self.closes_cleanly(conn)
            and span.opened == "here"
            and not span.resumable
            and "server" in closers
        ):
            return self.closed[conn] if not (span.exclusive and again) else None
        return None


def _part(span: SpanForm, key: tuple[Any, ...], other: SpanForm) -> tuple[Any, ...]:
    values = dict(zip(span.keys, key, strict=True))
    return tuple(values.get(name) for name in other.keys)


def _agree(one: tuple[Any, ...], other: tuple[Any, ...]) -> bool:
    return all(a is None or b is None or a == b for a, b in zip(one, other, strict=True))


def _same(one: Seen, other: Seen, name: str) -> bool:
    return name in one.names and one.names.get(name) == other.names.get(name)


def _read(dialect: Dialect, record: Message, index: int, value: Any, *, inner: bool) -> Iterator[Seen]:
    tag = value.get(dialect.envelope.tag)
    form = next((f for f in dialect.frames.values() if f.sender == record.sender and f.tag == tag), None)
    if form is None:
        return
    root: Path = () if (form.wire or dialect.envelope.style) == "flat" else (dialect.envelope.data,)
    payload = value.get(root[0], {}) if root else value
    cases = [case for case in form.cases if applies(case, payload, value)]
    names: dict[str, Any] = {}
    places: dict[str, Path] = {}
    for name, locators in dialect.names.items():
        for locator in locators:
            there: Any = payload if locator.place == "payload" else value if locator.place == "header" else {}
            for step in locator.path:
                there = there.get(step) if isinstance(there, dict) else None
            if there is not None and name not in names:
                names[name] = there
                places[name] = (*(root if locator.place == "payload" else ()), *locator.path)
    yield Seen(
        index=index,
        conn=record.at.conn,
        form=form,
        roles=frozenset(form.roles).union(*(case.roles for case in cases)),
        may=frozenset(form.may).union(*(case.may for case in cases)),
        names=names,
        places=places,
        inner=inner,
    )
    items = payload
    for step in form.contains or ():
        items = items.get(step, [])
    for item in items if form.contains else ():
        yield from _read(dialect, record, index, item, inner=True)


# Recipes: what breaks a guarantee, a shape at a time.


@dataclass(frozen=True, slots=True, kw_only=True)
class Mutant:
    """A trace with one fault against one guarantee."""

    base: str
    dialect: str
    guarantee: str
    recipe: str
    operator: str
    line: int
    records: Records


Fault = tuple[Callable[..., Records], int, tuple[Any, ...]]
"""An operator, the record at which it is applied, and what else it is given."""
Recipe = Callable[[Base, Guarantee], Iterator[Fault]]


def _spans(base: Base, guarantee: Guarantee, option: str = "spans") -> list[SpanForm]:
    named = guarantee.options[option]
    return [
        base.dialect.spans[name]
        for name in ([named] if isinstance(named, str) else named)
        if name in base.dialect.spans
    ]


def _own(base: Base, guarantee: Guarantee) -> Iterator[tuple[SpanForm, Pair]]:
    for span in _spans(base, guarantee):
        for pair in base.pairs(span):
            yield span, pair


def _holds_implied(base: Base, span: SpanForm, pair: Pair) -> bool:
    """Whether something in the span says that what its opening opens is running, so that a missing opening may be
    somebody else's."""
    roles = {role for other in base.dialect.spans.values() if other.open in pair.open.roles for role in other.implied}
    return any(
        roles & frame.roles and _agree(frame.key(span), pair.key)
        for frame in base.live
        if frame.conn == pair.open.conn and pair.open.index < frame.index < pair.close.index
    )


def closed_twice(base: Base, guarantee: Guarantee) -> Iterator[Fault]:
    """An open gets exactly one close; of two, one has no open."""
    for span, pair in _own(base, guarantee):
        if base.sure(span, pair.key, pair.close.conn, pair.close.index + 1):
            yield double, pair.close.index, ()


def closed_again_later(base: Base, guarantee: Guarantee) -> Iterator[Fault]:
    """The same, when other things have happened since: just before the next span of the same key."""
    for span, pair in _own(base, guarantee):
        for to in base.opens(span, pair.key, pair.close.conn, pair.close.index, len(base.records))[:1]:
            if base.is_free(span, pair.key, pair.close.conn, to) and base.sure(span, pair.key, pair.close.conn, to):
                yield copy, pair.close.index, (to,)


def never_opened(base: Base, guarantee: Guarantee) -> Iterator[Fault]:
    """A close without an open, where no open can have been missed."""
    for span, pair in _own(base, guarantee):
        open = pair.open
        free = base.is_free(span, pair.key, open.conn, open.index)
        sure = free and base.sure(span, pair.key, open.conn, open.index)
        if sure and not open.inner and not _holds_implied(base, span, pair):
            yield drop, open.index, ()


def closed_before_opened(base: Base, guarantee: Guarantee) -> Iterator[Fault]:
    """A close that comes before its open has none."""
    for span, pair in _own(base, guarantee):
        open = pair.open
        free = base.is_free(span, pair.key, open.conn, open.index)
        if free and None not in pair.close.key(span) and base.sure(span, pair.key, open.conn, open.index):
            yield move, pair.close.index, (open.index,)


def never_closed(base: Base, guarantee: Guarantee) -> Iterator[Fault]:
    """An open without a close, and its deadline comes."""
    for span, pair in _own(base, guarantee):
        if base.deadline(guarantee, span, pair.open, pair.key) is not None:
            yield drop, pair.close.index, ()


def closed_too_late(base: Base, guarantee: Guarantee) -> Iterator[Fault]:
    """A close that comes when its deadline has passed."""
    for span, pair in _own(base, guarantee):
        end = base.deadline(guarantee, span, pair.open, pair.key)
        timely = end is not None and pair.close.index < end and guarantee.options.get("by")
        if end is not None and timely and isinstance(base.records[end], Message):
            yield move, pair.close.index, (end + 1,)


def opened_twice(base: Base, guarantee: Guarantee) -> Iterator[Fault]:
    """Two opens and one close: one of them never closes, and its deadline comes."""
    for span, pair in _own(base, guarantee):
        mine = span.exclusive and base.senders(span.close) == {pair.open.sender}
        tied = not span.exclusive and base.deadline(guarantee, span, pair.open, pair.key) is not None
        if not pair.open.inner and (mine or tied):
            yield double, pair.open.index, ()


def closed_under_another_key(base: Base, guarantee: Guarantee) -> Iterator[Fault]:
    """A close that agrees with no open leaves its open without one, and the deadline comes."""
    for span, pair in _own(base, guarantee):
        carried = [name for name in span.keys if name in pair.close.places]
        if carried and base.deadline(guarantee, span, pair.open, pair.key) is not None:
            yield rename, pair.close.index, (pair.close.places[carried[-1]], FRESH)


def closed_under_anothers_key(base: Base, guarantee: Guarantee) -> Iterator[Fault]:
    """A close that agrees with the wrong open: that one is closed twice, its own never."""
    for span, pair in _own(base, guarantee):
        for other in base.pairs(span):
            shared = [a == b for a, b in zip(pair.key, other.key, strict=True)]
            if other.open.conn != pair.open.conn or not shared or shared.count(False) != 1 or not span.exclusive:
                continue
            name = span.keys[shared.index(False)]
            within = other.open.index < pair.close.index < other.close.index
            if within and name in pair.close.places and base.deadline(guarantee, span, pair.open, pair.key) is not None:
                yield rename, pair.close.index, (pair.close.places[name], other.close.names[name])


def _partners(base: Base, guarantee: Guarantee) -> Iterator[tuple[SpanForm, Seen, Seen, int]]:
    """Frames that belong together in either order: span, the earlier, the later, and the record at which a missing
    one is known to be missing."""
    for span in _spans(base, guarantee):
        sides = {
            True: [f for f in base.live if span.open in f.roles],
            False: [f for f in base.live if span.close in f.roles],
        }
        for asked, others in ((sides[True], sides[False]), (sides[False], sides[True])):
            judged = asked is sides[True] or guarantee.options.get("judge") != "open"
            for frame, other in zip(asked, others, strict=False) if judged and len(asked) == len(others) else ():
                end = _either_deadline(base, guarantee, span, frame)
                if frame.conn != other.conn or frame.key(span) != other.key(span) or end is None:
                    continue
                if not any(frame.index < f.index < end and _meets(f, frame, span) for f in others if f is not other):
                    yield span, frame, other, end


def _meets(other: Seen, frame: Seen, span: SpanForm) -> bool:
    """Whether the other would be taken for the frame's partner."""
    return other.conn == frame.conn and other.key(span) == frame.key(span)


def _either_deadline(base: Base, guarantee: Guarantee, span: SpanForm, frame: Seen) -> int | None:
    """The record that proves the frame to be without a partner; None where something may have been its partner. A
    frame that may be of either side counts here for all keys and also for later frames, and so does a bracket."""
    conn, key = frame.conn, frame.key(span)
    mine = span.open if span.open in frame.roles else span.close
    closes = {base.dialect.spans[name].close for name in guarantee.options.get("by", ())}
    later = [f for f in base.live if f.conn == conn and f.index > frame.index and f.key(span) == key]
    ends = [f.index for f in later if (span.exclusive and mine in f.roles) or closes & f.roles]
    if not closes and not span.resumable and base.closes_cleanly(conn):
        ends.append(base.closed[conn])
    if not ends or (base.bracket is not None and not base.is_home(span, key, conn, ends[0])):
        return None
    for other in base.live:
        bracket = base.bracket is not None and {base.bracket.open, base.bracket.close} & other.roles
        if other.conn == conn and other.index < ends[0] and (bracket or {span.open, span.close} & other.may):
            return None
    return ends[0]


def _alone(frame: Seen, span: SpanForm, base: Base) -> bool:
    """Whether the frame opens and closes nothing else, so that without it nothing else lacks anything."""
    ends = {role for other in base.dialect.spans.values() if other is not span for role in (other.open, other.close)}
    return not ends & frame.roles


def partner_missing(base: Base, guarantee: Guarantee) -> Iterator[Fault]:
    """One of two frames that belong together does not come."""
    for span, frame, other, _ in _partners(base, guarantee):
        if _alone(other, span, base) or not _alone(frame, span, base):
            yield drop, other.index, ()


def partner_twice(base: Base, guarantee: Guarantee) -> Iterator[Fault]:
    """A second partner has none of its own, and its deadline comes."""
    for span, frame, _, _ in _partners(base, guarantee):
        if _alone(frame, span, base):
            yield double, frame.index, ()


def partner_too_late(base: Base, guarantee: Guarantee) -> Iterator[Fault]:
    """One of two frames that belong together comes when the other's deadline has passed."""
    for span, frame, other, end in _partners(base, guarantee):
        role = span.close if span.close in other.roles else span.open
        again = [f for f in base.live if role in f.roles and f.conn == other.conn and other.index < f.index <= end]
        movable = other.index < end and isinstance(base.records[end], Message) and not again
        if movable and (_alone(other, span, base) or not _alone(frame, span, base)):
            yield move, other.index, (end + 1,)


def partner_astray(base: Base, guarantee: Guarantee) -> Iterator[Fault]:
    """One of two frames that belong together carries another key."""
    for span, frame, other, _ in _partners(base, guarantee):
        if _alone(other, span, base) or not _alone(frame, span, base):
            yield rename, other.index, (other.places[span.keys[-1]], FRESH)


def partner_alone(base: Base, guarantee: Guarantee) -> Iterator[Fault]:
    """A copy of one of the two in a span in which nothing was there for it."""
    for span, frame, _, end in _partners(base, guarantee):
        if _alone(frame, span, base) and not span.exclusive:
            for name in guarantee.options.get("by", ()):
                key = frame.key(base.dialect.spans[name])
                for later in base.opens(base.dialect.spans[name], key, frame.conn, end, len(base.records)):
                    yield copy, frame.index, (later + 1,)


def _placed(base: Base, guarantee: Guarantee, option: str) -> Iterator[tuple[SpanForm, Pair, Seen]]:
    """Judged frames in the spans of the option's kind: inside them, or (`outside`) any of the same key."""
    for span in _spans(base, guarantee, option):
        for pair in base.pairs(span):
            for frame in base.live:
                if (
                    guarantee.options["frames"] in frame.roles
                    and frame.conn == pair.open.conn
                    and frame.key(span) == pair.key
                ):
                    yield span, pair, frame


def _inside(base: Base, guarantee: Guarantee) -> Iterator[tuple[SpanForm, Pair, Seen]]:
    for span, pair, frame in _placed(base, guarantee, "inside"):
        if pair.open.index < frame.index < pair.close.index:
            yield span, pair, frame


def _gap(base: Base, span: SpanForm, pair: Pair) -> tuple[int, int] | None:
    """The records between a span and the next of its key, if no span of the key can be open there unseen. Where the
    kind may be somebody else's, the next one's opening is what shows that this was not so."""
    conn = pair.close.conn
    after = base.opens(span, pair.key, conn, pair.close.index, len(base.records))
    if not base.sure(span, pair.key, conn, pair.close.index + 1):
        return None
    if not after:
        return None if span.implied else (pair.close.index + 1, pair.close.index + 1)
    if span.implied and base.bracket is not None:
        brackets = [f for f in base.live if base.bracket.open in f.roles and pair.close.index < f.index < after[0]]
        if brackets:
            return None
    return pair.close.index + 1, after[0]


def comes_after_the_end(base: Base, guarantee: Guarantee) -> Iterator[Fault]:
    """Moved from inside its span to just after its end."""
    last: dict[int, tuple[int, int]] = {}
    for span, pair, frame in _inside(base, guarantee):
        gap = _gap(base, span, pair)
        if gap is not None:
            last[pair.close.index] = (frame.index, gap[0])
    for index, to in last.values():
        yield move, index, (to,)


def comes_again_after_the_end(base: Base, guarantee: Guarantee) -> Iterator[Fault]:
    """A copy between its span and the next."""
    for span, pair, frame in _inside(base, guarantee):
        gap = _gap(base, span, pair)
        if gap is not None:
            yield copy, frame.index, (gap[1],)


def comes_before_the_start(base: Base, guarantee: Guarantee) -> Iterator[Fault]:
    """Moved to just before the span in which it was the first of its kind."""
    first: dict[int, int] = {}
    for span, pair, frame in _inside(base, guarantee):
        sure = base.sure(span, pair.key, pair.open.conn, pair.open.index)
        if sure and base.is_free(span, pair.key, pair.open.conn, pair.open.index):
            first.setdefault(pair.open.index, frame.index)
    for to, index in first.items():
        yield move, index, (to,)


def span_never_starts(base: Base, guarantee: Guarantee) -> Iterator[Fault]:
    """Without the start of its span it lies outside."""
    starts = {pair.open.index: (span, pair) for span, pair, _ in _inside(base, guarantee)}
    for index, (span, pair) in starts.items():
        free = base.is_free(span, pair.key, pair.open.conn, index) and not _holds_implied(base, span, pair)
        if free and base.sure(span, pair.key, pair.open.conn, index):
            yield drop, index, ()


def belongs_to_another(base: Base, guarantee: Guarantee) -> Iterator[Fault]:
    """Renamed to a span that is over, or not begun again."""
    for span, pair, frame in _inside(base, guarantee):
        for key in {other.key for other in base.pairs(span) if other.open.conn == frame.conn} - {pair.key}:
            differs = [name for name, a, b in zip(span.keys, pair.key, key, strict=True) if a != b]
            free = base.is_free(span, key, frame.conn, frame.index)
            proven = not span.implied or base.opens(span, key, frame.conn, frame.index, len(base.records))
            sure = free and proven and base.sure(span, key, frame.conn, frame.index)
            if sure and len(differs) == 1 and differs[0] in frame.places:
                yield rename, frame.index, (frame.places[differs[0]], key[span.keys.index(differs[0])])


def comes_before_the_end(base: Base, guarantee: Guarantee) -> Iterator[Fault]:
    """Moved to just before the end of the span after which it came."""
    for _, pair, frame in _placed(base, guarantee, "outside"):
        if _next_outside(base, guarantee, pair) is frame:
            yield move, frame.index, (pair.close.index,)


def end_never_comes(base: Base, guarantee: Guarantee) -> Iterator[Fault]:
    """Without the end of the span what follows lies inside."""
    for _, pair, frame in _placed(base, guarantee, "outside"):
        if _next_outside(base, guarantee, pair) is frame:
            yield drop, pair.close.index, ()


def comes_again_inside(base: Base, guarantee: Guarantee) -> Iterator[Fault]:
    """A copy just after the start of a span."""
    for _, pair, frame in _placed(base, guarantee, "outside"):
        if frame is _next_outside(base, guarantee, pair) or frame.index == pair.open.index:
            yield copy, frame.index, (pair.open.index + 1,)


def _next_outside(base: Base, guarantee: Guarantee, pair: Pair) -> Seen | None:
    role = guarantee.options["frames"]
    return next(
        (f for f in base.live if f.index > pair.close.index and f.conn == pair.open.conn and role in f.roles), None
    )


def _edge(base: Base, guarantee: Guarantee) -> tuple[SpanForm, list[Pair]]:
    span = _spans(base, guarantee, "span")[0]
    return span, base.pairs(span)


def _of(base: Base, span: SpanForm, pair: Pair, frame: Seen) -> bool:
    same = frame.conn == pair.open.conn and not frame.inner
    return same and frame.sender == pair.open.sender and frame.key(span) == pair.key


def opening_missing(base: Base, guarantee: Guarantee) -> Iterator[Fault]:
    """Then another frame is the first, on a connection whose first frames were seen."""
    span, pairs = _edge(base, guarantee)
    for pair in pairs if span.opened == "here" else ():
        if any(_of(base, span, pair, frame) and frame.index > pair.open.index for frame in base.frames):
            yield drop, pair.open.index, ()


def opening_twice(base: Base, guarantee: Guarantee) -> Iterator[Fault]:
    """The second is not the first."""
    for pair in _edge(base, guarantee)[1]:
        yield double, pair.open.index, ()


def _first_of_their_key(pairs: list[Pair]) -> list[Pair]:
    """What comes before a later opening comes behind the end of the one before, which is another guarantee's matter."""
    return list({(pair.open.conn, pair.key): pair for pair in reversed(pairs)}.values())


def _first(base: Base, span: SpanForm, pair: Pair) -> list[Seen]:
    """What comes in the span after its opening, for as long as it is bound to no order of its own."""
    found = []
    for frame in base.frames:
        if frame.index > pair.open.index and _of(base, span, pair, frame):
            if not frame.roles <= FREE:
                break
            found.append(frame)
    return found


def opening_late(base: Base, guarantee: Guarantee) -> Iterator[Fault]:
    """Moved behind a frame that may come at any time in the span."""
    span, pairs = _edge(base, guarantee)
    for pair in _first_of_their_key(pairs):
        for frame in _first(base, span, pair):
            yield move, pair.open.index, (frame.index + 1,)


def opening_changes_places(base: Base, guarantee: Guarantee) -> Iterator[Fault]:
    """Swapped with the frame after it."""
    span, pairs = _edge(base, guarantee)
    for pair in _first_of_their_key(pairs):
        for frame in _first(base, span, pair)[:1]:
            yield swap, pair.open.index, (frame.index,)


def something_before_the_opening(base: Base, guarantee: Guarantee) -> Iterator[Fault]:
    """A copy of such a frame before the opening."""
    span, pairs = _edge(base, guarantee)
    for pair in _first_of_their_key(pairs):
        for frame in [
            f for f in base.frames if _of(base, span, pair, f) and f.roles <= FREE and f.index > pair.open.index
        ]:
            yield copy, frame.index, (pair.open.index,)


def _loose(base: Base, guarantee: Guarantee) -> Iterator[tuple[Pair, Seen]]:
    span, pairs = _edge(base, guarantee)
    for pair in pairs:
        again = base.opens(span, pair.key, pair.close.conn, pair.close.index, len(base.records))
        for frame in base.frames:
            free = frame.roles <= FREE and not frame.roles & set(guarantee.options["except"])
            if free and not again and _of(base, span, pair, frame) and pair.open.index < frame.index < pair.close.index:
                yield pair, frame


def something_after_the_end(base: Base, guarantee: Guarantee) -> Iterator[Fault]:
    """A copy of a frame that may come at any time in the span, behind its end."""
    for pair, frame in _loose(base, guarantee):
        yield copy, frame.index, (pair.close.index + 1,)


def something_slips_after_the_end(base: Base, guarantee: Guarantee) -> Iterator[Fault]:
    """The same frame, moved there."""
    for pair, frame in _loose(base, guarantee):
        yield move, frame.index, (pair.close.index + 1,)


def end_twice(base: Base, guarantee: Guarantee) -> Iterator[Fault]:
    """After the first comes the second."""
    for pair in _edge(base, guarantee)[1]:
        yield double, pair.close.index, ()


def _led(base: Base, guarantee: Guarantee) -> Iterator[tuple[Pair, list[Seen]]]:
    """Requests whose answer leads: the pair, and what the server sends with the key after the answer."""
    span = _spans(base, guarantee, "span")[0]
    for pair in base.pairs(span):
        after = [frame for frame in base.frames if frame.index > pair.close.index and frame.conn == pair.open.conn]
        ends = {span.open for span in base.dialect.spans.values() if span.subtrace} | {
            base.bracket.close if base.bracket else ""
        }
        yield pair, [f for f in after if f.sender == "server" and f.key(span) == pair.key and not f.roles & ends]


def overtaken(base: Base, guarantee: Guarantee) -> Iterator[Fault]:
    """The first frame behind the answer, moved before it."""
    for pair, after in _led(base, guarantee):
        for frame in after[:1]:
            yield move, frame.index, (pair.close.index,)


def something_before_the_answer(base: Base, guarantee: Guarantee) -> Iterator[Fault]:
    """A copy of a later frame between the request and its answer."""
    for pair, after in _led(base, guarantee):
        for frame in after:
            if "text.delta" in frame.roles:
                yield copy, frame.index, (pair.close.index,)


def answer_comes_later(base: Base, guarantee: Guarantee) -> Iterator[Fault]:
    """The answer, moved behind the frames that it should lead."""
    for pair, after in _led(base, guarantee):
        for frame in after[:2]:
            yield move, pair.close.index, (frame.index + 1,)


def anothers_frame_before_the_answer(base: Base, guarantee: Guarantee) -> Iterator[Fault]:
    """A frame of another key that comes between the request and its answer, renamed to theirs."""
    span = _spans(base, guarantee, "span")[0]
    for pair in base.pairs(span):
        for frame in base.live:
            between = frame.conn == pair.open.conn and pair.open.index < frame.index < pair.close.index
            if between and "text.delta" in frame.roles and frame.key(span) != pair.key:
                yield rename, frame.index, (frame.places[span.keys[0]], pair.key[0])


def _meanwhile(base: Base) -> Iterator[tuple[Pair, list[Seen]]]:
    """Replays during which a turn was asked for: the bracket, and what answers that turn afterwards."""
    span = base.bracket
    assert span is not None
    for pair in base.pairs(span):
        own = [f for f in base.frames if f.conn == pair.open.conn and f.key(span) == pair.key]
        asked = [
            f
            for f in own
            if pair.open.index < f.index < pair.close.index and "turn.open" in f.roles and f.sender == "client"
        ]
        answer = [f for f in own if f.index > pair.close.index and f.sender == "server"]
        if asked and answer:
            yield pair, answer


def live_in_the_bracket(base: Base, guarantee: Guarantee) -> Iterator[Fault]:
    """An answer to a prompt sent inside the bracket is live, and comes inside too."""
    for pair, answer in _meanwhile(base):
        yield move, answer[0].index, (pair.close.index,)


def live_also_in_the_bracket(base: Base, guarantee: Guarantee) -> Iterator[Fault]:
    """A copy of such an answer inside the bracket."""
    for pair, answer in _meanwhile(base):
        for frame in answer:
            if frame.roles & {"text.delta", "tool.open"}:
                yield copy, frame.index, (pair.close.index,)


def bracket_ends_late(base: Base, guarantee: Guarantee) -> Iterator[Fault]:
    """The end of the bracket comes behind such an answer."""
    for pair, answer in _meanwhile(base):
        for frame in answer:
            yield move, pair.close.index, (frame.index + 1,)


def bracket_changes_places(base: Base, guarantee: Guarantee) -> Iterator[Fault]:
    """The end of the bracket, swapped with the last frame of such an answer that belongs to the turn."""
    for pair, answer in _meanwhile(base):
        last = [frame for frame in answer if "text.delta" in frame.roles][-1:]
        for frame in last:
            yield swap, pair.close.index, (frame.index,)


def _repeated(base: Base, role: str) -> Iterator[list[Seen]]:
    """In each replay of a session that was seen before it: the repeated frames of a role."""
    span = base.bracket
    assert span is not None
    for pair in base.pairs(span):
        before = [f for f in base.live if f.index < pair.open.index and f.key(span) == pair.key and role in f.roles]
        within = [
            f for f in base.frames if f.replayed and pair.open.index < f.index < pair.close.index and role in f.roles
        ]
        if before and within:
            yield within


def history_retold(base: Base, guarantee: Guarantee) -> Iterator[Fault]:
    """A text comes back as another."""
    for frames in _repeated(base, "text.delta"):
        for frame in frames:
            yield retext, frame.index, (frame.places["text"], "Never said. ")


def history_forgets_text(base: Base, guarantee: Guarantee) -> Iterator[Fault]:
    """Of several texts, one does not come back."""
    for frames in _repeated(base, "text.delta"):
        for frame in frames if len(frames) > 1 else ():
            yield drop, frame.index, ()


def history_shuffled(base: Base, guarantee: Guarantee) -> Iterator[Fault]:
    """Two texts come back in the other order."""
    for frames in _repeated(base, "text.delta"):
        for one, other in zip(frames, frames[1:], strict=False):
            if one.names["text"] != other.names["text"]:
                yield swap, one.index, (other.index,)


def history_calls_another(base: Base, guarantee: Guarantee) -> Iterator[Fault]:
    """A call, or a result, comes back with another tool."""
    for role in ("tool.open", "tool.close"):
        for frames in _repeated(base, role):
            for frame in frames:
                yield rename, frame.index, (frame.places["tool"], "Other")


def history_forgets_a_call(base: Base, guarantee: Guarantee) -> Iterator[Fault]:
    """Of several calls, or results, one does not come back."""
    for role in ("tool.open", "tool.close"):
        for frames in _repeated(base, role):
            for frame in frames if len(frames) > 1 else ():
                yield drop, frame.index, ()


def _counted(base: Base, guarantee: Guarantee) -> Iterator[tuple[list[Pair], Pair, Seen]]:
    span = _spans(base, guarantee, "span")[0]
    pairs = base.pairs(span)
    for pair in pairs:
        for frame in base.live:
            within = frame.conn == pair.open.conn and pair.open.index < frame.index < pair.close.index
            if within and guarantee.options["frames"] in frame.roles and frame.key(span) == pair.key:
                yield (
                    [other for other in pairs if other.key == pair.key and other.open.conn == pair.open.conn],
                    pair,
                    frame,
                )


def _excused(base: Base, guarantee: Guarantee, pair: Pair) -> bool:
    roles = set(guarantee.options["excused"])
    return any(
        roles & (frame.roles | frame.may)
        and frame.conn == pair.open.conn
        and pair.open.index < frame.index <= pair.close.index
        for frame in base.frames
    )


def one_too_few(base: Base, guarantee: Guarantee) -> Iterator[Fault]:
    """The span ends and has none."""
    for _, pair, frame in _counted(base, guarantee):
        if not _excused(base, guarantee, pair):
            yield drop, frame.index, ()


def one_too_many(base: Base, guarantee: Guarantee) -> Iterator[Fault]:
    """The span has two."""
    for _, _, frame in _counted(base, guarantee):
        yield double, frame.index, ()


def in_the_wrong_one(base: Base, guarantee: Guarantee) -> Iterator[Fault]:
    """One span has none and another two."""
    for pairs, pair, frame in _counted(base, guarantee):
        for other in pairs:
            if other is not pair and not _excused(base, guarantee, pair):
                yield move, frame.index, (other.close.index,)


def one_more_in_another(base: Base, guarantee: Guarantee) -> Iterator[Fault]:
    """A span has the final message of another beside its own."""
    for pairs, pair, frame in _counted(base, guarantee):
        for other in pairs:
            if other is not pair and any(mine == other for _, mine, _ in _counted(base, guarantee)):
                yield copy, frame.index, (other.close.index,)


def _joined(base: Base, guarantee: Guarantee) -> Iterator[tuple[list[Seen], Seen]]:
    """Finals, and the pieces that they must equal, where there are any."""
    options = guarantee.options
    span = _spans(base, guarantee, "span")[0]
    pieces: dict[Any, list[Seen]] = {}
    for frame in base.live:
        key = (frame.conn, frame.key(span))
        if span.open in frame.roles:
            pieces[key] = []
        if set(options["reset"]) & frame.roles:
            for other in [other for other in pieces if other[0] == frame.conn and _agree(other[1], key[1])]:
                pieces[other] = []
        if options["deltas"] in frame.roles:
            pieces.setdefault(key, []).append(frame)
        if options["final"] in frame.roles and pieces.get(key):
            yield pieces.pop(key), frame


def text_changed(base: Base, guarantee: Guarantee) -> Iterator[Fault]:
    """One piece, or the whole, has other words."""
    for pieces, final in _joined(base, guarantee):
        for piece in pieces:
            yield retext, piece.index, (piece.places[guarantee.options["text"]], "Something else. ")
        yield retext, final.index, (final.places[guarantee.options["whole"]], "Something else.")


def text_lost(base: Base, guarantee: Guarantee) -> Iterator[Fault]:
    """A piece is missing; another is left, for without any there is nothing to compare."""
    for pieces, _ in _joined(base, guarantee):
        for piece in pieces if len(pieces) > 1 else ():
            yield drop, piece.index, ()


def text_twice(base: Base, guarantee: Guarantee) -> Iterator[Fault]:
    """A piece comes twice."""
    for pieces, _ in _joined(base, guarantee):
        for piece in pieces:
            yield double, piece.index, ()


def text_shuffled(base: Base, guarantee: Guarantee) -> Iterator[Fault]:
    """Two pieces change places."""
    for pieces, _ in _joined(base, guarantee):
        for one, other in zip(pieces, pieces[1:], strict=False):
            if one.names[guarantee.options["text"]] != other.names[guarantee.options["text"]]:
                yield swap, one.index, (other.index,)


def _numbers(base: Base, guarantee: Guarantee) -> Iterator[list[Seen]]:
    span = _spans(base, guarantee, "span")[0]
    for pair in base.pairs(span):
        yield [
            frame
            for frame in base.live
            if frame.conn == pair.open.conn and guarantee.options["frames"] in frame.roles
            if pair.open.index < frame.index < pair.close.index
        ]


def number_skipped(base: Base, guarantee: Guarantee) -> Iterator[Fault]:
    """A number that is not the one before plus one."""
    for frames in _numbers(base, guarantee):
        for frame in frames[1:]:
            name = guarantee.options["number"]
            yield renumber, frame.index, (frame.places[name], frame.names[name] + 1)


def number_above_the_bound(base: Base, guarantee: Guarantee) -> Iterator[Fault]:
    """A bound that the number has passed."""
    for frames in _numbers(base, guarantee):
        for frame in frames:
            bound = frame.places[guarantee.options["bound"]]
            yield renumber, frame.index, (bound, frame.names[guarantee.options["number"]] - 1)


def number_missing(base: Base, guarantee: Guarantee) -> Iterator[Fault]:
    """Between its neighbours it is missing."""
    for frames in _numbers(base, guarantee):
        for frame in frames[1:-1]:
            yield drop, frame.index, ()


def number_twice(base: Base, guarantee: Guarantee) -> Iterator[Fault]:
    """The second is not one more than the first."""
    for frames in _numbers(base, guarantee):
        for frame in frames:
            yield double, frame.index, ()


def numbers_swapped(base: Base, guarantee: Guarantee) -> Iterator[Fault]:
    """They count down."""
    for frames in _numbers(base, guarantee):
        for one, other in zip(frames, frames[1:], strict=False):
            yield swap, one.index, (other.index,)


def gated_frames_unasked(base: Base, guarantee: Guarantee) -> Iterator[Fault]:
    """The frames come, and the URL does not ask for them: without the parameter, or with its opposite, or with
    another that only looks like it."""
    for name, place in _gates(base):
        for conn, index in base.opened.items():
            if any(name in frame.form.needs for frame in base.frames if frame.conn == conn):
                yield reparam, index, (place, None)
                yield reparam, index, (place, "false")
                yield respell, index, (name,)


def _gates(base: Base) -> set[tuple[str, Locator]]:
    names = {name for form in base.dialect.frames.values() for name in form.needs}
    return {(name, Locator(place="query", path=(name,))) for name in names}


def _topics(base: Base, guarantee: Guarantee) -> Iterator[tuple[Seen, Seen]]:
    """Events, each with the one subscription that covers it."""
    options = guarantee.options
    for event in base.frames:
        before = [f for f in base.frames if f.conn == event.conn and f.index < event.index]
        topic = event.names.get(options["topic"])
        covering = [f for f in before if options["on"] in f.roles and topic in f.names[options["topics"]]]
        opaque = any(options["opaque"] in frame.roles for frame in before)
        if options["frames"] in event.roles and not opaque and len(covering) == 1:
            yield covering[0], event


def topic_never_asked_for(base: Base, guarantee: Guarantee) -> Iterator[Fault]:
    """An event of a topic that nobody named."""
    for _, event in _topics(base, guarantee):
        yield rename, event.index, (event.places[guarantee.options["topic"]], FRESH)


def subscription_missing(base: Base, guarantee: Guarantee) -> Iterator[Fault]:
    """Nobody subscribed."""
    for index in {subscription.index for subscription, _ in _topics(base, guarantee)}:
        yield drop, index, ()


def subscribed_to_something_else(base: Base, guarantee: Guarantee) -> Iterator[Fault]:
    """The subscription names another topic."""
    for frame in {subscription.index: subscription for subscription, _ in _topics(base, guarantee)}.values():
        yield rename, frame.index, (frame.places[guarantee.options["topics"]], [FRESH])


def event_too_early(base: Base, guarantee: Guarantee) -> Iterator[Fault]:
    """The event comes before its subscription."""
    for subscription, event in _topics(base, guarantee):
        yield move, event.index, (subscription.index,)


def _answers(base: Base, guarantee: Guarantee) -> Iterator[Pair]:
    for span in _spans(base, guarantee, "partner"):
        for pair in base.pairs(span):
            if {guarantee.options["name"]} <= pair.open.places.keys() & pair.close.places.keys():
                yield pair


def says_another_than_asked(base: Base, guarantee: Guarantee) -> Iterator[Fault]:
    """What closes a span carries another name than what opened it."""
    for pair in _answers(base, guarantee):
        yield rename, pair.close.index, (pair.close.places[guarantee.options["name"]], FRESH)


def asked_another_than_said(base: Base, guarantee: Guarantee) -> Iterator[Fault]:
    """The same, of what opened it."""
    for pair in _answers(base, guarantee):
        if not pair.open.inner:
            yield rename, pair.open.index, (pair.open.places[guarantee.options["name"]], FRESH)


def says_what_another_should(base: Base, guarantee: Guarantee) -> Iterator[Fault]:
    """It carries the name that another span's frames carry, when that one is over."""
    name = guarantee.options["name"]
    answers = list(_answers(base, guarantee))
    for one in answers:
        for other in answers:
            if other.close.index < one.open.index and other.close.names[name] != one.close.names[name]:
                yield rename, one.close.index, (one.close.places[name], other.close.names[name])


def answers_confused(base: Base, guarantee: Guarantee) -> Iterator[Fault]:
    """Two spans that are not open at once have each other's name in what closes them."""
    name = guarantee.options["name"]
    answers = list(_answers(base, guarantee))
    for one in answers:
        for other in answers:
            mine, theirs = one.close.names[name], other.close.names[name]
            if one.close.index < other.open.index and mine != theirs:
                its = (other.close.index, other.close.places[name], mine)
                yield confuse, one.close.index, (one.close.places[name], theirs, *its)


def _connection_names(base: Base, guarantee: Guarantee) -> Iterator[tuple[Seen, Locator]]:
    """Frames that repeat what the URL says, and tell nothing apart by it."""
    options = guarantee.options
    place = next(place for place in base.dialect.names[options["name"]] if place.place in ("query", "path"))
    keyed = [span for span in base.dialect.spans.values() if options["name"] in span.keys]
    roles = {role for span in keyed for role in (span.open, span.close)} | {"text.delta", "message.final"}
    for frame in base.frames:
        opened = base.records[base.opened[frame.conn]]
        assert isinstance(opened, Opened)
        given = place.place == "path" or f"{place.path[0]}=" in (opened.url or "")
        judged = options.get("frames") is None or options["frames"] in frame.roles
        if judged and given and options["name"] in frame.places and not roles & frame.roles:
            yield frame, place


def says_another_than_the_url(base: Base, guarantee: Guarantee) -> Iterator[Fault]:
    """The frame carries another name than the URL."""
    for frame, _ in _connection_names(base, guarantee):
        for value in (FRESH, str(frame.names[guarantee.options["name"]]).swapcase()):
            yield rename, frame.index, (frame.places[guarantee.options["name"]], value)


def url_says_another(base: Base, guarantee: Guarantee) -> Iterator[Fault]:
    """The URL asks for another than the frame carries."""
    for conn, place in {(frame.conn, place) for frame, place in _connection_names(base, guarantee)}:
        yield reparam, base.opened[conn], (place, FRESH)


def _refused(base: Base, *auth: Credential | None) -> Iterator[int]:
    for conn, index in base.opened.items():
        opened, closed = base.records[index], base.records[base.closed[conn]]
        if (
            isinstance(opened, Opened)
            and isinstance(closed, Closed)
            and opened.auth in auth
            and closed.sender == "server"
        ):
            yield index


def closes_otherwise(base: Base, guarantee: Guarantee) -> Iterator[Fault]:
    """After a bad credential the server closes with a code that means something else."""
    for index in _refused(base, "bad", "missing"):
        for code in (1000, 1008, 1011):
            yield recode, base.closed[base.records[index].at.conn], (code,)


def serves_anybody(base: Base, guarantee: Guarantee) -> Iterator[Fault]:
    """A credential is bad, and the server serves to an ordinary end."""
    bad: tuple[Credential, Credential] = ("bad", "missing")
    for index in _refused(base, None, "good"):
        for auth in bad:
            yield spoil, index, (auth,)


PAIR: tuple[Recipe, ...] = (
    closed_twice, closed_again_later, never_opened, closed_before_opened, never_closed, closed_too_late, opened_twice,
    closed_under_another_key, closed_under_anothers_key,
)  # fmt: skip
EITHER: tuple[Recipe, ...] = (partner_missing, partner_twice, partner_too_late, partner_astray, partner_alone)
RECIPES: Mapping[str, tuple[Recipe, ...]] = {
    "pair": PAIR,
    "pair either": EITHER,
    "place inside": (
        comes_after_the_end, comes_again_after_the_end, comes_before_the_start, span_never_starts, belongs_to_another,
    ),
    "place outside": (comes_before_the_end, end_never_comes, comes_again_inside),
    "place first": (
        opening_missing, opening_twice, opening_late, opening_changes_places, something_before_the_opening,
    ),
    "place last": (something_after_the_end, something_slips_after_the_end, end_twice),
    "place leads": (overtaken, something_before_the_answer, answer_comes_later, anothers_frame_before_the_answer),
    "place live": (live_in_the_bracket, live_also_in_the_bracket, bracket_ends_late, bracket_changes_places),
    "history": (
        history_retold, history_forgets_text, history_shuffled, history_calls_another, history_forgets_a_call,
    ),
    "times": (one_too_few, one_too_many, in_the_wrong_one, one_more_in_another),
    "joins": (text_changed, text_lost, text_twice, text_shuffled),
    "steps": (number_skipped, number_above_the_bound, number_missing, number_twice, numbers_swapped),
    "opted parameter": (gated_frames_unasked,),
    "opted subscription": (
        topic_never_asked_for, subscription_missing, subscribed_to_something_else, event_too_early,
    ),
    "agrees partner": (says_another_than_asked, asked_another_than_said, says_what_another_should, answers_confused,),
    "agrees connection": (says_another_than_the_url, url_says_another),
    "ends": (closes_otherwise, serves_anybody),
}  # fmt: skip


def kind(guarantee: Guarantee) -> str:
    """The shape, and which of its forms: the key of `RECIPES`."""
    shape, options = guarantee.rule.shape, guarantee.options
    if shape == "pair":
        return "pair either" if options.get("order") == "either" else "pair"
    if shape == "place":
        forms = ("inside", "outside", "leads", "live")
        return f"place {options['edge']}" if "edge" in options else f"place {next(f for f in forms if f in options)}"
    if shape == "opted":
        return f"opted {options['by']}"
    if shape == "agrees":
        return "agrees partner" if "partner" in options else "agrees connection"
    return shape


def mutants(base: Base, guarantee: Guarantee) -> Iterator[Mutant]:
    """Every mutant of the trace against the guarantee, each with one fault."""
    for recipe in RECIPES[kind(guarantee)]:
        for operator, index, others in recipe(base, guarantee):
            yield Mutant(
                base=base.name,
                dialect=base.dialect.name,
                guarantee=guarantee.id,
                recipe=recipe.__name__,
                operator=operator.__name__,
                line=index + 1,
                records=operator(base.records, index, *others),
            )


# Base traces: complete, both sides seen at the server, nobody else taking part, closed cleanly by the server.

Line = tuple[Sender, dict[str, Any]]


def _c(type: str | None = None, **members: Any) -> Line:
    return ("client", members if type is None else {"type": type, **members})


def _s(type: str, **members: Any) -> Line:
    return ("server", {"type": type, **members})


def _connection(
    url: str, *lines: Line, conn: str = "1", auth: Credential | None = None, code: int = 1000, by: Sender = "server"
) -> Records:
    at = At(line=0, conn=conn)
    sees: frozenset[Sender] = frozenset(("client", "server"))
    opened = Opened(at=at, url=url, sees=sees, vantage="server", exclusive=True, auth=auth)
    said = (Message(at=at, sender=sender, value=value, has_value=True) for sender, value in lines)
    return (opened, *said, Closed(at=at, code=code, sender=by))


def _amigo() -> Iterator[tuple[str, Records]]:
    def turn(text: str, *between: Line) -> tuple[Line, ...]:
        answer = _s("message", role="agent", text=text)
        return (_c(text="?" + text), _s("typing"), *between, answer, _s("response_complete", duplicate=False))

    def call(number: int, tool: str) -> Line:
        return _s("tool_call_started", tool_name=tool, call_id=f"tc_{number}", input={"day": "Thursday"})

    def result(number: int, tool: str) -> Line:
        return _s("tool_call_completed", tool_name=tool, call_id=f"tc_{number}", result="[]", succeeded=True)

    started = _s("session_started", session_id="ss_1", conversation_id="conv_a")
    calls = (call(1, "find_slots"), result(1, "find_slots"), call(2, "list_rooms"), call(3, "read_mail"))
    more = (result(3, "read_mail"), result(2, "list_rooms"))
    yield (
        "visit",
        _connection(
            "wss://agents.example/text-stream?conversation_id=conv_a&tool_events=true",
            *(started, _s("typing"), *turn("One."), *turn("Two.", *calls, *more)),
            *(*turn("Three.", call(4, "find_slots"), result(4, "find_slots")), _s("session_ended", reason="completed")),
        ),
    )


def _agent_platform() -> Iterator[tuple[str, Records]]:
    def event(name: str, agent: str | None = None, flow: str | None = None, **members: Any) -> Line:
        who = {**({"agent_id": agent} if agent else {}), **({"workflow_id": flow} if flow else {})}
        return ("server", {"event_type": name, "thread_id": "thread-a", **who, **members})

    def answer(agent: str, flow: str, *pieces: str) -> tuple[Line, ...]:
        return (
            event("typing_started", agent, flow),
            *(event("text_delta", agent, content=piece) for piece in pieces),
            event("stream_end", agent, flow),
            event("message_completed", agent, message_id="m", content="".join(pieces)),
        )

    def call(number: int, tool: str, flow: str) -> tuple[Line, Line]:
        names = {"tool_call_id": f"call_{number}", "tool_name": tool}
        return event("tool_call_started", None, flow, preview={}, **names), event(
            "tool_call_completed", None, flow, **names
        )

    def flow(name: str, number: int) -> tuple[Line, ...]:
        (open_1, close_1), (open_2, close_2) = call(number, "find_invoice", name), call(number + 1, "send_mail", name)
        waiting = {"tool_call_id": f"call_{number + 3}"}
        return (
            *(event("conversation_started", None, name), event("escalation_created", None, name)),
            *(
                *answer("desk", name, "One ", "moment. "),
                open_1,
                open_2,
                close_1,
                close_2,
                *call(number + 2, "look", name),
            ),
            *(event("approval_pending", None, name, **waiting), event("approval_expired", None, name, **waiting)),
            *(*answer("desk", name, "It ", "was ", "paid."), *answer("clerk", name, "Good ", "bye.")),
            *(event("escalation_created", None, name), event("conversation_completed", None, name)),
        )

    yield (
        "two workflows",
        _connection("wss://agent-platform.example.com/ws/threads/thread-a", *flow("w-1", 1), *flow("w-2", 11)),
    )


def _bondai() -> Iterator[tuple[str, Records]]:
    def event(name: str, agent: str, **members: Any) -> Line:
        return ("server", {"event": name, "data": {"agent_id": agent, **members}})

    def step(agent: str) -> tuple[Line, ...]:
        return (
            event("task_agent_step_started", agent),
            event("task_agent_step_tool_selected", agent, step={"function": {"name": "search"}}),
            ("server", {"event": "task_agent_step_completed", "data": {"step": {"agent_id": agent, "step": {}}}}),
        )

    def life(agent: str) -> tuple[Line, ...]:
        said = event("conversational_agent_message", agent, message="Hello")
        task = (event("task_agent_started", agent), *step(agent), *step(agent), event("task_agent_completed", agent))
        user: Line = ("client", {"event": "user_message", "data": {"message": "Go on"}})
        start, end = event("conversational_agent_started", agent), event("conversational_agent_completed", agent)
        return (start, said, user, *task, said, *task, said, end)

    lives = (*life("agent-a"), *life("agent-b"), *life("agent-a"), *life("agent-b"))
    yield "two agents, twice", _connection("ws://localhost:2663/", *lives)


def _symindx() -> Iterator[tuple[str, Records]]:
    def message(sender: Sender, type: str, id: str | None = None, **data: Any) -> Line:
        return (sender, {"type": type, **({"id": id} if id else {}), "data": data})

    def chat(id: str) -> tuple[Line, Line]:
        answer = message("server", "chat_response", id, response="Yes", agentId="nyx", emotion="calm")
        return message("client", "chat", id, message="?"), answer

    def command(id: str | None) -> tuple[Line, Line]:
        done = {"commandId": "cmd_1", "status": "completed", "result": {}, "executionTime": 9}
        return message("client", "command", id, instruction="count"), message("server", "command_result", id, **done)

    def event(topic: str) -> Line:
        return message("server", "event", eventType=topic, agentId="nyx")

    ask: Line = ("client", {"type": "status", "id": "m3", "targetAgent": "nyx"})
    tell = {"agentId": "nyx", "status": "active", "currentTask": "reading", "queueLength": 0, "uptime": 7}
    heartbeat: tuple[Line, Line] = (_s("ping"), _c("pong"))
    (chat_4, yes_4), (chat_5, yes_5), (do_6, done_6) = chat("m4"), chat("m5"), command("m6")
    batch = message("client", "batch", messages=[{"type": "chat", "data": {"message": "One"}}, command(None)[0][1]])
    plain_yes = message("server", "chat_response", response="Yes", agentId="nyx", emotion="calm")
    yield (
        "requests",
        _connection(
            "ws://localhost:3001/ws",
            *(
                message("client", "subscribe", events=["memory_update"]),
                event("memory_update"),
                *chat("m1"),
                *heartbeat,
            ),
            *(*command("m2"), ask, message("server", "status_update", "m3", **tell), event("memory_update")),
            *(chat_4, do_6, chat_5, yes_5, message("client", "subscribe", events=["agent_status"]), yes_4, done_6),
            *(event("agent_status"), *heartbeat, batch, plain_yes, command(None)[1]),
        ),
    )


def _vonz() -> Iterator[tuple[str, Records]]:
    url = "wss://app.vonz.io/v1/stream"

    def ready(session: str) -> Line:
        return _s(
            "session.ready", session_id=session, container_id="ctr_1", container_name="agent-1", profile_id="prof_1"
        )

    def prompt(session: str) -> Line:
        return _c("session.turn", session_id=session, prompt="And?")

    def text(session: str, piece: str) -> Line:
        return _s("task:token", session_id=session, text=piece)

    def call(session: str, tool: str, **given: Any) -> Line:
        return _s("task:tool_use", session_id=session, tool=tool, input=given)

    def result(session: str, tool: str, output: str = "") -> Line:
        return _s("task:tool_result", session_id=session, tool=tool, output=output)

    def going_on(number: int) -> Line:
        return _s("turn.continuing", continuation=number, max_continuations=20)

    def done(session: str, task: int, final: str = "Done.") -> tuple[Line, Line]:
        cost = {"input_tokens": 1, "output_tokens": 1, "cost_usd": 0.1}
        over = _s("task:done", task_id=f"task_{task}", session_id=session, status="completed")
        return _s("turn.done", session_id=session, result_text=final, **cost), over

    def replay(session: str, *history: Line) -> tuple[Line, ...]:
        start, end = _s("session.replay_start", session_id=session), _s("session.replay_end", session_id=session)
        return (start, *history, end)

    def resume(session: str) -> Line:
        return _c("session.resume", session_id=session)

    start = _c("session.start", profile_id="prof_1")
    questions = [{"question": "Which?", "options": [{"label": "A"}]}]
    shown = _s("task:ask_user", session_id="s1", task_id="task_1", questions=questions)
    asked = (call("s1", "AskUserQuestion", questions=questions), shown, _c("task.answer", task_id="task_1", answer="A"))
    submit = _c("task.submit", mode="session", profile_id="prof_1", prompt="Go")
    yield (
        "work",
        _connection(
            url,
            *(
                start,
                ready("s1"),
                prompt("s1"),
                text("s1", "One "),
                text("s1", "two."),
                call("s1", "Bash"),
                result("s1", "Bash"),
            ),
            *(text("s1", "Three."), call("s1", "Bash"), call("s1", "Read"), result("s1", "Read"), result("s1", "Bash")),
            *(
                *done("s1", 1),
                prompt("s1"),
                *asked,
                result("s1", "AskUserQuestion", "A"),
                text("s1", "Four."),
                *done("s1", 2),
            ),
            *(
                prompt("s1"),
                *done("s1", 3),
                prompt("s1"),
                text("s1", "Five."),
                call("s1", "Bash"),
                result("s1", "Bash"),
            ),
            *(going_on(2), going_on(3), going_on(4), text("s1", "Six."), *done("s1", 4), prompt("s1"), *done("s1", 5)),
            *(submit, ready("s2"), text("s2", "Seven."), *done("s2", 6), prompt("s2"), *done("s2", 7)),
        ),
    )
    said = (text("s1", "One. "), call("s1", "Bash", command="ls"), result("s1", "Bash", "a"), text("s1", "Two."))
    more = (text("s1", "Three. "), call("s1", "Read", path="b"), result("s1", "Read", "b"), text("s1", "Four."))
    first, second = (*said, *done("s1", 1, "One. Two.")), (*more, *done("s1", 2, "Three. Four."))
    third = (text("s1", "Five. "), text("s1", "Six."), *done("s1", 3, "Five. Six."))
    yield (
        "replay where the session lives",
        _connection(
            url,
            *(start, ready("s1"), prompt("s1"), *first, prompt("s1"), *second, resume("s1")),
            *(*replay("s1", *first, *second), prompt("s1"), *third, prompt("s1"), *done("s1", 4)),
        ),
    )
    before, *inside, after = replay("s1", *first, *second)
    yield (
        "prompt in a replay, after a drop",
        (
            *_connection(url, start, ready("s1"), prompt("s1"), *first, prompt("s1"), *second, conn="a", by="client"),
            *_connection(
                url, resume("s1"), before, *inside, prompt("s1"), after, *third, prompt("s1"), *done("s1", 4), conn="b"
            ),
        ),
    )
    calls = (call("s1", "Bash", command="ls"), result("s1", "Bash", "a"))
    yield (
        "resumed in mid-turn, and the transcript holds no text",
        _connection(
            url,
            *(start, ready("s1"), prompt("s1"), *calls, text("s1", "One. "), resume("s1"), *replay("s1", *calls)),
            *(text("s1", "Two."), *done("s1", 1), prompt("s1"), *done("s1", 2)),
        ),
    )
    yield (
        "two sessions resumed",
        _connection(url, resume("s1"), resume("s2"), *replay("s2"), *replay("s1"), resume("s1"), *replay("s1")),
    )
    token = url + "?token=rc_expired"
    other = (prompt("s2"), *done("s2", 1))
    yield (
        "two sessions in turn",
        _connection(
            url,
            *(start, ready("s1"), start, ready("s2"), *other, prompt("s1"), text("s1", "One. "), text("s1", "Two.")),
            *(*done("s1", 2), *other, prompt("s1"), text("s1", "Three."), *done("s1", 3), *other),
        ),
    )
    for auth, name in (("bad", "refused"), ("missing", "refused without a credential")):
        error = _s("error", code="UNAUTHORIZED", message="Token invalid")
        yield name, _connection(token, error, auth="bad" if auth == "bad" else "missing", code=4001)
    yield "accepted", _connection(url, start, ready("s1"), auth="good")


BASES = {
    "agent_platform": _agent_platform,
    "amigo": _amigo,
    "bondai": _bondai,
    "symindx": _symindx,
    "vonz": _vonz,
}
FIXTURES = FilePath(__file__).resolve().parent.parent / "fixtures"


def bases(dialect: Dialect) -> list[Base]:
    """The traces above, and the clean fixtures that hold whole connections, closed by the server."""
    found = [Base(name, dialect, records) for name, records in BASES[dialect.name]()]
    for path in sorted(FIXTURES.glob(f"{dialect.name}/captures/*.clean.jsonl")):
        records = tuple(read(path))
        ends = [record for record in records if isinstance(record, Closed)]
        begins = [record for record in records if isinstance(record, Opened)]
        whole = len(begins) == len(ends) == len({record.at.conn for record in records})
        if whole and all(end.sender == "server" and end.code is not None for end in ends):
            found.append(Base(path.name, dialect, records))
    return found


# The matrix.


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What a mutant was found to break; `others` without its own guarantee, `codes` of messages and frames."""

    mutant: Mutant
    flagged: bool
    others: frozenset[str]
    codes: frozenset[str]


def judged(dialect: Dialect, records: Sequence[Record]) -> tuple[frozenset[str], frozenset[str]]:
    """The guarantees broken, and the codes of findings that are no guarantee's."""
    checker = Checker(dialect)
    found = [finding for record in records for finding in checker.receive(record)]
    groups = [group.first for group in checker.close().findings]
    guarantees = frozenset(f.guarantee for f in (*found, *groups) if f.guarantee is not None)
    return guarantees, frozenset(f.code for f in (*found, *groups) if f.guarantee is None)


def outcomes(dialect: Dialect, guarantee: Guarantee, traces: Sequence[Base]) -> list[Outcome]:
    made: dict[tuple[Any, ...], Outcome] = {}
    for base in traces:
        for mutant in mutants(base, guarantee):
            same = (base.name, repr(mutant.records))
            if same not in made:
                flagged, codes = judged(dialect, mutant.records)
                others = flagged - {guarantee.id}
                made[same] = Outcome(mutant=mutant, flagged=guarantee.id in flagged, others=others, codes=codes)
    return list(made.values())


def decidable(dialect: Dialect) -> list[Guarantee]:
    """The dialect's guarantees that traffic alone can decide."""
    return [claim for claim in dialect.guarantees.values() if claim.rule.passive is None]


@cache
def matrix(name: str) -> Mapping[str, list[Outcome]]:
    """Every mutant of a dialect, judged, by the guarantee that it breaks."""
    dialect = load(name)
    traces = bases(dialect)
    return {guarantee.id: outcomes(dialect, guarantee, traces) for guarantee in decidable(dialect)}


def complaints(found: Sequence[Outcome], implies: Collection[str]) -> list[str]:
    """What is wrong with the outcomes of one guarantee, where its rule implies these others."""
    wrong = []
    for outcome in found:
        mutant = outcome.mutant
        where = f"{mutant.dialect} {mutant.guarantee}: {mutant.base}: {mutant.recipe}, {mutant.operator} {mutant.line}"
        if not outcome.flagged:
            wrong.append(f"{where}: survives")
        wrong += [f"{where}: also breaks {other}" for other in sorted(outcome.others - set(implies))]
        wrong += [f"{where}: is no longer a frame ({code})" for code in sorted(outcome.codes)]
    return wrong
