"""What may be said next: the table of states, each with the frames that lead on from it.

Law: a state's moves are found once, when it is first reached, and kept; walking on is then a look into a table. What
would break just one guarantee is a move as well, kept apart under that guarantee.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Final

from wirecheck.catalog import Sender
from wirecheck.walk.actions import Actions, Telling
from wirecheck.walk.effect import result
from wirecheck.walk.state import SENSE, Action, State
from wirecheck.walk.voice import Template

MOST_ITEMS: Final = 2
"""Items that are open at once in one context."""
MOST_WAITING: Final = 1
"""Frames that wait for the other one of the two, of one kind in one context."""
_FAR: Final = 12
"""Frames by which a context comes to rest, at most."""


@dataclass(slots=True, kw_only=True, eq=False)
class Move:
    """A frame that may be said, and the row that it leads to. `kept` and `adds` say what becomes of the items; `how`
    in which way it breaks its guarantee, if it does; `tells` whether a replay repeats it, or begins with it; `matters`
    that later values depend on it. `voices` is for its texts, without and with the names that tie answers to requests.
    """

    action: Action
    sender: Sender
    row: Row
    kept: tuple[int, ...]
    adds: bool
    how: str = ""
    tells: Telling = "nothing"
    matters: bool = False
    voices: list[tuple[Template, ...] | None] = field(default_factory=lambda: [None, None])


@dataclass(frozen=True, slots=True, kw_only=True)
class Way:
    """Moves from one row to a fault, which the last of them commits, or which is that nothing follows."""

    moves: tuple[Move, ...]
    how: str


@dataclass(slots=True, eq=False)
class Row:
    """One state in the table."""

    table: Table
    state: State
    _moves: tuple[Move, ...] | None = None
    _faults: Mapping[str, tuple[Move, ...]] | None = None
    _further: tuple[Move, ...] = ()
    _loose: tuple[Move, ...] = ()
    _home: Move | None = None
    _sought: bool = False

    @property
    def moves(self) -> tuple[Move, ...]:
        """What may be said, nothing broken; the plainest first."""
        if self._moves is None:
            self._fill()
        return self._moves or ()

    @property
    def faults(self) -> Mapping[str, tuple[Move, ...]]:
        """By guarantee, what breaks it and no other."""
        if self._faults is None:
            self._fill()
        return self._faults or {}

    @property
    def further(self) -> tuple[Move, ...]:
        """Frames after which less can be proven: no moves, where it matters, but ways to faults of their own."""
        if self._moves is None:
            self._fill()
        return self._further

    @property
    def loose(self) -> tuple[Move, ...]:
        """What breaks nothing that could be proven, but makes no sense: who sends it did not wait."""
        if self._moves is None:
            self._fill()
        return self._loose

    def unclosed(self, guarantee: str) -> bool:
        """Whether a clean close, here, would break the guarantee and nothing else."""
        only = self.state.only()
        kind = self.table.actions.ground.kinds[only] if only is not None else None
        return kind is not None and kind.claim == guarantee and kind.final and "server" in kind.closers

    def _fill(self) -> None:
        moves, further, loose, faults = [], [], [], dict[str, list[Move]]()
        actions = self.table.actions
        replays = actions.ground.bracket is not None and self.state.spans[actions.ground.bracket.index]
        for bearing, action in actions.among(self.state):
            came = result(actions.ground, self.state, action, proof=actions.proof)
            if came is None or self.table.is_crowded(came.state):
                continue
            broken = came.broken
            move = Move(
                action=action,
                sender=bearing.reading.sender,
                row=self.table.row(came.state),
                kept=came.kept,
                adds=came.adds,
                tells="nothing" if replays and bearing.tells == "something" else bearing.tells,
                matters=bearing.matters,
            )
            if not broken and actions.proof and bearing.unsettles:
                further.append(move)
            elif not broken:
                moves.append(move)
            elif list(broken) == [SENSE]:
                loose.append(move)
            for claim in self.table.broken_alone(broken) if came.once else ():
                faults.setdefault(claim, []).append(replace(move, how=broken[claim]))
        self._moves = tuple(moves)
        self._further = tuple(further)
        self._loose = tuple(loose)
        self._faults = {claim: tuple(those) for claim, those in faults.items()}

    def home(self) -> Move | None:
        """The next move of a shortest way to rest; None where this is rest, or no way leads there."""
        if not self._sought:
            self._home = None if self.state.rests() else _first_to_rest(self)
            self._sought = True
        return self._home


def _first_to_rest(row: Row) -> Move | None:
    seen, queue = {row.state}, deque([(move, move, 1) for move in (*row.moves, *row.further)])
    while queue:
        first, last, length = queue.popleft()
        state = last.row.state
        if state in seen:
            continue
        if state.rests():
            return first
        seen.add(state)
        if length < _FAR:
            queue.extend((first, move, length + 1) for move in (*last.row.moves, *last.row.further))
    return None


@dataclass(slots=True, kw_only=True)
class Table:
    """The states of one dialect's contexts. `clear`: nothing is said that may mean several things; `proof`: nor
    anything after which a fault could be anything else than one."""

    actions: Actions
    most_items: int = MOST_ITEMS
    _rows: dict[State, Row] = field(default_factory=dict)

    def row(self, state: State) -> Row:
        """The row of a state, made when it is first asked for."""
        there = self._rows.get(state)
        if there is None:
            there = self._rows[state] = Row(self, state)
        return there

    def is_crowded(self, state: State) -> bool:
        """Whether too much is open at once, or, where all has to be clear, two that nothing tells apart."""
        if len(state.items) > self.most_items or any(max(sides) > MOST_WAITING for sides in state.halves):
            return True
        alike = self.actions.ground.alike if self.actions.clear else ()
        return any(sum(kind in item.open for item in state.items) > 1 for kind in alike)

    def broken_alone(self, broken: Mapping[str, str]) -> Iterator[str]:
        """The guarantees that an action breaks so that whatever else is broken follows from it, as their rules say."""
        claims = set(broken) - {SENSE}
        for claim in broken:
            if claim != SENSE and claims - {claim} <= set(self.actions.ground.dialect.guarantees[claim].rule.implies):
                yield claim
