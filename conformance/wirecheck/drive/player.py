"""Plays scenarios against a live server.

Law: the steps of a script in their order, as often as it may be tried. What happened is a value; the only exception
is a `UsageError`, for what cannot be asked for at all.
"""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, replace
from typing import Any, TypeVar

from wirecheck.catalog.script import (
    Connect,
    Drop,
    Malform,
    Plays,
    Scenario,
    Send,
    Settle,
    Show,
    Step,
    Trigger,
    Until,
)
from wirecheck.check import Checker
from wirecheck.drive.handshake import lacking
from wirecheck.drive.outcome import Outcome
from wirecheck.drive.recorder import Recorder, Spool
from wirecheck.drive.stage import Ended, Stage
from wirecheck.drive.target import Budget, Limits, Target, turns_of
from wirecheck.verdict import Report, merge

_Result = TypeVar("_Result")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Attempt:
    """One time through the script."""

    report: Report
    ended: str
    declined: bool
    turns: int
    heard: int
    connected: bool
    mute: bool
    refused: str
    hopeless: bool
    """Whether there is no use in trying again."""


async def play(
    scenario: Scenario,
    target: Target,
    limits: Limits | None = None,
    budget: Budget | None = None,
    *,
    watch: Callable[[str], None] | None = None,
    attempts: int | None = None,
) -> Outcome:
    """Play a scenario, again while something that it exercises was not exercised, and nothing failed.

    `watch` is told what is being done, a few words at a time; `attempts` takes the place of the scenario's own number.
    """
    limits, budget = limits or Limits(), budget or Budget()
    name = f"{target.dialect.name}/{scenario.name}"
    secrets = target.secrets()
    unplayed = Checker(target.dialect, input=name, side="server").close()
    for step in scenario.steps:
        if isinstance(step, Connect) and (missing := lacking(target, step)):
            # Not `--secret cookie=…`: whoever shows this redacts what looks like a cookie.
            option = f"set WIRECHECK_{missing.upper()}, or see {target.prefix}secret"
            skipped = f"it connects by {step.way}, and no {missing} was given; {option}"
            return Outcome(scenario=scenario, report=unplayed, skipped=skipped, secrets=secrets)
    turns = turns_of(scenario, target.dialect)
    started = time.monotonic()
    played: list[_Attempt] = []
    spool = Spool()
    most = scenario.attempts if attempts is None else attempts
    while len(played) < most and _wants_more(scenario, played):
        if not budget.take(turns):
            break
        attempt = await _attempt(scenario, target, limits, spool, secrets, name, len(played), watch)
        budget.give_back(turns - attempt.turns)
        played.append(attempt)
    if not played:
        skipped = f"it takes {turns} turn{'' if turns == 1 else 's'}, and the cap of {budget.max_turns} would be passed"
        return Outcome(scenario=scenario, report=unplayed, skipped=skipped, secrets=secrets)
    report = replace(merge([attempt.report for attempt in played]), inputs=(name,))
    places = [(group.first.at.line, group.first.at.conn) for group in report.findings]
    return Outcome(
        scenario=scenario,
        report=report,
        ended=played[-1].ended,
        declined=played[-1].declined,
        attempts=len(played),
        turns=sum(attempt.turns for attempt in played),
        heard=sum(attempt.heard for attempt in played),
        connected=any(attempt.connected for attempt in played),
        mute=any(attempt.mute for attempt in played),
        refused=next((attempt.refused for attempt in played if attempt.refused), ""),
        seconds=time.monotonic() - started,
        records=spool,
        evidence=spool.around(places, secrets),
        secrets=secrets,
    )


def play_in_thread(
    scenario: Scenario,
    target: Target,
    limits: Limits | None = None,
    budget: Budget | None = None,
    *,
    watch: Callable[[str], None] | None = None,
    attempts: int | None = None,
) -> Outcome:
    """`play`, in a thread and a loop of its own, so that it does not matter whether the caller is inside another."""
    return in_thread(play(scenario, target, limits, budget, watch=watch, attempts=attempts))


def in_thread(work: Coroutine[Any, Any, _Result]) -> _Result:
    """The result of `work`, run to its end in a thread and a loop of its own."""
    done: list[_Result] = []
    failed: list[BaseException] = []

    def run() -> None:
        try:
            done.append(asyncio.run(work))
        except BaseException as error:
            failed.append(error)

    thread = threading.Thread(target=run, name="wirecheck-drive", daemon=True)
    thread.start()
    thread.join()
    if failed:
        raise failed[0]
    return done[0]


def _wants_more(scenario: Scenario, played: list[_Attempt]) -> bool:
    if not played:
        return True
    if played[-1].hopeless:
        return False
    merged = merge([attempt.report for attempt in played])
    if merged.findings or any(result.verdict == "failed" for result in merged.guarantees):
        return False
    verdicts = {result.id: result.verdict for result in merged.guarantees}
    return any(verdicts[name] in ("inconclusive", "not_exercised") for name in scenario.exercises)


async def _attempt(
    scenario: Scenario,
    target: Target,
    limits: Limits,
    spool: Spool,
    secrets: frozenset[str],
    name: str,
    number: int,
    watch: Callable[[str], None] | None,
) -> _Attempt:
    recorder = Recorder(target.dialect, spool, limits, name=name, secrets=secrets)
    stage = Stage(target, limits, recorder, mark=f"~{number + 1}" if number else "", watch=watch)
    ended, ours, declined, at = "", False, False, 0
    try:
        try:
            for index, step in enumerate(scenario.steps):
                at = index
                await _do(stage, recorder, step)
        except Ended as end:
            ended, ours, declined = str(end), end.ours, end.declined
            if not ours:
                _what_it_shows(scenario, stage, recorder, at, end)
        await stage.finish()
    except BaseException:
        stage.abandon()
        raise
    return _Attempt(
        report=recorder.report(),
        ended=ended,
        declined=declined,
        turns=stage.turns,
        heard=recorder.heard,
        connected=bool(stage.connections),
        mute=stage.mute,
        refused="" if stage.refused is None else str(stage.refused),
        hopeless=ours or recorder.flooded or stage.mute or stage.refused is not None,
    )


async def _do(stage: Stage, recorder: Recorder, step: Step) -> None:
    match step:
        case Connect():
            await stage.connect(step)
        case Send():
            await stage.send(step.conn, step.frame, step.values)
        case Malform():
            await stage.malform(step)
        case Until():
            await stage.until(step)
        case Drop():
            await stage.drop(step.conn)
        case Settle():
            await stage.settle(step.conn)
        case Trigger():
            await stage.trigger(step)
        case Show():
            recorder.held(stage.connections[step.conn].label, step.guarantee)
        case Plays():
            return  # the server's side of the script


def _what_it_shows(scenario: Scenario, stage: Stage, recorder: Recorder, at: int, end: Ended) -> None:
    """A conversation that breaks off after something malformed breaks what going on would have shown.

    Not where somebody still answers, with a status, that we are not welcome now; nor where a server is silent of what
    something outside should have brought about, and nobody sees to it.
    """
    if not any(isinstance(step, Malform) for step in scenario.steps[:at]):
        return
    if stage.refused is not None and stage.refused.status is not None:
        return
    unattended = stage.target.trigger is None and any(isinstance(step, Trigger) for step in scenario.steps)
    if end.silent and unattended:
        return
    for step in scenario.steps[at:]:
        if isinstance(step, Show) and step.conn in stage.connections:
            recorder.broken(stage.connections[step.conn].label, step.guarantee, str(end))
