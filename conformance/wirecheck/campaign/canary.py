"""The conversation beside the fuzzer's, which every server that is right keeps passing.

Law: chosen once, on the untouched server, and played again as it was. What an agent's mood may change is asked twice
before it counts; what the checker proves counts at once.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Final

from wirecheck.campaign.back import shut_out
from wirecheck.campaign.oracle import Flaw, flaw, of_finding
from wirecheck.catalog import Dialect
from wirecheck.catalog.script import CLOSE, Connect, Malform, Plays, Scenario, Send, Trigger, Until
from wirecheck.drive import Budget, Limits, Outcome, Target, play
from wirecheck.drive.target import turns_of
from wirecheck.errors import TargetError, UsageError

DECLINED: Final = ("declined",)
"""What the cause of a flaw tells further: the server said, to the canary, that it would not go on."""
_TRIED: Final = 3
"""Scenarios that are tried before none is said to pass."""
_SLOWER: Final = 10.0
"""How much longer than at first a step may take."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Canary:
    """A scenario that passed on the untouched server, and the causes of what was found in it even so."""

    scenario: Scenario
    turns: int
    messages: int
    known: frozenset[tuple[str, ...]]


class TurnsSpent(Exception):
    """The cap on turns leaves none for the canary."""


def candidates(dialect: Dialect, name: str | None = None) -> tuple[Scenario, ...]:
    """The scenarios that may be a canary, the plainest first: with the fewest turns, then the fewest steps.

    Raises `UsageError` for a name that there is not, and where the dialect has none.
    """
    fitting = tuple(one for one in dialect.scenarios.values() if _fits(one))
    if name is not None:
        fitting = tuple(one for one in fitting if one.name == name)
        if not fitting:
            known = ", ".join(one.name for one in dialect.scenarios.values() if _fits(one)) or "none"
            raise UsageError(f"{dialect.name} has no scenario {name!a} that could be the canary; there are {known}")
    if not fitting:
        raise UsageError(f"{dialect.name} has no scenario to play beside the fuzzer's; add one to its catalog")
    return tuple(sorted(fitting, key=lambda one: _plainness(one, dialect)))


async def chosen(target: Target, limits: Limits, budget: Budget, name: str | None = None) -> Canary:
    """The plainest scenario that passes on the untouched server.

    Raises `TargetError` where there is no server, and `UsageError` where none passes, or the cap allows for none.
    """
    why = ""
    for scenario in candidates(target.dialect, name)[:_TRIED]:
        outcome = await play(scenario, target, limits, budget, attempts=1)
        if outcome.refused and not outcome.connected:
            raise TargetError(outcome.refused)
        says = outcome.skipped or _trouble(outcome, frozenset())
        if not says:
            longest = max(limits.timeout, _SLOWER * outcome.seconds / limits.patience)
            return Canary(
                scenario=_hastened(scenario, longest),
                turns=turns_of(scenario, target.dialect),
                messages=sum(isinstance(step, Send) for step in scenario.steps),
                known=frozenset(one.cause for one in _flaws(outcome)),
            )
        why = why or f"{scenario.name}: {says}"
    raise UsageError(
        f"no canary: {why}. A scenario must pass before anything is fuzzed; see what `wirecheck test` says of the "
        f"server, set the variables that it needs, or name another scenario with {target.prefix}canary"
    )


async def sung(canary: Canary, target: Target, limits: Limits, budget: Budget, *, sure: bool = False) -> Flaw | None:
    """What is wrong with the server as the canary shows it. `sure`: a conversation that breaks off counts at once.

    Raises `TurnsSpent`, and `TargetError` where nobody lets us in any more.
    """
    says = ""
    for _ in range(1 if sure else 2):
        outcome = await play(canary.scenario, target, limits, budget, attempts=1)
        if outcome.skipped:
            raise TurnsSpent
        if outcome.refused:
            shut = await shut_out(target, limits)
            if shut is not None:
                return shut
        says = _trouble(outcome, canary.known)
        if not says:
            return None
        if not outcome.ended:
            break
    said = f"{target.dialect.name}/{canary.scenario.name}, played beside it: {says}"
    return flaw("canary-failed", said, *(DECLINED if outcome.declined else ()))


def _fits(scenario: Scenario) -> bool:
    """Whether a scenario is an ordinary conversation that waits for something."""
    connects = [step for step in scenario.steps if isinstance(step, Connect)]
    waits = any(isinstance(step, Until) and step.frames != (CLOSE,) and not step.optional for step in scenario.steps)
    odd = any(isinstance(step, Malform) for step in scenario.steps)
    return waits and not odd and all(step.auth == "good" and step.way is None for step in connects)


def _plainness(scenario: Scenario, dialect: Dialect) -> tuple[int, int, int]:
    triggers = sum(isinstance(step, Trigger) for step in scenario.steps)
    steps = sum(not isinstance(step, Plays) for step in scenario.steps)
    return turns_of(scenario, dialect), triggers, steps


def _flaws(outcome: Outcome) -> Iterator[Flaw]:
    for group in outcome.report.findings:
        found = of_finding(group.first)
        if found is not None:
            yield found


def _trouble(outcome: Outcome, known: frozenset[tuple[str, ...]]) -> str:
    """Why the scenario does not pass; empty if it does."""
    if outcome.ended:
        return outcome.ended
    if not outcome.heard:
        return "the server said nothing"
    return next((one.says for one in _flaws(outcome) if one.level == "must" and one.cause not in known), "")


def _hastened(scenario: Scenario, longest: float) -> Scenario:
    """The scenario with no wait longer than this many seconds."""
    steps = tuple(
        replace(step, within=min(step.within, longest)) if isinstance(step, Until) and step.within is not None else step
        for step in scenario.steps
    )
    return replace(scenario, steps=steps)
