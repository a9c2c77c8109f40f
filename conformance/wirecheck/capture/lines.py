"""Bytes to numbered lines, within bounds.

Law: knows bytes and line ends, and nothing of what a line says. A line ends at `\\n` and nowhere else: messages
may hold any other character that is called a line end elsewhere. No line longer than the bound is ever held in
memory, nor is a file ever read whole; where the bytes cannot be read any further, everything before is still given.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import BinaryIO, Final, Literal

GZIP: Final = b"\x1f\x8b"
ZSTD: Final = b"\x28\xb5\x2f\xfd"
SKIPPABLE: Final = b"\x2a\x4d\x18"  # behind a byte from 0x50 to 0x5f
BOM: Final = b"\xef\xbb\xbf"


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Bounds of reading, in bytes: the longest line that is looked at, and how much is read at once."""

    line: int = 16 * 1024 * 1024
    block: int = 256 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Trouble:
    """A line that could not be had: it is too long (the next one can be), or nothing can be read from here on."""

    code: Literal["bad-line", "unreadable"]
    message: str


class Last(bytes):
    """The last line, where no `\\n` ends it: it may have been cut off."""

    __slots__ = ()


def numbered(stream: BinaryIO, limits: Limits) -> Iterator[tuple[int, bytes | Trouble]]:
    """Lines without their ends, numbered from 1; packed data is unpacked."""
    return cut(unpacked(stream, limits.block), limits)


def cut(blocks: Iterable[bytes | Trouble], limits: Limits) -> Iterator[tuple[int, bytes | Trouble]]:
    """The lines of a capture whose bytes lie in `blocks`, numbered from 1. A `Trouble` is the last that is taken."""
    number, held, skipping = 1, bytearray(), False
    first = True
    for block in blocks:
        if isinstance(block, Trouble):
            # What stands in `held` is the beginning of a line whose rest is lost; the trouble is the line's.
            yield number, block
            return
        if first:
            block, first = block.removeprefix(BOM), False
        pieces = block.split(b"\n")
        if len(pieces) > 1:
            if skipping:
                yield number, _too_long(limits)
                skipping = False
            else:
                held += pieces[0]
                yield number, bytes(held) if len(held) <= limits.line else _too_long(limits)
            held.clear()
            number += 1
            whole = pieces[1:-1]
            if len(block) <= limits.line:
                yield from enumerate(whole, number)
            else:
                for place, piece in enumerate(whole, number):
                    yield place, piece if len(piece) <= limits.line else _too_long(limits)
            number += len(whole)
        if not skipping:
            held += pieces[-1]
            if len(held) > limits.line:
                held.clear()
                skipping = True
    if skipping:
        yield number, _too_long(limits)
    elif held:
        yield number, Last(held)


def _too_long(limits: Limits) -> Trouble:
    return Trouble(code="bad-line", message=f"the line is longer than {limits.line:,} bytes and was skipped")


def unpacked(stream: BinaryIO, size: int) -> Iterator[bytes | Trouble]:
    """The stream's bytes in blocks of about `size`, none of them empty, and last the `Trouble` if there was any.

    What is packed is recognised by its first bytes, whatever the file's name, and unpacked.
    """
    try:
        head = _exactly(stream, len(ZSTD))
    except OSError as error:
        return iter((stopped(error),))
    if is_packed(head):
        from wirecheck.capture import packed

        return packed.unpacked(head, stream, size)
    return _blocks(head, stream, size)


def is_packed(head: bytes) -> bool:
    """Whether these first four bytes are those of gzip or Zstandard."""
    return head.startswith((GZIP, ZSTD)) or is_skippable(head)


def is_skippable(head: bytes) -> bool:
    """Whether a frame of Zstandard begins here that holds no data; some packers begin with one."""
    return head[1:] == SKIPPABLE and head[0] & 0xF0 == 0x50


def stopped(error: OSError) -> Trouble:
    return Trouble(code="unreadable", message=f"reading stopped here: {error.strerror or error}")


def _exactly(stream: BinaryIO, count: int) -> bytes:
    """`count` bytes, or fewer at the end; a pipe may give them one at a time."""
    head = b""
    while len(head) < count and (more := stream.read(count - len(head))):
        head += more
    return head


def _blocks(head: bytes, stream: BinaryIO, size: int) -> Iterator[bytes | Trouble]:
    if head:
        yield head
    # read1 gives what a pipe holds now, so that a live stream is judged while it runs.
    read = getattr(stream, "read1", stream.read)
    while True:
        try:
            block = read(size)
        except OSError as error:
            yield stopped(error)
            return
        if not block:
            return
        yield block
