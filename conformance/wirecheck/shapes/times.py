"""How often a frame may come in a span.

Law: `docs/verdicts.md`, section 6. The count lives in the span; this module only adds to it and judges it at the end.
"""

from __future__ import annotations

from wirecheck.shapes.forms import LaneForm, Times, described
from wirecheck.shapes.lane import Span
from wirecheck.shapes.state import Event, Outcomes, Trace


def count(form: LaneForm, rule: Times, trace: Trace, event: Event, out: Outcomes) -> None:
    """A counted frame came: it counts in the span whose key it fits."""
    spans = trace.lanes[form.index].fitting(event.key(form.keys))
    if not spans:
        return
    if len({span.key for span in spans}) > 1:
        for span in spans:
            span.uncounted = True
        return
    ranked = [span for span in spans if span.solid] or [span for span in spans if not span.doubtful]
    if not ranked:
        return
    span = ranked[0]
    if span.solid:
        span.witnessed = True
    span.count += 1
    if span.count > rule.most:
        if not span.solid:
            span.uncounted = True
        elif not span.over and not span.uncounted:
            span.over = True
            what = f"number {span.count} in one {form.name}{described(form, span.key)}, at most {rule.most}"
            out.broke(rule.guarantee, event.at, event.label, what)


def pardon(form: LaneForm, trace: Trace, event: Event) -> None:
    """A frame with a role that excuses an absence, for every span it could mean."""
    for span in trace.lanes[form.index].agreeing(event.key(form.keys)):
        span.pardoned = True


def closed(form: LaneForm, span: Span, trace: Trace, event: Event, out: Outcomes) -> None:
    """The span ended: judge its counts."""
    for rule in form.times:
        if span.over:
            continue
        if span.doubtful or span.uncounted:
            out.undecided(rule.guarantee)
        elif span.count >= rule.least or span.pardoned or event.roles & rule.excused:
            out.held(rule.guarantee)
        elif span.excused or not trace.live:
            out.undecided(rule.guarantee)
        else:
            what = f"ended at line {event.at.line} with {span.count} {rule.frames}, at least {rule.least} wanted"
            out.broke(rule.guarantee, span.at, span.label, f"the {form.name}{described(form, span.key)} {what}")
