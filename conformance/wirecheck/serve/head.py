"""The heads of HTTP messages, as a recorder in the middle passes them on.

Law: sans-I/O. What is not ours to change keeps its order, its spelling and its bytes; what belongs to one hop alone
(RFC 9110, 7.6.1) is made anew for the next. A head that cannot be read for certain is refused, because two readers who
disagree on where a message ends can be played against each other.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import Final

END: Final = b"\r\n\r\n"
MOST: Final = 64 * 1024
"""Bytes of a head that are read."""

_REQUEST: Final = re.compile(r"(GET) (/[\x21-\xff]*) (HTTP/1\.1)")
_ANSWER: Final = re.compile(r"(HTTP/1\.[01]) ([1-5][0-9]{2})(?: ([\t\x20-\xff]*))?")
_NAME: Final = re.compile(r"[-!#$%&'*+.^_`|~0-9A-Za-z]+")
_VALUE: Final = re.compile(r"[\t\x20-\x7e\x80-\xff]*")
_OFFER: Final = re.compile(r'(?:[^",]|"(?:[^"\\]|\\.)*")+')
_HOP: Final = frozenset({"connection", "keep-alive", "proxy-authenticate", "proxy-authorization", "proxy-connection"})
DEFLATE: Final = "permessage-deflate"


class Unreadable(Exception):
    """The head is none that can be passed on for certain; the text says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Head:
    """The first line in its three parts, and the fields as they came: latin-1 text, which keeps every byte."""

    start: tuple[str, str, str]
    fields: tuple[tuple[str, str], ...]

    def all(self, name: str) -> tuple[str, ...]:
        return tuple(value for field, value in self.fields if field.lower() == name)

    def words(self, name: str) -> frozenset[str]:
        """The members of a list such as `Connection: keep-alive, Upgrade`, in lower case."""
        return frozenset(word.strip().lower() for value in self.all(name) for word in value.split(","))

    def to_bytes(self) -> bytes:
        lines = (" ".join(self.start).rstrip(), *(f"{name}: {value}" for name, value in self.fields))
        return "\r\n".join(lines).encode("latin-1") + END


def request(raw: bytes) -> Head:
    """The head of a client's request, `raw` with its empty line. Raises `Unreadable`; a request with a body is one."""
    head = _head(raw, _REQUEST, "request of HTTP/1.1 for a WebSocket")
    if "transfer-encoding" in {name.lower() for name, _ in head.fields} or set(head.all("content-length")) - {"0"}:
        raise Unreadable("a request with a body; only WebSocket connections are passed on")
    return head


def answer(raw: bytes) -> Head:
    """The head of a server's answer, `raw` with its empty line. Raises `Unreadable`."""
    return _head(raw, _ANSWER, "answer of HTTP/1")


def is_upgrade(head: Head) -> bool:
    return "websocket" in head.words("upgrade") and "upgrade" in head.words("connection")


def onward(head: Head, *, target: str, host: str, authorization: str | None) -> Head:
    """The request as it goes to the upstream server at `host`.

    `authorization` is what the upstream's own address says, for clients that say nothing. Of the extensions offered,
    those are left out that nobody in the middle could read.
    """
    upgrades = is_upgrade(head)
    fields = [("Host", host)]
    for name, value in _of_both_hops(head):
        lower = name.lower()
        if lower == "host" or (lower == "upgrade" and not upgrades):
            continue
        if lower == "sec-websocket-extensions":
            value = ", ".join(offer for offer in offers(value) if _extension(offer) == DEFLATE)
            if not value:
                continue
        fields.append((name, value))
    if authorization is not None and not head.all("authorization"):
        fields.append(("Authorization", authorization))
    fields.append(("Connection", "Upgrade" if upgrades else "close"))
    return replace(head, start=(head.start[0], target, head.start[2]), fields=tuple(fields))


def back(head: Head) -> Head:
    """A refusal as it goes to the client: the connection ends with it."""
    return replace(head, fields=(*_of_both_hops(head), ("Connection", "close")))


def own(status: int, phrase: str, says: str) -> bytes:
    """A whole answer of ours, with a sentence for people."""
    body = (says + "\n").encode()
    head = Head(
        start=("HTTP/1.1", str(status), phrase),
        fields=(
            ("Content-Type", "text/plain; charset=utf-8"),
            ("Content-Length", str(len(body))),
            ("Connection", "close"),
        ),
    )
    return head.to_bytes() + body


def length(head: Head) -> int | None:
    """How long the body is; None where only its end tells."""
    lengths = set(head.all("content-length"))
    if head.start[1] in ("204", "304"):
        return 0
    if len(lengths) != 1 or head.all("transfer-encoding"):
        return None
    (said,) = lengths
    return int(said) if re.fullmatch(r"[0-9]{1,15}", said) else None


def offers(value: str) -> tuple[str, ...]:
    """The members of a `Sec-WebSocket-Extensions` field; commas in quotes part nothing."""
    return tuple(offer.strip() for offer in _OFFER.findall(value) if offer.strip())


def is_packed(answer: Head) -> bool:
    """Whether the two sides agreed on compression. Raises `Unreadable` where they agreed on anything else."""
    agreed = [offer for value in answer.all("sec-websocket-extensions") for offer in offers(value)]
    if len(agreed) > 1 or any(_extension(offer) != DEFLATE for offer in agreed):
        raise Unreadable(f"the extensions {', '.join(agreed)!a}, which cannot be read")
    return bool(agreed)


def _extension(offer: str) -> str:
    return offer.partition(";")[0].strip().lower()


def _head(raw: bytes, form: re.Pattern[str], what: str) -> Head:
    first, *lines = raw.decode("latin-1").removesuffix("\r\n\r\n").split("\r\n")
    start = form.fullmatch(first)
    if start is None:
        raise Unreadable(f"no {what}")
    fields = []
    for line in lines:
        name, _, value = line.partition(":")
        value = value.strip(" \t")
        if _NAME.fullmatch(name) is None or _VALUE.fullmatch(value) is None:
            raise Unreadable("a header field that is none (RFC 9112, 5)")
        fields.append((name, value))
    one, two, three = start.groups(default="")
    return Head(start=(one, two, three), fields=tuple(fields))


def _of_both_hops(head: Head) -> tuple[tuple[str, str], ...]:
    """The fields that are not for the next hop alone; `Upgrade` is named as one that is, and is what it is all for."""
    named = head.words("connection") - {"upgrade", "close"}
    return tuple((name, value) for name, value in head.fields if name.lower() not in _HOP and name.lower() not in named)
