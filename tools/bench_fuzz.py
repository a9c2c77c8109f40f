"""Print how many frames a second are generated, by each way to have them.

    python tools/bench_fuzz.py                     the table of docs/performance.md
    python tools/bench_fuzz.py --dialect vonz      one dialect

The rows of Hypothesis count frames of examples that a test got, without shrinking and without a database; the base
draws one small integer a frame and makes nothing of it. The rows of `wirecheck fuzz` are the whole command in a process
of its own, its start included, with its output thrown away. Seconds are those that a processor worked, so that other
work on the machine counts as little as it can. All rows take turns, round after round, and each shows its median.
"""

from __future__ import annotations

import argparse
import platform
import resource
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from datetime import date
from itertools import islice
from statistics import median

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from measure.page import table
from wirecheck import catalog, strategies
from wirecheck.sample.source import Seeded
from wirecheck.walk import conversation, faulty

HEAD = ("dialect", "work", "frames/s", "at least")
BASE = "Hypothesis: one small integer a frame"
SHRINKABLE, BULK = 20_000, 200_000
"""What the design asks for."""
DRAWN = 100
"""Integers of the base that are drawn for one example, as many as a conversation has frames."""

Rate = Callable[[], float]


def drawing(strategy: st.SearchStrategy[int], examples: int) -> Rate:
    """Frames a second of so many examples; each is how many frames were drawn for it."""

    def rate() -> float:
        count = 0

        @settings(
            max_examples=examples,
            database=None,
            deadline=None,
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        )
        @given(strategy)
        def take(frames: int) -> None:
            nonlocal count
            count += frames

        start = time.process_time()
        take()
        return count / (time.process_time() - start)

    return rate


@st.composite
def integers(draw: st.DrawFn) -> int:
    """What a conversation costs at least: a number for each frame."""
    choice = st.integers(0, 1_000)
    return sum(1 for _ in range(DRAWN) if draw(choice) >= 0)


def writing(frames: int, count: int, *options: str) -> Rate:
    """The whole command: frames a second of so many lines, which hold so many frames."""
    command = [sys.executable, "-m", "wirecheck", "fuzz", "--count", str(count), *options]

    def rate() -> float:
        start = worked()
        subprocess.run(command, stdout=subprocess.DEVNULL, check=True)
        return frames / (worked() - start)

    return rate


def worked() -> float:
    """Seconds that the processor worked for processes of ours that have ended."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def talked(dialect: str, conversations: int, *, invalid: bool) -> int:
    """The frames of so many conversations of the command with its own seed."""
    known, source = catalog.load(dialect), Seeded(0)
    made = (faulty(known, source) if invalid else conversation(known, source) for _ in iter(int, 1))
    return sum(one.frames for one in islice(made, conversations))


def works(dialect: str, frames: int, examples: int) -> dict[str, tuple[Rate, int | None]]:
    """Every way to have frames of a dialect, and what is asked of it."""
    talks, faults = max(frames // 60, 1), max(frames // 100, 1)
    one, each = ("--dialect", dialect), strategies.conversations(dialect).map(lambda made: made.frames)
    valid = writing(talked(dialect, talks, invalid=False), talks, *one, "--conversations")
    wrong = writing(talked(dialect, faults, invalid=True), faults, *one, "--conversations", "--invalid")
    return {
        BASE: (drawing(integers(), examples), None),
        "strategies.frames": (drawing(strategies.frames(dialect).map(lambda _: 1), examples), None),
        "strategies.invalid_frames": (drawing(strategies.invalid_frames(dialect).map(lambda _: 1), examples), None),
        "strategies.conversations": (drawing(each, examples), SHRINKABLE),
        "wirecheck fuzz --valid": (writing(frames, frames, *one, "--valid"), BULK),
        "wirecheck fuzz --invalid": (writing(frames, frames, *one, "--invalid"), BULK),
        "wirecheck fuzz --conversations": (valid, BULK),
        "wirecheck fuzz --conversations --invalid": (wrong, None),
    }


def measured(dialect: str, frames: int, examples: int, rounds: int) -> list[tuple[str, ...]]:
    """The rows of one dialect."""
    ways = works(dialect, frames, examples)
    rates: dict[str, list[float]] = {work: [] for work in ways}
    for _ in range(rounds):
        for work, (rate, _target) in ways.items():
            rates[work].append(rate())
    return [
        (dialect, work, f"{median(rates[work]):,.0f}", "" if target is None else f"{target:,}")
        for work, (_, target) in ways.items()
    ]


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--frames", type=int, default=1_000_000, help="in bulk (default: %(default)s)")
    parser.add_argument("--examples", type=int, default=1_000, help="of each strategy (default: %(default)s)")
    parser.add_argument("--rounds", type=int, default=3, help="of which the median counts (default: %(default)s)")
    parser.add_argument("--dialect", action="append", choices=catalog.dialects(), help="only this one; repeatable")
    given_here = parser.parse_args(arguments)
    found: list[tuple[str, ...]] = [HEAD]
    for name in given_here.dialect or catalog.dialects():
        found += measured(name, given_here.frames, given_here.examples, given_here.rounds)
    print(f"{date.today()}, {platform.python_implementation()} {platform.python_version()}, {platform.machine()}\n")
    print(table(found))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
