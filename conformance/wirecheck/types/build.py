"""From a dialect to the types of its messages.

Law: pure. The one source of what is valid is the schema of each frame (`wirecheck.schema`); here its types are read
off it, and what they do not say is left as the frame's rest. So no language's code can know a frame otherwise than
the schemas do.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from wirecheck.catalog.linear import accepting
from wirecheck.catalog.model import SENDERS, Case, Dialect, Envelope, FrameForm, Sender
from wirecheck.schema import frame_schema, wire_style
from wirecheck.types.model import (
    Anything,
    Choice,
    Field,
    Flag,
    Frame,
    Items,
    Module,
    Nullable,
    Number,
    Record,
    Table,
    Text,
    Type,
    Union,
    Whole,
)
from wirecheck.types.naming import Names, pascal, words
from wirecheck.types.rest import rest_of

UNIONS: Final[Mapping[Sender, str]] = {"client": "ClientFrame", "server": "ServerFrame"}
UNKNOWN: Final = "UnknownFrame"
"""The type of a frame whose tag no document knows."""
_KEPT: Final = """
ClientFrame ServerFrame UnknownFrame Frame Frames DecodeError Json JsonValue JsonObject JsonArray JsonNode Extra
Any Anything Array ArrayList BigInt Boolean Box Bool Byte Bytes Char Character Class Cow Date Decimal Default
Dict Double Encode Decode Enum Err Error Exception Float Fn Function Generic HashMap Infinity Int Integer
Iterable Iterator List Literal Long Map Message Meta NaN Never None Nothing Nullable Number Object Ok Option
Optional Override Pair Partial Promise Proxy Range Record Reflect RegExp Required Result Self Sequence Serialize
Deserialize Set Short Some String Struct Symbol Text Thread Throwable Triple Tuple Type Unit Unset Value Vec
Void TypeError RangeError SyntaxError ReferenceError AggregateError ArithmeticError AssertionError
AttributeError BufferError EOFError Ellipsis FileExistsError FileNotFoundError ImportError IndexError
InterruptedError KeyError LookupError MemoryError NameError OSError OverflowError PermissionError RecursionError
RuntimeError RuntimeException StandardError SystemError TimeoutError UnicodeError ValueError Warning UserWarning
IllegalArgumentException Process Runtime System Module Package Event Request Response Buffer Node Document
Window Global
Annotated BeforeValidator Field KnownClientFrame KnownServerFrame Kinds Maybe Open Readonly TypeAlias UnsetType Whole
"""
RESERVED: Final = frozenset(_KEPT.split())
"""Names that one of the languages has built in, or that our own code in all of them uses."""


def module_of(dialect: Dialect, envelope: Envelope = "wire", senders: Iterable[Sender] = SENDERS) -> Module:
    """The types of a dialect's frames, of these senders, in one envelope. A sender without frames has no union."""
    maker = _Maker(names=Names(RESERVED))
    unions = []
    for sender in (sender for sender in SENDERS if sender in set(senders)):
        forms = [form for form in dialect.frames.values() if form.sender == sender]
        frames = tuple(_frame(dialect, form, envelope, maker) for form in forms)
        if frames:
            unions.append(Union(name=UNIONS[sender], sender=sender, frames=frames))
    return Module(
        dialect=dialect.name,
        title=dialect.title,
        source=dialect.source,
        envelope=envelope,
        tag=dialect.envelope.tag,
        unions=tuple(unions),
        records=tuple(maker.records),
        choices=tuple(maker.choices),
    )


def _frame(dialect: Dialect, form: FrameForm, envelope: Envelope, maker: _Maker) -> Frame:
    style = wire_style(dialect, form) if envelope == "wire" else envelope
    schema = frame_schema(dialect, form, style, embed=True)
    doc = str(schema.get("description", ""))
    shown = _with_cases(schema, form, dialect.envelope.data if style == "nested" else None)
    record = maker.record(shown, words(form.key), doc, frame=True, but=frozenset({dialect.envelope.tag}))
    given = frozenset() if form.tag is None else frozenset({dialect.envelope.tag})
    return Frame(
        key=form.key,
        tag=form.tag,
        record=record,
        rest=rest_of(schema, record, given=given),
        doc=doc,
        source=form.source,
    )


def _with_cases(schema: Mapping[str, Any], form: FrameForm, data: str | None) -> dict[str, Any]:
    """The schema with the members that only some cases document among the others: absent, or anything at all.

    A member that its own presence makes a case is of the type that the case gives it.
    """
    more: dict[str, Any] = {}
    for case in form.cases:
        for name, inner in (case.payload or {}).get("properties", {}).items():
            if more.get(name, inner) == inner and _is_own_case(case, name):
                more[name] = inner
            else:
                more[name] = {"description": f"In the case `{case.name}`: {_said(inner)}."}
    if data is None:
        return {**schema, "properties": _members(schema, more)}
    payload = schema["properties"].get(data)
    if not more or not isinstance(payload, Mapping):
        return dict(schema)
    inside = {**payload, "properties": _members(payload, more)}
    return {**schema, "properties": {**schema["properties"], data: inside}}


def _members(schema: Mapping[str, Any], more: Mapping[str, Any]) -> dict[str, Any]:
    """The schema's own members, and behind them those of `more` that it does not name."""
    own = schema.get("properties", {})
    return {**own, **{name: inner for name, inner in more.items() if name not in own}}


def _is_own_case(case: Case, name: str) -> bool:
    tests = [(test.at.place, test.at.path, test.test) for test in case.when]
    return tests == [("payload", (name,), "present")] and not case.unless


def _said(schema: Mapping[str, Any]) -> str:
    kinds = schema.get("type", "any")
    return " or ".join([kinds] if isinstance(kinds, str) else kinds)


@dataclass(slots=True, kw_only=True)
class _Maker:
    """Collects the named types of a module, parts before wholes."""

    names: Names
    records: list[Record] = field(default_factory=list)
    choices: list[Choice] = field(default_factory=list)

    def record(
        self,
        schema: Mapping[str, Any],
        called: tuple[str, ...],
        doc: str,
        *,
        frame: bool = False,
        but: frozenset[str] = frozenset(),
    ) -> Record:
        """An object's record; `but` are members that are no fields of it."""
        parts = (*called, "frame") if frame else called
        name = self.names.give(pascal(parts))
        required = set(schema.get("required", ()))
        fields = tuple(
            Field(
                wire=member,
                type=self.type(inner, (*called, *(words(member) or ("field",)))),
                required=member in required,
                doc=str(inner.get("description", "")) if isinstance(inner, Mapping) else "",
            )
            for member, inner in schema.get("properties", {}).items()
            if member not in but and _is_documented(inner)
        )
        made = Record(name=name, words=parts, doc=doc, fields=fields)
        self.records.append(made)
        return made

    def type(self, schema: Any, called: tuple[str, ...]) -> Type:
        """The type of a schema's values: it takes all that the schema accepts, and little more."""
        if not isinstance(schema, Mapping):
            return Anything()
        if "const" in schema or "enum" in schema:
            return self._listed(schema, called)
        kinds = schema.get("type")
        several = [kinds] if isinstance(kinds, str) else list(kinds or ())
        if "number" in several and "integer" in several:
            several.remove("integer")
        others = [kind for kind in several if kind != "null"]
        if len(others) != 1:
            return Anything()
        found = self._one(others[0], schema, called)
        return Nullable(found) if "null" in several else found

    def _one(self, kind: str, schema: Mapping[str, Any], called: tuple[str, ...]) -> Type:
        match kind:
            case "string":
                known = schema.get("examples", ())
                return Text(tuple(value for value in known if isinstance(value, str)))
            case "integer":
                return Whole()
            case "number":
                return Number()
            case "boolean":
                return Flag()
            case "array":
                return Items(self.type(schema.get("items", True), (*called, "item")))
        if schema.get("properties"):
            return self.record(schema, called, str(schema.get("description", "")))
        return Table(self.type(schema.get("additionalProperties", True), (*called, "value")))

    def _listed(self, schema: Mapping[str, Any], called: tuple[str, ...]) -> Type:
        """Strings are a choice, integers are integers; what is mixed is anything, and the rest knows what."""
        listed = [schema["const"]] if "const" in schema else list(schema["enum"])
        fits = accepting({word: value for word, value in schema.items() if word in ("type", "const", "enum")})
        valid = [value for value in listed if fits(value)]
        others = [value for value in valid if value is not None]
        found: Type = Anything()
        if others and all(isinstance(value, str) for value in others):
            found = Choice(self.names.give(pascal(called)), called, tuple(dict.fromkeys(others)))
            self.choices.append(found)
        elif others and all(type(value) is int and abs(value) < 2**63 for value in others):
            found = Whole()
        elif others and all(type(value) is bool for value in others):
            found = Flag()
        if isinstance(found, Anything) or None not in valid:
            return found
        return Nullable(found)


def _is_documented(schema: Any) -> bool:
    """Whether a member's schema says what it is, and not only that it is not there, or no object."""
    return isinstance(schema, Mapping) and set(schema) != {"not"}
