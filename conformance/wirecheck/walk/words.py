"""The values that frames of one conversation carry: names, pieces of text, numbers, topics.

Law: what was said so far in, JSON texts out. A value that is wrong on purpose is made here too, one at a time.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Final

from wirecheck.walk.cast import Actor, Names, json_text
from wirecheck.walk.ground import Ground
from wirecheck.walk.lexicon import FOLLOWS, ITEM, Lexicon
from wirecheck.walk.moves import Move
from wirecheck.walk.state import Twist
from wirecheck.walk.terms import Joins
from wirecheck.walk.voice import FLAVOURS, Template

_ELSE: Final = json_text("something else")


class Words:
    """Makes the values of one conversation, whose contexts are the `actors`. `plain`: fresh names are plain words."""

    __slots__ = ("_actors", "_count", "_ground", "_lexicon", "_plain", "_steps", "_turns")

    def __init__(self, ground: Ground, lexicon: Lexicon, actors: Sequence[Actor], *, plain: bool) -> None:
        self._ground = ground
        self._lexicon = lexicon
        self._actors = actors
        self._plain = plain
        self._count = 0
        self._turns: dict[str, int] = {}
        self._steps = ground.steps.role if ground.steps is not None else None

    def has_more(self, names: Iterable[str], beyond: int = 0) -> bool:
        """Whether each of the names has a value that nothing had yet, and as many `beyond` it."""
        scarce = self._lexicon.supplies
        return all(
            name not in scarce or scarce[name].at(self._turns.get(name, 0) + beyond) is not None for name in names
        )

    def fresh_value(self, name: str) -> Any:
        """A value of a name that nothing has yet; where there are few, they come round again."""
        supply = self._lexicon.supplies.get(name)
        if supply is None:
            self._count += 1
            return self._lexicon.fresh(name, self._count, plain=self._plain)
        turn = self._turns.get(name, 0)
        found = supply.at(turn)
        if found is None:
            turn, found = 0, supply.at(0)
        self._turns[name] = turn + 1
        return found

    def fresh(self, name: str, *others: str) -> str:
        """The same as JSON text, and none of `others`, nor any that is open."""
        found = json_text(self.fresh_value(name))
        supply = self._lexicon.supplies.get(name)
        if supply is None:
            return found
        there = {*others, *(item[name] for actor in self._actors for item in actor.items if name in item)}
        for _ in range(len(there)):
            if found not in there:
                break
            found = json_text(self.fresh_value(name))
        return found

    def filled(self, actor: Actor, item: Names, template: Template, move: Move, flavour: int) -> list[str]:
        """The parts of a frame that this context says now: every second one is a value."""
        action = move.action
        if move.matters and self._steps in action.reading.roles:
            self._advance(actor, flavour, skips=action.twist == "number")
        parts, twist = [template.first], action.twist
        for name, kept, text in template.gaps:
            if kept == FOLLOWS:
                said = self._followed(actor, name, flavour, twist)
            else:
                home = item if kept == ITEM else actor.names
                there = home.get(name)
                if there is None:
                    there = home[name] = self._new(name, flavour)
                said = self.fresh(name, there) if twist and name == action.name else there
            parts += (said, text)
        if move.adds and action.reading.said:
            item.update((name, json_text(value)) for name, value in action.reading.said.items())
        if move.matters and self._ground.joins is not None:
            self._hear(self._ground.joins, actor, action.reading.roles, flavour)
        return parts

    def other(self, template: Template, parts: list[str]) -> str:
        """The same frame with another piece of text."""
        changed = list(parts)
        for place, (name, _, _) in enumerate(template.gaps):
            if name == self._lexicon.text:
                changed[2 * place + 1] = _ELSE
        return "".join(changed)

    def _new(self, name: str, flavour: int) -> str:
        if name not in self._lexicon.shared:
            return self.fresh(name)
        supply = self._lexicon.supplies.get(name)
        if supply is None:
            return json_text(self._lexicon.fresh(name, 1 + flavour % 3, plain=self._plain))
        values = supply.first(3)
        return json_text(values[flavour % len(values)])

    def _advance(self, actor: Actor, flavour: int, *, skips: bool) -> None:
        """The next number of the span, or one too many."""
        if not actor.row.state.counted:
            actor.number, actor.bound = flavour, 2 * FLAVOURS
        actor.number += 2 if skips else 1
        actor.bound = max(actor.bound, actor.number + 1)

    def _followed(self, actor: Actor, name: str, flavour: int, twist: Twist) -> str:
        """A value that follows from what was said before, or with a twist does not."""
        lexicon = self._lexicon
        if name == lexicon.whole:
            pieces = actor.pieces[actor.since :] or actor.pieces
            whole = "".join(pieces) if pieces else self._lexicon.pieces[flavour]
            return json_text(whole + "!" if twist == "text" else whole)
        if name == lexicon.number:
            return str(actor.number)
        if name == lexicon.bound:
            return str(actor.bound)
        if name in (lexicon.topic, lexicon.topics):
            topics = self._subscribed(actor)
            if name == lexicon.topics:
                return f"[{','.join(topics)}]"
            return self.fresh(name, *topics) if twist == "topic" else topics[flavour % len(topics)]
        return lexicon.quoted[flavour]

    def _subscribed(self, actor: Actor) -> list[str]:
        """The topics of this context, if it subscribes to any: each that some case is about, and one more; but never
        all that there are."""
        if not actor.topics:
            known, topic = [*map(json_text, self._lexicon.known_topics)], self._lexicon.topic or ""
            supply = self._lexicon.supplies.get(topic)
            most = len(known) + 1 if supply is None else max(1, len(supply.first(len(known) + 2)) - 1)
            actor.topics = [*known, self.fresh(topic, *known)][:most]
        return actor.topics

    def _hear(self, joins: Joins, actor: Actor, roles: frozenset[str], flavour: int) -> None:
        """Keep the pieces that a whole text will have to be made of."""
        if joins.opens in roles or joins.final in roles:
            actor.pieces, actor.since = [], 0
        if joins.reset & roles:
            actor.since = len(actor.pieces)
        if joins.deltas in roles:
            actor.pieces.append(self._lexicon.pieces[flavour])
