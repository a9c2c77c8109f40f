"""How much memory `wirecheck check` holds at most, however long a capture is and however much is open in it.

Law: the most that one process of the whole command held, as the kernel counted it.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import orjson

import traffic
from measure.peers import has_jobs
from measure.rounds import Launcher

OPEN = 20_000
"""Sessions that are open at once."""
CONNECTIONS = (1_000, 10_000)
"""Over how many connections they spread; more than the second are never looked at together."""


def crowded(sessions: int, connections: int, pieces: int = 4) -> Iterator[bytes]:
    """A capture in which so many sessions are open, each in the middle of an answer, before the first one ends."""
    clock = 0

    def record(**told: Any) -> bytes:
        nonlocal clock
        clock += 1
        return orjson.dumps({"conn": told.pop("conn"), "t": clock / 1000, **told}) + b"\n"

    def frame(conn: str, sender: str, kind: str, **fields: Any) -> bytes:
        return record(conn=conn, **{"from": sender}, text=orjson.dumps({"type": kind, **fields}).decode())

    for number in range(connections):
        url = "wss://app.vonz.io/v1/stream"
        yield record(conn=f"c{number}", kind="open", url=url, sees=["client", "server"], at="server")
    names = [(f"c{number % connections}", f"sess_{number:06x}") for number in range(sessions)]
    for conn, session in names:
        yield frame(conn, "client", "session.start", profile_id="prof_1")
        made = {"container_id": "ctr_1", "container_name": "agent-1", "profile_id": "prof_1"}
        yield frame(conn, "server", "session.ready", session_id=session, **made)
        yield frame(conn, "client", "session.turn", session_id=session, prompt="Go on.")
    for _ in range(pieces):
        for conn, session in names:
            yield frame(conn, "server", "task:token", session_id=session, text="more ")
    for conn, session in names:
        counts = {"input_tokens": 12, "output_tokens": pieces, "cost_usd": 0.01}
        yield frame(conn, "server", "turn.done", session_id=session, result_text="more " * pieces, **counts)
        yield frame(conn, "server", "task:done", session_id=session, task_id=f"task_{session}", status="completed")
    for number in range(connections):
        yield record(conn=f"c{number}", kind="close", code=1000, **{"from": "server"})


def captures(dialects: Iterable[str], sizes: Iterable[int], sessions: int) -> Iterator[tuple[str, Iterator[bytes]]]:
    """What is measured, and its lines: one dialect in all sizes, the others in the third, and the crowds."""
    *smaller, third, largest = sizes
    for dialect in dialects:
        for frames in (*smaller, third, largest) if dialect == "vonz" else (third,):
            made = traffic.lines(dialect, frames, faults=0.01)
            yield f"{dialect}, {frames:,} frames, 1 % faults", made
    for connections in CONNECTIONS:
        few = min(connections, sessions)
        yield f"vonz, {sessions:,} sessions open on {few:,} connections", crowded(sessions, few)


def measured(dialects: Iterable[str], sizes: Iterable[int], sessions: int = OPEN) -> list[dict[str, Any]]:
    """A row each: the capture, its megabytes, and the peak of one process in MiB, alone and with `--jobs`."""
    rows: list[dict[str, Any]] = []
    launcher = Launcher()
    ways = {"one": ["--jobs", "1"], "all": []} if has_jobs() else {"one": []}
    try:
        with tempfile.TemporaryDirectory() as folder:
            for title, lines in captures(dialects, sizes, sessions):
                path = Path(folder) / "capture.jsonl"
                with path.open("wb") as file:
                    file.writelines(lines)
                row: dict[str, Any] = {"capture": title, "megabytes": round(path.stat().st_size / 1e6, 1)}
                for way, options in ways.items():
                    asked = [sys.executable, "-m", "wirecheck", "check", str(path), *options]
                    named = [*asked, "--dialect", title.partition(",")[0]]
                    row[way] = round(launcher.run([named], expected=(0, 1))[1], 1)
                rows.append(row)
    finally:
        launcher.close()
    return rows
