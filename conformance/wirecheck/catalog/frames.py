"""One frame of a catalog, from its node to its value.

Law: what can be said about a frame without looking at any other. What frames are to each other is in `agreement`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from wirecheck.catalog.linear import accepting, explaining
from wirecheck.catalog.model import Case, Condition, EnvelopeForm, FrameForm, Where
from wirecheck.catalog.places import applies, documented, locator, pointer
from wirecheck.catalog.rulebook import Rulebook
from wirecheck.catalog.shorthand import payload_schema
from wirecheck.catalog.source import Faults, Node
from wirecheck.catalog.structure import did_you_mean, shown

UNKNOWN = "unknown"
NO_TAG = "none"


def build_frame(
    key: str, node: Node, where: Where, *, envelope: EnvelopeForm | None, source: str, book: Rulebook, faults: Faults
) -> FrameForm:
    """The frame under `key`, which stands at `where`. Structure was checked before; other mistakes go to `faults`.

    `envelope` is None where the catalog's own is not to be relied on; what depends on it is then not checked.
    """
    members = node.map
    plain = {name: child.value for name, child in members.items()}
    payload = _payload(members.get("payload"), faults)
    form = FrameForm(
        key=key,
        tag=None if plain.get("tag") == NO_TAG else str(plain.get("tag", key)),
        sender=node.map["from"].plain(),
        summary=str(plain.get("summary", "")),
        basis=members["basis"].plain() if "basis" in members else "example",
        source=str(plain.get("source", source)),
        note=str(plain.get("note", "")),
        roles=roles(members.get("is"), book, faults),
        may=roles(members.get("may"), book, faults),
        wire=members["wire"].plain() if "wire" in members else None,
        contains=pointer(str(plain["contains"])) if "contains" in members else None,
        needs=members["needs"].plain() if "needs" in members else {},
        payload=payload,
        cases=tuple(
            _case(number, child, book, faults) for number, child in enumerate(node.at(("cases",)).items, start=1)
        ),
        examples=tuple(child.plain() for child in node.at(("examples",)).items),
        where=where,
    )
    _check_contains(form, node, faults)
    _check_cases(form, node, envelope, faults)
    if envelope is not None:
        _check_examples(form, node, envelope, faults)
    return form


def roles(node: Node | None, book: Rulebook, faults: Faults) -> tuple[str, ...]:
    """The roles of a list, each of which must be one that the rulebook explains."""
    found: dict[str, None] = {}
    for item in node.items if node else ():
        word = str(item.value)
        if word in found:
            faults.add(item.where, f"`{word}` stands twice in this list; remove one")
        found[word] = None
        if word not in book.role_words:
            faults.add(item.where, f"no role is called `{word}`; {did_you_mean(word, book.role_words)}")
    return tuple(found)


def conditions(node: Node | None) -> tuple[Condition, ...]:
    """What `when` or `unless` asks: `{/mode: session}`, `{/id: absent}`, `{@id: {const: present}}`."""
    found = []
    for place, child in node.map.items() if node else ():
        at = locator(place)
        if child.value == "absent":
            found.append(Condition(at=at, test="absent"))
        elif child.value == "present":
            found.append(Condition(at=at, test="present"))
        else:
            const = child.map["const"].plain() if child.map else child.plain()
            found.append(Condition(at=at, test="const", const=const))
    return tuple(found)


def split_example(example: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """The payload and the header of an example; `@name` in it stands for the header field `name`."""
    header = {name[1:]: value for name, value in example.items() if name.startswith("@")}
    return {name: value for name, value in example.items() if not name.startswith("@")}, header


def _payload(node: Node | None, faults: Faults) -> dict[str, Any] | None:
    if node is None:
        return {"type": "object", "properties": {}, "required": []}
    if node.value == UNKNOWN:
        return None
    return payload_schema(node, faults)


def _case(number: int, node: Node, book: Rulebook, faults: Faults) -> Case:
    members = node.map
    return Case(
        name=str(members["name"].value) if "name" in members else f"case-{number}",
        when=conditions(members.get("when")),
        unless=conditions(members.get("unless")),
        roles=roles(members.get("is"), book, faults),
        may=roles(members.get("may"), book, faults),
        payload=payload_schema(members["payload"], faults) if "payload" in members else None,
    )


def _check_contains(form: FrameForm, node: Node, faults: Faults) -> None:
    if form.contains is None or form.payload is None:
        return
    field = documented(form.payload, form.contains)
    if field is None or field.get("type") != "array":
        faults.add(
            node.map["contains"].where,
            f"`contains` is {shown(node.map['contains'].value)}, which is no array in this frame's payload; "
            "give the pointer to the array of frames",
        )


def _check_cases(form: FrameForm, node: Node, envelope: EnvelopeForm | None, faults: Faults) -> None:
    header = {field.name for field in envelope.header.get(form.sender, ())} if envelope is not None else None
    seen: set[str] = set()
    for case, child in zip(form.cases, node.at(("cases",)).items, strict=True):
        if case.name in seen:
            faults.add(child.at(("name",)).where, f"two cases are called `{case.name}`; rename one")
        seen.add(case.name)
        for member in ("when", "unless"):
            for place in child.map[member].map if member in child.map else ():
                where, at = child.map[member].key(place), locator(place)
                if at.place == "header" and header is not None and at.path[0] not in header:
                    faults.add(
                        where,
                        f"the {form.sender}'s header has no field `{at.path[0]}`; {did_you_mean(at.path[0], header)}",
                    )
                if at.place == "payload" and not _documented_anywhere(form, at.path):
                    faults.add(where, f"this frame's payload has no field {place}; document it, or mend the pointer")


def _documented_anywhere(form: FrameForm, path: tuple[str, ...]) -> bool:
    if form.payload is None:
        return True
    return any(documented(schema, path) is not None for schema in (form.payload, *(c.payload for c in form.cases)))


def _check_examples(form: FrameForm, node: Node, envelope: EnvelopeForm, faults: Faults) -> None:
    for example, child in zip(form.examples, node.at(("examples",)).items, strict=True):
        payload, header = split_example(example)
        for message, path in _misfits(form, envelope, payload, header):
            faults.add(child.at(path).where, f"this example is no `{form.key}`: {message}; mend it, or its payload")


def _misfits(
    form: FrameForm, envelope: EnvelopeForm, payload: dict[str, Any], header: dict[str, Any]
) -> Iterator[tuple[str, tuple[str | int, ...]]]:
    fields = {field.name: field for field in envelope.header.get(form.sender, ())}
    for name, value in header.items():
        if name not in fields:
            yield f"the {form.sender}'s header has no field `{name}` ({did_you_mean(name, fields)})", (f"@{name}",)
        elif not accepting(fields[name].schema)(value):
            yield f"@{name} is {shown(value)}", (f"@{name}",)
    for name in (name for name in payload if name in (envelope.tag, envelope.data, *fields)):
        advice = f"write @{name} for a header field" if name in fields else "an example holds the payload only"
        yield f"`{name}` is no field of a payload ({advice})", (name,)
    for name in (name for name, field in fields.items() if field.required and name not in header):
        yield f"it lacks the header field @{name}", ()
    schemas = [form.payload, *(case.payload for case in form.cases if applies(case, payload, header))]
    for schema in schemas:
        if schema is not None and not accepting(schema)(payload):
            for error in explaining(schema).iter_errors(payload):
                yield error.message[-200:], tuple(error.absolute_path)  # what is wrong stands at the end
