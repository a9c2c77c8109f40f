"""A payload's shorthand, turned into JSON Schema.

Law: what comes out is a plain JSON Schema (draft 2020-12) of the keywords in `KEYWORDS` and nothing else, so that
every later reader (validator, generator of types, sampler) can know all of them. No dialect is known here.

    string                   -> {type: string}; any of the JSON types; `any` -> {}
    [X]                      -> {type: array, items: X}
    {a: X, "b?": Y}          -> an object that requires a; Y may be absent
    {type: …, …}, {enum: …}  -> JSON Schema itself, whose parts may be shorthand again
    {known: [a, b]}          -> text of which some values are known: {type: string, examples: [a, b]}
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from wirecheck.catalog.contradiction import contradictions
from wirecheck.catalog.linear import accepting, matcher, parsed
from wirecheck.catalog.source import Faults, Node
from wirecheck.catalog.structure import did_you_mean, shown

JSON_TYPES = ("string", "integer", "number", "boolean", "object", "array", "null")
_MARKS = ("enum", "const", "anyOf", "oneOf", "known")


def _count(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


def _number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _types(value: Any) -> bool:
    several = value if isinstance(value, list) else [value]
    return bool(several) and all(one in JSON_TYPES for one in several) and len(set(several)) == len(several)


_PLAIN: Mapping[str, tuple[Callable[[Any], bool], str]] = {
    "type": (_types, f"one of {', '.join(JSON_TYPES)} (null in quotes), or a list of them"),
    "enum": (lambda value: isinstance(value, list) and bool(value), "a list of values"),
    "const": (lambda value: True, "a value"),
    "pattern": (lambda value: isinstance(value, str), "a regular expression"),
    "minLength": (_count, "a whole number from 0"),
    "maxLength": (_count, "a whole number from 0"),
    "minItems": (_count, "a whole number from 0"),
    "maxItems": (_count, "a whole number from 0"),
    "minimum": (_number, "a number"),
    "maximum": (_number, "a number"),
    "exclusiveMinimum": (_number, "a number"),
    "exclusiveMaximum": (_number, "a number"),
    "multipleOf": (lambda value: _number(value) and value > 0, "a number above 0"),
    "uniqueItems": (lambda value: isinstance(value, bool), "true or false"),
    "required": (
        lambda value: isinstance(value, list) and all(isinstance(one, str) and value.count(one) == 1 for one in value),
        "a list of field names, each once",
    ),
    "title": (lambda value: isinstance(value, str), "text"),
    "description": (lambda value: isinstance(value, str), "text"),
    "default": (lambda value: True, "a value"),
    "examples": (lambda value: isinstance(value, list), "a list of values"),
}
KEYWORDS: tuple[str, ...] = (*_PLAIN, "items", "properties", "additionalProperties", "anyOf", "oneOf", "known")


def payload_schema(node: Node, faults: Faults) -> dict[str, Any]:
    """The schema of a whole payload: always an object, always with `properties` and `required`."""
    if isinstance(node.value, str):
        faults.add(node.where, f"`{node.value}` is no payload; give its fields as a mapping, or write `unknown`")
        return {"type": "object", "properties": {}, "required": []}
    schema = expand(node, faults)
    if schema.get("type") != "object":
        faults.add(node.where, "a payload is an object; give its fields as a mapping, or `unknown` for the whole")
        return {"type": "object", "properties": {}, "required": []}
    if schema.get("additionalProperties", True) is not True:
        faults.add(
            node.map["additionalProperties"].where,
            "a payload always allows further fields, and `--closed` reports them; remove additionalProperties",
        )
    head = {"type": "object", "properties": schema.pop("properties", {}), "required": schema.pop("required", [])}
    for name in head["properties"]:
        if name.startswith("@"):
            faults.add(node.key(name), f"`{name}` begins with @, which means a header field in examples; rename it")
    return {**head, **{keyword: value for keyword, value in schema.items() if keyword != "type"}}


def expand(node: Node, faults: Faults) -> dict[str, Any]:
    """The JSON Schema that a piece of shorthand stands for."""
    value = node.value
    if isinstance(value, str):
        return _word(node, value, faults)
    if isinstance(value, list):
        if len(value) != 1:
            faults.add(node.where, "an array is written as a list of one element, the form of its items; [any] is any")
            return {"type": "array"}
        items = expand(value[0], faults)
        return {"type": "array", "items": items} if items else {"type": "array"}
    if isinstance(value, dict):
        return _long(node, faults) if _is_schema(node) else fields(node, faults)
    advice = 'write "null" in quotes' if value is None else f"known are {', '.join(JSON_TYPES)} and any"
    faults.add(node.where, f"{shown(value)} is no type; {advice}")
    return {}


def fields(node: Node, faults: Faults) -> dict[str, Any]:
    """An object by its fields: those whose name ends in `?` may be absent."""
    properties: dict[str, Any] = {}
    required: list[str] = []
    for written, child in node.map.items():
        name = written.removesuffix("?")
        if name in properties:
            faults.add(node.key(written), f"`{name}` stands here with and without `?`; keep one of the two")
        properties[name] = expand(child, faults)
        if name != written:
            continue
        required.append(name)
        if "default" in properties[name]:
            faults.add(node.key(written), f'`{name}` has a default, so it may be absent; write "{name}?"')
    return {"type": "object", "properties": properties, "required": required}


def _word(node: Node, word: str, faults: Faults) -> dict[str, Any]:
    if word == "any":
        return {}
    if word in JSON_TYPES:
        return {"type": word}
    faults.add(node.where, f"no type is called `{word}`; {did_you_mean(word, (*JSON_TYPES, 'any'))}")
    return {}


def _is_schema(node: Node) -> bool:
    kind = node.map.get("type")
    return (kind is not None and _types(kind.plain())) or any(mark in node.map for mark in _MARKS)


def _long(node: Node, faults: Faults) -> dict[str, Any]:
    schema: dict[str, Any] = {}
    for keyword, child in node.map.items():
        if keyword in _PLAIN:
            test, wanted = _PLAIN[keyword]
            plain = child.plain()
            if test(plain):
                schema[keyword] = plain
            else:
                faults.add(child.where, f"`{keyword}` is {shown(plain)} and must be {wanted}")
        elif keyword == "items":
            schema[keyword] = expand(child, faults)
        elif keyword == "properties":
            schema[keyword] = _properties(child, faults)
        elif keyword == "additionalProperties":
            schema[keyword] = child.value if isinstance(child.value, bool) else expand(child, faults)
        elif keyword in ("anyOf", "oneOf"):
            if child.items:
                schema[keyword] = [expand(item, faults) for item in child.items]
            else:
                faults.add(child.where, f"`{keyword}` must be a list of forms")
        elif keyword == "known":
            schema.update(_known(node, child, faults))
        else:
            faults.add(
                node.key(keyword),
                f"`{keyword}` is no keyword that is supported ({', '.join(KEYWORDS)}); remove it. If a field is meant "
                "and another is called like a keyword, write {type: object, properties: {…}, required: […]}",
            )
    _check(node, schema, faults)
    return schema


def _properties(node: Node, faults: Faults) -> dict[str, Any]:
    for name in node.map:
        if name.endswith("?"):
            advice = "in this long form a field may be absent unless `required` lists it, so drop the question mark"
            faults.add(node.key(name), f"`{name}`: {advice}")
    if not isinstance(node.value, dict):
        faults.add(node.where, "`properties` must be a mapping from field to form")
    return {name: expand(child, faults) for name, child in node.map.items()}


def _known(node: Node, child: Node, faults: Faults) -> dict[str, Any]:
    values = child.plain()
    if not isinstance(values, list) or not values or not all(isinstance(one, str) for one in values):
        faults.add(child.where, "`known` must be a list of texts, the values known so far; quote what is no text")
        values = []
    for other in ("examples", "enum", "const"):
        if other in node.map:
            faults.add(node.key(other), f"`{other}` and `known` exclude each other; keep one of them")
    if "type" in node.map and node.map["type"].value != "string":
        faults.add(node.map["type"].where, "`known` is for texts; make the type string, or use `examples`")
    return {"type": "string", "examples": values}


def _check(node: Node, schema: dict[str, Any], faults: Faults) -> None:
    pattern = schema.get("pattern")
    if pattern is not None:
        try:
            parsed(pattern)
        except re.error as error:
            faults.add(node.map["pattern"].where, f"`pattern` is no regular expression: {error}; mend it")
            del schema["pattern"]
            return
        if matcher(pattern) is None:
            faults.add(
                node.map["pattern"].where,
                "`pattern` cannot be matched in time linear in the text: it looks ahead, behind or back at a group, "
                "repeats too much, or uses what only Python knows; write it without",
            )
            del schema["pattern"]
            return
    for keyword, message in contradictions(schema):
        faults.add(node.map[keyword].where, message)
    if "default" in schema and not accepting(schema)(schema["default"]):
        faults.add(
            node.map["default"].where, f"the default {shown(schema['default'])} does not fit the rest of this form"
        )
    for name in schema.get("required", ()):
        if name not in schema.get("properties", {}):
            faults.add(node.map["required"].where, f"`required` lists `{name}`, which `properties` lacks; add it there")
        elif "default" in schema["properties"][name]:
            faults.add(node.map["required"].where, f"`{name}` has a default, so it may be absent; do not require it")
