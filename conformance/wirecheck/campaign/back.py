"""Whether a server that refused a connection takes one after all.

Law: it is given the time that the user gives everything, and then believed. Who says that we are not welcome is there.
"""

from __future__ import annotations

from typing import Final

from wirecheck.campaign.oracle import Flaw, flaw
from wirecheck.drive import Limits, Target, reachable
from wirecheck.drive.refusal import Refused

_GATEWAY: Final = frozenset({500, 502, 504})
"""What is said, by itself or by whoever stands before it, of a server that is broken or not there."""


async def shut_out(target: Target, limits: Limits) -> Flaw | None:
    """What it means that a connection was refused: nothing (None) if one is taken after all.

    Raises `TargetError` where somebody says that we are not welcome now, which a server may.
    """
    wait = limits.wait()
    try:
        await reachable(target, wait, limits)
    except Refused as refused:
        if refused.status is not None and refused.status not in _GATEWAY:
            raise
        return flaw("not-back", f"no new connection in {wait:g} s: {refused}")
    return None
