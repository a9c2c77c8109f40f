"""What was seen of each session, and whether its replays repeat it and hold nothing that is live.

Law: the one place that remembers anything across connections. It sees the frames of a capture in file order, keeps
residues and digests instead of texts, is bounded a session and in sessions, and is undecided beyond its bounds.

`replay-repeats-history`: of what was seen before the replay, each kind of frame that the replay holds at all (text,
calls, results) must come back in order; pieces of text are joined, since a transcript may cut them otherwise, and the
text of the turn that still ran must begin what comes back of it. What a transcript leaves out altogether is not said
by the documents, so it is undecided. A text that the server itself replaced at the end of the turn may come back in
either form; where that has links, which may be signed anew each time, a third form is undecided.

`live-after-replay`: frames in a bracket look like history. They cannot be history if the session began in this capture
and the bracket holds more than was ever asked for before it.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import orjson

from wirecheck.check.plan import BORN, Moves, Plan
from wirecheck.record import At
from wirecheck.shapes.joins import PRIME, join, residue, residue_of
from wirecheck.shapes.state import Event, Key, Outcomes, agree, remember

MAX_SESSIONS = 10_000
MAX_WEIGHT = 100_000
"""Texts and items remembered in all sessions together; beyond, the oldest session is forgotten."""
MAX_ITEMS = 2_000
MAX_TEXT = 1 << 20
MAX_PIECES = 64

_TURN, _DONE, _BIRTH, _DELTA = "turn.open", "turn.close", "ask.session", "text.delta"
_RESUME = "ask.replay"
_KINDS = ("tool.open", "tool.close")
_CONTENT = frozenset({*_KINDS, _DELTA, _DONE})
_NEWS = _CONTENT | {BORN}

_LINK = re.compile(r"://|\]\(")

NOTHING = (0, 0)
Residue = tuple[int, int]


@dataclass(slots=True)
class Turn:
    """The turn that runs now, as far as it was seen: `whole` if all of its text was."""

    conn: int
    whole: bool
    text: Residue = NOTHING
    pieces: list[str] = field(default_factory=list)
    items: dict[str, list[bytes]] = field(default_factory=dict)

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
    `signed`: the server's versions hold links. `items`: digests of calls and results of turns that ended. `full`: there were more.
    """

    born: bool = False
    sure: bool = True
    prompts: int = 0
    full: bool = False
    partial: bool = False
    texts: list[tuple[Residue, Residue | None]] = field(default_factory=list)
    items: dict[str, list[bytes]] = field(default_factory=dict)
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
    running: dict[str, list[bytes]]


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
    items: dict[str, list[bytes]] = field(default_factory=dict)
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
    link = history.links.get(conn)
    if link is None:
        link = history.links[conn] = Link()
    key = event.key(bracket.keys)
    if None not in key:
        session = _session(history, key)
        session.sure = session.sure and exclusive
        if conn not in session.shown_by:
            session.shown_by[conn] = None
            remember(link.shows, key)
    if replayed:
        _replayed(plan, history, link.brackets.get(key), key, event, moves, payload, out)
    elif moves.begins_bracket or moves.ends_bracket:
        _bracket(plan, history, link, key, event, moves, out)
    elif moves.sender == "client":
        _asked(history, link, conn, key, moves)
    elif None in key:
        if _TURN in moves.may:
            doubt(history)
    elif moves.roles & _NEWS:
        _live(plan, history, link, conn, key, event, moves, payload, home=home, out=out)


def continues(history: History, conn: int, key: Key, event: Event) -> bool:
    """A piece of text of the turn that runs on this connection, where nothing else waits for it: then it is added."""
    link = history.links.get(conn)
    if link is None or link.brackets or link.watches:
        return False
    session = history.sessions.get(key)
    turn = None if session is None else session.now
    piece = event.names.get("text")
    if turn is None or turn.conn != conn or type(piece) is not str:
        return False
    turn.pieces.append(piece)
    if len(turn.pieces) >= MAX_PIECES:
        turn.joined()
    return True


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
    if _RESUME in moves.roles and None not in key:
        link.resumed[key] = _snapshot(_session(history, key))
        if len(link.resumed) > MAX_ITEMS:
            del link.resumed[next(iter(link.resumed))]
    if _BIRTH in moves.roles and len(link.births) < MAX_ITEMS:
        link.births.append(_TURN in moves.roles)
    elif None in key:
        if _TURN in moves.roles or _TURN in moves.may:
            doubt(history)
    elif _TURN in moves.roles:
        session = _session(history, key)
        session.prompts += 1
        for other in history.links.values():
            if key in other.brackets:
                other.brackets[key].prompted = True
        if key in link.watches:
            link.watches[key].prompted = True
        _run(link, conn, key, session, whole=session.now is None)
    elif _TURN in moves.may:
        _session(history, key).sure = False


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
    session = _session(history, key)
    if BORN in roles:
        session.born = home and not session.prompts and not session.texts and not session.partial
        if link.births:
            link.mixed = link.mixed or len(set(link.births)) > 1
            session.sure = session.sure and not link.mixed
            asked = link.births.pop(0)
            link.mixed = link.mixed and bool(link.births)
            if asked:
                session.prompts += 1
                _run(link, conn, key, session, whole=home)
        return
    if link.watches:
        watch = link.watches.get(key)
        if watch is not None and watch.prompted:
            out.held(plan.live_after)
            del link.watches[key]
    turn = session.now
    if turn is None or turn.conn != conn:
        turn = _run(link, conn, key, session, whole=False)
    if _DELTA in roles:
        piece = event.names.get("text")
        if isinstance(piece, str):
            turn.pieces.append(piece)
            if len(turn.pieces) >= MAX_PIECES:
                turn.joined()
        else:
            turn.whole = False
    if _DONE in roles:
        final = event.names.get("final")
        text = final if isinstance(final, str) else None
        session.signed = session.signed or (text is not None and _LINK.search(text) is not None)
        history.weight += session.ended(turn, None if text is None else residue(text))
        link.running.pop(key, None)
        while history.weight > MAX_WEIGHT:
            _forget(history)
    kind = _kind(roles)
    if kind is not None:
        items = turn.items.setdefault(kind, [])
        if len(items) < MAX_ITEMS:
            items.append(_digest(moves, payload))
        else:
            session.full = True


def _bracket(plan: Plan, history: History, link: Link, key: Key, event: Event, moves: Moves, out: Outcomes) -> None:
    """A frame that begins or ends a replay; an end that does not say which ends the only one, or makes all doubtful."""
    meant = [other for other in link.brackets if agree(other, key)]
    if len(meant) == 1 or None not in key:
        for other in meant:
            _end(plan, history, link, other, out)
    else:
        for other in meant:
            _abandon(plan, link.brackets.pop(other), out)
    if moves.begins_bracket and None not in key:
        _begin(history, link, key, event)


def _abandon(plan: Plan, bracket: Bracket, out: Outcomes) -> None:
    """The bracket's end was not seen: what it should have held, and whether it held more, stays open."""
    if _expects(bracket):
        out.undecided(plan.history)
    if not bracket.broken and (bracket.content or bracket.prompted):
        out.undecided(plan.live_after)


def _expects(bracket: Bracket) -> bool:
    """Whether anything is known that the replay should bring back."""
    seen = bracket.seen
    return bool(seen.texts or seen.items or seen.running or (seen.text or NOTHING)[0])


def _begin(history: History, link: Link, key: Key, event: Event) -> None:
    session = _session(history, key)
    seen = link.resumed.pop(key, None) or _snapshot(session)
    if session.now is not None:
        session.now.whole = False
    link.watches.pop(key, None)
    link.brackets[key] = Bracket(at=event.at, label=event.label, prompts=session.prompts, seen=seen)


def _snapshot(session: Session) -> Snapshot:
    turn = session.now
    return Snapshot(
        texts=len(session.texts),
        items={kind: len(items) for kind, items in session.items.items()},
        text=NOTHING if turn is None else turn.joined() if turn.whole else None,
        running={} if turn is None else {kind: list(items) for kind, items in turn.items.items()},
    )


def _replayed(
    plan: Plan, history: History, bracket: Bracket | None, key: Key, event: Event, moves: Moves,
    payload: Mapping[str, Any], out: Outcomes,
) -> None:  # fmt: skip
    roles = moves.roles
    if bracket is None or not roles & _CONTENT:
        return
    bracket.content = True
    session = _session(history, key)
    sure = session.born and session.sure and session.epoch == history.epoch and len(session.shown_by) == 1
    if sure and bracket.ends >= bracket.prompts and not bracket.broken:
        bracket.broken = True
        text = f"inside the replay of line {bracket.at.line}, which already holds all {bracket.prompts} turns asked for"
        out.broke(plan.live_after, event.at, event.label, text)
    kind = _kind(roles)
    if _DELTA in roles:
        piece = event.names.get("text")
        if isinstance(piece, str) and bracket.length + len(piece) <= MAX_TEXT:
            bracket.texts[-1].append(piece)
            bracket.length += len(piece)
        else:
            bracket.overflow = True
    elif kind is not None:
        items = bracket.items.setdefault(kind, [])
        if len(items) < 2 * MAX_ITEMS:
            items.append(_digest(moves, payload))
        else:
            bracket.overflow = True
    if _DONE in roles:
        bracket.ends += 1
        bracket.texts.append([])


def _end(plan: Plan, history: History, link: Link, key: Key, out: Outcomes) -> None:
    bracket = link.brackets.pop(key, None)
    if bracket is None:
        return
    if not bracket.broken:
        link.watches[key] = Watch(prompted=bracket.prompted, content=bracket.content or bracket.prompted)
    session = _session(history, key)
    if plan.history is None or not _expects(bracket):
        return
    judgements = [*_calls(session, bracket), _texts(session, bracket)]
    if session.full or bracket.overflow:
        judgements = [verdict for verdict in judgements if verdict is not False]
    if False in judgements:
        what = "text" if judgements[-1] is False else "tool calls or results"
        text = f"{what} seen before the replay do not come back in it in the same order"
        out.broke(plan.history, bracket.at, bracket.label, text)
    elif True in judgements:
        out.held(plan.history)
    else:
        out.undecided(plan.history)


def _calls(session: Session, bracket: Bracket) -> list[bool | None]:
    """For each kind of item: True if it came back, False if not, None if the replay holds none of the kind."""
    found: list[bool | None] = []
    for kind in _KINDS:
        ended = session.items.get(kind, [])[: bracket.seen.items.get(kind, 0)]
        seen = [*ended, *bracket.seen.running.get(kind, ())]
        again = bracket.items.get(kind)
        if seen:
            found.append(_in_order(seen, again) if again else None)
    return found


def _texts(session: Session, bracket: Bracket) -> bool | None:
    """Whether the texts of the turns seen before came back; None where that cannot be told."""
    running = bracket.seen.text or NOTHING
    texts = session.texts[: bracket.seen.texts]
    if not bracket.length or not (texts or running[0]):
        return None
    again = ["".join(pieces).encode("utf-8", "surrogatepass") for pieces in bracket.texts]
    rewritten = session.signed
    if bracket.ends:
        back = _cut_alike(texts, running, [text for text in again if text])
        return True if back else None if rewritten else False
    place = 0
    for versions in [*texts, *([(running, None)] if running[0] else [])]:
        found = [end for version in versions if version and (end := _find(again[0], version, place)) >= 0]
        if not found:
            return None if rewritten else False
        place = min(found)
    return True


def _cut_alike(seen: list[tuple[Residue, Residue | None]], running: Residue, again: list[bytes]) -> bool:
    """Whether the texts that ended come back as texts of their own, in order, and the running one begins another."""
    rest = iter(again)
    for versions in seen:
        if not any(residue_of(text) in versions for text in rest):
            return False
    return not running[0] or any(_begins(text, running) for text in rest)


def _begins(text: bytes, start: Residue) -> bool:
    return len(text) >= start[0] and residue_of(text[: start[0]]) == start


def _find(text: bytes, wanted: Residue, place: int) -> int:
    """Where the first part of `text` ends, from `place` on, that has this residue; -1 where there is none."""
    size, value = wanted
    _, window = residue_of(text[place : place + size])
    lead = pow(256, size, PRIME)
    for end in range(place + size, len(text) + 1):
        if window == value:
            return end
        if end < len(text):
            window = (window * 256 - text[end - size] * lead + text[end]) % PRIME
    return -1


def _in_order(seen: list[bytes], again: list[bytes]) -> bool:
    """Whether `seen` is a subsequence of `again`."""
    rest = iter(again)
    return all(item in rest for item in seen)


def _kind(roles: frozenset[str]) -> str | None:
    return next((role for role in _KINDS if role in roles), None)


def _digest(moves: Moves, payload: Mapping[str, Any]) -> bytes:
    """The documented payload of a frame; fields that the vendor adds (a time, say) may differ in a replay."""
    documented = (moves.form.payload or {}).get("properties", {})
    known = {name: payload[name] for name in documented if name in payload}
    try:
        raw = orjson.dumps(known, option=orjson.OPT_SORT_KEYS)
    except TypeError:  # what orjson does not write: integers beyond 64 bits, lone surrogates
        raw = json.dumps(known, sort_keys=True).encode()
    return hashlib.blake2b(raw, digest_size=12).digest()


def _session(history: History, key: Key) -> Session:
    session = history.sessions.get(key)
    if session is None:
        session = history.sessions[key] = Session(epoch=history.epoch)
        if len(history.sessions) > MAX_SESSIONS:
            _forget(history)
    return session


def _forget(history: History) -> None:
    """Forget the session that was met first; if it comes again, it counts as one that was not born here."""
    oldest = next(iter(history.sessions))
    history.weight -= history.sessions.pop(oldest).weight
