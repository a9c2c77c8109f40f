"""What is remembered of sessions across connections, as values.

Law: bounded a session and in all, whatever comes in; residues and digests instead of texts. Judges nothing.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

import msgspec
import orjson

from wirecheck.record import At
from wirecheck.shapes.joins import BITS, NOTHING, PRIME
from wirecheck.shapes.lane import Key

MAX_SESSIONS = 10_000
MAX_WEIGHT = 100_000
"""Texts and items remembered in all sessions together; beyond, the oldest session is forgotten."""
MAX_ITEMS = 2_000
MAX_TEXT = 1 << 20
MAX_PIECES = 16

TURN, DONE, BIRTH, RESUME = "turn.open", "turn.close", "ask.session", "ask.replay"
DELTA, CALL = "text.delta", "tool.open"
KINDS = (CALL, "tool.close")
"""The roles of frames that are remembered one by one, beside the pieces of text."""

Residue = tuple[int, int]
Item = tuple[int, int]
"""A call or result: the digest of its payload, and how many bytes of its session's text came before it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Recalled:
    """What is known of turns that ended: of each that was seen whole its text and the server's own version of it (or
    None), and the items of each kind."""

    texts: list[tuple[Residue, Residue | None]]
    items: dict[str, list[Item]]


_STREAMED, _AGREED, _VERSION, _ITEMS = range(4)
"""What an entry is: a text; one whose version by the server is the same; the server's version of the text before; an
item of the first kind."""
_ENTRY = 23
"""Bytes of an entry: what it is, how many bytes of text (6), a residue (16). That takes a quarter of what numbers in
tuples and lists do, and there may be a hundred thousand."""
_PLACE = 48
"""Bits for how many bytes of text came before an item; no session's text is that long."""


def packed(payload: int, before: int) -> int:
    """An item as one number. As much more as is added to the number, as much more text came before the item."""
    return payload << _PLACE | before


def item_of(number: int) -> Item:
    """The item that is `packed` in a number."""
    return number >> _PLACE, number & ((1 << _PLACE) - 1)


def _entry(what: int, residue: Residue) -> bytes:
    return (what << 176 | residue[0] << 128 | residue[1]).to_bytes(_ENTRY, "big")


def _texted(text: Residue, final: Residue | None) -> bytes:
    if final is None or final == text:
        return _entry(_STREAMED if final is None else _AGREED, text)
    return _entry(_STREAMED, text) + _entry(_VERSION, final)


def unpacked(past: bytes) -> Recalled:
    """What a session's `past`, or a beginning of it, says."""
    found = Recalled(texts=[], items={})
    for start in range(0, len(past), _ENTRY):
        what = past[start]
        residue = (
            int.from_bytes(past[start + 1 : start + 7], "big"),
            int.from_bytes(past[start + 7 : start + _ENTRY], "big"),
        )
        if what == _VERSION:
            found.texts[-1] = found.texts[-1][0], residue
        elif what < _ITEMS:
            found.texts.append((residue, residue if what == _AGREED else None))
        else:
            found.items.setdefault(KINDS[what - _ITEMS], []).append((residue[1], residue[0]))
    return found


@dataclass(slots=True)
class Turn:
    """The turn that runs now, as far as it was seen: `whole` if all of its text was. `items`: calls and results,
    `packed`, each with how much of the turn's own text came before it."""

    conn: int
    whole: bool
    text: Residue = NOTHING
    pieces: list[str] = field(default_factory=list)
    items: dict[str, list[int]] = field(default_factory=dict)

    def joined(self) -> Residue:
        """The text so far; pieces are joined now and then, not one by one."""
        pieces = self.pieces
        if pieces:
            raw = "".join(pieces).encode("utf-8", "surrogatepass")
            pieces.clear()
            (length, value), more = self.text, len(raw)
            # What `joins.join` does with what `joins.residue` gives, in one step: it is done for every few pieces.
            self.text = length + more, ((value << 8 * more % BITS) + int.from_bytes(raw, "big")) % PRIME
        return self.text


@dataclass(slots=True)
class Session:
    """`born`: created in this capture. `prompts`: turns certainly asked for. `sure`: nothing about them is in doubt.

    `past`: what is remembered of turns that ended, see `unpacked`. `partial`: some turn was not seen whole. `signed`:
    the server's versions hold links. `full`: there were more calls and results, or copies of the same.
    """

    born: bool = False
    sure: bool = True
    prompts: int = 0
    full: bool = False
    partial: bool = False
    past: bytes = b""
    now: Turn | None = None
    length: int = 0
    """Bytes of the texts of the turns that ended."""
    weight: int = 0
    epoch: int = 0
    signed: bool = False
    shown_by: dict[int, None] = field(default_factory=dict)
    """The connections, still open, on which the session was seen."""

    @property
    def texted(self) -> bool:
        """Whether the text of some turn that ended is remembered."""
        whats = self.past[::_ENTRY]
        return _STREAMED in whats or _AGREED in whats

    def ended(self, turn: Turn, final: Residue | None) -> int:
        """Remember a turn that ended; returns by how much there is more to remember."""
        weight = self.weight
        text = turn.joined()
        if self.weight < MAX_ITEMS:
            entries = [self.past]
            if not turn.whole:
                self.partial = True
            elif text[0]:
                entries.append(_texted(text, final))
                self.weight += 1
            for kind, items in turn.items.items():
                what = _ITEMS + KINDS.index(kind)
                for item in items:
                    payload, before = item_of(item + self.length)
                    entries.append(_entry(what, (before, payload)))
                self.weight += len(items)
            self.past = b"".join(entries)
            self.length += text[0]
        else:
            self.full = True
        self.now = None
        return self.weight - weight


@dataclass(slots=True)
class Snapshot:
    """What a replay should bring back: the session's `past` up to so many bytes, and the text (None: not seen from its
    start) and items of the turn that ran."""

    past: int
    text: Residue | None
    running: dict[str, list[int]]
    alone: bool
    """Whether a replay was asked for when no other connection showed the session any more."""


@dataclass(slots=True)
class Bracket:
    """One replay while it runs. Its text is kept up to a bound, cut at the ends of turns."""

    at: At
    label: str
    prompts: int
    seen: Snapshot
    ends: int = 0
    texts: list[list[str]] = field(default_factory=lambda: [[]])
    length: int = 0
    """Bytes of all of its text."""
    items: dict[str, list[Item]] = field(default_factory=dict)
    content: bool = False
    prompted: bool = False
    broken: bool = False
    overflow: bool = False
    forgotten: bool = False
    """Whether the session was forgotten meanwhile: what it holds now is not what `seen` counts."""


@dataclass(slots=True)
class Watch:
    """After a bracket: whether a turn was asked for since it began, and whether the bracket held anything."""

    prompted: bool
    content: bool


@dataclass(slots=True, init=False)
class Link:
    """What one connection has to do with history: its open brackets, its watches, the turns that run on it, and the
    requests for new sessions not yet answered (True where the request also asked for a turn), and what was known of
    sessions when a replay of them was asked for."""

    brackets: dict[Key, Bracket]
    watches: dict[Key, Watch]
    running: dict[Key, None]
    shows: dict[Key, None]
    births: list[bool]
    mixed: bool
    resumed: dict[Key, Snapshot]

    def __init__(self) -> None:
        # Each connection has one: a factory for each field would take five times as long.
        self.brackets = {}
        self.watches = {}
        self.running = {}
        self.shows = {}
        self.births = []
        self.mixed = False
        self.resumed = {}


@dataclass(slots=True)
class History:
    """The sessions of one capture. Connections are numbered by the caller, since their names may be used again."""

    sessions: dict[Key, Session] = field(default_factory=dict)
    links: dict[int, Link] = field(default_factory=dict)
    weight: int = 0
    epoch: int = 0
    """Goes up whenever something happened that any session may have a part in."""


def session_of(history: History, key: Key) -> Session:
    session = history.sessions.get(key)
    if session is None:
        session = history.sessions[key] = Session(epoch=history.epoch)
        if len(history.sessions) > MAX_SESSIONS:
            forget(history)
    return session


def forget(history: History) -> None:
    """Forget the session that was met first; if it comes again, it counts as one that was not born here."""
    key = next(iter(history.sessions))
    session = history.sessions.pop(key)
    for number in session.shown_by:
        link = history.links.get(number)
        if link is not None:
            link.resumed.pop(key, None)
            if key in link.brackets:
                link.brackets[key].forgotten = True
    session.now = None  # whoever adds to the turn that runs without asking for its session sees that it is over
    history.weight -= session.weight


def snapshot(session: Session, *, alone: bool) -> Snapshot:
    turn = session.now
    return Snapshot(
        past=len(session.past),
        alone=alone,
        text=NOTHING if turn is None else turn.joined() if turn.whole else None,
        running={}
        if turn is None
        else {kind: [item + session.length for item in items] for kind, items in turn.items.items()},
    )


def expects(bracket: Bracket) -> bool:
    """Whether anything is known that the replay should bring back."""
    seen = bracket.seen
    return bool(seen.past or seen.running or (seen.text or NOTHING)[0])


def is_signed(text: str) -> bool:
    """Whether the text has links, which the server may sign anew each time."""
    return "://" in text or "](" in text


@lru_cache(maxsize=1024)
def kind_of(roles: frozenset[str]) -> str | None:
    """Which kind of item a frame with these roles is, if it is remembered by itself."""
    return next((role for role in KINDS if role in roles), None)


def digest(documented: Iterable[str], payload: Mapping[str, Any]) -> int:
    """The documented payload of a frame; fields that the vendor adds (a time, say) may differ in a replay."""
    return digest_of({name: payload[name] for name in documented if name in payload})


def digest_of(known: dict[str, Any]) -> int:
    """The same of these fields alone. An object in them may be a struct of its members."""
    try:
        raw = orjson.dumps(known, msgspec.to_builtins, orjson.OPT_SORT_KEYS)
    except TypeError:  # what orjson does not write: integers beyond 64 bits, lone surrogates
        raw = json.dumps(known, sort_keys=True).encode()
    return int.from_bytes(raw, "big") % PRIME
