"""Test the unmutated reference server again and again on a busy machine, and count every verdict that is not as it is.

    python tools/steady.py                  200 runs of all dialects, beside one busy loop a processor
    python tools/steady.py --runs 20 --dialect vonz

A run plays all scenarios of the chosen dialects, each dialect against a server of its own that serves all runs. It is
steady if every scenario comes to its end, nothing is found, and just what the scenario exercises has held. Exits 1
otherwise, with what differed. Times are not judged.
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

from wirecheck import catalog
from wirecheck.drive import Target, play_in_thread
from wirecheck.serve import serving


def busy() -> None:
    """Keep one processor busy until the process is ended."""
    number = 0
    while True:
        number = (number * 31 + 7) % 1_000_003


@contextmanager
def load(processes: int) -> Iterator[None]:
    """So many busy loops beside what runs in the block."""
    context = multiprocessing.get_context("spawn")
    loops = [context.Process(target=busy, daemon=True) for _ in range(processes)]
    for loop in loops:
        loop.start()
    try:
        yield
    finally:
        for loop in loops:
            loop.kill()
            loop.join()


def unsteady(target: Target) -> Iterator[str]:
    """What is not as it is on a server that keeps every promise, over all scenarios of the target's dialect."""
    for name, scenario in target.dialect.scenarios.items():
        outcome = play_in_thread(scenario, target)
        where = f"{target.dialect.name}/{name}"
        if outcome.ended or outcome.skipped:
            yield f"{where}: {outcome.ended or outcome.skipped}"
        for group in outcome.report.findings:
            yield f"{where}: {group.first.message}"
        held = tuple(result.id for result in outcome.report.guarantees if result.held)
        if set(held) != set(scenario.exercises):
            yield f"{where}: held were {', '.join(held)}, and not {', '.join(scenario.exercises)}"


def main() -> int:
    parser = argparse.ArgumentParser(description="The unmutated reference server, again and again, under load.")
    parser.add_argument("--runs", type=int, default=200)
    parser.add_argument("--dialect", action="append", choices=catalog.dialects(), help="may be repeated; default: all")
    parser.add_argument("--busy", type=int, default=os.cpu_count() or 1, help="busy loops beside it")
    options = parser.parse_args()
    names = options.dialect or catalog.dialects()
    began = time.monotonic()
    flakes = 0
    with ExitStack() as stack:
        stack.enter_context(load(options.busy))
        targets = []
        for name in names:
            dialect = catalog.load(name)
            targets.append(Target(url=stack.enter_context(serving(dialect)).url, dialect=dialect))
        for run in range(1, options.runs + 1):
            for target in targets:
                for sentence in unsteady(target):
                    flakes += 1
                    print(f"run {run}: {sentence}", flush=True)
            if run % 10 == 0 or run == options.runs:
                print(f"{run} runs, {flakes} not steady, {time.monotonic() - began:.0f} s", flush=True)
    scenarios = sum(len(target.dialect.scenarios) for target in targets)
    print(f"{options.runs} runs of {scenarios} scenarios beside {options.busy} busy loops: {flakes} not steady")
    return 1 if flakes else 0


if __name__ == "__main__":
    sys.exit(main())
