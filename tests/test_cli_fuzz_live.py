"""`wirecheck fuzz URL` and `wirecheck test --replay`: exit codes, reports, files, and what is kept out of them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

import planted
from miniatures import listening, porch_file, redirects, standing
from planted import Planted, planting
from wirecheck import load
from wirecheck.campaign.saved import loaded
from wirecheck.cli import cli
from wirecheck.strategies import DEFECTS

QUICK = ("--rate", "0", "--timeout", "20", "--seed", "1")


@pytest.fixture(autouse=True)
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def fuzz(server: Planted | str, *options: str, **settings: Any) -> Result:
    url = server if isinstance(server, str) else server.url
    dialect = () if "--catalog" in options else ("--dialect", "vonz")
    return CliRunner().invoke(cli, ["fuzz", url, *dialect, *QUICK, *options], catch_exceptions=False, **settings)


def replay(server: Planted | str, file: str, *options: str) -> Result:
    url = server if isinstance(server, str) else server.url
    return CliRunner().invoke(cli, ["test", "--replay", file, url, "--timeout", "20", *options], catch_exceptions=False)


FILE = "wirecheck-captures/fuzz-abnormal-close.yaml"


def test_a_failure_is_reported_saved_and_played_again_until_it_is_mended(tmp_path: Path) -> None:
    with planting(planted.TripsOverWhatIsMissing) as server:
        result = fuzz(server, "--count", "200", "--deterministic")
        port = server.url.partition("127.0.0.1:")[2].partition("/")[0]
        again = replay(server, FILE)
    assert result.exit_code == 1
    lines = result.stdout.replace(port, "PORT").splitlines()
    assert lines[:9] == [
        "vonz at ws://127.0.0.1:PORT: 1 finding",
        "",
        "must abnormal-close  the server closed with code 1011 after task.submit, invalid: missing-field",
        "  failed 5 of 5 times when it was played again",
        "    send on a: task.submit, invalid: missing-field",
        '      {"type":"task.submit","profile_id":"text","prompt":"text"}',
        "  capture: wirecheck-captures/fuzz-abnormal-close.jsonl",
        "  again:   wirecheck test --replay wirecheck-captures/fuzz-abnormal-close.yaml URL",
        "",
    ]
    assert result.stderr.splitlines() == [
        "wirecheck: the canary vonz/submit-new-session passed; seed 1",
        "wirecheck: found abnormal-close (must) in 2 steps: the server closed with code 1011 after task.submit, "
        "invalid: missing-field",
        "wirecheck: shortened to 1 step",
    ]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["wirecheck-captures"]
    kept = loaded(Path(FILE))
    assert (kept.dialect, kept.code, kept.failed, kept.played, len(kept.steps)) == ("vonz", "abnormal-close", 5, 5, 1)
    capture = CliRunner().invoke(cli, ["check", FILE.replace("yaml", "jsonl"), "--dialect", "vonz", "--side", "server"])
    assert (capture.exit_code, "no findings" in capture.stdout) == (0, True)
    assert again.exit_code == 1
    assert again.stdout.splitlines() == [
        "must abnormal-close  the server closed with code 1011 after task.submit, invalid: missing-field",
        "  send on a: task.submit, invalid: missing-field",
        '    {"type":"task.submit","profile_id":"text","prompt":"text"}',
        "  capture: wirecheck-captures/replay-fuzz-abnormal-close.jsonl",
    ]
    with planting(Planted) as mended:
        passed = replay(mended, FILE)
        told = replay(mended, FILE, "--format", "json", "--attempts", "3")
        gone = mended.url
    assert (passed.exit_code, passed.stdout) == (
        0,
        "nothing found: abnormal-close did not show when it was played once\n",
    )
    assert json.loads(told.stdout) | {"wirecheck": ""} == {
        "wirecheck": "",
        "dialect": "vonz",
        "passed": True,
        "code": "abnormal-close",
        "played": 3,
        "findings": [],
        "capture": None,
    }
    nobody = replay(gone, FILE)
    assert (nobody.exit_code, nobody.stdout) == (4, "")
    assert "nobody listens there" in nobody.stderr


def test_a_server_that_is_right_passes(tmp_path: Path) -> None:
    with planting(Planted) as server:
        result = fuzz(server, "--count", "40", "--coverage", "cover.json", "--output", "report.txt")
        timed = fuzz(server, "--seconds", "0.3", "--format", "json", "--coverage", "-")
    assert (result.exit_code, result.stdout) == (0, "")
    report = Path("report.txt").read_text(encoding="utf-8")
    assert ": no finding\n\n40 messages in " in report and report.count("seed 1; ended by 40 messages") == 1
    assert json.loads(Path("cover.json").read_text(encoding="utf-8"))["summary"]["defects"]["seen"] > 0
    assert timed.exit_code == 0
    told = json.loads(timed.stdout)
    assert (told["passed"], told["ended"], told["findings"], told["seed"]) == (True, "0.3 s", [], 1)
    # How many messages there is time for depends on the machine.
    assert told["messages"] >= sum(told["answers"].values()) and set(told["answers"]) == {
        "error",
        "close",
        "other",
        "nothing",
    }
    assert "coverage of vonz\n" in timed.stderr
    assert sorted(path.name for path in tmp_path.iterdir()) == ["cover.json", "report.txt"]


def test_the_report_as_json_says_what_the_text_says() -> None:
    with planting(planted.TellsTooMuch) as server:
        result = fuzz(server, "--count", "60", "--deterministic", "--retries", "1", "--format", "json")
        strict = fuzz(server, "--count", "60", "--deterministic", "--retries", "1", "--fail-on", "should")
    # A path and a trace that an error shows are no must.
    assert (result.exit_code, strict.exit_code) == (0, 1)
    told = json.loads(result.stdout)
    assert {each["code"] for each in told["findings"]} == {"error-leaks-internals"}
    found = told["findings"][0]
    assert {name: found[name] for name in ("level", "fails", "played", "failed", "also")} == {
        "level": "should",
        "fails": False,
        "played": 1,
        "failed": 1,
        "also": [],
    }
    (step,) = found["steps"]  # which message it was first is a matter of chance
    assert step.keys() == {"does", "conn", "frame", "defect", "pointer", "says"}
    assert (step["does"], step["conn"], step["frame"] in load("vonz").frames) == ("send", "a", True)
    assert step["defect"] in {defect.name for defect in DEFECTS}
    assert (found["capture"], found["conversation"]) == (
        "wirecheck-captures/fuzz-error-leaks-internals.jsonl",
        "wirecheck-captures/fuzz-error-leaks-internals.yaml",
    )
    assert told["ended"] == "60 messages" and found["times"] >= 1


def test_a_milder_finding_replayed_passes_unless_it_is_asked_for() -> None:
    with planting(planted.TellsTooMuch) as server:
        fuzz(server, "--count", "60", "--deterministic", "--retries", "1")
        file = "wirecheck-captures/fuzz-error-leaks-internals.yaml"
        assert replay(server, file).exit_code == 0
        assert replay(server, file, "--fail-on", "should").exit_code == 1


def test_what_the_cap_on_turns_keeps_from_being_played_is_not_said_to_be_mended() -> None:
    with planting(planted.TripsOverWhatIsMissing) as server:
        fuzz(server, "--count", "60", "--deterministic", "--retries", "0")
        capped = replay(server, FILE, "--max-turns", "2")
        enough = replay(server, FILE, "--max-turns", "3")
    assert (capped.exit_code, capped.stdout) == (2, "")
    assert "the cap of 2 turns is too low: the canary took 1, and 2 more are needed" in capped.stderr
    assert enough.exit_code == 1


def test_an_interruption_ends_with_what_was_found(monkeypatch: pytest.MonkeyPatch) -> None:
    from wirecheck.cli import fuzzing

    def tell(target: object, line: str) -> None:
        if line.startswith("found"):
            raise KeyboardInterrupt

    monkeypatch.setattr(fuzzing, "told", tell)
    with planting(planted.TripsOverWhatIsMissing) as server:
        result = fuzz(server, "--count", "60")
    assert result.exit_code == 130
    assert "must abnormal-close" in result.stdout and "ended by an interruption" in result.stdout
    assert "  was not played again\n" in result.stdout
    assert loaded(Path(FILE)).played == 0


def test_what_a_file_calls_things_does_not_reach_the_terminal() -> None:
    Path("one.yaml").write_text(
        "wirecheck-conversation: 1\ndialect: vonz\n"
        'found: {code: "\\e[31m", level: must, says: s, failed: 1, played: 1}\n'
        'steps: [{send: "\\e]0;x", frame: "\\a", text: "{}"}]\n',
        encoding="utf-8",
    )
    with planting(Planted) as server:
        right = replay(server, "one.yaml")
    with planting(planted.SaysGoodbye) as server:
        wrong = replay(server, "one.yaml")
    assert right.stdout == "nothing found: \\u001b[31m did not show when it was played once\n"
    assert not {"\x1b", "\x07"} & {*right.output, *wrong.output}


def test_a_file_says_only_so_much_about_how_often_it_is_played(monkeypatch: pytest.MonkeyPatch) -> None:
    from wirecheck.cli import replaying

    monkeypatch.setattr(replaying, "_OFTEN", 3)
    Path("one.yaml").write_text(
        "wirecheck-conversation: 1\ndialect: vonz\n"
        "found: {code: c, level: must, says: s, failed: 1, played: 1000000000}\nsteps: [connect: a]\n",
        encoding="utf-8",
    )
    with planting(Planted) as server:
        assert "when it was played 3 times" in replay(server, "one.yaml").stdout
        assert "when it was played 4 times" in replay(server, "one.yaml", "--attempts", "4").stdout


def test_what_failed_now_and_then_is_played_again_as_often() -> None:
    class Sometimes(planted.TripsOverWhatIsMissing):
        met = 0

        async def meets(self, socket: Any, body: str | bytes) -> str | bytes | None:
            self.met += planted.parsed(body).get("type") == "task.submit" and "mode" not in planted.parsed(body)
            return body if self.met % 3 else await super().meets(socket, body)

    Path("one.yaml").write_text(
        "wirecheck-conversation: 1\ndialect: vonz\nfound: {code: abnormal-close, level: must, says: s, failed: 1, "
        'played: 3}\nsteps:\n  - send: a\n    text: "{\\"type\\":\\"task.submit\\"}"\n    defect: missing-field\n',
        encoding="utf-8",
    )
    with planting(Sometimes) as server:
        assert replay(server, "one.yaml", "--attempts", "1").exit_code == 0
        server.met = 0
        assert replay(server, "one.yaml").exit_code == 1


def test_no_secret_is_in_any_file_or_line(tmp_path: Path) -> None:
    secret = "hunter22-and-more"

    class Repeats(Planted):
        async def meets(self, socket: Any, body: str | bytes) -> str | bytes | None:
            if planted.parsed(body):
                return body
            text = f'File "/srv/{secret}/x.py", line 3: Bearer.{secret}'
            await socket.send(json.dumps({"type": "error", "code": "X", "message": text}))
            return None

    server = Repeats(planted.load("vonz"), variables={"token": secret}, patience=1.0)
    with planted.Loop() as loop:
        loop.run(server.start())
        options = ("--count", "40", "--fail-on", "should", "--deterministic", "--retries", "1", "--format", "json")
        result = fuzz(server, *options, env={"WIRECHECK_TOKEN": secret})
        text = fuzz(server, *options[:-2], env={"WIRECHECK_TOKEN": secret})
        loop.run(server.close())
    assert (result.exit_code, text.exit_code) == (1, 1)
    assert "error-leaks-internals" in result.stdout and "[redacted]" in result.stdout
    written = [path.read_text(encoding="utf-8") for path in Path("wirecheck-captures").iterdir()]
    assert len(written) == 2
    assert [secret in each for each in (*written, result.output, text.output)] == [False] * 4


UNUSABLE = [
    ((), "say which dialect"),
    (("--dialect", "none"), "none"),
    (("--dialect", "vonz", "--canary", "none"), "has no scenario 'none' that could be the canary"),
    (("--dialect", "vonz", "--format", "jsonl"), "--format jsonl is for what is written without a URL"),
    (("--dialect", "vonz", "--invalid"), "--invalid: for what is written without a server"),
    (("--dialect", "vonz", "--var", "token=x"), "token is a secret"),
    (("--dialect", "vonz", "--output", "no/such/folder"), "there is no folder"),
    (("--dialect", "vonz", "--coverage", "no/such/folder"), "there is no folder"),
]


@pytest.mark.parametrize(("options", "says"), UNUSABLE, ids=range(len(UNUSABLE)))
def test_what_cannot_be_asked_for(options: tuple[str, ...], says: str) -> None:
    with planting(Planted) as server:
        result = CliRunner().invoke(cli, ["fuzz", server.url, *options])
    assert result.exit_code == 2 and says in result.stderr and result.stdout == ""


def test_there_is_no_server() -> None:
    with planting(Planted) as server:
        gone = server.url
    result = fuzz(gone, "--count", "5")
    assert (result.exit_code, result.stdout) == (4, "")
    assert "nobody listens there (connection refused); start the server" in result.stderr


def test_another_server_is_not_gone_to() -> None:
    with planting(Planted) as other, listening(redirects(other.url)) as peer:
        result = fuzz(peer.url, "--count", "5")
    assert (result.exit_code, result.stdout) == (4, "")
    assert "it redirects (HTTP 302)" in result.stderr


def test_a_server_that_answers_nothing_is_not_fuzzed(tmp_path: Path) -> None:
    import miniatures

    with standing(miniatures.listens) as peer:
        result = fuzz(peer.url, "--catalog", str(porch_file(tmp_path)), "--count", "5", "--timeout", "0.5")
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr.startswith("wirecheck: no canary: turn: waited 0.5 s for ready")


def test_a_server_is_started_again_by_a_command(tmp_path: Path) -> None:
    """What the command does is its own matter; here it says that it could not."""
    with planting(planted.DiesOfDepth) as server:
        # With this seed a message that is too deep comes soon; with others after hundreds.
        result = fuzz(server, "--restart", "false", "--count", "2000", "--timeout", "1", "--seed", "7")
        server.mend()
    assert result.exit_code == 1
    assert "must not-back  " in result.stdout and "  was not played again\n" in result.stdout
    assert "the command of --restart ended with code 1" in result.stdout


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (("--dialect", "amigo"), "one.yaml is a conversation in vonz; leave --dialect out"),
        (("--scenario", "plain-turn", "-x"), "--scenario, --exitfirst cannot be had with --replay"),
        (("--format", "junit"), "--format junit cannot be had with --replay"),
    ],
)
def test_what_cannot_be_asked_of_a_replay(options: tuple[str, ...], says: str) -> None:
    Path("one.yaml").write_text(
        "wirecheck-conversation: 1\ndialect: vonz\nfound: {code: c, level: must, says: s, failed: 1, played: 1}\n"
        "steps: [connect: a]\n",
        encoding="utf-8",
    )
    result = replay("ws://127.0.0.1:1", "one.yaml", *options)
    assert result.exit_code == 2 and says in result.stderr


def test_a_replay_needs_a_server_and_a_file() -> None:
    result = CliRunner().invoke(cli, ["test", "--replay", "none.yaml"])
    assert result.exit_code == 2 and "there is no such file" in result.stderr
    Path("one.yaml").write_text(
        "wirecheck-conversation: 1\ndialect: vonz\nfound: {code: c, level: must, says: s, failed: 1, played: 1}\n"
        "steps: [connect: a]\n",
        encoding="utf-8",
    )
    result = CliRunner().invoke(cli, ["test", "--replay", "one.yaml"])
    assert result.exit_code == 2 and "say which server" in result.stderr


def test_another_dialects_catalog_does_not_fit(tmp_path: Path) -> None:
    Path("one.yaml").write_text(
        "wirecheck-conversation: 1\ndialect: vonz\nfound: {code: c, level: must, says: s, failed: 1, played: 1}\n"
        "steps: [connect: a]\n",
        encoding="utf-8",
    )
    result = replay("ws://127.0.0.1:1", "one.yaml", "--catalog", str(porch_file(tmp_path)))
    assert result.exit_code == 2 and "name its catalog with --catalog" in result.stderr
