"""What one item has to tell the session, as plain data: it may cross from one process to another.

Law: dicts, lists, texts and numbers, whose size is bounded. They travel with an item's own report, so that a session
that ends early, or loses a worker, has lost nothing that was already reported.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any, Final

from wirecheck.catalog import Level
from wirecheck.record import At
from wirecheck.verdict import Finding, Group, GuaranteeResult, Report, Verdict

CAUSES: Final = 200
"""Groups of findings of one scenario that travel; further ones are counted as dropped."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Played:
    """A scenario that was played for the session, and by which worker of it.

    `ended` says why it did not come to its end, or was not played at all (then there is no report); `refused`: because
    the server took no connection any more.
    """

    scenario: str
    worker: str
    ended: str
    refused: bool
    turns: int
    report: Report | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Note:
    """The verdict of one item.

    `guarantee` is None for what is no guarantee (frames, and whatever else the scenario showed); `broke` is what a
    failure is about, and `says` why. `tolerated` is a failure that the user expects. `played` comes with the item for
    which the scenario was played.
    """

    case: str
    scenario: str
    guarantee: str | None
    level: Level
    verdict: Verdict
    broke: str = ""
    says: str = ""
    tolerated: bool = False
    played: Played | None = None


def packed(note: Note) -> dict[str, Any]:
    """The note as plain data."""
    played = note.played
    if played is not None and played.report is not None:
        report = played.report
        over = sum(group.count for group in report.findings[CAUSES:])
        report = replace(report, findings=report.findings[:CAUSES], dropped=report.dropped + over)
        note = replace(note, played=replace(played, report=report))
    plain: dict[str, Any] = _sound(asdict(note))
    return plain


def unpacked(data: Mapping[str, Any]) -> Note:
    """The note that was packed."""
    played = data["played"]
    if played is not None:
        report = played["report"]
        played = Played(**{**played, "report": None if report is None else _report(report)})
    return Note(**{**data, "played": played})


def _sound(value: Any) -> Any:
    """The value with lone surrogates spelt out: what a peer sent may hold them, and no channel takes them."""
    if isinstance(value, str):
        return value.encode("utf-8", "backslashreplace").decode()
    if isinstance(value, dict):
        return {name: _sound(inner) for name, inner in value.items()}
    return [_sound(inner) for inner in value] if isinstance(value, list | tuple) else value


def _report(data: Mapping[str, Any]) -> Report:
    return Report(
        **{
            **data,
            "inputs": tuple(data["inputs"]),
            "guarantees": tuple(GuaranteeResult(**result) for result in data["guarantees"]),
            "findings": tuple(_group(group) for group in data["findings"]),
        }
    )


def _group(data: Mapping[str, Any]) -> Group:
    first = data["first"]
    finding = Finding(**{**first, "at": At(**first["at"]), "cause": tuple(first["cause"])})
    return Group(**{**data, "first": finding, "lines": tuple(data["lines"])})
