"""What a message says to the oracle: its frame, its roles, its names.

Law: reads messages and the catalog's values, for `oracle`. Judges nothing, and knows nothing of the streaming checker.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from wirecheck.catalog.model import Case, Dialect, FrameForm, Locator
from wirecheck.record import Message

Key = tuple[Any, ...]
"""The names of a span in the order of its kind's keys. A name is a pair (type, value); None is a hole."""


@dataclass(slots=True, kw_only=True, eq=False)
class Frame:
    """One readable frame. `known` is false for a tag that the dialect does not document."""

    line: int
    sender: str
    number: int = 0
    known: bool = False
    is_: set[str] = field(default_factory=set)
    may: set[str] = field(default_factory=set)
    form: FrameForm | None = None
    message: dict[str, Any] = field(default_factory=dict)
    payload: dict[str, Any] = field(default_factory=dict)
    items: list[Any] = field(default_factory=list)
    keys: dict[str, Key] = field(default_factory=dict)  # by span kind, once they were asked for


MISSING = object()


def read(message: Message) -> Any:
    """The JSON value of a message, or MISSING where it cannot be read."""
    if message.has_value:
        return message.value
    try:
        text = message.body if isinstance(message.body, str) else message.body.decode("utf-8")
        return json.loads(text, parse_constant=_no_constant)
    except ValueError:
        return MISSING


def _no_constant(name: str) -> Any:
    raise ValueError(name)


def frame_of(dialect: Dialect, value: Any, sender: str, line: int) -> Frame | None:
    """The frame in a message's value, or None where it cannot be read."""
    if not isinstance(value, dict):
        return None
    forms = [form for form in dialect.frames.values() if form.sender == sender]
    tagless = [form for form in forms if form.tag is None]
    tag = value.get(dialect.envelope.tag)
    if len(tagless) == len(forms) and tagless:
        chosen = tagless
    elif isinstance(tag, str):
        chosen = [form for form in forms if form.tag == tag]
        if not chosen:
            return Frame(line=line, sender=sender)
    elif dialect.envelope.tag not in value and tagless:
        chosen = tagless
    else:
        return None
    form = chosen[0]
    style = form.wire or dialect.envelope.style
    payload = value if style == "flat" else value.get(dialect.envelope.data)
    frame = Frame(line=line, sender=sender, known=True, form=form, message=value)
    frame.payload = payload if isinstance(payload, dict) else {}
    frame.is_ = set(form.roles)
    frame.may = set(form.may)
    for case in form.cases:
        whether = {case_holds(case, frame, null_is_there=there) for there in (True, False)}
        if True in whether:
            (frame.may if False in whether else frame.is_).update(case.roles)
            frame.may.update(case.may)
    frame.may -= frame.is_
    if form.contains is not None:
        items = walk(frame.payload, form.contains)
        frame.items = items if isinstance(items, list) else []
    return frame


def walk(value: Any, path: Sequence[str]) -> Any:
    for step in path:
        if not isinstance(value, dict) or step not in value:
            return MISSING
        value = value[step]
    return value


def at(frame: Frame, locator: Locator) -> Any:
    """What the frame carries at a place in its payload or header."""
    return walk(frame.payload if locator.place == "payload" else frame.message, locator.path)


def case_holds(case: Case, frame: Frame, *, null_is_there: bool) -> bool:
    """No document lets a null stand where a condition asks whether anything does: so there it is a fault."""

    def holds(condition: Any) -> bool:
        there = at(frame, condition.at)
        if there is None and not null_is_there:
            there = MISSING
        if condition.test == "absent":
            return there is MISSING
        if condition.test == "present":
            return there is not MISSING
        return type(there) is type(condition.const) and bool(there == condition.const)

    return all(map(holds, case.when)) and not (case.unless and all(map(holds, case.unless)))


def scalar(value: Any) -> tuple[str, Any] | None:
    """A value that may count as a name: strings, integers and booleans do, and true is not 1."""
    if type(value) in (str, int, bool):
        return (type(value).__name__, value)
    return None


def agree(one: Key, other: Key) -> bool:
    return all(a is None or b is None or a == b for a, b in zip(one, other, strict=True))


def full(key: Key) -> bool:
    return None not in key


def words(value: Any) -> set[str]:
    """An option of a rule that is one word, several, or none."""
    if value is None:
        return set()
    return {value} if isinstance(value, str) else set(value)


# What the catalog says of all its frames.


def roles_of(form: FrameForm) -> set[str]:
    """Every role that a frame of this form plays or may play."""
    roles = {*form.roles, *form.may}
    for case in form.cases:
        roles |= {*case.roles, *case.may}
    return roles


def senders_of(dialect: Dialect, role: str) -> set[str]:
    """Who may send a frame with this role, certainly or not."""
    return {form.sender for form in dialect.frames.values() if role in roles_of(form)}


def brackets_of(dialect: Dialect) -> list[str]:
    return [kind for kind, form in dialect.spans.items() if form.subtrace]


def occurs_in_replays(dialect: Dialect, kind: str) -> bool:
    """Its keys include a bracket's, and no frame of the bracket opens or closes it."""
    form = dialect.spans[kind]
    for bracket in brackets_of(dialect):
        around = dialect.spans[bracket]
        own = [frame for frame in dialect.frames.values() if {around.open, around.close} & roles_of(frame)]
        if set(around.keys) <= set(form.keys) and not any({form.open, form.close} & roles_of(frame) for frame in own):
            return True
    return False


def ends_namelessly(dialect: Dialect, kind: str) -> bool:
    """Spans of the kind may be open unseen, and a frame that ends one need not say which."""
    form = dialect.spans[kind]
    undescribed = [frame for frame in dialect.frames.values() if frame.payload is None]
    return form.opened == "anywhere" and bool(form.keys) and any(form.close in frame.roles for frame in undescribed)


def url_values(dialect: Dialect, url: str | None) -> tuple[dict[str, str], dict[str, str]]:
    """What the URL gives: query parameters, and the parts of the path that the dialect names."""
    if url is None:
        return {}, {}
    parts = urlsplit(url)
    query = {name: values[0] for name, values in parse_qs(parts.query, keep_blank_values=True).items()}
    path: dict[str, str] = {}
    wanted = (dialect.connect.path or "").strip("/").split("/")
    there = parts.path.strip("/").split("/")
    if len(wanted) == len(there):
        pairs = list(zip(wanted, there, strict=True))
        if all(one.startswith("{") or one == other for one, other in pairs):
            path = {one[1:-1]: unquote(other) for one, other in pairs if one.startswith("{")}
    return query, path
