"""TypeScript's text, laid out as prettier does.

Law: pure. Names, literals, comments and lines of at most 80 columns, wherever prettier finds room; of what a catalog
says it knows nothing.
"""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Sequence
from importlib.resources import files
from typing import Final, TypeAlias

from wirecheck.types.prose import GENERATED, columns, lines

Expression: TypeAlias = str | tuple[str, "Sequence[Expression]"]
"""A text, or a call: of what, with which arguments."""

WIDTH: Final = 80
HEADER: Final = f"// {GENERATED}\n"
_FIRST: Final = frozenset({"$_", "Lu", "Ll", "Lt", "Lm", "Lo", "Nl"})
_LATER: Final = _FIRST | {"Mn", "Mc", "Nd", "Pc"}
_TAG: Final = re.compile(r"(^|[\s{(])@")
_SPECIAL: Final = ("__proto__", "constructor")


def runtime(name: str) -> str:
    """A file that is the same for every dialect."""
    return HEADER + "\n" + (files("wirecheck.types") / "runtime" / "typescript" / name).read_text(encoding="utf-8")


def quoted(text: str) -> str:
    """A string, in the quotes of which it holds fewer."""
    mark = "'" if text.count('"') > text.count("'") else '"'
    found = json.dumps(text, ensure_ascii=False)[1:-1]
    found = found.replace('\\"', '"') if mark == "'" else found
    found = found.replace("'", "\\'") if mark == "'" else found
    return mark + "".join(one if one.isprintable() else _escaped(one) for one in found) + mark


def _escaped(one: str) -> str:
    return f"\\u{ord(one):04x}" if ord(one) < 0x10000 else f"\\u{{{ord(one):x}}}"


def key(name: str, *, value: bool = False) -> str:
    """The name of a member; `value`: of an object that is made, where some names would do something."""
    if value and name in _SPECIAL:
        return f"[{quoted(name)}]"
    return name if _is_identifier(name) else quoted(name)


def _is_identifier(name: str) -> bool:
    """By the fifth edition of ECMAScript, as prettier has it."""
    kinds = ["$_" if one in "$_" else unicodedata.category(one) for one in name if one < "\U00010000"]
    return bool(kinds) and len(kinds) == len(name) and kinds[0] in _FIRST and all(kind in _LATER for kind in kinds)


def comment(paragraphs: Sequence[str], indent: str = "") -> str:
    """A comment for documentation, with the end of its last line; empty for nothing to say."""
    wide = WIDTH - len(indent) - 3
    said = [[_safe(line) for line in lines(text, wide)] for text in paragraphs]
    said = [paragraph for paragraph in said if paragraph]
    if not said:
        return ""
    if len(said) == len(said[0]) == 1 and len(said[0][0]) + len(indent) <= WIDTH - 7:
        return f"{indent}/** {said[0][0]} */\n"
    body = [line for paragraph in said for line in ("", *paragraph)][1:]
    return "".join(f"{indent}{line}\n" for line in ("/**", *(f" * {line}".rstrip() for line in body), " */"))


def _safe(line: str) -> str:
    return _TAG.sub(r"\1\\@", line.replace("*/", "*\\/"))


def union(head: str, parts: Sequence[str], indent: str = "") -> str:
    """`head: A | B;` (the head without its blank), broken before each part where it is too long."""
    whole = f"{indent}{head} {' | '.join(parts)};\n"
    if columns(whole) <= WIDTH + 1:
        return whole
    if len(parts) == 1 and not head.endswith("="):
        return whole
    below = f"{indent}  {' | '.join(parts)};\n"
    if columns(below) <= WIDTH + 1 or len(parts) == 1:
        return f"{indent}{head}\n{below}"
    return f"{indent}{head}\n" + "\n".join(f"{indent}  | {part}" for part in parts) + ";\n"


def layout(found: Expression, indent: str, before: str, after: str) -> str:
    """A call of calls behind `before` and followed by `after`; an argument a line where it is too long for one."""
    whole = _flat(found)
    if isinstance(found, str) or columns(indent + before + whole + after) <= WIDTH or not found[1]:
        return whole
    name, arguments = found
    inner = indent + "  "
    return f"{name}(\n" + "".join(f"{inner}{layout(one, inner, '', ',')},\n" for one in arguments) + f"{indent})"


def _flat(found: Expression) -> str:
    return found if isinstance(found, str) else f"{found[0]}({', '.join(_flat(one) for one in found[1])})"
