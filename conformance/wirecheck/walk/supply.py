"""The values that a name can have: all different, and such as every frame allows that shows the name.

Law: the places of a name in, values out; the n-th is always the same one, whoever asked for others before.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from typing import Any, Final

from wirecheck.catalog import Dialect
from wirecheck.catalog.places import documented
from wirecheck.sample.conjunction import NOTES, fitting
from wirecheck.sample.makers import LARGEST, Maker
from wirecheck.sample.purse import Purse
from wirecheck.sample.source import Seeded
from wirecheck.schema.message import header_of, plain
from wirecheck.walk.carriers import every_role

_TRIES: Final = 64
"""Numbers that are tried in a row before it is taken that there are no further values."""
_WIDE: Final = NOTES | {"type", "minLength"}
"""Keywords under which a text may be any that is long enough."""

Schema = Mapping[str, Any]


def asked(dialect: Dialect, name: str, role: str | None = None) -> tuple[Schema, ...]:
    """All that is asked of the name's values in headers and payloads, of frames that may play the `role` (None: all);
    where these do not show it, what the URL asks."""
    found: list[Schema] = []
    forms = [form for form in dialect.frames.values() if role is None or role in every_role(form)]
    for place in dialect.names.get(name, ()):
        for form in forms:
            payloads = (form.payload, *(case.payload for case in form.cases))
            if place.place == "payload":
                found += [one for payload in payloads if (one := documented(payload, place.path)) is not None]
            elif place.place == "header":
                found += [field.schema for field in header_of(dialect, form) if field.name == place.path[0]]
    if not found:
        params = [dialect.connect.params.get(place.path[0]) for place in dialect.names.get(name, ())]
        found = [{"type": param.type} for param in params if param is not None]
    bare = [{word: value for word, value in plain(one).items() if word not in NOTES} for one in found]
    return tuple(one for at, one in enumerate(bare) if one not in bare[:at])


def is_wide(schemas: tuple[Schema, ...]) -> bool:
    """Whether any text that is long enough fits."""
    return all(not schema.keys() - _WIDE and "string" in schema.get("type", "string") for schema in schemas)


class Supply:
    """Values of one name: texts, whole numbers, true and false. Fractions, null and what is empty name nothing."""

    __slots__ = ("_found", "_is_over", "_lock", "_maker", "_name", "_number", "_seen", "fits")

    def __init__(self, name: str, schemas: tuple[Schema, ...]) -> None:
        self._name = name
        self._maker = Maker(schemas, ())
        self._found: list[Any] = []
        self._seen: set[tuple[bool, Any]] = set()
        self._number = 0
        self._is_over = False
        self._lock = threading.Lock()
        self.fits = fitting(schemas)

    def at(self, place: int) -> Any:
        """The value at a place, from 0; None where there are no so many."""
        with self._lock:
            while len(self._found) <= place and not self._is_over:
                self._is_over = not self._grows()
            return self._found[place] if place < len(self._found) else None

    def first(self, most: int) -> list[Any]:
        """The first values, at most so many."""
        return [one for one in map(self.at, range(most)) if one is not None]

    def _grows(self) -> bool:
        for _ in range(_TRIES):
            self._number += 1
            for one in self._tried(self._number):
                # In Python, true equals 1; in JSON it does not.
                if (isinstance(one, bool), one) not in self._seen and self.fits(one):
                    self._seen.add((isinstance(one, bool), one))
                    self._found.append(one)
                    return True
        return False

    def _tried(self, number: int) -> Iterator[Any]:
        yield from (f"{self._name}_{number}", str(number), number)
        if self._maker.least <= LARGEST:
            drawn = self._maker.draw(Purse(Seeded(number)), None)
            if isinstance(drawn, (str, int)) and drawn != "":
                yield drawn
