"""One run of `wirecheck check`.

Law: each capture is judged by a checker of its own, because nothing crosses captures. Memory is bounded by what a
checker keeps, whatever the captures hold. A run says nothing on standard output but its report.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from typing import Final

from wirecheck.capture import detect, open_capture, read, unwrap
from wirecheck.catalog import Dialect, Level, dialects, load
from wirecheck.cli import FINDINGS, PASSED, USAGE
from wirecheck.cli.choose import chosen
from wirecheck.cli.inputs import Inputs, expand
from wirecheck.cli.judging import Checked, Request, Told, is_once, judged
from wirecheck.cli.output import emit, save, tell, writable
from wirecheck.errors import UsageError
from wirecheck.report import Section
from wirecheck.report.escape import printable
from wirecheck.report.view import Terms, failed, narrowed, unheld, unseen, visible
from wirecheck.scale.sparing import sparing
from wirecheck.verdict import Report, merge

_SKIPPED: Final = 20


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
        tell(f"wirecheck: skipped {len(inputs.skipped):,}: {printable(listed)}{more}")
    told, unclear = _told(inputs, given, candidates)
    if all(name in told or name in unclear for name in inputs.captures):
        _claimed(request.rules, [dialect for dialect, _ in told.values()])
    with sparing():
        checked = list(judged(request, inputs, told, candidates, unclear))
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
        tell(f"wirecheck: {printable(sentence)}")
    if unclear:
        return USAGE
    return FINDINGS if any(failed(section.everything, terms) for section in sections) else PASSED


def _remarks(
    sections: Sequence[Section], rules: Sequence[str], checked: Sequence[Checked], terms: Terms
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
    inputs: Inputs, given: Dialect | None, candidates: Sequence[Dialect]
) -> tuple[dict[str, Told], dict[str, str]]:
    """The dialect of each capture that can be read twice, before any is judged; or why it cannot be told.

    Standard input and pipes can be read once, and are told while they are judged.
    """
    told: dict[str, Told] = {}
    unclear: dict[str, str] = {}
    called = inputs.shown
    for name in inputs.captures:
        if given is not None:
            told[name] = given, ""
        if is_once(name):
            continue
        with open_capture(name) as stream:
            if given is None:
                try:
                    detection, _ = detect(unwrap(read(stream)), candidates, name=called[name])
                except UsageError as error:
                    unclear[name] = str(error)
                else:
                    told[name] = detection.dialect, detection.reason
    return told, unclear


def _section(report: Report, level: Level, ours: Sequence[Checked]) -> Section:
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
