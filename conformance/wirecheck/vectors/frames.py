"""Frames that are valid, or that have one fault, for every variant in both envelopes.

Law: what a vector claims follows from how it was built, a catalog's example and one labelled change; no validator and
no schema generator is asked.
"""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator, Mapping, Sequence

from wirecheck.catalog.model import Case, Dialect, FrameForm, Style
from wirecheck.vectors.values import Value, good, known, wrong

Steps = tuple[str | int, ...]

STYLES: tuple[Style, ...] = ("flat", "nested")
NO_OBJECTS: tuple[tuple[str, Value], ...] = (
    ("an array", []),
    ("a string", "{}"),
    ("a number", 0),
    ("null", None),
    ("a boolean", True),
)
NO_TAGS: tuple[tuple[str, Value], ...] = (
    ("null", None),
    ("a number", 0),
    ("a boolean", True),
    ("an array", []),
    ("an object", {}),
    ("the empty string", ""),
)


def frame_vectors(dialect: Dialect) -> Iterator[dict[str, Value]]:
    """Each variant in both styles: first what is valid, then what has one fault.

    Raises `ValueError` for a dialect with a frame that is not `tabled`.
    """
    for form in dialect.frames.values():
        for style in STYLES:
            for description, message, pointer in frame_messages(dialect, form, style):
                yield {
                    "description": description,
                    "variant": form.key,
                    "from": form.sender,
                    "envelope": style,
                    "message": message,
                    "valid": pointer is None,
                    "pointer": pointer,
                }


def tabled(dialect: Dialect, form: FrameForm) -> bool:
    """Whether changes are known for everything that is asked of the frame, and it has an example to change."""
    header = dialect.envelope.header.get(form.sender, ())
    payloads = (form.payload, *(case.payload for case in form.cases))
    schemas = (*(one for one in payloads if one is not None), *(field.schema for field in header))
    return bool(form.examples) and all(map(known, schemas))


def frame_messages(dialect: Dialect, form: FrameForm, style: Style) -> Iterator[tuple[str, Value, str | None]]:
    """What each is in words, the message, and the pointer to its fault; None where it is valid.

    Words and messages are distinct. Raises `ValueError` for a frame that is not `tabled`.
    """
    if not tabled(dialect, form):
        raise ValueError(f"no changes are known for `{form.key}`")
    frame = _Frame(dialect, form, style)
    seen: set[str] = set()
    shown: set[str] = set()
    for description, message, pointer in (*frame.valid(), *frame.invalid()):
        text = json.dumps(message, sort_keys=True)
        if description in seen or text in shown:
            continue
        seen.add(description)
        shown.add(text)
        yield description, message, pointer


class _Frame:
    """One variant in one style, and the changes that keep or break it: (description, message, pointer or None)."""

    def __init__(self, dialect: Dialect, form: FrameForm, style: Style) -> None:
        self.form = form
        self.style = style
        self.tag, self.data = dialect.envelope.tag, dialect.envelope.data
        self.header = dialect.envelope.header.get(form.sender, ())
        self.payload = _plain(form.payload)
        self.place: Steps = (self.data,) if style == "nested" else ()
        others = {case.payload is not None for case in form.cases}
        self.cased = {c.at.path for case in form.cases for c in case.when + case.unless} if True in others else set()
        self.examples = [_plain(example) for example in form.examples]
        self.messages = [self.wrapped(example, style) for example in self.examples]

    def wrapped(self, example: Mapping[str, Value], style: Style) -> dict[str, Value]:
        head = {} if self.form.tag is None else {self.tag: self.form.tag}
        head |= {name[1:]: value for name, value in example.items() if name.startswith("@")}
        body = {name: value for name, value in example.items() if not name.startswith("@")}
        if style == "flat":
            return head | body
        return head | {self.data: body} if body or (self.payload or {}).get("required") else head

    def schemas(self, example: Mapping[str, Value]) -> Iterator[dict[str, Value]]:
        """The schemas that hold for an example's payload: the frame's own, and those of the cases that it meets."""
        yield self.payload
        for case in self.form.cases:
            if case.payload is not None and _meets(case, example):
                yield _plain(case.payload)

    def valid(self) -> Iterator[tuple[str, Value, None]]:
        for number, (example, message) in enumerate(zip(self.examples, self.messages, strict=True), 1):
            yield f"example {number}", message, None
            yield "a member that is not documented", message | {"x_vendor": {"a": [1, None]}}, None
            yield "two members that are not documented, one of them null", message | {"x_a": None, "x_b": "🙂"}, None
            if self.payload is None:
                yield from self.open_payload(message)
                continue
            if self.style == "nested":
                more = {**message.get(self.data, {}), "x_vendor": [1, "two"]}
                yield "a member that is not documented, beside the payload's own", message | {self.data: more}, None
                if not message.get(self.data):
                    yield "an empty payload", message | {self.data: {}}, None
            for field in self.header:
                if field.name in message and not field.required:
                    yield f"{field.name} is absent", _drop(message, (field.name,)), None
                for label, value in good(_plain(field.schema)):
                    yield f"{field.name} is {label}", message | {field.name: value}, None
            for schema in self.schemas(example):
                yield from self.kept(message, schema, self.place, "")
        yield from self.cases_kept()

    def open_payload(self, message: dict[str, Value]) -> Iterator[tuple[str, Value, None]]:
        """A frame that the document only names: whatever stands beside its tag is in order."""
        yield "a payload in the nested envelope", message | {self.data: {"x": 1}}, None
        yield "a payload beside the tag", message | {"x": 1, "y": {"z": [None]}}, None
        yield "a payload that is no object", message | {self.data: "x"}, None

    def kept(self, message: Value, schema: dict[str, Value], at: Steps, name: str) -> Iterator[tuple[str, Value, None]]:
        for member, inner in schema.get("properties", {}).items():
            steps, label = (*at, member), f"{name}{member}"
            optional = member not in schema.get("required", [])
            if steps[len(self.place) :] in self.cased:
                continue
            present = _has(message, steps)
            if optional and present:
                yield f"{label} is absent", _drop(message, steps), None
            for words, value in good(inner):
                yield f"{label} is {words}", _put(message, steps, value), None
            if not present:
                continue
            there = _get(message, steps)
            if isinstance(there, dict):
                extra = _put(message, (*steps, "x_vendor"), 1)
                yield f"{label} has a member that is not documented", extra, None
                yield from self.kept(message, inner, steps, f"{label}.")
            if isinstance(there, list) and "items" in inner:
                twice = _put(message, steps, [*there, *there])
                yield f"{label} holds its items twice", twice, None
                if there and isinstance(there[0], dict):
                    yield from self.kept(message, inner["items"], (*steps, 0), f"{label}[0].")

    def cases_kept(self) -> Iterator[tuple[str, Value, None]]:
        """A discriminator with another string than the one for which a further payload is documented."""
        for case in self.form.cases:
            for condition in case.when if case.payload is not None else ():
                steps = (*self.place, *condition.at.path)
                if condition.test == "const" and isinstance(condition.const, str) and _has(self.messages[0], steps):
                    message = _put(self.messages[0], steps, condition.const.upper() + "_2")
                    yield f"{'.'.join(condition.at.path)} is a string that makes no case", message, None

    def invalid(self) -> Iterator[tuple[str, Value, str]]:
        first = self.messages[0]
        for words, value in NO_OBJECTS:
            yield f"the message is {words}", value, ""
        if self.form.tag is not None:
            yield from self.bad_tags(first, self.form.tag)
        if self.payload is None:
            return
        yield from self.other_style()
        if self.style == "nested":
            for words, value in NO_OBJECTS:
                yield f"the payload is {words}", first | {self.data: value}, f"/{self.data}"
        for field in self.header:
            for words, value in wrong(_plain(field.schema)):
                yield f"{field.name} is {words}", first | {field.name: value}, f"/{field.name}"
        for example, message in zip(self.examples, self.messages, strict=True):
            for schema in self.schemas(example):
                yield from self.broken(message, schema, self.place, "")

    def bad_tags(self, message: dict[str, Value], tag: str) -> Iterator[tuple[str, Value, str]]:
        at = _pointer((self.tag,))
        yield "the tag is missing", _drop(message, (self.tag,)), ""
        yield "the tag is another", message | {self.tag: f"{tag}_2"}, at
        yield "the tag is in capitals", message | {self.tag: tag.upper()}, at
        yield "the tag has a space behind it", message | {self.tag: f"{tag} "}, at
        yield "the tag has a line feed behind it", message | {self.tag: f"{tag}\n"}, at
        yield "the tag lacks its last letter", message | {self.tag: tag[:-1]}, at
        for words, value in NO_TAGS:
            yield f"the tag is {words}", message | {self.tag: value}, at

    def other_style(self) -> Iterator[tuple[str, Value, str]]:
        """The same payload in the other envelope: something is lacking, or stands where nothing may."""
        for number, example in enumerate(self.examples, 1):
            body = {name: value for name, value in example.items() if not name.startswith("@")}
            needs = self.payload["required"]
            if self.style == "nested":
                message = self.wrapped(example, "flat")
                if body or needs:
                    at = "" if needs else _pointer((sorted(body)[0],))
                    yield f"example {number} beside the tag instead of in {self.data}", message, at
            elif self.data not in self.payload["properties"]:
                message = self.wrapped(example, "nested") | {self.data: body}
                at = "" if needs else _pointer((self.data,))
                yield f"example {number} in {self.data} instead of beside the tag", message, at

    def broken(
        self, message: Value, schema: dict[str, Value], at: Steps, name: str
    ) -> Iterator[tuple[str, Value, str]]:
        for member, inner in schema.get("properties", {}).items():
            steps, label = (*at, member), f"{name}{member}"
            if member in schema.get("required", []) and not self.chooses(steps):
                yield f"{label} is missing", _drop(message, steps), _pointer(at)
            for words, value in wrong(inner):
                yield f"{label} is {words}", _put(message, steps, value), _pointer(steps)
            there = _get(message, steps) if _has(message, steps) else None
            if isinstance(there, dict):
                yield from self.broken(message, inner, steps, f"{label}.")
            if isinstance(there, list) and "items" in inner:
                for words, value in wrong(inner["items"]):
                    last = (*steps, len(there))
                    yield f"{label} has an item that is {words}", _put(message, steps, [*there, value]), _pointer(last)
                if there and isinstance(there[0], dict):
                    yield from self.broken(message, inner["items"], (*steps, 0), f"{label}[0].")

    def chooses(self, steps: Steps) -> bool:
        """Whether a case depends on the member and nothing else asks for it: without it the case does not hold."""
        path = steps[len(self.place) :]
        return path in self.cased and path[0] not in self.payload["required"]


def _meets(case: Case, example: Mapping[str, Value]) -> bool:
    held = {}
    for condition in case.when + case.unless:
        steps = condition.at.path if condition.at.place == "payload" else (f"@{condition.at.path[0]}",)
        there = _has(example, steps)
        same = there and _get(example, steps) == condition.const
        held[id(condition)] = {"absent": not there, "present": there, "const": same}[condition.test]
    unless = bool(case.unless) and all(held[id(condition)] for condition in case.unless)
    return all(held[id(condition)] for condition in case.when) and not unless


def _plain(value: Value) -> Value:
    if isinstance(value, Mapping):
        return {name: _plain(member) for name, member in value.items()}
    return [_plain(item) for item in value] if isinstance(value, list | tuple) else value


def _get(value: Value, steps: Sequence[str | int]) -> Value:
    for step in steps:
        value = value[step]
    return value


def _has(value: Value, steps: Sequence[str | int]) -> bool:
    for step in steps:
        if isinstance(value, dict) and step not in value:
            return False
        if not isinstance(value, dict | list):
            return False
        value = _get(value, (step,))
    return True


def _put(message: Value, steps: Steps, value: Value) -> Value:
    """A copy with `value` at `steps`; objects on the way are made where there are none."""
    changed = copy.deepcopy(message)
    inner = changed
    for step in steps[:-1]:
        inner = inner.setdefault(step, {}) if isinstance(inner, dict) else inner[step]
    inner[steps[-1]] = value
    return changed


def _drop(message: Value, steps: Steps) -> Value:
    changed = copy.deepcopy(message)
    del _get(changed, steps[:-1])[steps[-1]]
    return changed


def _pointer(steps: Steps) -> str:
    return "".join("/" + str(step).replace("~", "~0").replace("/", "~1") for step in steps)
