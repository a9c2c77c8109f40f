"""A Dask cluster of processes on loopback, and ways to break it.

Nothing here waits for a time to pass: a process is up when it says so, and a worker that works on a part says which it
is and waits until it is let go. Processes are copies of one that has imported everything, so that they start at once.
"""

from __future__ import annotations

import asyncio
import logging
import multiprocessing
import os
import socket
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

PATIENCE = 120.0
"""Seconds until a test gives up on what should have happened; on a busy machine nothing takes as long."""

_FORKS = multiprocessing.get_context("forkserver")
_FORKS.set_forkserver_preload(["distributed", "wirecheck.scale.dask", "clusters"])

_HELD = """
import os, socket
import wirecheck.scale.summary as home

real, held = home.summarize, []

def summarize(part, job):
    {before}
    if not held:
        held.append(part)
        with socket.create_connection(("127.0.0.1", {port})) as line:
            line.sendall(b"%d\\n" % os.getpid())
            line.recv(1)
    {after}

home.summarize = summarize
"""


class Process:
    """A process that says one thing when it is up: `says`."""

    def __init__(self, target: Callable[..., None], *args: object) -> None:
        self._ours, theirs = _FORKS.Pipe()
        self._process = _FORKS.Process(target=target, args=(theirs, *args), daemon=True)
        self._process.start()
        theirs.close()

    @property
    def pid(self) -> int:
        assert self._process.pid is not None
        return self._process.pid

    def says(self) -> Any:
        assert self._ours.poll(PATIENCE), "the process never came up"
        return self._ours.recv()

    def kill(self) -> None:
        """SIGKILL, which nobody can prepare for; returns when the process is gone."""
        self._process.kill()
        self._process.join()
        self._ours.close()


class Cluster:
    """A scheduler, and workers that come and go."""

    def __init__(self, scheduler: Process, settings: Mapping[str, Any]) -> None:
        self.scheduler, self._settings = scheduler, settings
        self.address = scheduler.says()
        self.engine = self.address.replace("tcp://", "dask://").replace("tls://", "dask+tls://")

    @contextmanager
    def workers(self, *preloads: str, threads: int = 1, **env: str) -> Iterator[list[Process]]:
        """A worker for each of these programs, which it runs first; all are known to the scheduler."""
        with ExitStack() as ends:
            started = []
            for preload in preloads:
                started.append(Process(_worker, self.address, threads, preload, self._settings, env))
                ends.callback(started[-1].kill)
            for worker in started:
                worker.says()
            yield started


@contextmanager
def cluster(
    folder: Path, *, preload: str = "", protocol: str = "tcp", settings: Mapping[str, Any] | None = None
) -> Iterator[Cluster]:
    """A scheduler without workers; `settings` are Dask's, by their names in its configuration."""
    all_of_them = {"temporary-directory": str(folder), **(settings or {})}
    scheduler = Process(_scheduler, preload, protocol, all_of_them)
    try:
        yield Cluster(scheduler, all_of_them)
    finally:
        scheduler.kill()


def _scheduler(up: Connection, preload: str, protocol: str, settings: Mapping[str, Any]) -> None:
    import dask
    from distributed import Scheduler

    async def run() -> None:
        place = {"host": "127.0.0.1", "port": 0, "dashboard_address": "127.0.0.1:0"}
        async with Scheduler(protocol=protocol, **place) as scheduler:
            up.send(scheduler.address)
            await scheduler.finished()

    logging.disable()
    exec(preload, {})
    with dask.config.set(settings):
        asyncio.run(run())


def _worker(
    up: Connection, address: str, threads: int, preload: str, settings: Mapping[str, Any], env: dict[str, str]
) -> None:
    import dask
    from distributed import Worker

    async def run() -> None:
        async with Worker(
            address, host="127.0.0.1", dashboard_address="127.0.0.1:0", memory_limit=0, nthreads=threads
        ) as worker:
            up.send(worker.address)
            await worker.finished()

    os.environ.update(env)
    logging.disable()
    exec(preload, {})
    with dask.config.set(settings):
        asyncio.run(run())


class Gate:
    """Where workers stop at their first part, until they are let go or killed."""

    def __init__(self) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._listener.settimeout(PATIENCE)
        self._lines: dict[int, socket.socket] = {}

    def preload(self, *, when: str) -> str:
        """The program of a worker that stops `before` it reads its first part, or `after` it has judged it."""
        port = self._listener.getsockname()[1]
        if when == "before":
            return _HELD.format(port=port, before="", after="return real(part, job)")
        return _HELD.format(port=port, before="summary = real(part, job)", after="return summary")

    def wait_for(self, count: int) -> list[int]:
        """Wait until so many workers stand here; their process ids."""
        while len(self._lines) < count:
            line, _ = self._listener.accept()
            line.settimeout(PATIENCE)
            with line.makefile("rb") as said:
                self._lines[int(said.readline())] = line
        return list(self._lines)

    def open(self) -> None:
        """Let everybody go who stands here."""
        for line in self._lines.values():
            line.close()
        self._listener.close()

    close = open
