"""The reference server for programs that have no event loop of their own.

Law: one thread, one event loop, one server; everything that is asked of the server is asked in its own loop.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, TypeVar

from wirecheck.catalog import Dialect
from wirecheck.serve.server import ReferenceServer
from wirecheck.verdict import Report

_Answer = TypeVar("_Answer")


@dataclass(frozen=True, slots=True, kw_only=True)
class Served:
    """A server that runs in its thread. `url` has the catalog's path, `base` has none."""

    url: str
    base: str
    _ask: Callable[[Callable[[], Report]], Report]
    _server: ReferenceServer

    def report(self) -> Report:
        """The report on all clients so far. It ends the judging, also when it is asked for after the server's end."""
        return self._ask(self._server.report)


@contextmanager
def serving(dialect: Dialect, **options: Any) -> Iterator[Served]:
    """A reference server that runs until the block ends; `options` are those of `ReferenceServer`."""
    started: Future[tuple[ReferenceServer, asyncio.AbstractEventLoop, asyncio.Event]] = Future()
    ended: Future[None] = Future()

    async def run() -> None:
        stop = asyncio.Event()
        async with ReferenceServer(dialect, **options) as server:
            started.set_result((server, asyncio.get_running_loop(), stop))
            await stop.wait()

    def main() -> None:
        try:
            asyncio.run(run())
        except BaseException as error:
            (ended if started.done() else started).set_exception(error)
        else:
            ended.set_result(None)

    thread = threading.Thread(target=main, name="wirecheck reference server", daemon=True)
    thread.start()
    server, loop, stop = started.result()

    def ask(question: Callable[[], _Answer]) -> _Answer:
        if ended.done():
            return question()

        async def answer() -> _Answer:
            return question()

        return asyncio.run_coroutine_threadsafe(answer(), loop).result()

    try:
        yield Served(url=server.url, base=server.base, _ask=ask, _server=server)
    finally:
        if not ended.done():
            loop.call_soon_threadsafe(stop.set)
        thread.join()
    ended.result()
