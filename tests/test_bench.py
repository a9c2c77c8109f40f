"""The bench measures what it says, on traffic that is what it says."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path

import pytest

from wirecheck import Checker, load
from wirecheck.capture import read

sys.path.insert(0, str(Path(__file__).parent.parent / "tools"))

bench = importlib.import_module("bench")
bench_fuzz = importlib.import_module("bench_fuzz")
traffic = importlib.import_module("traffic")


def test_the_table_has_a_row_for_each_work_and_the_base_is_one(capsys: pytest.CaptureFixture[str]) -> None:
    assert bench.main(["--frames", "500", "--rounds", "1", "--dialect", "amigo"]) == 0
    head, rule, *rows = capsys.readouterr().out.splitlines()
    cells = [[cell.strip() for cell in row.strip("|").split("|")] for row in rows]
    assert [cell.strip() for cell in head.strip("|").split("|")] == list(bench.HEAD)
    assert set(rule) <= set("|-: ")
    assert [(traffic, work) for traffic, work, *_ in cells] == [
        ("amigo", "base: parse lines and frames"),
        ("amigo", "read records"),
        ("amigo", "check"),
        ("amigo", "python jsonschema, no ordering"),
        ("amigo, 1% faults", "base: parse lines and frames"),
        ("amigo, 1% faults", "read records"),
        ("amigo, 1% faults", "check"),
    ]
    assert [ratio for _, work, ratio, _ in cells if work.startswith("base")] == ["1.000", "1.000"]
    assert len({len(row) for row in (head, rule, *rows)}) == 1


def test_the_middle_round_counts() -> None:
    waits = iter([0.0, 5.0, 1.0])
    seen: list[float] = []
    clock = [0.0]

    def action() -> None:
        clock[0] += next(waits)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(bench.time, "perf_counter", lambda: clock[0])
        seen += bench.median(3, [action])
    assert seen == [1.0]


@pytest.mark.parametrize("dialect", sorted(traffic.PLAYS))
def test_clean_traffic_exercises_the_dialect_and_breaks_nothing(dialect: str, tmp_path: Path) -> None:
    path = tmp_path / "traffic.jsonl"
    path.write_bytes(b"".join(traffic.lines(dialect, 4_000, sessions=20)))
    checker = Checker(load(dialect))
    found = [finding for record in read(path) for finding in checker.receive(record)]
    report = checker.close()
    assert found == [] and report.frames == 4_000
    assert sum(result.verdict == "passed" for result in report.guarantees) >= 4
    assert sum(result.undecided for result in report.guarantees) < 0.05 * report.frames


@pytest.mark.parametrize("dialect", sorted(traffic.PLAYS))
def test_faults_are_of_every_kind(dialect: str, tmp_path: Path) -> None:
    path = tmp_path / "traffic.jsonl"
    path.write_bytes(b"".join(traffic.lines(dialect, 8_000, sessions=20, faults=0.05)))
    checker = Checker(load(dialect), closed=True)
    found = [finding for record in read(path) for finding in checker.receive(record)]
    assert {finding.kind for finding in found} == {"message", "frame", "order"}
    assert {"not-json", "schema"} <= {finding.code for finding in found}


def test_the_table_of_generated_frames_has_every_way_to_have_them(capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ["--frames", "300", "--examples", "5", "--rounds", "1", "--dialect", "amigo"]
    assert bench_fuzz.main(arguments) == 0
    about, empty, head, _, *rows = capsys.readouterr().out.splitlines()
    assert "Python" in about and empty == ""
    cells = [[cell.strip() for cell in row.strip("|").split("|")] for row in (head, *rows)]
    assert cells[0] == list(bench_fuzz.HEAD)
    assert [(work, target) for _, work, _, target in cells[1:]] == [
        (bench_fuzz.BASE, ""),
        ("strategies.frames", ""),
        ("strategies.invalid_frames", ""),
        ("strategies.conversations", "20,000"),
        ("wirecheck fuzz --valid", "200,000"),
        ("wirecheck fuzz --invalid", "200,000"),
        ("wirecheck fuzz --conversations", "200,000"),
        ("wirecheck fuzz --conversations --invalid", ""),
    ]
    assert all(float(rate.replace(",", "")) > 0 for _, _, rate, _ in cells[1:])
