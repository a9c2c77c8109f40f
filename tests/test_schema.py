"""The schemas: what each style accepts and refuses, the files, and the folder that is checked in."""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest
from jsonschema import Draft202012Validator

from wirecheck import catalog, schema
from wirecheck.catalog.model import (
    Case,
    Condition,
    Connect,
    Dialect,
    EnvelopeForm,
    FrameForm,
    HeaderField,
    Locator,
    Style,
)

ROOT = Path(__file__).resolve().parent.parent
TEXT = {"type": "string"}


def payload(*required: str, **properties: Any) -> dict[str, Any]:
    return {"type": "object", "properties": properties, "required": list(required)}


def at(pointer: str) -> Locator:
    if pointer.startswith("@"):
        return Locator(place="header", path=(pointer[1:],))
    return Locator(place="payload", path=tuple(pointer.split("/")[1:]))


def frame(key: str, form: Mapping[str, Any] | None = None, **more: Any) -> FrameForm:
    more = {"tag": key, "sender": "server", "summary": "What it is.", "basis": "example", "source": "Frames"} | more
    return FrameForm(key=key, payload=form, **more)


def dialect(*frames: FrameForm, style: Style = "flat", header: Mapping[Any, Any] | None = None) -> Dialect:
    return Dialect(
        name="toy-wire",
        title="A toy",
        source="Toys",
        envelope=EnvelopeForm(style=style, tag="type", data="data", header=header or {}),
        unknown="report",
        connect=Connect(),
        names={},
        spans={},
        frames={frame.key: frame for frame in frames},
        guarantees={},
    )


def valid(form: schema.Schema | bool, message: Any) -> bool:
    """Both validators' one answer."""
    Draft202012Validator.check_schema(form)
    answer = Draft202012Validator(form).is_valid(message)
    assert jsonschema_rs.validator_for(form).is_valid(message) == answer
    return answer


def passes(of: Dialect, key: str, style: Style, message: Any) -> bool:
    return valid(schema.frame_schema(of, of.frames[key], style), message)


# One frame in two styles


def test_a_flat_schema_merges_tag_header_and_payload() -> None:
    header = {"server": (HeaderField(name="id", required=True, schema=TEXT),)}
    toy = dialect(frame("say:it", payload("text", text=TEXT), examples=({"@id": "1", "text": "hi"},)), header=header)
    assert schema.frame_schema(toy, toy.frames["say:it"], "flat") == {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": "urn:wirecheck:toy-wire:flat:say:it",
        "title": "ToyWireSayIt",
        "description": "What it is.",
        "$comment": "Sent by the server. Basis: example. Source: Frames",
        "examples": [{"type": "say:it", "id": "1", "text": "hi"}],
        "type": "object",
        "properties": {"type": {"const": "say:it"}, "id": TEXT, "text": TEXT},
        "required": ["type", "id", "text"],
    }


def test_of_what_a_catalog_does_not_say_nothing_is_written() -> None:
    toy = dialect(frame("say", payload(), summary="", source=""))
    form = schema.frame_schema(toy, toy.frames["say"], "flat")
    assert "description" not in form
    assert form["$comment"] == "Sent by the server. Basis: example."


def test_a_nested_schema_requires_data_where_the_payload_requires_something() -> None:
    toy = dialect(frame("say", payload("text", text=TEXT), note="How long is not said."), style="nested")
    assert schema.frame_schema(toy, toy.frames["say"], "nested", embed=True) == {
        "title": "ToyWireSay",
        "description": "What it is. How long is not said.",
        "$comment": "Sent by the server. Basis: example. Source: Frames",
        "type": "object",
        "properties": {"type": {"const": "say"}, "data": payload("text", text=TEXT)},
        "required": ["type", "data"],
    }


def test_a_frame_that_requires_a_field_never_passes_in_the_other_style() -> None:
    toy = dialect(frame("say", payload("text", text=TEXT)))
    flat, nested = {"type": "say", "text": "hi"}, {"type": "say", "data": {"text": "hi"}}
    assert passes(toy, "say", "flat", flat)
    assert passes(toy, "say", "nested", nested)
    assert not passes(toy, "say", "flat", nested)
    assert not passes(toy, "say", "nested", flat)


def test_alternatives_that_all_require_something_count_as_required() -> None:
    form = payload(a=TEXT, b=TEXT) | {"anyOf": [{"required": ["a"]}, {"required": ["b"]}]}
    toy = dialect(frame("say", form))
    assert passes(toy, "say", "flat", {"type": "say", "b": "hi"})
    assert passes(toy, "say", "nested", {"type": "say", "data": {"b": "hi"}})
    assert not passes(toy, "say", "flat", {"type": "say", "data": {"b": "hi"}})
    assert not passes(toy, "say", "nested", {"type": "say", "b": "hi"})
    assert not passes(toy, "say", "nested", {"type": "say"})


def test_where_nothing_is_required_each_style_refuses_what_shows_the_other() -> None:
    toy = dialect(frame("done", payload(again={"type": "boolean"})))
    bare = {"type": "done"}
    assert passes(toy, "done", "flat", bare)
    assert passes(toy, "done", "nested", bare)
    assert passes(toy, "done", "flat", {"type": "done", "again": True})
    assert passes(toy, "done", "flat", {"type": "done", "data": "an extra field"})
    assert passes(toy, "done", "nested", {"type": "done", "data": {}})
    assert not passes(toy, "done", "flat", {"type": "done", "data": {}})
    assert not passes(toy, "done", "flat", {"type": "done", "data": {"again": True}})
    assert not passes(toy, "done", "nested", {"type": "done", "again": True})
    assert not passes(toy, "done", "nested", {"type": "done", "data": []})


def test_names_that_only_a_case_or_an_alternative_documents_show_the_style_too() -> None:
    case = Case(name="list", when=(Condition(at=at("/events"), test="present"),), payload=payload(events=TEXT))
    toy = dialect(frame("hear", payload() | {"anyOf": [payload(topic=TEXT), {}]}, cases=(case,)))
    assert not passes(toy, "hear", "nested", {"type": "hear", "events": "all"})
    assert not passes(toy, "hear", "nested", {"type": "hear", "topic": "all"})
    assert passes(toy, "hear", "nested", {"type": "hear", "other": "all"})


def test_a_documented_payload_name_data_is_no_sign_of_the_nested_style() -> None:
    toy = dialect(frame("blob", payload(data={"type": "object"})))
    assert passes(toy, "blob", "flat", {"type": "blob", "data": {"a": 1}})
    assert passes(toy, "blob", "nested", {"type": "blob", "data": {"data": {"a": 1}}})


def test_of_a_frame_that_is_only_named_the_tag_alone_is_checked() -> None:
    toy = dialect(frame("mystery", None))
    extras: tuple[dict[str, Any], ...] = ({}, {"data": 1}, {"data": {"a": 1}}, {"a": 1})
    for style, extra in itertools.product(schema.STYLES, extras):
        assert passes(toy, "mystery", style, {"type": "mystery", **extra})
        assert not passes(toy, "mystery", style, {"type": "other", **extra})


def test_extra_fields_are_allowed_everywhere() -> None:
    toy = dialect(frame("say", payload("text", text=TEXT)))
    assert passes(toy, "say", "flat", {"type": "say", "text": "hi", "new": 1, "data": {}})
    assert passes(toy, "say", "nested", {"type": "say", "text": 1, "data": {"text": "hi", "new": 1}, "new": 1})


def test_a_tagless_frame_beside_tagged_ones_of_its_sender_has_no_tag() -> None:
    toy = dialect(frame("text", payload("text", text=TEXT), tag=None), frame("say", payload("text", "to", text=TEXT)))
    assert passes(toy, "text", "flat", {"text": "hi"})
    assert passes(toy, "text", "nested", {"data": {"text": "hi"}})
    assert not passes(toy, "text", "flat", {"text": "hi", "type": "say"})
    assert not valid(schema.union_schema(toy, "wire"), {"text": "hi", "type": "say"})


def test_header_fields_stay_beside_the_tag_in_both_styles() -> None:
    header = {"server": (HeaderField(name="id", required=True, schema=TEXT),)}
    toy = dialect(frame("say", payload("text", text=TEXT)), frame("ask", payload(), sender="client"), header=header)
    assert passes(toy, "say", "flat", {"type": "say", "id": "1", "text": "hi"})
    assert passes(toy, "say", "nested", {"type": "say", "id": "1", "data": {"text": "hi"}})
    assert not passes(toy, "say", "nested", {"type": "say", "data": {"text": "hi", "id": "1"}})
    assert not passes(toy, "say", "flat", {"type": "say", "id": 1, "text": "hi"})
    assert passes(toy, "ask", "flat", {"type": "ask"})


def test_other_constraints_of_a_payload_hold_in_both_styles_and_its_annotations_do_not_spread() -> None:
    form = payload("a", a=TEXT) | {"oneOf": [{"required": ["b"]}, {"required": ["c"]}], "title": "Option"}
    toy = dialect(frame("map", form | {"examples": [{}], "description": "No message's.", "default": {}}))
    flat, nested = (schema.frame_schema(toy, toy.frames["map"], style) for style in schema.STYLES)
    assert flat["title"] == nested["title"] == "ToyWireMap"
    assert nested["properties"]["data"] == payload("a", a=TEXT) | {"oneOf": form["oneOf"]}
    assert "examples" not in flat and "default" not in flat
    assert valid(flat, {"type": "map", "a": "x", "b": 1})
    assert not valid(flat, {"type": "map", "a": "x", "b": 1, "c": 1})
    assert valid(nested, {"type": "map", "data": {"a": "x", "b": 1}})
    assert not valid(nested, {"type": "map", "data": {"a": "x", "b": 1, "c": 1}})


def test_where_a_sender_tags_no_frame_a_tag_is_an_extra_field() -> None:
    news = frame("news", payload("at", at=TEXT))
    toy = dialect(frame("text", payload("text", text=TEXT), tag=None, sender="client"), news)
    assert passes(toy, "text", "flat", {"text": "hi", "type": "what"})
    assert passes(toy, "text", "nested", {"type": 3, "data": {"text": "hi"}})
    assert not passes(toy, "text", "flat", {"type": "what", "data": {"text": "hi"}})
    assert schema.frame_schema(toy, toy.frames["text"], "flat")["required"] == ["text"]


# Cases


def both(body: Mapping[str, Any], **header: Any) -> tuple[tuple[Style, dict[str, Any]], ...]:
    beside = {"type": "say", **header}
    return ("flat", beside | dict(body)), ("nested", beside | {"data": dict(body)})


@pytest.mark.parametrize(
    ("when", "unless", "body", "applies"),
    [
        ([("/mode", "const", 1)], [], {"mode": 1}, True),
        ([("/mode", "const", 1)], [], {"mode": 2}, False),
        ([("/mode", "const", 1)], [], {"mode": True}, False),
        ([("/mode", "const", 1)], [], {}, False),
        ([("/mode", "const", None)], [], {"mode": None}, True),
        ([("/mode", "const", None)], [], {}, False),
        ([("/mode", "present", None)], [], {"mode": None}, True),
        ([("/mode", "present", None)], [], {}, False),
        ([("/mode", "absent", None)], [], {}, True),
        ([("/mode", "absent", None)], [], {"mode": 0}, False),
        ([("/in/mode", "const", "a")], [], {"in": {"mode": "a"}}, True),
        ([("/in/mode", "const", "a")], [], {"in": [{"mode": "a"}]}, False),
        ([("/in/mode", "present", None)], [], {"in": "mode"}, False),
        ([("/in/mode", "absent", None)], [], {"in": "mode"}, True),
        ([("/a", "present", None), ("/b", "present", None)], [], {"a": 1, "b": 1}, True),
        ([("/a", "present", None), ("/b", "present", None)], [], {"a": 1}, False),
        ([], [("/a", "present", None), ("/b", "present", None)], {"a": 1}, True),
        ([], [("/a", "present", None), ("/b", "present", None)], {"a": 1, "b": 1}, False),
        ([("/a", "present", None)], [("/b", "present", None)], {"a": 1}, True),
        ([("/a", "present", None)], [("/b", "present", None)], {"a": 1, "b": 1}, False),
        ([("/a", "present", None)], [("/b", "present", None)], {}, False),
        ([("@id", "const", "7")], [], {}, True),
        ([("@id", "const", "8")], [], {}, False),
        ([("@id", "absent", None)], [], {"id": "7"}, False),
        ([], [], {}, True),
    ],
)
def test_a_case_demands_its_payload_when_it_holds(
    when: list[Any], unless: list[Any], body: dict[str, Any], applies: bool
) -> None:
    conditions = [
        tuple(Condition(at=at(pointer), test=test, const=const) for pointer, test, const in group)
        for group in (when, unless)
    ]
    case = Case(name="mode", when=conditions[0], unless=conditions[1], payload=payload("extra", extra=TEXT))
    assert catalog.applies(case, body, {"id": "7"}) == applies
    toy = dialect(frame("say", payload("x", x=TEXT), cases=(case, Case(name="roles-only", roles=("error",)))))
    for style, message in both({"x": "", **body}, id="7"):
        assert passes(toy, "say", style, message) == (not applies)
    for style, message in both({"x": "", "extra": "there", **body}, id="7"):
        assert passes(toy, "say", style, message)
    for style, message in both({"x": "", "extra": 0, **body}, id="7"):
        assert passes(toy, "say", style, message) == (not applies)


def test_a_case_that_demands_something_demands_data() -> None:
    case = Case(name="new", when=(Condition(at=at("/id"), test="absent"),), payload=payload("made", made=TEXT))
    toy = dialect(frame("say", payload(id=TEXT), cases=(case,)))
    assert not passes(toy, "say", "nested", {"type": "say"})
    assert not passes(toy, "say", "flat", {"type": "say"})
    assert passes(toy, "say", "nested", {"type": "say", "data": {"id": "1"}})
    assert passes(toy, "say", "nested", {"type": "say", "data": {"made": "1"}})


# Whole messages


def test_wrap_puts_the_tag_first_and_the_header_beside_it() -> None:
    toy = dialect(frame("say", payload("text", text=TEXT)))
    say, example = toy.frames["say"], {"text": "hi", "@id": "1", "list": ({"a": ()},)}
    assert json.dumps(schema.wrap(toy, say, example, "flat")) == (
        '{"type": "say", "id": "1", "text": "hi", "list": [{"a": []}]}'
    )
    assert json.dumps(schema.wrap(toy, say, example, "nested")) == (
        '{"type": "say", "id": "1", "data": {"text": "hi", "list": [{"a": []}]}}'
    )


def test_wrap_leaves_out_an_empty_data_that_nothing_requires() -> None:
    toy = dialect(frame("done", payload(again=TEXT)), frame("named", None), frame("say", payload("text", text=TEXT)))
    assert schema.wrap(toy, toy.frames["done"], {"@id": 1}, "nested") == {"type": "done", "id": 1}
    assert schema.wrap(toy, toy.frames["named"], {}, "nested") == {"type": "named"}
    assert schema.wrap(toy, toy.frames["say"], {}, "nested") == {"type": "say", "data": {}}


def test_wrap_gives_the_items_of_a_batch_the_style_of_the_batch() -> None:
    header = {"client": (HeaderField(name="id", required=False, schema=TEXT),)}
    many = frame("many", payload("in"), sender="client", contains=("in", "list"))
    say = frame("say", payload("text", text=TEXT), sender="client")
    odd = frame("odd", payload("text", text=TEXT), sender="client", wire="flat")
    toy = dialect(many, say, odd, frame("news", payload()), style="nested", header=header)
    others: list[Any] = [{"type": "news", "data": {"a": 1}}, {"type": "say", "data": 3}, {"type": "what"}, "what"]
    items = [{"type": "say", "id": "1", "data": {"text": "hi"}}, {"type": "odd", "id": "2", "text": "ho"}, *others]
    flat = [{"type": "say", "id": "1", "text": "hi"}, {"type": "odd", "id": "2", "text": "ho"}, *others]
    example = {"in": {"list": items}}
    assert schema.wrap(toy, many, example, "nested") == {"type": "many", "data": example}
    assert schema.wrap(toy, many, example, "flat") == {"type": "many", "in": {"list": flat}}
    without_items: tuple[dict[str, Any], ...] = ({"in": 3}, {"in": {}}, {"in": {"list": 3}}, {})
    for shapeless in without_items:
        assert schema.wrap(toy, many, shapeless, "flat") == {"type": "many", **shapeless}

    turned = dialect(many, say, odd, style="flat", header=header)
    nested = [{"type": "say", "id": "1", "data": {"text": "hi"}}, {"type": "odd", "id": "2", "data": {"text": "ho"}}]
    assert schema.wrap(turned, many, {"in": {"list": flat[:2]}}, "nested") == {
        "type": "many",
        "data": {"in": {"list": nested}},
    }


def test_a_frame_may_differ_from_its_dialect_on_the_wire() -> None:
    toy = dialect(frame("a", payload("x", x=TEXT), wire="flat"), frame("b", payload("x", x=TEXT)), style="nested")
    assert [schema.wire_style(toy, form) for form in toy.frames.values()] == ["flat", "nested"]
    union = schema.union_schema(toy, "wire")
    assert valid(union, {"type": "a", "x": ""})
    assert valid(union, {"type": "b", "data": {"x": ""}})
    assert not valid(union, {"type": "a", "data": {"x": ""}})
    assert not valid(union, {"type": "b", "x": ""})


# Names and unions


def test_file_names_keep_to_plain_characters() -> None:
    assert schema.file_name("task:token") == "task-token"
    assert schema.file_name("a.b_c-D9/é ü") == "a.b_c-D9----"


def test_titles_are_distinct_and_identifiers_are_urns() -> None:
    toy = dialect(*(frame(key, payload()) for key in ("a:b", "a.b", "a_b2", "a b", "→", "userName")))
    schemas = [schema.frame_schema(toy, form, "flat") for form in toy.frames.values()]
    assert [form["title"].removeprefix("ToyWire") for form in schemas] == [
        "AB",
        "AB2",
        "AB22",
        "AB3",
        "Frame",
        "UserName",
    ]
    assert [form["$id"].removeprefix("urn:wirecheck:toy-wire:flat:") for form in schemas] == [
        "a:b",
        "a.b",
        "a_b2",
        "a%20b",
        "%E2%86%92",
        "userName",
    ]


def test_one_tag_may_stand_for_a_frame_of_each_sender() -> None:
    ask = frame("ping-asked", payload("n", n={"type": "integer"}), tag="ping", sender="client")
    toy = dialect(ask, frame("ping", payload("text", text=TEXT)))
    union = schema.union_schema(toy, "flat")
    assert valid(union, {"type": "ping", "n": 1})
    assert valid(union, {"type": "ping", "text": ""})
    assert valid(union, {"type": "ping", "n": 1, "text": ""})
    assert not valid(union, {"type": "ping"})


def test_an_empty_union_is_false() -> None:
    files = schema.generate(dialect())
    assert files == {f"toy-wire/toy-wire.{name}.schema.json": "false\n" for name in ("flat", "nested", "wire")}
    assert not valid(schema.union_schema(dialect(), "wire"), {})


# Files


def test_generated_files_are_named_by_frame_and_sorted() -> None:
    files = schema.generate(dialect(frame("b:é", payload()), frame("a", payload(), summary="Größe →")))
    assert list(files) == [
        "toy-wire/flat/a.schema.json",
        "toy-wire/flat/b--.schema.json",
        "toy-wire/nested/a.schema.json",
        "toy-wire/nested/b--.schema.json",
        "toy-wire/toy-wire.flat.schema.json",
        "toy-wire/toy-wire.nested.schema.json",
        "toy-wire/toy-wire.wire.schema.json",
    ]
    assert '"description": "Größe →"' in files["toy-wire/flat/a.schema.json"]
    assert all(text.endswith("}\n") for text in files.values())


# The dialects that ship

DIALECTS = [catalog.load(name) for name in catalog.dialects()]
FRAMES = [(of, form) for of in DIALECTS for form in of.frames.values()]


def each(frames: list[tuple[Dialect, FrameForm]]) -> pytest.MarkDecorator:
    return pytest.mark.parametrize(("of", "form"), frames, ids=[f"{of.name}/{form.key}" for of, form in frames])


each_dialect = pytest.mark.parametrize("of", DIALECTS, ids=[of.name for of in DIALECTS])
each_frame = each(FRAMES)
each_frame_with_a_payload = each([(of, form) for of, form in FRAMES if form.payload is not None])


def messages(of: Dialect, form: FrameForm, style: Style) -> list[dict[str, Any]]:
    return [schema.wrap(of, form, example, style) for example in form.examples]


def defective(message: dict[str, Any]) -> Iterator[Any]:
    """The message with each member, at its top and one level below, taken away and made a null, number and object."""
    for name, value in message.items():
        rest = {other: kept for other, kept in message.items() if other != name}
        yield rest
        wrongs: tuple[Any, ...] = (None, 1.5, {}, [], "", True)
        for wrong in wrongs:
            yield {**message, name: wrong}
        if isinstance(value, dict):
            for inner in value:
                yield {**message, name: {other: kept for other, kept in value.items() if other != inner}}
                yield {**message, name: {**value, inner: None}}
    yield from ([], None, "text", {**message, "data": {}}, {**message, "unheard_of": 1})


@each_frame
def test_schemas_pass_the_metaschema_and_have_examples(of: Dialect, form: FrameForm) -> None:
    for style in schema.STYLES:
        built = schema.frame_schema(of, form, style)
        Draft202012Validator.check_schema(built)
        assert built["title"] and built["description"] and built["examples"]
        assert built["examples"] == messages(of, form, style)


@each_frame
def test_examples_pass_their_own_schema_and_no_other_of_the_sender(of: Dialect, form: FrameForm) -> None:
    for style in schema.STYLES:
        for message in messages(of, form, style):
            peers = [key for key, other in of.frames.items() if other.sender == form.sender]
            assert [key for key in peers if passes(of, key, style, message)] == [form.key]


@each_frame_with_a_payload
def test_the_other_style_is_refused(of: Dialect, form: FrameForm) -> None:
    header = {field.name for field in of.envelope.header.get(form.sender, ())}
    for flat, nested in zip(messages(of, form, "flat"), messages(of, form, "nested"), strict=True):
        bare = set(flat) <= {of.envelope.tag} | header
        assert bare == (flat == nested)
        assert passes(of, form.key, "flat", nested) == bare
        assert passes(of, form.key, "nested", flat) == bare


@each_frame
def test_both_validators_agree_on_faulty_messages(of: Dialect, form: FrameForm) -> None:
    for style in schema.STYLES:
        built = schema.frame_schema(of, form, style)
        one, other = Draft202012Validator(built), jsonschema_rs.validator_for(built)
        for message in messages(of, form, style):
            for wrong in defective(message):
                assert one.is_valid(wrong) == other.is_valid(wrong), wrong


@each_dialect
def test_unions_accept_every_frame_and_nothing_unknown(of: Dialect) -> None:
    for envelope in schema.ENVELOPES:
        union = schema.union_schema(of, envelope)
        Draft202012Validator.check_schema(union)
        one, other = Draft202012Validator(union), jsonschema_rs.validator_for(union)
        for form in of.frames.values():
            style = schema.wire_style(of, form) if envelope == "wire" else envelope
            for message in messages(of, form, style):
                assert one.is_valid(message)
                assert other.is_valid(message)
        strangers: tuple[Any, ...] = ({of.envelope.tag: "unheard_of"}, {}, [], None)
        for stranger in strangers:
            assert not one.is_valid(stranger)
            assert not other.is_valid(stranger)


def test_titles_and_identifiers_are_distinct_over_all_dialects() -> None:
    built = [json.loads(text) for of in DIALECTS for text in schema.generate(of).values()]
    identifiers = [form["$id"] for form in built]
    assert len(set(identifiers)) == len(identifiers)
    titles = [schema.frame_schema(of, form, "flat")["title"] for of in DIALECTS for form in of.frames.values()]
    titles += [form["title"] for form in built if "anyOf" in form and "$defs" in form]
    assert len(set(titles)) == len(titles)
