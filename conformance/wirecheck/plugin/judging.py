"""A case's verdict as the outcome of a pytest item.

Law: broken at a level that fails is a failure with its evidence; broken below is a warning, or goes by; what could not
be judged is skipped, and never passes. No line of ours is in a traceback, whatever pytest is asked to show.
"""

from __future__ import annotations

from typing import Any, Final

import pytest

from wirecheck.drive import Case, Judged, judged
from wirecheck.errors import WirecheckError
from wirecheck.plugin.evidence import broke, broken, headline, reason
from wirecheck.plugin.notes import Note
from wirecheck.plugin.run import RUN, Run, Shown, our_fault
from wirecheck.plugin.warned import WirecheckWarning
from wirecheck.report.view import as_strict_as

NOTE: Final = pytest.StashKey[Note]()
"""What an item has to tell the session, until its report carries it."""


def judge(item: pytest.Item, case: Case) -> None:
    """Play the scenario, if nobody has yet, and pass, fail or skip by what it shows of the case."""
    __tracebackhide__ = True
    run = item.config.stash[RUN]
    guarantee = case.dialect.guarantees.get(case.guarantee)
    _property(item, "guarantee", case.guarantee)
    _property(item, "level", case.level or "must")
    _property(item, "source", case.source)
    _property(item, "scenario", case.scenario.name)
    run.arrive()
    shown, fresh = _shown(run, case)
    found = judged(case, shown.outcome)
    terms = run.settings.terms
    fails = found.verdict == "failed" and terms.fail_on != "never" and as_strict_as(found.level, terms.fail_on)
    tolerated = found.verdict == "failed" and run.settings.expected.tolerates(case, found)
    _property(item, "verdict", found.verdict)
    if case.level is None and found.verdict == "failed":
        _property(item, "level", found.level)
    item.stash[NOTE] = Note(
        case=case.id,
        scenario=case.scenario.name,
        guarantee=None if guarantee is None else guarantee.id,
        level=found.level,
        verdict=found.verdict,
        broke=broke(case, found),
        says=run.clean(reason(found)),
        tolerated=tolerated,
        played=shown.played if fresh else None,
    )
    _end(item, run, case, found, shown, fails=fails, tolerated=tolerated)


def _end(item: pytest.Item, run: Run, case: Case, found: Judged, shown: Shown, *, fails: bool, tolerated: bool) -> None:
    """End the item as its verdict says."""
    __tracebackhide__ = True
    if found.verdict == "passed":
        return
    why = run.clean(reason(found))
    if found.verdict != "failed":
        word = "undecided" if found.verdict == "inconclusive" else "not exercised"
        pytest.skip(f"{word}: {why}")
    if tolerated:
        pytest.xfail(f"expected: {why}")
    text = broken(case, found, shown)
    if fails:
        pytest.fail(text, pytrace=False)
    if found.level != "may":
        warn(item, run.clean(headline(case, found)), text)
    item.add_report_section("call", "wirecheck", text)


def warn(item: pytest.Item, line: str, text: str) -> None:
    """Warn at the item; where the user makes errors of warnings, fail as plainly as any failure."""
    __tracebackhide__ = True
    raised = False
    try:
        item.warn(WirecheckWarning(line))
    except WirecheckWarning:
        raised = True
    if raised:
        pytest.fail(text, pytrace=False)


def _shown(run: Run, case: Case) -> tuple[Shown, bool]:
    """What the scenario showed. A mistake of the user's, or of our own, fails the item in one sentence."""
    __tracebackhide__ = True
    try:
        return run.shown(case.scenario)
    except WirecheckError as error:
        said = f"wirecheck: {run.clean(str(error))}"
    except Exception as error:
        said = f"wirecheck: {our_fault(error, run.clean)}"
    pytest.fail(said, pytrace=False)


def _property(item: pytest.Item, name: str, value: Any) -> None:
    """A property of the item's in JUnit XML, and in every other report; the last value counts."""
    key = f"wirecheck_{name}"
    item.user_properties[:] = [(known, old) for known, old in item.user_properties if known != key]
    item.user_properties.append((key, str(value)))
