"""How quickly captures are judged, as parts of what reading them without any check takes.

Law: figures of one capture are taken in turn and compared with the base of that capture alone.
"""

from __future__ import annotations

import os
import statistics
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import traffic
from measure import peers
from measure.rounds import Broken, Commands, Measured, Open, python, turns

FAULTS = 0.01
PART = 20
"""Validators that are that much slower get that much less to do."""

Figures = dict[str, Any]
"""One capture: what it is, the base's frames a second, and the ratio, peak and spread of each row; as JSON."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Traffic:
    """One kind of capture."""

    dialect: str
    mix: str = "plain"
    faults: float = 0.0
    as_json: bool = False

    @property
    def title(self) -> str:
        return self.dialect if self.mix == "plain" else f"{self.dialect}, {self.mix}"


def kinds(dialects: Sequence[str], *, quick: bool = False) -> Iterator[Traffic]:
    """All captures: the long answers for one dialect alone, each clean and with faults, as text and as objects; or,
    for a `quick` look, plain text alone."""
    for dialect in dialects:
        for mix in ("plain", "chat") if dialect == "vonz" and not quick else ("plain",):
            for as_json in (False,) if quick else (False, True):
                for faults in (0.0, FAULTS):
                    yield Traffic(dialect=dialect, mix=mix, faults=faults, as_json=as_json)


def written(kind: Traffic, frames: int, folder: Path) -> peers.Capture:
    """The capture, and a smaller one."""
    few_frames = max(frames // PART, 50)
    paths = []
    for name, count in (("all", frames), ("few", few_frames)):
        path = folder / f"{name}.jsonl"
        with path.open("wb") as file:
            file.writelines(traffic.lines(kind.dialect, count, faults=kind.faults, as_json=kind.as_json, mix=kind.mix))
        paths.append(path)
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    specs = [peers.specify(path, kind.dialect, cores, folder / f"{path.stem}.spec.json") for path in paths]
    return peers.Capture(
        dialect=kind.dialect,
        path=paths[0],
        few=paths[1],
        cores=cores,
        frames=frames,
        few_frames=few_frames,
        spec=specs[0],
        few_spec=specs[1],
    )


def measured(kind: Traffic, frames: int, rounds: int, rows: Sequence[peers.Row]) -> Figures:
    """The figures of one capture."""
    with tempfile.TemporaryDirectory() as folder, Open() as stack:
        capture = written(kind, frames, Path(folder))
        refused = peers.refused_by_reference(capture)
        if refused and not kind.faults:
            raise SystemExit(f"the traffic of {kind.title} is not clean: jsonschema refuses line {min(refused)}")
        ready: dict[str, Measured] = {
            "base": stack.warm(python("base", capture.spec)),
            "base-few": stack.warm(python("base", capture.few_spec)),
        }
        reasons: dict[str, str] = {}
        for row in rows:
            if row.texts and kind.as_json:
                continue
            try:
                reason = row.wrong(capture, refused)
                if not reason:
                    ready[row.key] = stack.warm(row.start(capture))
            except Broken as error:
                reason = str(error)
            if reason:
                reasons[row.key] = reason
                print(f"{kind.title}: {row.title}: {reason}", file=sys.stderr)
        taken = dict(zip(ready, turns(rounds, list(ready.values())), strict=True))
        return {
            "traffic": kind.title,
            "dialect": kind.dialect,
            "mix": kind.mix,
            "faults": kind.faults,
            "form": "objects" if kind.as_json else "text",
            "frames": frames,
            "megabytes": round(capture.path.stat().st_size / 1e6, 1),
            "base": round(frames / statistics.median(taken["base"])),
            "base_peak": round(ready["base"].peak(), 1),
            "rows": {row.key: _row(row, taken, ready[row.key], capture) for row in rows if row.key in ready},
            "reasons": reasons,
        }


def _row(row: peers.Row, taken: dict[str, list[float]], measured: Measured, capture: peers.Capture) -> Figures:
    """The ratio is that of medians; `least` and `most` those of single rounds, base and row of the same round."""
    base, times = taken["base-few" if row.few else "base"], taken[row.key]
    told: Figures = {"peak": round(measured.peak(), 1)}
    if isinstance(measured, Commands) and measured.start:
        told["start"] = round(measured.starting(), 4)
        times = [measured.net(one) for one in times]
    if min(times) <= 0:
        return told  # too short to be told from the starts of its processes
    single = [one / other for one, other in zip(base, times, strict=True)]
    return told | {
        "ratio": round(statistics.median(base) / statistics.median(times), 4),
        "least": round(min(single), 4),
        "most": round(max(single), 4),
        "rate": round((capture.few_frames if row.few else capture.frames) / statistics.median(times)),
    }
