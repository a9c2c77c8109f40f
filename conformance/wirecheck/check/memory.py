"""What is remembered of sessions across connections, as values.

Law: bounded a session and in all, whatever comes in; residues and digests instead of texts. Judges nothing.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from wirecheck.record import At
from wirecheck.shapes.joins import NOTHING, join, residue
from wirecheck.shapes.lane import Key

MAX_SESSIONS = 10_000
MAX_WEIGHT = 100_000
"""Texts and items remembered in all sessions together; beyond, the oldest session is forgotten."""
MAX_ITEMS = 2_000
MAX_TEXT = 1 << 20
MAX_PIECES = 64

KINDS = ("tool.open", "tool.close")
"""The roles of frames that are remembered one by one, beside the pieces of text."""

Residue = tuple[int, int]


@dataclass(slots=True)
class Turn:
    """The turn that runs now, as far as it was seen: `whole` if all of its text was."""

    conn: int
    whole: bool
    text: Residue = NOTHING
    pieces: list[str] = field(default_factory=list)
    items: dict[str, list[int]] = field(default_factory=dict)

    def joined(self) -> Residue:
        """The text so far; pieces are joined now and then, not one by one."""
        if self.pieces:
            self.text = join(self.text, residue("".join(self.pieces)))
            self.pieces.clear()
        return self.text


@dataclass(slots=True)
class Session:
    """`born`: created in this capture. `prompts`: turns certainly asked for. `sure`: nothing about them is in doubt.

    `texts`: of each turn that ended and was seen whole, its text and the server's own version of it (or None).
    `partial`: some turn was not.
    `signed`: the server's versions hold links. `items`: digests of calls and results of turns that ended. `full`: there
    were more.
    """

    born: bool = False
    sure: bool = True
    prompts: int = 0
    full: bool = False
    partial: bool = False
    texts: list[tuple[Residue, Residue | None]] = field(default_factory=list)
    items: dict[str, list[int]] = field(default_factory=dict)
    now: Turn | None = None
    weight: int = 0
    epoch: int = 0
    signed: bool = False
    shown_by: dict[int, None] = field(default_factory=dict)
    """The connections, still open, on which the session was seen."""

    def ended(self, turn: Turn, final: Residue | None) -> int:
        """Remember a turn that ended; returns by how much there is more to remember."""
        before = self.weight
        text = turn.joined()
        if self.weight < MAX_ITEMS:
            if not turn.whole:
                self.partial = True
            elif text[0]:
                self.texts.append((text, final))
                self.weight += 1
            for kind, items in turn.items.items():
                self.items.setdefault(kind, []).extend(items)
                self.weight += len(items)
        else:
            self.full = True
        self.now = None
        return self.weight - before


@dataclass(slots=True)
class Snapshot:
    """What a replay should bring back: so many texts and items of the session, and the text (None: not seen from its
    start) and items of the turn that ran."""

    texts: int
    items: dict[str, int]
    text: Residue | None
    running: dict[str, list[int]]


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
    items: dict[str, list[int]] = field(default_factory=dict)
    content: bool = False
    prompted: bool = False
    broken: bool = False
    overflow: bool = False


@dataclass(slots=True)
class Watch:
    """After a bracket: whether a turn was asked for since it began, and whether the bracket held anything."""

    prompted: bool
    content: bool


@dataclass(slots=True)
class Link:
    """What one connection has to do with history: its open brackets, its watches, the turns that run on it, and the
    requests for new sessions not yet answered (True where the request also asked for a turn), and what was known of
    sessions when a replay of them was asked for."""

    brackets: dict[Key, Bracket] = field(default_factory=dict)
    watches: dict[Key, Watch] = field(default_factory=dict)
    running: dict[Key, None] = field(default_factory=dict)
    shows: dict[Key, None] = field(default_factory=dict)
    births: list[bool] = field(default_factory=list)
    mixed: bool = False
    resumed: dict[Key, Snapshot] = field(default_factory=dict)


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
    oldest = next(iter(history.sessions))
    history.weight -= history.sessions.pop(oldest).weight


def snapshot(session: Session) -> Snapshot:
    turn = session.now
    return Snapshot(
        texts=len(session.texts),
        items={kind: len(items) for kind, items in session.items.items()},
        text=NOTHING if turn is None else turn.joined() if turn.whole else None,
        running={} if turn is None else {kind: list(items) for kind, items in turn.items.items()},
    )


def expects(bracket: Bracket) -> bool:
    """Whether anything is known that the replay should bring back."""
    seen = bracket.seen
    return bool(seen.texts or seen.items or seen.running or (seen.text or NOTHING)[0])
