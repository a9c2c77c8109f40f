"""Traces with exactly one fault, and by which guarantee each must be found.

Law: a mutant comes from a trace in which every promise holds, by one operator, at one place. Why it breaks its
guarantee follows from the guarantee's words and `docs/verdicts.md`; the checker is never asked. Nothing here knows a
dialect: which frame is hit is chosen by the roles that the catalog gives it, and the base traces lie in
`mutation_bases.py` and in `fixtures/`.

An operator is a function of records to records. A recipe is a function of a base trace and a guarantee to mutants,
one recipe for each way in which a shape can be broken; `RECIPES` lists them.
"""

from __future__ import annotations

import copy as copying
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import parse_qsl, quote, urlencode, urlsplit, urlunsplit

from wirecheck.catalog import Dialect, FrameForm, Guarantee, SpanForm, applies
from wirecheck.catalog.model import Locator, Sender
from wirecheck.record import Closed, Credential, Message, Opened, Record

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


def put(records: Records, index: int, path: Path, value: Any) -> Records:
    """Another value at one place of a message: a renamed name, a changed text or number."""
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
        return {f.sender for f in forms if role in {*f.roles, *f.may, *(r for c in f.cases for r in (*c.roles, *c.may))}}

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
        loose = False
        if self.occurs_in_replays(span) and self.bracket is not None:
            session = tuple(key[span.keys.index(name)] for name in self.bracket.keys)
            named = [f for f in self.frames if f.key(self.bracket) == session and f.index < index]
            born = [f for f in named if "answer.session" in f.roles and f.conn == conn]
            if not born or any(frame.conn != conn for frame in named):
                return False
            loose = any(self.bracket.close in frame.roles for frame in named)
        known = span.opened == "here" or self.occurs_in_replays(span)
        settled = span.exclusive and None not in key and bool(self.opens(span, key, conn, -1, index))
        return settled or (known and not loose)

    def is_free(self, span: SpanForm, key: tuple[Any, ...], conn: str, index: int) -> bool:
        """Whether no span that the key could mean is open before this record."""
        spans = [pair for pair in self.pairs(span) if pair.open.conn == conn and _agree(pair.key, key)]
        return not any(pair.open.index < index <= pair.close.index for pair in spans)

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
        opened, closed = self.records[self.opened[conn]], self.records[self.closed[conn]]
        assert isinstance(opened, Opened) and isinstance(closed, Closed)
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
        clean = closed.sender == "server" and closed.code in (1000, 1001)
        if not by and clean and span.opened == "here" and not span.resumable and "server" in closers:
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
