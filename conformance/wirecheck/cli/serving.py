"""One run of `wirecheck serve`.

Law: composition. Playing and judging are done by `serve`; here it is started and told to end, and what clients did
wrong is shown. Standard output holds the report alone; where to connect is said on standard error.
"""

from __future__ import annotations

import asyncio
import signal
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal

from wirecheck.catalog import Dialect, Level
from wirecheck.cli import FINDINGS, PASSED
from wirecheck.cli.choose import chosen, the_one
from wirecheck.cli.output import emit, save, tell, writable
from wirecheck.drive.options import Given, target_of
from wirecheck.errors import UsageError
from wirecheck.report import Section
from wirecheck.report.escape import printable
from wirecheck.report.view import FailOn, Terms, failed, unseen, visible
from wirecheck.serve import ReferenceServer
from wirecheck.serve.replay import PATIENCE, ReplayServer


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What the user asked for: the options of the command, by their names."""

    dialect: str | None
    catalog: str | None
    host: str
    port: int
    replay: str | None
    wait: float | None
    mutant: str | None
    listing: bool
    unknown_frames: bool
    latency: float
    variables: tuple[str, ...] = field(repr=False)
    secrets: tuple[str, ...] = field(repr=False)
    level: Level
    fail_on: FailOn
    require: Literal["must", "should"] | None
    form: Literal["text", "json"]
    output: Path | None


def perform(request: Request) -> int:
    """The exit code; the report is written. Returns when it is told to end."""
    if request.output is not None:
        writable(request.output)
    if request.replay is not None:
        return _reported(request, asyncio.run(_until_told(_replayed(request, request.replay), "")))
    if request.wait is not None:
        raise UsageError("--wait is for --replay: scenarios say themselves how long they wait; leave it out")
    dialect = the_one(request.dialect, request.catalog)
    if request.listing:
        _list(dialect)
        return PASSED
    variables = _variables(request, dialect)
    server = ReferenceServer(
        dialect,
        host=request.host,
        port=request.port,
        mutant=request.mutant,
        unknown_frames=request.unknown_frames,
        latency=request.latency,
        variables=variables,
    )
    return _reported(request, asyncio.run(_until_told(server, _cues(dialect, variables))))


def _list(dialect: Dialect) -> None:
    from wirecheck.scenario.mutants import mutants

    found = mutants(dialect)
    width = max((len(mutant.name) for mutant in found), default=0)
    emit("".join(f"{mutant.name:<{width}}  {mutant.says}\n" for mutant in found))


def _replayed(request: Request, capture: str) -> ReplayServer:
    """The server of a capture. Raises `UsageError` for options that only a server of scenarios has."""
    played = ("--mutant", request.mutant), ("--list-mutants", request.listing), ("--latency", request.latency)
    others = ("--unknown-frames", request.unknown_frames), ("--var", request.variables), ("--secret", request.secrets)
    for name, given in (*played, *others):
        if given:
            raise UsageError(f"{name} is for the scenarios of a dialect, and --replay plays a capture; leave one out")
    dialect = chosen(request.dialect, request.catalog)
    patience = PATIENCE if request.wait is None else request.wait
    return ReplayServer(capture, dialect=dialect, host=request.host, port=request.port, patience=patience, remark=_tell)


def _variables(request: Request, dialect: Dialect) -> Mapping[str, Any]:
    # The variables are said in the same words as to the driver; where it would connect to is no matter here.
    given = Given(url="ws://localhost", variables=request.variables, secrets=request.secrets)
    return target_of(given, dialect).variables


async def _until_told(server: ReferenceServer | ReplayServer, cues: str) -> Section:
    """Serve until a signal says that it is enough."""
    loop, enough = asyncio.get_running_loop(), asyncio.Event()
    before = {
        number: signal.signal(number, lambda *_: loop.call_soon_threadsafe(enough.set))
        for number in (signal.SIGINT, signal.SIGTERM)
    }
    try:
        async with server:
            _tell(f"serving {server.dialect.name} at {server.url}{cues}")
            await enough.wait()
        return server.section()
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _cues(dialect: Dialect, variables: Mapping[str, Any]) -> str:
    """What to say to the server: the values by which it knows the variables, but for secrets that are the user's."""
    known = [
        f"{name}: {variables.get(name, form.reference)}"
        for name, form in dialect.variables.items()
        if not (form.secret and name in variables)
    ]
    return f"; what it knows: {'; '.join(known)}" if known else ""


def _reported(request: Request, section: Section) -> int:
    """Show what the clients did wrong; the exit code."""
    terms = Terms(fail_on=request.fail_on, require=request.require)
    ours = tuple(result for result in section.report.guarantees if result.side == "client")
    whole = replace(section.report, guarantees=ours)
    section = replace(section, report=visible(whole, request.level), whole=whole)
    if request.output is None:
        emit(_rendered(request, section, terms))
    else:
        save(request.output, _rendered(request, section, terms))
    if (hidden := unseen(section, terms)) is not None:
        _tell(hidden)
    return FINDINGS if failed(whole, terms) else PASSED


def _rendered(request: Request, section: Section, terms: Terms) -> str:
    if request.form == "json":
        from wirecheck.report import json

        return json.render((section,))
    from wirecheck.report import text

    return text.render((section,), sys.stdout if request.output is None else None, terms)


def _tell(sentence: str) -> None:
    tell(f"wirecheck: {printable(sentence)}")
