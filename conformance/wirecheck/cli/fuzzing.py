"""One run of `wirecheck fuzz URL`.

Law: composition. The campaign searches and judges; here is decided how much of it there is, what is kept and where, and
which exit code it comes to.
"""

from __future__ import annotations

import asyncio
import secrets as randomness
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any, Final, Literal

from wirecheck.campaign import Plan, campaign
from wirecheck.campaign.engine import without_a_trace
from wirecheck.campaign.keep import keep
from wirecheck.campaign.result import SECONDS
from wirecheck.campaign.shown import rendered, text
from wirecheck.cli import FINDINGS, INTERRUPTED, PASSED
from wirecheck.cli.choose import the_one
from wirecheck.cli.covering import cover, coverable
from wirecheck.cli.output import emit, save, tell, writable
from wirecheck.cli.targets import TargetRequest, target_from
from wirecheck.cli.testing import CAPTURES, tell_of_our_fault, usable
from wirecheck.drive import Limits, Target
from wirecheck.drive.trigger import run
from wirecheck.errors import WirecheckError
from wirecheck.redact import redact
from wirecheck.report.escape import printable
from wirecheck.report.view import FailOn

_SEEDS: Final = 1_000_000_000
_TOLD: Final = 400


@dataclass(frozen=True, slots=True, kw_only=True)
class Request(TargetRequest):
    """What the user asked for: the options of the command, by their names."""

    url: str = field(repr=False)
    dialect: str | None
    catalog: str | None
    count: int | None
    seed: int | None
    seconds: float | None
    rate: float
    max_turns: int | None
    stop_on_first: bool
    deterministic: bool
    retries: int
    restart: str | None = field(repr=False)
    canary: str | None
    fail_on: FailOn
    form: Literal["text", "json"]
    output: Path | None
    captures: Path | None
    coverage: Path | None


def request_of(options: Mapping[str, Any]) -> Request:
    """The request among the command's options."""
    return Request(**{one.name: options[one.name] for one in fields(Request)})


def perform(request: Request) -> int:
    """The exit code; the report is written."""
    dialect = the_one(request.dialect, request.catalog)
    target = target_from(request, request.url, dialect)
    folder = request.captures or CAPTURES
    if request.output is not None:
        writable(request.output)
    coverable(request.coverage)
    usable(folder)
    plan = _plan(request, target)
    try:
        with without_a_trace():
            result = campaign(plan, request.wait)
    except WirecheckError:
        raise
    except Exception as error:
        tell_of_our_fault(error, target.secrets())
    files = keep(result, folder)
    report = text(result, files) if request.form == "text" else rendered(result, files)
    if request.output is None:
        emit(report)
    else:
        save(request.output, report)
    cover(request.coverage, result.coverage)
    if result.interrupted:
        return INTERRUPTED
    return FINDINGS if result.fails else PASSED


def told(target: Target, line: str) -> None:
    """Show a line of progress."""
    tell(printable(f"wirecheck: {redact(line, target.secrets())[:_TOLD]}"))


def _plan(request: Request, target: Target) -> Plan:
    plain = SECONDS if request.count is None else None

    def restart() -> str:
        assert request.restart is not None
        trouble = asyncio.run(run(request.restart, {}, request.timeout * request.patience))
        return f"the command of --restart {trouble}" if trouble else ""

    return Plan(
        target=target,
        limits=Limits(timeout=request.timeout, patience=request.patience),
        messages=request.count,
        seconds=plain if request.seconds is None else request.seconds,
        rate=request.rate,
        max_turns=request.max_turns,
        go_on=not request.stop_on_first,
        seed=randomness.randbelow(_SEEDS) if request.seed is None else request.seed,
        deterministic=request.deterministic,
        retries=request.retries,
        canary=request.canary,
        fail_on=request.fail_on,
        restart=None if request.restart is None else restart,
        tell=lambda line: told(target, line),
    )
