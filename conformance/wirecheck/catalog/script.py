"""A conversation's script, as frozen values: what its two sides do, in order.

Law: the words of a scenario and nothing else. Who plays them, and over what, is no matter here. Values are JSON; a text
that begins with `$` names a variable (`$$` is a dollar sign).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

Credential = Literal["good", "bad", "missing"]
Way = Literal["subprotocol", "query", "cookie", "header"]
Malformation = Literal[
    "not-json",
    "not-object",
    "no-tag",
    "unknown-tag",
    "wrong-envelope",
    "missing-field",
    "wrong-type",
    "huge",
    "binary",
    "deep",
]

CLOSE = "close"
"""Stands among awaited frames for the end of the connection."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Variable:
    """A value that scenarios need and that the user may set. `reference` is what the reference server knows it by."""

    name: str
    reference: Any
    secret: bool = False
    summary: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Connect:
    """The client connects, and calls the connection `conn`. `way` is one of the documented ones, None: the first."""

    conn: str
    auth: Credential = "good"
    way: Way | None = None
    params: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Send:
    """The client sends a frame, by its key. `values` are payload fields; `@name` is the header field `name`."""

    conn: str
    frame: str
    values: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Malform:
    """The client sends what is no frame: `frame` with these values, spoilt in one way."""

    conn: str
    kind: Malformation
    frame: str | None = None
    values: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Until:
    """The client waits until one of `frames` comes (`close`: until the connection ends).

    `where` holds payload pointers and what must lie there, `keep` variables and the places they are taken from.
    `alternatives` end the wait too, and the scenario with it. `within` is in seconds; None: the user's timeout. With
    `optional`, the scenario goes on when nothing came. `promised` is the guarantee that promises one of these frames,
    so that their absence is a finding. `code` is what the connection must have been closed with.
    """

    conn: str
    frames: tuple[str, ...]
    alternatives: tuple[str, ...] = ()
    where: Mapping[str, Any] = field(default_factory=dict)
    keep: Mapping[str, str] = field(default_factory=dict)
    within: float | None = None
    optional: bool = False
    promised: str | None = None
    code: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Drop:
    """The client's connection is cut, without a close frame."""

    conn: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Settle:
    """The client pings, reads to the pong, closes, and reads to the end."""

    conn: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Trigger:
    """Something outside of this connection must happen now; `says` what."""

    says: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Show:
    """That the scenario came to this step shows that a guarantee holds which traffic alone cannot decide."""

    conn: str
    guarantee: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Emit:
    """The server sends a frame. What `values` leaves out comes from the conversation, and then from an example."""

    frame: str
    values: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class History:
    """The server sends again what it sent in this session."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Hold:
    """The server waits until the client sends something more, or is gone; not for ever."""

    event: Literal["send", "drop"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Hangup:
    """The server closes the connection."""

    code: int


Cue = Emit | History | Hold | Hangup
ClientStep = Connect | Send | Malform | Until | Drop | Settle | Trigger | Show


@dataclass(frozen=True, slots=True, kw_only=True)
class Plays:
    """What the server does about the client's last step; only the reference server reads it."""

    cues: tuple[Cue, ...]


Step = ClientStep | Plays


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    """One script. `exercises` are the server's guarantees that it is made to exercise, in the catalog's order.

    `attempts` is how often it may be played until what it is meant to exercise was exercised.
    """

    name: str
    says: str
    source: str
    exercises: tuple[str, ...]
    steps: tuple[Step, ...]
    attempts: int = 1


def variable_in(value: Any) -> str | None:
    """The variable that a text names: `$name`. A text that begins with `$$` names none."""
    if isinstance(value, str) and value.startswith("$") and not value.startswith("$$"):
        return value[1:]
    return None
