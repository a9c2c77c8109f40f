"""Each defect of a message's text, found and taken away again.

Law: a message and its label in; what the message would say without the defect out (none, one or several values), or
`Unreadable` where the defect is not there, or not alone. Only the standard library reads here.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any, Final

from wirecheck.fuzz.reading import (
    HALF,
    MOST_BYTES,
    MOST_LEVELS,
    Unreadable,
    depth,
    plain,
    raw,
    read,
    repeated,
    surrogates,
)
from wirecheck.sample.defects import InvalidFrame

_ENDS_OF_STRING: Final = ("", '"', 'n"', '0"', '00"', '000"', '0000"', '\\udc00"', 'udc00"', 'dc00"', 'c00"')
_ENDS: Final = (
    *(end + value for end in _ENDS_OF_STRING for value in ("", ":0")),
    *("0", ":0", '"":0', "rue", "ue", "e", "alse", "lse", "se", "ull", "ll", "l", ".0"),
)
"""What may be missing of the word at which a text ends."""


def _text(frame: InvalidFrame) -> str:
    if frame.binary or not isinstance(frame.body, str):
        raise Unreadable("its bytes are another defect than its label")
    return frame.body


def _nowhere(frame: InvalidFrame) -> None:
    if frame.pointer is not None:
        raise Unreadable("its defect lies at no place of a value, and it has a pointer")


def _at(frame: InvalidFrame, places: list[str], what: str) -> None:
    if len(places) != 1:
        raise Unreadable(f"it has {len(places)} {what}, not one")
    if frame.pointer != places[0]:
        raise Unreadable(f"{what} lie at {places[0]!r}, not at {frame.pointer!r}")


def _is_wrong(text: str) -> None:
    """Raise unless the text is no JSON."""
    try:
        raw(text)
    except Unreadable:
        return
    raise Unreadable("it is JSON")


def _not_object(frame: InvalidFrame) -> list[Any]:
    if frame.pointer != "":
        raise Unreadable("its defect is the whole message, and its pointer is another")
    if isinstance(read(_text(frame)), dict):
        raise Unreadable("it is an object")
    return []


def _truncated(frame: InvalidFrame) -> list[Any]:
    """A beginning is one that some end makes whole."""
    _nowhere(frame)
    text = _text(frame)
    _is_wrong(text)
    closing, inside, escaped = [], False, False
    for one in text:
        if escaped:
            escaped = False
        elif inside and one == "\\":
            escaped = True
        elif one == '"':
            inside = not inside
        elif not inside and one in "[{":
            closing.append("]" if one == "[" else "}")
        elif not inside and one in "]}" and (not closing or closing.pop() != one):
            raise Unreadable("its brackets do not match")
    if not closing:
        raise Unreadable("it is whole")
    for end in _ENDS:
        try:
            raw(text + end + "".join(reversed(closing)))
        except Unreadable:
            continue
        return []
    raise Unreadable("it is not the beginning of a JSON text")


def _empty(frame: InvalidFrame) -> list[Any]:
    _nowhere(frame)
    if _text(frame).strip(" \t\r\n"):
        raise Unreadable("it is not empty")
    return []


def _trailing_comma(frame: InvalidFrame) -> list[Any]:
    _nowhere(frame)
    text = _text(frame)
    _is_wrong(text)
    for at, one in enumerate(text):
        if one == "," and text[at + 1 :].lstrip(" \t\r\n")[:1] in ("}", "]"):
            try:
                return [read(text[:at] + text[at + 1 :])]
            except Unreadable:
                continue
    raise Unreadable("there is no comma without which it would be in order")


def _two_frames(frame: InvalidFrame) -> list[Any]:
    _nowhere(frame)
    text = _text(frame).lstrip(" \t\r\n")
    try:
        _, end = json.JSONDecoder().raw_decode(text)
    except ValueError as wrong:
        raise Unreadable(f"it does not begin with a frame: {wrong}") from None
    return [read(text[:end]), read(text[end:])]


def _control(frame: InvalidFrame) -> list[Any]:
    _nowhere(frame)
    text = _text(frame)
    _is_wrong(text)
    value = raw(text, control=True)
    return [read(json.dumps(plain(value)))] if not repeated(value) else _refused("a member stands twice")


def _nan(frame: InvalidFrame) -> list[Any]:
    _nowhere(frame)
    words: list[str] = []
    value = raw(_text(frame), constant=words.append)
    if len(words) != 1:
        raise Unreadable(f"it holds {len(words)} numbers that are none, not one")
    return [read(json.dumps(plain(value)))] if not repeated(value) else _refused("a member stands twice")


def _duplicate(frame: InvalidFrame) -> list[Any]:
    value = raw(_text(frame))
    _at(frame, repeated(value), "members that stand twice")
    return [read(json.dumps(plain(value)))]


def _bad_utf8(frame: InvalidFrame) -> list[Any]:
    _nowhere(frame)
    if frame.binary or not isinstance(frame.body, bytes):
        raise Unreadable("it is not the bytes of a text message")
    try:
        frame.body.decode()
    except UnicodeDecodeError:
        return [read(frame.body.decode(errors="replace"))]
    raise Unreadable("it is UTF-8")


def _surrogate(frame: InvalidFrame) -> list[Any]:
    text = _text(frame)
    if HALF.search(text):
        raise Unreadable("half of a surrogate pair stands in it unescaped, so that it has no bytes")
    value = raw(text)
    _at(frame, surrogates(value), "strings with half of a surrogate pair")
    if repeated(value):
        raise Unreadable("a member stands twice")
    return [_whole(plain(value))]


def _whole(value: Any) -> Any:
    """The value with something else for halves of surrogate pairs."""
    if isinstance(value, dict):
        return {_whole(name): _whole(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [_whole(inner) for inner in value]
    return value.encode("utf-8", "replace").decode() if isinstance(value, str) else value


def _bom(frame: InvalidFrame) -> list[Any]:
    _nowhere(frame)
    text = _text(frame)
    if not text.startswith("\ufeff"):
        raise Unreadable("no byte order mark stands before it")
    return [read(text[1:])]


def _binary(frame: InvalidFrame) -> list[Any]:
    _nowhere(frame)
    if not frame.binary or not isinstance(frame.body, bytes):
        raise Unreadable("it is not binary")
    try:
        return [read(frame.body.decode())]
    except UnicodeDecodeError:
        raise Unreadable("it is not UTF-8 either") from None


def _too_deep(frame: InvalidFrame) -> list[Any]:
    _nowhere(frame)
    value = raw(_text(frame))
    if depth(value) <= MOST_LEVELS:
        raise Unreadable("it is not nested too deeply")
    if repeated(value) or surrogates(value):
        raise Unreadable("something else is wrong with its text")
    return [json.loads(_text(frame))]


def _too_large(frame: InvalidFrame) -> list[Any]:
    _nowhere(frame)
    text = _text(frame)
    if len(text.encode()) <= MOST_BYTES:
        raise Unreadable("it is not too large")
    value = raw(text)
    if repeated(value) or surrogates(value) or depth(value) > MOST_LEVELS:
        raise Unreadable("something else is wrong with its text")
    return [plain(value)]


def _refused(reason: str) -> list[Any]:
    raise Unreadable(reason)


REPAIRS: Final[Mapping[str, Callable[[InvalidFrame], list[Any]]]] = {
    "not-object": _not_object,
    "truncated": _truncated,
    "empty": _empty,
    "trailing-comma": _trailing_comma,
    "two-frames": _two_frames,
    "control-character": _control,
    "nan": _nan,
    "duplicate-key": _duplicate,
    "bad-utf8": _bad_utf8,
    "lone-surrogate": _surrogate,
    "bom": _bom,
    "binary": _binary,
    "too-deep": _too_deep,
    "too-large": _too_large,
}
"""What takes the defect away, by its label."""
