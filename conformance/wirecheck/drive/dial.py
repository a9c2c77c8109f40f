"""Opens a connection over whichever transport the target speaks.

Law: chooses, and nothing else. What an optional extra brings is imported when it is asked for.
"""

from __future__ import annotations

from wirecheck.drive.handshake import Handshake
from wirecheck.drive.target import Limits, Target
from wirecheck.drive.wire import Wire, open_websocket


async def dial(target: Target, asked: Handshake, limits: Limits, secrets: frozenset[str]) -> Wire:
    """Open a connection. Raises `Refused`, or `UsageError` for what cannot be asked for at all."""
    if target.transport == "socketio":
        from wirecheck.drive.socketio import open_socketio

        return await open_socketio(target, asked, limits, secrets)
    return await open_websocket(target, asked, limits, secrets)
