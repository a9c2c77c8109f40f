"""What is measured, in processes of its own, and its turns.

Law: whoever measures does nothing in the process that is measured but start and stop its clock. All that is compared
takes turns, round after round, so that a machine that is busy for a while favours none; the middle round counts.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
from collections.abc import Mapping, Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

HERE = Path(__file__).parent
_LAUNCH = """
import json, os, sys, time
quiet = os.open(os.devnull, os.O_RDWR)
for order in sys.stdin:
    asked = json.loads(order)
    streams = [(os.POSIX_SPAWN_DUP2, quiet, number) for number in (0, 1, 2)]
    peak, codes = 0, []
    start = time.perf_counter()
    for command in asked["commands"]:
        pid = os.posix_spawn(command[0], command, {**os.environ, **asked["environment"]}, file_actions=streams)
        _, status, used = os.wait4(pid, 0)
        peak, codes = max(peak, used.ru_maxrss), [*codes, os.waitstatus_to_exitcode(status)]
    seconds = time.perf_counter() - start
    print(json.dumps({"seconds": seconds, "peak": peak / 1024, "codes": codes}), flush=True)
"""
"""A small process that starts others: what the kernel says of a child's memory begins with that of its parent."""


class Broken(Exception):
    """What was to be measured did not work; the text says how."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What one round came to: seconds, messages looked at, messages refused; if that was asked, in which lines, and
    what a report of ours says."""

    seconds: float = 0.0
    frames: int = 0
    refused: int = 0
    lines: tuple[int, ...] = ()
    digest: str = ""


class Measured(Protocol):
    """Something whose rounds are measured."""

    def go(self) -> Told: ...

    def peak(self) -> float:
        """The most memory that it has held, in MiB; of several processes, the largest one's."""

    def close(self) -> None: ...


class Worker:
    """A process that does one thing again and again: prepared once, then a round for each line it is sent."""

    def __init__(self, command: Sequence[str], environment: Mapping[str, str] | None = None) -> None:
        self._process = subprocess.Popen(
            list(command),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env={**os.environ, **(environment or {})},
        )
        self._most = 0.0
        try:
            self._hear()
        except Broken:
            self.close()
            raise

    def go(self) -> Told:
        return self._ask("go")

    def check(self, path: Path) -> Told:
        """Judge another capture, and say which lines were refused."""
        return self._ask(f"check {path}")

    def peak(self) -> float:
        return max(self._most, resident(self._process.pid))

    def close(self) -> None:
        assert self._process.stdin and self._process.stdout and self._process.stderr
        with suppress(BrokenPipeError):  # it may be gone before it has read what was asked of it last
            self._process.stdin.close()
        self._process.wait()
        self._process.stdout.close()
        self._process.stderr.close()

    def _ask(self, order: str) -> Told:
        assert self._process.stdin is not None
        try:
            self._process.stdin.write(f"{order}\n")
            self._process.stdin.flush()
        except BrokenPipeError:
            pass  # why is said below
        answer = self._hear()
        self._most = max(self._most, answer.get("peak", 0.0))
        return Told(
            seconds=answer.get("seconds", 0.0),
            frames=answer["frames"],
            refused=answer["refused"],
            lines=tuple(answer.get("lines", ())),
            digest=answer.get("digest", ""),
        )

    def _hear(self) -> dict[str, Any]:
        assert self._process.stdout and self._process.stderr
        line = self._process.stdout.readline()
        if not line:
            said = self._process.stderr.read().strip().splitlines()
            raise Broken(said[-1] if said else f"it ended with code {self._process.wait()}")
        answer: dict[str, Any] = json.loads(line)
        return answer


def python(what: str, spec: Path) -> Worker:
    """A worker of `judges.py`."""
    return Worker([sys.executable, str(HERE / "judges.py"), what, str(spec)])


class Launcher:
    """Starts commands, one after the other, each to its end."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-I", "-S", "-c", _LAUNCH], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )

    def run(
        self,
        commands: Sequence[Sequence[str]],
        *,
        environment: Mapping[str, str] | None = None,
        expected: Sequence[int] = (0,),
    ) -> tuple[float, float]:
        """Seconds of all together, and the most memory that one of their processes held, in MiB.

        Raises `Broken` where one ends with a code that is not expected.
        """
        assert self._process.stdin and self._process.stdout
        asked = {"commands": commands, "environment": dict(environment or {})}
        self._process.stdin.write(json.dumps(asked) + "\n")
        self._process.stdin.flush()
        told = json.loads(self._process.stdout.readline())
        for command, code in zip(commands, told["codes"], strict=True):
            if code not in expected:
                raise Broken(f"{Path(command[0]).name} ended with code {code}")
        return told["seconds"], told["peak"]

    def close(self) -> None:
        assert self._process.stdin and self._process.stdout
        self._process.stdin.close()
        self._process.wait()
        self._process.stdout.close()


@dataclass(slots=True, kw_only=True)
class Commands:
    """Whole commands as one thing to measure. `start`: a command that does next to nothing, run once a round; what it
    takes, in the middle, can be taken off for each of the commands."""

    commands: Sequence[Sequence[str]]
    start: Sequence[str] = ()
    expected: Sequence[int] = (0,)
    _launcher: Launcher = field(default_factory=Launcher)
    _most: float = 0.0
    _starts: list[float] = field(default_factory=list)

    def go(self) -> Told:
        seconds, peak = self._launcher.run(self.commands, expected=self.expected)
        self._most = max(self._most, peak)
        if self.start:
            alone, _ = self._launcher.run([self.start], expected=self.expected)
            self._starts.append(alone)
        return Told(seconds=seconds)

    def starting(self) -> float:
        """Seconds that one process takes to start, in the middle."""
        return statistics.median(self._starts) if self._starts else 0.0

    def net(self, seconds: float) -> float:
        """A round's seconds without those in which the processes started."""
        return seconds - len(self.commands) * self.starting()

    def peak(self) -> float:
        return self._most

    def close(self) -> None:
        self._launcher.close()


class Open(ExitStack):
    """Closes what was opened for measuring."""

    def warm(self, measured: Measured) -> Measured:
        """Keep it, after a first turn, which does not count."""
        self.callback(measured.close)
        measured.go()
        return measured


def turns(rounds: int, measured: Sequence[Measured]) -> list[list[float]]:
    """The seconds of each, round by round: all in turn."""
    taken: list[list[float]] = [[] for _ in measured]
    for _ in range(rounds):
        for each, times in zip(measured, taken, strict=True):
            times.append(each.go().seconds)
    return taken


def resident(pid: int) -> float:
    """The most memory that a process has held, in MiB; 0 where the system does not say so."""
    try:
        text = Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return 0.0
    return next((int(line.split()[1]) / 1024 for line in text.splitlines() if line.startswith("VmHWM:")), 0.0)
