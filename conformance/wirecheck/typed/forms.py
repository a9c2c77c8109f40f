"""JSON Schemas as types that a typed reader takes.

Law: pure. A type accepts nothing that its schema refuses; where that cannot be had, `Inexact` is raised, and whoever
asked goes another way. That a type refuses something valid costs time and nothing else, so numbers beyond 64 bits,
values nested deeper than `FREE_DEPTH` and members that no document knows have no type.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache, reduce
from typing import Annotated, Any, Final, Literal, Union

import msgspec
from msgspec import UNSET, Meta, UnsetType

from wirecheck.catalog.linear import accepting, matcher

FREE_DEPTH: Final = 6
"""Levels of a value of which the document says nothing; each further one doubles what is compiled of it."""
DEEPEST: Final = 100
"""Levels of a whole message, its free-form values included; no text of fewer is too deep."""
NOTES: Final = frozenset({"title", "description", "examples", "default", "$comment"})
_OF_STRING: Final = frozenset({"minLength", "maxLength", "pattern"})
_OF_NUMBER: Final = frozenset({"minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"})
_OF_ARRAY: Final = frozenset({"items", "minItems", "maxItems"})
_OF_OBJECT: Final = frozenset({"properties", "required", "additionalProperties"})
_LEAST, _MOST = -(2**63), 2**63 - 1
_SURE: Final = 2**53
"""Whole numbers up to which doubles are exact."""


class Inexact(Exception):
    """No type accepts just what this schema does, or a useful part of it."""


Path = tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Form:
    """A type, the quotes that its text holds at least (None: that varies), and how deep its values nest."""

    type: Any
    quotes: int | None
    depth: int


@dataclass(slots=True, kw_only=True)
class Maker:
    """Makes the types of one frame, and collects what is left to be checked: texts at some paths, by patterns."""

    name: str
    patterns: list[tuple[Path, Callable[[Any], bool]]] = field(default_factory=list)
    _made: int = 0

    def form(self, schema: Any, path: Path | None) -> Form:
        """The form of values of a schema. `path` leads to them from the message, None where items lie between.

        Raises `Inexact`.
        """
        if not isinstance(schema, Mapping):
            raise Inexact
        words = set(schema) - NOTES
        if not words:
            return free()
        if words & {"const", "enum"}:
            return _listed(schema)
        kinds = schema.get("type")
        several = [kinds] if isinstance(kinds, str) else kinds
        if not isinstance(several, list) or not words <= {"type"} | _OF_STRING | _OF_NUMBER | _OF_ARRAY | _OF_OBJECT:
            raise Inexact
        if "number" in several and "integer" in several:
            several = [kind for kind in several if kind != "integer"]
        forms = [self._of(kind, schema, path) for kind in several]
        return forms[0] if len(forms) == 1 else joined(forms)

    def struct(
        self,
        properties: Mapping[str, Form],
        required: Iterable[str],
        tagged: tuple[str, str] | None = None,
    ) -> Form:
        """An object of these members and no others; `tagged` is its tag's name and value. Raises `Inexact`."""
        names = sorted(properties, key=lambda name: name not in required)
        if not set(required) <= set(names):
            raise Inexact
        fields: list[Any] = []
        renamed = {}
        for number, name in enumerate(names):
            attribute = f"m{number}"
            renamed[attribute] = name
            kind = properties[name].type
            fields.append(
                (attribute, kind) if name in required else (attribute, Union[kind, UnsetType], UNSET)  # noqa: UP007
            )
        self._made += 1
        tags: dict[str, Any] = {} if tagged is None else {"tag_field": tagged[0], "tag": tagged[1]}
        try:
            made = msgspec.defstruct(
                f"{self.name}{self._made}", fields, rename=renamed, gc=False, forbid_unknown_fields=True, **tags
            )
            msgspec.json.Decoder(made)
        except (TypeError, ValueError) as error:
            raise Inexact from error  # a name that no field can have, or a union that cannot be told apart
        each = [properties[name].quotes for name in names]
        sure = [quotes for quotes in each if quotes is not None]
        fixed = len(sure) == len(names) and set(required) == set(names)
        return Form(
            type=made,
            quotes=sum(sure) + 2 * len(names) + (4 if tagged else 0) if fixed else None,
            depth=1 + max((properties[name].depth for name in names), default=0),
        )

    def _of(self, kind: str, schema: Mapping[str, Any], path: Path | None) -> Form:
        match kind:
            case "string":
                return self._text(schema, path)
            case "integer":
                return Form(type=_integer(schema), quotes=0, depth=0)
            case "number":
                return Form(type=Union[_integer(schema), _double(schema)], quotes=0, depth=0)  # noqa: UP007
            case "boolean":
                return Form(type=bool, quotes=0, depth=0)
            case "null":
                return Form(type=None, quotes=0, depth=0)
            case "array":
                items = self.form(schema["items"], None) if "items" in schema else free()
                limits = _limits(schema.get("minItems"), schema.get("maxItems"))
                return Form(type=_with(list[items.type], limits), quotes=None, depth=1 + items.depth)  # type: ignore[name-defined]
            case "object":
                return self._object(schema, path)
        raise Inexact

    def _text(self, schema: Mapping[str, Any], path: Path | None) -> Form:
        if "pattern" in schema:
            matches = matcher(schema["pattern"])
            if matches is None or path is None:
                raise Inexact
            self.patterns.append((path, matches))
        return Form(type=_with(str, _limits(schema.get("minLength"), schema.get("maxLength"))), quotes=2, depth=0)

    def _object(self, schema: Mapping[str, Any], path: Path | None) -> Form:
        properties, required = schema.get("properties"), schema.get("required", [])
        others = schema.get("additionalProperties", True)
        if properties is None and others is not False:
            if required:
                raise Inexact
            below = free() if others is True else self.form(others, None)
            return Form(type=dict[str, below.type], quotes=None, depth=1 + below.depth)  # type: ignore[name-defined]
        forms = {
            name: self.form(inner, None if path is None else (*path, name))
            for name, inner in (properties or {}).items()
            if inner is not False
        }
        return self.struct(forms, required)


@cache
def free(depth: int = FREE_DEPTH) -> Form:
    """Any value that nests no deeper; its whole numbers are those of 64 bits."""
    whole = Annotated[int, Meta(ge=_LEAST, le=_MOST)]
    found: Any = Union[str, whole, float, bool, None]  # noqa: UP007
    for _ in range(depth):
        found = Union[str, whole, float, bool, None, list[found], dict[str, found]]  # noqa: UP007
    return Form(type=found, quotes=None, depth=depth)


def joined(forms: list[Form]) -> Form:
    """Any one of these forms."""
    counts = {form.quotes for form in forms}
    return Form(
        type=reduce(lambda one, other: Union[one, other], (form.type for form in forms)),  # noqa: UP007
        quotes=counts.pop() if len(counts) == 1 else None,
        depth=max(form.depth for form in forms),
    )


def _listed(schema: Mapping[str, Any]) -> Form:
    """The listed values that fit the rest of the schema, where all of these are texts, whole numbers or null."""
    options = schema["enum"] if "enum" in schema else [schema["const"]]
    fits = accepting({word: value for word, value in schema.items() if word not in NOTES})
    valid = [option for option in options if fits(option)]
    if not valid or not all(option is None or type(option) in (str, int) for option in valid):
        raise Inexact
    if not all(_LEAST <= option <= _MOST for option in valid if type(option) is int):
        raise Inexact
    quotes = {2 * isinstance(option, str) for option in valid}
    return Form(type=Literal[tuple(valid)], quotes=quotes.pop() if len(quotes) == 1 else None, depth=0)


def _limits(least: Any, most: Any) -> dict[str, int]:
    found = {"min_length": least, "max_length": most}
    return {word: value for word, value in found.items() if value is not None}


def _with(kind: Any, limits: Mapping[str, Any]) -> Any:
    return Annotated[kind, Meta(**limits)] if limits else kind


def _bounds(schema: Mapping[str, Any]) -> dict[str, Any]:
    found = {word: schema[word] for word in _OF_NUMBER if word in schema}
    if not all(type(bound) in (int, float) and abs(bound) <= _SURE for bound in found.values()):
        raise Inexact  # the reader compares doubles, and a validator does not
    return found


def _integer(schema: Mapping[str, Any]) -> Any:
    least, most = _LEAST, _MOST
    for word, bound in _bounds(schema).items():
        match word:
            case "minimum":
                least = max(least, math.ceil(bound))
            case "exclusiveMinimum":
                least = max(least, math.floor(bound) + 1)
            case "maximum":
                most = min(most, math.floor(bound))
            case _:
                most = min(most, math.ceil(bound) - 1)
    return Annotated[int, Meta(ge=least, le=most)]


def _double(schema: Mapping[str, Any]) -> Any:
    words = {"minimum": "ge", "exclusiveMinimum": "gt", "maximum": "le", "exclusiveMaximum": "lt"}
    bounds = _bounds(schema)
    if len({words[word][0] for word in bounds}) < len(bounds):
        raise Inexact  # a bound that is inclusive and exclusive
    return _with(float, {words[word]: float(bound) for word, bound in bounds.items()})
