"""Makers of values: a schema taken apart once, and drawn from as often as wanted.

Law: what a maker draws is valid. Where keeping the limits is not enough to be sure (alternatives that exclude each
other, multiples, unique items), the value is held against two validators before it leaves; what contradicts itself is
found at once, by the smallest value that each way would need, and never searched for without end.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import Any, Final

from wirecheck.errors import UsageError
from wirecheck.sample.anything import anything
from wirecheck.sample.conjunction import Part, Schema, fitting, given, parts
from wirecheck.sample.numbers import numbers
from wirecheck.sample.patterns import matching
from wirecheck.sample.purse import CHOICES, Counting, Purse
from wirecheck.sample.settled import ABSENT, Pin, Tree, standing, without
from wirecheck.sample.source import PLAIN
from wirecheck.sample.strings import name, text
from wirecheck.schema.message import plain
from wirecheck.strict import show

LARGEST: Final = 100_000
"""Values (and texts of 16 characters) in the smallest value of a schema. One that needs more is refused."""
TRIES: Final = 8
MORE_ITEMS: Final = (0, 1, 3, 8)
MORE_MEMBERS: Final = 3


class NoValue(UsageError):
    """A schema that no value fits, or none that was found."""


Draw = Callable[[Purse, Tree | None], Any]


class Maker:
    """Makes values of one schema, or of several that hold together. `draw` is quick; making a maker is not.

    `least` is the size of the smallest value, and more than `LARGEST` where there is none. Members that nobody
    documents are never called like those in `taken`.
    """

    __slots__ = ("_objects", "draw", "least")

    def __init__(self, schemas: tuple[Schema, ...], taken: Collection[str]) -> None:
        ways = [way for part in parts(schemas) for way in _ways(part, taken) if way[2] <= LARGEST]
        known = _known(schemas)
        self.least = min((least for _, _, least in ways), default=1 if known else LARGEST + 1)
        self._objects = tuple(draw for kind, draw, _ in ways if kind == "object")
        draws = tuple(draw for _, draw, _ in ways)
        if not draws and not known:
            self.draw = _impossible(schemas)
            return

        def drawn(source: Purse, pins: Tree | None) -> Any:
            if known and (not draws or source.below(2) == 0):
                return plain(known[source.below(len(known))])
            return draws[source.below(len(draws))](source, pins)

        self.draw = drawn
        if any(map(delicate, schemas)) or len(schemas) > 1:
            self.draw = _checked(drawn, schemas, draws, known)
            try:
                self.draw(Purse(PLAIN), None)
            except NoValue:
                self.least = LARGEST + 1  # what holds this can do without it, or has no value either

    def settled(self, source: Purse, pins: Tree) -> Any:
        """A value with `pins` in it: an object, whatever the schema says, unless they only leave out. Pinned values are
        put in as they are, so what has pins is not held against a validator."""
        if pins.loose:
            return without(self.draw(source, None), pins)
        return self.as_object(source, pins)

    def as_object(self, source: Purse, pins: Tree) -> dict[str, Any]:
        """An object with `pins` in it, not held against a validator."""
        if not self._objects:
            return standing(pins)
        made: dict[str, Any] = self._objects[source.below(len(self._objects))](source, pins)
        return made


def _known(schemas: tuple[Schema, ...]) -> tuple[Any, ...]:
    """The values that the catalog itself shows, the default first; none where it gives all that there are."""
    if given(schemas) is not None:
        return ()
    shown = [schema["default"] for schema in schemas if "default" in schema]
    shown += [one for schema in schemas for one in schema.get("examples", ())]
    return tuple(filter(fitting(schemas), shown)) if shown else ()


def names_in(schema: Any) -> frozenset[str]:
    """Every member's name that a schema documents, at any depth."""
    if isinstance(schema, Mapping):
        below = [schema[word] for word in ("items", "additionalProperties") if word in schema]
        below += [branch for word in ("anyOf", "oneOf") for branch in schema.get(word, ())]
        properties = schema.get("properties", {})
        return frozenset(properties).union(*map(names_in, (*below, *properties.values())))
    return frozenset()


def _ways(part: Part, taken: Collection[str]) -> list[tuple[str, Draw, int]]:
    """How a conjunction's values can be drawn: the kind, the function, and the size of the smallest."""
    options = given(part.schemas)
    if options is not None:
        fits = fitting(part.schemas)
        left = tuple(value for value in options if fits(value))
        return [("given", lambda source, _: plain(left[source.below(len(left))]), 1)] if left else []
    if part.anything:
        return [("given", lambda source, _: anything(source, taken), 1), *_objects(part, taken)]
    return [way for kind in part.kinds for way in _kind(kind, part, taken)]


def _kind(kind: str, part: Part, taken: Collection[str]) -> list[tuple[str, Draw, int]]:
    limits = part.limits
    match kind:
        case "object":
            return _objects(part, taken)
        case "array":
            return _arrays(part, taken)
        case "string":
            return _texts(limits)
        case "integer" | "number":
            draw = numbers(limits, whole=kind == "integer")
            return [] if draw is None else [("number", lambda source, _: draw(source), 1)]
        case "boolean":
            return [("boolean", lambda source, _: source.below(2) == 0, 1)]
        case _:
            return [("null", lambda source, _: None, 1)]


def _texts(limits: Mapping[str, Any]) -> list[tuple[str, Draw, int]]:
    least, most, wanted = limits.get("minLength", 0), limits.get("maxLength"), limits["patterns"]
    size = 1 + least // 16
    if size > LARGEST or (most is not None and least > most):
        return []
    if not wanted:
        return [("string", lambda source, _: text(source, least, most), size)]
    plain = matching(wanted, PLAIN, least, most)
    if plain is None:
        return []

    def drawn(source: Purse, _: Tree | None) -> str:
        found = matching(wanted, source, least, most)
        return plain if found is None else found

    return [("string", drawn, size)]


def _arrays(part: Part, taken: Collection[str]) -> list[tuple[str, Draw, int]]:
    least, most = part.limits.get("minItems", 0), part.limits.get("maxItems")
    unique = part.limits["unique"]
    one = Maker(part.items() or ({"type": "string"},), taken) if part.items() else None
    each = 1 if one is None else one.least
    size = 1 + least * each
    if size > LARGEST or (most is not None and least > most):
        return []
    if each > LARGEST:
        most = 0

    def item(source: Purse) -> Any:
        if one is not None:
            return one.draw(source, None)
        return text(source) if source.below(2) == 0 else anything(source, taken, 2)

    def drawn(source: Purse, _: Tree | None) -> list[Any]:
        more = MORE_ITEMS[source.below(len(MORE_ITEMS))]
        length = least + (source.below(more + 1) if more > 1 else more)
        length = length if most is None else min(length, most)
        source.spend(length * each)
        return _unlike(item, source, length, least) if unique else [item(source) for _ in range(length)]

    return [("array", drawn, size)]


def _unlike(item: Callable[[Purse], Any], source: Purse, length: int, least: int) -> list[Any]:
    """Items that all differ, as many as were found in a bounded number of tries."""
    found: dict[str, Any] = {}
    # A second source for what must be there: a plain choice repeated would always be the same item.
    steady = Purse(Counting(), CHOICES)
    for attempt in range(4 * length + 4):
        if len(found) >= length or (attempt >= 2 * length and len(found) >= least):
            break
        one = item(source if attempt < 2 * length else steady)
        found.setdefault(_same(one), one)
    else:
        for _ in range(64 * least):
            if len(found) >= least:
                break
            one = item(steady)
            found.setdefault(_same(one), one)
    return list(found.values())


def _same(one: Any) -> str:
    """A text that is equal for equal JSON values: 1 and 1.0 are, true and 1 are not."""
    if isinstance(one, dict):
        return "{" + ",".join(f"{key!r}:{_same(one[key])}" for key in sorted(one)) + "}"
    if isinstance(one, list):
        return "[" + ",".join(map(_same, one)) + "]"
    if isinstance(one, float) and one.is_integer():
        return repr(int(one))
    return repr(one)


def _objects(part: Part, taken: Collection[str]) -> list[tuple[str, Draw, int]]:
    required, others = part.required(), part.others()
    makers: dict[str, Maker] = {}
    for key in (*required, *(key for key in part.properties() if key not in required)):
        member = part.member(key)
        if False not in member:
            schemas = tuple(one for one in member if isinstance(one, Mapping))
            made = Maker(schemas or ({"type": "string"},), taken)
            if made.least <= LARGEST:
                makers[key] = made
    if any(key not in makers for key in required):
        return []
    size = 1 + sum(makers[key].least for key in required)
    excluded = frozenset((*taken, *required, *part.properties()))
    asked = tuple(one for one in others if isinstance(one, Mapping))
    further = Maker(asked, taken) if asked and False not in others else None
    closed = False in others or (further is not None and further.least > LARGEST)

    def drawn(source: Purse, pins: Tree | None) -> dict[str, Any]:
        source.spend(size)
        settled = Tree() if pins is None else pins
        found: dict[str, Any] = {}
        for key, made in makers.items():
            pin = settled.get(key)
            if pin is ABSENT:
                continue
            if isinstance(pin, Pin):
                found[key] = pin.value
            elif key in required or (pin is not None and not pin.loose) or source.below(2) == 1:
                found[key] = made.draw(source, None) if pin is None else made.settled(source, pin)
        if not closed and source.below(4) == 3:
            for _ in range(1 + source.below(MORE_MEMBERS)):
                extra = name(source, excluded)
                found[extra] = anything(source, taken, 1) if further is None else further.draw(source, None)
        return found | {key: inner for key, inner in standing(settled).items() if key not in makers}

    return [("object", drawn, size)]


def delicate(schema: Schema) -> bool:
    """Whether drawing within the limits is not enough to be sure that a value is valid."""
    return not schema.keys().isdisjoint(("anyOf", "oneOf", "multipleOf", "uniqueItems"))


def _checked(drawn: Draw, schemas: tuple[Schema, ...], ways: tuple[Draw, ...], known: tuple[Any, ...]) -> Draw:
    """`drawn`, tried until a value is valid, and then what is `known` to be, or each way by itself."""
    fits = fitting(schemas)

    def checked(source: Purse, pins: Tree | None) -> Any:
        for _ in range(TRIES):
            found = drawn(source, pins)
            if fits(found):
                return found
        if known:
            return plain(known[0])
        for chooser in (Purse(PLAIN), Purse(Counting())):
            for way in ways:
                for _ in range(TRIES):
                    found = way(chooser, pins)
                    if fits(found):
                        return found
        return _impossible(schemas)(source, pins)

    return checked


def _impossible(schemas: tuple[Schema, ...]) -> Draw:
    wanted = " and ".join(show(dict(schema)) for schema in schemas)

    def refused(_: Purse, __: Tree | None) -> Any:
        raise NoValue(
            f"no value was found that fits {wanted} in the catalog; mend what contradicts itself there, or give the "
            "field `examples:` that fit, which are then used"
        )

    return refused
