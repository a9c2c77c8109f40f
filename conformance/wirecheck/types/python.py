"""Python with msgspec structs: a struct for each object, and a union of them for each sender.

Law: a pure function of a module of types. What a struct cannot hold, the members that nobody documents, lies in its
field `extra`.
"""

from __future__ import annotations

from wirecheck.errors import UsageError
from wirecheck.types import pythonic
from wirecheck.types.model import (
    Anything,
    Field,
    Flag,
    Frame,
    Module,
    Nullable,
    Number,
    Record,
    Text,
    Type,
    Whole,
)
from wirecheck.types.prose import about_frame

_SIMPLE = {Anything: "Any", Text: "str", Whole: "Whole", Number: "float | int", Flag: "bool"}
_EXTRA = "(others)"


def emit(module: Module, package: str) -> dict[str, str]:
    """The files of the package: `__init__.py`, which is for users, and what it needs.

    Raises `UsageError` for a member with a name that no struct can have.
    """
    named = {field.wire for record in module.records for field in record.fields} | {module.tag}
    for wire in sorted(named):
        if any(one in '"\\' or one < " " for one in wire):
            raise UsageError(
                f"msgspec has no member with quotes, backslashes or control characters in its name, such as {wire!r};"
                " take another language, such as python-pydantic"
            )
    found = pythonic.runtime("_errors.py", "_rest.py", "_structs.py")
    other = _EXTRA
    while other in named:
        other += "+"
    found["_structs.py"] = found["_structs.py"].replace(f'"{_EXTRA}"', pythonic.quoted(other))
    return pythonic.package(package, found | {"__init__.py": _init(module)})


def _init(module: Module) -> str:
    frames = {frame.record.name: frame for frame in module.frames}
    classes = [_struct(module.tag, record, frames.get(record.name)) for record in module.records]
    unions = "".join(
        pythonic.assigned(union.name, [*(frame.record.name for frame in union.frames), "UnknownFrame"])
        for union in module.unions
    )
    top = pythonic.head(module, _imports(module)) + "\n" + "".join(map(pythonic.choice, module.choices))
    tables = pythonic.rests(module) + "".join(pythonic.kinds(union, module.tag, union.name) for union in module.unions)
    parts = [top.rstrip("\n") + "\n", *classes, (unions + "\n" + tables).strip("\n") + "\n"]
    return "\n\n".join([*parts, *(pythonic.functions(module) if module.unions else [])])


def _imports(module: Module) -> str:
    fields = [field for record in module.records for field in record.fields]
    typing = ["Any"] if any(pythonic.has(field.type, Anything) for field in fields) else []
    typing += ["Literal"] * bool(module.choices) + ["TypeAlias"]
    optional = not all(field.required for field in fields)
    named = any(_has_own_name(record) for record in module.records)
    msgspec = ["UNSET", "UnsetType"] * optional + ["field"] * named
    structs = ["Kinds"] + (["Open"] if module.records else []) + ["UnknownFrame"]
    structs += ["Whole"] if any(pythonic.has(field.type, Whole) for field in fields) else []
    lines = [f"from typing import {', '.join(typing)}\n"]
    lines += [f"\nfrom msgspec import {', '.join(msgspec)}\n"] if msgspec else []
    lines += ["\nfrom ._errors import DecodeError\n"]
    lines += ["from ._rest import rest\n"] if module.checked else []
    lines += [f"from ._structs import {', '.join([*structs, 'encode'])}\n"]
    return "".join(lines)


def _has_own_name(record: Record) -> bool:
    return any(wire != name for wire, name in pythonic.names(record, ("extra", "field")).items())


def _struct(tag: str, record: Record, frame: Frame | None) -> str:
    options = ["Open"]
    if frame is not None and frame.tag is not None:
        options += [f"tag_field={pythonic.quoted(tag)}", f"tag={pythonic.quoted(frame.tag)}"]
    doc = pythonic.docstring((record.doc,) if frame is None else about_frame(frame), "    ")
    names = pythonic.names(record, ("extra", "field"))
    fields = "".join(_field(field, names[field.wire]) for field in record.fields)
    body = "\n".join(part for part in (doc, fields) if part) or "    pass\n"
    return pythonic.listed(f"class {record.name}(", [*options, "kw_only=True"], "):") + body


def _field(field: Field, name: str) -> str:
    known = field.type.of if isinstance(field.type, Nullable) else field.type
    given = [] if field.required else ["default=UNSET"]
    given += [f"name={pythonic.quoted(field.wire)}"] if name != field.wire else []
    annotation = _type(field.type) + (" | UnsetType" if not field.required and _type(field.type) != "Any" else "")
    before = f"    {name}: {annotation}"
    if not field.required and _type(field.type) == "Any":
        before = f"    {name}: Any | UnsetType"
    if given == ["default=UNSET"]:
        line = pythonic.defaulted(name, before.partition(": ")[2], "UNSET")
    else:
        declared = before.partition(": ")[2]
        line = pythonic.defaulted(name, declared, "field(", given, ")") if given else f"{before}\n"
    return line + pythonic.field_doc(field, known.known if isinstance(known, Text) else ())


def _type(kind: Type) -> str:
    return pythonic.annotation(kind, _SIMPLE)
