"""Frames as structs: decoded, checked and encoded."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Annotated, Any, Generic, TypeAlias, TypeVar

import msgspec
from msgspec import UNSET, Meta, Struct, field

from ._errors import DecodeError
from ._rest import RestCheck

if TYPE_CHECKING:
    Extra: TypeAlias = dict[str, Any]
else:

    class Extra(dict):
        """To msgspec a type of our own, so that nothing on the wire is taken for it."""


_EXTRA = "(others)"
"""A name on the wire for what has none; no member that is documented has it."""

Whole: TypeAlias = Annotated[int, Meta(ge=-(2**63), le=2**63 - 1)]
"""An integer of 64 bits."""


class Open(Struct, kw_only=True):
    """An object that may have other members than the documented ones."""

    extra: Extra = field(default_factory=Extra, name=_EXTRA)
    """The other members, as they are on the wire."""


class UnknownFrame(Struct, kw_only=True):
    """A frame whose tag no document knows: the tag, and the whole message."""

    tag: str
    message: dict[str, Any]


FrameT = TypeVar("FrameT", bound=Struct)


@dataclass(frozen=True, slots=True, kw_only=True)
class Kinds(Generic[FrameT]):
    """The frames of one sender: by tag, the one without, and the rests of some."""

    tag: str
    tagged: Mapping[str, type[FrameT]]
    untagged: type[FrameT] | None
    rests: Mapping[type[Struct], RestCheck]

    def decode(self, text: str | bytes, strict: bool) -> FrameT | UnknownFrame:
        """The frame of a text; raises `DecodeError`."""
        try:
            message = msgspec.json.decode(text)
            if not isinstance(message, dict):
                raise DecodeError("Expected a JSON object")
            kind = self._find(message)
            if isinstance(kind, str):
                if strict:
                    raise DecodeError(f"No frame is called {kind!r}", (self.tag,))
                _plain(message)
                return UnknownFrame(tag=kind, message=message)
            return self._made(kind, message, strict)
        except (msgspec.MsgspecError, UnicodeError) as error:
            raise DecodeError(str(error)) from None
        except RecursionError:
            raise DecodeError("The message is nested too deeply") from None

    def validate(self, frame: FrameT | UnknownFrame) -> None:
        """Raises `DecodeError` for a frame that is not valid."""
        if not isinstance(frame, UnknownFrame):
            self.decode(encode(frame), True)

    def _find(self, message: Mapping[str, Any]) -> type[FrameT] | str:
        """The type of a message's frame, or its tag if it is unknown."""
        if self.tagged and self.tag in message:
            tag = message[self.tag]
            if not isinstance(tag, str):
                raise DecodeError("Expected `str`", (self.tag,))
            return self.tagged.get(tag, tag)
        if self.untagged is None:
            raise DecodeError(f"Object missing required field `{self.tag}`")
        return self.untagged

    def _made(
        self, kind: type[FrameT], message: dict[str, Any], strict: bool
    ) -> FrameT:
        frame = msgspec.convert(message, kind, dec_hook=_nothing)
        _keep(frame, message)
        if strict and kind in self.rests:
            self.rests[kind](message)
        return frame


def encode(frame: Struct) -> str:
    """The text of a frame; raises `DecodeError` for what JSON has no text for."""
    value = frame.message if isinstance(frame, UnknownFrame) else frame
    try:
        return msgspec.json.encode(_plain(value)).decode()
    except RecursionError:
        raise DecodeError("The frame is nested too deeply") from None
    except UnicodeError as error:
        raise DecodeError(str(error)) from None


@cache
def _members(kind: type[Open]) -> Mapping[str, str]:
    """The fields of a struct by their names on the wire."""
    pairs = zip(kind.__struct_encode_fields__, kind.__struct_fields__, strict=True)
    return {wire: name for wire, name in pairs if name != "extra"}


def _keep(made: Any, value: Any) -> None:
    """Put the members that are not documented into what was made of a value."""
    if isinstance(made, Open):
        members = _members(type(made))
        tag = made.__struct_config__.tag_field
        extra = Extra()
        for wire, member in value.items():
            if wire in members:
                _keep(getattr(made, members[wire]), member)
            elif wire != tag:
                extra[wire] = member
        made.extra = extra
    elif isinstance(made, list):
        for one, item in zip(made, value, strict=True):
            _keep(one, item)
    elif isinstance(made, dict):
        for name, one in made.items():
            _keep(one, value[name])


def _plain(value: Any) -> Any:
    """A value as JSON has it, with every member in its place."""
    if isinstance(value, Open):
        found: dict[str, Any] = {}
        config = value.__struct_config__
        if config.tag_field is not None:
            found[config.tag_field] = config.tag
        members = _members(type(value))
        for wire, name in members.items():
            member = getattr(value, name)
            if member is not UNSET:
                found[wire] = _plain(member)
        for wire, member in value.extra.items():
            if wire in members or wire == config.tag_field:
                raise DecodeError(f"`{wire}` is documented, and so no extra member")
            found[wire] = _plain(member)
        return found
    if isinstance(value, dict):
        return {name: _plain(member) for name, member in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    if isinstance(value, float) and not math.isfinite(value):
        raise DecodeError(f"JSON has no text for {value}")
    if value is None or isinstance(value, (str, int, float)):
        return value
    raise DecodeError(f"JSON has no text for a value of type {type(value).__name__}")


def _nothing(kind: type, _: object) -> Any:
    """For a member that happens to have the name of the others: `_keep` keeps it."""
    if kind is Extra:
        return Extra()
    raise NotImplementedError
