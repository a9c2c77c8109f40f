"""`wirecheck check --jobs`: the same report from any number of processes, whatever becomes of them."""

from __future__ import annotations

import gzip
import os
import signal
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
from click.testing import CliRunner

from cuts import one_pass, task_of
from processes import wirecheck
from wirecheck import Report
from wirecheck.cli import cli, judging
from wirecheck.errors import CaptureError, WorkError
from wirecheck.scale import Job, Range, Summary, counted, finish, merge, ranges
from wirecheck.scale import pool as pools
from wirecheck.scale.pool import ATTEMPTS, Pool

sys.path.insert(0, str(Path(__file__).parent.parent / "tools"))

import traffic  # noqa: E402  # a script of ours, beside the tests

FORMS = ("json", "text", "junit", "github")


@pytest.fixture(scope="module")
def busy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A capture with faults, in which many connections are open wherever it is cut."""
    path = tmp_path_factory.mktemp("jobs") / "busy.jsonl"
    path.write_bytes(b"".join(traffic.lines("vonz", 6000, sessions=20, faults=0.01)))
    return path


class Deadly:
    """A job whose reading kills the process that reads it, so many times."""

    def __init__(self, task: Job, notes: Path, times: int) -> None:
        self._arguments = task, str(notes), times

    def __reduce__(self) -> tuple[Any, ...]:
        return die, self._arguments


def die(task: Job, notes: str, times: int) -> Job:
    with open(notes, "a+") as file:
        file.write(".")
        file.flush()
        if file.tell() <= times:
            os.kill(os.getpid(), signal.SIGKILL)
    return task


def folded(pool: Pool, tasks: Iterable[Any]) -> Report:
    """The report of parts that are given out as soon as there is somebody for them."""
    waiting, numbers = iter(tasks), list[int]()
    task = next(waiting, None)
    summary: Summary | None = None
    while task is not None or numbers:
        while pool.free and task is not None:
            numbers.append(pool.give(task))
            task = next(waiting, None)
        found = pool.take(numbers.pop(0), meanwhile=lambda: None)
        summary = found if summary is None else merge(summary, found)
    assert summary is not None
    return finish(summary)


def parts_of(path: Path, count: int) -> list[Range]:
    return list(counted(ranges(str(path), size=-(-path.stat().st_size // count))))


def test_a_pool_gives_the_report_of_one_pass(busy: Path) -> None:
    task = task_of("vonz")
    with Pool(2) as pool:
        report = folded(pool, ((part, task) for part in parts_of(busy, 5)))
    assert report == one_pass(busy, task)


@pytest.mark.parametrize(("asked", "cores", "most", "started"), [("7", 1, 3, 2), ("7", 5, 3, 4), ("2", 1, 3, 1)])
def test_there_are_only_so_many_processes(
    asked: str, cores: int, most: int, started: int, busy: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As many as were asked for, but not more than a bound where there are fewer processors."""
    helpers: list[int] = []

    class Noted(Pool):
        def __init__(self, workers: int) -> None:
            helpers.append(workers)
            super().__init__(workers)

    monkeypatch.setattr(pools, "Pool", Noted)
    monkeypatch.setattr(judging, "MOST_PROCESSES", most)
    monkeypatch.setattr(judging, "cores", lambda: cores)
    args = ["check", "--dialect", "vonz", "--fail-on", "never", "--jobs", asked, str(busy)]
    result = CliRunner().invoke(cli, args, catch_exceptions=False)
    assert (result.exit_code, helpers) == (0, [started])


@pytest.mark.parametrize("place", [0, 2])
def test_a_part_whose_worker_dies_is_tried_again(busy: Path, tmp_path: Path, place: int) -> None:
    task = task_of("vonz")
    tasks: list[Any] = [(part, task) for part in parts_of(busy, 4)]
    tasks[place] = (tasks[place][0], Deadly(task, tmp_path / "notes", ATTEMPTS - 1))
    with Pool(2) as pool:
        assert folded(pool, tasks) == one_pass(busy, task)
    assert (tmp_path / "notes").read_text() == "." * ATTEMPTS


def test_a_part_at_which_every_worker_dies_ends_the_run(busy: Path, tmp_path: Path) -> None:
    task = task_of("vonz")
    tasks: list[Any] = [(part, task) for part in parts_of(busy, 3)]
    tasks[1] = (tasks[1][0], Deadly(task, tmp_path / "notes", ATTEMPTS))
    with Pool(2) as pool, pytest.raises(WorkError, match=rf"{ATTEMPTS} processes died at it, the last one by signal 9"):
        folded(pool, tasks)
    assert (tmp_path / "notes").read_text() == "." * ATTEMPTS


def test_a_worker_that_dies_idle_is_replaced(busy: Path) -> None:
    task = task_of("vonz")
    first, second = parts_of(busy, 2)
    with Pool(1) as pool:
        one = pool.take(pool.give((first, task)), meanwhile=lambda: None)
        (worker,) = pool._workers
        worker.process.kill()
        worker.process.join()
        other = pool.take(pool.give((second, task)), meanwhile=lambda: None)
        assert [each.process.pid for each in pool._workers] != [worker.process.pid]
    assert finish(merge(one, other)) == one_pass(busy, task)


def test_nobody_is_left_when_a_pool_ends(busy: Path) -> None:
    with Pool(3) as pool:
        numbers = [pool.give((part, task_of("vonz"))) for part in parts_of(busy, 3)]
        assert not pool.free
        pool.take(numbers[0], meanwhile=lambda: None)
        assert pool.free
        workers = [worker.process for worker in pool._workers]
        assert len(workers) == 3
    assert not any(worker.is_alive() for worker in workers)


def test_what_cannot_be_read_is_the_users_mistake(tmp_path: Path) -> None:
    gone = Range(source=str(tmp_path / "gone.jsonl"), start=0, end=9, line=1)
    with Pool(1) as pool, pytest.raises(CaptureError, match=r"gone\.jsonl: there is no such file"):
        pool.take(pool.give((gone, task_of("vonz"))), meanwhile=lambda: None)


def test_a_fault_of_ours_in_a_worker_is_told(busy: Path) -> None:
    wrong: Any = "no job"
    with Pool(1) as pool, pytest.raises(WorkError, match="AttributeError.*there is no report"):
        pool.take(pool.give((parts_of(busy, 1)[0], wrong)), meanwhile=lambda: None)


def test_a_process_with_threads_is_not_copied() -> None:
    """A copy of a process with threads may wait forever for what one of them held."""
    hold, let = os.pipe()
    thread = Thread(target=os.read, args=(hold, 1))
    thread.start()
    try:
        assert Pool(1)._context.get_start_method() == "spawn"
    finally:
        os.write(let, b".")
        thread.join()
        os.close(hold)
        os.close(let)


def test_processes_started_afresh_give_the_same_report(busy: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pools, "_alone", lambda: False)
    task = task_of("vonz")
    with Pool(2) as pool:
        assert folded(pool, ((part, task) for part in parts_of(busy, 3))) == one_pass(busy, task)


@pytest.mark.parametrize("form", FORMS)
def test_every_format_is_the_same(busy: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], form: str) -> None:
    """The report, and what is said beside it."""
    said = []
    for jobs in (1, 3):
        path = tmp_path / f"{jobs}"
        asked = ["check", str(busy), "--format", form, "--jobs", str(jobs), "--output", str(path)]
        assert cli(asked, standalone_mode=False) == 1
        said.append((path.read_text(), capsys.readouterr()))
    assert said[0] == said[1]


def test_files_of_all_kinds_side_by_side(busy: Path, tmp_path: Path) -> None:
    """What can be cut, what is packed, what is a transcript and what comes on standard input."""
    lines = busy.read_bytes().splitlines(keepends=True)
    (tmp_path / "a.jsonl").write_bytes(b"".join(lines[:3000]))
    (tmp_path / "b.jsonl.gz").write_bytes(gzip.compress(b"".join(lines[3000:5000])))
    (tmp_path / "c.txt").write_text('<- {"type": "turn.done", "session_id": "s"}\n-> {"type": "nobody-knows"}\n')
    (tmp_path / "d.jsonl").write_bytes(b"")
    asked = ("check", tmp_path, "-", "--dialect", "vonz")
    one, three = (wirecheck(*asked, "--jobs", str(jobs), stdin=iter(lines[5000:])) for jobs in (1, 3))
    assert (one.code, three.code) == (1, 1)
    assert one.out == three.out


def test_what_is_small_needs_no_other_process(busy: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(judging, "cores", lambda: 8)
    monkeypatch.setattr(pools.Pool, "__init__", lambda *_: pytest.fail("a process for so little"))
    assert cli(["check", str(busy), "--format", "json", "--output", os.devnull], standalone_mode=False) == 1


@pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="looks into /proc")
def test_an_interrupt_leaves_nothing_behind(tmp_path: Path) -> None:
    """Interrupted as by Ctrl-C, which reaches all processes of a terminal, in the middle of it."""
    path = tmp_path / "long.jsonl"
    path.write_bytes(b"".join(traffic.lines("vonz", 60_000)))
    command = [sys.executable, "-m", "wirecheck", "check", str(path), "--dialect", "vonz", "--jobs", "2"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True)
    there = Path(f"/proc/{process.pid}/task/{process.pid}/children")
    while not (children := there.read_text().split()):
        assert process.poll() is None
    os.killpg(process.pid, signal.SIGINT)
    out, err = process.communicate()
    assert process.returncode == 130
    assert out == b""
    assert b"Traceback" not in err
    assert not [child for child in children if Path(f"/proc/{child}").exists()]
