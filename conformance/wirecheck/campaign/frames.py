"""What a client's frame asks of the server, and where frames carry names.

Law: pure functions of a catalog's forms and of messages.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from wirecheck.catalog import Dialect, FrameForm, Locator
from wirecheck.drive.target import opens_turn
from wirecheck.schema.message import header_of, wire_style

_BOUNDS: Final = ("enum", "const", "pattern", "minLength", "maxLength")


def turns_of(dialect: Dialect, form: FrameForm, message: Mapping[str, Any]) -> int:
    """How many turns a valid message opens, those of a batch's items included."""
    if form.contains is not None:
        return sum(turns_of(dialect, inner, item) for inner, item in _items(dialect, form, message))
    return int(opens_turn(form, _values(dialect, form, message)))


def may_open_turn(form: FrameForm) -> bool:
    """Whether some message of this form opens a turn; a spoilt one may be taken for that."""
    roles = {*form.roles, *(role for case in form.cases for role in case.roles)}
    return form.contains is not None or any(
        role in ("prompt", "turn.open") or role.startswith("ask.chat") for role in roles
    )


def places(dialect: Dialect, form: FrameForm) -> Iterator[tuple[str, tuple[str, ...], bool]]:
    """Where a client's frame carries a name that may be any text: the name, its path below the payload (`("@id",)`: a
    header), and whether it must be there."""
    properties = (form.payload or {}).get("properties", {})
    required = (form.payload or {}).get("required", ())
    headers = {field.name: field for field in header_of(dialect, form)}
    for name, locators in dialect.names.items():
        for locator in locators:
            where = locator.path[0]
            if locator.place == "payload" and len(locator.path) == 1 and _is_any_text(properties.get(where)):
                yield name, locator.path, where in required
            elif locator.place == "header" and where in headers and _is_any_text(headers[where].schema):
                yield name, (f"@{where}",), headers[where].required


def at(locator: Locator, message: Mapping[str, Any], payload: Mapping[str, Any]) -> Any:
    """What lies where a name is carried; None where nothing does."""
    value: Any = message if locator.place == "header" else payload if locator.place == "payload" else None
    for step in locator.path:
        value = value.get(step) if isinstance(value, Mapping) else None
    return value


def _values(dialect: Dialect, form: FrameForm, message: Mapping[str, Any]) -> dict[str, Any]:
    headers = [field.name for field in header_of(dialect, form)]
    beside = {f"@{name}": message[name] for name in headers if name in message}
    if wire_style(dialect, form) == "flat":
        taken = {dialect.envelope.tag, *headers}
        return {name: value for name, value in message.items() if name not in taken} | beside
    inside = message.get(dialect.envelope.data)
    return (dict(inside) if isinstance(inside, Mapping) else {}) | beside


def _items(
    dialect: Dialect, form: FrameForm, message: Mapping[str, Any]
) -> Iterator[tuple[FrameForm, Mapping[str, Any]]]:
    """The items of a batch that are frames of the client's, with their forms."""
    items: Any = message if wire_style(dialect, form) == "flat" else message.get(dialect.envelope.data)
    for step in form.contains or ():
        items = items.get(step) if isinstance(items, Mapping) else None
    for item in items if isinstance(items, list) else ():
        tag = item.get(dialect.envelope.tag) if isinstance(item, Mapping) else None
        for inner in dialect.frames.values():
            if inner.sender == "client" and inner.tag == tag and inner.contains is None and isinstance(item, Mapping):
                yield inner, item


def _is_any_text(schema: Mapping[str, Any] | None) -> bool:
    return schema is not None and schema.get("type") == "string" and not any(word in schema for word in _BOUNDS)
