"""A server's frame about to be sent, read from its message: roles by the cases that hold, and every name in it.

Law: messages and the catalog in, values out; a message is never changed in place.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from wirecheck.catalog import Dialect, FrameForm, Locator, applies
from wirecheck.scenario.plan import Outgoing
from wirecheck.scenario.values import payload_of


def outgoing(dialect: Dialect, form: FrameForm, message: Mapping[str, Any], *, replayed: bool = False) -> Outgoing:
    """The frame of that form whose message this is."""
    payload = payload_of(dialect, form, message)
    cases = [case for case in form.cases if applies(case, payload, message)]
    names = {}
    for name, places in dialect.names.items():
        for place in places:
            value = _value(place, payload, message)
            if value is not None:
                names[name] = value
                break
    return Outgoing(
        form=form,
        roles=frozenset(form.roles).union(*(case.roles for case in cases)),
        may=frozenset(form.may).union(*(case.may for case in cases)),
        names=names,
        message=message,
        replayed=replayed,
    )


def renamed(dialect: Dialect, frame: Outgoing, name: str, value: Any) -> Outgoing:
    """The same frame with another value of one of the dialect's names; the frame itself where it does not carry it."""
    payload = payload_of(dialect, frame.form, frame.message)
    for place in dialect.names.get(name, ()):
        if _value(place, payload, frame.message) is not None:
            path = _in_message(dialect, frame.form, place)
            return outgoing(dialect, frame.form, _put(frame.message, path, value), replayed=frame.replayed)
    return frame


def named(dialect: Dialect, form: FrameForm, message: Mapping[str, Any], names: Mapping[str, Any]) -> Outgoing:
    """The frame with these names put in, where the dialect has a place for them in a frame."""
    frame = outgoing(dialect, form, message)
    for name, value in names.items():
        place = next((one for one in dialect.names.get(name, ()) if one.place in ("payload", "header")), None)
        if name in frame.names and name in dialect.names:
            frame = renamed(dialect, frame, name, value)
        elif place is not None:
            path = _in_message(dialect, form, place)
            frame = outgoing(dialect, form, _put(frame.message, path, value))
    return frame


def _value(place: Locator, payload: Mapping[str, Any], message: Mapping[str, Any]) -> Any:
    if place.place not in ("payload", "header"):
        return None
    value: Any = payload if place.place == "payload" else message
    for step in place.path:
        value = value.get(step) if isinstance(value, Mapping) else None
    return value


def _in_message(dialect: Dialect, form: FrameForm, place: Locator) -> tuple[str, ...]:
    flat = place.place == "header" or (form.wire or dialect.envelope.style) == "flat"
    return place.path if flat else (dialect.envelope.data, *place.path)


def _put(message: Any, path: tuple[str, ...], value: Any) -> Any:
    """A copy with the value at the path; objects on the way are made where they are missing."""
    if not path:
        return value
    inside = message if isinstance(message, Mapping) else {}
    return {**inside, path[0]: _put(inside.get(path[0]), path[1:], value)}
