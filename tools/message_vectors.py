"""Messages whose bytes are faulty, and messages that only look so.

Law: each vector is a good frame with one labelled change of its text or bytes; the code that it earns is written
beside the change and comes from the standards (RFC 3629, 8259, 7493), not from a decoder.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from typing import Any

from wirecheck.catalog.model import SENDERS, Dialect, FrameForm, Level, Sender

DEEP_ENOUGH, TOO_DEEP = 100, 300
"""Levels of nesting on both sides of the limit, which is 128."""

MARK = "@@"
NOT_UTF8: tuple[tuple[str, bytes], ...] = (
    ("an overlong form of '/' in two bytes", b"\xc0\xaf"),
    ("an overlong form of '/' in three bytes", b"\xe0\x80\xaf"),
    ("a sequence that ends before its last byte", b"\xe2\x82"),
    ("a continuation byte alone", b"\x80"),
    ("a surrogate as three bytes", b"\xed\xa0\x80"),
    ("a character beyond the basic plane as two surrogates of three bytes", b"\xed\xa0\xbd\xed\xb9\x82"),
    ("a code point above U+10FFFF", b"\xf4\x90\x80\x80"),
    ("the byte FF", b"\xff"),
    ("'é' in Latin-1", b"\xe9"),
)
BAD_MEMBERS: tuple[tuple[str, str], ...] = (
    ("NaN", '"x_note": NaN'),
    ("Infinity", '"x_note": Infinity'),
    ("minus Infinity", '"x_note": -Infinity'),
    ("undefined", '"x_note": undefined'),
    ("True with a capital", '"x_note": True'),
    ("a number with a leading zero", '"x_note": 01'),
    ("a number with a plus sign", '"x_note": +1'),
    ("a number that ends in its point", '"x_note": 1.'),
    ("a hexadecimal number", '"x_note": 0x1F'),
    ("a string in single quotes", "\"x_note\": 'a'"),
    ("a member name without quotes", "x_note: 1"),
    ("a comma too many inside an array", '"x_note": [1, 2,]'),
    ("a comment", '"x_note": 1 /* one */'),
    ("a line feed inside a string", '"x_note": "a\nb"'),
    ("a tab inside a string", '"x_note": "a\tb"'),
    ("a NUL character inside a string", '"x_note": "a\0b"'),
    ("an escape that JSON does not have", '"x_note": "\\x41"'),
    ("an escape with two digits", '"x_note": "\\u41"'),
    ("a member without a value", '"x_note":'),
)
GOOD_MEMBERS: tuple[tuple[str, str], ...] = (
    ("every short escape", '"x_note": "\\"\\\\\\/\\b\\f\\n\\r\\t"'),
    ("a surrogate pair as escapes", '"x_note": "\\ud83d\\uDE42"'),
    ("an escaped NUL character", '"x_note": "\\u0000"'),
    ("raw line and paragraph separators", '"x_note": "a\u2028b\u2029c"'),
    ("raw text beyond the basic plane", '"x_note": "🙂𝄞"'),
    ("a raw DEL and a raw next-line character", '"x_note": "\x7f\x85"'),
    ("a byte order mark inside a string", '"x_note": "\ufeff"'),
    ("a noncharacter", '"x_note": "\uffff"'),
    ("a whole number of thirty digits", '"x_note": 123456789012345678901234567890'),
    ("numbers in every form", '"x_note": [-0, 0.5, 1E+2, 1e-2, -1.5e300]'),
    ("a number beyond what a double holds", '"x_note": 1e400'),
    ("an empty member name", '"": 1'),
    ("a member named __proto__", '"__proto__": {"x": 1}'),
    ("one name in two objects", '"x_note": [{"x_a": 1}, {"x_a": 1}]'),
    ("quotes, colons and braces inside a string", '"x_note": "{\\"x_note\\": [}"'),
    ("nesting within the limit", f'"x_note": {"[" * DEEP_ENOUGH}{"]" * DEEP_ENOUGH}'),
    ("a string of two thousand characters", f'"x_note": "{"ab" * 1000}"'),
)
NO_OBJECTS: tuple[tuple[str, str], ...] = (
    ("an empty array", "[]"),
    ("a string", '"hello"'),
    ("a number", "7"),
    ("null", "null"),
    ("a boolean", "true"),
)


def message_vectors(dialect: Dialect) -> Iterator[dict[str, Any]]:
    """Byte-level vectors of each sender that the document gives a frame."""
    for sender in SENDERS:
        form = _plain_frame(dialect, sender)
        if form is None:
            continue
        frame = _wire(dialect, form)
        yield from _good(sender, frame)
        yield from _bad_text(sender, frame)
        yield from _bad_object(sender, frame, dialect)
        if all(other.tag is not None for other in dialect.frames.values() if other.sender == sender):
            yield from _bad_tag(sender, frame, dialect)


def _plain_frame(dialect: Dialect, sender: Sender) -> FrameForm | None:
    """The sender's first frame whose payload is documented, not empty, and in the dialect's own envelope."""
    forms = (form for form in dialect.frames.values() if form.sender == sender and form.wire is None)
    return next((form for form in forms if form.payload and form.payload["required"] and not form.needs), None)


def _wire(dialect: Dialect, form: FrameForm) -> dict[str, Any]:
    payload = {name: value for name, value in form.examples[0].items() if not name.startswith("@")}
    head = {} if form.tag is None else {dialect.envelope.tag: form.tag}
    return head | (payload if dialect.envelope.style == "flat" else {dialect.envelope.data: payload})


def _vector(
    description: str,
    sender: Sender,
    body: str | bytes,
    code: str | None,
    level: Level = "must",
    *,
    binary: bool = False,
) -> dict[str, Any]:
    return {
        "description": description,
        "from": sender,
        "base64": base64.b64encode(body.encode() if isinstance(body, str) else body).decode(),
        "binary": binary,
        "codes": [] if code is None else [code],
        "level": None if code is None else level,
    }


def _text(frame: dict[str, Any], member: str = "") -> str:
    """The frame as text, with one more member given as text."""
    text = json.dumps(frame, ensure_ascii=False)
    return f"{text[:-1]}, {member}}}" if member else text


def _good(sender: Sender, frame: dict[str, Any]) -> Iterator[dict[str, Any]]:
    text = _text(frame)
    yield _vector("a frame as it should be", sender, text, None)
    yield _vector("white space of all four kinds around the frame", sender, f" \t\r\n{text}\n\r\t ", None)
    yield _vector("no white space in it", sender, json.dumps(frame, ensure_ascii=False, separators=(",", ":")), None)
    yield _vector(
        "white space around each colon and comma", sender, json.dumps(frame, indent=1).replace('":', '" :'), None
    )
    yield _vector("its members in the other order", sender, _text(dict(reversed(frame.items()))), None)
    yield _vector("its first member's name written with an escape", sender, _escaped(text), None)
    for description, member in GOOD_MEMBERS:
        yield _vector(description, sender, _text(frame, member), None)


def _bad_text(sender: Sender, frame: dict[str, Any]) -> Iterator[dict[str, Any]]:
    text = _text(frame)
    marked = _text(frame, f'"x_note": "a{MARK}"').encode()
    for description, sequence in NOT_UTF8:
        yield _vector(description, sender, marked.replace(MARK.encode(), sequence), "not-utf8")
    yield _vector("UTF-16 with a byte order mark", sender, b"\xff\xfe" + text.encode("utf-16-le"), "not-utf8")
    yield _vector("the message ends inside a character", sender, _text(frame, '"x": "é').encode()[:-2], "not-utf8")
    for description, member in BAD_MEMBERS:
        yield _vector(description, sender, _text(frame, member), "not-json")
    yield _vector("no byte at all", sender, "", "not-json")
    yield _vector("white space only", sender, " \n", "not-json")
    yield _vector("the last brace is missing", sender, text[:-1], "not-json")
    yield _vector("the message ends in the middle", sender, text[: len(text) // 2], "not-json")
    yield _vector("a comma after the last member", sender, f"{text[:-1]},}}", "not-json")
    yield _vector("single quotes throughout", sender, text.replace('"', "'"), "not-json")
    yield _vector("two frames in one message", sender, text + text, "not-json")
    yield _vector("two frames in one message, a line each", sender, f"{text}\n{text}\n", "not-json")
    yield _vector("a brace too many at the end", sender, text + "}", "not-json")
    yield _vector("a byte order mark before the frame", sender, "\ufeff" + text, "not-json")
    yield _vector("a NUL byte after the frame", sender, text + "\0", "not-json")
    yield _vector("a NUL byte before the frame", sender, "\0" + text, "not-json")
    yield _vector("a no-break space before the frame", sender, "\u00a0" + text, "not-json")
    yield _vector("plain words", sender, "hello", "not-json")
    yield _vector("an escape instead of a quote", sender, text.replace('"', '\\"'), "not-json")
    nested = f"{'[' * TOO_DEEP}{']' * TOO_DEEP}"
    yield _vector(f"arrays nested {TOO_DEEP} deep", sender, _text(frame, f'"x_note": {nested}'), "too-deep")
    nested = '{"x":' * TOO_DEEP + "1" + "}" * TOO_DEEP
    yield _vector(f"objects nested {TOO_DEEP} deep", sender, _text(frame, f'"x_note": {nested}'), "too-deep")


def _bad_object(sender: Sender, frame: dict[str, Any], dialect: Dialect) -> Iterator[dict[str, Any]]:
    for description, text in NO_OBJECTS:
        yield _vector(f"the message is {description}", sender, text, "not-object")
    yield _vector("a good frame inside an array", sender, json.dumps([frame]), "not-object")
    yield _vector("a good frame inside a string", sender, json.dumps(json.dumps(frame)), "not-object")
    name, value = next(iter(frame.items()))
    again = json.dumps({name: value})[1:-1]
    what = "the tag" if name == dialect.envelope.tag else "a documented member"
    repeated = "duplicate-key"
    yield _vector(f"{what} twice, with the same value", sender, _text(frame, again), repeated, "should")
    yield _vector(f"{what} twice, once with an escape", sender, _text(frame, _escaped(again)), repeated, "should")
    yield _vector("an undocumented member twice", sender, _text(frame, '"x_a": 1, "x_a": 2'), repeated, "should")
    yield _vector(
        "a member twice in an inner object", sender, _text(frame, '"x_a": {"b": 1, "b": 1}'), repeated, "should"
    )
    inside = '"x_a": [{"b": {}}, {"b": [], "c": 0, "b": []}]'
    yield _vector("a member twice in an object of an array", sender, _text(frame, inside), repeated, "should")
    lone = "lone-surrogate"
    yield _vector("half a surrogate pair, the high one", sender, _text(frame, '"x_a": "\\ud83d"'), lone, "should")
    yield _vector("half a surrogate pair, the low one", sender, _text(frame, '"x_a": "a\\ude42b"'), lone, "should")
    yield _vector(
        "a surrogate pair in the wrong order", sender, _text(frame, '"x_a": ["\\ude42\\ud83d"]'), lone, "should"
    )
    yield _vector("half a surrogate pair in a member's name", sender, _text(frame, '"x_\\ud83d": 1'), lone, "should")
    yield _vector("a good frame as a binary message", sender, _text(frame), "binary", "should", binary=True)


def _bad_tag(sender: Sender, frame: dict[str, Any], dialect: Dialect) -> Iterator[dict[str, Any]]:
    tag = dialect.envelope.tag
    rest = {name: value for name, value in frame.items() if name != tag}
    yield _vector("an empty object", sender, "{}", "no-tag")
    yield _vector("the tag is missing", sender, json.dumps(rest), "no-tag")
    yield _vector("the tag is null", sender, json.dumps({tag: None} | rest), "no-tag")
    yield _vector("the tag is a number", sender, json.dumps({tag: 7} | rest), "no-tag")
    yield _vector("the tag is in an array", sender, json.dumps({tag: [frame[tag]]} | rest), "no-tag")
    yield _vector("the tag stands in an inner object", sender, json.dumps({"x_frame": frame}), "no-tag")
    yield _vector("the tag's name is in capitals", sender, json.dumps({tag.upper(): frame[tag]} | rest), "no-tag")
    levels: dict[str, Level] = {"report": "may", "reject": "must"}
    code = "unknown-tag" if dialect.unknown in levels else None
    level = levels.get(dialect.unknown, "must")
    for description, other in (
        ("a tag that the document does not have", "x_novelty"),
        ("a documented tag in capitals", frame[tag].upper()),
        ("a documented tag with a space behind it", frame[tag] + " "),
        ("an empty tag", ""),
    ):
        yield _vector(description, sender, json.dumps({tag: other} | rest), code, level)


def _escaped(text: str) -> str:
    """The first letter of the first name in `text`, written as an escape: the same name in other bytes."""
    at = text.index('"') + 1
    return f"{text[:at]}\\u{ord(text[at]):04x}{text[at + 1 :]}"
