"""`wirecheck record` as a process: what it writes, what it shows and when, and the code it ends with."""

from __future__ import annotations

import base64
import gzip
import json
import os
import re
import signal
import stat
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import connect
from websockets.sync.server import ServerConnection, serve

from wirecheck.capture import read
from wirecheck.catalog import dialects, load
from wirecheck.cli import cli
from wirecheck.record import BadLine, Closed, Message, Opened
from wirecheck.serve import serving as reference
from wirecheck.serve.watch import FIRST_LOOK

LONG = 120.0
STARTED = {"type": "session_started", "session_id": "ss_1", "conversation_id": "c_1"}
ANSWER = {"type": "message", "role": "agent", "text": "hello"}
COMPLETE = {"type": "response_complete"}
ENDED = {"type": "session_ended", "reason": "completed"}
FORMS = ("text", "json", "junit", "github")
"""Where two more things have two ways each, every pair of ways comes together, not every three."""
CLEAN = [[STARTED], [ANSWER, COMPLETE, ENDED]]
BROKEN = [[{"type": "typing"}, STARTED], [{"type": "message", "role": "agent"}, COMPLETE, ENDED]]


def says(answers: Sequence[Sequence[Any]], code: int = 1000) -> Callable[[ServerConnection], None]:
    """A server that says the first of `answers` at once and another after each message, and then closes."""

    def handler(socket: ServerConnection) -> None:
        for index, messages in enumerate(answers):
            if index:
                socket.recv()
            for message in messages:
                socket.send(message if isinstance(message, str | bytes) else json.dumps(message))
        socket.close(code)

    return handler


@contextmanager
def serving(handler: Callable[[ServerConnection], None], **options: Any) -> Iterator[str]:
    with serve(handler, "127.0.0.1", 0, **options) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"127.0.0.1:{server.socket.getsockname()[1]}"
        finally:
            server.shutdown()
            thread.join()


class Recorder:
    """The command in a process of its own, which is told to end with the block."""

    def __init__(self, folder: Path, *args: str | Path, ends: signal.Signals = signal.SIGINT) -> None:
        self._args = [sys.executable, "-m", "wirecheck", "record", "--listen", "127.0.0.1:0", *map(str, args)]
        self._folder = folder
        self._ends = ends
        self.out = ""
        self.err: list[str] = []
        """The lines of standard error, as far as they came."""
        self.code: int | None = None

    def __enter__(self) -> Recorder:
        self.process = subprocess.Popen(
            self._args, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=self._folder
        )
        try:
            self.line("recording ")
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        if self.process.poll() is None:
            self.process.send_signal(self._ends)
        try:
            self.out, rest = self.process.communicate(timeout=LONG)
        finally:
            self.process.kill()
        self.err += rest.splitlines()
        self.code = self.process.returncode

    def line(self, holds: str) -> str:
        """The next line of standard error that contains this, waited for."""
        assert self.process.stderr is not None
        for line in self.process.stderr:
            self.err.append(line.rstrip("\n"))
            if holds in line:
                return self.err[-1]
        raise AssertionError(f"no line with {holds!r} in {self.err}")

    @property
    def url(self) -> str:
        (found,) = re.findall(r"recording (ws://\S+) -> ", "\n".join(self.err))
        return str(found)

    def said(self) -> str:
        return "\n".join(self.err)


def visit(
    url: str, texts: Sequence[str | bytes] = ('{"text": "hi"}',), *, first: int = 0, **options: Any
) -> list[str | bytes]:
    """What a client gets that hears `first` messages, says these texts and reads to the end."""
    found: list[str | bytes] = []
    with connect(url, proxy=None, **options) as client:
        try:
            while len(found) < first:
                found.append(client.recv(timeout=LONG))
            for text in texts:
                client.send(text)
            while True:
                found.append(client.recv(timeout=LONG))
        except ConnectionClosed:
            return found


def wirecheck(*args: str | Path) -> Result:
    return CliRunner().invoke(cli, [str(arg) for arg in args], catch_exceptions=False)


def refused(folder: Path, *args: str) -> str:
    """What the command says that ends with a mistake of usage before it listens; it would not end otherwise."""
    command = [sys.executable, "-m", "wirecheck", "record", *args]
    ended = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=LONG)
    assert (ended.returncode, ended.stdout) == (2, "")
    return ended.stderr


def records(path: Path) -> list[Any]:
    return list(read(path))


def test_a_capture_holds_what_passed(tmp_path: Path) -> None:
    with (
        serving(says(CLEAN)) as place,
        Recorder(tmp_path, "--upstream", f"ws://{place}/base", "--output", "c.jsonl", "--dialect", "amigo") as recorder,
    ):
        got = visit(recorder.url + "/text?tool_events=true", ['{"text":  "hi"}'], first=1)
    assert got == [json.dumps(message) for answers in CLEAN for message in answers]
    opened, *messages, closed = records(tmp_path / "c.jsonl")
    assert isinstance(opened, Opened)
    assert opened.url == f"ws://{place}/base/text?tool_events=true"
    assert (opened.vantage, opened.sees) == ("proxy", frozenset({"client", "server"}))
    assert [(message.sender, message.body) for message in messages] == [
        ("server", got[0]),
        ("client", '{"text":  "hi"}'),
        *(("server", text) for text in got[1:]),
    ]
    assert isinstance(closed, Closed)
    assert (closed.code, closed.sender) == (1000, "server")
    assert [record.at.line for record in (opened, *messages, closed)] == list(range(1, 8))
    assert all(isinstance(record.at.t, float) for record in (opened, *messages, closed))
    assert stat.S_IMODE((tmp_path / "c.jsonl").stat().st_mode) == 0o600
    assert recorder.err[0] == f"wirecheck: recording {recorder.url} -> ws://{place}/base, to c.jsonl"
    assert recorder.code == 0


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("answers", [CLEAN, BROKEN], ids=["clean", "broken"])
def test_the_report_is_the_one_that_the_capture_gives_later(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, form: str, answers: list[Any]
) -> None:
    given = (FORMS.index(form) % 2 == 0) == (answers is CLEAN)
    options = ["--format", form, *(["--dialect", "amigo"] if given else [])]
    with (
        serving(says(answers)) as place,
        Recorder(
            tmp_path, "--upstream", f"ws://{place}", "--output", "c.jsonl", *options, ends=signal.SIGTERM
        ) as recorder,
    ):
        visit(recorder.url + "/text", first=len(answers[0]))
    monkeypatch.chdir(tmp_path)
    later = wirecheck("check", "c.jsonl", *options)
    assert (recorder.out, recorder.code) == (later.stdout, later.exit_code)
    assert recorder.code == (0 if answers is CLEAN else 1)
    assert [line for line in recorder.err if "warning: " in line] == [
        line for line in later.stderr.splitlines() if "warning: " in line
    ]


def verdicts(url: str, dialect: str, folder: Path) -> list[Any]:
    """What `wirecheck test` finds of a server that breaks nothing, case by case."""
    ended = wirecheck("test", url, "--dialect", dialect, "--format", "json", "--captures", folder / "captures")
    assert ended.exit_code == 0, ended.output
    scenarios = json.loads(ended.stdout)["scenarios"]
    return [(each["name"], case["id"], case["verdict"]) for each in scenarios for case in each["cases"]]


@pytest.mark.no_cover
@pytest.mark.parametrize("dialect", dialects())
def test_whoever_tests_a_server_sees_the_same_through_it_and_of_what_it_recorded(tmp_path: Path, dialect: str) -> None:
    """All scenarios: drops, malformed messages, refused credentials, close codes, pings that bound a wait."""
    with (
        reference(load(dialect)) as served,
        Recorder(
            tmp_path, "--upstream", served.base, "--output", "c.jsonl", "--dialect", dialect, "--side", "server"
        ) as recorder,
    ):
        path = served.url.removeprefix(served.base)
        straight = verdicts(served.url, dialect, tmp_path)
        assert verdicts(recorder.url + path, dialect, tmp_path) == straight
    assert (recorder.code, [line for line in recorder.err if " must " in line and "warning" not in line]) == (0, [])
    for variable in load(dialect).variables.values():
        if variable.secret:
            assert str(variable.reference) not in (tmp_path / "c.jsonl").read_text() + recorder.out + recorder.said()
    with subprocess.Popen(
        [sys.executable, "-m", "wirecheck", "serve", "--replay", "c.jsonl", "--dialect", dialect],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        cwd=tmp_path,
    ) as process:
        assert process.stderr is not None
        try:
            (base,) = re.findall(r" at (ws://[^/]+)", process.stderr.readline())
            assert verdicts(base + path, dialect, tmp_path) == straight
        finally:
            process.send_signal(signal.SIGINT)
        assert process.stderr.read() == ""


def test_findings_are_shown_as_they_happen(tmp_path: Path) -> None:
    with (
        serving(says(BROKEN)) as place,
        Recorder(tmp_path, "--upstream", f"ws://{place}", "--output", "c.jsonl", "--dialect", "amigo") as recorder,
        connect(recorder.url + "/text", proxy=None) as client,
    ):
        first = recorder.line(" must ")
        client.send('{"text": "hi"}')
        second = recorder.line(" must ")
    assert first.startswith("wirecheck: must session-opens-first  c.jsonl:2, typing: ")
    assert second.startswith("wirecheck: must schema  c.jsonl:5, message: ")
    assert recorder.code == 1


@pytest.mark.parametrize(
    ("options", "code", "shown"),
    [
        ([], 1, ["session-opens-first", "schema"]),
        (["--fail-on", "never"], 0, ["session-opens-first", "schema"]),
        (["--quiet"], 1, []),
        (["--side", "client"], 0, []),
        (["--rule", "session-opens-first"], 1, ["session-opens-first"]),
        (["--rule", "final-message-once-a-turn"], 0, []),
        (["--require", "must", "--rule", "tool-call-answered-once"], 1, []),
    ],
)
def test_options_decide_what_is_shown_and_what_fails(
    tmp_path: Path, options: list[str], code: int, shown: list[str]
) -> None:
    with (
        serving(says(BROKEN)) as place,
        Recorder(
            tmp_path, "--upstream", f"ws://{place}", "--output", "c.jsonl", "--dialect", "amigo", *options
        ) as recorder,
    ):
        visit(recorder.url + "/text")
    assert recorder.code == code
    assert re.findall(r"^wirecheck: must (\S+)  ", recorder.said(), re.MULTILINE) == shown


def test_what_is_wrong_again_and_again_is_shown_a_few_times_and_what_is_milder_not_at_all(tmp_path: Path) -> None:
    unknown = [{"type": "typing"}, STARTED, *([{"type": "message", "role": "agent"}] * 20)]
    with (
        serving(says([unknown])) as place,
        Recorder(
            tmp_path, "--upstream", f"ws://{place}", "--output", "c.jsonl", "--dialect", "amigo", "--level", "must"
        ) as recorder,
    ):
        visit(recorder.url + "/text", [])
    lines = [line for line in recorder.err if " schema  " in line]
    assert [line.endswith(" (further ones like this are only counted)") for line in lines] == [False] * 4 + [True]
    assert "20 times, lines 4, 5, " in recorder.out
    assert not re.search(r"^wirecheck: (should|may) ", recorder.said(), re.MULTILINE)


def test_whose_traffic_it_is_is_told_while_it_comes(tmp_path: Path) -> None:
    many = [STARTED, *([ANSWER] * FIRST_LOOK), {"type": "message", "role": "agent"}]
    with (
        serving(says([many, [COMPLETE]])) as place,
        Recorder(tmp_path, "--upstream", f"ws://{place}", "--output", "c.jsonl") as recorder,
        connect(recorder.url, proxy=None) as client,
    ):
        told = recorder.line("detected ")
        assert recorder.line(" schema ").startswith(f"wirecheck: must schema  c.jsonl:{FIRST_LOOK + 3}, message: ")
        client.send('{"text": "hi"}')
        assert len(list(client)) == len(many) + 1
    assert told.startswith(f"wirecheck: detected amigo: {FIRST_LOOK} of {FIRST_LOOK} messages carry its tags")
    assert recorder.code == 1


def test_what_nobody_knows_is_only_recorded(tmp_path: Path) -> None:
    with (
        serving(says([["hello"] * 600, []])) as place,
        Recorder(tmp_path, "--upstream", f"ws://{place}", "--output", "c.jsonl") as recorder,
    ):
        visit(recorder.url, ["ho"])
    assert (recorder.code, recorder.out) == (0, "")
    assert recorder.err[-1].startswith(
        "wirecheck: only recorded: c.jsonl: none of its first 500 messages is of a known dialect; "
    )
    assert len(records(tmp_path / "c.jsonl")) == 603


def test_no_traffic_at_all(tmp_path: Path) -> None:
    with (
        serving(says([])) as place,
        Recorder(tmp_path, "--upstream", f"ws://{place}", "--output", "c.jsonl") as recorder,
    ):
        assert recorder.err == [f"wirecheck: recording {recorder.url} -> ws://{place}/, to c.jsonl"]
    assert (recorder.code, recorder.out) == (0, "")
    assert recorder.err[-1].startswith("wirecheck: only recorded: c.jsonl: holds no message; ")
    assert (tmp_path / "c.jsonl").read_bytes() == b""


def test_frames_inside_another_transport_are_judged(tmp_path: Path) -> None:
    packets = ['0{"sid": "s"}', "40", f'42["message",{json.dumps(STARTED)}]', '42["message",{"type":"message"}]']
    with (
        serving(says([packets])) as place,
        Recorder(tmp_path, "--upstream", f"ws://{place}", "--output", "c.jsonl", "--dialect", "amigo") as recorder,
    ):
        visit(recorder.url + "/socket.io/?EIO=4", [])
    assert re.findall(r"must schema  (\S+), message: ", recorder.said()) == ["c.jsonl:5"] * 2
    assert "amigo: 4 records, 2 frames" in recorder.out


@pytest.mark.parametrize("name", ["c.jsonl", "c.jsonl.gz"])
def test_whatever_ends_the_recorder_the_capture_can_be_read(tmp_path: Path, name: str) -> None:
    with (
        serving(says(CLEAN)) as place,
        Recorder(tmp_path, "--upstream", f"ws://{place}", "--output", name, ends=signal.SIGKILL) as recorder,
        connect(recorder.url, proxy=None) as client,
    ):
        client.recv(timeout=LONG)
        client.send('{"text": "hi"}')
        client.recv(timeout=LONG)
        recorder.__exit__()
        with pytest.raises(ConnectionClosed):
            while True:
                client.recv(timeout=LONG)
    assert recorder.code == -signal.SIGKILL
    found = records(tmp_path / name)
    kinds = [type(record) for record in found if not isinstance(record, Closed)]
    assert kinds[:4] == [Opened, Message, Message, Message]
    assert [record.code for record in found if isinstance(record, BadLine)] == (
        ["unreadable"] if name.endswith(".gz") else []
    )


def test_a_compressed_capture(tmp_path: Path) -> None:
    with (
        serving(says(CLEAN)) as place,
        Recorder(tmp_path, "--upstream", f"ws://{place}", "--output", "c.jsonl.gz") as recorder,
    ):
        visit(recorder.url)
        visit(recorder.url)
    lines = gzip.decompress((tmp_path / "c.jsonl.gz").read_bytes()).splitlines()
    assert [json.loads(line)["conn"] for line in lines] == ["1"] * 7 + ["2"] * 7
    assert "amigo: 14 records, 10 frames, 2 connections in 1 capture" in recorder.out


@pytest.mark.skipif(not os.path.exists("/proc/self/status"), reason="this system does not say how much memory it took")
def test_a_message_however_long_takes_little_memory(tmp_path: Path) -> None:
    def peak() -> float:
        (found,) = re.findall(r"VmHWM:\s+(\d+) kB", Path(f"/proc/{recorder.process.pid}/status").read_text())
        return int(found) / 1024

    def answers(socket: ServerConnection) -> None:
        socket.send(b"x" * len(socket.recv()))

    size = 150_000_000
    with (
        serving(answers, max_size=None, compression=None) as place,
        Recorder(tmp_path, "--upstream", f"ws://{place}", "--output", "c.jsonl") as recorder,
    ):
        before = peak()
        (answer,) = visit(recorder.url, [b"y" * size], max_size=None, compression=None)
        assert len(answer) == size
        assert peak() - before < 70
    assert sum("; only its first 8,388,612 are recorded" in line for line in recorder.err) == 2


def test_messages_that_are_no_text(tmp_path: Path) -> None:
    sent = [b"\x00\xff", "\u2028\x00\U0010ffff", '{"a": "\\ud800"}', ""]
    with (
        serving(says([sent])) as place,
        Recorder(tmp_path, "--upstream", f"ws://{place}", "--output", "c.jsonl") as recorder,
    ):
        assert visit(recorder.url, []) == sent
    assert [record.body for record in records(tmp_path / "c.jsonl") if isinstance(record, Message)] == sent


def test_a_capture_is_not_overwritten_unless_asked(tmp_path: Path) -> None:
    path = tmp_path / "c.jsonl"
    path.write_text("mine\n")
    said = refused(tmp_path, "--upstream", "ws://h", "--listen", "127.0.0.1:0", "--output", str(path))
    assert said == f"wirecheck: {path}: there is such a file already; name another, or overwrite it: --force\n"
    assert path.read_text() == "mine\n"
    with (
        serving(says(CLEAN)) as place,
        Recorder(tmp_path, "--upstream", f"ws://{place}", "--output", path, "--force") as recorder,
    ):
        visit(recorder.url)
    assert [type(record) for record in records(path)] == [Opened, *[Message] * 5, Closed]


def test_a_capture_that_is_not_named_is_named_after_the_time(tmp_path: Path) -> None:
    with serving(says(CLEAN)) as place, Recorder(tmp_path, "--upstream", f"ws://{place}") as recorder:
        visit(recorder.url)
    (path,) = tmp_path.iterdir()
    assert re.fullmatch(r"capture-\d{8}T\d{6}Z\.jsonl", path.name)
    assert recorder.err[0].endswith(f", to {path.name}")
    assert len(records(path)) == 7


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="this system has no disk that is always full")
def test_traffic_goes_on_when_nothing_can_be_written(tmp_path: Path) -> None:
    with (
        serving(says(CLEAN)) as place,
        Recorder(
            tmp_path, "--upstream", f"ws://{place}", "--output", "/dev/full", "--force", "--dialect", "amigo"
        ) as recorder,
    ):
        assert len(visit(recorder.url)) == 4
    said = [line for line in recorder.err if "/dev/full" in line and "recording" not in line]
    assert said == [
        "wirecheck: /dev/full: cannot be written any further (No space left on device); traffic goes on unrecorded",
        "wirecheck: /dev/full: could not be written to the end (No space left on device); make room, or name another",
    ]
    assert recorder.code == 2
    assert "amigo: 7 records, 5 frames" in recorder.out


SECRETS = {
    "address": "0aeb7c1d-in-the-address",
    "upstream-query": "1c9d2e77-in-its-query",
    "query": "2f00d1e5-in-the-query",
    "header": "3bad5eed-in-a-header",
    "cookie": "4c001dad-in-a-cookie",
    "subprotocol": "5ca1ab1e-in-a-subprotocol",
    "given": "6ea7beef-given-by-the-server",
    "other": "7e1eca57-in-another-header",
}


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("name", ["c.jsonl", "c.jsonl.gz"])
def test_no_secret_is_written_anywhere(tmp_path: Path, form: str, name: str) -> None:
    dialect = ["--dialect", "vonz"] if (FORMS.index(form) % 2 == 0) == (name == "c.jsonl") else []
    repeated = [value for key, value in SECRETS.items() if key != "other"]
    spellings = [*repeated, base64.b64encode(f"user:{SECRETS['address']}".encode()).decode()]
    frames: list[Any] = [{"type": "task:token", "session_id": "s", "text": text} for text in spellings]
    frames += [{"type": text, "x": text} for text in spellings]
    frames += [{"type": "session.ready", "session_id": text} for text in spellings]
    frames += [f"no JSON {text}" for text in spellings]
    frames += [" ".join(spellings).encode(), {"type": "turn.done", "session_id": spellings}]

    def hands_out(_: ServerConnection, __: Any, response: Any) -> None:
        response.headers["Set-Cookie"] = f"sid={SECRETS['given']}; Path=/"

    upstream = f"ws://user:{SECRETS['address']}@{{}}/v1/stream?api_key={SECRETS['upstream-query']}"
    options = {"process_response": hands_out, "subprotocols": [f"Bearer.{SECRETS['subprotocol']}"]}
    with (
        serving(says([frames, []], code=4001), **options) as place,
        Recorder(
            tmp_path, "--upstream", upstream.format(place), "--output", name, "--format", form, *dialect
        ) as recorder,
    ):
        url = f"{recorder.url}/?token={SECRETS['query']}"
        visit(
            url,
            [json.dumps({"type": "session.turn", "session_id": value, "prompt": value}) for value in repeated],
            subprotocols=[f"Bearer.{SECRETS['subprotocol']}"],
            additional_headers={
                "Authorization": f"Bearer {SECRETS['header']}",
                "Cookie": f"a=b; session={SECRETS['cookie']}",
                "X-Custom": SECRETS["other"],
            },
        )
    raw = (tmp_path / name).read_bytes()
    capture = (gzip.decompress(raw) if name.endswith(".gz") else raw).decode()
    assert capture.count("[redacted]") > 4 * len(spellings)
    binary = [base64.b64decode(text).decode() for text in re.findall(r'"binary":"([^"]*)"', capture)]
    assert binary == [" ".join(["[redacted]"] * len(spellings))]
    assert "must not-json" in recorder.said() and recorder.code == 1
    for text in (capture, recorder.out, recorder.said(), binary[0]):
        # So much of a secret as a cut may leave gives nothing away.
        assert [secret for secret in (*SECRETS.values(), spellings[-1]) if secret[:12] in text] == []


def test_what_the_wire_says_cannot_move_the_cursor(tmp_path: Path) -> None:
    evil = '{"type": "\\u001b[2Jgone\\u202e"}'
    with (
        serving(says([[STARTED, evil]])) as place,
        Recorder(tmp_path, "--upstream", f"ws://{place}", "--output", "c.jsonl", "--dialect", "vonz") as recorder,
    ):
        visit(recorder.url + "/x", [])
    assert "\\u001b[2Jgone\\u202e" in recorder.said()
    assert "\x1b" not in recorder.said() + recorder.out and "\u202e" not in recorder.said() + recorder.out


def test_an_upstream_that_could_never_be_reached(tmp_path: Path) -> None:
    with serving(says([])) as place:
        port = place.rpartition(":")[2]
    with Recorder(
        tmp_path, "--upstream", f"ws://user:hunter22@localhost:{port}/?token=hunter33", "--output", "c.jsonl"
    ) as recorder:
        with pytest.raises(InvalidStatus) as caught:
            visit(recorder.url)
        assert caught.value.response.status_code == 502
        assert "cannot be reached: " in recorder.line("connection 1: ")
    assert (recorder.code, recorder.out) == (4, "")
    assert recorder.err[-1] == (
        f"wirecheck: ws://localhost:{port}/?token=[redacted] could not be reached in 1 attempt; "
        "see that it runs and that --upstream names it"
    )
    assert "hunter" not in recorder.said()


def test_an_upstream_that_was_reached_once(tmp_path: Path) -> None:
    with ExitStack() as server:
        place = server.enter_context(serving(says(CLEAN)))
        with Recorder(tmp_path, "--upstream", f"ws://{place}") as recorder:
            visit(recorder.url)
            server.close()
            with pytest.raises(InvalidStatus):
                visit(recorder.url)
    assert recorder.code == 0
    assert "amigo: 7 records" in recorder.out


def test_a_refused_upgrade_is_told(tmp_path: Path) -> None:
    def refuse(socket: ServerConnection, _: Any) -> Any:
        return socket.respond(401, "who are you?\n")

    with (
        serving(says([]), process_request=refuse) as place,
        Recorder(tmp_path, "--upstream", f"ws://{place}", "--output", "c.jsonl") as recorder,
    ):
        with pytest.raises(InvalidStatus) as caught:
            visit(recorder.url)
        assert (caught.value.response.status_code, caught.value.response.body) == (401, b"who are you?\n")
        assert recorder.line("connection 1") == (
            "wirecheck: connection 1: the upstream answered 401 Unauthorized; there is nothing to record"
        )
    assert recorder.code == 0


@pytest.mark.parametrize(
    ("args", "says"),
    [
        (["--upstream", "http://h"], "--upstream: no address of a WebSocket server; it looks like wss://"),
        (["--upstream", "ws://h", "--listen", "nowhere"], "--listen nowhere: no place to listen; it looks like "),
        (["--upstream", "ws://h", "--listen", "h:70000"], "--listen h:70000: no place to listen; it looks like "),
        (["--upstream", "ws://h", "--ca", "x"], "--ca is for wss://"),
        (["--upstream", "ws://h", "--insecure"], "--insecure is for wss://"),
        (["--upstream", "wss://h", "--ca", "/nowhere.pem"], "--ca /nowhere.pem: no file of certificates"),
        (["--upstream", "ws://h", "--dialect", "nobody"], "nobody"),
        (["--upstream", "ws://h", "--rule", "nothing"], "--rule nothing: no guarantee of any dialect; there are "),
        (["--upstream", "ws://h", "--output", "/nowhere/c.jsonl"], "/nowhere/c.jsonl: there is no folder /nowhere"),
        (["--upstream", "ws://h", "--dialect", "amigo", "--catalog", "x"], "--dialect and --catalog both say"),
        ([], "Missing option '--upstream'"),
    ],
)
def test_what_the_user_got_wrong(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, args: list[str], says: str) -> None:
    monkeypatch.chdir(tmp_path)
    result = wirecheck("record", *args)
    assert (result.exit_code, result.stdout) == (2, "")
    assert says in result.stderr
    assert list(tmp_path.iterdir()) == []


def test_a_place_that_is_taken_leaves_no_capture(tmp_path: Path) -> None:
    with serving(says([])) as place:
        said = refused(tmp_path, "--upstream", "ws://h", "--listen", place)
    assert f"--listen {place}: cannot listen there (" in said
    assert list(tmp_path.iterdir()) == []


def test_asking_for_help_loads_nothing_heavy() -> None:
    code = (
        "from wirecheck.cli import cli\ncli(['record', '--help'], standalone_mode=False)\nimport sys\n"
        "print(*[name for name in ('asyncio', 'websockets', 'rich', 'yaml', 'jsonschema') if name in sys.modules])"
    )
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ended.stdout.splitlines()[-1] == ""
