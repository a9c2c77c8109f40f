"""Rows say what the shapes say: whole blocks taken give the report that records received one by one give."""

from __future__ import annotations

import pickle
import sys
from collections.abc import Sequence
from functools import partial
from io import BytesIO
from pathlib import Path
from random import Random

import pytest

import traces
from wirecheck import Checker, catalog
from wirecheck.capture import read
from wirecheck.capture.blocks import blocks
from wirecheck.capture.write import line_of
from wirecheck.check.frozen import Uncommon, freeze, sets_of, thaw
from wirecheck.check.link import Link
from wirecheck.record import BadLine, Record
from wirecheck.verdict import Report

sys.path.insert(0, str(Path(__file__).parent.parent / "tools"))

import traffic

CAPTURES = sorted(Path(__file__).parents[1].glob("fixtures/*/captures/*.jsonl"))
TRACES = 150
SOAKED = 20_000


class Untyped:
    """A block of records of which none could be read the quick way: only their order is judged by rows."""

    def __init__(self, records: Sequence[Record]) -> None:
        self._records = records
        self.first = records[0].at.line if records else 1
        self.lines = [None] * len(records)

    def record(self, index: int) -> Record:
        return self._records[index]


def received(dialect: catalog.Dialect, records: Sequence[Record]) -> Report:
    checker = Checker(dialect)
    for record in records:
        checker.receive(record)
    return checker.close()


def taken(dialect: catalog.Dialect, records: Sequence[Record], size: int) -> Report:
    checker = Checker(dialect)
    for start in range(0, len(records), size):
        checker.take(Untyped(records[start : start + size]))
    return checker.close()


def read_typed(dialect: catalog.Dialect, raw: bytes, size: int) -> Report:
    """The report on lines that are read in blocks of so many bytes."""
    checker = Checker(dialect)
    for block in blocks(raw[start : start + size] for start in range(0, len(raw), size)):
        checker.take(block)
    return checker.close()


def read_singly(dialect: catalog.Dialect, raw: bytes) -> Report:
    return received(dialect, list(read(BytesIO(raw))))


def differing(dialect: catalog.Dialect, seeds: range) -> list[str]:
    """Random captures, made small, on which the two ways disagree."""
    found = []
    for seed in seeds:
        random = Random(f"{dialect.name} rows {seed}")
        records = traces.trace(dialect, random)
        size = random.choice((1, 3, 1000))
        raw = b"".join(line_of(record) for record in records if not isinstance(record, BadLine))
        if read_singly(dialect, raw) != read_typed(dialect, raw, 100 * size):
            found.append(raw.decode())
        if received(dialect, records) != taken(dialect, records, size):
            small = traces.shrink(records, partial(_differ, dialect, size))
            found.append(traces.shown(small))
    return found


def _differ(dialect: catalog.Dialect, size: int, records: Sequence[Record]) -> bool:
    return received(dialect, records) != taken(dialect, records, size)


@pytest.mark.parametrize("name", catalog.dialects())
def test_random_captures(name: str) -> None:
    assert differing(catalog.load(name), range(TRACES)) == []


@pytest.mark.soak
@pytest.mark.parametrize("name", catalog.dialects())
def test_very_many_random_captures(name: str) -> None:
    assert differing(catalog.load(name), range(SOAKED)) == []


@pytest.mark.parametrize("path", CAPTURES, ids=lambda path: f"{path.parts[-3]}-{path.stem}")
def test_fixtures(path: Path) -> None:
    dialect = catalog.load(path.parts[-3])
    records = list(read(path))
    assert taken(dialect, records, 7) == received(dialect, records)


@pytest.mark.parametrize("name", catalog.dialects())
@pytest.mark.parametrize("faults", [0.0, 0.05])
@pytest.mark.parametrize("as_json", [False, True], ids=["text", "json"])
def test_busy_traffic(name: str, faults: float, as_json: bool) -> None:
    raw = b"".join(traffic.lines(name, 3_000, sessions=20, faults=faults, as_json=as_json))
    dialect = catalog.load(name)
    expected = read_singly(dialect, raw)
    assert taken(dialect, list(read(BytesIO(raw))), 1_000) == expected
    assert read_typed(dialect, raw, 10_000) == expected


@pytest.mark.parametrize("name", catalog.dialects())
def test_what_is_frozen_thaws(name: str) -> None:
    """Every state that a row can hold comes back as it was, to the last field that a verdict depends on."""
    dialect = catalog.load(name)
    frozen = 0
    for seed in range(40):
        records = traces.trace(dialect, Random(f"{name} thaw {seed}"))
        checker = Checker(dialect)
        plan = checker._tables.plan
        for record in records:
            checker.receive(record)
            for link in checker.links.values():
                try:
                    before = freeze(link.state)
                except Uncommon:
                    continue
                copy = pickle.loads(pickle.dumps(link.facts))
                after = thaw(plan, *before, copy, sets_of(link.state))
                assert freeze(after) == before
                for lane, again in zip(link.state.live.lanes, after.live.lanes, strict=True):
                    assert (lane.size, lane.holes, lane.settled, lane.heard) == (
                        again.size,
                        again.holes,
                        again.settled,
                        again.heard,
                    )
                    assert lane.firsts.keys() == again.firsts.keys()
                frozen += 1
    assert frozen > 100


def test_a_link_in_a_row_pickles_as_a_state() -> None:
    """What leaves the process is a value without tables; it goes on where it was."""
    dialect = catalog.load("bondai")
    lines = list(traffic.lines("bondai", 300, sessions=3))
    path_records = list(_records(lines))
    checker = Checker(dialect)
    checker.take(Untyped(path_records[:200]))
    held = [link for link in checker.links.values() if link.row is not None]
    assert held
    again: list[Link] = pickle.loads(pickle.dumps(held))
    assert [freeze(link.state) for link in again] == [freeze(link.state) for link in held]


def _records(lines: Sequence[bytes]) -> list[Record]:
    from wirecheck.capture.jsonl import record_of

    return [record_of(line.rstrip(b"\n"), number) for number, line in enumerate(lines, 1)]


def test_a_frame_like_the_last_one_may_mean_something_else() -> None:
    """The first end of a span that nobody saw begin is undecided; the same again is one too many."""
    dialect = catalog.load("bondai")
    said = '{"conn":"c","from":"%s","json":%s}\n'
    step = '{"event":"task_agent_step_completed","data":{"step":{"agent_id":"%s","step":{"output":"three"}}}}'
    asked = said % ("client", '{"event":"user_message","data":{"message":"Lisbon."}}')
    ended = said % ("server", '{"event":"task_agent_completed","data":{"agent_id":"a"}}')
    raw = (said % ("server", step % "a") + asked + said % ("server", step % "b") + 2 * ended).encode()
    expected = read_singly(dialect, raw)
    assert [(each.broken, each.undecided) for each in expected.guarantees if each.id == "tasks-bracketed"] == [(1, 1)]
    for _ in range(3):  # what is learnt the first time is used the second time
        assert read_typed(dialect, raw, 10_000) == expected
