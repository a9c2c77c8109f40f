"""Types of messages: a record and its rest accept together just what the schema accepts."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from itertools import islice
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from small_catalogs import catalog as drawn_catalog
from wirecheck.catalog import Dialect, dialects, load, load_file
from wirecheck.catalog.linear import accepting
from wirecheck.catalog.model import Envelope, Style
from wirecheck.errors import CatalogError, UsageError
from wirecheck.fuzz.bulk import Meant, lines
from wirecheck.fuzz.choice import choices, labelled
from wirecheck.sample.source import Seeded
from wirecheck.schema import frame_schema, wire_style
from wirecheck.types import module_of
from wirecheck.types.build import RESERVED
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
    Whole,
)
from wirecheck.types.naming import LONGEST, words
from wirecheck.types.rest import KEYWORDS

FIXTURES = Path(__file__).parent.parent / "fixtures"
STYLES: tuple[Style, ...] = ("flat", "nested")
ENVELOPES: tuple[Envelope, ...] = ("wire", "flat", "nested")


def takes(kind: Type, value: Any) -> bool:
    """Whether a value is of a type: what every language's decoder does, in its plainest form."""
    match kind:
        case Anything():
            return True
        case Text():
            return isinstance(value, str)
        case Choice(values=values):
            return isinstance(value, str) and value in values
        case Whole():
            return isinstance(value, int | float) and not isinstance(value, bool) and value == int(value)
        case Number():
            return isinstance(value, int | float) and not isinstance(value, bool)
        case Flag():
            return isinstance(value, bool)
        case Items(of=inner):
            return isinstance(value, list) and all(takes(inner, item) for item in value)
        case Table(of=inner):
            return isinstance(value, dict) and all(takes(inner, item) for item in value.values())
        case Nullable(of=inner):
            return value is None or takes(inner, value)
        case Record(fields=fields):
            if not isinstance(value, dict):
                return False
            there = [field for field in fields if field.wire in value]
            missing = [field for field in fields if field.required and field.wire not in value]
            return not missing and all(takes(field.type, value[field.wire]) for field in there)


def is_of(module: Module, frame: Frame, message: Any) -> bool:
    """Whether a message is of a frame, by its record, its tag and its rest."""
    if not takes(frame.record, message) or (frame.tag is not None and message.get(module.tag) != frame.tag):
        return False
    return frame.rest if isinstance(frame.rest, bool) else accepting(frame.rest)(message)


def frames_of(module: Module) -> dict[str, Frame]:
    return {frame.key: frame for frame in module.frames}


def disagreements(dialect: Dialect, envelope: Envelope, messages: Iterator[tuple[str, Any]]) -> list[Any]:
    module = module_of(dialect, envelope)
    frames, schemas = frames_of(module), {}
    for key, form in dialect.frames.items():
        style = wire_style(dialect, form) if envelope == "wire" else envelope
        schemas[key] = accepting(frame_schema(dialect, form, style, embed=True))
    return [(key, message) for key, message in messages if is_of(module, frames[key], message) != schemas[key](message)]


@pytest.mark.parametrize("style", STYLES)
@pytest.mark.parametrize("name", dialects())
def test_record_and_rest_are_the_schema(name: str, style: Style) -> None:
    """Every vector: those that are valid are taken, and no other."""
    vectors = json.loads((FIXTURES / name / "frames.json").read_text(encoding="utf-8"))
    module = module_of(load(name), style)
    frames = frames_of(module)
    of_style = [vector for vector in vectors if vector["envelope"] == style]
    assert of_style
    wrong = [
        vector for vector in of_style if is_of(module, frames[vector["variant"]], vector["message"]) != vector["valid"]
    ]
    assert wrong == []


def fuzzed(dialect: Dialect, envelope: Envelope, seed: int, *, count: int, invalid: bool) -> Iterator[tuple[str, Any]]:
    """Messages that are JSON, half of them with a defect, of each frame that can have one."""
    found = choices(dialect, None, envelope, None)
    labels = labelled(dialect, found, None) if invalid else tuple((one, (None,)) for one in found)
    meant = [Meant(form=one.form, style=one.style, defect=label) for one, each in labels for label in each]
    for line in islice(lines(dialect, meant, seed), count):
        read = json.loads(line)
        try:
            yield read["frame"], json.loads(read["text"])
        except (KeyError, ValueError, RecursionError):
            continue  # no JSON text, and so no value that a schema could judge


@pytest.mark.no_cover
@pytest.mark.parametrize("invalid", [False, True], ids=["valid", "invalid"])
@pytest.mark.parametrize("envelope", ENVELOPES)
@pytest.mark.parametrize("name", dialects())
def test_what_is_fuzzed_is_taken_as_the_schema_takes_it(name: str, envelope: Envelope, invalid: bool) -> None:
    dialect = load(name)
    assert disagreements(dialect, envelope, fuzzed(dialect, envelope, 3, count=200, invalid=invalid)) == []


@pytest.mark.no_cover
@settings(max_examples=12, deadline=None)
@given(seed=st.integers(0, 100_000))
def test_catalogs_of_users_have_types_as_exact(tmp_path_factory: pytest.TempPathFactory, seed: int) -> None:
    path = tmp_path_factory.mktemp("drawn") / "drawn.yaml"
    path.write_text(drawn_catalog(Seeded(seed)), encoding="utf-8")
    try:
        dialect = load_file(path)
    except CatalogError:
        return  # contradicts itself, and the loader says so
    for envelope in ENVELOPES:
        for invalid in (False, True):
            try:
                messages = [*fuzzed(dialect, envelope, seed, count=30, invalid=invalid)]
            except UsageError:
                continue  # no message of any of its frames is known
            assert disagreements(dialect, envelope, iter(messages)) == []
        assert_well_named(module_of(dialect, envelope))


def assert_well_named(module: Module) -> None:
    named = [*module.records, *module.choices]
    names = [one.name for one in named]
    assert len(set(names)) == len(names)
    assert not set(names) & RESERVED
    assert all(name.isascii() and name.isidentifier() and name[0].isupper() for name in names)
    assert {frame.record.name for frame in module.frames} <= set(names)
    seen: set[str] = set()
    for record in module.records:
        assert {part.name for field in record.fields for part in parts(field.type)} <= seen
        seen.add(record.name)
    for frame in module.frames:
        assert words_of(frame.rest) <= set(KEYWORDS)
        assert frame.tag is None or module.tag not in {field.wire for field in frame.record.fields}


def parts(kind: Type) -> list[Record]:
    match kind:
        case Items(of=inner) | Table(of=inner) | Nullable(of=inner):
            return parts(inner)
        case Record():
            return [kind]
    return []


def words_of(rest: Any) -> set[str]:
    """The keywords of a schema."""
    if not isinstance(rest, Mapping):
        return set()
    found = set(rest)
    for word, value in rest.items():
        if word in ("allOf", "anyOf", "oneOf"):
            found |= set().union(*map(words_of, value))
        elif word == "properties":
            found |= set().union(*map(words_of, value.values()))
        elif word in ("items", "additionalProperties", "not", "if", "then"):
            found |= words_of(value)
    return found


@pytest.mark.parametrize("name", dialects())
def test_names_are_unique_and_parts_come_first(name: str) -> None:
    for envelope in ENVELOPES:
        assert_well_named(module_of(load(name), envelope))


def test_each_sender_has_its_union() -> None:
    both = module_of(load("vonz"))
    assert [(union.name, union.sender) for union in both.unions] == [
        ("ClientFrame", "client"),
        ("ServerFrame", "server"),
    ]
    (alone,) = module_of(load("vonz"), "wire", ["server"]).unions
    assert {frame.key for frame in alone.frames} == {
        key for key, form in load("vonz").frames.items() if form.sender == "server"
    }
    assert module_of(load("agent_platform"), "wire", ["client"]).unions == ()


def drawn(tmp_path: Path, text: str) -> Module:
    path = tmp_path / "odd.yaml"
    path.write_text(text, encoding="utf-8")
    return module_of(load_file(path))


def test_names_that_collide_are_numbered(tmp_path: Path) -> None:
    module = drawn(
        tmp_path,
        """
dialect: odd
envelope: {style: flat, tag: type, data: data}
frames:
  server: {from: server, payload: {a: string}}
  unknown: {from: server, payload: {a: string}}
  "2fa.start": {from: server, payload: {a: string}}
  "2fa:start": {from: server, payload: {a: string}}
  "日本": {from: server, payload: {a: string}}
  type: {from: server, payload: {error: {x: string}, "kind": {enum: [a, b]}}}
""",
    )
    assert [frame.record.name for frame in module.frames] == [
        "ServerFrame2",
        "UnknownFrame2",
        "X2faStartFrame",
        "X2faStartFrame2",
        "Frame2",
        "TypeFrame",
    ]
    assert [record.name for record in module.records if not record.name.rstrip("2").endswith("Frame")] == ["TypeError2"]
    assert [choice.name for choice in module.choices] == ["TypeKind"]


def test_members_of_cases_are_there_with_the_type_that_is_sure(tmp_path: Path) -> None:
    module = drawn(
        tmp_path,
        """
dialect: odd
envelope: {style: flat, tag: type, data: data}
frames:
  ask:
    from: client
    payload: {"mode?": string}
    cases:
      - {name: own, when: {/topics: present}, payload: {topics: [string]}}
      - {name: other, when: {/mode: hard}, payload: {effort: integer}}
""",
    )
    (frame,) = module.frames
    assert [(field.wire, field.type, field.required) for field in frame.record.fields] == [
        ("mode", Text(), False),
        ("topics", Items(Text()), False),
        ("effort", Anything(), False),
    ]
    assert is_of(module, frame, {"type": "ask", "effort": "much"})
    assert not is_of(module, frame, {"type": "ask", "mode": "hard", "effort": "much"})
    assert not is_of(module, frame, {"type": "ask", "topics": [1]})


def test_a_name_has_a_length_that_a_line_can_hold() -> None:
    assert words("a" * 900) == ("a" * LONGEST,)
    assert sum(map(len, words("some_word" * 40))) == LONGEST
    assert words("task:tool_use.2fa") == ("task", "tool", "use", "2fa")


def test_long_names_that_begin_alike_are_told_apart(tmp_path: Path) -> None:
    tags = ["a" * 200, "a" * 201]
    frames = "".join(f"  {tag}: {{from: server, payload: {{{tag}: string, {tag}b: integer}}}}\n" for tag in tags)
    module = drawn(tmp_path, f"dialect: odd\nenvelope: {{style: flat, tag: type}}\nframes:\n{frames}")
    assert [frame.tag for frame in module.frames] == tags
    assert len({frame.record.name for frame in module.frames}) == 2
    assert all(len(frame.record.name) < 80 for frame in module.frames)
    assert [field.wire for field in module.frames[0].record.fields] == [tags[0], tags[0] + "b"]
