"""The reference server: it plays the server's side of a dialect's scenarios, and judges its clients.

Law: composition of a stage, sockets and a checker; none of it decides what a dialect means.

    async with ReferenceServer(dialect) as server: ...     in a program that has an event loop
    with serving(dialect) as served: ...                   in one that has none
"""

from __future__ import annotations

from wirecheck.serve.server import ReferenceServer
from wirecheck.serve.threaded import Served, serving

__all__ = ["ReferenceServer", "Served", "serving"]
