"""Whether there is a server at all, before anything is played.

Law: waits for a server that is starting, and for nothing else; what will not change by waiting is said at once.
"""

from __future__ import annotations

import asyncio
import time
from dataclasses import replace
from typing import Final

from wirecheck.catalog.script import Connect
from wirecheck.drive.dial import dial
from wirecheck.drive.handshake import handshake
from wirecheck.drive.refusal import Refused
from wirecheck.drive.target import Limits, Target
from wirecheck.drive.wire import Over, Wire

_FIRST: Final = 0.1
_LONGEST: Final = 2.0


async def reachable(target: Target, wait: float = 0.0, limits: Limits | None = None) -> None:
    """Return once a handshake succeeded; try again for `wait` seconds where that may help.

    Raises `TargetError` with one sentence that says why there is no connection, and what to do.
    """
    limits = limits or Limits()
    deadline = time.monotonic() + wait
    pause = _FIRST
    never = asyncio.Event()
    asked, secrets = handshake(target, any_connection(target), target.values()), target.secrets()
    while True:
        left = deadline - time.monotonic()
        patient = (
            limits if left <= 0 else replace(limits, open_timeout=min(limits.open_timeout, left / limits.patience))
        )
        try:
            wire = await dial(target, asked, patient, secrets)
        except Refused as refused:
            left = deadline - time.monotonic()
            if not refused.passing or left <= 0:
                raise
        else:
            await asyncio.gather(wire.close(limits.moment), _read_to_the_end(wire))
            return
        try:
            await asyncio.wait_for(never.wait(), min(pause, left))
        except TimeoutError:
            pause = min(2 * pause, _LONGEST)


async def pings(target: Target, limits: Limits, within: float) -> bool:
    """Whether the server takes a new connection, and answers a ping on it in so many seconds."""
    asked = handshake(target, any_connection(target), target.values())
    try:
        wire = await dial(target, asked, limits, target.secrets())
    except Refused:
        return False
    reading = asyncio.create_task(_read_to_the_end(wire))
    answered = await wire.ping(within)
    await asyncio.gather(wire.close(limits.moment), reading)
    return answered


async def _read_to_the_end(wire: Wire) -> None:
    """A peer that has more to say than is taken in at once cannot be heard to say goodbye unless it is read."""
    try:
        while True:
            await wire.receive()
    except Over:
        return


def any_connection(target: Target) -> Connect:
    """The first connection with a good credential that a scenario of the dialect asks for, but for what it keeps."""
    for scenario in target.dialect.scenarios.values():
        step = scenario.steps[0] if scenario.steps else None
        if isinstance(step, Connect) and step.auth == "good" and step.way is None:
            return step
    return Connect(conn="a")
