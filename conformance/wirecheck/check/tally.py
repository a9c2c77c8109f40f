"""Findings grouped by cause, instances counted, and the report made of both.

Law: bounded whatever comes in; what is beyond the bounds is counted, never silently lost.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field
from typing import Literal

from wirecheck.catalog.model import Dialect, Guarantee, Sender
from wirecheck.shapes.state import Outcomes
from wirecheck.verdict import Finding, Group, GuaranteeResult, Report, verdict_of

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

    def add(self, finding: Finding) -> None:
        cause = (finding.code, finding.side or "", *finding.cause)
        group = self.groups.get(cause)
        if group is not None:
            self.groups[cause] = group.with_another(finding)
        elif len(self.groups) < MAX_GROUPS:
            self.groups[cause] = Group(first=finding, input=self.input, count=1, lines=(finding.at.line,))
        else:
            self.dropped += 1


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
