"""Small catalogs, drawn: any keyword of a payload, either envelope, headers, cases, batches, frames without a tag.

Law: a source in, the text of a catalog out (JSON, which is YAML). It may contradict itself in ways that a loader need
not see; nothing here knows what a valid message is.
"""

from __future__ import annotations

import json
from typing import Any

from wirecheck.sample.source import Source

Schema = dict[str, Any]

TYPES = ("string", "integer", "number", "boolean", "object", "array", "null")
NAMES = ("a", "b", "mode", "a/b", "é")
"""Of most objects. Cases and alternatives beside a payload have names of their own: fields that two of them document
often contradict each other, so that nothing is valid."""
OF_CASES = ("c", "d", "c/d")
OF_BRANCHES = ("p", "q")
PATTERNS = ("^[a-z]+$", "b", r"^\d{2,4}-\d+$", "^(red|green)$", r"\w+@\w+", "^.{3,}$", "[^a]z?", r"^\S*$")


def catalog(source: Source) -> str:
    """A catalog with a few frames of both senders."""
    header = {
        sender: {f"{name}{_mark(source)}": _schema(source, 1) for name in ("id", "at")[: source.below(3)]}
        for sender in ("client", "server")
    }
    frames = {f"frame {number}": _frame(source, number) for number in range(1 + source.below(4))}
    if source.below(3) == 0:
        frames["bare"] = {"from": "client", "tag": "none", "payload": _payload(source)}
    if source.below(4) == 0:
        items: Schema = {"type": "array", "items": {"type": "object"}, "maxItems": 2 + source.below(3)}
        payload = {"type": "object", "properties": {"batch": items}, "required": ["batch"][: source.below(2)]}
        frames["all"] = {"from": "client", "contains": "/batch", "payload": payload}
    envelope = {"style": ("flat", "nested")[source.below(2)], "tag": "type", "data": "data", "header": header}
    unknown = ("report", "ignore", "reject")[source.below(3)]
    return json.dumps({"dialect": "drawn", "envelope": envelope, "unknown": unknown, "frames": frames})


def _frame(source: Source, number: int) -> dict[str, Any]:
    frame: dict[str, Any] = {"from": ("server", "client")[source.below(2)], "payload": _payload(source)}
    if source.below(5) == 0:
        return frame | {"payload": "unknown"}
    if source.below(4) == 0:
        frame["wire"] = ("flat", "nested")[source.below(2)]
    if source.below(3) == 0:
        frame["payload"].setdefault("properties", {})["mode"] = {"type": "string", "examples": ["one", "two"]}
        frame["cases"] = [
            {"when": {"/mode": ("one", "present", "absent")[source.below(3)]}, "payload": _object(source, 3, OF_CASES)},
            {"unless": {"/mode": ("two", "present")[source.below(2)]}, "payload": _object(source, 3, OF_CASES[1:])},
        ][: 1 + source.below(2)]
    return frame


def _payload(source: Source) -> Schema:
    return _object(source, 3) | (_alternatives(source, 2, whole=True) if source.below(8) == 0 else {})


def _schema(source: Source, depth: int) -> Schema:
    """The form of a value, of any keywords that go with its type."""
    if depth > 0 and source.below(8) == 0:
        return _alternatives(source, depth)
    match source.below(9):
        case 0:
            return {"enum": [["red", "green", 1, None, {"a": 1}, [], True][source.below(7)], "red", 2.5]}
        case 1:
            return {"const": ("red", 7, None, False, {"a": 1}, [1], 0.5)[source.below(7)]}
        case 2 if depth > 0:
            return _object(source, depth)
        case 3 if depth > 0:
            return _array(source, depth)
        case 4:
            return _number(source)
        case 5:
            kinds = [kind for kind in TYPES if source.below(3) == 0]
            return {"type": kinds} if kinds else {"type": "null"}
        case 6:
            return {"type": "string", "examples": ["known", "other"]}
        case _:
            return _text(source)


def _text(source: Source) -> Schema:
    found: Schema = {"type": "string"}
    if source.below(3) == 0:
        found["minLength"] = source.below(6)
    if source.below(3) == 0:
        found["maxLength"] = found.get("minLength", 0) + source.below(6)
    if source.below(5) == 0:
        found["pattern"] = PATTERNS[source.below(len(PATTERNS))]
    return found


def _number(source: Source) -> Schema:
    found: Schema = {"type": ("integer", "number")[source.below(2)]}
    low = (0, -5, 0.5, 10, -1e300, 2**53)[source.below(6)]
    if source.below(2) == 0:
        found[("minimum", "exclusiveMinimum")[source.below(2)]] = low
    if source.below(2) == 0:
        found[("maximum", "exclusiveMaximum")[source.below(2)]] = low + (1, 7, 100, 0.25)[source.below(4)]
    if source.below(4) == 0:
        found["multipleOf"] = (2, 3, 0.5, 0.1, 7)[source.below(5)]
    return found


def _array(source: Source, depth: int) -> Schema:
    found: Schema = {"type": "array"}
    if source.below(4):
        found["items"] = _schema(source, depth - 1)
    if source.below(3) == 0:
        found["minItems"] = source.below(3)
    if source.below(3) == 0:
        found["maxItems"] = found.get("minItems", 0) + source.below(3)
    if source.below(4) == 0:
        found["uniqueItems"] = True
    return found


def _object(source: Source, depth: int, among: tuple[str, ...] = NAMES) -> Schema:
    names = [name for name in among if source.below(3) == 0]
    found: Schema = {"type": "object", "properties": {name: _schema(source, depth - 1) for name in names}}
    found["required"] = [name for name in names if source.below(2) == 0]
    if depth < 3 and source.below(5) == 0:
        found["additionalProperties"] = False if source.below(2) else _schema(source, depth - 1)
    return found


def _alternatives(source: Source, depth: int, *, whole: bool = False) -> Schema:
    word = ("anyOf", "oneOf")[source.below(2)]
    several = range(1 + source.below(3))
    return {word: [_object(source, 1, OF_BRANCHES) if whole else _schema(source, depth - 1) for _ in several]}


def _mark(source: Source) -> str:
    return ("?", "")[source.below(2)]
