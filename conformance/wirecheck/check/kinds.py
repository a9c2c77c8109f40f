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
from wirecheck.check.rows import picking

if TYPE_CHECKING:
    from wirecheck.typed import Kind

UNSET: Final = msgspec.UNSET

_EITHER: Final = ((False,), (True,))

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
            if isinstance(const, str):
                self._only = kind.one(path), const, bool(self.form.cases[0].when)
        self._conditions = kind.getter([(each.at.place == "header", tuple(each.at.path)) for each in wanted])
        self.meaning: Meaning | None = None if self.form.cases else self._mean(())

    def choose(self, frame: Any) -> Meaning:
        """The meaning of a frame, by the cases that hold."""
        if self.meaning is not None:
            return self.meaning
        if self._only is not None:
            read, const, asked = self._only
            only = _EITHER[(read(frame) == const) is asked]
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

    `quick`: those of `keys`, or the only one by itself. `text_key` picks of them the key of the text that the frame
    adds to. `piece`: that text, where there is one place for it; `text` and `whole`: what joined texts ask for;
    `topics`: what is subscribed to; `own`: what the connection's own promises hang on, its topic first, if they hang on
    anything. `repeats`: frames with equal keys mean the same and keep the promises alike. `noting`: how the memory of
    sessions takes note. Where a frame does not carry a name, its value is UNSET or None.
    """

    __slots__ = (
        "all",
        "at_session",
        "keys",
        "kind",
        "meaning",
        "noting",
        "own",
        "piece",
        "quick",
        "repeats",
        "sender",
        "struct",
        "text",
        "text_key",
        "topics",
        "whole",
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
        self.quick = _first(kind, wanted[0]) if len(wanted) == 1 else self.keys
        self.all = Names(kind, paths)

        def one(name: str) -> Callable[[Any], Any]:
            return _first(kind, paths.get(name, ()))

        joins, moves, subscription = plan.joins, meaning.moves, plan.subscription
        text = "text" if joins is None else joins.text
        self.piece = one(text) if len(paths.get(text, ())) == 1 else None
        self.text = one(text)
        self.whole = one("" if joins is None else joins.whole)
        self.text_key = picking(meaning.at_text or meaning.at_look)
        self.topics = one("" if subscription is None else subscription.topics)
        agreed = [name for _, name in moves.agrees]
        topics = [subscription.topic] if moves.topical and subscription is not None else []
        self.own = _several(kind, [paths[name] for name in (*topics, *agreed)]) if topics or agreed else None
        # Frames of one class with equal keys mean the same, unless cases tell them apart.
        cased = bool(kind.variant.form.cases) or moves.topical
        self.repeats = not cased and all(name in meaning.names for name in agreed)
        self.noting = noting(plan, kind, meaning, one("final"))

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
    if not any(paths):
        nothing: Values = (None,) * len(paths)
        return lambda frame: nothing
    if all(len(those) < 2 for those in paths):
        there = kind.getter([those[0] for those in paths if those])
        carried = iter(range(len(paths)))
        spread = itemgetter(*[next(carried) if those else -1 for those in paths])
        return lambda frame: spread((*there(frame), None))
    reads = [_first(kind, those) for those in paths]
    return lambda frame: tuple([read(frame) for read in reads])
