"""A checker as it was, to go back to.

Law: going back gives what there was. Sessions are many, and few of them are touched meanwhile: one whose turn does not
run is copied when somebody asks for it, and the rest of the checker at once.
"""

from __future__ import annotations

import pickle
import zlib
from collections.abc import ItemsView, Iterator, ValuesView
from dataclasses import replace
from typing import Any, Final

from wirecheck.check.absorb import frozen, thaw
from wirecheck.check.checker import Checker
from wirecheck.check.link import Link
from wirecheck.check.memory import Session
from wirecheck.shapes.lane import Key
from wirecheck.shapes.state import Clients

_TOGETHER: Final = 50
"""Sessions, or connections, that are copied at once: while a copy is made, a list of all that is in it takes several
times as much."""


def _together(those: list[Any]) -> Iterator[list[Any]]:
    return (those[start : start + _TOGETHER] for start in range(0, len(those), _TOGETHER))


def _packed(those: Any) -> bytes:
    return zlib.compress(pickle.dumps(those), 1)  # they are much alike


def _unpacked(data: bytes) -> Any:
    return pickle.loads(zlib.decompress(data))


def _without_clients(links: list[Link]) -> bytes:
    """Connections as bytes, without what they share with all others."""
    shared = [link.facts.clients for link in links]
    for link in links:
        link.facts.clients = _NOBODY
    try:
        return _packed(links)
    finally:
        for link, clients in zip(links, shared, strict=True):
            link.facts.clients = clients


_NOBODY: Final = Clients()


class _Lent(dict[Key, Session]):
    """Sessions; each that is not `running` is copied before anybody has it, and all are where somebody asks for all."""

    __slots__ = ("_all", "_running", "before")

    def __init__(self, sessions: dict[Key, Session], running: frozenset[Key]) -> None:
        super().__init__(sessions)
        self._all = sessions
        self._running = running
        self.before: dict[Key, bytes] = {}

    def _note(self, key: Any) -> None:
        if key not in self.before and key in self._all and key not in self._running:
            self.before[key] = pickle.dumps(self._all[key])

    def __getitem__(self, key: Key) -> Session:
        self._note(key)
        return super().__getitem__(key)

    def get(self, key: Key, default: Any = None) -> Any:
        self._note(key)
        return super().get(key, default)

    def pop(self, key: Key, *default: Any) -> Any:
        self._note(key)
        return super().pop(key, *default)

    def values(self) -> ValuesView[Session]:  # type: ignore[override]  # that of a dict has no name
        for key in self:
            self._note(key)
        return super().values()

    def items(self) -> ItemsView[Key, Session]:  # type: ignore[override]
        for key in self:
            self._note(key)
        return super().items()


class Undo:
    """Made of a checker, before something is done to it that may have to be undone: then `back`, and else `keep`."""

    def __init__(self, checker: Checker) -> None:
        checker.settle()
        history = checker.history
        self._sessions = history.sessions
        running = [key for key, session in self._sessions.items() if session.now is not None]
        links, numbered = checker.links, checker.numbered
        checker.history, checker.links, checker.numbered = replace(history, sessions={}), {}, {}
        self._state = frozen(checker)
        checker.links, checker.numbered = links, numbered
        self._running = [_packed({key: self._sessions[key] for key in some}) for some in _together(running)]
        self._links = [_without_clients(some) for some in _together(list(links.values()))]
        history.sessions = self._lent = _Lent(self._sessions, frozenset(running))
        checker.history = history

    def keep(self, checker: Checker) -> None:
        """What was done stays."""
        checker.history.sessions = dict(self._lent)

    def back(self, checker: Checker) -> None:
        """What was done was not."""
        thaw(checker, self._state)
        for key, session in self._lent.before.items():
            self._sessions[key] = pickle.loads(session)
        for some in self._running:
            self._sessions.update(_unpacked(some))
        for link in (link for some in self._links for link in _unpacked(some)):
            link.facts.clients = checker._clients
            link.adopt(checker._tables.rows)
            checker.links[link.conn] = checker.numbered[link.number] = link
        checker.history.sessions = self._sessions
