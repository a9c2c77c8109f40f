"""What is open in one context, as a value.

Law: states compare by what they hold, so that a table of them can be walked. What an action does to one is said in
`effect`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

from wirecheck.walk.ground import Ground
from wirecheck.walk.readings import Reading

SENSE: Final = ""
"""Stands for a guarantee where no document forbids something, and only sense does."""
AGAIN: Final = "opened again"
"""How a span is broken that begins while it is open. Where clients may begin it, that proves nothing by itself, and so
it is no harm beside another fault."""
DELTA: Final = "text.delta"
OF_A_TURN: Final = frozenset({DELTA, "tool.open", "turn.close"})
"""Roles of frames that lie in a turn, so that history holds no more of them than turns were asked for."""
ASK_REPLAY: Final = "ask.replay"

Life = Literal["new", "here"]
Text = Literal["none", "claimed", "before", "some", "unclaimed"]
Topics = Literal["none", "some", "any"]
Twist = Literal["", "name", "connection", "text", "number", "topic", "history"]
"""A value that is not what it ought to be: of a partner's name, of the connection's, the whole of a text, a count, a
topic that nobody subscribed to, and what a replay holds."""


@dataclass(frozen=True, slots=True)
class Item:
    """One item: which kinds are open for it (indexes, in order), and whether no deadline binds it."""

    open: tuple[int, ...]
    patient: bool = False

    def without(self, kind: int) -> Item:
        return Item(tuple(one for one in self.open if one != kind), self.patient)


@dataclass(frozen=True, slots=True)
class State:
    """One context. `spans` says of each kind whether it is open (of items, only `items` says it), `halves` of each kind
    of either order how many of its two sides wait; `counts` and `excused` belong to the claims that count; `led` to
    those that lead; `begun` and `over` to those about edges. `life`: its names are still to be given, or are known.
    `topics`: nothing subscribed to, something, or anything. `text`: pieces of it came since the last reset, before it,
    or are of a span whose whole text never came. `counted`: a number was said in its span; `told`: text that a replay
    repeats (None: it does not matter). `known`: whether a span of each kind ended here, so that a further end would be
    one too many (empty: it does not matter). `attached`: a connection shows it. `gated`: the frames that a client has
    to ask for were asked for."""

    spans: tuple[bool, ...]
    halves: tuple[tuple[int, int], ...]
    counts: tuple[int, ...]
    excused: tuple[bool, ...]
    led: tuple[bool, ...]
    begun: tuple[bool, ...]
    over: tuple[bool, ...]
    items: tuple[Item, ...] = ()
    life: Life = "here"
    topics: Topics = "none"
    text: Text = "none"
    counted: bool = False
    told: bool | None = None
    known: tuple[bool, ...] = ()
    attached: bool = True
    gated: bool = True

    def rests(self) -> bool:
        """Whether nothing is open that has to end."""
        return not (any(self.spans) or self.items or any(a or b for a, b in self.halves))

    def only(self) -> int | None:
        """The kind of the one span that is open, and nothing else is owed; else None."""
        if any(a or b for a, b in self.halves):
            return None
        there = [kind for kind, is_open in enumerate(self.spans) if is_open]
        there += [kind for item in self.items for kind in item.open]
        return there[0] if len(there) == 1 else None

    def is_open(self, kind: int) -> bool:
        """Whether a span of the kind is open, of the context's own or of an item's."""
        return self.spans[kind] or any(kind in item.open for item in self.items)


@dataclass(frozen=True, slots=True, kw_only=True)
class Action:
    """A frame as it is meant here and now.

    `target` is the item that it is about (its place among the state's, None: a new one, if it opens any), `ends` the
    kinds that its possible roles really end (of this context, or of the target), `sweeps` that it ends everything
    that its possible roles could. `twist` is a wrong value (of `name`), against the guarantee `claim`.
    """

    reading: Reading
    target: int | None = None
    ends: tuple[int, ...] = ()
    sweeps: bool = False
    twist: Twist = ""
    name: str = ""
    claim: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """The state after an action, and what the action broke: guarantees (`SENSE` for what only sense forbids), and how;
    `once`: none of them more than once.

    `kept` are the places of the items that are still there; with `adds` a new one follows them.
    """

    state: State
    broken: dict[str, str]
    once: bool
    kept: tuple[int, ...]
    adds: bool


def fresh(ground: Ground, life: Life, *, gated: bool, proof: bool) -> State:
    """A context in which nothing happened yet. `proof`: it matters what could be proven."""
    return State(
        spans=(False,) * len(ground.kinds),
        halves=((0, 0),) * len(ground.kinds),
        counts=(0,) * len(ground.counts),
        excused=(False,) * len(ground.counts),
        led=(False,) * len(ground.leads),
        begun=(False,) * len(ground.edges),
        over=(False,) * len(ground.edges),
        life=life,
        told=False if proof and ground.history is not None else None,
        known=(False,) * len(ground.kinds) if proof else (),
        gated=gated,
    )
