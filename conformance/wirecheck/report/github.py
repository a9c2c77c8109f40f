"""The report as workflow commands, which GitHub shows beside the file and line.

Law: one command a finding, one line a command; whatever GitHub would read as syntax is escaped the way it demands.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from wirecheck.catalog.model import Level
from wirecheck.report.escape import printable
from wirecheck.report.view import Section, Terms, closing, fails, lacking, times, unseen

_MILDER: Final[dict[Level, str]] = {"must": "warning", "should": "warning", "may": "notice"}


def render(sections: Sequence[Section], terms: Terms) -> str:
    lines: list[str] = []
    for section in sections:
        report = section.report
        for group in report.findings:
            finding = group.first
            command = "error" if fails(group, terms) else _MILDER[finding.level]
            repeated = times(group)
            message = f"{finding.message}{f' ({repeated})' if repeated else ''}"
            properties = {"title": f"{finding.level} {finding.code} ({report.dialect})"}
            if group.input != "-":
                properties = {"file": group.input, "line": str(finding.at.line), **properties}
            lines.append(_command(command, properties, section.clean(message)))
        if (hidden := unseen(section, terms)) is not None:
            lines.append(_command("error", {"title": report.dialect}, hidden))
        for result in lacking(section.everything, terms):
            said = f"{result.id} is required ({result.level}), and nothing held in it"
            lines.append(_command("error", {"title": f"{result.id} ({report.dialect})"}, said))
        lines.extend(f"{report.dialect}: {line}" for line in closing(report))
    return "".join(f"{line}\n" for line in lines)


def _command(name: str, properties: dict[str, str], message: str) -> str:
    listed = ",".join(f"{key}={_property(printable(value))}" for key, value in properties.items())
    return f"::{name} {listed}::{_data(printable(message))}"


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
