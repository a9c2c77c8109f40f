"""What `wirecheck explain` says of the words that no catalog defines: shapes, and the codes of findings.

Law: text alone. A test holds that every shape of the rules and every code of the closed lists (of the checker, and of
live fuzzing) has its entry, and no other has one.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """What a code means, at which level it is reported, and a message that is fine and one that is not."""

    says: str
    level: str
    holds: str
    breaks: str


SHAPES: Final[Mapping[str, str]] = {
    "pair": "Each opening gets exactly one close that agrees on the names. A close without an opening is an orphan; an "
    "opening that is still open when its deadline comes was never answered. Brackets, and requests with their "
    "answers, are both pairs; with `order: either` the two sides may come in either order.",
    "place": "A frame lies inside a span, outside of it, or at its edge (first or last of what its sender sends). "
    "Judged before the frame's own openings and closes apply.",
    "times": "A frame comes so many times in a span: too many is seen at once, too few when the span closes.",
    "opted": "Something earlier allows the frame: a parameter of the connection's URL, or a subscription.",
    "joins": "The pieces since the last reset, joined, equal the final text.",
    "steps": "Each number is the previous plus one, and never above its bound.",
    "agrees": "A field repeats what its partner said, or what the connection's URL said.",
    "ends": "The connection closes with the promised code after what triggers it.",
    "history": "What was seen of a session before comes back in its replay, in the same order, pieces of text joined.",
    "scenario": "Traffic alone cannot decide it; it takes a conversation that provokes it.",
}

CODES: Final[Mapping[str, Entry]] = {
    "not-utf8": Entry(
        says="The message is not UTF-8, as the text of a WebSocket message must be.",
        level="must",
        holds='{"text": "café"} encoded as UTF-8',
        breaks="the same encoded as Latin-1: the byte E9 begins no character",
    ),
    "not-json": Entry(
        says="The message is not JSON (RFC 8259); NaN, Infinity and trailing commas are not JSON.",
        level="must",
        holds='{"cost": 0.5}',
        breaks='{"cost": NaN,}',
    ),
    "not-object": Entry(
        says="The message is JSON, and not an object; every frame is one.",
        level="must",
        holds='{"text": "hi"}',
        breaks='["hi"]',
    ),
    "duplicate-key": Entry(
        says="An object has a member twice. RFC 7493 forbids it; readers differ in which of them they take.",
        level="should",
        holds='{"text": "a"}',
        breaks='{"text": "a", "text": "b"}',
    ),
    "lone-surrogate": Entry(
        says="A string escapes half of a surrogate pair, which is no character (RFC 7493).",
        level="should",
        holds=r'{"text": "\ud83d\ude00"}',
        breaks=r'{"text": "\ud83d"}',
    ),
    "too-large": Entry(
        says="The message is larger than the bound up to which messages are looked at.",
        level="must",
        holds="a message of some kilobytes",
        breaks="a message of a hundred megabytes",
    ),
    "too-deep": Entry(
        says="The message is nested deeper than the bound up to which messages are looked at.",
        level="must",
        holds='{"a": {"b": {}}}',
        breaks="[[[[…]]]], a thousand deep",
    ),
    "binary": Entry(
        says="The message came as a binary WebSocket message; frames are text.",
        level="should",
        holds="a text message",
        breaks="the same JSON in a binary message",
    ),
    "no-tag": Entry(
        says="The message does not say which frame it is: the tag is missing, or is no string.",
        level="must",
        holds='{"type": "ping"}',
        breaks='{"type": 7}',
    ),
    "unknown-tag": Entry(
        says="The document names no such frame for this sender.",
        level="may where the catalog says `unknown: report`, must for `reject`; `ignore` reports nothing",
        holds="a documented frame",
        breaks='{"type": "brand_new"}',
    ),
    "wrong-envelope": Entry(
        says="The payload lies under `data` where the document has it beside the tag, or the other way round.",
        level="must",
        holds='flat: {"type": "message", "text": "hi"}',
        breaks='flat expected: {"type": "message", "data": {"text": "hi"}}',
    ),
    "schema": Entry(
        says="A field is missing, or its value is not what the document shows.",
        level="must where words or a table state it, should where an example shows it, may where it is only named",
        holds='{"type": "message", "text": "hi"}',
        breaks='{"type": "message", "text": 7}',
    ),
    "extra-field": Entry(
        says="The frame has a field that the document does not name. Reported with --closed alone: vendors add fields.",
        level="that of the frame's schema findings",
        holds='{"type": "ping"}',
        breaks='{"type": "ping", "new": true}',
    ),
    "closed-code": Entry(
        says="The connection closed with a code that must not be sent (RFC 6455, 7.4), or, where a document lists its "
        "codes, with one from 4000 that it does not list.",
        level="must where it must not be sent, may where it is not listed",
        holds="closed by the server with code 1000",
        breaks="closed by the server with code 999",
    ),
    "bad-line": Entry(
        says="A line of the capture is no record. It is skipped, and the check goes on with the next.",
        level="must",
        holds='{"conn": "1", "from": "server", "text": "{}"}',
        breaks='{"conn": "1", "from": "ser',
    ),
    "unreadable": Entry(
        says="The capture cannot be read from here on; everything before is checked.",
        level="must",
        holds="a whole gzip file",
        breaks="a gzip file that ends in the middle",
    ),
}

FUZZED: Final[Mapping[str, Entry]] = {
    "abnormal-close": Entry(
        says="Live fuzzing: the server's end of a connection was no close of its own will. It was cut off, said 1011, "
        "or what came was not WebSocket. A code that the document lists never counts.",
        level="must",
        holds="an invalid frame is answered by an error, by nothing, or by a documented close",
        breaks="after an invalid frame the connection breaks without a close frame",
    ),
    "undocumented-close": Entry(
        says="Live fuzzing: the server closed upon an invalid frame with a code that neither the document gives nor "
        "RFC 6455 has for a message that cannot be taken (1002, 1003, 1007, 1008; 1009 if it was large).",
        level="must",
        holds="after a message that is no UTF-8 the server closes with code 1007",
        breaks="after a message that is no UTF-8 the server closes with code 4999, which no document lists",
    ),
    "canary-failed": Entry(
        says="Live fuzzing: the canary, an ordinary conversation beside the fuzzer's, had passed on the untouched "
        "server and does not pass any more.",
        level="must",
        holds="the canary passes after each of the fuzzer's conversations",
        breaks="after an invalid frame on another connection the canary waits for an answer in vain",
    ),
    "not-back": Entry(
        says="Live fuzzing: the server takes no new connection any more. A refusal that says that we are not welcome "
        "(401, 403, 429, 503 and the like) is none of these.",
        level="must",
        holds="after a connection has ended, the next one opens",
        breaks="after an invalid frame every connection is refused for as long as --timeout",
    ),
    "unresponsive": Entry(
        says="Live fuzzing: the server answers no ping any more, or takes nothing in.",
        level="must",
        holds="a ping after an invalid frame is answered by its pong",
        breaks="after an invalid frame no pong comes, on a new connection either",
    ),
    "error-leaks-internals": Entry(
        says="Live fuzzing: an error shows a stack trace, a query or a driver's error, or a path of the server's file "
        "system. What an error repeats of what was sent is none.",
        level="should",
        holds='{"type": "error", "message": "profile_id is missing"}',
        breaks=r'{"type": "error", "message": "Traceback (most recent call last):\n  File \"/srv/app.py\", line 3"}',
    ),
}
