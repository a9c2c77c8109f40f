"""A failing conversation made shorter, by playing it again and again.

Law: fewer moves first, then fewer connections, then plainer messages; what does not show the fault any more is put
back. Every message is made again by its own choices, so that it is what its label says however short it gets. The
number of plays is bounded.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from typing import Final

from wirecheck.campaign.draw import Made, Way
from wirecheck.campaign.machine import Move
from wirecheck.campaign.steps import Connect, Drop

Moves = tuple[Move, ...]
PLAYS: Final = 500
"""Plays at most."""
_FIRST: Final = "a"


class Shortener:
    """`shows` plays moves and says after how many of them the fault showed, None if it did not; `again` makes a message
    by other choices, None where that makes none; `alike` are choices that keep its label."""

    def __init__(
        self,
        moves: Moves,
        shows: Callable[[Moves], int | None],
        again: Callable[[Made, tuple[int, ...]], Made | None],
        alike: Callable[[Made], Iterable[tuple[int, ...]]] = lambda made: (),
        most: int = PLAYS,
    ) -> None:
        self.moves = moves
        self._shows = shows
        self._again = again
        self._alike = alike
        self._left = most
        self._tried: set[Moves] = {moves}

    def shortened(self) -> Moves:
        """The shortest that was found."""
        while True:
            before = self.moves
            self._fewer_moves()
            self._fewer_connections()
            self._plainer_messages()
            if self.moves == before or self._left <= 0:
                return self.moves

    def _try(self, moves: Moves) -> bool:
        """Keep these moves if they show the fault; what was not played any more is left out."""
        if moves in self._tried or self._left <= 0:
            return False
        self._left -= 1
        self._tried.add(moves)
        played = self._shows(moves)
        if played is None:
            return False
        self.moves = moves[:played]
        self._tried.add(self.moves)
        return True

    def _fewer_moves(self) -> None:
        """Leave out half of the moves, a quarter, and so on to each alone; the later ones first."""
        length = max(1, len(self.moves) // 2)
        while True:
            start = len(self.moves) - length
            while start >= 0:
                self._try(self.moves[:start] + self.moves[start + length :])
                start = min(start, len(self.moves)) - length
            if length == 1:
                return
            length //= 2

    def _fewer_connections(self) -> None:
        """Say everything on one connection, or at least each thing that can be; and nothing in a hurry."""
        self._try(tuple(_on(move, _FIRST) for move in self.moves))
        for index in range(len(self.moves)):
            if index < len(self.moves):
                self._put(index, _on(self.moves[index], _FIRST))
        for index in range(len(self.moves)):
            if index < len(self.moves):
                self._put(index, _calm(self.moves[index]))

    def _plainer_messages(self) -> None:
        for index in range(len(self.moves)):
            move = self.moves[index] if index < len(self.moves) else None
            if isinstance(move, Made):
                self._plainer(index, move)

    def _plainer(self, index: int, made: Made) -> None:
        """A valid message of the same frame, if that will do; fewer choices, and then plainer ones."""
        if made.way == "invalid" and self._say(index, made.choices[:1], way="valid"):
            made = replace(made, way="valid", choices=made.choices[:1])
        choices = next((one for one in self._alike(made) if self._say(index, one)), made.choices)
        for length in _growing(len(choices)):
            if self._say(index, choices[:length]):
                choices = choices[:length]
                break
        for at in range(len(choices)):
            for value in _lower(choices[at]):
                other = (*choices[:at], value, *choices[at + 1 :])
                if self._say(index, other):
                    choices = other
                    break

    def _say(self, index: int, choices: tuple[int, ...], way: Way | None = None) -> bool:
        move = self.moves[index] if index < len(self.moves) else None
        if not isinstance(move, Made):
            return False
        made = self._again(replace(move, way=way or move.way), choices)
        return made is not None and self._put(index, made)

    def _put(self, index: int, move: Move) -> bool:
        return self._try((*self.moves[:index], move, *self.moves[index + 1 :]))


def _growing(length: int) -> Iterator[int]:
    """0, 1, 2, 3, 4, 6, 8, 12, … below a length."""
    step = 1
    at = 0
    while at < length:
        yield at
        step = max(1, at // 3)
        at += step


def _lower(value: int) -> Iterator[int]:
    """0, and then what is nearer to the value, each less than it."""
    lower = 0
    while lower < value:
        yield lower
        lower = max(lower + 1, (lower + value) // 2)


def _on(move: Move, conn: str) -> Move:
    if isinstance(move, Connect | Drop):
        return replace(move, conn=conn)
    return replace(move, step=replace(move.step, conn=conn))


def _calm(move: Move) -> Move:
    return replace(move, step=replace(move.step, hurried=False)) if isinstance(move, Made) else move
