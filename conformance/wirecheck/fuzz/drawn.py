"""Choices made by Hypothesis.

Law: a choice is one small integer, drawn; so whatever is generated from choices shrinks towards the plainest.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Any

from hypothesis import strategies as st


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


@lru_cache(maxsize=4_096)
def _choices(bound: int) -> st.SearchStrategy[int]:
    return st.integers(0, bound - 1)
