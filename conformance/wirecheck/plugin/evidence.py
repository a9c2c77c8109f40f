"""What broke, for people to read in a test report.

Law: text, from values that are redacted already; escaped here, so that nothing from the wire can be mistaken for ours.
The first line says it all: test reports show it alone.
"""

from __future__ import annotations

from collections.abc import Iterator

from wirecheck.drive import Case, Judged
from wirecheck.plugin.run import Shown
from wirecheck.report.escape import printable
from wirecheck.report.view import heading, shown, times
from wirecheck.verdict import Group

_CAUSES = 20
"""Findings of one case that are shown."""


def headline(case: Case, found: Judged) -> str:
    """`must tool-call-answered-once in dialect/scenario: called twice`: what broke where, in a line."""
    return f"{found.level} {broke(case, found)} in {case.dialect.name}/{case.scenario.name}: {reason(found)}"


def broke(case: Case, found: Judged) -> str:
    """What was broken: the case's guarantee, or what its first finding is about."""
    return found.findings[0].first.code if case.level is None and found.findings else case.guarantee


def reason(found: Judged) -> str:
    """Why the case did not pass, without the promise that a finding's message ends with: it is named elsewhere."""
    finding = found.findings[0].first if found.findings else None
    if finding is None or not finding.message.endswith(")"):
        return found.reason
    return found.reason.rpartition(f" ({finding.code}, {finding.level}: ")[0] or found.reason


def broken(case: Case, found: Judged, played: Shown) -> str:
    """The whole evidence: what was promised and where, every finding, and the records around it."""
    return "\n".join(_lines(case, found, played))


def _lines(case: Case, found: Judged, played: Shown) -> Iterator[str]:
    outcome = played.outcome
    yield shown(headline(case, found), outcome.secrets)
    yield ""
    yield f"  {printable(case.says)} ({found.level}: {printable(case.source)})"
    last = None
    for group in found.findings[:_CAUSES]:
        yield ""
        yield from _group(group, outcome.secrets)
        place = (group.first.at.line, group.first.at.conn)
        if place != last:  # several faults of one frame stand together; its surroundings need no repeating
            for record in outcome.evidence.get(place, ()):
                yield f"    {'>' if record.offending else ' '} {record.line}  {record.who:<6}  {record.text}"
        last = place
    if len(found.findings) > _CAUSES:
        yield f"  and {len(found.findings) - _CAUSES:,} more"
    if outcome.ended:
        yield ""
        yield f"  the scenario ended early: {shown(outcome.ended, outcome.secrets)}"
    if played.capture is not None:
        yield ""
        yield f"  capture: {printable(str(played.capture))}"


def _group(group: Group, secrets: frozenset[str]) -> Iterator[str]:
    finding = group.first
    yield f"  {finding.level} {finding.code}  {shown(heading(group), secrets)}"
    yield f"    {shown(finding.message, secrets)}"
    if repeated := times(group):
        yield f"    {repeated}"
