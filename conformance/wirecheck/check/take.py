"""Whole blocks of lines, judged by rows.

Law: gives what `Checker.receive` gives for the same records, one after the other. The loop does what nearly all frames
need, and nothing else: read the names, find the step, count it. What it does not know goes to the stepper, and what no
row holds to the checker itself.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

import msgspec

from wirecheck.check import quick
from wirecheck.check.block import Block
from wirecheck.check.kinds import Reading, StructKind
from wirecheck.check.link import HEARD, Link, Spot
from wirecheck.check.means import Meaning
from wirecheck.check.memory import MAX_PIECES, kind_of
from wirecheck.check.noting import continues
from wirecheck.check.promises import Promises
from wirecheck.check.quick import ADDED, FIRST, JUDGED, MEETS, MET, NOTED, OBSERVED, PROMISED, SUBSCRIBED, TEXT, Quick
from wirecheck.check.rows import MAX_STEPS, NOBODY, Kept, Step, answered
from wirecheck.check.stepping import Stepper
from wirecheck.check.tally import Placed
from wirecheck.shapes import joins, opted
from wirecheck.shapes.state import Event, Trace

if TYPE_CHECKING:
    from wirecheck.check.checker import Checker
    from wirecheck.typed import Typed

UNSET: Final = msgspec.UNSET
_BOTH: Final = HEARD[None]

Kinds = dict[type, StructKind]


class Taker:
    """Takes blocks for one checker."""

    __slots__ = ("_checker", "_kinds", "_plan", "_promises", "_typed", "stepper")

    def __init__(self, checker: Checker, stepper: Stepper, typed: Typed, kinds: Kinds) -> None:
        self._checker = checker
        self.stepper = stepper
        self._typed = typed
        self._kinds = kinds
        self._plan = stepper.plan
        self._promises = Promises(stepper.plan)

    def take(self, block: Block) -> None:
        """Judge the records of a block."""
        lines, number, checker = block.lines, block.first - 1, self._checker
        find, kind_of_class = checker.links.get, self._kinds.get
        tally = checker.tally if isinstance(checker.tally, Placed) else None
        taken: list[Step | Kept] = []
        count, stepped = taken.append, 0
        epoch = checker.epoch
        for line, frame in zip(lines, self._typed.read(lines), strict=True):
            number += 1
            link = None if line is None else find(line.conn)
            if link is not None and not link.aside:
                if link.epoch != epoch:
                    if tally is not None:
                        tally.line = number
                    checker.catch_up(link)
                cls = frame.__class__
                if cls is link.kind and link.read(frame) == link.values:
                    # A frame like the last one of the connection, of which no more than its text may be new.
                    waiting = link.waiting
                    if waiting is None:
                        count(link.again)
                        continue
                    piece = link.piece(frame)
                    if piece.__class__ is str:
                        turn = link.turn
                        if turn is None:
                            waiting.append(piece)
                            text: Any = link.text
                            text.pieces += 1
                            if len(waiting) >= joins.MAX_WAITING:
                                joins.settle(text)
                            count(link.again)
                            continue
                        session = link.session
                        if session.now is turn and len(session.shown_by) < 2:
                            waiting.append(piece)
                            if len(waiting) >= MAX_PIECES:
                                turn.joined()
                            count(link.again)
                            continue
                if tally is not None:
                    tally.line = number
                row = link.row
                if row is not None:
                    known = row.quick.get(cls)
                    kind = meaning = None
                    if known is None:
                        kind = kind_of_class(cls)
                        if kind is not None:
                            meaning = kind.meaning or kind.choose(frame)
                            known = row.quick.get(meaning)
                    if known is not None:
                        step = self._quickly(link, cls, frame, known, line, number)
                        if step is not None:
                            count(step)
                            continue
                        kind, meaning = known[3].struct, known[3].meaning
                    if (
                        kind is not None
                        and meaning is not None
                        and self._stepped(link, kind, meaning, frame, line, number)
                    ):
                        stepped += 1
                        epoch = checker.epoch
                        continue
            self._slowly(block, number - block.first)
            epoch = checker.epoch
        self.stepper.taken.update(taken)
        if len(self.stepper.taken) > MAX_STEPS:
            self.stepper.flush(checker.out)
        if stepped or taken:
            checker.count(stepped + len(taken))

    def _slowly(self, block: Block, index: int) -> None:
        checker, end = self._checker, block.end(index)
        if end is not None:
            if end.opens:
                checker.opens(end.conn, end, block.first + index)
            else:
                checker.closes(end.conn, (block.first + index, end.t), end.sender, end.code)
            return
        record = block.record(index)
        if record is None:
            return
        checker.receive(record)
        link = checker.links.get(record.at.conn)
        if link is not None and link.row is None:
            link.settle(self.stepper.rows)

    def _quickly(self, link: Link, cls: type, frame: Any, known: Quick, line: Any, number: int) -> Step | Kept | None:
        """Take a step that is known to need no more than the frame's names; what counts then, or None."""
        read, width, ways, reading = known
        sender = reading.sender
        if link.heard is not _BOTH and sender not in link.heard and not self._checker.hears(link, sender):
            return None
        names = link.names
        value: Any = ()
        values: tuple[Any, ...] = ()
        ref: Any = ()
        if width == 1:
            value = read(frame)
            values = (value,)
            ref = names.index(value) if value in names else value.__class__
        elif width == 2:
            value = values = read(frame)
            one, other = values
            first = names.index(one) if one in names else one.__class__
            if first is str and one == other:
                return None
            ref = (first, names.index(other) if other in names else other.__class__)
        elif width:
            value = values = read(frame)
            ref = tuple([names.index(each) if each in names else each.__class__ for each in values])
            if ref.count(str) > 1 and quick.alike(values, ref):
                return None
        way = ways.get(ref)
        if way is None:
            return None
        step: Any
        step, beside = way
        if step.__class__ is not Step:
            step = answered(step, names + values + NOBODY, link.sets)
            if step.__class__ is not Step or not step.plain:
                return None
            step.met = True  # the way may have been kept for another answer
        link.kind = None
        counted: Step | Kept = step
        if beside:
            if beside & MEETS and self._met(link, values[reading.at_session]) != beside & FIRST:
                return None
            if beside & PROMISED:
                held = self._promises.held(link, reading, frame)
                if held is None:
                    return None
                counted = held.counted.get(step) or held.counts(step)
            if beside & TEXT and not self._text(link, values, frame, beside, reading):
                return None
            if beside & FIRST:
                self.stepper.met_first(link, reading.meaning, values)
        if not step.loops:
            self.stepper.move(link, step, values, (number, line.t))
        if beside & NOTED:
            self._noted(link, reading, values, frame, beside, (number, line.t))
        elif step.steady and reading.repeats and not beside & MEETS:
            if not beside & TEXT:
                link.text = link.turn = link.waiting = None
            link.kind, link.read, link.values, link.again = cls, read, value, counted
        return counted

    def _met(self, link: Link, session: Any) -> int:
        """What comes of it that the connection shows a session: it is the `FIRST`, or others `MET` it; or nothing."""
        checker = self._checker
        first = checker.met.get(session)
        if first is None:
            return FIRST if len(checker.met) < checker.max_sessions else 0
        return 0 if first in (0, link.number) else MET

    def _text(self, link: Link, values: tuple[Any, ...], frame: Any, beside: int, reading: Reading) -> bool:
        """Add a piece of text where it belongs; False where that is not known."""
        read = reading.piece
        piece = None if read is None else read(frame)
        if piece.__class__ is not str:
            return False
        link.piece = read
        key = reading.text_key(values)
        if beside & ADDED:
            link.text = None
            session = continues(self._checker.history.sessions, link.memory, link.number, key, piece)
            if session is None:
                return False
            link.session, turn = session, session.now
            assert turn is not None
            link.turn, link.waiting = turn, turn.pieces
            return True
        link.turn = None
        text = link.text = joins.add(link.texts, key, piece)
        if text is None:
            return False
        link.waiting = text.waiting
        return True

    def _noted(
        self, link: Link, reading: Reading, values: tuple[Any, ...], frame: Any, beside: int, spot: Spot
    ) -> None:
        """Let what sessions held take note of the frame, judge a joined text, or subscribe to topics."""
        checker, moves, plan = self._checker, reading.meaning.moves, self._plan
        if beside & OBSERVED:
            note = reading.noting
            if note is None or not note.note(checker.history, link.memory, link.number, link.facts, values, frame):
                event = Event(link.at(spot), 0, moves.sender, moves.label, moves.roles, reading.all(frame))
                payload = reading.payload(frame) if kind_of(moves.roles) else {}
                checker.remember(link, event, moves, payload, replayed=False)
        if beside & SUBSCRIBED and plan.subscription is not None:
            opted.subscribe(plan.subscription, link.facts.clients, moves.roles, moves.may, reading.topics(frame))
        if beside & JUDGED and plan.joins is not None:
            if link.texts is None:
                link.texts = Trace(live=True, lanes=[])
            key = reading.text_key(values)
            if UNSET in key:
                key = tuple([None if part is UNSET else part for part in key])
            text, whole, out = reading.text(frame), reading.whole(frame), checker.out
            wrong = joins.apply(plan.joins, link.texts, moves.roles, key, text, whole, out)
            if wrong is not None:
                out.broke(plan.joins.guarantee, link.at(spot), moves.label, wrong)
        if checker.out.broken:
            checker.collect(link)

    def _stepped(self, link: Link, kind: StructKind, meaning: Meaning, frame: Any, line: Any, number: int) -> bool:
        """Judge a frame by a row, if that holds it; and keep the way, if it is a quick one."""
        checker, stepper, sender = self._checker, self.stepper, meaning.moves.sender
        if sender not in link.heard and not checker.hears(link, sender):
            return False
        reading = kind.readings[meaning]
        values = reading.keys(frame)
        link.kind = None
        row = link.row
        assert row is not None
        meets = stepper.meets(link, meaning, values)
        refs = stepper.refs(link, meaning, values)
        if refs is None:
            return False
        step = stepper.step(link, meaning, values, refs, meets, (number, line.t), _Frame(reading, frame))
        if step is None:
            return False
        if step.met:
            beside = quick.beside(self._plan, meaning, step, meets, remembers=checker.remembers)
            root = row.next.get((meaning.number, meets, step.glanced, *refs))
            if beside is not None and root is not None:
                quick.keep(row, reading, values, refs, root, beside)
        return True


class _Frame:
    """A frame of a struct class."""

    __slots__ = ("_frame", "_reading")

    def __init__(self, reading: Reading, frame: Any) -> None:
        self._reading = reading
        self._frame = frame

    def names(self) -> dict[str, Any]:
        return self._reading.all(self._frame)

    def text(self) -> Any:
        return None if self._reading.piece is None else self._reading.piece(self._frame)

    def payload(self) -> Mapping[str, Any]:
        return self._reading.payload(self._frame)
