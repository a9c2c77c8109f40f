"""What the code of every language is asked: messages, and what must become of each.

Law: pure but for the reading of fixtures. An expectation comes from a vector's label or from a validator of JSON
Schema, never from a language.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any, Final, Literal

from wirecheck.catalog import Dialect
from wirecheck.catalog.linear import accepting
from wirecheck.catalog.model import Envelope, Sender
from wirecheck.errors import UsageError
from wirecheck.fuzz.bulk import Meant, lines
from wirecheck.fuzz.choice import choices, labelled
from wirecheck.schema import frame_schema, wire_style
from wirecheck.types import module_of
from wirecheck.types.model import Frame, Items, Module, Nullable, Record, Table, Type, Union, Whole

UNKNOWN: Final = "UnknownFrame"
SURE_IN_DOUBLES: Final = 2**53
Excuse = Literal["beyond 2^53", "beyond 64 bits", "no integer's text", "beyond doubles"]
EXCUSES: Final[frozenset[Excuse]] = frozenset({"beyond 64 bits", "no integer's text", "beyond doubles"})
"""Of every language."""
OF_DOUBLES: Final[frozenset[Excuse]] = EXCUSES | {"beyond 2^53"}
"""Of JavaScript, all of whose numbers are doubles."""
TRIED: Final = 10
"""Lines that are read of the fuzzer for one that all languages must answer alike."""
NONE: Final[frozenset[Excuse]] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One message for a module's decoder. `variant` is the type's name if it must be taken, None if it must not.

    Where `strict` is false and `variant` is None, it may be taken too, but must then be unknown or not valid.
    `excuses`: why a language may refuse what is valid, or write a number that is only as near as a double.
    """

    module: str
    sender: Sender
    strict: bool
    text: str
    variant: str | None
    origin: str
    excuses: frozenset[Excuse] = frozenset()

    def asked(self) -> str:
        members = {"module": self.module, "sender": self.sender, "strict": self.strict, "text": self.text}
        return json.dumps(members)


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """A dialect in one envelope, under the name of the module that is made of it."""

    name: str
    dialect: Dialect
    envelope: Envelope
    module: Module

    @classmethod
    def of(cls, dialect: Dialect, envelope: Envelope) -> Subject:
        name = f"{dialect.name}_{envelope}"
        return cls(name=name, dialect=dialect, envelope=envelope, module=module_of(dialect, envelope))

    def frame(self, key: str) -> Frame:
        return next(frame for frame in self.module.frames if frame.key == key)


def vectors(subject: Subject, folder: Path) -> Iterator[Case]:
    """The vectors of a dialect in this envelope, and of each valid one what forward compatibility promises."""
    for vector in json.loads((folder / subject.dialect.name / "frames.json").read_text(encoding="utf-8")):
        if vector["envelope"] != subject.envelope:
            continue
        frame, message, sender = subject.frame(vector["variant"]), vector["message"], vector["from"]
        variant = frame.record.name if vector["valid"] else None
        origin = f"{vector['variant']}: {vector['description']}"
        yield _case(subject, sender, message, variant, origin)
        yield _case(subject, sender, message, variant, f"{origin}, not strictly", strict=False)
        if vector["valid"]:
            yield from _of_the_future(subject, frame, sender, message)


def _of_the_future(subject: Subject, frame: Frame, sender: Sender, message: Any) -> Iterator[Case]:
    """The message under a tag that nobody knows: kept as it is, or refused by who is strict."""
    if frame.tag is None:
        return
    tags = {one.tag for one in subject.module.frames}
    tag = next(word for word in ("x.unheard_of", "y.unheard_of") if word not in tags)
    unheard = message | {subject.module.tag: tag}
    yield _case(subject, sender, unheard, UNKNOWN, "a tag that nobody knows", strict=False)
    yield _case(subject, sender, unheard, None, "a tag that nobody knows, strictly")


def _case(
    subject: Subject, sender: Sender, message: Any, variant: str | None, origin: str, *, strict: bool = True
) -> Case:
    kind = next((one.record for one in subject.module.frames if one.record.name == variant), None)
    return Case(
        module=subject.name,
        sender=sender,
        strict=strict,
        text=json.dumps(message, ensure_ascii=strict),  # letters as they are, and as escapes
        variant=variant,
        origin=origin,
        excuses=excuses(kind, message),
    )


def fuzzed(subject: Subject, seed: int, *, count: int) -> Iterator[Case]:
    """`count` messages as `wirecheck fuzz` writes them, half of them faulty, judged strictly by the schemas of their
    sender; fewer where no message of any frame is known, or none can be made faulty."""
    judge = _Judge(subject)
    for invalid in (False, True):
        try:
            found = choices(subject.dialect, None, subject.envelope, None)
            labels = labelled(subject.dialect, found, None) if invalid else tuple((one, (None,)) for one in found)
            meant = [Meant(form=one.form, style=one.style, defect=label) for one, each in labels for label in each]
            made = map(judge.case, map(json.loads, islice(lines(subject.dialect, meant, seed), TRIED * count)))
            yield from islice(filter(None, made), -(-count // 2))
        except UsageError:
            continue


class _Judge:
    """Which frame of its sender a text is, by the documents' schemas."""

    def __init__(self, subject: Subject) -> None:
        self._subject = subject
        self._unions = {union.sender: union for union in subject.module.unions}
        self._schemas = {}
        for key, form in subject.dialect.frames.items():
            style = wire_style(subject.dialect, form) if subject.envelope == "wire" else subject.envelope
            self._schemas[key] = accepting(frame_schema(subject.dialect, form, style, embed=True))

    def case(self, line: dict[str, Any]) -> Case | None:
        """A line of the fuzzer as a case; None where languages may differ: bytes that are no text, members that are
        repeated, halves of surrogate pairs, and what is too large or too deep."""
        if "text" not in line or line.get("code") in ("duplicate-key", "lone-surrogate", "too-large", "too-deep"):
            return None
        text, origin = line["text"], f"{line['frame']}: {line.get('defect', 'valid')}"
        union = self._unions[line["from"]]
        try:
            message = json.loads(text, parse_constant=_refused)
        except ValueError:
            message, frame = None, None
        else:
            frame = _frame_of(self._subject.module, union, message)
        taken = frame is not None and self._schemas[frame.key](message)
        return Case(
            module=self._subject.name,
            sender=union.sender,
            strict=True,
            text=text,
            variant=frame.record.name if frame is not None and taken else None,
            origin=f"fuzzed {origin}",
            excuses=excuses(frame.record if frame is not None else None, message),
        )


def _refused(word: str) -> Any:
    raise ValueError(f"{word} is no JSON")


def _frame_of(module: Module, union: Union, message: Any) -> Frame | None:
    if not isinstance(message, dict):
        return None
    if not union.tagged or module.tag not in message:
        return union.untagged
    tag = message[module.tag]
    return next((frame for frame in union.tagged if frame.tag == tag and isinstance(tag, str)), None)


def excuses(kind: Type | None, value: Any) -> frozenset[Excuse]:
    """Why a language may take this value otherwise than a validator does: its numbers."""
    if isinstance(value, dict):
        fields = {field.wire: field.type for field in kind.fields} if isinstance(kind, Record) else {}
        below = kind.of if isinstance(kind, Table) else None
        return NONE.union(*(excuses(fields.get(name, below), inner) for name, inner in value.items()))
    if isinstance(value, list):
        below = kind.of if isinstance(kind, Items) else None
        return NONE.union(*(excuses(below, inner) for inner in value))
    if isinstance(value, bool) or not isinstance(value, int | float):
        return NONE
    found = _of_number(kind.of if isinstance(kind, Nullable) else kind, value)
    return NONE if found is None else frozenset({found})


def _of_number(kind: Type | None, value: int | float) -> Excuse | None:
    try:
        if abs(float(value)) == float("inf"):
            return "beyond doubles"
    except OverflowError:
        return "beyond doubles"
    if isinstance(value, float):
        return "no integer's text" if isinstance(kind, Whole) and value == int(value) else None
    if not -(2**63) <= value < 2**63:
        return "beyond 64 bits"
    return "beyond 2^53" if abs(value) > SURE_IN_DOUBLES else None
