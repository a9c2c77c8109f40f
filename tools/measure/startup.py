"""How long it takes until something happens: the command, and pytest with the plugin that has nothing to do.

Law: whole commands in turn, the interpreter alone among them.
"""

from __future__ import annotations

import statistics
import sys
import tempfile
from pathlib import Path
from typing import Any

import traffic
from measure.rounds import Launcher

ALONE = {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
"""No plugin of anybody's but those that are named."""


def measured(rounds: int) -> list[dict[str, Any]]:
    """A row each: what, its milliseconds, and the row that it is to be compared with."""
    launcher = Launcher()
    python = sys.executable
    wirecheck = str(Path(python).parent / "wirecheck")
    with tempfile.TemporaryDirectory() as folder:
        small = Path(folder) / "small.jsonl"
        small.write_bytes(b"".join(traffic.lines("vonz", 50, sessions=2)))
        empty = Path(folder) / "empty"
        empty.mkdir()
        (empty / "pytest.ini").write_text("[pytest]\n")
        pytest = [python, "-m", "pytest", "-q", "-c", str(empty / "pytest.ini"), "-p", "no:cacheprovider", str(empty)]
        works: list[tuple[str, str, list[str], tuple[int, ...]]] = [
            ("the interpreter alone (`python -c pass`)", "", [python, "-c", "pass"], (0,)),
            ("`wirecheck --version`", "the interpreter", [wirecheck, "--version"], (0,)),
            ("`wirecheck check` of 50 frames", "the interpreter", [wirecheck, "check", str(small)], (0,)),
            ("pytest in an empty project", "", pytest, (5,)),
            ("pytest there with the plugin, inert", "pytest", [*pytest, "-p", "wirecheck.pytest_plugin"], (5,)),
        ]
        taken: list[list[float]] = [[] for _ in works]
        try:
            for number in range(rounds + 1):
                for times, (_, _, command, codes) in zip(taken, works, strict=True):
                    seconds, _ = launcher.run([command], environment=ALONE, expected=codes)
                    if number:  # the first round only warms the disk's cache
                        times.append(seconds)
        finally:
            launcher.close()
    middle = [statistics.median(times) * 1000 for times in taken]
    bases = {"": None, "the interpreter": middle[0], "pytest": middle[3]}
    rows = []
    for (title, beside, _, _), each in zip(works, middle, strict=True):
        row: dict[str, Any] = {"work": title, "ms": round(each, 1)}
        base = bases[beside]
        if base is not None:
            row |= {"beside": beside, "more": round(each - base, 1), "ratio": round(each / base, 3)}
        rows.append(row)
    return rows
