"""What each piece of a payload's shorthand stands for, and what is said about the rest."""

from __future__ import annotations

from typing import Any

import pytest

from wirecheck.catalog.shorthand import KEYWORDS, payload_schema
from wirecheck.catalog.source import Faults, parse


def expand(text: str) -> tuple[dict[str, Any], list[str]]:
    """The schema of `payload: <text>`, and the faults as `column: message`, columns counted in `text`."""
    faults = Faults()
    node = parse(f"p: {text}".encode(), "f.yaml").map["p"]
    schema = payload_schema(node, faults)
    return schema, [f"{fault.column - 3}: {fault.message}" for fault in faults]


@pytest.mark.parametrize(
    ("text", "properties", "required"),
    [
        ("{}", {}, []),
        ("{b: string, a: integer}", {"b": {"type": "string"}, "a": {"type": "integer"}}, ["b", "a"]),
        ('{"b?": number, a: boolean}', {"b": {"type": "number"}, "a": {"type": "boolean"}}, ["a"]),
        ('{a: any, b: "null"}', {"a": {}, "b": {"type": "null"}}, ["a", "b"]),
        ("{a: [string]}", {"a": {"type": "array", "items": {"type": "string"}}}, ["a"]),
        ("{a: [any]}", {"a": {"type": "array"}}, ["a"]),
        (
            '{a: [{x: [integer], "y?": object}]}',
            {
                "a": {
                    "type": "array",
                    "items": {
                        "type": "object",
                        "properties": {"x": {"type": "array", "items": {"type": "integer"}}, "y": {"type": "object"}},
                        "required": ["x"],
                    },
                }
            },
            ["a"],
        ),
        ('{a: {type: [object, "null"]}}', {"a": {"type": ["object", "null"]}}, ["a"]),
        ("{a: {enum: [x, 1, null]}}", {"a": {"enum": ["x", 1, None]}}, ["a"]),
        ("{a: {const: {b: 1}}}", {"a": {"const": {"b": 1}}}, ["a"]),
        ("{a: {known: [x, y]}}", {"a": {"type": "string", "examples": ["x", "y"]}}, ["a"]),
        ("{a: {anyOf: [string, {b: integer}]}}", None, ["a"]),
        ('{"a?": {type: boolean, default: false}}', {"a": {"type": "boolean", "default": False}}, []),
        # A field that is called like a keyword is a field, unless its form makes it one of JSON Schema's.
        ("{a: {pattern: string}}", None, ["a"]),
        ("{type: {x: string}}", None, ["type"]),
    ],
)
def test_what_it_stands_for(text: str, properties: dict[str, Any] | None, required: list[str]) -> None:
    schema, faults = expand(text)
    assert faults == []
    assert schema["type"] == "object"
    assert schema["required"] == required
    assert properties is None or schema["properties"] == properties
    assert list(schema["properties"]) == list(properties or schema["properties"])


def test_parts_of_a_json_schema_may_be_shorthand_again() -> None:
    schema, faults = expand("{a: {anyOf: [string, {b: integer}]}, c: {type: object, properties: {d: [string]}}}")
    assert faults == []
    nested = {"type": "object", "properties": {"b": {"type": "integer"}}, "required": ["b"]}
    assert schema["properties"]["a"] == {"anyOf": [{"type": "string"}, nested]}
    assert schema["properties"]["c"]["properties"] == {"d": {"type": "array", "items": {"type": "string"}}}


def test_a_whole_payload_may_be_a_json_schema() -> None:
    schema, faults = expand("{type: object, title: T, properties: {type: string}}")
    assert faults == []
    assert schema == {"type": "object", "properties": {"type": {"type": "string"}}, "required": [], "title": "T"}


def test_additional_properties_below_the_payload() -> None:
    schema, faults = expand(
        "{a: {type: object, additionalProperties: [string]}, b: {type: object, additionalProperties: false}}"
    )
    assert faults == []
    assert schema["properties"]["a"]["additionalProperties"] == {"type": "array", "items": {"type": "string"}}
    assert schema["properties"]["b"]["additionalProperties"] is False


@pytest.mark.parametrize(
    ("text", "faults"),
    [
        ("unkown", ["1: `unkown` is no payload; give its fields as a mapping, or write `unknown`"]),
        (
            "{enum: [1]}",
            ["1: a payload is an object; give its fields as a mapping, or `unknown` for the whole"],
        ),
        ("{a: strng}", ["5: no type is called `strng`; did you mean `string`?"]),
        (
            "{a: text}",
            [
                "5: no type is called `text`; known are `any`, `array`, `boolean`, `integer`, `null`, `number`, "
                "`object`, `string`"
            ],
        ),
        ("{a: null}", ['5: null is no type; write "null" in quotes']),
        (
            "{a: 1}",
            ["5: 1 is no type; known are string, integer, number, boolean, object, array, null and any"],
        ),
        (
            "{a: [string, integer]}",
            ["5: an array is written as a list of one element, the form of its items; [any] is any"],
        ),
        ('{a: string, "a?": string}', ["13: `a` stands here with and without `?`; keep one of the two"]),
        ('{"@a": string}', ["2: `@a` begins with @, which means a header field in examples; rename it"]),
        (
            "{a: {type: boolean, default: true}}",
            ['2: `a` has a default, so it may be absent; write "a?"'],
        ),
        ('{"a?": {type: boolean, default: maybe}}', ['33: the default "maybe" does not fit the rest of this form']),
        (
            "{a: {type: string, format: uuid}}",
            [
                f"20: `format` is no keyword that is supported ({', '.join(KEYWORDS)}); remove it. If a field is meant "
                "and another is called like a keyword, write {type: object, properties: {…}, required: […]}"
            ],
        ),
        ("{a: {type: string, minLength: -1}}", ["31: `minLength` is -1 and must be a whole number from 0"]),
        ("{a: {type: string, maxLength: true}}", ["31: `maxLength` is true and must be a whole number from 0"]),
        ("{a: {type: number, multipleOf: 0}}", ["32: `multipleOf` is 0 and must be a number above 0"]),
        ("{a: {enum: []}}", ["12: `enum` is [] and must be a list of values"]),
        ("{a: {type: string, examples: x}}", ['30: `examples` is "x" and must be a list of values']),
        ("{a: {oneOf: string}}", ["13: `oneOf` must be a list of forms"]),
        (
            '{a: {type: string, pattern: "("}}',
            [
                "29: `pattern` is no regular expression: missing ), unterminated subpattern at position 0; mend it",
            ],
        ),
        (
            '{a: {type: object, properties: {"b?": string}}}',
            ["33: `b?`: in this long form a field may be absent unless `required` lists it, so drop the question mark"],
        ),
        ("{a: {type: object, properties: [b]}}", ["32: `properties` must be a mapping from field to form"]),
        (
            "{a: {type: object, properties: {}, required: [b]}}",
            ["46: `required` lists `b`, which `properties` lacks; add it there"],
        ),
        (
            "{a: {type: object, properties: {b: {type: string, default: x}}, required: [b]}}",
            ["75: `b` has a default, so it may be absent; do not require it"],
        ),
        (
            "{a: {known: x}}",
            ["13: `known` must be a list of texts, the values known so far; quote what is no text"],
        ),
        ("{a: {known: [x], enum: [y]}}", ["18: `enum` and `known` exclude each other; keep one of them"]),
        (
            "{a: {type: integer, known: [x]}}",
            ["12: `known` is for texts; make the type string, or use `examples`"],
        ),
        (
            "{type: object, additionalProperties: false}",
            ["38: a payload always allows further fields, and `--closed` reports them; remove additionalProperties"],
        ),
    ],
)
def test_what_is_refused(text: str, faults: list[str]) -> None:
    assert expand(text)[1] == faults
