"""The bytes of one message to a JSON value, strictly.

Law: this module knows UTF-8, RFC 8259 and RFC 7493 and nothing of tags, dialects or connections. It never raises on
what a peer sent: each defect is a `Defect`, in the order UTF-8, JSON, repeated members, surrogates.

Two ways lead to the same answer. `accept` takes only what needs no explanation and is quick; whatever it declines goes
to `explain`, which has the last word.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Any

import orjson

MAX_BYTES = 8 * 1024 * 1024
MAX_QUICK = MAX_BYTES // 4
"""Characters that no encoding can make longer than `MAX_BYTES`."""
MAX_DEPTH = 128
SHOWN = 60
SHOWN_KEYS = 20
MAX_DEFECTS = 100
"""Defects named in one message; further ones of the same message say nothing new."""

_TOKEN = re.compile(r'"[^"\\]*(?:\\.[^"\\]*)*"?|[\[\]{}]', re.DOTALL)
_SURROGATE = re.compile("[\ud800-\udfff]")


@dataclass(frozen=True, slots=True, kw_only=True)
class Defect:
    """One thing wrong with a message: a code of the closed list, a JSON pointer, and what was expected and found."""

    code: str
    pointer: str | None
    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Parsed:
    """`value` is meaningful only when `legible`; a legible message may still have (lesser) defects."""

    legible: bool
    value: Any
    defects: tuple[Defect, ...]


class _Object(dict[str, Any]):
    """A JSON object that remembers which of its members came more than once."""

    __slots__ = ("repeated",)

    def __init__(self, pairs: list[tuple[str, Any]]) -> None:
        super().__init__(pairs)
        self.repeated: tuple[str, ...] = ()
        if len(self) != len(pairs):
            count = Counter(name for name, _ in pairs)
            self.repeated = tuple(name for name in self if count[name] > 1)


def accept(text: str) -> dict[str, Any] | None:
    """The JSON object in `text` if it is beyond doubt: no repeated member, shallow, no lone surrogate. Else None.

    Repeated members are excluded by counting: every member of the text has a quote directly before its colon, unless
    white space stands between them, so as many such pairs as members parsed leave no room for a lost one.
    """
    if len(text) > MAX_QUICK:
        return None
    try:
        value = orjson.loads(text)
    except ValueError:
        return None
    if value.__class__ is not dict:
        return None
    flat = text.count("{") == 1 and "[" not in text
    members = len(value) if flat else _members(value, 1)
    if members != text.count('":') or " :" in text or "\t:" in text or "\n:" in text or "\r:" in text:
        return None
    return value


def _members(value: dict[str, Any], depth: int) -> int:
    """How many members all objects below hold; -1 where it is nested deeper than the fast path looks."""
    if depth > 16:
        return -1
    total = len(value)
    for item in value.values():
        kind = type(item)
        if kind is dict:
            below = _members(item, depth + 1)
        elif kind is list:
            below = _items(item, depth + 1)
        else:
            continue
        if below < 0:
            return -1
        total += below
    return total


def _items(value: list[Any], depth: int) -> int:
    if depth > 16:
        return -1
    total = 0
    for item in value:
        kind = type(item)
        if kind is dict:
            below = _members(item, depth + 1)
        elif kind is list:
            below = _items(item, depth + 1)
        else:
            continue
        if below < 0:
            return -1
        total += below
    return total


def explain(body: str | bytes) -> Parsed:
    """Judge `body` (text, or the bytes that should be UTF-8) in the order UTF-8, JSON, repeated members, surrogates."""
    size = len(body)
    if isinstance(body, str) and size > MAX_QUICK:
        size = len(body.encode("utf-8", "surrogatepass"))
    if size > MAX_BYTES:
        return _illegible("too-large", f"a message of {size} bytes; the limit is {MAX_BYTES}")
    if isinstance(body, bytes):
        try:
            text = body.decode("utf-8")
        except UnicodeDecodeError as error:
            return _illegible("not-utf8", f"byte {error.start} is not UTF-8 ({error.reason})")
    else:
        stray = _SURROGATE.search(body)
        if stray is not None:
            return _illegible("not-utf8", f"character {stray.start()} is a lone surrogate, which UTF-8 cannot carry")
        text = body
    depth = _depth(text)
    if depth > MAX_DEPTH:
        return _illegible("too-deep", f"nested deeper than {MAX_DEPTH} levels")
    try:
        value = json.loads(text, object_pairs_hook=_Object, parse_constant=_refuse, parse_int=_integer)
    except ValueError as error:
        return _illegible("not-json", _reason(text, error))
    return Parsed(legible=True, value=value, defects=tuple(islice(_lesser(value), MAX_DEFECTS)))


def assess(value: Any) -> Parsed:
    """Judge a JSON value that a capture holds as such; there are no bytes, so only what the value itself shows."""
    for item, _ in _walk(value):
        if isinstance(item, float) and (item != item or item in (float("inf"), float("-inf"))):
            return _illegible("not-json", "NaN and Infinity are no JSON numbers")
        if item is _TOO_DEEP:
            return _illegible("too-deep", f"nested deeper than {MAX_DEPTH} levels")
    return Parsed(legible=True, value=value, defects=tuple(islice(_lesser(value), MAX_DEFECTS)))


def show(value: Any) -> str:
    """A value as JSON text, cut to what fits a message."""
    if isinstance(value, str):
        value = value[: SHOWN + 1]
    elif isinstance(value, list | dict):
        kind = "array" if isinstance(value, list) else "object"
        inner = value if isinstance(value, list) else list(value)
        if len(inner) > SHOWN_KEYS or any(isinstance(item, list | dict) for item in _inner(value)):
            return f"an {kind} of {len(value)}"
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= SHOWN else text[: SHOWN - 1] + "…"


def _inner(value: list[Any] | dict[str, Any]) -> Iterator[Any]:
    return iter(value) if isinstance(value, list) else iter(value.values())


def pointer_to(steps: Iterator[Any] | tuple[Any, ...] | list[Any]) -> str:
    """RFC 6901: the JSON pointer of these steps."""
    return "".join("/" + str(step).replace("~", "~0").replace("/", "~1") for step in steps)


def _illegible(code: str, message: str) -> Parsed:
    return Parsed(legible=False, value=None, defects=(Defect(code=code, pointer=None, message=message),))


def _reason(text: str, error: ValueError) -> str:
    if text.startswith("\ufeff"):
        return "a byte order mark stands before the JSON text"
    if not text.strip(" \t\r\n"):
        return "the message is empty"
    if isinstance(error, json.JSONDecodeError):
        return f"{error.msg.removesuffix(' at')} at character {error.pos}"
    return str(error)


def _refuse(name: str) -> Any:
    raise ValueError(f"{name} is no JSON number")


def _integer(digits: str) -> int | float:
    """Python refuses to read integers of thousands of digits; as a number they are still valid JSON."""
    return int(digits) if len(digits) < 4000 else float(digits)


def _depth(text: str) -> int:
    """How deeply brackets nest outside strings, counted only as far as the limit."""
    if text.count("[") + text.count("{") <= MAX_DEPTH:
        return 0
    depth = 0
    for match in _TOKEN.finditer(text):
        first = match.group()[0]
        if first in "[{":
            depth += 1
            if depth > MAX_DEPTH:
                return depth
        elif first in "]}":
            depth -= 1
    return 0


_TOO_DEEP = object()


def _walk(value: Any) -> Iterator[tuple[Any, tuple[Any, ...]]]:
    """Every value below with its steps, outermost first; `_TOO_DEEP` in place of what lies below the limit."""
    yield value, ()
    # One iterator a level: a message may hold millions of values, and a list of all with their steps is larger still.
    above: list[tuple[Iterator[tuple[Any, Any]], tuple[Any, ...]]] = [(_members_of(value), ())]
    while above:
        members, steps = above[-1]
        for step, item in members:
            deeper = (*steps, step)
            yield item, deeper
            if isinstance(item, dict | list):
                if len(deeper) >= MAX_DEPTH:
                    yield _TOO_DEEP, deeper
                    continue
                above.append((_members_of(item), deeper))
                break
        else:
            above.pop()


def _members_of(value: Any) -> Iterator[tuple[Any, Any]]:
    """Names or positions, and what stands there."""
    if isinstance(value, dict):
        return iter(value.items())
    return iter(enumerate(value)) if isinstance(value, list) else iter(())


def _lesser(value: Any) -> Iterator[Defect]:
    """What RFC 7493 forbids and RFC 8259 does not: repeated members, and strings that are no Unicode."""
    for item, steps in _walk(value):
        if isinstance(item, _Object):
            for name in item.repeated:
                yield Defect(
                    code="duplicate-key",
                    pointer=pointer_to((*steps, _printable(name))),
                    message=f"member {show(_printable(name))} stands more than once in its object",
                )
        strings = item if isinstance(item, dict) else (item,) if isinstance(item, str) else ()
        for text in strings:
            if _SURROGATE.search(text):
                yield Defect(
                    code="lone-surrogate",
                    pointer=pointer_to([_printable(str(step)) for step in steps]),
                    message=f"{show(_printable(text))} holds half of a surrogate pair",
                )


def _printable(text: str) -> str:
    """Lone surrogates as escapes, so that findings can be written out."""
    return _SURROGATE.sub(lambda match: f"\\u{ord(match.group()):04x}", text)
