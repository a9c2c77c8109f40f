"""A schema in an older draft.

Law: pure; a closed list of keywords, so that no keyword is ever passed on that the older draft does not know or reads
otherwise. What a schema accepts stays the same.

Draft 07 calls `$defs` `definitions`, reads nothing beside a `$ref`, and has tools that refuse an `enum` with a value
twice. All other keywords that a catalog can bring, or
that we put around it, mean the same in both drafts.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Literal, overload

Draft = Literal["2020-12", "07"]

DRAFTS: tuple[Draft, ...] = ("2020-12", "07")
META: Mapping[Draft, str] = {
    "2020-12": "https://json-schema.org/draft/2020-12/schema",
    "07": "http://json-schema.org/draft-07/schema#",
}
"""What `$schema` says."""

_SAME = frozenset(
    {
        *("type", "const", "pattern", "minLength", "maxLength", "minItems", "maxItems", "uniqueItems"),
        *("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf", "required"),
        *("title", "description", "default", "examples", "$comment", "$id"),
    }
)
"""Keywords whose values are no schemas, and mean the same in both drafts."""
_ONE = frozenset({"items", "additionalProperties", "not", "if", "then", "else"})
_MANY = frozenset({"allOf", "anyOf", "oneOf"})
_NAMED = {"properties": "properties", "$defs": "definitions"}
_OURS = "#/$defs/"


@overload
def in_draft(schema: dict[str, Any], draft: Draft) -> dict[str, Any]: ...
@overload
def in_draft(schema: bool, draft: Draft) -> bool: ...
def in_draft(schema: dict[str, Any] | bool, draft: Draft) -> dict[str, Any] | bool:
    """A schema of draft 2020-12 in a draft; it accepts just the same values.

    Raises `ValueError` for a keyword that is not known to mean the same there.
    """
    return schema if draft == "2020-12" else _older(schema)


def _older(schema: Any) -> Any:
    if isinstance(schema, bool):
        return schema
    if "$ref" in schema:
        return _reference(schema)
    found: dict[str, Any] = {}
    for keyword, value in schema.items():
        if keyword in _SAME:
            found[keyword] = value
        elif keyword == "enum":
            found[keyword] = _once(value)
        elif keyword in _ONE:
            found[keyword] = _older(value)
        elif keyword in _MANY:
            found[keyword] = [_older(one) for one in value]
        elif keyword in _NAMED:
            found[_NAMED[keyword]] = {name: _older(one) for name, one in value.items()}
        elif keyword == "$schema":
            found[keyword] = META["07"]
        else:
            raise ValueError(f"`{keyword}` has no known counterpart in draft 07")
    return found


def _once(values: list[Any]) -> list[Any]:
    found: dict[str, Any] = {}
    for value in values:
        found.setdefault(_key(value), value)
    return list(found.values())


def _key(value: Any) -> str:
    """The same for values that JSON Schema takes for equal: 1 and 1.0, objects in any order of members."""
    return json.dumps(_whole(value), sort_keys=True)


def _whole(value: Any) -> Any:
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, dict):
        return {name: _whole(inner) for name, inner in value.items()}
    return [_whole(inner) for inner in value] if isinstance(value, list) else value


def _reference(schema: dict[str, Any]) -> dict[str, Any]:
    """Beside a `$ref` draft 07 reads nothing, so that the rest goes beside it in an `allOf`."""
    target = schema["$ref"]
    alone = {"$ref": "#/definitions/" + target.removeprefix(_OURS) if target.startswith(_OURS) else target}
    rest = {keyword: value for keyword, value in schema.items() if keyword != "$ref"}
    if not rest:
        return alone
    apart = _older(rest)
    return {**apart, "allOf": [alone, *apart.get("allOf", [])]}
