"""What a run of `wirecheck test` came to.

Law: counts and decides, and shows nothing. Whether the run fails follows from its cases; every format asks here.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from wirecheck.catalog import Dialect, Level
from wirecheck.drive import Case, Judged, Outcome, held_anything
from wirecheck.drive.expected import Expected
from wirecheck.report import Section
from wirecheck.report.view import Terms, as_strict_as, lacking, narrowed, unheld, unseen, visible
from wirecheck.verdict import Group, Report, merge


@dataclass(frozen=True, slots=True, kw_only=True)
class Played:
    """One case, its scenario's outcome, and the verdict."""

    case: Case
    judged: Judged
    outcome: Outcome = field(repr=False)


def breaks(case: Case, judged: Judged, terms: Terms, expected: Expected) -> bool:
    """Whether this case alone fails the run."""
    strict = terms.fail_on != "never" and as_strict_as(judged.level, terms.fail_on)
    return judged.verdict == "failed" and strict and not expected.tolerates(case, judged)


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """All cases of a run, in the catalog's order. `captures` are those that are kept, by scenario; `everything` says
    that no scenario was left out by the user; `unplayed` are those that were not come to; `interrupted` says why."""

    dialect: Dialect = field(repr=False)
    unplayed: tuple[str, ...]
    everything: bool
    rules: tuple[str, ...]
    played: tuple[Played, ...]
    captures: Mapping[str, Path]
    expected: Expected
    level: Level
    terms: Terms
    interrupted: bool = False

    def outcomes(self) -> tuple[Outcome, ...]:
        return tuple({played.outcome.scenario.name: played.outcome for played in self.played}.values())

    def of(self, outcome: Outcome) -> tuple[Played, ...]:
        return tuple(played for played in self.played if played.outcome is outcome)

    def tolerated(self, played: Played) -> bool:
        return played.judged.verdict == "failed" and self.expected.tolerates(played.case, played.judged)

    def breaks(self, played: Played) -> bool:
        return breaks(played.case, played.judged, self.terms, self.expected)

    def stale(self) -> tuple[str, ...]:
        return self.expected.stale((played.case, played.judged) for played in self.played)

    def whole(self) -> Report:
        """Everything said about the server over all scenarios; findings name the captures that are kept."""
        reports = [self._located(outcome) for outcome in self.outcomes()]
        merged = narrowed(merge(reports), side="server", rules=self.rules or None)
        wanted = {case for outcome in self.outcomes() for case in outcome.scenario.exercises}
        results = tuple(
            result
            for result in merged.guarantees
            if result.side == "server"
            and (not self.rules or result.id in self.rules)
            and (self.everything or result.id in wanted or result.held or result.broken)
        )
        return replace(merged, guarantees=results)

    def section(self) -> Section:
        """The report as the formats take it."""
        whole = self.whole()
        return Section(
            report=visible(whole, self.level),
            whole=whole,
            evidence={
                (self.name(outcome), *place): shown
                for outcome in self.outcomes()
                for place, shown in outcome.evidence.items()
            },
            reasons={self.name(outcome): outcome.skipped or outcome.ended for outcome in self.outcomes()},
            secrets=frozenset().union(*(outcome.secrets for outcome in self.outcomes())),
        )

    def name(self, outcome: Outcome) -> str:
        """How a scenario's input is called: its capture where that is kept, else the scenario itself."""
        kept = self.captures.get(outcome.scenario.name)
        return f"{self.dialect.name}/{outcome.scenario.name}" if kept is None else str(kept)

    def nothing_held(self) -> bool:
        return not held_anything(
            (one.scenario, narrowed(one.report, side="server", rules=self.rules or None)) for one in self.outcomes()
        )

    def fails(self) -> bool:
        return (
            any(self.breaks(played) for played in self.played)
            or bool(lacking(self.whole(), self.terms))
            or bool(self.stale())
            or self.nothing_held()
        )

    def remarks(self) -> Iterator[str]:
        """Why the run fails where no finding shows it, and what was left open."""
        section = self.section()
        if self.unplayed:
            why = "the first failure" if any(map(self.breaks, self.played)) else "a server that says nothing at all"
            why = "an interruption" if self.interrupted else why
            yield f"stopped at {why}; not played: {', '.join(self.unplayed)}"
        if (hidden := unseen(section, self.terms)) is not None:
            yield hidden
        required, others = unheld((section.everything,), self.terms)
        if required:
            yield required
        if self.nothing_held():
            because = next((one.ended or one.skipped for one in self.outcomes() if one.ended or one.skipped), "")
            where = " with a good credential" if any(result.held for result in self.whole().guarantees) else " at all"
            yield f"nothing held{where}, so the run fails{f': {because}' if because else ''}"
        elif others:
            yield f"warning: {others}"
        for entry in self.stale():
            yield f"{entry} is listed as an expected failure, and holds; take it off the list"

    def _located(self, outcome: Outcome) -> Report:
        name = self.name(outcome)
        findings: tuple[Group, ...] = tuple(replace(group, input=name) for group in outcome.report.findings)
        return replace(outcome.report, inputs=(name,), findings=findings)
