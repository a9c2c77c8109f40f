"""A loop in a thread of its own, for a program that has none, or is inside another.

Law: what is asked of it is run to its end there, or cancelled; when it is closed, nothing of it is left.
"""

from __future__ import annotations

import asyncio
import signal
import threading
from collections.abc import Coroutine
from types import FrameType, TracebackType
from typing import Any, NoReturn, Self, TypeVar

_Result = TypeVar("_Result")


class Loop:
    """Use it in a `with` statement.

    `heeds`: if the program is interrupted where nothing can be raised (the engine has a callback of the garbage
    collector, and Python drops whatever is raised in one), `run` raises it again.
    """

    def __init__(self, *, heeds: bool = False) -> None:
        self._heeds = heeds
        self._interrupted = False
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="wirecheck-campaign", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        main = threading.current_thread() is threading.main_thread()
        self._heeds &= main and signal.getsignal(signal.SIGINT) is signal.default_int_handler
        if self._heeds:
            signal.signal(signal.SIGINT, self._interrupt)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._heeds:
            signal.signal(signal.SIGINT, signal.default_int_handler)
        asyncio.run_coroutine_threadsafe(self._cancel(), self._loop).result()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def run(self, work: Coroutine[Any, Any, _Result]) -> _Result:
        """What comes of `work`, or what it raises."""
        if self._interrupted:
            work.close()
            self._interrupted = False
            raise KeyboardInterrupt
        running = asyncio.run_coroutine_threadsafe(work, self._loop)
        try:
            return running.result()
        except KeyboardInterrupt:
            self._interrupted = False
            raise
        finally:
            running.cancel()

    def _interrupt(self, number: int, frame: FrameType | None) -> NoReturn:
        self._interrupted = True
        raise KeyboardInterrupt

    async def _cancel(self) -> None:
        others = asyncio.all_tasks() - {asyncio.current_task()}
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)
