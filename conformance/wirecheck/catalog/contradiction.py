"""Forms that contradict themselves, so that no value fits them.

Law: one form at a time, without what lies below it, which was looked at by itself. What is found here is certain; that
nothing is found does not promise that something fits.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from fractions import Fraction
from typing import Any, Final

from wirecheck.catalog.linear import accepting
from wirecheck.catalog.structure import shown

LONGEST: Final = 1_000_000
"""Characters of a text beyond which no message has room for it."""
MOST: Final = 100_000
"""Items of an array, likewise."""


def contradictions(schema: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """The keyword at which each contradiction shows, and what is wrong, with what to do."""
    yield from _given(schema)
    yield from _bounds(schema)
    yield from _numbers(schema)
    yield from _branches(schema)
    items = schema.get("items")
    if schema.get("uniqueItems") and isinstance(items, Mapping):
        several = _count(items)
        if several is not None and schema.get("minItems", 0) > several:
            yield "minItems", f"only {several} different items fit `items`, and `uniqueItems` asks for others; lower it"


def _given(schema: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    if "const" not in schema and "enum" not in schema:
        return
    fits = accepting({word: value for word, value in schema.items() if word not in ("const", "enum")})
    if "const" in schema:
        if not fits(schema["const"]):
            yield "const", f"the const {shown(schema['const'])} does not fit the rest of this form; mend one of the two"
        elif "enum" in schema and not accepting({"enum": schema["enum"]})(schema["const"]):
            yield "const", f"the const {shown(schema['const'])} is none of the `enum`; keep one of the two"
    elif "enum" in schema and not any(map(fits, schema["enum"])):
        yield "enum", "none of these values fits the rest of this form; mend one of the two"


def _bounds(schema: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for least, most, limit in (("minLength", "maxLength", LONGEST), ("minItems", "maxItems", MOST)):
        low = schema.get(least, 0)
        if low > schema.get(most, low):
            yield least, f"`{least}` is {low} and `{most}` is {schema[most]}, so nothing fits; mend one of the two"
        elif low > limit:
            yield least, f"`{least}` is {low}, for which no message has room; the most is {limit}"


def _numbers(schema: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    lower = [(Fraction(schema[word]), word) for word in ("minimum", "exclusiveMinimum") if word in schema]
    upper = [(Fraction(schema[word]), word) for word in ("maximum", "exclusiveMaximum") if word in schema]
    # Of two equal bounds, the one that excludes itself counts.
    low, least = max(lower, key=lambda one: (one[0], one[1].startswith("exclusive")), default=(None, ""))
    high, most = min(upper, key=lambda one: (one[0], not one[1].startswith("exclusive")), default=(None, ""))
    if low is None or high is None or not _only_numbers(schema):
        return
    open_ended = "exclusive" in least or "exclusive" in most
    step = Fraction(str(schema["multipleOf"])) if "multipleOf" in schema else None
    if _is(schema, "integer"):
        step = Fraction(1) if step is None else Fraction(step.numerator)
    if low > high or (low == high and open_ended):
        yield (
            least,
            f"no number lies between `{least}` {schema[least]} and `{most}` {schema[most]}; mend one of the two",
        )
    elif step is not None:
        first = math.floor(low / step) + 1 if "exclusive" in least else math.ceil(low / step)
        last = math.ceil(high / step) - 1 if "exclusive" in most else math.floor(high / step)
        if first > last:
            what = "whole number" if "multipleOf" not in schema else f"multiple of {schema['multipleOf']}"
            yield least, f"no {what} lies between `{least}` {schema[least]} and `{most}` {schema[most]}; mend them"


def _branches(schema: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for word in ("anyOf", "oneOf"):
        if "type" in schema and schema.get(word) and not any(_share(schema, branch) for branch in schema[word]):
            yield word, f"no alternative is of the type {shown(schema['type'])} that stands beside it; mend one of them"


def _types(schema: Mapping[str, Any]) -> tuple[str, ...] | None:
    named = schema.get("type")
    return (named,) if isinstance(named, str) else None if named is None else tuple(named)


def _is(schema: Mapping[str, Any], kind: str) -> bool:
    return _types(schema) == (kind,)


def _only_numbers(schema: Mapping[str, Any]) -> bool:
    types = _types(schema)
    return types is not None and set(types) <= {"integer", "number"}


def _share(one: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    """Whether some value may be of the types of both."""
    ours, theirs = _types(one), _types(other)
    if ours is None or theirs is None:
        return True
    return any(kind in theirs or (kind in ("integer", "number") and {"integer", "number"} & {*theirs}) for kind in ours)


def _count(schema: Mapping[str, Any]) -> int | None:
    """How many different values fit; None where that is not plain to see."""
    fits = accepting(schema)
    if "const" in schema:
        return int(fits(schema["const"]))
    if "enum" in schema:
        # At most: equal values may stand in it twice.
        return sum(map(fits, schema["enum"]))
    types = _types(schema)
    if types is None or not set(types) <= {"boolean", "null"}:
        return None
    return sum(map(fits, (True, False, None)))
