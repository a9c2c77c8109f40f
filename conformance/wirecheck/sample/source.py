"""Where choices come from.

Law: a choice is a whole number below a bound, and nothing else. 0 is always the plainest choice, so that a source that
leads towards 0 leads to the plainest value.
"""

from __future__ import annotations

from random import Random
from typing import Final, Protocol


class Source(Protocol):
    """Makes the choices of a generator."""

    def below(self, bound: int, /) -> int:
        """A number from 0 up to `bound`, which it never reaches. `bound` is at least 1."""
        ...


class Seeded:
    """Choices by a seed. The same seed gives the same choices on every machine and in every version of Python: only
    `Random.random` is used, whose sequence is promised not to change."""

    __slots__ = ("_random",)

    def __init__(self, seed: int) -> None:
        self._random = Random(seed).random

    def below(self, bound: int, /) -> int:
        return int(self._random() * bound)


class Plain:
    """The plainest choice, always."""

    __slots__ = ()

    def below(self, bound: int, /) -> int:
        return 0


PLAIN: Final = Plain()
