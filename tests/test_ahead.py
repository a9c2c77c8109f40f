"""Captures judged here and ahead at once: whoever is quick, and however much is given out, the report is the same."""

from __future__ import annotations

import gzip
import os
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any, cast

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cuts import capture, lowered, one_pass, task_of, travelled
from wirecheck import dialects
from wirecheck.capture import Limits
from wirecheck.errors import CaptureError
from wirecheck.scale import Job, Range, Summary, finish, ranges, summarize
from wirecheck.scale import ahead as ours
from wirecheck.scale.ahead import Ahead, Source
from wirecheck.scale.pool import Pool
from wirecheck.verdict import Report

sys.path.insert(0, str(Path(__file__).parent.parent / "tools"))

import traffic  # noqa: E402  # a script of ours, beside the tests

SEEDS = st.integers(0, 1 << 32)
QUICK = settings(max_examples=12, deadline=None, suppress_health_check=list(HealthCheck))


@dataclass
class Fickle:
    """A pool whose workers are free when they like; each answer has travelled. It does its work when that is taken."""

    random: Random
    eager: float = 0.5
    tasks: list[tuple[Range, Job]] = field(default_factory=list)
    open: dict[int, Summary] = field(default_factory=dict)
    most: int = 0

    @property
    def free(self) -> bool:
        return self.random.random() < self.eager

    def give(self, task: tuple[Range, Job]) -> int:
        number = len(self.tasks)
        self.tasks.append(task)
        self.open[number] = travelled(summarize(*task))
        self.most = max(self.most, len(self.open))
        return number

    def look(self) -> None:
        pass

    def take(self, number: int, *, meanwhile: Callable[[], object]) -> Summary:
        meanwhile()
        return self.open.pop(number)


def judged(
    paths: list[Path], task: Job, pool: Fickle, *, helpers: int = 1, least: int = 1
) -> tuple[list[Report], list[Summary]]:
    sources = [Source(all=ranges(str(path), size=1 << 60)[0], job=task) for path in paths]
    ahead = Ahead(sources, cast("Pool", pool), helpers=helpers, least=least)
    found = [ahead.summary(index) for index in range(len(paths))]
    assert not pool.open  # all that was given out was taken
    return [finish(summary) for summary in found], found


@pytest.mark.parametrize("dialect", dialects())
@given(seed=SEEDS, helpers=st.integers(1, 7), least=st.sampled_from([1, 500, 5_000]), bounded=st.booleans())
@QUICK
def test_who_judges_what_does_not_show(
    tmp_path_factory: pytest.TempPathFactory, dialect: str, seed: int, helpers: int, least: int, bounded: bool
) -> None:
    random = Random(seed)
    path = tmp_path_factory.getbasetemp() / "ahead.jsonl"
    path.write_bytes(capture(dialect, seed))
    task = task_of(dialect, limits=Limits(block=random.choice((100, 3_000))))
    pool = Fickle(random, eager=random.choice((0.1, 0.5, 1.0)))
    with pytest.MonkeyPatch.context() as patch, lowered() if bounded else lowered({}):
        patch.setattr(ours, "MOST", random.choice((1_000, 10_000, 1 << 30)))
        (report,), _ = judged([path], task, pool, helpers=helpers, least=least)
        assert report == one_pass(path, task)


def test_all_have_as_much_to_do(tmp_path: Path) -> None:
    """The first part lies so far ahead that nobody waits, and the parts are as large as they may be."""
    path = tmp_path / "long.jsonl"
    path.write_bytes(b"".join(traffic.lines("vonz", 6_000, sessions=10)))
    size = path.stat().st_size
    task = task_of("vonz")
    pool = Fickle(Random(0), eager=1.0)
    (report,), (summary,) = judged([path], task, pool, least=size // 10)
    assert report == one_pass(path, task) and summary.again == 0
    ((part, told),) = pool.tasks
    assert (part.start, part.end, part.line) == (size // 2, size, 0)  # whoever gets it counts, that all may begin
    assert told.near
    three = Fickle(Random(0), eager=1.0)
    judged([path], task, three, helpers=2, least=size // 10)
    assert [(part.start, part.end) for part, _ in three.tasks] == [
        (size // 3, size // 3 * 2),
        (size // 3 * 2, size),
    ]


def test_what_is_large_is_given_out_in_turns(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Few parts wait, however large a capture is; and what lies between them is judged here."""
    path = tmp_path / "long.jsonl"
    path.write_bytes(b"".join(traffic.lines("vonz", 6_000, sessions=10)))
    size = path.stat().st_size
    monkeypatch.setattr(ours, "MOST", size // 20)
    task = task_of("vonz", limits=Limits(block=1_000))
    pool = Fickle(Random(0), eager=1.0)
    (report,), (summary,) = judged([path], task, pool, least=size // 100)
    assert report == one_pass(path, task) and summary.again == 0
    assert pool.most <= 1 + 1 + ours._WAITING
    lengths = [part.end - part.start for part, _ in pool.tasks]
    assert max(lengths) <= size // 20
    assert size // 3 < sum(lengths)
    counted = [part.line > 0 for part, _ in pool.tasks]
    assert counted == sorted(counted) and not counted[0] and counted[-1]
    assert all(one.end <= other.start for (one, _), (other, _) in zip(pool.tasks, pool.tasks[1:], strict=False))


def test_files_are_given_out_whole_where_they_are_small(tmp_path: Path) -> None:
    lines = list(traffic.lines("vonz", 3_000, sessions=5))
    paths = []
    for number in range(10):
        text = b"".join(lines[300 * number : 300 * (number + 1)])
        paths.append(tmp_path / f"{number}.jsonl{'.gz' if number % 3 == 2 else ''}")
        paths[-1].write_bytes(gzip.compress(text) if number % 3 == 2 else text)
    (tmp_path / "empty.jsonl").write_bytes(b"")
    paths.insert(4, tmp_path / "empty.jsonl")
    task = task_of("vonz")
    pool = Fickle(Random(0), eager=1.0)
    reports, _ = judged(paths, task, pool, helpers=2, least=40_000)
    assert reports == [one_pass(path, task) for path in paths]
    sizes = {str(path): path.stat().st_size for path in paths}
    assert len(pool.tasks) >= 3
    assert all((part.start, part.end) == (0, sizes[part.source]) for part, _ in pool.tasks)


def test_where_parts_are_judged_in_vain_few_are_given_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of a capture in which each part has to be read again, most is not even tried."""
    path = tmp_path / "spoiled.jsonl"
    lines = list(traffic.lines("vonz", 6_000, sessions=10))
    for place in range(0, len(lines), 50):
        lines[place] += b'{"conn":"","from":"client","text":"{}"}\n'
    path.write_bytes(b"".join(lines))
    size = path.stat().st_size
    monkeypatch.setattr(ours, "MOST", size // 60)
    task = task_of("vonz", limits=Limits(block=1_000))
    pool = Fickle(Random(0), eager=1.0)
    (report,), (summary,) = judged([path], task, pool, least=size // 200)
    assert report == one_pass(path, task)
    assert 2 < summary.again <= 12
    assert sum(part.end - part.start for part, _ in pool.tasks) < size // 4


def test_a_capture_that_became_shorter_is_judged_as_far_as_it_goes(tmp_path: Path) -> None:
    path = tmp_path / "shorter.jsonl"
    lines = list(traffic.lines("vonz", 2_000, sessions=5))
    path.write_bytes(b"".join(lines))
    task = task_of("vonz")
    source = Source(all=ranges(str(path), size=1 << 60)[0], job=task)
    os.truncate(path, sum(map(len, lines[:1_200])))
    pool: Any = Fickle(Random(0), eager=0.0)
    report = finish(Ahead([source], pool, helpers=1, least=10_000).summary(0))
    assert report == one_pass(path, task)


def test_kept_lines_that_are_gone_are_noticed(tmp_path: Path) -> None:
    """A part whose lines cannot be read any more is read again, as far as it goes."""
    path = tmp_path / "gone.jsonl"
    lines = list(traffic.lines("vonz", 2_000, sessions=20))
    path.write_bytes(b"".join(lines))
    task = task_of("vonz")
    source = Source(all=ranges(str(path), size=1 << 60)[0], job=task)

    @dataclass
    class Shortening(Fickle):
        def take(self, number: int, *, meanwhile: Callable[[], object]) -> Summary:
            os.truncate(path, sum(map(len, lines[:1_040])))
            return super().take(number, meanwhile=meanwhile)

    pool: Any = Shortening(Random(0), eager=1.0)
    summary = Ahead([source], pool, helpers=1, least=10_000).summary(0)
    assert summary.again == 1
    assert finish(summary) == one_pass(path, task)


def test_what_is_gone_is_the_users_mistake(tmp_path: Path) -> None:
    path = tmp_path / "there.jsonl"
    path.write_bytes(b"".join(traffic.lines("vonz", 500)))
    source = Source(all=ranges(str(path), size=1 << 60)[0], job=task_of("vonz"))
    path.unlink()
    pool: Any = Fickle(Random(0), eager=1.0)
    with pytest.raises(CaptureError, match="there is no such file"):
        Ahead([source], pool, helpers=1, least=10).summary(0)
