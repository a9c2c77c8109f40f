"""Java as google-java-format leaves it.

Law: pure text. Expressions are calls and what stands between their parentheses; nothing here knows a frame.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from textwrap import wrap
from typing import Final, TypeAlias

from wirecheck.types.jvm_layout import divided, quoted
from wirecheck.types.prose import plain

WIDTH: Final = 100
_KEYWORDS: Final = """
_ abstract assert boolean break byte case catch char class const continue default do double else enum extends
false final finally float for goto if implements import instanceof int interface long native new null package
private protected public return short static strictfp super switch synchronized this throw throws transient true
try void volatile while
"""
KEYWORDS: Final = frozenset(_KEYWORDS.split())
_MARKUP: Final = {"&": "&amp;", "<": "&lt;", ">": "&gt;", "@": "&#64;", "\\": "&#92;", "{": "&#123;", "}": "&#125;"}
_SHORT: Final = {'"': '\\"', "\\": "\\\\", "\n": "\\n", "\t": "\\t", "\r": "\\r"}


@dataclass(frozen=True, slots=True)
class Call:
    """`head(arguments)`."""

    head: str
    arguments: tuple[Expression, ...]

    def __str__(self) -> str:
        return f"{self.head}({', '.join(map(str, self.arguments))})"


Expression: TypeAlias = str | Call


def call(head: str, *arguments: Expression) -> Call:
    return Call(head, arguments)


def laid(indent: int, before: str, value: Expression, after: str) -> list[str]:
    """The lines of `before value after`: on one line if they fit, else broken within the parentheses."""
    line = f"{' ' * indent}{before}{value}{after}"
    if len(line) <= WIDTH or isinstance(value, str) or not value.arguments:
        return [line]
    first = f"{' ' * indent}{before}{value.head}("
    inner = f"{' ' * (indent + 4)}{', '.join(map(str, value.arguments))}){after}"
    if len(inner) <= WIDTH:
        return [first, inner]
    *others, last = value.arguments
    lines = [line for one in others for line in laid(indent + 4, "", one, ",")]
    return [first, *lines, *laid(indent + 4, "", last, f"){after}")]


def assigned(indent: int, name: str, value: Expression) -> list[str]:
    """`name = value;`, broken behind the sign first."""
    line = f"{' ' * indent}{name} = {value};"
    return [line] if len(line) <= WIDTH else [f"{' ' * indent}{name} =", *laid(indent + 4, "", value, ";")]


def literal(text: str) -> str:
    """A string of ASCII, of whatever text."""
    return quoted(text, _SHORT)


def pieces(text: str, width: int) -> list[str]:
    """A text as literals of at most about so many characters."""
    return divided(text, width, literal)


def markup(text: str) -> str:
    """The text as Javadoc shows it."""
    return "".join(_MARKUP.get(one, one) for one in plain(text)).replace("*/", "*&#47;")


def code(text: str) -> str:
    return f"<code>{markup(text)}</code>"


def javadoc(indent: int, paragraphs: Sequence[str], tags: Iterable[str] = ()) -> list[str]:
    """A comment of texts that are markup already; empty ones are left out."""
    blocks = [one for one in paragraphs if one]
    listed = list(tags)
    space = " " * indent
    if len(blocks) == 1 and not listed and len(line := f"{space}/** {blocks[0]} */") <= WIDTH:
        return [line]
    lines: list[str] = []
    for number, block in enumerate(blocks):
        lines += [""] * (number > 0) + _wrapped(("<p>" if number else "") + block, indent, "")
    lines += [""] * bool(blocks and listed)
    for tag in listed:
        lines += _wrapped(tag, indent, "    ")
    return [f"{space}/**", *(f"{space} * {line}".rstrip() for line in lines), f"{space} */"]


def comment(text: str) -> list[str]:
    """Lines of a comment that is no documentation."""
    return [f"// {line}" for line in wrap(plain(text).replace("\\", "/"), WIDTH - 3)]


def _wrapped(text: str, indent: int, hanging: str) -> list[str]:
    return wrap(text, WIDTH - 3 - indent, subsequent_indent=hanging, break_long_words=False, break_on_hyphens=False)


def case(label: str, value: str) -> list[str]:
    """A case of a switch."""
    line = f"      case {label} -> {value};"
    return [line] if len(line) <= WIDTH else [f"      case {label} ->", f"          {value};"]


def header(head: str, word: str, names: Sequence[str]) -> list[str]:
    """The head of an interface or a record, with a list of types."""
    line = f"{head} {word} {', '.join(names)} {{"
    if len(line) <= WIDTH:
        return [line]
    joined = f"    {word} {', '.join(names)} {{"
    if len(joined) <= WIDTH:
        return [head, joined]
    *others, last = names
    return [head, f"    {word} {others[0]},", *(f"        {name}," for name in others[1:]), f"        {last} {{"]


def throwing(head: str) -> list[str]:
    """The head of a method that reads."""
    line = f"{head} throws DecodeException {{"
    return [line] if len(line) <= WIDTH else [head, "      throws DecodeException {"]


def record_header(head: str, components: Sequence[str], sender: str | None) -> list[str]:
    """The head of a record that implements the interface of a sender, if it is a frame."""
    listed = ", ".join(components)
    end = [f"    implements {sender} {{"] if sender else []
    behind = f") implements {sender} {{" if sender else ") {"
    close = ")" if sender else ") {"
    if len(line := f"{head}({listed}{behind}") <= WIDTH:
        return [line]
    if len(line := f"{head}({listed}{close}") <= WIDTH:
        return [line, *end]
    if len(line := f"    {listed}{behind}") <= WIDTH:
        return [f"{head}(", line]
    if len(line := f"    {listed}{close}") <= WIDTH:
        return [f"{head}(", line, *end]
    *others, last = components
    return [f"{head}(", *(f"    {one}," for one in others), f"    {last}{close}", *end]
