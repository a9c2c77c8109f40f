"""The proof of other languages: what it asks is right, and no wrong answer passes it."""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT / "tools"))

from proof.cases import EXCUSES, OF_DOUBLES, Case, Subject, excuses, fuzzed, vectors  # noqa: E402
from proof.verdict import Agreement, fault, judged, same  # noqa: E402
from types_check import subjects_of  # noqa: E402
from wirecheck.catalog import load  # noqa: E402
from wirecheck.types.model import Items, Nullable, Number, Whole  # noqa: E402

USERS = {"go": "made_test.go", "python": "usage.py", "rust": "src/made.rs", "typescript": "usage.ts"}
"""What is compiled against the modules of a dialect, as a user of them would write it."""


def case(**changed: Any) -> Case:
    members = {
        "module": "vonz_flat",
        "sender": "server",
        "strict": True,
        "text": '{"type":"task:token","n":1}',
        "variant": "TaskTokenFrame",
        "origin": "by hand",
    }
    return Case(**(members | changed))


def answer(**changed: Any) -> dict[str, Any]:
    return {"ok": True, "variant": "TaskTokenFrame", "text": '{"n":1,"type":"task:token"}', "valid": True} | changed


REFUSED = {"ok": False, "error": "no"}


def test_the_right_answers_are_right() -> None:
    assert fault(case(), answer()) is None
    assert fault(case(variant=None), REFUSED) is None
    assert fault(case(text='{"a":1}'), answer(text='{"a":1.0}')) is None
    assert fault(case(variant="HttpFrame"), answer(variant="HTTPFrame")) is None
    for told in (REFUSED, answer(valid=False), answer(variant="UnknownFrame")):
        assert fault(case(variant=None, strict=False), told) is None


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        (case(), REFUSED),
        (case(variant=None), answer()),
        (case(variant=None), answer(valid=False)),
        (case(variant=None, strict=False), answer()),
        (case(), answer(variant="UnknownFrame")),
        (case(), answer(valid=False)),
        (case(), answer(text='{"type":"task:token"}')),
        (case(), answer(text='{"type":"task:token","n":1,"more":null}')),
        (case(), answer(text='{"type":"task:token","n":2}')),
        (case(), answer(text='{"type":"task:token","n":true}')),
        (case(), answer(text='{"type":"task:token","n":"1"}')),
        (case(), {"crashed": "no answer"}),
    ],
)
def test_each_wrong_answer_is_found(asked: Case, told: dict[str, Any]) -> None:
    assert fault(asked, told) is not None
    found = Agreement(excuses=EXCUSES)
    found.judge(asked, told)
    assert len(found.wrong) == 1


def test_what_is_excused_is_counted_apart_and_only_where_it_is_excused() -> None:
    asked = case(excuses=frozenset({"beyond 2^53"}))
    for allowed, wrong, excused in ((OF_DOUBLES, 0, 1), (EXCUSES, 1, 0)):
        found = Agreement(excuses=allowed)
        found.judge(asked, REFUSED)
        assert (len(found.wrong), found.excused) == (wrong, excused)
    found = Agreement(excuses=OF_DOUBLES)
    found.judge(case(variant=None, excuses=frozenset({"beyond 64 bits"})), answer())
    assert (len(found.wrong), found.excused) == (1, 0), "what is invalid is refused, whatever its numbers"
    found.judge(case(variant=None, excuses=frozenset({"beyond 2^53"})), answer())
    assert (len(found.wrong), found.excused) == (1, 1), "but where they may have come nearer"
    found = Agreement(excuses=OF_DOUBLES)
    found.judge(asked, answer())
    assert (found.accepted, found.equal, found.excused) == (1, 1, 0)


def test_answers_that_are_missing_broken_or_too_many_are_found() -> None:
    right = json.dumps(answer())
    assert judged([case()], [right], EXCUSES).wrong == []
    assert len(judged([case()], [], EXCUSES).wrong) == 1
    assert len(judged([case()], ["{"], EXCUSES).wrong) == 1
    assert len(judged([case()], ['{"ok":"yes"}'], EXCUSES).wrong) == 1
    assert len(judged([case()], [right, right], EXCUSES).wrong) == 1


@pytest.mark.parametrize(
    ("one", "other", "equal"),
    [
        (1, 1.0, True),
        (2**53 + 1, float(2**53), True),
        (2**53 + 1, 2**53, False),
        (0, False, False),
        (None, 0, False),
        ("1", 1, False),
        ([], {}, False),
        ({}, [], False),
        ([1, 2], [2, 1], False),
        ({"a": 1, "b": None}, {"b": None, "a": 1}, True),
        ({"a": None}, {}, False),
        (1, [1], False),
    ],
)
def test_values_are_compared_as_json(one: Any, other: Any, equal: bool) -> None:
    assert same(one, other) is equal
    assert same(other, one) is equal


@pytest.mark.parametrize(
    ("kind", "value", "why"),
    [
        (Whole(), 1, None),
        (Whole(), 1.0, "no integer's text"),
        (Whole(), 1.5, None),
        (Number(), 1.0, None),
        (Nullable(Whole()), 2.0, "no integer's text"),
        (Items(Whole()), [1, 2.0], "no integer's text"),
        (None, {"a": [2**63]}, "beyond 64 bits"),
        (None, {"a": [-(2**63)]}, "beyond 2^53"),
        (None, {"a": 10**400}, "beyond doubles"),
        (None, {"a": True, "b": 0.5}, None),
        (Items(Whole()), [2**60, 1e30], "beyond 2^53, no integer's text"),
    ],
)
def test_numbers_alone_are_excused(kind: Any, value: Any, why: str | None) -> None:
    assert excuses(kind, value) == (set() if why is None else set(why.split(", ")))


def test_every_vector_is_asked_and_what_the_future_brings() -> None:
    subject = Subject.of(load("vonz"), "nested")
    cases = [*vectors(subject, ROOT / "fixtures")]
    stored = json.loads((ROOT / "fixtures" / "vonz" / "frames.json").read_text(encoding="utf-8"))
    of_style = [vector for vector in stored if vector["envelope"] == "nested"]
    asked = [json.loads(one.text) for one in cases]
    assert all(vector["message"] in asked for vector in of_style)
    assert sum(one.variant == "UnknownFrame" and not one.strict for one in cases) == sum(v["valid"] for v in of_style)
    assert {one.variant is None for one in cases if one.strict} == {True, False}


def test_what_users_write_is_of_modules_that_are_made() -> None:
    """A program that the harness passes over, or cannot compile, proves nothing."""
    made = {subject.name for subject in subjects_of(0, 1)}
    for language, file in USERS.items():
        text = (ROOT / "tools" / "types" / language / file).read_text(encoding="utf-8")
        named = set(re.findall(r"\b[a-z_]+_(?:flat|nested|wire)\b", text))
        assert named, f"{file} of {language} uses no module"
        assert named <= made, f"{file} of {language} uses what is not made"


def test_half_of_what_is_fuzzed_is_wrong_and_judged_by_the_schemas() -> None:
    subject = Subject.of(load("amigo"), "flat")
    cases = [*fuzzed(subject, 1, count=200)]
    assert all(one.strict for one in cases)
    assert len(cases) == 200
    assert sum(one.variant is not None for one in cases) >= 100
    assert sum(one.variant is None for one in cases) >= 50
