"""Print how quick we are, and how quick others are, as parts of what reading without any check takes.

    python tools/bench.py                                all of it; an hour or so
    python tools/bench.py --quick                        a look, in a few minutes, whose digits are worth little
    python tools/bench.py --only traffic --dialect vonz  one part, one dialect
    python tools/bench.py --frames 1000000 --write       and docs/performance.md and its chart made anew

The base (1.00) parses each line and the frame in it with `orjson.loads` and looks at nothing. All that is compared is
measured in turn, round after round, each in a process of its own, and shows its median, so that a machine that is busy
for a while does not favour any. Ratios may be compared between machines; frames a second may not. What is measured lies
in tools/measure/; `make bench` first installs the validators that we are compared with.
"""

from __future__ import annotations

import argparse
import json
import resource
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import crowd
from measure import live, memory, page, peers, startup, throughput
from measure.chart import chart
from measure.machine import about
from wirecheck import catalog

PARTS = ("traffic", "memory", "live", "startup")
DOCS = Path(__file__).resolve().parent.parent / "docs"
OURS = ("one", "all", "one-whole", "all-whole", "library", "schemas")


def traffic_of(given: argparse.Namespace, dialects: Sequence[str]) -> dict[str, Any]:
    """Captures of all kinds, judged by all."""
    frames = given.frames or (10_000 if given.quick else 300_000)
    rounds = given.rounds or (1 if given.quick else 5)
    rows = peers.rows()
    captures = []
    for kind in throughput.kinds(dialects, quick=given.quick):
        say(f"{kind.title}, {'objects' if kind.as_json else 'text'}, {kind.faults:.0%} faults")
        captures.append(throughput.measured(kind, frames, rounds, rows))
    works = [
        {"key": row.key, "title": row.title, "about": row.about, "few": row.few, "ours": row.key in OURS}
        for row in rows
    ]
    return {"frames": frames, "rounds": rounds, "part": throughput.PART, "works": works, "captures": captures}


def memory_of(given: argparse.Namespace, dialects: Sequence[str]) -> dict[str, Any]:
    """Growing captures, and many open sessions."""
    sizes = [5_000, 10_000, 20_000, 50_000] if given.quick else [100_000, 300_000, 1_000_000, 3_000_000]
    say("memory")
    return {"rows": memory.measured(dialects, sizes)}


def live_of(given: argparse.Namespace, dialects: Sequence[str]) -> dict[str, Any]:
    """What we cost beside traffic that is alive."""
    rounds = given.rounds or (2 if given.quick else 5)
    say("live")
    resource.setrlimit(resource.RLIMIT_NOFILE, (resource.getrlimit(resource.RLIMIT_NOFILE)[1],) * 2)
    told = live.measured(
        dialects,
        pieces=1_000 if given.quick else 20_000,
        rounds=rounds,
        blocks=5 if given.quick else 100,
        conversations=20 if given.quick else 1_000,
    )
    return told | {"rounds": rounds, "crowd_head": list(crowd.HEAD)}


def startup_of(given: argparse.Namespace, dialects: Sequence[str]) -> dict[str, Any]:
    """How long nothing takes."""
    say("start")
    rounds = given.rounds or (2 if given.quick else 11)
    return {"rounds": rounds, "rows": startup.measured(rounds)}


MEASURE = {"traffic": traffic_of, "memory": memory_of, "live": live_of, "startup": startup_of}


def say(what: str) -> None:
    print(f"measuring {what}", file=sys.stderr, flush=True)


def made(results: Mapping[str, Any], old: str) -> dict[str, str]:
    """The files of docs/ that show results, by name: the results, the page and the chart."""
    files = {
        "performance.json": json.dumps(results, indent=1, ensure_ascii=False) + "\n",
        "performance.md": page.placed(old, results),
    }
    if "traffic" in results:
        files["performance.svg"] = chart(results["traffic"])
    return files


def write(results: Mapping[str, Any]) -> None:
    """Write `docs/` anew; of parts that were not measured, what was there before stays."""
    kept = DOCS / "performance.json"
    before = json.loads(kept.read_text(encoding="utf-8")) if kept.is_file() else {}
    together = {part: {**before, **results}[part] for part in PARTS if part in {**before, **results}}
    for name, text in made(together, (DOCS / "performance.md").read_text(encoding="utf-8")).items():
        (DOCS / name).write_text(text, encoding="utf-8")


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", action="append", choices=PARTS, help="only this part; repeatable")
    parser.add_argument("--dialect", action="append", choices=catalog.dialects(), help="only this one; repeatable")
    parser.add_argument("--frames", type=int, help="in each capture (default: 300,000)")
    parser.add_argument("--rounds", type=int, help="of which the median counts (default: 5; of starts, 11)")
    parser.add_argument("--quick", action="store_true", help="little of everything, for a look")
    parser.add_argument("--write", action="store_true", help="write docs/performance.md, .json and .svg")
    given = parser.parse_args(arguments)
    if given.write and (given.dialect or given.quick):
        parser.error("--write needs every dialect, and figures that are worth writing down: no --dialect, no --quick")
    dialects = given.dialect or list(catalog.dialects())
    results: dict[str, Any] = {}
    for part in given.only or PARTS:
        machine = about()
        results[part] = {"machine": machine} | MEASURE[part](given, dialects)
        if given.write:
            write(results)
    print(page.text(results))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
