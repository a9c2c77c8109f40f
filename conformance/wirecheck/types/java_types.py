"""The records and the enumerations of Java, a file each.

Law: a record or a choice in, the lines of its declaration out. Whatever is not documented is kept in a further
component, behind all others.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from wirecheck.types.java_layout import (
    KEYWORDS,
    WIDTH,
    Expression,
    assigned,
    call,
    code,
    javadoc,
    laid,
    literal,
    markup,
    pieces,
    record_header,
    throwing,
)
from wirecheck.types.jvm import divided
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
"""Of an enumeration, or values in one method, which has 64 KB at most."""
_METHODS: Final = frozenset(
    (
        "clone",
        "encode",
        "finalize",
        "getClass",
        "hashCode",
        "notify",
        "notifyAll",
        "toJson",
        "toString",
        "validate",
        "wait",
    )
)
_SCALARS: Final = {Text: "String", Whole: "Long", Number: "Double", Flag: "Boolean", Anything: "JsonNode"}
_PLAIN: Final = {"Long": "long", "Double": "double", "Boolean": "boolean"}
_FORMS: Final = {Text: "TEXT", Whole: "WHOLE", Number: "NUMBER", Flag: "FLAG", Anything: "ANYTHING"}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Component:
    """A component of a record: its name, its type, what is said of it, and how it is read and written."""

    name: str
    type: str
    about: str
    given: tuple[str, ...]
    read: Expression
    write: Expression
    """The call of the writer; empty for a part of a record, which is written whole."""


def record_files(record: Record, frame: Frame | None, sender: str, tag: str, taken: Names) -> dict[str, list[str]]:
    """The declaration of a record by its name, and of the parts of one that is divided. `tag`: the tag member."""
    first, *others = divided(record, taken)
    made = {first.name: _record(first, frame, sender, tag, others[0].name if others else None)}
    for number, part in enumerate(others):
        made[part.name] = _part(part, others[number + 1].name if number + 1 < len(others) else None)
    return made


def _record(record: Record, frame: Frame | None, sender: str, tag: str, more: str | None) -> list[str]:
    names = Names({*KEYWORDS, *_METHODS})
    components = _components(record, names, more)
    extra = names.give("extra")
    out = names.give("out")
    name = record.name
    texts = [markup(record.doc) or f"An object of {code(' '.join(record.words))}."]
    if frame:
        where = f", documented under {code(frame.source)}" if frame.source not in ("", frame.key) else ""
        texts += [f"Frame {code(frame.key)}{where}."]
    tags = [*(f"@param {one.name} {one.about}" for one in components), f"@param {extra} members not documented"]
    listed = [*(f"{one.type} {one.name}" for one in components), f"Map<String, JsonNode> {extra}"]
    lines = [
        *javadoc(0, texts, tags),
        *record_header(f"public record {name}", listed, sender if frame else None),
        *assigned(
            2, f"static final Wire.Form<{name}> FORM", call("new Wire.Form<>", f"{name}::read", f"{name}::toJson")
        ),
    ]
    if frame:
        lines += [] if frame.rest is True else _rest(json.dumps(with_patterns(frame.rest, "java")))
        check = "Wire.ANY" if frame.rest is True else "REST"
        lines += assigned(2, f"static final Wire.Variant<{name}> VARIANT", call("new Wire.Variant<>", "FORM", check))
    lines += _constructor(name, components, [f"    {extra} = Wire.copy({extra});"])
    lines += ["", *throwing(f"  private static {name} read(JsonNode value, Wire.Path at)")]
    lines += ["    Wire.In in = new Wire.In(value, at);"]
    tagged = frame is not None and frame.tag is not None
    lines += laid(4, "", call("in.tag", literal(tag)), ";") if tagged else []
    lines += laid(4, "return ", call(f"new {name}", *(one.read for one in components), "in.others()"), ";")
    lines += ["  }", "", *(["  @Override"] if frame else javadoc(2, ["The object as JSON."]))]
    lines += ["  public ObjectNode toJson() {", f"    Wire.Out {out} = new Wire.Out();"]
    if frame and frame.tag is not None:
        lines += laid(4, "", call(f"{out}.tag", literal(tag), literal(frame.tag)), ";")
    lines += _written(components, out)
    lines += [f"    return {out}.with({extra});", "  }"]
    if frame and frame.rest is not True:
        lines += ["", "  @Override", "  public Optional<String> validate() {"]
        lines += ["    return Wire.problem(this::toJson, REST);", "  }"]
    return [*lines, "}"]


def _part(record: Record, more: str | None) -> list[str]:
    """A part of a record that has too many fields for a constructor."""
    names = Names({*KEYWORDS, *_METHODS})
    components = _components(record, names, more)
    out = names.give("out")
    name = record.name
    return [
        *javadoc(0, [markup(record.doc)], [f"@param {one.name} {one.about}" for one in components]),
        *record_header(f"public record {name}", [f"{one.type} {one.name}" for one in components], None),
        *_constructor(name, components, [])[1:],
        "",
        *throwing(f"  static {name} from(Wire.In in)"),
        *laid(4, "return ", call(f"new {name}", *(one.read for one in components)), ";"),
        "  }",
        "",
        f"  void into(Wire.Out {out}) {{",
        *_written(components, out),
        "  }",
        "}",
    ]


def choice_lines(choice: Choice) -> list[str]:
    """An enumeration; of very many values a class, since they would be too much for the code of one."""
    name = choice.name
    head = javadoc(0, [f"One of the values of {code(' '.join(choice.words))}."])
    values = [
        *assigned(2, f"private static final Map<String, {name}> VALUES", call("new LinkedHashMap<>")),
        "",
        "  static {",
    ]
    form = assigned(2, f"static final Wire.Form<{name}> FORM", call("Wire.choice", "VALUES", f"{name}::wire"))
    own = ["", "  private final String wire;", ""]
    wire = ["    this.wire = wire;", "  }", "", *javadoc(2, ["The value in a message."])]
    wire += ["  public String wire() {", "    return wire;", "  }"]
    if len(choice.values) > CONSTANTS:
        groups = [choice.values[at : at + CONSTANTS] for at in range(0, len(choice.values), CONSTANTS)]
        lines = [*head, f"public final class {name} {{", *values]
        lines += [*(f"    values{number}();" for number, _ in enumerate(groups)), "  }", "", *form, *own]
        lines += [f"  private {name}(String wire) {{", *wire, ""]
        lines += javadoc(2, ["One of the values."], ["@throws IllegalArgumentException for any other text"])
        lines += [f"  public static {name} of(String wire) {{", f"    {name} found = VALUES.get(wire);"]
        lines += ["    if (found == null) {", "      throw new IllegalArgumentException(wire);", "    }"]
        lines += ["    return found;", "  }", "", "  private static void add(String wire) {"]
        lines += [f"    VALUES.put(wire, new {name}(wire));", "  }"]
        for number, group in enumerate(groups):
            lines += ["", f"  private static void values{number}() {{"]
            lines += [line for value in group for line in laid(4, "", call("add", literal(value)), ";")]
            lines += ["  }"]
        return [*lines, "}"]
    names = Names(KEYWORDS | {"VALUES", "FORM"})
    listed = [(names.give(screaming(words(value) or ("value",)), mark="_"), value) for value in choice.values]
    lines = [*head, f"public enum {name} {{"]
    for number, (constant, value) in enumerate(listed):
        lines += laid(2, "", call(constant, literal(value)), ";" if number + 1 == len(listed) else ",")
    lines += [
        "",
        *values,
        f"    for ({name} one : values()) {{",
        "      VALUES.put(one.wire, one);",
        "    }",
        "  }",
        "",
    ]
    return [*lines, *form, *own, f"  {name}(String wire) {{", *wire, "}"]


def _components(record: Record, names: Names, more: str | None) -> list[_Component]:
    made = [_component(field, names) for field in record.fields]
    if more:
        name = names.give("more")
        given = tuple(laid(4, "", call("Objects.requireNonNull", name, literal(name)), ";"))
        about = "further members, for which a constructor has no places"
        made.append(
            _Component(name=name, type=more, about=about, given=given, read=call(f"{more}.from", "in"), write="")
        )
    return made


def _component(field: Field, names: Names) -> _Component:
    null = isinstance(field.type, Nullable)
    boxed = type_name(field.type)
    name = names.give(camel(words(field.wire) or ("field",)))
    if field.required:
        word, kind = "required", boxed if null else _PLAIN.get(boxed, boxed)
    else:
        word, kind = ("member", f"Member<{boxed}>") if null else ("optional", f"Optional<{boxed}>")
    form = form_of(field.type)
    given = () if word == "required" and null else _given(name, kind)
    return _Component(
        name=name,
        type=kind,
        about=_about(field, word, null),
        given=given,
        read=call(f"in.{word}", literal(field.wire), form),
        write=call(word, literal(field.wire), form, name),
    )


def _constructor(name: str, components: Sequence[_Component], last: Sequence[str]) -> list[str]:
    lines = [*(line for one in components for line in one.given), *last]
    if not lines:
        return []
    return ["", *javadoc(2, ["Takes no null but where it stands for JSON's."]), f"  public {name} {{", *lines, "  }"]


def _written(components: Sequence[_Component], out: str) -> list[str]:
    lines: list[str] = []
    for one in components:
        if isinstance(one.write, str):
            lines += [f"    {one.name}.into({out});"]
        else:
            lines += laid(4, f"{out}.", one.write, ";")
    return lines


def type_name(kind: Type) -> str:
    """The type as an argument of another."""
    match kind:
        case Choice(name=name) | Record(name=name):
            return name
        case Items(of=inner):
            return f"List<{type_name(inner)}>"
        case Table(of=inner):
            return f"Map<String, {type_name(inner)}>"
        case Nullable(of=inner):
            return type_name(inner)
    return _SCALARS[type(kind)]


def form_of(kind: Type) -> Expression:
    """What reads and writes the type's values."""
    match kind:
        case Choice(name=name) | Record(name=name):
            return f"{name}.FORM"
        case Items(of=inner):
            return call("Wire.list", form_of(inner))
        case Table(of=inner):
            return call("Wire.table", form_of(inner))
        case Nullable(of=inner):
            return call("Wire.nullable", form_of(inner))
    return f"Wire.{_FORMS[type(kind)]}"


def _about(field: Field, word: str, null: bool) -> str:
    states = {
        "required": "; null in Java is null in JSON" if null else "",
        "optional": "; it may be absent",
        "member": "; it may be absent, and it may be null",
    }[word]
    kind = field.type.of if isinstance(field.type, Nullable) else field.type
    known = kind.known if isinstance(kind, Text) else ()
    said = f"{code(field.wire)}{states}." + (f" {markup(field.doc)}" if field.doc else "")
    return said + (f" Known values: {', '.join(map(code, known))}." if known else "")


def _given(name: str, kind: str) -> tuple[str, ...]:
    if kind in _PLAIN.values():
        return ()
    if kind.startswith(("List<", "Map<")):
        return (f"    {name} = Wire.copy({name});",)
    return tuple(laid(4, "", call("Objects.requireNonNull", name, literal(name)), ";"))


def _rest(text: str) -> list[str]:
    return assigned(2, "private static final Rest REST", call("new Rest", *pieces(text, WIDTH - 13)))
