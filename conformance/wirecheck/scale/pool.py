"""Parts of captures in processes of this machine.

Law: the same function on the same bytes, in another process. What was given out comes back, however often a worker
died on the way; a part that nobody could do ends the run, so that a report is complete or there is none. No process
outlives the pool; where the whole command is killed, so that nothing can be done any more, each ends with the part that
it is at. Who gives out how much, and when, is for others to say.
"""

from __future__ import annotations

import gc
import multiprocessing
import os
import pickle
import signal
import sys
from collections.abc import Callable, Iterator
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
    """So many processes, each started when there is something for it. Used in a `with`: at its end they are gone."""

    def __init__(self, workers: int) -> None:
        self._most = workers
        self._copies = _alone()
        self._context: Any = multiprocessing.get_context("fork" if self._copies else "spawn")
        self._workers: list[_Worker] = []
        self._given = 0
        self._under_way: dict[int, tuple[Task, int]] = {}
        self._done: dict[int, list[bytes]] = {}

    def __enter__(self) -> Pool:
        return self

    def __exit__(self, *_: object) -> None:
        for worker in self._workers:
            worker.process.kill()
        for worker in self._workers:
            worker.process.join()
            worker.pipe.close()
        self._workers.clear()

    @property
    def free(self) -> bool:
        """Whether there is a worker with nothing to do, or one may be started."""
        return len(self._under_way) < self._most

    def give(self, task: Task) -> int:
        """Have a worker that is free do this; the number by which to take what comes of it."""
        number = self._given
        self._given += 1
        self._under_way[number] = task, 1
        self._give(number, task)
        return number

    def look(self) -> None:
        """Hear what workers have to say, without waiting for any. Raises as `take` does."""
        self._hear_all(0)

    def take(self, number: int, *, meanwhile: Callable[[], object]) -> Summary:
        """The summary of the part that was given out by this number, once; waited for if it is not there yet, while
        `meanwhile` is called whenever any worker was heard.

        Raises `CaptureError` where the part's source cannot be read, and `WorkError` where a part could not be done.
        """
        while number not in self._done:
            self._hear_all(None)
            meanwhile()
        return _summary(self._done.pop(number))

    def _hear_all(self, seconds: float | None) -> None:
        busy = {id(worker.pipe): worker for worker in self._workers if worker.number is not None}
        for pipe in wait([worker.pipe for worker in busy.values()], seconds):
            self._hear(busy[id(pipe)])

    def _hear(self, worker: _Worker) -> None:
        """Take what a worker has to say; if it died, another one gets its part."""
        number = worker.number
        assert number is not None
        try:
            pieces = int(worker.pipe.recv_bytes())
            self._done[number] = [worker.pipe.recv_bytes() for _ in range(pieces)]
        except (EOFError, OSError) as error:
            self._bury(worker)
            task, tried = self._under_way[number]
            if tried >= ATTEMPTS:
                raise WorkError(_gave_up(task[0], worker.process.exitcode)) from error
            self._under_way[number] = task, tried + 1
            self._give(number, task)
        else:
            worker.number = None
            del self._under_way[number]

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
                for piece in _packed(_done(part, job)):
                    pipe.send_bytes(piece)
                gc.collect()  # a checker that has done its work is held by itself alone
    except (EOFError, OSError):
        return


def _done(part: Range, job: Job) -> Summary | _Failed:
    try:
        return summarize(part, job)
    except CaptureError as error:
        return _Failed(why="source", says=str(error))
    except Exception as error:
        return _Failed(why="fault", says=f"{type(error).__name__}: {without_secrets(str(error))}")


def _packed(answer: Summary | _Failed) -> Iterator[bytes | memoryview]:
    """An answer as it travels: the number of pieces, its pickle, and what is beside that."""
    beside: list[pickle.PickleBuffer] = []
    text = pickle.dumps(answer, protocol=5, buffer_callback=beside.append)
    yield b"%d" % (1 + len(beside))
    yield text
    del answer, text
    for buffer in beside:
        yield buffer.raw()


def _summary(answer: list[bytes]) -> Summary:
    found = pickle.loads(answer[0], buffers=answer[1:])
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
