"""A checker as it was, to go back to.

Law: going back gives what there was. Sessions are many, and few of them are touched meanwhile: one whose turn does not
run is copied when somebody asks for it, and the rest of the checker at once.
"""

from __future__ import annotations

import pickle
from collections.abc import ItemsView, ValuesView
from dataclasses import replace
from typing import Any

from wirecheck.check.absorb import frozen, thaw
from wirecheck.check.checker import Checker
from wirecheck.check.memory import Session
from wirecheck.check.portions import Portions, alone
from wirecheck.shapes.lane import Key


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
        running = {key: session for key, session in self._sessions.items() if session.now is not None}
        links, numbered = checker.links, checker.numbered
        checker.history, checker.links, checker.numbered = replace(history, sessions={}, links={}), {}, {}
        self._state = frozen(checker)
        checker.links, checker.numbered = links, numbered
        self._running = Portions(running.items(), dense=True)
        self._links = alone(links.values(), dense=True)
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
        self._sessions.update(self._running)
        for link in self._links:
            link.facts.clients = checker._clients
            link.adopt(checker._tables.rows)
            checker.links[link.conn] = checker.numbered[link.number] = link
            if checker.remembers:
                checker.history.links[link.number] = link.memory
        checker.history.sessions = self._sessions
