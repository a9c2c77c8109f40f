"""Values of a scenario: variables filled in, and frames composed as they go over the wire.

Law: a script's values and the catalog's forms in, messages out. Nothing here knows a connection or keeps a
conversation.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Final

from wirecheck.catalog import Dialect, FrameForm, split_example
from wirecheck.catalog.places import pointer
from wirecheck.catalog.script import Malform, variable_in
from wirecheck.errors import UsageError

HUGE: Final = 8 * 1024 * 1024
"""Characters of a message that is malformed by its size alone."""
DEEP: Final = 10_000
"""Levels of a message that is malformed by its depth alone."""


def filled(values: Any, variables: Mapping[str, Any]) -> Any:
    """`values` with every `$name` replaced by the variable's value, and `$$` by a dollar sign.

    Raises `UsageError` for a variable that is not known.
    """
    if isinstance(values, Mapping):
        return {name: filled(value, variables) for name, value in values.items()}
    if isinstance(values, list | tuple):
        return [filled(value, variables) for value in values]
    name = variable_in(values)
    if name is None:
        return values[1:] if isinstance(values, str) and values.startswith("$$") else values
    if name not in variables:
        raise UsageError(f"nothing is known as ${name}; give that variable a value")
    return variables[name]


def composed(dialect: Dialect, form: FrameForm, values: Mapping[str, Any]) -> dict[str, Any]:
    """The message of a frame: tag, header fields (`@name` in `values`) and payload, as the vendor sends it."""
    payload, header = split_example(values)
    envelope = dialect.envelope
    message: dict[str, Any] = dict(header)
    if form.tag is not None:
        message = {envelope.tag: form.tag, **message}
    if (form.wire or envelope.style) == "flat":
        return {**message, **payload}
    return {**message, envelope.data: payload} if payload or _has_fields(form) else message


def payload_of(dialect: Dialect, form: FrameForm, message: Mapping[str, Any]) -> Mapping[str, Any]:
    """The payload of a message of that form; empty where it has none."""
    if (form.wire or dialect.envelope.style) == "flat":
        return message
    inside = message.get(dialect.envelope.data)
    return inside if isinstance(inside, dict) else {}


def at_pointer(value: Any, place: str) -> Any:
    """What lies at a JSON pointer; None where nothing does."""
    for step in pointer(place):
        if isinstance(value, list) and step.isdecimal() and int(step) < len(value):
            value = value[int(step)]
        else:
            value = value.get(step) if isinstance(value, Mapping) else None
    return value


def serialised(message: Any) -> str:
    """A message as it goes over the wire."""
    return json.dumps(message, ensure_ascii=False, separators=(",", ":"))


def malformed(dialect: Dialect, step: Malform, variables: Mapping[str, Any]) -> str | bytes:
    """What the client sends that is no frame; bytes are a binary message."""
    form = dialect.frames.get(step.frame or "")
    message = composed(dialect, form, filled(step.values, variables)) if form is not None else {}
    tag = dialect.envelope.tag
    match step.kind:
        case "not-json":
            return serialised(message)[:-1] + ","
        case "not-object":
            return serialised([message])
        case "no-tag":
            return serialised({name: value for name, value in message.items() if name != tag})
        case "unknown-tag":
            return serialised({**message, tag: "no.such.frame"})
        case "wrong-envelope":
            return serialised(_other_envelope(dialect, message))
        case "missing-field":
            return serialised(_without_required(dialect, form, message))
        case "wrong-type":
            return serialised(_wrongly_typed(dialect, form, message))
        case "huge":
            return serialised({**message, tag: message.get(tag, "x"), "padding": "x" * HUGE})
        case "binary":
            return serialised(message).encode()
        case "deep":
            return '{"' + tag + '":' + "[" * DEEP + "]" * DEEP + "}"


def _has_fields(form: FrameForm) -> bool:
    return form.payload is not None and bool(form.payload.get("properties"))


def _other_envelope(dialect: Dialect, message: Mapping[str, Any]) -> dict[str, Any]:
    tag, data = dialect.envelope.tag, dialect.envelope.data
    head = {tag: message[tag]} if tag in message else {}
    inside = message.get(data)
    if isinstance(inside, dict):
        return {**{name: value for name, value in message.items() if name != data}, **inside}
    return {**head, data: {name: value for name, value in message.items() if name != tag}}


def _required(dialect: Dialect, form: FrameForm | None, message: dict[str, Any]) -> tuple[dict[str, Any], list[str]]:
    """Where the payload's fields lie in the message, and which of them are required."""
    if form is None or (form.wire or dialect.envelope.style) == "flat":
        inside: Any = message
    else:
        inside = message.get(dialect.envelope.data)
    names = (form.payload or {}).get("required", ()) if form is not None else ()
    return (inside, list(names)) if isinstance(inside, dict) else ({}, [])


def _without_required(dialect: Dialect, form: FrameForm | None, message: dict[str, Any]) -> dict[str, Any]:
    inside, required = _required(dialect, form, message)
    for name in required:
        inside.pop(name, None)
    return message


def _wrongly_typed(dialect: Dialect, form: FrameForm | None, message: dict[str, Any]) -> dict[str, Any]:
    inside, required = _required(dialect, form, message)
    inside.update((name, {"not": ["of", "this", "type"]}) for name in required)
    return message
