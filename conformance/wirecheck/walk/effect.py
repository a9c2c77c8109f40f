"""What a frame does to a state, and which conditions it breaks.

Law: the truth of a conversation is known here (which span a failure ended, whose request is answered), so nothing is
ever undecided. After a break the state goes on as a reader of it would: an orphan is dropped, what missed its end is
gone, what begins again begins.
"""

from __future__ import annotations

from typing import Final

from wirecheck.walk import heard
from wirecheck.walk.ground import Ground
from wirecheck.walk.readings import Reading
from wirecheck.walk.state import AGAIN, ASK_REPLAY, DELTA, OF_A_TURN, SENSE, Action, Item, Result, State
from wirecheck.walk.terms import Edge, Kind


def result(ground: Ground, state: State, action: Action, *, proof: bool) -> Result | None:
    """What comes of an action, in the order in which a frame is judged: conditions on what was before it, then what it
    closes, deadlines, and what it opens. None where it breaks something and that is no matter (`proof` is not asked
    for), or where it makes no sense at all."""
    scene = _Scene(ground, state, action)
    scene.sense()
    if not scene.live and proof:  # taken for history, whatever it was meant to be
        kept = tuple(range(len(state.items)))
        return Result(state=state, broken=scene.broken, once=scene.once, kept=kept, adds=False)
    for part in _PARTS:
        if scene.broken and (not proof or scene.broken.get(SENSE, AGAIN) != AGAIN):
            return None
        part(scene)
    if action.twist:
        scene.breaks(action.claim, "another value")
    if scene.broken and (not proof or scene.broken.get(SENSE, AGAIN) != AGAIN):
        return None
    return scene.result()


class _Scene:
    """One action, while it takes effect."""

    def __init__(self, ground: Ground, state: State, action: Action) -> None:
        self.ground, self.before, self.action = ground, state, action
        self.reading: Reading = action.reading
        self.roles = action.reading.roles
        self.broken: dict[str, str] = {}
        self.orphaned: set[str] = set()
        self.spans = list(state.spans)
        self.halves = list(state.halves)
        self.counts = list(state.counts)
        self.excused = list(state.excused)
        self.led = list(state.led)
        self.begun = list(state.begun)
        self.over = list(state.over)
        self.items = list(state.items)
        self.known = list(state.known)
        self.live = self.once = True

    def breaks(self, claim: str | None, how: str) -> None:
        claim = claim or SENSE
        self.once = self.once and claim not in self.broken
        self.broken.setdefault(claim, how)

    def sense(self) -> None:
        """What holds whatever a document promises: nobody speaks of a session that has no name yet, nor where nobody is
        attached; and what a replay shows is history."""
        ground, state, roles = self.ground, self.before, self.roles
        birth, bracket = ground.birth, ground.bracket
        if birth is not None:
            opens, closes = birth.span.open in roles, birth.span.close in roles
            if state.life == "new" and not (closes if state.is_open(birth.index) else opens or closes):
                self.breaks(SENSE, "before its name is known")
            if state.life == "here" and opens:
                self.breaks(SENSE, "it is there already")
        if not state.attached and ASK_REPLAY not in roles:
            self.breaks(SENSE, "nobody is attached")
        if bracket is not None and state.spans[bracket.index]:
            if ASK_REPLAY in roles:
                self.breaks(SENSE, "it is replayed already")
            if self.reading.sender in bracket.closers and not {bracket.span.open, bracket.span.close} & roles:
                self.breaks(ground.live if roles & OF_A_TURN else SENSE, "live inside a replay")
                self.live = False
        if self.reading.form.needs and not state.gated:
            self.breaks(ground.gate, "not asked for")
        if ground.topics is not None and ground.topics.role in roles and state.topics == "none":
            self.breaks(ground.topics.claim, "not subscribed to")

    def edges(self) -> None:
        for number, edge in enumerate(self.ground.edges):
            kind = self.ground.kinds[edge.kind]
            opens, closes = kind.span.open in self.roles, kind.span.close in self.roles
            if not self._touches(edge):
                beyond = not self.begun[number] if edge.first else self.over[number]
                if self.reading.sender in edge.senders and beyond:
                    self.breaks(SENSE, "outside of everything")
            elif edge.first:
                if not self.begun[number] and not opens:
                    self.breaks(edge.claim if kind.span.opened == "here" else SENSE, "before the opening")
                if opens and self.before.spans[edge.kind]:
                    self.breaks(edge.claim, AGAIN)
                self.begun[number] |= opens
            else:
                if self.over[number] and not opens and not edge.ignored & self.roles:
                    self.breaks(edge.claim, "after the end")
                self.over[number] = closes or (self.over[number] and not opens)

    def _touches(self, edge: Edge) -> bool:
        """Whether the edge is about this frame: its sender's, with all the span's names in it."""
        keys = self.ground.kinds[edge.kind].span.keys
        return self.reading.sender in edge.senders and all(name in self.reading.names for name in keys)

    def lead(self) -> None:
        for number, lead in enumerate(self.ground.leads):
            waits = self.spans[lead.kind] and not self.led[number] and lead.role not in self.roles
            if waits and self.reading.sender in lead.senders:
                keys = self.ground.kinds[lead.kind].span.keys
                whole = all(name in self.reading.names for name in keys)
                self.breaks(lead.claim if whole else SENSE, "before the answer")
                self.led[number] = True

    def places(self) -> None:
        for place in self.ground.places:
            if place.role in self.roles and self.before.is_open(place.kind) != place.inside:
                if place.inside:
                    self.breaks(place.claim if self._is_known(place.kind) else SENSE, "outside")
                else:
                    self.breaks(place.claim, "inside")

    def _is_known(self, kind: int) -> bool:
        """Whether it would have been seen if such a span were open."""
        span = self.ground.kinds[kind].span
        return span.opened == "here" or (span.exclusive and bool(self.known) and self.known[kind])

    def count(self) -> None:
        for number, count in enumerate(self.ground.counts):
            if not self.before.is_open(count.kind):
                continue
            kind = self.ground.kinds[count.kind]
            if count.excused & self.roles:
                self.excused[number] = True
            if count.role in self.roles:
                if count.most is not None and self.counts[number] >= count.most:
                    self.breaks(count.claim, "too many")
                else:
                    self.counts[number] += 1
            if self._ends(kind) and self.counts[number] < count.least and not self.excused[number]:
                self.breaks(count.claim, "too few")

    def close(self) -> None:
        """What ends. An end of its own is one that can come once too often."""
        action = self.action
        for kind in self.ground.kinds:
            certain = kind.span.close in self.roles
            if kind.either or not self._ends(kind):
                continue
            if kind.is_item and action.sweeps and not certain:
                self.items = [item.without(kind.index) for item in self.items]
            elif kind.is_item:
                item = self.items[action.target] if action.target is not None else None
                if item is not None and action.target is not None and kind.index in item.open:
                    self.items[action.target] = item.without(kind.index)
                    self._ended_here(kind.index)
                elif certain:
                    self._orphan(kind)
            elif self.spans[kind.index]:
                self._end(kind.index)
                self._ended_here(kind.index)
            elif certain:
                self._orphan(kind)

    def _ends(self, kind: Kind) -> bool:
        """Whether the action ends a span of the kind, certainly or in truth."""
        swept = self.action.sweeps and kind.span.close in self.reading.may
        return swept or kind.span.close in self.roles or kind.index in self.action.ends

    def _ended_here(self, kind: int) -> None:
        if self.known:
            self.known[kind] = True

    def _orphan(self, kind: Kind) -> None:
        self.breaks(kind.claim if self._is_known(kind.index) else SENSE, "never opened")
        self.orphaned.add(kind.span.close)

    def _end(self, kind: int) -> None:
        """A span of the context is over: what was counted in it counts no more."""
        self.spans[kind] = False
        for number, count in enumerate(self.ground.counts):
            if count.kind == kind:
                self.counts[number], self.excused[number] = 0, False
        for number, lead in enumerate(self.ground.leads):
            if lead.kind == kind:
                self.led[number] = False

    def deadlines(self) -> None:
        """What lies in a span that ends now has ended before it. One that was never opened is no deadline."""
        ended = self._ended()
        for kind in self.ground.kinds:
            if kind.either or not ended.intersection(kind.by):
                continue
            for place, item in enumerate(self.items):
                if kind.index in item.open and not item.patient and self._is_due(kind, place):
                    self.breaks(kind.claim, "not closed in time")
                    self.items[place] = item.without(kind.index)
            if self.spans[kind.index]:
                self.breaks(kind.claim, "not closed in time")
                self._end(kind.index)

    def _is_due(self, kind: Kind, place: int) -> bool:
        """Whether an item's span lies in what ends now: where that has names of items too, in that item's."""
        inner = self.ground.inner & set(kind.span.keys)
        by = [self.ground.kinds[one] for one in self._ended().intersection(kind.by)]
        return place == self.action.target or not all(inner & set(one.span.keys) for one in by)

    def _ended(self) -> set[int]:
        closes = self.roles - self.orphaned
        return {kind.index for kind in self.ground.kinds if kind.span.close in closes}

    def open(self) -> None:
        new = []
        for kind in self.ground.kinds:
            if kind.either or kind.span.open not in self.roles:
                continue
            proves = kind.claim if kind.closers == {self.reading.sender} else SENSE
            if not kind.is_item:
                if self.spans[kind.index]:
                    self.breaks(proves, AGAIN)
                self._end(kind.index)
                self.spans[kind.index] = True
            elif self.action.target is None:
                alike = kind.span.exclusive and not self.ground.inner & set(kind.span.keys)
                if alike and any(kind.index in item.open for item in self.items):
                    self.breaks(proves, AGAIN)
                new.append(kind)
            else:
                item = self.items[self.action.target]
                if kind.index in item.open:
                    self.breaks(proves if kind.span.exclusive else SENSE, AGAIN)
                else:
                    self.items[self.action.target] = Item(tuple(sorted((*item.open, kind.index))), item.patient)
        if new:
            patient = any(kind.patient & self.roles for kind in new)
            self.items.append(Item(tuple(kind.index for kind in new), patient))

    def match(self) -> None:
        """Two sides, whichever comes first. A frame that stands for nothing is no side either, and no deadline."""
        sides, ended = self.roles - self.orphaned, self._ended()
        for kind in self.ground.kinds:
            if not kind.either:
                continue
            opens, closes = self.halves[kind.index]
            backward = kind.claim if kind.judges_close else SENSE
            if kind.span.open in sides:
                if not closes and opens and kind.span.exclusive:
                    self.breaks(kind.claim, "not matched in time")
                    opens -= 1
                opens, closes = (opens, closes - 1) if closes else (opens + 1, closes)
            if kind.span.close in sides:
                if not opens and closes and kind.span.exclusive:
                    self.breaks(backward, "not matched in time")
                    closes -= 1
                opens, closes = (opens - 1, closes) if opens else (opens, closes + 1)
            if ended.intersection(kind.by):
                if opens:
                    self.breaks(kind.claim, "not matched in time")
                if closes:
                    self.breaks(backward, "not matched in time")
                opens = closes = 0
            self.halves[kind.index] = (opens, closes)

    def result(self) -> Result:
        """The state that it comes to: items of which nothing is open are gone, a session that was created is there."""
        state, ground, roles = self.before, self.ground, self.roles
        before = len(state.items)
        born = ground.birth is not None and ground.birth.span.close in roles
        return Result(
            state=State(
                spans=tuple(self.spans),
                halves=tuple(self.halves),
                counts=tuple(self.counts),
                excused=tuple(self.excused),
                led=tuple(self.led),
                begun=tuple(self.begun),
                over=tuple(self.over),
                items=tuple([item for item in self.items if item.open]),
                life="here" if born else state.life,
                topics=heard.topics(ground, state, roles),
                text=heard.text(ground, state, roles),
                counted=heard.counted(ground, state, roles, self.spans),
                told=state.told if state.told is None else state.told or DELTA in roles,
                known=tuple(self.known),
                attached=state.attached or ASK_REPLAY in roles,
                gated=state.gated,
            ),
            broken=self.broken,
            once=self.once,
            kept=tuple([place for place, item in enumerate(self.items[:before]) if item.open]),
            adds=len(self.items) > before,
        )


_PARTS: Final = (
    _Scene.edges,
    _Scene.lead,
    _Scene.places,
    _Scene.count,
    _Scene.close,
    _Scene.deadlines,
    _Scene.open,
    _Scene.match,
)
