"""A file, or standard input, to records.

Law: which format a capture has is decided by what it says, never by its name. A capture that cannot be opened is our
user's mistake (`CaptureError`); one that cannot be read to its end is a finding, and comes as a `BadLine`.
"""

from __future__ import annotations

import io
import os
import stat
import sys
from collections.abc import Callable, Iterable, Iterator
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, Final

from wirecheck.capture import arrows, jsonl
from wirecheck.capture.lines import ZSTD, Limits, Trouble, cut, is_packed, numbered, unpacked
from wirecheck.capture.places import STANDARD_INPUT, is_remote
from wirecheck.errors import CaptureError
from wirecheck.record import Record

if TYPE_CHECKING:
    from wirecheck.capture.blocks import Block

_REMARKS_READ: Final = 1000
_REMARKS_HELD: Final = 1024 * 1024
_DEFAULT_LIMITS = Limits()

_Numbered = tuple[int, bytes | Trouble]


def read(source: str | Path | BinaryIO, *, limits: Limits = _DEFAULT_LIMITS) -> Iterator[Record]:
    """The records of one capture, in order. `source` is what `open_capture` opens, or an open binary stream.

    Opening happens at the call and reading as the records are taken, so that a live stream can be judged while it
    runs. Raises `CaptureError` where there is nothing to open.
    """
    if isinstance(source, str | Path):
        stream, owned = open_capture(source), str(source) != STANDARD_INPUT
    else:
        stream, owned = source, False
    return _records(stream, owned, limits)


def read_blocks(stream: BinaryIO, *, limits: Limits = _DEFAULT_LIMITS) -> tuple[Iterator[Block], Iterator[Record]]:
    """The blocks of lines of a capture that is JSON Lines, or the records of one that is a transcript in arrows.

    One of the two is empty. Together they say what `read` says; blocks are quicker. `stream` is at its start, and may
    be packed. Its first line is read at the call.
    """
    from wirecheck.capture.blocks import blocks

    pieces = unpacked(stream, limits.block)
    taken: list[bytes | Trouble] = []

    def noted() -> Iterator[bytes | Trouble]:
        for piece in pieces:
            taken.append(piece)
            yield piece

    form = _form(cut(noted(), limits), [])
    whole = chain(taken, pieces)
    if form is jsonl.records:
        return blocks(whole, limits), iter(())
    return iter(()), form(cut(whole, limits))


def open_capture(source: str | Path) -> BinaryIO:
    """The bytes of a path, of a remote place (`s3://bucket/key`, `https://…`), or standard input for `-`.

    They are as they are stored, still packed if they are packed. The stream can seek where the place can; remote ones
    are read ahead. Raises `CaptureError` where there is nothing to open.
    """
    if is_remote(source):
        from wirecheck.capture import remote

        return remote.opened(str(source))
    if str(source) == STANDARD_INPUT:
        if sys.stdin is None:
            raise CaptureError("-: standard input is closed; name a file, or give it a capture to read")
        return sys.stdin.buffer
    try:
        stream = io.BufferedReader(io.FileIO(source), buffer_size=1 << 16)
    except FileNotFoundError as error:
        raise CaptureError(f"{source}: there is no such file; name a capture, a folder of captures, or - ") from error
    except IsADirectoryError as error:
        raise CaptureError(f"{source}: this is a folder; name a capture in it") from error
    except PermissionError as error:
        raise CaptureError(f"{source}: no permission to read it; change its mode or its owner") from error
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else error
        raise CaptureError(f"{source}: cannot be opened ({reason})") from error
    try:
        stream.peek(1)
    except OSError as error:
        stream.close()
        raise CaptureError(f"{source}: cannot be read ({error.strerror or error})") from error
    return stream


def size_of(source: str | Path) -> int | None:
    """How many bytes are stored there; None for standard input, a pipe, and a server that does not say.

    Raises `CaptureError` where there is nothing to open.
    """
    if str(source) == STANDARD_INPUT:
        return None
    if is_remote(source):
        from wirecheck.capture import remote

        return remote.size_of(str(source))
    with open_capture(source) as stream:
        status = os.fstat(stream.fileno())
    return status.st_size if stat.S_ISREG(status.st_mode) else None


def is_plain(source: str | Path) -> bool:
    """Whether a part of it can be read by itself: JSON Lines, not packed, in a place that can seek and has a size.

    Raises `CaptureError` where there is nothing to open.
    """
    if str(source) == STANDARD_INPUT or _is_pipe(source):
        return False
    with open_capture(source) as stream:
        if not stream.seekable():
            return False
        try:
            packed = is_packed(stream.read(len(ZSTD)))
            stream.seek(0)
        except OSError:
            return False  # whoever reads it says why it cannot be read
        if packed:
            return False
        lines = numbered(stream, _DEFAULT_LIMITS)
        return _form(lines, []) is jsonl.records


def _is_pipe(source: str | Path) -> bool:
    return not is_remote(source) and os.path.exists(source) and not os.path.isfile(source)


def _records(stream: BinaryIO, owned: bool, limits: Limits) -> Iterator[Record]:
    try:
        lines = numbered(stream, limits)
        begun: list[_Numbered] = []
        form = _form(lines, begun)
        yield from form(chain(begun, lines))
    finally:
        if owned:
            stream.close()


def _form(lines: Iterator[_Numbered], begun: list[_Numbered]) -> Callable[[Iterable[_Numbered]], Iterator[Record]]:
    """What makes records of these lines, told from the first that is no remark; `begun` gets those that were taken."""
    held = 0
    for number, line in lines:
        begun.append((number, line))
        if not isinstance(line, Trouble):
            held += len(line)
            if arrows.is_remark(line) and len(begun) < _REMARKS_READ and held < _REMARKS_HELD:
                continue
            if arrows.looks_like_arrow(line):
                return arrows.records
        break
    return jsonl.records
