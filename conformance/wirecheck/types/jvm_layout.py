"""Texts as the languages of the Java machine write them.

Law: pure text. What differs between those languages is given: how they spell some characters.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping


def quoted(text: str, short: Mapping[str, str]) -> str:
    """A string of ASCII, of whatever text; `short` are characters with a form of their own."""
    return '"' + "".join(short.get(one) or _ascii(one) for one in text) + '"'


def _ascii(one: str) -> str:
    if " " <= one <= "~":
        return one
    data = one.encode("utf-16-be", "surrogatepass")
    return "".join(f"\\u{data[at]:02x}{data[at + 1]:02x}" for at in range(0, len(data), 2))


def divided(text: str, width: int, literal: Callable[[str], str]) -> list[str]:
    """A text as literals of at most about so many characters."""
    found: list[str] = []
    part: list[str] = []
    length = 2
    for one in text:
        long = len(literal(one)) - 2
        if part and length + long > width:
            found.append("".join(part))
            part, length = [], 2
        part.append(one)
        length += long
    return [literal(one) for one in (*found, "".join(part))]
