"""A server that listens: its address, and its end.

Law: whoever connects is handed on, and nobody keeps it from ending. What is said on a connection is the matter of those
who build on it.
"""

from __future__ import annotations

import logging
from abc import ABC, abstractmethod
from collections.abc import Sequence
from types import TracebackType
from typing import Any, Final, Self, cast
from weakref import WeakSet

from websockets.asyncio.server import Server, ServerConnection, serve
from websockets.protocol import State
from websockets.typing import Subprotocol

from wirecheck.errors import UsageError
from wirecheck.strict import MAX_BYTES

_LOG: Final = logging.getLogger("wirecheck.serve")
_LOG.addHandler(logging.NullHandler())
_LOG.setLevel(logging.INFO)  # what the library says below shows headers, and credentials with them

_ARRIVING: Final = 60.0
"""Seconds that a client gets for its handshake: a crowd that arrives at once takes a while on a busy machine."""
_LEAVING: Final = 2.0
"""Seconds that a client has to answer a close."""


class Listening(ABC):
    """Listens at `host` and `port` (0: any free one) from its start to its end; an asynchronous context manager.

    Raises `UsageError` for an address that cannot be taken.
    """

    def __init__(self, host: str, port: int) -> None:
        self._host, self._port = host, port
        self._server: Server | None = None
        self._sockets: WeakSet[ServerConnection] = WeakSet()

    async def start(self) -> Self:
        try:
            self._server = await serve(
                self._serve,
                self._host,
                self._port,
                select_subprotocol=self._subprotocol,
                max_size=MAX_BYTES,
                open_timeout=_ARRIVING,
                close_timeout=_LEAVING,
                create_connection=cast(type[ServerConnection], self._created),
                logger=_LOG,
            )
        except OSError as error:
            reason = error.strerror or str(error)
            raise UsageError(
                f"cannot listen on {self._host}:{self._port} ({reason}); give another --host or --port"
            ) from error
        return self

    async def close(self) -> None:
        """Stop: clients are told so (code 1001), and nothing is played any more. May be called twice."""
        if self._server is None:
            return
        self._server.close()
        for socket in tuple(self._sockets):
            # The library would wait for its handshake. What was accepted this very moment has no transport yet.
            if socket.state is State.CONNECTING and hasattr(socket, "transport"):
                socket.transport.abort()
        await self._server.wait_closed()

    async def __aenter__(self) -> Self:
        return await self.start()

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    @property
    def base(self) -> str:
        """`ws://host:port`, without a path."""
        if self._server is None:
            name = type(self).__name__
            raise UsageError(f"the server is not listening yet; use it as `async with {name}(…) as server`")
        host, port = next(iter(self._server.sockets)).getsockname()[:2]
        return f"ws://[{host}]:{port}" if ":" in host else f"ws://{host}:{port}"

    @abstractmethod
    async def _serve(self, socket: ServerConnection) -> None:
        """Serve one connection until it ends."""

    @abstractmethod
    def _subprotocol(self, socket: ServerConnection, offered: Sequence[Subprotocol]) -> Subprotocol | None:
        """What is chosen among those that a client offers."""

    def _created(self, *given: Any, **options: Any) -> ServerConnection:
        socket = ServerConnection(*given, **options)
        self._sockets.add(socket)
        return socket
