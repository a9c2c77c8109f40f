"""Text as JSON can carry it: plain, odd, and hostile to whoever reads it carelessly.

Law: Unicode text without halves of surrogate pairs, of a length in characters. Nothing here asks what this version of
Python knows of Unicode: the tables below are all.
"""

from __future__ import annotations

from collections.abc import Container
from typing import Final

from wirecheck.sample.source import Source

PLAIN_TEXT: Final = "text"
PAD: Final = "x"
LONGEST: Final = 40
"""Characters of a drawn text beyond those that it must have."""

WILD: Final = 8
"""Different characters of a wild text; they are repeated to its length."""

_LETTERS: Final = "abcdefghijklmnopqrstuvwxyz ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-.,:;!?'\"\\/(){}[]<>|&%$#@*+=~^`"
_RANGES: Final = (
    (0x61, 26),  # a to z
    (0x20, 95),  # ASCII
    (0xA0, 0x160),  # Latin with its accents
    (0x300, 0x70),  # combining marks
    (0x391, 0x19),  # Greek
    (0x5D0, 0x1B),  # Hebrew, right to left
    (0x627, 0x24),  # Arabic, right to left and joined
    (0x4E00, 0x5000),  # Han
    (0x1F300, 0x300),  # pictographs, above U+FFFF
    (0x00, 0x20),  # control characters, which JSON escapes
    (0x7F, 0x21),  # DEL and the C1 controls
    (0x2000, 0x70),  # spaces of no width, bidi marks, line and paragraph separators
    (0xE000, 0x100),  # private use
    (0xFFF0, 0x10),  # specials and noncharacters
    (0x1FFFE, 2),  # noncharacters above U+FFFF
    (0x10FF00, 0x100),  # the end of Unicode
)

ODD_TEXTS: Final = (
    "",
    " ",
    "0",
    "null",
    "é",
    "e\u0301",
    "日本語",
    "\U0001f642",
    "\U0001f468\u200d\U0001f469\u200d\U0001f467",  # one picture of five characters
    "\u202eabc\u202c",  # shown backwards
    "\x00",
    "a\x00b",
    "\t\r\n",
    "\u2028\u2029",
    "\ufeff",
    "\uffff",
    "\U0010ffff",
    "\x7f\x85",
    '"\\/',
    "\\u0041",
    "{}",
    "[",
    "true",
    "NaN",
    "1e400",
    "../../etc/passwd",
    "'; DROP TABLE x; --",
    "<script>alert(1)</script>",
    "%s%n%x",
    "${7*7}{{7*7}}",
    "Z\u0351\u036b\u0343\u036a",
    "a" * 300,
)
ODD_NAMES: Final = (
    "note",
    "x",
    "",
    " ",
    "a b",
    "a/b",
    "a~b",
    "a.b",
    "0",
    "-1",
    "$ref",
    "$schema",
    "__proto__",
    "constructor",
    "toString",
    "é",
    "ключ",
    "\U0001f511",
    "\x00",
    "\u2028",
    '"',
    "\\",
    "@",
    "null",
    "length",
)
"""What members that nobody documents may be called."""


def text(source: Source, least: int = 0, most: int | None = None) -> str:
    """A text of `least` to `most` characters (None: no bound)."""
    way = source.below(4)
    if way == 0:
        return PLAIN_TEXT[:most].ljust(least, PAD)
    if way == 1:
        odd = ODD_TEXTS[source.below(len(ODD_TEXTS))]
        return odd[:most].ljust(least, PAD)
    room = LONGEST if most is None else min(LONGEST, most - least)
    length = least + source.below(room + 1)
    drawn = _plain_ones(source) if way == 2 else _wild_ones(source)
    return (drawn * (min(length, LONGEST) // len(drawn) + 1))[: min(length, LONGEST)].ljust(length, PAD)


def _plain_ones(source: Source) -> str:
    """Some printable ASCII: as few choices for many characters as there can be."""
    first, step = source.below(len(_LETTERS)), source.below(len(_LETTERS))
    return "".join(_LETTERS[(first + step * at) % len(_LETTERS)] for at in range(LONGEST))


def _wild_ones(source: Source) -> str:
    """A few characters from anywhere."""
    found = ""
    for _ in range(1 + source.below(WILD)):
        first, count = _RANGES[source.below(len(_RANGES))]
        found += chr(first + source.below(count))
    return found


def name(source: Source, taken: Container[str]) -> str:
    """A member's name that is not among those `taken`."""
    wanted = ODD_NAMES[source.below(len(ODD_NAMES))]
    if wanted not in taken:
        return wanted
    number = 1
    while f"{wanted}{number}" in taken:
        number += 1
    return f"{wanted}{number}"
