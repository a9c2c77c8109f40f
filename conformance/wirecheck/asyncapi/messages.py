"""The frames as messages: payload, examples, what ties them to others, and the header fields that they share.

Law: a payload's schema is the frame's own in its wire style, in JSON Schema draft 07. That is the draft on which
AsyncAPI 3 builds and which its tools read; a schema that is marked as of 2020-12 their parser passes over unread, with
a warning. Nothing is lost: what a catalog can say means the same in both drafts.
"""

from __future__ import annotations

import re
from typing import Any

from wirecheck.asyncapi.pairs import ties
from wirecheck.asyncapi.places import message_name, to_component
from wirecheck.asyncapi.schemas import misread, sayable
from wirecheck.catalog.model import SENDERS, Dialect, FrameForm, Sender
from wirecheck.schema import Draft, frame_schema, in_draft, wire_style, wrap
from wirecheck.schema.message import header_of, plain
from wirecheck.strict import pointer_to

DRAFT: Draft = "07"
SCHEMA_FORMAT = f"application/schema+json;version=draft-{DRAFT}"

_SAID_BY_THE_MESSAGE = ("description", "examples", "$comment")


def messages(dialect: Dialect) -> dict[str, Any]:
    """A message a frame, by name, in the order of the catalog."""
    tied = _tied(dialect)
    return {message_name(frame): _message(dialect, frame, tied) for frame in dialect.frames.values()}


def traits(dialect: Dialect) -> dict[str, Any]:
    """The header fields of the envelope, by who sends them."""
    return {
        _trait(sender): {"headers": _formatted(_header_schema(dialect, sender))}
        for sender in SENDERS
        if any(_has_header(dialect, frame) for frame in dialect.frames.values() if frame.sender == sender)
    }


def correlation_ids(dialect: Dialect) -> dict[str, Any]:
    """What ties messages together, by name; a name that lies in several places has several."""
    found: dict[str, Any] = {}
    for name, (said, place) in _named_ties(dialect).items():
        found[name] = {
            "description": f"Messages with the same `{said}` belong together.",
            "location": f"$message.payload#{place}",
        }
    return found


def _message(dialect: Dialect, frame: FrameForm, tied: dict[str, str]) -> dict[str, Any]:
    style = wire_style(dialect, frame)
    schema = frame_schema(dialect, frame, style, embed=True, draft=DRAFT)
    schema = {word: held for word, held in schema.items() if word not in _SAID_BY_THE_MESSAGE}
    examples = [wrap(dialect, frame, example, style) for example in frame.examples]
    found: dict[str, Any] = {
        "name": frame.tag or frame.key,
        "title": " ".join(re.findall(r"[^\W_]+", frame.key)).capitalize() or frame.key,
        "summary": frame.summary,
        "description": _about(frame),
        "contentType": "application/json",
        "traits": [to_component("messageTraits", _trait(frame.sender))] if _has_header(dialect, frame) else [],
        "correlationId": to_component("correlationIds", tied[frame.key]) if frame.key in tied else None,
        "payload": _formatted(schema),
        "examples": [
            {"name": f"{message_name(frame)}-{number}", "payload": example}
            for number, example in enumerate(examples, 1)
            if not misread(example)
        ],
        "x-wirecheck-frame": _facts(frame),
    }
    return {member: held for member, held in found.items() if held}


def _about(frame: FrameForm) -> str:
    """What a reader should know beside the summary."""
    told = [frame.note] if frame.note else []
    if frame.tag is None:
        told.append("It carries no tag.")
    if frame.contains:
        told.append(f"The items at `{pointer_to(frame.contains)}` of its payload are messages of the same side.")
    for name, value in frame.needs.items():
        worth = str(value).lower() if isinstance(value, bool) else str(value)
        told.append(f"It comes only on connections with `{name}={worth}`.")
    if frame.payload is None:
        told.append("Its payload is not documented.")
    return " ".join(told)


def _facts(frame: FrameForm) -> dict[str, Any]:
    """What the catalog knows of the frame, in its own words."""
    found = {
        "key": frame.key,
        "from": frame.sender,
        "basis": frame.basis,
        "source": frame.source,
        "is": list(frame.roles),
        "may": list(frame.may),
        "cases": [
            {"name": case.name} | {word: list(held) for word, held in (("is", case.roles), ("may", case.may)) if held}
            for case in frame.cases
        ],
    }
    return {word: held for word, held in found.items() if held}


def _formatted(schema: dict[str, Any]) -> dict[str, Any]:
    return {"schemaFormat": SCHEMA_FORMAT, "schema": sayable(schema)}


def _has_header(dialect: Dialect, frame: FrameForm) -> bool:
    """Of a frame whose payload is not documented, nothing but its tag is known."""
    return frame.payload is not None and bool(header_of(dialect, frame))


def _trait(sender: Sender) -> str:
    return f"{sender}Header"


def _header_schema(dialect: Dialect, sender: Sender) -> dict[str, Any]:
    fields = dialect.envelope.header[sender]
    required = [field.name for field in fields if field.required]
    have = "have" if len(required) == len(fields) else "may have"
    about = (
        f"Members that messages of the {sender} {have} beside their payload. A WebSocket message has no headers: they "
        "lie in the JSON text itself, and the payload's schema names them too."
    )
    schema = {"type": "object", "properties": {field.name: in_draft(plain(field.schema), DRAFT) for field in fields}}
    return {"description": about} | schema | ({"required": required} if required else {})


def _tied(dialect: Dialect) -> dict[str, str]:
    """The frames that a name ties to others: key to the name of the correlation id."""
    named = {tie: name for name, tie in _named_ties(dialect).items()}
    return {key: named[tie] for key, tie in ties(dialect).items()}


def _named_ties(dialect: Dialect) -> dict[str, tuple[str, str]]:
    found = ties(dialect)
    ordered = dict.fromkeys(found[key] for key in dialect.frames if key in found)
    numbers: dict[str, int] = {}
    names: dict[str, tuple[str, str]] = {}
    for name, place in ordered:
        numbers[name] = numbers.get(name, 0) + 1
        names[name if numbers[name] == 1 else f"{name}.{numbers[name]}"] = (name, place)
    return names
