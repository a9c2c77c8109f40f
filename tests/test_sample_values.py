"""Values that a schema allows: the smallest, and whatever else."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from wirecheck import dialects, load
from wirecheck.catalog.linear import accepting
from wirecheck.errors import UsageError
from wirecheck.sample.source import PLAIN, Seeded
from wirecheck.sample.values import value
from wirecheck.schema.message import plain


@pytest.mark.parametrize(
    ("schema", "smallest"),
    [
        ({}, {}),
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
def test_the_smallest_is_what_the_schema_requires_and_nothing_more(schema: Any, smallest: Any) -> None:
    assert value(schema, PLAIN) == smallest
    assert Draft202012Validator(schema).is_valid(smallest)


@pytest.mark.parametrize("name", dialects())
def test_the_smallest_is_valid_for_every_frame_that_ships(name: str) -> None:
    for form in load(name).frames.values():
        if form.payload is not None:
            assert list(Draft202012Validator(plain(form.payload)).iter_errors(value(form.payload, PLAIN))) == []


SCHEMAS: list[dict[str, Any]] = [
    {},
    {"title": "nothing is asked"},
    {"minimum": 3},
    {"type": ["object", "string", "null"]},
    {"type": "string", "minLength": 3, "maxLength": 5},
    {"type": "string", "maxLength": 0},
    {"type": "string", "pattern": r"^[a-f]{3}-\d+$"},
    {"type": "string", "pattern": "b", "minLength": 30, "maxLength": 31},
    {"type": "string", "pattern": r"^\w+@[^@ ]+\.(com|org)$", "maxLength": 12},
    {"type": "string", "pattern": "^.*$"},
    {"type": "string", "pattern": "^(red|green)$", "minLength": 4},
    {"type": "string", "pattern": "(?i)^abc"},
    {"type": "integer", "minimum": 0.5, "exclusiveMaximum": 3},
    {"type": "integer", "multipleOf": 7, "minimum": 50},
    {"type": "integer", "minimum": 1e300},
    {"type": "integer", "exclusiveMinimum": -1e300, "maximum": 2**70},
    {"type": "number", "multipleOf": 0.1},
    {"type": "number", "exclusiveMinimum": 0, "exclusiveMaximum": 1e-9},
    {"type": "number", "minimum": -1.7e308, "maximum": 1.7e308},
    {"type": "array", "items": {"type": "integer", "minimum": 1, "maximum": 3}, "uniqueItems": True, "minItems": 3},
    {"type": "array", "items": {"type": "boolean"}, "uniqueItems": True, "minItems": 2},
    {"type": "array", "uniqueItems": True, "minItems": 40},
    {"type": "array", "items": {"enum": [1, 1.0, True, "1", [1], {"a": 1}]}, "uniqueItems": True, "minItems": 2},
    {"type": "array", "minItems": 1, "maxItems": 2, "items": {"type": "array", "items": {"const": None}}},
    {"type": "object", "properties": {"a": {"type": "string"}}, "additionalProperties": False},
    {"type": "object", "properties": {"a": {"enum": []}}, "additionalProperties": {"type": "integer"}},
    {"type": "object", "required": ["x", "y"], "additionalProperties": {"type": "boolean"}},
    {"enum": ["a", 1, None, {"b": [2]}]},
    {"type": "string", "enum": [1, "only"]},
    {"const": {"a": [1, {"b": None}]}},
    {"anyOf": [{"type": "integer"}, {"type": "string", "minLength": 2}]},
    {"type": "object", "properties": {"a": {}, "b": {}}, "anyOf": [{"required": ["a"]}, {"required": ["b"]}]},
    {"type": "object", "properties": {"a": {}, "b": {}}, "oneOf": [{"required": ["a"]}, {"required": ["b"]}]},
    {"oneOf": [{"type": "integer", "multipleOf": 3}, {"type": "integer", "multipleOf": 5}]},
    {"oneOf": [{"type": "number"}, {"type": "string"}], "anyOf": [{"minimum": 5}, {"type": "null"}]},
    {"type": "boolean", "default": False, "examples": [True, "no boolean"]},
    {"type": "string", "examples": ["a", "b"], "minLength": 1},
]


@pytest.mark.parametrize("schema", SCHEMAS, ids=json.dumps)
def test_every_value_is_valid_by_two_validators(schema: dict[str, Any]) -> None:
    quick, slow = accepting(schema), Draft202012Validator(schema)
    for source in (PLAIN, *map(Seeded, range(150))):
        drawn = value(schema, source)
        json.dumps(drawn, allow_nan=False).encode()
        assert quick(drawn) and slow.is_valid(drawn), drawn


@pytest.mark.parametrize("schema", SCHEMAS, ids=json.dumps)
def test_the_same_choices_give_the_same_value(schema: dict[str, Any]) -> None:
    again = json.loads(json.dumps(schema))
    for seed in range(20):
        assert json.dumps(value(schema, Seeded(seed))) == json.dumps(value(again, Seeded(seed)))


@pytest.mark.parametrize(
    "schema",
    [
        {"type": "string", "enum": [1]},
        {"type": "integer", "minimum": 0.2, "maximum": 0.8},
        {"type": "number", "exclusiveMinimum": 1, "maximum": 1},
        {"type": "string", "minLength": 2, "maxLength": 1},
        {"type": "string", "minLength": 10**12},
        {"type": "string", "pattern": "^a$", "minLength": 2},
        {"type": "array", "minItems": 1, "items": {"type": "string", "enum": [1]}},
        {"type": "array", "minItems": 3, "uniqueItems": True, "items": {"type": "boolean"}},
        {"type": "array", "minItems": 10**9},
        {"type": "array", "minItems": 1000, "items": {"type": "array", "minItems": 1000}},
        {"type": "object", "required": ["a"], "additionalProperties": False},
        {"oneOf": [{}, {}]},
        {"type": "string", "anyOf": [{"type": "integer"}]},
    ],
    ids=json.dumps,
)
def test_what_contradicts_itself_is_said_at_once(schema: dict[str, Any]) -> None:
    for source in (PLAIN, Seeded(1)):
        with pytest.raises(UsageError, match=r"no value was found that fits .*; mend .* or give .*`examples:`"):
            value(schema, source)
    # As a field that may be absent it is left out, and as one of two alternatives it is not taken.
    optional = {"type": "object", "properties": {"a": schema, "b": {"type": "integer"}}}
    assert all("a" not in value(optional, Seeded(seed)) for seed in range(20))
    either = {"anyOf": [schema, {"type": "null"}]}
    assert all(value(either, source) is None for source in (PLAIN, *map(Seeded, range(20))))


def test_examples_help_where_nothing_is_found() -> None:
    schema = {"oneOf": [{"required": ["p"]}, {"properties": {"p": {"type": "string"}}}], "examples": [{"p": 1}]}
    assert [value({"type": "object"} | schema, source) for source in (PLAIN, Seeded(3))] == [{"p": 1}] * 2


def texts_in(drawn: Any) -> Iterator[str]:
    if isinstance(drawn, str):
        yield drawn
    for inner in drawn.values() if isinstance(drawn, dict) else drawn if isinstance(drawn, list) else ():
        yield from texts_in(inner)


def test_all_that_json_carries_is_drawn() -> None:
    text = "".join(one for seed in range(3000) for one in texts_in(value({"type": "string"}, Seeded(seed))))
    for wanted in ("\x00", "\n", '"', "\\", "é", "\u0301", "\u05d0", "\u202e", "\u2028", "\ufeff", "\uffff"):
        assert wanted in text
    assert any(one > "\uffff" for one in text) and not any("\ud800" <= one <= "\udfff" for one in text)
    numbers = {repr(value({"type": "number"}, Seeded(seed))) for seed in range(2000)}
    edges = (0, -0.0, 1.0, 2**53 + 1, 2**53 - 1, 2**63, 2**64, -1, 1e308, 5e-324)
    assert {repr(edge) for edge in edges} <= numbers
    whole = [value({"type": "integer"}, Seeded(seed)) for seed in range(1000)]
    assert any(isinstance(one, float) for one in whole) and all(one % 1 == 0 for one in whole)
    anything = [value({}, Seeded(seed)) for seed in range(1000)]
    assert {type(one) for one in anything} == {dict, list, str, int, float, bool, type(None)}
    depths = {depth_of(one) for one in anything}
    assert 0 in depths and 20 < max(depths) < 50
    assert max(len(json.dumps(one)) for one in anything) < 50_000
    forms = {"type": "object", "properties": {"a": {"type": "integer"}, "b": {"type": "integer"}}, "required": ["a"]}
    names = [frozenset(value(forms, Seeded(seed))) for seed in range(200)]
    assert frozenset("a") in names and frozenset("ab") in names and any(one - {"a", "b"} for one in names)


def depth_of(drawn: Any) -> int:
    inner = drawn.values() if isinstance(drawn, dict) else drawn if isinstance(drawn, list) else ()
    return 1 + max(map(depth_of, inner), default=0) if isinstance(drawn, dict | list) else 0


def test_a_value_is_of_bounded_size_however_its_schema_nests() -> None:
    chain: dict[str, Any] = {"type": "string"}
    for _ in range(60):
        chain = {"type": "array", "items": chain}
    assert max(len(json.dumps(value(chain, Seeded(seed)))) for seed in range(100)) < 200_000


def test_a_drawn_value_is_the_callers_own() -> None:
    schema = {"enum": [{"a": [1]}]}
    value(schema, PLAIN)["a"].append(2)
    assert value(schema, PLAIN) == {"a": [1]}
