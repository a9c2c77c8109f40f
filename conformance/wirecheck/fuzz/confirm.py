"""Whether an invalid frame is what its label says: an opinion of our own, independent of the checker's.

Law: the standard library's `json`, the `jsonschema` package and the catalog, and none of the modules that decode. A
frame is confirmed when it is invalid, there, for that reason, and for no other: what is wrong with its text is taken
away again, and what is left has to be valid; what is wrong with its value has to be the only error of its schema.
"""

from __future__ import annotations

import math
from collections import OrderedDict
from collections.abc import Callable, Mapping
from typing import Any, Final

from jsonschema import Draft202012Validator

from wirecheck import schema
from wirecheck.catalog.model import Dialect, FrameForm, Style
from wirecheck.fuzz.reading import Steps, Unreadable, pointer, read
from wirecheck.fuzz.repairs import REPAIRS
from wirecheck.sample.defects import InvalidFrame

REMEMBERED: Final = 2_048
KEYWORDS: Final[Mapping[str, frozenset[str]]] = {
    "missing-field": frozenset({"required"}),
    "enum": frozenset({"enum"}),
    "const": frozenset({"const"}),
    "pattern": frozenset({"pattern"}),
    "minimum": frozenset({"minimum"}),
    "maximum": frozenset({"maximum"}),
    "exclusive-minimum": frozenset({"exclusiveMinimum"}),
    "exclusive-maximum": frozenset({"exclusiveMaximum"}),
    "multiple-of": frozenset({"multipleOf"}),
    "min-length": frozenset({"minLength"}),
    "max-length": frozenset({"maxLength"}),
    "min-items": frozenset({"minItems"}),
    "max-items": frozenset({"maxItems"}),
    "unique-items": frozenset({"uniqueItems"}),
    "any-of": frozenset({"anyOf"}),
    "one-of": frozenset({"oneOf"}),
    "additional-property": frozenset({"additionalProperties"}),
    "number-too-large": frozenset({"minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"}),
    "header-in-payload": frozenset({"required"}),
}
"""The keywords of which one must be broken."""
_TYPES: Final[Mapping[str, Callable[[Any], bool]]] = {
    "null": lambda value: value is None,
    "boolean": lambda value: isinstance(value, bool),
    "integer": lambda value: _is_number(value) and value % 1 == 0,
    "number": lambda value: _is_number(value) and value % 1 != 0,
    "string": lambda value: isinstance(value, str),
    "array": lambda value: isinstance(value, list),
    "object": lambda value: isinstance(value, dict),
}


def confirm(dialect: Dialect, frame: InvalidFrame) -> str | None:
    """None if the frame has the defect of its label, at its pointer, and no other; else why that is not so."""
    form = dialect.frames.get(frame.frame)
    if form is None or form.sender != frame.sender or frame.dialect != dialect.name:
        return f"the dialect has no frame `{frame.frame}` of the {frame.sender}"
    repair = REPAIRS.get(frame.defect)
    if repair is not None:
        return _confirm_text(dialect, form, frame, repair)
    if frame.binary or not isinstance(frame.body, str):
        return "its bytes are another defect than its label"
    try:
        value = read(frame.body)
    except Unreadable as wrong:
        return f"its text is another defect than its label: {wrong}"
    if not isinstance(value, dict):
        return "it is no object, which is another defect than its label"
    if frame.defect.startswith("tag-"):
        return _confirm_tag(dialect, form, frame, value)
    if frame.defect == "other-envelope":
        return _confirm_envelope(dialect, form, frame, value)
    return _confirm_value(dialect, form, frame, value)


def _confirm_text(
    dialect: Dialect, form: FrameForm, frame: InvalidFrame, repair: Callable[[InvalidFrame], Any]
) -> str | None:
    """Take the defect away; what is left, if it is a whole message, has to be valid."""
    try:
        left = repair(frame)
    except Unreadable as wrong:
        return str(wrong)
    for value in left:
        if not isinstance(value, dict):
            return "without its defect it is no object"
        errors = _errors(dialect, form, frame.envelope, value)
        if errors:
            return f"without its defect it is still invalid: {_told(errors)}"
    return None


def _confirm_tag(dialect: Dialect, form: FrameForm, frame: InvalidFrame, value: dict[str, Any]) -> str | None:
    member = dialect.envelope.tag
    siblings = [other for other in dialect.frames.values() if other.sender == form.sender]
    tags = {other.tag for other in siblings if other.tag is not None}
    if not tags:
        return f"no frame of the {form.sender} has a tag"
    kind = frame.defect.removeprefix("tag-")
    where = "" if kind == "missing" else pointer((member,))
    if frame.pointer != where:
        return f"a defect of the tag lies at {where!r}, not at {frame.pointer!r}"
    if kind == "missing":
        if member in value:
            return "it has a tag"
        if None in {other.tag for other in siblings}:
            return "without a tag it is another frame"
        whole = value | {member: form.tag}
    elif member not in value:
        return "it has no tag"
    else:
        tag = value[member]
        if kind == "unknown" and (not isinstance(tag, str) or tag in tags):
            return "its tag is no unknown one"
        if kind == "unknown" and dialect.unknown == "ignore":
            return "the dialect ignores unknown tags"
        if kind == "number" and not _is_number(tag):
            return "its tag is no number"
        if kind not in ("unknown", "number") and not _TYPES[kind](tag):
            return f"its tag is not of the type {kind}"
        rest = {key: inner for key, inner in value.items() if key != member}
        whole = rest if form.tag is None else rest | {member: form.tag}
    errors = _errors(dialect, form, frame.envelope, whole)
    return f"with its tag it is still invalid: {_told(errors)}" if errors else None


def _confirm_envelope(dialect: Dialect, form: FrameForm, frame: InvalidFrame, value: dict[str, Any]) -> str | None:
    other: Style = "nested" if frame.envelope == "flat" else "flat"
    if form.payload is None:
        return "nothing of its payload is documented"
    errors = _errors(dialect, form, other, value)
    if errors:
        return f"it is no valid frame of the {other} envelope either: {_told(errors)}"
    if not _errors(dialect, form, frame.envelope, value):
        return f"it is a valid frame of the {frame.envelope} envelope too"
    if other == "nested":
        places = [pointer((dialect.envelope.data,))]
    else:
        places = [pointer((name,)) for name in _documented(form) & value.keys()]
    return None if frame.pointer in places else f"nothing at {frame.pointer!r} shows the other envelope"


def _confirm_value(dialect: Dialect, form: FrameForm, frame: InvalidFrame, value: dict[str, Any]) -> str | None:
    errors = _errors(dialect, form, frame.envelope, value)
    if not errors:
        return "it is valid"
    if len({(path, word, text) for path, word, text in errors}) > 1:
        return f"more than one thing is wrong with it: {_told(errors)}"
    path, word, _ = errors[0]
    if pointer(path) != frame.pointer:
        return f"the error lies at {pointer(path)!r}, not at {frame.pointer!r}"
    found: Any = value
    for step in path:
        found = found[step]
    tag = dialect.envelope.tag
    if value.get(tag) != form.tag if form.tag is not None else path == (tag,):
        return "its tag is wrong, which is another defect than its label"
    if frame.defect == "field-at-wrong-level":
        if frame.envelope == "flat" and not _documented(form) & value.keys():
            return "its whole payload lies on the other level"
        return _confirm_level(dialect, form, frame, value)
    if frame.defect.startswith("type-"):
        kind = frame.defect.removeprefix("type-")
        if word != "type" or not _TYPES[kind](found):
            return f"the error is not that a value is of the type {kind}, but of `{word}`"
        return None
    if frame.defect not in KEYWORDS:
        return f"no defect is called `{frame.defect}`"
    if word not in KEYWORDS[frame.defect]:
        return f"the error is one of `{word}`"
    if word in KEYWORDS["number-too-large"] and _is_huge(found) != (frame.defect == "number-too-large"):
        return "the number is one that a double holds, or should be"
    if frame.defect == "header-in-payload":
        return _confirm_header(dialect, form, value)
    other: Style = "nested" if frame.envelope == "flat" else "flat"
    if frame.defect == "missing-field" and not _errors(dialect, form, other, value):
        return "it is a valid frame of the other envelope"
    if frame.defect == "missing-field" and None in (
        _confirm_level(dialect, form, frame, value),
        _confirm_header(dialect, form, value),
    ):
        return "the field is there, on the other level"
    return None


def _confirm_level(dialect: Dialect, form: FrameForm, frame: InvalidFrame, value: dict[str, Any]) -> str | None:
    """One field put back where it belongs has to make the frame valid."""
    data = dialect.envelope.data
    inner = value.get(data)
    if not isinstance(inner, dict):
        return "it has no two levels"
    source = inner if frame.envelope == "flat" else value
    for name in _documented(form) & source.keys():
        rest = {key: kept for key, kept in source.items() if key != name}
        if frame.envelope == "flat":
            whole = {key: kept for key, kept in value.items() if key != data} | {name: inner[name]}
            whole |= {data: rest} if rest else {}
        else:
            whole = rest | {data: inner | {name: value[name]}}
        if not _errors(dialect, form, frame.envelope, whole):
            return None
    return "no field put back on the other level makes it valid"


def _documented(form: FrameForm) -> set[str]:
    payloads = (form.payload, *(case.payload for case in form.cases))
    return {name for one in payloads if one is not None for name in one.get("properties", {})}


def _confirm_header(dialect: Dialect, form: FrameForm, value: dict[str, Any]) -> str | None:
    inner = value.get(dialect.envelope.data)
    missing = [field for field in dialect.envelope.header.get(form.sender, ()) if field.required]
    lacking = [field.name for field in missing if field.name not in value]
    if isinstance(inner, dict) and len(lacking) == 1 and lacking[0] in inner:
        return None
    return "no required field of the header lies in the payload"


_validators: OrderedDict[tuple[int, int, Style], tuple[Dialect, FrameForm, Draft202012Validator]] = OrderedDict()


def _errors(dialect: Dialect, form: FrameForm, style: Style, value: Any) -> list[tuple[Steps, str | None, str]]:
    """Every error of the frame's schema: its place, its keyword (None: nothing may stand there), its words."""
    key = (id(dialect), id(form), style)
    known = _validators.get(key)
    if known is None or known[0] is not dialect or known[1] is not form:
        known = (dialect, form, Draft202012Validator(schema.frame_schema(dialect, form, style)))
        _validators[key] = known
        while len(_validators) > REMEMBERED:
            _validators.popitem(last=False)
    return [(tuple(error.absolute_path), error.validator, error.message) for error in known[2].iter_errors(value)]


def _told(errors: list[tuple[Steps, str | None, str]]) -> str:
    return "; ".join(f"{word} at {pointer(path)!r}" for path, word, _ in errors[:3])


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _is_huge(value: Any) -> bool:
    return abs(value) > 2**1024 if isinstance(value, int) else math.isinf(value)
