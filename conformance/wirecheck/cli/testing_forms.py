"""A run of `wirecheck test` as text, JSON, JUnit and annotations.

Law: pictures of a `Run`, and nothing that decides. The text and the annotations are those of any report; a JUnit case
is a case of the catalog, so that a server of test results follows it from run to run.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final, Literal
from xml.etree import ElementTree

from wirecheck.cli.played import Played, Run
from wirecheck.report import Section, github, text
from wirecheck.report.escape import printable
from wirecheck.report.json import document
from wirecheck.report.view import VERDICT_WORDS, as_strict_as, heading, times
from wirecheck.verdict import Group

Form = Literal["text", "json", "junit", "github"]
FORMS: Final[Mapping[Form, str]] = {"text": "report.txt", "json": "report.json", "junit": "junit.xml"}
"""The formats that a report folder holds, and their files."""


def render(run: Run, form: Form, *, terminal: bool) -> str:
    """The whole report; `terminal`: it goes to standard output."""
    section = run.section()
    match form:
        case "text":
            return text.render([section], sys.stdout if terminal else None, run.terms) + _cases(run, section)
        case "json":
            return json.dumps(_document(run, section), indent=2, ensure_ascii=True, allow_nan=False) + "\n"
        case "junit":
            return _junit(run, section)
        case "github":
            return github.render([_without_tolerated(run, section)], run.terms)


def _cases(run: Run, section: Section) -> str:
    """The cases that did not pass, a line each, and how many there were."""
    lines = []
    for played in run.played:
        judged = played.judged
        if judged.verdict == "passed" or not as_strict_as(judged.level, run.level):
            continue
        word = "tolerated" if run.tolerated(played) else VERDICT_WORDS[judged.verdict]
        lines.append(f"{word}: {played.case.id} ({judged.level}): {section.clean(judged.reason)}")
    held = sum(played.judged.verdict == "passed" for played in run.played)
    scenarios = len(run.outcomes())
    lines.append(f"{held} of {len(run.played)} cases held, in {scenarios} scenario{'' if scenarios == 1 else 's'}")
    return "\n" + "".join(f"{line}\n" for line in lines)


def _document(run: Run, section: Section) -> dict[str, Any]:
    return {
        "wirecheck": document(section.report)["wirecheck"],
        "dialect": run.dialect.name,
        "passed": not run.fails(),
        "scenarios": [
            {
                "name": outcome.scenario.name,
                "ended": section.hidden(outcome.ended),
                "skipped": section.hidden(outcome.skipped),
                "attempts": outcome.attempts,
                "turns": outcome.turns,
                "capture": str(kept) if (kept := run.captures.get(outcome.scenario.name)) is not None else None,
                "cases": [_case(run, played, section) for played in run.of(outcome)],
            }
            for outcome in run.outcomes()
        ],
        "stale": list(run.stale()),
        "report": document(section.report, section.hidden),
    }


def _case(run: Run, played: Played, section: Section) -> dict[str, Any]:
    return {
        "id": played.case.id,
        "level": played.judged.level,
        "verdict": played.judged.verdict,
        "reason": section.hidden(played.judged.reason),
        "tolerated": run.tolerated(played),
        "fails": run.breaks(played),
    }


def _junit(run: Run, section: Section) -> str:
    root = ElementTree.Element("testsuites", name="wirecheck")
    suite = ElementTree.SubElement(root, "testsuite", name=f"wirecheck.{run.dialect.name}")
    for played in run.played:
        _testcase(suite, run, played, section)
    for sentence in run.remarks() if run.fails() and not any(map(run.breaks, run.played)) else ():
        case = ElementTree.SubElement(
            suite, "testcase", classname=f"wirecheck.{run.dialect.name}", name="the run itself", time="0"
        )
        ElementTree.SubElement(case, "failure", message=printable(section.clean(sentence)))
        break
    for name, tag in (("tests", "testcase"), ("failures", "testcase/failure"), ("skipped", "testcase/skipped")):
        suite.set(name, str(len(suite.findall(tag))))
    suite.set("errors", "0")
    ElementTree.indent(root)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + ElementTree.tostring(root, encoding="unicode") + "\n"


def _testcase(suite: ElementTree.Element, run: Run, played: Played, section: Section) -> None:
    case, judged = played.case, played.judged
    name = f"wirecheck.{run.dialect.name}.{case.scenario.name}"
    element = ElementTree.SubElement(suite, "testcase", classname=name, name=case.guarantee, time="0")
    properties = ElementTree.SubElement(element, "properties")
    for key, value in (("guarantee", case.guarantee), ("level", judged.level), ("source", case.source)):
        ElementTree.SubElement(properties, "property", name=key, value=printable(value))
    reason = section.clean(judged.reason)
    told = "\n\n".join(_told(run, played, section, group) for group in judged.findings)
    if run.breaks(played):
        ElementTree.SubElement(element, "failure", message=f"{judged.level}: {reason}").text = told or None
    elif judged.verdict == "failed" and not run.tolerated(played):
        ElementTree.SubElement(element, "system-out").text = f"{judged.level}: {reason}\n{told}"
    elif judged.verdict != "passed":
        word = "expected to fail" if run.tolerated(played) else VERDICT_WORDS[judged.verdict]
        ElementTree.SubElement(element, "skipped", message=f"{word}: {reason}")


def _told(run: Run, played: Played, section: Section, group: Group) -> str:
    name = run.name(played.outcome)
    finding = group.first
    located = replace(group, input=name)
    lines = [
        f"{finding.level} {finding.code}  {section.clean(heading(located))}",
        f"  {section.clean(finding.message)}",
    ]
    if repeated := times(group):
        lines.append(f"  {repeated}")
    for record in section.evidence.get((name, finding.at.line, finding.at.conn), ()):
        lines.append(f"  {'>' if record.offending else ' '} {record.line}  {record.who}  {record.text}")
    return "\n".join(lines)


def _without_tolerated(run: Run, section: Section) -> Section:
    """The section without the findings of cases that are expected to fail."""
    gone = {
        (run.name(played.outcome), group.first)
        for played in run.played
        if run.tolerated(played)
        for group in played.judged.findings
    }

    def kept(findings: tuple[Group, ...]) -> tuple[Group, ...]:
        return tuple(group for group in findings if (group.input, group.first) not in gone)

    return replace(
        section,
        report=replace(section.report, findings=kept(section.report.findings)),
        whole=replace(section.everything, findings=kept(section.everything.findings)),
    )
