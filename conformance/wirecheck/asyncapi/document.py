"""The AsyncAPI document of a dialect, as values and as the text of its file.

Law: `generate` is pure, and the same catalog gives the same text to the byte. The document is written from the view of
the server: it receives what clients send. Every frame is one message and one operation.
"""

from __future__ import annotations

from textwrap import fill
from typing import Any

from wirecheck.asyncapi.connection import channel, schemes, servers
from wirecheck.asyncapi.messages import correlation_ids, messages, traits
from wirecheck.asyncapi.operations import operations
from wirecheck.asyncapi.places import CHANNEL
from wirecheck.asyncapi.text import text_of
from wirecheck.catalog.model import Dialect
from wirecheck.schema.message import plain

VERSION = "3.0.0"
"""Of AsyncAPI. Tools that know 3.1 read 3.0 too, and many know no other."""

UNVERSIONED = "1.0.0"
"""The version of a protocol whose document has none; AsyncAPI demands one, and no catalog knows any."""

_VIEW = (
    "The application described here is the server: it receives what clients send, and sends what they get. Whoever "
    "writes a client reads `receive` as what to send, and `send` as what will come.",
    "Each message is one JSON text in one WebSocket message, and its schema is that of the whole text. {envelope} "
    "Members that a schema does not name may come as well.",
    "AsyncAPI has no words for the order of messages. What the document promises about it is listed under "
    "`x-wirecheck-guarantees`, and what the document leaves open under `x-wirecheck-open`.",
)


def file_of(dialect: Dialect) -> str:
    """The path of the document below `schemas/`."""
    return f"{dialect.name}/asyncapi.yaml"


def generate(dialect: Dialect) -> dict[str, str]:
    """The one file of a dialect: its path below `schemas/` to its text, in YAML."""
    return {file_of(dialect): text_of(document(dialect))}


def document(dialect: Dialect) -> dict[str, Any]:
    """The document as plain values, in the order in which it is read."""
    components = {
        "messages": messages(dialect),
        "messageTraits": traits(dialect),
        "correlationIds": correlation_ids(dialect),
        "securitySchemes": schemes(dialect),
    }
    found: dict[str, Any] = {
        "asyncapi": VERSION,
        "id": f"urn:wirecheck:{dialect.name}",
        "info": {"title": dialect.title or dialect.name, "version": UNVERSIONED, "description": _about(dialect)},
        "defaultContentType": "application/json",
        "servers": servers(dialect),
        "channels": {CHANNEL: channel(dialect)},
        "operations": operations(dialect),
        "components": {name: held for name, held in components.items() if held},
        "x-wirecheck-guarantees": _guarantees(dialect),
        "x-wirecheck-open": list(dialect.open_points),
    }
    whole: dict[str, Any] = plain(found)
    return whole


def _about(dialect: Dialect) -> str:
    envelope = dialect.envelope
    where = "beside it" if envelope.style == "flat" else f"under `{envelope.data}`"
    told = f"The member `{envelope.tag}` tells messages apart; the payload lies {where}."
    source = [f"Source: {dialect.source}"] if dialect.source else []
    paragraphs = [*source, *(paragraph.replace("{envelope}", told) for paragraph in _VIEW)]
    return "\n\n".join(fill(paragraph, 100, break_long_words=False, break_on_hyphens=False) for paragraph in paragraphs)


def _guarantees(dialect: Dialect) -> list[dict[str, str]]:
    """The claims in the order of the catalog. `side` is who must keep one, `rule` what is asked of all dialects."""
    return [
        {
            "id": claim.id,
            "level": claim.level,
            "side": claim.rule.side,
            "says": claim.says,
            "rule": claim.rule.says,
        }
        | ({"source": claim.source} if claim.source else {})
        for claim in dialect.guarantees.values()
    ]
