"""The proxy that records: what goes through it is not changed, and what is recorded is what went through."""

from __future__ import annotations

import asyncio
import random
import socket
import ssl
import struct
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.asyncio.server import ServerConnection, serve
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.frames import Frame, Opcode

from wirecheck.catalog import load
from wirecheck.errors import UsageError
from wirecheck.record import Closed, Message, Opened, Record
from wirecheck.serve import head
from wirecheck.serve.leg import Leg
from wirecheck.serve.proxy import Bounds, Proxy
from wirecheck.serve.upstream import upstream
from wirecheck.strict import MAX_BYTES

pytestmark = pytest.mark.asyncio

TLS = Path(__file__).parent / "data" / "tls"
LONG = 120.0
"""Seconds after which a test is taken to hang."""
PATIENT = Bounds(opening=10 * LONG, closing=10 * LONG)
"""No deadline of the proxy's ends what should end by itself."""
Handler = Callable[[ServerConnection], Awaitable[None]]


class Kept:
    """A log that remembers, and that can be waited for."""

    def __init__(self) -> None:
        self.records: list[Record] = []
        self.said: list[str] = []
        self.secrets: frozenset[str] = frozenset()
        self._news = asyncio.Event()

    def note(self, record: Record, secrets: frozenset[str]) -> None:
        self.records.append(record)
        self.secrets |= secrets
        self._news.set()

    def say(self, sentence: str, secrets: frozenset[str]) -> None:
        self.said.append(sentence)
        self.secrets |= secrets
        self._news.set()

    async def until(self, holds: Callable[[], bool]) -> None:
        async with asyncio.timeout(LONG):
            while not holds():
                self._news.clear()
                await self._news.wait()

    async def closed(self, count: int = 1) -> list[tuple[int | None, str | None]]:
        """The code and sender of each closed connection, when there are so many."""
        await self.until(lambda: len(self._closes()) >= count)
        return [(record.code, record.sender) for record in self._closes()]

    def messages(self) -> list[tuple[str, Any]]:
        return [(record.sender, record.body) for record in self.records if isinstance(record, Message)]

    def _closes(self) -> list[Closed]:
        return [record for record in self.records if isinstance(record, Closed)]


@asynccontextmanager
async def proxied(handler: Handler, *, path: str = "", server: Any = None, **options: Any) -> AsyncIterator[Any]:
    """A server, a proxy before it, and its log."""
    kept = Kept()
    options.setdefault("bounds", PATIENT)
    async with asyncio.timeout(LONG), serve(handler, "127.0.0.1", 0, max_size=None, **(server or {})) as listening:
        port = listening.sockets[0].getsockname()[1]
        async with Proxy(upstream(f"ws://127.0.0.1:{port}{path}"), log=kept, **options) as proxy:
            yield proxy, kept


def joined(proxy: Proxy, path: str = "/", **options: Any) -> connect:
    return connect(proxy.url + path, proxy=None, max_size=None, **options)


async def echo(socket: ServerConnection) -> None:
    try:
        while True:
            body = await socket.recv()
            await socket.send(body)
    except ConnectionClosed:
        return


async def wait(socket: ServerConnection) -> None:
    await socket.wait_closed()


Talk = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@asynccontextmanager
async def raw(talk: Talk, **options: Any) -> AsyncIterator[Any]:
    """A proxy before a server that says just the bytes that `talk` writes."""
    kept, tasks = Kept(), []
    options.setdefault("bounds", PATIENT)

    async def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        tasks.append(asyncio.current_task())
        try:
            await talk(reader, writer)
        except OSError:
            tasks.append(None)  # cut off, as some tests want it
        finally:
            writer.transport.abort()

    async with asyncio.timeout(LONG):
        listening = await asyncio.start_server(accept, "127.0.0.1", 0)
        port = listening.sockets[0].getsockname()[1]
        async with listening, Proxy(upstream(f"ws://127.0.0.1:{port}"), log=kept, **options) as proxy:
            yield proxy, kept
        await asyncio.gather(*filter(None, tasks), return_exceptions=True)


async def dial(proxy: Proxy) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    host, port = proxy.url.removeprefix("ws://").split(":")
    return await asyncio.open_connection(host, int(port))


def asking(path: str = "/", *fields: str) -> bytes:
    lines = (
        f"GET {path} HTTP/1.1",
        "Host: localhost",
        "Upgrade: websocket",
        "Connection: Upgrade",
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
        "Sec-WebSocket-Version: 13",
        *fields,
    )
    return "\r\n".join(lines).encode("latin-1") + b"\r\n\r\n"


ACCEPTED = (
    b"HTTP/1.1 101 Come in\r\nupgrade: WebSocket\r\nCONNECTION: upgrade\r\n"
    b"Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\nX-Odd:   spaces  kept \r\n\r\n"
)


def random_messages(seed: int, count: int = 60) -> list[str | bytes]:
    draw = random.Random(seed)
    found: list[str | bytes] = ["", b"", "\x00", "\u2028\r\n\ud7ff\U0010ffff", '{"a": "\\ud800"}', b"\xff\xfe"]
    for _ in range(count):
        size = draw.choice((1, 10, 125, 126, 127, 1000, 65535, 65536, 200_000))
        if draw.random() < 0.5:
            found.append(draw.randbytes(size))
        else:
            found.append("".join(draw.choices('ab{}":,\\ \né世🎈\x00', k=size)))
    return found


@pytest.mark.parametrize("near", ["deflate", None])
@pytest.mark.parametrize("far", ["deflate", None])
async def test_messages_pass_to_the_byte_in_both_directions(near: str | None, far: str | None) -> None:
    ours, theirs, heard = random_messages(1), random_messages(2), []

    async def talk(socket: ServerConnection) -> None:
        async def listen() -> None:
            for _ in ours:
                heard.append(await socket.recv())

        async with asyncio.TaskGroup() as group:
            group.create_task(listen())
            for message in theirs:
                await socket.send(message)

    async with (
        proxied(talk, server={"compression": far}) as (proxy, kept),
        joined(proxy, compression=near) as client,
        asyncio.TaskGroup() as group,
    ):
        sending = group.create_task(_send_all(client, ours))
        answers = [await client.recv() for _ in theirs]
        await sending
        assert await kept.closed() == [(1000, "server")]
    assert (heard, answers) == (ours, theirs)
    assert [body for sender, body in kept.messages() if sender == "client"] == ours
    assert [body for sender, body in kept.messages() if sender == "server"] == theirs
    assert [record.binary for record in kept.records if isinstance(record, Message)] == [
        isinstance(body, bytes) for _, body in kept.messages()
    ]
    assert kept.said == []


async def _send_all(socket: ClientConnection, messages: list[str | bytes]) -> None:
    for message in messages:
        await socket.send(message)


async def test_fragments_and_pings_pass_as_they_are() -> None:
    """A ping is answered by whoever it was meant for, so that its answer says what it says without the recorder."""
    frames = [
        Frame(Opcode.TEXT, b'{"type": ', fin=False),
        Frame(Opcode.PING, b"are you there"),
        Frame(Opcode.CONT, b"", fin=False),
        Frame(Opcode.CONT, b'"x"}'),
        Frame(Opcode.PONG, b"not asked for"),
        Frame(Opcode.TEXT, b"no \xff UTF-8"),
        Frame(Opcode.BINARY, b"\x00"),
    ]
    said = b"".join(frame.serialize(mask=True) for frame in frames)
    back = b"".join(frame.serialize(mask=False) for frame in reversed(frames[:2]))

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(ACCEPTED)
        assert await reader.readexactly(len(said)) == said
        writer.write(back)
        assert await reader.read() == b""

    async with raw(talk) as (proxy, kept):
        reader, writer = await dial(proxy)
        writer.write(asking())
        assert await reader.readuntil(b"\r\n\r\n") == ACCEPTED
        writer.write(said)
        assert await reader.readexactly(len(back)) == back
        writer.write_eof()
        assert await reader.read() == b""
        writer.close()
        assert await kept.closed() == [(1006, "client")]
    assert kept.messages() == [("client", '{"type": "x"}'), ("client", b"no \xff UTF-8"), ("client", b"\x00")]
    assert [record.binary for record in kept.records if isinstance(record, Message)] == [False, False, True]


async def test_what_is_no_websocket_traffic_passes_to_the_byte_unrecorded() -> None:
    there, back = random.Random(3).randbytes(700_000), random.Random(4).randbytes(700_000)

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(ACCEPTED + back)
        writer.write_eof()
        assert await reader.read() == there

    async with raw(talk) as (proxy, kept):
        reader, writer = await dial(proxy)
        writer.write(asking() + there)
        writer.write_eof()
        assert await reader.read() == ACCEPTED + back
        writer.close()
        assert await kept.closed() == [(None, None)]
    assert [type(record) for record in kept.records] == [Opened, Closed]
    (said,) = kept.said
    assert said.startswith("connection 1: the ") and said.endswith("; from here on it is passed on unrecorded")


CODES = [
    *((code, "") for code in (1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 1014)),
    *((code, f"because {code}, naïvely") for code in (1000, 1011, 3000, 4001, 4999)),
    (None, ""),
]


@pytest.mark.parametrize(("code", "reason"), CODES)
async def test_the_servers_close_reaches_the_client(code: int | None, reason: str) -> None:
    async def talk(socket: ServerConnection) -> None:
        await socket.close(code, reason)

    async with proxied(talk) as (proxy, kept), joined(proxy) as client:
        with pytest.raises(ConnectionClosed) as caught:
            await client.recv()
        closed = await kept.closed()
    assert caught.value.rcvd is not None
    assert (caught.value.rcvd.code, caught.value.rcvd.reason) == (code or 1005, reason)
    assert closed == [(code or 1005, "server")]


@pytest.mark.parametrize(("code", "reason"), CODES)
async def test_the_clients_close_reaches_the_server(code: int | None, reason: str) -> None:
    heard = []

    async def talk(socket: ServerConnection) -> None:
        await socket.wait_closed()
        heard.append((socket.close_code, socket.close_reason))

    async with proxied(talk) as (proxy, kept), joined(proxy) as client:
        await client.close(code, reason)
        closed = await kept.closed()
    assert heard == [(code or 1005, reason)]
    assert (client.close_code, client.close_reason) == (code or 1005, reason)
    assert closed == [(code or 1005, "client")]


async def test_what_one_side_says_after_the_others_close_frame_still_passes() -> None:
    """A close handshake of the recorder's own would lose it."""
    late = Frame(Opcode.TEXT, b"late").serialize(mask=False)
    ends = Frame(Opcode.CLOSE, b"\x03\xe8").serialize(mask=False)

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(ACCEPTED)
        await reader.readexactly(8)
        writer.write(late + ends)
        writer.write_eof()
        assert await reader.read() == b""

    async with raw(talk) as (proxy, kept):
        reader, writer = await dial(proxy)
        writer.write(asking() + Frame(Opcode.CLOSE, b"\x0f\xa1").serialize(mask=True))
        assert await reader.read() == ACCEPTED + late + ends
        writer.close()
        assert await kept.closed() == [(4001, "client")]
    assert kept.messages() == [("server", "late")]


async def test_a_client_that_is_cut_off_is_cut_off_at_the_server() -> None:
    heard = []

    async def talk(socket: ServerConnection) -> None:
        await socket.wait_closed()
        heard.append((socket.close_code, socket.protocol.close_rcvd))

    async with proxied(talk) as (proxy, kept), joined(proxy) as client:
        client.transport.abort()
        assert await kept.closed() == [(1006, "client")]
    assert heard == [(1006, None)]


async def test_a_server_that_is_cut_off_is_cut_off_at_the_client_after_what_it_said() -> None:
    async def talk(socket: ServerConnection) -> None:
        await socket.send("last words")
        await socket.recv()
        socket.transport.abort()

    async with proxied(talk) as (proxy, kept), joined(proxy) as client:
        assert await client.recv() == "last words"
        await client.send("go")
        with pytest.raises(ConnectionClosed) as caught:
            await client.recv()
        assert await kept.closed() == [(1006, "server")]
    assert caught.value.rcvd is None


async def test_what_was_said_before_a_reset_is_not_lost() -> None:
    """A reset may be seen in the same moment as what came before it."""
    said = Frame(Opcode.BINARY, random.Random(5).randbytes(60_000)).serialize(mask=False)

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(ACCEPTED + said)
        await writer.drain()
        await reader.readexactly(1)
        writer.transport.abort()

    async with raw(talk) as (proxy, kept):
        reader, writer = await dial(proxy)
        writer.write(asking() + b"\x89")
        assert await reader.read() == ACCEPTED + said
        writer.close()
        assert await kept.closed() == [(1006, "server")]


class Wire(asyncio.Transport):
    """A transport that notes what is done to it."""

    def __init__(self, done: list[str]) -> None:
        super().__init__()
        self._done = done

    def __getattribute__(self, name: str) -> Any:
        if name in ("abort", "close", "write_eof", "pause_reading", "resume_reading"):
            return lambda: self._done.append(name)
        return super().__getattribute__(name)

    def is_closing(self) -> bool:
        return False

    def can_write_eof(self) -> bool:
        return True

    def write(self, data: Any) -> None:
        self._done.append(f"write {bytes(data).decode()}")


async def test_what_the_end_of_one_side_does_to_the_other() -> None:
    near_did, far_did = [], []
    near, far = Leg(lambda _: None), Leg()
    near.connection_made(Wire(near_did))
    far.connection_made(Wire(far_did))
    near.data_received(b"early")
    near.join(far)
    near.relay(lambda _: None)
    far.relay(lambda _: None)
    far.data_received(b"hello")
    near.pause_writing()
    near.resume_writing()
    assert far.eof_received() is True
    near.data_received(b"late")
    near.connection_lost(ConnectionResetError())
    early_did: list[str] = []
    early = Leg()
    early.connection_made(Wire(early_did))
    early.data_received(b"x" * head.MOST)
    assert early_did == []
    early.data_received(b"x")
    assert early_did == ["pause_reading"]
    # What was written before is not thrown away, however the other side went.
    assert near_did == ["resume_reading", "write hello", "write_eof"]
    assert far_did == ["write early", "resume_reading", "pause_reading", "resume_reading", "write late", "close"]


async def test_a_client_that_leaves_a_silent_server_does_not_wait_for_it_for_ever() -> None:
    left = asyncio.Event()

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(ACCEPTED)
        assert await reader.read() == b""
        try:
            while True:
                writer.write(b"\x8a\x00" * 100_000)
                await writer.drain()
        except ConnectionError:
            left.set()

    async with raw(talk, bounds=Bounds(closing=0.05)) as (proxy, kept):
        reader, writer = await dial(proxy)
        writer.write(asking())
        assert await reader.readuntil(b"\r\n\r\n") == ACCEPTED
        writer.write_eof()
        assert await kept.closed() == [(1006, "client")]
        await left.wait()
        writer.close()


@pytest.mark.parametrize(
    ("offered", "chosen"), [(["chat.v2", "chat.v1"], "chat.v1"), (["chat.v2"], None), (None, None)]
)
async def test_subprotocols_are_offered_and_chosen_as_without_a_recorder(
    offered: list[str] | None, chosen: str | None
) -> None:
    heard = []

    def choose(_: ServerConnection, given: list[str]) -> str | None:
        heard.append(list(given))
        return "chat.v1" if "chat.v1" in given else None

    async with (
        proxied(wait, server={"select_subprotocol": choose}) as (proxy, kept),
        joined(proxy, subprotocols=offered) as client,
    ):
        assert client.subprotocol == chosen
        opened = kept.records[0]
    assert heard == [offered or []]
    assert isinstance(opened, Opened)
    assert opened.subprotocols == tuple(offered or ())


async def test_path_query_and_headers_reach_the_server_and_come_back() -> None:
    seen: list[Any] = []

    async def talk(socket: ServerConnection) -> None:
        seen.append(socket.request)

    async def answer(_: ServerConnection, __: Any, response: Any) -> None:
        response.headers["Set-Cookie"] = "sid=abcdefgh1; Max-Age=31536000"
        response.headers["Set-Cookie"] = "theme=dark"
        response.headers["X-Served-By"] = "7"

    given = [
        ("Authorization", "Bearer of-good-news"),
        ("Cookie", "a=1; session=abcdefgh2"),
        ("Origin", "https://app.example"),
        ("X-Tenant", "acme"),
        ("X-Tenant", "again"),
    ]
    async with (
        proxied(talk, path="/base?x=1", server={"process_response": answer}, dialects=[load("vonz")]) as (proxy, kept),
        joined(
            proxy,
            "/v1/stream?token=abcdefgh3&e=%20+%C3%A9",
            additional_headers=given,
            user_agent_header="mine/1",
        ) as client,
    ):
        await kept.closed()
    (asked,) = seen
    headers = client.response.headers
    assert asked.path == "/base/v1/stream?x=1&token=abcdefgh3&e=%20+%C3%A9"
    assert asked.headers["Host"] == kept.records[0].url.removeprefix("ws://").partition("/")[0]
    own = ("host", "upgrade", "connection", "sec-websocket-key", "sec-websocket-version", "sec-websocket-extensions")
    assert [pair for pair in asked.headers.raw_items() if pair[0].lower() not in own] == [
        *given,
        ("User-Agent", "mine/1"),
    ]
    assert headers.get_all("Set-Cookie") == ["sid=abcdefgh1; Max-Age=31536000", "theme=dark"]
    assert headers["X-Served-By"] == "7"
    assert {"of-good-news", "abcdefgh1", "abcdefgh2", "abcdefgh3"} <= kept.secrets
    assert not {"31536000", "dark", "acme"} & kept.secrets
    opened = kept.records[0]
    assert opened.url.endswith("/base/v1/stream?x=1&token=abcdefgh3&e=%20+%C3%A9")
    assert (opened.vantage, opened.sees, opened.exclusive) == ("proxy", frozenset({"client", "server"}), False)
    assert opened.headers["X-Tenant"] == "acme, again"


async def test_connections_have_names_of_their_own() -> None:
    async with (
        proxied(echo, exclusive=True) as (proxy, kept),
        joined(proxy, "/a") as one,
        joined(proxy, "/b") as other,
    ):
        for client, text in ((one, "1"), (other, "2"), (one, "3")):
            await client.send(text)
            assert await client.recv() == text
    said = [(record.at.conn, record.body) for record in kept.records if isinstance(record, Message)]
    assert said == [("1", "1"), ("1", "1"), ("2", "2"), ("2", "2"), ("1", "3"), ("1", "3")]
    assert all(record.exclusive for record in kept.records if isinstance(record, Opened))


@pytest.mark.parametrize(
    ("answer", "status", "body"),
    [
        (b"HTTP/1.1 401 No\r\nWWW-Authenticate: Bearer\r\nContent-Length: 5\r\n\r\nnope\n", 401, b"nope\n"),
        (b"HTTP/1.1 503 Busy\r\nRetry-After: 7\r\nContent-Length: 0\r\n\r\n", 503, b""),
        (b"HTTP/1.1 503 Busy\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n", 503, b"abcde"),
        (b"HTTP/1.1 403 No\r\nConnection: close\r\n\r\nto the end", 403, b"to the end"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 200000\r\n\r\n" + b"x" * 200_000, 200, b"x" * 200_000),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 30000000\r\n\r\n" + b"x" * 30_000_000, 200, None),
        (b"HTTP/1.1 103 Early\r\nA: b\r\n\r\nHTTP/1.1 404 None\r\nContent-Length: 1\r\n\r\n?", 404, b"?"),
    ],
)
async def test_a_refusal_reaches_the_client_with_its_status_headers_and_body(
    answer: bytes, status: int, body: bytes | None
) -> None:
    ends, over = b"to the end" in answer, asyncio.Event()

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(answer)
        if ends:
            writer.write_eof()
        try:
            await reader.read()
        finally:
            over.set()

    async with raw(talk) as (proxy, kept):
        reader, writer = await dial(proxy)
        writer.write(asking())
        # Where its length does not end the body, the client does.
        chunked = b"chunked" in answer
        whole = (
            await reader.readexactly(len(answer) + len(b"\r\nConnection: close")) if chunked else await reader.read()
        )
        writer.close()
        assert b"\r\nConnection: close\r\n\r\n" in whole
        await over.wait()  # with the client, the server's connection is over too
        assert whole.replace(b"\r\nConnection: close", b"") == answer.replace(b"\r\nConnection: close", b"")
        await kept.until(lambda: bool(kept.said))
        assert kept.said[0].startswith(f"connection 1: the upstream answered {status} ")
        if status != 404 and body is not None:  # the library knows no answers before the last one, and none so long
            with pytest.raises(InvalidStatus) as caught:
                await joined(proxy)
            assert (caught.value.response.status_code, caught.value.response.body) == (status, body)
    assert kept.records == []
    assert (proxy.opened, proxy.unreachable) == (0, 0)


async def test_a_request_that_asks_for_no_websocket_is_passed_on_too() -> None:
    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        asked = await reader.readuntil(b"\r\n\r\n")
        assert b"upgrade" not in asked.lower() and b"\r\nConnection: close\r\n" in asked
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nup")
        await reader.read()

    async with raw(talk) as (proxy, _):
        reader, writer = await dial(proxy)
        writer.write(b"GET /health HTTP/1.1\r\nHost: x\r\nUpgrade: h2c\r\n\r\n")
        assert await reader.read() == b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nup"
        writer.close()


async def test_an_upstream_that_is_not_there_is_a_bad_gateway() -> None:
    gone = await asyncio.start_server(lambda *_: None, "127.0.0.1", 0)
    port = gone.sockets[0].getsockname()[1]
    gone.close()
    await gone.wait_closed()
    kept = Kept()
    async with Proxy(upstream(f"ws://user:hunter22@127.0.0.1:{port}/x?token=hunter33"), log=kept) as proxy:
        for _ in range(2):
            with pytest.raises(InvalidStatus) as caught:
                await joined(proxy)
            assert caught.value.response.status_code == 502
            assert b"cannot be reached" in caught.value.response.body
    assert (proxy.opened, proxy.unreachable) == (0, 2)
    assert len(kept.said) == 2
    assert f"127.0.0.1:{port}" in kept.said[0] and "cannot be reached: " in kept.said[0]
    assert {"hunter22", "hunter33"} <= kept.secrets
    assert kept.records == []


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        (b"", "it closed the connection instead of answering"),
        (b"SSH-2.0-x\r\n\r\n", "no answer of HTTP/1"),
        (b"HTTP/1.1 200 OK\r\nA: " + b"x" * 100_000, "its answer's head is too long"),
        (b"HTTP/1.1 100 Continue\r\n\r\n" * 20, "it gave no final answer"),
    ],
)
async def test_an_upstream_that_gives_no_answer_is_a_bad_gateway(answer: bytes, why: str) -> None:
    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(answer)
        writer.write_eof()
        await reader.read()

    async with raw(talk) as (proxy, kept):
        reader, writer = await dial(proxy)
        writer.write(asking())
        assert b"HTTP/1.1 502 Bad Gateway\r\n" in await reader.read()
        writer.close()
    assert kept.said == [f"connection 1: the upstream gave no answer that can be passed on: {why}"]


async def test_an_upstream_that_cuts_the_connection_off_is_a_bad_gateway() -> None:
    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        # Nothing is left to be sent, so the end is a reset.
        writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))

    async with raw(talk) as (proxy, kept):
        reader, writer = await dial(proxy)
        writer.write(asking())
        assert (await reader.read()).startswith(b"HTTP/1.1 502 ")
        writer.close()
    assert kept.said[0].endswith("it closed the connection instead of answering")


async def test_an_upstream_that_stays_silent_is_not_waited_for_for_ever() -> None:
    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        del writer

    async with raw(talk, bounds=Bounds(opening=0.2)) as (proxy, kept):
        reader, writer = await dial(proxy)
        writer.write(asking())
        assert (await reader.read()).startswith(b"HTTP/1.1 502 ")
        writer.close()
    assert kept.said == [
        "connection 1: the upstream gave no answer that can be passed on: it did not answer within 0.2 s"
    ]


@pytest.mark.parametrize(
    ("request_", "status"),
    [(b"POST / HTTP/1.1\r\n\r\n", 400), (b"nonsense\r\n\r\n", 400), (b"GET / HTTP/1.1\r\nA: " + b"x" * 80_000, 431)],
)
async def test_what_is_no_request_is_refused(request_: bytes, status: int) -> None:
    async with proxied(echo) as (proxy, kept):
        reader, writer = await dial(proxy)
        writer.write(request_)
        assert (await reader.read()).startswith(f"HTTP/1.1 {status} ".encode())
        writer.close()
    assert kept.records == []


async def test_a_client_that_says_nothing_or_leaves_at_once_is_let_go() -> None:
    async with proxied(echo, bounds=Bounds(opening=0.2)) as (proxy, kept):
        reader, writer = await dial(proxy)
        assert await reader.read() == b""
        writer.close()
        await kept.until(lambda: len(kept.said) == 1)
        _, writer = await dial(proxy)
        writer.write(b"GET / HT")
        writer.close()
        await kept.until(lambda: len(kept.said) == 2)
    assert kept.said == [
        "connection 1: no request within 0.2 s",
        "connection 2: the client left before the connection was open",
    ]


async def test_connections_beyond_the_bound_are_refused() -> None:
    async with proxied(echo, bounds=Bounds(connections=2)) as (proxy, kept), joined(proxy) as one, joined(proxy):
        for _ in range(3):
            with pytest.raises(InvalidStatus) as caught:
                await joined(proxy)
            assert caught.value.response.status_code == 503
        await one.send("still there")
        assert await one.recv() == "still there"
    assert kept.said == ["more than 2 connections at once; further ones are refused"]
    assert proxy.opened == 2


async def test_twice_as_many_are_cut_off_unheard() -> None:
    async with proxied(echo, bounds=Bounds(connections=1, closing=10 * LONG)) as (proxy, _), joined(proxy):
        refused, held = await dial(proxy)
        assert (await refused.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 503 ")
        reader, writer = await dial(proxy)
        with suppress(ConnectionError):
            assert await reader.read() == b""
        held.close()
        writer.close()


@pytest.mark.parametrize("slow", ["client", "server"])
async def test_a_slow_reader_slows_the_sender_and_loses_nothing(slow: str) -> None:
    """What has been sent while nobody reads is what fits into buffers, the system's and a little of our own."""
    block, count = random.Random(6).randbytes(100_000), 2_000
    sent, total, may_read = 0, 0, asyncio.Event()

    async def send(socket: Any) -> None:
        nonlocal sent
        for _ in range(count):
            await socket.send(block)
            sent += len(block)

    async def read(socket: Any) -> None:
        nonlocal total
        await may_read.wait()
        for _ in range(count):
            assert await socket.recv() == block
            total += len(block)

    async def stalled() -> None:
        """Until nothing more could be sent for a while; on a busy machine, that may be early."""
        before = -1
        while before != sent:
            before = sent
            with pytest.raises(TimeoutError):
                await asyncio.wait_for(asyncio.Event().wait(), 0.3)

    sender, reader = (send, read) if slow == "client" else (read, send)
    options = {"compression": None, "max_queue": 1}
    async with (
        proxied(sender, server={**options, "ping_interval": None}) as (proxy, kept),
        joined(proxy, ping_interval=None, **options) as client,
        asyncio.TaskGroup() as group,
    ):
        task = group.create_task(reader(client))
        await stalled()
        assert sent < 64_000_000 < count * len(block)
        may_read.set()
        await task
        await kept.closed()
    assert (sent, total) == (count * len(block), count * len(block))
    assert len(kept.messages()) == count


async def test_a_message_beyond_the_bound_passes_and_its_beginning_is_recorded() -> None:
    body = "é" * MAX_BYTES
    async with proxied(echo, server={"compression": None}) as (proxy, kept), joined(proxy) as client:
        await client.send(body)
        assert await client.recv() == body
    ((_, first), (_, second)) = kept.messages()
    assert first == second == "é" * ((MAX_BYTES + 4) // 2)
    assert kept.said == [
        f"connection 1: a message of 16,777,216 bytes from the {who}; only its first 8,388,612 are recorded"
        for who in ("client", "server")
    ]


async def test_extensions_that_nobody_agreed_on_are_passed_on_unrecorded() -> None:
    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        assert b"xsec" not in (await reader.readuntil(b"\r\n\r\n")).lower().replace(b"-", b"")
        writer.write(ACCEPTED[:-2] + b"Sec-WebSocket-Extensions: xsec\r\n\r\nhi")
        assert await reader.read() == b"ho"

    async with raw(talk) as (proxy, kept):
        reader, writer = await dial(proxy)
        writer.write(asking("/", "Sec-WebSocket-Extensions: x-sec") + b"ho")
        writer.write_eof()
        assert (await reader.read()).endswith(b"\r\n\r\nhi")
        writer.close()
    assert kept.records == []
    assert kept.said == [
        "connection 1: they agreed on the extensions 'xsec', which cannot be read; it is passed on unrecorded"
    ]


async def test_stopping_cuts_off_what_is_open_and_says_of_no_side_that_it_ended_it() -> None:
    async with proxied(wait) as (proxy, kept):
        client, port = await joined(proxy), int(proxy.url.rpartition(":")[2])
        await client.send("hi")
        await kept.until(lambda: bool(kept.messages()))
        await proxy.__aexit__(None, None, None)
        with pytest.raises(ConnectionClosed):
            await client.recv()
        with pytest.raises(OSError):
            await asyncio.open_connection("127.0.0.1", port)
    assert [type(record) for record in kept.records] == [Opened, Message]


async def test_a_place_that_is_taken_is_a_mistake_of_usage() -> None:
    async with proxied(wait) as (proxy, kept):
        port = int(proxy.url.rpartition(":")[2])
        with pytest.raises(UsageError, match=rf"^--listen 127.0.0.1:{port}: cannot listen there \("):
            async with Proxy(proxy.upstream, log=kept, port=port):
                raise AssertionError("it listens")


@pytest.mark.parametrize("trust", ["ca", "insecure", "none"])
async def test_tls_to_the_upstream(trust: str) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(TLS / "localhost.pem", TLS / "localhost.key")
    kept = Kept()
    async with asyncio.timeout(LONG), serve(echo, "127.0.0.1", 0, ssl=context) as listening:
        port = listening.sockets[0].getsockname()[1]
        ca = str(TLS / "localhost.pem") if trust == "ca" else None
        place = upstream(f"wss://localhost:{port}", ca=ca, insecure=trust == "insecure")
        async with Proxy(place, log=kept) as proxy:
            if trust == "none":
                with pytest.raises(InvalidStatus) as caught:
                    await joined(proxy)
                assert caught.value.response.status_code == 502
                assert "CERTIFICATE_VERIFY_FAILED" in kept.said[0]
                return
            async with joined(proxy) as client:
                await client.send("hi" * 100_000)
                assert await client.recv() == "hi" * 100_000
                await client.close(4002, "enough")
            assert await kept.closed() == [(4002, "client")]
    assert kept.records[0].url == f"wss://localhost:{port}/"
