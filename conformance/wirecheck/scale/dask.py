"""Parts of captures on a Dask cluster.

Law: the same function on the same bytes, elsewhere. What it gives comes back in the order of the parts, however often
a worker died or failed on the way; a part that nobody could do ends the whole run, so that a report is complete or
there is none. Waiting is bounded wherever nothing happens any more. Dask is imported when a cluster is asked for.
"""

from __future__ import annotations

import logging
import pickle
import socket
import time
import warnings
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any, Final

import wirecheck
from wirecheck.capture import label
from wirecheck.errors import CaptureError, TargetError, UsageError, WorkError
from wirecheck.scale.address import Address, address
from wirecheck.scale.job import Job
from wirecheck.scale.ranges import Range, lines_in
from wirecheck.scale.summary import Summary, summarize
from wirecheck.scale.worker import Failed, packed, this_version

ATTEMPTS: Final = 4
"""How often a part is tried that fails; the workers that died under it are counted by Dask (`allowed-failures`)."""
ANSWER: Final = 30.0
"""Seconds within which a scheduler answers."""
_LOOK: Final = 1.0
_LONGEST: Final = 300.0
_GREETING: Final = 1 << 20


@dataclass(slots=True, kw_only=True)
class _Flight:
    """A part that is sent out: what is to be done with it, before which others, how often that failed, and where."""

    part: Range
    call: bytes
    first: int = 0
    future: Any = None
    failures: int = 0
    avoid: set[str] = field(default_factory=set)


@contextmanager
def connected(engine: str) -> Iterator[Cluster]:
    """The cluster at an address like `dask://HOST:PORT`.

    Raises `UsageError` where this is no address or Dask is not installed, and `TargetError` where no scheduler answers.
    """
    where = address(engine)
    try:
        import distributed
    except ImportError as error:
        raise UsageError(f"--engine {where} needs Dask: pip install 'wirecheck[dask]' ({error})") from error
    with _quiet():
        try:
            _greeted(where)
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # that versions differ; we compare those that matter ourselves
                client = distributed.Client(where.url, timeout=ANSWER, set_as_default=False, name="wirecheck")
        except (OSError, ValueError) as error:
            raise TargetError(
                f"--engine {where}: no Dask scheduler answers there ({_first_line(error)}); start one with `dask "
                f"scheduler`, or give the address that it prints"
            ) from error
        except TypeError as error:
            if where.url.startswith("tcp:"):
                raise
            raise UsageError(
                f"--engine {where}: Dask has no certificates to show; name them in its configuration, under "
                f"distributed.comm.tls: ca-file, client.cert and client.key"
            ) from error
        try:
            yield Cluster(client, where)
        finally:
            client.close(timeout=ANSWER)


class Cluster:
    """A Dask cluster, as long as we are connected with it."""

    def __init__(self, client: Any, where: Address) -> None:
        self._client, self._where = client, where
        self.part = where.part
        """How many bytes of a capture to judge at once."""
        self._workers: dict[str, int] = {}
        self._looked = self._alive = time.monotonic()
        self._look()

    def summaries(self, tasks: Iterable[tuple[Range, Job]]) -> Iterator[Summary]:
        """The summary of each part, in their order; about two parts for each thread of the cluster are under way.

        Raises `CaptureError` where no worker can read a part, `UsageError` where one is of another version, and
        `WorkError` where a part could not be done. What is under way then is cancelled.
        """
        return self._results(_Flight(part=part, call=packed(summarize, part, job)) for part, job in tasks)

    def counted(self, parts: Sequence[Range]) -> Iterator[Range]:
        """The ranges of one source, all of them and in order, with the numbers of their first lines.

        The cluster counts, and does so before all other work: without these numbers each worker would read everything
        before its range, only to count. Raises as `summaries` does.
        """
        line = 1
        counts = self._results(_Flight(part=part, call=packed(lines_in, part), first=1) for part in parts[:-1])
        for number, part in enumerate(parts):
            line += next(counts) if number else 0
            yield replace(part, line=line)

    def _results(self, calls: Iterable[_Flight]) -> Iterator[Any]:
        """What the calls give, in their order."""
        waiting = iter(calls)
        flights: deque[_Flight] = deque()
        try:
            while True:
                while len(flights) < self._most() and (flight := next(waiting, None)) is not None:
                    flights.append(self._sent(flight))
                if not flights:
                    return
                result = self._landed(flights[0])
                flights.popleft().future.release()
                yield result
        finally:
            for flight in flights:
                flight.future.release()

    def _most(self) -> int:
        if time.monotonic() - self._looked > _LOOK:
            self._look()
        return 2 * sum(self._workers.values()) + 2

    def _sent(self, flight: _Flight) -> _Flight:
        elsewhere = sorted(set(self._workers) - flight.avoid) if flight.avoid else None
        flight.future = self._client.submit(
            pickle.loads,
            flight.call,
            pure=False,
            workers=elsewhere or None,
            allow_other_workers=bool(elsewhere),
            priority=flight.first + flight.failures,
        )
        return flight

    def _landed(self, flight: _Flight) -> Any:
        """Wait for a part; send it out again, elsewhere if there is an elsewhere, as often as that is sensible."""
        while True:
            answer = self._answer(flight.future)
            if not isinstance(answer, Failed | BaseException):
                return answer
            flight.failures += 1
            self._judge(flight, answer)
            if isinstance(answer, Failed):
                flight.avoid.add(answer.worker)
            flight.future.release()
            self._look()
            self._sent(flight)

    def _judge(self, flight: _Flight, answer: Failed | BaseException) -> None:
        """Raise what this failure means, unless it is worth another attempt."""
        from distributed import KilledWorker

        where = _named(flight.part)
        match answer:
            case Failed(why="version"):
                raise UsageError(self._other_version(answer.worker, answer.says))
            case ModuleNotFoundError() if (answer.name or "").split(".")[0] == "wirecheck":
                raise UsageError(self._other_version("a worker", f"no wirecheck that fits ({answer})"))
            case KilledWorker():
                raise WorkError(
                    f"{where}: {answer.allowed_failures + 1} of the workers of {self._where} died at it, the last of "
                    f"them {answer.last_worker.address}; there is no report. Their logs say why: too little memory, "
                    f"mostly"
                )
            case Failed(why="source") if flight.failures >= ATTEMPTS:
                raise CaptureError(
                    f"worker {answer.worker} of {self._where} cannot read its part of {label(flight.part.source)}: "
                    f"{answer.says}. Workers read captures themselves: put them where all can, in object storage or on "
                    f"a shared file system"
                )
            case _ if flight.failures >= ATTEMPTS:
                who = f"worker {answer.worker}" if isinstance(answer, Failed) else str(self._where)
                says = answer.says if isinstance(answer, Failed) else f"{type(answer).__name__}: {_first_line(answer)}"
                raise WorkError(
                    f"{where}: {who} failed at it, {ATTEMPTS} attempts in all ({says}); there is no report. Without "
                    f"--engine the same check runs here"
                )

    def _answer(self, future: Any) -> Any:
        """What became of a task: what it returned, or the exception that Dask has for it."""
        from distributed import wait
        from distributed.client import CancelledError

        patience = _LOOK
        while True:
            try:
                with self._client.as_current():
                    wait(future, timeout=_LOOK)
                if future.status == "error":
                    return future.exception(timeout=patience)
                return pickle.loads(future.result(timeout=patience))
            except CancelledError as gone:
                raise self._lost("it went away") from gone
            except TimeoutError:
                self._look()
                patience = min(2 * patience, _LONGEST)

    def _look(self) -> None:
        """Which workers there are; raises `WorkError` if there have been none for too long."""
        try:
            self._workers = self._client.sync(self._client.scheduler.ncores, callback_timeout=ANSWER)
        except (OSError, TimeoutError) as error:
            raise self._lost(_first_line(error)) from error
        self._looked = time.monotonic()
        if self._workers:
            self._alive = self._looked
        elif self._looked - self._alive > self._where.wait:
            raise WorkError(
                f"--engine {self._where}: the cluster has had no worker for {self._where.wait:g} seconds; there is no "
                f"report. Start workers (`dask worker`), or wait longer for them with {self._where}?wait=SECONDS"
            )

    def _lost(self, why: str) -> WorkError:
        return WorkError(
            f"--engine {self._where}: the connection with the scheduler is lost ({why}); there is no report. See "
            f"what its log says, and start the check again"
        )

    def _other_version(self, worker: str, answer: object) -> str:
        return (
            f"--engine {self._where}: {worker} has {answer}, and here is {this_version()}; install the same on the "
            f"scheduler and on every worker, for instance: pip install 'wirecheck[dask]=={wirecheck.__version__}'"
        )


def _greeted(where: Address) -> None:
    """Raise `OSError` unless a scheduler answers: Dask's client would wait for ever for one that says nothing.

    Both sides begin with a message, and a message with its length in eight bytes. Over TLS the client speaks first.
    """
    with socket.create_connection((where.host, where.port), timeout=ANSWER) as line:
        if not where.url.startswith("tcp:"):
            return
        said = b""
        while len(said) < 8 and (more := line.recv(8 - len(said))):
            said += more
    if len(said) < 8 or int.from_bytes(said, "little") > _GREETING:
        raise OSError("what listens there is something else")


def _named(part: Range) -> str:
    return f"{label(part.source)} (bytes {part.start:,} to {part.end:,})"


def _first_line(error: BaseException) -> str:
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    return (str(error) or type(error).__name__).splitlines()[0]


@contextmanager
def _quiet() -> Iterator[None]:
    """Dask logs to standard error what we say ourselves, in one sentence."""
    theirs = ("distributed", "tornado", "asyncio")
    names = [name for name in logging.root.manager.loggerDict if name.split(".")[0] in theirs]
    before = {name: logging.getLogger(name).level for name in names}
    for name in names:
        logging.getLogger(name).setLevel(logging.CRITICAL + 1)
    try:
        yield
    finally:
        for name, level in before.items():
            logging.getLogger(name).setLevel(level)
