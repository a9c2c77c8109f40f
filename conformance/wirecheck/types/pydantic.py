"""Python with pydantic models: a model for each object, and a union of them for each sender.

Law: a pure function of a module of types. Models are strict and keep what nobody documents; what was never set is
absent.
"""

from __future__ import annotations

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
    Union,
    Whole,
)
from wirecheck.types.naming import snake, words
from wirecheck.types.prose import about_frame

_SIMPLE = {Anything: "Any", Text: "str", Whole: "Whole", Number: "Number", Flag: "bool"}
_NAMES = """
construct copy dict from_orm json model_computed_fields model_config model_construct model_copy model_dump
model_dump_json model_extra model_fields model_fields_set model_json_schema model_parametrized_name model_post_init
model_rebuild model_validate model_validate_json model_validate_strings parse_file parse_obj parse_raw schema
schema_json update_forward_refs validate
"""
_OF_MODELS = tuple(_NAMES.split())
"""What every model has."""


def emit(module: Module, package: str) -> dict[str, str]:
    """The files of the package: `__init__.py`, which is for users, and what it needs."""
    found = pythonic.runtime("_errors.py", "_rest.py", "_models.py")
    return pythonic.package(package, found | {"__init__.py": _init(module)})


def _init(module: Module) -> str:
    frames = {frame.record.name: frame for frame in module.frames}
    classes = [_model(module.tag, record, frames.get(record.name)) for record in module.records]
    known = "".join(
        pythonic.assigned(f"Known{union.name}", [frame.record.name for frame in union.frames])
        for union in module.unions
    )
    tables = pythonic.rests(module) + "".join(
        pythonic.kinds(union, module.tag, f"Known{union.name}") + _union(union) for union in module.unions
    )
    top = pythonic.head(module, _imports(module)) + "\n" + "".join(map(pythonic.choice, module.choices))
    parts = [top.rstrip("\n") + "\n", *classes, (known + "\n" + tables).strip("\n") + "\n"]
    return "\n\n".join([*parts, *(pythonic.functions(module) if module.unions else [])])


def _union(union: Union) -> str:
    parts = [f"Known{union.name} | UnknownFrame", f"BeforeValidator(_{union.sender}.frame)"]
    return pythonic.listed(f"{union.name}: TypeAlias = Annotated[", parts, "]")


def _imports(module: Module) -> str:
    fields = [field for record in module.records for field in record.fields]
    tags = any(frame.tag is not None for frame in module.frames)
    typing = ["Annotated"] * bool(module.unions)
    typing += ["Any"] if any(pythonic.has(field.type, Anything) for field in fields) else []
    typing += ["Literal"] * (tags or bool(module.choices)) + ["TypeAlias"] * bool(module.unions)
    pydantic = ["BeforeValidator"] * bool(module.unions)
    pydantic += ["Field"] * (tags or any(_has_own_name(module.tag, record) for record in module.records))
    models = ["Kinds"] + ["Maybe"] * any(_is_maybe(field) for field in fields)
    models += ["Number"] * any(pythonic.has(field.type, Number) for field in fields)
    models += ["Open"] * bool(module.records) + ["UnknownFrame"]
    models += ["Whole"] * any(pythonic.has(field.type, Whole) for field in fields)
    lines = [f"from typing import {', '.join(typing)}\n"] if typing else []
    lines += [f"\nfrom pydantic import {', '.join(pydantic)}\n"] if pydantic else []
    lines += ["\nfrom ._errors import DecodeError\n"]
    lines += [pythonic.listed("from ._models import (", [*models, "encode"], ")").replace("(", "").replace(")", "")]
    lines += ["from ._rest import rest\n"] if module.checked else []
    return "".join(lines)


def _names(tag: str, record: Record) -> tuple[str, dict[str, str]]:
    """The name of the tag's field, and of each other by its name on the wire."""
    own = pythonic.field_name(snake(words(tag) or ("tag",)), _OF_MODELS)
    return own, pythonic.names(record, (*_OF_MODELS, own))


def _has_own_name(tag: str, record: Record) -> bool:
    return any(wire != name for wire, name in _names(tag, record)[1].items())


def _is_maybe(field: Field) -> bool:
    return not (field.required or isinstance(field.type, Nullable | Anything))


def _model(tag: str, record: Record, frame: Frame | None) -> str:
    doc = pythonic.docstring((record.doc,) if frame is None else about_frame(frame), "    ")
    own, names = _names(tag, record)
    fields = ""
    if frame is not None and frame.tag is not None:
        value = pythonic.quoted(frame.tag)
        given = [f"default={value}", "frozen=True", *_aliases(own, tag)]
        fields += pythonic.listed(f"    {own}: Literal[{value}] = Field(", given, ")")
    fields += "".join(_field(field, names[field.wire]) for field in record.fields)
    body = "\n".join(part for part in (doc, fields) if part) or "    pass\n"
    return pythonic.listed(f"class {record.name}(", ["Open"], "):") + body


def _aliases(name: str, wire: str) -> list[str]:
    if name == wire:
        return []
    return [f"validation_alias={pythonic.quoted(wire)}", f"serialization_alias={pythonic.quoted(wire)}"]


def _field(field: Field, name: str) -> str:
    inner = field.type.of if isinstance(field.type, Nullable) else field.type
    annotation = f"Maybe[{_type(field.type)}]" if _is_maybe(field) else _type(field.type)
    aliases = _aliases(name, field.wire)
    before = f"    {name}: {annotation}"
    if aliases:
        given = ([] if field.required else ["default=None"]) + aliases
        line = pythonic.defaulted(name, annotation, "Field(", given, ")")
    else:
        line = f"{before}\n" if field.required else pythonic.defaulted(name, annotation, "None")
    return line + pythonic.field_doc(field, inner.known if isinstance(inner, Text) else ())


def _type(kind: Type) -> str:
    return pythonic.annotation(kind, _SIMPLE)
