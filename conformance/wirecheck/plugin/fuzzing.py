"""The suite's test that fuzzes: one campaign, and what it found as the outcome of a pytest item.

Law: the same oracle as the command's, within the session's limits and its cap on turns. A finding that is strict enough
fails the item with the shortest conversation; a milder one warns.
"""

from __future__ import annotations

import secrets
from typing import Final

import pytest

from wirecheck.campaign import Plan, Result, campaign
from wirecheck.campaign.keep import keep
from wirecheck.campaign.shown import text
from wirecheck.errors import WirecheckError
from wirecheck.plugin.judging import warn
from wirecheck.plugin.run import RUN, Run, our_fault

_SEEDS: Final = 1_000_000_000


def fuzz(item: pytest.Item) -> None:
    """Send the session's number of messages, and pass or fail by what the server does with them."""
    __tracebackhide__ = True
    run = item.config.stash[RUN]
    run.arrive()
    result, trouble = _result(run)
    if result is None:
        pytest.fail(trouble, pytrace=False)
    part = f"{run.worker}-" if run.worker else ""
    report = text(result, keep(result, run.folder(), part=part))
    if result.interrupted:
        raise KeyboardInterrupt
    if result.fails:
        pytest.fail(report, pytrace=False)
    milder = [found for found in result.found if found.flaw.level == "should"]
    if milder:
        warn(item, run.clean(f"{milder[0].flaw.code}: {milder[0].flaw.says}"), report)
    item.add_report_section("call", "wirecheck", report)


def _result(run: Run) -> tuple[Result | None, str]:
    """What came of the campaign, or in one sentence why there was none."""
    settings, budget = run.settings, run.budget
    plan = Plan(
        target=settings.target,
        limits=settings.limits,
        messages=settings.fuzz,
        seconds=None,
        max_turns=None if budget.max_turns is None else max(0, budget.max_turns - budget.used),
        seed=secrets.randbelow(_SEEDS),
        fail_on=settings.terms.fail_on,
    )
    try:
        result = campaign(plan)
    except WirecheckError as error:
        return None, f"wirecheck: {run.clean(str(error))}"
    except Exception as error:
        return None, f"wirecheck: {our_fault(error, run.clean)}"
    budget.take(result.turns)
    return result, ""
