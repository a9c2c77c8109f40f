"""A dialect's frames as the components of an OpenAPI 3.1 document.

Law: pure, and the same catalog gives the same text to the byte. WebSocket messages are no HTTP operations: the document
has no paths, only schemas that other documents, and generators of types, refer to.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from wirecheck.catalog.model import SENDERS, Dialect, Sender
from wirecheck.schema.files import text_of
from wirecheck.schema.frame import Schema, camel, frame_schema, titles, unlike
from wirecheck.schema.message import wire_style

NAME = "openapi.json"
DIALECT = "https://spec.openapis.org/oas/3.1/dialect/base"
"""JSON Schema 2020-12 with `discriminator`."""
UNVERSIONED = "1.0.0"
"""OpenAPI demands a version, and no catalog knows one."""
_AT = "#/components/schemas/"


def generate(dialect: Dialect) -> dict[str, str]:
    """The document, by its path below `schemas/`."""
    return {f"{dialect.name}/{NAME}": text_of(document(dialect))}


def document(dialect: Dialect) -> dict[str, Any]:
    """Each frame as the vendor sends it, and for each sender one schema of all its frames.

    Components are called by the titles of their schemas.
    """
    names = titles(dialect)
    schemas = {
        names[frame.key]: frame_schema(dialect, frame, wire_style(dialect, frame), embed=True)
        for frame in dialect.frames.values()
    }
    for sender in SENDERS:
        union = _union(dialect, sender, names)
        if union is not None:
            title = unlike(union["title"], set(schemas))
            schemas[title] = union | {"title": title}
    return {
        "openapi": "3.1.0",
        "info": {
            "title": dialect.title,
            "version": UNVERSIONED,
            "description": f"The messages of {dialect.title} over a WebSocket, as the vendor sends them."
            + (f" Source: {dialect.source}" if dialect.source else ""),
        },
        "jsonSchemaDialect": DIALECT,
        "paths": {},
        "components": {"schemas": schemas},
    }


def _union(dialect: Dialect, sender: Sender, names: Mapping[str, str]) -> Schema | None:
    """Exactly one frame fits a message of one sender: tags are distinct, and what has none forbids it.

    A discriminator needs a tag in each.
    """
    frames = [frame for frame in dialect.frames.values() if frame.sender == sender]
    if not frames:
        return None
    union: Schema = {
        "title": f"{camel(dialect.name)}{sender.capitalize()}Message",
        "description": f"{dialect.title}: any one frame of the {sender}.",
        "oneOf": [{"$ref": _AT + names[frame.key]} for frame in frames],
    }
    mapping = {frame.tag: _AT + names[frame.key] for frame in frames if frame.tag is not None}
    if len(mapping) == len(frames):
        union["discriminator"] = {"propertyName": dialect.envelope.tag, "mapping": mapping}
    return union
