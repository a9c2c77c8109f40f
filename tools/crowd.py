"""Lead many conversations at once with the reference server, and show that every verdict is right.

    python tools/crowd.py                          1,000 conversations of each dialect
    python tools/crowd.py --conversations 100 --dialect vonz

The server runs in a process of its own and takes a while before each frame (`--latency`), so that all conversations are
under way at the same time; how many connections it had at once is counted there. Each conversation is a scenario with
connections of its own. Right is: played to its end, nothing found, and just what the scenario exercises has held.
Prints how long it took and how much memory both processes came to hold. Exits 1 if any verdict is wrong.
"""

from __future__ import annotations

import argparse
import asyncio
import multiprocessing
import os
import resource
import sys
import time
from collections import Counter
from multiprocessing.connection import Connection
from pathlib import Path

from wirecheck import catalog
from wirecheck.catalog import Scenario
from wirecheck.drive import Limits, Target, play
from wirecheck.serve import serving

PATIENT = Limits(timeout=300, open_timeout=300)
"""A thousand conversations on two processors take their time, and no verdict depends on it."""
HEAD = ("dialect", "conversations", "right", "connections at once", "seconds", "driver MiB", "server MiB")
LOOK_EVERY = 0.05
"""Seconds between two counts of the server's connections."""


def server(name: str, latency: float, pipe: Connection) -> None:
    """Serve a dialect until the other end says so; then tell how many connections there were, and what they took."""
    with serving(catalog.load(name), latency=latency) as served:
        before = most = len(os.listdir("/proc/self/fd"))
        pipe.send(served.url)
        while not pipe.poll(LOOK_EVERY):
            most = max(most, len(os.listdir("/proc/self/fd")))
    pipe.send((most - before, peak()))


def peak() -> float:
    """The most memory that this process has held since `forget`, in MiB.

    Not `getrusage`: what it says of a process begins with what its parent held.
    """
    (line,) = (line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmHWM:"))
    return int(line.split()[1]) / 1024


def forget() -> None:
    """Count the most memory from now on."""
    Path("/proc/self/clear_refs").write_text("5")


def wrong(scenario: Scenario, held: set[str], ended: str, found: int) -> str:
    if ended:
        return ended
    if found:
        return f"{found} findings"
    return "" if held == set(scenario.exercises) else f"held were {', '.join(sorted(held))}"


async def crowd(target: Target, conversations: int) -> Counter[str]:
    """What was wrong with each conversation; nothing, for those that are right."""
    scenarios = [one for one in target.dialect.scenarios.values() if not one.name.startswith("malformed")]

    async def one(number: int) -> str:
        scenario = scenarios[number % len(scenarios)]
        outcome = await play(scenario, target, PATIENT)
        held = {result.id for result in outcome.report.guarantees if result.held}
        said = wrong(scenario, held, outcome.ended or outcome.skipped, len(outcome.report.findings))
        return f"{scenario.name}: {said}" if said else ""

    return Counter(await asyncio.gather(*map(one, range(conversations))))


def run(name: str, conversations: int, latency: float) -> tuple[tuple[str, ...], Counter[str]]:
    """A row of the table, and what was wrong."""
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=server, args=(name, latency, theirs))
    process.start()
    theirs.close()  # so that the end of a server that died is seen here
    target = Target(url=ours.recv(), dialect=catalog.load(name))
    forget()
    began = time.monotonic()
    came = asyncio.run(crowd(target, conversations))
    seconds = time.monotonic() - began
    ours.send("enough")
    connections, memory = ours.recv()
    counts = (f"{conversations:,}", f"{came['']:,}", f"{connections:,}")
    row = (name, *counts, f"{seconds:.1f}", f"{peak():.0f}", f"{memory:.0f}")
    process.join()
    return row, Counter({said: count for said, count in came.items() if said})


def main() -> int:
    parser = argparse.ArgumentParser(description="Many conversations at once with the reference server.")
    parser.add_argument("--conversations", type=int, default=1000)
    parser.add_argument("--dialect", action="append", choices=catalog.dialects(), help="may be repeated; default: all")
    parser.add_argument("--latency", type=float, default=1.0, help="seconds that the server takes before each frame")
    options = parser.parse_args()
    resource.setrlimit(resource.RLIMIT_NOFILE, (resource.getrlimit(resource.RLIMIT_NOFILE)[1],) * 2)
    rows: list[tuple[str, ...]] = [HEAD]
    complaints = 0
    for name in options.dialect or catalog.dialects():
        row, came = run(name, options.conversations, options.latency)
        rows.append(row)
        for said, count in came.most_common(20):
            complaints += count
            print(f"{name}: {count} times {said}")
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for cells in rows:
        print("  ".join(cell.ljust(width) for cell, width in zip(cells, widths, strict=True)).rstrip())
    return 1 if complaints else 0


if __name__ == "__main__":
    sys.exit(main())
