"""The classes of Kotlin: frames, objects in them, and enumerations.

Law: a record or a choice in, the lines of its declaration out. Whatever is not documented is kept in a further
property, behind all others.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from wirecheck.types.jvm import divided
from wirecheck.types.kotlin_layout import HARD, assigned, called, code, kdoc, literal, markup, pieces
from wirecheck.types.model import (
    Anything,
    Choice,
    Field,
    Flag,
    Frame,
    Items,
    Nullable,
    Number,
    Record,
    Table,
    Text,
    Type,
    Whole,
)
from wirecheck.types.naming import Names, camel, screaming, words
from wirecheck.types.patterns import with_patterns

CONSTANTS: Final = 1_000
"""Of an enumeration, or values in one function, which has 64 KB at most."""
_KEPT: Final = ("class", "FORM", "VARIANT", "REST")
_SCALARS: Final = {Text: "String", Whole: "Long", Number: "Double", Flag: "Boolean", Anything: "JsonElement"}
_FORMS: Final = {Text: "TEXT", Whole: "WHOLE", Number: "NUMBER", Flag: "FLAG", Anything: "ANYTHING"}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Property:
    """A property of a class: its declaration, what is said of it, and how it is read and written."""

    name: str
    declared: str
    about: str
    read: tuple[str, list[str]]
    write: tuple[str, list[str]] | None
    """The call of the writer; none for a part of a class, which is written whole."""


def record_lines(record: Record, frame: Frame | None, sender: str, tag: str, taken: Names) -> list[list[str]]:
    """The declarations of a record and of the parts of one that is divided. `tag`: the tag member."""
    first, *others = divided(record, taken)
    made = [_record(first, frame, sender, tag, others[0].name if others else None)]
    for number, part in enumerate(others):
        made.append(_part(part, others[number + 1].name if number + 1 < len(others) else None))
    return made


def _record(record: Record, frame: Frame | None, sender: str, tag: str, more: str | None) -> list[str]:
    names = Names(_KEPT)
    properties = _properties(record, names, more)
    extra = names.give("extra")
    out = names.give("out")
    name = record.name
    texts = [markup(record.doc) or f"An object of {code(' '.join(record.words))}."]
    if frame:
        where = f", documented under {code(frame.source)}" if frame.source not in ("", frame.key) else ""
        texts += [f"Frame {code(frame.key)}{where}."]
    tags = [*(f"@property {one.name} {one.about}" for one in properties), f"@property {extra} members not documented"]
    lines = [*kdoc(0, texts, tags), f"data class {name}("]
    lines += [
        *(f"    {one.declared}," for one in properties),
        f"    val {extra}: Map<String, JsonElement> = emptyMap(),",
    ]
    lines += [f") : {sender} {{" if frame else ") {"]
    lines += ["    override fun toJson(): JsonObject {" if frame else "    internal fun toJson(): JsonObject {"]
    lines += [f"        val {out} = Out()"]
    if frame and frame.tag is not None:
        lines += called(8, f"{out}.tag", [literal(tag), literal(frame.tag)])
    lines += [*_written(properties, out), f"        return {out}.with({extra})", "    }", ""]
    if frame and frame.rest is not True:
        lines += ["    override fun validate(): String? = Wire.problem(REST, ::toJson)", ""]
    lines += ["    internal companion object {"]
    if frame and frame.rest is not True:
        lines += assigned(8, "private val REST", "Rest", pieces(json.dumps(with_patterns(frame.rest, "java")), 100))
    lines += assigned(8, "val FORM", "Form", ["::read", f"{name}::toJson"])
    if frame:
        check = "Wire.ANY" if frame.rest is True else "REST"
        lines += assigned(8, "val VARIANT", "Variant", ["::read", check])
    lines += ["", "        private fun read(", "            value: JsonElement,", "            at: Path,"]
    lines += [f"        ): {name} {{", "            val members = In(value, at)"]
    lines += called(12, "members.tag", [literal(tag)]) if frame is not None and frame.tag is not None else []
    lines += [f"            return {name}("]
    lines += _read(properties, 16)
    return [*lines, f"                {extra} = members.others(),", "            )", "        }", "    }", "}"]


def _part(record: Record, more: str | None) -> list[str]:
    """A part of a record that has too many fields for a constructor."""
    names = Names(_KEPT)
    properties = _properties(record, names, more)
    out = names.give("out")
    name = record.name
    return [
        *kdoc(0, [markup(record.doc)], [f"@property {one.name} {one.about}" for one in properties]),
        f"data class {name}(",
        *(f"    {one.declared}," for one in properties),
        ") {",
        f"    internal fun into({out}: Out) {{",
        *_written(properties, out),
        "    }",
        "",
        "    internal companion object {",
        f"        fun from(members: In): {name} =",
        f"            {name}(",
        *_read(properties, 16),
        "            )",
        "    }",
        "}",
    ]


def choice_lines(choice: Choice) -> list[str]:
    """An enumeration; of very many values a class, since they would be too much for the code of one."""
    name = choice.name
    head = kdoc(0, [f"One of the values of {code(' '.join(choice.words))}."], ["@property wire the value in a message"])
    form = assigned(8, "val FORM", "Wire.choice", ["VALUES", f"{name}::wire"])
    if len(choice.values) > CONSTANTS:
        groups = [choice.values[at : at + CONSTANTS] for at in range(0, len(choice.values), CONSTANTS)]
        lines = [*head, f"class {name} private constructor(", "    val wire: String,", ") {"]
        lines += ["    override fun toString(): String = wire", "", "    companion object {"]
        lines += [f"        private val VALUES = LinkedHashMap<String, {name}>()", "", "        init {"]
        lines += [*(f"            values{number}()" for number, _ in enumerate(groups)), "        }", ""]
        lines += [f"        internal {line.strip()}" if line.startswith("        val") else line for line in form]
        lines += ["", *kdoc(8, ["One of the values."], ["@throws IllegalArgumentException for any other text"])]
        lines += [f"        fun of(wire: String): {name} = requireNotNull(VALUES[wire]) {{ wire }}", ""]
        lines += ["        private fun add(wire: String) {", f"            VALUES[wire] = {name}(wire)", "        }"]
        for number, group in enumerate(groups):
            lines += ["", f"        private fun values{number}() {{"]
            lines += [f"            add({literal(value)})" for value in group]
            lines += ["        }"]
        return [*lines, "    }", "}"]
    names = Names(("WIRE", "ENTRIES", "FORM", "VALUES"))
    listed = [(names.give(screaming(words(value) or ("value",)), mark="_"), value) for value in choice.values]
    lines = [*head, f"enum class {name}(", "    val wire: String,", ") {"]
    lines += [f"    {constant}({literal(value)})," for constant, value in listed]
    lines += ["    ;", "", "    internal companion object {"]
    return [*lines, "        private val VALUES = entries.associateBy { it.wire }", *form, "    }", "}"]


def _properties(record: Record, names: Names, more: str | None) -> list[_Property]:
    made = [_property(field, names) for field in record.fields]
    if more:
        name = names.give("more")
        about = "further members, for which a constructor has no places"
        declared, read = f"val {name}: {more}", (f"{more}.from", ["members"])
        made.append(_Property(name=name, declared=declared, about=about, read=read, write=None))
    return made


def _property(field: Field, names: Names) -> _Property:
    null = isinstance(field.type, Nullable)
    kind, form = type_name(field.type), form_of(field.type)
    name = names.give(camel(words(field.wire) or ("field",)))
    shown = f"`{name}`" if name in HARD else name
    if field.required:
        word, declared = "required", f"val {shown}: {kind}"
    elif null:
        word, declared = "member", f"val {shown}: Member<{kind}> = Member.Absent"
    else:
        word, declared = "optional", f"val {shown}: {kind}? = null"
    return _Property(
        name=shown,
        declared=declared,
        about=_about(field, word, null),
        read=(f"members.{word}", [literal(field.wire), form]),
        write=(word, [literal(field.wire), form, shown]),
    )


def _read(properties: Sequence[_Property], indent: int) -> list[str]:
    lines: list[str] = []
    for one in properties:
        lines += assigned(indent, one.name, *one.read)
        lines[-1] += ","
    return lines


def _written(properties: Sequence[_Property], out: str) -> list[str]:
    lines: list[str] = []
    for one in properties:
        if one.write is None:
            lines += [f"        {one.name}.into({out})"]
        else:
            lines += called(8, f"{out}.{one.write[0]}", one.write[1])
    return lines


def type_name(kind: Type) -> str:
    match kind:
        case Choice(name=name) | Record(name=name):
            return name
        case Items(of=inner):
            return f"List<{type_name(inner)}>"
        case Table(of=inner):
            return f"Map<String, {type_name(inner)}>"
        case Nullable(of=inner):
            return f"{type_name(inner)}?"
    return _SCALARS[type(kind)]


def form_of(kind: Type) -> str:
    """What reads and writes the type's values."""
    match kind:
        case Choice(name=name) | Record(name=name):
            return f"{name}.FORM"
        case Items(of=inner):
            return f"Wire.list({form_of(inner)})"
        case Table(of=inner):
            return f"Wire.table({form_of(inner)})"
        case Nullable(of=inner):
            return f"Wire.nullable({form_of(inner)})"
    return f"Wire.{_FORMS[type(kind)]}"


def _about(field: Field, word: str, null: bool) -> str:
    states = {
        "required": "; null in Kotlin is null in JSON" if null else "",
        "optional": "; null if it is absent",
        "member": "; it may be absent, and it may be null",
    }[word]
    kind = field.type.of if isinstance(field.type, Nullable) else field.type
    known = kind.known if isinstance(kind, Text) else ()
    said = f"{code(field.wire)}{states}." + (f" {markup(field.doc)}" if field.doc else "")
    return said + (f" Known values: {', '.join(map(code, known))}." if known else "")
