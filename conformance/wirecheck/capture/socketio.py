"""Frames inside Socket.IO text, unwrapped: Engine.IO 4 and Socket.IO 5 as they lie in WebSocket messages.

Law: knows Engine.IO's and Socket.IO's packets and nothing of what an event carries. The transport's own packets
(open, ping, connect, acknowledgement …) vanish; the first argument of an event becomes a message, to the byte where
the packet holds it as text. A message that is no packet goes on unchanged, so that whoever judges messages sees it.
Connections that do not speak Socket.IO pass untouched.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Final
from urllib.parse import parse_qs

from wirecheck.catalog.model import Sender
from wirecheck.record import BadLine, Message, Opened, Record, Trial

# What a first message must look like, where the opening of the connection was not seen.
_FIRST: Final = re.compile(r"4(?:0(?:\Z|[{/])|1\Z|2(?:/[^,]*,)?\d*\[|3(?:/[^,]*,)?\d+\[|4[{/]|[56]\d+-)")
_HANDSHAKE: Final = re.compile(r'0\{.*"sid"', re.DOTALL)
# Engine.IO's packets without a payload of ours; the first four say too little to recognise a connection by.
_BARE: Final = frozenset({"2", "3", "2probe", "3probe", "1", "5", "6"})
_PACKET: Final = re.compile(r"4([0-6])(?:(\d{1,9})-)?(?:(/[^,]*)(?:,|\Z))?(\d*)")
_SPACE: Final = re.compile(r"[ \t\n\r]*")
_CONNECT, _DISCONNECT, _EVENT, _ACK, _REFUSED, _BINARY_EVENT, _BINARY_ACK = "0123456"
_HELD_MOST: Final = 16

_DECODER: Final = json.JSONDecoder()


@dataclass(slots=True, kw_only=True)
class _Attachments:
    """A packet whose binary parts are still to come; `wanted` is the one that is the frame, if any is."""

    packet: Message
    total: int
    wanted: int | None
    came: int = 0


class _Broken(Exception):
    """The text is no packet."""


class _Connection:
    """One connection that speaks Socket.IO: per sender, the attachments that it still owes."""

    __slots__ = ("_owed",)

    def __init__(self) -> None:
        self._owed: dict[Sender, _Attachments] = {}

    def frames(self, message: Message) -> Iterator[Message]:
        """What `message` carries: no frame, one, or (where it breaks a packet off) that packet as well."""
        if message.has_value:
            yield message
        elif message.binary or isinstance(message.body, bytes):
            yield from self._attachment(message)
        else:
            if message.body[:1] == "4" and (owed := self._owed.pop(message.sender, None)) is not None:
                yield owed.packet
            try:
                yield from self._text(message, message.body)
            except _Broken:
                yield message

    def _attachment(self, message: Message) -> Iterator[Message]:
        owed = self._owed.get(message.sender)
        if owed is None:
            yield message
            return
        place, owed.came = owed.came, owed.came + 1
        if owed.came == owed.total:
            del self._owed[message.sender]
        if place == owed.wanted and isinstance(message.body, bytes):
            try:
                yield replace(message, body=message.body.decode("utf-8"), binary=False)
            except UnicodeDecodeError:
                yield message

    def _text(self, message: Message, text: str) -> Iterator[Message]:
        if text in _BARE:
            return
        if text.startswith("0{"):
            _whole(text, 1)
            return
        packet = _PACKET.match(text)
        if packet is None:
            raise _Broken
        kind, attachments, namespace, ack = packet.groups()
        payload = packet.end()
        if (attachments is not None) != (kind in (_BINARY_EVENT, _BINARY_ACK)):
            raise _Broken
        total = int(attachments or 0)
        if kind in (_EVENT, _BINARY_EVENT):
            wanted, argument = _first_argument(text, payload)
            if attachments is None or wanted is None:
                wanted = None
                yield replace(message, body=argument)
            elif wanted >= total:
                raise _Broken
            self._owe(message, total, wanted)
        elif kind in (_ACK, _BINARY_ACK):
            if not ack:
                raise _Broken
            _whole(text, payload)
            self._owe(message, total, None)
        elif ack or (kind == _DISCONNECT and payload != len(text)):
            raise _Broken
        elif payload != len(text):
            _whole(text, payload)

    def _owe(self, packet: Message, total: int, wanted: int | None) -> None:
        if total:
            self._owed[packet.sender] = _Attachments(packet=packet, total=total, wanted=wanted)


class Unwrapping:
    """What is known of the connections of a capture while their frames are taken out of their packets, as a value.

    `plain`: connections that do not speak Socket.IO; their messages go on as they are. `held`: the first messages of
    those of which that is not known yet.
    """

    __slots__ = ("held", "plain", "socketio")

    def __init__(self) -> None:
        self.socketio: dict[str, _Connection] = {}
        self.plain: set[str] = set()
        self.held: dict[str, list[Message]] = {}

    def take(self, record: Record) -> Iterable[Record]:
        """What there is to judge now that this record came."""
        if isinstance(record, Message):
            return self._message(record)
        if isinstance(record, BadLine | Trial):
            return (record,)
        conn = record.at.conn
        before = self.over(conn)
        if isinstance(record, Opened) and record.url is not None:
            if _is_socketio(record.url):
                self.socketio[conn] = _Connection()
            else:
                self.plain.add(conn)
        return (*before, record)

    def opens(self, conn: str, url: str | None) -> bool:
        """A connection opens: the same, if there is nothing to judge but that. If not, nothing is done."""
        if url is None or conn in self.socketio or conn in self.held or _is_socketio(url):
            return False
        self.plain.add(conn)
        return True

    def closes(self, conn: str) -> bool:
        """A connection closes: the same, if there is nothing to judge but that. If not, nothing is done."""
        if conn in self.socketio or conn in self.held:
            return False
        self.plain.discard(conn)
        return True

    def _message(self, record: Message) -> Iterator[Message]:
        conn = record.at.conn
        if conn in self.plain:
            yield record
            return
        if conn not in self.socketio:
            what = _guess(record)
            if what is None and len(self.held.setdefault(conn, [])) < _HELD_MOST:
                self.held[conn].append(record)
                return
            if what is not True:
                self.plain.add(conn)
                yield from self.held.pop(conn, ())
                yield record
                return
            self.held.pop(conn, None)
            self.socketio[conn] = _Connection()
        yield from self.socketio[conn].frames(record)

    def over(self, conn: str) -> list[Message]:
        """Forget a connection; what was held of it is to be judged first."""
        self.socketio.pop(conn, None)
        self.plain.discard(conn)
        return self.held.pop(conn, [])

    def rest(self) -> Iterator[Record]:
        """What is to be judged at the end."""
        for messages in self.held.values():
            yield from messages


def unwrap(records: Iterable[Record]) -> Iterator[Record]:
    """`records` with the frames of Socket.IO connections taken out of their packets; all others as they are."""
    state = Unwrapping()
    plain, take = state.plain, state.take
    for record in records:
        if record.__class__ is Message and record.at.conn in plain:
            yield record
        else:
            yield from take(record)
    yield from state.rest()


def _is_socketio(url: str) -> bool:
    if "/socket.io" not in url and "EIO" not in url and "%" not in url:
        return False
    address, _, query = url.partition("#")[0].partition("?")
    return "/socket.io/" in address + "/" or "EIO" in parse_qs(query, keep_blank_values=True)


def _guess(message: Message) -> bool | None:
    """Whether a connection that begins with `message` speaks Socket.IO; None where this message does not tell."""
    if not isinstance(message.body, str) or message.has_value:
        return False
    if message.body in _BARE:
        return None
    if message.sender == "server" and _HANDSHAKE.match(message.body):
        return True
    return _FIRST.match(message.body) is not None


def _first_argument(text: str, start: int) -> tuple[int | None, str]:
    """The first argument of the event whose `["name", argument, …]` begins at `start`: a string's content, or JSON.

    With it the number of the attachment that it stands for, or None where it is no placeholder.
    """
    if text[start : start + 1] != "[":
        raise _Broken
    name = _after_space(text, start + 1)
    if text[name : name + 1] != '"':
        raise _Broken
    comma = _after_space(text, _end_of_value(text, name))
    if text[comma : comma + 1] != ",":
        raise _Broken
    begin = _after_space(text, comma + 1)
    value, end = _value(text, begin)
    rest = _after_space(text, end)
    while text[rest : rest + 1] == ",":
        rest = _after_space(text, _end_of_value(text, _after_space(text, rest + 1)))
    if text[rest : rest + 1] != "]" or _after_space(text, rest + 1) != len(text):
        raise _Broken
    if isinstance(value, str):
        return None, value
    return _placeholder(value), text[begin:end]


def _placeholder(value: object) -> int | None:
    if not isinstance(value, dict) or value.get("_placeholder") is not True:
        return None
    number = value.get("num")
    return number if type(number) is int and number >= 0 else None


def _whole(text: str, start: int) -> None:
    """Holds that one JSON value, and nothing else, lies from `start` to the end."""
    if _after_space(text, _end_of_value(text, _after_space(text, start))) != len(text):
        raise _Broken


def _value(text: str, start: int) -> tuple[object, int]:
    try:
        return _DECODER.raw_decode(text, start)
    except (ValueError, RecursionError) as error:
        raise _Broken from error


def _end_of_value(text: str, start: int) -> int:
    return _value(text, start)[1]


def _after_space(text: str, start: int) -> int:
    match = _SPACE.match(text, start)
    return match.end() if match is not None else start
