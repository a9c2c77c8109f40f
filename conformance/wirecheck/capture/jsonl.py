"""One line of our own capture format to a record.

Law: knows the members of a record and their types (docs/capture.md), and nothing of what a message says. A line that
is no record becomes a `BadLine` that says why; nothing is raised and nothing is guessed.
"""

from __future__ import annotations

import base64
import binascii
import json
import math
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final, Literal, cast

import orjson

from wirecheck.capture import quick
from wirecheck.capture.lines import Last, Trouble
from wirecheck.catalog.model import Sender
from wirecheck.record import At, BadLine, Closed, Credential, Message, Opened, Record, Trial, Vantage

DEFAULT_CONN: Final = "1"
_SENDERS: Final = ("client", "server")
_VANTAGES: Final = ("client", "server", "proxy")
_CREDENTIALS: Final = ("good", "bad", "missing")
_OUTCOMES: Final = ("held", "broken", "expired")
_BODIES: Final = ("text", "json", "binary")
_END_OF_TIME: Final = 1 << 63
_RFC_3339: Final = re.compile(
    r"\d{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12]\d|3[01])[Tt ]"
    r"(?:[01]\d|2[0-3]):[0-5]\d:(?:[0-5]\d|60)(?:\.\d+)?(?:[Zz]|[+-](?:[01]\d|2[0-3]):[0-5]\d)\Z",
    re.ASCII,
).match


class _Wrong(Exception):
    """Why a line is no record."""


def records(lines: Iterable[tuple[int, bytes | Trouble]]) -> Iterator[Record]:
    """A record for each line that is not blank."""
    loads, timely = orjson.loads, _RFC_3339
    for number, line in lines:
        if line.__class__ is bytes:
            try:
                members = loads(line)
            except ValueError:
                members = None
            if members.__class__ is dict and "kind" not in members:
                text = members.get("text")
                sender = members.get("from")
                conn = members.get("conn")
                t = members.get("t")
                if (
                    text.__class__ is str
                    and (sender == "server" or sender == "client")
                    and conn.__class__ is str
                    and (t is None or t.__class__ is float or (t.__class__ is str and timely(t)))
                    and "json" not in members
                    and "binary" not in members
                ):
                    yield quick.message(quick.at(number, conn, t), sender, text)
                    continue
        if isinstance(line, Trouble):
            yield BadLine(at=At(line=number, conn=""), code=line.code, message=line.message)
        elif line.strip():
            yield record_of(line, number)


def record_of(line: bytes, number: int) -> Record:
    """The record of one line that is not blank; `number` is its 1-based place in the input."""
    try:
        members = _members(line)
    except _Wrong as wrong:
        return BadLine(at=At(line=number, conn=""), code="bad-line", message=str(wrong))
    conn = members.get("conn", DEFAULT_CONN)
    try:
        if not isinstance(conn, str):
            raise _Wrong(f'"conn" must be a string, not {_said(conn)}')
        at = At(line=number, conn=conn, t=_time(members))
        kind = members.get("kind")
        if kind is None:
            return _message(at, members)
        if kind == "open":
            return _opened(at, members)
        if kind == "close":
            return _closed(at, members)
        if kind == "trial":
            return _trial(at, members)
        raise _Wrong(f'"kind" must be "open", "close", "trial" or absent (a message), not {_said(kind)}')
    except _Wrong as wrong:
        known = conn if isinstance(conn, str) and "conn" in members else ""
        return BadLine(at=At(line=number, conn=known), code="bad-line", message=str(wrong))


def _members(line: bytes) -> dict[str, Any]:
    try:
        value = orjson.loads(line)
    except ValueError:
        value = _leniently(line)
    if not isinstance(value, dict):
        # Without the text itself: equal mistakes must read alike, to be grouped.
        found = "a string" if isinstance(value, str) else _said(value)
        raise _Wrong(f"a record is a JSON object, and this is {found}")
    return value


def _leniently(line: bytes) -> Any:
    """What the strict reader refused: lone surrogates and NaN are the message's fault, and not the capture's."""
    try:
        return json.loads(line.decode("utf-8"))
    except UnicodeDecodeError as error:
        raise _Wrong(f"not UTF-8 (byte {error.start + 1} of the line)") from error
    except RecursionError as error:
        raise _Wrong("nested too deeply to be a record; keep such a message as text") from error
    except ValueError as error:
        if isinstance(line, Last):
            raise _Wrong("the last line is cut off: it has no end, and what there is of it is not JSON") from error
        reason = f"{error.msg}, column {error.colno}" if isinstance(error, json.JSONDecodeError) else str(error)
        raise _Wrong(f"not JSON ({reason})") from error


def _message(at: At, members: Mapping[str, Any]) -> Message:
    sender = members.get("from")
    if sender not in _SENDERS:
        raise _Wrong(f'a message needs "from", which is "client" or "server"{_instead(members, "from")}')
    given = [name for name in _BODIES if name in members]
    if len(given) != 1:
        found = " and ".join(f'"{name}"' for name in given) or "none of them"
        raise _Wrong(f'a message holds exactly one of "text", "json" and "binary"; this holds {found}')
    body = members[given[0]]
    if given[0] == "json":
        return Message(at=at, sender=sender, value=body, has_value=True)
    if not isinstance(body, str):
        raise _Wrong(f'"{given[0]}" must be a string, not {_said(body)}')
    if given[0] == "text":
        return Message(at=at, sender=sender, body=body)
    try:
        return Message(at=at, sender=sender, body=base64.b64decode(body, validate=True), binary=True)
    except (binascii.Error, ValueError) as error:
        raise _Wrong(f'"binary" is not base64 ({error})') from error


def _opened(at: At, members: Mapping[str, Any]) -> Opened:
    sees = _strings(members, "sees")
    if sees is not None and not set(sees) <= set(_SENDERS):
        other = next(one for one in sees if one not in _SENDERS)
        raise _Wrong(f'"sees" lists "client", "server" or both, not {_said(other)}')
    headers = members.get("headers")
    if headers is None:
        headers = {}
    if not isinstance(headers, dict):
        raise _Wrong(f'"headers" must be an object of strings, not {_said(headers)}')
    _all_strings(headers.values(), '"headers" must be an object of strings')
    return Opened(
        at=at,
        url=cast("str | None", _typed(members, "url", str, "a string")),
        subprotocols=_strings(members, "subprotocols") or (),
        headers=headers,
        sees=None if sees is None else frozenset(cast("tuple[Sender, ...]", sees)),
        vantage=cast("Vantage | None", _one_of(members, "at", _VANTAGES)),
        exclusive=bool(_typed(members, "exclusive", bool, "true or false")),
        auth=cast("Credential | None", _one_of(members, "auth", _CREDENTIALS)),
    )


def _closed(at: At, members: Mapping[str, Any]) -> Closed:
    code = members.get("code")
    if code is not None and (type(code) is not int or not 0 <= code <= 65535):
        raise _Wrong(f'"code" must be a close code (0 to 65535), not {_number(code)}')
    return Closed(at=at, code=code, sender=cast("Sender | None", _one_of(members, "from", _SENDERS)))


def _trial(at: At, members: Mapping[str, Any]) -> Trial:
    guarantee = _typed(members, "guarantee", str, "a string")
    outcome = _one_of(members, "outcome", _OUTCOMES)
    if guarantee is None or outcome is None:
        raise _Wrong('a trial needs "guarantee" and "outcome"')
    seconds = members.get("seconds")
    if seconds is not None and (type(seconds) not in (int, float) or not 0 <= seconds < _END_OF_TIME):
        raise _Wrong(f'"seconds" must be a number of seconds, not {_number(seconds)}')
    return Trial(
        at=at,
        guarantee=cast("str", guarantee),
        outcome=cast('Literal["held", "broken", "expired"]', outcome),
        seconds=seconds,
        says=cast("str", _typed(members, "says", str, "a string") or ""),
    )


def _time(members: Mapping[str, Any]) -> str | float | None:
    t = members.get("t")
    if t is None or (isinstance(t, str) and _RFC_3339(t)):
        return t
    if type(t) is int and abs(t) < _END_OF_TIME or type(t) is float and math.isfinite(t):
        return cast("float", t)
    found = "text of another form" if isinstance(t, str) else _number(t)
    raise _Wrong(f'"t" must be a time as RFC 3339 writes it (2026-01-31T12:00:00Z) or epoch seconds, not {found}')


def _strings(members: Mapping[str, Any], name: str) -> tuple[str, ...] | None:
    value = members.get(name)
    if value is None:
        return None
    if not isinstance(value, list):
        raise _Wrong(f'"{name}" must be a list of strings, not {_said(value)}')
    _all_strings(value, f'"{name}" must be a list of strings')
    return tuple(value)


def _all_strings(values: Iterable[object], rule: str) -> None:
    for value in values:
        if not isinstance(value, str):
            raise _Wrong(f"{rule}, and there is {_said(value)} in it")


def _typed(members: Mapping[str, Any], name: str, kind: type, called: str) -> object:
    value = members.get(name)
    if value is None or isinstance(value, kind):
        return value
    raise _Wrong(f'"{name}" must be {called}, not {_said(value)}')


def _one_of(members: Mapping[str, Any], name: str, words: tuple[str, ...]) -> str | None:
    value = members.get(name)
    if value is None or (isinstance(value, str) and value in words):
        return value
    listed = ", ".join(f'"{word}"' for word in words)
    raise _Wrong(f'"{name}" must be one of {listed}, not {_said(value)}')


def _instead(members: Mapping[str, Any], name: str) -> str:
    return f", not {_said(members[name])}" if name in members else ""


def _said(value: object) -> str:
    """A value as a message names it: its type, and a short scalar itself."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return json.dumps(value) if len(value) <= 20 else "a string"
    if isinstance(value, list):
        return "an array"
    if isinstance(value, dict):
        return "an object"
    return "a number"


def _number(value: object) -> str:
    """As `_said`, where some numbers are right: of one that is not, what is wrong with it."""
    if not isinstance(value, (int, float)) or isinstance(value, bool):
        return _said(value)
    if value != value:
        return "NaN"
    if value in (math.inf, -math.inf):
        return "a number beyond every double"
    return json.dumps(value) if abs(value) < _END_OF_TIME else "so large a number"
