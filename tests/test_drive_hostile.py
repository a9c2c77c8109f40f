"""Servers that do everything wrong: each conversation with one ends, with the right code and one clear sentence."""

from __future__ import annotations

import re
from collections.abc import Callable
from contextlib import AbstractContextManager
from functools import partial
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

import miniatures
from miniatures import Peer, listening, porch, porch_file, standing
from wirecheck.cli import cli
from wirecheck.drive import Limits, Target, play_in_thread

SHORT = ("--timeout", "0.3")


def attempt(peer: Peer | str, folder: Path, *options: str) -> Result:
    url = peer if isinstance(peer, str) else peer.url
    args = ["test", url, "--catalog", str(porch_file(folder)), "--captures", str(folder / "captures"), *options]
    return CliRunner().invoke(cli, args, catch_exceptions=False)


def sentence(result: Result, peer: Peer | str) -> str:
    """What is said on standard error, without the address."""
    url = peer if isinstance(peer, str) else peer.url
    return result.stderr.replace(url, "URL")


UNREACHABLE: list[tuple[str, Callable[[], AbstractContextManager[Peer]], tuple[str, ...], str]] = [
    (
        "never-answers",
        partial(listening, miniatures.says_nothing),
        ("--patience", "0.02"),
        "no answer to the handshake within 0.2 s; is it a WebSocket server, and is it up?",
    ),
    (
        "http-only",
        partial(listening, miniatures.speaks_http),
        (),
        "it speaks HTTP, and did not take the connection for a WebSocket; look at the URL's path",
    ),
    (
        "gibberish",
        partial(listening, miniatures.speaks_gibberish),
        (),
        "its answer cannot be read as HTTP/1.1 (invalid HTTP status line: \\u0000\\xff\\u0013SSH-2.0-nonsense); is it "
        "a WebSocket server? look at the host and the port",
    ),
    (
        "http-1.0",
        partial(listening, miniatures.speaks_old_http),
        (),
        "its answer cannot be read as HTTP/1.1 (unsupported protocol; expected HTTP/1.1: HTTP/1.0 503 Not Yet); is it "
        "a WebSocket server? look at the host and the port",
    ),
    (
        "hangs-up",
        partial(listening, miniatures.hangs_up),
        (),
        "it ended the connection before the handshake was done; is it a WebSocket server?",
    ),
    (
        "proves-nothing",
        partial(listening, miniatures.proves_nothing),
        (),
        "the answer to the handshake is not a WebSocket server's: invalid Sec-WebSocket-Accept header: "
        "AAAAAAAAAAAAAAAAAAAAAAAAAAA=; look at the URL",
    ),
    (
        "401",
        partial(standing, miniatures.answers, status=401),
        (),
        "the connection was refused with HTTP 401; give a token that it accepts (--secret NAME=env:VAR)",
    ),
    (
        "403",
        partial(standing, miniatures.answers, status=403),
        (),
        "the connection was refused with HTTP 403; give a token that it accepts (--secret NAME=env:VAR), or ask "
        "whoever runs it for access",
    ),
    (
        "404",
        partial(standing, miniatures.answers, status=404),
        (),
        "the connection was refused with HTTP 404; look at the URL's path",
    ),
    (
        "503",
        partial(standing, miniatures.answers, status=503),
        (),
        "the connection was refused with HTTP 503; it is not ready, or wants to be left alone; try again later, or "
        "wait for it with --wait SECONDS",
    ),
    (
        "tls",
        partial(standing, miniatures.answers, secure=True),
        (),
        "its certificate is not trusted (self-signed certificate); name the authority's file with --ca, or look at the "
        "host",
    ),
]


@pytest.mark.parametrize(("name", "start", "options", "says"), UNREACHABLE, ids=[each[0] for each in UNREACHABLE])
def test_no_server(
    name: str,
    start: Callable[[], AbstractContextManager[Peer]],
    options: tuple[str, ...],
    says: str,
    tmp_path: Path,
) -> None:
    with start() as peer:
        result = attempt(peer, tmp_path, *options)
    assert (result.exit_code, result.stdout, sentence(result, peer)) == (4, "", f"wirecheck: URL: {says}\n")
    assert not (tmp_path / "captures").exists()


def test_nobody_there(tmp_path: Path) -> None:
    with standing(miniatures.answers) as peer:
        gone = peer.url
    result = attempt(gone, tmp_path, "--wait", "0.3")
    assert (result.exit_code, result.stdout) == (4, "")
    assert sentence(result, gone) == "wirecheck: URL: nobody listens there (connection refused); start the server\n"


def test_no_such_host(tmp_path: Path) -> None:
    result = attempt("ws://no-such-host.invalid:1", tmp_path)
    assert (result.exit_code, result.stdout) == (4, "")
    assert "the host's name cannot be resolved; look at the URL\n" in result.stderr


@pytest.mark.parametrize("url", ["ws://127.0.0.1:99999", "ws://127.0.0.1:x", "ws://[::1"])
def test_what_looks_like_an_address(url: str, tmp_path: Path) -> None:
    result = attempt(url, tmp_path)
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr.startswith("wirecheck: ") and "Traceback" not in result.stderr


def test_tls_is_asked_of_a_server_that_has_none(tmp_path: Path) -> None:
    with listening(miniatures.speaks_gibberish) as peer:
        result = attempt(peer.url.replace("ws:", "wss:"), tmp_path)
    assert result.exit_code == 4
    assert result.stderr.endswith("; if the server does not speak TLS, write ws:// in place of wss://\n")


CLOSED = "the server closed the connection (code 1001)"
BROKE = "the connection broke without a close frame"
HOSTILE: list[tuple[str, Callable[[], AbstractContextManager[Peer]], tuple[str, ...], str]] = [
    (
        "mute",
        partial(listening, miniatures.is_mute),
        SHORT,
        "waited 0.3 s for ready, and the server did not answer a ping either",
    ),
    (
        "closes",
        partial(standing, miniatures.leaves),
        (),
        CLOSED,
    ),
    (
        "breaks-off",
        partial(listening, miniatures.breaks_off),
        (),
        BROKE,
    ),
    (
        "breaks-the-protocol",
        partial(listening, miniatures.breaks_the_protocol),
        (),
        "what the server sent was not WebSocket (ProtocolError), so the connection was closed",
    ),
    (
        "drips",
        partial(listening, miniatures.drips),
        SHORT,
        "waited 0.3 s for ready, and the server did not answer a ping either",
    ),
    (
        "verbose",
        partial(standing, miniatures.is_verbose),
        (),
        "the server sent a message of more than 16,777,216 bytes, so the connection was closed",
    ),
    (
        "floods",
        partial(listening, miniatures.floods),
        (),
        "the server sent more than 100,000 messages, which is where a scenario ends",
    ),
]


@pytest.mark.no_cover
@pytest.mark.parametrize(("name", "start", "options", "says"), HOSTILE, ids=[each[0] for each in HOSTILE])
def test_a_server_that_is_no_partner(
    name: str,
    start: Callable[[], AbstractContextManager[Peer]],
    options: tuple[str, ...],
    says: str,
    tmp_path: Path,
) -> None:
    with start() as peer:
        result = attempt(peer, tmp_path, *options)
    assert result.exit_code == 1
    assert says in result.stderr
    assert re.search(rf"^wirecheck: nothing held at all, so the run fails: .*{re.escape(says)}$", result.stderr, re.M)
    assert "Traceback" not in result.output
    assert [path.name for path in (tmp_path / "captures").iterdir()] == ["porch.turn.jsonl"]


def test_silence_where_something_is_promised_is_a_finding(tmp_path: Path) -> None:
    with standing(miniatures.listens) as peer:
        result = attempt(peer, tmp_path, "--timeout", "2")
    assert result.exit_code == 1
    assert "waited 2 s for ready, and nothing of the kind came" in result.stderr
    assert "broken: porch/turn/session-ready-answers (must)" in result.stdout
    capture = (tmp_path / "captures" / "porch.turn.jsonl").read_text(encoding="utf-8")
    assert '"kind":"trial","guarantee":"session-ready-answers","outcome":"expired","seconds":2.0' in capture


def test_a_flood_is_kept_in_bounds(tmp_path: Path) -> None:
    dialect = porch()
    with listening(miniatures.floods) as peer:
        target = Target(url=peer.url, dialect=dialect)
        few = play_in_thread(dialect.scenarios["turn"], target, Limits(max_frames=1_000))
        small = play_in_thread(dialect.scenarios["turn"], target, Limits(max_bytes=10_000))
    assert few.ended == "the server sent more than 1,000 messages, which is where a scenario ends"
    assert small.ended == "the server sent more than 10,000 bytes, which is where a scenario ends"
    assert few.records is not None and small.records is not None
    # What was opened, what was asked, what was taken in, and the end.
    small.records.save(tmp_path / "small.jsonl")
    assert len(list(few.records.records())) == 1_000 + 3
    assert (tmp_path / "small.jsonl").stat().st_size < 40_000


def test_a_flood_is_not_asked_for_again(tmp_path: Path) -> None:
    dialect = porch()
    with listening(miniatures.floods) as peer:
        target = Target(url=peer.url, dialect=dialect)
        outcome = play_in_thread(dialect.scenarios["turn"], target, Limits(max_frames=10), attempts=5)
    assert outcome.attempts == 1


@pytest.mark.parametrize("wait", ["0", "5"])
def test_what_does_not_change_by_waiting_is_not_waited_for(wait: str, tmp_path: Path) -> None:
    with standing(miniatures.answers, status=401) as peer:
        assert attempt(peer, tmp_path, "--wait", wait).exit_code == 4
    assert len(peer.asked) == 1
