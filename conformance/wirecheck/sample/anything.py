"""Values of which nothing is asked.

Law: any JSON value, of bounded size and depth.
"""

from __future__ import annotations

from collections.abc import Container
from typing import Any, Final

from wirecheck.sample.numbers import numbers
from wirecheck.sample.source import Source
from wirecheck.sample.strings import name, text

DEEPEST: Final = 40
"""Levels of such a value."""


def anything(source: Source, taken: Container[str], depth: int = 0) -> Any:
    """A value of which nothing is asked; the plainest is an empty object."""
    match source.below(8):
        case 0:
            return {}
        case 1:
            return text(source)
        case 2:
            return _number(source)
        case 3:
            return (None, True, False)[source.below(3)]
        case 4:
            return []
        case 5 if depth < 4:
            return [anything(source, taken, depth + 1) for _ in range(source.below(4))]
        case 6 if depth < 4:
            return {name(source, taken): anything(source, taken, depth + 1) for _ in range(source.below(4))}
        case 7 if depth == 0:
            deep: Any = text(source)
            for _ in range(source.below(DEEPEST)):
                deep = [deep] if source.below(2) == 0 else {name(source, taken): deep}
            return deep
        case _:
            return 0


_any_number = numbers({}, whole=False)


def _number(source: Source) -> Any:
    return _any_number(source) if _any_number is not None else 0
