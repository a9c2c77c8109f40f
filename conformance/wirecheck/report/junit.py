"""The report as JUnit XML, for servers that show test results.

Law: a test case a guarantee, and one for each kind of other finding. A case fails exactly where it fails the run,
and is there even if `--level` hides it; what could not be judged is skipped, and never passes.
"""

from __future__ import annotations

from collections.abc import Sequence
from xml.etree import ElementTree

from wirecheck.report.escape import printable
from wirecheck.report.view import (
    KIND_TITLES,
    VERDICT_WORDS,
    Section,
    Terms,
    breaks_the_run,
    fails,
    heading,
    lacking,
    shown_or_failing,
    times,
)
from wirecheck.verdict import Group, GuaranteeResult, Kind


def render(sections: Sequence[Section], terms: Terms) -> str:
    root = ElementTree.Element("testsuites", name="wirecheck")
    for section in sections:
        _suite(root, section, terms)
    ElementTree.indent(root)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + ElementTree.tostring(root, encoding="unicode") + "\n"


def _suite(root: ElementTree.Element, section: Section, terms: Terms) -> None:
    report = shown_or_failing(section, terms)
    suite = ElementTree.SubElement(root, "testsuite", name=f"wirecheck.{report.dialect}")
    lacks = {result.id for result in lacking(report, terms)}
    for result in report.guarantees:
        groups = [group for group in report.findings if group.first.guarantee == result.id]
        _guarantee(suite, section, result, groups, terms, result.id in lacks)
    for kind in KIND_TITLES:
        groups = [group for group in report.findings if group.first.kind == kind and group.first.guarantee is None]
        _kind(suite, section, kind, groups, terms)
    for name, tag in (("tests", "testcase"), ("failures", "testcase/failure"), ("skipped", "testcase/skipped")):
        suite.set(name, str(len(suite.findall(tag))))
    suite.set("errors", "0")


def _case(suite: ElementTree.Element, section: Section, name: str) -> ElementTree.Element:
    return ElementTree.SubElement(
        suite, "testcase", classname=f"wirecheck.{section.report.dialect}", name=name, time="0"
    )


def _guarantee(
    suite: ElementTree.Element,
    section: Section,
    result: GuaranteeResult,
    groups: Sequence[Group],
    terms: Terms,
    lacks: bool,
) -> None:
    case = _case(suite, section, result.id)
    said = f"{VERDICT_WORDS[result.verdict]}: {result.held} held, {result.broken} broken, {result.undecided} undecided"
    text = "\n\n".join(_told(section, group) for group in groups)
    if lacks:
        _note(case, "failure", f"required, and nothing held ({said})", text)
    elif result.verdict == "failed":
        _note(case, "failure" if breaks_the_run(result, terms) else "system-out", f"{result.level}: {said}", text)
    elif result.verdict != "passed":
        _note(case, "skipped", f"{said}. {result.why}".rstrip(". "), "")


def _kind(suite: ElementTree.Element, section: Section, kind: Kind, groups: Sequence[Group], terms: Terms) -> None:
    case = _case(suite, section, KIND_TITLES[kind])
    if groups:
        count = sum(group.count for group in groups)
        text = "\n\n".join(_told(section, group) for group in groups)
        tag = "failure" if any(fails(group, terms) for group in groups) else "system-out"
        _note(case, tag, f"{count:,} findings of {len(groups):,} causes", text)


def _note(case: ElementTree.Element, tag: str, message: str, text: str) -> None:
    note = ElementTree.SubElement(case, tag)
    if tag == "system-out":
        note.text = f"{message}\n{text}"
    else:
        note.set("message", printable(message))
        note.text = text or None


def _told(section: Section, group: Group) -> str:
    finding = group.first
    lines = [
        f"{finding.level} {finding.code}  {section.clean(heading(group))}",
        f"  {section.clean(finding.message)}",
    ]
    if repeated := times(group):
        lines.append(f"  {repeated}")
    for record in section.evidence.get((group.input, finding.at.line, finding.at.conn), ()):
        lines.append(f"  {'>' if record.offending else ' '} {record.line}  {record.who}  {record.text}")
    return "\n".join(lines)
