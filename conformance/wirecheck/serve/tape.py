"""Records to a capture file, one at a time, while they happen.

Law: a line is written whole and flushed before the next record is looked at, so that whatever ends the process leaves
a capture that can be read. A file that is there already is nobody's to overwrite but our user's. Where nothing can be
written any more, that is said once, and what is recorded goes on without a file.
"""

from __future__ import annotations

import gzip
import os
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import BinaryIO, Final, cast

from wirecheck.capture.write import line_of
from wirecheck.errors import UsageError
from wirecheck.record import Opened, Record
from wirecheck.redact import MARK

_PLAIN: Final = frozenset(
    {
        "accept",
        "accept-encoding",
        "accept-language",
        "cache-control",
        "connection",
        "content-length",
        "host",
        "origin",
        "pragma",
        "sec-websocket-extensions",
        "sec-websocket-protocol",
        "sec-websocket-version",
        "upgrade",
        "user-agent",
    }
)
"""Headers that are recorded with their value. Any other may carry a credential, however it is called."""


class Tape:
    """A capture that is being written; one that ends in `.gz` is compressed. `open` it first."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.lines = 0
        """Records so far, those included that could not be written."""
        self.trouble: str | None = None
        """Why nothing is written any more."""
        self._file: BinaryIO | None = None
        self._stream: BinaryIO | None = None

    def open(self, *, force: bool = False) -> None:
        """Begin; `force` overwrites a file of that name. Raises `UsageError` where it is there, or cannot be made."""
        flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | (os.O_TRUNC if force else os.O_EXCL)
        try:
            # What agents and people say to each other is for nobody else's eyes.
            self._file = os.fdopen(os.open(self.path, flags, 0o600), "wb")
        except FileExistsError as error:
            raise UsageError(
                f"{self.path}: there is such a file already; name another, or overwrite it: --force"
            ) from error
        except OSError as error:
            reason = error.strerror or error
            raise UsageError(f"{self.path}: cannot be written ({reason}); name another file") from error
        self._stream = self._file
        if self.path.suffix == ".gz":
            self._stream = cast("BinaryIO", gzip.GzipFile(filename="", mode="wb", fileobj=self._file, mtime=0))

    def write(self, record: Record, secrets: frozenset[str]) -> Record:
        """The record with the line that it has in the file. `secrets` are left out of it."""
        self.lines += 1
        placed = replace(record, at=replace(record.at, line=self.lines))
        if self.trouble is None and self._file is not None and self._stream is not None:
            written = replace(placed, headers=_plain(placed.headers)) if isinstance(placed, Opened) else placed
            try:
                self._stream.write(line_of(written, secrets))
                self._stream.flush()
                self._file.flush()
            except OSError as error:
                self.trouble = error.strerror or str(error)
        return placed

    def close(self) -> None:
        """Nothing more comes."""
        for stream in (self._stream, self._file):
            try:
                if stream is not None:
                    stream.close()
            except OSError as error:
                self.trouble = self.trouble or error.strerror or str(error)


def _plain(headers: Mapping[str, str]) -> Mapping[str, str]:
    return {name: value if name.lower() in _PLAIN else MARK for name, value in headers.items()}
