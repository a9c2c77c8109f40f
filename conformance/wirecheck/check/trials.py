"""What whoever led a conversation learnt of a guarantee, where traffic alone cannot decide it.

Law: a trial speaks of its own guarantee and of its own connection, and of nothing that the checker can tell by itself.
"""

from __future__ import annotations

from wirecheck.check import route
from wirecheck.check.plan import Plan
from wirecheck.record import Trial
from wirecheck.shapes.state import Outcomes


def count(plan: Plan, connection: route.Connection | None, trial: Trial, out: Outcomes) -> None:
    """Count what the trial showed. One about a guarantee that the dialect does not claim says nothing here."""
    claim = plan.dialect.guarantees.get(trial.guarantee)
    if claim is None:
        return
    if trial.outcome == "expired":
        if connection is not None:
            route.expire(plan, connection, claim.id, trial.seconds, out)
    elif claim.rule.passive is not None:
        if trial.outcome == "held":
            out.held(claim.id)
        else:
            out.broke(claim.id, trial.at, None, trial.says or f"this did not hold: {claim.rule.says}")
