"""A small server of one's own: it answers each prompt with so many pieces of text as the prompt says.

    python tools/measure/talker.py

Law: what any program with `websockets` does, and nothing more; under `/watched` each frame is given to a checker of
ours as well, as a monitor in such a program would. Prints where it listens, and ends with its standard input.
"""

from __future__ import annotations

import asyncio
import json
import sys

from websockets.asyncio.server import ServerConnection, serve
from websockets.exceptions import ConnectionClosed

from wirecheck import At, Checker, Closed, Message, Opened, load
from wirecheck.catalog.model import Sender

PIECE = "It is dry. "
DIALECT = load("vonz")
BOTH: frozenset[Sender] = frozenset({"client", "server"})


async def talk(socket: ServerConnection) -> None:
    """One connection: sessions are made, and turns answered."""
    assert socket.request is not None
    checker = Checker(DIALECT) if socket.request.path == "/watched" else None
    line = 1
    if checker is not None:
        checker.receive(Opened(at=At(line=1, conn="1"), url="wss://app.vonz.io/v1/stream", sees=BOTH))

    def see(sender: Sender, text: str) -> None:
        nonlocal line
        if checker is not None:
            line += 1
            found = checker.receive(Message(at=At(line=line, conn="1"), sender=sender, body=text))
            if found:
                raise SystemExit(found[0].message)

    async def say(kind: str, **fields: object) -> None:
        text = json.dumps({"type": kind, **fields})
        see("server", text)
        await socket.send(text)

    try:
        async for text in socket:
            assert isinstance(text, str)
            see("client", text)
            asked = json.loads(text)
            if asked["type"] == "session.start":
                made = {"container_id": "ctr_1", "container_name": "agent-1", "profile_id": "prof_1"}
                await say("session.ready", session_id="sess_1", **made)
                continue
            session = asked["session_id"]
            pieces = int(asked["prompt"])
            for _ in range(pieces):
                await say("task:token", session_id=session, text=PIECE)
            counts = {"input_tokens": 12, "output_tokens": pieces, "cost_usd": 0.01}
            await say("turn.done", session_id=session, result_text=PIECE * pieces, **counts)
            await say("task:done", session_id=session, task_id="task_1", status="completed")
    except ConnectionClosed:
        return
    finally:
        if checker is not None:
            checker.receive(Closed(at=At(line=line + 1, conn="1"), code=1000, sender="client"))
            checker.close()


async def main() -> None:
    async with serve(talk, "127.0.0.1", 0, compression=None, max_size=None) as server:
        host, port = next(iter(server.sockets)).getsockname()[:2]
        print(f"ws://{host}:{port}", flush=True)
        await asyncio.to_thread(sys.stdin.read)


if __name__ == "__main__":
    asyncio.run(main())
