"""Choices that run out.

Law: a bound on what one value costs, whoever chooses.
"""

from __future__ import annotations

from typing import Final

from wirecheck.sample.source import Source

CHOICES: Final = 4_000
"""Choices that one value costs at most; once they are spent, the rest of it is plain."""


class Purse:
    """A source whose choices are counted. When they are spent, every choice is the plainest."""

    __slots__ = ("_below", "_left")

    def __init__(self, source: Source, choices: int = CHOICES) -> None:
        self._below = source.below
        self._left = choices

    def below(self, bound: int, /) -> int:
        if self._left <= 0 or bound <= 1:
            return 0
        self._left -= 1
        return self._below(bound)

    def spend(self, values: int) -> None:
        """Count values that are made without a choice."""
        self._left -= values


class Counting:
    """A source that goes through the choices by turns, so that what is drawn from it differs soon."""

    __slots__ = ("_count",)

    def __init__(self) -> None:
        self._count = 0

    def below(self, bound: int, /) -> int:
        self._count = (self._count * 48_271 + 11) % 2_147_483_647
        return self._count // 7 % bound
