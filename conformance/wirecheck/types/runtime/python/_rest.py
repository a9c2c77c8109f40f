"""What types do not say of a message, as a JSON Schema (draft 2020-12) of few keywords.

Numbers are compared as what they are, and multiples by their decimal text, so that
0.3 is a multiple of 0.1.
"""

import json
import re
from collections.abc import Callable, Hashable, Mapping
from fractions import Fraction
from typing import Any, TypeAlias

from ._errors import DecodeError

RestCheck: TypeAlias = Callable[[object], None]

_TYPES: Mapping[str, type | tuple[type, ...]] = {
    "null": type(None),
    "boolean": bool,
    "string": str,
    "array": list,
    "object": dict,
}


def rest(text: str) -> RestCheck:
    """The check of a rest, which is given as JSON text."""
    schema = json.loads(text)

    def check(value: object) -> None:
        _check(schema, value)

    return check


def _check(schema: Any, value: object) -> None:
    if schema is True:
        return
    if schema is False:
        raise DecodeError("Nothing may be here")
    _check_listed(schema, value)
    if isinstance(value, str):
        _check_text(schema, value)
    elif isinstance(value, (int, float)) and not isinstance(value, bool):
        _check_number(schema, value)
    elif isinstance(value, list):
        _check_array(schema, value)
    elif isinstance(value, dict):
        _check_object(schema, value)
    _check_combined(schema, value)


def _accepts(schema: Any, value: object) -> bool:
    try:
        _check(schema, value)
    except DecodeError:
        return False
    return True


def _within(schema: Any, value: object, step: str | int) -> None:
    try:
        _check(schema, value)
    except DecodeError as error:
        raise error.within(step) from None


def _check_listed(schema: Mapping[str, Any], value: object) -> None:
    if "type" in schema:
        given = schema["type"]
        types = [given] if isinstance(given, str) else given
        if not any(_is_of_type(one, value) for one in types):
            raise DecodeError(f"Expected a value of type {' or '.join(types)}")
    if "const" in schema and _same(schema["const"]) != _same(value):
        raise DecodeError(f"Expected {json.dumps(schema['const'])}")
    if "enum" in schema:
        given = _same(value)
        if all(_same(one) != given for one in schema["enum"]):
            raise DecodeError(f"Expected one of {json.dumps(schema['enum'])}")


def _is_of_type(kind: str, value: object) -> bool:
    if kind in _TYPES:
        return isinstance(value, _TYPES[kind])
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return False
    return kind == "number" or isinstance(value, int) or value.is_integer()


def _check_text(schema: Mapping[str, Any], value: str) -> None:
    if len(value) < schema.get("minLength", 0):
        raise DecodeError(f"Expected at least {schema['minLength']} characters")
    if len(value) > schema.get("maxLength", len(value)):
        raise DecodeError(f"Expected at most {schema['maxLength']} characters")
    if "pattern" in schema and re.search(schema["pattern"], value) is None:
        raise DecodeError(f"Expected a text that matches {schema['pattern']}")


def _check_number(schema: Mapping[str, Any], value: float) -> None:
    if "minimum" in schema and value < schema["minimum"]:
        raise DecodeError(f"Expected at least {schema['minimum']}")
    if "maximum" in schema and value > schema["maximum"]:
        raise DecodeError(f"Expected at most {schema['maximum']}")
    if "exclusiveMinimum" in schema and value <= schema["exclusiveMinimum"]:
        raise DecodeError(f"Expected more than {schema['exclusiveMinimum']}")
    if "exclusiveMaximum" in schema and value >= schema["exclusiveMaximum"]:
        raise DecodeError(f"Expected less than {schema['exclusiveMaximum']}")
    if "multipleOf" in schema:
        step = schema["multipleOf"]
        if Fraction(str(value)) % Fraction(str(step)) != 0:
            raise DecodeError(f"Expected a multiple of {step}")


def _check_array(schema: Mapping[str, Any], value: list[object]) -> None:
    if len(value) < schema.get("minItems", 0):
        raise DecodeError(f"Expected at least {schema['minItems']} items")
    if len(value) > schema.get("maxItems", len(value)):
        raise DecodeError(f"Expected at most {schema['maxItems']} items")
    if schema.get("uniqueItems") and len({_same(item) for item in value}) < len(value):
        raise DecodeError("Expected no item twice")
    if "items" in schema:
        for index, item in enumerate(value):
            _within(schema["items"], item, index)


def _check_object(schema: Mapping[str, Any], value: dict[str, object]) -> None:
    for name in schema.get("required", ()):
        if name not in value:
            raise DecodeError(f"Object missing required field `{name}`")
    properties = schema.get("properties", {})
    for name, inner in properties.items():
        if name in value:
            _within(inner, value[name], name)
    others = schema.get("additionalProperties", True)
    if others is not True:
        for name, member in value.items():
            if name not in properties:
                _within(others, member, name)


def _check_combined(schema: Mapping[str, Any], value: object) -> None:
    for inner in schema.get("allOf", ()):
        _check(inner, value)
    if "anyOf" in schema and not any(_accepts(one, value) for one in schema["anyOf"]):
        raise DecodeError("Expected one of several alternatives")
    if "oneOf" in schema:
        fitting = sum(_accepts(one, value) for one in schema["oneOf"])
        if fitting != 1:
            raise DecodeError(f"Expected just one alternative, not {fitting}")
    if "not" in schema and _accepts(schema["not"], value):
        raise DecodeError("Expected anything but this")
    if "if" in schema and "then" in schema and _accepts(schema["if"], value):
        _check(schema["then"], value)


def _same(value: object) -> Hashable:
    """What is equal for values that are the same in JSON: 1 and 1.0, not 1 and true."""
    if isinstance(value, dict):
        return "object", frozenset((name, _same(one)) for name, one in value.items())
    if isinstance(value, list):
        return "array", tuple(_same(item) for item in value)
    if isinstance(value, bool):
        return "boolean", value
    return value if value is None or isinstance(value, (str, int, float)) else id(value)
