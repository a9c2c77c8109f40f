"""What was exercised of a dialect, counted by hand for a small catalog."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from wirecheck import catalog
from wirecheck.catalog import load_file
from wirecheck.catalog.model import Dialect
from wirecheck.sample.coverage import ITEMS, SHOWN, Coverage

SMALL = """
dialect: small
envelope: {style: nested, tag: type, data: data, header: {server: {"id?": string}}}
unknown: report
frames:
  note:
    from: server
    payload:
      text: string
      "kind?": {enum: [a, b]}
      "who?": {name: {known: [me, you]}, "tags?": [{label: {const: 1}}]}
      "a/b?": {type: [integer, string]}
    cases:
      - {name: odd, when: {/kind: a}, payload: {"extra?": boolean}}
  bare:
    from: client
    payload: unknown
"""


@pytest.fixture
def small(tmp_path: Path) -> Dialect:
    path = tmp_path / "small.yaml"
    path.write_text(SMALL, encoding="utf-8")
    return load_file(str(path))


def summary(coverage: Coverage, sort: str) -> tuple[int, int, list[str]]:
    sums = coverage.as_json()["summary"][sort]
    return sums["seen"], sums["of"], sums["missing"]


def note(data: dict[str, Any], **beside: Any) -> dict[str, Any]:
    return {"type": "note", "data": data, **beside}


def test_nothing_seen_is_nothing_tried(small: Dialect) -> None:
    coverage = Coverage(small)
    assert coverage.as_json()["summary"] == dict.fromkeys(
        ("frames", "fields", "values", "cases", "defects", "guarantees")
    )
    assert coverage.as_text().count("not tried") == 6


def test_fields_count_when_they_are_there_and_when_they_are_not(small: Dialect) -> None:
    coverage = Coverage(small)
    coverage.saw_message(small.frames["note"], note({"text": "hi", "who": {"name": "me"}}))
    assert summary(coverage, "frames") == (1, 2, ["bare"])
    seen, of, missing = summary(coverage, "fields")
    assert missing == [
        "note with @id",
        "note with /kind",
        "note without /who",
        "note with /who/tags",
        "note with /who/tags/*/label",
        "note with /a~1b",
        "note with /extra",
    ]
    assert (seen, of) == (8, 15)
    # `name` and `label` are required of what they lie in, and `text` of the payload: they have one goal, others two.
    coverage.saw_message(
        small.frames["note"],
        note({"text": "", "kind": "a", "who": {"name": "?", "tags": [{"label": 1}]}, "a/b": 1, "extra": True}, id="7"),
    )
    assert summary(coverage, "fields")[2] == ["note without /who"]
    coverage.saw_message(small.frames["note"], note({"text": ""}))
    assert summary(coverage, "fields") == (15, 15, [])
    counts = coverage.as_json()["frames"]["note"]
    assert counts["seen"] == 3 and counts["fields"]["/kind"] == {"present": 1, "absent": 2}
    assert coverage.as_json()["frames"]["bare"]["seen"] == 0


def test_values_are_those_that_the_document_lists(small: Dialect) -> None:
    coverage = Coverage(small)
    form = small.frames["note"]
    coverage.saw_message(form, note({"text": "", "kind": "b", "who": {"name": "you", "tags": [{"label": 1}]}}))
    coverage.saw_message(form, note({"text": "", "kind": "c", "who": {"name": ["me"]}}))
    assert summary(coverage, "values") == (3, 5, ['note with /kind "a"', 'note with /who/name "me"'])
    assert coverage.as_json()["frames"]["note"]["values"]["/kind"] == {'"a"': 0, '"b"': 1}


def test_a_case_counts_when_it_holds(small: Dialect) -> None:
    coverage = Coverage(small)
    coverage.saw_message(small.frames["note"], note({"text": "", "kind": "b"}))
    assert summary(coverage, "cases") == (0, 1, ["note as odd"])
    coverage.saw_message(small.frames["note"], note({"text": "", "kind": "a"}))
    assert summary(coverage, "cases") == (1, 1, [])


def test_the_style_says_where_the_payload_is(small: Dialect) -> None:
    message = {"type": "note", "text": "hi", "kind": "a"}
    nested, flat, told = Coverage(small), Coverage(small, envelope="flat"), Coverage(small)
    for coverage in (nested, flat):
        coverage.saw_message(small.frames["note"], message)
    told.saw_message(small.frames["note"], message, "flat")
    assert [summary(one, "cases")[0] for one in (nested, flat, told)] == [0, 1, 1]


@pytest.mark.parametrize(
    "message",
    [
        {},
        note([]),  # type: ignore[arg-type]
        note({"text": float("inf"), "who": "nobody", "kind": float("nan")}),
        note({"who": {"name": {}, "tags": [1, None, []]}}),
        note({"who": {"tags": [{"label": 1}] * (2 * ITEMS)}}),
    ],
)
def test_anything_may_be_a_message(small: Dialect, message: dict[str, Any]) -> None:
    coverage = Coverage(small)
    coverage.saw_message(small.frames["note"], message)
    counts = coverage.as_json()["frames"]["note"]
    assert counts["seen"] == 1
    assert sum(counts["values"]["/who/tags/*/label"].values()) <= ITEMS


def test_defects_count_where_they_are_possible() -> None:
    dialect = catalog.load("vonz")
    coverage = Coverage(dialect, frames=["task.cancel"])
    coverage.saw_defect("task.cancel", "truncated")
    coverage.saw_defect("task.cancel", "too-large")
    coverage.saw_defect("task:token", "truncated")
    seen, of, missing = summary(coverage, "defects")
    assert (seen, len(missing)) == (1, of - 1) and "task.cancel with bom" in missing
    found = coverage.as_json()["frames"]
    assert list(found) == ["task.cancel"]
    assert found["task.cancel"]["defects"]["too-large"] == found["task.cancel"]["defects"]["truncated"] == 1
    assert "enum" in found["task.cancel"]["inapplicable"] and "enum" not in found["task.cancel"]["defects"]
    assert "  enum of any frame: no field of this frame" in coverage.as_text()


def test_a_reason_that_several_frames_share_is_said_once(small: Dialect) -> None:
    coverage = Coverage(small)
    coverage.saw_defect("note", "bom")
    lines = coverage.as_text().splitlines()
    assert "  pattern of note: no field of this frame, outside alternatives, has `pattern`" in lines
    assert sum(line.startswith("  pattern of ") for line in lines) == 2


def test_guarantees_count_by_their_outcome() -> None:
    dialect = catalog.load("vonz")
    coverage = Coverage(dialect)
    coverage.saw_guarantee("turn-closed-once", "held")
    coverage.saw_guarantee("turn-closed-once", "broken")
    coverage.saw_guarantee("unheard-of", "held")
    seen, of, missing = summary(coverage, "guarantees")
    assert seen == 1 and of == len(dialect.guarantees) and "turn-closed-once" not in missing
    assert coverage.as_json()["guarantees"]["turn-closed-once"] == {"held": 1, "broken": 1}
    assert "  guarantees       1 of" in coverage.as_text()


def test_long_lists_are_cut(monkeypatch: pytest.MonkeyPatch) -> None:
    coverage = Coverage(catalog.load("vonz"))
    coverage.saw_defect("task.cancel", "bom")
    sums = coverage.as_json()["summary"]["defects"]
    assert len(sums["missing"]) > SHOWN
    assert f"  and {len(sums['missing']) - SHOWN:,} more" in coverage.as_text().splitlines()
