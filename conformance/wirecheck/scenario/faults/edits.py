"""Changes to what a server is about to do, all said in terms of the places before any of them.

Law: a plan is never changed in place, and where a change lands does not depend on the others.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from wirecheck.scenario.plan import Action


@dataclass(slots=True)
class Edits:
    """The changes to one list of actions; a place is an index into it."""

    actions: tuple[Action, ...]
    _gone: set[int] = field(default_factory=set)
    _instead: dict[int, Action] = field(default_factory=dict)
    _before: dict[int, list[Action]] = field(default_factory=dict)
    _after: dict[int, list[Action]] = field(default_factory=dict)

    def drop(self, *places: int) -> None:
        """Leave out what stands there."""
        self._gone.update(places)

    def put(self, place: int, action: Action) -> None:
        """Something else instead of what stands there."""
        self._instead[place] = action

    def before(self, place: int, *more: Action) -> None:
        """Something more, in front of what stands there (or stood, if that is left out)."""
        self._before.setdefault(place, []).extend(more)

    def after(self, place: int, *more: Action) -> None:
        """Something more, behind what stands there."""
        self._after.setdefault(place, []).extend(more)

    def move_before(self, places: Sequence[int], to: int) -> None:
        """What stands at these places, in front of another."""
        self.drop(*places)
        self.before(to, *(self.actions[place] for place in places))

    def move_after(self, places: Sequence[int], to: int) -> None:
        """What stands at these places, behind another."""
        self.drop(*places)
        self.after(to, *(self.actions[place] for place in places))

    def made(self) -> tuple[Action, ...]:
        """The actions with all changes made."""
        found: list[Action] = []
        for place, action in enumerate(self.actions):
            found += self._before.get(place, ())
            if place not in self._gone:
                found.append(self._instead.get(place, action))
            found += self._after.get(place, ())
        return (*found, *self._before.get(len(self.actions), ()))
