"""What a conversation shows: judged at once, and kept as a capture.

Law: one order for everything that is seen on all connections, one line of the capture for each record, so that a
finding's line is the capture's. What is judged is what was seen; what is written has lost its secrets. Memory is
bounded: a capture that grows goes to a nameless file, which is gone with whoever holds it.
"""

from __future__ import annotations

import os
import shutil
import tempfile
import time
import weakref
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import BinaryIO, Final, cast

from wirecheck.capture import read
from wirecheck.capture.write import line_of
from wirecheck.catalog import Dialect
from wirecheck.catalog.model import Sender
from wirecheck.check import Checker
from wirecheck.drive.handshake import Handshake
from wirecheck.drive.target import Limits
from wirecheck.drive.wire import Ending
from wirecheck.record import At, Closed, Message, Opened, Record, Trial
from wirecheck.report import Shown
from wirecheck.report.evidence import Place, surroundings
from wirecheck.report.view import shown
from wirecheck.verdict import Finding, Report

_IN_MEMORY: Final = 256 * 1024
"""Bytes of a capture that needs no file; there may be a thousand at once."""
_BOTH: Final[frozenset[Sender]] = frozenset({"client", "server"})


class Spool:
    """A capture that nobody has asked to keep: it lasts as long as this value, unless it is saved."""

    def __init__(self) -> None:
        self.lines = 0
        self._file = cast("BinaryIO", tempfile.SpooledTemporaryFile(max_size=_IN_MEMORY))  # noqa: SIM115
        weakref.finalize(self, self._file.close)

    def write(self, line: bytes) -> None:
        self.lines += 1
        self._file.write(line)

    def records(self) -> Iterator[Record]:
        """What was written, from its beginning. To be read to the end before more is written."""
        self._file.seek(0)
        return read(self._file)

    def save(self, path: Path) -> None:
        """Write the capture to a file. Raises `OSError`."""
        with path.open("wb") as file:
            self._file.seek(0)
            shutil.copyfileobj(self._file, file)

    def around(self, places: list[Place], secrets: frozenset[str]) -> dict[Place, tuple[Shown, ...]]:
        """The records that stand around each place, fit to be shown."""
        found = surroundings(self.records(), places, lambda text: shown(text, secrets)) if places else {}
        self._file.seek(0, os.SEEK_END)
        return found


class Recorder:
    """Takes what one attempt shows. `heard` and `volume` count messages, and their bytes, that the server sent.

    `exclusive`: nobody else takes part in the sessions that it shows. `watch` is told of each record, and of what the
    checker found in it.
    """

    def __init__(
        self,
        dialect: Dialect,
        spool: Spool,
        limits: Limits,
        *,
        name: str,
        secrets: frozenset[str],
        exclusive: bool = True,
        watch: Callable[[Record, tuple[Finding, ...]], None] | None = None,
    ) -> None:
        self.secrets = secrets
        self._exclusive = exclusive
        self._watch = watch
        self.heard = 0
        self.volume = 0
        self._spool = spool
        self._limits = limits
        self._checker = Checker(dialect, input=name, side="server", secrets=secrets)
        self._report: Report | None = None

    @property
    def flooded(self) -> bool:
        """Whether the server sent more than is taken in."""
        return self.heard > self._limits.max_frames or self.volume > self._limits.max_bytes

    def opened(self, conn: str, asked: Handshake) -> None:
        self._take(
            Opened(
                at=self._at(conn),
                url=asked.url,
                subprotocols=asked.subprotocols,
                headers=asked.headers,
                sees=_BOTH,
                vantage="client",
                exclusive=self._exclusive,
                auth=asked.auth,
            )
        )

    def message(self, conn: str, sender: Sender, body: str | bytes, *, binary: bool = False) -> None:
        if sender == "server":
            self.heard += 1
            self.volume += len(body)
            if self.flooded:
                return
        self._take(Message(at=self._at(conn), sender=sender, body=body, binary=binary))

    def closed(self, conn: str, ending: Ending) -> None:
        self._take(Closed(at=self._at(conn), code=ending.code, sender=ending.sender))

    def held(self, conn: str, guarantee: str) -> None:
        self._take(Trial(at=self._at(conn), guarantee=guarantee, outcome="held"))

    def broken(self, conn: str, guarantee: str, says: str) -> None:
        self._take(Trial(at=self._at(conn), guarantee=guarantee, outcome="broken", says=says))

    def expired(self, conn: str, guarantee: str, seconds: float) -> None:
        self._take(Trial(at=self._at(conn), guarantee=guarantee, outcome="expired", seconds=seconds))

    def report(self) -> Report:
        """End what is open and judge it. The same report at every call; nothing can be taken after the first."""
        if self._report is None:
            self._report = self._checker.close()
        return self._report

    def _at(self, conn: str) -> At:
        return At(line=self._spool.lines + 1, conn=conn, t=round(time.time(), 6))

    def _take(self, record: Record) -> None:
        if self._report is None:
            self._spool.write(line_of(record, self.secrets))
            found = self._checker.receive(record)
            if self._watch is not None:
                self._watch(record, found)
