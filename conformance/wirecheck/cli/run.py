"""One run of `wirecheck check`.

Law: each capture is judged by a checker of its own, because nothing crosses captures. Memory is bounded by what a
checker keeps, whatever the captures hold. A run says nothing on standard output but its report.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

import click

from wirecheck.capture import STANDARD_INPUT, detect, open_capture, read, unwrap
from wirecheck.catalog import Dialect, Level, dialects, load
from wirecheck.check import Checker
from wirecheck.cli import FINDINGS, PASSED, USAGE, progress
from wirecheck.cli.choose import chosen
from wirecheck.cli.inputs import expand
from wirecheck.cli.output import emit, save, writable
from wirecheck.errors import UsageError
from wirecheck.record import Opened, Record
from wirecheck.redact import secrets_of
from wirecheck.report import Section, Shown
from wirecheck.report.escape import printable
from wirecheck.report.evidence import PLACES, Place, Trail, surroundings
from wirecheck.report.view import FailOn, Side, Terms, failed, narrowed, shown, unheld, unseen, visible
from wirecheck.verdict import Report, merge

_SECRETS_KEPT: Final = 1000
_SKIPPED: Final = 20

Told = tuple[Dialect, str]
"""A dialect, and the sentence that says why it is this one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What the user asked for: the options of the command, by their names."""

    paths: Sequence[str]
    dialect: str | None
    catalog: str | None
    envelope: Literal["wire", "flat", "nested", "auto"]
    closed: bool
    level: Level
    fail_on: FailOn
    require: Literal["must", "should"] | None
    side: Side
    rules: tuple[str, ...]
    form: Literal["text", "json", "junit", "github"]
    output: Path | None

    @property
    def shows_frames(self) -> bool:
        """Whether the report shows what stood around a finding, so that it must be kept or read again."""
        return self.form in ("text", "junit")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Checked:
    """One capture, judged, and what stood around its findings."""

    input: str
    dialect: Dialect
    report: Report
    reason: str
    secrets: frozenset[str]
    evidence: dict[Place, tuple[Shown, ...]]


def perform(request: Request) -> int:
    """The exit code; the report is written."""
    if request.output is not None:
        writable(request.output)
    inputs = expand(request.paths)
    given = chosen(request.dialect, request.catalog)
    candidates = (given,) if given is not None else tuple(load(name) for name in dialects())
    _known(request.rules, candidates)
    if inputs.skipped:
        listed = ", ".join(inputs.skipped[:_SKIPPED])
        more = f" and {len(inputs.skipped) - _SKIPPED:,} more" if len(inputs.skipped) > _SKIPPED else ""
        click.echo(f"wirecheck: skipped {len(inputs.skipped):,}: {printable(listed)}{more}", err=True)
    told, unclear = _told(inputs.captures, given, candidates)
    if all(name in told or name in unclear for name in inputs.captures):
        _claimed(request.rules, [dialect for dialect, _ in told.values()])
    checked = []
    for name in inputs.captures:
        if name not in unclear:
            try:
                checked.append(_check(request, name, told.get(name), candidates))
            except UsageError as error:
                unclear[name] = str(error)
    if not checked:
        raise UsageError("\n".join(unclear.values()))
    _claimed(request.rules, [each.dialect for each in checked])
    terms = Terms(fail_on=request.fail_on, require=request.require)
    sections = []
    for dialect in dict.fromkeys(each.dialect.name for each in checked):
        ours = [each for each in checked if each.dialect.name == dialect]
        report = narrowed(merge([each.report for each in ours]), side=request.side, rules=request.rules or None)
        sections.append(_section(report, request.level, ours))
    text = _rendered(request, sections, terms)
    if request.output is None:
        emit(text)
    else:
        save(request.output, text)
    for sentence in (*_remarks(sections, request.rules, checked, terms), *unclear.values()):
        click.echo(f"wirecheck: {printable(sentence)}", err=True)
    if unclear:
        return USAGE
    return FINDINGS if any(failed(section.everything, terms) for section in sections) else PASSED


def _remarks(
    sections: Sequence[Section], rules: Sequence[str], checked: Sequence[_Checked], terms: Terms
) -> Iterator[str]:
    """What is said beside the report: why the run fails where no finding shows it, and what was not asked of whom."""
    for section in sections:
        if (hidden := unseen(section, terms)) is not None:
            yield f"{section.report.dialect}: {hidden}"
    required, others = unheld((section.everything for section in sections), terms)
    if required:
        yield required
    if others:
        yield f"warning: {others}"
    for name, dialect in {each.dialect.name: each.dialect for each in checked}.items():
        if missing := [rule for rule in rules if rule not in dialect.guarantees]:
            yield f"{name} does not claim {', '.join(missing)}; its captures were not judged by it"


def _claimed(rules: Sequence[str], judged: Sequence[Dialect]) -> None:
    """Raises `UsageError` for a rule that no dialect of this run claims: nothing would be judged by it."""
    claimed = sorted({name for dialect in judged for name in dialect.guarantees})
    whose = " and ".join(sorted({dialect.name for dialect in judged}))
    for rule in rules:
        if judged and rule not in claimed:
            raise UsageError(f"--rule {rule}: no guarantee of {whose}; there are {', '.join(claimed)}")


def _known(rules: tuple[str, ...], candidates: Sequence[Dialect]) -> None:
    claimed = sorted({name for dialect in candidates for name in dialect.guarantees})
    for rule in rules:
        if rule not in claimed:
            whose = candidates[0].name if len(candidates) == 1 else "any dialect"
            raise UsageError(f"--rule {rule}: no guarantee of {whose}; there are {', '.join(claimed)}")


def _told(
    names: Iterable[str], given: Dialect | None, candidates: Sequence[Dialect]
) -> tuple[dict[str, Told], dict[str, str]]:
    """The dialect of each capture that can be read twice, before any is judged; or why it cannot be told.

    Standard input and pipes can be read once, and are told while they are judged.
    """
    told: dict[str, Told] = {}
    unclear: dict[str, str] = {}
    for name in names:
        if given is not None:
            told[name] = given, ""
        if name == STANDARD_INPUT or _is_pipe(name):
            continue
        with open_capture(name) as stream:
            if given is None:
                try:
                    detection, _ = detect(unwrap(read(stream)), candidates, name=name)
                except UsageError as error:
                    unclear[name] = str(error)
                else:
                    told[name] = detection.dialect, detection.reason
    return told, unclear


def _is_pipe(name: str) -> bool:
    return os.path.exists(name) and not os.path.isfile(name) and not os.path.isdir(name)


def _check(request: Request, name: str, told: Told | None, candidates: Sequence[Dialect]) -> _Checked:
    once = name == STANDARD_INPUT or _is_pipe(name)
    secrets: dict[str, None] = {}

    def clean(text: str) -> str:
        return shown(text, frozenset(secrets))

    with progress.shown(open_capture(name), name) as stream:
        records: Iterator[Record] = unwrap(read(stream))
        if told is None:
            detection, records = detect(records, candidates, name=name)
            told = detection.dialect, detection.reason
        dialect, reason = told
        checker = Checker(
            dialect,
            input=name,
            envelope=request.envelope,
            closed=request.closed,
            side=request.side,
            rules=request.rules or None,
        )
        noted = _noting(records, dialect, secrets)
        if once and request.shows_frames:
            report, evidence = _watched(checker, noted, Trail(clean))
        else:
            receive = checker.receive
            for record in noted:
                receive(record)
            report, evidence = checker.close(), {}
    if not once and request.shows_frames and report.findings:
        with open_capture(name) as stream:
            evidence = surroundings(unwrap(read(stream)), _places(report), clean)
    return _Checked(
        input=name, dialect=dialect, report=report, reason=reason, secrets=frozenset(secrets), evidence=evidence
    )


def _noting(records: Iterable[Record], dialect: Dialect, secrets: dict[str, None]) -> Iterator[Record]:
    """The records, while `secrets` learns the credentials of each connection that opens; the oldest are forgotten."""
    for record in records:
        if record.__class__ is Opened:
            assert isinstance(record, Opened)
            secrets.update(dict.fromkeys(secrets_of(record, dialect)))
            while len(secrets) > _SECRETS_KEPT:
                del secrets[next(iter(secrets))]
        yield record


def _watched(
    checker: Checker, records: Iterable[Record], trail: Trail
) -> tuple[Report, dict[Place, tuple[Shown, ...]]]:
    """Judge what can be read only once, keeping what stands around the first finding of each cause."""
    evidence: dict[Place, tuple[Shown, ...]] = {}
    causes: set[tuple[str, ...]] = set()
    for record in records:
        trail.add(record)
        for finding in checker.receive(record):
            cause = (finding.code, *finding.cause)
            if finding.kind != "capture" and cause not in causes and len(causes) < PLACES:
                causes.add(cause)
                place = (finding.at.line, finding.at.conn)
                evidence[place] = trail.around(place)
    report = checker.close()
    for place in _places(report)[:PLACES]:
        evidence[place] = evidence.get(place) or trail.around(place)
    return report, evidence


def _places(report: Report) -> list[Place]:
    """Where the first findings of all causes stand. A bad line has no record to show; its message says it all."""
    groups = (group for group in report.findings if group.first.kind != "capture")
    return [(group.first.at.line, group.first.at.conn) for group in groups]


def _section(report: Report, level: Level, ours: Sequence[_Checked]) -> Section:
    return Section(
        report=visible(report, level),
        whole=report,
        evidence={(each.input, *place): shown for each in ours for place, shown in each.evidence.items()},
        reasons={each.input: each.reason for each in ours},
        secrets=frozenset().union(*(each.secrets for each in ours)),
    )


def _rendered(request: Request, sections: Sequence[Section], terms: Terms) -> str:
    if request.form == "json":
        from wirecheck.report import json

        return json.render(sections)
    if request.form == "junit":
        from wirecheck.report import junit

        return junit.render(sections, terms)
    if request.form == "github":
        from wirecheck.report import github

        return github.render(sections, terms)
    from wirecheck.report import text

    return text.render(sections, sys.stdout if request.output is None else None, terms)
