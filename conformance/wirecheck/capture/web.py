"""One resource of a web server, read by a request that goes on for as long as it is read in order.

Law: knows HTTP's ranges, by fsspec's session, and nothing of what is read. Where a connection is lost and the server
can begin in the middle, it is asked again from there on, a few times; where the resource has changed meanwhile, that
is an error and never a mixture. What came before a connection was lost is given.
"""

from __future__ import annotations

import re
from threading import Event
from typing import Any, Final

import aiohttp
import fsspec
from fsspec.asyn import sync

AGAIN: Final = 4
"""How often in a row a lost connection is opened again before that is an error."""
PAUSE: Final = 0.1
"""Seconds before the first time; twice as many before each other."""
_SILENCE: Final = 60.0
"""Seconds in which a server must answer, or send something more."""
_CONTENT_RANGE: Final = re.compile(r"bytes (\d+)-\d+/(\d+|\*)\Z")
_LOST: Final = (aiohttp.ClientPayloadError, aiohttp.ClientConnectionError, TimeoutError, ConnectionError)


class Web:
    """Raises whatever aiohttp raises; `remote` says it in our words."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._space = fsspec.filesystem("http", client_kwargs={"trust_env": True})  # proxies, as curl finds them
        self._response: Any = None
        self._place = 0  # where the next byte of the response belongs
        self._marks: tuple[str | None, ...] = ()
        self._lost: Exception | None = None
        self.size: int | None = None
        self.seekable = False
        self._begin(0)

    def fetch(self, place: int, count: int) -> bytes:
        """From `place`, at most `count` bytes, and none at the end."""
        if self.size is not None and place >= self.size:
            return b""
        failed = 0
        while True:
            if self._lost is not None and (not self.seekable or failed > AGAIN):
                raise self._lost
            if failed:
                Event().wait(PAUSE * 2**failed)
            try:
                if self._response is None or place != self._place:
                    self._begin(place)
                piece, self._lost = sync(self._space.loop, self._take, count)
            except _LOST as error:
                piece, self._lost = b"", error
            if not piece and self._lost is None and self.size is not None:
                self._lost = ConnectionError("the server sent less than it had said")
            if self._lost is not None:
                self.close()
            if piece or self._lost is None:
                self._place += len(piece)
                return bytes(piece)
            failed += 1

    def close(self) -> None:
        """Let the connection go; it is opened again where more is fetched."""
        if self._response is not None:
            self._space.loop.call_soon_threadsafe(self._response.close)
            self._response = None

    async def _take(self, count: int) -> tuple[bytes, Exception | None]:
        """Some bytes, and why there will be no more, where the connection was lost."""
        content = self._response.content
        taken = bytearray()
        try:
            while len(taken) < count and (piece := await content.read(count - len(taken))):
                taken += piece
        except _LOST as error:
            # What came before the connection was lost still lies in the reader, which gives nothing more itself.
            rest = getattr(content, "_read_nowait", None)
            if rest is not None:
                taken += rest(-1)
            return bytes(taken), error
        return bytes(taken), None

    def _begin(self, place: int) -> None:
        self.close()
        self._response, marks, begins, size = sync(self._space.loop, self._ask, place)
        if place == 0 and not self._marks:
            self._marks = marks
            self.seekable = begins is not None
            self.size = size
        elif marks != self._marks or size != self.size:
            self.close()
            raise OSError("it was changed while it was read; check it again")
        elif place and begins != place:
            self.close()
            raise OSError("the server does not begin in the middle any more; check it again")
        self._place = place

    async def _ask(self, place: int) -> tuple[Any, tuple[str | None, ...], int | None, int | None]:
        """The response, what it says of the version, where it begins if the server knows ranges, and the size."""
        session = await self._space.set_session()
        response = await session.get(
            self._space.encode_url(self._url),
            headers={"Accept-Encoding": "identity", "Range": f"bytes={place}-"},
            timeout=aiohttp.ClientTimeout(total=None, sock_connect=_SILENCE, sock_read=_SILENCE),
        )
        headers = response.headers
        marks = tuple(headers.get(name) for name in ("ETag", "Last-Modified"))
        if response.status == 416 and place == 0:
            response.close()
            return None, marks, None, 0  # a resource of no bytes has no range
        try:
            response.raise_for_status()
        except aiohttp.ClientResponseError:
            response.close()
            raise
        if headers.get("Content-Encoding", "identity") not in ("identity", ""):
            return response, marks, None, None
        if response.status == 206:
            found = _CONTENT_RANGE.match(headers.get("Content-Range", ""))
            if found is None or int(found[1]) != place:
                response.close()
                raise OSError("the server sent another part than it was asked for")
            return response, marks, place, None if found[2] == "*" else int(found[2])
        length = headers.get("Content-Length", "")
        return response, marks, None, int(length) if length.isdecimal() else None
