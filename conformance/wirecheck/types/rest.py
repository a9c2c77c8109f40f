"""What of a schema a type does not say.

Law: pure. `rest_of(schema, type)` is a JSON Schema which, of the values that the type takes, accepts just those that
the schema accepts; `True` where that is all of them. It uses the keywords in `KEYWORDS` and no others, so that a
checker in another language can know all of them, and no annotations.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, TypeAlias

from wirecheck.types.model import Anything, Choice, Flag, Items, Nullable, Number, Record, Table, Text, Type, Whole

Rest: TypeAlias = Mapping[str, Any] | bool

KEYWORDS: Final = (
    "type",
    "const",
    "enum",
    "minLength",
    "maxLength",
    "pattern",
    "minimum",
    "maximum",
    "exclusiveMinimum",
    "exclusiveMaximum",
    "multipleOf",
    "items",
    "minItems",
    "maxItems",
    "uniqueItems",
    "properties",
    "required",
    "additionalProperties",
    "allOf",
    "anyOf",
    "oneOf",
    "not",
    "if",
    "then",
)
_OF_ALL: Final = ("allOf", "anyOf", "oneOf", "not", "if", "then")
_OF_TEXT: Final = ("minLength", "maxLength", "pattern")
_OF_NUMBER: Final = ("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf")
_OF_ARRAY: Final = ("minItems", "maxItems", "uniqueItems")


def rest_of(schema: Rest, kind: Type, *, given: frozenset[str] = frozenset()) -> Rest:
    """The rest of a schema beside a type. `given`: members of a record that are checked elsewhere (the tag)."""
    if isinstance(schema, bool):
        return schema
    match kind:
        case Anything():
            return bare(schema)
        case Nullable(of=inner):
            return rest_of(schema, inner)  # no keyword of another type looks at null
        case Text():
            return _kept(schema, ("const", "enum", *_OF_TEXT, *_OF_ALL))
        case Choice(values=values):
            # What the listed values must fulfil beside was looked at when the type was made.
            listed = [schema["const"]] if "const" in schema else [*schema["enum"]]
            said = [value for value in listed if value is not None] == [*values] and len(
                {"const", "enum"} & {*schema}
            ) == 1
            return _kept(schema, _OF_ALL) if said else _kept(schema, ("const", "enum", *_OF_TEXT, *_OF_ALL))
        case Whole() | Number():
            return _kept(schema, ("const", "enum", *_OF_NUMBER, *_OF_ALL))
        case Flag():
            return _kept(schema, ("const", "enum", *_OF_ALL))
        case Items(of=inner):
            below = rest_of(schema.get("items", True), inner)
            items = {} if below is True else {"items": below}
            return _whole(items | _words(schema, ("const", "enum", *_OF_ARRAY, *_OF_ALL)))
        case Table(of=inner):
            below = rest_of(schema.get("additionalProperties", True), inner)
            members = {} if below is True else {"additionalProperties": below}
            return _whole(members | _words(schema, ("const", "enum", *_OF_ALL)))
        case Record():
            return _of_record(schema, kind, given)


def bare(schema: Rest) -> Rest:
    """A schema without annotations."""
    return schema if isinstance(schema, bool) else _kept(schema, KEYWORDS)


def _of_record(schema: Mapping[str, Any], record: Record, given: frozenset[str]) -> Rest:
    fields = {field.wire: field for field in record.fields}
    properties: dict[str, Rest] = {}
    closed = schema.get("additionalProperties", True) is not True
    for name, inner in schema.get("properties", {}).items():
        below = True if name in given else rest_of(inner, fields[name].type if name in fields else Anything())
        if below is not True or closed:  # what further members must be depends on which are named
            properties[name] = below
    said = {name for name, field in fields.items() if field.required} | given
    required = [name for name in schema.get("required", ()) if name not in said]
    found: dict[str, Any] = {}
    if properties:
        found["properties"] = properties
    if required:
        found["required"] = required
    return _whole(found | _words(schema, ("additionalProperties", "const", "enum", *_OF_ALL)))


def _kept(schema: Mapping[str, Any], words: tuple[str, ...]) -> Rest:
    return _whole(_words(schema, words))


def _words(schema: Mapping[str, Any], words: tuple[str, ...]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for word in words:
        if word not in schema:
            continue
        value = schema[word]
        if word in ("not", "if", "then", "items", "additionalProperties"):
            value = bare(value)
        elif word in ("allOf", "anyOf", "oneOf"):
            value = [bare(inner) for inner in value]
        elif word == "properties":
            value = {name: bare(inner) for name, inner in value.items()}
        if (word, value) not in (("items", True), ("additionalProperties", True), ("uniqueItems", False)):
            found[word] = value
    return found


def _whole(found: dict[str, Any]) -> Rest:
    return found or True
