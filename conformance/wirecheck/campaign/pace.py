"""How fast, and how long.

Law: one clock, deadlines, and counts. A wait ends when its time has come, and nothing else is waited for.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable


class Pace:
    """No more than `rate` messages a second; 0: as many as there are. What was sent in a hurry is waited for later."""

    def __init__(self, rate: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._gap = 1.0 / rate if rate > 0 else 0.0
        self._clock = clock
        self._due = 0.0

    def owe(self, messages: int) -> None:
        """Messages that were sent by somebody who does not wait."""
        self._due = max(self._due, self._clock()) + messages * self._gap

    async def next(self) -> None:
        """Wait until a message may be sent, and count it as sent."""
        if self._gap:
            await self.rest(self._due - self._clock())
        self.owe(1)

    async def rest(self, seconds: float) -> None:
        """Send nothing for so long."""
        if seconds > 0:
            due = asyncio.Event()
            timer = asyncio.get_running_loop().call_later(seconds, due.set)
            try:
                await due.wait()
            finally:
                timer.cancel()


class Allowance:
    """How many messages may still be sent, and for how long. None: no bound of this kind."""

    def __init__(
        self, messages: int | None, seconds: float | None, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self.sent = 0
        self._messages = messages
        self._seconds = seconds
        self._clock = clock
        self._began = clock()

    @property
    def elapsed(self) -> float:
        return self._clock() - self._began

    def take(self) -> None:
        self.sent += 1

    def spent(self) -> str:
        """What is used up, in words; empty while nothing is."""
        if self._messages is not None and self.sent >= self._messages:
            return f"{self._messages:,} message{'' if self._messages == 1 else 's'}"
        if self._seconds is not None and self.elapsed >= self._seconds:
            return f"{self._seconds:g} s"
        return ""
