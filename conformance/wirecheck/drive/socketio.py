"""A connection whose messages lie in Socket.IO events, over WebSocket alone.

Law: the same words as any `Wire`: the first argument of an event is a message, and ours go out as the event `message`.
The transport's own packets are the library's business, and its log is never written. Needs the extra `socketio`.
"""

from __future__ import annotations

import asyncio
import json
from collections import deque
from typing import TYPE_CHECKING, Any, Final, Literal
from urllib.parse import urlsplit, urlunsplit

from wirecheck.drive.handshake import Handshake
from wirecheck.drive.refusal import Refused, place, refusal, status_refusal
from wirecheck.drive.target import Limits, Target
from wirecheck.drive.wire import ABNORMAL, QUIET, TOO_BIG, Ending, Incoming, Over, tls_of
from wirecheck.errors import UsageError, WirecheckError

try:
    import aiohttp
    import socketio  # type: ignore[import-untyped]
except ImportError as missing:
    raise UsageError(f"Socket.IO needs the package {missing.name}; install wirecheck[socketio]") from None

if TYPE_CHECKING:
    _Response = aiohttp.ClientWebSocketResponse[Literal[True]]
else:
    _Response = aiohttp.ClientWebSocketResponse

_EVENT: Final = "message"
_PATH: Final = "socket.io"
_COMPRESSED: Final = 15
"""The window of the compression that is offered, in bits."""


class _Socket(_Response):
    """The library's WebSocket, whose pongs can be waited for."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.ponged = asyncio.Event()

    async def receive(self, timeout: float | None = None) -> Any:
        while True:
            message = await super().receive(timeout)
            if message.type is aiohttp.WSMsgType.PING:
                await self.pong(message.data)
            elif message.type is aiohttp.WSMsgType.PONG:
                self.ponged.set()
            else:
                return message


class SocketIOWire:
    """A `Wire` over the library's client, which is given everything about the connection in `options`."""

    def __init__(self, session: aiohttp.ClientSession, options: dict[str, Any]) -> None:
        self.arrived = 0
        self.client = socketio.AsyncClient(
            reconnection=False,
            handle_sigint=False,
            logger=QUIET,
            engineio_logger=QUIET,
            http_session=session,
            websocket_extra_options=options,
        )
        self._session = session
        self._came: deque[Incoming] = deque()
        self._news = asyncio.Event()
        self._over = False
        self._ours: Ending | None = None
        self._theirs: Ending | None = None
        self._cutting: asyncio.Task[None] | None = None
        self.client.on("*", self._take)
        self.client.on("disconnect", self._end)

    async def send(self, message: str | bytes, *, text: bool = False) -> None:
        """As any wire does, but that bytes are always binary: an event has no other way to carry them."""
        try:
            await self.client.emit(_EVENT, message)
        except socketio.exceptions.SocketIOError:
            raise Over from None

    async def receive(self) -> Incoming:
        while not self._came:
            if self._over:
                await self.leave()
                raise Over
            self._news.clear()
            await self._news.wait()
        return self._came.popleft()

    async def ping(self, within: float) -> bool:
        """A ping of the WebSocket below: a client of Socket.IO has none of its own."""
        socket = self._socket()
        if self._over or socket is None:
            return False
        socket.ponged.clear()
        try:
            async with asyncio.timeout(within):
                await socket.ping()
                await socket.ponged.wait()
        except (TimeoutError, ConnectionError, aiohttp.ClientError):
            return False
        return True

    async def close(self, within: float) -> None:
        if not self._over and self._ours is None:
            self._ours = Ending(code=1000, sender="client")
        try:
            async with asyncio.timeout(within):
                await self.client.disconnect()
        except TimeoutError:
            self.abort()
        await self.leave()

    def abort(self) -> None:
        if self._cutting is None:
            self._ours = self._ours or Ending(code=ABNORMAL, sender="client")
            self._cutting = asyncio.create_task(self._cut())

    def ending(self) -> Ending:
        said = self._ours or self._theirs
        if said is not None:
            return said
        socket = self._socket()
        code = ABNORMAL if socket is None or socket.close_code is None else int(socket.close_code)
        if code == TOO_BIG:
            return Ending(code=code, sender="client", too_big=True)
        return Ending(code=code, sender=None if code == ABNORMAL else "server")

    async def leave(self) -> None:
        """Give back what the connection took."""
        if self._cutting is not None:
            await self._cutting
        await self._session.close()

    async def _cut(self) -> None:
        if self._session.connector is not None:
            await self._session.connector.close()

    def _socket(self) -> _Socket | None:
        socket = self.client.eio.ws
        return socket if isinstance(socket, _Socket) else None

    def _take(self, event: str, *arguments: Any) -> None:
        first = arguments[0] if arguments else ""
        self.arrived += 1
        self._came.append(_incoming(first))
        self._news.set()

    def _end(self, reason: str = "") -> None:
        if self._ours is None and reason == self.client.reason.SERVER_DISCONNECT:
            # The transport's own goodbye, which carries no code: an end in good order.
            self._theirs = Ending(code=1000, sender="server")
        self._over = True
        self._news.set()


async def open_socketio(target: Target, asked: Handshake, limits: Limits, secrets: frozenset[str]) -> SocketIOWire:
    """Open a connection. Raises `Refused`, or `UsageError` for what cannot be asked for at all."""
    parts = urlsplit(asked.url)
    scheme = "https" if parts.scheme == "wss" else "http"
    options: dict[str, Any] = {
        "autoping": False,
        "protocols": asked.subprotocols,
        "max_msg_size": target.max_size,
        "compress": _COMPRESSED if target.compression else 0,
    }
    if scheme == "https":
        options["ssl"] = tls_of(target)
    if target.proxy:
        options["proxy"] = target.proxy
    session = aiohttp.ClientSession(ws_response_class=_Socket, trust_env=target.proxy is None)
    wire = SocketIOWire(session, options)
    try:
        async with asyncio.timeout(limits.opening):
            await wire.client.connect(
                urlunsplit((scheme, parts.netloc, "", parts.query, "")),
                headers=dict(asked.headers),
                transports=["websocket"],
                # The catalog's path is where a plain WebSocket lives; only the user can know of another for this one.
                socketio_path=urlsplit(target.url).path.strip("/") or _PATH,
                wait_timeout=limits.opening,
            )
    except Exception as error:
        told = _refusal(error, target, secrets, limits.opening)
    else:
        return wire
    await wire.leave()
    raise told


def _incoming(argument: Any) -> Incoming:
    """The message in the first argument of an event, as it would be read from a capture."""
    if isinstance(argument, bytes):
        try:
            return Incoming(body=argument.decode(), binary=False)
        except UnicodeDecodeError:
            return Incoming(body=argument, binary=True)
    if isinstance(argument, str):
        return Incoming(body=argument, binary=False)
    return Incoming(body=json.dumps(argument, ensure_ascii=False), binary=False)


def _refusal(error: BaseException, target: Target, secrets: frozenset[str], seconds: float) -> WirecheckError:
    """What is at the bottom of the library's errors, in which each hides the one below."""
    option = f"{target.prefix}transport"
    cause: BaseException | None = error
    while cause is not None:
        match cause:
            case aiohttp.ClientConnectorCertificateError():
                return refusal(cause.certificate_error, target, secrets, seconds)
            case aiohttp.ClientConnectorError():
                return refusal(cause.os_error, target, secrets, seconds)
            case aiohttp.WSServerHandshakeError() | aiohttp.ClientHttpProxyError():
                location = "" if cause.headers is None else cause.headers.get("Location", "")
                return status_refusal(cause.status, location, target, secrets)
            case TimeoutError():
                text = f"no Socket.IO server answered within {seconds:g} s; look at the URL and {option}"
                return Refused(f"{place(target)}: {text}", passing=True)
            case OSError():
                return refusal(cause, target, secrets, seconds)
        cause = cause.__cause__ or cause.__context__
    return Refused(f"{place(target)}: it does not answer as a Socket.IO server does; look at the URL and {option}")
