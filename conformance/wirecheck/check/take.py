"""Whole blocks of lines, judged by rows.

Law: gives what `Checker.receive` gives for the same records, one after the other. The loop does what nearly all frames
need, and nothing else: read the names, find the step, count it. What it does not know goes to the stepper, and what no
row holds to the checker itself.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final, Protocol

import msgspec

from wirecheck.check.kinds import Reading, StructKind
from wirecheck.check.link import Link, Spot
from wirecheck.check.means import AT_HOME, MEETS_NOBODY, MET_BEFORE, Meaning
from wirecheck.check.memory import MAX_PIECES, kind_of
from wirecheck.check.rows import Node, Step, answered
from wirecheck.check.stepping import Stepper
from wirecheck.record import At, Record
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
NOWHERE: Final = At(line=0, conn="")

Kinds = dict[type, StructKind]
Quick = tuple[Callable[[Any], Any] | None, Callable[[Any], tuple[Any, ...]], dict[Any, Node], int, Reading]
"""How to read the only name, or all; the steps by where these lie; what is done beside."""


class Block(Protocol):
    """Lines of a capture that follow each other. `lines` holds None where only `record` can tell what a line is."""

    @property
    def first(self) -> int: ...
    @property
    def lines(self) -> Sequence[Any]: ...
    def record(self, index: int) -> Record | None: ...


class Taker:
    """Takes blocks for one checker."""

    __slots__ = ("_checker", "_counts", "_kinds", "_taken", "_typed", "stepper")

    def __init__(self, checker: Checker, stepper: Stepper, typed: Typed, kinds: Kinds) -> None:
        self._checker = checker
        self.stepper = stepper
        self._typed = typed
        self._kinds = kinds
        self._taken = stepper.taken
        self._counts = checker.out.counts

    def take(self, block: Block) -> None:
        """Judge the records of a block."""
        lines, number, quick = block.lines, block.first - 1, 0
        checker, kinds = self._checker, self._kinds
        links = checker.links
        for line, frame in zip(lines, self._typed.read(lines), strict=True):
            number += 1
            if line is None:
                self._slowly(block, number - block.first)
                continue
            link = links.get(line.conn)
            if link is not None and link.epoch != checker.epoch:
                checker.catch_up(link)
            if link is not None and link.row is not None:
                cls = frame.__class__
                if cls is link.kind and link.read(frame) == link.values and self._again(link, frame):
                    quick += 1
                    continue
                kind = kinds.get(cls)
                if kind is not None:
                    meaning = kind.meaning or kind.choose(frame)
                    known = link.row.quick.get(meaning)
                    if (known is not None and self._quickly(link, cls, frame, known, line, number)) or self._stepped(
                        link, kind, meaning, frame, line, number
                    ):
                        quick += 1
                        continue
            self._slowly(block, number - block.first)
        if quick:
            checker.count(quick)

    def _slowly(self, block: Block, index: int) -> None:
        record = block.record(index)
        if record is None:
            return
        checker = self._checker
        checker.receive(record)
        link = checker.links.get(record.at.conn)
        if link is not None and link.row is None:
            link.settle(self.stepper.rows)

    def _quickly(self, link: Link, cls: type, frame: Any, known: Quick, line: Any, number: int) -> bool:
        """Take a step that is known to need no more than the frame's names."""
        single, keys, steps, beside, reading = known
        if reading.sender not in link.heard and not self._checker.hears(link, reading.sender):
            return False
        names = link.names
        value: Any = None
        ref: Any
        if single is not None:
            value = single(frame)
            values: tuple[Any, ...] = (value,)
            if value.__class__ is str:
                ref = names.index(value) if value in names else -1
            elif value is UNSET or value is None:
                ref = -2
            else:
                return False
        else:
            values = keys(frame)
            found = []
            for each in values:
                if each.__class__ is str:
                    found.append(names.index(each) if each in names else -1)
                elif each is UNSET or each is None:
                    found.append(-2)
                else:
                    return False
            if found.count(-1) > 1 and len({each for each, ref in zip(values, found, strict=True) if ref == -1}) < (
                found.count(-1)
            ):
                return False
            ref = tuple(found)
        step = steps.get(ref)
        if step.__class__ is not Step:
            step = answered(step, (*names, *values), link.sets)
            if step.__class__ is not Step or not step.plain:
                return False
        link.kind = None
        held: Sequence[str] = ()
        if beside:
            if beside & MET and self._meets(link, values[reading.at_session]):
                return False
            if beside & PROMISED:
                kept = self.stepper.promised(link, reading, frame)
                if kept is None:
                    return False
                held = kept
            if beside & (JOINED | ADDED) and not self._text(link, values, frame, beside, reading):
                return False
            for guarantee in held:
                self._counts[guarantee][0] += 1
        self._taken[step] += 1
        if not step.loops:
            self.stepper.move(link, step, values, (number, line.t))
        if beside & NOTED:
            self._noted(link, reading, frame, beside, (number, line.t))
        elif step.steady and reading.repeats and not beside & MET:
            if not beside & (JOINED | ADDED):
                link.text = link.turn = None
            link.kind, link.read, link.again, link.held = cls, single or keys, step, held
            link.values = value if single is not None else values
        return True

    def _meets(self, link: Link, session: Any) -> bool:
        """Whether anything comes of it that the connection shows a session that was seen before."""
        met = self._checker.met
        first = met.get(session)
        return first != link.number and first != 0 and (first is not None or len(met) < self._checker.max_sessions)

    def _again(self, link: Link, frame: Any) -> bool:
        """Take the last step of the link again, for a frame like the last one."""
        text = link.text
        if text is not None:
            piece = link.piece(frame)
            if piece.__class__ is not str:
                return False
            text.pieces += 1
            text.waiting.append(piece)
            if len(text.waiting) >= joins.MAX_WAITING:
                joins.settle(text)
        elif link.turn is not None:
            turn = link.turn
            if link.session.now is not turn or len(link.session.shown_by) > 1:
                return False
            turn.pieces.append(link.piece(frame))
            if len(turn.pieces) >= MAX_PIECES:
                turn.joined()
        self._taken[link.again] += 1
        for guarantee in link.held:
            self._counts[guarantee][0] += 1
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
            return self.stepper.runs(link, tuple([values[place] for place in meaning.at_look]), piece)
        link.turn = None
        link.text = joins.add(link.texts, tuple([values[place] for place in meaning.at_text]), piece)
        return link.text is not None

    def _noted(self, link: Link, reading: Reading, frame: Any, beside: int, spot: Spot) -> None:
        """Let what sessions held take note of the frame, or judge a joined text."""
        checker, moves, plan = self._checker, reading.meaning.moves, self.stepper.plan
        # What sessions held asks for no position but where a replay begins, and such a frame is never quick.
        at = link.at(spot) if beside & JUDGED else NOWHERE
        event = Event(at, 0, moves.sender, moves.label, moves.roles, reading.all(frame))
        if beside & OBSERVED:
            checker.remember(link, event, moves, reading.payload(frame) if kind_of(moves.roles) else {}, replayed=False)
        elif plan.joins is not None:
            if link.texts is None:
                link.texts = Trace(live=True, lanes=[])
            joins.judge(plan.joins, link.texts, event, checker.out)
        if checker.out.broken:
            checker.collect(link)

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
            known = row.quick.get(meaning)
            if known is None:
                steps: dict[Any, Node] = {}
                known = row.quick[meaning] = (reading.single, reading.keys, steps, beside, reading)
            if known[3] == beside:
                root = row.next[meaning.number, meets, step.glanced, *refs]
                known[2][refs[0] if reading.single is not None else refs] = root
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
