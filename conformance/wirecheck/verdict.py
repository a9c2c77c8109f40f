"""What we think of what was observed: findings, verdicts, and the report that holds them.

Law: plain values and the arithmetic of verdicts. Nothing here knows how a judgement was reached.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

from wirecheck.catalog.model import Level, Sender
from wirecheck.record import At

Kind = Literal["message", "frame", "order", "connection", "capture"]
Verdict = Literal["passed", "failed", "inconclusive", "not_exercised", "not_applicable"]

MESSAGE_CODES: tuple[str, ...] = (
    "not-utf8",
    "not-json",
    "not-object",
    "duplicate-key",
    "lone-surrogate",
    "too-large",
    "too-deep",
    "binary",
    "no-tag",
)
FRAME_CODES: tuple[str, ...] = ("unknown-tag", "wrong-envelope", "schema", "extra-field")
CAPTURE_CODES: tuple[str, ...] = ("bad-line", "unreadable")
CONNECTION_CODES: tuple[str, ...] = ("closed-code",)
CODES: tuple[str, ...] = MESSAGE_CODES + FRAME_CODES + CAPTURE_CODES + CONNECTION_CODES
"""The closed list of codes beside the ids of guarantees."""

LINES_KEPT = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing that the peer (or the capture) did wrong.

    `code` is of `CODES`, or the guarantee's id (then `guarantee` repeats it). `frame` is the frame's tag, or its
    catalog key where it has none on the wire; None where the frame is not known. `pointer` is a JSON pointer into
    the message. `cause` is what equal faults share (frame, field, rule), for grouping.
    """

    kind: Kind
    code: str
    level: Level
    side: Sender | None
    message: str
    at: At
    guarantee: str | None = None
    frame: str | None = None
    pointer: str | None = None
    cause: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """Equal causes in one input: the first finding, how often, and the first `LINES_KEPT` record lines."""

    first: Finding
    input: str
    count: int
    lines: tuple[int, ...]

    def with_another(self, finding: Finding) -> Group:
        lines = self.lines if len(self.lines) >= LINES_KEPT else (*self.lines, finding.at.line)
        return replace(self, count=self.count + 1, lines=lines)


@dataclass(frozen=True, slots=True, kw_only=True)
class GuaranteeResult:
    """The verdict of one guarantee and how often its instances held, broke, or stayed undecided.

    `why` says, for `not_applicable`, what kept it from being judged.
    """

    id: str
    level: Level
    side: Sender
    verdict: Verdict
    held: int
    broken: int
    undecided: int
    source: str
    why: str = ""


def verdict_of(*, held: int, broken: int, undecided: int) -> Verdict:
    """Any broken: failed; else any held: passed; else any undecided: inconclusive; else not exercised."""
    if broken:
        return "failed"
    if held:
        return "passed"
    return "inconclusive" if undecided else "not_exercised"


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """Everything said about one dialect's traffic. Counts are of records, frames and connections."""

    dialect: str
    inputs: tuple[str, ...]
    records: int
    frames: int
    connections: int
    guarantees: tuple[GuaranteeResult, ...]
    findings: tuple[Group, ...]
    dropped: int = 0


def merge(reports: Sequence[Report]) -> Report:
    """The report on several inputs of one dialect, in the order given. At least one report is needed."""
    if len({report.dialect for report in reports}) != 1:
        raise ValueError("only reports on one dialect can be merged, and at least one is needed")
    first = reports[0]
    return Report(
        dialect=first.dialect,
        inputs=tuple(name for report in reports for name in report.inputs),
        records=sum(report.records for report in reports),
        frames=sum(report.frames for report in reports),
        connections=sum(report.connections for report in reports),
        guarantees=tuple(
            _sum([report.guarantees[index] for report in reports]) for index in range(len(first.guarantees))
        ),
        findings=tuple(group for report in reports for group in report.findings),
        dropped=sum(report.dropped for report in reports),
    )


def _sum(results: Sequence[GuaranteeResult]) -> GuaranteeResult:
    """One guarantee over several inputs: not applicable only where no input could judge it."""
    able = [result for result in results if result.verdict != "not_applicable"]
    if not able:
        return results[0]
    held, broken, undecided = (
        sum(counts) for counts in zip(*((r.held, r.broken, r.undecided) for r in able), strict=True)
    )
    verdict = verdict_of(held=held, broken=broken, undecided=undecided)
    return replace(able[0], verdict=verdict, held=held, broken=broken, undecided=undecided)
