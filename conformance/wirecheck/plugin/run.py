"""What was played in this process, each scenario once.

Law: played when the first of its items asks, kept for the others. A capture is kept where the scenario did not pass, or
where all are asked for, in the user's folder or else in pytest's cache.
"""

from __future__ import annotations

import os
import sys
import tempfile
import traceback
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

import pytest

from wirecheck import __version__
from wirecheck.catalog.script import Scenario
from wirecheck.drive import Budget, Conversation, Outcome, in_thread, play_in_thread, reachable
from wirecheck.drive.recorder import Spool
from wirecheck.errors import WirecheckError
from wirecheck.plugin.notes import Played
from wirecheck.plugin.settings import Settings
from wirecheck.redact import redact
from wirecheck.report.escape import printable
from wirecheck.verdict import Report

OUR_FAULT: Final = 3
"""The exit code of a session that a mistake of ours ends; pytest's own for the like."""
UNREACHABLE: Final = 4
"""The exit code of a session whose server is not there."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """A scenario's outcome, and where its capture was kept (None: it was not). `played` counts it in the session."""

    outcome: Outcome
    capture: Path | None
    played: Played


class Run:
    """One process's part of a session. `worker` is what pytest-xdist tells a worker of itself; None elsewhere."""

    def __init__(self, config: pytest.Config, settings: Settings, worker: Mapping[str, Any] | None = None) -> None:
        self.settings = settings
        self.worker = "" if worker is None else str(worker["workerid"])
        workers = 1 if worker is None else int(worker["workercount"])
        number = self.worker.removeprefix("gw") or "0"
        # A worker with a name of its own gets no part of what cannot be divided.
        self.budget = Budget(settings.share(int(number) if number.isdecimal() else workers, workers))
        self._config = config
        self._shown: dict[str, Shown] = {}
        # Under pytest-xdist the controller has seen to it before any worker plays.
        self._arrived = worker is not None

    def arrive(self) -> None:
        """Wait until the server is there, once. Ends the whole session where it is not."""
        __tracebackhide__ = True
        if self._arrived:
            return
        said, code = "", UNREACHABLE
        try:
            in_thread(reachable(self.settings.target, self.settings.wait, self.settings.limits))
        except WirecheckError as error:
            said = self.clean(str(error))
        except Exception as error:
            said, code = our_fault(error, self.clean), OUR_FAULT
        if said:
            pytest.exit(f"wirecheck: {said}", returncode=code)
        self._arrived = True

    def shown(self, scenario: Scenario) -> tuple[Shown, bool]:
        """What the scenario showed, and whether it was played just now."""
        __tracebackhide__ = True
        known = self._shown.get(scenario.name)
        if known is not None:
            return known, False
        outcome = play_in_thread(
            scenario, self.settings.target, self.settings.limits, self.budget, attempts=self.settings.attempts
        )
        capture = self._kept(outcome)
        ended = outcome.refused or outcome.ended or outcome.skipped
        played = Played(
            scenario=scenario.name,
            worker=self.worker,
            ended=ended,
            refused=bool(outcome.refused),
            turns=outcome.turns,
            report=None if outcome.skipped else _located(outcome.report, capture),
        )
        found = self._shown[scenario.name] = Shown(outcome=outcome, capture=capture, played=played)
        return found, True

    def clean(self, text: str) -> str:
        """`text` fit to be shown: without secrets, and with what does not print escaped."""
        return printable(redact(text, self.settings.target.secrets()))

    def keep(self, capture: Spool | Conversation, name: str) -> Path:
        """Save a capture where captures are kept, or else somewhere, and say where it is."""
        part = f".{self.worker}" if self.worker else ""
        file = f"{self.settings.target.dialect.name}.{name}{part}.jsonl"
        try:
            kept = self.folder() / file
            capture.save(kept)
        except OSError:
            kept = Path(tempfile.mkdtemp(prefix="wirecheck-")) / file
            capture.save(kept)
        return kept

    def folder(self) -> Path:
        """Where captures are kept."""
        cache = getattr(self._config, "cache", None)
        if self.settings.captures is not None:
            self.settings.captures.mkdir(parents=True, exist_ok=True)
            return self.settings.captures
        return Path(tempfile.mkdtemp(prefix="wirecheck-") if cache is None else cache.mkdir("wirecheck"))

    def _kept(self, outcome: Outcome) -> Path | None:
        if outcome.records is None:
            return None
        if self.settings.keep_captures or outcome.report.findings or outcome.ended:
            return self.keep(outcome.records, outcome.scenario.name)
        return None


def our_fault(error: Exception, clean: Callable[[str], str] | None = None) -> str:
    """A sentence about a mistake of ours, and its traceback where the environment asks for it, on standard error.

    What the exception says is left out where nobody can clean it.
    """
    if os.environ.get("WIRECHECK_DEBUG"):
        text = traceback.format_exception(error) if clean is not None else traceback.format_tb(error.__traceback__)
        lines = "".join(text).rstrip("\n").split("\n")
        sys.stderr.write("".join(f"{line if clean is None else clean(line)}\n" for line in lines))
    said = type(error).__name__ if clean is None else clean(f"{type(error).__name__}: {error}")
    return (
        f"our own fault, not the server's: {said[:300]} (wirecheck {__version__}; run again with WIRECHECK_DEBUG=1 and "
        f"report the traceback)"
    )


def _located(report: Report, capture: Path | None) -> Report:
    """The report with findings that say in which file they stand, if it was kept."""
    if capture is None:
        return report
    name = str(capture)
    return replace(report, inputs=(name,), findings=tuple(replace(group, input=name) for group in report.findings))


RUN = pytest.StashKey[Run]()
