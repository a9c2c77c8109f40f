"""Socket.IO as a transport: the same conversations, inside its events."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from miniatures import (
    TLS,
    Peer,
    answers,
    listening,
    porch,
    porch_file,
    speaks_gibberish,
    standing,
    started,
    tls_context,
)
from wirecheck.cli import cli
from wirecheck.drive import Limits, Outcome, Target, play_in_thread, reachable
from wirecheck.errors import TargetError, UsageError
from wirecheck.record import Closed, Message, Opened

socketio = pytest.importorskip("socketio")
web = pytest.importorskip("aiohttp.web")

SECRET = "hush-hush-4711"


class Server:
    """A Socket.IO server for one dialect's worth of words. `heard` is what came, `environments` the handshakes."""

    def __init__(self, *, mood: str = "", secure: bool = False) -> None:
        self.mood = mood
        self.secure = secure
        self.heard: list[Any] = []
        self.environments: list[dict[str, Any]] = []
        self.port = 0
        self._quiet = logging.Logger("quiet", level=logging.CRITICAL + 1)

    async def start(self) -> Server:
        self.io = socketio.AsyncServer(async_mode="aiohttp", logger=self._quiet, engineio_logger=self._quiet)
        self.io.on("connect", self._connected)
        self.io.on("message", self._told)
        app = web.Application()
        self.io.attach(app)
        self.runner = web.AppRunner(app, access_log=None)
        await self.runner.setup()
        site = web.TCPSite(self.runner, "127.0.0.1", 0, ssl_context=tls_context() if self.secure else None)
        await site.start()
        self.port = self.runner.addresses[0][1]
        return self

    @property
    def url(self) -> str:
        return f"{'wss' if self.secure else 'ws'}://127.0.0.1:{self.port}"

    def close(self) -> None:
        self.closing = asyncio.ensure_future(self.runner.cleanup())

    async def wait_closed(self) -> None:
        await self.closing

    async def _connected(self, sid: str, environment: dict[str, Any]) -> None:
        self.environments.append(environment)
        if self.mood == "floods":
            for _ in range(200):
                await self._say(sid, {"type": "note", "text": "again"})

    async def _told(self, sid: str, data: Any) -> None:
        self.heard.append(data)
        match json.loads(data):
            case {"type": "hello"} if self.mood == "leaves":
                await self.io.disconnect(sid)
            case {"type": "hello"} if self.mood == "verbose":
                await self._say(sid, {"type": "note", "text": "x" * 20_000_000})
            case {"type": "hello"}:
                ready = {"type": "ready", "session": "s"}
                await self.io.emit("message", ready if self.mood == "objects" else json.dumps(ready), to=sid)
            case {"type": "ask"}:
                await self._say(sid, {"type": "text", "session": "s", "text": "Dry."})
                await self._say(sid, {"type": "done", "session": "s"})

    async def _say(self, sid: str, frame: dict[str, Any]) -> None:
        await self.io.emit("message", json.dumps(frame), to=sid)


@contextmanager
def speaking(**options: Any) -> Iterator[Server]:
    with started(Server(**options).start) as server:
        yield server


def played(server: Server, steps: str | None = None, limits: Limits | None = None, **options: Any) -> Outcome:
    dialect = porch() if steps is None else porch(f"  turn:\n    says: S.\n    steps: [{steps}]\n")
    target = Target(url=server.url, dialect=dialect, transport="socketio", **options)
    return play_in_thread(dialect.scenarios["turn"], target, limits)


def ends(outcome: Outcome) -> list[tuple[int | None, str | None]]:
    assert outcome.records is not None
    return [(one.code, one.sender) for one in outcome.records.records() if isinstance(one, Closed)]


@pytest.fixture(autouse=True)
def _spools_are_ours(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))


@pytest.mark.parametrize("mood", ["", "objects"])
def test_a_whole_turn(mood: str) -> None:
    with speaking(mood=mood) as server:
        outcome = played(server, variables={"token": SECRET}, subprotocols=("chat",))
    assert (outcome.ended, outcome.heard, outcome.report.findings) == ("", 3, ())
    assert [json.loads(one)["type"] for one in server.heard] == ["hello", "ask"]
    assert server.environments[0]["HTTP_SEC_WEBSOCKET_PROTOCOL"] == f"chat,Bearer.{SECRET}"
    assert outcome.records is not None
    found = list(outcome.records.records())
    assert SECRET not in repr(found)
    assert [type(one) for one in found] == [Opened, *[Message] * 5, Closed]
    assert ends(outcome) == [(1000, "client")]


def test_the_path_and_the_query_are_the_users() -> None:
    with speaking() as server:
        target = Target(
            url=f"{server.url}/socket.io/?x=1", dialect=porch(), transport="socketio", headers={"X-Trace": "7"}
        )
        asyncio.run(reachable(target))
    assert "x=1" in server.environments[0]["QUERY_STRING"]
    assert server.environments[0]["HTTP_X_TRACE"] == "7"


def test_ends_are_told_apart() -> None:
    with speaking(mood="leaves") as server:
        left = played(server, "{connect: a}, {send: hello}, {until: ready}")
        assert left.ended == "waited for ready, and the server closed the connection (code 1000)"
        assert ends(left) == [(1000, "server")]
    with speaking() as server:
        dropped = played(server, "{connect: a}, {send: hello}, {until: ready}, {drop: a}, {connect: b}, {send: hello}")
        assert (dropped.ended, ends(dropped)) == ("", [(1006, "client"), (1000, "client")])


def test_silence_of_a_server_that_lives_is_told_from_that_of_a_dead_one() -> None:
    with speaking() as server:
        outcome = played(server, "{connect: a}, {send: hello}, {until: done, within: 0.2}")
    assert outcome.ended == "waited 0.2 s for done, and nothing of the kind came"


def test_floods_and_giants_end_the_scenario() -> None:
    with speaking(mood="floods") as server:
        outcome = played(server, "{connect: a}, {until: done}", Limits(max_frames=100))
    assert outcome.ended == "the server sent more than 100 messages, which is where a scenario ends"
    with speaking(mood="verbose") as server:
        outcome = played(server, "{connect: a}, {send: hello}, {until: note}")
    assert outcome.ended == (
        "waited for note, and the server sent a message of more than 16,777,216 bytes, so the connection was closed"
    )


def test_tls() -> None:
    with speaking(secure=True) as server:
        assert played(server, ca=TLS / "localhost.pem").ended == ""
        assert played(server, insecure=True).ended == ""
        assert "its certificate is not trusted" in played(server).refused


@pytest.mark.parametrize(
    ("start", "says"),
    [
        (lambda: standing(answers, status=401), "the connection was refused with HTTP 401; give a token"),
        (lambda: standing(answers), "no Socket.IO server answered within 1 s; look at the URL and --transport"),
        (lambda: listening(speaks_gibberish), "it does not answer as a Socket.IO server does"),
    ],
    ids=["401", "WebSocket alone", "gibberish"],
)
def test_there_is_no_such_server(start: Callable[[], Any], says: str) -> None:
    with start() as peer:
        assert isinstance(peer, Peer)
        target = Target(url=peer.url, dialect=porch(), transport="socketio")
        with pytest.raises(TargetError) as raised:
            asyncio.run(reachable(target, 0, Limits(open_timeout=1.0)))
    assert says in str(raised.value)


def test_nobody_is_there() -> None:
    with standing(answers) as peer:
        gone = peer.url
    with pytest.raises(TargetError, match="nobody listens there"):
        asyncio.run(reachable(Target(url=gone, dialect=porch(), transport="socketio")))


def test_the_command_speaks_it(tmp_path: Path) -> None:
    with speaking() as server:
        args = ["test", server.url, "--catalog", str(porch_file(tmp_path)), "--transport", "socketio"]
        result = CliRunner().invoke(cli, args, catch_exceptions=False)
    assert (result.exit_code, result.stdout.splitlines()[-1]) == (0, "5 of 5 cases held, in 1 scenario")


def test_without_the_extra_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    import sys

    monkeypatch.setitem(sys.modules, "socketio", None)
    monkeypatch.delitem(sys.modules, "wirecheck.drive.socketio", raising=False)
    with pytest.raises(UsageError, match=r"Socket.IO needs the package socketio; install wirecheck\[socketio\]"):
        asyncio.run(reachable(Target(url="ws://127.0.0.1:1", dialect=porch(), transport="socketio")))
