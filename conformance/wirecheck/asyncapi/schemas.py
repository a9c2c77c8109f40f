"""JSON Schemas as a document of AsyncAPI can hold them.

Law: what a schema accepts stays the same. Two things that are sound in a schema are not in such a document: members
with names that mean something else to its readers, wherever they stand; and equal values in an `enum`, which AsyncAPI's
copy of draft 07 refuses. Both are said in other words.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from wirecheck.catalog.places import equal

_TAKEN = {"$ref": r"^\$ref$", "<<": "^<<$", "__proto__": "^__proto__$"}
"""Names that no member of the document may have, and patterns that fit them alone: a reference, YAML's word for what is
merged in (which some readers heed even in quotes), and JavaScript's for the prototype."""

_ANNOTATIONS = frozenset({"default", "examples"})
_ONE = frozenset({"items", "additionalProperties", "not", "if", "then", "else"})
_MANY = frozenset({"allOf", "anyOf", "oneOf"})


def misread(value: Any) -> bool:
    """Whether a value holds a member that no document may hold."""
    if isinstance(value, dict):
        return not _TAKEN.keys().isdisjoint(value) or any(map(misread, value.values()))
    return isinstance(value, list) and any(map(misread, value))


def sayable(schema: Any) -> Any:
    """The schema without such members, and without equal values in an `enum`. Examples and defaults that would be
    misread are left out: they judge nothing."""
    if not isinstance(schema, dict):
        return schema
    found: dict[str, Any] = {}
    judged: list[dict[str, Any]] = []
    for word, held in schema.items():
        if word in _ONE:
            found[word] = sayable(held)
        elif word in _MANY:
            found[word] = [sayable(one) for one in held]
        elif word == "properties":
            found |= _properties({name: sayable(one) for name, one in held.items()})
        elif word == "enum":
            values = _distinct(held)
            if misread(values):
                judged.append({"anyOf": [_equal(value) for value in values]})
            else:
                found[word] = values
        elif word == "const" and misread(held):
            judged.append(_equal(held))
        elif word not in _ANNOTATIONS or not misread(held):
            found[word] = held
    return found | ({"allOf": [*found.get("allOf", ()), *judged]} if judged else {})


def _properties(named: dict[str, Any]) -> dict[str, Any]:
    """The keywords for these properties: a pattern stands for a name that cannot be written."""
    taken = {_TAKEN[name]: held for name, held in named.items() if name in _TAKEN}
    rest = {name: held for name, held in named.items() if name not in _TAKEN}
    return ({"properties": rest} if rest or not taken else {}) | ({"patternProperties": taken} if taken else {})


def _distinct(values: Iterable[Any]) -> list[Any]:
    found: list[Any] = []
    for value in values:
        if not any(equal(value, other) for other in found):
            found.append(value)
    return found


def _equal(value: Any) -> dict[str, Any]:
    """What is equal to a value, as a schema."""
    if not misread(value):
        return {"const": value}
    if isinstance(value, dict):
        members = _properties({name: _equal(held) for name, held in value.items()})
        return {"type": "object", **members, "required": list(value), "additionalProperties": False}
    items = [_equal(held) for held in value]
    return {"type": "array", "items": items, "minItems": len(items), "maxItems": len(items)}
