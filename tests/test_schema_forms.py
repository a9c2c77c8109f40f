"""Schemas in other forms: draft 07, unions that refer to files, components of OpenAPI. All say the same."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft7Validator, Draft202012Validator, ValidationError
from openapi_spec_validator import OpenAPIV31SpecValidator
from referencing import Registry, Resource
from referencing.exceptions import Unresolvable
from referencing.jsonschema import DRAFT7, DRAFT202012

from small_catalogs import catalog as drawn_catalog
from wirecheck import catalog, schema
from wirecheck.catalog.model import SENDERS, Dialect, Envelope, FrameForm
from wirecheck.errors import CatalogError
from wirecheck.sample.source import Seeded
from wirecheck.schema import openapi
from wirecheck.schema.draft import Draft, in_draft
from wirecheck.vectors import suite

ROOT = Path(__file__).resolve().parent.parent
DIALECTS = catalog.dialects()
BASE = "https://schemas.example/"
OLD: Any = jsonschema_rs.Draft7Validator
NEW: Any = jsonschema_rs.Draft202012Validator

each_dialect = pytest.mark.parametrize("name", DIALECTS)
each_draft = pytest.mark.parametrize("draft", schema.DRAFTS)


@cache
def vectors(name: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads((ROOT / "fixtures" / name / "frames.json").read_text(encoding="utf-8"))
    return found


def parsed(files: Mapping[str, str]) -> dict[str, Any]:
    return {path: json.loads(text) for path, text in files.items()}


def path_of(name: str, draft: Draft, rest: str) -> str:
    return f"{name}/{rest}" if draft == "2020-12" else f"{name}/draft-07/{rest}"


def fits(form: Any, draft: Draft) -> Callable[[Any], bool]:
    """By the quick validator, in the draft named."""
    found: Callable[[Any], bool] = (NEW if draft == "2020-12" else OLD)(form).is_valid
    return found


def resolved(files: Mapping[str, Any], path: str, draft: Draft) -> Any:
    """A validator of a file that looks for what it refers to among the others, where they lie."""
    specification = DRAFT202012 if draft == "2020-12" else DRAFT7
    resources = [(BASE + at, Resource(contents=form, specification=specification)) for at, form in files.items()]
    kind = Draft202012Validator if draft == "2020-12" else Draft7Validator
    return kind({"$ref": BASE + path}, registry=Registry().with_resources(resources).crawl())


# Draft 07


@each_dialect
def test_every_vector_has_the_same_verdict_in_draft_07(name: str) -> None:
    files = parsed(schema.generate(catalog.load(name), "07"))
    quick = {path: fits(form, "07") for path, form in files.items()}
    slow = {path: Draft7Validator(form) for path, form in files.items()}
    wrong = []
    for number, vector in enumerate(vectors(name)):
        path = f"{name}/draft-07/{vector['envelope']}/{schema.file_name(vector['variant'])}.schema.json"
        verdicts = {quick[path](vector["message"])}
        if number % 7 == 0:
            verdicts.add(slow[path].is_valid(vector["message"]))
        if verdicts != {vector["valid"]}:
            wrong.append(vector)
    assert wrong == []


@each_dialect
def test_unions_have_the_same_verdict_in_both_drafts(name: str) -> None:
    dialect = catalog.load(name)
    for envelope in schema.ENVELOPES:
        old = fits(schema.union_schema(dialect, envelope, draft="07"), "07")
        new = fits(schema.union_schema(dialect, envelope), "2020-12")
        verdicts = [(old(vector["message"]), new(vector["message"])) for vector in vectors(name)]
        assert {one for one in verdicts if one[0] != one[1]} == set()
        assert {True, False} == {one for one, _ in verdicts}


@each_dialect
def test_files_of_draft_07_are_of_draft_07(name: str) -> None:
    dialect = catalog.load(name)
    for path, text in (schema.generate(dialect, "07") | schema.generate_split(dialect, "07")).items():
        form = json.loads(text)
        Draft7Validator.check_schema(form)
        assert jsonschema_rs.meta.is_valid(form)
        assert form["$schema"] == "http://json-schema.org/draft-07/schema#"
        assert path.startswith(f"{name}/draft-07/")
        assert "2020-12" not in text and '"$defs"' not in text and "#/$defs" not in text


def test_identifiers_are_distinct_over_all_dialects_and_drafts() -> None:
    files: dict[str, str] = {}
    for name in DIALECTS:
        files |= schema.generate_drafts(catalog.load(name))
    identifiers = [form["$id"] for form in parsed(files).values() if "$id" in form]
    assert len(identifiers) == len(set(identifiers))
    assert {path for path, form in parsed(files).items() if "$id" not in form} == {
        path for path in files if path.endswith(".split.schema.json")
    }


def test_only_keywords_are_rewritten_and_never_what_is_called_like_one() -> None:
    held = {"$ref": "#/$defs/a", "$defs": {"a": True}, "prefixItems": []}
    form = {
        "$schema": schema.META["2020-12"],
        "properties": {"$defs": {"const": held}, "$ref": {"enum": [held]}, "prefixItems": {"default": held}},
        "required": ["$defs"],
        "examples": [held],
        "not": {"anyOf": [{"$ref": "#/$defs/a"}, False]},
        "$defs": {"a": {"items": {"$ref": "#/$defs/a"}}},
    }
    assert in_draft(form, "07") == {
        "$schema": schema.META["07"],
        "properties": form["properties"],
        "required": ["$defs"],
        "examples": [held],
        "not": {"anyOf": [{"$ref": "#/definitions/a"}, False]},
        "definitions": {"a": {"items": {"$ref": "#/definitions/a"}}},
    }
    assert in_draft(form, "2020-12") is form
    assert in_draft(True, "07") is True and in_draft(False, "07") is False


def test_what_stands_beside_a_reference_still_counts_in_draft_07() -> None:
    form = {
        "properties": {
            "x": {"$ref": "#/$defs/text", "maxLength": 2, "allOf": [{"pattern": "a"}]},
            "y": {"$ref": "other.schema.json"},
        },
        "$defs": {"text": {"type": "string"}},
    }
    old = in_draft(form, "07")
    assert old["properties"]["y"] == {"$ref": "other.schema.json"}
    del form["properties"]["y"], old["properties"]["y"]
    naive = {**form, "definitions": form["$defs"], "$schema": schema.META["07"]}
    naive["properties"] = {"x": {**form["properties"]["x"], "$ref": "#/definitions/text"}}
    for value, valid in (("ab", True), ("abc", False), (7, False), ("b", False)):
        assert fits(form, "2020-12")({"x": value}) == fits(old, "07")({"x": value}) == valid
        assert Draft7Validator(old).is_valid({"x": value}) == valid
    assert Draft7Validator(naive).is_valid({"x": "abc"}), "the older draft reads nothing beside a reference"


def test_a_value_that_is_listed_twice_is_listed_once_in_draft_07() -> None:
    values = ["red", 1, True, 1.0, {"a": 1, "b": [2]}, "red", 0, False, None, {"b": [2.0], "a": 1}, 0.5, [1], ["1"]]
    once = ["red", 1, True, {"a": 1, "b": [2]}, 0, False, None, 0.5, [1], ["1"]]
    old = in_draft({"items": {"enum": values}}, "07")["items"]["enum"]
    assert list(map(repr, old)) == list(map(repr, once))
    assert fits({"uniqueItems": True}, "07")(old) and not fits({"uniqueItems": True}, "07")(values)
    assert all(fits({"enum": old}, "07")(value) for value in values)


@pytest.mark.parametrize("keyword", ["prefixItems", "unevaluatedProperties", "dependentRequired", "$anchor", "format"])
def test_a_keyword_that_may_mean_something_else_there_is_refused(keyword: str) -> None:
    with pytest.raises(ValueError, match=re.escape(keyword)):
        in_draft({"type": "object", "properties": {"x": {keyword: {}}}}, "07")


# Unions that refer to files


@each_draft
@each_dialect
def test_split_unions_say_what_bundled_ones_say(name: str, draft: Draft) -> None:
    dialect = catalog.load(name)
    files = parsed(schema.generate_split(dialect, draft))
    for envelope in schema.ENVELOPES:
        split = resolved(files, path_of(name, draft, f"{name}.{envelope}.split.schema.json"), draft)
        bundled = fits(schema.union_schema(dialect, envelope, draft=draft), draft)
        for vector in vectors(name)[:: len(vectors(name)) // 20]:
            assert split.is_valid(vector["message"]) == bundled(vector["message"]), vector


@each_draft
@each_dialect
def test_another_validator_finds_the_files_too(name: str, draft: Draft, tmp_path: Path) -> None:
    """Files on a disk, found by their addresses; a frame's own identifier is in nobody's way."""
    for path, text in schema.generate_split(catalog.load(name), draft).items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(text, encoding="utf-8")
    union = tmp_path / path_of(name, draft, f"{name}.wire.split.schema.json")
    judge = jsonschema_rs.validator_for(json.loads(union.read_text(encoding="utf-8")), base_uri=union.as_uri())
    bundled = fits(schema.union_schema(catalog.load(name), "wire", draft=draft), draft)
    assert [v for v in vectors(name) if judge.is_valid(v["message"]) != bundled(v["message"])] == []


@each_draft
@each_dialect
def test_split_files_repeat_nothing_and_refer_to_files_that_are_there(name: str, draft: Draft) -> None:
    split, bundled = (make(catalog.load(name), draft) for make in (schema.generate_split, schema.generate))
    assert {path: text for path, text in split.items() if ".split." not in path} == {
        path: text for path, text in bundled.items() if path.count("/") > 1 + (draft == "07")
    }
    for path, text in split.items():
        if ".split." in path:
            form = json.loads(text)
            assert set(form) == {"$schema", "title", "description", "anyOf"}
            folder = path.rpartition("/")[0]
            assert all(f"{folder}/{one['$ref']}" in split for one in form["anyOf"])
            assert len(form["anyOf"]) == len(catalog.load(name).frames)


def test_a_file_that_is_missing_is_noticed() -> None:
    name = DIALECTS[0]
    files = parsed(schema.generate_split(catalog.load(name)))
    del files[next(path for path in files if path.count("/") == 2)]
    broken = [resolved(files, f"{name}/{name}.{one}.split.schema.json", "2020-12") for one in ("flat", "nested")]
    with pytest.raises(Unresolvable):
        assert [judge.is_valid([]) for judge in broken] == [False, False]


# OpenAPI


def component(document: Mapping[str, Any], name: str) -> Callable[[Any], bool]:
    return fits({"$ref": f"#/components/schemas/{name}", "components": document["components"]}, "2020-12")


def unions(document: Mapping[str, Any]) -> dict[str, Any]:
    return {
        name: form for name, form in document["components"]["schemas"].items() if "oneOf" in form and "type" not in form
    }


def assert_valid(document: Mapping[str, Any]) -> None:
    OpenAPIV31SpecValidator(document).validate()  # type: ignore[arg-type]
    for name, form in document["components"]["schemas"].items():
        assert re.fullmatch(r"[A-Za-z0-9._-]+", name)
        Draft202012Validator.check_schema(form)


def test_openapi_documents_are_valid_and_faulty_ones_are_not() -> None:
    for name in DIALECTS:
        (text,) = openapi.generate(catalog.load(name)).values()
        assert_valid(json.loads(text))
    good = openapi.document(catalog.load(DIALECTS[0]))
    schemas = good["components"]["schemas"]
    union = next(iter(unions(good)))
    for fault in (
        {"info": {"title": "No version"}},
        {"openapi": "3.2.0"},
        {"components": {"schemas": {**schemas, "a name": {}}}},
        {"components": {"schemas": {union: schemas[union]}}},
    ):
        with pytest.raises((ValidationError, Unresolvable)):
            OpenAPIV31SpecValidator({**good, **fault}).validate()


@each_dialect
def test_components_say_what_the_schemas_say(name: str) -> None:
    dialect = catalog.load(name)
    document = openapi.document(dialect)
    names = schema.titles(dialect)
    for frame in dialect.frames.values():
        style = schema.wire_style(dialect, frame)
        one, sure = component(document, names[frame.key]), fits(schema.frame_schema(dialect, frame, style), "2020-12")
        seen = dict.fromkeys((True, False), 0)
        for vector in vectors(name):
            if vector["variant"] == frame.key:
                assert one(vector["message"]) == sure(vector["message"])
                seen[sure(vector["message"])] += 1
        assert all(seen.values())


@each_dialect
def test_the_union_of_a_sender_fits_just_what_one_of_its_frames_fits(name: str) -> None:
    dialect = catalog.load(name)
    document = openapi.document(dialect)
    for sender in SENDERS:
        frames = [frame for frame in dialect.frames.values() if frame.sender == sender]
        title = openapi.camel(name) + f"{sender.capitalize()}Message"
        assert (title in unions(document)) == bool(frames)
        union = component(document, title) if frames else lambda _: False
        each = [fits(schema.frame_schema(dialect, one, schema.wire_style(dialect, one)), "2020-12") for one in frames]
        for vector in vectors(name):
            fitting = sum(one(vector["message"]) for one in each)
            assert fitting <= 1
            assert union(vector["message"]) == (fitting == 1)


def test_a_discriminator_leads_to_the_frame_with_the_tag_and_there_is_none_where_a_frame_has_none() -> None:
    with_one = 0
    for name in DIALECTS:
        dialect = catalog.load(name)
        schemas = openapi.document(dialect)["components"]["schemas"]
        for union in unions(openapi.document(dialect)).values():
            targets = [one["$ref"] for one in union["oneOf"]]
            tags = [schemas[one.rpartition("/")[2]].get("properties", {}).get(dialect.envelope.tag) for one in targets]
            tagged = all(isinstance(tag, dict) and "const" in tag for tag in tags)
            assert ("discriminator" in union) == tagged
            if tagged:
                with_one += 1
                mapping = {tag["const"]: target for tag, target in zip(tags, targets, strict=True)}
                assert union["discriminator"] == {"propertyName": dialect.envelope.tag, "mapping": mapping}
    assert 0 < with_one < 2 * len(DIALECTS)


def toy(*frames: FrameForm) -> Dialect:
    real = catalog.load(DIALECTS[0])
    fields = {name: getattr(real, name) for name in ("source", "envelope", "unknown", "connect")}
    return Dialect(
        name="toy", title="A toy", names={}, spans={}, guarantees={}, frames={one.key: one for one in frames}, **fields
    )


def toy_frame(key: str) -> FrameForm:
    return FrameForm(key=key, tag=key, sender="server", summary="", basis="words", source="", payload=None)


def test_components_that_would_share_a_name_are_numbered() -> None:
    document = openapi.document(toy(toy_frame("server-message"), toy_frame("server message"), toy_frame("→")))
    assert list(document["components"]["schemas"]) == [
        "ToyServerMessage",
        "ToyServerMessage2",
        "ToyFrame",
        "ToyServerMessage3",
    ]
    assert document["components"]["schemas"]["ToyServerMessage3"]["title"] == "ToyServerMessage3"
    assert_valid(document)


def test_a_catalog_without_frames_gives_valid_documents() -> None:
    assert openapi.document(toy())["components"] == {"schemas": {}}
    assert_valid(openapi.document(toy()))
    for draft in schema.DRAFTS:
        assert set((schema.generate_split(toy(), draft) | schema.generate(toy(), draft)).values()) == {"false\n"}


# Catalogs of users


def forms_of(dialect: Dialect) -> Iterator[tuple[Envelope, list[Callable[[Any], bool]]]]:
    """Every form of the union in an envelope."""
    for envelope in schema.ENVELOPES:
        judges = []
        for draft in schema.DRAFTS:
            judges.append(fits(schema.union_schema(dialect, envelope, draft=draft), draft))
            files = parsed(schema.generate_split(dialect, draft))
            path = path_of(dialect.name, draft, f"{dialect.name}.{envelope}.split.schema.json")
            judges.append(
                jsonschema_rs.validator_for(
                    files[path],
                    base_uri=BASE + path,
                    retriever=lambda address, files=files: files[address.removeprefix(BASE)],
                ).is_valid
            )
        yield envelope, judges


@pytest.mark.no_cover
@settings(max_examples=12)
@given(seed=st.integers(0, 2**32))
def test_all_forms_of_any_catalog_are_valid_and_agree(seed: int, tmp_path_factory: pytest.TempPathFactory) -> None:
    assert_agree(seed, tmp_path_factory.mktemp("drawn") / "drawn.yaml")


@pytest.mark.soak
@pytest.mark.parametrize("start", range(0, 1_000, 250))
def test_all_forms_of_a_thousand_catalogs_are_valid_and_agree(start: int, tmp_path: Path) -> None:
    for seed in range(start, start + 250):
        assert_agree(seed, tmp_path / "drawn.yaml")


def assert_agree(seed: int, path: Path) -> None:
    path.write_text(drawn_catalog(Seeded(seed)), encoding="utf-8")
    try:
        dialect = catalog.load_file(path)
    except CatalogError:
        return  # contradicts itself, and the loader says so
    for form in parsed(schema.generate_drafts(dialect)).values():
        (Draft7Validator if "draft-07" in form["$schema"] else Draft202012Validator).check_schema(form)
    document = openapi.document(dialect)
    assert_valid(document)
    names = schema.titles(dialect)
    by_envelope = dict(forms_of(dialect))
    tests = suite.generate(dialect, ("07",))
    sent = {
        (frame.key, style): [(test["data"], test["valid"]) for test in group["tests"]]
        for frame in dialect.frames.values()
        for style, group in zip(schema.STYLES, json.loads(tests[suite.path_of(dialect, "07", frame)]), strict=True)
    }
    for frame in dialect.frames.values():
        wire = schema.wire_style(dialect, frame)
        for style in schema.STYLES:
            each = {one: fits(schema.frame_schema(dialect, frame, style, draft=one), one) for one in schema.DRAFTS}
            for message, valid in sent[frame.key, style]:
                assert each["2020-12"](message) == each["07"](message) == valid
                for judges in by_envelope.values():
                    assert len({judge(message) for judge in judges}) == 1
                if style == wire:
                    assert component(document, names[frame.key])(message) == valid
