"""What is known of one connection, and the questions that every judgement asks of it (docs/verdicts.md, 1 and 2).

Law: holds facts and answers questions; which frame changes them, and in which order, is told in `oracle`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from oracle_frames import MISSING, Frame, Key, at, brackets_of, full, scalar, url_values
from oracle_lanes import Lane, Span, Trace
from wirecheck.catalog.model import Dialect, Guarantee
from wirecheck.record import Opened


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """How the instances of one guarantee ended. `broken` holds the record line of each broken one, sorted."""

    held: int = 0
    broken: tuple[int, ...] = ()
    undecided: int = 0


class Tally:
    """Counts of instances by guarantee."""

    def __init__(self, guarantees: dict[str, Guarantee]) -> None:
        self.guarantees = guarantees
        self.held = dict.fromkeys(guarantees, 0)
        self.undecided = dict.fromkeys(guarantees, 0)
        self.broken: dict[str, list[int]] = {name: [] for name in guarantees}

    def add(self, guarantee: str | None, verdict: str | None, line: int) -> None:
        if guarantee is None or verdict is None:
            return
        if verdict == "held":
            self.held[guarantee] += 1
        elif verdict == "undecided":
            self.undecided[guarantee] += 1
        else:
            assert verdict == "broken", verdict
            self.broken[guarantee].append(line)

    def result(self) -> dict[str, Judged]:
        return {
            name: Judged(held=self.held[name], broken=tuple(sorted(self.broken[name])), undecided=self.undecided[name])
            for name in self.guarantees
        }


class Homes:
    """On which connections each session was named, and where it was born before both senders' eyes."""

    def __init__(self) -> None:
        self.named: list[tuple[Key, str]] = []
        self.born: list[tuple[Key, str]] = []

    def at_home(self, session: Key, conn: str) -> bool:
        return (session, conn) in self.born and all(where == conn for which, where in self.named if which == session)


@dataclass(slots=True, kw_only=True)
class Text:
    """The pieces of one key's text; a piece that is no string is None. `starts` are the known beginnings, as numbers
    of pieces before them; `fresh` says that none came since the last beginning."""

    complete: bool
    starts: list[int] = field(default_factory=list)
    pieces: list[str | None] = field(default_factory=list)
    fresh: bool = True

    def spoil(self) -> None:
        self.complete = False
        self.starts = []


class Asked:
    """What clients subscribed to, on any connection of the capture."""

    def __init__(self) -> None:
        self.topics: set[str] = set()
        self.opaque = False
        self.unseen: list[Any] = []  # connections whose start was not recorded, and with it what the client asked for
        self.requests: list[tuple[str, Key, Any]] = []  # kind, key and connection of each

    def hides(self, scene: Any) -> bool:
        """Whether something that counts may have been asked on another connection, where we did not see it."""
        return any(other is not scene for other in self.unseen)

    def elsewhere(self, scene: Any, kind: str, key: Key) -> bool:
        """Whether the same was, or may have been, asked for on another connection."""
        return self.hides(scene) or any(
            (which, its) == (kind, key) and other is not scene for which, its, other in self.requests
        )


class Scene:
    """Everything that happened on one connection so far."""

    def __init__(
        self, dialect: Dialect, tally: Tally, homes: Homes, asked: Asked, conn: str, opened: Opened | None
    ) -> None:
        self.dialect = dialect
        self.tally = tally
        self.homes = homes
        self.asked = asked
        if opened is None:
            self.asked.unseen.append(self)
        self.conn = conn
        self.opened = opened
        self.started = opened is not None
        self.seen: set[str] = set(opened.sees or ()) if opened else set()
        self.vantage = opened.vantage if opened else None
        self.exclusive = opened.exclusive if opened else False
        self.query, self.path = url_values(dialect, opened.url if opened else None)
        self.live = Trace(dialect, live=True)
        self.brackets = brackets_of(dialect)
        self.replays: dict[Key, Trace] = {}
        self.adrift = False  # a bracket is open that does not say whose history it holds
        self.unclear: list[Key] = []  # brackets some of which are over, nobody knows which
        self.still_open = 0  # how many of these are not
        self.frames: list[Frame] = []
        self.answered: list[Frame] = []  # frames that opened a span that was closed while solid or excused
        self.blurred: set[str] = set()
        self.cancelled = False  # the client said something that may end what other connections show
        self.first: dict[tuple[str, Key], dict[str, bool]] = {}
        self.last: list[tuple[str, Key, Frame]] = []
        self.texts: dict[tuple[str, Key], Text] = {}

    @property
    def traces(self) -> list[Trace]:
        return [self.live, *self.replays.values()]

    # Names.

    def raw(self, frame: Frame, name: str) -> Any:
        """What the frame carries where the name lies, whatever it is."""
        for locator in self.dialect.names.get(name, ()):
            if locator.place in ("payload", "header"):
                value = at(frame, locator)
                if value is not MISSING:
                    return value
        return MISSING

    def value(self, frame: Frame, name: str) -> tuple[str, Any] | None:
        """The name's value in the frame, where it may count as one."""
        for locator in self.dialect.names.get(name, ()):
            if locator.place in ("payload", "header"):
                value = scalar(at(frame, locator))
                if value is not None:
                    return value
        return None

    def given(self, name: str) -> str | None:
        """The name's value in the connection's URL."""
        for locator in self.dialect.names.get(name, ()):
            values = {"query": self.query, "path": self.path}.get(locator.place)
            if values and locator.path[0] in values:
                return values[locator.path[0]]
        return None

    def values(self, frame: Frame, names: Sequence[str]) -> Key:
        return tuple(self.value(frame, name) for name in names)

    def key(self, frame: Frame, kind: str) -> Key:
        if kind not in frame.keys:
            frame.keys[kind] = self.values(frame, self.dialect.spans[kind].keys)
        return frame.keys[kind]

    def number(self, frame: Frame, name: str) -> int | None:
        value = self.raw(frame, name)
        return value if type(value) is int else None

    def sessions(self) -> set[Key]:
        """The sessions that the connection's frames named."""
        named = {self.key(frame, kind) for kind in self.brackets for frame in self.frames if frame.known}
        return {session for session in named if full(session)}

    # What would be known.

    def seen_in(self, trace: Trace) -> set[str]:
        return self.seen if trace.live else {"server"}

    def closable(self, trace: Trace, lane: Lane) -> bool:
        """Whether the end of a span would have been seen."""
        return lane.closers <= self.seen_in(trace)

    def sure(self, trace: Trace, lane: Lane, key: Key) -> bool:
        """No span with that key can be open without our having seen it."""
        if not lane.openers <= self.seen_in(trace) or (lane.in_replays and not self.at_home(lane, key)):
            return False
        begun = lane.in_replays or (self.started and lane.form.opened == "here")
        if trace.live and begun and not lane.loosened(key):
            return True
        if lane.form.exclusive:
            return full(key) and lane.settled(key)
        return any(self.lies_within(lane, kind) for kind in lane.by) and lane.cleared(key)

    def at_home(self, lane: Lane, key: Key) -> bool:
        """Whether the session in the key has its home on this connection."""
        names = dict(zip(lane.form.keys, key, strict=True))
        return any(
            self.homes.at_home(tuple(names.get(name) for name in self.dialect.spans[kind].keys), self.conn)
            for kind in self.brackets
        )

    def from_start(self, lane: Lane, key: Key) -> bool:
        """Either order: whether everything that concerns the key was seen from its beginning."""
        return self.at_home(lane, key) if lane.in_replays else self.started

    def lies_within(self, lane: Lane, kind: str) -> bool:
        """Whether all keys of a `by` span kind are keys of the lane."""
        return set(self.dialect.spans[kind].keys) <= set(lane.form.keys)

    def undecided_orphan(self, lane: Lane, key: Key) -> None:
        """Nothing fitted, and nobody can tell: from now on the key may be settled."""
        if full(key) and (lane.form.opened == "here" or "client" not in lane.openers or self.exclusive):
            lane.log.append(("settle", key))

    def conclusive(self, span: Span, sender: str) -> bool:
        """Whether the sender of the deadline surely had what opened the span: else the two may have crossed."""
        opening = span.opening
        later = any(one.sender == opening.sender and one.number > opening.number for one in self.answered)
        return opening.sender == sender or self.vantage == sender or span.witnessed or later

    # What happens to a span whatever the reason.

    def decide_waiting(self, span: Span, verdict: str) -> None:
        """The judgements that waited for how this implied span would end."""
        for name in span.waiting:
            self.tally.add(name, verdict, span.line)
        span.waiting = []

    def doubt(self, span: Span) -> None:
        self.decide_waiting(span, "undecided")
        span.doubtful = True

    def excuse(self, span: Span) -> None:
        self.decide_waiting(span, "undecided")
        span.excused = True

    def left_open(self, lane: Lane, span: Span) -> None:
        self.decide_waiting(span, "undecided")
        if lane.judged(span.side) and not span.assumed:
            self.tally.add(lane.pair, "undecided", span.line)
