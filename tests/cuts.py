"""Captures to be cut anywhere, and what is made of their pieces.

Law: a seed is a capture; a capture and its cuts are a report. Nothing here knows what a report should say: it is
compared with that of one checker which saw every record, one after the other.
"""

from __future__ import annotations

import json
import pickle
import re
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from random import Random
from typing import Any
from unittest.mock import patch

from traces import trace
from wirecheck import Checker, Report, load
from wirecheck.capture import read, unwrap
from wirecheck.capture.write import line_of
from wirecheck.scale import Job, Range, Summary, finish, job, merge, summarize

sys.path.insert(0, str(Path(__file__).parent.parent / "tools"))

import traffic  # noqa: E402  # a script of ours, beside the tests

LOWERED = {
    "wirecheck.check.checker.MAX_LINKS": 6,
    "wirecheck.check.checker.MAX_SESSIONS": 8,
    "wirecheck.check.memory.MAX_SESSIONS": 5,
    "wirecheck.check.memory.MAX_WEIGHT": 12,
    "wirecheck.check.history.MAX_WEIGHT": 12,
    "wirecheck.check.noting.MAX_WEIGHT": 12,
    "wirecheck.check.tally.MAX_GROUPS": 5,
    "wirecheck.shapes.state.MAX_KEYS": 6,
    "wirecheck.check.apart.MAX_KEYS": 6,
    "wirecheck.shapes.opted.MAX_TOPICS": 2,
    "wirecheck.check.apart.MAX_TOPICS": 2,
    "wirecheck.check.absorb.MAX_TOPICS": 2,
    "wirecheck.scale.reading.MOST_KEPT": 20_000,
    "wirecheck.scale.parts.MOST_NOTED": 100,
    "wirecheck.scale.crowd.CROWD": 2,
    "wirecheck.scale.parts._LOOK": 1,
}
"""Bounds so low that small captures go beyond them."""

ODD = (
    b"nonsense",
    b"",
    b"{}",
    b'{"conn":"%s"}',
    b'{"conn":"%s","from":"client","text":"{"}',
    b'{"conn":"%s","from":"server","text":"{"}',
    b'{"conn":"%s","from":"server","json":{"type":NaN}}',
    b'{"conn":"%s","from":"server","text":"40"}',
    b'{"conn":"%s","from":"client","text":"2"}',
    b'{"conn":"%s","from":"server","text":"42[\\"m\\",{\\"type\\":\\"task:token\\",\\"session_id\\":\\"s1\\",\\"text\\":\\"a\\"}]"}',
    b'{"conn":"%s","kind":"open"}',
    b'{"conn":"%s","kind":"open","url":"ws://h/socket.io/?EIO=4"}',
    b'{"conn":"%s","kind":"open","url":"ws://h/?token=secret-%s","sees":["client","server"],"exclusive":true}',
    b'{"conn":"%s","kind":"close","code":1000,"from":"server"}',
    b'{"conn":"%s","kind":"trial","guarantee":"tool-call-answered-once","outcome":"expired","seconds":1}',
    b'{"conn":"","from":"client","text":"{}"}',
    b'{"conn":"","kind":"open"}',
    b'{"conn":7,"from":"client","text":"{}"}',
    b'{"conn":"%s","from":"client","text":"{\\"type\\":\\"task.cancel\\",\\"task_id\\":\\"t\\"}"}',
    b'{"conn":"%s","from":"client","text":"{\\"type\\":\\"session.resume\\",\\"session_id\\":\\"sess_000001\\"}"}',
    b'{"conn":"%s","from":"client","text":"{\\"type\\":\\"session.resume\\",\\"session_id\\":\\"s1\\"}"}',
    b'{"conn":"%s","from":"client","text":"{\\"type\\":\\"session.turn\\",\\"session_id\\":\\"s1\\",\\"prompt\\":\\"p\\"}"}',
    b'{"conn":"%s","from":"server","text":"{\\"type\\":\\"turn.done\\",\\"session_id\\":\\"s2\\"}"}',
)
"""Lines that a capture may hold as well; `%s` is a connection."""


def capture(dialect: str, seed: int) -> bytes:
    """A capture of several things that happen side by side, in order or at random, more or less broken."""
    rng = Random(f"{dialect} {seed}")
    plays: list[list[bytes]] = []
    for number in range(rng.choice((1, 2, 4, 8))):
        plays.append(_busy(dialect, rng) if rng.random() < 0.3 else _played(dialect, rng, number))
    lines = list(_mingled(rng, plays))
    for _ in range(rng.choice((0, 0, 1, 3, 10))):
        conns = re.findall(rb'"conn":"([^"]+)"', rng.choice(lines)) or [b"1"]
        lines.insert(rng.randint(0, len(lines)), rng.choice(ODD).replace(b"%s", conns[0]))
    if rng.random() < 0.1:
        lines = [line for line in lines if b'"kind":"open"' not in line] or lines
    if rng.random() < 0.2:
        lines = [line for line in lines if b'"kind":"close"' not in line] or lines
    mark = b"\xef\xbb\xbf" if rng.random() < 0.1 else b""
    end = rng.choice((b"\n", b"\n", b"", b"\n\n", b'\n{"conn":"1"'))
    return mark + b"\n".join(lines) + end


def _busy(dialect: str, rng: Random) -> list[bytes]:
    """What a server with several sessions at once writes."""
    made = traffic.lines(
        dialect,
        rng.choice((20, 60, 150)),
        sessions=rng.randint(1, 5),
        faults=rng.choice((0.0, 0.02, 0.2)),
        as_json=rng.random() < 0.2,
        seed=rng.randint(1, 3),
    )
    return [line.rstrip(b"\n") for line in made]


def _played(dialect: str, rng: Random, number: int) -> list[bytes]:
    """A random trace; with names of its own, or with those that others have too."""
    records = trace(load(dialect), rng)
    if rng.random() < 0.7:
        records = [replace(record, at=replace(record.at, conn=f"{number}-{record.at.conn}")) for record in records]
    lines = [line_of(record).rstrip(b"\n") for record in records]
    if rng.random() < 0.6:
        own = b"%d" % number
        lines = [re.sub(rb'(\\?")([stacwkmv]\d)(\\?")', rb"\g<1>\g<2>-" + own + rb"\g<3>", line) for line in lines]
    return lines


def _mingled(rng: Random, plays: Sequence[list[bytes]]) -> Iterator[bytes]:
    """The lines of all, each in its own order: few run beside each other, or many."""
    rest = [list(reversed(play)) for play in plays if play]
    together = rng.choice((1, 2, 4))
    while rest:
        play = rng.choice(rest[:together])
        for _ in range(min(rng.randint(1, 6), len(play))):
            yield play.pop()
        if not play:
            rest.remove(play)


def one_pass(path: Path, task: Job) -> Report:
    """What one checker says that sees all records."""
    checker = Checker(task.dialect, **task.options)
    for record in unwrap(read(path)):
        checker.receive(record)
    return checker.close()


def cut(path: Path, places: Sequence[float]) -> list[Range]:
    """The capture, cut at these parts of its length."""
    size = path.stat().st_size
    cuts = [0, *sorted({round(place * size) for place in places} - {0, size}), size]
    return [Range(source=str(path), start=start, end=end) for start, end in pairwise(cuts)]


def in_parts(parts: Sequence[Range], task: Job, rng: Random, *, told: bool = False) -> tuple[Report, int]:
    """The report of these ranges, merged in any order, after each summary has travelled; and how many parts were read
    again. `told`: later ranges are told what is known of those before."""
    summaries: list[Summary] = []
    before: Summary | None = None
    for part in parts:
        given = replace(task, near=rng.random() < 0.5)
        if told and before is not None and rng.random() < 0.7:
            given = replace(given, known=before.past)
        summaries.append(travelled(summarize(part, given)))
        if told:
            before = travelled(summaries[-1] if before is None else merge(before, travelled(summaries[-1])))
    while len(summaries) > 1:
        place = rng.randrange(len(summaries) - 1)
        summaries[place : place + 2] = [travelled(merge(summaries[place], summaries[place + 1]))]
    ran = summaries[0].ran
    assert ran is not None
    return finish(summaries[0]), ran.again


def travelled(summary: Summary) -> Summary:
    """What another process gets of it, in one piece or in several."""
    if summary.ran is not None:
        there: Summary = pickle.loads(pickle.dumps(summary))
        return there
    beside: list[pickle.PickleBuffer] = []
    text = pickle.dumps(summary, protocol=5, buffer_callback=beside.append)
    there = pickle.loads(text, buffers=[memoryview(bytes(buffer)) for buffer in beside])
    return there


@contextmanager
def lowered(bounds: dict[str, int] = LOWERED) -> Iterator[None]:
    """Whatever runs in it has these bounds."""
    patches = [patch(name, value) for name, value in bounds.items()]
    for each in patches:
        each.start()
    try:
        yield
    finally:
        for each in patches:
            each.stop()


def task_of(dialect: str, **options: Any) -> Job:
    return job(load(dialect), input="capture", **options)


def shown(report: Report) -> str:
    """The report as text, to see where two differ."""
    from wirecheck.report import json as form
    from wirecheck.report.view import Section

    text = form.render([Section(report=report)])
    assert json.loads(text)
    return text
