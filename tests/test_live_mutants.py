"""The live mutation matrix: every mutant server is found by the guarantee that it breaks, and by no other.

Law: servers and clients here are real, over sockets; which faults there are, and what each does to a reaction, is
tested on paper in `test_live_mutants_unit.py`.
"""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from types import ModuleType

import pytest

from wirecheck import catalog
from wirecheck.scenario.mutants import Mutant, mutants

DIALECTS = catalog.dialects()
ALL = [(name, mutant) for name in DIALECTS for mutant in mutants(catalog.load(name))]


@pytest.fixture(scope="module")
def tool() -> Iterator[ModuleType]:
    path = Path(__file__).resolve().parent.parent / "tools" / "mutants_live.py"
    spec = importlib.util.spec_from_file_location("mutants_live", path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    sys.path.insert(0, str(path.parent))
    spec.loader.exec_module(module)
    yield module
    sys.path.remove(str(path.parent))
    del sys.modules[spec.name]


@pytest.mark.parametrize("name", DIALECTS)
def test_every_server_guarantee_has_a_mutant_server(name: str) -> None:
    servers = {claim.id for claim in catalog.load(name).guarantees.values() if claim.rule.side == "server"}
    assert {mutant.guarantee for dialect, mutant in ALL if dialect == name} == servers


@pytest.mark.parametrize("name", DIALECTS)
def test_everything_holds_on_the_server_without_a_fault(tool: ModuleType, name: str) -> None:
    row = tool.sound(catalog.load(name))
    assert (row.verdict, row.wrong) == ("sound", ())


@pytest.mark.no_cover
@pytest.mark.parametrize(("name", "mutant"), ALL, ids=[f"{name}-{mutant.name}" for name, mutant in ALL])
def test_a_mutant_server_is_found_by_the_guarantee_it_breaks_and_by_what_its_rule_implies(
    tool: ModuleType, name: str, mutant: Mutant
) -> None:
    dialect = catalog.load(name)
    row = tool.against(dialect, mutant)
    assert (row.verdict, row.wrong) == ("killed", ())
    assert [one for one in row.failed if mutant.guarantee in dialect.scenarios[one].exercises] != []


# The table.

TWICE = Mutant(guarantee="turn-closed-once", variant="twice", says="The close comes twice.")


@pytest.mark.parametrize(
    ("found", "verdict", "failed", "also", "wrong"),
    [
        ({"a": {"turn-closed-once"}, "b": set()}, "killed", ("a",), (), ()),
        ({"a": {"turn-closed-once", "task-settled"}}, "killed", ("a",), ("task-settled",), ()),
        ({"a": set(), "b": set()}, "SURVIVED", (), (), ()),
        ({"a": {"task-settled"}}, "SURVIVED", (), ("task-settled",), ()),
        ({"a": {"turn-closed-once", "schema"}}, "LEAKED", ("a",), (), ("a: also breaks schema",)),
        ({"a": {"turn-closed-once"}, "b": {"id-echoed"}}, "LEAKED", ("a",), (), ("b: also breaks id-echoed",)),
    ],
)
def test_what_failed_where_makes_the_verdict(
    tool: ModuleType,
    found: dict[str, set[str]],
    verdict: str,
    failed: tuple[str, ...],
    also: tuple[str, ...],
    wrong: tuple[str, ...],
) -> None:
    row = tool.row(catalog.load("vonz"), TWICE, found, {"task-settled"})
    assert (row.verdict, row.failed, row.also, row.wrong) == (verdict, failed, also, wrong)
    assert row.is_well() == (verdict == "killed")


def test_the_table_is_printed_for_the_mutants_asked_for(tool: ModuleType, capsys: pytest.CaptureFixture[str]) -> None:
    """In processes of their own, as by default."""
    assert tool.main(["--dialect", "amigo", "--mutant", "session-closes-last", "--jobs", "2"]) == 0
    lines = capsys.readouterr().out.splitlines()
    words = [line.split() for line in lines]
    assert words[0][:3] == ["dialect", "guarantee", "variant"]
    assert [(line[0], line[1], line[-1]) for line in words[1:4]] == [
        ("amigo", "-", "sound"),
        ("amigo", "session-closes-last", "killed"),
        ("amigo", "session-closes-last", "killed"),
    ]
    assert "ended-completed" in lines[2]
    assert lines[-1].startswith("2 mutants of 1 dialects") and lines[-1].endswith("all as they should be")


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"failed": ()}, "SURVIVED"),
        ({"wrong": ("ended-completed: also breaks schema",)}, "ended-completed: also breaks schema"),
    ],
)
def test_a_mutant_that_is_not_as_it_should_be_fails_the_run(
    tool: ModuleType,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    change: dict[str, object],
    says: str,
) -> None:
    against = tool.against
    monkeypatch.setattr(tool, "against", lambda *given, **options: replace(against(*given, **options), **change))
    assert tool.main(["--dialect", "amigo", "--mutant", "session-closes-last:twice", "--jobs", "1"]) == 1
    out = capsys.readouterr().out
    assert says in out and "1 not as they should be" in out


def test_a_server_that_should_be_sound_and_is_not_fails_the_run(
    tool: ModuleType, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    serving = tool.serving
    monkeypatch.setattr(tool, "serving", lambda dialect, **options: serving(dialect, mutant="session-closes-last"))
    assert tool.main(["--dialect", "amigo", "--mutant", "session-closes-last:followed", "--jobs", "1"]) == 1
    out = capsys.readouterr().out
    assert "UNSOUND" in out
    assert "amigo without a fault: ended-completed: session-closes-last failed: " in out


def test_a_mutant_that_does_not_exist_is_refused(tool: ModuleType, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        tool.main(["--dialect", "amigo", "--mutant", "id-echoed"])
    assert ended.value.code == 2
    assert "there is no such mutant; leave --mutant out to see them all" in capsys.readouterr().err
