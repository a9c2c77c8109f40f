"""Names for whatever a document calls its things.

Law: pure. A name is letters and digits of ASCII, begins with a letter, has a length that a line can hold, and is none
that is taken; which names a language keeps for itself is told by its emitter.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import Final

LONGEST: Final = 60
"""Letters of the words of one name. Those of two names that begin alike are told apart by `Names`."""

_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[0-9]+[a-z]*")


def words(text: str) -> tuple[str, ...]:
    """The words of a name as documents write them: `task:tool_use`, `agentId`, `2fa.start`; none of `日本`.

    They have `LONGEST` letters in all: what is behind is left out, since formatters break lines within them no more.
    """
    found, room = [], LONGEST
    for match in _WORD.finditer(text):
        if room <= 0:
            break
        found.append(match[0][:room])
        room -= len(match[0])
    return tuple(found)


def pascal(parts: Iterable[str]) -> str:
    """`TaskToolUse`."""
    return _begun("".join(part[0].upper() + part[1:].lower() for part in parts), "X")


def camel(parts: Iterable[str]) -> str:
    """`taskToolUse`."""
    name = pascal(parts)
    return name[:1].lower() + name[1:]


def snake(parts: Iterable[str]) -> str:
    """`task_tool_use`."""
    return _begun("_".join(part.lower() for part in parts), "x")


def screaming(parts: Iterable[str]) -> str:
    """`TASK_TOOL_USE`."""
    return snake(parts).upper()


def _begun(name: str, letter: str) -> str:
    """No name begins with a digit, and none is empty."""
    return name if name[:1].isalpha() else letter + name


class Names:
    """The names of one scope; `reserved` are never given. Two names are the same if `told` makes them so."""

    def __init__(self, reserved: Iterable[str] = (), *, told: Callable[[str], str] = str) -> None:
        self._told = told
        self._taken = {*map(told, reserved)}

    def give(self, wanted: str, *, mark: str = "") -> str:
        """The name, or, if it is taken, the first of `name2`, `name3`, … that is free (with `mark`: `name_2`)."""
        number, name = 1, wanted
        while self._told(name) in self._taken:
            number += 1
            name = f"{wanted}{mark}{number}"
        self._taken.add(self._told(name))
        return name
