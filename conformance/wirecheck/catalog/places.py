"""Where a value lies, and what lies there.

Law: pointers and locators as the catalog writes them, and nothing about what they are used for.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from wirecheck.catalog.model import Case, Condition, Locator

_ABSENT = object()


def pointer(text: str) -> tuple[str, ...]:
    """The steps of a JSON pointer (RFC 6901) that is not empty."""
    return tuple(step.replace("~1", "/").replace("~0", "~") for step in text.split("/")[1:])


def locator(text: str) -> Locator:
    """A place in the catalog's notation: `/payload/pointer`, `@header`, `?query` or `{path}`."""
    if text.startswith("/"):
        return Locator(place="payload", path=pointer(text))
    if text.startswith("@"):
        return Locator(place="header", path=(text[1:],))
    if text.startswith("?"):
        return Locator(place="query", path=(text[1:],))
    return Locator(place="path", path=(text[1:-1],))


def written(where: Locator) -> str:
    """A place as the catalog writes it; the inverse of `locator`."""
    if where.place == "payload":
        return "".join("/" + step.replace("~", "~0").replace("/", "~1") for step in where.path)
    return {"header": "@{}", "query": "?{}", "path": "{{{}}}"}[where.place].format(where.path[0])


def equal(one: Any, other: Any) -> bool:
    """Whether two JSON values are equal; unlike Python, JSON tells true from 1."""
    if isinstance(one, bool) or isinstance(other, bool):
        return one is other
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(equal(one[name], other[name]) for name in one)
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(equal, one, other))
    return bool(one == other)


def applies(case: Case, payload: Mapping[str, Any], header: Mapping[str, Any]) -> bool:
    """Whether a frame with this payload and header is also what the case says."""
    if not all(_holds(condition, payload, header) for condition in case.when):
        return False
    return not case.unless or not all(_holds(condition, payload, header) for condition in case.unless)


def _holds(condition: Condition, payload: Mapping[str, Any], header: Mapping[str, Any]) -> bool:
    value: Any = payload if condition.at.place == "payload" else header
    for step in condition.at.path:
        value = value.get(step, _ABSENT) if isinstance(value, Mapping) else _ABSENT
    if condition.test == "const":
        return value is not _ABSENT and equal(value, condition.const)
    return (value is _ABSENT) == (condition.test == "absent")


def documented(schema: Mapping[str, Any] | None, path: tuple[str, ...]) -> Mapping[str, Any] | None:
    """The schema of the field at `path` below an object's schema; None where no such field is documented."""
    for step in path:
        if schema is None or step not in schema.get("properties", {}):
            return None
        schema = schema["properties"][step]
    return schema
