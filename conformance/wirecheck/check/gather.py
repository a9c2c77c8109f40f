"""What a checker found, gathered: counts, findings, groups.

Law: judges nothing. Findings are redacted, selected and grouped here, and nowhere else.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import replace

from wirecheck.catalog.model import Dialect
from wirecheck.check.findings import broken_finding, clean
from wirecheck.check.link import Link
from wirecheck.check.tally import Sides, new_tally, report
from wirecheck.record import At
from wirecheck.redact import redact
from wirecheck.verdict import Finding, Report


class Gathering:
    """Counts and findings of one input. `secrets` show in no finding; `side` and `rules` select."""

    def __init__(
        self, dialect: Dialect, *, input: str, side: Sides, rules: Collection[str] | None, secrets: frozenset[str]
    ) -> None:
        self.dialect = dialect
        self.tally = new_tally(dialect, input)
        self.out = self.tally.outcomes
        self._secrets = secrets
        self._side: Sides = side
        self._rules = None if rules is None else frozenset(rules)
        self._found: list[Finding] = []

    def reported(self) -> Report:
        """The report on all that was gathered."""
        return report(self.dialect, self.tally, side=self._side, rules=self._rules)

    def count(self, frames: int) -> None:
        """Count messages that were judged without `receive`."""
        self.tally.frames += frames

    def knows(self, link: Link, broken: Iterable[tuple[str, int, str | None]]) -> bool:
        """Whether findings like these are in the report already, or not wanted there: then no text is needed."""
        return all(
            self._cause(link, guarantee, label) in self.tally.groups
            for guarantee, _, label in broken
            if self._judges(guarantee)
        )

    def again(self, link: Link, broken: Iterable[tuple[str, At, str | None]]) -> None:
        """Add findings like ones that are in the report already."""
        self.collect(link)
        for guarantee, at, label in broken:
            if self._judges(guarantee):
                first = self.tally.groups[self._cause(link, guarantee, label)].first
                self.tally.add(replace(first, at=at))

    def collect(self, link: Link | None) -> tuple[Finding, ...]:
        """Turn what was found since the last call into findings, redacted, selected, grouped."""
        found, self._found = self._found, []
        broken, self.out.broken = self.out.broken, []
        found += [broken_finding(self.dialect, instance) for instance in broken]
        secrets = link.secrets if link is not None else self._secrets
        kept = tuple(clean(finding, secrets) for finding in found if self._wanted(finding))
        for finding in kept:
            self.tally.add(finding)
        return kept

    def _wanted(self, finding: Finding) -> bool:
        if finding.guarantee is not None:
            return self._judges(finding.guarantee)
        return finding.side is None or self._side in ("both", finding.side)

    def _cause(self, link: Link, guarantee: str, label: str | None) -> tuple[str, ...]:
        return (guarantee, self.dialect.guarantees[guarantee].rule.side, redact(label or "", link.secrets))

    def _judges(self, guarantee: str) -> bool:
        side = self.dialect.guarantees[guarantee].rule.side
        return self._side in ("both", side) and (self._rules is None or guarantee in self._rules)
