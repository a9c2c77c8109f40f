"""One of the two TCP connections that a proxy joins, and how bytes go from it to the other.

Law: bytes are passed on in the turn of the event loop in which they came, so that nothing of them is lost when a side
is cut off. Whoever reads slowly slows whoever sends: what waits to be written is bounded, because then nothing more is
read. Nothing here knows what the bytes mean, but for where a head of HTTP ends.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import cast

from wirecheck.serve import head


class Gone(Exception):
    """The other end left before it had said what was waited for."""


class TooLong(Exception):
    """What was waited for is longer than is read."""


class Leg(asyncio.Protocol):
    """Holds what comes until `relay` says what is to be done with it.

    `arrived` is called with a leg that somebody else opened; that one leads, and the other is nothing without it.
    `ended` is done when no more bytes can come, `lost` when none can be sent either.
    """

    def __init__(self, arrived: Callable[[Leg], None] | None = None) -> None:
        loop = asyncio.get_running_loop()
        self.ended: asyncio.Future[None] = loop.create_future()
        self.lost: asyncio.Future[None] = loop.create_future()
        self.transport: asyncio.Transport
        self._arrived = arrived
        self._other: Leg | None = None
        self._heard: Callable[[bytes], None] | None = None
        self._held = bytearray()
        self._news = asyncio.Event()
        self._full = False
        """Whether what was sent here waits to be read, so that nothing more should come."""

    async def head(self) -> bytes:
        """The bytes up to the end of the first head; what follows them stays. Raises `Gone` and `TooLong`."""
        while True:
            end = self._held.find(head.END)
            if end >= 0:
                end += len(head.END)
                raw = bytes(self._held[:end])
                del self._held[:end]
                return raw
            if len(self._held) > head.MOST:
                raise TooLong
            if self.ended.done():
                raise Gone
            self._news.clear()
            await self._news.wait()

    def join(self, other: Leg) -> None:
        """From now on, the end of one is the end of the other."""
        self._other, other._other = other, self

    def relay(self, heard: Callable[[bytes], None]) -> None:
        """Pass on what came and what comes, after `heard` has heard it."""
        self._heard = heard
        held, self._held = bytes(self._held), bytearray()
        if held:
            self._pass(held, heard)
        if self.ended.done():
            self._end()
        elif self._other is not None and not self._other._full:
            self.transport.resume_reading()

    def write(self, data: bytes) -> None:
        if not self.transport.is_closing():
            self.transport.write(data)

    def finish(self) -> None:
        """Nothing more is sent; what waits still goes out. TLS cannot end one direction alone, and ends both."""
        if self.transport.is_closing():
            return
        if self.transport.can_write_eof():
            self.transport.write_eof()
        else:
            self.transport.close()

    def abort(self) -> None:
        self.transport.abort()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast("asyncio.Transport", transport)
        if self._arrived is not None:
            self._arrived(self)

    def data_received(self, data: bytes) -> None:
        if self._heard is not None:
            self._pass(data, self._heard)
            return
        self._held += data
        self._news.set()
        if len(self._held) > head.MOST:
            self.transport.pause_reading()

    def eof_received(self) -> bool:
        self._ends()
        self._end()
        return self.transport.get_extra_info("ssl_object") is None

    def connection_lost(self, exc: Exception | None) -> None:
        self._ends()
        if not self.lost.done():
            self.lost.set_result(None)
        if self._other is not None and (self._heard is not None or self._arrived is not None):
            # What it was sent before still goes out, and then it is cut off as well.
            self._other.transport.close()

    def pause_writing(self) -> None:
        self._full = True
        if self._other is not None:
            self._other.transport.pause_reading()

    def resume_writing(self) -> None:
        self._full = False
        if self._other is not None:
            self._other.transport.resume_reading()

    def _pass(self, data: bytes, heard: Callable[[bytes], None]) -> None:
        heard(data)
        if self._other is not None:
            self._other.write(data)

    def _ends(self) -> None:
        self._news.set()
        if not self.ended.done():
            self.ended.set_result(None)

    def _end(self) -> None:
        """Tell the other end that nothing more comes; where both have ended, it is over."""
        other = self._other
        if other is None or self._heard is None:
            return
        if other.ended.done():
            other.transport.close()
            self.transport.close()
        else:
            other.finish()
