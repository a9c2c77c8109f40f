"""A capture cut into ranges of bytes, and the lines of one of them.

Law: a line belongs to the range in which it begins, and has the number that it has in the whole file. Where ranges are
cut does not depend on what they hold; what cannot be cut (packed data, a transcript in arrows) is one range. Nothing
here knows what a line says.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import nullcontext
from dataclasses import dataclass, replace
from typing import BinaryIO, Final

from wirecheck.capture import Limits, is_plain, open_capture, size_of
from wirecheck.capture.blocks import Block, blocks
from wirecheck.capture.lines import BOM, Trouble, stopped

SIZE: Final = 64 * 1024 * 1024
"""Bytes of a range, where nothing else is said."""
_BLOCK: Final = 256 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Range:
    """Bytes `start` to `end` of a source: of whatever `open_capture` opens, wherever it is opened.

    `line` is the number of the first line that begins in it, 0 where nobody counted: then whoever reads it counts the
    lines before it. `whole` marks a source that cannot be cut, whatever `end` says: it is read by its own form.
    """

    source: str
    start: int
    end: int
    line: int = 0
    whole: bool = False


def ranges(source: str, *, size: int = SIZE) -> list[Range]:
    """The source in ranges of `size` bytes, the last one shorter; one range if it cannot be cut.

    Raises `CaptureError` where there is nothing to open.
    """
    stored = size_of(source)
    if stored is None or not is_plain(source):
        return [Range(source=source, start=0, end=stored or 0, line=1, whole=True)]
    cuts = [*range(0, stored, size), stored] if stored else [0, 0]
    return [
        Range(source=source, start=start, end=end, line=1 if start == 0 else 0)
        for start, end in zip(cuts[:-1], cuts[1:], strict=True)
    ]


def counted(parts: Iterable[Range]) -> Iterator[Range]:
    """The ranges of one source, from its start on and in order, with the numbers of their first lines.

    Each range is read once before the next is given, so that whoever takes them one by one can work meanwhile.
    """
    line = 1
    before: Range | None = None
    for part in parts:
        if before is not None:
            line += lines_in(before)
        before = replace(part, line=line)
        yield before


def lines_in(part: Range) -> int:
    """How many lines begin in the range."""
    if part.start >= part.end:
        return 0
    with open_capture(part.source) as stream:
        return (part.start == 0) + _line_ends(stream, max(part.start - 1, 0), part.end - 1)


def placed(part: Range) -> Range:
    """The range with the number of its first line; the lines before it are counted where nobody did."""
    if part.line:
        return part
    if part.start == 0:
        return replace(part, line=1)
    with open_capture(part.source) as stream:
        return replace(part, line=2 + _line_ends(stream, 0, part.start - 1))


def blocks_of(
    part: Range, limits: Limits, stream: BinaryIO | None = None, until: Callable[[int], int] | None = None
) -> Iterator[Block]:
    """The lines that begin in the range, with their numbers in the whole source. Not for one that is `whole`.

    `stream` is the source, where it is open already; it stays open. `until` is told before each reading how far the
    range was read, and says where it ends: nowhere that was read already, and at most where `part` does.
    """
    part = placed(part)
    with open_capture(part.source) if stream is None else nullcontext(stream) as opened:
        pieces = _with_mark(_pieces(opened, part, limits.block, until))
        yield from blocks(pieces, limits, first=part.line, at_start=part.start == 0)


def raw_lines(part: Range, limits: Limits) -> Iterator[tuple[int, list[bytes]]]:
    """The lines that begin in the range, as they are: some that follow each other, with the number of the first.

    Of one that is longer than `limits.line` the rest may be missing.
    """
    part = placed(part)
    with open_capture(part.source) as stream:
        number, held = part.line, bytearray()
        for piece in _pieces(stream, part, limits.block, None):
            if isinstance(piece, Trouble):
                return
            end = piece.rfind(b"\n")
            if end >= 0:
                lines = (bytes(held) + piece[:end]).split(b"\n")
                yield number, lines
                number += len(lines)
                held.clear()
            if len(held) <= limits.line:
                held += piece[end + 1 :]
        if held:
            yield number, [bytes(held)]


def between(stream: Iterable[Block], first: int, last: int) -> Iterator[Block]:
    """Of some blocks the lines `first` to before `last`."""
    for block in stream:
        start, end = max(first - block.first, 0), min(last - block.first, len(block.lines))
        if start == 0 and end == len(block.lines):
            yield block
        elif start < end:
            raws = [block.raw(index) for index in range(start, end)]
            ends = {place - start: found for place, found in block.ends.items() if start <= place < end}
            yield Block(block.first + start, raws, block.lines[start:end], ends)


def _pieces(stream: BinaryIO, part: Range, size: int, until: Callable[[int], int] | None) -> Iterator[bytes | Trouble]:
    """The bytes of a range's lines: from the first line that begins in it to the end of the last."""
    try:
        place = _first_line(stream, part)
        if place is None or (until is not None and place >= until(place)):
            return
        if place:
            stream.seek(place)
        ended, end = False, part.end
        while place < (end := part.end if until is None else until(place)) and (
            piece := stream.read(min(size, end - place))
        ):
            place += len(piece)
            ended = piece.endswith(b"\n")
            yield piece
        while place >= end > part.start and not ended and (piece := stream.read(size)):
            cut = piece.find(b"\n") + 1
            ended = cut > 0
            yield piece[:cut] if cut else piece
    except OSError as error:
        yield stopped(error)


def _with_mark(pieces: Iterator[bytes | Trouble]) -> Iterator[bytes | Trouble]:
    """The same, with a first piece that is long enough to show a byte order mark."""
    held = b""
    for piece in pieces:
        if isinstance(piece, Trouble):
            break
        held += piece
        if len(held) >= len(BOM):
            yield held
            yield from pieces
            return
    else:
        if held:
            yield held
        return
    if held:
        yield held
    yield piece


def _first_line(stream: BinaryIO, part: Range) -> int | None:
    """Where the first line that begins in the range does so; None where none does."""
    if part.start == 0:
        return 0
    place = part.start - 1
    stream.seek(place)
    while place < part.end - 1 and (piece := stream.read(min(_BLOCK, part.end - 1 - place))):
        cut = piece.find(b"\n") + 1
        if cut:
            return place + cut
        place += len(piece)
    return None


def _line_ends(stream: BinaryIO, start: int, end: int) -> int:
    stream.seek(start)
    count, left = 0, end - start
    while left > 0 and (piece := stream.read(min(4 * _BLOCK, left))):
        count += piece.count(b"\n")
        left -= len(piece)
    return count
