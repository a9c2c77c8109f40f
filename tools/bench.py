"""Print how quickly captures are checked, as parts of what reading them without any check takes.

    python tools/bench.py                      the table of docs/performance.md
    python tools/bench.py --frames 1000000     the size at which the design speaks of speed

The base (1.000) parses each line and the frame in it with `orjson.loads` and looks at nothing. All rows of one capture
are measured in turn, round after round, and each shows its median, so that a machine that is busy for a while does not
favour any. Ratios may be compared between machines; frames a second may not.
"""

from __future__ import annotations

import argparse
import gc
import statistics
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import jsonschema
import orjson

import traffic
from wirecheck import Checker, catalog, schema
from wirecheck.capture import read
from wirecheck.catalog.model import Dialect
from wirecheck.record import Message

FAULTS = 0.01
PEER_PART = 50
"""The validator in Python alone is that much slower, so it gets that much less to do."""
HEAD = ("traffic", "work", "ratio", "frames/s")

Action = Callable[[], object]


def base(path: Path) -> None:
    """Parse each line, and the frame in it if it is text; check nothing."""
    loads = orjson.loads
    with path.open("rb") as file:
        for line in file:
            text = loads(line).get("text")
            if text is not None:
                try:
                    loads(text)
                except ValueError:  # a frame that was broken on purpose
                    continue


def reading(path: Path) -> None:
    """Read the records, and do nothing with them."""
    for _ in read(path):
        pass


def checking(path: Path, dialect: Dialect) -> None:
    """Everything that `wirecheck check` does before it writes its report."""
    checker = Checker(dialect)
    receive = checker.receive
    for record in read(path):
        receive(record)
    checker.close()


def peer(path: Path, dialect: Dialect) -> None:
    """The schema of each frame's own kind with the validator in Python, and no ordering."""
    tag = dialect.envelope.tag
    validators = {
        (form.sender, form.tag): jsonschema.Draft202012Validator(
            schema.frame_schema(dialect, form, schema.wire_style(dialect, form))
        )
        for form in dialect.frames.values()
    }
    for record in read(path):
        if isinstance(record, Message):
            message = orjson.loads(record.body)
            validators[record.sender, message.get(tag)].is_valid(message)


def median(rounds: int, actions: Sequence[Action]) -> list[float]:
    """The seconds that each action takes: all in turn, round after round, and then the middle one."""
    taken: list[list[float]] = [[] for _ in actions]
    for _ in range(rounds):
        for action, times in zip(actions, taken, strict=True):
            gc.collect()
            start = time.perf_counter()
            action()
            times.append(time.perf_counter() - start)
    return [statistics.median(times) for times in taken]


def measured(dialect: Dialect, folder: Path, frames: int, rounds: int, faults: float) -> list[tuple[str, ...]]:
    """The rows of one capture."""
    path = folder / f"{dialect.name}.jsonl"
    with path.open("wb") as file:
        file.writelines(traffic.lines(dialect.name, frames, faults=faults))
    few = folder / f"{dialect.name}.few.jsonl"
    with few.open("wb") as file:
        file.writelines(traffic.lines(dialect.name, max(frames // PEER_PART, 1)))
    actions: list[tuple[str, Action]] = [
        ("base: parse lines and frames", lambda: base(path)),
        ("read records", lambda: reading(path)),
        ("check", lambda: checking(path, dialect)),
    ]
    if not faults:
        actions += [
            ("", lambda: base(few)),
            ("python jsonschema, no ordering", lambda: peer(few, dialect)),
        ]
    times = median(rounds, [action for _, action in actions])
    label = f"{dialect.name}, {faults:.0%} faults" if faults else dialect.name
    rows: list[tuple[str, ...]] = [
        (label, name, f"{times[0] / taken:.3f}", f"{frames / taken:,.0f}")
        for (name, _), taken in zip(actions[:3], times, strict=False)
    ]
    if not faults:
        rows.append((label, actions[4][0], f"{times[3] / times[4]:.3f}", f"{frames / PEER_PART / times[4]:,.0f}"))
    return rows


def table(rows: Sequence[tuple[str, ...]]) -> str:
    """Markdown, aligned for reading as it stands."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = []
    for number, row in enumerate(rows):
        cells = [
            cell.rjust(width) if column > 1 else cell.ljust(width)
            for column, (cell, width) in enumerate(zip(row, widths, strict=True))
        ]
        lines.append(f"| {' | '.join(cells)} |")
        if number == 0:
            marks = [f"{'-' * (width - 1)}:" if column > 1 else "-" * width for column, width in enumerate(widths)]
            lines.append(f"| {' | '.join(marks)} |")
    return "\n".join(lines)


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--frames", type=int, default=100_000, help="in each capture (default: %(default)s)")
    parser.add_argument("--rounds", type=int, default=5, help="of which the median counts (default: %(default)s)")
    parser.add_argument("--dialect", action="append", choices=catalog.dialects(), help="only this one; repeatable")
    given = parser.parse_args(arguments)
    rows: list[tuple[str, ...]] = [HEAD]
    with tempfile.TemporaryDirectory() as folder:
        for name in given.dialect or catalog.dialects():
            for faults in (0.0, FAULTS):
                rows += measured(catalog.load(name), Path(folder), given.frames, given.rounds, faults)
    print(table(rows))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
