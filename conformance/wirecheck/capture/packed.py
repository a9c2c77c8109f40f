"""Gzip and Zstandard, unpacked as they come.

Law: knows the two containers and nothing of what lies in them. Memory is bounded, whatever the data claims: a few
blocks, and for Zstandard the window that a frame asks for, which has a bound. Members and frames may follow each
other, in any mixture, with zeros between and after them; whatever was unpacked before trouble is given before it.
"""

from __future__ import annotations

import struct
import sys
from collections.abc import Iterator
from functools import cache
from typing import Any, BinaryIO, Final

from wirecheck.capture.lines import BOM, GZIP, ZSTD, Trouble, is_skippable, stopped

WINDOW: Final = 128 * 1024 * 1024
"""What a frame of Zstandard may have us remember, in bytes: what `zstd -dc` accepts without being told more."""

_MIB: Final = 1 << 20
_READ: Final = 128 * 1024
# What is unpacked at once. Where data is damaged, what the same call had unpacked before is lost, so it is little;
# twice as much is hardly quicker.
_STEP: Final = 4096
_MOST: Final = 256 * 1024
_ZEROS: Final = 64 * 1024
_BLOCK: Final = 128 * 1024
_WITH_CHECKSUM, _WITH_EXTRA, _WITH_NAME, _WITH_COMMENT, _RESERVED = 2, 4, 8, 16, 0xE0


class _Unreadable(Exception):
    """Why nothing more can be unpacked."""


class _Feed:
    """The bytes of a stream, beginning with those that were read to recognise it, in pieces of the size asked for."""

    __slots__ = ("_held", "_place", "_read")

    def __init__(self, head: bytes, stream: BinaryIO) -> None:
        self._held = head
        self._place = 0
        # read1 gives what a pipe holds now, so that a live stream is judged while it runs.
        self._read = getattr(stream, "read1", stream.read)

    @property
    def dry(self) -> bool:
        """Whether the next byte must be waited for."""
        return self._place >= len(self._held)

    def piece(self, most: int) -> bytes:
        """At most so many bytes, and none at the end."""
        if self._place >= len(self._held):
            self._held, self._place = self._read(_READ), 0
        piece = self._held[self._place : self._place + most]
        self._place += len(piece)
        return piece

    def back(self, count: int) -> None:
        """The last bytes of the last piece were not needed."""
        self._place -= count

    def some(self, most: int, kind: str) -> bytes:
        """At most so many bytes, and at least one. Raises `_Unreadable` where the data of this kind ends here."""
        piece = self.piece(most)
        if not piece:
            raise _Unreadable(f"the {kind} data ends in the middle; the rest is lost")
        return piece

    def whole(self, count: int, kind: str) -> bytes:
        """Just so many bytes."""
        parts = []
        while count:
            parts.append(self.some(count, kind))
            count -= len(parts[-1])
        return b"".join(parts)

    def start(self, count: int) -> bytes:
        """The next bytes, which stay to be taken; fewer at the end."""
        while len(self._held) - self._place < count and (more := self._read(_READ)):
            self._held, self._place = self._held[self._place :] + more, 0
        return self._held[self._place : self._place + count]


def unpacked(head: bytes, stream: BinaryIO, size: int) -> Iterator[bytes | Trouble]:
    """What is packed in `head` and the rest of `stream`, in blocks of about `size` bytes, and last the trouble if any.

    A block is given before the stream is waited for, so that a live stream is judged while it runs.
    """
    feed = _Feed(head, stream)
    pieces = _pieces(feed)
    held: list[bytes] = []
    count, enough = 0, len(BOM)  # the first block holds the whole mark, if there is one
    trouble: Trouble | None = None
    while True:
        try:
            piece = next(pieces, None)
        except _Unreadable as error:
            piece, trouble = None, Trouble(code="unreadable", message=str(error))
        except OSError as error:
            piece, trouble = None, stopped(error)
        if piece:
            held.append(piece)
            count += len(piece)
        if held and (count >= size or (feed.dry and count >= enough) or piece is None):
            yield b"".join(held)
            held.clear()
            count = enough = 0
        if piece is None:
            break
    if trouble is not None:
        yield trouble


def _pieces(feed: _Feed) -> Iterator[bytes]:
    """Members and frames one after the other."""
    kind = ""
    while head := feed.start(len(ZSTD)):
        if head.startswith(GZIP):
            kind = "gzip"
            yield from _member(feed)
        elif head == ZSTD:
            kind = "Zstandard"
            yield from _frame(feed)
        elif is_skippable(head):
            kind = "Zstandard"
            _skip(feed)
        elif head[0]:
            found = "is damaged or" if kind else "ends in the middle, or"
            raise _Unreadable(f"the {kind} data {found} is followed by something else, which was not read")
        else:
            zeros = feed.piece(_ZEROS)
            feed.back(len(zeros.lstrip(b"\0")))


# Gzip: RFC 1952


@cache
def _deflate() -> Any:
    """The module that unpacks, with the names of `zlib`: ISA-L is three times as quick, where it is installed."""
    try:
        from isal import isal_zlib
    except ImportError:
        import zlib

        return zlib
    return isal_zlib


def _member(feed: _Feed) -> Iterator[bytes]:
    deflate = _deflate()
    _skip_header(feed)
    unpack = deflate.decompressobj(-15)
    check = length = 0
    while not unpack.eof:
        piece = feed.some(_STEP, "gzip")
        full = True
        while full and not unpack.eof:
            try:
                out = unpack.decompress(piece, _MOST)
            except deflate.error as error:
                raise _Unreadable(f"the gzip data is damaged from here on ({error})") from error
            if out:
                check = deflate.crc32(out, check)
                length += len(out)
                yield out
            piece = unpack.unconsumed_tail
            full = len(out) == _MOST
    feed.back(len(unpack.unused_data))
    if feed.whole(8, "gzip") != struct.pack("<II", check, length & 0xFFFFFFFF):
        raise _Unreadable("the gzip data is damaged somewhere before this: its checksum is another")


def _skip_header(feed: _Feed) -> None:
    header = feed.whole(10, "gzip")
    method, flags = header[2:4]
    if method != 8 or flags & _RESERVED:
        raise _Unreadable("the gzip data is damaged from here on (its header has no known form)")
    if flags & _WITH_EXTRA:
        feed.whole(int.from_bytes(feed.whole(2, "gzip"), "little"), "gzip")
    for text in (_WITH_NAME, _WITH_COMMENT):
        ended = not flags & text
        while not ended:
            _, end, rest = feed.some(_STEP, "gzip").partition(b"\0")
            feed.back(len(rest))
            ended = bool(end)
    if flags & _WITH_CHECKSUM:
        feed.whole(2, "gzip")


# Zstandard: RFC 8878


def _frame(feed: _Feed) -> Iterator[bytes]:
    """The frame is cut into its blocks here, so that each is unpacked before anything is known of the next."""
    zstd = _zstandard()
    start = feed.whole(5, "Zstandard")
    flags = start[4]
    single = bool(flags & 0x20)
    window_bytes = 0 if single else 1
    name_bytes = (0, 1, 2, 4)[flags & 3]
    size_bytes = (1 if single else 0, 2, 4, 8)[flags >> 6]
    fields = feed.whole(window_bytes + name_bytes + size_bytes, "Zstandard")
    if any(fields[window_bytes : window_bytes + name_bytes]):
        raise _Unreadable(
            "the Zstandard data was packed with a dictionary; unpack it first: "
            "zstd -dc -D DICTIONARY FILE | wirecheck check -"
        )
    if single:
        window = int.from_bytes(fields[name_bytes:], "little")
    else:
        exponent, eighths = fields[0] >> 3, fields[0] & 7
        window = (1 << (10 + exponent)) // 8 * (8 + eighths)
    if window > WINDOW:
        raise _Unreadable(
            f"the Zstandard data needs a window of {-(-window // _MIB):,} MiB, and {WINDOW // _MIB} MiB is the bound; "
            "unpack it first: zstd -dc --long=31 FILE | wirecheck check -"
        )
    unpack = zstd.ZstdDecompressor(options={zstd.DecompressionParameter.window_log_max: WINDOW.bit_length() - 1})
    try:
        unpack.decompress(start + fields)
        last = False
        while not last:
            header = feed.whole(3, "Zstandard")
            number = int.from_bytes(header, "little")
            last, repeats, size = bool(number & 1), number >> 1 & 3 == 1, number >> 3
            if size > _BLOCK:
                raise _Unreadable("the Zstandard data is damaged from here on (a block is larger than blocks may be)")
            yield unpack.decompress(header + feed.whole(1 if repeats else size, "Zstandard"))
        if flags & 4:
            unpack.decompress(feed.whole(4, "Zstandard"))
    except (zstd.ZstdError, EOFError) as error:
        raise _Unreadable(f"the Zstandard data is damaged from here on ({error})") from error


def _skip(feed: _Feed) -> None:
    left = int.from_bytes(feed.whole(8, "Zstandard")[4:], "little")
    while left:
        left -= len(feed.some(min(left, _READ), "Zstandard"))


@cache
def _zstandard() -> Any:
    """Python's own module; before Python 3.14, the same code as a package."""
    try:
        if sys.version_info >= (3, 14):
            from compression import zstd
        else:
            from backports import zstd
    except ImportError as error:
        advice = "zstd -dc FILE | wirecheck check -, or pip install backports.zstd"
        raise _Unreadable(f"this Python cannot unpack Zstandard data; unpack it first: {advice}") from error
    return zstd
