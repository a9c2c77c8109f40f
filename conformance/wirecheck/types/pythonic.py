"""Python's text, laid out as ruff does by default.

Law: pure. Names, literals, docstrings and lines of at most 88 columns, wherever ruff finds room, and what is the same
for structs and for models: the files, the unions, the rests and the functions.
"""

from __future__ import annotations

import json
import keyword
import re
from collections.abc import Iterable, Mapping, Sequence
from importlib.resources import files
from typing import Final

from wirecheck.types.model import Choice, Field, Items, Module, Nullable, Record, Table, Type, Union
from wirecheck.types.naming import Names, snake, words
from wirecheck.types.patterns import with_patterns
from wirecheck.types.prose import GENERATED, about, columns, lines

WIDTH: Final = 88
HEADER: Final = f"# {GENERATED}\n"
_BUILT_IN: Final = ("bool", "dict", "float", "int", "l", "list", "str")


def package_name(wanted: str) -> str:
    """The package with parts that an import takes: `my-app` is `my_app`, `2fa` is `_2fa`, `class` is `class_`."""
    parts = (re.sub(r"\W", "_", part, flags=re.ASCII) or "_" for part in wanted.split("."))
    named = (f"_{part}" if part[0].isdigit() else part for part in parts)
    return ".".join(f"{part}_" if keyword.iskeyword(part) else part for part in named)


def package(name: str, texts: Mapping[str, str]) -> dict[str, str]:
    """The texts in the folder of a package, whose name may have dots."""
    folder = package_name(name).replace(".", "/")
    return {f"{folder}/{path}": text for path, text in texts.items()}


def runtime(*names: str) -> dict[str, str]:
    """Files that are the same for every dialect."""
    folder = files("wirecheck.types") / "runtime" / "python"
    found = {name: HEADER + "\n" + (folder / name).read_text(encoding="utf-8") for name in names}
    return found | {"py.typed": ""}


def quoted(text: str) -> str:
    """A string, in the quotes of which it holds fewer."""
    mark = "'" if text.count('"') > text.count("'") else '"'
    found = "".join(one if one.isprintable() else _escaped(one) for one in text.replace("\\", "\\\\"))
    return mark + found.replace(mark, "\\" + mark) + mark


def _escaped(one: str) -> str:
    known = {"\n": "\\n", "\r": "\\r", "\t": "\\t"}
    return known.get(one) or (f"\\u{ord(one):04x}" if ord(one) < 0x10000 else f"\\U{ord(one):08x}")


def docstring(paragraphs: Sequence[str], indent: str = "") -> str:
    """A docstring with the end of its last line; empty for nothing to say."""
    wide = WIDTH - len(indent) - 3
    said = [[_safe(line) for line in lines(text, wide)] for text in paragraphs]
    body = [line for paragraph in said if paragraph for line in ("", *paragraph)][1:]
    if not body:
        return ""
    if len(body) == 1 and len(body[0]) + len(indent) + 6 <= WIDTH:
        return f'{indent}"""{body[0]}"""\n'
    rest = "".join(f"{indent}{line}".rstrip() + "\n" for line in body[1:])
    return f'{indent}"""{body[0]}\n{rest}{indent}"""\n'


def _safe(line: str) -> str:
    return line.replace("\\", "\\\\").replace('"', "'")


def assigned(name: str, parts: Sequence[str]) -> str:
    """`name: TypeAlias = A | B`, in brackets where it is too long."""
    whole = f"{name}: TypeAlias = {' | '.join(parts)}\n"
    if columns(whole) <= WIDTH + 1 or len(parts) == 1:
        return whole
    below = f"    {' | '.join(parts)}\n"
    if len(below) > WIDTH + 1:
        below = "    " + "\n    | ".join(parts) + "\n"
    return f"{name}: TypeAlias = (\n{below})\n"


def listed(before: str, parts: Iterable[str], ends: str) -> str:
    """What is in brackets of any sort, on one line or, with a comma behind each, a line each."""
    given = list(parts)
    whole = f"{before}{', '.join(given)}{ends}\n"
    if columns(whole) <= WIDTH + 1 or not given:
        return whole
    indent = " " * (len(before) - len(before.lstrip()))
    if len(given) == 1:
        return f"{before}\n{indent}    {given[0]}\n{indent}{ends}\n"
    return f"{before}\n" + "".join(f"{indent}    {one},\n" for one in given) + f"{indent}{ends}\n"


def defaulted(name: str, annotation: str, value: str, given: Sequence[str] = (), end: str = "") -> str:
    """A field with its default, which is a value or the beginning of a call, what the call is given, and its end.

    Where it is too long, what is given is broken, or else the value is, or else the annotation.
    """
    before = f"    {name}: {annotation} = "
    if columns(f"{before}{value}{', '.join(given)}{end}") <= WIDTH or (given and columns(before + value) <= WIDTH):
        return listed(before + value, given, end)
    if columns(before) < WIDTH:
        return f"{before}(\n{listed(f'        {value}', given, end)}    )\n"
    outer, _, inner = annotation.partition("[")
    single = annotation.endswith("]")
    union = annotation if columns(annotation) + 8 <= WIDTH else annotation.replace(" | ", "\n        | ")
    first = f"    {name}: {outer}[\n        {inner[:-1]}\n" if single else f"    {name}: (\n        {union}\n"
    return first + listed(f"    {']' if single else ')'} = {value}", given, end)


def choice(found: Choice) -> str:
    return listed(f"{found.name}: TypeAlias = Literal[", map(quoted, found.values), "]")


def names(record: Record, reserved: Sequence[str]) -> dict[str, str]:
    """The name of each field by its name on the wire."""
    given = Names((*_BUILT_IN, *reserved))
    wanted = {field.wire: snake(words(field.wire) or ("field",)) for field in record.fields}
    return {wire: given.give(field_name(name, reserved), mark="_") for wire, name in wanted.items()}


def field_name(name: str, reserved: Iterable[str]) -> str:
    """The name, with a line behind it if Python or `reserved` keep it for themselves."""
    return f"{name}_" if keyword.iskeyword(name) or name in {*_BUILT_IN, *reserved} else name


def field_doc(field: Field, known: Sequence[str]) -> str:
    """What stands at a field: what it is, and its known values."""
    values = ", ".join(f"`{value}`" for value in known)
    return docstring([field.doc, f"Known values: {values}." if values else ""], "    ")


def head(module: Module, imports: str) -> str:
    """The top of `__init__.py`, with what it gives to others."""
    given = ["DecodeError", "UnknownFrame", "encode_frame"] if module.unions else []
    given += [union.name for union in module.unions] + [f"decode_{union.sender}_frame" for union in module.unions]
    given += [f"validate_{union.sender}_frame" for union in module.unions]
    given += [record.name for record in module.records] + [choice.name for choice in module.choices]
    exported = "".join(f"    {quoted(name)},\n" for name in sorted(given, key=_rank))
    return f"{HEADER}\n{docstring(about(module))}\n{imports}\n__all__ = [\n{exported}]\n"


def _rank(name: str) -> tuple[int, tuple[str | int, ...]]:
    """As isort puts names: constants, then classes, then the rest; numbers in them by their values."""
    kind = 0 if name.isupper() and len(name) > 1 else 1 if name[:1].isupper() else 2
    return kind, tuple(int(part) if part.isdigit() else part for part in re.split(r"(\d+)", name))


def rests(module: Module) -> str:
    """The checks of the rests of all frames that have one."""
    found = ""
    for frame in module.frames:
        if frame.rest is not True:
            schema = with_patterns(frame.rest, "python")
            text = quoted(json.dumps(schema, ensure_ascii=False, separators=(",", ":")))
            found += listed(f"_rest_{snake(frame.record.words)}_{frame.record.name} = rest(", [text], ")")
    return found


def kinds(union: Union, tag: str, of: str) -> str:
    """The table of a sender's frames; `of` is the type of the known ones."""
    tagged = "".join(f"        {quoted(str(frame.tag))}: {frame.record.name},\n" for frame in union.tagged)
    checked = [frame.record for frame in union.frames if frame.rest is not True]
    rest = "".join(f"        {one.name}: _rest_{snake(one.words)}_{one.name},\n" for one in checked)
    untagged = union.untagged.record.name if union.untagged else None
    return (
        f"_{union.sender}: Kinds[{of}] = Kinds(\n    tag={quoted(tag)},\n"
        + (f"    tagged={{\n{tagged}    }},\n" if tagged else "    tagged={},\n")
        + f"    untagged={untagged},\n"
        + (f"    rests={{\n{rest}    }},\n" if rest else "    rests={},\n")
        + ")\n"
    )


def functions(module: Module) -> list[str]:
    """What decodes, encodes and validates."""
    found = []
    for union in module.unions:
        strict = "`strict` also checks what types do not say, and refuses unknown tags."
        doc = f"A frame of the {union.sender} from its text; raises `DecodeError`. {strict}"
        found.append(
            f"def decode_{union.sender}_frame(text: str | bytes, *, strict: bool = False) -> {union.name}:\n"
            f"{docstring([doc], '    ')}    return _{union.sender}.decode(text, strict)\n"
        )
        doc = f"Raises `DecodeError` unless a frame that a program made is a valid one of the {union.sender}."
        found.append(
            f"def validate_{union.sender}_frame(frame: {union.name}) -> None:\n"
            f"{docstring([doc], '    ')}    _{union.sender}.validate(frame)\n"
        )
    any_frame = " | ".join(union.name for union in module.unions)
    encoded = "The text of a frame; raises `DecodeError` for what JSON has no text for."
    found.append(
        f"def encode_frame(frame: {any_frame}) -> str:\n{docstring([encoded], '    ')}    return encode(frame)\n"
    )
    return found


def has(kind: Type, *wanted: type) -> bool:
    """Whether a type is, or holds directly, one of these kinds."""
    while True:
        if isinstance(kind, wanted):
            return True
        inner = getattr(kind, "of", None)
        if inner is None:
            return False
        kind = inner


def annotation(kind: Type, simple: Mapping[type, str]) -> str:
    """The type as it stands at a field; `simple` are those that hold no other."""
    match kind:
        case Record(name=name) | Choice(name=name):
            return name
        case Nullable(of=inner):
            return f"{annotation(inner, simple)} | None"
        case Items(of=inner):
            return f"list[{annotation(inner, simple)}]"
        case Table(of=inner):
            return f"dict[str, {annotation(inner, simple)}]"
    return simple[type(kind)]
