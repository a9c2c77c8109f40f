"""Recorded connections, as scripts to be played again.

Law: a capture's records in, frozen values out. What a message is called is its tag, and what it says is compared with
what was recorded; whether it should have been said is not asked here.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any, Final

from wirecheck.catalog import Dialect
from wirecheck.catalog.model import Sender
from wirecheck.errors import UsageError
from wirecheck.record import BadLine, Closed, Message, Opened, Record
from wirecheck.redact import MARK
from wirecheck.scenario.values import serialised
from wirecheck.strict import pointer_to

MESSAGES_MOST: Final = 1_000_000
SIZE_MOST: Final = 256 * 1024 * 1024
"""Characters and bytes of all messages together."""
_PLACES_SHOWN: Final = 5
_DEPTH: Final = 128


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """One recorded message: its line in the capture, who said it, and its text or, of a binary message, its bytes."""

    line: int
    sender: Sender
    body: str | bytes


@dataclass(slots=True, kw_only=True)
class Recorded:
    """One recorded connection. `target` is the path and query, None where the opening was not recorded."""

    target: str | None
    subprotocols: tuple[str, ...]
    said: list[Said] = field(default_factory=list)
    closed: Closed | None = None


def recorded(records: Iterable[Record], *, name: str) -> tuple[tuple[Recorded, ...], tuple[str, ...]]:
    """The connections of a capture in the order in which they began, and what is wrong with it, a sentence each.

    Raises `UsageError` where there is nothing to play, or more than is kept.
    """
    found: list[Recorded] = []
    current: dict[str, Recorded] = {}
    wrong: list[str] = []
    messages = size = 0
    for record in records:
        conn = record.at.conn
        match record:
            case Opened():
                current[conn] = Recorded(target=_target(record.url), subprotocols=record.subprotocols)
                found.append(current[conn])
            case Message():
                if conn not in current:
                    current[conn] = Recorded(target=None, subprotocols=())
                    found.append(current[conn])
                said = Said(line=record.at.line, sender=record.sender, body=_body(record))
                current[conn].said.append(said)
                messages, size = messages + 1, size + len(said.body)
            case Closed():
                if conn in current:
                    current.pop(conn).closed = record
            case BadLine():
                wrong.append(f"line {record.at.line} is no record, and is not played: {record.message}")
        if messages > MESSAGES_MOST or size > SIZE_MOST:
            raise UsageError(f"{name}: more than can be played again; cut out the connections that matter")
    if not found:
        raise UsageError(f"{name}: holds no connection that could be played; record one with `wirecheck record`")
    return tuple(found), tuple(wrong)


def kind_of(dialect: Dialect, body: str | bytes) -> tuple[str, Any]:
    """What a message is called, and its value: its tag, or what stands for one where it has none."""
    try:
        value = json.loads(body)
    except (ValueError, RecursionError):
        return "a message that is no JSON", None
    tag = value.get(dialect.envelope.tag) if isinstance(value, dict) else None
    if isinstance(tag, str):
        return tag, value
    return ("a frame without a tag" if isinstance(value, dict) else "a message that is no object"), value


def differences(was: Any, is_: Any) -> str:
    """Where a message says something else than the recorded one, as pointers; empty where it says the same.

    What was left out of the capture as a secret differs from nothing.
    """
    places = _differing(was, is_, ())
    shown = [pointer_to(place) or "its whole" for _, place in zip(range(_PLACES_SHOWN), places, strict=False)]
    more = " and elsewhere" if next(places, None) is not None else ""
    return ", ".join(shown) + more


def _differing(was: Any, is_: Any, place: tuple[Any, ...]) -> Iterator[tuple[Any, ...]]:
    if isinstance(was, dict) and isinstance(is_, dict) and len(place) < _DEPTH:
        for name in dict.fromkeys((*was, *is_)):
            if name in was and name in is_:
                yield from _differing(was[name], is_[name], (*place, name))
            else:
                yield (*place, name)
    elif isinstance(was, list) and isinstance(is_, list) and len(was) == len(is_) and len(place) < _DEPTH:
        for index, (one, other) in enumerate(zip(was, is_, strict=True)):
            yield from _differing(one, other, (*place, index))
    elif was != is_ and not (isinstance(was, str) and MARK in was):
        yield place


def _target(url: str | None) -> str | None:
    """The path and query of an address; `/` where it has neither."""
    if url is None:
        return None
    rest = url.partition("#")[0].partition("://")[2] or url
    path, mark, query = rest.partition("?")
    _, slash, below = path.partition("/")
    return f"/{below if slash else ''}{mark}{query}"


def _body(message: Message) -> str | bytes:
    if message.has_value:
        return serialised(message.value)
    return message.body
