"""Who talks to the server, and about what: connections, and the conversations that may outlive them.

Law: plain state, bounded whatever clients do. What belongs to which conversation is told by the names that frames
carry; what is said in it is no matter here.
"""

from __future__ import annotations

from collections import OrderedDict, deque
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Protocol

from wirecheck.catalog import Dialect
from wirecheck.scenario.believe import Memory
from wirecheck.scenario.due import Due
from wirecheck.scenario.matching import NOWHERE, Course, memorable
from wirecheck.scenario.plan import Outgoing, Reaction
from wirecheck.scenario.table import Line

MAX_CONVERSATIONS: Final = 10_000
"""Conversations that outlive their connections; beyond, the one that was heard of longest ago is forgotten."""
MAX_HISTORY: Final = 5_000
"""Frames remembered of one conversation; the oldest are forgotten."""
MAX_REMEMBERED: Final = 200_000
"""Frames remembered in all; beyond, whole conversations are forgotten."""
_MAX_CALLED: Final = 100
"""Values by which one conversation is known, beside its key."""
_CREATES: Final = "ask.session"
"""The role of a client's frame that asks for a new conversation."""


class Mutating(Protocol):
    """A fault at work in one conversation."""

    def apply(self, reaction: Reaction) -> Reaction: ...


@dataclass(slots=True, kw_only=True, eq=False, repr=False)
class Conversation:
    """One conversation. `key` is what tells it apart beyond its connection, None where nothing does.

    `history` is what was played of it and a replay tells; `turns` counts its prompts; `line` is the line of the table
    that was last played, and `course` where it may stand in the scenarios. `due` is what is open in it.
    """

    key: tuple[Any, ...] | None = None
    memory: Memory = field(default_factory=Memory)
    history: deque[Outgoing] = field(default_factory=lambda: deque(maxlen=MAX_HISTORY))
    called: deque[tuple[str, Any]] = field(default_factory=deque)
    turns: int = 0
    line: Line | None = None
    course: Course = NOWHERE
    mutating: Mutating | None = None
    due: Due = field(default_factory=Due)


@dataclass(slots=True, kw_only=True, eq=False)
class Visitor:
    """One connection. `own` is its conversation where no frame names another; `latest` the one it last spoke of.

    `params` are what its URL gives, `known` the dialect's names among them; `course` is where it may stand in the
    scenarios.
    """

    params: Mapping[str, Any]
    known: Mapping[str, Any]
    own: Conversation = field(default_factory=Conversation)
    refused: bool = False
    course: Course = NOWHERE
    latest: Conversation | None = None


class Conversations:
    """The conversations of one dialect that have a key: those of dialects whose sessions outlive connections."""

    def __init__(self, dialect: Dialect) -> None:
        bracket = next((form for form in dialect.spans.values() if form.subtrace), None)
        self._keys = bracket.keys if bracket is not None else ()
        self._framing: frozenset[str] = frozenset()
        if bracket is not None:
            asked = [
                form
                for form in dialect.spans.values()
                if form.open.startswith("ask.") and _client_plays(dialect, form.open)
            ]
            self._framing = frozenset({bracket.open, bracket.close, *(form.close for form in asked)})
        self._kept: OrderedDict[tuple[Any, ...], Conversation] = OrderedDict()
        self._called: dict[tuple[str, Any], Conversation] = {}
        self._remembered = 0

    def meant(self, visitor: Visitor, roles: Collection[str], names: Mapping[str, Any]) -> Conversation:
        """The conversation that a client's frame with these certain roles and names belongs to."""
        found = self._meant(visitor, roles, names)
        found.memory.names.update(names)
        visitor.latest = found
        if found.key is not None and self._is_kept(found):
            self._kept.move_to_end(found.key)
        return found

    def learn(self, conversation: Conversation, names: Mapping[str, Any]) -> None:
        """A frame with these names is going to be played in the conversation: from now on they mean it."""
        if not self._keys:
            return
        key = tuple(names.get(name) for name in self._keys)
        if conversation.key is None and None not in key and key not in self._kept:
            self._keep(key, conversation)
        if not self._is_kept(conversation):
            return
        for name, value in names.items():
            call = (name, value)
            if name in self._keys or not isinstance(value, str) or self._called.get(call) is conversation:
                continue
            self._called[call] = conversation
            conversation.called.append(call)
            if len(conversation.called) > _MAX_CALLED:
                self._uncall(conversation, conversation.called.popleft())

    def sent(self, conversation: Conversation, frame: Outgoing) -> None:
        """A frame has been played: if replays tell it, it is history from now on."""
        if frame.replayed or frame.roles & self._framing or not self._is_kept(conversation):
            return
        if tuple(frame.names.get(name) for name in self._keys) != conversation.key:
            return
        self._remembered += len(conversation.history) < MAX_HISTORY
        conversation.history.append(frame)
        while self._remembered > MAX_REMEMBERED and len(self._kept) > 1:
            self._forget(next(iter(self._kept)))

    def _meant(self, visitor: Visitor, roles: Collection[str], names: Mapping[str, Any]) -> Conversation:
        if not self._keys:
            return visitor.own
        key = tuple(names.get(name) for name in self._keys)
        if None not in key:
            found = self._kept.get(key)
            return found if found is not None else self._keep(key, Conversation())
        if _CREATES in roles:
            return Conversation()
        called = (self._called[call] for call in names.items() if call in self._called)
        return next(called, visitor.latest or visitor.own)

    def _is_kept(self, conversation: Conversation) -> bool:
        return conversation.key is not None and self._kept.get(conversation.key) is conversation

    def _keep(self, key: tuple[Any, ...], conversation: Conversation) -> Conversation:
        conversation.key = key
        self._kept[key] = conversation
        if len(self._kept) > MAX_CONVERSATIONS:
            self._forget(next(iter(self._kept)))
        return conversation

    def _forget(self, key: tuple[Any, ...]) -> None:
        conversation = self._kept.pop(key)
        self._remembered -= len(conversation.history)
        conversation.history.clear()
        for call in conversation.called:
            self._uncall(conversation, call)

    def _uncall(self, conversation: Conversation, call: tuple[str, Any]) -> None:
        if self._called.get(call) is conversation:
            del self._called[call]


def visitor(dialect: Dialect, params: Mapping[str, Any], *, refused: bool) -> Visitor:
    """A connection that was just opened, with the names that its URL gives."""
    known: dict[str, Any] = {}
    for name, places in dialect.names.items():
        for place in places:
            value = params.get(place.path[0]) if place.place in ("query", "path") else None
            if value is not None and memorable(value):
                known.setdefault(name, value)
    found = Visitor(params=params, known=known, refused=refused)
    found.own.memory.names.update(known)
    return found


def _client_plays(dialect: Dialect, role: str) -> bool:
    return any(
        form.sender == "client" and role in {*form.roles, *(word for case in form.cases for word in case.roles)}
        for form in dialect.frames.values()
    )
