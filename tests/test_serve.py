"""The reference server over real sockets: what clients get, and what is said of them."""

from __future__ import annotations

import asyncio
import json
import socket
from collections.abc import Mapping
from typing import Any

import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect as connect_in_thread

from playhouse import parlour
from wirecheck.catalog import Dialect, dialects, load
from wirecheck.check import Checker
from wirecheck.errors import UsageError
from wirecheck.record import At, Closed, Message, Opened, Record, Trial
from wirecheck.report import json as report_json
from wirecheck.report import text as report_text
from wirecheck.serve import ReferenceServer, serving
from wirecheck.serve.bell import Bell
from wirecheck.verdict import Report

pytestmark = pytest.mark.asyncio
LONG = 60
"""Seconds after which a test has failed that waits for what must come."""


def hall(server: ReferenceServer, query: str = "") -> str:
    return f"{server.base}/rooms/hall{query}"


async def read(client: ClientConnection, last: str) -> list[dict[str, Any]]:
    """The frames up to the first of type `last`."""
    found = []
    async with asyncio.timeout(LONG):
        while not found or found[-1]["type"] != last:
            found.append(json.loads(await client.recv()))
    return found


async def to_the_end(client: ClientConnection) -> tuple[list[dict[str, Any]], int | None]:
    """The frames until the connection ends, and the code that it ends with."""
    found = []
    async with asyncio.timeout(LONG):
        while True:
            try:
                found.append(json.loads(await client.recv()))
            except ConnectionClosed:
                return found, client.close_code


async def tell(client: ClientConnection, **message: Any) -> None:
    await client.send(json.dumps(message))


async def begin(client: ClientConnection) -> str:
    await tell(client, type="start")
    return (await read(client, "ready"))[-1]["session"]


def types(frames: list[dict[str, Any]]) -> list[str]:
    return [frame["type"] for frame in frames]


def counts(report: Report, guarantee: str) -> tuple[int, int, int]:
    (result,) = [one for one in report.guarantees if one.id == guarantee]
    return result.held, result.broken, result.undecided


def open_parlour(**options: Any) -> ReferenceServer:
    return ReferenceServer(parlour(door=False), **options)


# The handshake.


@pytest.mark.parametrize(
    ("query", "options"),
    [
        ("", {"subprotocols": ["Bearer.the-reference-token"]}),
        ("?token=the-reference-token", {}),
        ("", {"additional_headers": {"Cookie": "pass=the-reference-cookie"}}),
        ("", {"additional_headers": {"Authorization": "Bearer the-reference-token"}}),
    ],
    ids=["subprotocol", "query", "cookie", "header"],
)
async def test_a_good_credential_is_accepted_in_each_way(query: str, options: Mapping[str, Any]) -> None:
    async with ReferenceServer(parlour()) as server, connect(hall(server, query), **options) as client:
        assert client.subprotocol == (options.get("subprotocols") or [None])[0]
        assert (await begin(client)).startswith("sess_")


@pytest.mark.parametrize(
    ("query", "options", "code"),
    [
        ("", {"subprotocols": ["Bearer.wrong"]}, "UNKNOWN"),
        ("?token=wrong", {}, "UNKNOWN"),
        ("", {"additional_headers": {"Cookie": "pass=wrong"}}, "UNKNOWN"),
        ("", {"additional_headers": {"Authorization": "Bearer wrong"}}, "UNKNOWN"),
        ("", {}, "NOBODY"),
    ],
    ids=["subprotocol", "query", "cookie", "header", "missing"],
)
async def test_a_bad_one_is_refused_as_the_document_says(query: str, options: Mapping[str, Any], code: str) -> None:
    async with ReferenceServer(parlour()) as server, connect(hall(server, query), **options) as client:
        # Chosen though it is refused: a browser would end the connection and never see the code.
        assert client.subprotocol == (options.get("subprotocols") or [None])[0]
        assert await to_the_end(client) == ([{"type": "oops", "code": code}], 4001)


async def test_the_user_says_which_credential_is_good() -> None:
    async with ReferenceServer(parlour(), variables={"token": "mine-alone"}) as server:
        async with connect(hall(server, "?token=mine-alone")) as client:
            await begin(client)
        async with connect(hall(server, "?token=the-reference-token")) as client:
            assert (await to_the_end(client))[1] == 4001


async def test_the_address_has_the_path_of_the_first_scenario() -> None:
    async with open_parlour() as server:
        assert server.url == f"{server.base}/rooms/hall"
        assert server.base == f"ws://127.0.0.1:{server.base.rpartition(':')[2]}"
        async with connect(f"{server.base}/behind/a/prefix/rooms/cellar") as client:
            await tell(client, type="start")
            assert (await read(client, "ready"))[0]["room"] == "cellar"
    with pytest.raises(UsageError, match="not listening yet"):
        _ = open_parlour().url


async def test_a_port_that_is_taken_is_a_mistake_of_the_user() -> None:
    async with open_parlour() as server:
        port = int(server.base.rpartition(":")[2])
        with pytest.raises(UsageError, match="give another --host or --port"):
            async with open_parlour(port=port):
                pytest.fail("it cannot listen")


# What is played.


async def test_two_sessions_on_one_connection_interleave() -> None:
    async with open_parlour() as server, connect(hall(server)) as client:
        one, two = await begin(client), await begin(client)
        await tell(client, type="ask", session=one, text="Take your time")
        first = await read(client, "text")
        await tell(client, type="ask", session=two, text="Good day")
        rest = await read(client, "done") + await read(client, "done")
        assert first == [{"type": "text", "session": one, "text": "slowly"}]
        by_session = {name: [f.get("text") for f in rest if f["session"] == name] for name in (one, two)}
        assert by_session == {one: [" but surely", None], two: ["meanwhile", None]}


async def test_a_client_that_comes_back_is_told_what_was_and_then_what_is() -> None:
    async with open_parlour() as server:
        async with connect(hall(server)) as client:
            session = await begin(client)
            await tell(client, type="ask", session=session, text="Go on without me")
            assert types(await read(client, "text")) == ["text"]
            client.transport.abort()
        async with connect(hall(server)) as client:
            await tell(client, type="resume", session=session)
            frames = await read(client, "done")
        assert [(frame["type"], frame.get("text")) for frame in frames] == [
            ("history_start", None),
            ("text", "before "),
            ("history_end", None),
            ("text", "after"),
            ("done", None),
        ]
        async with connect(hall(server)) as client:
            await tell(client, type="resume", session=session)
            again = await read(client, "history_end")
        assert types(again) == ["history_start", "text", "text", "done", "history_end"]


async def test_nobody_need_come_back_for_the_conversation_to_go_on() -> None:
    async with open_parlour(patience=0.05) as server:
        async with connect(hall(server)) as client:
            session = await begin(client)
            await tell(client, type="ask", session=session, text="Go on without me")
            await read(client, "text")
        # Its conversation is over when nobody takes part and nothing is left to be played.
        bell = Bell()
        while server._companies:
            await bell.until(lambda: not server._companies, within=0.05)
        async with connect(hall(server)) as client:
            await tell(client, type="resume", session=session)
            again = await read(client, "history_end")
        assert types(again) == ["history_start", "text", "text", "done", "history_end"]


async def test_everybody_who_takes_part_hears_what_is_played() -> None:
    async with open_parlour() as server, connect(hall(server)) as one, connect(hall(server)) as other:
        session = await begin(one)
        await tell(other, type="resume", session=session)
        await read(other, "history_end")
        await tell(one, type="ask", session=session, text="Good day")
        assert await read(one, "done") == await read(other, "done")


async def test_a_prompt_in_the_middle_of_a_replay_is_answered_after_it() -> None:
    async with open_parlour(latency=0.02) as server, connect(hall(server)) as one, connect(hall(server)) as other:
        session = await begin(one)
        await tell(one, type="ask", session=session, text="Good day")
        await read(one, "done")
        await tell(other, type="resume", session=session)
        await tell(other, type="ask", session=session, text="Good day")
        await tell(one, type="ask", session=session, text="Good day")
        frames = await read(other, "done") + await read(other, "done") + await read(other, "done")
        turn = ["text", "text", "done"]
        assert types(frames) == ["history_start", *turn, "history_end", *turn, *turn]


async def test_a_hold_ends_by_itself() -> None:
    async with open_parlour(patience=0.05) as server, connect(hall(server)) as client:
        session = await begin(client)
        await tell(client, type="ask", session=session, text="Take your time")
        assert types(await read(client, "done")) == ["text", "text", "done"]
        await tell(client, type="ask", session=session, text="Go on without me")
        assert types(await read(client, "done")) == ["text", "text", "done"]


@pytest.mark.parametrize(("code", "seen"), [(1000, 1000), (1006, 1006), (1016, 1006)])
async def test_a_close_is_played_and_one_that_nobody_may_send_cuts(code: int, seen: int) -> None:
    async with open_parlour(unknown_frames=True) as server:
        async with connect(hall(server)) as client:
            session = await begin(client)
            await tell(client, type="ask", session=session, text=f"Close with {code}")
            frames, end = await to_the_end(client)
        report = await judged(server)
    assert (types(frames), end) == (["wirecheck.unknown", "done"], seen)
    assert counts(report, "unknown-frames-survive") == (1, 0, 0)


async def test_gated_frames_come_to_those_who_asked() -> None:
    async with ReferenceServer(parlour()) as server:
        seen = []
        for query in ("&tools=true", "&tools=false", ""):
            async with connect(hall(server, f"?token=the-reference-token{query}")) as client:
                session = await begin(client)
                await tell(client, type="ask", session=session, text="Use a tool")
                seen.append(types(await read(client, "done")))
        assert seen == [["call", "text", "result", "done"], ["text", "done"], ["text", "done"]]


async def test_latency_is_a_wait_before_each_frame() -> None:
    async with open_parlour(latency=0.05) as server, connect(hall(server)) as client:
        loop = asyncio.get_running_loop()
        session = await begin(client)
        began = loop.time()
        await tell(client, type="ask", session=session, text="Good day")
        assert types(await read(client, "done")) == ["text", "text", "done"]
        assert loop.time() - began >= 0.15


async def test_a_server_that_closes_says_so_and_waits_for_nobody() -> None:
    async with open_parlour(latency=3600) as server, connect(hall(server)) as client:
        for _ in range(40):
            await tell(client, type="start")
        pong = await client.ping()
        await pong
        async with asyncio.timeout(LONG):
            await asyncio.gather(server.close(), to_the_end(client))
        assert client.close_code == 1001
        await server.close()


@pytest.mark.parametrize("body", ["{", "[]", b'{"type": "start"}', '{"type": "start", "id": 7}', "[" * 10_000])
async def test_what_cannot_be_read_is_answered_and_the_next_is_served(body: str | bytes) -> None:
    async with open_parlour() as server, connect(hall(server)) as client:
        await client.send(body)
        assert await read(client, "oops") == [{"type": "oops", "code": "MALFORMED"}]
        await begin(client)


async def test_a_message_beyond_all_bounds_ends_its_connection_alone() -> None:
    async with open_parlour() as server, connect(hall(server)) as other:
        async with connect(hall(server)) as client:
            await client.send("x" * (9 * 1024 * 1024))
            assert await to_the_end(client) == ([], 1009)
        await begin(other)


async def test_half_a_surrogate_pair_is_no_reason_to_fall() -> None:
    async with open_parlour() as server, connect(hall(server)) as client:
        await client.send('{"type": "start", "id": "\\ud800"}')
        ready = await client.recv()
        # It is no text, and so nothing that the server may say.
        assert "id" not in json.loads(ready)


async def test_a_client_that_never_reads_does_not_make_the_server_keep_what_it_asks_for() -> None:
    """What it sends is not read any more when what it is sent is not: so it cannot send any more either."""
    async with open_parlour() as server:
        async with connect(hall(server)) as client:
            session = await begin(client)
            for _ in range(200):
                await tell(client, type="ask", session=session, text="Good day")
                await read(client, "done")
        loop = asyncio.get_running_loop()
        with socket.socket() as deaf:
            deaf.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            deaf.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4096)
            deaf.setblocking(False)
            await loop.sock_connect(deaf, ("127.0.0.1", int(server.base.rpartition(":")[2])))
            await loop.sock_sendall(
                deaf,
                b"GET /rooms/hall HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n",
            )
            asked = json.dumps({"type": "resume", "session": session, "id": "x" * 900}).encode()
            frame = b"\x81\xfe" + len(asked).to_bytes(2) + b"\0\0\0\0" + asked
            with pytest.raises(TimeoutError):
                for _ in range(512 * 1024):
                    async with asyncio.timeout(1):
                        await loop.sock_sendall(deaf, frame)
            (company,) = [one for one in server._companies.values() if one.conversation.key is None]
            assert company._jobs.qsize() == company._jobs.maxsize
        async with connect(hall(server)) as client:
            await begin(client)


async def test_a_connection_hears_of_so_many_conversations_at_most(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("wirecheck.serve.server._JOINED", 3)
    async with open_parlour() as server, connect(hall(server)) as client, connect(hall(server)) as other:
        sessions = [await begin(client) for _ in range(3)]
        for session in sessions:
            await tell(other, type="ask", session=session, text="Good day")
            await read(other, "done")
        heard = await read(client, "done") + await read(client, "done")
    assert {frame["session"] for frame in heard} == set(sessions[1:])


@pytest.mark.parametrize("where", ["heard", "sent"])
async def test_a_fault_of_the_servers_own_comes_out_when_it_is_closed(
    where: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise RuntimeError("out of order")

    monkeypatch.setattr(f"wirecheck.scenario.stage.Stage.{where}", fail)
    with pytest.raises(RuntimeError, match="out of order"):
        async with open_parlour() as server, connect(hall(server)) as client:
            await tell(client, type="start")
            while server._fault is None:
                await (await client.ping())


async def test_a_mutant_breaks_what_it_is_named_after() -> None:
    async with open_parlour(mutant="text-inside-turn:after") as server, connect(hall(server)) as client:
        session = await begin(client)
        await tell(client, type="ask", session=session, text="Good day")
        assert types(await read(client, "done") + await read(client, "text")) == ["text", "done", "text"]
    with pytest.raises(UsageError, match="nothing.*text-inside-turn:after"):
        open_parlour(mutant="nothing")


# What is said of clients.


async def judged(server: ReferenceServer) -> Report:
    """The report when all connections have ended."""
    await server.close()
    return server.report()


async def test_a_client_without_a_fault() -> None:
    async with open_parlour(unknown_frames=True) as server:
        async with connect(hall(server)) as client:
            session = await begin(client)
            for text in ("Good day", "Are you there"):
                await tell(client, type="ask", session=session, text=text)
                if text == "Are you there":
                    await read(client, "ping")
                    await tell(client, type="pong")
                await read(client, "done")
        report = await judged(server)
    assert report.findings == ()
    assert counts(report, "next-prompt-waits") == (2, 0, 0)
    assert counts(report, "ping-answered") == (1, 0, 0)
    assert counts(report, "unknown-frames-survive") == (3, 0, 0)
    assert {one.verdict for one in report.guarantees if one.side == "server"} == {"not_applicable"}


async def test_a_client_that_does_not_wait_for_the_end_of_the_turn() -> None:
    async with open_parlour() as server:
        async with connect(hall(server)) as client:
            session = await begin(client)
            await tell(client, type="ask", session=session, text="Take your time")
            await read(client, "text")
            await tell(client, type="ask", session=session, text="Good day")
            await read(client, "done")
        report = await judged(server)
    assert counts(report, "next-prompt-waits") == (1, 1, 0)
    assert [group.first.code for group in report.findings] == ["next-prompt-waits"]


async def test_a_client_that_answers_one_ping_twice() -> None:
    async with open_parlour() as server:
        async with connect(hall(server)) as client:
            session = await begin(client)
            await tell(client, type="ask", session=session, text="Are you there")
            await read(client, "ping")
            await tell(client, type="pong")
            await tell(client, type="pong")
            await read(client, "done")
        report = await judged(server)
    assert counts(report, "ping-answered") == (1, 1, 0)


@pytest.mark.parametrize(("pongs", "expired"), [(0, ["ping-answered"]), (1, [])])
async def test_a_client_that_answers_no_ping_though_it_is_there(
    pongs: int, expired: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    records: list[Record] = []
    judge = Checker.receive
    monkeypatch.setattr(Checker, "receive", lambda self, record: (records.append(record), judge(self, record))[1])
    async with open_parlour(patience=0.05) as server:
        async with connect(hall(server)) as client:
            session = await begin(client)
            await tell(client, type="ask", session=session, text="Are you there")
            await read(client, "ping")
            for _ in range(pongs):
                await tell(client, type="pong")
            await read(client, "done")
            while expired and not any(isinstance(one, Trial) for one in records):
                await (await client.ping())
        report = await judged(server)
    trials = [one for one in records if isinstance(one, Trial)]
    assert [(one.guarantee, one.outcome, one.seconds) for one in trials] == [
        (name, "expired", 0.05) for name in expired
    ]
    assert counts(report, "ping-answered")[0] == pongs


async def test_a_client_whose_frames_break_their_schema() -> None:
    async with open_parlour() as server:
        async with connect(hall(server)) as client:
            await tell(client, type="ask", session="s")
            await read(client, "oops")
        report = await judged(server)
    ((group),) = report.findings
    assert (group.first.code, group.first.frame, group.first.side, group.first.level) == (
        "schema",
        "ask",
        "client",
        "must",
    )


@pytest.mark.parametrize(
    ("leave", "expected"),
    [
        ("abort", (0, 1, 0)),
        (1002, (0, 1, 0)),
        (4000, (0, 1, 0)),
        (1000, (0, 0, 0)),
        (1001, (0, 0, 0)),
        (None, (0, 0, 0)),
        ("illegible", (0, 1, 0)),
        ("wave", (1, 0, 0)),
    ],
)
async def test_whether_a_client_survives_a_frame_that_it_does_not_know(
    leave: str | int | None, expected: tuple[int, int, int]
) -> None:
    async with open_parlour(unknown_frames=True) as server:
        async with connect(hall(server)) as client:
            await tell(client, type="start")
            await read(client, "ready")
            if leave == "wave":
                await tell(client, type="wave")
            if leave == "illegible":
                await client.send("oh dear")
            if isinstance(leave, int):
                await client.close(leave)
            elif leave is None:
                client.protocol.send_close()
                client.transport.write(b"".join(client.protocol.data_to_send()))
                await client.wait_closed()
            else:
                client.transport.abort()
        report = await judged(server)
    assert counts(report, "unknown-frames-survive") == expected


async def test_a_server_that_ends_it_says_nothing_of_the_client() -> None:
    async with open_parlour(unknown_frames=True) as server, connect(hall(server)) as client:
        await tell(client, type="start")
        await read(client, "ready")
        report = await judged(server)
    assert counts(report, "unknown-frames-survive") == (0, 0, 0)


async def test_a_dialect_that_does_not_claim_it_is_not_judged_by_it() -> None:
    dialect = next(load(name) for name in dialects() if "unknown-frames-survive" not in load(name).guarantees)
    async with ReferenceServer(dialect, unknown_frames=True) as server:
        async with connect(server.url, subprotocols=None) as client:
            client.transport.abort()
        assert (await judged(server)).findings == ()


async def test_it_ends_without_waiting_for_handshakes() -> None:
    async with open_parlour() as server:
        port = int(server.base.rpartition(":")[2])
        _, silent = await asyncio.open_connection("127.0.0.1", port)
        reader, slow = await asyncio.open_connection("127.0.0.1", port)
        slow.write(b"GET /rooms/hall HTT")
        async with connect(hall(server)):  # so the two that came before it were let in
            pass
        async with asyncio.timeout(30):  # half of what a handshake may take
            await server.close()
        assert await reader.read() == b""
        for writer in (silent, slow):
            writer.close()


async def test_no_secret_is_in_a_report() -> None:
    secrets = ("my-very-own-token", "the-reference-cookie", "another-secret")
    async with ReferenceServer(parlour(), variables={"token": secrets[0]}) as server:
        options = {"additional_headers": {"Authorization": "Bearer another-secret"}}
        async with connect(hall(server, f"?token={secrets[0]}"), **options) as client:
            for secret in secrets:
                await client.send(f'{{"type": "about {secret}"}}')
                await read(client, "oops")
        await server.close()
        section = server.section()
    (group,) = section.report.findings  # without what is secret, the three are the same
    assert group.count == len(secrets)
    shown = report_text.render([section]) + report_json.render([section])
    assert 'tag "about [redacted]"' in shown
    assert [secret for secret in secrets if secret in shown + repr(section.report)] == []


async def test_evidence_stands_beside_the_findings() -> None:
    async with open_parlour() as server:
        async with connect(hall(server)) as client:
            await client.send("oh dear")
            await read(client, "oops")
        await server.close()
        ((place, shown),) = server.section().evidence.items()
    assert place[0] == "clients"
    assert [(one.who, one.offending) for one in shown] == [("open", False), ("client", True)]


# Without an event loop, and with many clients.


@pytest.mark.asyncio(loop_scope="function")
async def test_a_served_dialect_in_a_thread() -> None:
    def talk() -> Report:
        with serving(parlour(door=False), unknown_frames=True) as served:
            with connect_in_thread(served.url) as client:
                client.send('{"type": "start"}')
                frames = [json.loads(client.recv(LONG)) for _ in range(2)]
                client.send('{"type": "wave"}')
            assert types(frames) == ["wirecheck.unknown", "ready"]
            assert served.url == f"{served.base}/rooms/hall"
        return served.report()

    report = await asyncio.to_thread(talk)
    assert counts(report, "unknown-frames-survive") == (1, 0, 0)


async def test_a_server_that_cannot_start_in_a_thread_says_why() -> None:
    def start(port: int) -> None:
        with serving(parlour(door=False), port=port):
            pytest.fail("it cannot listen")

    async with open_parlour() as server:
        with pytest.raises(UsageError, match="cannot listen"):
            await asyncio.to_thread(start, int(server.base.rpartition(":")[2]))


async def converse(server: ReferenceServer, number: int) -> tuple[int, list[Any]]:
    """One client: a session, a turn, a drop in the middle of another, and the replay; judged from its own side."""
    checker = Checker(server.dialect)
    line = 0

    def note(kind: Any, conn: str, **members: Any) -> None:
        nonlocal line
        line += 1
        checker.receive(kind(at=At(line=line, conn=conn), **members))

    async def dial(conn: str) -> ClientConnection:
        client = await connect(hall(server), open_timeout=LONG, compression=None)
        sees = frozenset({"client", "server"})
        note(Opened, conn, url=hall(server), sees=sees, vantage="client", exclusive=True)
        return client

    async def say(client: ClientConnection, conn: str, **message: Any) -> None:
        text = json.dumps(message)
        note(Message, conn, sender="client", body=text)
        await client.send(text)

    async def until(client: ClientConnection, conn: str, last: str) -> list[dict[str, Any]]:
        frames = []
        async with asyncio.timeout(5 * LONG):
            while not frames or frames[-1]["type"] != last:
                text = await client.recv()
                note(Message, conn, sender="server", body=text)
                frames.append(json.loads(text))
        return frames

    client = await dial("a")
    await say(client, "a", type="start")
    session = (await until(client, "a", "ready"))[0]["session"]
    await say(client, "a", type="ask", session=session, text="Good day")
    await until(client, "a", "done")
    await say(client, "a", type="ask", session=session, text="Go on without me")
    await until(client, "a", "text")
    client.transport.abort()
    note(Closed, "a", code=1006)
    client = await dial("b")
    await say(client, "b", type="resume", session=session)
    frames = await until(client, "b", "history_end")
    await until(client, "b", "done")
    await client.close()
    note(Closed, "b", code=1000, sender="client")
    assert types(frames) == ["history_start", "text", "text", "done", "text", "history_end"]
    assert {frame["session"] for frame in frames} == {session}
    report = checker.close()
    return sum(one.held for one in report.guarantees), [group.first.message for group in report.findings]


async def crowd(count: int) -> None:
    async with open_parlour() as server:
        results = await asyncio.gather(*(converse(server, number) for number in range(count)))
        report = await judged(server)
    assert {findings for _, found in results for findings in found} == set()
    assert {held for held, _ in results} == {results[0][0]}
    assert results[0][0] > 0
    assert report.connections == 2 * count
    assert report.findings == ()
    assert counts(report, "next-prompt-waits") == (2 * count, 0, 0)
    assert server._companies == {}


async def test_a_hundred_clients_at_once() -> None:
    await crowd(100)


@pytest.mark.soak
async def test_a_thousand_clients_at_once() -> None:
    await crowd(1_000)


@pytest.mark.parametrize("name", dialects())
async def test_each_shipped_dialect_is_served(name: str) -> None:
    dialect: Dialect = load(name)
    async with ReferenceServer(dialect) as server:
        async with connect(server.url) as client:
            if dialect.connect.auth:
                assert (await to_the_end(client))[1] in dialect.connect.closes
            else:
                pong = await client.ping()
                await pong
        report = await judged(server)
    assert (report.dialect, report.connections) == (name, 1)
    assert report.findings == ()


async def test_waiting_ends_when_it_is_so_or_when_it_is_time() -> None:
    bell, rung = Bell(), False

    def is_so() -> bool:
        return rung

    assert not await bell.until(is_so, within=0.01)
    waiting = asyncio.create_task(bell.until(is_so, within=LONG))
    for value in (False, True):
        rung = value
        bell.ring()
    assert await waiting
    assert await bell.until(is_so, within=0)
