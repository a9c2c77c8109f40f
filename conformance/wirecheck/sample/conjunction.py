"""Several schemas that must hold together, taken apart into what can be drawn.

Law: JSON Schema of the keywords that a catalog may hold, and nothing of frames. An alternative (`anyOf`, `oneOf`) is
laid over what stands beside it, so that what is left are plain conjunctions, each of one kind of value or of given
values.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from jsonschema import Draft202012Validator

from wirecheck.catalog.linear import accepting

Schema = Mapping[str, Any]

KINDS: Final = ("object", "array", "string", "integer", "number", "boolean", "null")
ALTERNATIVES: Final = 64
"""Combinations of alternatives that are looked at; what lies beyond is not drawn."""
_HIGHEST: Final = ("minimum", "exclusiveMinimum", "minLength", "minItems")
_LOWEST: Final = ("maximum", "exclusiveMaximum", "maxLength", "maxItems")
NOTES: Final = frozenset({"title", "description", "default", "examples", "$comment"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One conjunction without alternatives. `kinds` are its JSON types, the plainest first; `anything` says that
    nothing at all is asked of the value."""

    schemas: tuple[Schema, ...]
    kinds: tuple[str, ...]
    limits: Mapping[str, Any]

    @property
    def anything(self) -> bool:
        return not any(schema.keys() - NOTES for schema in self.schemas)

    def properties(self) -> dict[str, tuple[Schema | bool, ...]]:
        """What is asked of each documented member."""
        names = dict.fromkeys(name for schema in self.schemas for name in schema.get("properties", {}))
        return {name: self.member(name) for name in names}

    def member(self, name: str) -> tuple[Schema | bool, ...]:
        """What is asked of a member of this name."""
        found: list[Schema | bool] = []
        for schema in self.schemas:
            if name in schema.get("properties", {}):
                found.append(schema["properties"][name])
            elif "additionalProperties" in schema:
                found.append(schema["additionalProperties"])
        return tuple(found)

    def others(self) -> tuple[Schema | bool, ...]:
        """What is asked of members that are not documented."""
        return tuple(schema["additionalProperties"] for schema in self.schemas if "additionalProperties" in schema)

    def items(self) -> tuple[Schema, ...]:
        return tuple(schema["items"] for schema in self.schemas if "items" in schema)

    def required(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(name for schema in self.schemas for name in schema.get("required", ())))


def parts(schemas: Iterable[Schema]) -> list[Part]:
    """The conjunctions of which one must hold, in the order of the schemas."""
    found = []
    for one in _expanded(tuple(schemas)):
        kinds = _kinds(one)
        if kinds:
            found.append(Part(schemas=one, kinds=kinds, limits=_limits(one)))
    return found


def given(schemas: Iterable[Schema]) -> tuple[Any, ...] | None:
    """The only values that `const` and `enum` leave, of which some may break other keywords; None for no such word."""
    for schema in schemas:
        if "const" in schema:
            return (schema["const"],)
    return next((tuple(schema["enum"]) for schema in schemas if "enum" in schema), None)


def fitting(schemas: tuple[Schema, ...]) -> Callable[[Any], bool]:
    """Whether a value is valid beyond doubt: two validators say so."""
    whole = dict(schemas[0]) if len(schemas) == 1 else {"allOf": [dict(schema) for schema in schemas]}
    quick, slow = accepting(whole), Draft202012Validator(whole)
    return lambda value: bool(quick(value) and slow.is_valid(value))


def _expanded(schemas: tuple[Schema, ...]) -> list[tuple[Schema, ...]]:
    found: list[tuple[Schema, ...]] = [()]
    for schema in schemas:
        rest = {word: value for word, value in schema.items() if word not in ("anyOf", "oneOf")}
        own: list[tuple[Schema, ...]] = [(rest,)]
        for word in ("anyOf", "oneOf"):
            if word in schema:
                below = [more for branch in schema[word] for more in _expanded((branch,))]
                own = [(*head, *more) for more in below for head in own][:ALTERNATIVES]
        found = [(*head, *more) for head in found for more in own][:ALTERNATIVES]
    return found


def _kinds(schemas: tuple[Schema, ...]) -> tuple[str, ...]:
    """The JSON types that every schema allows; whole numbers by themselves only where they are asked for."""
    named = [schema["type"] for schema in schemas if "type" in schema]
    wanted = [(one,) if isinstance(one, str) else tuple(one) for one in named]
    if not wanted:
        first = "object" if any("properties" in schema or not schema.keys() - NOTES for schema in schemas) else "string"
        return tuple(dict.fromkeys((first, *(kind for kind in KINDS if kind != "integer"))))
    return tuple(
        kind
        for kind in KINDS
        if all(kind in kinds or (kind == "integer" and "number" in kinds) for kinds in wanted)
        and (kind != "integer" or any("integer" in kinds for kinds in wanted))
    )


def _limits(schemas: tuple[Schema, ...]) -> dict[str, Any]:
    limits: dict[str, Any] = {}
    for schema in schemas:
        for word in _HIGHEST:
            if word in schema:
                limits[word] = max(schema[word], limits.get(word, schema[word]))
        for word in _LOWEST:
            if word in schema:
                limits[word] = min(schema[word], limits.get(word, schema[word]))
    limits["steps"] = [schema["multipleOf"] for schema in schemas if "multipleOf" in schema]
    limits["patterns"] = [schema["pattern"] for schema in schemas if "pattern" in schema]
    limits["unique"] = any(schema.get("uniqueItems") for schema in schemas)
    return limits
