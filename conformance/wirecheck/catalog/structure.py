"""The plain structure of a catalog file, checked against `catalog.schema.json`.

Law: the JSON Schema says what is allowed; this module only runs it and turns what it says into sentences that name a
place in the file. It knows no member of a catalog by name.
"""

from __future__ import annotations

import difflib
import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import cache
from importlib.resources import files
from itertools import islice
from typing import TYPE_CHECKING, Any

from wirecheck.catalog.linear import accepting, explaining
from wirecheck.catalog.model import Where
from wirecheck.catalog.source import MAX_FAULTS, Faults, Node

if TYPE_CHECKING:
    from jsonschema import Draft202012Validator
    from jsonschema.exceptions import ValidationError

Path = tuple[str | int, ...]

_KINDS: Mapping[type, str] = {
    dict: "a mapping",
    list: "a list",
    str: "text",
    bool: "true or false",
    int: "a number",
    float: "a number",
    type(None): "nothing",
}
_WANTED: Mapping[str, str] = {
    "object": "a mapping",
    "array": "a list",
    "string": "text",
    "boolean": "true or false",
    "integer": "a whole number",
    "number": "a number",
}


@cache
def catalog_schema() -> dict[str, Any]:
    """`catalog.schema.json` as a value; not to be changed."""
    text = files("wirecheck.catalogs").joinpath("catalog.schema.json").read_text(encoding="utf-8")
    schema: dict[str, Any] = json.loads(text)
    return schema


def _part(part: str) -> dict[str, Any]:
    """The schema of one `$defs` entry."""
    schema = catalog_schema()
    return {"$schema": schema["$schema"], "$ref": f"#/$defs/{part}", "$defs": schema["$defs"]}


@cache
def _accepts(part: str) -> Callable[[Any], bool]:
    return accepting(_part(part))


@cache
def _explaining(part: str) -> Draft202012Validator:
    return explaining(_part(part))


def _violations(node: Node, part: str) -> Iterator[ValidationError]:
    """What is wrong with the plain structure of `node`, at most `MAX_FAULTS`."""
    plain = node.plain()
    if not _accepts(part)(plain):
        yield from islice(_explaining(part).iter_errors(plain), MAX_FAULTS)


def check_structure(node: Node, part: str, faults: Faults, *, whole: str = "the catalog") -> tuple[Path, ...]:
    """Checks `node`, which messages call `whole`, against the `$defs` entry `part` (`dialect`, `shapes/pair` …).

    Returns the paths of what is wrong, at most `MAX_FAULTS`.
    """
    wrong: list[Path] = []
    for error in _violations(node, part):
        path: Path = tuple(error.absolute_path)
        for where, message in _explain(error, node, path, _label(path, whole)):
            wrong.append(path)
            faults.add(where, message)
    return tuple(wrong)


def faulty(node: Node, part: str) -> Iterator[Path]:
    """The paths of what must be taken out for `node` to be right: members unknown, misnamed or wrong in themselves.

    The empty path stands for what the whole lacks. At most `MAX_FAULTS`.
    """
    for error in _violations(node, part):
        path: Path = tuple(error.absolute_path)
        instance: Any = error.instance
        if error.validator == "additionalProperties":
            known = error.schema.get("properties", ()) if isinstance(error.schema, dict) else ()
            yield from ((*path, name) for name in instance if name not in known)
        elif error.parent is None and "propertyNames" in error.schema_path:
            yield (*path, str(instance))
        else:
            yield path


def check_known(node: Node, known: Iterable[str], what: str, faults: Faults) -> None:
    """Every key of the mapping must be one of the known words; `what` says what they name."""
    words = tuple(known)
    for name in node.map:
        if name not in words:
            faults.add(node.key(name), f"no {what} is called `{name}`; {did_you_mean(name, words)}")


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """What to do about an unknown word: the nearest known one, or all of them."""
    words = sorted(known)
    near = difflib.get_close_matches(word, words, n=1, cutoff=0.65)
    if near:
        return f"did you mean `{near[0]}`?"
    return f"known are {', '.join(f'`{one}`' for one in words)}" if words else "none is known here"


def shown(value: Any) -> str:
    """A value as a message may quote it: JSON, cut short."""
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 60 else text[:57] + "..."


def _explain(error: ValidationError, root: Node, path: Path, label: str) -> Iterable[tuple[Where, str]]:
    node = root.at(path)
    schema: Any = error.schema
    value: Any = error.instance
    keyword: Any = error.validator
    wanted: Any = error.validator_value
    hint = schema.get("description", "") if isinstance(schema, dict) else ""
    if keyword == "additionalProperties":
        known = tuple(schema.get("properties", ()))
        for name in value:
            if name not in known:
                yield node.key(name), f"{label} has no member `{name}`; {did_you_mean(name, known)}"
    elif keyword == "required":
        for name in wanted:
            if name not in value:
                yield root.place(path), f"{label} lacks `{name}`; add it" + (f" ({hint})" if hint else "")
    elif keyword == "type":
        kinds = [wanted] if isinstance(wanted, str) else list(wanted)
        need = hint or " or ".join(_WANTED[kind] for kind in kinds)
        advice = f"; write [{value}]" if kinds == ["array"] and isinstance(value, str) else ""
        yield node.where, f"{label} is {_KINDS[type(value)]} and must be {need}{advice}"
    elif keyword == "enum":
        allowed = [str(one) for one in wanted]
        yield node.where, f"{label} is {shown(value)}, and may be {', '.join(f'`{one}`' for one in allowed)} only"
    elif error.parent is None and "propertyNames" in error.schema_path:
        yield node.key(str(value)), f"the key {shown(value)} in {label} must be {hint or 'of another form'}"
    elif keyword in ("minimum", "maximum"):
        bound = "at least" if keyword == "minimum" else "at most"
        yield node.where, f"{label} is {value} and must be {bound} {wanted}"
    else:
        yield node.where, f"{label} is {shown(value)} and must be {hint or 'of another form'}"


def _label(path: Path, whole: str) -> str:
    if not path:
        return whole
    last = path[-1]
    if isinstance(last, int):
        return f"item {last + 1} of `{path[-2]}`" if len(path) > 1 else f"item {last + 1}"
    return f"`{last}`"
