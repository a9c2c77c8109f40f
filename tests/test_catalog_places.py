"""Pointers and locators, JSON's own equality, and when a case applies."""

from __future__ import annotations

from typing import Any

import pytest

from wirecheck.catalog import Case, Condition, Locator, applies, file_stem
from wirecheck.catalog.places import equal, locator, written


@pytest.mark.parametrize(
    ("text", "place", "path"),
    [
        ("/a", "payload", ("a",)),
        ("/a~1b/c~0d/0", "payload", ("a/b", "c~d", "0")),
        ("/~01", "payload", ("~1",)),
        ("@id", "header", ("id",)),
        ("?tool_events", "query", ("tool_events",)),
        ("{threadId}", "path", ("threadId",)),
    ],
)
def test_a_place_is_read_and_written(text: str, place: Any, path: tuple[str, ...]) -> None:
    assert locator(text) == Locator(place=place, path=path)
    assert written(locator(text)) == text


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        (1, 1.0, True),
        (1, True, False),
        (0, False, False),
        (True, True, True),
        ("1", 1, False),
        (None, False, False),
        ([1, {"a": True}], [1.0, {"a": True}], True),
        ([1], [True], False),
        ([1], [1, 2], False),
        ({"a": 1}, {"a": 1, "b": 2}, False),
        ({"a": 0}, {"a": False}, False),
        ({}, [], False),
    ],
)
def test_equality_is_that_of_json(one: object, other: object, same: bool) -> None:
    assert equal(one, other) is same
    assert equal(other, one) is same


def case(*, when: dict[str, Any] | None = None, unless: dict[str, Any] | None = None) -> Case:
    def conditions(wanted: dict[str, Any] | None) -> tuple[Condition, ...]:
        return tuple(
            Condition(at=locator(place), test=value)
            if value in ("absent", "present")
            else Condition(at=locator(place), test="const", const=value)
            for place, value in (wanted or {}).items()
        )

    return Case(name="x", when=conditions(when), unless=conditions(unless))


@pytest.mark.parametrize(
    ("one", "holds"),
    [
        (case(when={"/a": 1}), True),
        (case(when={"/a": True}), False),
        (case(when={"/a": 1, "/b": "x"}), False),
        (case(when={"/c/d": None}), True),
        (case(when={"/c/d": "present"}), True),
        (case(when={"/c/e": "absent"}), True),
        (case(when={"/a/d": "absent"}), True),
        (case(when={"/missing": None}), False),
        (case(when={"@id": "7"}), True),
        (case(when={"@a": "absent"}), True),
        (case(unless={"/a": 1}), False),
        (case(unless={"/a": 2}), True),
        # `unless` excludes only where all of its conditions hold.
        (case(unless={"/a": 1, "@id": "8"}), True),
        (case(when={"/a": 1}, unless={"@id": "7"}), False),
        (case(when={"/a": 1}, unless={"@id": "present", "/b": "present"}), True),
    ],
)
def test_when_a_case_applies(one: Case, holds: bool) -> None:
    assert applies(one, {"a": 1, "c": {"d": None}}, {"id": "7"}) is holds


def test_a_key_as_a_file_name() -> None:
    assert file_stem("task:token") == "task-token"
    assert file_stem("session.replay_end") == "session.replay_end"
    assert file_stem("../é x") == "..---x"
