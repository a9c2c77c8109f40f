"""The suite in pytest: what it collects, how verdicts become outcomes, and what a session says at its end."""

from __future__ import annotations

import json
import logging
import re
import tempfile
import warnings
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import jsonschema
import pytest
from websockets.sync.server import ServerConnection

from plugin_servers import ALONE, plain, standing
from wirecheck import load
from wirecheck.drive import Case, cases
from wirecheck.plugin import live, run, settings
from wirecheck.plugin.notes import CAUSES, Note, Played, packed, unpacked
from wirecheck.record import At
from wirecheck.report.json import schema
from wirecheck.serve import serving
from wirecheck.verdict import Finding, Group, Report

pytest_plugins = ["pytester"]

assert live.Live  # loaded once, here: what a session of pytester's imports is gone when it ends
VONZ = load("vonz")
SOME = ("plain-turn", "tool-calls")
"""Two scenarios, of which the second alone calls tools."""
BROKEN = "vonz/tool-calls/tool-call-answered-once"
"""What fails on the mutant that leaves the results of tools out, and nothing else of `SOME`."""
SHOULD = "vonz/tool-calls/turn-closed-once"
"""The same for the mutant that ends turns twice."""


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    """A server that keeps every promise."""
    with serving(VONZ) as served:
        yield served.url


@pytest.fixture(scope="module")
def broken_url() -> Iterator[str]:
    """One that breaks what its document states in words."""
    with serving(VONZ, mutant="tool-call-answered-once:missing") as served:
        yield served.url


@pytest.fixture(scope="module")
def milder_url() -> Iterator[str]:
    """One that breaks what its document shows in an example."""
    with serving(VONZ, mutant="turn-closed-once:twice") as served:
        yield served.url


@pytest.fixture(autouse=True)
def alone(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A project of its own, without what other plugins, and our own settings for warnings, have to say of it."""
    monkeypatch.setenv("PYTEST_ADDOPTS", ALONE)
    for name in ("WIRECHECK_TOKEN", "CI", "BUILD_NUMBER"):  # pytest says more of a failure where it runs in CI
        monkeypatch.delenv(name, raising=False)
    pytester.makeini("[pytest]")
    # The server runs in this process, and what it logs would be part of what a session captures.
    monkeypatch.setattr(logging.getLogger("wirecheck.serve"), "disabled", True)
    with warnings.catch_warnings():
        warnings.simplefilter("default")
        yield


def suite(
    pytester: pytest.Pytester, url: str, *args: str, scenarios: tuple[str, ...] = SOME, **more: Any
) -> pytest.RunResult:
    """The suite against a server, of these scenarios."""
    named = [f"--wirecheck-scenario={name}" for name in scenarios]
    target = ["--wirecheck-url", url, "--wirecheck-dialect", "vonz", "--wirecheck-timeout", "20"]
    return pytester.runpytest("--pyargs", "wirecheck.suite", *target, *named, *args, **more)


def expected(*names: str) -> list[Case]:
    return list(cases(VONZ, names or SOME))


def outcomes(result: pytest.RunResult) -> dict[str, int]:
    """How many items ended how; nothing of warnings and of what was not selected."""
    found = result.parseoutcomes()
    return {word: count for word, count in found.items() if word not in ("warnings", "warning", "deselected")}


def section(result: pytest.RunResult) -> list[str]:
    """The lines of our own section of the summary."""
    lines = result.outlines
    heads = [index for index, line in enumerate(lines) if re.fullmatch("=+ wirecheck =+", line)]
    assert len(heads) <= 1
    if not heads:
        return []
    found = lines[heads[0] + 1 :]
    return found[: next(index for index, line in enumerate(found) if line.startswith("="))]


# What is collected


def test_there_is_an_item_for_each_case_and_none_needs_a_network(pytester: pytest.Pytester) -> None:
    collected = suite(pytester, "ws://127.0.0.1:1", "--collect-only", "-q", scenarios=())
    assert collected.ret == 0
    listed = [line for line in collected.outlines if "::" in line]
    assert listed == [f"wirecheck/suite.py::test_guarantee[{case.id}]" for case in cases(VONZ)]
    assert section(collected) == []


def test_every_item_of_a_good_server_passes_and_is_counted_once(pytester: pytest.Pytester, url: str) -> None:
    result = suite(pytester, url)
    assert result.ret == 0
    assert outcomes(result) == {"passed": len(expected())}
    claimed = {case.guarantee: case.level for case in expected() if case.level is not None}
    turns, *levels = section(result)
    assert re.fullmatch(r"vonz: 2 scenarios, 2 turns, \d+ frames", turns)
    assert levels == [
        f"{level}: {count} held"
        for level in ("must", "should")
        if (count := list(claimed.values()).count(level))  # type: ignore[arg-type]
    ]


def test_the_header_names_the_server_without_its_path(pytester: pytest.Pytester) -> None:
    result = suite(pytester, "ws://user:a-password@127.0.0.1:1/v1?token=a-token", "--collect-only")
    result.stdout.fnmatch_lines(["wirecheck: vonz at ws://127.0.0.1:1"])
    result.stdout.no_fnmatch_line("*a-password*")
    result.stdout.no_fnmatch_line("*a-token*")


@pytest.mark.parametrize(
    ("args", "chosen"),
    [
        (("-k", "plain-turn"), lambda case: case.scenario.name == "plain-turn"),
        (("-k", "text-inside-turn and not tool-calls"), lambda case: case.id == "vonz/plain-turn/text-inside-turn"),
        (("-m", "wirecheck_should"), lambda case: case.level == "should"),
        (("-m", "wirecheck_must", "--strict-markers"), lambda case: case.level in ("must", None)),
        (("-m", "wirecheck_level and not wirecheck_must"), lambda case: case.level == "should"),
        (("--wirecheck-rule", "text-inside-turn"), lambda case: case.guarantee == "text-inside-turn"),
        (("--deselect", "wirecheck/suite.py::test_guarantee[vonz/plain-turn"), lambda case: "tool-calls/" in case.id),
    ],
)
def test_items_are_selected_as_others_are(pytester: pytest.Pytester, url: str, args: Any, chosen: Any) -> None:
    result = suite(pytester, url, *args)
    assert result.ret == 0
    assert outcomes(result) == {"passed": len([case for case in expected() if chosen(case)])}


@pytest.mark.skipif(
    tuple(map(int, pytest.__version__.split(".")[:2])) < (8, 3), reason="selects by a mark's values from 8.3 on"
)
def test_items_are_selected_by_a_marks_value(pytester: pytest.Pytester, url: str) -> None:
    result = suite(pytester, url, "-m", "wirecheck_guarantee(id='task-settled') and wirecheck_level(level='should')")
    assert outcomes(result) == {"passed": len([case for case in expected() if case.guarantee == "task-settled"])}


@pytest.mark.parametrize(
    "args", [("--pyargs", "wirecheck.suite::{}"), ("wirecheck/suite.py::{}",), ("wirecheck/suite.py::{}", "-n", "1")]
)
def test_one_item_is_named_on_the_command_line(pytester: pytest.Pytester, url: str, args: tuple[str, ...]) -> None:
    """By its module, or as reports name it."""
    pytester.makeini(f"[pytest]\nwirecheck_url = {url}\nwirecheck_dialect = vonz")
    named = "test_guarantee[vonz/plain-turn/task-settled]"
    result = pytester.runpytest(*(arg.format(named) for arg in args), "-rA")
    assert outcomes(result) == {"passed": 1}
    assert section(result)[1:] == ["should: 1 held"]
    assert f"PASSED wirecheck/suite.py::{named}" in result.outlines


def test_the_markers_are_registered(pytester: pytest.Pytester) -> None:
    result = pytester.runpytest("--markers")
    words = ["level(level)", "guarantee(id)", "must", "should", "may"]
    result.stdout.fnmatch_lines([f"@pytest.mark.wirecheck_{word}:*" for word in words])


@pytest.mark.parametrize("mode", ["prepend", "importlib"])
def test_the_project_may_name_its_own_tests_as_it_likes(pytester: pytest.Pytester, url: str, mode: str) -> None:
    pytester.makeini("[pytest]\npython_functions = check_*\npython_files = check_*.py")
    result = suite(pytester, url, "--import-mode", mode)
    assert outcomes(result) == {"passed": len(expected())}


def test_a_project_may_take_the_suite_into_a_module_of_its_own(pytester: pytest.Pytester, url: str) -> None:
    pytester.makepyfile(test_ours="from wirecheck.suite import test_guarantee\n\ndef test_more(): pass")
    target = ["--wirecheck-url", url, "--wirecheck-dialect", "vonz", "--wirecheck-scenario", "plain-turn"]
    result = pytester.runpytest(*target, "-v")
    assert outcomes(result) == {"passed": 1 + len(expected("plain-turn"))}
    result.stdout.fnmatch_lines(["test_ours.py::test_guarantee?vonz/plain-turn/text-inside-turn? PASSED*"])
    without = pytester.runpytest("-rs")
    assert without.ret == 0 and outcomes(without) == {"passed": 1, "skipped": 1}
    without.stdout.fnmatch_lines(["SKIPPED*no server to test; give --wirecheck-url*"])


# What fails, and what is said of it


def test_a_mutant_fails_there_and_nowhere_else_with_the_evidence(pytester: pytest.Pytester, broken_url: str) -> None:
    result = suite(pytester, broken_url, "-v")
    assert result.ret == 1
    failed = re.findall(r"\[(.*?)\] FAILED", result.stdout.str())
    assert failed == [BROKEN]
    result.stdout.fnmatch_lines(
        [
            "must tool-call-answered-once in vonz/tool-calls: got no task:tool_result (*",
            "",
            "  * (must: ordering guarantees, 2)",
            "",
            "  must tool-call-answered-once  vonz/tool-calls:*, task:tool_use",
            "    got no task:tool_result (*: the turn ended at line * (tool-call-answered-once, must: ordering guar*",
            '    > *  server  {"type":"task:tool_use",*',
            "  capture: *vonz.tool-calls.jsonl",
            "broken: must tool-call-answered-once in tool-calls: got no task:tool_result (*",
            "FAILED wirecheck/suite.py::test_guarantee?vonz/tool-calls/tool-call-answered-once?*",
        ]
    )
    said = result.stdout.str()
    assert "Traceback" not in said and "Error" not in said and not re.search(r"\.py:\d", said)
    assert "All traceback entries are hidden" not in said
    (capture,) = re.findall(r"^  capture: (.*)$", said, re.MULTILINE)
    lines = [json.loads(line) for line in Path(capture).read_text(encoding="utf-8").splitlines()]
    assert lines[0]["kind"] == "open" and lines[0]["exclusive"] is True


def test_first_failure_ends_the_session(pytester: pytest.Pytester, broken_url: str) -> None:
    result = suite(pytester, broken_url, "-x", scenarios=("tool-calls", "parallel-tool-calls"))
    assert result.ret == 1 and outcomes(result)["failed"] == 1
    assert "1 broken" in section(result)[1]


def test_the_last_failures_run_alone_until_they_pass(pytester: pytest.Pytester, broken_url: str, url: str) -> None:
    assert outcomes(suite(pytester, broken_url))["failed"] == 1
    again = suite(pytester, broken_url, "--lf")
    assert again.ret == 1 and outcomes(again) == {"failed": 1}
    assert section(again)[1:2] == ["must: 1 broken"]
    healed = suite(pytester, url, "--lf")
    assert healed.ret == 0 and outcomes(healed) == {"passed": 1}
    assert outcomes(suite(pytester, url, "--lf")) == {"passed": len(expected())}


def test_a_scenario_is_played_once_for_all_of_its_items(pytester: pytest.Pytester) -> None:
    with plain() as server:
        suite(pytester, server.url, scenarios=("plain-turn",))
        assert server.opened == 2  # to see that it is there, and to play


def test_what_should_be_warns(pytester: pytest.Pytester, milder_url: str) -> None:
    result = suite(pytester, milder_url)
    assert result.ret == 0 and outcomes(result) == {"passed": len(expected())}
    result.stdout.fnmatch_lines(
        [
            f"wirecheck/suite.py::test_guarantee?{SHOULD}?",
            "*WirecheckWarning: should turn-closed-once in vonz/tool-calls: ends a turn (*) that is not open",
            "should: *, 1 broken",
            "broken: should turn-closed-once in tool-calls: ends a turn (*",
        ]
    )
    assert result.parseoutcomes()["warnings"] == 1


def test_the_evidence_of_a_warning_can_be_asked_for(pytester: pytest.Pytester, milder_url: str) -> None:
    result = suite(pytester, milder_url, "-rP")
    result.stdout.fnmatch_lines(
        ["*wirecheck call*", "should turn-closed-once in vonz/tool-calls*", "    > *turn.done*"]
    )


@pytest.mark.parametrize(
    "args",
    [
        ("--wirecheck-fail-on", "should"),
        ("--wirecheck-fail-on", "may"),
        ("-W", "error"),
        ("-W", "error::wirecheck.pytest_plugin.WirecheckWarning"),
    ],
)
def test_what_should_be_fails_where_that_is_asked_for(
    pytester: pytest.Pytester, milder_url: str, args: tuple[str, ...]
) -> None:
    result = suite(pytester, milder_url, *args)
    assert result.ret == 1
    assert outcomes(result) == {"passed": len(expected()) - 1, "failed": 1}
    result.stdout.fnmatch_lines(["should turn-closed-once in vonz/tool-calls: *", "    > *turn.done*"])
    assert len([line for line in result.outlines if line.startswith("    > ")]) == 1
    assert "Traceback" not in result.stdout.str() and not re.search(r"\.py:\d", result.stdout.str())


def test_nothing_fails_where_that_is_asked_for(pytester: pytest.Pytester, broken_url: str) -> None:
    result = suite(pytester, broken_url, "--wirecheck-fail-on", "never", "-W", "ignore::pytest.PytestWarning")
    assert result.ret == 0 and outcomes(result) == {"passed": len(expected())}
    assert "broken: must tool-call-answered-once" in section(result)[-1]


def test_what_a_server_sends_is_shown_harmless_and_bounded(pytester: pytest.Pytester) -> None:
    """Frames that no document knows, each of another kind, and an escape sequence in every one."""

    def babble(connection: ServerConnection) -> None:
        connection.recv()
        for number in range(30):
            connection.send(json.dumps({"type": f"\x1b[31mkind{number}\n\u202e", "text": "\x1b]0;title\x07"}))

    with standing(babble) as server:
        args = ("--wirecheck-fail-on", "may", "-k", "frames", "--color", "no")
        result = suite(pytester, server.url, *args, scenarios=("plain-turn",))
    assert result.ret == 1 and outcomes(result) == {"failed": 1}
    said = result.stdout.str()
    assert not set("\x1b\x07\u202e") & set(said)
    assert "\\u001b[31mkind0" in said
    result.stdout.fnmatch_lines(
        [
            "may unknown-tag in vonz/plain-turn: *",
            "  Every message is a frame as the document describes it. (may: *)",
            "  and 10 more",
            "  the scenario ended early: waited *",
            "broken: may unknown-tag in plain-turn: *",
        ]
    )


# What could not be judged


def test_what_was_not_judged_is_skipped_with_the_reason(pytester: pytest.Pytester) -> None:
    with standing(lambda connection: connection.recv()) as server:
        result = suite(pytester, server.url, "-rs", scenarios=("plain-turn",))
    assert result.ret == 1
    assert outcomes(result) == {"skipped": len(expected("plain-turn"))}
    result.stdout.fnmatch_lines(
        ["SKIPPED *suite.py:*: not exercised: waited for session.ready, and the server closed the connection*"]
    )
    counts, *said = section(result)
    assert counts == "vonz: 1 scenario, 0 turns, 1 frame"
    assert said == [
        "must: 1 undecided, 1 not exercised",
        "should: 3 not exercised",
        "nothing held in 2 must (text-inside-turn, session-ready-answers) and 3 should (turn-closed-once, "
        "task-settled, turn-and-task-end-together); such a run passes unless --wirecheck-require says otherwise",
        "not played to the end: plain-turn: waited for session.ready, and the server closed the connection (code 1000)",
        "nothing held in any guarantee, and a run in which nothing held fails; see that the server is the right one, "
        "speaks this dialect, and accepts the credential",
    ]


def test_a_credential_that_is_refused_fails_the_run_though_refusing_it_is_right(
    pytester: pytest.Pytester, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What a server does about a credential that it does not accept is promised, and nothing else was tested."""
    monkeypatch.setenv("WIRECHECK_TOKEN", "not-the-token")
    result = suite(pytester, url, scenarios=("plain-turn", "two-turns", "missing-credential"))
    assert result.ret == 1 and "failed" not in outcomes(result)
    lacking, *ended, objection = section(result)[3:]
    assert lacking.startswith("nothing held in 2 must (text-inside-turn, session-ready-answers) and 3 should (")
    assert objection.startswith("nothing held with a good credential, and a run in which nothing held fails; see that")
    # The server says that it refuses and closes: whichever is seen first is the reason.
    named = [re.fullmatch(r"not played to the end: ([a-z, -]+): \w.*", line) for line in ended]
    assert {name for found in named if found for name in found[1].split(", ")} == {"plain-turn", "two-turns"}
    monkeypatch.delenv("WIRECHECK_TOKEN")
    refusals = suite(pytester, url, scenarios=("missing-credential",))
    assert refusals.ret == 0, "whoever asks for refusals alone gets them"


def test_what_is_required_must_hold_somewhere(pytester: pytest.Pytester, url: str) -> None:
    names = ("--wirecheck-rule", "text-inside-turn", "--wirecheck-rule", "continuation-counts")
    # A cap that only one of the two scenarios fits in leaves the other's guarantee without an occasion.
    args = (*names, "--wirecheck-max-turns", "1", "-rs")
    scenarios = ("plain-turn", "continuations")
    lax = suite(pytester, url, *args, scenarios=scenarios)
    assert lax.ret == 0 and outcomes(lax) == {"passed": 1, "skipped": 2}
    lax.stdout.fnmatch_lines(["SKIPPED *the cap of 1 would be passed"])
    strict = suite(pytester, url, *args, "--wirecheck-require", "should", scenarios=scenarios)
    assert strict.ret == 1 and outcomes(strict) == {"passed": 1, "skipped": 2}
    assert section(strict)[-1] == (
        "nothing held in 1 should (continuation-counts), and --wirecheck-require should fails the run"
    )
    held_elsewhere = suite(pytester, url, *args, "--wirecheck-require", "must", scenarios=scenarios)
    assert held_elsewhere.ret == 0


def test_what_only_a_scenario_can_show_is_required_too(pytester: pytest.Pytester) -> None:
    """Where the scenario is not played, such a guarantee was not exercised, as any other."""
    chosen = ("--wirecheck-scenario", "chat", "--wirecheck-scenario", "malformed-not-json")
    terms = ("--wirecheck-require", "should", "--wirecheck-max-turns", "1")
    with serving(load("symindx")) as served:
        target = ("--wirecheck-url", served.url, "--wirecheck-dialect", "symindx")
        result = pytester.runpytest("--pyargs", "wirecheck.suite", *target, *chosen, *terms)
    assert result.ret == 1 and outcomes(result) == {"passed": 4, "skipped": 5}
    counts, *said = section(result)
    assert counts.startswith("symindx: 1 scenario, 1 turn, ")
    assert said == [
        "should: 1 held, 1 not exercised",
        "may: 1 held",
        "not played to the end: malformed-not-json: it takes 1 turn, and the cap of 1 would be passed",
        "nothing held in 1 should (malformed-input-survived), and --wirecheck-require should fails the run",
    ]


def test_a_server_that_goes_away_fails_the_run_though_all_else_is_skipped(pytester: pytest.Pytester) -> None:
    later = ("tool-calls", "parallel-tool-calls", "failing-tool", "question", "cancel", "continuations")
    with ExitStack() as stack:
        served = stack.enter_context(serving(VONZ))

        class Leaving:
            """Ends the server when the first scenario is through."""

            def pytest_runtest_logfinish(self, nodeid: str) -> None:
                if nodeid.endswith("plain-turn/others]"):
                    stack.close()

        result = suite(pytester, served.url, plugins=[Leaving()], scenarios=("plain-turn", *later))
    assert result.ret == 1
    assert outcomes(result) == {"passed": len(expected("plain-turn")), "skipped": len(expected(*later))}
    assert re.fullmatch(
        r"no connection for tool-calls, parallel-tool-calls, failing-tool, question, cancel and 1 more: "
        r"ws://127.0.0.1:\d+: nobody listens there .*",
        section(result)[-1],
    )
    assert section(result)[0].startswith("vonz: 1 scenario, 1 turn, ")


# Who is not there


@pytest.mark.parametrize("args", [(), ("-n", "2")])
def test_a_server_that_is_not_there_ends_the_session_with_one_sentence(
    pytester: pytest.Pytester, args: tuple[str, ...]
) -> None:
    with serving(VONZ) as served:
        gone = served.url
    result = suite(pytester, gone, *args)
    assert result.ret == 4
    assert outcomes(result) == {}
    result.stdout.fnmatch_lines(["!* wirecheck: ws://127.0.0.1:*: nobody listens there*; start the server !*"])
    assert result.stdout.str().count("nobody listens there") == 1
    assert section(result) == []


@pytest.mark.parametrize("args", [(), ("-n", "2")])
def test_a_server_that_is_starting_is_waited_for(pytester: pytest.Pytester, args: tuple[str, ...]) -> None:
    with plain([503, 503]) as server:
        impatient = suite(pytester, server.url, scenarios=("plain-turn",))
        assert impatient.ret == 4
        result = suite(pytester, server.url, "--wirecheck-wait", "60", *args, scenarios=("plain-turn",))
        assert result.ret == 0


def test_items_of_the_project_do_not_mind(pytester: pytest.Pytester) -> None:
    pytester.makepyfile("def test_own(): pass")
    result = pytester.runpytest("--wirecheck-url", "ws://127.0.0.1:1", "--wirecheck-dialect", "vonz")
    assert result.ret == 0 and outcomes(result) == {"passed": 1} and section(result) == []


# Several processes


@pytest.mark.parametrize("dist", ["load", "loadgroup"])
def test_workers_are_summed_up_by_the_controller(pytester: pytest.Pytester, broken_url: str, dist: str) -> None:
    report, captures = pytester.path / "report.json", pytester.path / "captures"
    kept = () if dist == "loadgroup" else ("--wirecheck-keep-captures",)
    written = ("--wirecheck-report", str(report), "--wirecheck-captures", str(captures), *kept)
    result = suite(pytester, broken_url, "-n", "2", "--dist", dist, *written)
    assert result.ret == 1
    assert outcomes(result) == {"passed": len(expected()) - 1, "failed": 1}
    turns, must, should, broken, *rest = section(result)
    assert rest == [] and must.endswith("1 broken") and should.endswith("held")
    assert broken.startswith("broken: must tool-call-answered-once in tool-calls: ")
    document = json.loads(report.read_text(encoding="ascii"))
    jsonschema.validate(document, schema())
    assert {result["id"] for result in document["guarantees"] if result["verdict"] == "failed"} == {
        "tool-call-answered-once"
    }
    names = {re.sub(r"\.gw\d", ".gw", path.name) for path in captures.iterdir()}
    assert names == {"vonz.tool-calls.gw.jsonl", *(["vonz.plain-turn.gw.jsonl"] if kept else [])}
    if dist == "loadgroup":
        assert turns.startswith("vonz: 2 scenarios, 2 turns, ")
        plain_turn, tool_calls = document["inputs"]
        assert plain_turn == "vonz/plain-turn" and Path(tool_calls).is_file()  # kept, as something failed in it
        assert [finding["first"]["input"] for finding in document["findings"]] == [tool_calls]


def test_the_first_failure_ends_all_workers_and_is_summed_up(pytester: pytest.Pytester, broken_url: str) -> None:
    result = suite(pytester, broken_url, "-n", "2", "--dist", "loadgroup", "-x", scenarios=("tool-calls",))
    assert result.ret in (1, 2)
    assert outcomes(result)["failed"] == 1
    assert any(line.startswith("broken: must tool-call-answered-once") for line in section(result))


def test_warnings_come_from_workers_too(pytester: pytest.Pytester, milder_url: str) -> None:
    result = suite(pytester, milder_url, "-n", "2", "--dist", "loadgroup")
    assert result.ret == 0
    result.stdout.fnmatch_lines(["*WirecheckWarning: should turn-closed-once in vonz/tool-calls: *"])


def test_workers_share_the_cap_on_turns(pytester: pytest.Pytester, url: str) -> None:
    scenarios = ("plain-turn", "tool-calls", "failing-tool", "parallel-tool-calls")
    result = suite(pytester, url, "-n", "2", "--wirecheck-max-turns", "2", "-rs", scenarios=scenarios)
    turns = re.search(r"(\d+) turns?", section(result)[0])
    assert turns is not None and int(turns[1]) <= 2
    result.stdout.fnmatch_lines(["SKIPPED *the cap of 1 would be passed"])


def test_workers_may_have_names_of_their_own(pytester: pytest.Pytester, url: str) -> None:
    workers = ("--dist", "worksteal", "--tx", "popen//id=left", "--tx", "popen//id=right")
    # Two turns a worker: enough for either to play both scenarios.
    asked = ("--wirecheck-require", "should", "--wirecheck-max-turns", "4", "--wirecheck-keep-captures")
    result = suite(pytester, url, *workers, *asked)
    assert result.ret == 0 and outcomes(result) == {"passed": len(expected())}
    assert [line.partition(":")[0] for line in section(result)] == ["vonz", "must", "should"]


# Files


def test_junit_has_what_the_items_are_about(pytester: pytest.Pytester, broken_url: str) -> None:
    file = pytester.path / "junit.xml"
    suite(pytester, broken_url, "--junitxml", str(file))
    found = {case.get("name"): case for case in ElementTree.parse(file).iter("testcase")}
    assert set(found) == {f"test_guarantee[{case.id}]" for case in expected()}
    for case in expected():
        element = found[f"test_guarantee[{case.id}]"]
        assert element.get("classname") == "wirecheck.suite"
        assert {one.get("name"): one.get("value") for one in element.iter("property")} == {
            "wirecheck_guarantee": case.guarantee,
            "wirecheck_level": case.level or "must",
            "wirecheck_source": case.source,
            "wirecheck_scenario": case.scenario.name,
            "wirecheck_verdict": "failed" if case.id == BROKEN else "passed",
        }
    (failure,) = [element.find("failure") for element in found.values() if element.find("failure") is not None]
    assert failure is not None and "must tool-call-answered-once in vonz/tool-calls" in failure.get("message", "")
    assert "> " in (failure.text or "")


def test_captures_are_kept_where_something_was_found_or_all_are_asked_for(
    pytester: pytest.Pytester, broken_url: str
) -> None:
    folder = pytester.path / "made" / "captures"
    suite(pytester, broken_url, "--wirecheck-captures", str(folder))
    assert [path.name for path in folder.iterdir()] == ["vonz.tool-calls.jsonl"]
    suite(pytester, broken_url, "--wirecheck-captures", str(folder), "--wirecheck-keep-captures")
    assert {path.name for path in folder.iterdir()} == {"vonz.tool-calls.jsonl", "vonz.plain-turn.jsonl"}


def test_captures_are_kept_without_a_cache_too(pytester: pytest.Pytester, broken_url: str) -> None:
    result = suite(pytester, broken_url, "-p", "no:cacheprovider")
    (capture,) = re.findall(r"^  capture: (.*)$", result.stdout.str(), re.MULTILINE)
    assert Path(capture).is_file()
    Path(capture).unlink()


def test_what_cannot_be_written_any_more_fails_the_run_and_is_said(
    pytester: pytest.Pytester, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(pytester.mkdir("temporary")))
    folder = pytester.mkdir("later-gone")
    captures = pytester.path / "captures"

    class Leaving:
        """Takes the folder away, and puts a file where captures are to go, when all was checked."""

        def pytest_collection_finish(self) -> None:
            folder.rmdir()
            captures.touch()

    args = ("--wirecheck-report", f"{folder}/r.json", "--wirecheck-captures", str(captures))
    result = suite(pytester, url, *args, "--wirecheck-keep-captures", plugins=[Leaving()])
    assert result.ret == 1 and outcomes(result) == {"passed": len(expected())}
    assert section(result)[-1] == (
        f"--wirecheck-report {folder}/r.json: cannot be written (No such file or directory); name another file"
    )
    assert captures.read_bytes() == b""
    assert len(list((pytester.path / "temporary").rglob("*.jsonl"))) == len(SOME)  # where they were written


def test_expected_failures_are_tolerated_until_they_hold(pytester: pytest.Pytester, broken_url: str, url: str) -> None:
    listed = pytester.path / "expected.txt"
    listed.write_text(f"# known\n{BROKEN}  # since May\n", encoding="utf-8")
    tolerated = suite(pytester, broken_url, "--wirecheck-expected-failures", str(listed))
    assert tolerated.ret == 0
    assert outcomes(tolerated) == {"passed": len(expected()) - 1, "xfailed": 1}
    assert section(tolerated)[-1].startswith("broken, as expected: must tool-call-answered-once in tool-calls: ")
    stale = suite(pytester, url, "--wirecheck-expected-failures", str(listed))
    assert stale.ret == 1 and outcomes(stale) == {"passed": len(expected())}
    assert section(stale)[-1] == f"expected to fail, and holds: {listed}:2: {BROKEN}; take it from the list"


def test_what_was_not_run_is_not_stale(pytester: pytest.Pytester, url: str) -> None:
    listed = pytester.path / "expected.txt"
    listed.write_text(f"{BROKEN}\nsession-ready-answers\n", encoding="utf-8")
    result = suite(pytester, url, "--wirecheck-expected-failures", str(listed), "-k", "plain-turn")
    assert result.ret == 0


# Beside others


@pytest.mark.parametrize("mode", ["strict", "auto"])
def test_plugins_for_asynchronous_tests_may_be_there(
    pytester: pytest.Pytester, url: str, mode: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("PYTEST_ADDOPTS")
    pytester.makeini(f"[pytest]\nasyncio_mode = {mode}")
    pytester.makepyfile(
        test_theirs="""
        import pytest

        @pytest.mark.asyncio
        async def test_in_a_loop(wirecheck_conversation):
            wirecheck_conversation.send("session.start", profile_id="$profile")
            assert wirecheck_conversation.until("session.ready")["type"] == "session.ready"

        @pytest.mark.anyio
        async def test_in_another(anyio_backend, wirecheck_conversation):
            wirecheck_conversation.send("session.start", profile_id="$profile")
            assert wirecheck_conversation.until("session.ready")["type"] == "session.ready"

        @pytest.fixture
        def anyio_backend():
            return "asyncio"
        """
    )
    target = ["--wirecheck-url", url, "--wirecheck-dialect", "vonz", "--wirecheck-scenario", "plain-turn"]
    both = pytester.runpytest_subprocess("--pyargs", "wirecheck.suite", "test_theirs.py", *target)
    assert both.ret == 0 and outcomes(both) == {"passed": 2 + len(expected("plain-turn"))}


def test_users_lead_conversations_of_their_own(pytester: pytest.Pytester, milder_url: str) -> None:
    pytester.makepyfile(
        """
        import pytest
        from wirecheck.drive import NotSeen

        open_ones = []

        def test_turn(wirecheck_conversation):
            talk = wirecheck_conversation
            open_ones.append(talk)
            talk.send("session.start", profile_id="$profile")
            session = talk.expect("session.ready", within=20)["session_id"]
            talk.send("session.turn", session_id=session, prompt="$tool_prompt")
            talk.until("turn.done", within=20, where={"/session_id": session})
            talk.until("task:done", within=20)
            verdicts = talk.verdicts()
            assert verdicts["text-inside-turn"] == "passed"
            assert verdicts["turn-closed-once"] == "failed"

        def test_it_was_closed(wirecheck_conversation):
            assert wirecheck_conversation is not open_ones[0]
            with pytest.raises(Exception, match="over"):
                open_ones[0].send("session.start", profile_id="x")

        def test_in_vain(wirecheck_conversation):
            with pytest.raises(NotSeen, match="nothing of the kind came"):
                wirecheck_conversation.until("turn.done", within=0.05)
        """
    )
    result = pytester.runpytest("--wirecheck-url", milder_url, "--wirecheck-dialect", "vonz")
    assert result.ret == 0 and outcomes(result) == {"passed": 3} and section(result) == []
    without = pytester.runpytest("-rs")
    assert without.ret == 0 and outcomes(without) == {"skipped": 3}
    without.stdout.fnmatch_lines(["SKIPPED *no server to test; give --wirecheck-url*"])


def test_a_conversation_without_a_server_fails_its_test_alone(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(
        """
        def test_talk(wirecheck_conversation):
            wirecheck_conversation.send("session.start", profile_id="x")

        def test_other():
            pass
        """
    )
    result = pytester.runpytest("--wirecheck-url", "ws://127.0.0.1:1", "--wirecheck-dialect", "vonz")
    assert result.ret == 1 and outcomes(result) == {"passed": 1, "failed": 1}
    result.stdout.fnmatch_lines(["E  *ws://127.0.0.1:1: nobody listens there*"])


def test_the_conversation_of_a_failed_test_is_kept(pytester: pytest.Pytester, url: str) -> None:
    pytester.makepyfile(
        """
        import pytest

        def start(talk):
            talk.send("session.start", profile_id="$profile")
            talk.until("session.ready", within=20)

        @pytest.mark.parametrize("way", ["a b/c"])
        def test_fails(wirecheck_conversation, way):
            start(wirecheck_conversation)
            assert not way

        def test_passes(wirecheck_conversation):
            start(wirecheck_conversation)

        def test_closes(wirecheck_conversation):
            start(wirecheck_conversation)
            wirecheck_conversation.close()
            assert False
        """
    )
    args = ("--wirecheck-url", url, "--wirecheck-dialect", "vonz", "--wirecheck-captures", "kept")
    result = pytester.runpytest(*args)
    assert outcomes(result) == {"passed": 1, "failed": 2}
    (kept,) = (pytester.path / "kept").iterdir()
    assert kept.name == "vonz.test_fails-a-b-c-.jsonl"
    result.stdout.fnmatch_lines([f"capture: {kept}"])
    kinds = [json.loads(line).get("kind") for line in kept.read_text(encoding="utf-8").splitlines()]
    assert kinds[0] == "open" and kinds[-1] == "close"
    pytester.runpytest(*args, "--wirecheck-keep-captures")
    assert {path.name for path in (pytester.path / "kept").iterdir()} == {kept.name, "vonz.test_passes.jsonl"}


# Mistakes of ours


@pytest.mark.parametrize("debug", ["", "1"])
def test_a_mistake_of_ours_is_said_to_be_ours(
    pytester: pytest.Pytester, url: str, monkeypatch: pytest.MonkeyPatch, debug: str
) -> None:
    def stumble(*_: Any, **__: Any) -> None:
        raise RuntimeError("a stumble over " + "-".join(("a", "secret", "of", "ours")))

    monkeypatch.setenv("WIRECHECK_TOKEN", "a-secret-of-ours")
    monkeypatch.setenv("WIRECHECK_DEBUG", debug)
    monkeypatch.setattr(run, "play_in_thread", stumble)
    result = suite(pytester, url, "--wirecheck-rule", "text-inside-turn")
    assert result.ret == 1 and outcomes(result) == {"failed": 2}
    result.stdout.fnmatch_lines(
        ["wirecheck: our own fault, not the server's: RuntimeError: a stumble over [[]redacted] (wirecheck *"]
    )
    said = result.stdout.str() + result.stderr.str()
    assert ("in stumble" in said) == bool(debug)
    assert "a-secret-of-ours" not in said


def test_a_mistake_of_ours_in_reaching_the_server_ends_the_session(
    pytester: pytest.Pytester, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stumble(*_: Any, **__: Any) -> None:
        raise RuntimeError("a stumble")

    monkeypatch.setattr(run, "in_thread", stumble)
    monkeypatch.setattr(run, "reachable", lambda *_: None)
    result = suite(pytester, url)
    assert result.ret == 3 and outcomes(result) == {}
    result.stdout.fnmatch_lines(["!* wirecheck: our own fault, not the server's: RuntimeError: a stumble (*"])


def test_a_mistake_of_ours_in_the_settings_repeats_nothing(
    pytester: pytest.Pytester, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stumble(*_: Any, **__: Any) -> None:
        raise RuntimeError("a-secret-of-somebody")

    monkeypatch.setattr(settings, "target_of", stumble)
    result = suite(pytester, url, "--showlocals", "--full-trace")
    assert result.ret == 3
    said = result.stdout.str() + result.stderr.str()
    assert "our own fault, not the server's: RuntimeError (wirecheck " in said
    assert "a-secret-of-somebody" not in said


# What travels between processes


def test_a_note_survives_the_way_and_is_bounded() -> None:
    finding = Finding(
        kind="order",
        code="x",
        level="must",
        side="server",
        message="half \ud83d of a pair",
        at=At(line=3, conn="a", t=1.5),
        cause=("x", "y"),
    )
    groups = tuple(Group(first=finding, input="d/s", count=2, lines=(3, index)) for index in range(CAUSES + 10))
    report = Report(
        dialect="d", inputs=("d/s",), records=9, frames=7, connections=1, guarantees=(), findings=groups, dropped=1
    )
    played = Played(scenario="s", worker="gw1", ended="", refused=False, turns=3, report=report)
    note = Note(case="d/s/g", scenario="s", guarantee="g", level="must", verdict="failed", says="why", played=played)
    data = json.loads(json.dumps(packed(note)))
    back = unpacked(data)
    assert back.played is not None and back.played.report is not None
    assert len(back.played.report.findings) == CAUSES
    assert back.played.report.dropped == 1 + 2 * 10
    first = back.played.report.findings[0]
    assert first.first.message == "half \\ud83d of a pair" and first.first.at == finding.at
    assert first.lines == (3, 0) and first.first.cause == ("x", "y")
    assert unpacked(packed(back)) == back


def test_a_note_without_a_report_survives_too() -> None:
    note = Note(case="d/s/g", scenario="s", guarantee=None, level="may", verdict="not_exercised", says="why")
    assert unpacked(json.loads(json.dumps(packed(note)))) == note
