"""Records to lines of our own capture format: the inverse of `jsonl`.

Law: what is written can be read again and says the same, but for secrets: those that are known are replaced, in every
spelling, before a byte is written, and the handshake (URL, subprotocols, headers) loses whatever looks like one.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping
from typing import Any

import orjson

from wirecheck.record import BadLine, Closed, Message, Opened, Record, Trial
from wirecheck.redact import MARK, longest_first, redact


def line_of(record: Record, secrets: frozenset[str] = frozenset()) -> bytes:
    """One line, its end included. `secrets` are what `redact.secrets_of` finds, and whatever else must not be shown.

    A `BadLine` is no record that could be written: `ValueError`.
    """
    at = record.at
    head: dict[str, Any] = {"conn": at.conn} if at.t is None else {"conn": at.conn, "t": at.t}
    match record:
        case Opened():
            members = {**head, "kind": "open", **_opening(record, secrets)}
        case Message():
            members = {**head, "from": record.sender, **_body(record, secrets)}
        case Closed():
            members = {**head, "kind": "close"}
            if record.code is not None:
                members["code"] = record.code
            if record.sender is not None:
                members["from"] = record.sender
        case Trial():
            members = {**head, "kind": "trial", "guarantee": record.guarantee, "outcome": record.outcome}
            if record.seconds is not None:
                members["seconds"] = record.seconds
            if record.says:
                members["says"] = redact(record.says, secrets)
        case BadLine():
            raise ValueError("a line that is no record cannot be written as one")
    return orjson.dumps(members, option=orjson.OPT_APPEND_NEWLINE)


def _opening(record: Opened, secrets: frozenset[str]) -> Mapping[str, Any]:
    members: dict[str, Any] = {}
    if record.url is not None:
        members["url"] = redact(record.url, secrets)
    if record.subprotocols:
        members["subprotocols"] = [redact(one, secrets) for one in record.subprotocols]
    if record.headers:
        members["headers"] = {name: redact(value, secrets) for name, value in record.headers.items()}
    if record.sees is not None:
        members["sees"] = sorted(record.sees)
    if record.vantage is not None:
        members["at"] = record.vantage
    if record.exclusive:
        members["exclusive"] = True
    if record.auth is not None:
        members["auth"] = record.auth
    return members


def _body(record: Message, secrets: frozenset[str]) -> Mapping[str, Any]:
    """A message to the byte, but for known secrets: what merely looks like one may be what the frame is about."""
    if record.has_value:
        text = orjson.dumps(record.value).decode()
        hidden = _hidden(text, secrets)
        return {"json": record.value if hidden == text else orjson.loads(hidden)}
    if isinstance(record.body, str) and not record.binary:
        return {"text": _hidden(record.body, secrets)}
    body = record.body if isinstance(record.body, bytes) else record.body.encode("utf-8", "surrogatepass")
    for secret in longest_first(secrets):
        body = body.replace(secret.encode("utf-8", "surrogatepass"), MARK.encode())
    return {"binary": base64.b64encode(body).decode("ascii")}


def _hidden(text: str, secrets: frozenset[str]) -> str:
    for secret in longest_first(secrets):
        text = text.replace(secret, MARK)
    return text
