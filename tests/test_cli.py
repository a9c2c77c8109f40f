"""The command line: what it accepts, what it prints, which code it ends with."""

from __future__ import annotations

import gzip
import io
import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from click.testing import CliRunner, Result

from wirecheck.cli import cli
from wirecheck.report.json import schema as report_schema

CLEAN = [
    {"conn": "1", "kind": "open", "url": "ws://h/text?token=hunter22", "sees": ["client", "server"], "at": "server"},
    {
        "conn": "1",
        "from": "server",
        "json": {"type": "session_started", "session_id": "ss_1", "conversation_id": "c_1"},
    },
    {"conn": "1", "from": "client", "json": {"text": "hi"}},
    {"conn": "1", "from": "server", "json": {"type": "message", "role": "agent", "text": "hello"}},
    {"conn": "1", "from": "server", "json": {"type": "response_complete"}},
    {"conn": "1", "from": "server", "json": {"type": "session_ended", "reason": "completed"}},
    {"conn": "1", "kind": "close", "code": 1000, "from": "server"},
]
OTHER = [
    {
        "conn": "1",
        "from": "server",
        "json": {"event_type": "typing_started", "agent_id": "a", "thread_id": "t", "workflow_id": "w"},
    },
]


def wirecheck(*args: str | Path, stdin: bytes | None = None) -> Result:
    return CliRunner().invoke(cli, [str(arg) for arg in args], input=stdin, catch_exceptions=False)


def lines_of(records: list[dict[str, Any]]) -> bytes:
    return b"".join(json.dumps(record).encode() + b"\n" for record in records)


@pytest.fixture
def clean(tmp_path: Path) -> Path:
    path = tmp_path / "clean.jsonl"
    path.write_bytes(lines_of(CLEAN))
    return path


@pytest.fixture
def broken(tmp_path: Path) -> Path:
    """The first frame is not session_started (must), and a message lacks its text (must, by the table)."""
    first = {"conn": "1", "from": "server", "json": {"type": "typing"}}
    lacking = {"conn": "1", "from": "server", "json": {"type": "message", "role": "agent"}}
    path = tmp_path / "broken.jsonl"
    path.write_bytes(lines_of([CLEAN[0], first, *CLEAN[1:3], lacking, *CLEAN[4:]]))
    return path


def reported(result: Result) -> Any:
    document = json.loads(result.stdout)
    jsonschema.Draft202012Validator(report_schema()).validate(document)
    return document


def findings(result: Result) -> list[tuple[str, str, int]]:
    return [(each["level"], each["code"], each["first"]["line"]) for each in reported(result)["findings"]]


def test_a_clean_capture_passes(clean: Path) -> None:
    result = wirecheck("check", clean)
    assert result.exit_code == 0
    assert "amigo: 7 records, 5 frames, 1 connection in 1 capture" in result.stdout
    assert "detected amigo: 5 of 5 messages carry its tags" in result.stdout
    assert "no findings" in result.stdout
    assert "warning: nothing held in" in result.stderr


def test_a_broken_capture_fails_with_evidence(broken: Path) -> None:
    result = wirecheck("check", broken, "--format", "json")
    assert result.exit_code == 1
    assert findings(result) == [("must", "session-opens-first", 2), ("must", "schema", 5)]
    shown = wirecheck("check", broken).stdout
    assert f"must session-opens-first  {broken}:2, typing" in shown
    assert '> 2  server  {"type": "typing"}' in shown
    assert "1  open    ws://h/text?token=[redacted]" in shown
    assert "hunter22" not in shown


@pytest.mark.parametrize(
    ("options", "code"),
    [
        (["--fail-on", "never"], 0),
        (["--fail-on", "must"], 1),
        (["--level", "must"], 1),
        (["--side", "client"], 0),
        (["--side", "server"], 1),
        (["--rule", "final-message-once-a-turn"], 0),
        (["--rule", "session-opens-first", "--rule", "final-message-once-a-turn"], 1),
        (["--dialect", "amigo"], 1),
        (["--dialect", "vonz", "--fail-on", "never"], 0),
    ],
)
def test_options_decide_what_fails(broken: Path, options: list[str], code: int) -> None:
    assert wirecheck("check", broken, *options).exit_code == code


def test_findings_of_a_side_not_asked_for_are_not_shown(broken: Path) -> None:
    assert findings(wirecheck("check", broken, "--format", "json", "--side", "client")) == []


def test_a_rule_shows_its_own_findings_alone(broken: Path) -> None:
    result = wirecheck("check", broken, "--format", "json", "--rule", "session-opens-first")
    assert findings(result) == [("must", "session-opens-first", 2)]


def test_required_guarantees_must_hold_somewhere(clean: Path) -> None:
    assert wirecheck("check", clean, "--require", "must").exit_code == 1
    assert wirecheck("check", clean, "--require", "must", "--rule", "session-opens-first").exit_code == 0


def test_a_run_that_fails_for_what_is_required_says_so_on_both_streams(clean: Path) -> None:
    for form in ("text", "json", "junit", "github"):
        result = wirecheck("check", clean, "--dialect", "amigo", "--require", "must", "--format", form)
        assert result.exit_code == 1
        assert "wirecheck: nothing held in 3 must (" in result.stderr
        assert "tool-call-answered-once" in result.stderr
        assert ", and --require must fails the run\n" in result.stderr
    shown = wirecheck("check", clean, "--dialect", "amigo", "--require", "must").stdout
    assert "nothing held in 3 must (" in shown and ", and --require must fails the run\n" in shown
    assert "such a run passes unless" in wirecheck("check", clean, "--dialect", "amigo").stdout


def test_a_run_that_fails_for_what_the_level_hides_says_so(broken: Path) -> None:
    options = ("--dialect", "amigo", "--fail-on", "should", "--level", "must", "--rule", "final-message-inside-turn")
    late = [*CLEAN[:3], CLEAN[4], CLEAN[3], *CLEAN[5:]]
    broken.write_bytes(lines_of(late))
    for form in ("text", "json", "junit", "github"):
        result = wirecheck("check", broken, *options, "--format", form)
        assert result.exit_code == 1
        assert "--level hides 1 finding that fails the run (final-message-inside-turn)\n" in result.stderr
    said = wirecheck("check", broken, *options).stdout
    assert "no findings to show; --level hides 1\n" in said
    assert "--level hides 1 finding that fails the run (final-message-inside-turn)\n" in said
    assert "<failure" in wirecheck("check", broken, *options, "--format", "junit").stdout


def test_a_rule_that_nobody_here_claims_is_a_mistake_of_usage(clean: Path, tmp_path: Path) -> None:
    other = tmp_path / "other.jsonl"
    other.write_bytes(lines_of(OTHER))
    for args, stdin in (((clean,), None), ((clean, "--dialect", "amigo"), None), (("-",), clean.read_bytes())):
        result = wirecheck("check", *args, "--rule", "replay-bracketed", stdin=stdin)
        assert result.exit_code == 2
        assert "--rule replay-bracketed: no guarantee of amigo; there are " in result.stderr
        assert "session-opens-first" in result.stderr and "thread-agrees" not in result.stderr
        assert result.stdout == ""
    both = wirecheck("check", clean, other, "--rule", "thread-agrees")
    assert both.exit_code == 0
    assert "wirecheck: amigo does not claim thread-agrees; its captures were not judged by it\n" in both.stderr


def test_closed_and_envelope(tmp_path: Path) -> None:
    path = tmp_path / "x.jsonl"
    extra = {"type": "session_started", "session_id": "s", "conversation_id": "c", "new": 1}
    path.write_bytes(lines_of([CLEAN[0], {"conn": "1", "from": "server", "json": extra}]))
    assert findings(wirecheck("check", path, "--format", "json")) == []
    assert findings(wirecheck("check", path, "--format", "json", "--closed")) == [("must", "extra-field", 2)]
    nested = {"type": "session_started", "data": {"session_id": "s", "conversation_id": "c"}}
    path.write_bytes(lines_of([CLEAN[0], {"conn": "1", "from": "server", "json": nested}]))
    assert findings(wirecheck("check", path, "--format", "json")) == [("must", "wrong-envelope", 2)]
    for envelope in ("nested", "auto"):
        assert findings(wirecheck("check", path, "--format", "json", "--envelope", envelope)) == []


def test_standard_input(clean: Path, broken: Path) -> None:
    result = wirecheck("check", "-", "--format", "json", stdin=clean.read_bytes())
    assert (result.exit_code, reported(result)["inputs"]) == (0, ["-"])
    packed = wirecheck("check", "-", "--dialect", "amigo", stdin=gzip.compress(broken.read_bytes()))
    assert packed.exit_code == 1
    assert '> 2  server  {"type": "typing"}' in packed.stdout
    assert "hunter22" not in packed.stdout
    assert wirecheck("check", "-", stdin=b"").exit_code == 2


def test_a_pipe_is_read_once(broken: Path) -> None:
    script = f"{sys.executable} -m wirecheck check <(cat {broken}) --format json"
    done = subprocess.run(["bash", "-c", script], capture_output=True, timeout=60)
    assert done.returncode == 1, done.stderr
    assert [each["code"] for each in json.loads(done.stdout)["findings"]] == ["session-opens-first", "schema"]


def test_several_dialects_are_reported_each(clean: Path, tmp_path: Path) -> None:
    other = tmp_path / "other.jsonl"
    other.write_bytes(lines_of(OTHER))
    result = wirecheck("check", clean, other, "--format", "json")
    assert [each["dialect"] for each in reported(result)["reports"]] == ["amigo", "agent_platform"]
    shown = wirecheck("check", clean, other).stdout
    assert "amigo: 7 records" in shown and "agent_platform: 1 record, 1 frame, 1 connection" in shown


def test_captures_of_one_dialect_are_one_report(clean: Path, broken: Path) -> None:
    document = reported(wirecheck("check", clean, broken, clean, "--format", "json"))
    assert document["inputs"] == [str(clean), str(broken)]
    assert document["records"] == 7 + 8


def test_folders_and_patterns(clean: Path, broken: Path, tmp_path: Path) -> None:
    (tmp_path / "deep").mkdir()
    (tmp_path / "deep" / "more.jsonl.gz").write_bytes(gzip.compress(clean.read_bytes()))
    (tmp_path / "deep" / "a.txt").write_text('<- {"type": "typing"}\n-> {"text": "hi"}\n')
    (tmp_path / "notes.md").write_text("no capture")
    (tmp_path / ".hidden.jsonl").write_text("no capture")
    result = wirecheck("check", tmp_path, "--format", "json")
    assert [Path(each).name for each in reported(result)["inputs"]] == [
        "broken.jsonl",
        "clean.jsonl",
        "a.txt",
        "more.jsonl.gz",
    ]
    assert f"skipped 1: {tmp_path / 'notes.md'}" in result.stderr
    pattern = wirecheck("check", tmp_path / "c*.jsonl", "--format", "json")
    assert reported(pattern)["inputs"] == [str(clean)]
    odd = tmp_path / "[odd].jsonl"
    odd.write_bytes(clean.read_bytes())
    assert wirecheck("check", odd).exit_code == 0


def test_long_lists_are_cut(clean: Path, tmp_path: Path) -> None:
    for number in range(30):
        (tmp_path / f"{number:02}.md").write_text("no capture")
        (tmp_path / f"{number:02}.jsonl").write_bytes(clean.read_bytes())
    result = wirecheck("check", tmp_path)
    assert "skipped 30: " in result.stderr and "19.md and 10 more\n" in result.stderr
    assert f"{tmp_path / '19.jsonl'}: detected" in result.stdout and "\n  and 11 more\n" in result.stdout


@pytest.mark.parametrize("form", ["text", "json", "junit", "github"])
def test_output_goes_to_a_file(broken: Path, tmp_path: Path, form: str) -> None:
    target = tmp_path / "out"
    result = wirecheck("check", broken, "--format", form, "--output", target)
    assert result.exit_code == 1
    assert result.stdout == ""
    assert "session-opens-first" in target.read_text()
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith(".out")] == []


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (["check"], "Missing argument"),
        (["check", "absent.jsonl"], "absent.jsonl: there is no such file"),
        (["check", "no*such"], "no file matches the pattern"),
        (["check", "{empty}"], "the folder holds no capture"),
        (["check", "{clean}", "--dialect", "nope"], "amigo"),
        (["check", "{clean}", "--dialect", "amigo", "--catalog", "x.yaml"], "give one of them"),
        (["check", "{clean}", "--catalog", "absent.yaml"], "absent.yaml"),
        (["check", "{clean}", "--catalog", "{empty}"], "wirecheck: "),
        (["check", "{clean}", "--rule", "nope"], "session-opens-first"),
        (["check", "{clean}", "--format", "xml"], "Invalid value for '--format'"),
        (["check", "{clean}", "--output", "{empty}"], "this is a folder"),
        (["check", "{clean}", "--output", "{empty}/a/b"], "there is no folder"),
        (["check", "{text}"], "this is no capture (line 1: not JSON"),
        (["nope"], "No such command"),
        (["schemas"], "--dialect with one of"),
        (["schemas", "--dialect", "amigo", "--frame", "nope"], "amigo has no such frame; name one of"),
        (
            ["schemas", "--dialect", "amigo", "--format", "openapi", "--frame", "typing", "--draft", "07"],
            "--draft and --f",
        ),
        (["schemas", "--dialect", "amigo", "--format", "asyncapi", "--envelope", "flat"], "leave out --envelope"),
        (["schemas", "--dialect", "amigo", "--format", "test-suite", "--frame", "nope"], "amigo has no such frame"),
        (
            ["schemas", "--dialect", "amigo", "--format", "test-suite", "--frame", "typing", "--envelope", "flat"],
            "one file for both envelopes; leave out --envelope",
        ),
        (["schemas", "--dialect", "amigo", "--draft", "04"], "Invalid value for '--draft'"),
        (["schemas", "--dialect", "amigo", "--format", "all"], "writes many files; add --out DIR"),
        (["schemas", "--dialect", "amigo", "--format", "all", "--draft", "07"], "is every file; leave out --draft"),
        (["check", "{clean}", "--dialect", "{clean}"], "; give a file of your own with --catalog FILE"),
        (["test", "ws://h", "--patience", "nan"], "Invalid value for '--patience': nan is no finite number"),
        (["test", "ws://h", "--wait", "inf"], "Invalid value for '--wait': inf is no finite number"),
        (["test", "ws://h", "--timeout", "1e999"], "Invalid value for '--timeout': 1e999 is no finite number"),
        (["fuzz", "ws://h", "--timeout", "nan"], "Invalid value for '--timeout': nan is no finite number"),
        (["fuzz", "ws://h", "--seconds", "nan"], "Invalid value for '--seconds': nan is no finite number"),
        (["fuzz", "ws://h", "--rate", "inf"], "Invalid value for '--rate': inf is no finite number"),
        (["serve", "--latency", "nan"], "Invalid value for '--latency': nan is no finite number"),
        (["serve", "--replay", "x", "--wait", "inf"], "Invalid value for '--wait': inf is no finite number"),
        (["serve", "--latency", "soon"], "Invalid value for '--latency': 'soon' is not a valid float"),
        (["explain", "abnormal-clos"], "did you mean abnormal-close"),
        (["explain", "texxt-inside-turn"], "did you mean text-inside-turn"),
        (["explain", "zzzzzzz"], "`wirecheck dialects` lists where to begin"),
    ],
)
def test_mistakes_of_usage_end_with_2_and_a_sentence(args: list[str], said: str, clean: Path, tmp_path: Path) -> None:
    empty = tmp_path / "empty"
    empty.mkdir()
    words = tmp_path / "words.txt"
    words.write_text("hello\n")
    places = {"{clean}": str(clean), "{empty}": str(empty), "{text}": str(words)}
    for place, path in places.items():
        args = [arg.replace(place, path) for arg in args]
    result = wirecheck(*args)
    assert result.exit_code == 2
    assert said in result.stderr
    assert "Traceback" not in result.stderr
    assert result.stdout == ""


@pytest.mark.parametrize("content", ["", "-> {}\n", "nonsense\n"])
def test_an_unclear_capture_does_not_lose_the_report_on_the_others(content: str, clean: Path, tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text(content)
    result = wirecheck("check", tmp_path / "a.txt", clean, "--format", "json")
    assert result.exit_code == 2
    assert reported(result)["inputs"] == [str(clean)]
    assert f"wirecheck: {tmp_path / 'a.txt'}: " in result.stderr
    piped = wirecheck("check", "-", clean, "--format", "json", stdin=content.encode())
    assert piped.exit_code == 2
    assert reported(piped)["inputs"] == [str(clean)]
    assert "wirecheck: -: " in piped.stderr


def test_everything_unclear_is_said_at_once(clean: Path, tmp_path: Path) -> None:
    for name in ("a.txt", "b.txt"):
        (tmp_path / name).write_text("-> {}\n")
    clean.unlink()
    result = wirecheck("check", tmp_path)
    assert result.exit_code == 2
    assert result.stdout == ""
    assert "a.txt: none of its first 1 messages" in result.stderr
    assert "b.txt: none of its first 1 messages" in result.stderr


def test_no_permission(clean: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(io, "FileIO", refuse)
    result = wirecheck("check", clean)
    assert result.exit_code == 2
    assert "no permission to read it" in result.stderr


def test_a_folder_that_cannot_be_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(path: str) -> None:
        raise PermissionError(13, "Permission denied", path)

    monkeypatch.setattr(os, "scandir", refuse)
    result = wirecheck("check", tmp_path)
    assert result.exit_code == 2
    assert "the folder cannot be read" in result.stderr


def test_our_own_fault_is_3_and_says_how_to_report_it(clean: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object, **__: object) -> None:
        raise RuntimeError("something\nunforeseen \x1b[31m")

    monkeypatch.setattr("wirecheck.check.Checker.take", fail)
    result = wirecheck("check", clean)
    assert result.exit_code == 3
    assert result.stderr.count("\n") == 1
    assert "RuntimeError: something unforeseen \\x1b[31m" in result.stderr
    assert "WIRECHECK_DEBUG=1" in result.stderr
    monkeypatch.setenv("WIRECHECK_DEBUG", "1")
    assert wirecheck("check", clean).exit_code == 3


def test_an_unreachable_target_is_4(clean: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from wirecheck.errors import TargetError

    def fail(*_: object, **__: object) -> None:
        raise TargetError("ws://h/: nobody answers")

    monkeypatch.setattr("wirecheck.check.Checker.take", fail)
    result = wirecheck("check", clean)
    assert (result.exit_code, result.stderr) == (4, "wirecheck: ws://h/: nobody answers\n")


def test_bad_lines_are_findings_and_the_run_goes_on(clean: Path) -> None:
    lines = clean.read_bytes().split(b"\n")
    clean.write_bytes(b"\n".join([*lines[:3], b"\xff", b'{"half":', *lines[3:]]))
    result = wirecheck("check", clean, "--format", "json")
    assert result.exit_code == 1
    document = reported(result)
    assert {(each["code"], each["kind"], each["side"]) for each in document["findings"]} == {
        ("bad-line", "capture", None)
    }
    assert document["frames"] == 5


def test_truncated_gzip_is_a_finding(clean: Path) -> None:
    packed = gzip.compress(clean.read_bytes())
    clean.write_bytes(packed[:-9])
    result = wirecheck("check", clean, "--format", "json", "--dialect", "amigo")
    assert result.exit_code == 1
    assert "unreadable" in {each["code"] for each in reported(result)["findings"]}


def run(*args: str, **options: Any) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run([sys.executable, "-m", "wirecheck", *args], capture_output=True, timeout=60, **options)


def test_help_is_light() -> None:
    heavy = ("hypothesis", "pytest", "websockets", "jsonschema", "jsonschema_rs", "rich", "yaml", "orjson", "asyncio")
    program = (
        "import sys, wirecheck, wirecheck.cli\n"
        f"for args in (['--help'], ['check', '--help'], ['--version']):\n"
        f"    assert wirecheck.cli.cli.main(args, standalone_mode=False) == 0\n"
        f"print([name for name in {heavy!r} if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "[]"
    assert "Check captured traffic against what the vendor's document" in done.stdout


def test_a_reader_that_closes_early_is_no_error(broken: Path) -> None:
    read, write = os.pipe()
    os.close(read)
    done = subprocess.run(
        [sys.executable, "-m", "wirecheck", "check", str(broken)], stdout=write, stderr=subprocess.PIPE, timeout=60
    )
    os.close(write)
    assert done.returncode == 1
    assert b"Traceback" not in done.stderr and b"BrokenPipe" not in done.stderr


def test_who_reads_no_errors_changes_no_exit_code(clean: Path, tmp_path: Path) -> None:
    for path, code in ((clean, 0), (tmp_path / "nowhere", 2)):
        read, write = os.pipe()
        os.close(read)
        done = subprocess.run(
            [sys.executable, "-m", "wirecheck", "check", str(path)], stdout=subprocess.DEVNULL, stderr=write, timeout=60
        )
        os.close(write)
        assert done.returncode == code


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no such device here")
@pytest.mark.parametrize("args", [["check"], ["fuzz", "--dialect", "vonz", "--count", "10"]])
def test_an_output_that_is_full_is_not_our_fault(args: list[str], clean: Path) -> None:
    with open("/dev/full", "wb") as full:
        given = [*args, str(clean)] if args == ["check"] else args
        done = subprocess.run(
            [sys.executable, "-m", "wirecheck", *given], stdout=full, stderr=subprocess.PIPE, timeout=60
        )
    assert done.returncode == 2
    assert b"standard output cannot be written (No space left on device)" in done.stderr


def test_no_output_at_all_is_no_fault(broken: Path) -> None:
    command = f"{sys.executable} -m wirecheck check {broken} >&-"
    assert subprocess.run(["sh", "-c", command], stderr=subprocess.DEVNULL, timeout=60).returncode == 1


@pytest.mark.parametrize("command", ["check", "record", "test", "fuzz", "serve", "schemas", "types"])
def test_help_can_be_shown_in_any_encoding(command: str) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "wirecheck", command, "--help"],
        env={**os.environ, "PYTHONIOENCODING": "latin-1", "PYTHONUTF8": "0"},
        capture_output=True,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr


def test_what_is_no_capture_is_called_none(tmp_path: Path) -> None:
    path = tmp_path / "traffic.har"
    path.write_text(json.dumps({"log": {"entries": []}}, indent=2))
    result = wirecheck("check", path)
    assert result.exit_code == 2
    assert "traffic.har: this is no capture (line 1: not JSON" in result.stderr
    assert "JSON Lines in UTF-8" in result.stderr and "--dialect" not in result.stderr


def test_an_interrupt_ends_quietly_with_130() -> None:
    running = subprocess.Popen(
        [sys.executable, "-m", "wirecheck", "check", "-", "--dialect", "amigo", "--format", "json"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    assert running.stdin is not None
    # More than a pipe holds: when all of it is written, the run is reading.
    running.stdin.write(lines_of(CLEAN) * 2000)
    running.stdin.flush()
    running.send_signal(signal.SIGINT)
    out, err = running.communicate(timeout=60)
    assert running.returncode == 130, err
    assert out == b""
    assert b"Traceback" not in err


def test_a_terminal_that_knows_no_unicode(broken: Path) -> None:
    record = {"conn": "1", "from": "server", "json": {"type": "typing", "é": "…"}}
    broken.write_bytes(lines_of([CLEAN[0], record, *CLEAN[1:]]))
    done = run("check", str(broken), env={**os.environ, "PYTHONIOENCODING": "ascii"})
    assert done.returncode == 1, done.stderr
    assert b'"\\xe9": "\\u2026"' in done.stdout


class _Screen(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_a_progress_bar_appears_on_a_terminal_and_for_long_captures_alone(
    clean: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from wirecheck.cli import progress

    def shown() -> str:
        screen = _Screen()
        monkeypatch.setattr(sys, "stderr", screen)
        with progress.shown(clean.open("rb"), str(clean)) as stream:
            assert stream.read(1 << 20) == clean.read_bytes()
        return screen.getvalue()

    monkeypatch.setenv("TERM", "xterm")
    assert shown() == ""
    monkeypatch.setattr(progress, "LONG", 1)
    assert "clean.jsonl" in shown()
    monkeypatch.setattr(_Screen, "isatty", lambda self: False)
    assert shown() == ""


def test_output_that_cannot_be_written(clean: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(Path, "write_text", refuse)
        result = wirecheck("check", clean, "--output", tmp_path / "out")
    assert result.exit_code == 2
    assert "cannot be written (No space left on device)" in result.stderr
    monkeypatch.setattr(os, "access", lambda *_: False)
    result = wirecheck("check", clean, "--output", tmp_path / "out")
    assert result.exit_code == 2
    assert "no permission to write it" in result.stderr


def test_output_may_be_a_device(clean: Path) -> None:
    assert wirecheck("check", clean, "--output", "/dev/null").exit_code == 0
    assert not Path("/dev/null").is_file()


def test_a_closed_standard_input() -> None:
    script = f"{sys.executable} -m wirecheck check - <&-"
    done = subprocess.run(["sh", "-c", script], capture_output=True, timeout=60)
    assert done.returncode == 2
    assert b"standard input is closed" in done.stderr


def test_schemas_are_those_of_the_generator(tmp_path: Path) -> None:
    from wirecheck.catalog import load
    from wirecheck.schema import generate

    files = generate(load("amigo"))
    assert wirecheck("schemas", "--dialect", "amigo").stdout == files["amigo/amigo.wire.schema.json"]
    nested = wirecheck("schemas", "--dialect", "amigo", "--envelope", "nested").stdout
    assert nested == files["amigo/amigo.nested.schema.json"]
    frame = wirecheck("schemas", "--dialect", "amigo", "--frame", "typing").stdout
    assert frame == files["amigo/flat/typing.schema.json"]
    frame = wirecheck("schemas", "--dialect", "amigo", "--frame", "typing", "--envelope", "nested").stdout
    assert frame == files["amigo/nested/typing.schema.json"]
    result = wirecheck("schemas", "--dialect", "amigo", "--out", tmp_path / "all")
    assert (result.exit_code, result.stdout) == (0, "")
    written = {path.relative_to(tmp_path / "all").as_posix(): path.read_text() for path in tmp_path.rglob("*.json")}
    assert written == files
    wirecheck("schemas", "--dialect", "amigo", "--frame", "typing", "--out", tmp_path / "one")
    assert [path.name for path in (tmp_path / "one").rglob("*.json")] == ["typing.schema.json"]
    blocked = tmp_path / "blocked"
    (blocked / "amigo").parent.mkdir()
    (blocked / "amigo").write_text("a file where a folder is meant")
    assert wirecheck("schemas", "--dialect", "amigo", "--out", blocked).exit_code == 2


def _below(folder: Path) -> dict[str, str]:
    return {path.relative_to(folder).as_posix(): path.read_text() for path in folder.rglob("*") if path.is_file()}


def test_schemas_come_in_other_forms(tmp_path: Path) -> None:
    from wirecheck import asyncapi, schema
    from wirecheck.catalog import load
    from wirecheck.schema import openapi
    from wirecheck.vectors import suite

    amigo = load("amigo")
    whole = {
        ("--draft", "07"): schema.generate(amigo, "07"),
        ("--format", "split"): schema.generate_split(amigo),
        ("--format", "split", "--draft", "07"): schema.generate_split(amigo, "07"),
        ("--format", "openapi"): openapi.generate(amigo),
        ("--format", "asyncapi"): asyncapi.generate(amigo),
        ("--format", "test-suite"): suite.generate(amigo),
        ("--format", "test-suite", "--draft", "07"): suite.generate(amigo, ("07",)),
        ("--format", "all"): schema.generate_drafts(amigo) | openapi.generate(amigo) | asyncapi.generate(amigo),
    }
    for number, (options, files) in enumerate(whole.items()):
        out = tmp_path / str(number)
        result = wirecheck("schemas", "--dialect", "amigo", *options, "--out", out)
        assert (result.exit_code, result.stdout) == (0, "")
        assert _below(out) == files
        assert result.stderr.startswith(f"wrote {len(files)} ")
    folder = "amigo/tests/draft2020-12"
    one = {
        ("--draft", "07", "--envelope", "flat"): "amigo/draft-07/amigo.flat.schema.json",
        ("--draft", "07", "--frame", "typing"): "amigo/draft-07/flat/typing.schema.json",
        ("--format", "split"): "amigo/amigo.wire.split.schema.json",
        ("--format", "split", "--frame", "typing", "--envelope", "nested"): "amigo/nested/typing.schema.json",
        ("--format", "openapi"): "amigo/openapi.json",
        ("--format", "asyncapi"): "amigo/asyncapi.yaml",
        ("--format", "test-suite"): f"{folder}/union-wire.json",
        ("--format", "test-suite", "--envelope", "flat"): f"{folder}/union-flat.json",
        ("--format", "test-suite", "--frame", "typing"): f"{folder}/frame-typing.json",
        ("--format", "test-suite", "--frame", "typing", "--draft", "07"): "amigo/tests/draft7/frame-typing.json",
    }
    every = {path: text for files in whole.values() for path, text in files.items()}
    for options, path in one.items():
        assert wirecheck("schemas", "--dialect", "amigo", *options).stdout == every[path], options
    wirecheck("schemas", "--dialect", "amigo", "--format", "test-suite", "--frame", "typing", "--out", tmp_path / "one")
    assert set(_below(tmp_path / "one")) == {
        f"amigo/tests/{draft}/frame-typing.json" for draft in ("draft2020-12", "draft7")
    }


@pytest.mark.parametrize("folder", ["symindx", "symindx/draft-07"])
def test_a_split_union_is_written_with_the_files_that_it_refers_to(folder: str, tmp_path: Path) -> None:
    draft = ("--draft", "07") if folder.endswith("07") else ()
    wirecheck("schemas", "--dialect", "symindx", "--format", "split", "--envelope", "wire", *draft, "--out", tmp_path)
    written = _below(tmp_path)
    union = json.loads(written[f"{folder}/symindx.wire.split.schema.json"])
    needed = {f"{folder}/{one['$ref']}" for one in union["anyOf"]}
    assert {one.split("/")[-2] for one in needed} == {"flat", "nested"}
    assert set(written) == needed | {f"{folder}/symindx.wire.split.schema.json"}
    alone = tmp_path / "alone"
    wirecheck("schemas", "--dialect", "symindx", "--format", "split", "--frame", "chat", *draft, "--out", alone)
    assert set(_below(alone)) == {f"{folder}/nested/chat.schema.json"}


def test_dialects_are_listed() -> None:
    lines = wirecheck("dialects").stdout.splitlines()
    assert [line.split()[0] for line in lines] == ["agent_platform", "amigo", "bondai", "symindx", "vonz"]


def _own_catalog(tmp_path: Path) -> Path:
    path = tmp_path / "own.yaml"
    path.write_text("dialect: own\nextends: amigo\ntitle: Our own\nsource: Our notes\n")
    return path


def test_a_catalog_of_ones_own_works_wherever_a_dialect_does(clean: Path, tmp_path: Path) -> None:
    own = _own_catalog(tmp_path)
    assert reported(wirecheck("check", clean, "--catalog", own, "--format", "json"))["dialect"] == "own"
    assert "urn:wirecheck:own:" in wirecheck("schemas", "--catalog", own).stdout
    assert "own: Our own" in wirecheck("explain", "own", "--catalog", own).stdout
    linted = wirecheck("lint", own)
    assert (linted.exit_code, linted.stdout) == (0, "1 catalog, no mistakes\n")


def test_lint_names_every_mistake(tmp_path: Path) -> None:
    path = tmp_path / "bad.yaml"
    path.write_text("dialect: bad\nextends: amigo\nnonsense: 1\nframes: 7\n")
    result = wirecheck("lint", path)
    assert result.exit_code == 2
    assert len(result.stdout.splitlines()) >= 2
    assert all(line.startswith(f"{path}:") for line in result.stdout.splitlines())
    absent = wirecheck("lint", tmp_path / "absent.yaml")
    assert absent.exit_code == 2
    assert absent.stdout.startswith(f"{tmp_path / 'absent.yaml'}:1:1: ")


def test_explain_knows_every_word_of_the_catalogs() -> None:
    from wirecheck.catalog import dialects, load, role_words, rules, span_words
    from wirecheck.cli.words import CODES, FUZZED, SHAPES

    names = {*dialects(), *rules(), *role_words(), *span_words(), *SHAPES, *CODES, *FUZZED}
    frames = {f"{name}/{key}" for name in dialects() for key in load(name).frames}
    for name in sorted(names | frames):
        result = wirecheck("explain", name)
        assert result.exit_code == 0, result.stderr
        assert result.stdout.startswith(f"{name}: "), name


def test_every_rule_and_code_is_explained_with_a_clean_and_a_violating_example() -> None:
    from wirecheck.catalog import rules
    from wirecheck.cli.words import CODES, FUZZED

    for name in (*rules(), *CODES, *FUZZED):
        shown = wirecheck("explain", name).stdout
        assert "\n  clean     " in shown and "\n  violating " in shown, name


def test_everything_is_explained_with_a_clean_and_a_violating_example() -> None:
    from wirecheck.catalog import dialects, load, role_words, span_words
    from wirecheck.cli.words import SHAPES

    frames = {f"{name}/{key}" for name in dialects() for key in load(name).frames}
    for name in (*dialects(), *role_words(), *span_words(), *SHAPES, *frames, "message", "error"):
        shown = [line.split()[0] for line in wirecheck("explain", name).stdout.split("\n") if line.strip()]
        assert "clean" in shown and {"violating", "violating:"} & set(shown), name


def test_a_dialect_lists_frames_of_which_nothing_is_said(tmp_path: Path) -> None:
    path = tmp_path / "bare.yaml"
    path.write_text("dialect: bare\nenvelope: {style: flat, tag: t}\nframes: {hum: {from: server}}\n")
    assert "\n  hum\n" in wirecheck("explain", "bare", "--catalog", path).stdout


def test_the_words_cover_the_rules_and_the_codes_and_nothing_else() -> None:
    from wirecheck import verdict
    from wirecheck.campaign import oracle
    from wirecheck.catalog import rules
    from wirecheck.cli.words import CODES, FUZZED, SHAPES

    assert set(CODES) == set(verdict.CODES)
    assert {code: entry.level for code, entry in FUZZED.items()} == oracle.LEVELS
    assert set(SHAPES) == {rule.shape for rule in rules().values()}


def test_a_frame_is_explained_with_its_source_payload_and_examples() -> None:
    page = wirecheck("explain", "amigo/tool_call_completed").stdout
    assert page.startswith('amigo/tool_call_completed: a frame from the server, tagged "tool_call_completed"\n')
    assert "  basis     table: findings about its payload are of level must\n" in page
    assert "  needs     tool_events=true in the connection's URL\n" in page
    assert "  call_id    required, string\n" in page
    assert "tool-call-answered-once  must: " in page
    assert 'violating: "result" is missing\n' in page
    examples = [json.loads(line) for line in page.splitlines() if line.startswith("  {")]
    assert all(example["type"] == "tool_call_completed" for example in examples)


def test_an_ambiguous_frame_is_listed() -> None:
    page = wirecheck("explain", "tool_call_completed").stdout
    assert page.startswith("tool_call_completed: a frame of several dialects or sides; ask for one of them\n")
    assert [line.split()[0] for line in page.splitlines()[1:] if line.startswith("  a")] == [
        "agent_platform/tool_call_completed",
        "amigo/tool_call_completed",
    ]


SCRIPT = """dialect: own
envelope: {style: flat, tag: type}
connect: {params: {mood: {in: query}}}
names: {task: /task}
frames:
  ask: {from: client, is: [prompt, turn.open], payload: {text: string, "task?": string}}
  word: {from: server, is: [text.delta], payload: {text: string}}
  done: {from: server, is: [turn.close], payload: {task: string}}
guarantees:
  turn-closed-once: {level: should, says: A turn ends.}
  malformed-input-survived: {level: may, says: Rubbish does no harm.}
variables:
  question: {reference: Why?, summary: What is asked.}
  key: {secret: true, reference: k, summary: The key.}
scenarios:
  everything:
    says: Whatever a step can be.
    source: nowhere
    exercises: [turn-closed-once]
    attempts: 3
    steps:
      - {connect: a, auth: bad, params: {mood: good}}
      - {send: ask, with: {text: $question}}
      - plays: [{word: {text: Because}}, {hold: send}, {history: a}, {close: 4001}]
      - {until: [done, word], or: close, keep: {task: /task}, within: 9}
      - {send: ask, with: {text: "$$5", task: $task}}
      - {until: done, where: {/task: $task}, optional: true}
      - {malformed: no-tag, of: ask, with: {text: $question}}
      - trigger: somebody writes
      - drop: a
      - {connect: b}
      - settle: b
      - {shows: malformed-input-survived, on: b}
"""


def test_a_scenario_is_explained_step_by_step(tmp_path: Path) -> None:
    path = tmp_path / "own.yaml"
    path.write_text(SCRIPT, encoding="utf-8")
    page = wirecheck("explain", "own/everything", "--catalog", path).stdout
    assert (
        page
        == """own/everything: a scenario
  Whatever a step can be.
  source    nowhere
  attempts  up to 3, until what it exercises was exercised

steps
  a: connect, credential bad mood="good"
  a -> ask text="$question"
  <- word text="Because"
  (the reference server waits for the client's send)
  <- the history of the session again
  (the reference server closes with 4001)
  a: until done or word, or ends with close, within 9 s
  a -> ask text="$$5" task="$task"
  a: until done, where /task="$task", if it comes
  a -> malformed: no-tag, made of ask
  from elsewhere: somebody writes
  a: cut, without a close
  b: connect
  b: ping, read to the pong, close
  this shows that malformed-input-survived holds

exercises
  turn-closed-once  should: A turn ends.

variables
  question  What is asked. Unless set: "Why?"
"""
    )
    assert wirecheck("explain", "everything", "--catalog", path).stdout == page
    whole = wirecheck("explain", "own", "--catalog", path).stdout
    assert "\nscenarios\n  everything  Whatever a step can be.\n" in whole
    assert "  key       The key. A secret: set WIRECHECK_KEY, or --secret\n" in whole
    rule = wirecheck("explain", "turn-closed-once", "--catalog", path).stdout
    assert "\n  own/everything  " in rule
