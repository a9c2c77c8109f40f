"""Whole messages of a frame: tag, header, payload in its place.

Law: a catalog's frame and a source in, a valid message out. What a frame's cases look at is settled before anything
else is drawn, so that it is known which of them hold; and no member that nobody documents is ever called like one that
somebody does, so that it changes nothing in how the message is read.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Collection, Mapping
from typing import Any, Final

from wirecheck import schema
from wirecheck.catalog import applies
from wirecheck.catalog.linear import accepting
from wirecheck.catalog.model import Case, Condition, Dialect, FrameForm, Style
from wirecheck.catalog.places import documented
from wirecheck.sample.anything import anything
from wirecheck.sample.makers import LARGEST, MORE_MEMBERS, Maker, NoValue, delicate, names_in
from wirecheck.sample.purse import Counting, Purse
from wirecheck.sample.settled import ABSENT, Path, Pin, Tree, laid, standing
from wirecheck.sample.source import PLAIN, Source
from wirecheck.sample.strings import name
from wirecheck.schema.message import demands, header_of, plain, wire_style, wrap

REMEMBERED: Final = 2_048
TRIES: Final = 8
ITEMS: Final = 4
"""Messages in a batch at most, where its schema asks for no more."""


def message(
    dialect: Dialect,
    form: FrameForm,
    style: Style,
    source: Source,
    *,
    pinned: Mapping[Path, Any] | None = None,
    absent: Collection[Path] = (),
) -> dict[str, Any]:
    """A message of the frame in a style. With `PLAIN` it is the plainest.

    `pinned` values are put in as they are and are not validated; their keys are paths below the payload, or `("@id",)`
    for a header field. Objects on the way are made, and with them what they require. What is `absent` is left out,
    required or not. Raises `UsageError` where the catalog contradicts itself, so that the frame has no valid message.
    """
    return maker_of(dialect, form).message(style, Purse(source), pinned or {}, absent)


class FrameMaker:
    """Makes messages of one frame."""

    def __init__(self, dialect: Dialect, form: FrameForm) -> None:
        self.dialect = dialect
        self.form = form
        self.taken = taken_names(dialect)
        self.header = {field.name: Maker((plain(field.schema),), self.taken) for field in header_of(dialect, form)}
        self._conditions = _distinct(form.cases)
        self._makers: dict[tuple[int, ...], Maker] = {}
        self._drawers: dict[tuple[Path, tuple[int, ...]], Maker | None] = {}
        schemas = [one for one in (form.payload, *(case.payload for case in form.cases)) if one is not None]
        # The payload is drawn as one object, past what its own maker would have looked at again.
        self._unsure = len(schemas) > 1 or any(map(delicate, schemas)) or self._maker(()).least > LARGEST
        self._valid: dict[Style, Callable[[Any], bool]] = {}
        self._possible: dict[Style, bool] = {}

    def message(
        self, style: Style, source: Purse, given: Mapping[Path, Any], absent: Collection[Path]
    ) -> dict[str, Any]:
        varied = Purse(Counting())
        for chooser in (*[source] * TRIES, Purse(PLAIN), *[varied] * (4 * TRIES)):
            found = self._drawn(style, chooser, given, absent)
            if given or absent or not self._unsure or self._is_valid(found, style):
                return found
        for example in self.form.examples:
            shown = wrap(self.dialect, self.form, example, style)
            if self._is_valid(shown, style):
                return shown
        raise NoValue(
            f"no message was found that is a valid `{self.form.key}` in the {style} envelope; mend what contradicts "
            "itself in its payload and its cases, or give the frame `examples:`, which are then used"
        )

    def is_possible(self, style: Style) -> bool:
        """Whether the frame has a valid message."""
        if style not in self._possible:
            try:
                self._possible[style] = self.message(style, Purse(PLAIN), {}, ()) is not None
            except NoValue:
                self._possible[style] = False
        return self._possible[style]

    def _is_valid(self, found: dict[str, Any], style: Style) -> bool:
        if style not in self._valid:
            self._valid[style] = accepting(schema.frame_schema(self.dialect, self.form, style))
        return self._valid[style](found)

    def _drawn(
        self, style: Style, source: Purse, given: Mapping[Path, Any], absent: Collection[Path]
    ) -> dict[str, Any]:
        head, tree = laid(given, absent)
        self._fill_batch(style, source, tree)
        held = self._settle(source, head, tree) if self._conditions else ()
        found: dict[str, Any] = {} if self.form.tag is None else {self.dialect.envelope.tag: self.form.tag}
        for field in header_of(self.dialect, self.form):
            pin = head.get(field.name)
            made = self.header[field.name]
            if pin is None and (field.required or (made.least <= LARGEST and source.below(2) == 1)):
                found[field.name] = made.draw(source, None)
        found |= {key: pin.value for key, pin in head.items() if isinstance(pin, Pin)}
        if self.form.payload is None:
            body = self._extras(source) | standing(tree)
        else:
            body = self._maker(held).as_object(source, tree)
        if style == "flat":
            return found | body
        if source.below(6) == 5:
            found |= self._extras(source)
        bare = not body and not (self.form.payload is not None and demands(self.form.payload))
        return found if bare and source.below(2) == 0 else found | {self.dialect.envelope.data: body}

    def _maker(self, held: tuple[int, ...]) -> Maker:
        if held not in self._makers:
            self._makers[held] = Maker(self._schemas(held), self.taken)
        return self._makers[held]

    def _schemas(self, held: tuple[int, ...]) -> tuple[Mapping[str, Any], ...]:
        """The payload's schema and those of the cases that hold."""
        payloads = (self.form.payload, *(self.form.cases[number].payload for number in held))
        return tuple(plain(one) for one in payloads if one is not None)

    def _extras(self, source: Source) -> dict[str, Any]:
        return {name(source, self.taken): anything(source, self.taken, 1) for _ in range(source.below(MORE_MEMBERS))}

    def _settle(self, source: Purse, head: Tree, tree: Tree) -> tuple[int, ...]:
        """Settle in `head` and `tree` what the conditions look at; the numbers of the cases with a payload that hold.

        What is left out at first and then turns out to be required by a case that holds is put in, and what that
        changes is looked at again.
        """
        free = [one for one in self._conditions if (head if one.at.place == "header" else tree).at(one.at.path) is None]
        for one in free:
            self._settle_one(one, source, head, tree, held=(), needed=False)
        held = self._held(head, tree)
        for _ in self.form.cases:
            lacking = [one for one in free if one.at.place == "payload" and self._lacks(one.at.path, tree, held)]
            for one in lacking:
                self._settle_one(one, source, head, tree, held=held, needed=True)
            before, held = held, self._held(head, tree)
            if not lacking and held == before:
                break
        return held

    def _settle_one(
        self, one: Condition, source: Purse, head: Tree, tree: Tree, *, held: tuple[int, ...], needed: bool
    ) -> None:
        path, where = one.at.path, head if one.at.place == "header" else tree
        if one.at.place == "header":
            required = any(field.name == path[0] and field.required for field in header_of(self.dialect, self.form))
            drawer = self.header.get(path[0])
        else:
            required = _demanded(self.form.payload, path)
            drawer = self._drawer(path, held)
        ways: list[Any] = [] if required or needed else [ABSENT]
        ways += [drawer] if drawer is not None and drawer.least <= LARGEST else []
        others = (other for other in self._all_conditions() if other.at == one.at and other.test == "const")
        ways += [Pin(plain(other.const)) for other in others]
        if where.at(path) is not None and not needed:
            return  # a place below it was settled meanwhile
        way = ways[source.below(len(ways))] if ways else ABSENT
        where.put(path, Pin(way.draw(source, None)) if isinstance(way, Maker) else way)

    def _drawer(self, path: Path, held: tuple[int, ...]) -> Maker | None:
        """Draws a value for a place of the payload: one that the payload and the cases that hold allow there, or else
        one that the first case which documents the place allows."""
        if (path, held) not in self._drawers:
            asked = [documented(one, path) for one in self._schemas(held)]
            found = tuple(one for one in asked if one is not None)
            if not found:
                asked = [documented(plain(case.payload), path) for case in self.form.cases if case.payload is not None]
                found = tuple(one for one in asked if one is not None)[:1]
            self._drawers[path, held] = Maker(found, self.taken) if found else None
        return self._drawers[path, held]

    def _all_conditions(self) -> list[Condition]:
        return [one for case in self.form.cases for one in (*case.when, *case.unless)]

    def _held(self, head: Tree, tree: Tree) -> tuple[int, ...]:
        payload, header = standing(tree), standing(head)
        return tuple(
            number
            for number, case in enumerate(self.form.cases)
            if case.payload is not None and applies(case, payload, header)
        )

    def _lacks(self, path: Path, tree: Tree, held: tuple[int, ...]) -> bool:
        """Whether a place that was left out is required by what holds."""
        return tree.at(path) is ABSENT and any(_demanded(one, path) for one in self._schemas(held))

    def _fill_batch(self, style: Style, source: Purse, tree: Tree) -> None:
        """Settle the messages of a batch, which are frames of the same sender."""
        form, path = self.form, self.form.contains
        field = documented(form.payload, path) if path is not None else None
        if path is None or field is None or tree.at(path) is not None:
            return
        if not _demanded(form.payload, path) and source.below(2) == 0:
            tree.put(path, ABSENT)
            return
        usual = style == wire_style(self.dialect, form)
        others = (
            (maker_of(self.dialect, other), wire_style(self.dialect, other) if usual else style)
            for other in self.dialect.frames.values()
            if other.sender == form.sender and other.contains is None
        )
        inner = [(maker, one) for maker, one in others if maker.is_possible(one)]
        least = field.get("minItems", 0)
        length = max(least, min(source.below(ITEMS), field.get("maxItems", ITEMS)))
        fits = accepting(plain(field))
        items: list[Any] = []
        for _ in range(length if inner else 0):
            maker, worn = inner[source.below(len(inner))]
            one = maker.message(worn, source, {}, ())
            items += [one] if fits([one] * max(least, 1)) or fits([*items, one]) else []
        if fits(items):
            tree.put(path, Pin(items))


def taken_names(dialect: Dialect) -> frozenset[str]:
    """Names that no undocumented member may have: those of the envelope, of every payload, and what names look at."""
    envelope = dialect.envelope
    payloads = [one for form in dialect.frames.values() for one in (form.payload, *(c.payload for c in form.cases))]
    looked_at = {step for places in dialect.names.values() for place in places for step in place.path}
    header = [field for fields in envelope.header.values() for field in fields]
    forms = [*filter(None, payloads), *(field.schema for field in header)]
    return frozenset({envelope.tag, envelope.data, *looked_at, *(field.name for field in header)}).union(
        *map(names_in, forms)
    )


_makers: OrderedDict[tuple[int, int], tuple[Dialect, FrameForm, FrameMaker]] = OrderedDict()


def maker_of(dialect: Dialect, form: FrameForm) -> FrameMaker:
    """The maker of a frame's messages, remembered by identity: catalogs are frozen."""
    known = _makers.get((id(dialect), id(form)))
    if known is not None and known[0] is dialect and known[1] is form:
        return known[2]
    new = FrameMaker(dialect, form)
    _makers[id(dialect), id(form)] = (dialect, form, new)
    while len(_makers) > REMEMBERED:
        _makers.popitem(last=False)
    return new


def _distinct(cases: tuple[Case, ...]) -> tuple[Condition, ...]:
    """One condition for each place that the cases look at, the deepest place first."""
    found = {one.at: one for case in cases for one in (*case.when, *case.unless)}
    return tuple(sorted(found.values(), key=lambda one: -len(one.at.path)))


def _demanded(payload: Mapping[str, Any] | None, path: Path) -> bool:
    """Whether a payload requires the place: every step on the way is required."""
    for step in path:
        if payload is None or step not in payload.get("required", ()):
            return False
        payload = payload.get("properties", {}).get(step)
    return True
