"""A progress bar while a long capture is read.

Law: on standard error, on a terminal, and for captures over 50 MB alone; otherwise nothing is shown, counted or
imported.
"""

from __future__ import annotations

import io
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import BinaryIO, Final, cast

from wirecheck.capture import STANDARD_INPUT, label
from wirecheck.report.escape import printable

LONG: Final = 50_000_000


@contextmanager
def shown(stream: BinaryIO, name: str) -> Iterator[BinaryIO]:
    """`stream`, whose reading is shown where that is worth it; closed at the end unless it is standard input."""
    try:
        with advancing(name, 0 if name == STANDARD_INPUT else _stored(stream)) as advance:
            yield stream if advance is None else cast("BinaryIO", _Counted(stream, advance))
    finally:
        if name != STANDARD_INPUT:
            stream.close()


@contextmanager
def advancing(name: str, size: int) -> Iterator[Callable[[int], None] | None]:
    """What to tell how many more of `size` bytes are done; None where nothing is shown."""
    if size < LONG or not sys.stderr.isatty():
        yield None
        return
    from rich.console import Console
    from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn("{task.description}", markup=False), BarColumn(), DownloadColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(printable(os.path.basename(label(name))), total=size)
        yield partial(bar.advance, task)


def _stored(stream: BinaryIO) -> int:
    """How many bytes there are to read, as they are stored; nothing where nobody knows."""
    remote = getattr(getattr(stream, "raw", None), "size", None)
    if remote is not None:
        return int(remote)
    try:
        return os.fstat(stream.fileno()).st_size
    except (AttributeError, io.UnsupportedOperation):
        return 0


class _Counted:
    """A stream that tells how far it has been read."""

    def __init__(self, stream: BinaryIO, advance: Callable[[int], None]) -> None:
        self._stream = stream
        self._advance = advance

    def read(self, size: int = -1, /) -> bytes:
        block = self._stream.read(size)
        self._advance(len(block))
        return block
