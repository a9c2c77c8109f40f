"""What a struct class of typed frames means to the order, and how its names are read.

Law: made once a dialect; nothing observed is in here, but for which cases were met.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from operator import itemgetter
from typing import TYPE_CHECKING, Any, Final

import msgspec

from wirecheck.catalog.model import FrameForm
from wirecheck.check.frames import fulfilled
from wirecheck.check.means import Meaning, Meanings
from wirecheck.check.plan import Plan

if TYPE_CHECKING:
    from wirecheck.typed import Kind

UNSET: Final = msgspec.UNSET

Values = tuple[Any, ...]
Path = tuple[bool, tuple[str, ...]]


class StructKind:
    """Frames of one class. `meaning` is None where it depends on the frame's cases; then `choose` tells it."""

    __slots__ = ("_chosen", "_conditions", "form", "kind", "meaning", "meanings", "readings")

    def __init__(self, kind: Kind, meanings: Meanings) -> None:
        self.kind = kind
        self.form: FrameForm = kind.variant.form
        self.meanings = meanings
        self.readings: dict[Meaning, Reading] = {}
        self._chosen: dict[tuple[bool, ...], Meaning] = {}
        wanted = [each for case in self.form.cases for each in (*case.when, *case.unless)]
        self._conditions = kind.getter([(each.at.place == "header", tuple(each.at.path)) for each in wanted])
        self.meaning: Meaning | None = None if self.form.cases else self._mean(())

    def choose(self, frame: Any) -> Meaning:
        """The meaning of a frame, by the cases that hold."""
        if self.meaning is not None:
            return self.meaning
        values = iter(self._conditions(frame))
        holds = []
        for case in self.form.cases:
            when = [fulfilled(condition, next(values), absent=UNSET) for condition in case.when]
            unless = [fulfilled(condition, next(values), absent=UNSET) for condition in case.unless]
            holds.append(all(when) and not (unless and all(unless)))
        return self._chosen.get(tuple(holds)) or self._mean(tuple(holds))

    def _mean(self, holds: tuple[bool, ...]) -> Meaning:
        moves, places = self.meanings.reader.chosen(self.form, holds)
        meaning = self.meanings.of(moves)
        self.readings[meaning] = Reading(self.kind, meaning, places, self.meanings.plan)
        self._chosen[holds] = meaning  # last: another thread that finds it asks for the reading
        return meaning


class Reading:
    """How the names of a frame are read. `keys` gives those that rows ask for, `all` whatever anything asks for.

    `single`: the only name that rows ask for, by itself. `piece`: the frame's text; `topic` and `agreed`: what the
    connection's own promises ask for, and `repeats`: frames with equal keys mean the same and keep them alike. Where a
    frame does not carry a name, its value is UNSET or None.
    """

    __slots__ = (
        "_every",
        "agreed",
        "at_session",
        "all_names",
        "keys",
        "kind",
        "meaning",
        "piece",
        "repeats",
        "sender",
        "single",
        "topic",
    )

    def __init__(
        self, kind: Kind, meaning: Meaning, places: Sequence[tuple[str, bool, str, tuple[str, ...]]], plan: Plan
    ) -> None:
        self.kind = kind
        self.meaning = meaning
        self.sender = meaning.moves.sender
        self.at_session = meaning.session or 0
        paths: dict[str, list[Path]] = {name: [] for name in meaning.moves.names}
        for name, header, first, deeper in places:
            path = header, (first, *deeper)
            if kind.has(path):
                paths[name].append(path)
        wanted = [paths[name] for name in meaning.names]
        self.keys = _several(kind, wanted)
        self.single = kind.one(wanted[0][0]) if len(wanted) == 1 and len(wanted[0]) == 1 else None
        self.all_names = meaning.moves.names
        self._every = _several(kind, list(paths.values()))

        def one(name: str | None) -> Callable[[Any], Any] | None:
            those = paths.get(name, []) if name is not None else []
            return kind.one(those[0]) if len(those) == 1 else None

        text = "text" if plan.joins is None else plan.joins.text
        self.piece = one(text)
        self.topic = one(None if plan.subscription is None else plan.subscription.topic)
        self.agreed = tuple((guarantee, one(name), name) for guarantee, name in meaning.moves.agrees)
        # Frames of one class with equal keys mean the same, unless cases tell them apart.
        cased = bool(kind.variant.form.cases) or meaning.moves.topical
        self.repeats = not cased and all(name in meaning.names for _, _, name in self.agreed)

    def payload(self, frame: Any) -> Mapping[str, Any]:
        """The frame's payload as plain values."""
        payload: Mapping[str, Any] = self.kind.fit(frame)[2]
        return payload

    def all(self, frame: Any) -> dict[str, Any]:
        """All names that the frame carries."""
        return {
            name: value
            for name, value in zip(self.all_names, self._every(frame), strict=True)
            if value is not None and value is not UNSET
        }


def _several(kind: Kind, paths: list[list[Path]]) -> Callable[[Any], Values]:
    """The first value of each list of paths that there is."""
    if all(len(those) == 1 for those in paths):
        return kind.getter([those[0] for those in paths])
    if all(len(those) < 2 for those in paths):
        there = kind.getter([those[0] for those in paths if those])
        carried = iter(range(len(paths)))
        places = [next(carried) if those else -1 for those in paths]
        if len(places) > 1:
            spread = itemgetter(*places)
            return lambda frame: spread((*there(frame), None))
        return lambda frame: (None,)
    flat = kind.getter([path for those in paths for path in those])
    cuts = [len(those) for those in paths]

    def read(frame: Any) -> Values:
        values = iter(flat(frame))
        found = []
        for cut in cuts:
            several = [next(values) for _ in range(cut)]
            found.append(next((value for value in several if value is not None and value is not UNSET), None))
        return tuple(found)

    return read
