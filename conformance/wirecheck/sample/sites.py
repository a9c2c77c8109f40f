"""Where in a frame's messages something is asked of a value.

Law: a frame and a style in; messages with a given place in them out, and what a validator says of a message. Nothing
here is broken: that is for whoever puts another value there.

What lies inside an alternative is no place of its own: whatever is wrong there, it is the alternative that fails.
Neither is what lies in a batch, whose items are frames by themselves.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from jsonschema import Draft202012Validator

from wirecheck import schema
from wirecheck.catalog import applies
from wirecheck.catalog.linear import explaining
from wirecheck.catalog.model import Case, Dialect, FrameForm, Style
from wirecheck.catalog.places import documented
from wirecheck.sample.conjunction import Part, Schema, fitting, parts
from wirecheck.sample.makers import LARGEST, Maker
from wirecheck.sample.messages import maker_of, message
from wirecheck.sample.purse import Purse
from wirecheck.sample.settled import Tree
from wirecheck.sample.source import PLAIN, Source
from wirecheck.sample.strings import name
from wirecheck.schema.message import demands, header_of, plain

Steps = tuple[str | int, ...]
Error = tuple[Steps, str | None]
"""Where a validator found something wrong, and the keyword that says so."""

REMEMBERED: Final = 2_048
_SAMPLES: Final[tuple[Any, ...]] = (None, 0, "", "x", [[]], {"x": 0})


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """A place in a message, and all that is asked of the value there. `above` is the place that holds it."""

    path: Steps
    schemas: tuple[Schema, ...]
    above: Site | None = None


class Ground:
    """One frame in one style."""

    def __init__(self, dialect: Dialect, form: FrameForm, style: Style) -> None:
        self.dialect = dialect
        self.form = form
        self.style = style
        self.taken = maker_of(dialect, form).taken
        self.place: Steps = (dialect.envelope.data,) if style == "nested" else ()
        self.scenes = tuple(_scenes(form))
        payloads = (form.payload, *(case.payload for case in form.cases))
        self._open = not any(one.keys() & {"anyOf", "oneOf"} for one in payloads if one is not None)
        whole = schema.frame_schema(dialect, form, style)
        self._validators = (explaining(whole), Draft202012Validator(whole))
        self._fits = fitting((whole,))
        self._sites: dict[tuple[int, ...], tuple[Site, ...]] = {}
        self._makers: dict[tuple[Schema, ...] | int, tuple[Any, Maker]] = {}

    def message(self, source: Source) -> dict[str, Any]:
        """A valid message, in which any one of the frame's cases may hold."""
        pinned, absent = self.scenes[source.below(len(self.scenes))]
        purse = Purse(source)
        drawn = {path: value.draw(purse, None) if isinstance(value, Maker) else value for path, value in pinned.items()}
        found = message(self.dialect, self.form, self.style, purse, pinned=drawn, absent=absent)
        if (pinned or absent) and not self._fits(found):
            return message(self.dialect, self.form, self.style, purse)
        return found

    def has_room(self, found: Mapping[str, Any], extra: str) -> bool:
        """Whether the message may have a further member beside its tag, of whatever value."""
        return self._open or all(self._fits({**found, extra: value}) for value in _SAMPLES)

    def allows(self, found: Mapping[str, Any]) -> bool:
        """Whether a message is valid beyond doubt."""
        return self._fits(found)

    def breaks_only(self, found: Mapping[str, Any], error: Error) -> bool:
        """Whether this one thing is wrong with a message and nothing else, for each validator."""
        for validator in self._validators:
            every = list(validator.iter_errors(found))
            if len({one.message for one in every}) != 1:
                return False
            if any((tuple(one.absolute_path), one.validator) != error for one in every):
                return False
        return not self._fits(found)

    def payload(self, found: Mapping[str, Any]) -> Mapping[str, Any]:
        inner = found if self.style == "flat" else found.get(self.dialect.envelope.data)
        return inner if isinstance(inner, dict) else {}

    def schemas(self, found: Mapping[str, Any]) -> tuple[Schema, ...]:
        """What holds for the payload of a message: the frame's schema, and those of the cases that hold."""
        return tuple(plain(one) for _, one in self._holding(found))

    def sites(self, found: Mapping[str, Any]) -> tuple[Site, ...]:
        """Every place of a message of this kind, there or not; the message itself first."""
        holding = self._holding(found)
        key = tuple(number for number, _ in holding)
        if key not in self._sites:
            self._sites[key] = tuple(self._walked(tuple(plain(one) for _, one in holding)))
        return self._sites[key]

    def _holding(self, found: Mapping[str, Any]) -> list[tuple[int, Schema]]:
        if self.form.payload is None:
            return []
        payload = self.payload(found)
        held = [(0, self.form.payload)]
        for number, case in enumerate(self.form.cases, start=1):
            if case.payload is not None and applies(case, payload, found):
                held.append((number, case.payload))
        return held

    def _walked(self, payload: tuple[Schema, ...]) -> Iterator[Site]:
        if not payload:
            return
        header = header_of(self.dialect, self.form)
        outer = [field.name for field in header if field.required]
        if self.style == "nested" and any(map(demands, payload)):
            outer.append(self.dialect.envelope.data)
        top = Site(path=(), schemas=({"required": outer},))
        yield top
        for field in header:
            yield from self._below(Site(path=(field.name,), schemas=(plain(field.schema),), above=top))
        if self.style == "nested":
            # The type of the whole message is no keyword of the payload's; that of a nested payload is.
            yield from self._below(Site(path=self.place, schemas=payload, above=top))
        else:
            bare = tuple({word: one[word] for word in one if word != "type"} for one in payload)
            yield from self._below(Site(path=(), schemas=bare))

    def _below(self, site: Site) -> Iterator[Site]:
        if site.above is not None and self.maker(site.schemas).least > LARGEST:
            return  # nothing fits there, so it is always left out
        yield site
        plain_part = _without_alternatives(site.schemas)
        if self.form.contains is not None and site.path == (*self.place, *self.form.contains):
            return
        inner: dict[str | int, tuple[Schema | bool, ...]] = {}
        inner.update(plain_part.properties().items())
        if plain_part.items():
            inner[0] = plain_part.items()
        if any(isinstance(one, Mapping) for one in plain_part.others()):
            inner[name(PLAIN, {*self.taken, *plain_part.properties()})] = plain_part.others()
        for step, asked in inner.items():
            schemas = tuple(one for one in asked if isinstance(one, Mapping))
            if False not in asked:
                yield from self._below(Site(path=(*site.path, step), schemas=schemas, above=site))

    def reach(self, found: dict[str, Any], site: Site, source: Source) -> Any:
        """The value at a place of a message, which is put there if it is not there yet."""
        if site.above is None:
            return found
        step = site.path[-1]
        holder = self.reach(found, site.above, source)
        if isinstance(step, int):
            if not isinstance(holder, list):
                holder = self._replaced(found, site.above.path, [])
            if not holder:
                holder.append(self._drawn(site, source))
        elif not isinstance(holder, dict):
            holder = self._replaced(found, site.above.path, self._object(site.above, source))
        if isinstance(step, str) and step not in holder:
            holder[step] = self._drawn(site, source)
        return holder[step]

    def _replaced(self, found: dict[str, Any], path: Steps, new: Any) -> Any:
        holder: Any = found
        for step in path[:-1]:
            holder = holder[step]
        holder[path[-1]] = new
        return new

    def _drawn(self, site: Site, source: Source) -> Any:
        return self.maker(site.schemas).draw(Purse(source), None)

    def _object(self, site: Site, source: Source) -> dict[str, Any]:
        return self.maker(site.schemas).as_object(Purse(source), Tree())

    def maker(self, schemas: tuple[Schema, ...]) -> Maker:
        """A maker for a site's schemas, remembered by the tuple's identity: sites are kept as long as the ground is."""
        key = id(schemas)
        if key not in self._makers:
            self._makers[key] = (schemas, Maker(schemas, self.taken))
        return self._makers[key][1]


def put(value: Any, path: Steps, new: Any) -> Any:
    """The value with another one at a place that it has; the value itself is left as it is."""
    if not path:
        return new
    if isinstance(value, list):
        return [put(one, path[1:], new) if at == path[0] else one for at, one in enumerate(value)]
    return {key: put(one, path[1:], new) if key == path[0] else one for key, one in value.items()}


def _without_alternatives(schemas: tuple[Schema, ...]) -> Part:
    bare = tuple({word: one[word] for word in one if word not in ("anyOf", "oneOf")} for one in schemas)
    return next(iter(parts(bare)), Part(schemas=(), kinds=(), limits={}))


def _scenes(form: FrameForm) -> Iterator[tuple[dict[tuple[str, ...], Any], tuple[tuple[str, ...], ...]]]:
    """What has to be pinned or left out so that a case with a payload holds; first nothing."""
    yield {}, ()
    for case in form.cases:
        if case.payload is not None and case.when:
            yield _scene(form, case)


def _scene(form: FrameForm, case: Case) -> tuple[dict[tuple[str, ...], Any], tuple[tuple[str, ...], ...]]:
    pinned: dict[tuple[str, ...], Any] = {}
    absent: list[tuple[str, ...]] = []
    for one in case.when:
        path = (f"@{one.at.path[0]}",) if one.at.place == "header" else one.at.path
        if one.test == "const":
            pinned[path] = plain(one.const)
        elif one.test == "absent":
            absent.append(path)
        elif one.at.place == "payload":
            asked = (documented(schema, path) for schema in (form.payload, case.payload))
            known = tuple(plain(schema) for schema in asked if schema is not None)
            made = Maker(known or ({},), ())
            if made.least <= LARGEST:
                pinned[path] = made
    return pinned, tuple(absent)


_grounds: OrderedDict[tuple[int, int, Style], tuple[Dialect, FrameForm, Ground]] = OrderedDict()


def ground_of(dialect: Dialect, form: FrameForm, style: Style) -> Ground:
    """The ground of a frame in a style, remembered by identity: catalogs are frozen."""
    key = (id(dialect), id(form), style)
    known = _grounds.get(key)
    if known is not None and known[0] is dialect and known[1] is form:
        return known[2]
    new = Ground(dialect, form, style)
    _grounds[key] = (dialect, form, new)
    while len(_grounds) > REMEMBERED:
        _grounds.popitem(last=False)
    return new
