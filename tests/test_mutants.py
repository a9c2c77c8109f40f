"""The mutation matrix: every guarantee that traffic can decide finds every trace in which it alone is broken.

Law: what a mutant must break is said by `mutations.py`, from the guarantee's words; here is only compared.
"""

from __future__ import annotations

import importlib.util
from dataclasses import replace
from pathlib import Path
from types import ModuleType

import pytest

import mutations
from mutations import Base, Outcome, complaints, decidable, matrix
from wirecheck import catalog
from wirecheck.record import Closed, Message, Opened

DIALECTS = catalog.dialects()
CLAIMS = [(name, claim.id) for name in DIALECTS for claim in decidable(catalog.load(name))]
IMPLIED = [(rule.id, other) for rule in catalog.rules().values() for other in rule.implies]
TWO_OPERATORS = {
    "auth-failure-closes": "there is a credential and a close code, and nothing else",
    "resumed-conversation-agrees": "two places hold the name: the frame and the URL",
    "thread-agrees": "two places hold the name: the frame and the URL",
    "tool-frames-opted-in": "the parameter is all there is: another value, or another name",
    "tool-names-agree": "a name is changed, or two are confused",
    "id-echoed": "an id is changed, or two are confused",
}
"""Guarantees that fewer than three operators can break, and why."""


def traces(name: str) -> list[Base]:
    return mutations.bases(catalog.load(name))


@pytest.mark.parametrize("name", DIALECTS)
def test_the_unmutated_traces_break_nothing(name: str) -> None:
    dialect = catalog.load(name)
    nothing: tuple[frozenset[str], frozenset[str]] = (frozenset(), frozenset())
    assert {base.name: mutations.judged(dialect, base.records) for base in traces(name)} == {
        base.name: nothing for base in traces(name)
    }


@pytest.mark.no_cover
@pytest.mark.parametrize(("name", "guarantee"), CLAIMS)
def test_every_mutant_is_found_by_its_guarantee_and_otherwise_only_by_what_its_rule_implies(
    name: str, guarantee: str
) -> None:
    assert complaints(matrix(name)[guarantee], catalog.rules()[guarantee].implies) == []


@pytest.mark.no_cover
@pytest.mark.parametrize(("name", "guarantee"), CLAIMS)
def test_each_guarantee_has_three_mutants_or_more_of_different_operators(name: str, guarantee: str) -> None:
    found = matrix(name)[guarantee]
    assert len(found) >= 3
    assert len({outcome.mutant.operator for outcome in found}) >= (2 if guarantee in TWO_OPERATORS else 3)


@pytest.mark.parametrize("guarantee", TWO_OPERATORS)
def test_no_guarantee_is_excused_from_a_third_operator_without_need(guarantee: str) -> None:
    operators = {o.mutant.operator for name, id in CLAIMS if id == guarantee for o in matrix(name)[id]}
    assert len(operators) == 2


@pytest.mark.parametrize(("rule", "other"), IMPLIED)
def test_without_any_one_of_its_implied_rules_the_matrix_fails(rule: str, other: str) -> None:
    fewer = set(catalog.rules()[rule].implies) - {other}
    assert [wrong for name, id in CLAIMS if id == rule for wrong in complaints(matrix(name)[id], fewer)]


def test_every_implied_rule_has_a_reason_in_words() -> None:
    reasons = [reason for rule in catalog.rules().values() for reason in rule.implies.values()]
    assert all(len(reason.split()) > 4 for reason in reasons)


@pytest.mark.parametrize("name", DIALECTS)
def test_a_guarantee_that_is_not_in_the_matrix_says_why_traffic_cannot_decide_it(name: str) -> None:
    dialect = catalog.load(name)
    left = [claim for claim in dialect.guarantees.values() if claim.id not in matrix(name)]
    assert all(len((claim.rule.passive or "").split()) > 4 for claim in left)


@pytest.mark.parametrize("name", DIALECTS)
def test_a_mutant_differs_from_its_trace_and_from_every_other(name: str) -> None:
    originals = {repr(base.records) for base in traces(name)}
    for found in matrix(name).values():
        mutants = [(outcome.mutant.base, repr(outcome.mutant.records)) for outcome in found]
        assert originals.isdisjoint(records for _, records in mutants)
        assert len(set(mutants)) == len(mutants)


def test_every_recipe_makes_a_mutant_and_says_why() -> None:
    used = {outcome.mutant.recipe for name in DIALECTS for found in matrix(name).values() for outcome in found}
    recipes = [recipe for group in mutations.RECIPES.values() for recipe in group]
    assert {recipe.__name__ for recipe in recipes} == used
    assert all(recipe.__doc__ for recipe in recipes)


# The operators, on a small trace: each does one thing.


@pytest.fixture(scope="module")
def visit() -> Base:
    return next(base for base in traces("amigo") if base.name == "visit")


def values(records: mutations.Records) -> list[object]:
    return [record.value for record in records if isinstance(record, Message)]


def test_frames_are_dropped_doubled_copied_moved_and_swapped(visit: Base) -> None:
    whole = values(visit.records)
    a, b, c, *rest = whole
    assert values(mutations.drop(visit.records, 2)) == [a, c, *rest]
    assert values(mutations.double(visit.records, 2)) == [a, b, b, c, *rest]
    assert values(mutations.copy(visit.records, 3, 1)) == [c, a, b, c, *rest]
    assert values(mutations.move(visit.records, 1, 3)) == [b, a, c, *rest]
    assert values(mutations.move(visit.records, 3, 1)) == [c, a, b, *rest]
    assert values(mutations.swap(visit.records, 1, 3)) == [c, b, a, *rest]


def test_lines_are_counted_anew(visit: Base) -> None:
    moved = mutations.move(visit.records, 5, 2)
    assert [record.at.line for record in moved] == list(range(1, len(moved) + 1))


def test_one_value_is_changed_and_the_trace_itself_stays(visit: Base) -> None:
    before = repr(visit.records)
    changed = mutations.rename(visit.records, 1, ("conversation_id",), "conv_b")
    assert values(changed)[0] == {"type": "session_started", "session_id": "ss_1", "conversation_id": "conv_b"}
    assert values(changed)[1:] == values(visit.records)[1:]
    assert repr(visit.records) == before


@pytest.mark.parametrize(
    ("value", "query"),
    [("false", "?conversation_id=conv_a&tool_events=false"), (None, "?conversation_id=conv_a")],
)
def test_a_parameter_of_the_url_is_changed_or_left_out(visit: Base, value: str | None, query: str) -> None:
    place = catalog.Locator(place="query", path=("tool_events",))
    opened = mutations.reparam(visit.records, 0, place, value)[0]
    assert isinstance(opened, Opened)
    assert opened.url == "wss://agents.example/text-stream" + query


def test_the_connection_itself_is_changed(visit: Base) -> None:
    closed = mutations.recode(visit.records, len(visit.records) - 1, 1011)[-1]
    spoilt = mutations.spoil(visit.records, 0, "bad")[0]
    spelt = mutations.respell(visit.records, 0, "tool_events")[0]
    assert isinstance(closed, Closed) and closed.code == 1011
    assert isinstance(spoilt, Opened) and spoilt.auth == "bad"
    assert isinstance(spelt, Opened) and "&x-tool_events=true" in str(spelt.url)


# The table.


@pytest.fixture(scope="module")
def tool() -> ModuleType:
    path = Path(__file__).resolve().parent.parent / "tools" / "mutants.py"
    spec = importlib.util.spec_from_file_location("mutants_table", path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def sample(name: str) -> Outcome:
    return next(outcome for found in matrix(name).values() for outcome in found)


def test_the_table_has_a_row_for_each_guarantee_and_the_reasons_for_the_rest(
    tool: ModuleType, capsys: pytest.CaptureFixture[str]
) -> None:
    assert tool.main() == 0
    out = capsys.readouterr().out
    for name, guarantee in CLAIMS:
        found = matrix(name)[guarantee]
        assert any(
            line.split()[:2] == [name, guarantee] and f" {len(found)}/{len(found)} " in line for line in out.split("\n")
        )
    assert "unknown-frames-survive" in out and str(catalog.rules()["unknown-frames-survive"].passive) in out


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"flagged": False}, "survives"),
        ({"others": frozenset({"id-echoed"})}, "also breaks id-echoed"),
        ({"codes": frozenset({"schema"})}, "is no longer a frame (schema)"),
    ],
)
def test_a_mutant_that_is_not_as_it_should_be_fails_the_run(
    tool: ModuleType,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    change: dict[str, object],
    says: str,
) -> None:
    outcome = sample("amigo")
    wrong = {outcome.mutant.guarantee: [replace(outcome, **change)]}  # type: ignore[arg-type]
    monkeypatch.setattr(mutations, "matrix", lambda name: wrong if name == "amigo" else {})
    assert tool.main() == 1
    assert says in capsys.readouterr().out
