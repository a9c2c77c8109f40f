"""The smallest payload that a schema allows."""

from __future__ import annotations

from typing import Any

import pytest
from jsonschema import Draft202012Validator

from wirecheck import dialects, load
from wirecheck.scenario.minimal import minimal
from wirecheck.schema.message import plain


@pytest.mark.parametrize(
    ("schema", "value"),
    [
        (None, {}),
        ({"type": "string"}, "text"),
        ({"type": "string", "maxLength": 2}, "te"),
        ({"type": "string", "minLength": 6}, "textxx"),
        ({"type": "string", "enum": ["a", "b"]}, "a"),
        ({"type": "string", "examples": ["known"]}, "known"),
        ({"const": 7}, 7),
        ({"type": "boolean", "default": False}, False),
        ({"type": ["null", "boolean"]}, True),
        ({"type": "null"}, None),
        ({"type": "integer"}, 0),
        ({"type": "integer", "minimum": 3, "multipleOf": 4}, 4),
        ({"type": "integer", "exclusiveMinimum": 0}, 1),
        ({"type": "integer", "maximum": -2}, -2),
        ({"type": "integer", "exclusiveMaximum": 0}, -1),
        ({"type": "number", "minimum": 0.5}, 0.5),
        ({"type": "array", "minItems": 2, "items": {"type": "integer"}}, [0, 0]),
        ({"type": "array"}, []),
        ({"anyOf": [{"type": "integer"}, {"type": "string"}]}, 0),
        (
            {"type": "object", "properties": {"a": {"type": "integer"}, "b": {}}, "required": ["a", "c"]},
            {"a": 0, "c": "text"},
        ),
    ],
)
def test_it_is_what_the_schema_requires_and_nothing_more(schema: Any, value: Any) -> None:
    assert minimal(schema) == value
    assert Draft202012Validator(schema or {}).is_valid(value)


@pytest.mark.parametrize("name", dialects())
def test_it_is_valid_for_every_frame_that_ships(name: str) -> None:
    for form in load(name).frames.values():
        if form.payload is not None:
            assert list(Draft202012Validator(plain(form.payload)).iter_errors(minimal(form.payload))) == []
