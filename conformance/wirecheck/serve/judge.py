"""What clients do, judged while they do it.

Law: everything that goes over a connection becomes a record here, in the order in which the server sent and received
it, and is judged by one checker for the whole of the server's life. Memory is bounded by what the checker keeps.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from wirecheck.catalog import Dialect, Sender
from wirecheck.catalog.script import Credential
from wirecheck.check import Checker
from wirecheck.record import At, Closed, Message, Opened, Record, Trial
from wirecheck.redact import secrets_of
from wirecheck.report import Section, Shown
from wirecheck.report.evidence import PLACES, Place, Trail
from wirecheck.report.view import shown
from wirecheck.verdict import Report

_SURVIVES: Final = "unknown-frames-survive"
_SECRETS_KEPT: Final = 1_000
_PEACEFUL: Final = (1000, 1001, 1005)
"""The codes of a client that leaves for reasons of its own; 1005 stands for none."""


class Judge:
    """Judges the clients of one server. `secrets`, whole credentials or values of them, are never shown, no more than
    those that connections are opened with."""

    def __init__(self, dialect: Dialect, *, name: str, secrets: Iterable[str] = ()) -> None:
        self.dialect = dialect
        self._name = name
        headers = [{"cookie": secret, "authorization": secret} for secret in secrets]
        at = At(line=0, conn="")
        self._own = frozenset().union(*(secrets_of(Opened(at=at, headers=each)) for each in headers))
        self._checker = Checker(dialect, input=name, side="client", secrets=self._own)
        self._seen: dict[str, None] = {}
        self._trail = Trail(lambda text: shown(text, self._secrets()))
        self._evidence: dict[Place, tuple[Shown, ...]] = {}
        self._causes: set[tuple[str, ...]] = set()
        self._tries: dict[str, At] = {}
        self._line = 0
        self._report: Report | None = None

    def opened(
        self,
        conn: str,
        url: str,
        *,
        protocols: Sequence[str],
        headers: Mapping[str, str],
        auth: Credential,
    ) -> None:
        record = Opened(
            at=self._at(conn),
            url=url,
            subprotocols=tuple(protocols),
            headers=headers,
            sees=frozenset({"client", "server"}),
            vantage="server",
            auth=auth,
        )
        self._seen.update(dict.fromkeys(secrets_of(record, self.dialect)))
        while len(self._seen) > _SECRETS_KEPT:
            del self._seen[next(iter(self._seen))]
        self._judge(record)

    def sent(self, conn: str, text: str, *, unknown: bool) -> None:
        """The server sends a message; `unknown`: to see whether the client survives it."""
        record = Message(at=self._at(conn), sender="server", body=text)
        if unknown:
            self._tries.setdefault(conn, record.at)
        self._judge(record)

    def received(self, conn: str, body: str | bytes, *, legible: bool) -> None:
        """The client sent a message; `legible`: it is a frame that the document knows."""
        self._judge(Message(at=self._at(conn), sender="client", body=body, binary=isinstance(body, bytes)))
        if legible and self._tries.pop(conn, None) is not None:
            self._judge(Trial(at=self._at(conn), guarantee=_SURVIVES, outcome="held"))

    def expired(self, conn: str, guarantee: str, seconds: float) -> None:
        """The client let so many seconds pass without what the guarantee promises, and was there all the time."""
        self._judge(Trial(at=self._at(conn), guarantee=guarantee, outcome="expired", seconds=seconds))

    def closed(self, conn: str, code: int | None, *, by_client: bool | None) -> None:
        """The connection ended; `by_client` is None where nobody said so in a close frame."""
        at = self._tries.pop(conn, None)
        gone = by_client is None
        if at is not None and (gone or (by_client and code not in _PEACEFUL)):
            how = "went away without a close frame" if gone else f"closed with code {code}"
            says = f"after a frame of unknown kind, before any frame of its own, the client {how}"
            self._judge(Trial(at=at, guarantee=_SURVIVES, outcome="broken", says=says))
        sender: Sender | None = None if by_client is None else "client" if by_client else "server"
        self._judge(Closed(at=self._at(conn), code=code, sender=sender))

    def report(self) -> Report:
        """The report on all clients. It ends the judging: what they do afterwards is not looked at."""
        if self._report is None:
            self._report = self._checker.close()
        return self._report

    def section(self) -> Section:
        """The report with what stood around its findings, ready to be shown."""
        evidence = {(self._name, *place): found for place, found in self._evidence.items() if found}
        return Section(report=self.report(), evidence=evidence, secrets=self._secrets())

    def _at(self, conn: str) -> At:
        self._line += 1
        return At(line=self._line, conn=conn)

    def _secrets(self) -> frozenset[str]:
        return self._own.union(self._seen)

    def _judge(self, record: Record) -> None:
        if self._report is not None:
            return
        if not isinstance(record, Trial):
            self._trail.add(record)
        for finding in self._checker.receive(record):
            cause = (finding.code, *finding.cause)
            if cause not in self._causes and len(self._causes) < PLACES:
                self._causes.add(cause)
                place = (finding.at.line, finding.at.conn)
                self._evidence[place] = self._trail.around(place)
