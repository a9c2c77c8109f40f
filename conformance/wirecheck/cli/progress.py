"""A progress bar while a long capture is read.

Law: on standard error, on a terminal, and for captures over 50 MB alone; otherwise nothing is shown, counted or
imported.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, BinaryIO, Final, cast

from wirecheck.capture import STANDARD_INPUT
from wirecheck.report.escape import printable

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID

LONG: Final = 50_000_000


@contextmanager
def shown(stream: BinaryIO, name: str) -> Iterator[BinaryIO]:
    """`stream`, whose reading is shown where that is worth it; closed at the end unless it is standard input."""
    try:
        size = 0 if name == STANDARD_INPUT else os.fstat(stream.fileno()).st_size
        if size < LONG or not sys.stderr.isatty():
            yield stream
            return
        from rich.console import Console
        from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn

        columns = (TextColumn("{task.description}", markup=False), BarColumn(), DownloadColumn(), TimeRemainingColumn())
        with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
            task = bar.add_task(printable(os.path.basename(name)), total=size)
            yield cast("BinaryIO", _Counted(stream, bar, task))
    finally:
        if name != STANDARD_INPUT:
            stream.close()


class _Counted:
    """A stream that tells the bar how far it has been read."""

    def __init__(self, stream: BinaryIO, bar: Progress, task: TaskID) -> None:
        self._stream = stream
        self._bar = bar
        self._task = task

    def read(self, size: int = -1, /) -> bytes:
        block = self._stream.read(size)
        self._bar.advance(self._task, len(block))
        return block
