"""Records of a capture's lines, made quickly.

Law: what is made here is equal to what the constructors of `record` make. A capture may have a million lines, and
writing the slots of two frozen dataclasses without going through their constructors takes a third of the time.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from wirecheck.catalog.model import Sender
from wirecheck.record import At, Closed, Credential, Message, Opened, Vantage


def _setters(kind: type, *names: str) -> tuple[Any, ...]:
    return tuple(vars(kind)[name].__set__ for name in names)


_new_at, _new_message, _new_opened, _new_closed = At.__new__, Message.__new__, Opened.__new__, Closed.__new__
_at_line, _at_conn, _at_t = _setters(At, "line", "conn", "t")
_m_at, _m_sender, _m_body, _m_value, _m_has_value, _m_binary = _setters(
    Message, "at", "sender", "body", "value", "has_value", "binary"
)
_o_at, _o_url, _o_subprotocols, _o_headers, _o_sees, _o_vantage, _o_exclusive, _o_auth = _setters(
    Opened, "at", "url", "subprotocols", "headers", "sees", "vantage", "exclusive", "auth"
)
_c_at, _c_code, _c_sender = _setters(Closed, "at", "code", "sender")


def at(line: int, conn: str, t: str | float | None) -> At:
    """Where a record stands."""
    made = _new_at(At)
    _at_line(made, line)
    _at_conn(made, conn)
    _at_t(made, t)
    return made


def message(at: At, sender: Sender, text: str) -> Message:
    """A message that is held as its text."""
    made = _new_message(Message)
    _m_at(made, at)
    _m_sender(made, sender)
    _m_body(made, text)
    _m_value(made, None)
    _m_has_value(made, False)
    _m_binary(made, False)
    return made


def opened(
    at: At,
    url: str | None,
    subprotocols: tuple[str, ...],
    headers: Mapping[str, str],
    sees: frozenset[Sender] | None,
    vantage: Vantage | None,
    exclusive: bool,
    auth: Credential | None,
) -> Opened:
    """The start of a connection."""
    made = _new_opened(Opened)
    _o_at(made, at)
    _o_url(made, url)
    _o_subprotocols(made, subprotocols)
    _o_headers(made, headers)
    _o_sees(made, sees)
    _o_vantage(made, vantage)
    _o_exclusive(made, exclusive)
    _o_auth(made, auth)
    return made


def closed(at: At, code: int | None, sender: Sender | None) -> Closed:
    """The end of a connection."""
    made = _new_closed(Closed)
    _c_at(made, at)
    _c_code(made, code)
    _c_sender(made, sender)
    return made
