"""Whether we would know: could a span be open that we never saw?

Law: judges nothing; every doubt is resolved towards "we would not know".
"""

from __future__ import annotations

from wirecheck.catalog.model import Sender
from wirecheck.shapes.state import Facts, Key, Lane, LaneForm, Trace, agree, remember

_REPLAYED: frozenset[Sender] = frozenset({"server"})
"""A replay holds the server's frames only."""


def is_sure(form: LaneForm, lane: Lane, key: Key, facts: Facts, trace: Trace) -> bool:
    """Whether no span with this key can be open without our having seen it begin."""
    if not form.openers <= (facts.seen if trace.live else _REPLAYED):
        return False
    if lane.known and not lane.is_loose(key):
        return True
    if form.exclusive:
        return None not in key and key in lane.settled
    if not lane.cleared:
        return False
    for number, by in enumerate(form.by):
        common = tuple([key[ours] for ours, _ in by.common])
        if None not in common and (number, common) in lane.cleared:
            return True
    return False


def orphaned(form: LaneForm, lane: Lane, key: Key, facts: Facts) -> None:
    """An orphan was left undecided: from now on this key may be settled."""
    if form.exclusive and (form.here or "client" not in form.openers or facts.exclusive):
        lane.settle(key)


def clear(form: LaneForm, lane: Lane, by: int, key: Key) -> None:
    """A span of the `by` kind with `key` began or ended: what was open in ours before it is over."""
    common = tuple([key[theirs] for _, theirs in form.by[by].common])
    if None not in common:
        remember(lane.cleared, (by, common))


def loosen(form: LaneForm, lane: Lane, key: Key) -> None:
    """Something may have been opened that we could not see: keys agreeing with `key` are no longer sure."""
    lane.loosen(key)
    if lane.cleared:
        for number, common in list(lane.cleared):
            ours = tuple([key[position] for position, _ in form.by[number].common])
            if agree(ours, common):
                del lane.cleared[number, common]


def blur(form: LaneForm, lane: Lane, sender: Sender) -> None:
    """A message of this sender could not be read: what it could have ended or begun is open to doubt."""
    if sender in form.closers:
        for span in lane.all():
            span.doubtful = True
    if sender in form.openers:
        loosen(form, lane, (None,) * len(form.keys))
