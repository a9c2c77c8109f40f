"""What we cost where traffic is alive: frames of the driver, of the recorder, of a checker in somebody's server.

Law: with and without take turns over loopback, in processes of their own; what a process worked is what the kernel
counted for it. Compression is off on both sides, so that what is compared is not hidden behind it.
"""

from __future__ import annotations

import asyncio
import json
import re
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from websockets.asyncio.client import ClientConnection, connect

import crowd
from measure.rounds import HERE, Broken
from wirecheck import load
from wirecheck.drive import Conversation, Limits, Target

PATIENT = Limits(timeout=300, open_timeout=60)


def worked(pid: int | None = None) -> float:
    """Seconds that the processors worked for a process, all its threads; of another than this one, those that run."""
    if pid is None:
        return time.process_time()  # a conversation's own thread is over when its work is to be counted
    tasks = Path(f"/proc/{pid}/task")
    return sum(int((task / "schedstat").read_text().split()[0]) for task in tasks.iterdir()) / 1e9


@contextmanager
def talking() -> Iterator[tuple[str, int]]:
    """A server of `talker.py`: its URL and its process."""
    with subprocess.Popen(
        [sys.executable, str(HERE / "talker.py")], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdin and process.stdout
        url = process.stdout.readline().strip()
        if not url:
            raise Broken("the server of the bench did not start")
        yield url, process.pid
        process.stdin.close()


@contextmanager
def recording(upstream: str) -> Iterator[tuple[str, int]]:
    """`wirecheck record` before a server: its URL and its process."""
    with tempfile.TemporaryDirectory() as folder:
        output = ["--output", str(Path(folder) / "capture.jsonl")]
        asked = ["record", "--listen", "127.0.0.1:0", "--upstream", upstream, "--dialect", "vonz", "--quiet", *output]
        with subprocess.Popen(
            [sys.executable, "-m", "wirecheck", *asked], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        ) as process:
            assert process.stderr
            place = re.search(r"ws://\S+(?= ->)", process.stderr.readline())
            if place is None:
                process.kill()
                raise Broken("wirecheck record did not start")
            yield place[0], process.pid
            process.terminate()
            said, _ = process.communicate()
            if "no findings" not in said or process.returncode:
                raise Broken(f"wirecheck record found what is not there:\n{said}")


async def begun(url: str) -> ClientConnection:
    socket = await connect(url, compression=None, max_size=None)
    await socket.send(json.dumps({"type": "session.start", "profile_id": "prof_1"}))
    await socket.recv()
    return socket


async def turn(socket: ClientConnection, pieces: int) -> float:
    """Seconds of one turn: from the prompt to its end."""
    start = time.perf_counter()
    await socket.send(json.dumps({"type": "session.turn", "session_id": "sess_1", "prompt": str(pieces)}))
    for _ in range(pieces + 1):
        await socket.recv()
    seconds = time.perf_counter() - start
    await socket.recv()
    return seconds


async def streamed(url: str, pieces: int) -> float:
    """Seconds that a plain client takes for an answer of so many pieces."""
    socket = await begun(url)
    try:
        return await turn(socket, pieces)
    finally:
        await socket.close()


def driven(url: str, pieces: int) -> None:
    """The same answer, led and judged by the driver."""
    target = Target(url=url, dialect=load("vonz"), proxy="", compression=False)
    with Conversation(target, PATIENT) as conversation:
        conversation.send("session.start", profile_id="prof_1")
        session = conversation.until("session.ready")["session_id"]
        conversation.send("session.turn", session_id=session, prompt=str(pieces))
        conversation.until("turn.done")
        conversation.until("task:done")
        report = conversation.report()
    if report.findings or report.frames < pieces:
        raise Broken("the driver's verdict on a good server is wrong")


def overheads(pieces: int, rounds: int) -> list[dict[str, Any]]:
    """A row each: microseconds of processor time a frame, without and with."""
    frames = pieces + 5
    taken: dict[str, list[float]] = {}

    def note(work: str, seconds: float) -> None:
        taken.setdefault(work, []).append(seconds / frames * 1e6)

    with talking() as (url, server), recording(url) as (between, recorder):
        for number in range(rounds + 1):
            if number == 1:
                taken.clear()  # the first round only warms up
            before, began = worked(), worked(server)
            seconds = asyncio.run(streamed(f"{url}/plain", pieces))
            note("client", worked() - before)
            note("server", worked(server) - began)
            note("direct", seconds)
            began = worked(server)
            asyncio.run(streamed(f"{url}/watched", pieces))
            note("watched", worked(server) - began)
            before = worked()
            driven(f"{url}/plain", pieces)
            note("driver", worked() - before)
            began = worked(recorder)
            seconds = asyncio.run(streamed(f"{between}/plain", pieces))
            note("recorder", worked(recorder) - began)
            note("through", seconds)
    middle = {work: statistics.median(times) for work, times in taken.items()}
    return [
        _row("a client of `websockets` → the driver, judging and recording", middle["client"], middle["driver"]),
        _row("a server of `websockets` → with `Checker.receive` for each frame", middle["server"], middle["watched"]),
        _row("no recorder → `wirecheck record`, judging and writing", 0.0, middle["recorder"]),
        _row("time on the clock: straight → through `wirecheck record`", middle["direct"], middle["through"]),
    ]


def _row(work: str, without: float, with_us: float) -> dict[str, Any]:
    return {"work": work, "without": round(without, 1), "with": round(with_us, 1), "more": round(with_us - without, 1)}


async def _latencies(straight: str, through: str, blocks: int, block: int) -> dict[str, list[float]]:
    """The round trips of short turns, straight and through the proxy, a block of each in turn."""
    sockets = {"straight": await begun(f"{straight}/plain"), "through": await begun(f"{through}/plain")}
    taken: dict[str, list[float]] = {way: [] for way in sockets}
    for number in range(blocks + 1):
        for way, socket in sockets.items():
            times = [await turn(socket, 0) for _ in range(block)]
            if number:
                taken[way] += times
    for socket in sockets.values():
        await socket.close()
    return taken


def latency(blocks: int, block: int) -> list[dict[str, Any]]:
    """Rows for the middle and the 99th percentile: microseconds of a round trip, straight and through the proxy."""
    with talking() as (url, _), recording(url) as (between, _):
        taken = asyncio.run(_latencies(url, between, blocks, block))
    rows = []
    for title, place in (("median", 49), ("99th percentile", 98)):
        straight, through = (statistics.quantiles(taken[way], n=100)[place] * 1e6 for way in ("straight", "through"))
        row = {"round trip": title, "straight": round(straight), "through": round(through)}
        rows.append(row | {"more": round(through - straight)})
    return rows


def together(dialects: Sequence[str], conversations: int) -> list[list[str]]:
    """The rows of tools/crowd.py: so many conversations at once with the reference server."""
    rows = []
    for name in dialects:
        row, wrong = crowd.run(name, conversations, 1.0)
        if wrong:
            raise Broken(f"{name}: {wrong.most_common(1)[0][0]}")
        rows.append(list(row))
    return rows


def measured(dialects: Sequence[str], *, pieces: int, rounds: int, blocks: int, conversations: int) -> dict[str, Any]:
    return {
        "pieces": pieces,
        "trips": blocks * 100,
        "overheads": overheads(pieces, rounds),
        "latency": latency(blocks, 100),
        "together": together(dialects, conversations),
    }
