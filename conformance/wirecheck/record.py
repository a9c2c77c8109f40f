"""What was observed on the wire: the records of a capture.

Law: plain values, in the order in which they were recorded. Nothing here knows a dialect or judges anything.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from wirecheck.catalog.model import Sender

Vantage = Literal["client", "server", "proxy"]
Credential = Literal["good", "bad", "missing"]


@dataclass(frozen=True, slots=True, kw_only=True)
class At:
    """Where a record stands: its 1-based line in the input, its connection, and the time as recorded (or None)."""

    line: int
    conn: str
    t: str | float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """The start of a connection was seen. `sees` is None where the recorder does not say which sides it records."""

    at: At
    url: str | None = None
    subprotocols: tuple[str, ...] = ()
    headers: Mapping[str, str] = field(default_factory=dict)
    sees: frozenset[Sender] | None = None
    vantage: Vantage | None = None
    exclusive: bool = False
    auth: Credential | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """One WebSocket message. `body` is text or, for a binary message, bytes; `value` instead of `body` where the
    capture holds the message as a JSON value (then there are no bytes to judge); `has_value` tells which."""

    at: At
    sender: Sender
    body: str | bytes = ""
    value: Any = None
    has_value: bool = False
    binary: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Closed:
    """The connection closed. `code` is None, 1005 or 1006 where no close frame carried one."""

    at: At
    code: int | None = None
    sender: Sender | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class BadLine:
    """A line of the capture that is no record. `cut` marks a last line without its end."""

    at: At
    code: Literal["bad-line", "unreadable"]
    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """What whoever led the conversation learnt, and traffic alone does not tell, of a guarantee on this connection.

    `expired`: what the guarantee promises did not come within `seconds`, though the peer still answered a ping.
    `held` and `broken`: how a conversation ended that was made to decide a guarantee of the shape `scenario`.
    """

    at: At
    guarantee: str
    outcome: Literal["held", "broken", "expired"]
    seconds: float | None = None
    says: str = ""


Record = Opened | Message | Closed | BadLine | Trial
