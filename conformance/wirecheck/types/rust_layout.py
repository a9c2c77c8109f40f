"""Pieces of Rust: names, strings, comments and lines as rustfmt leaves them.

Law: pure, and no dialect's type is known here.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from wirecheck.types.naming import pascal, words
from wirecheck.types.prose import lines, plain

WIDTH: Final = 100
ARGUMENTS: Final = 60
"""Columns of what a call is given, on one line."""
_KEYWORDS: Final = """
abstract as async await become box break const continue do dyn else enum extern false final fn for gen if impl in let
loop macro match mod move mut override priv pub ref return static struct trait true try type typeof unsafe unsized use
virtual where while yield
"""


def arm(pattern: str, value: str) -> str:
    """A line of a `match`, or three if it is too long."""
    line = f"            {pattern} => {value},\n"
    return line if len(line) <= WIDTH + 1 else f"            {pattern} => {{\n                {value}\n            }}\n"


def member_name(name: str) -> str:
    """A field's name, raw where it is a keyword."""
    return f"r#{name}" if name in _KEYWORDS.split() else name


def variant_name(value: str) -> str:
    """The variant of one of the strings of a choice."""
    return pascal(words(value)) if words(value) else "Other" if value else "Empty"


def comment(text: str, mark: str) -> Iterator[str]:
    """Lines of a paragraph: none begins with what would be a list, a heading or a quotation."""
    found: list[str] = []
    said = _escaped(plain(text))
    for line in lines(said if said[:1].isalpha() or said[:1] in ("`", "") else f"Here: {said}", WIDTH - len(mark) - 1):
        if found and not (line[0].isalpha() or line[0] in "`("):
            found[-1] += f" {line}"
        else:
            found.append(line)
    yield from (f"{mark} {line}\n" for line in found)


def _escaped(text: str) -> str:
    """What is markup beside code, in text whose code stands between backticks."""
    parts = text.split("`")
    if len(parts) % 2 == 0 or "``" in text:
        return re.sub(r"([\\\[\]<>`*])", r"\\\1", text)
    return "`".join(part if place % 2 else re.sub(r"([\\\[\]<>*])", r"\\\1", part) for place, part in enumerate(parts))


def raw(text: str) -> str:
    """A string as it is, where that can be read."""
    if not text.isprintable():
        return quoted(text)
    marks = max((len(found) for found in re.findall('"(#*)', text)), default=-1) + 1
    return f'r{"#" * marks}"{text}"{"#" * marks}'


def quoted(text: str) -> str:
    """A string with escapes."""
    escapes = {'"': '\\"', "\\": "\\\\", "\n": "\\n", "\t": "\\t"}
    shown = (escapes.get(one) or (one if one.isprintable() else f"\\u{{{ord(one):x}}}") for one in text)
    return f'"{"".join(shown)}"'
