"""Bytes to blocks of whole lines, each line read straight into what it says.

Law: the lines, their numbers and what they say are those of `lines` and `jsonl`. A line is read here only if it is an
ordinary message, and everything else (what opens and closes connections, members that nobody knows, blank lines, what
is no record) is given as None, for `jsonl.record_of` to say what it is.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Annotated, ClassVar, Final, Literal

import msgspec
from msgspec import UNSET, Meta, Raw, Struct, UnsetType, field

from wirecheck.capture import jsonl, quick
from wirecheck.capture.lines import BOM, Last, Limits, Trouble
from wirecheck.catalog.model import Sender
from wirecheck.record import At, BadLine, Closed, Credential, Opened, Record, Vantage

PORTION: Final = 64 * 1024
"""Bytes that are read at once; what is made of more does not stay near the processor."""
_DEFAULT_LIMITS: Final = Limits()
_REFUSED = (msgspec.MsgspecError, UnicodeError, RecursionError)
_NO_LINE = (*_REFUSED, TypeError)

_Whole = Annotated[int, Meta(ge=-(2**63) + 1, le=2**63 - 1)]
# What `jsonl` takes, but for the forms that nobody's clock writes.
_DATE, _CLOCK, _ZONE = r"\d{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12]\d|3[01])", r"(?:[01]\d|2[0-3]):[0-5]\d", r"(?:Z|[+-]"
_Stamp = Annotated[str, Meta(pattern=rf"(?a)\A{_DATE}[T ]{_CLOCK}:[0-5]\d(?:\.\d+)?{_ZONE}{_CLOCK})\Z")]
Time = float | _Whole | _Stamp | None


class TextLine(Struct, gc=False, forbid_unknown_fields=True):
    """A message held as its text; `t` is as it was written."""

    text: str
    sender: Literal["client", "server"] = field(name="from")
    conn: str = jsonl.DEFAULT_CONN
    t: Time = None

    json: ClassVar[UnsetType] = UNSET


class ValueLine(Struct, gc=False, forbid_unknown_fields=True):
    """A message held as its value: `json` is the text of that, of which nothing is known but that it is JSON's syntax.

    Such a line is a record only if `json` can be read; whoever cannot asks `Block.record`.
    """

    json: Raw
    sender: Literal["client", "server"] = field(name="from")
    conn: str = jsonl.DEFAULT_CONN
    t: Time = None

    text: ClassVar[UnsetType] = UNSET


class OpenLine(Struct, gc=False, forbid_unknown_fields=True, tag_field="kind", tag="open"):
    """The start of a connection, with no members but the documented ones."""

    conn: str = jsonl.DEFAULT_CONN
    t: Time = None
    url: str | None = None
    subprotocols: tuple[str, ...] | None = None
    headers: dict[str, str] | None = None
    sees: frozenset[Sender] | None = None
    vantage: Vantage | None = field(name="at", default=None)
    exclusive: bool | None = None
    auth: Credential | None = None

    opens: ClassVar[Literal[True]] = True

    def record(self, number: int) -> Opened:
        """The record, as `jsonl.record_of` gives it."""
        return quick.opened(
            quick.at(number, self.conn, self.t),
            self.url,
            self.subprotocols or (),
            self.headers or {},
            self.sees,
            self.vantage,
            bool(self.exclusive),
            self.auth,
        )


class CloseLine(Struct, gc=False, forbid_unknown_fields=True, tag_field="kind", tag="close"):
    """The end of a connection, with no members but the documented ones."""

    conn: str = jsonl.DEFAULT_CONN
    t: Time = None
    code: Annotated[int, Meta(ge=0, le=65535)] | None = None
    sender: Sender | None = field(name="from", default=None)

    opens: ClassVar[Literal[False]] = False

    def record(self, number: int) -> Closed:
        """The record, as `jsonl.record_of` gives it."""
        return quick.closed(quick.at(number, self.conn, self.t), self.code, self.sender)


Line = TextLine | ValueLine
End = OpenLine | CloseLine
_read_end: Final[Callable[[bytes], End]] = msgspec.json.Decoder(End).decode
_READERS: Final[tuple[Callable[[bytes], Line], ...]] = (
    msgspec.json.Decoder(TextLine).decode,
    msgspec.json.Decoder(ValueLine).decode,
)


_NO_ENDS: Final[Mapping[int, End]] = {}


class Block:
    """Some lines that follow each other. `first` is the number of the first one in the input, from 1.

    `lines` has an entry for each: what it says, or None where `record` has to be asked. `ends` are those that open and
    close connections, as far as they were read, by their places.
    """

    __slots__ = ("_raws", "ends", "first", "lines")

    def __init__(
        self,
        first: int,
        raws: Sequence[bytes | Trouble],
        lines: Sequence[Line | None],
        ends: Mapping[int, End] = _NO_ENDS,
    ) -> None:
        self.first = first
        self.lines = lines
        self.ends = ends
        self._raws = raws

    def raw(self, index: int) -> bytes | Trouble:
        """The bytes of a line, without its end, or why they could not be had."""
        return self._raws[index]

    def end(self, index: int) -> End | None:
        """What the line says, if it is known to open or to close a connection."""
        return self.ends.get(index)

    def record(self, index: int) -> Record | None:
        """The record of any line, read with care; None where it is blank."""
        raw, number = self._raws[index], self.first + index
        if isinstance(raw, Trouble):
            return BadLine(at=At(line=number, conn=""), code=raw.code, message=raw.message)
        end = self.ends.get(index)
        if end is None and b'"kind"' in raw:
            end = _end(raw)
        if end is not None:
            return end.record(number)
        return jsonl.record_of(raw, number) if raw.strip() else None

    def records(self) -> Iterator[Record]:
        """The records of all lines, in order, as `jsonl.records` gives them."""
        for index, line in enumerate(self.lines):
            if isinstance(line, TextLine):
                yield quick.message(quick.at(self.first + index, line.conn, line.t), line.sender, line.text)
            elif (record := self.record(index)) is not None:
                yield record


def blocks(
    pieces: Iterable[bytes | Trouble], limits: Limits = _DEFAULT_LIMITS, *, first: int = 1, at_start: bool = True
) -> Iterator[Block]:
    """Blocks of the lines in `pieces`, which are cut anywhere; each is given as soon as its last line is whole.

    `first` is the number of the first line. `at_start` says that the capture begins there, so that a byte order mark
    may precede it. A `Trouble` is the last piece that is taken. At most one piece and one line are held.
    """
    read = _Reader()
    number, held, skipping = first, bytearray(), False
    for piece in _portions(pieces):
        if isinstance(piece, Trouble):
            # What is held is the beginning of a line whose rest is lost; the trouble is the line's.
            yield Block(number, (piece,), (None,))
            return
        if at_start:
            piece, at_start = piece.removeprefix(BOM), False
        end = piece.rfind(b"\n")
        if end >= 0:
            raws: list[bytes | Trouble]
            if skipping:
                cut = piece.index(b"\n")
                raws = [_too_long(limits), *piece[cut + 1 : end].split(b"\n")] if cut < end else [_too_long(limits)]
                skipping = False
            else:
                raws = [*(bytes(held) + piece[:end] if held else piece[:end]).split(b"\n")]
            if len(piece) + len(held) > limits.line:
                raws = [_too_long(limits) if _is_long(raw, limits) else raw for raw in raws]
            held.clear()
            yield Block(number, raws, *read(raws))
            number += len(raws)
        if not skipping:
            held += piece[end + 1 :]
            if len(held) > limits.line:
                held.clear()
                skipping = True
    if skipping:
        yield Block(number, (_too_long(limits),), (None,))
    elif held:
        yield Block(number, (Last(held),), (None,))  # it may have been cut off, and is read with care


def _portions(pieces: Iterable[bytes | Trouble]) -> Iterator[bytes | Trouble]:
    for piece in pieces:
        if isinstance(piece, Trouble) or len(piece) <= PORTION:
            yield piece
        else:
            yield from (piece[start : start + PORTION] for start in range(0, len(piece), PORTION))


def _end(raw: bytes) -> End | None:
    """What opens or closes a connection; None where it is something else, or has to be read with care."""
    try:
        return _read_end(raw)
    except _REFUSED:
        return None


class _Reader:
    """Reads lines with the reader that took the last one first: most captures hold messages in one way."""

    __slots__ = ("_readers",)

    def __init__(self) -> None:
        self._readers = _READERS

    def __call__(self, raws: Sequence[bytes | Trouble]) -> tuple[list[Line | None], dict[int, End]]:
        found: list[Line | None] = []
        ends: dict[int, End] = {}
        rest = iter(raws)
        while True:
            try:
                # Where one is refused, those before it are in the list, and the rest is still to come.
                found.extend(map(self._readers[0], rest))  # type: ignore[arg-type]  # a Trouble is refused
                return found, ends
            except _NO_LINE:
                raw = raws[len(found)]
                end = None if isinstance(raw, Trouble) else _end(raw)
                if end is None:
                    found.append(self._other(raw))
                else:
                    ends[len(found)] = end
                    found.append(None)

    def _other(self, raw: bytes | Trouble) -> Line | None:
        if isinstance(raw, Trouble):
            return None
        try:
            line = self._readers[1](raw)
        except _REFUSED:
            return None
        self._readers = self._readers[::-1]
        return line


def _is_long(raw: bytes | Trouble, limits: Limits) -> bool:
    return not isinstance(raw, Trouble) and len(raw) > limits.line


def _too_long(limits: Limits) -> Trouble:
    return Trouble(code="bad-line", message=f"the line is longer than {limits.line:,} bytes and was skipped")
