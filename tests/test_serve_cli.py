"""`wirecheck serve` as a process: what it says, what it shows at its end, and the code that it ends with."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from websockets.sync.client import ClientConnection, connect

from playhouse import BODY, DOOR, HEAD, OPEN_DOOR, SCENES
from wirecheck.catalog import dialects
from wirecheck.cli import cli
from wirecheck.scenario.mutants import mutants

LONG = 60.0


@pytest.fixture
def catalog(tmp_path: Path) -> Path:
    """A catalog without authentication."""
    path = tmp_path / "parlour.yaml"
    body = BODY.replace("    needs: {tools: true}\n", "")
    path.write_text(HEAD + OPEN_DOOR + body + SCENES.replace(", tools: true", ""), encoding="utf-8")
    return path


class Served:
    """The command in a process of its own. `line` is what it said when it was ready; the rest is there at its end."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process
        assert process.stderr is not None
        self.line = process.stderr.readline()
        self.out = self.err = ""
        self.code: int | None = None

    @property
    def url(self) -> str:
        return self.line.split(" at ")[1].split(";")[0].strip()

    def end(self, how: signal.Signals = signal.SIGINT) -> None:
        self._process.send_signal(how)
        self.out, self.err = self._process.communicate(timeout=LONG)
        self.code = self._process.returncode


@contextmanager
def serving(*args: str | Path, environment: Mapping[str, str] | None = None) -> Iterator[Served]:
    process = subprocess.Popen(
        [sys.executable, "-m", "wirecheck", "serve", *map(str, args)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, **(environment or {})},
    )
    try:
        served = Served(process)
        yield served
        if served.code is None:
            served.end()
    finally:
        process.kill()
        process.communicate()


def run(*args: str | Path) -> Result:
    return CliRunner().invoke(cli, ["serve", *map(str, args)], standalone_mode=True)


def said(client: ClientConnection, last: str) -> list[dict[str, Any]]:
    frames = []
    while not frames or frames[-1]["type"] != last:
        frames.append(json.loads(client.recv(LONG)))
    return frames


def begin(client: ClientConnection) -> str:
    client.send('{"type": "start"}')
    return said(client, "ready")[-1]["session"]


def ask(client: ClientConnection, session: str, text: str) -> None:
    client.send(json.dumps({"type": "ask", "session": session, "text": text}))


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM])
def test_a_clean_client_and_the_code_0(catalog: Path, how: signal.Signals) -> None:
    with serving("--catalog", catalog, "--unknown-frames") as served:
        with connect(served.url) as client:
            session = begin(client)
            ask(client, session, "Good day")
            frames = said(client, "done")
        served.end(how)
    assert [frame["type"] for frame in frames] == ["wirecheck.unknown", "text", "text", "done"]
    assert served.line.startswith(f"wirecheck: serving parlour at {served.url}; what it knows: ")
    assert "prompt: Good day; tool_prompt: Use a tool" in served.line
    assert served.code == 0
    assert served.err == ""
    assert "parlour: 11 records, 8 frames, 1 connection in 1 capture" in served.out
    assert "no findings" in served.out


def test_a_client_that_breaks_a_must_and_the_code_1(catalog: Path) -> None:
    with serving("--catalog", catalog, "--format", "json") as served:
        with connect(served.url) as client:
            session = begin(client)
            ask(client, session, "Take your time")
            said(client, "text")
            ask(client, session, "Good day")
            said(client, "done")
        served.end()
    report = json.loads(served.out)
    assert served.code == 1
    assert {result["side"] for result in report["guarantees"]} == {"client"}
    assert [(found["code"], found["level"]) for found in report["findings"]] == [("next-prompt-waits", "must")]


def test_what_fails_the_run_is_the_users_to_say(catalog: Path, tmp_path: Path) -> None:
    output = tmp_path / "report.txt"
    options = ("--catalog", catalog, "--fail-on", "never", "--require", "must", "--output", output)
    with serving(*options) as served, connect(served.url) as client:
        client.send("oh dear")
        said(client, "oops")
    assert (served.code, served.out) == (1, "")
    assert "must not-json  clients:2" in output.read_text(encoding="utf-8")


def test_a_mutant_is_served(catalog: Path) -> None:
    with serving("--catalog", catalog, "--mutant", "text-inside-turn:after") as served, connect(served.url) as client:
        ask(client, begin(client), "Good day")
        assert [frame["type"] for frame in said(client, "done")] == ["text", "done"]
        assert json.loads(client.recv(LONG))["type"] == "text"
    assert served.code == 0


def test_the_users_credential_is_accepted_and_never_shown(tmp_path: Path) -> None:
    path = tmp_path / "parlour.yaml"
    path.write_text(HEAD + DOOR + BODY + SCENES, encoding="utf-8")
    token = "a-token-of-my-own"
    options = ("--catalog", path, "--secret", "token=env:PARLOUR", "--var", "prompt=Hello there")
    with serving(*options, environment={"PARLOUR": token}) as served:
        with connect(f"{served.url}?token={token}") as client:
            client.send(json.dumps({"type": f"all about {token}"}))
            said(client, "oops")
        with connect(f"{served.url}?token=the-reference-token") as client, pytest.raises(Exception, match="4001"):
            client.recv(LONG)
        served.end()
    assert "prompt: Hello there" in served.line
    assert "cookie: pass=the-reference-cookie" in served.line
    assert "all about [redacted]" in served.out
    assert token not in served.line + served.out + served.err


def test_the_mutants_are_listed(catalog: Path) -> None:
    from wirecheck.catalog import load_file

    result = run("--catalog", catalog, "--list-mutants")
    found = [line.split()[0] for line in result.stdout.splitlines()]
    assert (result.exit_code, found) == (0, [one.name for one in mutants(load_file(catalog))])


@pytest.mark.parametrize(
    ("args", "sentence"),
    [
        ([], f"say which dialect: --dialect with one of {', '.join(dialects())}, or --catalog FILE"),
        (["--mutant", "no-such-rule"], "; there are text-inside-turn:after, "),
        (["--mutant", "replay-bracketed:of-no-kind"], "of-no-kind"),
        (["--var", "nothing=1"], "--var 'nothing': parlour has no such variable; there are prompt"),
        (["--var", "token=1"], "--var token=…: token is a secret"),
        (["--host", "192.0.2.1"], "cannot listen on 192.0.2.1:0"),
        (["--output", "/no/such/folder/report.txt"], "there is no folder /no/such/folder; make it first"),
    ],
)
def test_mistakes_are_said_before_anything_is_served(catalog: Path, args: list[str], sentence: str) -> None:
    result = run(*(["--catalog", str(catalog)] if args else []), *args)
    assert result.exit_code == 2
    assert sentence in result.stderr
    assert result.stdout == ""
