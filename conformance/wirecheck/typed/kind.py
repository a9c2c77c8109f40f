"""What a class of typed frames is, and how values are read from its frames.

Law: reads, and judges nothing. What a path leads to is the same as in the message read as plain values.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from operator import attrgetter
from typing import Any, get_args

import msgspec
from msgspec import UNSET, Struct, UnsetType
from msgspec.structs import FieldInfo, fields

from wirecheck.catalog.model import Style
from wirecheck.variant import Variant

Path = tuple[bool, tuple[str, ...]]
"""Whether a value lies in the header, and the steps to it there or below the payload."""
Reading = Callable[[Any], tuple[Any, ...]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """The frames of one class: instances of `type`, each of them a message of `variant` in `style`."""

    type: type[Struct]
    variant: Variant
    style: Style

    def getter(self, paths: Sequence[Path]) -> Reading:
        """What gives the values at these paths, in a tuple; `msgspec.UNSET` where there is none, None for null."""
        places = [self._place(in_header, steps) for in_header, steps in paths]
        if all(isinstance(place, str) for place in places):
            if len(places) > 1:
                return attrgetter(*places)  # type: ignore[arg-type]  # all of them are texts
            if places:
                return _single(attrgetter(places[0]))  # type: ignore[arg-type]
            return _nothing
        reads = tuple(attrgetter(place) if isinstance(place, str) else place for place in places)
        return lambda frame: tuple([read(frame) for read in reads])

    def one(self, path: Path) -> Callable[[Any], Any]:
        """The same for one path, not in a tuple."""
        place = self._place(*path)
        return attrgetter(place) if isinstance(place, str) else place

    def has(self, path: Path) -> bool:
        """Whether a frame of the class can carry a value at the path."""
        return self.one(path) is not _never

    def fit(self, frame: Struct) -> tuple[Variant, dict[str, Any], Any, Style]:
        """The frame as `Decoder.fit` gives it: plain values, equal to those in its text."""
        message = msgspec.to_builtins(frame)
        return self.variant, message, self.variant.payload(message, self.style), self.style

    def payload(self, frame: Struct) -> Mapping[str, Any]:
        """The frame's payload as plain values, equal to those in its text."""
        message = msgspec.to_builtins(frame)
        payload: Mapping[str, Any] = message if self.style == "flat" else self.variant.payload(message, self.style)
        return payload

    def members(self, names: Sequence[str]) -> Callable[[Struct], dict[str, Any]]:
        """What gives those of these members of the payload that are there. An object may be a struct of its members."""
        read = self.getter([(False, (name,)) for name in names])

        def members(frame: Struct) -> dict[str, Any]:
            found = dict(zip(names, read(frame), strict=True))
            if UNSET in found.values():
                return {name: value for name, value in found.items() if value is not UNSET}
            return found

        return members

    def _place(self, in_header: bool, steps: tuple[str, ...]) -> str | Callable[[Any], Any]:
        """Attributes, dotted, where each is always there but for the last; else a function."""
        whole = steps if in_header or self.style == "flat" else (self.variant.data, *steps)
        config = self.type.__struct_config__
        if config.tag_field is not None and whole[:1] == (config.tag_field,):
            tag = config.tag if len(whole) == 1 else UNSET
            return lambda frame: tag
        names: list[str] = []
        current: Any = self.type
        for number, step in enumerate(whole):
            if not (isinstance(current, type) and issubclass(current, Struct)):
                return _stepwise(whole)
            found = next((field for field in fields(current) if field.encode_name == step), None)
            if found is None:
                return _never
            if not found.required and number + 1 < len(whole):
                return _over(names, found, whole[number + 1 :]) or _stepwise(whole)
            names.append(found.name)
            current = found.type
        return ".".join(names)


def _over(names: Sequence[str], optional: FieldInfo, rest: Sequence[str]) -> Callable[[Any], Any] | None:
    """For a member of an object that may be absent and is nothing else; None where it is not as simple."""
    inner = [each for each in get_args(optional.type) if each not in (UnsetType, type(None))]
    if len(inner) != 1 or len(rest) != 1 or not (isinstance(inner[0], type) and issubclass(inner[0], Struct)):
        return None
    found = next((field.name for field in fields(inner[0]) if field.encode_name == rest[0]), None)
    if found is None:
        return _never
    read, name = attrgetter(".".join((*names, optional.name))), found
    return lambda frame: getattr(read(frame), name, UNSET)  # neither UNSET nor None has such a member


def _nothing(frame: Any) -> tuple[Any, ...]:
    return ()


def _never(frame: Any) -> Any:
    return UNSET


def _single(read: Callable[[Any], Any]) -> Reading:
    return lambda frame: (read(frame),)


def _stepwise(steps: tuple[str, ...]) -> Callable[[Any], Any]:
    """For places below members that may be absent, or in objects that are no documented ones."""

    def read(value: Any) -> Any:
        for step in steps:
            if isinstance(value, dict):
                value = value.get(step, UNSET)
            elif isinstance(value, Struct):
                name = attribute(type(value), step)
                value = UNSET if name is None else getattr(value, name)
            else:
                return UNSET
        return value

    known: dict[tuple[type, str], str | None] = {}

    def attribute(kind: type[Struct], step: str) -> str | None:
        if (kind, step) not in known:
            known[kind, step] = next((field.name for field in fields(kind) if field.encode_name == step), None)
        return known[kind, step]

    return read
