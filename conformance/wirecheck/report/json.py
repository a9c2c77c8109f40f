"""The report as JSON: a contract with programs, whose schema is `report.schema.json` beside this file.

Law: the members of the schema and no others, in one order, without times or anything else that differs from run to
run. The text is pure ASCII, so that no character of the wire's means anything to whoever shows it.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from importlib.resources import files
from typing import Any

from wirecheck import __version__
from wirecheck.report.view import Section
from wirecheck.verdict import Group, GuaranteeResult, Report


def render(sections: Sequence[Section]) -> str:
    """One report, or, over several dialects, `{"reports": […]}`."""
    documents = [document(section.report, section.hidden) for section in sections]
    whole: Any = documents[0] if len(documents) == 1 else {"reports": documents}
    return json.dumps(whole, indent=2, ensure_ascii=True, allow_nan=False) + "\n"


def document(report: Report, hidden: Callable[[str], str] = str) -> dict[str, Any]:
    members: dict[str, Any] = {
        "wirecheck": __version__,
        "dialect": report.dialect,
        "inputs": list(report.inputs),
        "records": report.records,
        "frames": report.frames,
        "connections": report.connections,
        "guarantees": [_guarantee(result) for result in report.guarantees],
        "findings": [_finding(group, hidden) for group in report.findings],
    }
    if report.dropped:
        members["dropped"] = report.dropped
    return members


def schema() -> Any:
    """The JSON Schema (2020-12) of what `render` gives."""
    return json.loads(files("wirecheck.report").joinpath("report.schema.json").read_text(encoding="utf-8"))


def _guarantee(result: GuaranteeResult) -> dict[str, Any]:
    return {
        "id": result.id,
        "level": result.level,
        "side": result.side,
        "verdict": result.verdict,
        "held": result.held,
        "broken": result.broken,
        "undecided": result.undecided,
        "source": result.source,
    }


def _finding(group: Group, hidden: Callable[[str], str]) -> dict[str, Any]:
    finding = group.first
    return {
        "kind": finding.kind,
        "code": finding.code,
        "guarantee": finding.guarantee,
        "level": finding.level,
        "side": finding.side,
        "frame": None if finding.frame is None else hidden(finding.frame),
        "pointer": None if finding.pointer is None else hidden(finding.pointer),
        "message": hidden(finding.message),
        "count": group.count,
        "first": {
            "input": group.input,
            "line": finding.at.line,
            "conn": hidden(finding.at.conn),
            "t": hidden(finding.at.t) if isinstance(finding.at.t, str) else finding.at.t,
        },
        "lines": list(group.lines),
    }
