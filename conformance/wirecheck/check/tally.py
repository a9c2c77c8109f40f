"""Findings grouped by cause, instances counted, and the report made of both.

Law: bounded whatever comes in; what is beyond the bounds is counted, never silently lost.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal

from wirecheck.catalog.model import Dialect, Guarantee, Sender
from wirecheck.shapes.state import Outcomes
from wirecheck.verdict import LINES_KEPT, Finding, Group, GuaranteeResult, Report, verdict_of

MAX_GROUPS = 10_000

Sides = Literal["server", "client", "both"]


@dataclass(slots=True)
class Tally:
    """What was counted so far in one input."""

    input: str
    frames: int = 0
    others: int = 0
    """Records that are no frames."""
    connections: int = 0
    outcomes: Outcomes = field(default_factory=Outcomes)
    groups: dict[tuple[str, ...], Group] = field(default_factory=dict)
    dropped: int = 0
    recorded: set[Sender] = field(default_factory=set)
    line: int = 0
    """Where the checker is, if anybody notes that."""

    def add(self, finding: Finding) -> None:
        cause = _cause(finding)
        group = self.groups.get(cause)
        if group is not None:
            self.groups[cause] = group.with_another(finding)
        elif len(self.groups) < MAX_GROUPS:
            self.groups[cause] = Group(first=finding, input=self.input, count=1, lines=(finding.at.line,))
        else:
            self.dropped += 1


@dataclass(slots=True)
class Placed(Tally):
    """The same of a stretch of an input: beside each line that a group keeps, the line at which that was found."""

    judged: dict[tuple[str, ...], list[int]] = field(default_factory=dict)

    def add(self, finding: Finding) -> None:
        Tally.add(self, finding)
        cause = _cause(finding)
        if cause in self.groups:
            found = self.judged.setdefault(cause, [])
            if len(found) < LINES_KEPT:
                found.append(self.line)


def joined(before: Tally, parts: Sequence[Placed]) -> tuple[dict[tuple[str, ...], Group], int] | None:
    """The groups of `before` and of what was found after it, in `parts` that lie beside each other; and how many
    findings are dropped.

    They are as if all had been found by one, in the order in which it was. None where it is not clear which of too many
    causes would have been kept.
    """
    full = len(before.groups) >= MAX_GROUPS
    new = {cause for part in parts for cause in part.groups if cause not in before.groups}
    if any(part.dropped for part in parts) or (not full and len(before.groups) + len(new) > MAX_GROUPS):
        return None
    groups, dropped = dict(before.groups), before.dropped
    order = sorted(
        (part.judged[cause][0], number, place, cause)
        for number, part in enumerate(parts)
        for place, cause in enumerate(part.groups)
    )
    for cause in dict.fromkeys(cause for *_, cause in order):
        there = sorted((part for part in parts if cause in part.groups), key=lambda part: part.judged[cause][0])
        count = sum(part.groups[cause].count for part in there)
        if full and cause in new:
            dropped += count
            continue
        found = sorted(
            (line, number, place, shown)
            for number, part in enumerate(there)
            for place, (line, shown) in enumerate(zip(part.judged[cause], part.groups[cause].lines, strict=True))
        )
        group = groups.get(cause) or replace(there[0].groups[cause], count=0, lines=())
        lines = (*group.lines, *(shown for *_, shown in found))[:LINES_KEPT]
        groups[cause] = replace(group, count=group.count + count, lines=lines)
    return groups, dropped


def _cause(finding: Finding) -> tuple[str, ...]:
    return (finding.code, finding.side or "", *finding.cause)


def new_tally(dialect: Dialect, input: str) -> Tally:
    tally = Tally(input=input)
    tally.outcomes.counts = {name: [0, 0, 0] for name in dialect.guarantees}
    return tally


def report(dialect: Dialect, tally: Tally, *, side: Sides, rules: Collection[str] | None) -> Report:
    """The report on one input, the guarantees in the order of the catalog, the groups in the order of their first."""
    results = tuple(_result(claim, tally, side=side, rules=rules) for claim in dialect.guarantees.values())
    return Report(
        dialect=dialect.name,
        inputs=(tally.input,),
        records=tally.frames + tally.others,
        frames=tally.frames,
        connections=tally.connections,
        guarantees=results,
        findings=tuple(sorted(tally.groups.values(), key=lambda group: group.first.at.line)),
        dropped=tally.dropped,
    )


def _result(claim: Guarantee, tally: Tally, *, side: Sides, rules: Collection[str] | None) -> GuaranteeResult:
    held, broken, undecided = tally.outcomes.counts[claim.id]
    why = ""
    if claim.rule.passive is not None and not (held or broken):
        why = claim.rule.passive
    elif rules is not None and claim.id not in rules:
        why = "not selected by rule"
    elif side not in ("both", claim.rule.side):
        why = f"a guarantee of the {claim.rule.side}, not selected by side"
    elif tally.connections and claim.rule.side not in tally.recorded and not (held or broken):
        why = f"the {claim.rule.side} was not recorded"
    return GuaranteeResult(
        id=claim.id,
        level=claim.level,
        side=claim.rule.side,
        verdict="not_applicable" if why else verdict_of(held=held, broken=broken, undecided=undecided),
        held=0 if why else held,
        broken=0 if why else broken,
        undecided=0 if why else undecided,
        source=claim.source,
        why=why,
    )
