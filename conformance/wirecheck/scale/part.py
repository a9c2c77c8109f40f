"""What a range leaves behind, where what came before it was not known.

Law: a value that travels, and says all that is needed to put it behind the rest; the lines that are left to others are
those of the source, in their order.
"""

from __future__ import annotations

from array import array
from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import dataclass, field, fields
from pickle import PickleBuffer
from typing import Any, Final, SupportsIndex

from wirecheck.capture import Limits
from wirecheck.capture.blocks import Block, Line, blocks
from wirecheck.capture.lines import Trouble
from wirecheck.capture.socketio import Unwrapping
from wirecheck.check.absorb import Different
from wirecheck.check.apart import Stretch
from wirecheck.scale.ranges import Range, raw_lines


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """Lines `first` to before `last` of a range, and what is known of them without the lines before.

    `stretch` (None: nothing, they are to be read again): the connections that began here. `text` holds the lines of
    other connections, each with an end (None: they are to be read where they are), `numbers` theirs; where one is no
    such line, `odd` has it by its place among them. `conns` counts those connections. `unwrapping` knows the transport
    of the connections of the stretch; `secrets` are those of each opening.
    """

    range: Range
    first: int
    last: int
    stretch: Stretch | None = None
    numbers: array[int] = field(default_factory=lambda: array("Q"))
    text: bytes | None = b""
    odd: dict[int, bytes | Trouble] = field(default_factory=dict)
    conns: int = 0
    unwrapping: Unwrapping | None = None
    secrets: tuple[frozenset[str], ...] = ()

    def __reduce_ex__(self, protocol: SupportsIndex, /) -> tuple[Any, ...]:
        """The text may travel beside the rest, without a copy (see `pickle.PickleBuffer`)."""
        values = {each.name: getattr(self, each.name) for each in fields(self)}
        if self.text and protocol.__index__() >= 5:
            values["text"] = PickleBuffer(self.text)
        return _part, (values,)

    @property
    def stopped(self) -> str | None:
        """Why nothing behind its last line could be read; None where all was."""
        last = self.odd.get(len(self.numbers) - 1)
        return last.message if isinstance(last, Trouble) and last.code == "unreadable" else None


def _part(values: dict[str, Any]) -> Part:
    text = values["text"]
    if text.__class__ not in (bytes, type(None)):  # what travelled beside the rest may be held by others
        values["text"] = bytes(text)
    return Part(**values)


_GAP: Final = 48
"""Blank lines cost less than another block, up to so many."""
_TOGETHER: Final = 1000
_PORTION: Final = 64 * 1024


def kept_blocks(part: Part, limits: Limits) -> Iterator[Block]:
    """The lines that a part leaves to others, as blocks. What lies between them, if it is little, is blank there.

    Raises `Different` where these lines are gone.
    """
    numbers, place = part.numbers, 0
    first, raws, lines = 0, list[bytes | Trouble](), list[Line | None]()
    for block in blocks(_kept(part, limits), limits, at_start=False):
        for index, line in enumerate(block.lines):
            number, raw = numbers[place], block.raw(index)
            if place in part.odd:
                raw, line = part.odd[place], None
            place += 1
            blank = number - first - len(raws)
            if raws and (blank > _GAP or len(raws) >= _TOGETHER):
                yield Block(first, raws, lines)
                raws, lines = [], []
            if not raws:
                first = number
            elif blank:
                raws += [b""] * blank
                lines += [None] * blank
            raws.append(raw)
            lines.append(line)
    if place < len(numbers):
        raise Different
    if raws:
        yield Block(first, raws, lines)


def _kept(part: Part, limits: Limits) -> Iterator[bytes]:
    """The text of the lines that were kept, in pieces."""
    if part.text is not None:
        text = part.text
        yield from (text[start : start + _PORTION] for start in range(0, len(text), _PORTION))
        return
    numbers, place = part.numbers, 0
    for first, lines in raw_lines(part.range, limits):
        end = bisect_left(numbers, first + len(lines), lo=place)
        kept = [lines[number - first] for number in numbers[place:end]]
        for odd in part.odd.keys() & range(place, end):
            kept[odd - place] = b""
        if kept:
            yield b"\n".join((*kept, b""))
        place = end
        if place == len(numbers):
            return
