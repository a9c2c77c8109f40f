"""Values that a payload's schema allows: the plainest, the usual, and those at the edges.

Law: a schema of `catalog.shorthand.KEYWORDS` and a source in, a valid JSON value of bounded size out; the same choices
give the same value. What a schema contradicts is a `UsageError`, found at once and never searched for without end.
"""

from __future__ import annotations

from collections import OrderedDict
from typing import Any, Final

from wirecheck.sample.conjunction import Schema
from wirecheck.sample.makers import Maker, names_in
from wirecheck.sample.purse import Purse
from wirecheck.sample.source import Source
from wirecheck.schema.message import plain

REMEMBERED: Final = 2_048


def value(schema: Schema, source: Source) -> Any:
    """A valid value of a schema. With `PLAIN` it is the smallest: what is required, of an example where there is one.

    Raises `UsageError` where the schema contradicts itself.
    """
    return maker(schema).draw(Purse(source), None)


_made: OrderedDict[int, tuple[Schema, Maker]] = OrderedDict()


def maker(schema: Schema) -> Maker:
    """The maker of a schema, remembered by the schema's identity: schemas are not changed once they are in use."""
    known = _made.get(id(schema))
    if known is not None and known[0] is schema:
        return known[1]
    new = Maker((plain(schema),), names_in(schema))
    _made[id(schema)] = (schema, new)
    while len(_made) > REMEMBERED:
        _made.popitem(last=False)
    return new
