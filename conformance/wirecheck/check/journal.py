"""What a checker does, as far as others may see it; and what it asks about others.

Law: everything in here behaves as what it stands for, and writes down beside that what was done and asked, with the
line. What that means is for others to say.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, Final

from wirecheck.check import checker as bounds
from wirecheck.check.checker import Checker
from wirecheck.check.link import Link
from wirecheck.check.memory import History, Session
from wirecheck.check.tally import Placed
from wirecheck.shapes.lane import Key
from wirecheck.shapes.state import Clients, Facts

FAR: Final = 1 << 60
"""More than there ever is of anything."""

WHATS: Final = ("nothing", "open", "epoch", "doubt", "session", "weight", "topics", "opaque", "ask", "look")
"""All that others may see, and (`look`) what was asked about them."""


@dataclass(slots=True)
class Entries:
    """What others may see, in its order: the lines, what happened there (see `WHATS`), and what each was about.

    Columns, for there are tens of thousands, and they travel: as tuples they would take six times as much.
    """

    lines: array[int] = field(default_factory=lambda: array("Q"))
    whats: bytearray = field(default_factory=bytearray)
    abouts: list[Any] = field(default_factory=list)

    def __len__(self) -> int:
        return len(self.lines)

    def add(self, line: int, what: int, about: Any) -> None:
        self.lines.append(line)
        self.whats.append(what)
        self.abouts.append(about)

    def strike(self, place: int) -> None:
        """Nothing happened there, after all; the others keep their places."""
        self.whats[place], self.abouts[place] = 0, None

    def about(self, what: str) -> list[Any]:
        """What all entries of this kind were about."""
        number = WHATS.index(what)
        return [about for found, about in zip(self.whats, self.abouts, strict=True) if found == number]


_NUMBERS: Final = {what: number for number, what in enumerate(WHATS)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Past:
    """What is known beforehand of the capture before a stretch. Only what stays so, once it is so: no more sessions are
    remembered (`met`), some client may have asked for things unseen (`hidden`), or for more than can be told
    (`opaque`); and the topics that clients subscribed to."""

    met: bool = False
    hidden: bool = False
    opaque: bool = False
    topics: frozenset[str] = frozenset()


NOTHING: Final = Past()


def past(checker: Checker) -> Past:
    """What can be said beforehand to whoever judges a later stretch of the same capture."""
    clients = checker._clients
    return Past(
        met=len(checker.met) >= bounds.MAX_SESSIONS,
        hidden=clients.full or clients.unseen > 0,
        opaque=clients.opaque,
        topics=frozenset(clients.topics),
    )


class Full(dict[Any, int]):
    """Sessions that were met, where no more are remembered: those that are asked for are noted."""

    def __init__(self) -> None:
        super().__init__()
        self.asked: set[Any] = set()

    def get(self, key: Any, default: Any = None) -> Any:
        self.asked.add(key)
        return default

    def __len__(self) -> int:
        return FAR


@dataclass(slots=True)
class Journal:
    """What others may see, by the line at which it happened: what it was, and what about."""

    tally: Placed
    entries: Entries = field(default_factory=Entries)

    def add(self, what: str, about: Any) -> None:
        self.entries.add(self.tally.line, _NUMBERS[what], about)


class _Topics(set[str]):
    """What was subscribed to; what was asked for in vain is noted."""

    def __init__(self, topics: Iterable[str], journal: Journal) -> None:
        super().__init__(topics)
        self.journal = journal
        self.missed: set[str] = set()

    def __contains__(self, topic: object) -> bool:
        found = super().__contains__(topic)
        if not found and isinstance(topic, str):
            self.missed.add(topic)
        return found

    def update(self, *others: Iterable[str]) -> None:
        for other in others:
            self.journal.add("topics", tuple(other))
        super().update(*others)


class Asked(Clients):
    """What clients did, with a journal, and what was asked about them; `bold` if it counted that nothing is hidden."""

    def __init__(self, journal: Journal, known: Past) -> None:
        self.journal: Journal | None = None
        topics = _Topics(known.topics, journal)
        super().__init__(topics=topics, opaque=known.opaque, unseen=int(known.hidden))
        self.missed = topics.missed
        self.journal = journal
        self.bold = False

    def __setattr__(self, name: str, value: Any) -> None:
        if name == "opaque" and value and self.journal is not None and not self.opaque:
            self.journal.add("opaque", None)
        super().__setattr__(name, value)

    def ask(self, lane: int, key: Key, number: int) -> None:
        assert self.journal is not None
        self.journal.add("ask", (lane, key, number))
        super().ask(lane, key, number)

    def hides(self, facts: Facts) -> bool:
        hidden = super().hides(facts)
        self.bold = self.bold or not hidden
        return hidden

    def asked_elsewhere(self, lane: int, key: Key, facts: Facts) -> bool:
        assert self.journal is not None
        self.journal.add("look", (lane, key, facts.number, self.others_asked(lane, key, facts.number)))
        return super().asked_elsewhere(lane, key, facts)


class Sessions(dict[Key, Session]):
    """Sessions, with a journal of their beginnings; `lost` if one was forgotten."""

    def __init__(self, journal: Journal) -> None:
        super().__init__()
        self.journal = journal
        self.lost = False

    def __setitem__(self, key: Key, session: Session) -> None:
        if key not in self:
            self.journal.add("session", key)
        super().__setitem__(key, session)

    def pop(self, *arguments: Any) -> Any:
        self.lost = True
        return super().pop(*arguments)


class Remembered(History):
    """The memory of a stretch, with a journal; `looked` counts how often somebody asked what befell all sessions."""

    def __init__(self, journal: Journal) -> None:
        self._epoch = 0
        self.looked = 0
        self.journal: Journal | None = None
        super().__init__()
        self.journal = journal
        self.known = Sessions(journal)
        self.sessions = self.known

    @property
    def epoch(self) -> int:
        self.looked += 1
        return self._epoch

    @epoch.setter
    def epoch(self, value: int) -> None:
        if self.journal is not None:
            self.looked -= 1  # it was read to be counted up
            self.journal.add("doubt", value - self._epoch)
        self._epoch = value

    def __setattr__(self, name: str, value: Any) -> None:
        if name == "weight" and self.journal is not None:
            self.journal.add("weight", value - self.weight)
        super().__setattr__(name, value)


class Links(dict[str, Link]):
    """Connections, with a journal of their beginnings, the place in it of each that is open, by its number, and how
    many there were at once."""

    def __init__(self, journal: Journal) -> None:
        super().__init__()
        self.journal = journal
        self.places: dict[int, int] = {}
        self.most = 0

    def __setitem__(self, conn: str, link: Link) -> None:
        self.places[link.number] = len(self.journal.entries)
        self.journal.add("open", conn)
        super().__setitem__(conn, link)
        self.most = max(self.most, len(self))

    def pop(self, *arguments: Any) -> Any:
        link = super().pop(*arguments)
        self.places.pop(link.number, None)
        return link
