"""Kotlin as ktlint leaves it: what is long stands a part a line.

Law: pure text. Nothing here knows a frame.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from textwrap import wrap
from typing import Final

from wirecheck.types.jvm_layout import divided, quoted
from wirecheck.types.prose import plain

WIDTH: Final = 120
"""Columns of what can be broken; ktlint takes 140."""
_HARD: Final = """
as break continue do else false for fun if in interface is null object package return super this throw true try
typealias typeof val var when while
"""
HARD: Final = frozenset(_HARD.split())
"""Keywords that are names if they stand in backticks; `class` is none, since `getClass` is taken."""
_MARKUP: Final = {"&": "&amp;", "<": "&lt;", ">": "&gt;", "[": "\\[", "]": "\\]", "@": "&#64;", "\\": "\\\\"}
_SHORT: Final = {'"': '\\"', "\\": "\\\\", "\n": "\\n", "\t": "\\t", "\r": "\\r", "$": "\\$"}


def literal(text: str) -> str:
    """A string of ASCII, of whatever text."""
    return quoted(text, _SHORT)


def pieces(text: str, width: int) -> list[str]:
    """A text as literals of at most about so many characters."""
    return divided(text, width, literal)


def markup(text: str) -> str:
    """The text as KDoc shows it. Comments nest, so that neither mark of one may stand in it."""
    said = "".join(_MARKUP.get(one, one) for one in plain(text).replace("`", "'"))
    return said.replace("*/", "*&#47;").replace("/*", "&#47;*")


def code(text: str) -> str:
    return f"<code>{markup(text)}</code>"


def kdoc(indent: int, paragraphs: Sequence[str], tags: Iterable[str] = ()) -> list[str]:
    """A comment of texts that are markup already; empty ones are left out."""
    blocks = [one for one in paragraphs if one]
    listed = list(tags)
    space = " " * indent
    if len(blocks) == 1 and not listed and len(line := f"{space}/** {blocks[0]} */") <= WIDTH:
        return [line]
    lines: list[str] = []
    for number, block in enumerate(blocks):
        lines += [""] * (number > 0) + _wrapped(block, indent, "")
    lines += [""] * bool(blocks and listed)
    for tag in listed:
        lines += _wrapped(tag, indent, "  ")
    return [f"{space}/**", *(f"{space} * {line}".rstrip() for line in lines), f"{space} */"]


def comment(text: str) -> list[str]:
    """Lines of a comment that is no documentation."""
    return [f"// {line}" for line in wrap(plain(text), WIDTH - 3)]


def called(indent: int, head: str, arguments: Sequence[str], after: str = "") -> list[str]:
    """`head(arguments)after`, an argument a line if it is long."""
    line = f"{' ' * indent}{head}({', '.join(arguments)}){after}"
    if len(line) <= WIDTH or not arguments:
        return [line]
    space = " " * (indent + 4)
    return [f"{' ' * indent}{head}(", *(f"{space}{one}," for one in arguments), f"{' ' * indent}){after}"]


def assigned(indent: int, name: str, head: str, arguments: Sequence[str]) -> list[str]:
    """`name = head(arguments)`."""
    lines = called(indent, f"{name} = {head}", arguments)
    if len(lines) == 1:
        return lines
    return [f"{' ' * indent}{name} =", *called(indent + 4, head, arguments)]


def _wrapped(text: str, indent: int, hanging: str) -> list[str]:
    return wrap(text, WIDTH - 3 - indent, subsequent_indent=hanging, break_long_words=False, break_on_hyphens=False)
