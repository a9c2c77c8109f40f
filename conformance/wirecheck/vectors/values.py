"""Values that a payload schema allows, and values that it refuses.

Law: tables of JSON kinds, and a few keywords read by hand. A schema with anything else is refused rather than half
covered, and no validator is asked.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

Value = Any

KEYWORDS = frozenset({"type", "enum", "properties", "required", "items", "title", "description", "default", "examples"})
"""The keywords for which values are known."""

WRONG: Mapping[str, tuple[tuple[str, Value], ...]] = {
    "string": (("a string", "7"),),
    "integer": (("a whole number", 7),),
    "number": (("a fraction", 1.5),),
    "boolean": (("a boolean", True),),
    "null": (("null", None),),
    "array": (("an array", []),),
    "object": (("an object", {}),),
}
GOOD: Mapping[str, tuple[tuple[str, Value], ...]] = {
    "string": (
        ("the empty string", ""),
        ("text beyond the basic plane, with a line separator", "🙂é\u2028\u2029𝄞"),
        ("text of escapes, with a NUL character", '\u0000"\\/\n'),
    ),
    "integer": (("zero", 0), ("negative", -1), ("2 to the 53rd", 2**53)),
    "number": (("zero", 0), ("a negative fraction", -0.25), ("a very large number", 1e300)),
    "boolean": (("true", True), ("false", False)),
    "null": (("null", None),),
    "array": (("an empty array", []), ("an array of mixed values", [1, "a", None, {}])),
    "object": (("an empty object", {}), ("an object of undocumented members", {"deep": {"er": [1, None, {}]}})),
}


def known(schema: Mapping[str, Value]) -> bool:
    """Whether the tables know all that a schema says: its keywords, texts where it lists values, and so below it."""
    listed = [*schema.get("enum", ()), *schema.get("examples", ())]
    inner = [*schema.get("properties", {}).values(), *([schema["items"]] if "items" in schema else [])]
    return set(schema) <= KEYWORDS and all(isinstance(value, str) for value in listed) and all(map(known, inner))


def _kinds(schema: dict[str, Value]) -> tuple[str, ...]:
    """The JSON kinds that a schema allows; a fraction is `number`, and a whole number is both."""
    unknown = set(schema) - KEYWORDS
    if unknown:
        raise ValueError(f"no changes are known for the keywords {sorted(unknown)}")
    named = schema.get("type", tuple(WRONG))
    return (named,) if isinstance(named, str) else tuple(named)


def good(schema: dict[str, Value]) -> Iterator[tuple[str, Value]]:
    """Values that the schema allows, each with what it is in words."""
    kinds = _kinds(schema)
    if "enum" in schema:
        yield from ((json.dumps(value), value) for value in schema["enum"])
        return
    for value in schema.get("examples", ()):
        yield f"{json.dumps(value)}, which the document lists", value
    if schema.get("examples"):
        yield "a value that the document does not list", "x-not-listed"
    for kind in kinds:
        if kind == "array" and "items" in schema:
            yield GOOD["array"][0]
        elif kind != "object" or not schema.get("properties"):
            yield from GOOD[kind]


def wrong(schema: dict[str, Value]) -> Iterator[tuple[str, Value]]:
    """Values that the schema refuses, at their own place and not below it, each with what it is in words."""
    kinds = _kinds(schema)
    if "enum" in schema:
        first = schema["enum"][0]
        yield "a value that is not listed", "x-not-listed"
        yield "a listed value in capitals", first.upper()
        yield "two listed values in one string", f"{first} {schema['enum'][-1]}"
        kinds = ("string",)
    for kind, values in WRONG.items():
        if kind not in kinds and not (kind == "integer" and "number" in kinds):
            yield from values
