"""Frames as models: decoded, checked and encoded."""

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Annotated, Any, Generic, NoReturn, TypeAlias, TypeVar

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainValidator,
    ValidationError,
    WithJsonSchema,
)

from ._errors import DecodeError
from ._rest import RestCheck


def _not_null(value: Any) -> Any:
    if value is None:
        raise ValueError("the member may be absent, but not null")
    return value


def _number(value: Any) -> Any:
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return value
    raise ValueError("Input should be a valid number")


T = TypeVar("T")
Maybe: TypeAlias = Annotated[T | None, BeforeValidator(_not_null)]
"""A member that may be absent, which is None here, but not null."""

Whole: TypeAlias = Annotated[int, Field(ge=-(2**63), le=2**63 - 1)]
"""An integer of 64 bits."""

Number: TypeAlias = Annotated[
    float,
    PlainValidator(_number),
    WithJsonSchema({"type": "number"}),
]
"""Any number; what is written without a fraction stays an int."""


class Open(BaseModel):
    """An object that may have other members than the documented ones.

    They are in `model_extra`. `model_fields_set` tells a member that is absent from one
    that is null: what was never set is absent. A program names members as they are here,
    and the wire as it does.
    """

    model_config = ConfigDict(
        extra="allow",
        strict=True,
        validate_by_name=True,
        validate_by_alias=False,
        serialize_by_alias=True,
        protected_namespaces=(),
    )


class UnknownFrame(BaseModel):
    """A frame whose tag no document knows: the tag, and the whole message."""

    tag: str
    message: dict[str, Any]


FrameT = TypeVar("FrameT", bound=Open)


@dataclass(frozen=True, slots=True, kw_only=True)
class Kinds(Generic[FrameT]):
    """The frames of one sender: by tag, the one without, and the rests of some."""

    tag: str
    tagged: Mapping[str, type[FrameT]]
    untagged: type[FrameT] | None
    rests: Mapping[type[BaseModel], RestCheck]

    def decode(self, text: str | bytes, strict: bool) -> FrameT | UnknownFrame:
        """The frame of a text; raises `DecodeError`."""
        try:
            return self._made(_parsed(text), strict)
        except ValidationError as error:
            first = error.errors(include_url=False)[0]
            raise DecodeError(first["msg"], first["loc"]) from None
        except RecursionError:
            raise DecodeError("The message is nested too deeply") from None

    def frame(self, value: Any) -> Any:
        """The frame of a message as a dict, for models that hold frames."""
        return self._made(value, False) if isinstance(value, dict) else value

    def validate(self, frame: FrameT | UnknownFrame) -> None:
        """Raises `DecodeError` for a frame that is not valid."""
        if not isinstance(frame, UnknownFrame):
            self.decode(encode(frame), True)

    def _made(self, message: dict[str, Any], strict: bool) -> FrameT | UnknownFrame:
        kind = self._find(message)
        if isinstance(kind, str):
            if strict:
                raise DecodeError(f"No frame is called {kind!r}", (self.tag,))
            return UnknownFrame(tag=kind, message=message)
        frame = kind.model_validate(message, by_alias=True, by_name=False)
        if strict and kind in self.rests:
            self.rests[kind](message)
        return frame

    def _find(self, message: Mapping[str, Any]) -> type[FrameT] | str:
        """The type of a message's frame, or its tag if it is unknown."""
        if self.tagged and self.tag in message:
            tag = message[self.tag]
            if not isinstance(tag, str):
                raise DecodeError("Input should be a valid string", (self.tag,))
            return self.tagged.get(tag, tag)
        if self.untagged is None:
            raise DecodeError("Field required", (self.tag,))
        return self.untagged


def encode(frame: BaseModel) -> str:
    """The text of a frame; raises `DecodeError` for what JSON has no text for."""
    try:
        value = _plain(frame.message if isinstance(frame, UnknownFrame) else frame)
        return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    except RecursionError:
        raise DecodeError("The frame is nested too deeply") from None


def _parsed(text: str | bytes) -> dict[str, Any]:
    try:
        text = text.decode() if isinstance(text, bytes) else text
        value = json.loads(text, parse_constant=_refuse, parse_float=_finite)
        if not text.isascii() or "\\ud" in text.lower():
            # Halves of surrogate pairs, as they are or written as escapes, are no text.
            json.dumps(value, ensure_ascii=False).encode()
    except ValueError as error:
        raise DecodeError(f"The text is no JSON: {error}") from None
    if not isinstance(value, dict):
        raise DecodeError("Expected a JSON object")
    return value


def _refuse(word: str) -> NoReturn:
    raise ValueError(f"{word} is no number")


def _finite(text: str) -> float:
    value = float(text)
    if not math.isfinite(value):
        raise ValueError(f"{text} is beyond every double")
    return value


@cache
def _members(kind: type[Open]) -> tuple[tuple[str, str, bool], ...]:
    """Of each field its name, its name on the wire, and whether it is always there."""
    return tuple(
        (
            name,
            name if field.serialization_alias is None else field.serialization_alias,
            bool(field.frozen),
        )
        for name, field in kind.model_fields.items()
    )


def _plain(value: Any) -> Any:
    """A value as JSON has it, with every member in its place."""
    if isinstance(value, Open):
        found = {
            wire: _plain(getattr(value, name))
            for name, wire, always in _members(type(value))
            if always or name in value.model_fields_set
        }
        documented = {wire for _, wire, _ in _members(type(value))}
        for wire, member in (value.model_extra or {}).items():
            if wire in documented:
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
