"""A payload as small as its schema allows, for frames of which a catalog shows no example.

Law: what the document requires and nothing more; the same schema always gives the same value. A `pattern` is not looked
at: whoever documents one shows an example.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, Final

_BARE: Final[Mapping[str, Any]] = {"boolean": True, "null": None}
_MEMBERS: Final = ("object", "array", "string", "integer", "number", "boolean", "null")


def minimal(schema: Mapping[str, Any] | None) -> Any:
    """The smallest value of a payload's schema; an empty object where none is documented."""
    if not schema:
        return {}
    for word in ("const", "default"):
        if word in schema:
            return schema[word]
    for word in ("enum", "examples"):
        if schema.get(word):
            return schema[word][0]
    for word in ("anyOf", "oneOf"):
        if word in schema:
            return minimal(schema[word][0])
    named = schema.get("type")
    kinds = (named,) if isinstance(named, str) else named or ()
    match next((kind for kind in _MEMBERS if kind in kinds), "object" if "properties" in schema else "string"):
        case "object":
            properties = schema.get("properties", {})
            return {name: minimal(properties.get(name, {"type": "string"})) for name in schema.get("required", ())}
        case "array":
            return [minimal(schema.get("items") or {"type": "string"}) for _ in range(schema.get("minItems", 0))]
        case "string":
            return "text"[: schema.get("maxLength", 4)].ljust(schema.get("minLength", 0), "x")
        case "integer" | "number" as kind:
            return _number(schema, whole=kind == "integer")
        case kind:
            return _BARE[kind]


def _number(schema: Mapping[str, Any], *, whole: bool) -> Any:
    """The number nearest to nought that the bounds allow; of a multiple, the first that is large enough."""
    step = schema.get("multipleOf", 1 if whole else 0)
    least = schema.get("minimum", schema.get("exclusiveMinimum", 0))
    most = schema.get("maximum", schema.get("exclusiveMaximum", max(least, 0)))
    wanted = min(max(0, least), most)
    if step:
        wanted = math.ceil(wanted / step) * step if wanted >= 0 else math.floor(wanted / step) * step
    if "exclusiveMinimum" in schema and wanted <= schema["exclusiveMinimum"]:
        wanted = schema["exclusiveMinimum"] + (step or 1)
    if "exclusiveMaximum" in schema and wanted >= schema["exclusiveMaximum"]:
        wanted = schema["exclusiveMaximum"] - (step or 1)
    return wanted
