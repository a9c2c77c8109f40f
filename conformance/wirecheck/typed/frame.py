"""One kind of frame as a class, with what is left to be checked of its instances.

Law: what the class and its checks accept together has nothing about it to report: no member that the schema or a
closed dialect would refuse, whichever cases hold. What only holds in a case is a member that may be absent; whether it
may be absent here is asked of many frames at once.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import compress, repeat
from operator import and_, contains, eq, is_, is_not, not_
from typing import Any, Final

from msgspec import UNSET, Struct

from wirecheck import schema
from wirecheck.catalog.model import Case, Condition, Dialect
from wirecheck.schema.message import plain
from wirecheck.typed.forms import DEEPEST, NOTES, Form, Inexact, Maker, free
from wirecheck.typed.kind import Kind, Path
from wirecheck.variant import Variant

UNKNOWN_DEPTH: Final = 3
"""Levels of a member of a frame of which nothing is documented."""
MANY: Final = 10_000
"""Distinct texts that are known to match a pattern; each of no more than `LONG` characters."""
LONG: Final = 200

Check = Callable[[Sequence[Any]], list[int]]
"""Frames of one class to the positions of those that are not accepted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Exact:
    """A class for a kind of frame: its instances hold `quotes` quotes at least (None: that varies)."""

    kind: Kind
    quotes: int | None
    checks: tuple[Check, ...]


def exact(dialect: Dialect, variant: Variant, siblings: Iterable[str]) -> Exact:
    """The class of a variant, in its own style. `siblings` are the names that frames of its sender carry.

    Raises `Inexact` where no class accepts a useful part of its frames and no others.
    """
    form, style = variant.form, variant.style
    if variant.contains:
        raise Inexact
    whole = dict(schema.frame_schema(dialect, form, style, embed=True))
    whole.pop("allOf", None)
    properties: dict[str, Any] = dict(whole.get("properties", {}))
    if not set(whole) <= {"type", "properties", "required"} | NOTES:
        raise Inexact
    tagged = None
    required = set(whole.get("required", ()))
    if form.tag is not None:
        if properties.pop(variant.tag, None) != {"const": form.tag}:
            raise Inexact
        tagged = (variant.tag, form.tag)
        required.discard(variant.tag)
    maker = Maker(name=_identifier(form.key))
    ruled: list[tuple[Case, tuple[str, ...] | None]] = []
    if form.payload is None:
        # Nothing is documented, so anything goes: what its siblings carry is read, more goes another way.
        properties = {}
    elif form.cases:
        above = () if style == "flat" else (variant.data,)
        place = properties if style == "flat" else dict(properties[variant.data].get("properties", {}))
        ruled = [(case, _added(case, place, maker, above)) for case in form.cases if case.payload is not None]
        if style == "nested":
            properties[variant.data] = properties[variant.data] | {"properties": place}
    forms = dict.fromkeys(siblings, free(UNKNOWN_DEPTH)) if form.payload is None else {}
    for name, inner in properties.items():
        # What may not stand there, or only as what is no object, has no field: whoever sends it goes another way.
        if inner is False or (set(inner) == {"not"} and name not in required):
            continue
        forms[name] = maker.form(inner, (name,))
    if variant.closed and style == "nested" and form.payload is not None and set(properties[variant.data]) == {"type"}:
        forms[variant.data] = maker.struct({}, ())  # no member is documented, so each is reported
    made: Form = maker.struct(forms, required, tagged)
    if made.depth > DEEPEST:
        raise Inexact
    kind = Kind(type=made.type, variant=variant, style=style)
    checks = [_matching(kind, path, matches) for path, matches in maker.patterns]
    checks += [check for case, wanted in ruled for check in _ruled(kind, case, wanted)]
    return Exact(kind=kind, quotes=made.quotes, checks=tuple(checks))


def carried(dialect: Dialect, variant: Variant) -> list[str]:
    """The names that stand at the top of a frame where all that is documented is there, the tag not among them."""
    named = schema.frame_schema(dialect, variant.form, variant.style, embed=True).get("properties", {})
    return [name for name in named if name != variant.tag]


def _added(case: Case, place: dict[str, Any], maker: Maker, above: tuple[str, ...]) -> tuple[str, ...] | None:
    """Adds what a case documents to the properties at `place`; what it requires, or None where no class can say it."""
    payload = plain(case.payload)
    if not set(payload) <= {"type", "properties", "required"} | NOTES:
        return None
    for name, inner in payload.get("properties", {}).items():
        if _bare(place.get(name, inner)) != _bare(inner):
            return None
        try:
            Maker(name=maker.name).form(inner, (*above, name))
        except Inexact:
            return None
    place |= {name: inner for name, inner in payload.get("properties", {}).items() if name not in place}
    return tuple(payload.get("required", ()))


def _bare(inner: Any) -> Any:
    if not isinstance(inner, Mapping):
        return inner
    return {word: value for word, value in inner.items() if word not in NOTES}


def _ruled(kind: Kind, case: Case, wanted: tuple[str, ...] | None) -> Iterator[Check]:
    """Refuses the frames for which a case holds and that lack what it requires.

    Where no class can say what the case asks for (None), the validator is asked of the frames for which it holds.
    """
    if wanted == ():
        return
    holds = [_condition(kind, condition) for condition in case.when]
    unless = [_condition(kind, condition) for condition in case.unless]
    lacks = None if wanted is None else kind.getter([(False, (name,)) for name in wanted])

    def check(frames: Sequence[Any]) -> list[int]:
        wrong = _all(holds, frames)
        if unless:
            wrong = list(map(and_, wrong, map(not_, _all(unless, frames))))
        if lacks is not None:
            wrong = list(map(and_, wrong, map(contains, map(lacks, frames), repeat(UNSET))))
        places = list(compress(range(len(frames)), wrong))
        return places if lacks is not None else [place for place in places if not _is_valid(kind, frames[place])]

    yield check


def _is_valid(kind: Kind, frame: Struct) -> bool:
    variant, message, _, style = kind.fit(frame)
    return variant.valid[style](message) and not (variant.closed and any(variant.extras(message, style)))


Test = Callable[[Sequence[Any]], Iterator[bool]]


def _all(tests: Sequence[Test], frames: Sequence[Any]) -> list[bool]:
    found = [True] * len(frames)
    for test in tests:
        found = list(map(and_, found, test(frames)))
    return found


def _condition(kind: Kind, condition: Condition) -> Test:
    """Whether each frame meets a condition. Only texts are compared: for numbers JSON's idea of equality is another."""
    path: Path = (condition.at.place == "header", condition.at.path)
    if condition.at.place not in ("header", "payload"):
        raise Inexact
    read, const = kind.one(path), condition.const
    if condition.test == "absent":
        return lambda frames: map(is_, map(read, frames), repeat(UNSET))
    if condition.test == "present":
        return lambda frames: map(is_not, map(read, frames), repeat(UNSET))
    if not isinstance(const, str):
        raise Inexact
    return lambda frames: map(eq, map(read, frames), repeat(const))


def _matching(kind: Kind, path: tuple[str, ...], matches: Callable[[Any], bool]) -> Check:
    """Refuses the frames whose text at `path` does not hold a pattern; each distinct text is looked at once."""
    read = kind.one((True, path))
    known: set[Any] = set()

    def right(value: Any) -> bool:
        if not isinstance(value, str) or value in known:
            return True  # what is no text is of another type that the schema allows
        if not matches(value):
            return False
        if len(value) <= LONG:
            if len(known) >= MANY:
                known.clear()
            known.add(value)
        return True

    def check(frames: Sequence[Struct]) -> list[int]:
        return [number for number, value in enumerate(map(read, frames)) if not right(value)]

    return check


def _identifier(key: str) -> str:
    return "".join(letter if letter.isalnum() and letter.isascii() else "_" for letter in f"Frame_{key}_")
