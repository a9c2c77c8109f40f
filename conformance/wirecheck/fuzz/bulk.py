"""Frames by the million: lines of JSON, each a valid frame or one with a labelled defect.

Law: a dialect, what is meant of it and a seed in, lines out; the same seed gives the same bytes, and a longer run
begins like a shorter one. A frame is a template, in whose gaps stand values that are exchanged all the time. Templates
are made of whole messages by `sample`, at first for each frame anew and then ever more rarely; one that is invalid gets
in only if an independent validator confirms its label with other values in its gaps.
"""

from __future__ import annotations

import base64
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from json.encoder import encode_basestring as quoted
from random import Random
from typing import Final

from wirecheck.catalog.model import Dialect, FrameForm, Style
from wirecheck.errors import UsageError
from wirecheck.fuzz.confirm import confirm
from wirecheck.sample.defects import BY_NAME, invalid
from wirecheck.sample.messages import message
from wirecheck.sample.source import Seeded
from wirecheck.sample.spelling import spelled
from wirecheck.sample.templates import DEPTH, Pool, Pools, Template, escaped, template

DECK: Final = 1_024
"""Templates at a time."""
FEW: Final = 4
"""Templates at a time of frames that are huge."""
FRESH: Final = 128
"""Frames of which each is made anew; then it is every second of as many, every third and so on."""
RAREST: Final = {False: 512, True: 2_048}
"""A frame out of so many is made anew at least; those that are invalid take longer to make."""
TURN: Final = 64
"""Frames after which one value is exchanged."""
TRIES: Final = 2_000
"""Invalid frames that are made in a row before one is confirmed."""
_PICKS: Final = 2**53


@dataclass(frozen=True, slots=True, kw_only=True)
class Meant:
    """A frame in the style in which it is made, and what is to be wrong with it (None: nothing)."""

    form: FrameForm
    style: Style
    defect: str | None = None


@dataclass(slots=True)
class Sheet:
    """A template ready for use. `said` are its parts and, between them, places for values; `around` is what a body that
    is written in base64 stands between."""

    said: list[bytes]
    pools: list[list[bytes]]
    around: tuple[bytes, bytes] | None = None


def lines(dialect: Dialect, meant: Sequence[Meant], seed: int) -> Iterator[bytes]:
    """Lines without end, each of one frame: `frame`, `from`, `envelope` and `text`, in this order.

    A frame with a defect has `binary` in place of `text` where the message is binary, and `bytes` where its bytes are
    no UTF-8, both in base64; and `defect`, `pointer` (null where there is no place) and the `code` that a checker
    reports. Raises `UsageError` where no frame that is meant can be made.
    """
    maker = _Maker(dialect, meant, seed)
    pick = maker.pick
    deck: list[Sheet] = []
    most, rarest = FEW if any(map(is_huge, meant)) else DECK, RAREST[any(one.defect is not None for one in meant)]
    number = due = made = 0
    while True:
        if number == due:
            sheet = maker.sheet()
            deck[made % most : made % most + 1] = [sheet]
            made += 1
            due += 1 + min(number // FRESH, rarest - 1)
        else:
            sheet = deck[int(pick() * len(deck))]
        if not number % TURN:
            maker.renew()
        said = sheet.said
        said[1::2] = [pool[int(pick() * DEPTH)] for pool in sheet.pools]
        if sheet.around is None:
            yield b"".join(said)
        else:
            yield base64.b64encode(b"".join(said)).join(sheet.around)
        number += 1


def is_huge(one: Meant) -> bool:
    """Whether such a frame takes megabytes."""
    return one.defect is not None and BY_NAME[one.defect].huge


class _Maker:
    """Makes the sheets of one run, of everything that is meant in turn."""

    def __init__(self, dialect: Dialect, meant: Sequence[Meant], seed: int) -> None:
        self._dialect = dialect
        self._source = Seeded(seed)
        self._meant = list(meant)
        for last in range(len(self._meant) - 1, 0, -1):
            other = self._source.below(last + 1)
            self._meant[last], self._meant[other] = self._meant[other], self._meant[last]
        self._pools = {one.form.key: Pools(dialect, one.form) for one in self._meant}
        self._every = list(self._pools.values())
        self._turn = 0
        self._renewed = 0
        self.pick = Random(self._source.below(_PICKS)).random

    def renew(self) -> None:
        """Exchange one value of the next frame."""
        self._every[self._renewed % len(self._every)].renew(self._source)
        self._renewed += 1

    def sheet(self) -> Sheet:
        """A sheet of what comes next."""
        for _ in range(TRIES):
            one = self._meant[self._turn % len(self._meant)]
            self._turn += 1
            made = self._valid(one) if one.defect is None else self._invalid(one, one.defect)
            if made is not None:
                return made
        raise UsageError(
            f"of {TRIES:,} invalid frames not one could be confirmed to be wrong as its label says; take another "
            "defect or another frame"
        )

    def _valid(self, one: Meant) -> Sheet:
        found = message(self._dialect, one.form, one.style, self._source)
        made = template(spelled(found, self._source), one.style, self._pools[one.form.key])
        return _sheet(made, self._filling(one, made), _begin(one), "}")

    def _invalid(self, one: Meant, defect: str) -> Sheet | None:
        found = invalid(self._dialect, one.form, one.style, defect, self._source)
        text = found.body if isinstance(found.body, str) else found.body.decode("utf-8", _STRAY)
        there = _OTHER[one.style] if defect == "other-envelope" else one.style
        # What is wrong may be the value of a field that nobody documents, so those have no gaps.
        parted = template(text, there, self._pools[one.form.key], pointer=found.pointer, extras=False)
        for made in (parted, Template((text,), ())):
            pools = self._filling(one, made)
            filled = _filled(made, [pool.plain[self._source.below(DEPTH)] for pool in pools])
            if confirm(self._dialect, replace(found, body=filled if found.body != text else filled.decode())) is None:
                place = "null" if found.pointer is None else quoted(found.pointer)
                end = f',"defect":"{defect}","pointer":{place},"code":"{BY_NAME[defect].code}"}}'
                kind = "text" if found.body == text else "binary" if found.binary else "bytes"
                return _sheet(made, pools, _begin(one), end, kind)
        return None

    def _filling(self, one: Meant, made: Template) -> list[Pool]:
        return [self._pools[one.form.key].of(field, self._source) for field in made.fields]


_OTHER: Final[dict[Style, Style]] = {"flat": "nested", "nested": "flat"}


_STRAY: Final = "surrogateescape"


def _begin(one: Meant) -> str:
    return f'{{"frame":{quoted(one.form.key)},"from":"{one.form.sender}","envelope":"{one.style}",'


def _sheet(made: Template, pools: Sequence[Pool], begin: str, end: str, kind: str = "text") -> Sheet:
    begin, end = f'{begin}"{kind}":"', f'"{end}\n'
    if kind != "text":
        said = [part.encode("utf-8", _STRAY) for part in made.texts]
        return Sheet(_spaced(said), [pool.plain for pool in pools], (begin.encode(), end.encode()))
    said = [escaped(part) for part in made.texts]
    said[0] = begin.encode() + said[0]
    said[-1] += end.encode()
    return Sheet(_spaced(said), [pool.escaped for pool in pools])


def _spaced(parts: Sequence[bytes]) -> list[bytes]:
    return [text for part in parts for text in (part, b"")][:-1]


def _filled(made: Template, values: Sequence[bytes]) -> bytes:
    said = _spaced([part.encode("utf-8", _STRAY) for part in made.texts])
    said[1::2] = values
    return b"".join(said)
