"""Invalid frames, each with one labelled defect.

Law: a closed list of defects; a frame of the catalog, a label and a source in, one message out that has that defect and
no other, or, where it would leave the frame valid, the reason. Nothing here judges what a peer does with it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from wirecheck.catalog.model import Dialect, FrameForm, Sender, Style
from wirecheck.errors import UsageError
from wirecheck.sample import misframed, mistext, misvalued
from wirecheck.sample.breaches import TYPES
from wirecheck.sample.sites import ground_of
from wirecheck.sample.source import PLAIN, Source
from wirecheck.sample.spelling import spelled

REMEMBERED: Final = 2_048


@dataclass(frozen=True, slots=True, kw_only=True)
class Defect:
    """One way to be wrong. `code` is what a checker reports for it; one that is `huge` is made only when it is asked
    for by name."""

    name: str
    says: str
    code: str
    huge: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class InvalidFrame:
    """A message with one defect. `frame` is the catalog's key of what it would be without it.

    `pointer` is where the defect lies, as a JSON pointer into the message: of a field that is missing, the object that
    lacks it, else the value's own place; None where there is no such place. `body` as text may go out as it is; as
    bytes it is a `binary` message, or, if not `binary`, a text message whose bytes are not UTF-8.
    """

    dialect: str
    frame: str
    sender: Sender
    envelope: Style
    defect: str
    pointer: str | None
    says: str
    body: str | bytes
    binary: bool


def _schema(name: str, says: str) -> Defect:
    return Defect(name=name, says=says, code="schema")


DEFECTS: Final[tuple[Defect, ...]] = (
    _schema("missing-field", "A required field is missing."),
    *(_schema(f"type-{kind}", f"A field is of the type {kind}, which its schema leaves out.") for kind in TYPES),
    _schema("enum", "A value is none of those that are listed."),
    _schema("const", "A value is not the only one that is allowed."),
    _schema("pattern", "A text does not hold its pattern."),
    _schema("minimum", "A number is below its bound."),
    _schema("maximum", "A number is above its bound."),
    _schema("exclusive-minimum", "A number is at or below its bound."),
    _schema("exclusive-maximum", "A number is at or above its bound."),
    _schema("multiple-of", "A number is no multiple."),
    _schema("min-length", "A text is too short."),
    _schema("max-length", "A text is too long."),
    _schema("min-items", "An array has too few items."),
    _schema("max-items", "An array has too many items."),
    _schema("unique-items", "An array holds an item twice."),
    _schema("any-of", "A value fits none of its alternatives."),
    _schema("one-of", "A value fits none of its alternatives, or more than one."),
    _schema("additional-property", "An object has a field that its schema excludes."),
    Defect(name="tag-missing", says="The tag is missing.", code="no-tag"),
    Defect(name="tag-unknown", says="The tag is that of no frame of the sender.", code="unknown-tag"),
    Defect(name="tag-null", says="The tag is null.", code="no-tag"),
    Defect(name="tag-boolean", says="The tag is true or false.", code="no-tag"),
    Defect(name="tag-number", says="The tag is a number.", code="no-tag"),
    Defect(name="tag-array", says="The tag is an array.", code="no-tag"),
    Defect(name="tag-object", says="The tag is an object.", code="no-tag"),
    Defect(name="other-envelope", says="The frame wears the other envelope.", code="wrong-envelope"),
    _schema("field-at-wrong-level", "A field of the payload lies on the other level."),
    _schema("header-in-payload", "A field of the header lies in the payload."),
    _schema("number-too-large", "A number beyond every double breaks its bound."),
    Defect(name="not-object", says="The message is no object.", code="not-object"),
    Defect(name="truncated", says="The message ends in the middle.", code="not-json"),
    Defect(name="empty", says="The message is empty.", code="not-json"),
    Defect(name="trailing-comma", says="A comma stands before a closing bracket.", code="not-json"),
    Defect(name="two-frames", says="The message holds two frames.", code="not-json"),
    Defect(name="control-character", says="A control character stands in a string.", code="not-json"),
    Defect(name="nan", says="NaN or Infinity stands for a value.", code="not-json"),
    Defect(name="duplicate-key", says="A member stands twice in its object.", code="duplicate-key"),
    Defect(name="bad-utf8", says="The bytes are not UTF-8.", code="not-utf8"),
    Defect(name="lone-surrogate", says="A string holds half of a surrogate pair.", code="lone-surrogate"),
    Defect(name="bom", says="A byte order mark stands before the text.", code="not-json"),
    Defect(name="binary", says="The message is binary.", code="binary"),
    Defect(name="too-deep", says="The message is nested too deeply.", code="too-deep"),
    Defect(name="too-large", says="The message is too large.", code="too-large", huge=True),
)
BY_NAME: Final[Mapping[str, Defect]] = {defect.name: defect for defect in DEFECTS}

_reasons: dict[tuple[int, int, Style], tuple[Dialect, FrameForm, Mapping[str, str]]] = {}


def inapplicable(dialect: Dialect, form: FrameForm, style: Style) -> Mapping[str, str]:
    """The defects that this frame cannot have in this style, each with the reason, in the order of `DEFECTS`."""
    key = (id(dialect), id(form), style)
    known = _reasons.get(key)
    if known is not None and known[0] is dialect and known[1] is form:
        return known[2]
    reasons = {}
    for name in BY_NAME:
        made = _made(dialect, form, style, name, PLAIN)
        if isinstance(made, str):
            reasons[name] = made
    _reasons[key] = (dialect, form, reasons)
    while len(_reasons) > REMEMBERED:
        del _reasons[next(iter(_reasons))]
    return reasons


def applicable(dialect: Dialect, form: FrameForm, style: Style) -> tuple[str, ...]:
    """The defects that this frame can have in this style, without those that are huge."""
    reasons = inapplicable(dialect, form, style)
    return tuple(defect.name for defect in DEFECTS if defect.name not in reasons and not defect.huge)


def invalid(dialect: Dialect, form: FrameForm, style: Style, defect: str, source: Source) -> InvalidFrame:
    """A frame in a style with the defect. Raises `UsageError` for a label that is unknown or inapplicable there."""
    if defect not in BY_NAME:
        raise UsageError(f"no defect is called `{defect}`; there are {', '.join(BY_NAME)}")
    made = _made(dialect, form, style, defect, source)
    if isinstance(made, str):
        raise UsageError(
            f"`{form.key}` in the {style} envelope cannot have the defect {defect}: {made}; choose another of the two"
        )
    return InvalidFrame(
        dialect=dialect.name,
        frame=form.key,
        sender=form.sender,
        envelope=style,
        defect=defect,
        pointer=made.pointer,
        says=made.says,
        body=made.body if isinstance(made, mistext.Mistyped) else spelled(made.message, source),
        binary=isinstance(made, mistext.Mistyped) and made.binary,
    )


def _made(
    dialect: Dialect, form: FrameForm, style: Style, defect: str, source: Source
) -> misvalued.Faulty | mistext.Mistyped | str:
    ground = ground_of(dialect, form, style)
    if defect in mistext.LABELS:
        return mistext.mistyped(ground, defect, source)
    if defect in misframed.LABELS:
        return misframed.misframed(ground, defect, source)
    return misvalued.misvalued(ground, defect, source)
