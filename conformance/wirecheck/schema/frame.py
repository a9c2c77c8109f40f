"""JSON Schemas of a dialect's frames and of their unions.

Law: pure functions of frozen catalog values; this room validates nothing and judges nothing.

How the two styles of one frame are told apart:

* a payload that requires something requires it in its own place (beside the tag, or under `data`, which is then
  required itself), so the other style lacks it;
* where nothing is required, the flat schema refuses an object under `data` and the nested schema refuses the
  documented payload names beside the tag; the bare tag is right in both;
* of a frame that the document only names (`payload: unknown`), the tag alone is checked.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from types import MappingProxyType
from typing import Any, Literal
from urllib.parse import quote

from wirecheck.catalog import file_stem
from wirecheck.catalog.model import Case, Condition, Dialect, Envelope, FrameForm, Style
from wirecheck.schema.draft import META, Draft, in_draft
from wirecheck.schema.message import demands, header_of, plain, wire_style, wrap

Schema = dict[str, Any]

DRAFT = META["2020-12"]
SUFFIX = ".schema.json"
"""How the names of files with a schema end."""

_NOT_TAKEN_OVER = frozenset({"type", "properties", "required", "title", "description", "examples", "default"})
"""Keywords of a payload's root: those that are merged with the message's own, and annotations, of which a message has
its own."""


def frame_schema(
    dialect: Dialect, frame: FrameForm, style: Style, *, embed: bool = False, draft: Draft = "2020-12"
) -> Schema:
    """The schema of one frame's messages in one style.

    With `embed` it has neither `$schema` nor `$id`, to lie inside a larger document.
    """
    identity = {} if embed else _identity(dialect, draft, style, frame.key)
    examples = [wrap(dialect, frame, example, style) for example in frame.examples]
    said = " ".join(filter(None, (frame.summary, frame.note)))
    about: Schema = {
        "title": titles(dialect)[frame.key],
        **({"description": said} if said else {}),
        "$comment": f"Sent by the {frame.sender}. Basis: {frame.basis}."
        + (f" Source: {frame.source}" if frame.source else ""),
    }
    whole = identity | about | ({"examples": examples} if examples else {}) | _constraints(dialect, frame, style)
    return in_draft(whole, draft)


def union_schema(dialect: Dialect, envelope: Envelope, *, draft: Draft = "2020-12") -> Schema | Literal[False]:
    """Every frame of both senders as one schema, which holds them all; `False`, which accepts nothing, where there is
    no frame.

    It is an `anyOf`: client and server may use one tag for two frames, and a message may then fit both.
    """
    if not dialect.frames:
        return False
    defs = {
        file_stem(frame.key): frame_schema(dialect, frame, _worn(dialect, frame, envelope), embed=True)
        for frame in dialect.frames.values()
    }
    union: Schema = {"anyOf": [{"$ref": f"#/$defs/{name}"} for name in defs], "$defs": defs}
    return in_draft(_identity(dialect, draft, envelope) | _about_union(dialect, envelope) | union, draft)


def split_schema(dialect: Dialect, envelope: Envelope, *, draft: Draft = "2020-12") -> Schema | Literal[False]:
    """The same union, which refers to the files of the frames instead of holding them.

    It has no `$id`, so that its references are relative to wherever it lies.
    """
    if not dialect.frames:
        return False
    files = [f"{_worn(dialect, frame, envelope)}/{file_stem(frame.key)}{SUFFIX}" for frame in dialect.frames.values()]
    union: Schema = {"$schema": DRAFT, **_about_union(dialect, envelope), "anyOf": [{"$ref": path} for path in files]}
    return in_draft(union, draft)


def _worn(dialect: Dialect, frame: FrameForm, envelope: Envelope) -> Style:
    return wire_style(dialect, frame) if envelope == "wire" else envelope


def _about_union(dialect: Dialect, envelope: Envelope) -> Schema:
    style = "as the vendor sends it" if envelope == "wire" else f"in the {envelope} envelope"
    return {
        "title": f"{camel(dialect.name)}{camel(envelope)}Union",
        "description": f"{dialect.title}: any one frame of the client or the server, {style}.",
    }


def _identity(dialect: Dialect, draft: Draft, *parts: str) -> Schema:
    """Each draft has identifiers of its own, so that one validator can hold both."""
    older = () if draft == "2020-12" else (f"draft-{draft}",)
    names = (dialect.name, *older, *parts)
    return {"$schema": DRAFT, "$id": ":".join(["urn:wirecheck", *(quote(part, safe=":") for part in names)])}


def _constraints(dialect: Dialect, frame: FrameForm, style: Style) -> Schema:
    """What a message must satisfy: tag, header, payload in its place, cases."""
    tag, data = dialect.envelope.tag, dialect.envelope.data
    required = [] if frame.tag is None else [tag]
    properties: Schema = {} if frame.tag is None else {tag: {"const": frame.tag}}
    if frame.tag is None and any(other.tag is not None for other in _siblings(dialect, frame)):
        # A sender that tags other frames says by a tag that this is one of them, known or not. Where it tags none,
        # a member of that name is an extra field like any other.
        properties[tag] = False
    if frame.payload is None:
        return _object(properties, required)
    header = header_of(dialect, frame)
    properties |= {field.name: plain(field.schema) for field in header}
    required += [field.name for field in header if field.required]
    payload: Schema = plain(frame.payload)
    documented = _names(payload).union(*(_names(case.payload) for case in frame.cases if case.payload is not None))
    free = not demands(payload)
    if style == "flat":
        properties |= payload.get("properties", {})
        if free and data not in documented | set(properties):
            properties[data] = {"not": {"type": "object"}}
        schema = _object(properties, required + payload.get("required", []), payload)
    else:
        properties[data] = _bare(payload)
        if free:
            properties |= dict.fromkeys(sorted(documented - set(properties)), False)
        schema = _object(properties, required if free else [*required, data])
    cases = [_case(case, style, data) for case in frame.cases if case.payload is not None]
    return schema | ({"allOf": cases} if cases else {})


def _siblings(dialect: Dialect, frame: FrameForm) -> list[FrameForm]:
    return [other for other in dialect.frames.values() if other.sender == frame.sender]


def _object(properties: Schema, required: list[str], rest: Mapping[str, Any] = MappingProxyType({})) -> Schema:
    """An object's schema; `rest` is another one, of which everything else but the annotations is taken over."""
    head = {"type": "object"} | ({"properties": properties} if properties else {})
    others = {keyword: value for keyword, value in rest.items() if keyword not in _NOT_TAKEN_OVER}
    return head | ({"required": required} if required else {}) | others


def _bare(payload: Schema) -> Schema:
    """A payload's schema without its annotations, and without keywords that are empty."""
    return _object(payload.get("properties", {}), payload.get("required", []), payload)


def _case(case: Case, style: Style, data: str) -> Schema:
    """`if` the case holds, `then` its payload."""
    payload = _bare(plain(case.payload))
    then = payload if style == "flat" else _object({data: payload}, [data] if demands(payload) else [])
    tests = [_condition(condition, style, data) for condition in case.when]
    if case.unless:
        tests.append({"not": _all([_condition(condition, style, data) for condition in case.unless])})
    return {"$comment": f"Case {case.name}."} | {"if": _all(tests), "then": then}


def _all(tests: list[Schema]) -> Schema | bool:
    if len(tests) == 1:
        return tests[0]
    return {"allOf": tests} if tests else True


def _condition(condition: Condition, style: Style, data: str) -> Schema:
    """A condition as a schema of the whole message. Its place is the payload or the header; the loader sees to it."""
    nested = condition.at.place == "payload" and style == "nested"
    path = (data, *condition.at.path) if nested else condition.at.path
    found: Schema = {"const": plain(condition.const)} if condition.test == "const" else {}
    for step in reversed(path):
        # The type is said at each step: `required` alone holds for whatever is no object.
        found = {"type": "object"} | ({"properties": {step: found}} if found else {}) | {"required": [step]}
    return {"not": found} if condition.test == "absent" else found


def _names(payload: Mapping[str, Any]) -> set[str]:
    """The payload names that a schema documents, in its alternatives too."""
    branches = [branch for word in ("anyOf", "oneOf") for branch in payload.get(word, ())]
    return set(payload.get("properties", {})).union(*map(_names, branches))


def titles(dialect: Dialect) -> dict[str, str]:
    """Each frame's title by its key: a name in letters and digits alone, like no other in the dialect.

    The dialect's name in front keeps clear of names that languages have built in (`Error`, `Option`, `Message`); keys
    that differ in punctuation alone are numbered.
    """
    found: dict[str, str] = {}
    taken: set[str] = set()
    for key in dialect.frames:
        found[key] = unlike(camel(dialect.name) + (camel(key) or "Frame"), taken)
        taken.add(found[key])
    return found


def unlike(title: str, taken: Collection[str]) -> str:
    """The title, with a number behind it if it is taken."""
    numbered = (title if number == 1 else f"{title}{number}" for number in range(1, len(taken) + 2))
    return next(one for one in numbered if one not in taken)


def camel(text: str) -> str:
    return "".join(word[0].upper() + word[1:] for word in re.findall("[A-Za-z0-9]+", text))
