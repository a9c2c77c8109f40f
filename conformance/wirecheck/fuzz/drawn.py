"""Choices made by Hypothesis.

Law: a choice is one small integer, drawn; so whatever is generated from choices shrinks towards the plainest.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Any, Generic, TypeVar

from hypothesis import strategies as st

T = TypeVar("T")


class Drawn:
    """A source of choices over the `draw` of a composite strategy."""

    __slots__ = ("_draw",)

    def __init__(self, draw: Callable[[st.SearchStrategy[int]], Any]) -> None:
        self._draw = draw

    def below(self, bound: int, /) -> int:
        if bound <= 1:
            return 0
        chosen: int = self._draw(_choices(bound))
        return chosen


class Brief(Generic[T]):
    """What a strategy is made of, under a short name: Hypothesis shows the arguments of strategies, and warns of one
    that is as long as a catalog."""

    __slots__ = ("_name", "value")

    def __init__(self, value: T, name: str) -> None:
        self.value = value
        self._name = name

    def __repr__(self) -> str:
        return self._name


@lru_cache(maxsize=4_096)
def _choices(bound: int) -> st.SearchStrategy[int]:
    return st.integers(0, bound - 1)
