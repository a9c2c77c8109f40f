"""Parts of captures in processes of this machine.

Law: the same function on the same bytes, in another process. What it gives comes back in the order of the parts,
however often a worker died on the way; a part that nobody could do ends the run, so that a report is complete or there
is none. At most a few parts are under way or waiting to be taken, so memory does not grow with a capture. No process
outlives the pool, whatever ends it.
"""

from __future__ import annotations

import multiprocessing
import os
import pickle
import signal
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from typing import Any, Final, Literal

from wirecheck.capture import label
from wirecheck.capture.places import without_secrets
from wirecheck.errors import CaptureError, WorkError
from wirecheck.scale.job import Job
from wirecheck.scale.ranges import Range
from wirecheck.scale.sparing import sparing
from wirecheck.scale.summary import Summary, summarize

ATTEMPTS: Final = 3
"""How often a part is tried whose worker dies."""
_AHEAD: Final = 2
"""How many parts beyond one for each worker may be under way or done before those in front of them are."""

Task = tuple[Range, Job]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Failed:
    """What a worker says instead of a summary."""

    why: Literal["source", "fault"]
    says: str


@dataclass(slots=True, kw_only=True)
class _Worker:
    """A process, our end of its pipe, and the number of the part that it works on."""

    process: BaseProcess
    pipe: Connection
    number: int | None = None


class Pool:
    """So many processes. Used in a `with`: at its end they are gone."""

    def __init__(self, jobs: int) -> None:
        self._jobs = jobs
        self._copies = _alone()
        self._context: Any = multiprocessing.get_context("fork" if self._copies else "spawn")
        self._workers: list[_Worker] = []

    def __enter__(self) -> Pool:
        return self

    def __exit__(self, *_: object) -> None:
        for worker in self._workers:
            worker.process.kill()
        for worker in self._workers:
            worker.process.join()
            worker.pipe.close()
        self._workers.clear()

    def summaries(self, tasks: Iterable[Task]) -> Iterator[Summary]:
        """The summary of each part, in their order. A task is taken when a worker is free for it.

        Raises `CaptureError` where a part's source cannot be read, and `WorkError` where a part could not be done.
        """
        waiting = enumerate(tasks)
        under_way: dict[int, tuple[Task, int]] = {}
        done: dict[int, bytes] = {}
        following, more = 0, True
        while True:
            while more and len(under_way) < self._jobs and len(under_way) + len(done) < self._jobs + _AHEAD:
                number, task = next(waiting, (0, None))
                if task is None:
                    more = False
                else:
                    under_way[number] = task, 1
                    self._give(number, task)
            if following in done:
                yield _summary(done.pop(following))
                following += 1
            elif not under_way:
                return
            else:
                for worker in self._ready():
                    self._hear(worker, under_way, done)

    def _hear(self, worker: _Worker, under_way: dict[int, tuple[Task, int]], done: dict[int, bytes]) -> None:
        """Take what a worker has to say; if it died, another one gets its part."""
        number = worker.number
        assert number is not None
        try:
            done[number] = worker.pipe.recv_bytes()
        except (EOFError, OSError) as error:
            self._bury(worker)
            task, tried = under_way[number]
            if tried >= ATTEMPTS:
                raise WorkError(_gave_up(task[0], worker.process.exitcode)) from error
            under_way[number] = task, tried + 1
            self._give(number, task)
        else:
            worker.number = None
            del under_way[number]

    def _give(self, number: int, task: Task) -> None:
        while True:
            worker = next((each for each in self._workers if each.number is None), None) or self._hire()
            try:
                worker.pipe.send_bytes(pickle.dumps(task))
            except OSError:  # it died while it had nothing to do
                self._bury(worker)
            else:
                worker.number = number
                return

    def _hire(self) -> _Worker:
        ours, theirs = self._context.Pipe()
        # A copy of the process has copies of all our ends of pipes: as long as it has these, no other sees us go.
        copied = [ours, *(worker.pipe for worker in self._workers)] if self._copies else []
        process = self._context.Process(target=_work, args=(theirs, copied), daemon=True)
        worker = _Worker(process=process, pipe=ours)
        with _undisturbed():
            process.start()
            self._workers.append(worker)
        theirs.close()
        return worker

    def _ready(self) -> list[_Worker]:
        busy = {id(worker.pipe): worker for worker in self._workers if worker.number is not None}
        return [busy[id(pipe)] for pipe in wait([worker.pipe for worker in busy.values()])]

    def _bury(self, worker: _Worker) -> None:
        self._workers.remove(worker)
        worker.process.kill()
        worker.process.join()
        worker.pipe.close()


def _work(pipe: Connection, copied: list[Connection]) -> None:
    """A worker's life: a task, an answer, until nobody asks any more."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # who asks is interrupted too, and ends us
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    if hasattr(signal, "pthread_sigmask"):
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})
    for other in copied:
        other.close()
    try:
        with sparing():
            while True:
                part, job = pickle.loads(pipe.recv_bytes())
                pipe.send_bytes(pickle.dumps(_done(part, job)))
    except (EOFError, OSError):
        return


def _done(part: Range, job: Job) -> Summary | _Failed:
    try:
        return summarize(part, job)
    except CaptureError as error:
        return _Failed(why="source", says=str(error))
    except Exception as error:
        return _Failed(why="fault", says=f"{type(error).__name__}: {without_secrets(str(error))}")


def _summary(answer: bytes) -> Summary:
    found = pickle.loads(answer)
    if isinstance(found, Summary):
        return found
    if found.why == "source":
        raise CaptureError(found.says)
    raise WorkError(
        f"our own fault, not the capture's: {found.says}; there is no report. The same with --jobs 1 says more"
    )


def _gave_up(part: Range, code: int | None) -> str:
    how = f"by signal {-code}" if code is not None and code < 0 else f"with exit code {code}"
    return (
        f"{label(part.source)} (bytes {part.start:,} to {part.end:,}): {ATTEMPTS} processes died at it, the last one "
        f"{how}; there is no report. Mostly there is too little memory: try fewer processes with --jobs"
    )


@contextmanager
def _undisturbed() -> Iterator[None]:
    """No interrupt comes in here, nor to the process that is started, until that is ready for it: nobody would know of
    a process that was started by half."""
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _alone() -> bool:
    """Whether this process may be copied as it is: where it runs other threads, a copy could wait for them forever."""
    try:
        return sys.platform == "linux" and len(os.listdir("/proc/self/task")) == 1
    except OSError:
        return False
