"""One message to one frame of a dialect, strictly.

Law: this module knows envelopes, tags and schemas, and judges each message by itself; it remembers nothing between
messages. What is wrong comes back as `Fault`, in the order text, object, tag, envelope, schema.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from wirecheck import schema, strict
from wirecheck.catalog.model import SENDERS, Dialect, Envelope, Level, Sender, Style
from wirecheck.strict import pointer_to, show
from wirecheck.variant import NOTHING, Fault, Variant

__all__ = ["Decoded", "Decoder", "Fault", "Variant"]

_SHOULD = frozenset({"duplicate-key", "lone-surrogate", "binary"})
_UNKNOWN_LEVEL: Mapping[str, Level] = {"report": "may", "reject": "must"}


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


_accept = strict.accept


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
        self._says = frozenset(variant.form.sender for variant in self.variants.values())
        """Of whose frames the document says anything. Of others nothing is known that a message could break: whatever
        it is, it is no worse than a frame of unknown tag."""

    def accept(self, text: str, sender: Sender, style: Style | None = None) -> Decoded | None:
        """The frame in `text` if there is nothing to report about it, else None; never a batch. Never explains."""
        fit = self.fit(text, sender, style)
        return None if fit is None else Decoded(*fit)

    def fit(
        self, text: str, sender: Sender, style: Style | None
    ) -> tuple[Variant, dict[str, Any], Mapping[str, Any], Style] | None:
        """The same as its parts: variant, message, payload, style. Most frames need no more than these."""
        message = _accept(text)
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
            style = variant.style
            if not variant.is_valid(message):
                return None
        elif not variant.valid[style](message):
            return None
        if self.closed and any(variant.extras(message, style)):
            return None
        return variant, message, message if style == "flat" else variant.payload(message, style), style

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
        decoded = self._read(parsed, faults, sender, style)
        if sender not in self._says and self.dialect.unknown != "reject":
            decoded.faults = tuple([replace(fault, level="may") for fault in decoded.faults])
        return decoded

    def _read(self, parsed: strict.Parsed, faults: list[Fault], sender: Sender, style: Style | None) -> Decoded:
        faults += [_fault(defect.code, defect.message, pointer=defect.pointer) for defect in parsed.defects]
        usual = style or self.dialect.envelope.style
        value = parsed.value
        if parsed.legible and not isinstance(value, dict):
            faults.append(_fault("not-object", f"{show(value)} is no JSON object", pointer=""))
        if not parsed.legible or not isinstance(value, dict):
            return Decoded(None, NOTHING, NOTHING, usual, tuple(faults), legible=False)
        variant = self._variant(value, sender)
        if variant is None:
            fault, legible = self._untagged(value, sender)
            return Decoded(None, value, NOTHING, usual, (*faults, *fault), legible=legible)
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
        stray = variant.stray(value, wanted)
        if stray is not None:
            actual: Style = "flat" if wanted == "nested" else "nested"
            return Decoded(variant, value, variant.payload(value, actual), actual, (*faults, stray))
        faults += variant.faults(value, wanted)
        return Decoded(variant, value, variant.payload(value, wanted), wanted, tuple(faults))


def _fault(code: str, message: str, *, pointer: str | None = None, frame: str | None = None) -> Fault:
    level: Level = "should" if code in _SHOULD else "must"
    general = re.sub(r"[0-9]+", "0", message)
    return Fault(
        code=code, level=level, message=message, frame=frame, pointer=pointer, cause=(code, frame or "", general)
    )
