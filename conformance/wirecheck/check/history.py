"""What was seen of each session, and whether its replays repeat it and hold nothing that is live.

Law: the one place that remembers what sessions held across connections. It sees the frames of a capture in file order,
keeps residues and digests instead of texts, is bounded a session and in sessions, and is undecided beyond its bounds.

`replay-repeats-history`: of what was seen before the replay, each kind of frame that the replay holds at all (text,
calls, results) must come back in order; pieces of text are joined, since a transcript may cut them otherwise, and the
text of the turn that still ran must begin what comes back of it. What a transcript leaves out altogether is not said
by the documents, so it is undecided; so is what lacks once several connections showed the session at once. A text that
the server itself replaced at the end of the turn may come back in either form; where that has links, which may be
signed anew each time, a third form is undecided.

`live-after-replay`: frames in a bracket look like history. They cannot be history if the session began in this capture
and the bracket holds more than was ever asked for before it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from wirecheck.check import recall
from wirecheck.check.memory import (
    BIRTH,
    CALL,
    DELTA,
    DONE,
    KINDS,
    MAX_ITEMS,
    MAX_PIECES,
    MAX_TEXT,
    MAX_WEIGHT,
    RESUME,
    TURN,
    Bracket,
    History,
    Link,
    Session,
    Turn,
    Watch,
    digest,
    expects,
    forget,
    is_signed,
    kind_of,
    packed,
    session_of,
    snapshot,
)
from wirecheck.check.plan import BORN, Moves, Plan
from wirecheck.shapes.joins import residue
from wirecheck.shapes.lane import MAX_REPLAYS, Key, agree, remember
from wirecheck.shapes.state import Event, Outcomes

_CONTENT = frozenset({*KINDS, DELTA, DONE})
_NEWS = _CONTENT | {BORN}
_IN_TURN = frozenset({DELTA, CALL, DONE})
"""What lies in a turn; the result of a call that waited for the user may come behind the turn's end."""


def is_wanted(plan: Plan) -> bool:
    """Whether the dialect claims anything that needs a memory across connections."""
    return plan.bracket is not None and (plan.history is not None or plan.live_after is not None)


def observe(
    plan: Plan, history: History, conn: int, event: Event, moves: Moves, payload: Mapping[str, Any], *,
    home: bool, exclusive: bool, replayed: bool, out: Outcomes,
) -> None:  # fmt: skip
    """One frame that could be placed: live, or (`replayed`) inside its session's bracket."""
    bracket = plan.bracket
    if bracket is None:
        return
    link = history.links.get(conn) or join_in(history, conn)
    key = event.key(bracket.keys)
    if None not in key:
        shows(history, link, conn, key, exclusive=exclusive)
    if replayed:
        _replayed(plan, history, link.brackets.get(key), key, event, moves, payload, out)
    elif moves.begins_bracket or moves.ends_bracket:
        _bracket(plan, history, link, key, event, moves, out)
    elif moves.sender == "client":
        _asked(history, link, conn, key, moves)
    elif None in key:
        if TURN in moves.may:
            doubt(history)
    elif moves.roles & _NEWS:
        _live(plan, history, link, conn, key, event, moves, payload, home=home, out=out)


def shows(history: History, link: Link, conn: int, key: Key, *, exclusive: bool) -> Session:
    """A connection shows a session."""
    session = session_of(history, key)
    session.sure = session.sure and exclusive
    if conn not in session.shown_by:
        session.shown_by[conn] = None
        remember(link.shows, key)
    return session


def born(link: Link, session: Session, conn: int, key: Key, *, home: bool) -> None:
    """The server says that the session was just created, on this connection."""
    session.born = home and not session.prompts and not session.texted and not session.partial
    if link.births:
        link.mixed = link.mixed or len(set(link.births)) > 1
        session.sure = session.sure and not link.mixed
        asked = link.births.pop(0)
        link.mixed = link.mixed and bool(link.births)
        if asked:
            session.prompts += 1
            _run(link, conn, key, session, whole=home)


def join_in(history: History, conn: int) -> Link:
    """A new connection's part of the memory."""
    link = history.links[conn] = Link()
    return link


def disconnect(plan: Plan, history: History, conn: int, out: Outcomes) -> None:
    """The connection is over: its brackets and watches are, and turns in the middle will never be whole."""
    link = history.links.pop(conn, None)
    if link is None:
        return
    for bracket in link.brackets.values():
        _abandon(plan, bracket, out)
    for watch in link.watches.values():
        if watch.content:
            out.undecided(plan.live_after)
    for key in link.shows:
        if key in history.sessions:
            history.sessions[key].shown_by.pop(conn, None)


def blur(history: History, conn: int) -> None:
    """Something on the connection could not be read: what was seen there may not be all."""
    doubt(history)
    link = history.links.setdefault(conn, Link())
    for key in link.running:
        session = history.sessions.get(key)
        if session is not None and session.now is not None and session.now.conn == conn:
            session.now.whole = False
    link.running.clear()
    for bracket in link.brackets.values():
        bracket.overflow = True


def doubt(history: History) -> None:
    """A turn may have been asked for, nobody knows in which session."""
    history.epoch += 1


def _asked(history: History, link: Link, conn: int, key: Key, moves: Moves) -> None:
    if RESUME in moves.roles and None not in key:
        session = session_of(history, key)
        link.resumed[key] = snapshot(session, alone=set(session.shown_by) <= {conn})
        if len(link.resumed) > MAX_ITEMS:
            del link.resumed[next(iter(link.resumed))]
    if BIRTH in moves.roles and len(link.births) < MAX_ITEMS:
        link.births.append(TURN in moves.roles)
    elif None in key:
        if TURN in moves.roles or TURN in moves.may:
            doubt(history)
    elif TURN in moves.roles:
        session = session_of(history, key)
        session.prompts += 1
        for number in session.shown_by:
            other = history.links.get(number)
            if other is not None and key in other.brackets:
                other.brackets[key].prompted = True
        if key in link.watches:
            link.watches[key].prompted = True
        _run(link, conn, key, session, whole=session.now is None)
    elif TURN in moves.may:
        session_of(history, key).sure = False


def _run(link: Link, conn: int, key: Key, session: Session, *, whole: bool) -> Turn:
    """A turn of the session runs on this connection; what was seen of one before goes into it."""
    before = session.now
    session.now = Turn(conn=conn, whole=whole, items=before.items if before else {})
    remember(link.running, key)
    return session.now


def _live(
    plan: Plan, history: History, link: Link, conn: int, key: Key, event: Event, moves: Moves,
    payload: Mapping[str, Any], *, home: bool, out: Outcomes,
) -> None:  # fmt: skip
    roles = moves.roles
    session = session_of(history, key)
    if BORN in roles:
        born(link, session, conn, key, home=home)
        return
    if link.watches:
        watch = link.watches.get(key)
        if watch is not None and watch.prompted:
            out.held(plan.live_after)
            del link.watches[key]
    session.full = session.full or len(session.shown_by) > 1  # each has a copy: which frames are the same?
    turn = session.now
    if turn is None or turn.conn != conn:
        turn = _run(link, conn, key, session, whole=False)
    if DELTA in roles:
        piece = event.names.get("text")
        if isinstance(piece, str):
            turn.pieces.append(piece)
            if len(turn.pieces) >= MAX_PIECES:
                turn.joined()
        else:
            turn.whole = False
    if DONE in roles:
        final = event.names.get("final")
        text = final if isinstance(final, str) else None
        session.signed = session.signed or (text is not None and is_signed(text))
        history.weight += session.ended(turn, None if text is None else residue(text))
        link.running.pop(key, None)
        while history.weight > MAX_WEIGHT:
            forget(history)
    kind = kind_of(roles)
    if kind is not None:
        items = turn.items.setdefault(kind, [])
        if len(items) < MAX_ITEMS:
            items.append(packed(digest(moves.documented, payload), turn.joined()[0]))
        else:
            session.full = True


def _bracket(plan: Plan, history: History, link: Link, key: Key, event: Event, moves: Moves, out: Outcomes) -> None:
    """A frame that begins or ends a replay; an end that does not say which ends the only one, or makes all doubtful."""
    meant = [other for other in link.brackets if agree(other, key)]  # at most MAX_REPLAYS
    if not moves.begins_bracket and (len(meant) == 1 or None not in key):
        for other in meant:
            _end(plan, history, link, other, out)
    else:
        for other in meant:
            _abandon(plan, link.brackets.pop(other), out)
    if moves.begins_bracket and None not in key:
        _begin(history, link, key, event)


def _abandon(plan: Plan, bracket: Bracket, out: Outcomes) -> None:
    """The bracket's end was not seen: what it should have held, and whether it held more, stays open."""
    if expects(bracket):
        out.undecided(plan.history)
    if not bracket.broken and (bracket.content or bracket.prompted):
        out.undecided(plan.live_after)


def _begin(history: History, link: Link, key: Key, event: Event) -> None:
    session = session_of(history, key)
    seen = link.resumed.pop(key, None) or snapshot(session, alone=False)
    if session.now is not None:
        session.now.whole = False
    link.watches.pop(key, None)
    if len(link.brackets) >= MAX_REPLAYS:
        session.sure = False
        return
    link.brackets[key] = Bracket(at=event.at, label=event.label, prompts=session.prompts, seen=seen)


def _replayed(
    plan: Plan, history: History, bracket: Bracket | None, key: Key, event: Event, moves: Moves,
    payload: Mapping[str, Any], out: Outcomes,
) -> None:  # fmt: skip
    roles = moves.roles
    if bracket is None or not roles & _CONTENT:
        return
    bracket.content = True
    session = session_of(history, key)
    sure = session.born and session.sure and session.epoch == history.epoch and len(session.shown_by) == 1
    if sure and roles & _IN_TURN and bracket.ends >= bracket.prompts and not bracket.broken:
        bracket.broken = True
        text = f"inside the replay of line {bracket.at.line}, which already holds all {bracket.prompts} turns asked for"
        out.broke(plan.live_after, event.at, event.label, text)
    kind = kind_of(roles)
    if DELTA in roles:
        piece = event.names.get("text")
        if isinstance(piece, str) and bracket.length + len(piece) <= MAX_TEXT:
            bracket.texts[-1].append(piece)
            bracket.length += len(piece.encode("utf-8", "surrogatepass"))
        else:
            bracket.overflow = True
    elif kind is not None:
        items = bracket.items.setdefault(kind, [])
        if len(items) < 2 * MAX_ITEMS:
            items.append((digest(moves.documented, payload), bracket.length))
        else:
            bracket.overflow = True
    if DONE in roles:
        bracket.ends += 1
        bracket.texts.append([])


def _end(plan: Plan, history: History, link: Link, key: Key, out: Outcomes) -> None:
    bracket = link.brackets.pop(key, None)
    if bracket is None:
        return
    if not bracket.broken:
        if len(link.watches) >= MAX_ITEMS:
            del link.watches[next(iter(link.watches))]
        link.watches[key] = Watch(prompted=bracket.prompted, content=bracket.content or bracket.prompted)
    session = session_of(history, key)
    if plan.history is None or not expects(bracket):
        return
    if not bracket.content and bracket.seen.alone and bracket.seen.past:
        text = "nothing of what was seen before the replay comes back in it"
        out.broke(plan.history, bracket.at, bracket.label, text)
        return
    judgements = recall.judged(session, bracket)
    if session.full or bracket.overflow:
        judgements = [verdict for verdict in judgements if verdict is not False]
    if False in judgements:
        what = "the text" if judgements[-1] is False else "the tool calls or results"
        text = f"not all of {what} seen before the replay comes back in it in the same order"
        out.broke(plan.history, bracket.at, bracket.label, text)
    elif True in judgements:
        out.held(plan.history)
    else:
        out.undecided(plan.history)
