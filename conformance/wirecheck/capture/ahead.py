"""A stream whose next blocks are fetched while the last one is used.

Law: knows how to ask for bytes by their place, and nothing of where they come from. At most `AHEAD` blocks wait and
one is under way, so memory is bounded however slowly the stream is read. Nothing is fetched ahead until a second
block is asked for, and blocks begin small: whoever only looks at a beginning has only that fetched.
"""

from __future__ import annotations

import io
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, Final

FIRST: Final = 256 * 1024
"""The first block, in bytes; each is twice as long as the one before, up to `LARGEST`."""
LARGEST: Final = 2 * 1024 * 1024
AHEAD: Final = 2

Fetch = Callable[[int, int], bytes]
"""From a place, at most so many bytes; none at the end. Raises `OSError`. Never called twice at once."""


class Ahead(io.RawIOBase):
    """The bytes that `fetch` gives, in order. `size` is None where it is not known.

    `close` is called when the stream is closed and nothing is fetched any more.
    """

    def __init__(self, fetch: Fetch, *, size: int | None, seekable: bool, close: Callable[[], object]) -> None:
        self.size = size
        self._fetch = fetch
        self._seekable = seekable
        self._closing = close
        self._block = memoryview(b"")
        self._place = 0  # where the block begins
        self._used = 0  # how much of the block was read
        self._run = self._blocks(0)
        self._begun = False
        self._coming: deque[Future[bytes]] = deque()
        self._worker: ThreadPoolExecutor | None = None
        self._failed: Exception | None = None

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return self._seekable

    def tell(self) -> int:
        return self._place + self._used

    def seek(self, offset: int, whence: int = io.SEEK_SET, /) -> int:
        """Raises `OSError` where this stream only goes on, or the end is not known."""
        if whence == io.SEEK_CUR:
            offset += self.tell()
        elif whence == io.SEEK_END:
            if self.size is None:
                raise io.UnsupportedOperation("the size is not known")
            offset += self.size
        if offset == self.tell():
            return offset
        if not self._seekable:
            raise io.UnsupportedOperation("this can be read from its beginning on, and in no other order")
        if offset < 0:
            raise OSError("a place before the beginning")
        if self._place <= offset <= self._place + len(self._block):
            self._used = offset - self._place
            return offset
        self._forget()
        self._place, self._run, self._failed = offset, self._blocks(offset), None
        return offset

    def readinto(self, buffer: Any, /) -> int:
        target = memoryview(buffer).cast("B")
        if self._used == len(self._block):
            self._next()
        count = min(len(target), len(self._block) - self._used)
        target[:count] = self._block[self._used : self._used + count]
        self._used += count
        return count

    def close(self) -> None:
        if self.closed:
            return
        super().close()
        self._forget()
        if self._worker is None:
            self._closing()
        else:
            self._worker.submit(self._closing)
            self._worker.shutdown(wait=True)

    def _blocks(self, place: int) -> Iterator[bytes]:
        length = FIRST
        while block := self._fetch(place, length):
            yield block
            place += len(block)
            length = min(2 * length, LARGEST)

    def _next(self) -> None:
        """Go on to the block that follows, or to an empty one at the end."""
        self._place += len(self._block)
        self._block, self._used = memoryview(b""), 0
        if self._failed is not None:
            raise self._failed
        try:
            block = self._awaited() if self._begun else next(self._run, b"")
        except Exception as error:
            self._failed = error
            raise
        self._begun = True
        self._block = memoryview(block)

    def _awaited(self) -> bytes:
        if self._worker is None:
            self._worker = ThreadPoolExecutor(max_workers=1, thread_name_prefix="wirecheck-ahead")
        while len(self._coming) <= AHEAD:
            self._coming.append(self._worker.submit(next, self._run, b""))
        return self._coming.popleft().result()

    def _forget(self) -> None:
        for one in self._coming:
            one.cancel()
        self._coming.clear()
        self._block, self._used = memoryview(b""), 0
