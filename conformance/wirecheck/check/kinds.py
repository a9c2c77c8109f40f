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
from wirecheck.check.noting import noting
from wirecheck.check.plan import Plan

if TYPE_CHECKING:
    from wirecheck.typed import Kind

UNSET: Final = msgspec.UNSET

Values = tuple[Any, ...]
Path = tuple[bool, tuple[str, ...]]


class StructKind:
    """Frames of one class. `meaning` is None where it depends on the frame's cases; then `choose` tells it."""

    __slots__ = ("_chosen", "_conditions", "_only", "form", "kind", "meaning", "meanings", "readings")

    def __init__(self, kind: Kind, meanings: Meanings) -> None:
        self.kind = kind
        self.form: FrameForm = kind.variant.form
        self.meanings = meanings
        self.readings: dict[Meaning, Reading] = {}
        self._chosen: dict[tuple[bool, ...], Meaning] = {}
        wanted = [each for case in self.form.cases for each in (*case.when, *case.unless)]
        self._only = None
        if len(wanted) == len(self.form.cases) == 1 and wanted[0].test == "const":
            # Most forms with cases have one, which depends on one word.
            path, const = (wanted[0].at.place == "header", tuple(wanted[0].at.path)), wanted[0].const
            self._only = kind.one(path), type(const), const, bool(self.form.cases[0].when)
        self._conditions = kind.getter([(each.at.place == "header", tuple(each.at.path)) for each in wanted])
        self.meaning: Meaning | None = None if self.form.cases else self._mean(())

    def choose(self, frame: Any) -> Meaning:
        """The meaning of a frame, by the cases that hold."""
        if self.meaning is not None:
            return self.meaning
        if self._only is not None:
            read, kind, const, asked = self._only
            value = read(frame)
            only = ((value.__class__ is kind and bool(value == const)) is asked,)
            return self._chosen.get(only) or self._mean(only)
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
        self.readings[meaning] = Reading(self, meaning, places, self.meanings.plan)
        self._chosen[holds] = meaning  # last: another thread that finds it asks for the reading
        return meaning


class Reading:
    """How the names of a frame are read. `keys` gives those that rows ask for, `all` whatever anything asks for.

    `quick`: those of `keys`, or the only one by itself (`is_single`). `piece`: the frame's text; `joined`: the names
    that joined texts ask for; `topic` and `agreed`: what the connection's own promises ask for; `lasting`: all frames
    of a connection keep the same ones. `repeats`: frames with equal keys mean the same and keep the promises alike.
    `noting`: how the memory of sessions takes note. Where a frame does not carry a name, its value is UNSET or None.
    """

    __slots__ = (
        "agreed",
        "all",
        "at_session",
        "is_single",
        "joined",
        "keys",
        "kind",
        "lasting",
        "meaning",
        "noting",
        "piece",
        "quick",
        "repeats",
        "sender",
        "struct",
        "topic",
    )

    def __init__(
        self,
        struct: StructKind,
        meaning: Meaning,
        places: Sequence[tuple[str, bool, str, tuple[str, ...]]],
        plan: Plan,
    ) -> None:
        self.struct = struct
        kind = self.kind = struct.kind
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
        self.is_single = len(wanted) == 1
        self.quick = _first(kind, wanted[0]) if self.is_single else self.keys
        self.all = Names(kind, paths)

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
        self.lasting = not self.agreed and not meaning.moves.topical
        self.noting = noting(plan, kind, meaning, _first(kind, paths.get("final", ())))
        form = plan.joins
        asked = frozenset() if form is None else {*form.lane.keys, form.text, form.whole}
        self.joined = Names(kind, {name: those for name, those in paths.items() if name in asked})

    def payload(self, frame: Any) -> Mapping[str, Any]:
        """The frame's payload as plain values."""
        return self.kind.payload(frame)


class Names:
    """Reads what a frame carries of some names."""

    __slots__ = ("_names", "_read")

    def __init__(self, kind: Kind, paths: Mapping[str, list[Path]]) -> None:
        self._names = tuple(paths)
        self._read = _several(kind, list(paths.values()))

    def __call__(self, frame: Any) -> dict[str, Any]:
        """The values, by name, that are there."""
        return {
            name: value
            for name, value in zip(self._names, self._read(frame), strict=True)
            if value is not None and value is not UNSET
        }


def _first(kind: Kind, paths: Sequence[Path]) -> Callable[[Any], Any]:
    """The first value at any of these paths; where there is none, UNSET or None."""
    reads = [kind.one(path) for path in paths]
    if len(reads) == 1:
        return reads[0]

    def read(frame: Any) -> Any:
        for each in reads:
            value = each(frame)
            if value is not None and value is not UNSET:
                return value
        return None

    return read


def _several(kind: Kind, paths: Sequence[Sequence[Path]]) -> Callable[[Any], Values]:
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
    reads = [_first(kind, those) for those in paths]
    return lambda frame: tuple([read(frame) for read in reads])
