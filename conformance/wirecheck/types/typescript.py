"""TypeScript without any dependency: frames as they are on the wire, and tables of checks beside them.

Law: a pure function of a module of types. A frame is the very object that was parsed, so that nothing can get lost
between decoding and encoding, and a member has the name that it has on the wire.
"""

from __future__ import annotations

import json

from wirecheck.types import ecma
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
from wirecheck.types.naming import Names
from wirecheck.types.patterns import with_patterns
from wirecheck.types.prose import about, about_frame

_LEAVES = {Anything: "anything", Text: "text", Whole: "whole", Number: "number", Flag: "flag"}
_SIMPLE = {Anything: "unknown", Whole: "number", Number: "number", Flag: "boolean"}


def emit(module: Module, package: str) -> dict[str, str]:
    """The files: `index.ts`, which is for users, and what it needs."""
    found = {"index.ts": _index(module)}
    return found | {name: ecma.runtime(name) for name in ("frames.ts", "json.ts", "shape.ts", *runtimes(module))}


def runtimes(module: Module) -> tuple[str, ...]:
    """The file of the checker of rests, if one is needed."""
    return ("rest.ts",) if module.checked else ()


def _index(module: Module) -> str:
    frames = {frame.record.name: frame for frame in module.frames}
    parts = [ecma.HEADER, ecma.comment(about(module)), imports(module, _checks(module))]
    parts += [_choice(choice) for choice in module.choices]
    parts += [_interface(module, record, frames.get(record.name)) for record in module.records]
    parts += [unknown(module)] if has_unknown(module) else []
    parts += [union(one) for one in module.unions]
    parts += [_checker(record) for record in module.records]
    parts += [rest_of(frame) for frame in module.frames if frame.rest is not True]
    parts += [kinds(module, union, check="check{}") for union in module.unions]
    parts += [functions(union) for union in module.unions]
    parts += [encoder(module)] if module.unions else []
    return "\n".join(part for part in parts if part)


def has_unknown(module: Module) -> bool:
    """Whether any sender has tags; where none has, no frame is unknown."""
    return any(union.tagged for union in module.unions)


def imports(module: Module, checks: list[str]) -> str:
    """What the other files give; `checks` are the names that come from `shape.ts`."""
    known = ["DecodeError"] + ["type JsonObject"] * has_unknown(module) + ["print"]
    lines = ['import { Kinds } from "./frames.js";'] * bool(module.unions)
    lines += [f'import {{ {", ".join(known)} }} from "./json.js";'] if module.unions else []
    lines += ['import { rest } from "./rest.js";'] * module.checked
    if checks:
        whole = f'import {{ {", ".join(checks)} }} from "./shape.js";'
        broken = "import {\n" + "".join(f"  {name},\n" for name in checks) + '} from "./shape.js";'
        lines.append(whole if len(whole) <= ecma.WIDTH else broken)
    exported = ["DecodeError"] + ["type JsonObject"] * has_unknown(module)
    lines += ["", f"export {{ {', '.join(exported)} }};"] if module.unions else []
    return "\n".join(lines) + "\n"


def _choice(choice: Choice) -> str:
    return ecma.union(f"export type {choice.name} =", [ecma.quoted(value) for value in choice.values])


def _interface(module: Module, record: Record, frame: Frame | None) -> str:
    members = "".join(_member(field) for field in record.fields)
    if frame is None:
        doc: tuple[str, ...] = (record.doc,)
    else:
        doc = about_frame(frame)
        is_tagged = any(frame in union.frames and union.tagged for union in module.unions)
        tag = "" if frame.tag is None else f": {ecma.quoted(frame.tag)}"
        if is_tagged:
            members = f"  readonly {ecma.key(module.tag)}{tag or '?: undefined'};\n" + members
    if not members:
        return ecma.comment(doc) + ecma.union(f"export type {record.name} =", ["Readonly<Record<string, unknown>>"])
    return f"{ecma.comment(doc)}export interface {record.name} {{\n{members}}}\n"


def _member(field: Field) -> str:
    head = f"readonly {ecma.key(field.wire)}{'' if field.required else '?'}:"
    return ecma.comment([field.doc], "  ") + ecma.union(head, _type(field.type), "  ")


def _type(kind: Type) -> list[str]:
    """The parts of a type's union."""
    match kind:
        case Text(known=known):
            return [*(ecma.quoted(value) for value in dict.fromkeys(known)), "(string & {})"] if known else ["string"]
        case Record(name=name) | Choice(name=name):
            return [name]
        case Nullable(of=inner):
            return [*_type(inner), "null"]
        case Items(of=inner):
            item = ["string"] if isinstance(inner, Text) else _type(inner)
            is_one = len(item) == 1 and not item[0].startswith("readonly ")
            return [f"readonly {item[0]}[]" if is_one else f"readonly ({' | '.join(item)})[]"]
        case Table(of=inner):
            value = ["string"] if isinstance(inner, Text) else _type(inner)
            return [f"Readonly<Record<string, {' | '.join(value)}>>"]
    return [_SIMPLE[type(kind)]]


def unknown(module: Module) -> str:
    """The class of unknown frames; its members have names which the tag member does not have."""
    names = Names({module.tag, "constructor"})
    tag, message = names.give("tag"), names.give("message")
    own = ecma.key(module.tag, value=True)
    doc = "A frame whose tag no document knows. It lacks the tag member, so that a switch over that tells frames apart."
    return (
        f"{ecma.comment([doc])}export class UnknownFrame {{\n"
        f"  declare readonly {own}?: undefined;\n\n"
        f"  /** The tag that the message has. */\n  readonly {tag}: string;\n\n"
        f"  /** The whole message as it was. */\n  readonly {message}: JsonObject;\n\n"
        f"  constructor({tag}: string, {message}: JsonObject) {{\n"
        f"    this.{tag} = {tag};\n    this.{message} = {message};\n  }}\n}}\n"
    )


def union(found: Union) -> str:
    """The type of a sender's frames."""
    names = [frame.record.name for frame in found.frames] + ["UnknownFrame"] * bool(found.tagged)
    doc = f"A frame that the {found.sender} sends."
    return ecma.comment([doc]) + ecma.union(f"export type {found.name} =", names)


def _checker(record: Record) -> str:
    before = f"const check{record.name} ="
    members: list[ecma.Expression] = [
        ("required" if field.required else "optional", [ecma.quoted(field.wire), _check(field.type)])
        for field in record.fields
    ]
    if not members and len(before) + len(" record();") > ecma.WIDTH:
        return f"{before}\n  record();\n"
    return f"{before} {ecma.layout(('record', members), '', before + ' ', ';')};\n"


def _check(kind: Type) -> ecma.Expression:
    match kind:
        case Record(name=name):
            return f"check{name}"
        case Choice(values=values):
            return "choice", [ecma.quoted(value) for value in values]
        case Items(of=inner) | Table(of=inner) | Nullable(of=inner):
            return type(kind).__name__.lower(), [_check(inner)]
    return _LEAVES[type(kind)]


def _checks(module: Module) -> list[str]:
    """The names that the tables use, sorted."""
    found = {"record"} if module.records else set()

    def add(kind: Type) -> None:
        if not isinstance(kind, Record):
            found.add(_LEAVES.get(type(kind), type(kind).__name__.lower()))
        if isinstance(kind, Items | Table | Nullable):
            add(kind.of)

    for record in module.records:
        for field in record.fields:
            found.add("required" if field.required else "optional")
            add(field.type)
    return sorted(found)


def rest_of(frame: Frame) -> str:
    """The check of a frame's rest."""
    schema = with_patterns(frame.rest, "ecma")
    before = f"const rest{frame.record.name} = "
    text = ecma.quoted(json.dumps(schema, ensure_ascii=False, separators=(",", ":")))
    return f"{before}{ecma.layout(('rest', [text]), '', before, ';')};\n"


def kinds(module: Module, union: Union, *, check: str) -> str:
    """The table of a sender's frames; `check` is how the check of a record is called."""
    unknown = "UnknownFrame" if union.tagged else "undefined"
    found = f"const {union.sender} = new Kinds<{union.name}>({ecma.quoted(module.tag)}, {unknown}, [\n"
    for frame in union.frames:
        members = [
            f"name: {ecma.quoted(frame.record.name)}",
            f"tag: {'undefined' if frame.tag is None else ecma.quoted(frame.tag)}",
            f"check: {check.format(frame.record.name)}",
        ]
        members += [f"rest: rest{frame.record.name}"] if frame.rest is not True else []
        found += "  {\n" + "".join(f"    {member},\n" for member in members) + "  },\n"
    return found + "]);\n"


def functions(union: Union) -> str:
    """What decodes, validates and names the frames of one sender."""
    name, sender = union.name, union.sender
    strict = (
        "`strict` also checks what types do not say, and refuses unknown tags."
        if union.tagged
        else ("`strict` also checks what types do not say.")
    )
    return "\n".join(
        (
            ecma.comment([f"A frame of the {sender} from its text; throws a `DecodeError`. {strict}"])
            + f"export function decode{name}(text: string, strict = false): {name} {{\n"
            f"  return {sender}.decode(text, strict);\n}}\n",
            ecma.comment([f"Throws a `DecodeError` unless a frame that a program made is a valid one of the {sender}."])
            + f"export function validate{name}(frame: {name}): void {{\n  {sender}.validate(frame);\n}}\n",
            ecma.comment(["The name of the type of a frame, for logs."])
            + f"export function name{name}(frame: {name}): string {{\n  return {sender}.name(frame);\n}}\n",
        )
    )


def encoder(module: Module) -> str:
    """What writes a frame of any sender."""
    frames = " | ".join(union.name for union in module.unions)
    written = "frame instanceof UnknownFrame ? frame.{} : frame" if has_unknown(module) else "frame"
    names = Names({module.tag, "constructor"})
    names.give("tag")
    return (
        ecma.comment(["The text of a frame; throws a `DecodeError` for what JSON has no text for."])
        + f"export function encodeFrame(frame: {frames}): string {{\n"
        f"  return print({written.format(names.give('message'))});\n}}\n"
    )
