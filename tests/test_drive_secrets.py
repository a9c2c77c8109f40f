"""A secret, given in every way in which one can be given, shows nowhere: not even when the server repeats it."""

from __future__ import annotations

import base64
import json
import logging
import subprocess
import sys
import traceback
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import pytest
from click.testing import CliRunner
from websockets.asyncio.server import ServerConnection

from miniatures import Peer, frame, listening, porch, porch_file, says_nothing, standing
from wirecheck.cli import cli
from wirecheck.cli.testing_forms import FORMS
from wirecheck.drive import Conversation, Limits, NotSeen, Target
from wirecheck.drive.options import Given, target_of
from wirecheck.errors import TargetError, UsageError

SECRET = "hush+hush%4711&'xyz"
ASCII = "hush-hush-4711-xyz"
WAYS = """\
  by-subprotocol: &way
    says: S.
    exercises: [session-ready-answers]
    steps: [{connect: a, way: subprotocol}, {send: hello}, {until: ready, or: [oops, close]}]
  by-query:
    says: S.
    exercises: [session-ready-answers]
    steps: [{connect: a, way: query}, {send: hello}, {until: ready, or: [oops, close]}]
  by-cookie:
    says: S.
    exercises: [session-ready-answers]
    steps: [{connect: a, way: cookie}, {send: hello}, {until: ready, or: [oops, close]}]
  by-header:
    says: S.
    exercises: [session-ready-answers]
    steps: [{connect: a, way: header}, {send: hello}, {until: ready, or: [oops, close]}]
  plainly:
    says: S.
    exercises: [session-ready-answers]
    steps: [{connect: a}, {send: hello}, {until: ready, or: [oops, close]}]
""".replace(": &way", ":")


async def repeats_everything(ws: ServerConnection) -> None:
    """Says back whatever it was told, in every way in which a server can."""
    assert ws.request is not None
    told = [ws.request.path, *(value for _, value in ws.request.headers.raw_items())]
    for text in told:
        await ws.send(frame("note", text=text))
        await ws.send(frame("note", wrong=text))
        await ws.send(frame(text))
        await ws.send(text)
        await ws.send(json.dumps({"type": "oops", "code": {text: [text]}}))
        await ws.send(text.encode())
    await ws.recv()
    await ws.close(4000, told[0][:100])


@pytest.fixture(scope="module")
def echo() -> Iterator[Peer]:
    with standing(repeats_everything) as peer:
        yield peer


def everything(folder: Path) -> str:
    return "\n".join(path.read_text(encoding="utf-8") for path in sorted(folder.rglob("*")) if path.is_file())


GIVEN: list[tuple[str, list[str], dict[str, str]]] = [
    ("environment", [], {"WIRECHECK_TOKEN": ASCII}),
    ("cookie from the environment", [], {"WIRECHECK_COOKIE": f"pass={ASCII}"}),
    ("secret from a variable", ["--secret", "token=env:ELSEWHERE"], {"ELSEWHERE": ASCII}),
    ("secret from a file", ["--secret", "token=file:FOLDER/secret"], {}),
    ("cookie from a file", ["--secret", "cookie=file:FOLDER/secret"], {}),
    ("header", ["--header", f"Authorization=Bearer {ASCII}"], {}),
    ("odd header", ["--header", f"X-Tenant={ASCII}"], {}),
    ("header from a variable", ["--header", "X-Other=env:ELSEWHERE"], {"ELSEWHERE": ASCII}),
    ("header from a file", ["--header", "X-Other=file:FOLDER/secret"], {}),
    ("subprotocol", ["--subprotocol", f"Bearer.{ASCII}"], {}),
    ("odd subprotocol", ["--subprotocol", ASCII], {}),
    ("subprotocol from a variable", ["--subprotocol", "env:ELSEWHERE"], {"ELSEWHERE": ASCII}),
    ("query", ["URL", f"?token={ASCII}"], {}),
    ("odd query", ["URL", f"?ticket={ASCII}"], {}),
    ("password", ["URL", f"someone:{ASCII}@"], {}),
]


SHOWN = [
    (form, *each)
    for form in ("text", "json", "junit", "github")
    for each in GIVEN
    if form == "github" or each in GIVEN[:1]
]
"""A folder of reports holds every form but the annotations, so each way is tried with those on standard output."""


@pytest.mark.parametrize(("form", "name", "options", "world"), SHOWN, ids=[f"{each[1]}-{each[0]}" for each in SHOWN])
def test_a_secret_shows_nowhere(
    form: str,
    name: str,
    options: list[str],
    world: dict[str, str],
    echo: Peer,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    (tmp_path / "secret").write_text(ASCII + "\n", encoding="utf-8")
    for variable, value in world.items():
        monkeypatch.setenv(variable, value)
    monkeypatch.setenv("WIRECHECK_DEBUG", "1")
    url = echo.url
    if options[:1] == ["URL"]:
        extra = options[1]
        url = url.replace("ws://", f"ws://{extra}") if extra.endswith("@") else f"{url}/{extra}"
        options = []
    options = [option.replace("FOLDER", str(tmp_path)) for option in options]
    catalog = porch_file(tmp_path, WAYS)
    caplog.set_level(logging.DEBUG)
    asked = len(echo.asked)
    out = tmp_path / "out"
    args = ["test", url, "--catalog", str(catalog), "--format", form, "--report", str(out), "--keep-captures"]
    result = CliRunner().invoke(cli, [*args, *options], catch_exceptions=False)
    assert result.exit_code == 1
    assert result.stdout != ""
    for where, text in (("stdout", result.stdout), ("stderr", result.stderr), ("files", everything(out))):
        for spelling in (ASCII, base64.b64encode(f"someone:{ASCII}".encode()).decode(), ASCII[:14]):
            assert spelling not in text, f"{spelling} in {where}"
    assert {path.name for path in out.iterdir() if path.is_file()} == set(FORMS.values())
    assert list((out / "captures").iterdir()) != []
    assert ASCII not in caplog.text
    # The test is one of something: the server was told the secret, and said it back.
    sent = [text for path, headers in echo.asked[asked:] for text in (path, *headers.values())]
    basic = base64.b64encode(f"someone:{ASCII}".encode()).decode()
    assert any(ASCII in text or basic in text for text in sent)


def test_a_secret_in_every_spelling(echo: Peer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WIRECHECK_TOKEN", SECRET)
    catalog = porch_file(tmp_path, WAYS)
    out = tmp_path / "out"
    args = ["test", echo.url, "--catalog", str(catalog), "--report", str(out), "--keep-captures"]
    result = CliRunner().invoke(cli, [*args, "--scenario", "by-query"], catch_exceptions=False)
    text = result.output + everything(out)
    for spelling in (SECRET, quote(SECRET, safe=""), quote(SECRET), quote(SECRET, safe="'")):
        assert spelling not in text
    assert quote(SECRET, safe="") in echo.asked[-1][0]


def test_a_secret_that_is_given_wrongly_is_not_repeated(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TWO_LINES", f"{ASCII}\r\nX-Other: 1")
    monkeypatch.setenv("SHORT", "abc")
    catalog = str(porch_file(tmp_path))
    (tmp_path / "bytes").write_bytes(b"\xff\xfe" + ASCII.encode())
    for options, says in (
        (["--var", f"token={ASCII}"], "token is a secret, and a command line is no place for one"),
        (["--var", f"nobody={ASCII}"], "has no such variable; there are house, prompt, count"),
        (["--secret", f"token={ASCII}"], "say where the secret is, token=env:VAR or token=file:PATH"),
        (["--secret", f"{ASCII}"], "--secret: write it as NAME=env:VAR or NAME=file:PATH"),
        (["--secret", "token=env:TWO_LINES"], "the value must be one line, without control characters"),
        (["--secret", "token=env:SHORT"], "a secret of less than 4 characters cannot be kept out of reports"),
        (["--secret", "token=env:NO_SUCH"], "the environment has no NO_SUCH, or it is empty; set it"),
        (["--secret", f"token=file:{tmp_path}/bytes"], "this is no text; name another file"),
        (["--header", f"X={ASCII}\n"], "the value must be one line, without control characters"),
        (["--proxy", f"nonsense://me:{ASCII}@nowhere:1"], "the proxy's URL cannot be used"),
    ):
        result = CliRunner().invoke(cli, ["test", "ws://127.0.0.1:1", "--catalog", catalog, *options])
        assert result.exit_code == 2, options
        assert says in result.stderr
        assert ASCII not in result.output


@pytest.mark.parametrize("url", [f"ws://127.0.0.1:1/?token={ASCII}", f"ws://u:{ASCII}@127.0.0.1:1", f"foo://{ASCII}"])
def test_an_address_that_fails_is_not_repeated(url: str, tmp_path: Path) -> None:
    result = CliRunner().invoke(cli, ["test", url, "--catalog", str(porch_file(tmp_path))])
    assert result.exit_code == (2 if url.startswith("foo") else 4)
    assert ASCII not in result.output


def test_a_proxy_that_refuses_is_not_told_on(tmp_path: Path) -> None:
    with standing(repeats_everything, status=407, body=ASCII) as proxy:
        options = ["--proxy", proxy.url.replace("ws://", f"http://me:{ASCII}@")]
        result = CliRunner().invoke(cli, ["test", "ws://127.0.0.1:1", "--catalog", str(porch_file(tmp_path)), *options])
    assert result.exit_code == 4
    assert "the proxy did not let the connection through" in result.stderr
    assert ASCII not in result.output


def test_our_own_fault_keeps_the_secret(
    echo: Peer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    async def at_fault(*_: object, **__: object) -> None:
        try:
            raise KeyError(ASCII)
        except KeyError as error:
            raise ValueError(f"cannot connect to ws://h/?token={ASCII}") from error

    monkeypatch.setenv("WIRECHECK_DEBUG", "1")
    monkeypatch.setenv("WIRECHECK_TOKEN", ASCII)
    monkeypatch.setattr("wirecheck.cli.testing.play", at_fault)
    result = CliRunner().invoke(cli, ["test", echo.url, "--catalog", str(porch_file(tmp_path))])
    assert result.exit_code == 3
    assert "our own fault" in result.stderr
    assert "in at_fault" in result.stderr
    said = result.output + "".join(capsys.readouterr())
    assert ASCII not in said


def test_what_a_program_prints_keeps_the_secret(tmp_path: Path) -> None:
    target = target_of(
        Given(url=f"ws://u:{ASCII}@127.0.0.1:1/?ticket={ASCII}", headers=[f"X-A={ASCII}"], proxy=f"http://u:{ASCII}@h"),
        porch(),
        environment={"WIRECHECK_TOKEN": ASCII},
    )
    assert target.variables == {"token": ASCII}
    assert ASCII not in repr(target)
    assert ASCII in target.secrets()
    assert ASCII not in repr(target.secrets())


def test_errors_of_a_conversation_keep_the_secret(echo: Peer) -> None:
    dialect = porch()
    with (
        Conversation(Target(url=echo.url, dialect=dialect, variables={"token": ASCII})) as conversation,
        pytest.raises(NotSeen) as raised,
    ):
        conversation.send("hello")
        conversation.until("ready")
    with listening(says_nothing) as peer, pytest.raises(TargetError) as silent:
        target = Target(url=f"{peer.url}/?token={ASCII}", dialect=dialect)
        with Conversation(target, Limits(open_timeout=0.1)) as conversation:
            conversation.connect()
    with pytest.raises(UsageError) as unusable:
        target_of(Given(url="ws://h", secrets=[f"token={ASCII}"]), dialect, environment={})
    for error in (raised, silent, unusable):
        assert ASCII not in "".join(traceback.format_exception(error.value))


@pytest.mark.parametrize("kind", [TargetError, UsageError, NotSeen, RuntimeError])
def test_what_a_conversation_raises_has_no_past(
    kind: type[Exception], echo: Peer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever shows the locals of a traceback finds none of the driver's, in which credentials are."""

    async def at_fault(*_: object) -> None:
        try:
            raise KeyError(ASCII)
        except KeyError as error:
            raise ValueError(f"cannot send {ASCII}") from error

    dialect = porch()
    url = "ws://127.0.0.1:1" if kind is TargetError else echo.url
    monkeypatch.setattr("wirecheck.drive.connection.Connection.send", at_fault)
    target = Target(url=url, dialect=dialect, variables={"token": ASCII})
    with Conversation(target) as conversation, pytest.raises(kind) as raised:
        if kind is UsageError:
            conversation.connect(params={"house": "$nothing"})
        elif kind is RuntimeError:
            conversation.send("hello")
        else:
            conversation.until("ready", within=0.1)
    assert {entry.path.name for entry in raised.traceback} == {Path(__file__).name, "conversation.py"}
    assert [entry.name for entry in raised.traceback][-1] == "_run"
    assert (raised.value.__cause__, raised.value.__context__) == (None, None)
    assert ASCII not in str(raised.value)
    assert ("in at_fault" in str(raised.value)) == (kind is RuntimeError)


def test_asyncios_debug_mode_keeps_the_secret(echo: Peer, tmp_path: Path) -> None:
    catalog = porch_file(tmp_path, WAYS)
    program = (
        "import logging, sys; logging.basicConfig(level=logging.DEBUG); "
        "sys.argv[0] = 'wirecheck'; from wirecheck.cli import main; main()"
    )
    ended = subprocess.run(
        [
            sys.executable,
            "-X",
            "dev",
            "-c",
            program,
            "test",
            echo.url,
            "--catalog",
            catalog,
            "--captures",
            tmp_path / "c",
        ],
        env={"WIRECHECK_TOKEN": ASCII, "PYTHONASYNCIODEBUG": "1", "WIRECHECK_DEBUG": "1", "PATH": ""},
        capture_output=True,
        text=True,
    )
    assert ended.returncode == 1
    assert "DEBUG:asyncio:" in ended.stderr
    assert ASCII not in ended.stdout + ended.stderr
