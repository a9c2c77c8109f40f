"""What the user must keep secret is in nothing that a session writes, however talkative pytest is asked to be."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import pytest
from websockets.sync.server import ServerConnection

from plugin_servers import ALONE, standing
from wirecheck import load
from wirecheck.plugin import live
from wirecheck.serve import serving

pytest_plugins = ["pytester"]

assert live.Live  # loaded once, here: what a session of pytester's imports is gone when it ends

TOKEN = "planted-token-7f3a9c51e2"
COOKIE = "session=planted-cookie-value-6e"
OTHERS = {
    "user": "planted-password-1b8e",
    "query": "planted-query-value-44d0",
    "header": "planted-header-value-90aa",
    "protocol": "planted-protocol-value-d2",
    "proxy": "planted-proxy-password-3",
}
PLANTED = (TOKEN, COOKIE.partition("=")[2], *OTHERS.values())
LOUD = ("-vv", "-rA", "--showlocals", "--full-trace", "--tb=long", "--setup-show", "--durations=0")
VONZ = load("vonz")

TESTS = """
def test_in_vain(wirecheck_conversation):
    wirecheck_conversation.until("turn.done", within=0.05)

def test_of_no_frame(wirecheck_conversation):
    wirecheck_conversation.send("no.such.frame")

def test_of_no_value(wirecheck_conversation):
    wirecheck_conversation.send("session.turn", session_id="$nothing", prompt="$prompt")

def test_of_a_bad_path(wirecheck_conversation):
    wirecheck_conversation.connect("b", params={"nothing": "$nothing"})

def test_verdicts(wirecheck_conversation):
    wirecheck_conversation.send("session.start", profile_id="$profile")
    wirecheck_conversation.until("session.ready", within=20)
    assert wirecheck_conversation.verdicts() == {}
"""


@pytest.fixture(autouse=True)
def planted(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("PYTEST_ADDOPTS", ALONE)
    monkeypatch.delenv("WIRECHECK_TOKEN", raising=False)
    monkeypatch.delenv("WIRECHECK_COOKIE", raising=False)
    pytester.makeini("[pytest]")
    pytester.makepyfile(test_own=TESTS)
    # The server runs in this process, and what it logs would be part of what a session captures.
    monkeypatch.setattr(logging.getLogger("wirecheck.serve"), "disabled", True)
    yield


def everything(pytester: pytest.Pytester, result: pytest.RunResult, *, but: Path | None = None) -> str:
    """All that the session said and wrote below its folder."""
    said = [result.stdout.str(), result.stderr.str()]
    for path in sorted(pytester.path.rglob("*")):
        if path.is_file() and path != but:
            said.append(path.name)
            said.append(path.read_bytes().decode("utf-8", "replace"))
    return "\n".join(said)


def leaks(said: str) -> list[str]:
    return [secret for secret in PLANTED if secret in said or quote(secret) in said]


def session(pytester: pytest.Pytester, url: str, *args: str) -> pytest.RunResult:
    return pytester.runpytest(
        "--pyargs",
        "wirecheck.suite",
        "test_own.py",
        *LOUD,
        *("--wirecheck-url", url, "--wirecheck-dialect", "vonz", "--wirecheck-timeout", "20"),
        *("--wirecheck-scenario", "plain-turn", "--wirecheck-scenario", "tool-calls"),
        *("--wirecheck-captures", "captures", "--wirecheck-keep-captures", "--wirecheck-report", "report.json"),
        *("--junitxml", "junit.xml"),
        *args,
    )


def seen(pytester: pytest.Pytester, result: pytest.RunResult) -> str:
    """All that was said and written in a session that played, and in which every test of the user's own failed."""
    assert result.ret == 1
    said = everything(pytester, result)
    assert "must tool-call-answered-once in vonz/tool-calls" in said and (pytester.path / "captures").is_dir()
    assert len(re.findall(r"^FAILED test_own", result.stdout.str(), re.MULTILINE)) == 5
    return said


@pytest.mark.parametrize("way", ["env", "file", "inherited"])
def test_a_token_is_nowhere(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch, way: str, tmp_path: Path
) -> None:
    given: tuple[str, ...] = ()
    if way == "env":
        monkeypatch.setenv("THE_TOKEN", TOKEN)
        given = ("--wirecheck-secret", "token=env:THE_TOKEN")
    elif way == "file":
        given = ("--wirecheck-secret", f"token=file:{written(tmp_path, TOKEN)}")
    else:
        monkeypatch.setenv("WIRECHECK_TOKEN", TOKEN)
    # The server knows the token, and so lets nobody in who does not send it.
    with serving(VONZ, variables={"token": TOKEN}, mutant="tool-call-answered-once:missing") as served:
        result = session(pytester, served.url, *given)
    assert leaks(seen(pytester, result)) == []


def test_workers_keep_what_they_are_told_in_any_way(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """A secret from the environment, one that is inherited, and one from a file: each worker reads them for itself."""
    monkeypatch.setenv("THE_TOKEN", TOKEN)
    monkeypatch.setenv("WIRECHECK_COOKIE", COOKIE)
    secrets = ("--wirecheck-secret", "token=env:THE_TOKEN")
    header = ("--wirecheck-header", f"X-Something=file:{written(tmp_path, OTHERS['header'])}")
    way = ("--wirecheck-scenario", "accepted-credential-cookie", "-n", "2")
    knows = {"token": TOKEN, "cookie": COOKIE}
    with serving(VONZ, variables=knows, mutant="tool-call-answered-once:missing") as served:
        result = session(pytester, served.url, *secrets, *header, *way)
    said = seen(pytester, result)
    assert re.search(r"PASSED \S+accepted-credential-cookie/session-ready-answers", said)
    assert leaks(said) == []


def written(folder: Path, secret: str) -> Path:
    """A file with a secret, outside of the session's own folder."""
    file = folder / "elsewhere" / "secret"
    file.parent.mkdir()
    file.write_text(f"{secret}\n", encoding="utf-8")
    return file


def test_what_a_server_repeats_is_nowhere(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each secret that it was sent comes back: in a frame, in a tag, in a close reason."""
    monkeypatch.setenv("THE_TOKEN", TOKEN)
    monkeypatch.setenv("THE_HEADER", OTHERS["header"])

    sent = [TOKEN, *(secret for name, secret in OTHERS.items() if name != "proxy")]

    def parrot(connection: ServerConnection) -> None:
        request = connection.request
        heard = f"{request.path} {dict(request.headers.raw_items())}"
        connection.recv()
        connection.send(
            '{"type": "error", "code": "X", "message": ' + repr(heard).replace('"', "'").replace("\\", "") + "}"
        )
        for secret in sent:
            connection.send('{"type": "' + secret + '", "text": "' + secret + '"}')
            connection.send('{"type": "turn.done", "session_id": "' + secret + '"}')
            connection.send(secret)
        connection.close(1000, TOKEN)

    with standing(parrot) as server:
        url = server.url.replace("ws://", f"ws://me:{OTHERS['user']}@") + f"/v1?thing={OTHERS['query']}"
        result = session(
            pytester,
            url,
            *("--wirecheck-secret", "token=env:THE_TOKEN"),
            *("--wirecheck-header", "X-Something=env:THE_HEADER"),
            *("--wirecheck-subprotocol", OTHERS["protocol"]),
        )
    assert result.ret == 1
    said = everything(pytester, result)
    assert "vonz/plain-turn" in said
    assert leaks(said) == []


@pytest.mark.parametrize(
    ("url", "workers"),
    [
        ("ws://me:{user}@127.0.0.1:1/v1?thing={query}", ()),
        ("ws://me:{user}@127.0.0.1:1/v1?thing={query}", ("-n", "2")),
        ("no-url://me:{user}@127.0.0.1:1", ()),
        ("ws://[me:{user}@:x/{query}", ()),
    ],
)
def test_refusals_repeat_none(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch, url: str, workers: tuple[str, ...]
) -> None:
    monkeypatch.setenv("WIRECHECK_TOKEN", TOKEN)
    result = session(pytester, url.format(**OTHERS), *workers, "--wirecheck-proxy", "")
    assert result.ret in (1, 4)
    assert leaks(everything(pytester, result)) == []
    own = pytester.runpytest(
        "test_own.py", *LOUD, "--wirecheck-url", url.format(**OTHERS), "--wirecheck-dialect", "vonz"
    )
    assert own.ret in (1, 4)
    assert leaks(everything(pytester, own)) == []


@pytest.mark.parametrize(
    "args",
    [
        ("--wirecheck-var", f"token={TOKEN}"),
        ("--wirecheck-secret", f"token={TOKEN}"),
        ("--wirecheck-secret", TOKEN),
        ("--wirecheck-header", f"X-Y={TOKEN}\n"),
        ("--wirecheck-header", TOKEN),
        ("--wirecheck-proxy", f"me:{TOKEN}@[x"),
    ],
)
def test_mistakes_in_options_repeat_none(pytester: pytest.Pytester, args: tuple[str, str]) -> None:
    target = ("--wirecheck-url", "ws://127.0.0.1:1", "--wirecheck-dialect", "vonz")
    result = pytester.runpytest("--pyargs", "wirecheck.suite", *LOUD, *target, *args)
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    assert leaks(everything(pytester, result)) == []
