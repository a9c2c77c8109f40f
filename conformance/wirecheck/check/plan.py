"""A dialect compiled to tables.

Law: made once a dialect, never changed while checking, free of anything observed. Every decision that depends only on
the catalog is taken here, so that judging a frame is a walk over small tuples.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from wirecheck.catalog.model import Dialect, FrameForm, Guarantee, Locator, Sender
from wirecheck.shapes.forms import LaneForm, Times
from wirecheck.shapes.joins import Joins
from wirecheck.shapes.lane import CLOSE_SIDE, OPEN_SIDE
from wirecheck.shapes.opted import Subscription
from wirecheck.shapes.place import Edge
from wirecheck.shapes.steps import Steps

BORN = "answer.session"
"""The role of a frame that names a session which was just created."""

HISTORIC = frozenset(
    {BORN, "ask.session", "ask.replay", "turn.open", "turn.close", "text.delta", "tool.open", "tool.close"}
)
"""The roles that tell what happened in a session, as far as a replay of it should."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Moves:
    """All that a frame of one kind does, given which of its cases hold."""

    form: FrameForm
    label: str
    sender: Sender
    roles: frozenset[str]
    may: frozenset[str]
    places: tuple[tuple[bool, LaneForm, str], ...] = ()
    counts: tuple[tuple[LaneForm, Times], ...] = ()
    pardons: tuple[LaneForm, ...] = ()
    joins: bool = False
    steps: bool = False
    gated: bool = False
    subscribes: bool = False
    topical: bool = False
    agrees: tuple[tuple[str, str], ...] = ()
    closes: tuple[LaneForm, ...] = ()
    meets: tuple[tuple[LaneForm, int], ...] = ()
    may_closes: tuple[LaneForm, ...] = ()
    may_meets: tuple[LaneForm, ...] = ()
    deadlines: tuple[tuple[LaneForm, tuple[tuple[LaneForm, int], ...]], ...] = ()
    opens: tuple[tuple[LaneForm, bool], ...] = ()
    may_opens: tuple[LaneForm, ...] = ()
    implies: tuple[LaneForm, ...] = ()
    clears: tuple[tuple[LaneForm, LaneForm, int], ...] = ()
    begins_bracket: bool = False
    ends_bracket: bool = False
    connected: bool = False
    moving: bool = False
    names: tuple[str, ...] = ()
    delta: bool = False
    born: bool = False
    hears: tuple[LaneForm, ...] = ()
    looks: tuple[LaneForm, ...] = ()
    may_look: tuple[LaneForm, ...] = ()
    ends: tuple[tuple[LaneForm, int], ...] = ()
    unplaceable: bool = False
    historic: bool = False
    documented: tuple[str, ...] = ()
    """`connected`, `moving`: whether there is anything to judge of the connection, or to change in the lanes; `names`:
    the names whose values are needed;
    `delta`: a piece of text and nothing else; `born`: names a session that was just created;
    `documented`: the payload's members that the document names;
    `historic`: is of any account to what a replay should hold;
    `unplaceable`: begins a turn, perhaps, of a session that it may not name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Glance:
    """A frame that has only to lie in a span of the lane `index`, while no span of the lanes `leads` waits: the
    payload's members that give its key, and its text."""

    index: int
    leads: tuple[int, ...]
    guarantee: str
    keys: tuple[str, ...]
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """A dialect's tables. `names` says where each frame carries what the rules ask for."""

    dialect: Dialect
    lanes: tuple[LaneForm, ...]
    guarantees: tuple[Guarantee, ...]
    edges: tuple[Edge, ...]
    leads: tuple[tuple[LaneForm, str, str, frozenset[Sender]], ...]
    joins: Joins | None
    steps: Steps | None
    subscription: Subscription | None
    gate: str | None
    ends: tuple[str, frozenset[int]] | None
    bracket: LaneForm | None
    history: str | None
    live_after: str | None
    connection_names: tuple[str, ...]
    defaults: Mapping[str, Any]
    _places: Mapping[str, tuple[tuple[bool, str, str], ...]] = field(default_factory=dict)
    _agrees: tuple[tuple[str, str, str | None], ...] = ()

    def moves(self, form: FrameForm, roles: frozenset[str], may: frozenset[str]) -> Moves:
        """What a frame with these certain and possible roles does."""
        may = may - roles
        ordered = [lane for lane in self.lanes if not lane.either]
        either = [lane for lane in self.lanes if lane.either]
        by_name = {lane.name: lane for lane in self.lanes}
        closes = tuple(lane for lane in ordered if lane.close_role in roles)
        ended = {lane.index for lane in closes}
        touched = ended | {lane.index for lane in ordered if lane.open_role in roles}
        moves = Moves(
            form=form,
            label=form.tag if form.tag is not None else form.key,
            sender=form.sender,
            roles=roles,
            may=may,
            places=tuple(
                (inside, by_name[span], guarantee)
                for role in sorted(roles)
                for inside, span, guarantee in self._places.get(role, ())
            ),
            counts=tuple((lane, rule) for lane in self.lanes for rule in lane.times if rule.frames in roles),
            pardons=tuple(lane for lane in self.lanes for rule in lane.times if rule.excused & roles),
            joins=self.joins is not None
            and bool(roles & ({self.joins.lane.open_role, self.joins.deltas, self.joins.final} | self.joins.reset)),
            steps=self.steps is not None and self.steps.frames in roles,
            gated=self.gate is not None and bool(form.needs),
            subscribes=self.subscription is not None
            and bool((roles | may) & {self.subscription.on, self.subscription.opaque}),
            topical=self.subscription is not None and self.subscription.frames in roles,
            agrees=tuple((guarantee, name) for guarantee, name, role in self._agrees if role is None or role in roles),
            closes=closes,
            meets=tuple(
                (lane, side)
                for lane in either
                for side, role in ((OPEN_SIDE, lane.open_role), (CLOSE_SIDE, lane.close_role))
                if role in roles
            ),
            may_closes=tuple(lane for lane in ordered if lane.close_role in may),
            may_meets=tuple(lane for lane in either if may & {lane.open_role, lane.close_role}),
            deadlines=tuple(
                (
                    ending,
                    tuple(
                        (lane, number)
                        for lane in self.lanes
                        for number, by in enumerate(lane.by)
                        if by.lane == ending.index
                    ),
                )
                for ending in closes
            ),
            opens=tuple((lane, bool(lane.patient & roles)) for lane in ordered if lane.open_role in roles),
            may_opens=tuple(lane for lane in ordered if lane.open_role in may),
            implies=tuple(lane for lane in ordered if lane.implied_by & roles),
            clears=tuple(
                (self.lanes[by.lane], lane, number)
                for lane in ordered
                for number, by in enumerate(lane.by)
                if (by.settles and self.lanes[by.lane].open_role in roles)
                or (by.lane in touched and not lane.exclusive)
            ),
            begins_bracket=self.bracket is not None and self.bracket.open_role in roles,
            ends_bracket=self.bracket is not None and self.bracket.close_role in roles,
        )
        return replace(
            moves,
            connected=moves.gated or moves.subscribes or moves.topical or bool(moves.agrees),
            moving=bool(
                moves.closes or moves.meets or moves.may_closes or moves.may_meets or moves.opens or moves.may_opens
            ),
            names=self._needed(moves),
            delta=roles == {"text.delta"},
            born=BORN in roles,
            unplaceable="turn.open" in roles | may,
            documented=tuple((form.payload or {}).get("properties", ())),
            historic=moves.begins_bracket or moves.ends_bracket or bool((roles | may) & HISTORIC),
            looks=tuple(
                dict.fromkeys(
                    [
                        *(lane for _, lane, _ in moves.places),
                        *(lane for lane, _ in moves.counts),
                        *moves.pardons,
                        *moves.implies,
                        *moves.closes,
                        *(lane for lane, _ in moves.meets),
                    ]
                )
            ),
            may_look=moves.may_closes + moves.may_meets,
            ends=tuple(waiting for _, those in moves.deadlines for waiting in those),
            hears=tuple(lane for lane in self.lanes if lane.nameless),
        )

    def glance(self, form: FrameForm) -> Glance | None:
        """What to look at, for a frame that has only to lie in a span; None for one that asks for more."""
        moves = self.moves(form, frozenset(form.roles), frozenset(form.may))
        if form.cases or form.contains or len(moves.places) != 1 or not moves.places[0][0]:
            return None
        if form.sender == "client":  # which frame of the client was the last one counts when the server closes
            return None
        _, lane, guarantee = moves.places[0]
        if moves.counts or moves.pardons or moves.joins or moves.steps or moves.clears or moves.hears or moves.may:
            return None
        if moves.moving or moves.connected or self.edges or any(other is not lane for other in moves.implies):
            return None
        if any(lead.keys != lane.keys for lead, *_ in self.leads):
            return None
        members = [_member(self.dialect, form, name) for name in (*lane.keys, "text")]
        if self.bracket is not None and not (moves.delta and self.bracket.keys == lane.keys and members[-1]):
            return None
        keys = tuple(member for member in members[:-1] if member is not None)
        if len(keys) != len(lane.keys):
            return None
        leads = tuple(lead.index for lead, *_ in self.leads)
        return Glance(index=lane.index, leads=leads, guarantee=guarantee, keys=keys, text=members[-1] or "")

    def _needed(self, moves: Moves) -> tuple[str, ...]:
        """The names whose values such a frame is asked for."""
        forms = [
            *(form for _, form, _ in moves.places),
            *(form for form, _ in moves.counts),
            *moves.pardons,
            *moves.closes,
            *(form for form, _ in moves.meets),
            *moves.may_closes,
            *moves.may_meets,
            *(form for form, _ in moves.opens),
            *moves.may_opens,
            *moves.implies,
            *(lane for lane in self.lanes if lane.nameless),
            *(form for form, *_ in self.leads),
            *(edge.lane for edge in self.edges),
            *([self.bracket] if self.bracket else []),
            *([self.joins.lane] if self.joins and moves.joins else []),
            *(self.lanes if moves.closes else ()),
        ]
        needed = {name for form in forms for name in (*form.keys, *form.kept)}
        needed |= {name for form in forms for by in form.by for name in by.names}
        needed |= {form.prefer for form in forms if form.prefer}
        needed |= {name for _, name in moves.agrees}
        if self.joins and moves.joins:
            needed |= {self.joins.text, self.joins.whole}
        if self.steps and moves.steps:
            needed |= {self.steps.number, self.steps.bound}
        if self.subscription and (moves.topical or moves.subscribes):
            needed |= {self.subscription.topic, self.subscription.topics}
        if self.bracket is not None:
            needed |= {"text"} if "text.delta" in moves.roles else set()
            needed |= {"final"} if "turn.close" in moves.roles else set()
        return tuple(name for name in self.dialect.names if name in needed)


def _member(dialect: Dialect, form: FrameForm, name: str) -> str | None:
    """The payload member that gives the name, where that is the first and a direct one, and a string by the schema."""
    place = next(iter(dialect.names.get(name, ())), None)
    if place is None or place.place != "payload" or len(place.path) != 1:
        return None
    schema = (form.payload or {}).get("properties", {}).get(place.path[0], {})
    required = place.path[0] in (form.payload or {}).get("required", ())
    return place.path[0] if schema.get("type") == "string" and required else None


def locators(dialect: Dialect, names: tuple[str, ...]) -> tuple[tuple[str, bool, str, tuple[str, ...]], ...]:
    """For each name, where a frame may carry it: (name, in the header?, first step, further steps), in order."""
    return tuple(
        (name, place.place == "header", place.path[0], place.path[1:])
        for name in names
        for place in dialect.names[name]
        if _carried(place)
    )


def _carried(place: Locator) -> bool:
    return place.place in ("payload", "header")
