"""One message to one frame of a dialect, strictly.

Law: this module knows envelopes, tags and schemas, and judges each message by itself; it remembers nothing between
messages. What is wrong comes back as `Fault`, in the order text, object, tag, envelope, schema.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import jsonschema_rs
from jsonschema import Draft202012Validator
from jsonschema.exceptions import ValidationError

from wirecheck import schema, strict
from wirecheck.catalog.model import BASIS_LEVEL, SENDERS, Dialect, Envelope, FrameForm, Level, Sender, Style
from wirecheck.strict import pointer_to, show

_NOTHING: Mapping[str, Any] = {}
_SHOULD = frozenset({"duplicate-key", "lone-surrogate", "binary"})
_UNKNOWN_LEVEL: Mapping[str, Level] = {"report": "may", "reject": "must"}


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
        "_explain",
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
        schemas = {name: schema.frame_schema(dialect, form, name) for name in ("flat", "nested")}
        self.valid: dict[str, Callable[[Any], bool]] = {
            name: jsonschema_rs.Draft202012Validator(value, validate_formats=False).is_valid
            for name, value in schemas.items()
        }
        self.is_valid = self.valid[style]
        self._explain = {name: Draft202012Validator(value) for name, value in schemas.items()}

    def payload(self, message: Mapping[str, Any], style: Style) -> Mapping[str, Any]:
        """The object that holds the payload; empty where it is absent or no object."""
        if style == "flat":
            return message
        data = message.get(self.data)
        return data if isinstance(data, dict) else _NOTHING

    def shown_style(self, message: dict[str, Any]) -> Style | None:
        """The style that the message shows beyond doubt: it is valid in one and not in the other."""
        flat, nested = (self.valid[style](message) for style in ("flat", "nested"))
        if flat == nested:
            return None
        return "flat" if flat else "nested"

    def strays_from(self, message: dict[str, Any], style: Style) -> str | None:
        """Why the message wears the other envelope than `style`, or None if it does not."""
        documented = self._documented()
        if self.form.payload is None:
            return None
        data = message.get(self.data)
        beside = [name for name in documented if name in message and name != self.data]
        if style == "nested":
            if beside and not isinstance(data, dict):
                return f"payload field {show(beside[0])} stands beside the tag instead of in {show(self.data)}"
            return None
        if not isinstance(data, dict) or self.data in documented or beside:
            return None
        if not documented or any(name in data for name in documented):
            return f"the payload lies in {show(self.data)} instead of beside the tag"
        return None

    def errors(self, message: dict[str, Any], style: Style) -> Iterator[ValidationError]:
        """Every independent violated leaf of the schema, in the order of the message."""
        found = sorted(self._explain[style].iter_errors(message), key=lambda e: [str(step) for step in e.absolute_path])
        seen: set[tuple[str, str]] = set()
        for error in found:
            key = (pointer_to(list(error.absolute_path)), error.message)
            if key not in seen:
                seen.add(key)
                yield error

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


class Decoded:
    """What one message turned out to be. `variant` is None where it is illegible or of unknown tag."""

    __slots__ = ("faults", "legible", "message", "payload", "style", "variant")

    def __init__(
        self,
        variant: Variant | None,
        message: Mapping[str, Any],
        payload: Mapping[str, Any],
        style: Style,
        faults: tuple[Fault, ...] = (),
        legible: bool = True,
    ) -> None:
        self.variant = variant
        self.message = message
        self.payload = payload
        self.style = style
        self.faults = faults
        self.legible = legible


class Decoder:
    """Decodes the messages of one dialect. Stateless but for what it compiled; safe to share."""

    def __init__(self, dialect: Dialect, *, envelope: Envelope = "wire", closed: bool = False) -> None:
        self.dialect = dialect
        self.closed = closed
        self._tag = dialect.envelope.tag
        self._tagged: dict[Sender, dict[str, Variant]] = {sender: {} for sender in SENDERS}
        self._tagless: dict[Sender, Variant | None] = dict.fromkeys(SENDERS)
        for form in dialect.frames.values():
            style = schema.wire_style(dialect, form) if envelope == "wire" else envelope
            variant = Variant(dialect, form, style, closed=closed)
            if form.tag is None:
                self._tagless[form.sender] = variant
            else:
                self._tagged[form.sender][form.tag] = variant
        self.variants: dict[str, Variant] = {
            variant.form.key: variant
            for sender in SENDERS
            for variant in (*self._tagged[sender].values(), self._tagless[sender])
            if variant is not None
        }

    def accept(self, text: str, sender: Sender, style: Style | None = None) -> Decoded | None:
        """The frame in `text` if there is nothing to report about it, else None; never a batch. Never explains."""
        message = strict.accept(text)
        if message is None:
            return None
        tag = message.get(self._tag)
        variant = self._tagged[sender].get(tag) if type(tag) is str else None
        if variant is None:
            variant = self._variant(message, sender)
            if variant is None:
                return None
        if variant.contains:
            return None
        if style is None:
            wanted = variant.style
            if not variant.is_valid(message):
                return None
        else:
            wanted = style
            if not variant.valid[style](message):
                return None
        if self.closed and any(variant.extras(message, wanted)):
            return None
        return Decoded(variant, message, message if wanted == "flat" else variant.payload(message, wanted), wanted)

    def explain(
        self, body: str | bytes, sender: Sender, *, binary: bool = False, style: Style | None = None
    ) -> Decoded:
        """Judge the bytes or text of one message, with everything that is wrong with it."""
        faults = []
        if binary:
            faults.append(_fault("binary", "sent as a binary message; the frames are JSON text"))
        return self._judged(strict.explain(body), faults, sender, style)

    def explain_value(self, value: Any, sender: Sender, *, style: Style | None = None) -> Decoded:
        """Judge a message of which only the JSON value is known (a hand-written capture, an item of a batch)."""
        return self._judged(strict.assess(value), [], sender, style)

    def shown_style(self, text: str | bytes, sender: Sender) -> Style | None:
        """The envelope style that a message shows beyond doubt, whichever is expected."""
        parsed = strict.explain(text)
        return self.value_style(parsed.value, sender) if parsed.legible else None

    def value_style(self, value: Any, sender: Sender) -> Style | None:
        """The same of a message of which only the JSON value is known."""
        variant = self._variant(value, sender) if isinstance(value, dict) else None
        return None if variant is None else variant.shown_style(value)

    def _variant(self, message: dict[str, Any], sender: Sender) -> Variant | None:
        tagged = self._tagged[sender]
        tag = message.get(self._tag)
        if tagged and type(tag) is str:
            return tagged.get(tag)
        if not tagged or self._tag not in message:
            return self._tagless[sender]
        return None

    def _judged(self, parsed: strict.Parsed, faults: list[Fault], sender: Sender, style: Style | None) -> Decoded:
        faults += [_fault(defect.code, defect.message, pointer=defect.pointer) for defect in parsed.defects]
        usual = style or self.dialect.envelope.style
        value = parsed.value
        if parsed.legible and not isinstance(value, dict):
            faults.append(_fault("not-object", f"{show(value)} is no JSON object", pointer=""))
        if not parsed.legible or not isinstance(value, dict):
            return Decoded(None, _NOTHING, _NOTHING, usual, tuple(faults), legible=False)
        variant = self._variant(value, sender)
        if variant is None:
            fault, legible = self._untagged(value, sender)
            return Decoded(None, value, _NOTHING, usual, (*faults, *fault), legible=legible)
        return self._fitted(variant, value, faults, style)

    def _untagged(self, value: dict[str, Any], sender: Sender) -> tuple[tuple[Fault, ...], bool]:
        tag = value.get(self._tag)
        if not isinstance(tag, str):
            there = f"its {show(self._tag)} is {show(tag)}, not a string" if self._tag in value else "it has none"
            pointer = pointer_to((self._tag,)) if self._tag in value else ""
            return (_fault("no-tag", f"no frame without a tag in {show(self._tag)}: {there}", pointer=pointer),), False
        if self.dialect.unknown == "ignore":
            return (), True
        other = self._tagged["client" if sender == "server" else "server"]
        hint = f"; only the {'client' if sender == 'server' else 'server'} sends it" if tag in other else ""
        fault = Fault(
            code="unknown-tag",
            level=_UNKNOWN_LEVEL[self.dialect.unknown],
            message=f"tag {show(tag)} is not documented for the {sender}{hint}",
            frame=tag,
            pointer=pointer_to((self._tag,)),
            cause=("unknown-tag", tag),
        )
        return (fault,), True

    def _fitted(self, variant: Variant, value: dict[str, Any], faults: list[Fault], style: Style | None) -> Decoded:
        wanted = style or variant.style
        label = variant.label
        stray = variant.strays_from(value, wanted)
        if stray is not None:
            actual: Style = "flat" if wanted == "nested" else "nested"
            message = f"{stray}; the documented envelope is {wanted}"
            pointer = "" if wanted == "nested" else pointer_to((variant.data,))
            fault = _fault("wrong-envelope", message, pointer=pointer, frame=label)
            return Decoded(variant, value, variant.payload(value, actual), actual, (*faults, fault))
        level = BASIS_LEVEL[variant.form.basis]
        promise = f"{variant.form.basis}: {variant.form.source}"
        for error in variant.errors(value, wanted):
            steps, message = _leaf(error)
            cause = (
                "schema",
                label,
                _general(steps),
                str(error.validator),
                message if error.validator == "required" else "",
            )
            text = f"{message} ({promise})"
            pointer = pointer_to(steps)
            faults.append(Fault(code="schema", level=level, message=text, frame=label, pointer=pointer, cause=cause))
        if self.closed:
            for extra in variant.extras(value, wanted):
                message = f"member {show(extra[-1])} is not documented ({promise})"
                cause = ("extra-field", label, _general(extra), "", "")
                faults.append(
                    Fault(
                        code="extra-field",
                        level=level,
                        message=message,
                        frame=label,
                        pointer=pointer_to(extra),
                        cause=cause,
                    )
                )
        return Decoded(variant, value, variant.payload(value, wanted), wanted, tuple(faults))


def _fault(code: str, message: str, *, pointer: str | None = None, frame: str | None = None) -> Fault:
    level: Level = "should" if code in _SHOULD else "must"
    return Fault(code=code, level=level, message=message, frame=frame, pointer=pointer, cause=(code, frame or ""))


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
