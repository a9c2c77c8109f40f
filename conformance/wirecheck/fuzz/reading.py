"""Messages read by the standard library, strictly, for whoever must not rely on our own decoder.

Law: text in, a value out, or `Unreadable` with the reason. Members that stand twice, halves of surrogate pairs and
constants that are no JSON are reasons too.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from typing import Any, Final

HALF: Final = re.compile("[\ud800-\udfff]")

Steps = tuple[str | int, ...]

MOST_BYTES: Final = 8 * 1024 * 1024
MOST_LEVELS: Final = 128
"""The bounds of docs/architecture.md, said here once more: this opinion is an independent one."""


class Unreadable(ValueError):
    """Why a text is not what it should be."""


class Members(list[tuple[str, Any]]):
    """An object's members as they stand in the text."""


def raw(text: str, *, constant: Callable[[str], Any] | None = None, control: bool = False) -> Any:
    """The value in a text, objects as `Members`. `constant` makes a value of NaN and Infinity; `control` allows control
    characters in strings. Raises `Unreadable` for what is no JSON otherwise."""
    try:
        return json.loads(text, object_pairs_hook=Members, parse_constant=constant or _refuse, strict=not control)
    except RecursionError:
        raise Unreadable("it is nested too deeply to be read") from None
    except ValueError as wrong:
        raise Unreadable(f"it is no JSON: {wrong}") from None


def read(text: str) -> Any:
    """The value in a text in which nothing is wrong at all."""
    if len(text.encode("utf-8", "surrogatepass")) > MOST_BYTES:
        raise Unreadable("it is too large")
    value = raw(text)
    twice = repeated(value)
    if twice:
        raise Unreadable(f"a member stands twice, at {twice[0]!r}")
    halves = surrogates(value)
    if halves:
        raise Unreadable(f"half of a surrogate pair stands at {halves[0]!r}")
    return plain(value)


def plain(value: Any) -> Any:
    """The value with dictionaries for its objects; of members that stand twice, the last."""
    if depth(value) > MOST_LEVELS:
        raise Unreadable("it is nested too deeply")
    return _plain(value)


def _plain(value: Any) -> Any:
    if isinstance(value, Members):
        return {name: _plain(inner) for name, inner in value}
    return [_plain(inner) for inner in value] if isinstance(value, list) else value


def repeated(value: Any) -> list[str]:
    """Pointers to the members that stand more than once."""
    found = []
    for path, inner in walk(value):
        if isinstance(inner, Members):
            names = [name for name, _ in inner]
            found += [pointer((*path, name)) for name in dict.fromkeys(names) if names.count(name) > 1]
    return found


def surrogates(value: Any) -> list[str]:
    """Pointers to the strings that hold half of a surrogate pair; of a member's name, to its object."""
    found = []
    for path, inner in walk(value):
        texts = [name for name, _ in inner] if isinstance(inner, Members) else [inner]
        found += [pointer(path) for text in texts if isinstance(text, str) and HALF.search(text)]
    return found


def depth(value: Any) -> int:
    """How deeply arrays and objects are nested."""
    levels, above = 0, [value]
    while any(isinstance(one, list) for one in above):
        levels += 1
        above = [inner for one in above if isinstance(one, list) for inner in _inside(one)]
    return levels


def walk(value: Any) -> Iterator[tuple[Steps, Any]]:
    """Every value with its place, the outermost first."""
    waiting: list[tuple[Steps, Any]] = [((), value)]
    while waiting:
        path, one = waiting.pop()
        yield path, one
        if isinstance(one, Members):
            waiting += [((*path, name), inner) for name, inner in one]
        elif isinstance(one, list):
            waiting += [((*path, at), inner) for at, inner in enumerate(one)]


def pointer(path: Steps) -> str:
    """The JSON pointer (RFC 6901) of a place."""
    return "".join(f"/{str(step).replace('~', '~0').replace('/', '~1')}" for step in path)


def _inside(value: list[Any]) -> list[Any]:
    return [inner for _, inner in value] if isinstance(value, Members) else value


def _refuse(word: str) -> Any:
    raise ValueError(f"{word} is no JSON number")
