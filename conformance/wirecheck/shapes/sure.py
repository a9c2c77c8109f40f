"""Whether we would know: could a span be open that we never saw?

Law: judges nothing; every doubt is resolved towards "we would not know".
"""

from __future__ import annotations

from wirecheck.catalog.model import Sender
from wirecheck.shapes.forms import LaneForm
from wirecheck.shapes.lane import MAX_ALIKE, Key, Lane, agree, remember
from wirecheck.shapes.state import Facts, Trace

_REPLAYED: frozenset[Sender] = frozenset({"server"})
"""A replay holds the server's frames only."""


def is_sure(form: LaneForm, lane: Lane, key: Key, facts: Facts, trace: Trace) -> bool:
    """Whether no span with this key can be open without our having seen it begin."""
    if not form.openers <= (facts.seen if trace.live else _REPLAYED):
        return False
    if form.home is not None and key[form.home] not in facts.homes:
        return False
    if lane.known and not lane.is_loose(key):
        return True
    if form.exclusive:
        return None not in key and key in lane.settled
    if lane.cleared:
        for number, by in enumerate(form.by):
            if by.positions is None:
                continue
            common = tuple([key[position] for position in by.positions])
            if None not in common and (number, common) in lane.cleared:
                return True
    return False


def orphaned(form: LaneForm, lane: Lane, key: Key, facts: Facts) -> None:
    """An orphan was left undecided: from now on this key may be settled."""
    if form.exclusive and (form.here or "client" not in form.openers or facts.exclusive):
        lane.settle(key)


def clear(form: LaneForm, lane: Lane, by: int, key: Key) -> None:
    """A span of the `by` kind with `key` began or ended: what was open in ours before it is over."""
    places = form.by[by].positions
    if None in key or places is None:
        return
    if form.exclusive:
        lane.settle(tuple([value for _, value in sorted(zip(places, key, strict=True))]))
    else:
        remember(lane.cleared, (by, key))


def hear(form: LaneForm, lane: Lane, key: Key, *, ended: bool) -> None:
    """A frame carried this key: unless a span with it is open here, or just ended, one may be that we did not see."""
    if None in key:
        return
    if ended or key in lane.spans:
        lane.heard.forget(key)
    else:
        lane.heard.remember(key)


def is_closable(form: LaneForm, facts: Facts, trace: Trace) -> bool:
    """Whether a span's end would have been seen: what nobody recorded is not missing."""
    return form.closers <= (facts.seen if trace.live else _REPLAYED)


def loosen(form: LaneForm, lane: Lane, key: Key) -> None:
    """Something may have been opened that we could not see: keys agreeing with `key` are no longer sure."""
    lane.loosen(key)
    for number, by in enumerate(form.by if lane.cleared else ()):
        if by.positions is None:
            continue
        ours = tuple([key[position] for position in by.positions])
        if None not in ours:
            lane.cleared.pop((number, ours), None)
        elif len(lane.cleared) > MAX_ALIKE:
            lane.cleared.clear()
        else:
            for other, common in [each for each in lane.cleared if each[0] == number]:
                if agree(ours, common):
                    del lane.cleared[other, common]
