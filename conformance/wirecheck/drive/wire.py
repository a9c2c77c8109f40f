"""A connection as its messages: the WebSocket itself, and what any transport must be able to do.

Law: whole messages in and out, to the byte, and how it ended. Every wait is bounded, and so is every message. Nothing
here knows a dialect, records or judges; the library's own log, which shows headers, is never written.
"""

from __future__ import annotations

import asyncio
import logging
import ssl
from collections import deque
from dataclasses import dataclass
from typing import Any, Final, Protocol

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed
from websockets.frames import Frame, Opcode
from websockets.protocol import State
from websockets.typing import Subprotocol

from wirecheck.catalog.model import Sender
from wirecheck.drive.handshake import Handshake
from wirecheck.drive.refusal import refusal
from wirecheck.drive.target import Limits, Target
from wirecheck.errors import UsageError

QUIET: Final = logging.Logger("wirecheck.drive", level=logging.CRITICAL + 1)
"""No child of the root, and without handlers: nobody's configuration of logging makes it speak."""
_ALIVE: Final = 20.0
"""Seconds between pings that keep an idle connection from being cut by what lies between."""
ABNORMAL: Final = 1006
TOO_BIG: Final = 1009


@dataclass(frozen=True, slots=True, kw_only=True)
class Incoming:
    """One message. `body` is bytes for a binary message, and for text that is no UTF-8."""

    body: str | bytes
    binary: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Ending:
    """How a connection ended: the close code and who closed. `too_big`: because of a message beyond the bound;
    `broken`: because what came was not WebSocket."""

    code: int | None
    sender: Sender | None
    too_big: bool = False
    broken: str = ""


class Over(Exception):
    """The connection has ended; what came before has been received."""


class Wire(Protocol):
    """A connection that is open."""

    @property
    def arrived(self) -> int:
        """Messages that arrived whole, whether or not `receive` has given them out yet."""

    async def send(self, message: str | bytes, *, text: bool = False) -> None:
        """Send one message: text as text, and bytes as binary unless they are to go as `text`. Raises `Over`."""

    async def receive(self) -> Incoming:
        """The next message, in order. Raises `Over`."""

    async def ping(self, within: float) -> bool:
        """Whether the peer answered a ping in so many seconds."""

    async def close(self, within: float) -> None:
        """Close in good order; abort when that takes longer."""

    def abort(self) -> None:
        """Cut the connection at once."""

    def ending(self) -> Ending:
        """How it ended, after `Over`."""


class _Link(ClientConnection):
    """The library's connection, which also notes what kind each message is, and never waits for ever to be closed."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.binary: deque[bool] = deque()
        self.arrived = 0
        self._closing: asyncio.TimerHandle | None = None

    def process_event(self, event: Any) -> None:
        if isinstance(event, Frame):
            if event.opcode in (Opcode.TEXT, Opcode.BINARY):
                self.binary.append(event.opcode is Opcode.BINARY)
            if event.opcode in (Opcode.TEXT, Opcode.BINARY, Opcode.CONT) and event.fin:
                self.arrived += 1
        super().process_event(event)

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        if self.protocol.parser_exc is not None:
            # What follows a fault is not WebSocket any more; nothing else of it is read.
            self.transport.close()
        elif self._closing is None and self.protocol.state is State.CLOSING:
            # A peer that goes on sending, or holds the line, after the closing handshake would keep us here.
            wait = self.close_timeout if self.close_timeout is not None else 0.0
            self._closing = self.loop.call_later(wait, self.transport.abort)

    def connection_lost(self, exc: Exception | None) -> None:
        if self._closing is not None:
            self._closing.cancel()
        super().connection_lost(exc)


class _Connect(connect):
    """The library's handshake, which follows no redirect: another server must not get the credential."""

    def process_redirect(self, exc: Exception) -> Exception | str:
        return exc


class WebSocketWire:
    """A `Wire` over the library's connection."""

    def __init__(self, link: _Link) -> None:
        self._link = link

    @property
    def arrived(self) -> int:
        return self._link.arrived

    async def send(self, message: str | bytes, *, text: bool = False) -> None:
        try:
            await self._link.send(message, text=True if text else None)
        except ConnectionClosed:
            raise Over from None

    async def receive(self) -> Incoming:
        try:
            body: bytes = await self._link.recv(decode=False)
        except ConnectionClosed:
            raise Over from None
        if self._link.binary.popleft():
            return Incoming(body=body, binary=True)
        try:
            return Incoming(body=body.decode(), binary=False)
        except UnicodeDecodeError:
            return Incoming(body=body, binary=False)

    async def ping(self, within: float) -> bool:
        try:
            async with asyncio.timeout(within):
                await (await self._link.ping())
        except (ConnectionClosed, TimeoutError):
            return False
        return True

    async def close(self, within: float) -> None:
        try:
            async with asyncio.timeout(within):
                await self._link.close()
        except TimeoutError:
            self.abort()

    def abort(self) -> None:
        self._link.transport.abort()

    def ending(self) -> Ending:
        protocol = self._link.protocol
        came, went, first = protocol.close_rcvd, protocol.close_sent, protocol.close_rcvd_then_sent
        if came is not None and (went is None or first):
            return Ending(code=int(came.code), sender="server")
        if went is not None:
            failed = protocol.parser_exc
            code = int(went.code)
            return Ending(
                code=code,
                sender="client",
                too_big=code == TOO_BIG and came is None,
                broken="" if failed is None or code == TOO_BIG else type(failed).__name__,
            )
        return Ending(code=ABNORMAL, sender=None)


async def open_websocket(target: Target, asked: Handshake, limits: Limits, secrets: frozenset[str]) -> WebSocketWire:
    """Open a connection. Raises `Refused`, or `UsageError` for what cannot be asked for at all."""
    wait = limits.opening
    settings: dict[str, Any] = {"ssl": tls_of(target)} if asked.url.startswith("wss:") else {}
    try:
        opening = _Connect(
            asked.url,
            subprotocols=[Subprotocol(one) for one in asked.subprotocols] or None,
            compression="deflate" if target.compression else None,
            additional_headers=dict(asked.headers),
            proxy=True if target.proxy is None else target.proxy or None,
            open_timeout=wait,
            ping_interval=_ALIVE,
            ping_timeout=None,
            close_timeout=limits.moment,
            max_size=target.max_size,
            logger=QUIET,
            create_connection=_Link,
            **settings,
        )
        link = await opening
    except Exception as error:
        told = refusal(error, target, secrets, wait)
    else:
        assert isinstance(link, _Link)
        return WebSocketWire(link)
    raise told


def tls_of(target: Target) -> ssl.SSLContext:
    """What the user wants of TLS. Raises `UsageError` for files that cannot be used."""
    context = ssl.create_default_context()
    if target.ca is not None:
        try:
            context.load_verify_locations(target.ca)
        except (OSError, ssl.SSLError) as error:
            raise UsageError(
                f"{target.prefix}ca {target.ca}: no certificates can be read from it ({_why(error)}); name a PEM file"
            ) from None
    if target.insecure:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    if target.cert is not None:
        try:
            context.load_cert_chain(target.cert, target.key, password=_no_password)
        except (OSError, ssl.SSLError, ValueError) as error:
            raise UsageError(
                f"{target.prefix}cert {target.cert}: it cannot be used ({_why(error)}); name a PEM file with its key"
            ) from None
    return context


def _no_password() -> str:
    """Asked for where the key is encrypted; the library would otherwise ask at the terminal."""
    return ""


def _why(error: Exception) -> str:
    if isinstance(error, ssl.SSLError):
        return str(error.reason or "no PEM")
    return str(getattr(error, "strerror", None) or type(error).__name__)
