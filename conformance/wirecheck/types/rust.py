"""Rust, with serde and serde_json, and `regex` where a dialect has patterns.

Law: a pure function of a module to files, laid out as rustfmt leaves them. What is the same for every dialect is source
in `runtime/rust`; a sender's frames are an enum of structs, an absent member and null are each a `None`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from importlib.resources import files
from typing import Any, Final

from wirecheck.types.build import RESERVED
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
from wirecheck.types.naming import Names, pascal, screaming, snake, words
from wirecheck.types.patterns import has_patterns, with_patterns
from wirecheck.types.prose import GENERATED, about, about_frame, plain
from wirecheck.types.rust_layout import ARGUMENTS, WIDTH, arm, comment, member_name, quoted, raw, variant_name

_MARK: Final = f"// @{GENERATED[0].lower()}{GENERATED[1:]}\n"
_OURS: Final = """
Reader Writer Mode Rest FromJson SerializeMap BTreeMap LazyLock From Into Clone Copy Debug PartialEq Eq Hash Drop Send
Sync Sized Iterator ToString ToOwned Ord PartialOrd FnOnce FnMut AsRef AsMut TryFrom TryInto FromStr Deserializer
Serializer IntoIterator FromIterator Extend DoubleEndedIterator ExactSizeIterator Self
"""
_NO_FIELDS: Final = ("self", "super", "crate", "extra", "_")
_ALLOWED: Final = """\
#![allow(dead_code)] // a program need not use all of it
#![allow(clippy::enum_variant_names, clippy::struct_field_names)]
#![allow(clippy::doc_markdown, clippy::option_option, clippy::too_many_lines)]
#![allow(clippy::large_enum_variant, clippy::struct_excessive_bools)]
"""
_DERIVED: Final = "#[derive(Clone, Debug, PartialEq)]\n"
_EXPORTED: Final = "\npub use wire::{DecodeError, Mode, UnknownFrame};\n"
_COMPACT: Final[Mapping[str, Any]] = {"ensure_ascii": False, "separators": (",", ":")}
_READ: Final = "    fn read(from: &mut Reader<'_>) -> Result<Self, DecodeError> {\n"
_WRITE: Final = "    fn write<M: SerializeMap>(&self, to: &mut Writer<M>) -> Result<(), M::Error> {\n"

_SERIALIZE: Final = "    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {\n"


def emit(module: Module, package: str) -> dict[str, str]:
    """A module's folder: `mod.rs` and `wire.rs`, and `rest.rs` where types do not say everything.

    The folder is called as its user wants it, so `package` is nowhere in it.
    """
    made = {"mod.rs": _Source(module).text(), "wire.rs": _runtime("wire.rs")}
    if module.checked:
        patterns = any(has_patterns(frame.rest) for frame in module.frames)
        between = "" if patterns else r"begin\n.*?// patterns: "
        source = re.sub(rf"[ \t]*// patterns: {between}(begin|end)\n", "", _runtime("rest.rs"), flags=re.DOTALL)
        members = "schema, patterns" if patterns else "schema"
        made["rest.rs"] = re.sub(r"Self {\n\s+schema,\s+(patterns,\s+)?}", f"Self {{ {members} }}", source)
    return made


def _runtime(file: str) -> str:
    return _MARK + files("wirecheck.types").joinpath("runtime", "rust", file).read_text("utf-8")


class _Source:
    """The text of `mod.rs`."""

    def __init__(self, module: Module) -> None:
        self.module = module
        names = Names(RESERVED.union(_OURS.split()))
        named: tuple[Record | Choice, ...] = (*module.records, *module.choices)
        self.types = {kind.name: names.give(kind.name) for kind in named}
        self.frames = {frame.record.name: frame for frame in module.frames}
        statics = Names({"TAG"})
        self.rests = {
            frame.record.name: statics.give(f"{screaming(frame.record.words)}_REST", mark="_")
            for frame in module.frames
            if frame.rest is not True
        }

    def text(self) -> str:
        module = self.module
        if not module.unions:
            allowed = "#![allow(unused)] // there are no frames\n"
            return "".join((_MARK, *self._about(), "\n", allowed, "\nmod wire;\n", _EXPORTED))
        head = [_MARK, *self._about(), "\n", _ALLOWED, "\n", *self._uses()]
        parts = ["".join(head), f"const TAG: &str = {quoted(module.tag)};\n"]
        for union in module.unions:
            parts += self._union(union)
        for choice in module.choices:
            parts += self._choice(choice)
        for record in module.records:
            parts += self._record(record, self.frames.get(record.name))
        named = "".join(f"    {self.types[record.name]}\n" for record in module.records)
        unions = "".join(f"    {union.name}\n" for union in module.unions)
        parts += [f"wire::unions! {{\n{unions}}}\n", f"wire::records! {{\n{named}}}\n"]
        rests = "".join(
            f"    {self.rests[frame.record.name]} = {raw(json.dumps(with_patterns(frame.rest, 'rust'), **_COMPACT))};\n"
            for frame in module.frames
            if frame.rest is not True
        )
        return "\n".join([*parts, f"rest::rests! {{\n{rests}}}\n"] if rests else parts)

    def _about(self) -> Iterator[str]:
        for place, paragraph in enumerate(about(self.module)):
            yield "//!\n" if place else ""
            yield from comment(paragraph, "//!")
        yield "//!\n"
        yield from comment(
            "`Option` is a member that may be absent, or null where the member is required; of `Option<Option<T>>` the "
            "outer one is absence and the inner one is null. Members that are not documented are kept in `extra`.",
            "//!",
        )

    def _uses(self) -> Iterator[str]:
        kinds = [field.type for record in self.module.records for field in record.fields]
        seen = {type(inner) for kind in kinds for inner in _within(kind)}
        table, checked = Table in seen, bool(self.rests)
        yield "use std::collections::BTreeMap;\n" * table + "use std::sync::LazyLock;\n" * checked
        yield "\n" * (table or checked)
        yield "use serde::de::Error as _;\nuse serde::ser::SerializeMap;\n"
        yield "use serde::{Deserialize, Deserializer, Serialize};\n"
        yield f"use serde_json::{{Map, {'Number, ' * (Number in seen)}Value}};\n\n"
        yield "mod rest;\n" * checked + "mod wire;\n\n" + "use rest::Rest;\n" * checked
        tagged = any(union.tagged for union in self.module.unions)
        yield "use wire::{FromJson, Reader, Record, Writer};\n"
        yield _EXPORTED if tagged else _EXPORTED.replace(", UnknownFrame", "")  # which would be unused

    def _union(self, union: Union) -> Iterator[str]:
        name, scope = union.name, Names({"Self", "Unknown"})
        variants = [(scope.give(pascal(frame.record.words[:-1])), frame) for frame in union.frames]
        every = [(variant, self.types[frame.record.name]) for variant, frame in variants]
        every += [("Unknown", "UnknownFrame")] if union.tagged else []
        listed = "".join(f"    {variant}({kind}),\n" for variant, kind in every)
        yield f"/// A frame that the {union.sender} sends.\n{_DERIVED}pub enum {name} {{\n{listed}}}\n"
        checks = {variant: self.rests[frame.record.name] for variant, frame in variants if frame.rest is not True}
        yield "".join(
            (f"impl {name} {{\n", *self._methods(union, bool(checks)), "\n", *self._of(union, variants, checks), "}\n")
        )
        arms = "".join(arm(f"Self::{variant}(frame)", "frame.serialize(serializer)") for variant, _ in every)
        yield f"impl Serialize for {name} {{\n{_SERIALIZE}        match self {{\n{arms}        }}\n    }}\n}}\n"
        for variant, frame in variants:
            kind = self.types[frame.record.name]
            yield (
                f"impl From<{kind}> for {name} {{\n    fn from(frame: {kind}) -> Self {{\n"
                f"        Self::{variant}(frame)\n    }}\n}}\n"
            )

    def _methods(self, union: Union, checked: bool) -> Iterator[str]:
        yield (
            f"    /// Reads a message of the {union.sender}.\n    ///\n    /// # Errors\n    ///\n"
            "    /// If the text is no JSON, or not what is documented, as far as the mode asks.\n"
            "    pub fn decode(text: &str, mode: Mode) -> Result<Self, DecodeError> {\n"
            "        Self::of(&wire::parse(text)?, mode)\n    }\n\n"
            "    /// The text of the frame.\n    ///\n    /// # Errors\n    ///\n"
            "    /// If an extra member has the name of a documented one.\n"
            "    pub fn encode(&self) -> Result<String, DecodeError> {\n"
            "        wire::text_of(self)\n    }\n\n"
            "    /// Whether the frame is as documented where types do not say it: bounds, patterns, cases.\n    ///\n"
            "    /// # Errors\n    ///\n    /// With the first thing that is not.\n"
            "    pub fn validate(&self) -> Result<(), DecodeError> {\n"
        )
        said = "self.check(&wire::value_of(self)?)" if checked else "wire::value_of(self).map(drop)"
        yield f"        {said}\n    }}\n"

    def _of(self, union: Union, variants: list[tuple[str, Frame]], checks: dict[str, str]) -> Iterator[str]:
        """How a frame is found, and checked."""
        mode = "mode" if union.tagged or checks else "_"
        opening = f"    fn of(value: &Value, {mode}: Mode) -> Result<Self, DecodeError> {{\n"
        read = "Self::{}(FromJson::from_json(value)?)".format
        if union.tagged:
            tags = [f"Some({quoted(frame.tag)})" if frame.tag is not None else "None" for _, frame in variants]
            arms = [arm(tag, read(variant)) for tag, (variant, _) in zip(tags, variants, strict=True)]
            unknown = arm("tag", "Self::Unknown(wire::unknown(value, TAG, tag, mode)?)")
            found = f"match wire::tag_of(value, TAG)? {{\n{''.join(arms)}{unknown}        }}"
        else:
            found = read(variants[0][0])
        if not checks:
            yield f"{opening}        Ok({found})\n    }}\n"
            return
        yield (
            f"{opening}        let frame = {found};\n"
            "        if mode == Mode::Strict {\n            frame.check(value)?;\n        }\n"
            "        Ok(frame)\n    }\n\n"
            "    fn check(&self, value: &Value) -> Result<(), DecodeError> {\n        match self {\n"
        )
        yield from (arm(f"Self::{variant}(_)", f"{rest}.check(value)") for variant, rest in checks.items())
        others = [variant for variant, _ in variants if variant not in checks] + ["Unknown"] * bool(union.tagged)
        if others:
            yield arm("_" if len(others) > 1 else f"Self::{others[0]}(_)", "Ok(())")
        yield "        }\n    }\n"

    def _choice(self, choice: Choice) -> Iterator[str]:
        name, scope = self.types[choice.name], Names({"Self"})
        values = [(scope.give(variant_name(value)), value) for value in choice.values]
        listed = "".join(f"    {variant},\n" for variant, _ in values)
        yield (
            "/// One of a few strings; no other is documented.\n"
            f"#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]\npub enum {name} {{\n{listed}}}\n"
        )
        shown = "".join(arm(f"Self::{variant}", quoted(value)) for variant, value in values)
        yield (
            f"impl {name} {{\n    /// The string as it is in messages.\n    #[must_use]\n"
            f"    pub fn as_str(self) -> &'static str {{\n        match self {{\n{shown}        }}\n    }}\n}}\n"
        )
        read = "".join(arm(f"Some({quoted(value)})", f"Ok(Self::{variant})") for variant, value in values)
        wrong = arm("_", 'Err(DecodeError::expected("a documented string", value))')
        yield (
            f"impl FromJson for {name} {{\n    fn from_json(value: &Value) -> Result<Self, DecodeError> {{\n"
            f"        match value.as_str() {{\n{read}{wrong}        }}\n    }}\n}}\n"
        )
        yield f"impl Serialize for {name} {{\n{_SERIALIZE}        serializer.serialize_str(self.as_str())\n    }}\n}}\n"

    def _record(self, record: Record, frame: Frame | None) -> Iterator[str]:
        name, scope = self.types[record.name], Names(_NO_FIELDS)
        named = [(member_name(scope.give(snake(words(field.wire) or ("field",)))), field) for field in record.fields]
        said = about_frame(frame) if frame else (record.doc or "An object in a frame.",)
        yield "".join(
            (
                *comment(" ".join(said), "///"),
                f"{_DERIVED}pub struct {name} {{\n",
                *(line for member, field in named for line in self._field(member, field)),
                "    /// Members that are not documented.\n    pub extra: Map<String, Value>,\n}\n",
            )
        )
        tag = quoted(frame.tag) if frame and frame.tag is not None else None
        bare = (
            frame is not None and tag is None and any(frame in one.frames and one.tagged for one in self.module.unions)
        )
        yield "".join(
            (
                f"impl Record for {name} {{\n{_READ}",
                f"        from.tag(TAG, {tag})?;\n" if tag else "        from.without(TAG)?;\n" * bare,
                "        Ok(Self {\n",
                *(f"            {member}: from.{_how(field)}({quoted(field.wire)})?,\n" for member, field in named),
                "            extra: from.others(),\n        })\n    }\n\n",
                _WRITE,
                f"        to.required(TAG, {tag})?;\n" if tag else "        to.without(TAG);\n" * bare,
                *(_written(member, field) for member, field in named),
                "        to.others(&self.extra)\n    }\n}\n",
            )
        )

    def _field(self, member: str, field: Field) -> Iterator[str]:
        said = [] if member == field.wire else [f"The member `{plain(field.wire)}`."]
        said += [field.doc] if plain(field.doc) else []
        if isinstance(field.type, Text) and field.type.known:
            listed = ", ".join(f"`{plain(value)}`" for value in field.type.known)
            said.append(f"Any string; known so far: {listed}.")
        yield from comment(" ".join(said), "    ///")
        kind = self.type(field.type)
        line = f"    pub {member}: {kind if field.required else f'Option<{kind}>'},\n"
        yield line if len(line) <= WIDTH + 1 else line.replace(": ", ":\n        ", 1)

    def type(self, kind: Type) -> str:
        """A type's name in Rust."""
        match kind:
            case Anything():
                return "Value"
            case Text():
                return "String"
            case Whole():
                return "i64"
            case Number():
                return "Number"
            case Flag():
                return "bool"
            case Items(of=inner):
                return f"Vec<{self.type(inner)}>"
            case Table(of=inner):
                return f"BTreeMap<String, {self.type(inner)}>"
            case Nullable(of=inner):
                return f"Option<{self.type(inner)}>"
            case Choice(name=name) | Record(name=name):
                return self.types[name]


def _within(kind: Type) -> Iterator[Type]:
    yield kind
    if isinstance(kind, Items | Table | Nullable):
        yield from _within(kind.of)


def _how(field: Field) -> str:
    return "required" if field.required else "optional"


def _written(member: str, field: Field) -> str:
    value = f"&self.{member}" if field.required else f"self.{member}.as_ref()"
    given = f"{quoted(field.wire)}, {value}"
    line = f"        to.{_how(field)}({given})?;\n"
    if len(line) <= WIDTH + 1 and len(given) <= ARGUMENTS:
        return line
    return f"        to.{_how(field)}(\n            {quoted(field.wire)},\n            {value},\n        )?;\n"
