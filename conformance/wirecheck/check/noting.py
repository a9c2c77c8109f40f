"""What a frame adds to what its session held, where nothing about it is in doubt.

Law: does what `history.observe` does for the same frame, or does nothing and says so. Most frames of a session come on
the one connection that shows it, with no replay open and none just over: then little has to be asked.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from operator import itemgetter
from typing import TYPE_CHECKING, Any

from msgspec import UNSET

from wirecheck.check.history import born, shows
from wirecheck.check.means import Meaning
from wirecheck.check.memory import (
    BIRTH,
    DELTA,
    DONE,
    KINDS,
    MAX_ITEMS,
    MAX_PIECES,
    MAX_WEIGHT,
    RESUME,
    TURN,
    History,
    Link,
    Session,
    Turn,
    digest_of,
    forget,
    is_signed,
    packed,
)
from wirecheck.check.plan import BORN, Plan
from wirecheck.shapes.joins import residue
from wirecheck.shapes.lane import Key, remember
from wirecheck.shapes.state import Facts

if TYPE_CHECKING:
    from wirecheck.typed import Kind

_TURN, _END, _ITEM, _SHOWN, _BIRTH, _BORN = range(6)
"""What such a frame is: the client's request for a turn; the end of a turn; a call or a result; nothing but a sign
of its session; the client's request for a new session; or the answer to that."""

Values = tuple[Any, ...]


class Noting:
    """How the frames of one class and meaning are noted. `final` reads the server's own version of a turn's text."""

    __slots__ = ("_asks", "_final", "_key", "_kind", "_payload", "_what")

    def __init__(
        self, kind: Kind, meaning: Meaning, what: int, key: Callable[[Values], Values], final: Callable[[Any], Any]
    ) -> None:
        roles = meaning.moves.roles
        self._what = what
        self._asks = TURN in roles
        self._key = key
        self._final = final
        self._kind = next((role for role in KINDS if role in roles), "")
        self._payload = kind.members(meaning.moves.documented)

    def note(self, history: History, link: Link, conn: int, facts: Facts, values: Values, frame: Any) -> bool:
        """Note a live frame; whether that could be done here. `values` are those of its meaning's names.

        Whether the connection has the session to itself is no question here: that it shows the session was noted by
        `history.observe`, and so was that; nothing makes a session sure again.
        """
        what, key = self._what, self._key(values)
        if what >= _BIRTH:
            return self._begins(history, link, conn, facts, key)
        session = history.sessions.get(key)
        if session is None or link.watches or link.brackets:
            return False
        shown = session.shown_by
        if len(shown) != 1 or conn not in shown:
            return False
        turn = session.now
        if what == _ITEM:
            if turn is None or turn.conn != conn:
                return False
            items = turn.items.get(self._kind)
            if items is None:
                items = turn.items[self._kind] = []
            if len(items) < MAX_ITEMS:
                before = turn.joined() if turn.pieces else turn.text
                items.append(packed(digest_of(self._payload(frame)), before[0]))
            else:
                session.full = True
        elif what == _TURN:
            session.prompts += 1
            session.now = Turn(conn, turn is None, items={} if turn is None else turn.items)
            if key not in link.running:
                remember(link.running, key)
        elif what == _END:
            if turn is None or turn.conn != conn:
                return False
            text = self._final(frame)
            final = None
            if text.__class__ is str:
                final = residue(text)
                if not session.signed:
                    session.signed = is_signed(text)
            history.weight += session.ended(turn, final)
            link.running.pop(key, None)
            while history.weight > MAX_WEIGHT:
                forget(history)
        return True

    def _begins(self, history: History, link: Link, conn: int, facts: Facts, key: Key) -> bool:
        """Note that a session is asked for, or that one is created."""
        named = None not in key and UNSET not in key
        if self._what == _BORN and named:
            session = shows(history, link, conn, key, exclusive=facts.exclusive)
            born(link, session, conn, key, home=key[0] in facts.homes)
            return True
        if self._what == _BIRTH and not named and len(link.births) < MAX_ITEMS:
            link.births.append(self._asks)
            return True
        return False


def noting(plan: Plan, kind: Kind, meaning: Meaning, final: Callable[[Any], Any]) -> Noting | None:
    """How such frames are noted; None where only `history` can tell.

    Those that begin or end a replay, and those that are of no account to one, never come here: no quick step takes the
    former, and none has the latter noted.
    """
    moves, bracket = meaning.moves, plan.bracket
    if bracket is None or not set(bracket.keys) <= set(meaning.names):
        return None
    roles = moves.roles
    places = [meaning.names.index(name) for name in bracket.keys]
    key: Any = itemgetter(*places) if len(places) > 1 else itemgetter(slice(places[0], places[0] + 1))
    if moves.sender == "client":
        if RESUME in roles:
            return None
        what = _BIRTH if BIRTH in roles else _TURN if TURN in roles else _SHOWN
        if what == _SHOWN and TURN in moves.may:
            return None
    elif BORN in roles:
        what = _BORN
    else:
        parts = [_ITEM] * (not roles.isdisjoint(KINDS)) + [_END] * (DONE in roles)
        if DELTA in roles or len(parts) > 1:
            return None
        what = parts[0] if parts else _SHOWN
    return Noting(kind, meaning, what, key, final)


def continues(sessions: Mapping[Key, Session], link: Link, conn: int, key: Key, piece: Any) -> Session | None:
    """A piece of text of the turn that runs on this connection alone, and nothing waits for it: then it is added.

    Returns its session; None where nothing was done.
    """
    if link.brackets or link.watches or piece.__class__ is not str:
        return None
    session = sessions.get(key)
    turn = None if session is None else session.now
    if session is None or turn is None or turn.conn != conn or len(session.shown_by) > 1:
        return None
    pieces = turn.pieces
    pieces.append(piece)
    if len(pieces) >= MAX_PIECES:
        turn.joined()
    return session
