"""Messages as texts with gaps, so that a few that were made with care give very many.

Law: a message's text in, the same text out with gaps at values that nothing else in the message depends on; what goes
into a gap is drawn from the same description as the message was. Whatever is wrong with a text is never in a gap.

A value has a gap where its field is documented once (in the frame's header or in its payload, not in a case's, nor
looked at by a case that has a payload), and where it is documented nowhere. A payload with alternatives for the whole
of it has no gaps: its frames are made one by one. So is a batch, whose items are frames.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from json.encoder import encode_basestring as quoted
from typing import Any, Final

from wirecheck.catalog.model import Dialect, FrameForm, Style
from wirecheck.sample.conjunction import NOTES
from wirecheck.sample.makers import Maker
from wirecheck.sample.messages import maker_of
from wirecheck.sample.purse import Purse
from wirecheck.sample.source import Source
from wirecheck.sample.spelling import spelled
from wirecheck.schema.message import header_of, plain

DEPTH: Final = 32
"""Texts of each field at a time."""
_APART: Final = frozenset({"type", "properties", "required", "additionalProperties"}) | NOTES
"""Keywords of a payload under which what one field holds says nothing of another."""
_SPACE: Final = " \t\r\n"

Field = tuple[str, str]
"""`header` or `payload`, and the name."""
EXTRA: Final[Field] = ("extra", "")
"""Every field that is documented nowhere."""


@dataclass(frozen=True, slots=True)
class Template:
    """A text in parts, one more than there are gaps, and the field of each gap."""

    texts: tuple[str, ...]
    fields: tuple[Field, ...]


class Pool:
    """Texts of one field's values, in UTF-8: as they are, and as they stand within a JSON string."""

    __slots__ = ("_maker", "escaped", "plain")

    def __init__(self, maker: Maker, source: Source) -> None:
        self._maker = maker
        self.plain: list[bytes] = []
        self.escaped: list[bytes] = []
        for at in range(DEPTH):
            self.renew(source, at)

    def renew(self, source: Source, at: int) -> None:
        """Replace one text."""
        text = spelled(self._maker.draw(Purse(source), None), source).strip(_SPACE)
        self.plain[at : at + 1] = [text.encode()]
        self.escaped[at : at + 1] = [escaped(text)]


class Pools:
    """Values for the gaps of one frame, `DEPTH` of each field, made when they are first asked for."""

    def __init__(self, dialect: Dialect, form: FrameForm) -> None:
        self.data = dialect.envelope.data
        self._taken = maker_of(dialect, form).taken
        self._schemas = _exchangeable(dialect, form)
        self._pools: dict[Field, Pool] = {}
        self._turn = 0

    def field(self, place: str, name: str) -> Field | None:
        """What a member's values may be exchanged with; None for a member that stays as it is."""
        if name not in self._taken:
            place, name = EXTRA
        return (place, name) if (place, name) in self._schemas else None

    def of(self, field: Field, source: Source) -> Pool:
        if field not in self._pools:
            self._pools[field] = Pool(Maker((self._schemas[field],), self._taken), source)
        return self._pools[field]

    def renew(self, source: Source) -> None:
        """Replace one text, of the next field and at the next place."""
        if self._pools:
            at, turn = divmod(self._turn, len(self._pools))
            list(self._pools.values())[turn].renew(source, at % DEPTH)
            self._turn += 1


def escaped(text: str) -> bytes:
    """The text as it stands within a JSON string, in UTF-8. What is escaped in parts is as if escaped whole."""
    return quoted(text)[1:-1].encode()


def template(text: str, style: Style, pools: Pools, *, pointer: str | None = None, extras: bool = True) -> Template:
    """A message's text with gaps for values of the pools.

    `style` is how it is laid out, and `pointer` where something is wrong, so that neither that value nor one around it
    has a gap. The text may be broken: then no gap comes after. `extras`: fields that nobody documents have gaps too.
    """
    parts, chosen, end = [], [], 0
    wrong = None if pointer is None else pointer.split("/")[1:]
    for field, path, start, stop in _values(text, style, pools):
        if (extras or field != EXTRA) and (wrong is None or wrong[: len(path)] != path):
            parts.append(text[end:start])
            chosen.append(field)
            end = stop
    return Template((*parts, text[end:]), tuple(chosen))


def _exchangeable(dialect: Dialect, form: FrameForm) -> Mapping[Field, Any]:
    """The fields whose values nothing else depends on, and what is asked of each."""
    cases = [case for case in form.cases if case.payload is not None]
    looked_at = [one.at for case in cases for one in (*case.when, *case.unless)]
    header = {("header", field.name): plain(field.schema) for field in header_of(dialect, form)}
    fixed = {(place.place, place.path[0]) for place in looked_at}
    if form.payload is None:
        return {EXTRA: {}}  # neither is it said whether it has a header
    payloads = [form.payload, *(case.payload for case in cases if case.payload is not None)]
    if any(one.keys() - _APART or one.get("additionalProperties", True) is not True for one in payloads):
        return {field: schema for field, schema in header.items() if field not in fixed}
    fixed |= {("payload", name) for payload in payloads[1:] for name in payload.get("properties", {})}
    fixed |= {("payload", form.contains[0])} if form.contains else set()
    body = {("payload", name): plain(schema) for name, schema in form.payload.get("properties", {}).items()}
    return {field: schema for field, schema in ({EXTRA: {}} | header | body).items() if field not in fixed}


def _values(text: str, style: Style, pools: Pools) -> Iterator[tuple[Field, list[str], int, int]]:
    """The values of the message and of its payload that can be exchanged: field, path, and where the value is."""
    start = len(text) - len(text.lstrip(f"\ufeff{_SPACE}"))
    for name, first, last in _members(text, start):
        if style == "nested" and name == pools.data:
            for inner, begin, end in _members(text, first):
                field = pools.field("payload", inner)
                if field is not None:
                    yield field, [_step(name), _step(inner)], begin, end
        else:
            field = pools.field("header", name) or (pools.field("payload", name) if style == "flat" else None)
            if field is not None:
                yield field, [_step(name)], first, last


def _members(text: str, at: int) -> list[tuple[str, int, int]]:
    """Name, beginning and end of each value in the object that begins at `at`, without names that stand twice. Those
    after a value that cannot be read are left out, and so is one that nothing follows: there may have been more of it.
    """
    found = list(_read(text, at))
    count = Counter(name for name, _, _ in found)
    return [member for member in found if count[member[0]] == 1]


def _read(text: str, at: int) -> Iterator[tuple[str, int, int]]:
    if text[at : at + 1] != "{":
        return
    while text[at] != "}":
        try:
            at = _past(text, at + 1)
            _expected(text, at, '"')
            name, at = _DECODER.raw_decode(text, at)
            start = _past(text, _expected(text, _past(text, at), ":"))
            _, end = _DECODER.raw_decode(text, start)
            at = _past(text, end)
        except ValueError:
            return  # what came before is in order
        if text[at : at + 1] not in ("}", ","):
            return
        yield name, start, end


def _past(text: str, at: int) -> int:
    while at < len(text) and text[at] in _SPACE:
        at += 1
    return at


def _expected(text: str, at: int, mark: str) -> int:
    """The place after the mark."""
    if text[at : at + 1] != mark:
        raise ValueError(f"{mark} is missing")
    return at + 1


def _step(name: str) -> str:
    return name.replace("~", "~0").replace("/", "~1")


def _refuse(word: str) -> Any:
    raise ValueError(f"{word} is no JSON number")


_DECODER: Final = json.JSONDecoder(parse_constant=_refuse)
