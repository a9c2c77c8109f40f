"""What the catalog says of a span kind, compiled: the tables that the shapes walk.

Law: made once a dialect and never changed; nothing observed is in here. `shapes.state` holds what is observed.
"""

from __future__ import annotations

from dataclasses import dataclass

from wirecheck.catalog.model import Sender
from wirecheck.shapes.lane import Key


@dataclass(frozen=True, slots=True, kw_only=True)
class By:
    """A span kind whose end is a deadline. `names` are its keys: a span of ours lies in it if the frame that opened
    ours carried the same values. `positions` are theirs in our own key, None where that lacks one of them. `settles`: a
    span of ours cannot have begun before the one that it lies in, of which there is but one at a time."""

    lane: int
    name: str
    names: tuple[str, ...]
    positions: tuple[int, ...] | None
    settles: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Times:
    """How often a frame may come in a span: the guarantee, its bounds, and the roles that excuse an absence."""

    guarantee: str
    frames: str
    least: int
    most: int
    excused: frozenset[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class LaneForm:
    """One span kind of a dialect, compiled: roles resolved to senders, names to positions."""

    index: int
    name: str
    open_role: str
    close_role: str
    opens: str
    closes: str
    """The tags of the frames that certainly open and close such a span, for messages."""
    keys: tuple[str, ...]
    here: bool
    exclusive: bool
    oldest: bool
    prefer: str | None
    openers: frozenset[Sender]
    closers: frozenset[Sender]
    guarantee: str | None = None
    either: bool = False
    judges_close: bool = True
    by: tuple[By, ...] = ()
    final: bool = False
    """Whether a clean close of the connection is the deadline."""
    patient: frozenset[str] = frozenset()
    kept: tuple[str, ...] = ()
    times: tuple[Times, ...] = ()
    partners: tuple[tuple[str, str], ...] = ()
    led: bool = False
    asked: bool = False
    """Whether such a span is a request that may be answered on another of its client's connections."""
    implied_by: frozenset[str] = frozenset()
    nameless: bool = False
    """Whether spans may be open that we did not see open, and a frame that ends one need not say which."""
    home: int | None = None
    """The position in our key of the session that spans of this kind live in, where a session may live on several
    connections at once."""
    in_bracket: tuple[tuple[int, int], ...] | None = None
    """Pairs (position in our key, position in the bracket's key), where spans of this kind occur in replays."""


def described(form: LaneForm, key: Key) -> str:
    """` (session s1, tool Bash)`, or nothing where no name is known."""
    parts = [f"{name} {value}" for name, value in zip(form.keys, key, strict=True) if value is not None]
    return f" ({', '.join(parts)})" if parts else ""
