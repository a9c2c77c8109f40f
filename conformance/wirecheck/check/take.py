"""Whole blocks of lines, judged by rows.

Law: gives what `Checker.receive` gives for the same records, one after the other. The loop does what nearly all frames
need, and nothing else: read the names, find the step, count it. What it does not know goes to the stepper, and what no
row holds to the checker itself.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Final

import msgspec

from wirecheck.check.block import Block
from wirecheck.check.kinds import Reading, StructKind
from wirecheck.check.link import Link, Spot
from wirecheck.check.means import AT_HOME, MEETS_NOBODY, MET_BEFORE, Meaning
from wirecheck.check.memory import MAX_PIECES, kind_of
from wirecheck.check.rows import Kept, Node, Step, answered
from wirecheck.check.stepping import NOWHERE, Stepper
from wirecheck.shapes import joins
from wirecheck.shapes.state import Event, Trace

if TYPE_CHECKING:
    from wirecheck.check.checker import Checker
    from wirecheck.typed import Typed

UNSET: Final = msgspec.UNSET
JOINED, ADDED, PROMISED, OBSERVED, JUDGED, MET = 1, 2, 4, 8, 16, 32
"""What a quick step does beside the row: a piece of text is joined, or added to the turn that runs; promises of the
connection are counted; what sessions held takes note; a joined text is judged; the session was seen before."""
NOTED: Final = OBSERVED | JUDGED
TEXT: Final = JOINED | ADDED

Kinds = dict[type, StructKind]
Quick = tuple[Callable[[Any], Any], bool, dict[Any, Node], int, Reading]
"""How to read the only name, or (False) all of them; the steps by where these lie among those of the connection, or by
the class of what does not; what is done beside."""


class Taker:
    """Takes blocks for one checker."""

    __slots__ = ("_checker", "_kinds", "_promises", "_typed", "stepper")

    def __init__(self, checker: Checker, stepper: Stepper, typed: Typed, kinds: Kinds) -> None:
        self._checker = checker
        self.stepper = stepper
        self._typed = typed
        self._kinds = kinds
        self._promises = stepper.promises

    def take(self, block: Block) -> None:
        """Judge the records of a block."""
        lines, number, checker = block.lines, block.first - 1, self._checker
        find, kind_of_class = checker.links.get, self._kinds.get
        taken: list[Step | Kept] = []
        count, quick = taken.append, 0
        epoch = checker.epoch
        for line, frame in zip(lines, self._typed.read(lines), strict=True):
            number += 1
            link = None if line is None else find(line.conn)
            if link is not None and not link.aside:
                if link.epoch != epoch:
                    checker.catch_up(link)
                cls = frame.__class__
                if cls is link.kind and link.read(frame) == link.values:
                    # A frame like the last one of the connection, of which no more than its text may be new.
                    waiting = link.waiting
                    if waiting is None or self._added(link, waiting, frame):
                        count(link.again)
                        continue
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
                        kind, meaning = known[4].struct, known[4].meaning
                    if (
                        kind is not None
                        and meaning is not None
                        and self._stepped(link, kind, meaning, frame, line, number)
                    ):
                        quick += 1
                        epoch = checker.epoch
                        continue
            self._slowly(block, number - block.first)
            epoch = checker.epoch
        self.stepper.taken.update(taken)
        if quick or taken:
            checker.count(quick + len(taken))

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
        read, single, steps, beside, reading = known
        if reading.sender not in link.heard and not self._checker.hears(link, reading.sender):
            return None
        names = link.names
        value = read(frame)
        values: tuple[Any, ...]
        ref: Any
        if single:
            values = (value,)
            ref = names.index(value) if value in names else value.__class__
        else:
            values = value
            ref = tuple([names.index(each) if each in names else each.__class__ for each in values])
            if ref.count(str) > 1 and (values[0] == values[1] if len(values) == 2 else _alike(values, ref)):
                return None
        step = steps.get(ref)
        if step.__class__ is not Step:
            step = answered(step, (*names, *values), link.sets)
            if step.__class__ is not Step or not step.plain:
                return None
        link.kind = None
        counted: Step | Kept = step
        held: tuple[str, ...] | None = ()
        if beside:
            if beside & MET and self._meets(link, values[reading.at_session]):
                return None
            if beside & PROMISED:
                held = self._promises.held(link, reading, frame)
                if held is None:
                    return None
            if beside & TEXT and not self._text(link, values, frame, beside, reading):
                return None
            if held:
                counted = self._promises.counted(step, held)
        if not step.loops:
            self.stepper.move(link, step, values, (number, line.t))
        if beside & NOTED:
            if not (beside & OBSERVED and self.stepper.noted(link, reading, values, frame, (number, line.t))):
                self._noted(link, reading, frame, beside, (number, line.t))
        elif step.steady and reading.repeats and not beside & MET:
            if not beside & TEXT:
                link.text = link.turn = link.waiting = None
            link.kind, link.read, link.values, link.again = cls, read, value, counted
        return counted

    def _meets(self, link: Link, session: Any) -> bool:
        """Whether anything comes of it that the connection shows a session that was seen before."""
        met = self._checker.met
        first = met.get(session)
        return first != link.number and first != 0 and (first is not None or len(met) < self._checker.max_sessions)

    def _added(self, link: Link, waiting: list[str], frame: Any) -> bool:
        """Add the text of a frame like the last one to where that of the last one went; whether it belongs there."""
        turn = link.turn
        if turn is not None and (link.session.now is not turn or len(link.session.shown_by) > 1):
            return False
        piece = link.piece(frame)
        if piece.__class__ is not str:
            return False
        waiting.append(piece)
        if turn is not None:
            if len(waiting) >= MAX_PIECES:
                turn.joined()
        else:
            assert link.text is not None
            link.text.pieces += 1
            if len(waiting) >= joins.MAX_WAITING:
                joins.settle(link.text)
        return True

    def _text(self, link: Link, values: tuple[Any, ...], frame: Any, beside: int, reading: Reading) -> bool:
        """Add a piece of text where it belongs; False where that is not known."""
        meaning = reading.meaning
        piece = None if reading.piece is None else reading.piece(frame)
        if piece.__class__ is not str:
            return False
        link.piece = reading.piece
        if beside & ADDED:
            link.text = None
            if not self.stepper.runs(link, tuple([values[place] for place in meaning.at_look]), piece):
                return False
            assert link.turn is not None
            link.waiting = link.turn.pieces
            return True
        link.turn = None
        text = link.text = joins.add(link.texts, tuple([values[place] for place in meaning.at_text]), piece)
        if text is None:
            return False
        link.waiting = text.waiting
        return True

    def _noted(self, link: Link, reading: Reading, frame: Any, beside: int, spot: Spot) -> None:
        """Let what sessions held take note of the frame, or judge a joined text."""
        checker, moves, plan = self._checker, reading.meaning.moves, self.stepper.plan
        if beside & OBSERVED:
            event = Event(link.at(spot), 0, moves.sender, moves.label, moves.roles, reading.all(frame))
            checker.remember(link, event, moves, reading.payload(frame) if kind_of(moves.roles) else {}, replayed=False)
        elif plan.joins is not None:
            if link.texts is None:
                link.texts = Trace(live=True, lanes=[])
            event = Event(NOWHERE, 0, moves.sender, moves.label, moves.roles, reading.joined(frame))
            joins.judge(plan.joins, link.texts, event, checker.out)
        if checker.out.broken:
            self.stepper.found(link, spot)

    def _stepped(self, link: Link, kind: StructKind, meaning: Meaning, frame: Any, line: Any, number: int) -> bool:
        """Judge a frame by a row, if that holds it; and make it a quick step, if it is one."""
        sender = meaning.moves.sender
        if sender not in link.heard and not self._checker.hears(link, sender):
            return False
        stepper = self.stepper
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
        beside = self._beside_of(meaning, step, meets)
        if beside is not None and step.plain:
            place = frame.__class__ if kind.meaning is not None else meaning
            known = row.quick.get(place)
            if known is None:
                steps: dict[Any, Node] = {}
                known = row.quick[place] = (reading.quick, reading.is_single, steps, beside, reading)
            if known[3] == beside:
                root = row.next[meaning.number, meets, step.glanced, *refs]
                classes = [ref if ref >= 0 else value.__class__ for ref, value in zip(refs, values, strict=True)]
                known[2][classes[0] if reading.is_single else tuple(classes)] = root
        return True

    def _beside_of(self, meaning: Meaning, step: Step, meets: int) -> int | None:
        """What has to be done beside a quick step of this meaning; None where it cannot be one."""
        moves = meaning.moves
        if meaning.bumps or meaning.numbers or moves.subscribes or meets not in (MEETS_NOBODY, AT_HOME, MET_BEFORE):
            return None
        beside = (PROMISED if moves.connected else 0) | (MET if meets == MET_BEFORE else 0)
        if self._checker.remembers and moves.historic:
            beside |= ADDED if step.glanced else OBSERVED
        if moves.joins:
            form = self.stepper.plan.joins
            if form is None or beside & OBSERVED:
                return None
            beside |= JOINED if moves.roles & form.roles == {form.deltas} and meaning.at_text else JUDGED
        return beside


def _alike(values: tuple[Any, ...], ref: tuple[Any, ...]) -> bool:
    """Whether two names are new and equal."""
    new = [value for value, where in zip(values, ref, strict=True) if where is str]
    return len(set(new)) < len(new)


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
