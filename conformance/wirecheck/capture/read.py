"""A file, or standard input, to records.

Law: which format a capture has is decided by what it says, never by its name. A capture that cannot be opened is our
user's mistake (`CaptureError`); one that cannot be read to its end is a finding, and comes as a `BadLine`.
"""

from __future__ import annotations

import io
import sys
from collections.abc import Iterator
from itertools import chain
from pathlib import Path
from typing import BinaryIO, Final

from wirecheck.capture import arrows, jsonl
from wirecheck.capture.lines import Limits, Trouble, numbered
from wirecheck.errors import CaptureError
from wirecheck.record import Record

STANDARD_INPUT: Final = "-"
_REMARKS_READ = 1000
_DEFAULT_LIMITS = Limits()


def read(source: str | Path | BinaryIO, *, limits: Limits = _DEFAULT_LIMITS) -> Iterator[Record]:
    """The records of one capture, in order. `source` is a path, `-` for standard input, or an open binary stream.

    Opening happens at the call and reading as the records are taken, so that a live stream can be judged while it
    runs. Raises `CaptureError` where there is nothing to open.
    """
    if isinstance(source, str | Path):
        stream, owned = open_capture(source), str(source) != STANDARD_INPUT
    else:
        stream, owned = source, False
    return _records(stream, owned, limits)


def open_capture(source: str | Path) -> BinaryIO:
    """The bytes of a path, or standard input for `-`. Raises `CaptureError` where there is nothing to open."""
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


def _records(stream: BinaryIO, owned: bool, limits: Limits) -> Iterator[Record]:
    try:
        lines = numbered(stream, limits)
        remarks: list[tuple[int, bytes | Trouble]] = []
        form = jsonl.records
        for number, line in lines:
            remarks.append((number, line))
            if not isinstance(line, Trouble) and arrows.is_remark(line) and len(remarks) < _REMARKS_READ:
                continue
            if not isinstance(line, Trouble) and arrows.looks_like_arrow(line):
                form = arrows.records
            break
        yield from form(chain(remarks, lines))
    finally:
        if owned:
            stream.close()
