"""A dialect's messages in the form of the JSON Schema Test Suite, with the schemas that they are tests of.

Law: pure, and the same catalog gives the same text to the byte. A frame's messages are those of `frames`, where its
tables know everything that the frame asks for, and else those of `drawn`. Left out is what a schema says otherwise than
was claimed of a message made by tables, and what depends on how exactly large numbers are read: no dialect that ships
has either.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, Final

from wirecheck.catalog import file_stem
from wirecheck.catalog.linear import accepting
from wirecheck.catalog.model import Dialect, Envelope, FrameForm, Style
from wirecheck.schema import DRAFTS, ENVELOPES, STYLES, Draft, frame_schema, union_schema, wire_style
from wirecheck.vectors.drawn import drawn
from wirecheck.vectors.frames import NO_OBJECTS, frame_messages, tabled

FOLDERS: Final[Mapping[Draft, str]] = {"2020-12": "draft2020-12", "07": "draft7"}
"""As the suite calls them."""

EXACT: Final = 2**53
BEYOND: Final = 2**1023
"""Whole numbers up to the first are doubles; those from the second on are taken for one number."""

Claim = tuple[str, Any, bool]


def generate(dialect: Dialect, drafts: Sequence[Draft] = DRAFTS) -> dict[str, str]:
    """Every file of the suite in these drafts, by its path: a file a frame, and a file a union. Sorted by path."""
    files = {}
    for form in dialect.frames.values():
        tests = {style: _tests(frame_schema(dialect, form, style), _claims(dialect, form, style)) for style in STYLES}
        for draft in drafts:
            files[path_of(dialect, draft, form)] = _text(
                {
                    "description": f"{dialect.name}: {form.key} in the {style} envelope",
                    "schema": frame_schema(dialect, form, style, draft=draft),
                    "tests": tests[style],
                }
                for style in STYLES
            )
    for envelope in ENVELOPES:
        some = _tests(union_schema(dialect, envelope), _union_claims(dialect, envelope))
        worn = "as the vendor sends it" if envelope == "wire" else f"in the {envelope} envelope"
        for draft in drafts:
            form_of_all = union_schema(dialect, envelope, draft=draft)
            group = {"description": f"{dialect.name}: any frame, {worn}", "schema": form_of_all, "tests": some}
            files[path_of(dialect, draft, envelope)] = _text([group])
    return dict(sorted(files.items()))


def path_of(dialect: Dialect, draft: Draft, what: FrameForm | Envelope) -> str:
    name = f"union-{what}" if isinstance(what, str) else f"frame-{file_stem(what.key)}"
    return f"{dialect.name}/tests/{FOLDERS[draft]}/{name}.json"


def _claims(dialect: Dialect, form: FrameForm, style: Style) -> Iterator[Claim]:
    if tabled(dialect, form):
        for says, message, pointer in frame_messages(dialect, form, style):
            yield says, message, pointer is None
    else:
        yield from drawn(dialect, form, style)
        yield from _no_objects()


def _union_claims(dialect: Dialect, envelope: Envelope) -> Iterator[Claim]:
    """The first valid message of each frame, and what is no frame at all."""
    for form in dialect.frames.values():
        style = wire_style(dialect, form) if envelope == "wire" else envelope
        first = next(((says, message) for says, message, valid in _claims(dialect, form, style) if valid), None)
        if first is not None:
            yield f"{form.key}: {first[0]}", first[1], True
    yield "an object without members", {}, False
    yield "a tag of no frame", {dialect.envelope.tag: "no frame has this tag"}, False
    yield from _no_objects()


def _no_objects() -> Iterator[Claim]:
    yield from ((f"the message is {words}", value, False) for words, value in NO_OBJECTS)


def _tests(schema: Any, claims: Iterable[Claim]) -> list[dict[str, Any]]:
    """The claims that hold, each message once."""
    fits, roughly = _judge(schema), _judge(_as_doubles(schema))
    found: dict[str, dict[str, Any]] = {}
    for says, message, valid in claims:
        if fits(message) == valid == roughly(_as_doubles(message)):
            found.setdefault(_compact(message), {"description": says, "data": message, "valid": valid})
    return list(found.values())


def _judge(schema: Any) -> Callable[[Any], bool]:
    return accepting(schema) if isinstance(schema, dict) else lambda _: schema


def _as_doubles(value: Any) -> Any:
    """A value as it is read where every number is a double."""
    if isinstance(value, dict):
        return {name: _as_doubles(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [_as_doubles(inner) for inner in value]
    if isinstance(value, int) and abs(value) > EXACT:
        return float(max(-BEYOND, min(value, BEYOND)))
    return value


def _compact(value: Any) -> str:
    return json.dumps(value, sort_keys=True)


def _text(groups: Iterable[dict[str, Any]]) -> str:
    """In ASCII, so that no tool stumbles over a raw line separator."""
    return json.dumps(list(groups), indent=2, allow_nan=False) + "\n"
