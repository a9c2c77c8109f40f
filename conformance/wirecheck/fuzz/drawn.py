"""Choices made by Hypothesis.

Law: a choice is one small integer, drawn; so whatever is generated from choices shrinks towards the plainest.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Any, Final, Generic, TypeVar

from hypothesis import strategies as st

T = TypeVar("T")

_ASKED: Final = ("start_span", "draw_integer", "stop_span")
"""What the engine is asked for. None of it is public, so where one is missing, choices are drawn as strategies."""
_CHOICE: Final = 0x77697265
"""What the spans of choices are known by, to the engine alone."""


class Drawn:
    """A source of choices over the `draw` of a composite strategy.

    Where the engine behind `draw` can be asked itself, it is: a strategy for each choice costs a quarter more, and
    comes to the same integers in the same spans.
    """

    __slots__ = ("_data", "_draw")

    def __init__(self, draw: Callable[[st.SearchStrategy[int]], Any]) -> None:
        self._draw = draw
        data = getattr(draw, "__self__", None)
        self._data: Any = data if all(hasattr(data, name) for name in _ASKED) else None

    def below(self, bound: int, /) -> int:
        if bound <= 1:
            return 0
        data = self._data
        if data is None:
            chosen: int = self._draw(_choices(bound))
            return chosen
        data.start_span(_CHOICE)
        try:
            chosen = data.draw_integer(0, bound - 1)
        finally:
            data.stop_span()
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
