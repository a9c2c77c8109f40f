"""Two frames that belong together, whichever comes first.

Law: `docs/verdicts.md`, section 4 (either order). What waits for its partner lies in the lane as a span.
"""

from __future__ import annotations

from wirecheck.shapes.forms import LaneForm, described
from wirecheck.shapes.lane import EXCUSED, MAX_OPEN, OPEN_SIDE, Key, Lane, agree, remember
from wirecheck.shapes.spans import is_nameless, new_span
from wirecheck.shapes.state import Event, Facts, Outcomes, Trace


def meet(form: LaneForm, trace: Trace, facts: Facts, event: Event, side: int, out: Outcomes) -> None:
    """In a lane of either order: a frame of one side meets an unmatched one of the other, or waits."""
    lane = trace.lanes[form.index]
    key = event.key(form.keys)
    first = key not in lane.settled
    lane.settle(key)
    waiting = [span for span in lane.agreeing(key) if span.side != side]
    if waiting:
        exact = [span for span in waiting if span.key == key and None not in key]
        fitting = exact or waiting
        ranked = [span for span in fitting if span.solid] or [span for span in fitting if not span.doubtful] or fitting
        partner = ranked[0]
        lane.remove(partner)
        facts.open_spans -= 1
        if partner.excused:
            pardon(lane, partner.key)
        if partner.doubtful:
            out.undecided(form.guarantee)
        else:
            out.held(form.guarantee)
        return
    for late in lane.late:
        if late.side != side and agree(late.key, key):
            lane.late.remove(late)
            pardon(lane, key)
            return
    judged = side == OPEN_SIDE or form.judges_close
    if form.exclusive and None not in key:
        for older in [span for span in lane.spans.get(key, ()) if span.side == side]:
            lane.remove(older)
            facts.open_spans -= 1
            if not judged:
                continue
            if older.solid and trace.live and _from_start(form, key, facts):
                lacking = form.closes if side == OPEN_SIDE else form.opens
                text = (
                    f"has no {lacking} beside it{described(form, key)}: line {event.at.line} is the next {older.label}"
                )
                out.broke(form.guarantee, older.at, older.label, text)
            else:
                out.undecided(form.guarantee)
    if facts.open_spans >= MAX_OPEN or lane.is_full(key):
        if judged:
            out.undecided(form.guarantee)
        return
    span = new_span(form, event, key, facts, patient=False)
    span.side = side
    span.excused = _is_pardoned(lane, key) or (first and not _from_start(form, key, facts))
    lane.add(span)
    facts.open_spans += 1


def may_meet(form: LaneForm, trace: Trace, event: Event) -> None:
    """In a lane of either order: a frame that may be of either side excuses all that it could mean, also the next."""
    lane = trace.lanes[form.index]
    key = event.key(form.keys)
    for span in lane.newly(EXCUSED) if is_nameless(key) else lane.agreeing(key):
        span.excused = True
    pardon(lane, key)


def pardon(lane: Lane, key: Key) -> None:
    """In a lane of either order: a partner of the next frame with this key may have come already."""
    if None in key:
        lane.pardoned = True
        lane.waited.clear()
    else:
        remember(lane.pardons, key)


def _from_start(form: LaneForm, key: Key, facts: Facts) -> bool:
    """Whether everything that concerns the key was seen from its beginning."""
    return facts.started if form.home is None else key[form.home] in facts.homes


def _is_pardoned(lane: Lane, key: Key) -> bool:
    """Whether a partner of this frame, which now waits, may have come before."""
    if key in lane.pardons:
        del lane.pardons[key]
        return True
    if not lane.pardoned or key in lane.waited:
        return False
    remember(lane.waited, key)
    return True
