"""A JSON value as text: compact, or in any other spelling that means the same.

Law: a value and a source in, JSON text (RFC 8259) out that reads back as an equal value; the order of members, white
space, escapes and the form of numbers are what varies. No member comes twice, no half of a surrogate pair is written.
"""

from __future__ import annotations

import json
import re
from typing import Any, Final

from wirecheck.sample.source import Source

_SPACES: Final = ("", " ", "\n", "\t", "\r\n", "  ")
_SHORT: Final = {'"': '\\"', "\\": "\\\\", "\b": "\\b", "\f": "\\f", "\n": "\\n", "\r": "\\r", "\t": "\\t"}
_EXPONENT: Final = re.compile(r"e([+-]?)0*(\d+)$")


def compact(value: Any) -> str:
    """The value in its shortest spelling, characters as they are."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False)


def spelled(value: Any, source: Source) -> str:
    """The value in some spelling; the plainest is the compact one."""
    match source.below(4):
        case 0:
            return compact(value)
        case 1:
            return json.dumps(value, allow_nan=False)  # escapes whatever is not ASCII, and sets spaces
        case 2:
            return json.dumps(value, ensure_ascii=False, indent=(None, 1, 2)[source.below(3)], allow_nan=False)
        case _:
            return _apart(_freely(value, source), source)


def _freely(value: Any, source: Source) -> str:
    if isinstance(value, dict):
        names = list(value)
        first = source.below(len(names)) if names else 0
        members = (
            f"{_apart(_text(key, source), source)}:{_apart(_freely(value[key], source), source)}"
            for key in (*names[first:], *names[:first])
        )
        return "{" + (",".join(members) or _gap(source)) + "}"
    if isinstance(value, list):
        items = (_apart(_freely(item, source), source) for item in value)
        return "[" + (",".join(items) or _gap(source)) + "]"
    if isinstance(value, str):
        return _text(value, source)
    if isinstance(value, float):
        return _number(value, source)
    return compact(value)


def _apart(written: str, source: Source) -> str:
    return f"{_gap(source)}{written}{_gap(source)}"


def _gap(source: Source) -> str:
    return _SPACES[source.below(len(_SPACES))] if source.below(4) == 3 else ""


def _text(value: str, source: Source) -> str:
    """With some characters, or all or none, as escapes. Characters above U+FFFF are escaped as both halves."""
    way = source.below(4)
    written = [_escaped(one, source) if _is_due(one, way, source) else one for one in value]
    return '"' + "".join(written) + '"'


def _is_due(one: str, way: int, source: Source) -> bool:
    return one < " " or one in '"\\' or way == 2 or (way == 3 and source.below(3) == 0)


def _escaped(one: str, source: Source) -> str:
    if one in _SHORT and source.below(2) == 0:
        return _SHORT[one]
    if one == "/" and source.below(2) == 0:
        return "\\/"
    form = "\\u{:04X}" if source.below(2) == 1 else "\\u{:04x}"
    halves = one.encode("utf-16-be")
    return "".join(form.format(int.from_bytes(halves[at : at + 2], "big")) for at in range(0, len(halves), 2))


def _number(value: float, source: Source) -> str:
    """A fraction or an exponent in another form that reads back as the same number."""
    plain = repr(value)
    others = [plain, plain.upper(), _EXPONENT.sub(r"e\g<1>00\2", plain)]
    if "e" not in plain:
        others += [plain + "0", plain + "e0", plain + "E-00", plain + "e+0"]
    return others[source.below(len(others))]
