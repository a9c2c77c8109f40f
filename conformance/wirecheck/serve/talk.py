"""One connection that goes through a proxy, as records.

Law: it hears copies of the bytes, and says what they were; it cannot hold them up. What is given away here names its
secrets, so that whoever writes it down leaves them out.
"""

from __future__ import annotations

import codecs
import time
from collections.abc import Iterable, Mapping, Sequence
from typing import Final, Protocol

from wirecheck.catalog import Dialect
from wirecheck.catalog.model import SENDERS, Sender
from wirecheck.record import At, Closed, Message, Opened, Record
from wirecheck.redact import secrets_of
from wirecheck.serve import head, tap

_ABNORMAL: Final = 1006


class Log(Protocol):
    """Who is told what happens. `secrets` must not be written down; neither method raises."""

    def note(self, record: Record, secrets: frozenset[str]) -> None:
        """A record, in the order of what happened. Its line is for whoever keeps it to say."""

    def say(self, sentence: str, secrets: frozenset[str]) -> None:
        """Something that is no record and that people should know."""


class Talk:
    """What two sides say on one open connection. Without taps nothing of it is recorded."""

    def __init__(self, conn: str, secrets: frozenset[str], log: Log, taps: Mapping[Sender, tap.Tap]) -> None:
        self._conn = conn
        self._secrets = secrets
        self._log = log
        self._taps = taps
        self._close: tuple[int, Sender] | None = None

    def heard(self, sender: Sender, data: bytes) -> None:
        """These bytes came from `sender`."""
        if sender not in self._taps:
            return
        try:
            for event in self._taps[sender].feed(data):
                if isinstance(event, tap.Whole):
                    self._message(sender, event)
                elif self._close is None:
                    self._close = event.code, sender
        except tap.Unreadable as why:
            self._say(f"the {sender} sent {why}; from here on it is passed on unrecorded")
            self._log.note(Closed(at=self._at()), self._secrets)
            self._forget()

    def ended(self, first: Sender | None, *, over: bool) -> None:
        """Nothing more is recorded. Without a close frame, `first` is who ended the connection if it is `over`."""
        if self._taps and (over or self._close is not None):
            code, sender = self._close or (_ABNORMAL, first)
            self._log.note(Closed(at=self._at(), code=code, sender=sender), self._secrets)
        self._forget()

    def _forget(self) -> None:
        for each in self._taps.values():
            each.close()
        self._taps = {}

    def _message(self, sender: Sender, whole: tap.Whole) -> None:
        if whole.size > len(whole.body):
            kept = f"only its first {len(whole.body):,} are recorded"
            self._say(f"a message of {whole.size:,} bytes from the {sender}; {kept}")
        body = whole.body if whole.binary else _text(whole)
        self._log.note(Message(at=self._at(), sender=sender, body=body, binary=whole.binary), self._secrets)

    def _say(self, sentence: str) -> None:
        self._log.say(f"connection {self._conn}: {sentence}", self._secrets)

    def _at(self) -> At:
        return At(line=0, conn=self._conn, t=_now())


def talk(
    conn: str,
    asked: head.Head,
    answer: head.Head,
    *,
    url: str,
    exclusive: bool,
    known: frozenset[str],
    dialects: Sequence[Dialect],
    log: Log,
    budget: tap.Budget,
) -> Talk:
    """The connection that `answer` opened; its record is noted. `url` is what was asked for, `known` are secrets."""
    headers: dict[str, str] = {}
    for name, value in asked.fields:
        apart = "; " if name.lower() == "cookie" else ", "
        headers[name] = f"{headers[name]}{apart}{value}" if name in headers else value
    words = (word.strip() for value in asked.all("sec-websocket-protocol") for word in value.split(","))
    opened = Opened(
        at=At(line=0, conn=conn, t=_now()),
        url=url,
        subprotocols=tuple(word for word in words if word),
        headers=headers,
        sees=frozenset(SENDERS),
        vantage="proxy",
        exclusive=exclusive,
    )
    given = (("set-cookie", value.partition(";")[0]) for value in answer.all("set-cookie"))
    secrets = known | _secrets(opened, (*asked.fields, *given), dialects)
    try:
        packed = head.is_packed(answer)
    except head.Unreadable as why:
        log.say(f"connection {conn}: they agreed on {why}; it is passed on unrecorded", secrets)
        return Talk(conn, secrets, log, {})
    log.note(opened, secrets)
    taps = {sender: tap.Tap(masked=sender == "client", packed=packed, budget=budget) for sender in SENDERS}
    return Talk(conn, secrets, log, taps)


def _text(whole: tap.Whole) -> str | bytes:
    """The message as text; as bytes where it is none, and that is its sender's fault."""
    try:
        if whole.size == len(whole.body):
            return whole.body.decode("utf-8")
        return codecs.utf_8_decode(whole.body, "strict", False)[0]  # the cut may have gone through a character
    except UnicodeDecodeError:
        return whole.body


def _secrets(opened: Opened, fields: Iterable[tuple[str, str]], dialects: Sequence[Dialect]) -> frozenset[str]:
    """The credentials of a connection; each field by itself, as one name may come more than once."""
    found: set[str] = set()
    each_by_itself = [Opened(at=opened.at, headers={name: value}) for name, value in fields]
    for dialect in dialects or (None,):
        for one in (opened, *each_by_itself):
            found |= secrets_of(one, dialect)
    return frozenset(found)


def _now() -> float:
    return round(time.time(), 6)
