"""What a dialect's messages are, as types that any language has.

Law: frozen values. Nothing here knows a language, a JSON Schema validator, or how a type came about.

A message's type is a `Record` and a rest. A message is valid by its schema just if the record takes it (each required
member there, each member that is there of its type, whatever other members) and the rest, a JSON Schema of whole
messages, accepts it. The rest is what types cannot say: bounds, patterns, alternatives, cases. Where it is `True`, the
record says everything.

Two exceptions, of the languages and not of this model: `Whole` is an integer of 64 bits with its sign, and a text of a
number such as `1.0`, which JSON Schema takes for an integer, may be none to a language.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

from wirecheck.catalog.model import Envelope, Sender


@dataclass(frozen=True, slots=True)
class Anything:
    """Any JSON value, null included."""


@dataclass(frozen=True, slots=True)
class Text:
    """A string. `known` lists values that are documented as known so far; others are as good."""

    known: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Whole:
    """An integer of 64 bits with its sign."""


@dataclass(frozen=True, slots=True)
class Number:
    """Any number, as a double. The text of one may be that of an integer."""


@dataclass(frozen=True, slots=True)
class Flag:
    """True or false."""


@dataclass(frozen=True, slots=True)
class Choice:
    """One of these strings and no other. `name` is the name of its type, unique in the module."""

    name: str
    words: tuple[str, ...]
    values: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Items:
    """An array."""

    of: Type


@dataclass(frozen=True, slots=True)
class Table:
    """An object whose members all have one type, whatever their names."""

    of: Type


@dataclass(frozen=True, slots=True)
class Nullable:
    """Null, or a value of a type which does not take null itself."""

    of: Type


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """A member of an object. `wire` is its name in the message; `required`: it is never absent.

    Absent and null are two things: whether null is allowed is said by the type alone (`Nullable`, `Anything`).
    """

    wire: str
    type: Type
    required: bool
    doc: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """An object with these members; it may have others, which are to be kept.

    `name` is the name of its type in Pascal case, unique in the module; `words` are what it was made of.
    """

    name: str
    words: tuple[str, ...]
    doc: str
    fields: tuple[Field, ...]


Type: TypeAlias = Anything | Text | Whole | Number | Flag | Choice | Items | Table | Nullable | Record


@dataclass(frozen=True, slots=True, kw_only=True)
class Frame:
    """One variant. `tag`: the value of the module's tag member, which is always there and not among the record's
    fields; None for a frame without a tag.

    `rest`: a JSON Schema (of the keywords that `wirecheck.types.rest.KEYWORDS` lists) of the whole message, which
    must accept it as well, or True. `key` is the frame's name in the catalog, `doc` a sentence or two.
    """

    key: str
    tag: str | None
    record: Record
    rest: Mapping[str, Any] | bool
    doc: str
    source: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Union:
    """The frames of one sender. `name` is the type's name: `ServerFrame` or `ClientFrame`.

    Which frame a message is: if any frame has a tag, by the tag member. A text there that no frame has is an unknown
    frame; anything else there is an error; where the member is absent, it is the frame without a tag, or an error if
    there is none. If no frame has a tag, every message is of the one frame without (and no tag member is looked at).
    """

    name: str
    sender: Sender
    frames: tuple[Frame, ...]

    @property
    def tagged(self) -> tuple[Frame, ...]:
        return tuple(frame for frame in self.frames if frame.tag is not None)

    @property
    def untagged(self) -> Frame | None:
        return next((frame for frame in self.frames if frame.tag is None), None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Module:
    """The types of a dialect in one envelope.

    `dialect` is its name (letters, digits, `_`), `tag` the tag member's name in messages. `records` and `choices` are
    all named types, each once; a record comes before the records that it is part of, frames' records included.
    """

    dialect: str
    title: str
    source: str
    envelope: Envelope
    tag: str
    unions: tuple[Union, ...]
    records: tuple[Record, ...]
    choices: tuple[Choice, ...]

    @property
    def frames(self) -> tuple[Frame, ...]:
        return tuple(frame for union in self.unions for frame in union.frames)

    @property
    def checked(self) -> bool:
        """Whether any frame has a rest to be checked."""
        return any(frame.rest is not True for frame in self.frames)
