"""One direction of a WebSocket connection, read from a copy of its bytes.

Law: sans-I/O. It looks on: nothing here delays or changes what two others say to each other, and what they do wrong is
theirs to deal with. Of one message no more than `MOST` bytes are held, however long it is, and of all that are under
way no more than the `Budget`. Bytes that break RFC 6455 are not read any further, because from there on nobody knows
where a frame begins.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from wirecheck.strict import MAX_BYTES

MOST: Final = MAX_BYTES + 4
"""Bytes kept of a message: what is longer is judged as too long, whatever its end may be."""
NO_CODE: Final = 1005
_SLICE: Final = 256 * 1024
_CONTINUATION, _TEXT, _BINARY, _CLOSE, _PING, _PONG = 0x0, 0x1, 0x2, 0x8, 0x9, 0xA
_CONTROL_MOST: Final = 125
_TAIL: Final = b"\x00\x00\xff\xff"  # RFC 7692, 7.2.2


class Unreadable(Exception):
    """From here on the bytes cannot be read; the text says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Whole:
    """A message that is complete. `size` is its length in bytes; `body` is shorter where that is beyond `MOST`."""

    body: bytes
    binary: bool
    size: int


@dataclass(frozen=True, slots=True, kw_only=True)
class End:
    """A close frame, and its code: `NO_CODE` where it has none."""

    code: int


class Budget:
    """Bytes that all taps together may hold."""

    def __init__(self, most: int) -> None:
        self._left = most

    def take(self, count: int) -> None:
        if count > self._left:
            raise Unreadable("more bytes of unfinished messages than are kept")
        self._left -= count

    def give(self, count: int) -> None:
        self._left += count


class Tap:
    """Reads what one side sends. `masked`: that side masks (a client must). `packed`: compression was agreed on."""

    def __init__(self, *, masked: bool, packed: bool, budget: Budget) -> None:
        self._masked = masked
        self._budget = budget
        self._inflate = _Inflate() if packed else None
        self._head = bytearray()
        self._frame: _Frame | None = None
        self._body = bytearray()
        self._control = bytearray()
        self._size = 0
        self._message: int | None = None
        self._packed = False
        self._ended = False

    def feed(self, data: bytes) -> Iterator[Whole | End]:
        """What became complete with `data`. Raises `Unreadable`, and must not be fed any more then.

        After a close frame nothing more is said by that side (RFC 6455, 1.4), and nothing is read.
        """
        at = 0
        while not self._ended:
            if self._frame is None:
                at = self._gather(data, at)
                if self._frame is None:
                    return
            frame = self._frame
            piece = data[at : at + frame.left]
            at += len(piece)
            self._take(frame, frame.plain(piece))
            if frame.left:
                return
            self._frame = None
            found = self._finish(frame)
            if found is not None:
                yield found

    def close(self) -> None:
        """Nothing more comes; what is held is given back to the budget."""
        self._budget.give(len(self._body))
        self._body = bytearray()
        self._ended = True

    def _gather(self, data: bytes, at: int) -> int:
        """Collect a frame's header from `data[at:]`; where it is complete, the frame begins. The new position."""
        while True:
            wanted = _header(self._head) - len(self._head)
            if not wanted:
                self._frame = self._begun(self._head)
                self._head = bytearray()
                return at
            piece = data[at : at + wanted]
            self._head += piece
            at += len(piece)
            if len(piece) < wanted:
                return at

    def _begun(self, head: bytearray) -> _Frame:
        opcode, fin = head[0] & 0x0F, bool(head[0] & 0x80)
        control = opcode in (_CLOSE, _PING, _PONG)
        starts = opcode in (_TEXT, _BINARY)
        if not (control or starts or opcode == _CONTINUATION):
            raise Unreadable(f"a frame of the unknown opcode {opcode}")
        packed = bool(head[0] & 0x40)
        if head[0] & 0x30 or (packed and (self._inflate is None or not starts)):
            raise Unreadable("a frame with reserved bits")
        if bool(head[1] & 0x80) is not self._masked:
            raise Unreadable("a frame that is not masked" if self._masked else "a masked frame")
        size = head[1] & 0x7F
        if size > _CONTROL_MOST:
            size = int.from_bytes(head[2 : 4 if size == 126 else 10])
        if control and (size > _CONTROL_MOST or not fin):
            raise Unreadable("a control frame that is too long or in parts")
        if not control and starts is (self._message is not None):
            raise Unreadable("a message inside another" if starts else "the continuation of no message")
        if starts:
            self._message, self._packed = opcode, packed
        return _Frame(opcode=opcode, fin=fin, left=size, mask=bytes(head[-4:]) if self._masked else b"")

    def _take(self, frame: _Frame, piece: bytes) -> None:
        if frame.opcode == _CLOSE:
            self._control += piece
        elif frame.opcode <= _BINARY and piece:
            self._keep(piece)

    def _keep(self, piece: bytes) -> None:
        for part in self._inflate.pieces(piece) if self._packed and self._inflate is not None else (piece,):
            kept = part[: MOST - len(self._body)]
            self._budget.take(len(kept))
            self._body += kept
            self._size += len(part)

    def _finish(self, frame: _Frame) -> Whole | End | None:
        if frame.opcode == _CLOSE:
            self._ended = True
            if len(self._control) == 1:
                raise Unreadable("a close frame with half a code")
            return End(code=int.from_bytes(self._control[:2]) if self._control else NO_CODE)
        if frame.opcode > _BINARY or not frame.fin:
            return None
        if self._packed and self._inflate is not None:
            self._keep(_TAIL)
            self._inflate.finish()
        whole = Whole(body=bytes(self._body), binary=self._message == _BINARY, size=self._size)
        self._budget.give(len(self._body))
        self._body, self._size, self._message = bytearray(), 0, None
        return whole


@dataclass(slots=True, kw_only=True)
class _Frame:
    opcode: int
    fin: bool
    left: int
    mask: bytes
    turned: int = 0
    """How far into its mask the next byte is."""

    def plain(self, piece: bytes) -> bytes:
        """The next piece of the payload without its mask."""
        self.left -= len(piece)
        if not self.mask or not piece:
            return piece
        key = self.mask[self.turned :] + self.mask[: self.turned]
        self.turned = (self.turned + len(piece)) % 4
        key = (key * (len(piece) // 4 + 1))[: len(piece)]
        return (int.from_bytes(piece) ^ int.from_bytes(key)).to_bytes(len(piece))


def _header(head: bytearray) -> int:
    """How long a frame's header is, as far as `head`, its beginning, tells."""
    if len(head) < 2:
        return 2
    size = head[1] & 0x7F
    return 2 + {126: 2, 127: 8}.get(size, 0) + (4 if head[1] & 0x80 else 0)


class _Inflate:
    """Unpacks messages (RFC 7692), a slice at a time: a little of it may stand for very much.

    The largest window reads what was packed with any, and what was packed by itself as well as what leans on messages
    before; so which of these was agreed on need not be known.
    """

    def __init__(self) -> None:
        self._stream = zlib.decompressobj(-zlib.MAX_WBITS)

    def pieces(self, data: bytes) -> Iterator[bytes]:
        while data and not self._stream.eof:
            try:
                found = self._stream.decompress(data, _SLICE)
            except zlib.error as error:
                raise Unreadable("a message that cannot be unpacked") from error
            if found:
                yield found
            data = self._stream.unconsumed_tail

    def finish(self) -> None:
        """A message has ended; one that was packed to its very end begins anew."""
        if self._stream.eof:
            self._stream = zlib.decompressobj(-zlib.MAX_WBITS)
