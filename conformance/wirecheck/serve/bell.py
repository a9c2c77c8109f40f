"""Waiting until something is so.

Law: whoever changes what others wait for rings; nobody polls, and every wait has an end.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable


class Bell:
    """Wakes those who wait for a condition, each time that something changed which it may depend on."""

    __slots__ = ("_event",)

    def __init__(self) -> None:
        self._event = asyncio.Event()

    def ring(self) -> None:
        rung, self._event = self._event, asyncio.Event()
        rung.set()

    async def until(self, is_so: Callable[[], bool], *, within: float) -> bool:
        """Wait until `is_so`, at most so many seconds; whether it came to be."""
        try:
            async with asyncio.timeout(within):
                while not is_so():
                    await self._event.wait()
        except TimeoutError:
            return is_so()
        return True
