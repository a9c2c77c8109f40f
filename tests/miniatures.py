"""Tiny peers, each wrong in one named way, and a tiny dialect to talk to them in.

Law: loopback, a free port, a thread and a loop of their own, and gone when the test ends. Whoever holds a connection
open waits for the test's end, never for time to pass.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import json
import logging
import ssl
import threading
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from http import HTTPStatus
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from websockets.asyncio.server import Server, ServerConnection, serve
from websockets.exceptions import ConnectionClosed
from websockets.http11 import Request, Response

from wirecheck.catalog import Dialect, load_file

TLS = Path(__file__).parent / "data" / "tls"
_QUIET = logging.Logger("quiet", level=logging.CRITICAL + 1)
_GUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"

Reader, Writer = asyncio.StreamReader, asyncio.StreamWriter


@dataclass
class Peer:
    """A peer that runs. `asked` are the handshakes that it saw, as (path with query, headers).

    `refuses`: every handshake from now on.
    """

    port: int
    scheme: str = "ws"
    refuses: bool = False
    asked: list[tuple[str, dict[str, str]]] = field(default_factory=list)

    @property
    def url(self) -> str:
        return f"{self.scheme}://127.0.0.1:{self.port}"


@contextmanager
def standing(
    talk: Callable[[ServerConnection], Awaitable[None]],
    *,
    status: int | None = None,
    spares: int = 0,
    body: str = "no\n",
    secure: bool = False,
    demands: bool = False,
    **options: Any,
) -> Iterator[Peer]:
    """A WebSocket server that does `talk` with each connection, or refuses every handshake with `status`.

    `spares`: so many come first that it does not refuse. `demands`: over TLS, it wants the client's certificate.
    """
    peer = Peer(port=0, scheme="wss" if secure else "ws")

    async def talked(ws: ServerConnection) -> None:
        try:
            await talk(ws)
        except ConnectionClosed:
            return

    def handshake(ws: ServerConnection, request: Request) -> Response | None:
        peer.asked.append((request.path, {name.lower(): value for name, value in request.headers.raw_items()}))
        refused = peer.refuses or (status is not None and len(peer.asked) > spares)
        return ws.respond(HTTPStatus(status or 403), body) if refused else None

    async def start() -> Server:
        return await serve(
            talked,
            "127.0.0.1",
            0,
            process_request=handshake,
            select_subprotocol=lambda ws, offered: offered[0] if offered else None,
            logger=_QUIET,
            ssl=tls_context(demands=demands) if secure else None,
            **{"max_size": None, "close_timeout": 0.5, **options},
        )

    with started(start) as server:
        peer.port = next(iter(server.sockets)).getsockname()[1]
        yield peer


@contextmanager
def listening(talk: Callable[[Reader, Writer], Awaitable[None]], *, secure: bool = False) -> Iterator[Peer]:
    """A TCP server that does `talk` with each connection."""

    async def talked(reader: Reader, writer: Writer) -> None:
        try:
            await talk(reader, writer)
        except (ConnectionError, asyncio.CancelledError):
            return
        finally:
            writer.close()

    async def start() -> asyncio.Server:
        return await asyncio.start_server(talked, "127.0.0.1", 0, ssl=tls_context() if secure else None)

    with started(start) as server:
        yield Peer(port=server.sockets[0].getsockname()[1], scheme="wss" if secure else "ws")


@contextmanager
def started(start: Callable[[], Awaitable[Any]]) -> Iterator[Any]:
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()

    async def stop(server: Any) -> None:
        others = asyncio.all_tasks() - {asyncio.current_task()}
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)
        server.close()
        await server.wait_closed()

    async def begun() -> Any:
        return await start()

    try:
        server = asyncio.run_coroutine_threadsafe(begun(), loop).result()
        try:
            yield server
        finally:
            asyncio.run_coroutine_threadsafe(stop(server), loop).result()
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


def tls_context(*, demands: bool = False) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(TLS / "localhost.pem", TLS / "localhost.key")
    if demands:
        context.verify_mode = ssl.CERT_REQUIRED
        context.load_verify_locations(TLS / "localhost.pem")
    return context


_WAITING: set[asyncio.Event] = set()


async def for_ever() -> None:
    """Until the test ends."""
    event = asyncio.Event()
    # Nothing else holds on to a task that waits for what never comes.
    _WAITING.add(event)
    try:
        await event.wait()
    finally:
        _WAITING.discard(event)


async def upgraded(reader: Reader, writer: Writer, accept: str = "") -> None:
    """The handshake of a WebSocket, by hand; `accept` stands in for what proves that it was understood."""
    head = (await reader.readuntil(b"\r\n\r\n")).decode()
    fields = dict(line.split(": ", 1) for line in head.split("\r\n")[1:] if ": " in line)
    named = {name.lower(): value for name, value in fields.items()}
    proof = base64.b64encode(hashlib.sha1((named["sec-websocket-key"] + _GUID).encode()).digest()).decode()
    protocol = named.get("sec-websocket-protocol", "").split(",")[0].strip()
    lines = ["HTTP/1.1 101 Switching Protocols", "Upgrade: websocket", "Connection: Upgrade"]
    lines += [
        f"Sec-WebSocket-Accept: {accept or proof}",
        *([f"Sec-WebSocket-Protocol: {protocol}"] if protocol else []),
    ]
    writer.write("\r\n".join([*lines, "", ""]).encode())
    await writer.drain()


async def says_nothing(reader: Reader, writer: Writer) -> None:
    """Takes the connection, and then nothing more."""
    await for_ever()


async def speaks_http(reader: Reader, writer: Writer) -> None:
    """A web server that knows no WebSocket."""
    await reader.readuntil(b"\r\n\r\n")
    page = b"<html>Welcome</html>"
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: %d\r\n\r\n%s" % (len(page), page))
    await writer.drain()


async def speaks_old_http(reader: Reader, writer: Writer) -> None:
    """A web server of the first days."""
    await reader.readuntil(b"\r\n\r\n")
    writer.write(b"HTTP/1.0 503 Not Yet\r\n\r\n")
    await writer.drain()


async def speaks_gibberish(reader: Reader, writer: Writer) -> None:
    """What is no HTTP at all."""
    writer.write(b"\x00\xff\x13SSH-2.0-nonsense\r\n" * 8)
    await reader.read()


async def proves_nothing(reader: Reader, writer: Writer) -> None:
    """Agrees to whatever is asked, without having understood it."""
    await upgraded(reader, writer, accept="AAAAAAAAAAAAAAAAAAAAAAAAAAA=")


async def hangs_up(reader: Reader, writer: Writer) -> None:
    """Takes the connection, and ends it before it has said anything."""
    await reader.readuntil(b"\r\n\r\n")


async def is_mute(reader: Reader, writer: Writer) -> None:
    """Shakes hands, and answers neither frames nor pings."""
    await upgraded(reader, writer)
    await for_ever()


async def breaks_off(reader: Reader, writer: Writer) -> None:
    """Ends the TCP connection in the middle of a frame."""
    await upgraded(reader, writer)
    writer.write(b"\x81\x7d" + b'{"type": "re')
    await writer.drain()


async def breaks_the_protocol(reader: Reader, writer: Writer) -> None:
    """Sends a frame with a reserved opcode."""
    await upgraded(reader, writer)
    writer.write(b"\x83\x02hi")
    await writer.drain()
    await for_ever()


async def drips(reader: Reader, writer: Writer) -> None:
    """Sends a frame so slowly that it never ends: a byte for each thing that it hears, and it hears hardly anything."""
    await upgraded(reader, writer)
    writer.write(b"\x81\x7d")
    while True:
        writer.write(b" ")
        await writer.drain()
        await reader.read(1)


def redirects(location: str) -> Callable[[Reader, Writer], Awaitable[None]]:
    """Sends everybody elsewhere."""

    async def talk(reader: Reader, writer: Writer) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(f"HTTP/1.1 302 Found\r\nLocation: {location}\r\nContent-Length: 0\r\n\r\n".encode())
        await writer.drain()

    return talk


def forwards(asked: list[str]) -> Callable[[Reader, Writer], Awaitable[None]]:
    """A proxy for HTTP's CONNECT; `asked` are the request lines."""

    async def talk(reader: Reader, writer: Writer) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        asked.append(head.split("\r\n")[0])
        host, port = head.split(" ")[1].split(":")
        there, to = await asyncio.open_connection(host, int(port))
        writer.write(b"HTTP/1.1 200 OK\r\n\r\n")
        try:
            await asyncio.gather(_copied(reader, to), _copied(there, writer))
        finally:
            to.close()

    return talk


async def _copied(reader: Reader, writer: Writer) -> None:
    while block := await reader.read(1 << 16):
        writer.write(block)
        await writer.drain()
    writer.close()


async def listens(ws: ServerConnection) -> None:
    """Shakes hands, answers pings, and never a frame."""
    async for _ in ws:
        pass


async def leaves(ws: ServerConnection) -> None:
    """Shakes hands, and closes."""
    await ws.close(1001)


async def floods(reader: Reader, writer: Writer) -> None:
    """Sends a million frames to whoever says anything."""
    await upgraded(reader, writer)
    await reader.read(1)
    text = frame("note", text="again and ").encode()
    for _ in range(1_000):
        writer.write((bytes([0x81, len(text)]) + text) * 1_000)
        await writer.drain()
    await for_ever()


async def is_verbose(ws: ServerConnection) -> None:
    """Sends a message of a gigabyte, piece by piece."""
    await ws.recv()
    piece = "x" * (1 << 20)

    async def pieces() -> AsyncIterator[str]:
        for _ in range(1024):
            yield piece

    await ws.send(pieces())


def frame(kind: str, **fields: Any) -> str:
    return json.dumps({"type": kind, **fields})


async def answers(ws: ServerConnection) -> None:
    """Does everything as it should."""
    async for message in ws:
        try:
            asked = json.loads(message)
        except ValueError:
            await ws.send(frame("oops", code="NOT_JSON"))
            continue
        await _answered(ws, asked)


async def chatters_on(ws: ServerConnection) -> None:
    """Sends text of a turn after its end, and then begins another with it."""
    async for message in ws:
        asked = json.loads(message)
        await _answered(ws, asked)
        if asked.get("type") == "ask":
            await ws.send(frame("text", session=asked["session"], text="One more thing."))
            await ws.send(frame("done", session=asked["session"]))


async def _answered(ws: ServerConnection, asked: Any) -> None:
    match asked:
        case {"type": "hello"}:
            await ws.send(frame("ready", session=f"sess-{ws.id.hex[:8]}"))
        case {"type": "ask", "session": session}:
            for piece in ("It is ", "dry."):
                await ws.send(frame("text", session=session, text=piece))
            await ws.send(frame("done", session=session))
        case _:
            await ws.send(frame("oops", code="WHAT"))


PORCH = """\
dialect: porch
title: Porch
source: Porch by itself
envelope:
  style: flat
  tag: type
  data: data
  header: {client: {"id?": string}, server: {"id?": string}}
unknown: report
connect:
  path: /porch/{house}
  params:
    house: {in: path, type: string, summary: The house., default: main}
    loud: {in: query, type: boolean, default: false, summary: Whether it is loud.}
  auth:
    - {subprotocol: "Bearer.{token}"}
    - {query: {key: "{token}"}}
    - {cookie: "{cookie}"}
    - {header: {X-Porch: "Token {token}"}}
  closes: {4001: auth.refused}
names: {session: /session, code: /code}
spans:
  turn: {keys: [session], opened: here, exclusive: true}
  birth: {keys: [], tie: oldest}
  ping: {keys: [], tie: oldest}
frames:
  hello: {from: client, basis: words, source: s, summary: S., is: [ask.session], payload: {}}
  ask:
    from: client
    basis: words
    source: s
    summary: S.
    is: [prompt, turn.open]
    payload: {session: string, text: string}
  pong: {from: client, basis: words, source: s, summary: S., is: [answer.ping], payload: {}, examples: [{}]}
  ready: {from: server, basis: words, source: s, summary: S., is: [answer.session], payload: {session: string}}
  text: {from: server, basis: words, source: s, summary: S., is: [text.delta], payload: {session: string, text: string}}
  note: {from: server, basis: words, source: s, summary: S., is: [notice], payload: {text: string}}
  done: {from: server, basis: words, source: s, summary: S., is: [turn.close], payload: {session: string}}
  ping: {from: server, basis: words, source: s, summary: S., is: [ask.ping], payload: {}}
  oops: {from: server, basis: words, source: s, summary: S., is: [error], payload: {code: string}}
guarantees:
  session-ready-answers: {level: must, says: hello is answered by ready., source: the promise}
  text-inside-turn: {level: must, says: No text comes after done., source: the order}
  turn-closed-once: {level: should, says: A turn ends with one done., source: the order}
  auth-failure-closes: {level: should, says: Who is refused is closed on with 4001., source: the door}
  malformed-input-survived: {level: may, says: Nonsense is answered., source: common sense}
  ping-answered: {level: must, says: The client answers a ping., source: the beat}
rejects: {answer: oops}
variables:
  token: {secret: true, reference: the-porch-token, summary: S.}
  cookie: {secret: true, reference: pass=the-porch-cookie, summary: S.}
  house: {reference: main, summary: S.}
  prompt: {reference: How is the weather?, summary: S.}
  count: {reference: 3, summary: S.}
scenarios:
"""

TURN = """\
  turn:
    says: A prompt is answered.
    exercises: [session-ready-answers, text-inside-turn, turn-closed-once]
    steps:
      - {connect: a, params: {house: $house}}
      - {send: hello}
      - {until: ready, or: [oops, close], keep: {session: /session}, promised: session-ready-answers}
      - {send: ask, with: {session: $session, text: $prompt}}
      - {until: done, or: [oops, close], where: {/session: $session}}
"""


@cache
def porch(scenarios: str = TURN) -> Dialect:
    """The dialect with these scenarios, as they stand in a catalog."""
    with TemporaryDirectory() as folder:
        path = Path(folder, "porch.yaml")
        path.write_text(PORCH + scenarios, encoding="utf-8")
        return load_file(path)


def porch_file(folder: Path, scenarios: str = TURN) -> Path:
    """The dialect's catalog, for the command."""
    path = folder / "porch.yaml"
    path.write_text(PORCH + scenarios, encoding="utf-8")
    return path
