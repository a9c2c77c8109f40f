"""How much is looked through for one frame, whatever a peer sends.

Law: `docs/verdicts.md`, section 12. A frame that says which span it means finds it at once; one that does not is
compared with every open span, and where those are too many none of them is known any more. Every span is given up
once at most, so that the work of a connection stays in proportion to its frames.
"""

from __future__ import annotations

from collections.abc import Iterable

from wirecheck.shapes import sure
from wirecheck.shapes.either import pardon
from wirecheck.shapes.forms import LaneForm
from wirecheck.shapes.lane import MAX_ALIKE, OPEN_SIDE
from wirecheck.shapes.spans import give_up, is_nameless
from wirecheck.shapes.state import Event, Facts, Outcomes, Trace


def relieve(
    looks: Iterable[LaneForm], may_look: Iterable[LaneForm], ends: Iterable[tuple[LaneForm, int]],
    trace: Trace, facts: Facts, event: Event, out: Outcomes,
) -> None:  # fmt: skip
    """Before a frame is judged that looks, or may look, for spans in some lanes, and ends what lies in others."""
    for form in looks:
        if trace.lanes[form.index].size > MAX_ALIKE and None in event.key(form.keys):
            disperse(form, trace, facts, out)
    for form in may_look:  # a frame without any name befalls all spans, which costs no looking
        key = event.key(form.keys)
        if trace.lanes[form.index].size > MAX_ALIKE and None in key and not is_nameless(key):
            disperse(form, trace, facts, out)
    for form, number in ends:
        lane = trace.lanes[form.index]
        if lane.size > MAX_ALIKE and (lane.holes or None in event.key(form.by[number].names)):
            disperse(form, trace, facts, out)


def disperse(form: LaneForm, trace: Trace, facts: Facts, out: Outcomes) -> None:
    """Nobody can tell any more which spans of this kind are open: all end undecided, and none is sure."""
    lane = trace.lanes[form.index]
    for span in lane.all():
        facts.open_spans -= 1
        give_up(span, out)
        if not span.assumed and (not form.either or span.side == OPEN_SIDE or form.judges_close):
            out.undecided(form.guarantee)
    lane.clear()
    nameless = (None,) * len(form.keys)
    sure.loosen(form, lane, nameless)
    if form.either:
        pardon(lane, nameless)
