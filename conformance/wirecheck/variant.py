"""One kind of frame, ready to judge messages: its validators in both envelopes, and what is wrong with a message.

Law: knows one frame of the catalog and the JSON value of one message, and nothing of text, tags of other frames or
connections.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, Any

from wirecheck import schema
from wirecheck.catalog.linear import accepting, explaining
from wirecheck.catalog.model import BASIS_LEVEL, Dialect, FrameForm, Level, Style
from wirecheck.strict import pointer_to, show

if TYPE_CHECKING:
    from jsonschema import Draft202012Validator
    from jsonschema.exceptions import ValidationError

MAX_FAULTS = 100
"""Violated leaves, or undocumented members, named in one message; further ones of the same message say nothing new."""

NOTHING: Mapping[str, Any] = {}


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """One thing wrong with a message, not yet placed in a connection. `cause` is what equal faults share."""

    code: str
    level: Level
    message: str
    frame: str | None = None
    pointer: str | None = None
    cause: tuple[str, ...] = ()


class Variant:
    """A frame form ready for use: its validators in both styles, and where to look for what."""

    __slots__ = (
        "_explaining",
        "_schemas",
        "closed",
        "contains",
        "data",
        "envelope",
        "form",
        "is_valid",
        "key",
        "label",
        "style",
        "tag",
        "valid",
    )

    def __init__(self, dialect: Dialect, form: FrameForm, style: Style, *, closed: bool) -> None:
        self.form = form
        self.key = form.key
        self.contains = form.contains is not None
        self.style = style
        self.closed = closed
        self.envelope = dialect.envelope
        self.tag = dialect.envelope.tag
        self.data = dialect.envelope.data
        self.label = form.tag if form.tag is not None else form.key
        self._schemas = {name: schema.frame_schema(dialect, form, name) for name in ("flat", "nested")}
        self.valid: dict[str, Callable[[Any], bool]] = {name: accepting(value) for name, value in self._schemas.items()}
        self.is_valid = self.valid[style]
        self._explaining: dict[str, Draft202012Validator] = {}

    def payload(self, message: Mapping[str, Any], style: Style) -> Mapping[str, Any]:
        """The object that holds the payload; empty where it is absent or no object."""
        if style == "flat":
            return message
        data = message.get(self.data)
        return data if isinstance(data, dict) else NOTHING

    def shown_style(self, message: dict[str, Any]) -> Style | None:
        """The style that the message shows beyond doubt: it is valid in one and not in the other."""
        try:
            flat, nested = (self.valid[style](message) for style in ("flat", "nested"))
        except UnicodeEncodeError:
            return None  # a lone surrogate is no text to the validator, so nothing is beyond doubt
        if flat == nested:
            return None
        return "flat" if flat else "nested"

    def stray(self, message: dict[str, Any], style: Style) -> Fault | None:
        """What shows that the message wears the other envelope than `style`, if anything does.

        The fault is of level must, except for a frame whose envelope departs from its dialect's: then only an example
        says which it is.
        """
        documented = self._documented()
        if self.form.payload is None:
            return None
        data = message.get(self.data)
        beside = [name for name in documented if name in message and name != self.data]
        if style == "nested":
            if not beside or isinstance(data, dict):
                return None
            member, text = (
                beside[0],
                f"payload field {show(beside[0])} stands beside the tag instead of in {show(self.data)}",
            )
        else:
            if not isinstance(data, dict) or self.data in documented or beside:
                return None
            required = self.form.payload.get("required", ())
            if required and not any(name in data for name in documented):
                return None
            member, text = self.data, f"the payload lies in {show(self.data)} instead of beside the tag"
        return Fault(
            code="wrong-envelope",
            level="must" if self.form.wire is None else BASIS_LEVEL[self.form.basis],
            message=f"{text}; the documented envelope is {style}",
            frame=self.label,
            pointer=pointer_to((member,)),
            cause=("wrong-envelope", self.label),
        )

    def faults(self, message: dict[str, Any], style: Style) -> Iterator[Fault]:
        """What the schema forbids, and with `closed` what the document does not know; at most `MAX_FAULTS` of each."""
        level = BASIS_LEVEL[self.form.basis]
        promise = f"{self.form.basis}: {self.form.source}"
        items = () if self.form.contains is None else (*(() if style == "flat" else (self.data,)), *self.form.contains)
        for error in self.errors(message, style):
            steps, text = _leaf(error)
            if items and len(steps) > len(items) and steps[: len(items)] == items:
                continue  # the items of a batch are judged as the frames that they are
            missing = text if error.validator == "required" else ""
            yield Fault(
                code="schema",
                level=level,
                message=f"{text} ({promise})",
                frame=self.label,
                pointer=pointer_to(steps),
                cause=("schema", self.label, _general(steps), str(error.validator), missing),
            )
        for extra in islice(self.extras(message, style), MAX_FAULTS) if self.closed else ():
            yield Fault(
                code="extra-field",
                level=level,
                message=f"member {show(extra[-1])} is not documented ({promise})",
                frame=self.label,
                pointer=pointer_to(extra),
                cause=("extra-field", self.label, _general(extra), "", ""),
            )

    def errors(self, message: dict[str, Any], style: Style) -> Iterator[ValidationError]:
        """Every independent violated leaf of the schema, in the order of the message."""
        if self._is_accepted(message, style):
            return
        if style not in self._explaining:
            self._explaining[style] = explaining(self._schemas[style])
        every = islice(self._explaining[style].iter_errors(message), MAX_FAULTS)
        found = sorted(every, key=lambda e: [str(step) for step in e.absolute_path])
        seen: set[tuple[str, str]] = set()
        for error in found:
            key = (pointer_to(list(error.absolute_path)), error.message)
            if key not in seen:
                seen.add(key)
                yield error

    def _is_accepted(self, message: dict[str, Any], style: Style) -> bool:
        try:
            return self.valid[style](message)
        except UnicodeEncodeError:
            return False  # a lone surrogate is no text to the quick validator

    def extras(self, message: Mapping[str, Any], style: Style) -> Iterator[tuple[Any, ...]]:
        """Steps to every member that the document does not know."""
        if self.form.payload is None:
            return
        names = {field.name for field in self.envelope.header.get(self.form.sender, ())} | {self.tag}
        if self.form.tag is None:
            names.discard(self.tag)
        if style == "flat":
            names |= set(self._documented())
        else:
            names.add(self.data)
        for name in message:
            if name not in names:
                yield (name,)
        above = () if style == "flat" else (self.data,)
        payload = self.payload(message, style)
        forms = [self.form.payload, *(case.payload for case in self.form.cases if case.payload is not None)]
        for steps in _unknown(payload, forms):
            if style == "flat" and len(steps) == 1:
                continue
            yield (*above, *steps)

    def _documented(self) -> dict[str, Any]:
        forms = [self.form.payload, *(case.payload for case in self.form.cases)]
        return {name: value for form in forms if form for name, value in form.get("properties", {}).items()}


def _unknown(value: Any, forms: list[Mapping[str, Any]], steps: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Members below `value` that no form lists; a form without `properties` leaves its object open."""
    if isinstance(value, list):
        below = [form["items"] for form in forms if isinstance(form.get("items"), dict)]
        for index, item in enumerate(value) if below else ():
            yield from _unknown(item, below, (*steps, index))
    if not isinstance(value, dict):
        return
    closed = [form for form in forms if "properties" in form]
    if steps and (not closed or len(closed) < len(forms)):
        return
    for name, item in value.items():
        below = [form["properties"][name] for form in closed if name in form["properties"]]
        if not below:
            yield (*steps, name)
        else:
            yield from _unknown(item, below, (*steps, name))


def _general(steps: tuple[Any, ...]) -> str:
    """The pointer with array positions left out, so that equal faults in different items are one cause."""
    return pointer_to(["*" if isinstance(step, int) else step for step in steps])


def _leaf(error: ValidationError) -> tuple[tuple[Any, ...], str]:
    """Where the violated leaf lies, and what was expected and found there."""
    steps = tuple(error.absolute_path)
    value: Any = error.instance
    wanted: Any = error.validator_value
    match error.validator:
        case "required":
            missing = [name for name in wanted if name not in value]
            name = next((name for name in missing if error.message.startswith(repr(name))), missing[0])
            return steps, f"required member {show(name)} is missing"
        case "type":
            names = wanted if isinstance(wanted, str) else " or ".join(wanted)
            return steps, f"expected {names}, got {show(value)}"
        case "const":
            return steps, f"expected {show(wanted)}, got {show(value)}"
        case "enum":
            return steps, f"expected one of {', '.join(show(option) for option in wanted)}, got {show(value)}"
        case "pattern":
            return steps, f"{show(value)} does not match the pattern {wanted}"
        case None:
            return steps, f"{show(value)} may not stand here"
        case keyword:
            return steps, f"{show(value)} breaks {keyword} {show(wanted)}"
