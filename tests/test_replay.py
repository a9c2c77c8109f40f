"""A recorded server played again: what clients get from it, and what is said about them."""

from __future__ import annotations

import asyncio
import json
import re
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.asyncio.server import ServerConnection, serve
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect as connect_now

from wirecheck.catalog import load
from wirecheck.cli import cli
from wirecheck.errors import CaptureError, UsageError
from wirecheck.serve import playback, recorded, replay
from wirecheck.serve.proxy import Proxy
from wirecheck.serve.recorded import differences
from wirecheck.serve.replay import ReplayServer
from wirecheck.serve.tape import Tape
from wirecheck.serve.upstream import upstream

pytestmark = pytest.mark.asyncio

ROOT = Path(__file__).parent.parent
LONG = 120.0
VONZ = load("vonz")
START = {"type": "session.start", "profile_id": "prof_1"}
READY = {
    "type": "session.ready",
    "session_id": "sess_1",
    "container_id": "c",
    "container_name": "n",
    "profile_id": "prof_1",
}
TURN = {"type": "session.turn", "session_id": "sess_1", "prompt": "hello?"}
TOKEN = {"type": "task:token", "session_id": "sess_1", "text": "hi"}
DONE = {
    "type": "turn.done",
    "session_id": "sess_1",
    "result_text": "hi",
    "input_tokens": 1,
    "output_tokens": 1,
    "cost_usd": 0.1,
}


def opened(conn: str = "1", target: str = "/v1/stream", **more: Any) -> dict[str, Any]:
    return {"conn": conn, "kind": "open", "url": f"ws://h{target}", "sees": ["client", "server"], "at": "proxy", **more}


def said(sender: str, *frames: Any, conn: str = "1") -> list[dict[str, Any]]:
    return [
        {"conn": conn, "from": sender, "text": frame if isinstance(frame, str) else json.dumps(frame)}
        for frame in frames
    ]


def closed(code: int | None, sender: str | None, conn: str = "1") -> dict[str, Any]:
    members = {"conn": conn, "kind": "close", "code": code, "from": sender}
    return {name: value for name, value in members.items() if value is not None}


PLAIN = [
    opened(),
    *said("client", START),
    *said("server", READY),
    *said("client", TURN),
    *said("server", TOKEN, DONE),
    closed(1000, "client"),
]


@pytest.fixture
def capture(tmp_path: Path) -> Path:
    return tmp_path / "capture.jsonl"


def write(path: Path, *records: Any) -> Path:
    path.write_text("".join(json.dumps(record) + "\n" for record in records))
    return path


@asynccontextmanager
async def replayed(path: Path, *records: Any, **options: Any) -> AsyncIterator[ReplayServer]:
    if records:
        write(path, *records)
    options.setdefault("dialect", VONZ)
    async with asyncio.timeout(LONG), ReplayServer(path, **options) as server:
        yield server


async def say(client: ClientConnection, *frames: Any) -> None:
    for frame in frames:
        await client.send(frame if isinstance(frame, str | bytes) else json.dumps(frame))


async def hear(client: ClientConnection, count: int) -> list[Any]:
    return [json.loads(await client.recv()) for _ in range(count)]


async def rest(client: ClientConnection) -> tuple[list[str | bytes], int | None]:
    """All that still comes, and the code of the end: None where there is no close frame."""
    found: list[str | bytes] = []
    try:
        while True:
            found.append(await client.recv())
    except ConnectionClosed as error:
        return found, None if error.rcvd is None else error.rcvd.code


def broken(server: ReplayServer) -> list[tuple[str, str | None]]:
    return [(group.first.code, group.first.frame) for group in server.report().findings]


async def test_a_client_that_does_what_was_recorded_gets_what_was_recorded(capture: Path) -> None:
    async with replayed(capture, *PLAIN) as server, connect(server.url, proxy=None) as client:
        assert server.url.endswith("/v1/stream")
        await say(client, START)
        assert await hear(client, 1) == [READY]
        await say(client, TURN)
        assert await hear(client, 2) == [TOKEN, DONE]
        await client.close()
    assert server.remarks == []
    assert broken(server) == []
    assert (server.report().frames, server.report().connections) == (5, 1)


async def test_the_same_is_played_again_and_again(capture: Path) -> None:
    async with replayed(capture, *PLAIN) as server:
        for _ in range(3):
            async with connect(server.url, proxy=None) as client:
                await say(client, START)
                assert await hear(client, 1) == [READY]
                await say(client, TURN)
                assert await hear(client, 2) == [TOKEN, DONE]
    assert server.remarks == []


ODD = [
    '{"type":  "task:token",\t"text": "\u2028\U0001f388"}',
    b"\x00\xff",
    "",
    b"",
    "no JSON",
    '{"a": "\\ud800"}',
    "x" * 300_000,
]


async def test_what_was_recorded_comes_to_the_byte(capture: Path) -> None:
    """Recorded from a server by the proxy, and played: nobody could tell them apart."""

    async def talk(socket: ServerConnection) -> None:
        await socket.send(json.dumps(READY))
        await socket.recv()
        for message in ODD:
            await socket.send(message)
        await socket.close(4001)

    class Kept:
        def __init__(self) -> None:
            self.tape = Tape(capture)
            self.tape.open()

        def note(self, record: Any, secrets: frozenset[str]) -> None:
            self.tape.write(record, secrets)

        def say(self, sentence: str, secrets: frozenset[str]) -> None:
            raise AssertionError(sentence)

    async def visit(url: str) -> Any:
        async with connect(url + "/v1/stream?x=1", proxy=None) as client:
            first = await client.recv()
            await say(client, START)
            return first, await rest(client)

    kept = Kept()
    async with asyncio.timeout(LONG), serve(talk, "127.0.0.1", 0) as listening:
        port = listening.sockets[0].getsockname()[1]
        async with Proxy(upstream(f"ws://127.0.0.1:{port}"), log=kept) as proxy:
            live = await visit(proxy.url)
        kept.tape.close()
    async with replayed(capture) as server:
        assert await visit(server.base) == live == (json.dumps(READY), (ODD, 4001))
    assert server.remarks == []


async def test_messages_of_hand_written_captures(capture: Path) -> None:
    records = [
        opened(),
        {"conn": "1", "from": "server", "json": {"b": [1, 2.5, None, "é"], "a": {}}},
        {"conn": "1", "from": "server", "text": '"half a pair: \ud83c"'},
        closed(1000, "server"),
    ]
    async with replayed(capture, *records) as server, connect(server.url, proxy=None) as client:
        assert await client.recv() == '{"b":[1,2.5,null,"é"],"a":{}}'
        assert await client.recv(decode=False) == b'"half a pair: \xed\xa0\xbc"'
        assert await rest(client) == ([], 1000)


@pytest.mark.parametrize(
    ("code", "sender", "seen"),
    [
        (1000, "server", 1000),
        (1011, "server", 1011),
        (4001, "server", 4001),
        (4001, None, 4001),
        (1005, "server", 1005),
        (None, None, 1005),
        (1006, "server", None),
        (1006, None, None),
        (1004, "server", None),
        (1015, "server", None),
        (7, "server", None),
    ],
)
async def test_the_connection_ends_as_it_ended(
    capture: Path, code: int | None, sender: str | None, seen: int | None
) -> None:
    records = [opened(), *said("server", READY), closed(code, sender)]
    async with replayed(capture, *records) as server, connect(server.url, proxy=None) as client:
        found, end = await rest(client)
    assert (list(map(json.loads, found)), end) == ([READY], seen)  # type: ignore[arg-type]


@pytest.mark.parametrize("end", [[closed(1000, "client")], []], ids=["left", "cut"])
async def test_a_client_that_left_is_waited_for_and_then_let_go(capture: Path, end: list[Any]) -> None:
    records = [opened(), *said("server", READY), *end]
    async with replayed(capture, *records, patience=0.1) as server:
        async with connect(server.url, proxy=None) as client:
            assert await hear(client, 1) == [READY]
            assert await rest(client) == ([], 1000)
        async with connect(server.url, proxy=None) as client:
            assert await hear(client, 1) == [READY]
            await client.close(4999)
            assert client.close_code == 4999
    assert server.remarks == ["connection c1: the client did not leave as it did when it was recorded"] * len(end)


TOLD = [
    *(opened("1", "/v1/stream?s=1"), *said("server", "first", conn="1"), closed(1000, "server", "1")),
    *(opened("2", "/v1/stream?s=2"), *said("server", "second", conn="2"), closed(1000, "server", "2")),
    *(opened("3", "/v1/other"), *said("server", "third", conn="3"), closed(1000, "server", "3")),
    *(opened("1", "/v1/stream?s=1"), *said("server", "fourth", conn="1"), closed(1000, "server", "1")),
]


@pytest.mark.parametrize(
    ("targets", "heard"),
    [
        (["/v1/stream?s=1"] * 3, ["first", "fourth", "first"]),
        (["/v1/stream?s=2"] * 2, ["second", "second"]),
        (["/v1/stream?s=new"] * 5, ["first", "second", "fourth", "first", "second"]),
        (["/v1/other?x=1", "/v1/other"], ["third", "third"]),
        (["/nowhere"] * 5, ["first", "second", "third", "fourth", "first"]),
        (["/v1/stream?s=2", "/v1/stream", "/v1/stream"], ["second", "first", "fourth"]),
    ],
)
async def test_which_recorded_connection_a_client_gets(capture: Path, targets: list[str], heard: list[str]) -> None:
    found: list[Any] = []
    async with replayed(capture, *TOLD) as server:
        for target in targets:
            async with connect(server.base + target, proxy=None) as client:
                found.append(await client.recv())
    assert found == heard


async def test_what_comes_after_a_close_is_another_connection(capture: Path) -> None:
    records = [*said("server", "one"), closed(1000, "server"), *said("server", "two"), closed(4001, "server")]
    async with replayed(capture, *records) as server:
        for text, code in (("one", 1000), ("two", 4001)):
            async with connect(server.url, proxy=None) as client:
                assert await rest(client) == ([text], code)


async def test_a_capture_whose_opening_was_not_recorded(capture: Path) -> None:
    async with replayed(capture, *said("server", READY)) as server:
        assert server.url == server.base
        async with connect(server.base + "/anything", proxy=None) as client:
            assert await hear(client, 1) == [READY]


async def test_other_values_are_remarked_on_and_the_play_goes_on(capture: Path) -> None:
    async with replayed(capture, *PLAIN) as server, connect(server.url, proxy=None) as client:
        await say(client, {"type": "session.start", "profile_id": "mine", "more": 1})
        assert await hear(client, 1) == [READY]
        await say(client, {**TURN, "prompt": "other"})
        assert await hear(client, 2) == [TOKEN, DONE]
        await client.close()
    assert server.remarks == [
        "connection c1: its session.start differs from line 2 at /profile_id, /more",
        "connection c1: its session.turn differs from line 4 at /prompt",
    ]
    assert broken(server) == []


@pytest.mark.parametrize(
    ("was", "now", "where"),
    [
        ({"a": 1}, {"a": 1}, ""),
        ({"a": 1}, {"a": 2}, "/a"),
        ({"a": {"b/c": [1, 2]}}, {"a": {"b/c": [1, 3]}}, "/a/b~1c/1"),
        ({"a": [1]}, {"a": [1, 2]}, "/a"),
        ({"a": 1}, {"b": 1}, "/a, /b"),
        ({"a": "[redacted]", "b": "Bearer [redacted]"}, {"a": "x", "b": 1}, ""),
        ([1], {"a": 1}, "its whole"),
        ({str(n): 0 for n in range(9)}, {}, "/0, /1, /2, /3, /4 and elsewhere"),
    ],
)
async def test_where_a_message_differs(was: Any, now: Any, where: str) -> None:
    assert differences(was, now) == where


async def test_what_does_not_come_is_not_waited_for_for_ever(capture: Path) -> None:
    records = [
        opened(),
        *said("client", START),
        *said("server", READY),
        *said("client", TURN),
        *said("server", TOKEN),
        *said("client", {"type": "task.cancel", "task_id": "t"}),
        *said("server", DONE),
        closed(1000, "server"),
    ]
    async with replayed(capture, *records, patience=0.1) as server, connect(server.url, proxy=None) as client:
        assert await rest(client) == ([json.dumps(frame) for frame in (READY, TOKEN, DONE)], 1000)
    assert server.remarks == [
        "connection c1: no session.start came within 0.1 s (line 2); the play goes on without it",
        "connection c1: no session.turn came (line 4); the play goes on without it",
        "connection c1: no task.cancel came (line 6); the play goes on without it",
    ]


async def test_what_comes_early_is_taken_in_its_place_and_what_was_not_recorded_is_counted(capture: Path) -> None:
    async with replayed(capture, *PLAIN) as server, connect(server.url, proxy=None) as client:
        await say(client, TURN, "nonsense", {"type": "task.cancel", "task_id": "t"}, [], {}, TURN, START)
        assert await hear(client, 3) == [READY, TOKEN, DONE]
        await client.close()
    (remark,) = server.remarks
    assert remark.startswith("connection c1: the client said more than was recorded: ")
    listed = remark.rpartition(": ")[2].split(", ")
    assert sorted(listed) == [
        "1 a frame without a tag",
        "1 a message that is no JSON",
        "1 a message that is no object",
        "1 session.turn",
        "1 task.cancel",
    ]


async def test_of_very_many_messages_the_oldest_are_not_kept(capture: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(playback, "_UNREAD", 2)
    async with replayed(capture, *PLAIN, patience=1.0) as server, connect(server.url, proxy=None) as client:
        await say(client, TURN, {"type": "x"}, {"type": "x"}, START)
        assert await hear(client, 1) == [READY]
        assert await hear(client, 2) == [TOKEN, DONE]
        await client.close()
    assert [remark.partition(" (")[0] for remark in server.remarks] == [
        "connection c1: no session.turn came within 1 s",
        "connection c1: the client said more than was recorded: 2 x, 1 session.turn",
    ]


async def test_of_very_many_remarks_the_first_are_kept(capture: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(replay, "REMARKS_KEPT", 1)
    async with replayed(capture, *PLAIN, patience=0.1) as server, connect(server.url, proxy=None) as client:
        assert await hear(client, 3) == [READY, TOKEN, DONE]
    assert [remark.partition(" came")[0] for remark in server.remarks] == ["connection c1: no session.start"]


async def test_a_client_that_leaves_early(capture: Path) -> None:
    async with replayed(capture, *PLAIN) as server:
        async with connect(server.url, proxy=None) as client:
            await say(client, START)
            assert await hear(client, 1) == [READY]
        async with connect(server.url, proxy=None) as client:
            await say(client, START)
            assert await hear(client, 1) == [READY]
            client.transport.abort()
    assert server.remarks == [
        f"connection {conn}: the client left at line 4 of the recording; 2 messages were not sent"
        for conn in ("c1", "c2")
    ]


async def test_the_client_is_judged_and_the_recorded_server_is_not(capture: Path) -> None:
    lacking = {"type": "task:token", "session_id": "sess_1"}
    records = [opened(), *said("client", START), *said("server", lacking, "no JSON"), closed(1000, "server")]
    async with replayed(capture, *records) as server, connect(server.url, proxy=None) as client:
        await say(client, {"type": "session.start", "profile_id": 7})
        assert len((await rest(client))[0]) == 2
    assert broken(server) == [("schema", "session.start")]
    section = server.section()
    assert [shown.who for shown in section.evidence["clients", 2, "c1"]] == ["open", "client"]
    assert {result.side for result in section.report.guarantees if result.verdict != "not_applicable"} <= {"client"}


async def test_what_a_client_does_is_judged_when_it_does_it(capture: Path) -> None:
    """The next prompt came while the turn was under way, though the play was at another place."""
    amigo = load("amigo")
    started = {"type": "session_started", "session_id": "s", "conversation_id": "c"}
    answer = {"type": "message", "role": "agent", "text": "hello"}
    complete = {"type": "response_complete"}
    records = [
        opened(target="/text"),
        *said("server", started),
        *said("client", {"text": "one"}),
        *said("server", answer),
        *said("server", complete),
        *said("client", {"text": "two"}),
        *said("server", answer, complete),
        closed(1000, "client"),
    ]
    for hasty, found in ((True, ["next-prompt-waits"]), (False, [])):
        async with replayed(capture, *records, dialect=amigo) as server, connect(server.url, proxy=None) as client:
            assert await hear(client, 1) == [started]
            await say(client, {"text": "one"}, *([{"text": "two"}] if hasty else []))
            assert (await hear(client, 2))[0] == answer
            if not hasty:
                await say(client, {"text": "two"})
            assert await hear(client, 2) == [answer, complete]
            await client.close()
        assert [code for code, _ in broken(server)] == found


async def test_subprotocols(capture: Path) -> None:
    records = [opened(subprotocols=["Bearer.[redacted]", "chat.v1"]), closed(1000, "client")]
    chosen = []
    async with replayed(capture, *records) as server:
        for offered in (["Bearer.x", "chat.v1"], ["Bearer.x"], None):
            async with connect(server.url, proxy=None, subprotocols=offered) as client:
                chosen.append(client.subprotocol)
    assert chosen == ["chat.v1", "Bearer.x", None]


async def test_frames_inside_another_transport(capture: Path) -> None:
    packets = ['0{"sid":"s"}', "40"]
    records = [
        opened(target="/socket.io/?EIO=4"),
        *said("server", packets[0]),
        *said("client", "40"),
        *said("server", '40{"sid":"t"}'),
        *said("client", f'42["m",{json.dumps(START)}]'),
        *said("server", f'42["m",{json.dumps(READY)}]'),
        closed(1000, "client"),
    ]
    async with (
        replayed(capture, *records) as server,
        connect(server.base + "/socket.io/?EIO=4", proxy=None) as client,
    ):
        assert await client.recv() == packets[0]
        await client.send("40")
        assert await client.recv() == '40{"sid":"t"}'
        await client.send('42["m",{"type":"session.start","profile_id":7}]')
        assert json.loads((await client.recv())[2:]) == ["m", READY]
        await client.close()
    assert broken(server) == [("schema", "session.start")]


async def test_whose_traffic_it_is_is_told_from_the_capture() -> None:
    server = ReplayServer(ROOT / "fixtures/vonz/captures/rich-interleaved.jsonl")
    assert server.dialect.name == "vonz"
    assert len(server.connections) == len({id(one) for one in server.connections}) > 0


async def test_captures_that_cannot_be_played(capture: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(CaptureError, match="there is no such file"):
        ReplayServer(capture)
    with pytest.raises(UsageError, match="holds no connection that could be played; record one with"):
        ReplayServer(write(capture), dialect=VONZ)
    with pytest.raises(UsageError, match="none of its first 1 messages is of a known dialect; say whose"):
        ReplayServer(write(capture, *said("server", "hello")))
    write(capture, opened(), *said("server", "12345", "678"))
    for name in ("MESSAGES_MOST", "SIZE_MOST"):
        with monkeypatch.context() as patched:
            patched.setattr(recorded, name, 1 if name == "MESSAGES_MOST" else 7)
            with pytest.raises(UsageError, match="more than can be played again"):
                ReplayServer(capture, dialect=VONZ)
    assert len(ReplayServer(capture, dialect=VONZ).connections) == 1


async def test_a_line_that_is_no_record_is_remarked_on(capture: Path) -> None:
    write(capture, *PLAIN)
    capture.write_text(
        capture.read_text().replace('{"conn": "1", "from": "client"', '{"conn": "1", "from": "nobody"', 1)
    )
    told: list[str] = []
    server = ReplayServer(capture, dialect=VONZ, remark=told.append)
    assert server.remarks == told
    (remark,) = told
    assert remark.startswith(f"{capture}: line 2 is no record, and is not played: ")
    assert [message.sender for message in server.connections[0].said] == ["server", "client", "server", "server"]


async def test_a_place_that_is_taken(capture: Path) -> None:
    async with replayed(capture, *PLAIN) as server:
        port = int(server.base.rpartition(":")[2])
        with pytest.raises(UsageError, match=f"^cannot listen on 127.0.0.1:{port} "):
            await ReplayServer(capture, dialect=VONZ, port=port).start()
    with pytest.raises(UsageError, match="not listening yet"):
        _ = ReplayServer(capture, dialect=VONZ).url


async def test_stopping_tells_the_clients(capture: Path) -> None:
    async with replayed(capture, *PLAIN) as server, connect(server.url, proxy=None) as client:
        await say(client, START)
        assert await hear(client, 1) == [READY]
        await server.close()
        await server.close()
        assert await rest(client) == ([], 1001)


async def test_it_ends_without_waiting_for_handshakes(capture: Path) -> None:
    async with replayed(capture, *PLAIN) as server:
        port = int(server.base.rpartition(":")[2])
        reader, silent = await asyncio.open_connection("127.0.0.1", port)
        async with connect(server.url, proxy=None):  # so the one that came before it was let in
            pass
        async with asyncio.timeout(30):  # half of what a handshake may take
            await server.close()
        assert await reader.read() == b""
        silent.close()


async def test_secrets_of_a_client_are_not_repeated(capture: Path) -> None:
    secret = "0aeb7c1d-in-the-query"
    async with replayed(capture, *PLAIN) as server:
        async with connect(f"{server.url}?token={secret}", proxy=None) as client:
            await say(
                client, {"type": "session.start", "profile_id": 1, secret: 1}, {"type": secret}, f"no JSON {secret}"
            )
            assert await hear(client, 1) == [READY]
            await client.close()
        text = json.dumps(
            [server.remarks, [shown.text for each in server.section().evidence.values() for shown in each]]
        )
    assert "[redacted]" in text and secret[:12] not in text


def command(*args: str | Path) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "wirecheck", "serve", *map(str, args)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def talked(url: str, frames: Sequence[Any]) -> list[Any]:
    found = []
    with connect_now(url, proxy=None) as client:
        for frame, count in frames:
            client.send(json.dumps(frame))
            found += [json.loads(client.recv(timeout=LONG)) for _ in range(count)]
    return found


@pytest.mark.parametrize(("start", "code"), [(START, 0), ({**START, "profile_id": 7}, 1)], ids=["clean", "broken"])
async def test_the_command(capture: Path, start: Any, code: int) -> None:
    process = command("--replay", write(capture, *PLAIN), "--fail-on", "should")
    assert process.stderr is not None
    said_first = process.stderr.readline()
    (url,) = re.findall(r"^wirecheck: serving vonz at (ws://\S+)\n", said_first)
    assert talked(url, [(start, 1), (TURN, 2)]) == [READY, TOKEN, DONE]
    process.send_signal(signal.SIGTERM)
    out, err = process.communicate(timeout=LONG)
    assert process.returncode == code
    assert ("should schema  clients:2, session.start at /profile_id" in out) is bool(code)
    assert ("its session.start differs from line 2 at /profile_id\n" in err) is bool(code)


@pytest.mark.parametrize(
    "options",
    [
        ["--mutant", "x"],
        ["--list-mutants"],
        ["--latency", "1"],
        ["--unknown-frames"],
        ["--var", "a=b"],
        ["--secret", "a=env:B"],
    ],
)
async def test_options_that_are_for_scenarios(capture: Path, options: list[str]) -> None:
    from click.testing import CliRunner

    result = CliRunner().invoke(cli, ["serve", "--replay", str(write(capture, *PLAIN)), *options])
    assert result.exit_code == 2
    assert f"wirecheck: {options[0]} is for the scenarios of a dialect, and --replay plays a capture" in result.stderr


async def test_how_long_to_wait_is_for_replays(capture: Path) -> None:
    from click.testing import CliRunner

    result = CliRunner().invoke(cli, ["serve", "--dialect", "vonz", "--wait", "1"])
    assert (result.exit_code, result.stderr.startswith("wirecheck: --wait is for --replay: ")) == (2, True)
    process = command("--replay", write(capture, *PLAIN), "--wait", "0.1")
    assert process.stderr is not None
    (url,) = re.findall(r" at (ws://\S+)\n", process.stderr.readline())
    with connect_now(url, proxy=None) as client:
        assert [json.loads(client.recv(timeout=LONG)) for _ in range(3)] == [READY, TOKEN, DONE]
    process.send_signal(signal.SIGTERM)
    _, err = process.communicate(timeout=LONG)
    assert "connection c1: no session.start came within 0.1 s (line 2); the play goes on without it\n" in err
