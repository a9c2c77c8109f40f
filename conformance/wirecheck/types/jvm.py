"""What the Java virtual machine asks of types, for the languages that compile to it.

Law: modules to modules. Each type becomes a file of its own name: so no name is longer than a file system takes, and
no two differ in case alone. A constructor has 255 places at most, of which a long and a double take two: so a record
of many fields is divided.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Final

from wirecheck.types.build import RESERVED
from wirecheck.types.model import Choice, Field, Items, Module, Nullable, Record, Table, Type
from wirecheck.types.naming import Names

LONGEST: Final = 120
"""Letters of a type's name."""
MOST: Final = 110
"""Fields of a record, and of each part of one that is divided."""


def fitted(module: Module, reserved: frozenset[str]) -> Module:
    """The module with names that files can have, none of them of `reserved`."""
    names = Names(reserved | RESERVED, told=str.lower)  # a file system need not tell `Ab` from `AB`
    listed = [*(record.name for record in module.records), *(choice.name for choice in module.choices)]
    called = {name: names.give(name[:LONGEST]) for name in listed}
    records = {record.name: _record(record, called) for record in module.records}
    return replace(
        module,
        unions=tuple(
            replace(
                union,
                frames=tuple(replace(frame, record=records[frame.record.name]) for frame in union.frames),
            )
            for union in module.unions
        ),
        records=tuple(records.values()),
        choices=tuple(replace(choice, name=called[choice.name]) for choice in module.choices),
    )


def divided(record: Record, taken: Names) -> list[Record]:
    """The record, or what it is divided into: each part is to have the next one as a further member."""
    if len(record.fields) <= MOST:
        return [record]
    first = replace(record, fields=record.fields[:MOST])
    following = replace(
        record, name=taken.give(f"{record.name}More"), fields=record.fields[MOST:], doc=f"More of {record.name}."
    )
    return [first, *divided(following, taken)]


def _record(record: Record, called: Mapping[str, str]) -> Record:
    fields = tuple(_field(field, called) for field in record.fields)
    return replace(record, name=called[record.name], fields=fields)


def _field(field: Field, called: Mapping[str, str]) -> Field:
    return replace(field, type=_type(field.type, called))


def _type(kind: Type, called: Mapping[str, str]) -> Type:
    match kind:
        case Record():
            return _record(kind, called)
        case Choice(name=name):
            return replace(kind, name=called[name])
        case Items(of=inner) | Table(of=inner) | Nullable(of=inner):
            return replace(kind, of=_type(inner, called))
    return kind
