"""The command in a process of its own, and how much memory it took at most."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from threading import Thread
from typing import Any

# A child starts with its parent's peak on its record, so it reads its own from the kernel's page about itself.
_COMMAND = """
import atexit, os, resource, sys

def peak():
    try:
        with open("/proc/self/status") as status:
            return next(int(line.split()[1]) for line in status if line.startswith("VmHWM"))
    except OSError:
        most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        return most // 1024 if sys.platform == "darwin" else most

report, most = sys.argv[1], int(sys.argv[2])

def note():
    with open(report, "w") as file:
        file.write(str(peak()))

atexit.register(note)
if most:
    resource.setrlimit(resource.RLIMIT_AS, (most, most))
sys.argv = ["wirecheck", *sys.argv[3:]]
from wirecheck.cli import main
main()
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """How a process ended, what it said, and its peak of memory in MB."""

    code: int
    out: str
    err: str
    peak: float


def wirecheck(
    *args: str | Path,
    stdin: Iterable[bytes] | None = None,
    memory: int = 0,
    preexec: Callable[[], Any] | None = None,
    cwd: Path | None = None,
) -> Ended:
    """Run the command; `stdin` is fed piece by piece, `memory` bounds its address space in bytes."""
    with tempfile.NamedTemporaryFile("r", suffix=".peak") as peak:
        os.chmod(peak.name, 0o666)  # for a process that gave up its rights
        process = subprocess.Popen(
            [sys.executable, "-c", _COMMAND, peak.name, str(memory), *map(str, args)],
            stdin=subprocess.DEVNULL if stdin is None else subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            preexec_fn=preexec,
            cwd=cwd,
        )
        feeder = None
        if stdin is not None:
            feeder = Thread(target=_feed, args=(process.stdin, stdin))
            feeder.start()
            process.stdin = None  # `communicate` would close it under the feeder
        out, err = process.communicate()
        if feeder is not None:
            feeder.join()
        return Ended(
            code=process.returncode,
            out=out.decode(),
            err=err.decode(),
            peak=int(peak.read() or 0) / 1024,
        )


def _feed(pipe: Any, pieces: Iterable[bytes]) -> None:
    try:
        with pipe:
            for piece in pieces:
                pipe.write(piece)
    except BrokenPipeError:
        return  # the process has seen enough
