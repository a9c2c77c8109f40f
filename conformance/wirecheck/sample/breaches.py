"""Values that break one keyword of a schema.

Law: a keyword, what is asked at a place and a valid value of it in; other values out that may break that keyword alone.
Whether they do is for a validator to say: these are only the ones worth trying, the plainest first.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

from wirecheck.sample.conjunction import Schema
from wirecheck.sample.makers import Maker
from wirecheck.sample.patterns import holds_none
from wirecheck.sample.purse import Counting, Purse
from wirecheck.sample.source import Source
from wirecheck.sample.strings import ODD_TEXTS, name, text

LONGEST: Final = 100_000
"""Characters of a text, or items of an array, beyond which a bound is not broken by going over it."""
BIG: Final = 10**400
"""Beyond every double."""

TYPES: Final = ("null", "boolean", "integer", "number", "string", "array", "object")
_OF_TYPE: Final[Mapping[str, tuple[Any, ...]]] = {
    "null": (None,),
    "boolean": (True, False),
    "integer": (0, 1, -1, 7, 2**53 + 1, 1.0),
    "number": (0.5, -1.5, 1e-7, 123.456),
    "string": ("text", "", "0", "null", "true", "{}", "[]"),
    "array": ([], [None], ["text"], [{}], [[]]),
    "object": ({}, {"x": 0}, {"": None}),
}
_ANY: Final = tuple(value for kind in ("string", *TYPES) for value in _OF_TYPE[kind])

KEYWORDS: Final[Mapping[str, str]] = {
    "enum": "enum",
    "const": "const",
    "pattern": "pattern",
    "minimum": "minimum",
    "maximum": "maximum",
    "exclusive-minimum": "exclusiveMinimum",
    "exclusive-maximum": "exclusiveMaximum",
    "multiple-of": "multipleOf",
    "min-length": "minLength",
    "max-length": "maxLength",
    "min-items": "minItems",
    "max-items": "maxItems",
    "unique-items": "uniqueItems",
    "any-of": "anyOf",
    "one-of": "oneOf",
    "additional-property": "additionalProperties",
    "missing-field": "required",
    **{f"type-{kind}": "type" for kind in TYPES},
}
"""The keyword that each defect of a value breaks."""

Breach = Callable[[Schema, Any, Source], Iterator[Any]]


def breaching(defect: str, schema: Schema, value: Any, source: Source) -> list[Any]:
    """What may stand in place of `value`, which is valid, so that the defect's keyword is broken and no other."""
    if defect.startswith("type-"):
        return _other_types(defect.removeprefix("type-"), schema, value)
    breach = _BREACHES.get(defect)
    return list(breach(schema, value, source)) if breach is not None and KEYWORDS[defect] in schema else []


def beyond(schema: Schema) -> Iterator[tuple[str, int]]:
    """Numbers beyond every double that break a bound, each with the keyword that they break."""
    if "multipleOf" not in schema:
        yield from ((word, BIG) for word in ("maximum", "exclusiveMaximum") if word in schema)
        yield from ((word, -BIG) for word in ("minimum", "exclusiveMinimum") if word in schema)


def _other_types(kind: str, schema: Schema, value: Any) -> list[Any]:
    named = schema.get("type")
    if named is None:
        return []
    allowed = (named,) if isinstance(named, str) else named
    if kind in allowed or (kind == "integer" and "number" in allowed):
        return []
    if kind == "array":
        return [*_OF_TYPE[kind], [value]]
    if kind == "string" and not isinstance(value, (dict, list)):
        return [*_OF_TYPE[kind], str(value)]
    return list(_OF_TYPE[kind])


def _required(schema: Schema, value: Any, _: Source) -> Iterator[Any]:
    for missing in schema["required"] if isinstance(value, dict) else ():
        if missing in value:
            yield {key: inner for key, inner in value.items() if key != missing}


def _additional(schema: Schema, value: Any, source: Source) -> Iterator[Any]:
    if schema["additionalProperties"] is False and isinstance(value, dict):
        extra = name(source, {*schema.get("properties", {}), *value})
        yield value | {extra: _ANY[source.below(len(_ANY))]}


def _given(schema: Schema, value: Any, source: Source) -> Iterator[Any]:
    """None of the values given; of texts, those that only look like one of them."""
    options = [schema["const"]] if "const" in schema else list(schema["enum"])
    for option in options:
        if isinstance(option, str):
            yield from (option + "x", option.upper(), option.lower(), f"{option} ", option[:-1])
        elif isinstance(option, (int, float)) and not isinstance(option, bool):
            yield from (option + 1, option - 1, -option)
    yield text(source)
    yield from _ANY


def _pattern(schema: Schema, value: Any, source: Source) -> Iterator[Any]:
    if not isinstance(value, str):
        return
    tried = ["", "x", "0", " ", "-", value + "!", "!" + value, value[:-1], value[1:], value.swapcase(), f"{value}\n"]
    tried += [one * max(len(value), schema.get("minLength", 0)) for one in "x0 -A\u00e9\u0000"]
    tried += [text(source), *ODD_TEXTS]
    yield from (one for one in tried if holds_none([schema["pattern"]], one))


def _below(bound: Any, step: Any, sign: int) -> list[Any]:
    """Numbers on the far side of a bound, multiples of the step among them."""
    whole = math.floor(bound) if sign < 0 else math.ceil(bound)
    found: list[Any] = [whole + sign, whole + 1000 * sign, bound + sign * 0.5, whole + sign * 2**53]
    if step is not None:
        count = math.floor(bound / step) if sign < 0 else math.ceil(bound / step)
        found = [(count + sign) * step, (count + 100 * sign) * step, *found]
    return [one for one in found if (one < bound if sign < 0 else one > bound)]


def _minimum(schema: Schema, value: Any, _: Source) -> Iterator[Any]:
    yield from _below(schema["minimum"], schema.get("multipleOf"), -1)


def _maximum(schema: Schema, value: Any, _: Source) -> Iterator[Any]:
    yield from _below(schema["maximum"], schema.get("multipleOf"), 1)


def _exclusive_minimum(schema: Schema, value: Any, _: Source) -> Iterator[Any]:
    yield schema["exclusiveMinimum"]
    yield from _below(schema["exclusiveMinimum"], schema.get("multipleOf"), -1)


def _exclusive_maximum(schema: Schema, value: Any, _: Source) -> Iterator[Any]:
    yield schema["exclusiveMaximum"]
    yield from _below(schema["exclusiveMaximum"], schema.get("multipleOf"), 1)


def _multiple(schema: Schema, value: Any, _: Source) -> Iterator[Any]:
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        step = schema["multipleOf"]
        yield from (value + 1, value - 1, value + step / 2, value - step / 2, value + 0.5, step / 2)


def _too_short(schema: Schema, value: Any, _: Source) -> Iterator[Any]:
    least = schema["minLength"]
    if isinstance(value, str) and least:
        yield from (value[: least - 1], value[:1] if least > 1 else "", "", value[-(least - 1) :] if least > 1 else "")


def _too_long(schema: Schema, value: Any, _: Source) -> Iterator[Any]:
    most = schema["maxLength"]
    if isinstance(value, str) and most < LONGEST:
        missing = most + 1 - len(value)
        last, first = (value or "x")[-1:], (value or "x")[:1]
        yield from (value + one * missing for one in (last, "x", "\U0001f642"))
        yield first * missing + value
        yield value + last * (missing + 7)


def _too_few(schema: Schema, value: Any, _: Source) -> Iterator[Any]:
    if isinstance(value, list) and schema["minItems"]:
        yield value[: schema["minItems"] - 1]
        yield []


def _too_many(schema: Schema, value: Any, _: Source) -> Iterator[Any]:
    most = schema["maxItems"]
    if not isinstance(value, list) or most >= LONGEST:
        return
    missing = most + 1 - len(value)
    if value:
        yield value + [value[-1]] * missing
    items, steady = Maker((schema.get("items", {"type": "string"}),), ()), Purse(Counting(), LONGEST)
    yield value + [items.draw(steady, None) for _ in range(missing)]
    yield [*value, *range(missing)]


def _repeated(schema: Schema, value: Any, source: Source) -> Iterator[Any]:
    if not schema["uniqueItems"] or not isinstance(value, list):
        return
    if not value:
        value = [Maker((schema.get("items", {"type": "string"}),), ()).draw(Purse(source), None)]
    at = source.below(len(value))
    yield [*value, value[at]]
    yield [*value[:-1], value[0]] if len(value) > 1 else value * 2
    yield value * 2


def _no_alternative(schema: Schema, value: Any, source: Source) -> Iterator[Any]:
    """What none of the alternatives allows, and what several allow where only one may."""
    branches = [*schema.get("anyOf", ()), *schema.get("oneOf", ())]
    if isinstance(value, dict):
        lost = dict.fromkeys(key for branch in branches for key in branch.get("required", ()))
        yield {key: inner for key, inner in value.items() if key not in lost}
        for branch in branches:
            # An object that has what another alternative requires as well.
            more = {key: Maker((form,), ()) for key, form in branch.get("properties", {}).items()}
            yield value | {key: made.draw(Purse(source), None) for key, made in more.items() if made.least < LONGEST}
        for key in dict.fromkeys(key for branch in branches for key in branch.get("properties", {})):
            yield from (value | {key: odd} for odd in _ANY)
    yield from _ANY
    for branch in branches:
        for defect in KEYWORDS:
            if defect not in ("any-of", "one-of"):
                yield from breaching(defect, branch, value, source)


_BREACHES: Final[Mapping[str, Breach]] = {
    "enum": _given,
    "const": _given,
    "pattern": _pattern,
    "minimum": _minimum,
    "maximum": _maximum,
    "exclusive-minimum": _exclusive_minimum,
    "exclusive-maximum": _exclusive_maximum,
    "multiple-of": _multiple,
    "min-length": _too_short,
    "max-length": _too_long,
    "min-items": _too_few,
    "max-items": _too_many,
    "unique-items": _repeated,
    "any-of": _no_alternative,
    "one-of": _no_alternative,
    "additional-property": _additional,
    "missing-field": _required,
}
