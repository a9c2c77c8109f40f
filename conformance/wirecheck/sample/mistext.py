"""Messages that are no JSON text of an object, or are sent as what they should not be.

Law: a valid frame, and one change to its text or its bytes. What the text would have said is valid but for that.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from wirecheck.sample.sites import Ground, Steps, put
from wirecheck.sample.source import PLAIN, Source
from wirecheck.sample.spelling import compact, spelled
from wirecheck.sample.strings import name
from wirecheck.strict import MAX_BYTES, MAX_DEPTH, pointer_to, show

TRIES: Final = 6
_MARK: Final = "\ue000mark\ue001"
_CONTROLS: Final = "\n\t\x00\x01\r\x1f\x08\x1b"
_CONSTANTS: Final = ("NaN", "Infinity", "-Infinity")
_HALVES: Final = ("\\ud800", "\\udfff", "\\uDBFF", "\\udc00\\ud800", "\\ud83d")
_NO_UTF8: Final = (b"\xff", b"\xc3", b"\x80", b"\xc0\xaf", b"\xed\xa0\x80", b"\xf8\x88\x80\x80\x80", b"\xf0\x9f\x99")
_NO_OBJECTS: Final = ("[{}]", "[]", "null", "true", "0", '"{}"', "-0.5")


@dataclass(frozen=True, slots=True, kw_only=True)
class Mistyped:
    """The body of a message with one defect; `pointer` is None where it lies at no place of a value."""

    body: str | bytes
    says: str
    pointer: str | None = None
    binary: bool = False


class _NoRoom(Exception):
    """A frame whose messages may have no further member."""


def mistyped(ground: Ground, defect: str, source: Source) -> Mistyped | str:
    """A message with the defect, or why the frame cannot have it."""
    try:
        return _MAKERS[defect](ground, source)
    except _NoRoom:
        return "an alternative of its payload leaves no room for a further field, in which the defect would lie"


def _not_object(ground: Ground, source: Source) -> Mistyped:
    way = source.below(len(_NO_OBJECTS) + 2)
    text = compact(ground.message(source))
    body = (f"[{text}]", compact(text), *_NO_OBJECTS)[way]
    return Mistyped(body=body, pointer="", says=f"The message is {_shown(body)}, which is no object.")


def _truncated(ground: Ground, source: Source) -> Mistyped:
    text = spelled(ground.message(source), source).strip()
    left = text[: 1 + source.below(len(text) - 1)]
    return Mistyped(body=left, says=f"The message ends after character {len(left)} of {len(text)}.")


def _empty(ground: Ground, source: Source) -> Mistyped:
    body = ("", " ", "\n", "\t \r\n")[source.below(4)]
    return Mistyped(body=body, says="The message is empty.")


def _trailing_comma(ground: Ground, source: Source) -> Mistyped:
    text = spelled(ground.message(source), source)
    # Outside strings only, and only where something stands before the bracket: elsewhere it would not be trailing.
    ends = [at for at in _outside(text) if text[at] in "}]" and text[:at].rstrip(" \t\r\n")[-1] not in "[{"]
    at = ends[-1 - source.below(len(ends))] if ends else text.rindex("}")
    return Mistyped(body=f"{text[:at]},{text[at:]}", says=f"A comma stands before the bracket at character {at + 1}.")


def _two_frames(ground: Ground, source: Source) -> Mistyped:
    first, second = (spelled(ground.message(source), source) for _ in range(2))
    between = ("\n", "", " ", "\r\n")[source.below(4)]
    return Mistyped(body=f"{first}{between}{second}", says="The message holds two frames, one after the other.")


def _control(ground: Ground, source: Source) -> Mistyped:
    control = _CONTROLS[source.below(len(_CONTROLS))]
    text, _ = _marked(ground, source)
    body = text.replace(_MARK, control)
    return Mistyped(body=body, says=f"The control character U+{ord(control):04X} stands in a string unescaped.")


def _nan(ground: Ground, source: Source) -> Mistyped:
    word = _CONSTANTS[source.below(len(_CONSTANTS))]
    text, path = _marked(ground, source)
    return Mistyped(
        body=text.replace(f'"{_MARK}"', word), says=f"{show(pointer_to(path))} is {word}, which is no JSON."
    )


def _duplicate(ground: Ground, source: Source) -> Mistyped:
    """A member of some object of the message, written twice; the last one is the one that is valid."""
    message = ground.message(source) or _with_extra(ground, 0, source)[0]
    objects = [(path, value) for path, value in _objects(message) if value]
    path, value = objects[source.below(len(objects))]
    names = list(value)
    twice = names[source.below(len(names))]
    first: Any = (value[twice], None, 0, "other", {})[source.below(5)]
    whole: dict[str, Any] = put(message, path, {_MARK: first, **value})
    written = compact(twice)
    if "\x20" < twice[:1] < "\x7f" and source.below(3) == 2:
        # The same name in another spelling: its first character as an escape.
        written = f'"\\u{ord(twice[0]):04x}{compact(twice[1:])[1:]}'
    body = compact(whole).replace(compact(_MARK), written, 1)
    return Mistyped(
        body=body, pointer=pointer_to((*path, twice)), says=f"The member {show(twice)} stands twice in its object."
    )


def _bad_utf8(ground: Ground, source: Source) -> Mistyped:
    wrong = _NO_UTF8[source.below(len(_NO_UTF8))]
    text, _ = _marked(ground, source)
    body = text.encode().replace(_MARK.encode(), wrong)
    return Mistyped(body=body, says=f"The bytes {wrong.hex(' ')} in a string are not UTF-8.")


def _surrogate(ground: Ground, source: Source) -> Mistyped:
    half = _HALVES[source.below(len(_HALVES))]
    text, path = _marked(ground, source)
    return Mistyped(
        body=text.replace(_MARK, half),
        pointer=pointer_to(path),
        says=f"{show(pointer_to(path))} holds {half}, half of a surrogate pair.",
    )


def _bom(ground: Ground, source: Source) -> Mistyped:
    body = "\ufeff" + spelled(ground.message(source), source)
    return Mistyped(body=body, says="A byte order mark stands before the message.")


def _binary(ground: Ground, source: Source) -> Mistyped:
    body = spelled(ground.message(source), source).encode()
    return Mistyped(body=body, binary=True, says="The message is binary; the frames are text.")


def _too_deep(ground: Ground, source: Source) -> Mistyped:
    levels = MAX_DEPTH + (0, 1, 100, 400)[source.below(4)]
    opened, closed = (("[", "]"), ('{"x":', "}"), ('[{"":', "}]"))[source.below(3)]
    pairs = levels // (opened.count("[") + opened.count("{")) + 1
    text, path = _marked(ground, source)
    body = text.replace(f'"{_MARK}"', opened * pairs + "0" + closed * pairs)
    return Mistyped(body=body, says=f"{show(pointer_to(path))} is nested more than {MAX_DEPTH} levels deep.")


def _too_large(ground: Ground, source: Source) -> Mistyped:
    text, path = _marked(ground, source)
    body = text.replace(_MARK, "x" * (MAX_BYTES + 1 - len(text.encode()) + len(_MARK.encode()) + source.below(100)))
    return Mistyped(body=body, says=f"The message has more than {MAX_BYTES} bytes; {show(pointer_to(path))} is long.")


_MAKERS: Final[Mapping[str, Callable[[Ground, Source], Mistyped]]] = {
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
LABELS: Final = tuple(_MAKERS)


def _marked(ground: Ground, source: Source) -> tuple[str, Steps]:
    """The text of a valid message with an undocumented member whose value is the mark, and where that lies.

    What stands there instead of the mark breaks no schema: nobody documents the member.
    """
    whole, extra = _with_extra(ground, _MARK, source)
    return compact(whole), (extra,)


def _with_extra(ground: Ground, value: Any, source: Source) -> tuple[dict[str, Any], str]:
    for chooser in (*[source] * TRIES, PLAIN):
        message = ground.message(chooser)
        extra = name(chooser, {*ground.taken, *message})
        if ground.has_room(message, extra):
            return message | {extra: value}, extra
    raise _NoRoom


def _objects(value: Any, path: Steps = ()) -> Iterator[tuple[Steps, dict[str, Any]]]:
    """Every object in a value, outermost first, of arrays those in their first few items."""
    if isinstance(value, dict):
        yield path, value
        for key, inner in value.items():
            yield from _objects(inner, (*path, key))
    elif isinstance(value, list):
        for at, inner in enumerate(value[:3]):
            yield from _objects(inner, (*path, at))


def _outside(text: str) -> Iterator[int]:
    """The places of the characters that stand in no string."""
    inside = escaped = False
    for at, one in enumerate(text):
        if escaped:
            escaped = False
        elif inside and one == "\\":
            escaped = True
        elif one == '"':
            inside = not inside
        elif not inside:
            yield at


def _shown(body: str) -> str:
    return show(json.loads(body))
