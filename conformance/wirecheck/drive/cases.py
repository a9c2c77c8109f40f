"""Scenarios as single claims, each of which holds or does not.

Law: what there is to be judged follows from the catalog alone, before anything is played; the verdict on each from the
outcome alone. A case that could not be judged has never passed.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from typing import Final

from wirecheck.catalog import LEVELS, Dialect, Level
from wirecheck.catalog.script import Connect, Scenario
from wirecheck.drive.outcome import Outcome
from wirecheck.errors import UsageError
from wirecheck.verdict import Group, GuaranteeResult, Report, Verdict

FRAMES: Final = "frames"
"""The case that every message of the server's is a frame as documented, and every close code one that may be sent."""
OTHERS: Final = "others"
"""The case that no guarantee failed beside those that the scenario is made for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One claim about one scenario: that a guarantee holds in it, or `frames`, or `others`."""

    dialect: Dialect = field(repr=False)
    scenario: Scenario = field(repr=False)
    guarantee: str

    @property
    def id(self) -> str:
        """`dialect/scenario/guarantee`, made of the catalog's names."""
        return f"{self.dialect.name}/{self.scenario.name}/{self.guarantee}"

    @property
    def level(self) -> Level | None:
        """How strictly the document demands it; None for `frames` and `others`: their findings have their own."""
        claim = self.dialect.guarantees.get(self.guarantee)
        return None if claim is None else claim.level

    @property
    def says(self) -> str:
        """What is claimed, in a sentence."""
        claim = self.dialect.guarantees.get(self.guarantee)
        if claim is not None:
            return claim.says
        return _SAYS[self.guarantee]

    @property
    def source(self) -> str:
        """Where the vendor's document promises it."""
        claim = self.dialect.guarantees.get(self.guarantee)
        return self.scenario.source if claim is None else claim.source


_SAYS: Final = {
    FRAMES: "Every message is a frame as the document describes it.",
    OTHERS: "Nothing else that the document promises is broken on the way.",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """The verdict on a case. `level`: its own, or its strictest finding's; `reason`: why it did not pass."""

    verdict: Verdict
    level: Level
    reason: str = ""
    findings: tuple[Group, ...] = ()


def cases(
    dialect: Dialect, scenarios: Collection[str] | None = None, rules: Collection[str] | None = None
) -> tuple[Case, ...]:
    """Every case of a dialect, or of these scenarios, in the catalog's order. With `rules`, of these guarantees alone.

    Raises `UsageError` for a scenario or a guarantee that the dialect does not have.
    """
    _known(scenarios or (), dialect.scenarios, "scenario", dialect)
    _known(rules or (), dialect.guarantees, "guarantee", dialect)
    return tuple(
        Case(dialect=dialect, scenario=scenario, guarantee=guarantee)
        for scenario in dialect.scenarios.values()
        if not scenarios or scenario.name in scenarios
        for guarantee in (*scenario.exercises, FRAMES, OTHERS)
        if not rules or guarantee in rules
    )


def judged(case: Case, outcome: Outcome) -> Judged:
    """What the outcome of the case's scenario says about it."""
    if outcome.skipped:
        return Judged(verdict="not_exercised", level=case.level or "must", reason=outcome.skipped)
    if case.guarantee == FRAMES:
        return _without(outcome, [group for group in outcome.report.findings if group.first.guarantee is None])
    if case.guarantee == OTHERS:
        listed = case.scenario.exercises
        found = [group for group in outcome.report.findings if group.first.guarantee not in (None, *listed)]
        return _without(outcome, found)
    result = next(result for result in outcome.report.guarantees if result.id == case.guarantee)
    findings = tuple(group for group in outcome.report.findings if group.first.guarantee == case.guarantee)
    verdict: Verdict = "not_exercised" if result.verdict == "not_applicable" else result.verdict
    return Judged(verdict=verdict, level=result.level, reason=_reason(result, outcome, findings), findings=findings)


def held_anything(played: Iterable[tuple[Scenario, Report]]) -> bool:
    """Whether some guarantee held in a conversation to which the server was asked to agree.

    That it turns away whoever has no good credential says nothing of the rest: a run in which ours was refused has
    tested nothing. It counts only where nothing else was played.
    """
    every = list(played)
    agreed = [report for scenario, report in every if _is_agreeable(scenario)] or [report for _, report in every]
    return any(result.held for report in agreed for result in report.guarantees if result.side == "server")


def _is_agreeable(scenario: Scenario) -> bool:
    return any(isinstance(step, Connect) and step.auth == "good" for step in scenario.steps)


def _without(outcome: Outcome, findings: list[Group]) -> Judged:
    """A case that passes where there is none of these findings, and anything to find them in."""
    if findings:
        level = min((group.first.level for group in findings), key=LEVELS.index)
        return Judged(verdict="failed", level=level, reason=findings[0].first.message, findings=tuple(findings))
    if outcome.heard:
        return Judged(verdict="passed", level="must")
    return Judged(verdict="not_exercised", level="must", reason=outcome.ended or "the server sent nothing")


def _reason(result: GuaranteeResult, outcome: Outcome, findings: tuple[Group, ...]) -> str:
    if result.verdict == "passed":
        return ""
    if findings:
        return findings[0].first.message
    if result.verdict == "failed":
        return "it was broken, and the report has no room for more findings"
    if outcome.ended:
        return outcome.ended
    if result.verdict == "inconclusive":
        return f"{result.undecided:,} of its instances stayed undecided, and none held"
    return result.why or "nothing in the conversation gave occasion for it"


def _known(names: Collection[str], known: Collection[str], what: str, dialect: Dialect) -> None:
    for name in names:
        if name not in known:
            listed = ", ".join(known) or "none"
            raise UsageError(f"{dialect.name} has no {what} {name!a}; there are {listed}")
