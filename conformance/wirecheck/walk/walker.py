"""One conversation, frame by frame.

Law: a number chooses what is said next: which context, which of its moves, which of the texts. 0 ends the conversation,
and small numbers mean the first context, its plainest move, the plainest text; so a conversation made of smaller
numbers is a plainer one. Whatever the numbers are, every guarantee holds; only a move that is said to break one does.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, replace
from typing import Final

from wirecheck.catalog import Sender
from wirecheck.record import Credential, Vantage
from wirecheck.sample.source import Source
from wirecheck.walk.cast import MOST_HISTORY, Actor, Line, Names, Said, given_by_path, has_gates, json_text, url_of
from wirecheck.walk.moves import Move, Table
from wirecheck.walk.state import ASK_REPLAY, DELTA, Life, fresh
from wirecheck.walk.tables import Tables
from wirecheck.walk.voice import FLAVOURS, Template
from wirecheck.walk.words import Words

SLOTS: Final = 8
"""Ways to choose who speaks: one of the contexts there are, but for the last two, a new one and the connections."""
PICKS: Final = 64
WIDE: Final = 1 + SLOTS * PICKS * FLAVOURS
"""Numbers that mean something: from 0 up to this."""
_IN_BATCH: Final = 3


@dataclass(frozen=True, slots=True)
class Began:
    """A connection was opened."""

    conn: str
    url: str
    exclusive: bool = True
    vantage: Vantage | None = None
    auth: Credential | None = None


@dataclass(frozen=True, slots=True)
class Ended:
    """A connection was closed."""

    conn: str
    code: int | None = None
    sender: Sender | None = None


Passed = tuple[str, Sender, str]
"""A message: its connection, its sender, its text."""
Event = Began | Ended | Passed


class Walker:
    """Says one frame after the other. `events` is what was said so far, `spoken` how many frames of it.

    `actors` and `lines` are how many contexts and connections there may be at once, `flavours` how many texts of each
    frame are used. `is_over`: nobody is left to speak, and there is no name that somebody new could have.
    """

    def __init__(
        self,
        tables: Tables,
        table: Table,
        *,
        actors: int = 3,
        lines: int = 2,
        vantage: Vantage | None = None,
        flavours: int = FLAVOURS,
    ) -> None:
        self.tables = tables
        self.ground = tables.ground
        self.table = table
        self.events: list[Event] = []
        self.actors: list[Actor] = []
        self.lines: list[Line] = []
        self.spoken = 0
        lexicon = tables.voice.lexicon
        self._words = Words(self.ground, lexicon, self.actors, plain=table.actions.proof)
        self._vantage = vantage
        self._flavours = flavours
        self._most = (max(1, lexicon.items(actors * table.most_items) // table.most_items), lines)
        self._conns = 0
        self._gates = has_gates(self.ground)
        self._owing = False
        self.is_over = False
        self._scarce = [
            name for name in self.ground.context if name in lexicon.supplies and name not in self.ground.connected
        ]
        self._batches = {} if table.actions.clear else tables.batches

    # What may happen next.

    def step(self, number: int) -> None:
        """Say what the number stands for, or begin or end a connection. `number` is from 1 up to `WIDE`."""
        number -= 1
        slot = number % SLOTS
        number //= SLOTS
        pick, flavour = number % PICKS, number // PICKS % self._flavours
        if not self.lines:
            if not self._words.has_more(self.ground.connected):
                self.is_over = True
                return
            self.connect(gated=not pick % 4)
        if slot == SLOTS - 1 and self._elsewhere(pick):
            return
        actor = self._actor(slot, pick, flavour)
        if actor is None:
            self.is_over = True
            return
        moves = actor.row.moves
        if actor.queue:
            self.repeat(actor)
        elif not moves:
            self._leave(actor)
        else:
            move = moves[pick % len(moves)]
            if actor.lost and ASK_REPLAY in move.action.reading.roles:
                self._leave(actor)  # too much was said to be said again
            elif self._batches and flavour % 8 == 7 and move.sender in self._batches:
                self._batch(actor, move, flavour)
            else:
                self.say(actor, move, flavour)

    def finish(self, source: Source, *, code: int | None = 1000, sender: Sender | None = "server") -> None:
        """Bring everything to rest, the shortest way, and close what is open. Each of these frames is a choice as well,
        of its text: so whoever looks for few choices finds few frames."""
        for actor in self.actors:
            self.settle(actor, source)
        if self._owing or not all(actor.row.state.rests() for actor in self.actors if actor.line.is_open):
            code, sender = 1006, None  # what cannot come to rest was cut
        self.close(code, sender)

    def close(self, code: int | None, sender: Sender | None) -> None:
        """Close every connection, whatever is owed."""
        for line in self.lines:
            self.events.append(Ended(line.conn, code, sender))
            line.is_open = False
        self.lines = []

    def settle(self, actor: Actor, source: Source) -> None:
        """What one context owes is said."""
        while actor.line.is_open:
            home = actor.row.home()
            if actor.queue:
                self.repeat(actor)
            elif home is not None:
                self.say(actor, home, source.below(FLAVOURS) % self._flavours)
            else:
                return

    def connect(self, *, gated: bool = True, auth: Credential | None = None) -> Line:
        """A new connection."""
        conn = f"c{self._conns}"
        self._conns += 1
        names = {
            name: self._words.fresh_value(name)
            for name in self.ground.connected
            if self.table.actions.proof or gated or given_by_path(self.ground, name)
        }
        gated = gated and self._gates
        line = Line(
            conn=conn,
            url=url_of(self.ground, names, gated=gated),
            names={name: json_text(value) for name, value in names.items()},
            gated=gated,
        )
        self.events.append(Began(conn, line.url, vantage=self._vantage, auth=auth))
        if auth is None:
            self.lines.append(line)
        return line

    def enter(self, line: Line, *, is_new: bool = True, tied: bool = False) -> Actor:
        """A new context on a connection; `is_new`: what it is called is still to be said, where a dialect does so."""
        life: Life = "new" if is_new and self.ground.birth else "here"
        state = fresh(self.ground, life, gated=line.gated, proof=self.table.actions.proof)
        actor = Actor(row=self.table.row(state), line=line, tied=tied, names=dict(line.names))
        self.actors.append(actor)
        return actor

    def _elsewhere(self, pick: int) -> bool:
        """A further connection, or the end of one. Whether anything came of it."""
        if pick % 2 and len(self.lines) < self._most[1] and self._words.has_more(self.ground.connected):
            self.connect(gated=not pick % 4)
            return True
        bracket = self.ground.bracket
        if pick % 8 or bracket is None or self._most[1] < 2:
            return False
        line = self.lines.pop(pick // 8 % len(self.lines))
        self.events.append(Ended(line.conn, (1006, 1000, 1001, None)[pick // 16], "client" if pick // 16 % 3 else None))
        line.is_open = False
        for actor in [actor for actor in self.actors if actor.line is line]:
            state = actor.row.state
            asked = [state.spans[bracket.index], *(state.spans[lead.kind] for lead in self.ground.leads)]
            if actor.lost or any(asked) or state.life == "new":
                self.actors.remove(actor)
            else:
                actor.row = self.table.row(replace(state, attached=False))
        return True

    def _leave(self, actor: Actor) -> None:
        """Nothing more is said of a context. A connection that shows it alone is cut."""
        self.actors.remove(actor)
        if self.ground.alone:
            self.lines.remove(actor.line)
            self.events.append(Ended(actor.line.conn))
        else:
            self._owing = self._owing or not actor.row.state.rests()

    def _actor(self, slot: int, pick: int, flavour: int) -> Actor | None:
        actors = self.actors
        if actors and slot < SLOTS - 2:
            return actors[slot % len(actors)]
        most = min(self._most[0], len(self.lines)) if self.ground.alone else self._most[0]
        if actors and len(actors) >= most:
            return actors[slot % len(actors)]
        if not self._has_names():
            return actors[slot % len(actors)] if actors else None
        taken = {id(actor.line) for actor in self.actors} if self.ground.alone else set()
        free = [line for line in self.lines if id(line) not in taken]
        return self.enter(free[slot % len(free)], is_new=pick % 4 != 3 or self._most[0] < 2, tied=flavour % 2 == 1)

    def _has_names(self) -> bool:
        """Whether there are names for one more context. Those that are not called anything yet need theirs too."""
        return all(
            self._words.has_more([name], sum(name not in actor.names for actor in self.actors)) for name in self._scarce
        )

    # Saying it.

    def say(self, actor: Actor, move: Move, flavour: int) -> None:
        """One frame of a context's."""
        text = self._uttered(actor, move, flavour)
        self.events.append((actor.line.conn, move.sender, text))
        self.spoken += 1

    def _uttered(self, actor: Actor, move: Move, flavour: int) -> str:
        action = move.action
        if not actor.line.is_open:
            actor.line = self.lines[flavour % len(self.lines)]
        target = action.target
        item = actor.items[target] if target is not None else self._past(actor, move) if move.how else {}
        offered = move.voices[actor.tied]
        if offered is None:
            offered = move.voices[actor.tied] = self.tables.voice.templates(action.reading, tied=actor.tied)
        template = offered[flavour % len(offered)]
        parts = self._words.filled(actor, item, template, move, flavour)
        if target is not None or move.adds or len(actor.items) != len(move.kept):
            if target is not None and self.table.actions.proof:
                actor.past.update((kind, item) for kind in actor.row.state.items[target].open)
            actor.items = [actor.items[place] for place in move.kept]
            if move.adds:
                actor.items.append(item)
        actor.row = move.row
        if move.tells != "nothing":
            self._remember(actor, move, template, parts)
        return "".join(parts)

    def _past(self, actor: Actor, move: Move) -> Names:
        """The names of an item that is ended again, if the frame does that; else new ones."""
        closes = move.action.reading.roles
        for kind in self.ground.kinds:
            if kind.is_item and kind.span.close in closes and kind.index in actor.past:
                return actor.past[kind.index]
        return {}

    def _batch(self, actor: Actor, move: Move, flavour: int) -> None:
        """Several frames of one sender in one message."""
        sender = move.sender
        texts = [self._uttered(actor, move, flavour)]
        for _ in range(flavour % _IN_BATCH):
            more = [one for one in actor.row.moves if one.sender == sender]
            if more:
                texts.append(self._uttered(actor, more[flavour % len(more)], flavour))
        self.events.append((actor.line.conn, sender, self.tables.voice.batch(self.tables.batches[sender], texts)))
        self.spoken += 1

    # History.

    def _remember(self, actor: Actor, move: Move, template: Template, parts: list[str]) -> None:
        """Keep what a replay will have to repeat; at its beginning, make ready what it repeats."""
        if move.tells == "history":
            told = ["".join(said.parts) for said in actor.log]
            if move.action.twist == "history":
                place = next(number for number, said in enumerate(actor.log) if said.tells)
                told[place] = self._words.other(actor.log[place].template, actor.log[place].parts)
            actor.queue = deque(told)
        elif len(actor.log) < MOST_HISTORY:
            actor.log.append(Said(template=template, parts=parts, tells=DELTA in move.action.reading.roles))
        else:
            actor.lost = True

    def repeat(self, actor: Actor) -> None:
        """One more frame of a replay that runs."""
        self.events.append((actor.line.conn, "server", actor.queue.popleft()))
        self.spoken += 1
