"""What a report shows: one section a dialect, narrowed to what was asked for.

Law: selects and counts; writes nothing, judges nothing. Which findings fail a run is decided here alone, so that
the exit code and every format agree.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final, Literal

from wirecheck.catalog.model import LEVELS, Level
from wirecheck.redact import excerpt
from wirecheck.report.escape import printable
from wirecheck.verdict import Group, GuaranteeResult, Kind, Report, Verdict

FailOn = Literal["must", "should", "may", "never"]
Side = Literal["server", "client", "both"]

_KEPT: Final = 4000
_SHOWN: Final = 400

VERDICT_WORDS: Final[Mapping[Verdict, str]] = {
    "passed": "held",
    "failed": "broken",
    "inconclusive": "undecided",
    "not_exercised": "not exercised",
    "not_applicable": "not applicable",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """One record of a finding's surroundings, as text that is already redacted, cut and escaped."""

    line: int
    who: str
    text: str
    offending: bool = False


Evidence = Mapping[tuple[str, int, str], tuple[Shown, ...]]
"""The surroundings of a finding by its input, line and connection."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """One dialect's report, and what the formats need to show it.

    `report` is what `--level` lets through, and `whole` what it is taken from (None: nothing was left out). `reasons`
    says of each input why it was taken for this dialect's traffic. `secrets` are the credentials of its connections.
    """

    report: Report
    whole: Report | None = None
    evidence: Evidence = field(default_factory=dict)
    reasons: Mapping[str, str] = field(default_factory=dict)
    secrets: frozenset[str] = frozenset()

    @property
    def everything(self) -> Report:
        """The report as it was before `--level` left anything out of it."""
        return self.report if self.whole is None else self.whole

    def hidden(self, text: str) -> str:
        """`text` for a program: without secrets, and bounded."""
        return excerpt(text, _KEPT, self.secrets)

    def clean(self, text: str) -> str:
        """`text` for an eye: without secrets, cut, and with what does not print escaped."""
        return shown(text, self.secrets)


def shown(text: str, secrets: frozenset[str]) -> str:
    return printable(excerpt(text, _SHOWN, secrets))


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """When a run fails: findings of `fail_on` or stricter, and guarantees of `require` in which nothing held."""

    fail_on: FailOn = "must"
    require: Literal["must", "should"] | None = None


def as_strict_as(level: Level, bound: Level) -> bool:
    return LEVELS.index(level) <= LEVELS.index(bound)


def narrowed(report: Report, *, side: Side, rules: Collection[str] | None) -> Report:
    """Without the findings of a side, or of rules, that were not asked for. Faults of the capture itself stay."""

    def asked(group: Group) -> bool:
        finding = group.first
        if finding.kind == "capture":
            return True
        if side != "both" and finding.side not in (side, None):
            return False
        return rules is None or finding.guarantee in rules

    return replace(report, findings=tuple(group for group in report.findings if asked(group)))


def visible(report: Report, level: Level) -> Report:
    """Without what is less strict than `level`."""
    return replace(
        report,
        guarantees=tuple(result for result in report.guarantees if as_strict_as(result.level, level)),
        findings=tuple(group for group in report.findings if as_strict_as(group.first.level, level)),
    )


def fails(group: Group, terms: Terms) -> bool:
    return terms.fail_on != "never" and as_strict_as(group.first.level, terms.fail_on)


def nothing_held(report: Report, level: Level) -> tuple[GuaranteeResult, ...]:
    """The guarantees of exactly this level that this run could have judged and in which nothing held or broke."""
    return tuple(
        result
        for result in report.guarantees
        if result.level == level and result.verdict in ("inconclusive", "not_exercised")
    )


def lacking(report: Report, terms: Terms) -> tuple[GuaranteeResult, ...]:
    """The guarantees that fail the run because they were required and nothing held in them."""
    if terms.require is None:
        return ()
    strict = LEVELS[: LEVELS.index(terms.require) + 1]
    return tuple(result for level in strict for result in nothing_held(report, level))


def breaks_the_run(result: GuaranteeResult, terms: Terms) -> bool:
    return result.verdict == "failed" and terms.fail_on != "never" and as_strict_as(result.level, terms.fail_on)


def failed(report: Report, terms: Terms) -> bool:
    broken = any(breaks_the_run(result, terms) for result in report.guarantees)
    return broken or any(fails(group, terms) for group in report.findings) or bool(lacking(report, terms))


def shown_or_failing(section: Section, terms: Terms) -> Report:
    """What `--level` lets through, and whatever else fails the run."""
    seen, whole = section.report, section.everything
    lacks = lacking(whole, terms)
    return replace(
        whole,
        guarantees=tuple(
            result
            for result in whole.guarantees
            if result in seen.guarantees or result in lacks or breaks_the_run(result, terms)
        ),
        findings=tuple(group for group in whole.findings if group in seen.findings or fails(group, terms)),
    )


def unseen(section: Section, terms: Terms) -> str | None:
    """A sentence about what fails the run though `--level` hides it; None if there is nothing of the kind."""
    shown_too = shown_or_failing(section, terms)
    groups = [group for group in shown_too.findings if group not in section.report.findings]
    broken = [
        result
        for result in shown_too.guarantees
        if result not in section.report.guarantees and breaks_the_run(result, terms)
    ]
    codes = sorted({*(group.first.code for group in groups), *(result.id for result in broken)})
    if not codes:
        return None
    many = f"{len(groups):,} finding{'' if len(groups) == 1 else 's'}"
    return f"--level hides {many} that fail{'s' if len(groups) == 1 else ''} the run ({', '.join(codes)})"


def unheld(reports: Iterable[Report], terms: Terms) -> tuple[str, str]:
    """Two sentences about guarantees in which nothing held: those required, which fail the run, and the others.

    A sentence is empty where there is nothing to say.
    """
    required: list[str] = []
    others: list[str] = []
    found = tuple(reports)
    for level in LEVELS[:2]:
        names = sorted({result.id for report in found for result in nothing_held(report, level)})
        if names:
            asked = terms.require is not None and as_strict_as(level, terms.require)
            (required if asked else others).append(f"{len(names)} {level} ({', '.join(names)})")
    return (
        f"nothing held in {' and '.join(required)}, and --require {terms.require} fails the run" if required else "",
        f"nothing held in {' and '.join(others)}; such a run passes unless --require says otherwise" if others else "",
    )


def tally(results: Sequence[GuaranteeResult]) -> str:
    """`9 held, 1 undecided, 2 not exercised`: how many guarantees ended how, without the empty ones."""
    counts = dict.fromkeys(VERDICT_WORDS.values(), 0)
    for result in results:
        counts[VERDICT_WORDS[result.verdict]] += 1
    return ", ".join(f"{count} {word}" for word, count in counts.items() if count) or "none"


def closing(report: Report) -> tuple[str, ...]:
    """The last lines of a report: a level each, and the instances that stayed undecided."""
    lines = []
    for level in LEVELS:
        results = [result for result in report.guarantees if result.level == level]
        if results:
            lines.append(f"{level}: {tally(results)}")
    undecided = sum(result.undecided for result in report.guarantees)
    judged = undecided + sum(result.held + result.broken for result in report.guarantees)
    if judged:
        lines.append(f"{undecided:,} of {judged:,} instances stayed undecided")
    return tuple(lines)


def heading(group: Group) -> str:
    """`capture.jsonl:5, tag at /pointer`: where the first finding of a group stands."""
    finding = group.first
    frame = f", {finding.frame}" if finding.frame is not None else ""
    pointer = f" at {finding.pointer}" if finding.pointer else ""
    return f"{group.input}:{finding.at.line}{frame}{pointer}"


def times(group: Group) -> str:
    """`3 times, lines 5, 6 and 9`; empty for a fault that came once."""
    if group.count == 1:
        return ""
    lines = [str(line) for line in group.lines]
    more = group.count - len(lines)
    listed = ", ".join(lines) + (f" and {more:,} more" if more > 0 else "")
    return f"{group.count:,} times, lines {listed}"


KIND_TITLES: Final[Mapping[Kind, str]] = {
    "message": "messages",
    "frame": "frames",
    "connection": "connections",
    "capture": "the capture itself",
}
