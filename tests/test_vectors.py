"""Vectors of any catalog, and their export for test suites of JSON Schema."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft7Validator, Draft202012Validator

from small_catalogs import catalog as drawn_catalog
from wirecheck import catalog, schema
from wirecheck.catalog.model import Dialect
from wirecheck.errors import CatalogError, UsageError
from wirecheck.sample.messages import message
from wirecheck.sample.source import PLAIN, Seeded
from wirecheck.vectors import suite
from wirecheck.vectors.drawn import drawn
from wirecheck.vectors.frames import frame_messages, frame_vectors, tabled
from wirecheck.vectors.values import KEYWORDS

ROOT = Path(__file__).resolve().parent.parent
DIALECTS = catalog.dialects()
Group = dict[str, Any]

SUITE = {
    "type": "array",
    "minItems": 1,
    "items": {
        "type": "object",
        "required": ["description", "schema", "tests"],
        "additionalProperties": False,
        "properties": {
            "description": {"type": "string"},
            "schema": {"type": ["object", "boolean"]},
            "tests": {
                "type": "array",
                "minItems": 1,
                "items": {
                    "type": "object",
                    "required": ["description", "data", "valid"],
                    "additionalProperties": False,
                    "properties": {"description": {"type": "string"}, "data": True, "valid": {"type": "boolean"}},
                },
            },
        },
    },
}
"""What a file of the JSON Schema Test Suite may hold, and no more than each of its runners knows."""
SUITE_FITS = jsonschema_rs.validator_for(SUITE).is_valid


def groups(dialect: Dialect, draft: schema.Draft) -> dict[str, list[Group]]:
    return {path: json.loads(text) for path, text in suite.generate(dialect, (draft,)).items()}


def failing(files: dict[str, list[Group]], draft: schema.Draft) -> list[str]:
    """What a runner of such suites would report, with either validator."""
    slow = Draft202012Validator if draft == "2020-12" else Draft7Validator
    quick: Any = jsonschema_rs.Draft202012Validator if draft == "2020-12" else jsonschema_rs.Draft7Validator
    found = []
    for path, several in files.items():
        for group in several:
            slow.check_schema(group["schema"])
            judge, other = quick(group["schema"]), slow(group["schema"])
            for number, test in enumerate(group["tests"]):
                verdicts = {judge.is_valid(test["data"])}
                if number % 11 == 0:
                    verdicts.add(other.is_valid(test["data"]))
                if verdicts != {test["valid"]}:
                    found.append(f"{path}: {group['description']}: {test['description']}")
    return found


@pytest.mark.parametrize("draft", schema.DRAFTS)
@pytest.mark.parametrize("name", DIALECTS)
def test_the_export_of_a_shipped_dialect_is_a_suite_that_validators_pass(name: str, draft: schema.Draft) -> None:
    files = groups(catalog.load(name), draft)
    folder = {"2020-12": "draft2020-12", "07": "draft7"}[draft]
    assert all(path.startswith(f"{name}/tests/{folder}/") for path in files)
    for several in files.values():
        assert SUITE_FITS(several)
        for group in several:
            assert group["schema"]["$schema"] == schema.META[draft]
            assert {test["valid"] for test in group["tests"]} == {True, False}
            assert len({test["description"] for test in group["tests"]}) == len(group["tests"])
    assert failing(files, draft) == []


@pytest.mark.parametrize("name", DIALECTS)
def test_the_export_holds_just_the_fixtures(name: str) -> None:
    told = {
        (group["description"], test["description"], json.dumps(test["data"], sort_keys=True), test["valid"])
        for path, several in groups(catalog.load(name), "2020-12").items()
        for group in several
        for test in group["tests"]
        if "/frame-" in path
    }
    fixtures = json.loads((ROOT / "fixtures" / name / "frames.json").read_text(encoding="utf-8"))
    assert told == {
        (
            f"{name}: {vector['variant']} in the {vector['envelope']} envelope",
            vector["description"],
            json.dumps(vector["message"], sort_keys=True),
            vector["valid"],
        )
        for vector in fixtures
    }


def test_a_suite_notices_a_schema_that_says_something_else() -> None:
    name = DIALECTS[0]
    files = groups(catalog.load(name), "07")
    path = next(path for path in files if "/frame-" in path)
    required = files[path][0]["schema"].pop("required")
    assert failing(files, "07")
    files[path][0]["schema"]["required"] = [*required, "never there"]
    assert any("example 1" in line for line in failing(files, "07"))


@pytest.mark.parametrize("name", DIALECTS)
def test_unions_have_a_test_for_every_frame(name: str) -> None:
    dialect = catalog.load(name)
    for path, several in groups(dialect, "07").items():
        if "/union-" in path:
            valid = [test["description"].partition(": ")[0] for test in several[0]["tests"] if test["valid"]]
            assert len(several) == 1
            # One message may stand for two frames, which the client and the server call alike.
            assert set(valid) <= set(dialect.frames)
            assert len(valid) > 0.9 * len(dialect.frames)


def test_the_text_is_ascii_and_always_the_same() -> None:
    dialect = catalog.load(DIALECTS[-1])
    files = suite.generate(dialect)
    assert all(text.isascii() and text.endswith("]\n") for text in files.values())
    assert files == suite.generate(dialect, ("07", "2020-12"))
    assert list(files) == sorted(files)


OWN = {
    "dialect": "own",
    "envelope": {"style": "nested", "tag": "type", "data": "data", "header": {"server": {"id": "string"}}},
    "frames": {
        "plain": {"from": "server", "payload": {"text": "string"}, "examples": [{"@id": "1", "text": "hi"}]},
        "bare": {"from": "server", "payload": {"text": "string"}},
        "bound": {
            "from": "client",
            "payload": {
                "count": {"type": "integer", "minimum": 3, "maximum": 9},
                "code?": {"type": "string", "pattern": "^a+$"},
            },
            "examples": [{"count": 4}],
        },
        # The tables take this for an undocumented member, and capitals for another value.
        "odd": {
            "from": "client",
            "payload": {"x_vendor?": {"type": "string"}, "way": {"enum": ["A", "a", "x-not-listed"]}},
            "examples": [{"way": "a"}],
        },
    },
}


@pytest.fixture
def own(tmp_path: Path) -> Dialect:
    path = tmp_path / "own.yaml"
    path.write_text(json.dumps(OWN), encoding="utf-8")
    return catalog.load_file(path)


def test_frames_that_the_tables_do_not_know_are_drawn(own: Dialect) -> None:
    assert [key for key, form in own.frames.items() if tabled(own, form)] == ["plain", "odd"]
    with pytest.raises(ValueError, match="`bound`"):
        list(frame_messages(own, own.frames["bound"], "flat"))
    with pytest.raises(ValueError, match="`bare`"):
        list(frame_vectors(own))
    bound = list(drawn(own, own.frames["bound"], "nested"))
    said = {says.partition(" ")[0] for says, _, valid in bound if not valid}
    assert {"minimum", "maximum", "pattern", "missing-field", "type-string", "tag-missing", "other-envelope"} <= said
    assert len([says for says, _, valid in bound if valid]) > 10
    assert len({says for says, _, _ in bound}) == len(bound)


def test_a_users_own_catalog_has_a_suite_in_which_nothing_false_is_claimed(own: Dialect) -> None:
    for draft in schema.DRAFTS:
        files = groups(own, draft)
        assert failing(files, draft) == []
        for several in files.values():
            assert SUITE_FITS(several)
            assert all({test["valid"] for test in group["tests"]} == {True, False} for group in several)
    claimed = list(frame_messages(own, own.frames["odd"], "flat"))
    fits = jsonschema_rs.validator_for(schema.frame_schema(own, own.frames["odd"], "flat")).is_valid
    assert [says for says, sent, pointer in claimed if fits(sent) != (pointer is None)], "what was left out"


def rough(text: str) -> int | float:
    """A whole number as JavaScript reads it."""
    return int(text) if abs(int(text)) <= 2**53 else float(text)


def test_what_depends_on_how_exactly_numbers_are_read_is_not_in_a_suite(tmp_path: Path) -> None:
    path = tmp_path / "own.yaml"
    most = 2**53 + 7
    payload = {"n": {"type": "integer", "maximum": most}, "m": {"type": "number", "minimum": 1e300}}
    path.write_text(json.dumps({**OWN, "frames": {"big": {"from": "server", "payload": payload}}}), encoding="utf-8")
    own = catalog.load_file(path)
    claims = [found for _, found, valid in drawn(own, own.frames["big"], "flat") if not valid]
    assert most + 1 in [found["n"] for found in claims if "n" in found], "else nothing was left out"
    (text,) = (text for at, text in suite.generate(own, ("07",)).items() if "frame-big" in at)
    exact, read = json.loads(text), json.loads(text, parse_int=rough)
    assert {test["valid"] for group in exact for test in group["tests"]} == {True, False}
    assert failing({"": exact}, "07") == failing({"": read}, "07") == []
    exact[0]["tests"][0] |= {"data": exact[0]["tests"][0]["data"] | {"n": most + 1}, "valid": False}
    assert failing({"": exact}, "07") == []
    assert failing({"": json.loads(json.dumps(exact), parse_int=rough)}, "07"), "read so, it keeps the bound"


def test_of_a_frame_that_nothing_fits_there_is_only_what_is_no_message(own: Dialect) -> None:
    payload = {"type": "object", "properties": {"a": {"type": "string", "enum": [1]}}, "required": ["a"]}
    broken = replace(own.frames["bare"], payload=payload)
    files = groups(replace(own, frames={"bare": broken}), "07")
    for several in files.values():
        assert SUITE_FITS(several)
        assert {test["valid"] for group in several for test in group["tests"]} == {False}
    assert failing(files, "07") == []


def test_an_empty_catalog_has_the_tests_of_its_unions(tmp_path: Path, own: Dialect) -> None:
    path = tmp_path / "none.yaml"
    path.write_text(json.dumps({**OWN, "frames": {}}), encoding="utf-8")
    for several in groups(catalog.load_file(path), "07").values():
        assert [group["schema"] for group in several] == [False]
        assert {test["valid"] for test in several[0]["tests"]} == {False}


def tamed(form: Any) -> Any:
    """A schema, or fields of them, with no keyword that the tables do not know."""
    if not isinstance(form, dict):
        return form
    kept = {}
    for word, value in form.items():
        if word in ("properties", "items") and isinstance(value, dict):
            kept[word] = {name: tamed(one) for name, one in value.items()} if word == "properties" else tamed(value)
        elif word == "enum":
            kept[word] = [*(one for one in value if isinstance(one, str)), "RED"]
        elif word in KEYWORDS:
            kept[word] = value
    return kept if "type" in kept or "enum" in kept else {"type": "string"}


def for_tables(text: str) -> str:
    """The catalog, with nothing in it that the tables do not know."""
    plan = json.loads(text)
    for fields in plan["envelope"]["header"].values():
        fields |= {name: tamed(form) for name, form in fields.items()}
    for frame in plan["frames"].values():
        for holder in (frame, *frame.get("cases", ())):
            if isinstance(holder.get("payload"), dict):
                holder["payload"] = tamed(holder["payload"])
    return json.dumps(plan, ensure_ascii=False)


def with_examples(text: str, dialect: Dialect) -> str:
    """The catalog with an example a frame."""
    plan = json.loads(text)
    for key, form in dialect.frames.items():
        try:
            found = message(dialect, form, "nested", PLAIN)
        except UsageError:
            continue  # nothing fits it
        beside = {name for name in found if name not in (dialect.envelope.tag, dialect.envelope.data)}
        example = found.get(dialect.envelope.data, {}) | {f"@{name}": found[name] for name in beside}
        plan["frames"][key]["examples"] = [example]
    return json.dumps(plan, ensure_ascii=False)


@pytest.mark.no_cover
@settings(max_examples=12)
@given(seed=st.integers(0, 2**32), plain=st.booleans())
def test_the_suite_of_any_catalog_holds_by_both_drafts(
    seed: int, plain: bool, tmp_path_factory: pytest.TempPathFactory
) -> None:
    assert_suite_holds(seed, plain=plain, path=tmp_path_factory.mktemp("drawn") / "drawn.yaml")


@pytest.mark.soak
@pytest.mark.parametrize("start", range(0, 1_000, 250))
@pytest.mark.parametrize("plain", [False, True])
def test_the_suites_of_a_thousand_catalogs_hold(start: int, plain: bool, tmp_path: Path) -> None:
    for seed in range(start, start + 250):
        assert_suite_holds(seed, plain=plain, path=tmp_path / "drawn.yaml")


def assert_suite_holds(seed: int, *, plain: bool, path: Path) -> None:
    """`plain`: of a catalog for which the tables are enough, with examples."""
    text = drawn_catalog(Seeded(seed))
    try:
        path.write_text(for_tables(text) if plain else text, encoding="utf-8")
        dialect = catalog.load_file(path)
        if plain:
            path.write_text(with_examples(path.read_text(encoding="utf-8"), dialect), encoding="utf-8")
            dialect = catalog.load_file(path)
            assert all(tabled(dialect, form) for form in dialect.frames.values() if form.examples)
    except CatalogError:
        return  # contradicts itself, and the loader says so
    for path, text in suite.generate(dialect).items():
        several = [*json.loads(text), *json.loads(text, parse_int=rough)]
        assert SUITE_FITS(several)
        quick: Any = jsonschema_rs.Draft7Validator if "/draft7/" in path else jsonschema_rs.Draft202012Validator
        for group in several:
            judge = quick(group["schema"])
            assert [test for test in group["tests"] if judge.is_valid(test["data"]) != test["valid"]] == []
