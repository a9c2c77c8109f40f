"""TypeScript with Zod schemas: a schema for each object, the types inferred from them.

Law: a pure function of a module of types. A schema says what a type says, and `strict` decoding the rest; the frame is
the very object that was parsed, and no copy that a schema made.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from typing import Any

from wirecheck.types import ecma, typescript
from wirecheck.types.model import (
    Anything,
    Choice,
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
from wirecheck.types.prose import about, about_frame
from wirecheck.types.rest import Rest

_LEAVES = {Anything: "z.unknown()", Whole: "whole", Number: "z.number()", Flag: "z.boolean()"}
_UNSEEN = "__proto__"
"""Zod passes over a member of this name, so no schema has it; it is kept, and looked at when decoding is strict."""


def emit(module: Module, package: str) -> dict[str, str]:
    """The files: `index.ts`, which is for users, and what it needs."""
    module = _with_unseen(module)
    found = {"index.ts": _index(module)}
    needed = ("frames.ts", "json.ts", "schemas.ts", *typescript.runtimes(module))
    return found | {name: ecma.runtime(name) for name in needed}


def _index(module: Module) -> str:
    frames = {frame.record.name: frame for frame in module.frames}
    parts = [ecma.HEADER, ecma.comment(about(module)), _imports(module)]
    parts += [_choice(choice) for choice in module.choices]
    parts += [_schema(module, record, frames.get(record.name)) for record in module.records]
    parts += [typescript.unknown(module)] if typescript.has_unknown(module) else []
    parts += [typescript.union(union) for union in module.unions]
    parts += [typescript.rest_of(frame) for frame in module.frames if frame.rest is not True]
    parts += [_known(module, union) for union in module.unions if union.tagged]
    parts += [typescript.kinds(module, union, check="checkOf({})") for union in module.unions]
    parts += [typescript.functions(union) for union in module.unions]
    parts += [typescript.encoder(module)] if module.unions else []
    return "\n".join(part for part in parts if part)


def _imports(module: Module) -> str:
    used = ["checkOf"] if module.unions else []
    kinds = list(_kinds(field.type for record in module.records for field in record.fields if field.wire != _UNSEEN))
    used += ["known"] * any(isinstance(kind, Text) and kind.known for kind in kinds)
    used += ["refinement"] * any(frame.rest is not True for union in module.unions for frame in union.tagged)
    used += ["whole"] * any(isinstance(kind, Whole) for kind in kinds)
    own = f'import {{ {", ".join(used)} }} from "./schemas.js";\n'
    others = typescript.imports(module, [])
    at = others.find("\nexport")
    own = own if at > 0 else ""
    return f'import {{ z }} from "zod";\n\n{others[:at]}{own}{others[at:]}' if own else 'import { z } from "zod";\n'


def _kinds(kinds: Iterable[Type]) -> Iterator[Type]:
    for kind in kinds:
        yield kind
        if isinstance(kind, Items | Table | Nullable):
            yield from _kinds([kind.of])


def _choice(choice: Choice) -> str:
    values = [ecma.quoted(value) for value in choice.values]
    return _array(f"export const {choice.name} = z.enum(", values) + _inferred(choice.name)


def _array(before: str, items: Sequence[str]) -> str:
    """A call whose last argument is an array."""
    whole = f"{before}[{', '.join(items)}]);\n"
    if len(whole) <= ecma.WIDTH + 1:
        return whole
    return f"{before}[\n" + "".join(f"  {item},\n" for item in items) + "]);\n"


def _schema(module: Module, record: Record, frame: Frame | None) -> str:
    members = ""
    if frame is not None and frame.tag is not None:
        members += f"  {ecma.key(module.tag, value=True)}: z.literal({ecma.quoted(frame.tag)}),\n"
    elif frame is not None and any(frame in union.frames and union.tagged for union in module.unions):
        members += f"  {ecma.key(module.tag, value=True)}: z.exactOptional(z.undefined()),\n"
    for field in record.fields:
        if field.wire != _UNSEEN:
            kind = _type(field.type)
            before = f"{ecma.key(field.wire, value=True)}: "
            shown = ecma.layout(kind if field.required else ("z.exactOptional", [kind]), "  ", before, ",")
            members += f"{ecma.comment([field.doc], '  ')}  {before}{shown},\n"
    shape = f"{{\n{members}}}" if members else "{}"
    doc = (record.doc,) if frame is None else about_frame(frame)
    return f"{ecma.comment(doc)}export const {record.name} = z.looseObject({shape});\n{_inferred(record.name)}"


def _inferred(name: str) -> str:
    whole = f"export type {name} = z.infer<typeof {name}>;\n"
    if len(whole) <= ecma.WIDTH + 1:
        return whole
    return f"export type {name} = z.infer<\n  typeof {name}\n>;\n"


def _type(kind: Type) -> Any:
    """A type as a call of calls."""
    match kind:
        case Text(known=known):
            return ("known", [ecma.quoted(value) for value in dict.fromkeys(known)]) if known else "z.string()"
        case Record(name=name) | Choice(name=name):
            return name
        case Items(of=inner):
            return ("z.array", [_type(inner)])
        case Table(of=inner):
            return ("z.record", ["z.string()", _type(inner)])
        case Nullable(of=inner):
            return ("z.nullable", [_type(inner)])
    return _LEAVES[type(kind)]


def _refined(name: str) -> str:
    """A schema with what types do not say, as an item of an array."""
    return ecma.layout((f"{name}.superRefine", [("refinement", [f"rest{name}"])]), "  ", "", ",")


def _known(module: Module, union: Union) -> str:
    """A schema of all frames that have a tag, with what types do not say."""
    doc = f"All frames that the {union.sender} sends and that have a tag, with what types do not say."
    schemas = [frame.record.name if frame.rest is True else _refined(frame.record.name) for frame in union.tagged]
    before = f"export const known{union.name} = z.discriminatedUnion({ecma.quoted(module.tag)}, "
    return f"{ecma.comment([doc])}{_array(before, schemas)}"


def _with_unseen(module: Module) -> Module:
    """The module, with the types of what Zod passes over among the rests."""
    unions = [replace(union, frames=tuple(map(_frame_with_unseen, union.frames))) for union in module.unions]
    return replace(module, unions=tuple(unions))


def _frame_with_unseen(frame: Frame) -> Frame:
    unseen = _unseen(frame.record)
    if unseen is True:
        return frame
    return replace(frame, rest=unseen if frame.rest is True else {"allOf": [unseen, frame.rest]})


def _unseen(kind: Type) -> Rest:
    """What Zod's schema does not say of a value that it accepts."""
    match kind:
        case Record(fields=fields):
            inner = {one.wire: _all(one.type) if one.wire == _UNSEEN else _unseen(one.type) for one in fields}
            needed = [one.wire for one in fields if one.wire == _UNSEEN and one.required]
            found = {name: schema for name, schema in inner.items() if schema is not True}
            return ({"properties": found} if found else {}) | ({"required": needed} if needed else {}) or True
        case Items(of=inner):
            return True if _unseen(inner) is True else {"items": _unseen(inner)}
        case Table(of=inner):
            return True if _unseen(inner) is True else {"additionalProperties": _unseen(inner)}
        case Nullable(of=inner):
            return _unseen(inner)  # no keyword of objects and arrays looks at null
    return True


def _all(kind: Type) -> Rest:
    """A type as a schema."""
    match kind:
        case Record(fields=fields):
            needed = [one.wire for one in fields if one.required]
            return {"type": "object", "properties": {one.wire: _all(one.type) for one in fields}, "required": needed}
        case Items(of=inner):
            return {"type": "array", "items": _all(inner)}
        case Table(of=inner):
            return {"type": "object", "additionalProperties": _all(inner)}
        case Nullable(of=inner):
            return {"anyOf": [{"type": "null"}, _all(inner)]}
        case Choice(values=values):
            return {"enum": list(values)}
        case Whole():
            return {"type": "integer", "minimum": -(2**63), "maximum": 2**63}
        case Anything():
            return True
    return {"type": {Text: "string", Number: "number", Flag: "boolean"}[type(kind)]}
