"""What came of a scenario, as a value.

Law: everything that a report, a test or a program wants to know of it, and nothing that must not be shown.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from wirecheck.catalog.script import Scenario
from wirecheck.drive.recorder import Spool
from wirecheck.report import Shown
from wirecheck.report.evidence import Place
from wirecheck.verdict import Report


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """One scenario, played. `report` is merged over the attempts.

    `ended` is empty when it was played to its end, else it says what was awaited and what happened; `declined` that the
    server said that it would not go on, by another documented frame or by a close. `skipped` says why it was not played
    at all. `turns` were sent, `heard` messages came from the server, `connected` says whether any
    connection came about, `mute` that a ping was left without an answer, and `refused` why a connection with a good
    credential did not come about. `records` is the capture, to be
    saved by whoever wants to keep it; None where nothing was played. `evidence` holds the records around the findings,
    by line and connection. `secrets` must not be shown.
    """

    scenario: Scenario
    report: Report
    ended: str = ""
    declined: bool = False
    skipped: str = ""
    attempts: int = 0
    turns: int = 0
    heard: int = 0
    connected: bool = False
    mute: bool = False
    refused: str = ""
    seconds: float = 0.0
    records: Spool | None = None
    evidence: Mapping[Place, tuple[Shown, ...]] = field(default_factory=dict)
    secrets: frozenset[str] = field(default_factory=frozenset, repr=False)
