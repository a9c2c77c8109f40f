"""`wirecheck test`: what it accepts, what it prints and keeps, which code it ends with."""

from __future__ import annotations

import errno
import json
import os
import pty
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from click.testing import CliRunner, Result
from jsonschema import Draft202012Validator
from websockets.asyncio.server import ServerConnection

import miniatures
from miniatures import Peer, answers, chatters_on, listening, porch_file, standing
from wirecheck.catalog import dialects, load
from wirecheck.cli import cli
from wirecheck.report.json import schema
from wirecheck.serve import serving

TWO = (
    miniatures.TURN
    + """\
  nonsense:
    says: Nonsense is answered.
    exercises: [malformed-input-survived]
    steps:
      - {connect: a}
      - {malformed: not-json}
      - {until: [oops, close]}
      - {send: hello}
      - {until: ready, or: close}
      - {shows: malformed-input-survived}
"""
)


@pytest.fixture
def catalog(tmp_path: Path) -> Path:
    return porch_file(tmp_path, TWO)


@pytest.fixture(scope="module")
def good() -> Iterator[Peer]:
    with standing(answers) as peer:
        yield peer


@pytest.fixture(scope="module")
def bad() -> Iterator[Peer]:
    with standing(chatters_on) as peer:
        yield peer


@pytest.fixture(autouse=True)
def _somewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def test(*args: str | Path) -> Result:
    return CliRunner().invoke(cli, ["test", *map(str, args)], catch_exceptions=False)


test.__test__ = False  # type: ignore[attr-defined]


def test_a_server_that_keeps_its_promises(good: Peer, catalog: Path, tmp_path: Path) -> None:
    result = test(good.url, "--catalog", catalog)
    assert result.exit_code == 0
    assert result.stdout.splitlines()[:3] == [
        "porch: 15 records, 10 frames, 2 connections in 2 captures",
        "  porch/turn",
        "  porch/nonsense",
    ]
    assert "must: 2 held\nshould: 1 held, 1 not exercised\nmay: 1 held\n" in result.stdout
    assert result.stdout.endswith("\n8 of 8 cases held, in 2 scenarios\n")
    lines = result.stderr.splitlines()
    assert [line.partition(" (")[0] for line in lines[:2]] == ["porch/turn: 5 held", "porch/nonsense: 3 held"]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["porch.yaml"]


def test_a_server_that_breaks_a_promise(bad: Peer, catalog: Path, tmp_path: Path) -> None:
    result = test(bad.url, "--catalog", catalog, "--scenario", "turn")
    assert result.exit_code == 1
    shown = result.stdout[result.stdout.index("must text-inside-turn") :].splitlines()
    assert shown[0] == "must text-inside-turn  wirecheck-captures/porch.turn.jsonl:8, text"
    assert shown[1].startswith("  outside any turn (session sess-")
    assert [line[:13] for line in shown[2:7]] == [
        "    5  server",
        "    6  server",
        "    7  server",
        "  > 8  server",
        "    9  server",
    ]
    assert "broken: porch/turn/text-inside-turn (must): outside any turn" in result.stdout
    assert "broken: porch/turn/turn-closed-once (should): ends a turn" in result.stdout
    assert result.stdout.endswith("3 of 5 cases held, in 1 scenario\n")
    # What is kept can be checked again, and is found wanting in the same place.
    again = CliRunner().invoke(
        cli, ["check", "--catalog", str(catalog), "--side", "server", "wirecheck-captures/porch.turn.jsonl"]
    )
    assert "must text-inside-turn  wirecheck-captures/porch.turn.jsonl:8, text" in again.stdout


@pytest.mark.parametrize(
    ("options", "code"),
    [
        ([], 1),
        (["--fail-on", "never"], 0),
        (["--rule", "text-inside-turn"], 1),
        (["--rule", "turn-closed-once"], 0),
        (["--rule", "turn-closed-once", "--fail-on", "should"], 1),
        (["--rule", "session-ready-answers", "--require", "should"], 0),
        (["--fail-on", "never", "--require", "must"], 0),
        (["--fail-on", "never", "--require", "should"], 1),
        (["--fail-on", "never", "--require", "should", "--scenario", "turn"], 0),
    ],
)
def test_what_fails_a_run(options: list[str], code: int, bad: Peer, catalog: Path) -> None:
    assert test(bad.url, "--catalog", catalog, *options).exit_code == code


def test_a_run_in_which_nothing_held_fails(good: Peer, catalog: Path) -> None:
    result = test(good.url, "--catalog", catalog, "--max-turns", "0", "--scenario", "turn", "--fail-on", "never")
    assert result.exit_code == 1
    assert result.stderr.endswith(
        "wirecheck: nothing held at all, so the run fails: it takes 1 turn, and the cap of 0 would be passed\n"
    )
    assert "not exercised: porch/turn/text-inside-turn (must): it takes 1 turn" in result.stdout


def test_what_is_played_is_chosen(good: Peer, catalog: Path) -> None:
    result = test(good.url, "--catalog", catalog, "--rule", "malformed-input-survived")
    assert (result.exit_code, result.stdout.splitlines()[-1]) == (0, "1 of 1 cases held, in 1 scenario")
    assert "porch/turn" not in result.output
    for options, says in (
        (["--scenario", "no"], "porch has no scenario 'no'; there are turn, nonsense"),
        (["--rule", "no"], "porch has no guarantee 'no'; there are session-ready-answers,"),
        (["--rule", "ping-answered"], "porch: no scenario exercises ping-answered; see --list"),
    ):
        refused = test(good.url, "--catalog", catalog, *options)
        assert (refused.exit_code, says in refused.stderr) == (2, True)


def test_the_list_needs_no_server(catalog: Path) -> None:
    result = test("--catalog", catalog, "--list", "--scenario", "nonsense")
    assert (result.exit_code, result.stderr) == (0, "")
    assert result.stdout == (
        "porch/nonsense: Nonsense is answered.\n"
        "  porch/nonsense/malformed-input-survived  may\n"
        "  porch/nonsense/frames\n"
        "  porch/nonsense/others\n"
        "\n"
        "variables:\n"
        "  token (secret)  S.\n"
        "  cookie (secret)  S.\n"
        '  house (default: "main")  S.\n'
        '  prompt (default: "How is the weather?")  S.\n'
        "  count (default: 3)  S.\n"
    )


@pytest.mark.parametrize("dialect", dialects())
def test_every_dialect_can_be_listed(dialect: str) -> None:
    lines = test("--dialect", dialect, "--list").stdout.splitlines()
    assert {line.partition(":")[0] for line in lines if line.startswith(f"{dialect}/")} == {
        f"{dialect}/{name}" for name in load(dialect).scenarios
    }


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ([], "say which server: wirecheck test wss://agents.example.com --dialect NAME"),
        (["ftp://h"], "the URL must begin with ws:// or wss:// and name a host"),
        (["ws://h", "--key", "k.pem"], "--key goes with --cert; name the certificate too"),
        (["ws://h", "--dialect", "vonz"], "--dialect and --catalog both say whose traffic it is"),
        (["ws://h", "--output", "none/report"], "there is no folder none; make it first"),
        (["ws://h", "--captures", "porch.yaml/here"], "no folder that can be written into; name another"),
        (["ws://h", "--report", "porch.yaml/a/b"], "no folder that can be written into; name another"),
        (["ws://h", "--expected-failures", "none.txt"], "cannot be read (No such file or directory)"),
        (["wss://127.0.0.1:1", "--ca", "none.pem"], "no certificates can be read from it (No such file or directory)"),
    ],
)
def test_what_cannot_be_done(options: list[str], says: str, catalog: Path) -> None:
    result = test(*options, "--catalog", catalog)
    assert (result.exit_code, result.stdout) == (2, "")
    assert says in result.stderr


def test_nobody_says_which_dialect() -> None:
    result = test("ws://h")
    assert result.exit_code == 2
    assert "say which dialect: --dialect with one of" in result.stderr


def document(result: Result) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(result.stdout)
    return found


def test_json_says_everything(bad: Peer, catalog: Path) -> None:
    result = test(bad.url, "--catalog", catalog, "--format", "json", "--scenario", "turn")
    found = document(result)
    assert list(found) == ["wirecheck", "dialect", "passed", "scenarios", "stale", "report"]
    assert (found["dialect"], found["passed"], found["stale"]) == ("porch", False, [])
    (scenario,) = found["scenarios"]
    cases = scenario.pop("cases")
    assert scenario == {
        "name": "turn",
        "ended": "",
        "skipped": "",
        "attempts": 1,
        "turns": 1,
        "capture": "wirecheck-captures/porch.turn.jsonl",
    }
    assert [(case["id"], case["level"], case["verdict"], case["tolerated"], case["fails"]) for case in cases] == [
        ("porch/turn/session-ready-answers", "must", "passed", False, False),
        ("porch/turn/text-inside-turn", "must", "failed", False, True),
        ("porch/turn/turn-closed-once", "should", "failed", False, False),
        ("porch/turn/frames", "must", "passed", False, False),
        ("porch/turn/others", "must", "passed", False, False),
    ]
    assert [finding["code"] for finding in found["report"]["findings"]] == ["text-inside-turn", "turn-closed-once"]
    assert Draft202012Validator(schema()).is_valid(found["report"])


def test_junit_has_a_case_for_each(bad: Peer, catalog: Path) -> None:
    result = test(bad.url, "--catalog", catalog, "--format", "junit", "--scenario", "turn")
    suite = ElementTree.fromstring(result.stdout).find("testsuite")
    assert suite is not None
    assert dict(suite.attrib) == {
        "name": "wirecheck.porch",
        "tests": "5",
        "failures": "1",
        "skipped": "0",
        "errors": "0",
    }
    found = {case.attrib["name"]: case for case in suite}
    assert {case.attrib["classname"] for case in suite} == {"wirecheck.porch.turn"}
    failure = found["text-inside-turn"].find("failure")
    assert failure is not None and failure.text is not None
    assert failure.attrib["message"].startswith("must: outside any turn")
    assert '> 8  server  {"type": "text"' in failure.text
    assert found["turn-closed-once"].find("failure") is None
    assert found["turn-closed-once"].find("system-out") is not None
    properties = [(one.attrib["name"], one.attrib["value"]) for one in found["turn-closed-once"].iter("property")]
    assert properties == [("guarantee", "turn-closed-once"), ("level", "should"), ("source", "the order")]


def test_junit_skips_what_was_not_judged_and_fails_where_nothing_held(good: Peer, catalog: Path) -> None:
    args = (good.url, "--catalog", catalog, "--max-turns", "0", "--scenario", "turn")
    suite = ElementTree.fromstring(test(*args, "--format", "junit").stdout).find("testsuite")
    assert suite is not None
    assert (suite.attrib["tests"], suite.attrib["failures"], suite.attrib["skipped"]) == ("6", "1", "5")
    assert suite[-1].attrib["name"] == "the run itself"


def test_annotations(bad: Peer, catalog: Path) -> None:
    result = test(bad.url, "--catalog", catalog, "--format", "github", "--scenario", "turn")
    first, second, *rest = result.stdout.splitlines()
    assert first.startswith(
        "::error file=wirecheck-captures/porch.turn.jsonl,line=8,title=must text-inside-turn (porch)::"
    )
    assert second.startswith("::warning file=wirecheck-captures/porch.turn.jsonl,line=9,")
    assert rest[0] == "porch: must: 1 held, 1 broken"


def test_a_report_goes_to_a_file(good: Peer, catalog: Path, tmp_path: Path) -> None:
    result = test(good.url, "--catalog", catalog, "--output", "report.txt")
    assert (result.exit_code, result.stdout) == (0, "")
    assert (tmp_path / "report.txt").read_text().endswith("8 of 8 cases held, in 2 scenarios\n")


def test_a_report_folder_holds_everything(bad: Peer, catalog: Path, tmp_path: Path) -> None:
    result = test(bad.url, "--catalog", catalog, "--report", "out/here")
    found = sorted(str(path.relative_to(tmp_path / "out/here")) for path in (tmp_path / "out/here").rglob("*.*"))
    assert found == [
        "captures/porch.nonsense.jsonl",
        "captures/porch.turn.jsonl",
        "junit.xml",
        "report.json",
        "report.txt",
    ]
    assert (tmp_path / "out/here/report.txt").read_text() == result.stdout
    assert not (tmp_path / "wirecheck-captures").exists()


@pytest.mark.parametrize(("options", "kept"), [([], []), (["--keep-captures"], ["nonsense", "turn"])])
def test_captures_are_kept_where_they_are_wanted(
    options: list[str], kept: list[str], good: Peer, catalog: Path
) -> None:
    assert test(good.url, "--catalog", catalog, "--captures", "kept", *options).exit_code == 0
    assert sorted(path.name for path in Path().glob("kept/*")) == [f"porch.{name}.jsonl" for name in kept]


def expected(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "known.txt"
    path.write_text(text, encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("lines", "code", "says"),
    [
        ("porch/turn/text-inside-turn", 0, "tolerated: porch/turn/text-inside-turn (must)"),
        ("# why\n\n  text-inside-turn  # since March\n", 0, "tolerated: porch/turn/text-inside-turn (must)"),
        ("other/turn/text-inside-turn\ntext-inside-turn", 0, "tolerated: porch/turn/text-inside-turn (must)"),
        ("other/turn/text-inside-turn", 1, "broken: porch/turn/text-inside-turn (must)"),
        ("turn-closed-once", 1, "tolerated: porch/turn/turn-closed-once (should)"),
        ("text-inside-turn\nauth-failure-closes\nporch/nonsense/frames", 0, ""),
        ("text-inside-turn\nporch/turn/frames", 1, ""),
        ("text-inside-turn\nframes", 1, ""),
    ],
)
def test_failures_that_are_expected(lines: str, code: int, says: str, bad: Peer, catalog: Path, tmp_path: Path) -> None:
    path = expected(tmp_path, lines)
    result = test(bad.url, "--catalog", catalog, "--expected-failures", path, "--scenario", "turn")
    assert (result.exit_code, says in result.stdout) == (code, True)
    stale = lines.endswith("frames") and "nonsense" not in lines
    entry = lines.split("\n")[-1]
    sentence = f"wirecheck: {path}:2: {entry} is listed as an expected failure, and holds; take it off the list\n"
    assert (sentence in result.stderr) == stale


def test_others_are_expected_by_what_broke_in_them(bad: Peer, tmp_path: Path) -> None:
    catalog = porch_file(tmp_path, miniatures.TURN.replace(", text-inside-turn, turn-closed-once", ""))
    options = ("--expected-failures", expected(tmp_path, "text-inside-turn\nturn-closed-once"))
    result = test(bad.url, "--catalog", catalog, *options)
    assert (result.exit_code, "tolerated: porch/turn/others (must)" in result.stdout) == (0, True)
    options = ("--expected-failures", expected(tmp_path, "text-inside-turn"))
    assert test(bad.url, "--catalog", catalog, *options).exit_code == 1


@pytest.mark.parametrize("line", ["nobody", "porch/turn/nobody", "porch/nobody/frames", "porch/turn", "a/b/c/d"])
def test_a_list_that_names_no_case_is_refused(line: str, good: Peer, catalog: Path, tmp_path: Path) -> None:
    path = expected(tmp_path, f"frames\n{line}\n")
    result = test(good.url, "--catalog", catalog, "--expected-failures", path)
    assert result.exit_code == 2
    assert f"{path}:2: '{line}' names no case; write dialect/scenario/guarantee, as reports" in result.stderr


def test_expected_failures_in_other_formats(bad: Peer, catalog: Path, tmp_path: Path) -> None:
    args = (bad.url, "--catalog", catalog, "--expected-failures", expected(tmp_path, "text-inside-turn"))
    found = document(test(*args, "--format", "json"))
    case = found["scenarios"][0]["cases"][1]
    assert (found["passed"], case["verdict"], case["tolerated"], case["fails"]) == (True, "failed", True, False)
    suite = ElementTree.fromstring(test(*args, "--format", "junit").stdout).find("testsuite")
    assert suite is not None and suite.attrib["failures"] == "0"
    assert "::error" not in test(*args, "--format", "github").stdout


def test_the_first_failure_may_end_the_run(bad: Peer, catalog: Path, tmp_path: Path) -> None:
    result = test(bad.url, "--catalog", catalog, "-x")
    assert (result.exit_code, "porch/nonsense" in result.output) == (1, False)
    assert "wirecheck: stopped at the first failure; not played: nonsense\n" in result.stderr
    known = expected(tmp_path, "text-inside-turn")
    result = test(bad.url, "--catalog", catalog, "-x", "--expected-failures", known)
    assert "porch/nonsense" in result.output


def test_a_server_that_says_nothing_at_all_is_asked_once(catalog: Path) -> None:
    with listening(miniatures.is_mute) as peer:
        result = test(peer.url, "--catalog", catalog, "--timeout", "0.3")
    assert result.exit_code == 1
    assert "wirecheck: stopped at a server that says nothing at all; not played: nonsense\n" in result.stderr
    assert "porch/nonsense" not in result.stdout


def test_a_server_that_goes_away_in_between(catalog: Path) -> None:
    handshakes = []

    async def once(ws: ServerConnection) -> None:
        handshakes.append(ws)
        if len(handshakes) > 1:
            ws.transport.abort()

    with standing(once) as peer:
        result = test(peer.url, "--catalog", catalog, "--scenario", "turn")
    assert result.exit_code == 1
    assert "the connection broke without a close frame" in result.stderr


def test_a_server_that_takes_no_connection_of_a_scenarios(catalog: Path) -> None:
    with standing(answers, status=503, spares=1) as peer:
        result = test(peer.url, "--catalog", catalog)
    assert (result.exit_code, result.stdout) == (4, "")
    assert f"wirecheck: {peer.url}: the connection was refused with HTTP 503" in result.stderr


def interrupted(peer: Peer, handshakes: int, *args: str | Path, **environment: str) -> tuple[int, str, str]:
    """What `test` ends with that is interrupted once it shook hands so often, the first time to see who is there."""
    process = subprocess.Popen(
        [sys.executable, "-m", "wirecheck", "test", peer.url, *map(str, args)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, **environment},
    )
    while len(peer.asked) < handshakes and process.poll() is None:
        try:
            process.wait(0.05)
        except subprocess.TimeoutExpired:
            continue
    process.send_signal(signal.SIGINT)
    out, err = process.communicate()
    return process.returncode, out, err


def test_an_interrupted_run_leaves_nothing(catalog: Path, tmp_path: Path) -> None:
    spools = tmp_path / "spools"
    spools.mkdir()
    with standing(miniatures.listens) as peer:
        code, out, err = interrupted(peer, 2, "--catalog", catalog, TMPDIR=str(spools))
    assert (code, out) == (130, "")
    assert "Traceback" not in err
    assert list(spools.iterdir()) == []


def test_who_interrupts_a_run_has_what_was_played(catalog: Path, tmp_path: Path) -> None:
    with standing(_until_nonsense) as peer:
        code, out, err = interrupted(peer, 3, "--catalog", catalog, "--report", "seen")
    assert code == 130
    assert "5 of 5 cases held, in 1 scenario" in out
    assert "stopped at an interruption; not played: nonsense" in err and "Traceback" not in err
    assert json.loads((tmp_path / "seen" / "report.json").read_text())["report"]["frames"] == 6


async def _until_nonsense(ws: ServerConnection) -> None:
    """Does as it should, until it is sent nonsense; then nothing."""
    async for message in ws:
        try:
            asked = json.loads(message)
        except ValueError:
            continue
        await miniatures._answered(ws, asked)


def test_captures_that_cannot_be_kept_do_not_cost_the_report(bad: Peer, catalog: Path, tmp_path: Path) -> None:
    (tmp_path / "wirecheck-captures").write_text("a file")
    result = test(bad.url, "--catalog", catalog, "--scenario", "turn")
    assert result.exit_code == 1
    assert "broken: porch/turn/text-inside-turn (must): outside any turn" in result.stdout
    assert "warning: captures are not kept: wirecheck-captures: the folder cannot be made" in result.stderr


@pytest.mark.parametrize("dialect", dialects())
def test_the_reference_server_keeps_every_promise(dialect: str) -> None:
    with serving(load(dialect)) as served:
        result = test(served.url, "--dialect", dialect, "--format", "json")
    found = document(result)
    assert [
        (case["id"], case["verdict"], case["reason"])
        for scenario in found["scenarios"]
        for case in scenario["cases"]
        if case["verdict"] != "passed"
    ] == []
    assert (result.exit_code, found["passed"]) == (0, True)


def test_progress_is_shown_on_a_terminal(good: Peer, catalog: Path) -> None:
    ours, theirs = pty.openpty()
    with open(ours, "rb", buffering=0) as terminal:
        process = subprocess.Popen(
            [sys.executable, "-m", "wirecheck", "test", good.url, "--catalog", str(catalog)],
            stdout=subprocess.PIPE,
            stderr=theirs,
            env={**os.environ, "TERM": "xterm", "COLUMNS": "100"},
        )
        os.close(theirs)
        said = b""
        try:
            while block := terminal.read(4096):
                said += block
        except OSError as error:  # how a terminal ends on Linux
            assert error.errno == errno.EIO
        out, _ = process.communicate()
    assert process.returncode == 0
    assert b"porch/turn: 5 held (" in said and b"porch/nonsense: 3 held (" in said
    assert out.endswith(b"8 of 8 cases held, in 2 scenarios\n")


def test_a_credential_that_is_refused_fails_the_run_though_refusing_it_is_right(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    dialect = load("vonz")
    with serving(dialect) as server:
        args = ["test", server.url, "--dialect", "vonz", "--scenario", "missing-credential"]
        assert CliRunner().invoke(cli, args).exit_code == 0, "whoever asks for refusals alone gets them"
        monkeypatch.setenv("WIRECHECK_TOKEN", "not-the-token")
        result = CliRunner().invoke(cli, [*args, "--scenario", "plain-turn"])
    assert result.exit_code == 1
    assert "nothing held with a good credential, so the run fails: " in result.stderr
    assert "no findings" in result.stdout
