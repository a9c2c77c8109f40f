"""Many messages at once, read straight into frames of exact types.

Law: what is accepted has nothing about it to report, at any level; nothing is explained, and whatever is not accepted
goes the slow way, which has the last word. Nothing is raised because of what a peer sent.

Repeated members are found by counting quotes: each string of a text has two, so a text that lost a member in reading
holds more of them than what was read from it. How many a class has at least is known beforehand; where its frames vary,
or their strings hold quotes themselves, they are written again and counted. An escape that means a quote counts as one,
since it is written as one; what only looks like it makes a text seem to hold too many, never too few.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import compress, repeat
from operator import add, attrgetter, is_, is_not, ne
from types import MappingProxyType
from typing import Annotated, Any, Final, NamedTuple, Protocol, Union

import msgspec
import orjson
from msgspec import UNSET, Meta, Raw, Struct

from wirecheck.catalog.model import SENDERS, Dialect, Envelope, Sender, Style
from wirecheck.decode import Decoder
from wirecheck.strict import MAX_QUICK
from wirecheck.typed.forms import Inexact
from wirecheck.typed.frame import Check, Exact, carried, exact
from wirecheck.typed.kind import Kind
from wirecheck.variant import Variant

SIBLINGS: Final = 64
"""Names of a frame of which nothing is documented that are read; one with others goes the slower way."""
_REFUSED = (msgspec.MsgspecError, UnicodeError, RecursionError)

_text_of, _value_of, _sender_of = attrgetter("text"), attrgetter("json"), attrgetter("sender")

Reader = Callable[[Any], Any]
Fit = tuple[Variant, dict[str, Any], Mapping[str, Any], Style]


class Line(Protocol):
    """A message as a capture holds it: of `text` and `json` one is there, and the other `msgspec.UNSET`."""

    sender: Any
    text: Any
    json: Any


class _Marks(NamedTuple):
    """What is counted in messages, as characters or as bytes: a quote, and the escape that means one."""

    nothing: Any
    quote: Any
    escape: Any
    occurs: Callable[[Any, Any], int]


_TEXT: Final = _Marks("", '"', "\\u0022", str.count)
_BYTES: Final = _Marks(b"", b'"', b"\\u0022", bytes.count)


class Typed:
    """Reads the messages of one dialect. Stateless but for what it compiled and remembers of texts; safe to share.

    `kinds` has an entry for each class of frames that can come out of it.
    """

    def __init__(self, dialect: Dialect, *, envelope: Envelope = "wire", closed: bool = False) -> None:
        self._decoder = Decoder(dialect, envelope=envelope, closed=closed)
        classes = {sender: _classes(dialect, self._decoder, sender) for sender in SENDERS}
        every = (*classes["client"], *classes["server"])
        self.kinds: Mapping[type, Kind] = MappingProxyType({made.kind.type: made.kind for made in every})
        self._least: dict[type, int] = {type(None): 0} | {made.kind.type: made.quotes or 0 for made in every}
        self._varying = frozenset(made.kind.type for made in every if made.quotes is None)
        self._checks: dict[type, tuple[Check, ...]] = {made.kind.type: made.checks for made in every if made.checks}
        self._readers = {sender: _readers(classes[sender]) for sender in SENDERS}
        self._senders = {made.kind.type: made.kind.variant.form.sender for made in every}
        self._both = _reader_of_both(classes)
        self._write = msgspec.json.Encoder().encode

    def decode(self, texts: Sequence[str], sender: Sender) -> list[Any]:
        """One entry a text: an instance of a class in `kinds`; what `Decoder.fit` gives; or None, for the slow way."""
        found, failed = self._read(self._readers[sender], texts)
        for number in self._refused(texts, found, failed, list(map(type, found)), _TEXT):
            found[number] = self._decoder.fit(texts[number], sender, None)
        return found

    def decode_values(self, raws: Sequence[bytes | Raw], sender: Sender) -> list[Any]:
        """The same for messages that a capture holds as values; `raws` are their JSON texts."""
        texts = list(map(bytes, raws))
        found, failed = self._read(self._readers[sender], texts)
        for number in self._refused(texts, found, failed, list(map(type, found)), _BYTES):
            found[number] = self._fit_value(texts[number], sender)
        return found

    def read(self, lines: Sequence[Line | None]) -> list[Any]:
        """One entry a line, of either sender, as text or as value: the same; and None for each None."""
        present: list[Any] = list(filter(None, lines))
        found = self._of_both(present)
        if len(present) < len(lines):
            for number, line in enumerate(lines):
                if line is None:
                    found.insert(number, None)
        return found

    def _of_both(self, lines: Sequence[Any]) -> list[Any]:
        senders = list(map(_sender_of, lines))
        read = self._both
        if read is None:
            return self._apart(lines, senders)
        try:
            return self._together(read, list(map(_text_of, lines)), senders, _TEXT)
        except TypeError:  # not all of them hold texts
            try:
                return self._together(read, list(map(bytes, map(_value_of, lines))), senders, _BYTES)
            except TypeError:  # nor values
                return self._apart(lines, senders)

    def _together(self, read: Reader, texts: Sequence[Any], senders: Sequence[Sender], marks: _Marks) -> list[Any]:
        """One reader for both senders: whose frame it is shows afterwards."""
        found, failed = self._read([read], texts)
        kinds = list(map(type, found))
        refused = self._refused(texts, found, failed, kinds, marks)
        said = list(map(self._senders.get, kinds))
        if said != senders:
            refused |= set(compress(range(len(found)), map(ne, said, senders)))
        for number in refused:
            text, sender = texts[number], senders[number]
            found[number] = self._fit_value(text, sender) if marks is _BYTES else self._decoder.fit(text, sender, None)
        return found

    def _apart(self, lines: Sequence[Any], senders: Sequence[Sender]) -> list[Any]:
        """Each sender's lines, and each way of holding a message, by itself."""
        texts = list(map(_text_of, lines))
        found: dict[Sender, Iterator[Any]] = {}
        for sender in SENDERS:
            ours = list(map(sender.__eq__, senders))
            given = list(compress(texts, ours))
            if any(map(is_, given, repeat(UNSET))):
                values = [line.json for line in compress(lines, ours) if line.text is UNSET]
                frames = {
                    True: iter(self.decode_values(values, sender)),
                    False: iter(self.decode([text for text in given if text is not UNSET], sender)),
                }
                found[sender] = map(next, map(frames.__getitem__, map(is_, given, repeat(UNSET))))
            else:
                found[sender] = iter(self.decode(given, sender))
        return list(map(next, map(found.__getitem__, senders)))

    def _read(self, readers: Sequence[Reader], texts: Sequence[Any]) -> tuple[list[Any], list[int]]:
        """What was read, None where it was not, and the positions of these."""
        if not readers:
            return [None] * len(texts), list(range(len(texts)))
        read, others = readers[0], readers[1:]
        found: list[Any] = []
        failed: list[int] = []
        rest = iter(texts)
        while True:
            try:
                # Where one is refused, those before it are in the list, and the rest is still to come.
                found.extend(map(read, rest))
                return found, failed
            except _REFUSED:
                frame = _first(others, texts[len(found)])
                if frame is None:
                    failed.append(len(found))
                found.append(frame)

    def _refused(
        self,
        texts: Sequence[Any],
        found: list[Any],
        failed: Sequence[int],
        kinds: Sequence[type],
        marks: _Marks,
    ) -> set[int]:
        """The positions of what was not read, or may not be accepted; `kinds` are the classes of what was found."""
        refused = set(failed)
        joined = marks.nothing.join(texts)
        if len(joined) > MAX_QUICK:
            refused.update(number for number, text in enumerate(texts) if len(text) > MAX_QUICK)
        total = joined.count(marks.quote) - sum(texts[number].count(marks.quote) for number in failed)
        present = set(kinds)
        if not self._are_whole(texts, joined, found, kinds, present, total, marks):
            refused |= self._repeated(texts, found, marks)
        for kind in present & self._checks.keys():
            places = list(compress(range(len(found)), map(is_, kinds, repeat(kind))))
            frames = [found[number] for number in places]
            refused.update(places[number] for check in self._checks[kind] for number in check(frames))
        return refused

    def _are_whole(
        self,
        texts: Sequence[Any],
        joined: Any,
        found: list[Any],
        kinds: Sequence[type],
        present: set[type],
        total: int,
        marks: _Marks,
    ) -> bool:
        """Whether no string was lost in reading: these texts hold `total` quotes, and so does what was read of them."""
        least = sum(map(self._least.__getitem__, kinds))
        if present.isdisjoint(self._varying):
            if least == total:
                return True
        elif total >= least:
            # Whatever varies is written and counted.
            varying, theirs = found, joined
            if not present <= self._varying:
                chosen = list(map(self._varying.__contains__, kinds))
                varying, theirs = list(compress(found, chosen)), marks.nothing.join(compress(texts, chosen))
            if least + self._write(varying).count(b'"') == total + theirs.count(marks.escape):
                return True
        read = marks.nothing.join(compress(texts, map(is_not, found, repeat(None))))
        return bool(self._write(found).count(b'"') == total + read.count(marks.escape))

    def _repeated(self, texts: Sequence[Any], found: Sequence[Any], marks: _Marks) -> set[int]:
        """The positions of texts that may hold a member twice, each looked at by itself."""
        quotes, escapes = (map(marks.occurs, texts, repeat(mark)) for mark in (marks.quote, marks.escape))
        written = map(bytes.count, map(self._write, found), repeat(b'"'))
        return set(compress(range(len(texts)), map(ne, map(add, quotes, escapes), written)))

    def _fit_value(self, raw: bytes, sender: Sender) -> Fit | None:
        """The parts of a message of which only the value is known, if there is nothing to report about it."""
        try:
            # Written anew: of a value nobody knows whether its text had members twice, or how it was spaced.
            text = orjson.dumps(orjson.loads(raw)).decode()
        except (ValueError, TypeError):
            return None
        return self._decoder.fit(text, sender, None)


def _first(readers: Sequence[Reader], text: Any) -> Any:
    for read in readers:
        try:
            return read(text)
        except _REFUSED:
            continue
    return None


def _classes(dialect: Dialect, decoder: Decoder, sender: Sender) -> list[Exact]:
    variants = [variant for variant in decoder.variants.values() if variant.form.sender == sender]
    names = dict.fromkeys(name for variant in variants for name in carried(dialect, variant))
    siblings = list(names)[:SIBLINGS]
    found = []
    for variant in variants:
        try:
            found.append(exact(dialect, variant, siblings))
        except Inexact:
            continue
    return found


def _readers(classes: Sequence[Exact]) -> list[Reader]:
    """One for all classes with a tag, and one for the class without."""
    tagged = [made.kind.type for made in classes if made.kind.variant.form.tag is not None]
    if len(tagged) == 1:
        tagged.append(_nobody(tagged[0]))
    others = [made.kind.type for made in classes if made.kind.variant.form.tag is None]
    kinds = ([Union[tuple(tagged)]] if tagged else []) + others  # noqa: UP007
    return [msgspec.json.Decoder(kind).decode for kind in kinds]


def _reader_of_both(classes: Mapping[Sender, Sequence[Exact]]) -> Reader | None:
    """One for the frames of both senders, where each has a tag that no frame of the other has."""
    every = [made.kind for sender in SENDERS for made in classes[sender]]
    tags = {kind.variant.form.tag for kind in every}
    if None in tags or len(tags) < len(every) or not every:
        return None
    return _readers([made for sender in SENDERS for made in classes[sender]])[0]


def _nobody(other: type[Struct]) -> type[Struct]:
    """A class without instances, with another tag: among several, the reader insists that there is a tag."""
    config = other.__struct_config__
    never = Annotated[int, Meta(gt=0, lt=0)]
    return msgspec.defstruct("Nobody", [("m0", never)], tag_field=config.tag_field, tag=f"{config.tag}'s other")
