"""What a frame adds to what its session held, where nothing about it is in doubt.

Law: does what `history.observe` does for the same frame, or does nothing and says so. Most frames of a session come on
the one connection that shows it, with no replay open and none just over: then little has to be asked.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from operator import itemgetter
from typing import TYPE_CHECKING, Any

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
    digest,
    forget,
    is_signed,
)
from wirecheck.check.plan import BORN, Plan
from wirecheck.shapes.joins import residue
from wirecheck.shapes.lane import Key, remember

if TYPE_CHECKING:
    from wirecheck.typed import Kind

_TURN, _END, _ITEM, _SHOWN = range(4)
"""What such a frame is: the client's request for a turn; the end of a turn; a call or a result; or nothing but a sign
of its session."""

Values = tuple[Any, ...]


class Noting:
    """How the frames of one class and meaning are noted. `final` reads the server's own version of a turn's text."""

    __slots__ = ("_documented", "_final", "_key", "_kind", "_payload", "_what")

    def __init__(
        self, kind: Kind, meaning: Meaning, what: int, key: Callable[[Values], Values], final: Callable[[Any], Any]
    ) -> None:
        roles = meaning.moves.roles
        self._what = what
        self._key = key
        self._final = final
        self._kind = next((role for role in KINDS if role in roles), "")
        self._documented = meaning.moves.documented
        self._payload = kind.payload

    def note(self, history: History, link: Link, conn: int, values: Values, frame: Any) -> bool:
        """Note a live frame; whether that could be done here. `values` are those of its meaning's names.

        Whether the connection has the session to itself is no question here: that it shows the session was noted by
        `history.observe`, and so was that; nothing makes a session sure again.
        """
        what = self._what
        key = self._key(values)
        session = history.sessions.get(key)
        if session is None or link.watches or link.brackets:
            return False
        shown = session.shown_by
        if len(shown) != 1 or conn not in shown:
            return False
        turn = session.now
        if what == _TURN:
            session.prompts += 1
            session.now = Turn(conn, turn is None, items={} if turn is None else turn.items)
            remember(link.running, key)
        elif what != _SHOWN:
            if turn is None or turn.conn != conn:
                return False
            if what == _ITEM:
                items = turn.items.get(self._kind)
                if items is None:
                    items = turn.items[self._kind] = []
                if len(items) < MAX_ITEMS:
                    items.append((digest(self._documented, self._payload(frame)), turn.joined()[0]))
                else:
                    session.full = True
            else:
                final = self._final(frame)
                text = final if final.__class__ is str else None
                if text is not None and not session.signed:
                    session.signed = is_signed(text)
                history.weight += session.ended(turn, None if text is None else residue(text))
                link.running.pop(key, None)
                while history.weight > MAX_WEIGHT:
                    forget(history)
        return True


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
        what = _TURN if TURN in roles else _SHOWN
        if roles & {BIRTH, RESUME} or (what == _SHOWN and TURN in moves.may):
            return None
    else:
        parts = [_ITEM] * (not roles.isdisjoint(KINDS)) + [_END] * (DONE in roles)
        if roles & {BORN, DELTA} or len(parts) > 1:
            return None
        what = parts[0] if parts else _SHOWN
    return Noting(kind, meaning, what, key, final)


def continues(sessions: Mapping[Key, Session], link: Link, conn: int, key: Key, piece: Any) -> bool:
    """A piece of text of the turn that runs on this connection alone, and nothing waits for it: then it is added."""
    if link.brackets or link.watches:
        return False
    session = sessions.get(key)
    turn = None if session is None else session.now
    if session is None or turn is None or turn.conn != conn or len(session.shown_by) > 1 or piece.__class__ is not str:
        return False
    pieces = turn.pieces
    pieces.append(piece)
    if len(pieces) >= MAX_PIECES:
        turn.joined()
    return True
