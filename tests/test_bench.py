"""The bench measures what it says, on traffic that is what it says, and its page shows what was measured."""

from __future__ import annotations

import hashlib
import importlib
import json
import sys
import threading
import time
from collections.abc import Iterator
from copy import deepcopy
from dataclasses import replace
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from processes import wirecheck
from wirecheck import Checker, load
from wirecheck.capture import read

sys.path.insert(0, str(Path(__file__).parent.parent / "tools"))

bench = importlib.import_module("bench")
bench_fuzz = importlib.import_module("bench_fuzz")
traffic = importlib.import_module("traffic")
chart = importlib.import_module("measure.chart")
judges = importlib.import_module("measure.judges")
live = importlib.import_module("measure.live")
memory = importlib.import_module("measure.memory")
page = importlib.import_module("measure.page")
peers = importlib.import_module("measure.peers")
rounds = importlib.import_module("measure.rounds")
startup = importlib.import_module("measure.startup")
throughput = importlib.import_module("measure.throughput")

DOCS = Path(__file__).parent.parent / "docs"
OUTSIDE = ("ajv", "sourcemeta")
LEFT_OUT = {"check-jsonschema", "all-whole"}
"""Measured just as others are, at the price of many starts."""


@pytest.fixture(scope="module")
def figures() -> dict[str, Any]:
    """One capture with faults, measured."""
    kind = throughput.Traffic(dialect="amigo", faults=0.05)
    quick = [row for row in peers.rows() if row.key not in LEFT_OUT]
    found: dict[str, Any] = throughput.measured(kind, 1_500, 1, quick)
    return found


@pytest.fixture
def results(figures: dict[str, Any]) -> dict[str, Any]:
    """Results as they are kept, of one capture."""
    works = [
        {"key": row.key, "title": row.title, "about": row.about, "few": row.few, "ours": row.key in bench.OURS}
        for row in peers.rows()
    ]
    told = {"frames": 1_500, "rounds": 1, "part": throughput.PART, "works": works, "captures": [deepcopy(figures)]}
    return {"traffic": {"machine": bench.about(), **told}}


def test_each_work_is_measured_and_the_table_shows_it(figures: dict[str, Any], results: dict[str, Any]) -> None:
    ours = {"one", "one-whole", "library", "schemas"} | ({"all"} if peers.has_jobs() else set())
    due = ours | {"jsonschema-rs", "fastjsonschema", "jsonschema"}
    measured = {key for key, row in figures["rows"].items() if row.get("ratio", 0) > 0}
    assert due <= measured
    assert set(figures["rows"]) | set(figures["reasons"]) == {row.key for row in peers.rows()} - LEFT_OUT
    assert set(figures["reasons"]) <= set(OUTSIDE)
    assert all("not installed" in reason for reason in figures["reasons"].values())
    assert figures["base"] > 0 and all(row["peak"] > 1 for row in figures["rows"].values())
    head, rule, row = page.speeds(results["traffic"]).splitlines()
    cells = [cell.strip() for cell in row.strip("|").split("|")]
    assert cells[:3] == ["amigo", "text", "5%"] and cells[3] == f"{figures['base']:,}"
    assert dict(zip(head.split("|"), row.split("|"), strict=True))[" ours, 1 process "].strip() == page.shown(
        figures["rows"]["one"]["ratio"]
    )
    assert len({len(line) for line in (head, rule, row)}) == 1


def test_all_take_turns_and_the_middle_round_counts() -> None:
    order: list[str] = []

    class Waits:
        def __init__(self, name: str, *waits: float) -> None:
            self.name, self.waits = name, iter(waits)

        def go(self) -> Any:
            order.append(self.name)
            return rounds.Told(seconds=next(self.waits))

    taken = rounds.turns(3, [Waits("a", 0.0, 5.0, 1.0), Waits("b", 2.0, 2.0, 2.0)])
    assert taken == [[0.0, 5.0, 1.0], [2.0, 2.0, 2.0]]
    assert order == ["a", "b"] * 3
    row = peers.rows()[0]
    capture: Any = type("Sized", (), {"frames": 10, "few_frames": 1})
    still: Any = type("Still", (), {"peak": lambda self: 7.0})()
    told = throughput._row(row, {"base": [1.0, 4.0, 3.0], row.key: [2.0, 1.0, 4.0]}, still, capture)
    assert told == {"peak": 7.0, "ratio": 1.5, "least": 0.5, "most": 4.0, "rate": 5}


def test_a_command_is_timed_without_its_start_and_a_wrong_end_is_told() -> None:
    python = [sys.executable, "-I", "-S", "-c"]
    measured = rounds.Commands(commands=[[*python, "pass"], [*python, "pass"]], start=[*python, "pass"])
    try:
        assert measured.go().seconds > 0 and measured.starting() > 0
        assert measured.net(10.0) == pytest.approx(10.0 - 2 * measured.starting())
        assert measured.peak() > 1
    finally:
        measured.close()
    broken = rounds.Commands(commands=[[*python, "raise SystemExit(3)"]])
    try:
        with pytest.raises(rounds.Broken, match="ended with code 3"):
            broken.go()
    finally:
        broken.close()


def test_a_worker_that_dies_says_why(tmp_path: Path) -> None:
    spec = tmp_path / "spec.json"
    spec.write_text("{}")
    with pytest.raises(rounds.Broken, match="KeyError"):
        rounds.python("jsonschema", spec)


def refused(what: str, spec: Any, path: Path) -> frozenset[int]:
    lines: list[int] = []
    judges.MAKERS[what](spec)(str(path), lines)
    return frozenset(lines)


@pytest.fixture(params=[(dialect, as_json) for dialect in sorted(traffic.PLAYS) for as_json in (False, True)])
def sample(request: pytest.FixtureRequest, tmp_path: Path) -> Any:
    """A capture with many faults, and its smaller one."""
    dialect, as_json = request.param
    kind = throughput.Traffic(dialect=dialect, faults=0.2, as_json=as_json)
    return throughput.written(kind, 6_000, tmp_path)


def test_validators_agree_on_what_is_wrong(sample: Any) -> None:
    spec = json.loads(sample.few_spec.read_text())
    due = refused("jsonschema", spec, sample.few)
    assert len(due) > 0.05 * sample.few_frames
    for what in ("jsonschema-rs", "fastjsonschema"):
        assert peers.differing(refused(what, spec, sample.few), due) == ""
    ours = refused("checker", spec, sample.few)
    unknown = peers._unknown(sample)
    assert ours | unknown == due | unknown
    assert due >= unknown


@pytest.mark.parametrize("what", OUTSIDE)
def test_validators_of_other_worlds_agree_too(what: str, sample: Any) -> None:
    row = next(row for row in peers.rows() if row.key == what)
    due = refused("jsonschema", json.loads(sample.few_spec.read_text()), sample.few)
    try:
        assert row.wrong(sample, due) == ""
    except rounds.Broken as reason:
        pytest.skip(str(reason))


def test_check_jsonschema_agrees_too(tmp_path: Path) -> None:
    sample = throughput.written(throughput.Traffic(dialect="amigo", faults=0.2), 4_000, tmp_path)
    due = refused("jsonschema", json.loads(sample.few_spec.read_text()), sample.few)
    assert peers.check_jsonschema_wrong(sample, due) == ""
    measured = peers.check_jsonschema(sample)
    measured.close()
    assert len(measured.commands) > 3 and measured.start[-1].endswith(".single.json")


def test_whoever_judges_wrong_is_not_timed() -> None:
    assert peers.differing(frozenset({3}), frozenset({3})) == ""
    assert "accepts what jsonschema refuses, in 1 lines, line 5" in peers.differing(frozenset({3}), frozenset({3, 5}))
    assert "refuses what jsonschema accepts, in 1 lines, line 3" in peers.differing(frozenset({3}), frozenset())
    row = next(row for row in peers.rows() if row.key == "jsonschema-rs")
    never = replace(row, wrong=lambda capture, refused: "it is wrong", start=lambda capture: pytest.fail("was timed"))
    fails = replace(row, key="fails", start=lambda capture: rounds.Commands(commands=[[sys.executable, "-c", "1/0"]]))
    found = throughput.measured(throughput.Traffic(dialect="amigo"), 100, 1, [never, replace(fails, wrong=never_wrong)])
    assert found["reasons"]["jsonschema-rs"] == "it is wrong" and "ended with code 1" in found["reasons"]["fails"]
    assert found["rows"] == {}


def never_wrong(capture: Any, refused: frozenset[int]) -> str:
    return ""


@pytest.mark.no_cover
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


@pytest.mark.no_cover
@pytest.mark.parametrize("dialect", sorted(traffic.PLAYS))
def test_faults_are_of_every_kind(dialect: str, tmp_path: Path) -> None:
    path = tmp_path / "traffic.jsonl"
    path.write_bytes(b"".join(traffic.lines(dialect, 8_000, sessions=20, faults=0.05)))
    checker = Checker(load(dialect), closed=True)
    found = [finding for record in read(path) for finding in checker.receive(record)]
    assert {finding.kind for finding in found} == {"message", "frame", "order"}
    assert {"not-json", "schema"} <= {finding.code for finding in found}


ONCE = {
    "agent_platform": "9237a55f7d35bcc9",
    "amigo": "8d61e32e8cbe395a",
    "bondai": "1fff20bc9b3be2c0",
    "symindx": "8635a8a042568089",
    "vonz": "4735ef03d30215b9",
}
"""What was measured in the past was measured on these."""


@pytest.mark.no_cover
@pytest.mark.parametrize("dialect", sorted(traffic.PLAYS))
def test_the_plain_mix_is_the_one_of_earlier_figures(dialect: str) -> None:
    digest = hashlib.sha256()
    for as_json in (False, True):
        digest.update(b"".join(traffic.lines(dialect, 3_000, sessions=30, faults=0.05, as_json=as_json, seed=3)))
    assert digest.hexdigest()[:16] == ONCE[dialect]


@pytest.mark.no_cover
def test_the_long_mix_has_answers_as_long_as_those_measured() -> None:
    pieces: dict[str, int] = {}
    answers: list[int] = []
    names: set[str] = set()
    for _, sender, message in frames_of(traffic.lines("vonz", 60_000, sessions=40, mix="chat")):
        session = message.get("session_id", "")
        if message["type"] in ("task:token", "turn.done", "task:tool_use"):
            names.add(session.removeprefix("sess_"))
        if message["type"] == "task:token":
            pieces[session] = pieces.get(session, 0) + 1
        elif message["type"] == "task:tool_use":
            answers.append(pieces.pop(session, 0))
        assert sender in ("client", "server")
    assert all(UUID(name).version == 4 for name in names) and len(names) >= 40
    answers.sort()
    assert 90 < answers[len(answers) // 2] < 190 and 150 < sum(answers) / len(answers) < 290
    assert traffic.REPLY[0] <= answers[0] and answers[-1] <= traffic.REPLY[-1]


def frames_of(lines: Iterator[bytes]) -> Iterator[tuple[int, str, Any]]:
    for number, line in enumerate(lines, 1):
        record = json.loads(line)
        if "text" in record:
            yield number, record["from"], json.loads(record["text"])


def judged(dialect: str, path: Path) -> Any:
    checker = Checker(load(dialect))
    found = [finding for record in read(path) for finding in checker.receive(record)]
    assert found == []
    return checker.close()


@pytest.mark.no_cover
@pytest.mark.parametrize("dialect", sorted(traffic.PLAYS))
def test_the_long_mix_breaks_nothing(dialect: str, tmp_path: Path) -> None:
    path = tmp_path / "traffic.jsonl"
    path.write_bytes(b"".join(traffic.lines(dialect, 4_000, sessions=20, mix="chat")))
    report = judged(dialect, path)
    assert report.frames == 4_000
    assert sum(result.verdict == "passed" for result in report.guarantees) >= 3


def test_a_crowd_is_open_all_at_once_and_breaks_nothing(tmp_path: Path) -> None:
    path = tmp_path / "crowd.jsonl"
    path.write_bytes(b"".join(memory.crowded(60, 7)))
    report = judged("vonz", path)
    assert report.connections == 7 and report.frames == 60 * 9
    held = {result.id: result.held for result in report.guarantees}
    assert held["text-inside-turn"] == 240 and held["turn-closed-once"] == 60
    kinds = [message["type"] for _, _, message in frames_of(iter(path.read_bytes().splitlines()))]
    assert kinds.index("turn.done") > max(place for place, kind in enumerate(kinds) if kind == "task:token")


def test_twenty_thousand_open_sessions_fit_into_100_megabytes() -> None:
    ended = wirecheck("check", "-", "--dialect", "vonz", stdin=memory.crowded(memory.OPEN, 1_000, pieces=1))
    assert ended.code == 0, ended.err
    assert 0 < ended.peak < 100


def test_memory_is_measured_for_all_sizes_and_crowds() -> None:
    titles = [title for title, _ in memory.captures(["amigo", "vonz"], [50, 60, 70, 80], 20)]
    assert titles == [
        "amigo, 70 frames, 1 % faults",
        *(f"vonz, {size} frames, 1 % faults" for size in (50, 60, 70, 80)),
        *["vonz, 20 sessions open on 20 connections"] * 2,
    ]
    rows = memory.measured([], [50, 60], 20)
    assert len(rows) == 2 and all(row["one"] > 10 for row in rows)
    assert page.memory({"rows": rows}).count("\n") == 3


def test_what_we_cost_beside_live_traffic_is_measured() -> None:
    overheads = live.overheads(50, 1)
    assert [row["more"] for row in overheads] == [
        pytest.approx(row["with"] - row["without"], abs=0.2) for row in overheads
    ]
    assert all(row["with"] > 0 for row in overheads)
    trips = live.latency(1, 100)
    assert [row["round trip"] for row in trips] == ["median", "99th percentile"]
    assert all(row["straight"] > 0 and row["through"] > 0 for row in trips)
    told = {"overheads": overheads, "latency": trips}
    assert page.overheads(told).count("\n") == 5 and page.latency(told).count("\n") == 3


def test_the_work_of_threads_that_are_over_counts() -> None:
    """The driver leads its conversations in a thread of its own."""

    def work() -> None:
        while time.thread_time() < 0.05:
            hashlib.sha256(b"work").digest()

    before = live.worked()
    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert live.worked() - before > 0.04


def test_starts_are_measured_beside_what_they_begin_with() -> None:
    rows = startup.measured(1)
    assert [row.get("beside", "") for row in rows] == ["", "the interpreter", "the interpreter", "", "pytest"]
    assert all(row["ms"] > 0 for row in rows)
    assert page.startup({"rows": rows}).count("\n") == 6


def test_the_aims_are_compared_with_what_was_measured(results: dict[str, Any]) -> None:
    captures = results["traffic"]["captures"]

    def vonz(faults: float, **ratios: float) -> dict[str, Any]:
        rows = {key: {"ratio": ratio} for key, ratio in ratios.items()}
        return {"traffic": "vonz", "dialect": "vonz", "form": "text", "faults": faults, "rows": rows}

    captures[:] = [vonz(0.0, one=1.1, all=2.2, ajv=0.4), vonz(0.01, one=0.8)]
    results["traffic"]["machine"]["cores"] = 2
    results["memory"] = {
        "rows": [{"capture": "vonz, 9 frames", "one": 59.0, "all": 61.0}, {"capture": "9 sessions open", "one": 99.0}]
    }
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in page.aims(results).splitlines()[2:]]
    assert cells == [
        ["vonz: one core, of the base", "≥ 1.00", "1.10", "yes"],
        ["vonz: one core, of Ajv's schema check", "≥ 3.00", "2.75", "no"],
        ["vonz: two processes, of one", "≥ 1.85", "2.00", "yes"],
        ["vonz, 1 % faults: one core, of the base", "≥ 0.85", "0.80", "no"],
        ["vonz, 9 frames: MiB of a process", "< 60", "61", "no"],
        ["9 sessions open: MiB of a process", "< 100", "99", "yes"],
    ]


def test_the_page_and_the_chart_show_what_was_measured() -> None:
    results = json.loads((DOCS / "performance.json").read_text(encoding="utf-8"))
    files = bench.made(results, (DOCS / "performance.md").read_text(encoding="utf-8"))
    assert "performance.svg" in files
    for name, text in files.items():
        assert (DOCS / name).read_text(encoding="utf-8") == text, f"docs/{name}: make bench BENCH_ARGS=--write"


def test_a_page_without_a_place_for_results_is_refused(results: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="no line"):
        page.placed("# A page\n", results)


def test_the_chart_has_a_bar_for_each_work_to_scale(results: dict[str, Any]) -> None:
    told = results["traffic"]
    told["captures"][0] |= {"dialect": chart.MAIN, "faults": 0.0}
    told["captures"][0]["rows"] = {"one": {"ratio": 1.0}, "ajv": {"ratio": 0.25}}
    drawn = chart.chart(told)
    widths = [
        float(part.split('"')[0])
        for part in drawn.split(f'<rect x="{chart.LEFT}"')[1:]
        for part in part.split('width="')[1:2]
    ]
    assert widths[0] == pytest.approx(4 * widths[1], abs=0.1)
    assert drawn.startswith("<svg ") and drawn.endswith("</svg>\n")


def test_only_figures_that_are_worth_it_are_written(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, results: dict[str, Any], capsys: pytest.CaptureFixture[str]
) -> None:
    for given in (["--quick"], ["--dialect", "vonz"]):
        with pytest.raises(SystemExit):
            bench.main([*given, "--write"])
    told = {key: value for key, value in results["traffic"].items() if key != "machine"}
    monkeypatch.setattr(bench, "DOCS", tmp_path)
    monkeypatch.setitem(bench.MEASURE, "traffic", lambda given, dialects: told)
    (tmp_path / "performance.md").write_text(
        f"# Page\n\n{page.BEGIN}\nWhat stood here before.\n{page.END}\n\nThe end.\n"
    )
    (tmp_path / "performance.json").write_text(json.dumps({"startup": {"machine": bench.about(), "rows": []}}))
    capsys.readouterr()
    assert bench.main(["--only", "traffic", "--write"]) == 0
    written = (tmp_path / "performance.md").read_text()
    assert written.startswith("# Page") and written.endswith("The end.\n") and "stood here" not in written
    assert page.speeds(results["traffic"]) in written
    assert page.speeds(results["traffic"]) in capsys.readouterr().out
    assert list(json.loads((tmp_path / "performance.json").read_text())) == ["traffic", "startup"]
    assert (tmp_path / "performance.svg").read_text().startswith("<svg ")


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
